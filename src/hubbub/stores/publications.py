"""What is at a destination: its rows' keys and hashes, so that only what has changed is sent again.

A destination has two files in the workspace's folder, for its owner alone. The small one says what
was published and how far that came. The other is a DuckDB file with the keys of every row that is
there or may be there, and a 64-bit hash of what was sent. A key without a hash is of a row that was
about to arrive: it is sent again, or deleted there if it is gone by then.
"""

import hashlib
import os
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import duckdb
import msgspec
from msgspec import Struct
from msgspec.structs import replace

from hubbub.core.quoting import quoted
from hubbub.core.warehouse import Shape
from hubbub.errors import HubbubError
from hubbub.privacy.closed import in_turn, write_closed
from hubbub.stores.duckdb import Engine, explained

_TOLD = "told"
"""The table of the news that says of which tables all keys are new."""


class State(Struct, frozen=True):
    """What was published to a destination."""

    title: str
    identity: str
    mark: str | None = None
    """Of the last publication that ended there; None if what is there is not known."""
    coming: str | None = None
    """Of the publication that was begun and is not known to have ended."""
    tables: tuple[Shape, ...] = ()
    """What is there, or was about to be."""
    figures: dict[str, str] = {}
    """A digest of each metric's rows that are there."""
    written: dict[str, int] = {}
    """Of tables that are there, the write to the store up to which all rows are known as they are;
    of others, all are compared."""
    views: str = ""
    """A digest of the views that are there."""
    published_at: str = ""
    left_since: str = ""
    """Since when the file with the keys may have bytes of keys that are gone; empty if it has
    none."""
    owed: tuple[str, ...] = ()
    """Receipts of erasures that have not reached it yet."""
    owners: tuple[str, ...] = ()
    """What this workspace's marks there began with: other keys begin them otherwise."""


class Publication:
    """What is at one destination."""

    def __init__(self, folder: Path, identity: str) -> None:
        digest = hashlib.sha256(identity.encode()).hexdigest()[:16]
        self.file = folder / f"{digest}.json"
        self.keys = folder / f"{digest}.duckdb"
        self.lock = folder / f"{digest}.lock"

    def is_lock(self, descriptor: int) -> bool:
        """Whether an open lock file is still the one that others would open."""
        try:
            return os.path.samestat(os.fstat(descriptor), self.lock.stat())
        except FileNotFoundError:
            return False

    def state(self) -> State | None:
        """What is known; None if nothing was published there yet. Raises `HubbubError` if the file
        is damaged."""
        return _read(self.file)

    def note(self, state: State) -> None:
        """Write down what is known. Erasures that were noted meanwhile stay owed."""
        with in_turn(self.file):
            before = _read(self.file)
            owed = state.owed if before is None else (*before.owed,)
            _write(self.file, replace(state, owed=owed))

    def paid(self, receipts: Iterable[str]) -> None:
        """Take erasures off that have reached the destination."""
        with in_turn(self.file):
            state = _read(self.file)
            assert state is not None, "it was published before"
            left = tuple(each for each in state.owed if each not in {*receipts})
            _write(self.file, replace(state, owed=left))

    def expect(self, engine: Engine) -> None:
        """Remember, before anything is sent, which rows are about to arrive. The keys are attached
        since they were compared: rows are where they were then."""
        with self._opened(engine) as session:
            for name, keys, is_whole in _told(session):
                come, listed = f"news.come_{name}", ", ".join(keys)
                if is_whole:
                    _begin(session, name, listed)
                else:
                    session.execute(
                        f"UPDATE {name} AS t SET hash = NULL FROM {come} AS c "
                        "WHERE t.rowid = c.place"
                    )
                session.execute(
                    f"INSERT INTO {name} SELECT {listed}, NULL FROM {come}"
                    + ("" if is_whole else " WHERE place IS NULL")
                )

    def settle(self, engine: Engine) -> bool:
        """Remember that the rows have arrived, and that those that were gone are not there any
        more. Returns whether there is anything that the file may still have bytes of."""
        has_left = False
        with self._opened(engine, is_packed=True) as session:
            for name, keys, is_whole in _told(session):
                listed = ", ".join(keys)
                if is_whole:
                    _begin(session, name, listed)
                    session.execute(
                        f"INSERT INTO {name} SELECT {listed}, hash FROM news.come_{name}"
                    )
                else:
                    _fill(session, name, keys)
                gone = session.execute(
                    f"DELETE FROM {name} AS t USING news.gone_{name} AS c WHERE {_same(keys)}"
                )
                has_left |= is_whole or gone.fetchall() != [(0,)]
        return has_left

    def rewrite(self) -> None:
        """Write the keys into a new file: nothing is left of those that are gone."""
        fresh = self.keys.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        with explained(self.keys), closing(duckdb.connect(":memory:")) as session:
            session.execute(f"ATTACH '{quoted(self.keys)}' AS there (READ_ONLY)")
            session.execute(f"ATTACH '{quoted(fresh)}' AS fresh")
            fresh.chmod(0o600)
            session.execute("COPY FROM DATABASE there TO fresh")
        fresh.replace(self.keys)

    @contextmanager
    def _opened(
        self, engine: Engine, *, is_packed: bool = False
    ) -> Generator[duckdb.DuckDBPyConnection]:
        """A transaction on the file with the keys, beside the news that the engine holds. It is on
        the disk with the commit; into the file's pages it is packed only if that is said, for then
        nothing changes the same pages soon."""
        try:
            with explained(self.keys), engine.session() as session:
                session.execute(f"ATTACH IF NOT EXISTS '{quoted(self.keys)}' AS there")
                self.keys.chmod(0o600)
                session.execute("USE there; BEGIN")
                yield session
                session.execute("COMMIT")
                if is_packed:
                    session.execute("CHECKPOINT there")
        finally:
            engine.let_go("there")


