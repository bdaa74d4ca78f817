"""The embedded store: one DuckDB file a workspace, opened for as short as possible.

While somebody writes to the file nobody else can open it, so every use is a session that waits its
turn, works and lets go. Turns are taken on a lock file beside the store: DuckDB's own lock belongs
to a process, and is lost as soon as any of its threads closes the file. A session is one of an
in-memory database, with the store attached: people's queries see the tables' public columns as
views, under the tables' own names. The database stays for the thread's next session; of what a
session does it keeps nothing, as long as that makes temporary tables and views only.
"""

import fcntl
import os
import re
import signal
import threading
import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import duckdb

from hubbub.core.quoting import quoted
from hubbub.core.tables import TABLES
from hubbub.errors import HubbubError, TryAgain
from hubbub.stores.writes import COLUMN, WRITTEN_IN, begin_write

VERSION = 7
"""Of the store's schema. Tables and columns that were added since are added on opening; what
needs more has a step in `_STEPS`."""

_WRITES = "CREATE TABLE IF NOT EXISTS {database}.writes (number BIGINT)"

_STEPS: dict[int, str] = {
    # Outlines are keyed now, and Slack's JSON of the directory has no contacts any more: older ones
    # go, and come again, as they may be kept, with the next copy.
    2: """UPDATE store.users SET outline = NULL, canonical = NULL;
        UPDATE store.profiles SET outline = NULL; UPDATE store.channels SET outline = NULL;
        UPDATE store.messages SET outline = NULL WHERE presence = 2;
        UPDATE store.files SET outline = NULL;
        UPDATE store.messages SET reactions_rank = NULL WHERE canonical IS NULL;
        UPDATE store.channels SET memberships_rank = NULL WHERE canonical IS NULL""",
    # Outlines tell apart what messages say, of which records are read: older ones do not.
    4: """UPDATE store.messages SET outline = NULL WHERE presence = 2;
        UPDATE store.messages SET reactions_rank = NULL WHERE canonical IS NULL""",
}
"""SQL that leads from a version to the next."""

WAIT_SECONDS = 60.0
"""How long a session waits for its turn where nothing else is said."""
_WRITABLE = "(ROW_GROUP_SIZE 30720)"
"""A core packs a group of rows at a time. Of the usual size an import of 100,000 messages is one
group, and would be packed by one core."""
SOUGHT = 1_000
"""Keys up to which a join looks for each of them in the bounds of a group of rows, to pass over
those that have none. By itself DuckDB does so up to 50: of more it takes the least and the
greatest, and one old message among a hundred new ones would let it read all."""
_READ_ONLY = "(READ_ONLY)"
_LOCKED = "Could not set lock"
_POLL_SECONDS = 0.01
_NO_SPACE = re.compile("No space|space left")
_DEFAULTS = "; ".join(
    f"RESET {name}"
    for name in (
        "threads", "memory_limit", "preserve_insertion_order", "dynamic_or_filter_threshold"
    )
)  # fmt: skip
"""SQL that takes back what sessions set for all: the rest is their own."""


