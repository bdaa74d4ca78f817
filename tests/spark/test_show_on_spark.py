"""`hubbub show --engine --lake`: the program, a published lake and an engine, all of them real.

Values of metrics are compared in tests/engines; here it is the way to them.
"""

import json
import os
import shutil
import socket
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from hubbub.cli.program import run
from tests.invented import write_export
from tests.lake.bucket_server import BucketServer
from tests.parts import missing

_pq: Any = pq

if find_spec("pyspark") is None:
    missing("Spark's client is not installed: make .venv-spark/.ready")


@dataclass(frozen=True)
class Done:
    """What became of a command."""

    returncode: int
    stdout: str
    stderr: str


def hubbub(*arguments: str | Path, **environment: str) -> Done:
    """Run the program; in this process, for loading Spark's client takes it a second."""
    out, err = StringIO(), StringIO()
    with pytest.MonkeyPatch.context() as patched, redirect_stdout(out), redirect_stderr(err):
        for name in os.environ:
            if name.startswith(("HUBBUB_", "AWS_")):
                patched.delenv(name)
        for name, value in environment.items():
            patched.setenv(name, value)
        code = run([*map(str, arguments)])
    return Done(code, out.getvalue(), err.getvalue())


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("program")
    archive = write_export(folder / "export")
    done = hubbub("import", archive, "--home", folder / "home", "--privacy", "open")
    assert done.returncode == 0, done.stderr
    (folder / "home" / "default" / "hubbub.toml").write_text('[privacy]\npreset = "open"\n')
    return folder / "home"


@pytest.fixture(scope="module")
def lake(home: Path) -> Path:
    place = home.parent / "lake of 100%20 호수"
    done = hubbub("publish", place, "--home", home)
    assert done.returncode == 0, done.stderr
    return place


def shown(home: Path, engine: str, lake: object, *arguments: str) -> Done:
    return hubbub("show", *arguments, "--home", home, "--engine", engine, "--lake", str(lake))


@pytest.mark.parametrize(
    "arguments",
    [
        ["conversation", "--as-of", "latest", "--format", "csv"],
        ["messages_by_channel", "--channel", "general", "--as-of", "latest", "--json"],
        ["member_activity", "--until", "2026-03-02", "--format", "csv"],
        ["leaderboard", "--since", "2020-01-01", "--limit", "1"],
        ["polls", "--as-of", "latest", "--json"],
    ],
    ids=" ".join,
)
def test_it_shows_what_the_store_shows(
    home: Path, lake: Path, sail: str, arguments: list[str]
) -> None:
    there = shown(home, sail, lake, *arguments)
    here = hubbub("show", *arguments, "--home", home)
    assert (there.returncode, there.stdout) == (0, here.stdout), there.stderr
    assert here.stdout.strip()


def test_without_rows_it_says_when_the_newest_message_was(
    home: Path, lake: Path, sail: str
) -> None:
    arguments = ["leaderboard", "--since", "2031-01-01", "--until", "2031-02-01"]
    there = shown(home, sail, lake, *arguments)
    assert there.returncode == 0
    assert there.stderr == hubbub("show", *arguments, "--home", home).stderr
    assert "try --as-of latest" in there.stderr


def test_reading_is_noted_in_the_audit_log(home: Path, lake: Path, sail: str) -> None:
    assert shown(home, sail, lake, "totals", "--until", "2026-03-01").returncode == 0
    log = [json.loads(line) for line in (home / "default/audit.jsonl").read_text().splitlines()]
    details = log[-1]["details"]
    assert (log[-1]["action"], log[-1]["what"], details["as_of"]) == (
        "read",
        "totals",
        "2026-03-01",
    )
    assert {"engine", "lake"} <= set(details)
    assert str(lake) not in json.dumps(log[-1])


def test_a_lake_of_delta_tables(home: Path, sail: str, tmp_path: Path) -> None:
    done = hubbub("publish", f"{tmp_path}/delta?format=delta", "--home", home)
    assert done.returncode == 0, done.stderr
    arguments = ["conversation", "--as-of", "latest", "--format", "csv"]
    there = shown(home, sail, f"{tmp_path}/delta", *arguments)
    assert there.stdout == hubbub("show", *arguments, "--home", home).stdout, there.stderr


def test_a_lake_in_a_bucket(
    home: Path, sail: str, bucket: BucketServer, lake_in_a_bucket: str
) -> None:
    login = bucket.environment()
    done = hubbub("publish", lake_in_a_bucket, "--home", home, **login)
    assert done.returncode == 0, done.stderr
    arguments = ["conversation", "--as-of", "latest", "--format", "csv"]
    there = hubbub("show", *arguments, "--home", home, "--engine", sail, "--lake", lake_in_a_bucket,
                   **login)  # fmt: skip
    assert there.stdout == hubbub("show", *arguments, "--home", home).stdout, there.stderr


