"""A server that speaks as S3 does: moto's, in a process of its own, with logins and rights."""

import json
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.fs
from botocore import session

_fs: Any = pyarrow.fs
_session: Any = session

BUCKET = "lake"


@dataclass(frozen=True)
class BucketServer:
    """A running server with one bucket, and the login of its administrator."""

    url: str
    login: Mapping[str, str]
    ca: Path | None = None
    """The authority of its certificate, if it has one."""

    def environment(self, login: Mapping[str, str] | None = None) -> dict[str, str]:
        """What Hubbub is told of the server."""
        return {"AWS_ENDPOINT_URL": self.url, "AWS_REGION": "us-east-1", **(login or self.login)}

    def files(self) -> Any:
        """The administrator's view of all files."""
        return _fs.S3FileSystem(
            endpoint_override=self.url,
            region="us-east-1",
            access_key=self.login["AWS_ACCESS_KEY_ID"],
            secret_key=self.login["AWS_SECRET_ACCESS_KEY"],
        )

    def names(self, under: str) -> list[str]:
        """The paths of all files below a folder of the bucket."""
        chosen = _fs.FileSelector(f"{BUCKET}/{under}", recursive=True, allow_not_found=True)
        found = self.files().get_file_info(chosen)
        return sorted(each.path.removeprefix(f"{BUCKET}/") for each in found if each.is_file)

    def user(self, name: str, policy: Mapping[str, Any]) -> dict[str, str]:
        """The login of a new user who has these rights and no others."""
        iam = _client("iam", self.url, self.login, self.ca)
        iam.create_user(UserName=name)
        iam.put_user_policy(
            UserName=name, PolicyName="rights", PolicyDocument=json.dumps(dict(policy))
        )
        return _login(iam.create_access_key(UserName=name)["AccessKey"])


def _client(service: str, url: str, login: Mapping[str, str], ca: Path | None) -> Any:
    return _session.Session().create_client(
        service,
        endpoint_url=url,
        region_name="us-east-1",
        verify=str(ca) if ca else None,
        aws_access_key_id=login["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=login["AWS_SECRET_ACCESS_KEY"],
    )


def _login(key: Mapping[str, str]) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }


@dataclass(frozen=True)
class Certificates:
    """What a server shows, its key, and the authority that its visitors have to trust."""

    shown: Path
    key: Path
    authority: Path


def certificates(folder: Path) -> Certificates:
    """Make an authority, and a certificate of 127.0.0.1 by it. Raises `FileNotFoundError` where
    there is no openssl."""
    made = Certificates(folder / "shown.pem", folder / "key.pem", folder / "authority.pem")
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    signing = ["-keyout", str(folder / "signing.pem"), "-out", str(made.authority)]
    by = ["-CA", str(made.authority), "-CAkey", str(folder / "signing.pem")]
    of = ["-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=CA:FALSE"]
    showing = ["-keyout", str(made.key), "-out", str(made.shown)]
    for options in (
        ["-subj", "/CN=authority", *signing],
        ["-subj", "/CN=lake", *by, *of, *showing],
    ):
        subprocess.run(
            ["openssl", "req", "-x509", *curve, *options], check=True, capture_output=True
        )
    return made


@contextmanager
def running(tls: Certificates | None = None) -> Generator[BucketServer]:
    """Start a server on a free port of this machine; it ends with the block."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "moto.server",
        "-H",
        "127.0.0.1",
        "-p",
        str(port),
    ]
    if tls:
        command += ["-c", str(tls.shown), "-k", str(tls.key)]
    url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        ca = tls.authority if tls else None
        _wait(url, ca, process)
        anyone = {"AWS_ACCESS_KEY_ID": "anyone", "AWS_SECRET_ACCESS_KEY": "anything"}
        admin = BucketServer(url, anyone, ca).user("admin", rights("s3:*", "iam:*"))
        _client("s3", url, anyone, ca).create_bucket(Bucket=BUCKET)
        ask(url, "/moto-api/reset-auth", ca, b"0")  # from now on every request needs a login
        yield BucketServer(url, admin, ca)
    finally:
        process.terminate()
        process.wait(10)


def rights(*actions: str, resource: str = "*") -> dict[str, Any]:
    """A policy that permits some actions."""
    allowed = {"Effect": "Allow", "Action": [*actions], "Resource": resource}
    return {"Version": "2012-10-17", "Statement": [allowed]}


def ask(url: str, path: str, ca: Path | None, body: bytes | None = None) -> bytes:
    """An answer of the server itself, rather than of S3."""
    request = urllib.request.Request(url + path, body, {"Content-Type": "text/plain"})
    with urllib.request.urlopen(request, timeout=10, context=trusting(ca)) as answer:
        return answer.read()


def trusting(ca: Path | None) -> ssl.SSLContext:
    """A client that takes a server's own certificate."""
    return ssl.create_default_context(cafile=ca)


def _wait(url: str, ca: Path | None, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        assert process.poll() is None, "the server has ended"
        try:
            ask(url, "/moto-api/", ca)
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the server does not answer")
