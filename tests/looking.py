"""A look into a store as people's queries see it, in a session that a process opens once: a new one
takes ten times as long as most questions of tests."""

from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import duckdb

from hubbub.stores import duckdb as store

Session = duckdb.DuckDBPyConnection


@contextmanager
def looking(path: Path, *, wait: float = store.WAIT_SECONDS) -> Generator[Session]:
    """Questions to a store of this version; one at a time."""
    store.check_there(path)
    session = _session()
    with store.borrowed(session, path, wait=wait):
        _show(session)
        yield session


@cache
def _session() -> Session:
    # No threads of its own: large imports fork, and may not meet any.
    session = duckdb.connect(":memory:", config={"threads": 1})
    session.execute("SET TimeZone = 'UTC'")
    return session


@cache
def _show(session: Session) -> None:
    store.show(session)