def test_a_file_from_before_a_column_was_added(
    home: Path, lake: Path, sail: str, tmp_path: Path
) -> None:
    older = tmp_path / "older"
    shutil.copytree(lake, older)
    for path in (older / "default/messages").rglob("*.parquet"):
        _pq.write_table(_pq.ParquetFile(path).read().drop_columns(["is_question"]), path)
    there = shown(home, sail, older, "unanswered", "--since", "", "--as-of", "latest")
    assert there.returncode == 0, there.stderr
    assert "No rows" in there.stderr


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_an_engine_that_does_not_answer(home: Path, lake: Path) -> None:
    done = shown(home, f"sc://127.0.0.1:{free_port()}", lake, "totals")
    assert done.returncode == 4
    assert "does not answer (Connection refused)" in done.stderr
    assert len(done.stderr.splitlines()) == 2


def test_something_else_listens_there(home: Path, lake: Path, bucket: BucketServer) -> None:
    done = shown(home, bucket.url.replace("http", "sc"), lake, "totals")
    assert done.returncode in {1, 4}
    assert done.stderr.startswith("hubbub: The engine 127.0.0.1:")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("engine", "reason"),
    [
        ("http://host:15002", "http://… is no address of a Spark Connect engine"),
        ("spark-host", "is no address of a Spark Connect engine"),
        ("sc://host:15002/;use_ssl=true;token=sesame", "holds a token"),
        ("sc://host:nothing", "is no address of a Spark Connect engine"),
    ],
)
def test_a_wrong_address(home: Path, lake: Path, engine: str, reason: str) -> None:
    done = shown(home, engine, lake, "totals")
    assert (done.returncode, reason in done.stderr) == (2, True), done.stderr
    assert "sesame" not in done.stderr


def test_an_engine_without_a_lake(home: Path, sail: str) -> None:
    done = hubbub("show", "totals", "--home", home, "--engine", sail)
    assert done.returncode == 2
    assert "--engine and --lake go together" in done.stderr


def test_a_place_without_a_lake(home: Path, sail: str, tmp_path: Path) -> None:
    done = shown(home, sail, tmp_path, "totals")
    assert done.returncode == 1
    assert f"The lake {tmp_path} has nothing of the workspace default" in done.stderr


def test_another_workspace(home: Path, lake: Path, sail: str, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(lake / "default", moved / "north")
    done = hubbub("show", "totals", "--home", home, "--workspace", "north", "--privacy", "open",
                  "--engine", sail, "--lake", str(moved))  # fmt: skip
    assert done.returncode == 1
    assert "holds the workspace default, not north" in done.stderr


def test_a_publication_that_has_not_ended(
    home: Path, lake: Path, sail: str, tmp_path: Path
) -> None:
    begun = tmp_path / "begun"
    shutil.copytree(lake, begun)
    description = begun / "default/_hubbub.json"
    description.write_text(json.dumps({**json.loads(description.read_text()), "mark": None}))
    done = shown(home, sail, begun, "totals")
    assert done.returncode == 1
    assert "has not ended" in done.stderr


def test_a_lake_without_a_table_that_is_needed(home: Path, sail: str, tmp_path: Path) -> None:
    place = tmp_path / "some"
    assert hubbub("publish", place, "--tables", "messages", "--home", home).returncode == 0
    done = shown(home, sail, place, "leaderboard")
    assert done.returncode == 1
    assert "lacks the table" in done.stderr


def test_an_engine_that_cannot_read_the_lake(
    home: Path, lake: Path, sail: str, tmp_path: Path
) -> None:
    damaged = tmp_path / "damaged"
    shutil.copytree(lake, damaged)
    for path in (damaged / "default/messages").rglob("*.parquet"):
        path.write_bytes(b"not Parquet at all")
    done = shown(home, sail, damaged, "totals")
    assert done.returncode == 1
    assert done.stderr.startswith("hubbub: The engine 127.0.0.1:")
    assert "Traceback" not in done.stderr


def test_small_groups(home: Path, lake: Path, sail: str) -> None:
    done = hubbub("show", "totals", "--home", home, "--privacy", "strict",
                  "--engine", sail, "--lake", str(lake))  # fmt: skip
    assert done.returncode == 2
    assert "The rows of a lake are about single members" in done.stderr


def test_a_metric_that_cannot_be_translated(home: Path, lake: Path, sail: str) -> None:
    pack = home / "default/pack/metrics"
    pack.mkdir(parents=True, exist_ok=True)
    header = 'title = "T"\nquestion = "Q"\n[columns]\nday = { type = "integer", doc = "D" }'
    sql = "SELECT date_diff('day', created_at, created_at) AS day FROM channels"
    (pack / "strange.sql").write_text(f"/*\n{header}\n*/\n{sql}")
    done = shown(home, sail, lake, "strange")
    assert done.returncode == 1
    assert "The metric strange cannot be written for spark: date_diff by DAY" in done.stderr
    assert hubbub("show", "strange", "--home", home).returncode == 0


def test_without_the_client_it_says_what_to_install(
    home: Path, lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyspark.sql.connect.session", None)
    done = shown(home, "sc://host:15002", lake, "totals")
    assert done.returncode == 2
    assert "pip install 'hubbub[spark]'" in done.stderr


def test_names_that_the_lake_does_not_know(home: Path, lake: Path, sail: str) -> None:
    done = shown(home, sail, lake, "messages_by_channel", "--channel", "generl")
    assert done.returncode == 2
    assert "Did you mean general?" in done.stderr
