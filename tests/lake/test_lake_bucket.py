"""Lakes in a bucket, against a server of S3's kind: rights, logins, encryption, what goes wrong."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import deltalake
import pyarrow.parquet as pq
import pytest
from tests.lake.bucket_server import BUCKET, BucketServer, certificates, rights, running
from tests.lake.published import MESSAGES, USERS, Row, by_key, days, described, message, whole
from tests.lake.test_lake_folder import FORMS, JANUARY, bring, refusal
from tests.parts import missing

from hubbub.core.warehouse import DAY
from hubbub.destinations.lake.buckets import Bucket, access, explained
from hubbub.destinations.warehouses.lake import Lake, open_warehouse
from hubbub.errors import DiskFull, HubbubError, TryAgain, UsageError

_pq: Any = pq
_delta: Any = deltalake

POLICY = Path(__file__).parents[2] / "docs/lake.md"


@pytest.fixture
def prefix(tmp_path: Path) -> str:
    """A test's own part of the bucket."""
    return re.sub(r"\W", "-", tmp_path.name)


@pytest.fixture
def log_in(server: BucketServer, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets the environment by which Hubbub reaches the server, as its administrator or a user."""

    def become(login: Mapping[str, str] | None = None, **others: str) -> None:
        for name, value in {**server.environment(login), **others}.items():
            monkeypatch.setenv(name, value)

    return become


def opened(tmp_path: Path, prefix: str, form: str = "parquet", workspace: str = "acme") -> Lake:
    """The lake of a test."""
    return open_warehouse(f"s3://{BUCKET}/{prefix}?format={form}", workspace, tmp_path / "scratch")


def rows_of(server: BucketServer, prefix: str, form: str, workspace: str = "acme") -> list[Row]:
    """All messages, as another program reads them."""
    path = f"{prefix}/{workspace}/messages"
    if form == "delta":
        options = {**server.environment(), "AWS_ALLOW_HTTP": "true"}
        table = _delta.DeltaTable(f"s3://{BUCKET}/{path}", storage_options=options)
        files = [uri.removeprefix(f"s3://{BUCKET}/") for uri in table.file_uris()]
    else:
        files = [name for name in server.names(path) if name.endswith(".parquet")]
    found: list[Row] = []
    for name in files:
        part = re.search(rf"{DAY}=2026-01-(\d+)/", name)
        assert part is not None
        day = message(int(part[1]), 0)[DAY]
        found += [{**row, DAY: day} for row in held(server, name)]
    return found


def held(server: BucketServer, name: str) -> list[Row]:
    """The rows of one file."""
    with server.files().open_input_file(f"{BUCKET}/{name}") as file:
        return _pq.ParquetFile(file).read().to_pylist()


@pytest.mark.parametrize("form", FORMS)
def test_publications(
    server: BucketServer, tmp_path: Path, prefix: str, log_in: Any, form: str
) -> None:
    log_in()
    lake = opened(tmp_path, prefix, form)
    assert lake.mark() is None
    members = [{"user_id": "U1", "name": "sam"}]
    gone = message(5, 1, "zanzibar")
    bring(
        lake,
        "m1",
        whole(tmp_path, MESSAGES, [*JANUARY, gone]),
        whole(tmp_path, USERS, members),
    )
    assert lake.mark() == "m1"
    assert by_key(rows_of(server, prefix, form)) == by_key([*JANUARY, gone])
    second = [*JANUARY[:3], {**JANUARY[3], "text": "edited"}, message(9, 2)]
    bring(lake, "m2", days(tmp_path, MESSAGES, second, 3, 5, 9))
    assert opened(tmp_path, prefix, form).mark() == "m2"
    assert by_key(rows_of(server, prefix, form)) == by_key(second)
    files = [name for name in server.names(prefix) if name.endswith(".parquet")]
    assert "zanzibar" not in str([held(server, name) for name in files])
    assert len(files) == 4, "three days, and the members"
    with server.files().open_input_file(f"{BUCKET}/{prefix}/acme/_hubbub.json") as file:
        assert described(file.read())["mark"] == "m2"
    assert not [*(tmp_path / "scratch").iterdir()]


def test_layout(server: BucketServer, tmp_path: Path, prefix: str, log_in: Any) -> None:
    log_in()
    bring(opened(tmp_path, prefix), "m1", whole(tmp_path, MESSAGES, JANUARY))
    assert server.names(prefix) == [
        f"{prefix}/acme/_hubbub.json",
        f"{prefix}/acme/messages/posted_on=2026-01-01/part.parquet",
        f"{prefix}/acme/messages/posted_on=2026-01-03/part.parquet",
    ]


def test_file_of_several_parts(
    server: BucketServer, tmp_path: Path, prefix: str, log_in: Any
) -> None:
    log_in()
    large = tmp_path / "large"
    large.write_bytes(content := os.urandom(25_000_000))  # more than one request takes
    bucket = Bucket(BUCKET, prefix, "acme", access(os.environ), tmp_path)
    bucket.put(large, "users/all.parquet")
    assert bucket.read("users/all.parquet") == content
    assert not large.exists()


KILLED = """
import os, signal, sys
from pathlib import Path
from hubbub.destinations.lake.buckets import Bucket
from tests.lake.published import MESSAGES, whole
from tests.lake.test_lake_bucket import JANUARY, bring, opened
put = Bucket.put
def stop(self, file, name):
    put(self, file, name)
    if name.startswith("messages"):
        os.kill(os.getpid(), signal.SIGKILL)
Bucket.put = stop
folder, prefix, form = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
edited = [{**row, "text": "edited"} for row in JANUARY]
bring(opened(folder, prefix, form), "m2", whole(folder, MESSAGES, edited))
"""


@pytest.mark.parametrize("form", FORMS)
def test_killed_in_the_middle(
    server: BucketServer, tmp_path: Path, prefix: str, log_in: Any, form: str
) -> None:
    log_in()
    lake = opened(tmp_path, prefix, form)
    bring(lake, "m1", whole(tmp_path, MESSAGES, JANUARY))
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), prefix, form],
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert killed.returncode == -signal.SIGKILL
    assert lake.mark() == "m1"
    texts = {(row[DAY].day, row["ts"]): row["text"] for row in rows_of(server, prefix, form)}
    if form == "delta":
        assert "edited" not in texts.values()
    bring(lake, "m3", whole(tmp_path, MESSAGES, JANUARY[2:]))
    assert by_key(rows_of(server, prefix, form)) == by_key(JANUARY[2:])
    files = [name for name in server.names(prefix) if name.endswith(".parquet")]
    assert "edited" not in str([held(server, name) for name in files])


@pytest.mark.parametrize("form", FORMS)
def test_wrong_secret(
    server: BucketServer, tmp_path: Path, prefix: str, log_in: Any, form: str
) -> None:
    log_in({**server.login, "AWS_SECRET_ACCESS_KEY": "hunter2hunter2"})
    said = refusal(opened(tmp_path, prefix, form).mark)
    assert "does not let us in: the secret is not the access key's" in said
    assert "hunter2" not in said


def test_unknown_access_key(server: BucketServer, tmp_path: Path, prefix: str, log_in: Any) -> None:
    log_in({"AWS_ACCESS_KEY_ID": "AKIANOBODY", "AWS_SECRET_ACCESS_KEY": "hunter2"})
    said = refusal(opened(tmp_path, prefix).mark)
    assert "does not know the access key" in said
    assert "hunter2" not in said
    assert "AKIANOBODY" not in said


@pytest.mark.parametrize("form", FORMS)
def test_who_may_only_read(
    server: BucketServer, tmp_path: Path, prefix: str, log_in: Any, form: str
) -> None:
    log_in(server.user(f"reader-{form}", rights("s3:ListBucket", "s3:GetObject")))
    lake = opened(tmp_path, prefix, form)
    assert lake.mark() is None
    said = refusal(lambda: bring(lake, "m1", whole(tmp_path, MESSAGES, JANUARY)))
    assert f"does not permit PutObject in s3://{BUCKET}/{prefix}/acme" in said
    assert "docs/lake.md" in said
    assert server.names(prefix) == []


def test_who_may_not_look(server: BucketServer, tmp_path: Path, prefix: str, log_in: Any) -> None:
    log_in(server.user("blind", rights("s3:PutObject")))
    assert "does not permit ListObjectsV2" in refusal(opened(tmp_path, prefix).mark)


def test_rights_that_end_in_the_middle(
    server: BucketServer, tmp_path: Path, prefix: str, log_in: Any
) -> None:
    users = f"arn:aws:s3:::{BUCKET}/{prefix}/acme/users/*"
    policy = rights("s3:*")
    policy["Statement"].append({"Effect": "Deny", "Action": "s3:PutObject", "Resource": users})
    log_in(server.user("halfway", policy))
    changes = (
        whole(tmp_path, MESSAGES, JANUARY),
        whole(tmp_path, USERS, [{"user_id": "U1", "name": "sam"}]),
    )
    lake = opened(tmp_path, prefix)
    assert "does not permit PutObject" in refusal(lambda: bring(lake, "m1", *changes))
    assert lake.mark() == "m1-", "it did not end"
    log_in()
    assert bring(opened(tmp_path, prefix), "m2", *changes) == [("messages", 4), ("users", 1)]
    assert by_key(rows_of(server, prefix, "parquet")) == by_key(JANUARY)


def policy_of_the_docs(prefix: str, workspace: str) -> Mapping[str, Any]:
    """The policy that docs/lake.md gives for a workspace, with the names of a test."""
    found = re.search(r"```json policy\n(.*?)```", POLICY.read_text(), re.DOTALL)
    assert found is not None
    text = found[1].replace("BUCKET", BUCKET).replace("PREFIX", prefix)
    return json.loads(text.replace("WORKSPACE", workspace))


@pytest.mark.parametrize("form", FORMS)
def test_workspaces_share_a_bucket_without_seeing_each_other(
    server: BucketServer, tmp_path: Path, prefix: str, log_in: Any, form: str
) -> None:
    logins = {
        name: server.user(f"{name}-{form}", policy_of_the_docs(prefix, name))
        for name in ("acme", "globex")
    }
    for name, login in logins.items():
        log_in(login)
        lake = opened(tmp_path, prefix, form, name)
        rows = [message(1, 1, f"of {name}"), message(2, 2, f"of {name}")]
        bring(lake, "m1", whole(tmp_path, MESSAGES, rows))
        if form == "parquet":  # moto asks for the right to delete many files in vain
            bring(lake, "m2", days(tmp_path, MESSAGES, rows[:1], 2))
            assert rows_of(server, prefix, form, name) == rows[:1]
    other = opened(tmp_path, prefix, form, "acme")  # with the login of globex
    assert "does not permit" in refusal(other.mark)
    before = by_key(rows_of(server, prefix, form, "acme"))
    refusal(lambda: bring(other, "m3", whole(tmp_path, MESSAGES, [])))
    assert by_key(rows_of(server, prefix, form, "acme")) == before


def test_no_such_bucket(tmp_path: Path, log_in: Any) -> None:
    log_in()
    lake = open_warehouse("s3://nowhere/x", "acme", tmp_path)
    assert "has no bucket nowhere" in refusal(lake.mark)


@pytest.mark.parametrize("form", FORMS)
def test_host_that_does_not_answer(tmp_path: Path, prefix: str, log_in: Any, form: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    log_in(None, AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}")
    said = refusal(opened(tmp_path, prefix, form).mark, TryAgain)
    assert said.startswith(f"127.0.0.1:{port} does not answer")


def test_host_that_hangs_up(tmp_path: Path, prefix: str, log_in: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        log_in(None, AWS_ENDPOINT_URL=f"https://127.0.0.1:{port}", AWS_ENDPOINT_URL_S3="")
        lake = opened(tmp_path, prefix)
    refusal(lake.mark, TryAgain)


def test_full_scratch_folder(
    server: BucketServer, tmp_path: Path, prefix: str, log_in: Any, mount: Any
) -> None:
    log_in()
    scratch = mount("size=300k")
    lake = open_warehouse(f"s3://{BUCKET}/{prefix}", "acme", scratch)
    row = message(1, 1, os.urandom(600_000).hex())
    said = refusal(lambda: bring(lake, "m1", whole(tmp_path, MESSAGES, [row])), DiskFull)
    assert str(scratch) in said
    assert lake.mark() == "m1-"
    assert not [*scratch.iterdir()]


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("http://minio.example:9000", "go to minio.example:9000 without encryption"),
        ("http://10.0.0.1", "without encryption"),
        ("http://127.0.0.1.example", "without encryption"),
        ("https://key:hunter2@minio.example", "holds a login"),
        ("minio.example:9000", "no address of a server"),
    ],
)
@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"])
def test_addresses_that_are_refused(variable: str, address: str, reason: str) -> None:
    said = refusal(lambda: access({variable: address}), UsageError)
    assert reason in said
    assert "hunter2" not in said


@pytest.mark.parametrize(
    "address", ["https://minio.example", "http://127.0.0.1:9", "http://localhost", "http://[::1]:9"]
)
def test_addresses_that_are_taken(address: str) -> None:
    assert access({"AWS_ENDPOINT_URL": address}).endpoint == address


def test_certificate_of_its_own(
    tmp_path: Path, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        made = certificates(tmp_path)
    except FileNotFoundError:
        missing("there is no openssl to make a certificate with")
    with running(tls=made) as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        said = refusal(opened(tmp_path, prefix).mark)
        assert "No encrypted connection" in said
        monkeypatch.setenv("SSL_CERT_FILE", str(made.authority))
        for form in FORMS:
            lake = opened(tmp_path, f"{prefix}/{form}", form)
            bring(lake, "m1", whole(tmp_path, MESSAGES, JANUARY))
            assert lake.mark() == "m1"


@pytest.mark.parametrize(
    ("change", "kind", "reason"),
    [
        ({"AWS_SECRET_ACCESS_KEY": "hunter2"}, HubbubError, "the secret is not the access key's"),
        ({"AWS_ACCESS_KEY_ID": "AKIANOBODY"}, HubbubError, "does not know the access key"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, TryAgain, "does not answer"),
    ],
)
def test_what_deltas_library_says(
    server: BucketServer, prefix: str, change: Mapping[str, str], kind: type, reason: str
) -> None:
    """Its own words for what would stop a publication between its files and its commit."""
    options = {**server.environment(), "AWS_ALLOW_HTTP": "true", "max_retries": "1", **change}
    address = f"s3://{BUCKET}/{prefix}/table"
    with pytest.raises(OSError) as raised:  # noqa: PT011 -- its words differ
        _delta.DeltaTable.is_deltatable(address, options)
    said = explained(str(raised.value), "S3", BUCKET, address)
    assert type(said) is kind
    assert reason in said.reason
    assert "hunter2" not in str(said)


def test_other_answers_are_told_by_their_code() -> None:
    error = "When listing: AWS Error SLOW_DOWN during PutObject operation: secret words"
    assert type(explained(error, "S3", "b", "s3://b/p")) is TryAgain
    error = "When listing: AWS Error UNKNOWN (HTTP status 418) during PutObject operation: secret"
    said = explained(error, "S3", "b", "s3://b/p")
    assert type(said) is HubbubError
    assert said.reason == "PutObject failed at S3: UNKNOWN."
