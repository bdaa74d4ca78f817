"""Imports that are stopped, starved or crowded, as real processes: the store is as it was before or
complete, the next import completes it, and what the user reads is clear."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from hubbub.core.tables import HANGING, MERGED
from hubbub.stores import duckdb as store

pytestmark = pytest.mark.long

MESSAGES = 30_000
EARLIER = 3
Rows = list[tuple[Any, ...]]


@pytest.fixture(scope="module")
def export(shared_data: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A synthetic export that several processes read."""
    path = tmp_path_factory.mktemp("made") / "export.zip"
    make = shared_data("../bench/make_export.py")
    subprocess.run(
        [sys.executable, str(make), str(path), "--messages", str(MESSAGES)],
        check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    return path


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export of another channel, imported before."""
    folder = tmp_path_factory.mktemp("small") / "export"
    (folder / "roots").mkdir(parents=True)
    messages = [{"type": "message", "ts": f"150000000{each}.000100", "user": "U00000001"}
                for each in range(EARLIER)]  # fmt: skip
    (folder / "users.json").write_text("[]")
    (folder / "channels.json").write_text('[{"id": "C9", "name": "roots"}]')
    (folder / "roots/1.json").write_text(json.dumps(messages))
    return folder


@pytest.fixture(scope="module")
def undisturbed(
    export: Path, small: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[list[Rows], float]:
    """The tables after both imports, undisturbed, and the seconds that the large one takes."""
    home = tmp_path_factory.mktemp("undisturbed") / "home"
    assert finished(started(small, home))[0] == 0
    begun = time.monotonic()
    assert finished(started(export, home))[0] == 0
    return tables(home), time.monotonic() - begun


@pytest.fixture(scope="module")
def complete(undisturbed: tuple[list[Rows], float]) -> list[Rows]:
    """The tables after both imports."""
    return undisturbed[0]


def started(path: Path, home: Path, *options: str) -> "subprocess.Popen[str]":
    """An import in a session of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "hubbub", "import", str(path), "--home", str(home),
         "--workspace", "grove", "--privacy", "open", *options],
        cwd=home.parent, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip


def finished(process: "subprocess.Popen[str]") -> tuple[int, str]:
    """Exit code and what stderr says; never a traceback, and no process is left behind."""
    said = process.communicate(timeout=120)[1]
    assert "Traceback" not in said, said
    deadline = time.monotonic() + 5
    while of_session(process.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not of_session(process.pid), "workers outlive the import"
    return process.returncode, said


def of_session(leader: int) -> list[int]:
    """Processes of the session that a process began, itself left out."""
    found: list[int] = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == leader and fields[0] != "Z" and int(path.parent.name) != leader:
            found.append(int(path.parent.name))
    return found


def store_of(home: Path) -> Path:
    """The store's file."""
    return home / "grove" / "store.duckdb"


def ask(home: Path, sql: str) -> Rows:
    """The rows of a query."""
    with store.reading(store_of(home)) as connection:
        return connection.execute(sql).fetchall()


def tables(home: Path) -> list[Rows]:
    """How many rows of each table there are, and a sum of all that people see."""
    found: list[Rows] = []
    for table in (*MERGED, *HANGING):
        shown = ", ".join(column.name for column in table.public)
        found.append(
            ask(home, f"SELECT count(*), bit_xor(hash(row({shown})::VARCHAR)) FROM {table.name}")
        )
    return found


def count(home: Path) -> int:
    """How many messages are stored; none where there is no store."""
    return ask(home, "SELECT count(*) FROM messages")[0][0] if store_of(home).exists() else 0


def left_over(home: Path) -> list[Path]:
    """What is left of work in progress, DuckDB's own included."""
    scratch = (home / "grove" / "scratch").rglob("*")
    return [*scratch, *home.parent.glob(".tmp"), *home.rglob("*.tmp")]


_SEEDS = [("ctrl-c", 0), ("interrupt", 1), ("kill", 1)]


@pytest.mark.parametrize(
    ("how", "seed"),
    [pytest.param(how, seed, marks=() if (how, seed) in _SEEDS else pytest.mark.soak)
     for how in ("ctrl-c", "interrupt", "kill") for seed in range(10)],
)  # fmt: skip
def test_a_stopped_import_leaves_the_store_as_it_was_or_complete(
    export: Path,
    small: Path,
    undisturbed: tuple[list[Rows], float],
    tmp_path: Path,
    how: str,
    seed: int,
) -> None:
    complete, seconds = undisturbed
    home = tmp_path / "home"
    is_first = seed % 2 == 0
    home.mkdir()
    if not is_first:
        assert finished(started(small, home))[0] == 0
    before = count(home)
    process = started(export, home)
    time.sleep(seconds * random.Random(f"{how} {seed}").uniform(0.3, 1.0))
    if how == "ctrl-c":  # a terminal sends it to the program and its workers
        os.killpg(process.pid, signal.SIGINT)
    else:
        process.send_signal(signal.SIGINT if how == "interrupt" else signal.SIGKILL)
    code, said = finished(process)
    assert count(home) in {before, before + MESSAGES}
    if how == "kill":
        assert code in {-signal.SIGKILL, 0}
    elif code == 130:
        assert "Interrupted" in said
        assert not left_over(home)
    else:  # it had ended; Python itself was on its way out
        assert code in {0, -signal.SIGINT}
        assert count(home) == before + MESSAGES
    for path in (export, small) if is_first else (export,):
        assert finished(started(path, home))[0] == 0
    assert tables(home) == complete
    assert not left_over(home)


def test_two_imports_at_once_are_as_one(
    export: Path, small: Path, complete: list[Rows], tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    both = [started(export, home), started(export, home), started(small, home)]
    assert [finished(process)[0] for process in both] == [0, 0, 0]
    assert tables(home) == complete
    assert not left_over(home)
    added = ask(home, "SELECT sum(added), sum(updated), count(*) FROM runs")
    assert added == [(MESSAGES + EARLIER, 0, 3)]


@pytest.mark.parametrize("megabytes", [10, 22])
def test_a_full_disk_is_said_and_changes_nothing(
    export: Path, small: Path, complete: list[Rows], mount: Callable[[str], Path], megabytes: int
) -> None:
    home = mount("size=512m") / "home"
    assert finished(started(small, home))[0] == 0
    used = sum(path.stat().st_blocks * 512 for path in home.rglob("*"))
    mount(f"size={used + megabytes * 1_000_000}")
    code, said = finished(started(export, home))
    if code == 0:
        assert tables(home) == complete
        return
    assert code == 1
    assert "full" in said or "No space left" in said
    assert "oom" in said, "the fix is to make room"
    mount("size=512m")
    assert count(home) == EARLIER
    assert not left_over(home)
    assert finished(started(export, home))[0] == 0
    assert tables(home) == complete


def test_a_read_only_folder_is_said(small: Path, mount: Callable[[str], Path]) -> None:
    folder = mount("size=64m")
    assert finished(started(small, folder / "home"))[0] == 0
    mount("ro")
    for home in (folder / "home", folder / "other"):
        code, said = finished(started(small, home))
        assert code == 1
        assert len(said.splitlines()) == 2
        assert "read-only" in said.lower() or "may not be written" in said or "permissions" in said
    assert count(folder / "home") == EARLIER


def test_a_store_that_is_none_is_refused_and_left_alone(small: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    store_of(home).parent.mkdir(parents=True)
    store_of(home).write_bytes(b"my diary\n" * 2000)
    code, said = finished(started(small, home))
    assert code == 1
    assert "no store of Hubbub's" in said
    assert "backup" in said
    assert store_of(home).read_bytes() == b"my diary\n" * 2000


def test_a_store_cut_short_is_refused(small: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert finished(started(small, home))[0] == 0
    whole = store_of(home).read_bytes()
    for size in (len(whole) // 2, 5000, 100):
        store_of(home).write_bytes(whole[:size])
        code, said = finished(started(small, home))
        assert (code, size) == (1, size)
        assert "hubbub: " in said


def test_an_empty_file_in_the_stores_place_becomes_the_store(small: Path, tmp_path: Path) -> None:
    """What a full disk or a crash leaves in the moment in which the store is made."""
    home = tmp_path / "home"
    store_of(home).parent.mkdir(parents=True)
    store_of(home).touch()
    assert finished(started(small, home))[0] == 0
    assert count(home) == EARLIER


def changed(home: Path, *statements: str) -> None:
    """Change a store behind Hubbub's back."""
    with duckdb.connect(str(store_of(home))) as connection:
        for statement in statements:
            connection.execute(statement)


def test_a_store_of_a_newer_version_is_refused(small: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert finished(started(small, home))[0] == 0
    changed(home, "UPDATE schema SET version = version + 1")
    before = store_of(home).read_bytes()
    code, said = finished(started(small, home))
    assert code == 1
    assert "newer Hubbub" in said
    assert "Update Hubbub" in said
    assert store_of(home).read_bytes() == before


@pytest.mark.parametrize("first", ["import", "read"])
def test_a_store_of_an_older_version_is_migrated_on_opening(
    small: Path, tmp_path: Path, first: str
) -> None:
    home = tmp_path / "home"
    assert finished(started(small, home))[0] == 0
    changed(home, "UPDATE schema SET version = 0", "ALTER TABLE messages DROP COLUMN username",
            "DROP TABLE links")  # fmt: skip
    if first == "import":
        assert finished(started(small, home))[0] == 0
    assert ask(home, "SELECT username, count(*) FROM messages GROUP BY ALL") == [(None, EARLIER)]
    assert ask(home, "SELECT count(*) FROM links") == [(0,)]
    with duckdb.connect(str(store_of(home)), read_only=True) as connection:
        assert connection.execute("FROM schema").fetchall() == [(store.VERSION,)]


@pytest.mark.parametrize("options", [["--privacy", "lax"], ["--nonsense"], ["--timezone", "Mars/X"],
                                     ["--workspace", "../x"], ["one", "two"]])  # fmt: skip
def test_a_wrong_request_is_code_2(small: Path, tmp_path: Path, options: list[str]) -> None:
    code, said = finished(started(small, tmp_path / "home", *options))
    assert code == 2
    assert said
    assert not (tmp_path / "home").exists()


def test_a_missing_archive_is_code_1(tmp_path: Path) -> None:
    code, said = finished(started(tmp_path / "nowhere.zip", tmp_path / "home"))
    assert code == 1
    assert "There is no" in said
    assert not (tmp_path / "home").exists()


def test_a_store_that_another_program_holds_is_code_4(small: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert finished(started(small, home))[0] == 0
    hurried = (
        "import sys; from hubbub.stores import duckdb as s\n"
        "for f in (s.reading, s.writing): f.__wrapped__.__kwdefaults__['wait'] = 0.3\n"
        "from hubbub.cli import main; main()"
    )
    command = [sys.executable, "-c", hurried, "import", str(small), "--home", str(home)]
    with duckdb.connect(str(store_of(home))):
        done = subprocess.run([*command, "--workspace", "grove"], capture_output=True, text=True,
                              check=False)  # fmt: skip
    assert done.returncode == 4
    assert "Another program" in done.stderr
    assert "Traceback" not in done.stderr
    assert count(home) == EARLIER
