"""Sessions of one engine: each as if it stood alone, and none leaves anything open."""

import resource
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from hubbub.stores import duckdb as store

NOTE = "INSERT INTO store.positions (source, position) VALUES ('events', {})"
_LOOK = """
import sys, duckdb
with duckdb.connect(sys.argv[1]) as found:
    print(*[row[0] for row in found.execute("SELECT position FROM positions").fetchall()])
"""


def positions_for_others(path: Path) -> str:
    """What another process finds, for which it has to have the file alone."""
    look = [sys.executable, "-c", _LOOK, str(path)]
    return subprocess.run(look, check=True, capture_output=True, text=True).stdout.strip()


def test_between_two_sessions_others_have_the_store(tmp_path: Path) -> None:
    path, engine = tmp_path / "store.duckdb", store.Engine()
    for position in (1, 2):
        with store.writing(path, engine=engine) as session:
            session.execute("CREATE TEMP TABLE passing AS SELECT 1 AS i")
            session.execute("DELETE FROM store.positions")
            session.execute(NOTE.format(position))
        assert positions_for_others(path) == str(position)
        assert not path.with_name("store.duckdb.wal").exists()
    engine.close()


def test_what_fails_is_undone_and_the_next_session_goes_on(tmp_path: Path) -> None:
    path, engine = tmp_path / "store.duckdb", store.Engine()
    with store.writing(path, engine=engine) as session:
        session.execute(NOTE.format(1))
    with pytest.raises(duckdb.ConversionException), store.writing(path, engine=engine) as session:
        session.execute(NOTE.format(2) + "; " + NOTE.format("'none'"))
    assert positions_for_others(path) == "1"
    with store.writing(path, engine=engine) as session:
        session.execute(NOTE.format(3))
    assert positions_for_others(path) == "1 3"
    engine.close()


def test_what_is_committed_stays_if_there_is_no_room_to_put_it_in_its_place(tmp_path: Path) -> None:
    path, engine = tmp_path / "store.duckdb", store.Engine()
    with store.writing(path, engine=engine) as session:
        session.execute(NOTE.format(1))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        with store.writing(path, engine=engine) as session:
            session.execute(NOTE.format(2))
            resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size, hard))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.with_name("store.duckdb.wal").exists(), "else there was room"
    with store.writing(path, engine=engine) as session:
        session.execute(NOTE.format(3))
    assert positions_for_others(path) == "1 2 3"
    engine.close()