def publications(folder: Path) -> list[State]:
    """What is known of all destinations, in the order of their titles."""
    found = filter(None, map(_read, folder.glob("*.json")))
    return sorted(found, key=lambda state: state.title)


def owe(folder: Path, receipt: str) -> list[str]:
    """Note an erasure for all destinations that hold rows; returns their titles."""
    titles: list[str] = []
    for file in sorted(folder.glob("*.json")):
        with in_turn(file):
            state = _read(file)
            if state is not None:
                _write(file, replace(state, owed=(*state.owed, receipt)))
                titles.append(state.title)
    return sorted(titles)


def begin_news(
    connection: duckdb.DuckDBPyConnection, news: Path
) -> Callable[[str, Sequence[str], bool], None]:
    """Attach a new file, in place of one that is there, for what a publication is about to change,
    as long as the engine lasts; tables are told of by name, key columns, and whether all that was
    there goes."""
    for left in news.parent.glob(f"{news.name}*"):
        left.unlink()
    # what is detached, and at the end the news themselves, need not be packed
    connection.execute("PRAGMA disable_checkpoint_on_shutdown")
    connection.execute(f"ATTACH '{quoted(news)}' AS news")
    connection.execute(f"CREATE TABLE news.{_TOLD} (name VARCHAR, keys VARCHAR[], whole BOOLEAN)")

    def tell(name: str, keys: Sequence[str], is_whole: bool) -> None:
        connection.execute(f"INSERT INTO news.{_TOLD} VALUES (?, ?, ?)", [name, [*keys], is_whole])

    return tell


def _told(session: duckdb.DuckDBPyConnection) -> list[tuple[str, list[str], bool]]:
    return session.execute(f"SELECT name, keys, whole FROM news.{_TOLD}").fetchall()


def _begin(session: duckdb.DuckDBPyConnection, name: str, listed: str) -> None:
    """Forget all keys that a table had."""
    session.execute(
        f"CREATE OR REPLACE TABLE {name} AS SELECT {listed}, hash FROM news.come_{name} LIMIT 0"
    )


def _fill(session: duckdb.DuckDBPyConnection, name: str, keys: Sequence[str]) -> None:
    """Give keys without a hash, as `expect` has left them, the hash of the row that has arrived:
    those that were there before by their place, which is quick, and all others by themselves."""
    filled = f"UPDATE {name} AS t SET hash = c.hash FROM news.come_{name} AS c WHERE t.hash IS NULL"
    [(come,)] = session.execute(f"SELECT count(*) FROM news.come_{name}").fetchall()
    [(known,)] = session.execute(f"{filled} AND t.rowid = c.place").fetchall()
    if known < come:
        session.execute(f"{filled} AND {_same(keys)}")


def _same(keys: Sequence[str]) -> str:
    return " AND ".join(f"t.{key} = c.{key}" for key in keys)


def _read(file: Path) -> State | None:
    try:
        return msgspec.json.decode(file.read_bytes(), type=State)
    except FileNotFoundError:
        return None
    except msgspec.MsgspecError as error:
        raise HubbubError(
            f"{file} is damaged: it does not say any more what was published where.",
            f"Remove it, and publish again: all rows are sent anew. rm {file}",
        ) from error


def _write(file: Path, state: State) -> None:
    write_closed(file, msgspec.json.encode(state).decode())
