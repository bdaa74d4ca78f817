"""A stand-in for Google: BigQuery's REST API by real HTTP on loopback, and the desk that hands out
tokens. It does what Google's documentation says, as far as Hubbub asks for it."""

import json
import re
import threading
import uuid
from dataclasses import dataclass
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

import google.auth.jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth.exceptions import GoogleAuthError

from tests.bigquery.google_tables import Holdings, Refused, Resource

_API = r"/bigquery/v2/projects/(?P<project>[^/]+)"
_DATASET = rf"{_API}/datasets/(?P<dataset>[^/]+)"
_TABLE = rf"{_DATASET}/tables/(?P<table>[^/]+)"
_jwt: Any = google.auth.jwt


@dataclass
class Job:
    """A job, and what it is to do."""

    resource: Resource
    content: bytes | None
    is_done: bool = False


class Google:
    """The server; its rows can be looked at, and it can be told to fail."""

    def __init__(self) -> None:
        self.holdings = Holdings()
        self.jobs: dict[str, Job] = {}
        self.requests: list[tuple[str, str]] = []
        """Method and path of all that was asked."""
        self.denied: list[str] = []
        """Patterns of `METHOD path` for which the account lacks rights."""
        self.failing: list[tuple[str, int, str]] = []
        """Pattern, status and reason of the next answers, each for one request."""
        self.lost: list[str] = []
        """Patterns of what is done though its answer is not the right one, each for one request."""
        self.is_holding = False
        """Whether jobs wait until `release`."""
        self.lock = threading.RLock()
        self.uploads: dict[str, tuple[Resource, bytearray]] = {}
        self._key = _key("real")
        self._tokens: set[str] = set()
        outer = self

        class Handler(_Handler):
            google = outer

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self.holdings.close()

    def key_file(self, path: Path, *, is_forged: bool = False) -> Path:
        """The key of a service account, as Google's console gives it."""
        key = _key("forged") if is_forged else self._key
        pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        account = {
            "type": "service_account",
            "project_id": "acme",
            "private_key_id": "1",
            "private_key": pem.decode(),
            "client_email": "hubbub@acme.iam.gserviceaccount.com",
            "token_uri": f"{self.url}/token",
        }
        path.write_text(json.dumps(account))
        return path

    def token(self, body: bytes) -> Resource:
        """A token for a signed request. Raises `Refused`."""
        asked = dict(parse_qsl(body.decode()))
        public = self._key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        try:
            _jwt.decode(asked["assertion"], certs=public)
        except (ValueError, GoogleAuthError) as error:
            raise Refused(400, "invalid_grant", "Invalid JWT Signature.") from error
        token = uuid.uuid4().hex
        self._tokens.add(token)
        return {"access_token": token, "expires_in": 3600, "token_type": "Bearer"}

    def knows(self, header: str) -> bool:
        """Whether a request comes with a token that was handed out."""
        return header.removeprefix("Bearer ") in self._tokens

    def withdraw(self) -> None:
        """Make all tokens void."""
        self._tokens.clear()

    def check(self, asked: str) -> None:
        """Raise `Refused` for what is denied or is to fail."""
        if any(re.search(pattern, asked) for pattern in self.denied):
            raise Refused(403, "accessDenied", f"Access Denied: secret in {asked}")
        for place, (pattern, status, reason) in enumerate(self.failing):
            if re.search(pattern, asked):
                del self.failing[place]
                raise Refused(status, reason, f"secret in {asked}")

    def lose(self, asked: str) -> None:
        """Raise `Refused` for what was done, and whose answer is to be lost."""
        for place, pattern in enumerate(self.lost):
            if re.search(pattern, asked):
                del self.lost[place]
                raise Refused(503, "backendError", "lost")

    def begin(self, project: str, resource: Resource, content: bytes | None) -> Resource:
        """A new job, which is carried out at once unless jobs are held."""
        reference = {"jobId": uuid.uuid4().hex, **resource.get("jobReference", {})}
        name = reference["jobId"]
        if name in self.jobs:
            raise Refused(409, "duplicate", f"Already Exists: Job {name}")
        made = resource | {
            "id": f"{project}:{name}",
            "jobReference": {"projectId": project, "location": "US", **reference},
            "status": {"state": "RUNNING"},
            "statistics": {"creationTime": "1"},
        }
        self.jobs[name] = Job(made, content)
        if not self.is_holding:
            self._carry_out(self.jobs[name])
        return made

    def release(self) -> None:
        """Carry out the jobs that wait, and all to come."""
        with self.lock:
            self.is_holding = False
            for job in self.jobs.values():
                self._carry_out(job)

    def _carry_out(self, job: Job) -> None:
        if job.is_done:
            return
        job.is_done = True
        config, statistics = job.resource["configuration"], job.resource["statistics"]
        try:
            if job.content is not None:
                rows = self.holdings.load(config["load"], job.content)
                statistics["load"] = {"outputRows": str(rows)}
            else:
                assert config["query"]["useLegacySql"] is False
                self.holdings.query(config["query"]["query"])
                statistics["query"] = {"statementType": "MERGE"}
        except Refused as error:
            told = {"reason": error.reason, "message": str(error)}
            job.resource["status"] = {"state": "DONE", "errorResult": told, "errors": [told]}
        else:
            job.resource["status"] = {"state": "DONE"}

    def job(self, name: str) -> Job:
        """A job. Raises `Refused`."""
        if name not in self.jobs:
            raise Refused(404, "notFound", f"Not found: Job {name}")
        return self.jobs[name]


