"""What goes to MySQL over a network is encrypted, to a server that is the one it says it is."""

import datetime
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from hubbub.destinations.warehouses.mysql import open_warehouse
from hubbub.errors import HubbubError
from tests.changes_by_hand import REACTIONS, whole
from tests.mysql.conftest import Place
from tests.mysql.mariadb_server import MariaDB

_HOST = "db.example.org"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the certificate of an authority, and one of the server by it."""
    folder = tmp_path_factory.mktemp("certificates")
    authority, server = (
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP256R1()),
    )
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority of a test")])
    _certify(folder / "ca.pem", issuer, authority, issuer, authority, x509.BasicConstraints(
        ca=True, path_length=None), True)  # fmt: skip
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _HOST)])
    _certify(folder / "server.pem", subject, server, issuer, authority,
             x509.SubjectAlternativeName([x509.DNSName(_HOST)]), False)  # fmt: skip
    (folder / "server.key").write_bytes(
        server.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    )
    return folder


def _certify(
    file: Path,
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    signer: ec.EllipticCurvePrivateKey,
    extension: x509.ExtensionType,
    critical: bool,
) -> None:
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(extension, critical=critical)
        .sign(signer, hashes.SHA256())
    )
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))


@pytest.fixture(scope="module")
def encrypting(certificates: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDB]:
    """A server that takes encrypted connections alone."""
    running = MariaDB(
        tmp_path_factory.mktemp("encrypting"),
        options=(
            f"--ssl-cert={certificates}/server.pem",
            f"--ssl-key={certificates}/server.key",
            "--require-secure-transport=ON",
        ),
    )
    try:
        running.start()
        running.person("far", "right", "ALL ON *.*")
        yield running
    finally:
        running.stop()


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Host names of the documentation's domains lead to this machine."""
    connect = socket.create_connection

    def here(address: tuple[str, int], *more: Any, **options: Any) -> socket.socket:
        host, port = address
        return connect(("127.0.0.1" if host.endswith(".org") else host, port), *more, **options)

    monkeypatch.setattr(socket, "create_connection", here)
    monkeypatch.setenv("MYSQL_PWD", "right")


@pytest.mark.usefixtures("named")
def test_it_is_encrypted_where_the_certificate_is_right(
    encrypting: MariaDB, certificates: Path, tmp_path: Path
) -> None:
    url = f"mysql://far@{_HOST}:{encrypting.port}/town?ssl_ca={certificates}/ca.pem"
    warehouse = open_warehouse(url, "town", tmp_path)
    warehouse.bring([whole(tmp_path, REACTIONS, [])], (), "first", lambda _n, _r: None)
    assert warehouse.mark() == "first"


@pytest.mark.usefixtures("named")
def test_an_unknown_authority_is_not_trusted(encrypting: MariaDB, tmp_path: Path) -> None:
    warehouse = open_warehouse(f"mysql://far@{_HOST}:{encrypting.port}/town", "town", tmp_path)
    with pytest.raises(HubbubError, match="cannot be trusted"):
        warehouse.mark()


@pytest.mark.usefixtures("named")
def test_a_certificate_of_another_host_is_not_trusted(
    encrypting: MariaDB, certificates: Path, tmp_path: Path
) -> None:
    url = f"mysql://far@other.example.org:{encrypting.port}/town?ssl_ca={certificates}/ca.pem"
    with pytest.raises(HubbubError, match="cannot be trusted"):
        open_warehouse(url, "town", tmp_path).mark()


@pytest.mark.usefixtures("named")
def test_a_server_that_does_not_encrypt_gets_nothing(place: Place, tmp_path: Path) -> None:
    url = f"mysql://{place.user}@{_HOST}:{place.server.port}/town"
    with pytest.raises(HubbubError, match="does not encrypt"):
        open_warehouse(url, "town", tmp_path).mark()
