"""How a PostgreSQL is spoken to."""

import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any, TypeVar

from hubbub.core.begun import awaited, begin, begun
from hubbub.destinations.postgres.address import Address
from hubbub.destinations.postgres.refusals import explained, lost, unreachable
from hubbub.destinations.postgres.statements import literal
from hubbub.errors import HubbubError, UsageError

if TYPE_CHECKING:
    from adbc_driver_manager import AdbcDatabase

T = TypeVar("T")

_CANCEL_SECONDS = 5
"""How long a Ctrl-C waits for a statement to end: the server may not answer."""
_BATCH_ROWS = 16_384


class Session:
    """A connection to a database, in which all is a transaction.

    It is spoken to by the driver's own calls: what the driver puts above them for Python loads all
    of Arrow, which takes longer than to bring a few rows. Statements run in threads, so that a
    Ctrl-C is heard; while one runs nothing else is done on the connection, for that would be
    answered in its place.
    """

    def __init__(self, database: "AdbcDatabase", title: str) -> None:
        import adbc_driver_manager as driver

        self._database = database
        self._connection = driver.AdbcConnection(database)
        self._connection.set_autocommit(False)
        self._title = title
        self._asked: Any = None
        """The last statement."""
        self._running: Future[Any] | None = None
        """Its work."""

    def run(self, statement: str) -> None:
        """Run a statement."""
        with self._statement() as asked:
            asked.set_sql_query(statement)
            self._done(asked, asked.execute_update)

    def run_all(self, statements: Sequence[str]) -> None:
        """Run statements in one round trip."""
        if statements:
            block = "; ".join(["BEGIN", *statements, "END"]).replace("BEGIN;", "BEGIN", 1)
            self.run(f"DO {literal(block)}")

    def rows(self, query: str, values: Sequence[str] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query; values stand for $1, $2 …"""
        import adbc_driver_postgresql as postgresql
        import pyarrow as pa

        arrow: Any = pa
        with self._statement() as asked:
            # else errors that come with a later row come without what they are
            asked.set_options(**{postgresql.StatementOptions.USE_COPY.value: "false"})
            asked.set_sql_query(query)
            if values:
                names = [str(number) for number, _ in enumerate(values)]
                asked.bind(arrow.record_batch([[each] for each in values], names))
            stream, _ = self._done(asked, asked.execute_query)
            try:
                table = arrow.RecordBatchReader.from_stream(stream).read_all()
            except (OSError, arrow.ArrowException):
                raise lost(self._title) from None
            return [*zip(*(column.to_pylist() for column in table.columns), strict=True)]

    def load(self, table: str, files: Sequence[Path], *, schema: str | None) -> None:
        """Append the rows of Parquet files to a table of a schema, or to a temporary one; as they
        are read, so that they need no memory."""
        if not files:
            return
        import adbc_driver_manager as driver

        option = driver.StatementOptions
        where = (
            {option.INGEST_TARGET_DB_SCHEMA: schema}
            if schema
            else {option.INGEST_TEMPORARY: "true"}
        )
        chosen = {
            option.INGEST_TARGET_TABLE: table,
            option.INGEST_MODE: driver.INGEST_OPTION_MODE_APPEND,
            **where,
        }
        with self._statement() as asked:
            asked.set_options(**{each.value: value for each, value in chosen.items()})
            asked.bind_stream(_without_zeros(files))
            self._done(asked, asked.execute_update)

    @property
    def answers(self) -> bool:
        """Whether the connection still holds, after a while in which nothing was asked."""
        try:
            self.run("SELECT 1")
            self._connection.rollback()
        except HubbubError:
            return False
        return True

    def close(self) -> None:
        """End the connection. It is left as it is while a statement runs, or was not ended by a
        Ctrl-C."""
        for each in (self._connection, self._database):
            with suppress(RuntimeError), self._forgiving():
                if self._is_at_rest:
                    each.close()

    def cancel(self) -> None:
        """End the statement that runs, if one does."""
        if self._running is not None:
            self._running.cancel()  # if it has not begun it never does
        ends_at = time.monotonic() + _CANCEL_SECONDS
        telling: Future[None] | None = None
        while not self._is_at_rest and time.monotonic() < ends_at:
            if telling is None or telling.done():  # the first may have come before it ran
                telling = begun(self._asked.cancel, "cancel")
            time.sleep(0.01)

    @contextmanager
    def transaction(self) -> Generator[None]:
        """All of what is run inside, or nothing."""
        try:
            yield
            with self._explained():
                self._connection.commit()
        except BaseException:
            with self._forgiving():
                if self._is_at_rest:
                    self._connection.rollback()
            raise

    @property
    def _is_at_rest(self) -> bool:
        """Whether no statement runs."""
        return self._running is None or self._running.done()

    @contextmanager
    def _statement(self) -> Generator[Any]:
        import adbc_driver_manager as driver

        with self._explained():
            statement = driver.AdbcStatement(self._connection)
            try:
                yield statement
            finally:
                if self._is_at_rest:
                    statement.close()

    def _done(self, statement: Any, work: Callable[[], T]) -> T:
        """The result of a statement's work; a Ctrl-C ends the work, or keeps it from beginning."""
        running: Future[T] = Future()
        self._asked, self._running = statement, running
        try:
            begin(work, "statement", running)
            return awaited(running)
        except BaseException:
            self.cancel()
            raise

    @contextmanager
    def _explained(self) -> Generator[None]:
        import adbc_driver_manager as driver

        try:
            yield
        except driver.Error as error:
            raise explained(error, self._title) from None  # it may quote rows

    @contextmanager
    def _forgiving(self) -> Generator[None]:
        """A connection that is lost has undone everything by itself."""
        import adbc_driver_manager as driver

        try:
            yield
        except driver.Error:
            return


class Line:
    """The way to a database: one connection, which stays open between two uses, for beginning it
    takes longer than most of what is asked."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._session: Session | None = None
        self._turn = RLock()

    @contextmanager
    def session(self) -> Generator[Session]:
        """The session; a new one if there is none that answers, and none is left after an error.
        Raises `HubbubError`, or `TryAgain` if the database cannot be reached."""
        with self._turn:
            if self._session is None or not self._session.answers:
                self.close()
                self._session = _connected(self._address)
            try:
                yield self._session
            except BaseException:
                self.close()
                raise

    def close(self) -> None:
        """End the connection, if there is one; what another thread does in it, which then ends
        it."""
        session = self._session
        if session is None:
            return
        if not self._turn.acquire(blocking=False):
            session.cancel()
            return
        try:
            session.close()
            self._session = None
        finally:
            self._turn.release()


def _connected(address: Address) -> Session:
    """A new session."""
    try:
        import adbc_driver_postgresql as postgresql
    except ImportError as error:
        raise UsageError(
            "Publishing to PostgreSQL needs its driver.", 'Run: pip install "hubbub[warehouse]"'
        ) from error
    import adbc_driver_manager as driver

    try:
        database = postgresql.connect(address.uri)
        try:
            return Session(database, address.title)
        except BaseException:
            database.close()
            raise
    except driver.Error as error:
        raise unreachable(error, address) from None


def _without_zeros(files: Sequence[Path]) -> Any:
    """The rows of Parquet files. PostgreSQL has no character 0 in texts: it is left out."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrow: Any = pa
    parquet: Any = pq
    batches = (
        _cleaned(batch)
        for file in files
        for batch in parquet.ParquetFile(file).iter_batches(_BATCH_ROWS)
    )
    return arrow.RecordBatchReader.from_batches(parquet.read_schema(files[0]), batches)


def _cleaned(batch: Any) -> Any:
    for index, column in enumerate(batch.columns):
        content = column.buffers()[2] if str(column.type) == "string" else None
        if content is not None and b"\0" in content.to_pybytes():
            batch = _without_zeros_in(batch, index)
    return batch


def _without_zeros_in(batch: Any, index: int) -> Any:
    # so few rows have one that what Arrow computes with is not loaded for the others
    import pyarrow.compute as pc

    compute: Any = pc
    cleaned = compute.replace_substring(batch.column(index), "\0", "")
    return batch.set_column(index, batch.schema.field(index), cleaned)
