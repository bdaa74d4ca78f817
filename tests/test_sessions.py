"""Sessions that follow each other in a thread have one database, and each begins as if it were the
first."""

import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, closing, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from hubbub.core.begun import begun
from hubbub.core.tables import TABLES
from hubbub.errors import UsageError
from hubbub.flows.asking import ask
from hubbub.flows.exporting import export_tables
from hubbub.flows.importing import import_archive
from hubbub.metrics.catalog import Catalog
from hubbub.metrics.run import Runner
from hubbub.settings import Settings
from hubbub.stores import duckdb as store
from tests.invented import message, write_export

Session = duckdb.DuckDBPyConnection
Opened = Callable[[Path], AbstractContextManager[Session]]

MEMBERS = ["U1", "U2", *(f"U1{number}" for number in range(5))]
DAYS = {  # seven members on one day; on another, in another week and month, a single one
    "2026-03-02": MEMBERS,
    "2026-04-15": MEMBERS[:1],
}
MUCH = "CREATE TEMP TABLE much AS SELECT range AS i, hash(range)::VARCHAR AS h FROM range(3000000)"
"""Some 50 MB."""


def of_new_thread(opened: Opened, path: Path) -> dict[str, Any]:
    """The state of a session in a thread that has had none yet."""

    def look() -> dict[str, Any]:
        with opened(path) as session:
            return state_of(session)

    return begun(look, "new").result()


def state_of(session: Session) -> dict[str, Any]:
    """All settings of a session, and what there is to read but the store's own tables."""
    settings = session.execute("SELECT name, value FROM duckdb_settings()").fetchall()
    views = session.execute(
        "SELECT database_name, view_name FROM duckdb_views() WHERE NOT internal ORDER BY ALL"
    ).fetchall()
    tables = session.execute(
        "SELECT database_name, table_name FROM duckdb_tables() "
        "WHERE database_name <> 'store' ORDER BY ALL"
    ).fetchall()
    return {"settings": dict(settings), "views": views, "tables": tables}