class Engine:
    """DuckDB without a store, for one thread that has many short sessions one after another: to
    begin and end it takes longer than to merge a few rows. Between sessions no store is open."""

    def __init__(self) -> None:
        self._database: duckdb.DuckDBPyConnection | None = None
        self._spill: Path | None = None
        self._has_views = False
        self._process = 0
        """The one that the database is of."""
        self.is_in_use = False
        """Whether a session has begun and not ended."""

    @contextmanager
    def session(self, spill: Path | None = None) -> Generator[duckdb.DuckDBPyConnection]:
        """A session, at whose end whatever is attached as `store` is let go of. What memory does
        not hold goes to the folder `spill`, or else to that of the session before."""
        if self._database is None:
            self._database, self._process = duckdb.connect(":memory:"), os.getpid()
        self.is_in_use = True
        try:
            with closing(self._database.cursor()) as session:
                session.execute("SET TimeZone = 'UTC'")
                # not twice: once it was used DuckDB takes no folder any more, be it the same
                if spill is not None and spill != self._spill:
                    session.execute(f"SET temp_directory = '{quoted(spill)}'")
                    self._spill = spill
                with _heard():
                    yield session
        finally:
            try:
                self.let_go("store")
            finally:
                self.is_in_use = False

    def show(self, session: duckdb.DuckDBPyConnection) -> None:
        """Make the views that people's queries see; they stay for all sessions."""
        if not self._has_views:
            show(session)
            self._has_views = True

    def reset(self) -> None:
        """Take back what sessions have set."""
        if self._database is not None:
            with _heard():
                self._database.execute(_DEFAULTS)

    @property
    def has_spilled(self) -> bool:
        """Whether it may have files in its folder, which go when it ends."""
        if self._spill is None:
            return False
        try:
            return any(name.startswith("duckdb_temp_") for name in os.listdir(self._spill))
        except FileNotFoundError:
            return False

    def let_go(self, name: str) -> None:
        """Detach what a session has attached under a name, if it is there still."""
        if self._database is None:
            return
        try:
            with _heard():
                self._database.execute(f"DETACH DATABASE IF EXISTS {name}")
        except KeyboardInterrupt:
            self.close()
            raise
        except duckdb.Error:  # what is committed stays, even if there is no room to tidy it up
            self.close()

    def close(self) -> None:
        """Let go of it; a later session begins anew."""
        if self._database is None:
            return
        if self._process == os.getpid():
            self._database.close()
        else:  # it cannot be ended, for its threads are not here: it stays as long as the process
            import ctypes

            ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._database))
        self._database, self._spill, self._has_views = None, None, False

    def __del__(self) -> None:
        """End with the thread that has kept it, or in a process that was forked from its own."""
        self.close()


class _Own(threading.local):
    """What a thread keeps from one session to the next."""

    engine: Engine | None = None


_own = _Own()


@contextmanager
def writing(
    path: Path, *, wait: float = WAIT_SECONDS, engine: Engine | None = None
) -> Generator[duckdb.DuckDBPyConnection]:
    """A session that may write, as one transaction: all of it or nothing. It is one of an engine's,
    or else of the thread's own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    is_new = not exists(path)
    with _engine_for(engine) as used, _attached(path, wait, _WRITABLE, used) as connection:
        if is_new:
            path.chmod(0o600)
        connection.execute(
            f"SET preserve_insertion_order = false; SET dynamic_or_filter_threshold = {SOUGHT}"
        )
        _migrate(connection, path)
        connection.execute("BEGIN")
        begin_write(connection)
        yield connection
        with _undisturbed():
            connection.execute("COMMIT")


@contextmanager
def reading(
    path: Path, *, wait: float = WAIT_SECONDS, engine: Engine | None = None
) -> Generator[duckdb.DuckDBPyConnection]:
    """A session that only reads; several may run at once. It is one of an engine's, or else of the
    thread's own."""
    check_there(path)
    with _engine_for(engine) as used:
        with _attached(path, wait, _READ_ONLY, used) as connection:
            if _version(connection, path) == VERSION:
                used.show(connection)
                yield connection
                return
        with _attached(path, wait, _WRITABLE, used) as connection:
            _migrate(connection, path)
        with reading(path, wait=wait, engine=used) as connection:
            yield connection


def let_engine_go() -> None:
    """End what this thread keeps for its next session. Who forks wants no other threads about."""
    if _own.engine is not None:
        _own.engine.close()
        _own.engine = None


os.register_at_fork(after_in_child=let_engine_go)


