"""A connection to PostgreSQL that leaves the machine is encrypted, and the server is known."""

import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from hubbub.destinations.warehouses.postgres import open_warehouse
from hubbub.errors import HubbubError
from tests.parts import missing
from tests.publishing.conftest import PASSWORD, Place
from tests.publishing.postgres_server import NoServer, PostgresServer


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, Path]]:
    """A server that speaks TLS alone, with a certificate of its own for `localhost`."""
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "server.crt", folder / "server.key"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
               "-nodes", "-days", "2", "-keyout", str(key), "-out", str(certificate),
               "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]  # fmt: skip
    try:
        subprocess.run(command, check=True, capture_output=True)
        server = PostgresServer()
    except (OSError, NoServer) as error:
        missing(f"openssl and Debian's postgresql: {error}")
    try:
        for path in (certificate, key):
            (server.folder / path.name).write_bytes(path.read_bytes())
            server.own(server.folder / path.name)
        hba = server.folder / "data/pg_hba.conf"
        hba.write_text(hba.read_text().replace("host all", "hostssl all"))
        files = {"ssl_cert_file": certificate.name, "ssl_key_file": key.name}
        server.start(ssl="on", **{name: f"{server.folder}/{file}" for name, file in files.items()})
        server.run(f"CREATE ROLE olive LOGIN PASSWORD '{PASSWORD}'")
        server.run("CREATE DATABASE analytics OWNER olive")
        yield Place(server, "analytics", "olive"), certificate
    finally:
        server.remove()


def mark_at(url: str, scratch: Path) -> str | None:
    with closing(open_warehouse(url, "grove", scratch)) as warehouse:
        return warehouse.mark()


def test_the_server_has_to_be_the_one_that_its_certificate_names(
    place: tuple[Place, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    there, certificate = place
    by_name = there.url.replace("127.0.0.1", "localhost")
    known = f"sslmode=verify-full&sslrootcert={certificate}"
    assert mark_at(f"{by_name}?{known}", tmp_path) is None
    for url in (f"{there.url}?{known}", f"{by_name}?sslmode=verify-full"):  # another name; unknown
        with pytest.raises(HubbubError, match="No encrypted connection") as caught:
            mark_at(url, tmp_path)
        assert "sslrootcert" in caught.value.fix
    assert mark_at(f"{there.url}?sslmode=require", tmp_path) is None


def test_a_server_that_speaks_in_the_clear_alone_is_refused_where_tls_is_asked_for(
    server: PostgresServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    there = replace(Place(server, "postgres", "olive"))
    with pytest.raises(HubbubError, match="No encrypted connection"):
        mark_at(f"{there.url}?sslmode=require", tmp_path)
