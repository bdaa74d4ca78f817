"""A server that speaks as S3 does: moto's, in a process of its own, with logins and rights."""

import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
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
        iam = self._client("iam")
        iam.create_user(UserName=name)
        iam.put_user_policy(
            UserName=name, PolicyName="rights", PolicyDocument=json.dumps(dict(policy))
        )
        return _login(iam.create_access_key(UserName=name)["AccessKey"])

    def _client(self, service: str) -> Any:
        return _client(service, self.url, self.login)


def _client(service: str, url: str, login: Mapping[str, str]) -> Any:
    return _session.Session().create_client(
        service,
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=login["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=login["AWS_SECRET_ACCESS_KEY"],
    )


def _login(key: Mapping[str, str]) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }


@contextmanager
def running() -> Generator[BucketServer]:
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
    url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(url, process)
        anyone = {"AWS_ACCESS_KEY_ID": "anyone", "AWS_SECRET_ACCESS_KEY": "anything"}
        admin = BucketServer(url, anyone).user("admin", rights("s3:*", "iam:*"))
        _client("s3", url, anyone).create_bucket(Bucket=BUCKET)
        ask(url, "/moto-api/reset-auth", b"0")  # from now on every request needs a login
        yield BucketServer(url, admin)
    finally:
        process.terminate()
        process.wait(10)


def rights(*actions: str, resource: str = "*") -> dict[str, Any]:
    """A policy that permits some actions."""
    allowed = {"Effect": "Allow", "Action": [*actions], "Resource": resource}
    return {"Version": "2012-10-17", "Statement": [allowed]}


def ask(url: str, path: str, body: bytes | None = None) -> bytes:
    """An answer of the server itself, rather than of S3."""
    request = urllib.request.Request(url + path, body, {"Content-Type": "text/plain"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read()


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        assert process.poll() is None, "the server has ended"
        try:
            ask(url, "/moto-api/")
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the server does not answer")