def show(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the views that people's queries see."""
    shown = {
        table.name: ", ".join(column.name for column in table.public) for table in TABLES.values()
    }
    connection.execute("; ".join(
        f"CREATE OR REPLACE VIEW {name} AS SELECT {columns} FROM store.{name}"
        for name, columns in shown.items()
    ))  # fmt: skip


@contextmanager
def borrowed(
    connection: duckdb.DuckDBPyConnection, path: Path, *, wait: float = WAIT_SECONDS
) -> Generator[None]:
    """The store, to be read, in a session that outlives it: a new session takes ten times as long
    as a short question. The store has to be of this version."""
    with explained(path), _turn(path, wait, _READ_ONLY):
        _attach(connection, path, wait, _READ_ONLY)
        try:
            yield
        finally:
            connection.execute("DETACH store")


@contextmanager
def copying(path: Path, fresh: Path, *, wait: float = WAIT_SECONDS) -> Generator[None]:
    """Copy a store of this version into a new file, which is closed when the block begins; nobody
    else writes to the old one until the block ends."""
    with _engine_for() as used, _attached(path, wait, _READ_ONLY, used) as connection:
        connection.execute(f"ATTACH '{quoted(fresh)}' AS fresh {_WRITABLE}")
        fresh.chmod(path.stat().st_mode & 0o777)
        connection.execute("SET preserve_insertion_order = true")
        connection.execute("BEGIN")
        _create(connection, "fresh")
        for name, table in TABLES.items():
            columns = ", ".join((*table.names, WRITTEN_IN))
            connection.execute(
                f"INSERT INTO fresh.{name} ({columns}) SELECT {columns} FROM store.{name}"
            )
        connection.execute("INSERT INTO fresh.writes FROM store.writes")
        connection.execute("COMMIT")
        connection.execute("DETACH fresh")
        yield


def version_of(path: Path, *, wait: float = WAIT_SECONDS) -> int:
    """The version of a store, which stays as it is."""
    with _engine_for() as used, _attached(path, wait, _READ_ONLY, used) as connection:
        return _version(connection, path)


def exists(path: Path) -> bool:
    """Whether there is a store. An empty file is none: a full disk leaves one when it is made."""
    return path.exists() and path.stat().st_size > 0


def check_there(path: Path) -> None:
    """Raise `HubbubError` if there is no store."""
    if not exists(path):
        raise HubbubError(
            f"There is nothing in {path.parent} yet.",
            "Import an archive first: hubbub import PATH. Or name another home with --home.",
        )


def shut_in(connection: duckdb.DuckDBPyConnection) -> None:
    """Keep a session, and all others of its engine from now on, from any file but the store."""
    connection.execute("SET enable_external_access = false; SET lock_configuration = true")


def first_row(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    """The first row of a query that has one. Results are read to their end: until then DuckDB
    does nothing else on a connection."""
    return connection.execute(query).fetchall()[0]


def deleting(table: str, key: tuple[str, ...], gone: str) -> str:
    """SQL that deletes the rows of a table of the store whose keys a query gives.

    As a join, and not as `(key) IN (query)`: of a join DuckDB learns which rows can be meant, and
    passes over all groups of rows that have none.
    """
    same = " AND ".join(f"t.{name} = gone.{name}" for name in key)
    return f"DELETE FROM store.{table} AS t USING ({gone}) AS gone WHERE {same}"


@contextmanager
def _undisturbed() -> Generator[None]:
    """Let a Ctrl-C pass unheard for the moment in which all becomes valid: it comes too late to
    undo anything, and must not look as if it had."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _engine_for(given: Engine | None = None) -> Generator[Engine]:
    """The engine of a session: one that is given, the thread's own, or a new one where that is in
    use already. The own one ends with an error, whatever that has left in it."""
    if given is not None:
        yield given
        return
    if _own.engine is not None and _own.engine.is_in_use:
        with closing(Engine()) as other:
            yield other
        return
    if _own.engine is None:
        _own.engine = Engine()
    own = _own.engine
    try:
        own.reset()
        yield own
    except BaseException:
        own.close()
        raise
    if own.has_spilled:
        own.close()


@contextmanager
def _attached(
    path: Path, wait: float, mode: str, engine: Engine
) -> Generator[duckdb.DuckDBPyConnection]:
    # The turn ends last: a file that one thread still has open cannot be opened by another.
    with (
        explained(path),
        _turn(path, wait, mode),
        engine.session(path.parent / "scratch") as session,
    ):
        _attach(session, path, wait, mode)
        yield session


@contextmanager
def _heard() -> Generator[None]:
    """A Ctrl-C that DuckDB has heard, as Ctrl-C."""
    try:
        yield
    except duckdb.InterruptException as error:
        raise KeyboardInterrupt from error
    except RuntimeError as error:
        if "interrupted" in str(error):  # how DuckDB hands it on at times
            raise KeyboardInterrupt from error
        raise


@contextmanager
def explained(path: Path) -> Generator[None]:
    """What DuckDB raises, in Hubbub's words."""
    try:
        with _heard():
            yield
    except duckdb.Error as error:
        if isinstance(error, duckdb.IOException) or _NO_SPACE.search(str(error)):
            raise _disk_error(path, error) from error
        raise


@contextmanager
def _turn(path: Path, wait: float, mode: str) -> Generator[None]:
    """Hold the lock file: with others who read, or alone to write."""
    try:
        file = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        # where nothing can be written nobody writes to the store either, and DuckDB says why
        yield
        return
    try:
        _wait_for(file, path, wait, fcntl.LOCK_SH if mode == _READ_ONLY else fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)


def _wait_for(file: int, path: Path, wait: float, lock: int) -> None:
    deadline = time.monotonic() + wait
    while True:
        try:
            fcntl.flock(file, lock | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > deadline:
                raise _held(path, wait) from error
            time.sleep(_POLL_SECONDS)
        else:
            return


def _held(path: Path, wait: float) -> TryAgain:
    return TryAgain(
        f"Another program has held {path} for {wait:.0f} seconds.",
        "Wait for it to end, then run this again.",
    )


def _attach(connection: duckdb.DuckDBPyConnection, path: Path, wait: float, mode: str) -> None:
    deadline = time.monotonic() + wait
    if path.exists() and not exists(path):
        path.unlink()
    while True:
        try:
            connection.execute(f"ATTACH '{quoted(path)}' AS store {mode}")
        except duckdb.IOException as error:
            if _LOCKED not in str(error):
                raise
            if time.monotonic() > deadline:
                raise _held(path, wait) from error
            time.sleep(_POLL_SECONDS)
        else:
            return


def _disk_error(path: Path, error: duckdb.Error) -> HubbubError:
    said = str(error)
    if "not a valid DuckDB" in said:
        return HubbubError(
            f"{path} is no store of Hubbub's, or it is damaged.",
            "Move it away and import your archives again, or restore it from a backup.",
        )
    if _NO_SPACE.search(said):
        return HubbubError(
            f"The disk that holds {path.parent} is full.",
            "Make room, then run this again. What was there is as it was.",
        )
    if "ermission" in said or "Read-only" in said or "read-only" in said:
        return HubbubError(
            f"{path.parent} may not be written.", "Check its permissions, or take another --home."
        )
    return HubbubError(
        f"The store {path} cannot be used: {said.splitlines()[0]}",
        "Check the disk and the file's permissions.",
    )


def _version(connection: duckdb.DuckDBPyConnection, path: Path) -> int:
    """The store's version; 0 for a new one. Raises `HubbubError` if it is newer than this."""
    try:
        version = first_row(connection, "SELECT coalesce(max(version), 0) FROM store.schema")[0]
    except duckdb.CatalogException:
        return 0
    if version > VERSION:
        raise HubbubError(
            f"{path} was written by a newer Hubbub (schema {version}, this one knows {VERSION}).",
            "Update Hubbub: its store cannot be read by an older one.",
        )
    return version


def _migrate(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    version = _version(connection, path)
    if version == VERSION:
        return
    connection.execute("BEGIN")
    connection.execute(_WRITES.format(database="store"))
    begin_write(connection, is_migration=True)
    for step in range(version or VERSION, VERSION):  # a new store has nothing to be led on
        connection.execute(_STEPS.get(step, ""))
    _create(connection, "store")
    connection.execute("COMMIT")


def _create(connection: duckdb.DuckDBPyConnection, database: str) -> None:
    """Create what a database lacks of this version's tables and columns."""
    columns = connection.execute(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = $1", [database]
    )
    there = {*columns.fetchall()}
    statements = [_WRITES.format(database=database)]
    for table in TABLES.values():
        wanted = {
            column.name: f"{column.name} {_sql_type(column.name, column.type.value)}"
            for column in table.columns
        } | {WRITTEN_IN: COLUMN}
        lacking = [sql for name, sql in wanted.items() if (table.name, name) not in there]
        if len(lacking) == len(wanted):
            statements.append(f"CREATE TABLE {database}.{table.name} ({', '.join(lacking)})")
        else:
            alter = f"ALTER TABLE {database}.{table.name} ADD COLUMN"
            statements += [f"{alter} {each}" for each in lacking]
    statements += [
        f"CREATE TABLE IF NOT EXISTS {database}.schema (version INTEGER)",
        f"DELETE FROM {database}.schema",
        f"INSERT INTO {database}.schema VALUES ({VERSION})",
    ]
    connection.execute("; ".join(statements))


def _sql_type(name: str, sql: str) -> str:
    """How a column is packed, where it is known better than DuckDB finds out: trying all ways on
    the largest columns takes a third of a merge."""
    packing = _PACKING.get(name)
    return f"{sql} USING COMPRESSION {packing}" if packing else sql


_PACKING = {"canonical": "zstd", "text": "zstd", "ts": "uncompressed"}