@cache
def _key(_name: str) -> rsa.RSAPrivateKey:
    """A key for all tests: to make one takes a while."""
    return rsa.generate_private_key(65537, 2048)


class _Handler(BaseHTTPRequestHandler):
    google: Google
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    """An answer goes as a whole: else its second part waits until the first is acknowledged."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the base's name
        """Nothing is written to the terminal."""

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_PATCH(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def _answer(self) -> None:
        body = self._body()
        path = unquote(urlsplit(self.path).path)
        with self.google.lock:
            self.google.requests.append((self.command, path))
            try:
                status, told = self._served(path, body)
            except Refused as error:
                status, told = error.status, _refusal(error, path)
        content = b"" if told is None else json.dumps(told).encode()
        self.send_response(status)
        for name, value in self._more.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _body(self) -> bytes:
        self._more: dict[str, str] = {}
        if self.headers.get("Transfer-Encoding") == "chunked":
            parts: list[bytes] = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _served(self, path: str, body: bytes) -> tuple[int, Resource | None]:
        if path == "/token":
            return 200, self.google.token(body)
        if not self.google.knows(self.headers.get("Authorization", "")):
            raise Refused(401, "authError", "Invalid Credentials")
        self.google.check(f"{self.command} {path}")
        for method, pattern, serve in _ROUTES:
            found = re.fullmatch(pattern, path)
            if found and method == self.command:
                served = serve(self, body, **found.groupdict())
                self.google.lose(f"{self.command} {path}")
                return served
        raise Refused(404, "notFound", f"no such path: {self.command} {path}")

    def make_dataset(self, body: bytes, project: str) -> tuple[int, Resource]:
        return 200, self.google.holdings.make_dataset(project, json.loads(body))

    def show_dataset(self, body: bytes, project: str, dataset: str) -> tuple[int, Resource]:
        return 200, self.google.holdings.dataset(project, dataset).resource

    def list_tables(self, body: bytes, project: str, dataset: str) -> tuple[int, Resource]:
        tables = self.google.holdings.dataset(project, dataset).tables
        listed = [
            {key: each[key] for key in ("id", "tableReference", "type", "labels") if key in each}
            for each in tables.values()
        ]
        return 200, {"kind": "bigquery#tableList", "tables": listed, "totalItems": len(listed)}

    def make_table(self, body: bytes, project: str, dataset: str) -> tuple[int, Resource]:
        return 200, self.google.holdings.make_table(project, dataset, json.loads(body))

    def show_table(
        self, body: bytes, project: str, dataset: str, table: str
    ) -> tuple[int, Resource]:
        return 200, self.google.holdings.table(project, dataset, table)

    def change_table(
        self, body: bytes, project: str, dataset: str, table: str
    ) -> tuple[int, Resource]:
        changes = json.loads(body)
        etag = self.headers.get("If-Match")
        return 200, self.google.holdings.change_table(project, dataset, table, changes, etag)

    def remove_table(self, body: bytes, project: str, dataset: str, table: str) -> tuple[int, None]:
        self.google.holdings.remove_table(project, dataset, table)
        return 204, None

    def make_job(self, body: bytes, project: str) -> tuple[int, Resource]:
        return 200, self.google.begin(project, json.loads(body), None)

    def show_job(self, body: bytes, project: str, job: str) -> tuple[int, Resource]:
        return 200, self.google.job(job).resource

    def show_results(self, body: bytes, project: str, job: str) -> tuple[int, Resource]:
        found = self.google.job(job).resource
        if "errorResult" in found["status"]:
            told = found["status"]["errorResult"]
            raise Refused(400, told["reason"], told["message"])
        answer: Resource = {
            "jobReference": found["jobReference"],
            "schema": {"fields": []},
            "totalRows": "0",
            "jobComplete": found["status"]["state"] == "DONE",
        }
        return 200, answer

    def upload(self, body: bytes, project: str) -> tuple[int, Resource | None]:
        kind = parse_qs(urlsplit(self.path).query)["uploadType"][0]
        if kind == "multipart":
            resource, content = _parts(body, self.headers["Content-Type"])
            return 200, self.google.begin(project, resource, content)
        name = uuid.uuid4().hex
        self.google.uploads[name] = (json.loads(body), bytearray())
        self._more["Location"] = f"{self.google.url}/upload/{project}/{name}"
        return 200, None

    def go_on(self, body: bytes, project: str, upload: str) -> tuple[int, Resource | None]:
        resource, content = self.google.uploads[upload]
        begin, end, total = re.fullmatch(
            r"bytes (\d+)-(\d+)/(\d+|\*)", self.headers["Content-Range"]
        ).groups()  # pyright: ignore[reportOptionalMemberAccess]
        assert int(begin) == len(content)
        content += body
        assert len(content) == int(end) + 1
        if total == "*" or len(content) < int(total):
            self._more["Range"] = f"bytes=0-{len(content) - 1}"
            return 308, None
        return 200, self.google.begin(project, resource, bytes(content))


_ROUTES: tuple[tuple[str, str, Any], ...] = (
    ("POST", rf"{_API}/datasets", _Handler.make_dataset),
    ("GET", _DATASET, _Handler.show_dataset),
    ("GET", rf"{_DATASET}/tables", _Handler.list_tables),
    ("POST", rf"{_DATASET}/tables", _Handler.make_table),
    ("GET", _TABLE, _Handler.show_table),
    ("PATCH", _TABLE, _Handler.change_table),
    ("DELETE", _TABLE, _Handler.remove_table),
    ("POST", rf"{_API}/jobs", _Handler.make_job),
    ("GET", rf"{_API}/jobs/(?P<job>[^/]+)", _Handler.show_job),
    ("GET", rf"{_API}/queries/(?P<job>[^/]+)", _Handler.show_results),
    ("POST", rf"/upload{_API}/jobs", _Handler.upload),
    ("PUT", r"/upload/(?P<project>[^/]+)/(?P<upload>[^/]+)", _Handler.go_on),
)


def _refusal(error: Refused, path: str) -> Resource:
    if path == "/token":
        return {"error": error.reason, "error_description": str(error)}
    told = {"message": str(error), "domain": "global", "reason": error.reason}
    return {"error": {"code": error.status, "message": str(error), "errors": [told]}}


def _parts(body: bytes, content_type: str) -> tuple[Resource, bytes]:
    """The two parts of a multipart upload: metadata and content."""
    boundary = re.search(r'boundary="?([^";]+)', content_type)
    assert boundary is not None
    _, first, second, _ = body.split(b"--" + boundary[1].encode())
    told = first.split(b"\r\n\r\n", 1)[1].strip()
    content = second.split(b"\r\n\r\n", 1)[1].removesuffix(b"\r\n")
    return json.loads(told), content