@pytest.fixture(autouse=True)
def _fresh() -> Generator[None]:
    store.let_engine_go()
    yield
    store.let_engine_go()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A workspace in which seven members wrote on one day, and one on another."""
    days = {
        f"general/{day}.json": [
            message(f"{_seconds(day) + number}.000100", member, "hello")
            for number, member in enumerate(members)
        ]
        for day, members in DAYS.items()
    }
    made = Settings(tmp_path / "home", "default")
    import_archive(made, write_export(tmp_path / "export", days=days))
    return made


def _seconds(day: str) -> int:
    return int(datetime.fromisoformat(f"{day}T10:00+00:00").timestamp())


@pytest.mark.parametrize("opened", [store.reading, store.writing])
def test_nothing_that_a_session_sets_or_makes_reaches_the_next(
    settings: Settings, opened: Opened
) -> None:
    expected = of_new_thread(opened, settings.store)
    with opened(settings.store) as session:
        session.execute("SET threads = 1; SET memory_limit = '100MB'; SET TimeZone = 'Asia/Seoul'")
        session.execute("SET preserve_insertion_order = true; SET dynamic_or_filter_threshold = 3")
        session.execute("SET enable_progress_bar = true")
        session.execute("CREATE TEMP VIEW messages AS SELECT 1 AS i")
        session.execute("CREATE TEMP TABLE passing AS SELECT 1 AS i")
        session.register("given", session.sql("SELECT 1 AS i").to_arrow_table())
    with opened(settings.store) as session:
        assert state_of(session) == expected


def test_who_reads_after_who_writes_sets_out_as_ever(settings: Settings) -> None:
    expected = of_new_thread(store.reading, settings.store)
    with store.writing(settings.store):
        pass
    with store.reading(settings.store) as session:
        found = state_of(session)
    assert found == expected
    assert {name for _, name in found["views"]} == {*TABLES}


def test_an_error_leaves_nothing_behind(settings: Settings) -> None:
    expected = of_new_thread(store.reading, settings.store)
    with suppress(KeyError), store.writing(settings.store) as session:
        session.execute("DELETE FROM store.messages")
        raise KeyError
    with suppress(KeyError), store.reading(settings.store) as session:
        session.execute("ATTACH ':memory:' AS other")
        session.execute("CREATE VIEW memory.main.mine AS SELECT 1")
        session.execute("SET enable_external_access = false")
        raise KeyError
    with store.reading(settings.store) as session:
        assert session.execute("SELECT count(*) FROM messages").fetchall() == [(8,)]
        assert state_of(session) == expected
        assert "other" not in str(session.execute("SHOW DATABASES").fetchall())


def test_small_groups_are_hidden_in_their_own_session_alone(settings: Settings) -> None:
    def messages(smallest_group: int) -> tuple[int, int]:
        with store.reading(settings.store) as session:
            runner = Runner(session, Catalog(settings.pack), "UTC", smallest_group=smallest_group)
            runner.make_views(["FROM people_messages"])
            return tuple(
                session.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0]
                for name in ("messages", "people_messages")
            )

    assert [messages(k) for k in (5, 1, 5, 5, 1)] == [(7, 7), (8, 8), (7, 7), (7, 7), (8, 8)]


def test_a_persons_query_shuts_in_nobody_else(settings: Settings, tmp_path: Path) -> None:
    with store.reading(settings.store):
        pass
    with pytest.raises(UsageError, match="disabled"):
        ask(settings, f"SELECT * FROM read_text('{settings.written.parent}/*')")
    export_tables(settings, tmp_path / "out", "parquet")
    assert (tmp_path / "out/messages.parquet").exists()


def test_a_session_inside_of_another(settings: Settings, tmp_path: Path) -> None:
    other = tmp_path / "other/store.duckdb"
    with store.reading(settings.store) as outer:
        with store.writing(other) as inner:
            inner.execute("INSERT INTO store.positions (source, position) VALUES ('events', 1)")
        with store.reading(settings.store) as inner, store.reading(other) as innermost:
            assert inner.execute("SELECT count(*) FROM messages").fetchall() == [(8,)]
            assert innermost.execute("SELECT count(*) FROM positions").fetchall() == [(1,)]
        assert outer.execute("SELECT count(*) FROM messages").fetchall() == [(8,)]


def spilled(folder: Path) -> list[str]:
    return [path.name for path in folder.glob("**/duckdb_temp_*")]


def test_what_has_spilled_is_gone_with_the_session(settings: Settings) -> None:
    for _ in range(2):
        with store.reading(settings.store) as session:
            session.execute("SET memory_limit = '40MB'")
            session.execute(MUCH)
            assert spilled(settings.folder)
        assert not spilled(settings.folder)


def test_an_engine_that_has_spilled_goes_on(settings: Settings) -> None:
    with closing(store.Engine()) as engine:
        for _ in range(2):
            with store.writing(settings.store, engine=engine) as session:
                session.execute("SET memory_limit = '40MB'")
                session.execute(MUCH)
                assert spilled(settings.folder)
    assert not spilled(settings.folder)


def test_who_lets_it_go_has_no_more_threads_than_before(settings: Settings) -> None:
    def threads() -> int:
        return len(os.listdir("/proc/self/task"))

    store.let_engine_go()
    before = threads()
    with store.reading(settings.store) as session:
        session.execute("SET threads = 4")
        assert threads() > before
    store.let_engine_go()
    assert threads() == before
    store.let_engine_go()


def test_a_process_that_is_forked_ends_nothing_of_its_parents(settings: Settings) -> None:
    has_read, may_end = threading.Event(), threading.Event()

    def read_and_wait() -> None:
        with store.reading(settings.store):
            pass
        has_read.set()
        may_end.wait()

    thread = threading.Thread(target=read_and_wait)
    thread.start()
    try:
        has_read.wait()
        with store.reading(settings.store):
            pass
        child = os.fork()
        if child == 0:  # here the other thread, and all that it has kept, is no more
            with suppress(BaseException), store.reading(settings.store):
                os._exit(0)
            os._exit(1)
        _, status = os.waitpid(child, 0)
    finally:
        may_end.set()
        thread.join()
    assert os.waitstatus_to_exitcode(status) == 0


_FORKING = """
import os, sys
from pathlib import Path
from hubbub.stores import duckdb as store
with store.reading(Path(sys.argv[1])):
    pass
child = os.fork()
if child:
    _, status = os.waitpid(child, 0)
    sys.exit(os.waitstatus_to_exitcode(status))
"""


def test_a_process_that_is_forked_can_end_as_any_other(settings: Settings) -> None:
    command = [sys.executable, "-c", _FORKING, str(settings.store)]
    assert subprocess.run(command, check=False, capture_output=True).returncode == 0


def interrupted_after(seconds: float, path: Path) -> None:
    """Read and write, and hear a Ctrl-C meanwhile."""
    coming = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT))
    coming.start()
    try:
        for opened in (store.reading, store.writing):
            with opened(path) as session:
                session.execute("SET threads = 1; CREATE TEMP VIEW messages AS SELECT 1")
    finally:
        coming.join()


def stopped(engine: store.Engine) -> None:
    """Ask what takes long, without a store, and be interrupted as DuckDB is by a Ctrl-C."""
    with engine.session() as session:
        coming = threading.Timer(0.2, session.interrupt)
        coming.start()
        session.execute("SELECT sum(a.range * b.range) FROM range(10000000) a, range(100000) b")


def test_a_ctrl_c_is_one_in_sessions_without_a_store_too() -> None:
    with closing(store.Engine()) as engine, pytest.raises(KeyboardInterrupt):
        stopped(engine)


def test_a_ctrl_c_is_one_wherever_it_comes_and_spoils_nothing(settings: Settings) -> None:
    dice, heard = random.Random(7), 0
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        for _ in range(60):
            with store.reading(settings.store):  # after an error it would begin anew
                pass
            try:
                interrupted_after(dice.uniform(0, 0.015), settings.store)
            except KeyboardInterrupt:
                heard += 1
    finally:
        signal.signal(signal.SIGINT, before)
    assert heard > 30, "only in the moment of a commit nobody listens"
    with store.reading(settings.store) as session:
        assert session.execute("SELECT count(*) FROM messages").fetchall() == [(8,)]
