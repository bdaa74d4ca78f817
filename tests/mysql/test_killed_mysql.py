"""A publication to MySQL that is killed in the middle of a table."""

import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pymysql
import pytest

from hubbub.destinations.warehouses.mysql import open_warehouse
from tests.changes_by_hand import REACTIONS, change, whole
from tests.mysql.conftest import Place

ONE = ("C1", "1.000001", "U1", "tada")
TWO = ("C1", "1.000001", "U2", "tada")
THREE = ("C1", "1.000002", "U2", "+1::skin-tone-3")


@pytest.mark.parametrize(
    ("what", "stuck_at"), [("merge", "DELETE t FROM"), ("whole", "RENAME TABLE")]
)
def test_a_killed_publication_leaves_a_table_as_it_was_or_is_to_be(
    place: Place, tmp_path: Path, what: str, stuck_at: str
) -> None:
    warehouse = open_warehouse(place.url, "town", tmp_path)
    warehouse.bring([whole(tmp_path, REACTIONS, [ONE, TWO])], (), "first", lambda _n, _r: None)
    command = [sys.executable, "-m", "tests.mysql.bringing_process", place.url, str(tmp_path), what]
    with _held(place):
        process = subprocess.Popen(command)
        _wait_until_stuck(place, process, stuck_at)
        process.send_signal(signal.SIGKILL)
        process.wait()
    _wait_until_gone(place)
    # it depends on the server whether it still carries out a RENAME that it has begun to wait for
    assert _reactions(place) in ([ONE, TWO], [THREE] if what == "whole" else None)
    assert warehouse.mark() == "first"
    again = (
        whole(tmp_path, REACTIONS, [TWO, THREE])
        if what == "whole"
        else change(tmp_path, REACTIONS, [THREE], gone=[ONE])
    )
    warehouse.bring([again], (), "second", lambda _n, _r: None)
    assert _reactions(place) == [TWO, THREE]
    assert sorted(place.run("SHOW TABLES")) == [("_hubbub",), ("reactions",)]
    assert warehouse.mark() == "second"


@contextmanager
def _held(place: Place) -> Generator[None]:
    """Somebody reads the reactions, and nobody can change them meanwhile."""
    connection: Any = pymysql.connect(
        unix_socket=place.server.socket,
        user="root",
        database=place.database,
        autocommit=False,
        ssl_disabled=True,
    )
    with closing(connection), connection.cursor() as cursor:
        cursor.execute("SELECT * FROM reactions FOR UPDATE")
        yield
        connection.rollback()


def _wait_until_stuck(place: Place, process: subprocess.Popen[bytes], statement: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, "it has ended before it was killed"
        running = [str(info) for (info,) in _statements(place)]
        if any(each.startswith(statement) for each in running):
            return
        time.sleep(0.02)
    raise AssertionError("it never came to that statement")


def _wait_until_gone(place: Place) -> None:
    deadline = time.monotonic() + 60
    query = f"SELECT 1 FROM information_schema.PROCESSLIST WHERE USER = '{place.user}'"
    while place.server.run(query):
        assert time.monotonic() < deadline, "the server keeps the session"
        time.sleep(0.02)


def _statements(place: Place) -> list[tuple[Any, ...]]:
    return place.server.run(
        f"SELECT INFO FROM information_schema.PROCESSLIST WHERE USER = '{place.user}'"
    )


def _reactions(place: Place) -> list[tuple[Any, ...]]:
    return place.run("SELECT * FROM reactions ORDER BY BINARY ts, BINARY user_id")
