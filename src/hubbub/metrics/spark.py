"""Runs metrics on a Spark Connect engine, over the tables of a lake."""

import os
import re
import warnings
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import duckdb
import pyarrow as pa
from msgspec import Struct

from hubbub.core.tables import TABLES, Type
from hubbub.core.warehouse import DAY
from hubbub.errors import HubbubError, TryAgain, UsageError
from hubbub.metrics.catalog import Catalog
from hubbub.metrics.run import Query, Runner
from hubbub.metrics.translation import translated, translated_question

_arrow: Any = pa
"""pyarrow without its types, which are partly unknown."""

_DIALECT = "spark"
_SETTINGS = {"spark.sql.session.timeZone": "UTC", "spark.sql.ansi.enabled": "true"}
_ATTEMPTS_TO_GREET = 1
_ATTEMPTS = 5
"""How often is tried again what the engine does not answer, for some 20 seconds in all; Spark's
client would go on for ten minutes."""
_COLUMNS = {
    Type.TEXT: "STRING",
    Type.INTEGER: "BIGINT",
    Type.FLAG: "BOOLEAN",
    Type.INSTANT: "TIMESTAMP",
}
_ARROW = {
    "id": _arrow.string(),
    "text": _arrow.string(),
    "markup": _arrow.string(),
    "integer": _arrow.int64(),
    "number": _arrow.float64(),
    "flag": _arrow.bool_(),
    "instant": _arrow.timestamp("us", "UTC"),
    "date": _arrow.date32(),
}
_NETLOC = re.compile(r"(?:[\w.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?")
_READ = re.compile(r"\b(?:FROM|JOIN)\s+([a-z_]+)")
_STATUS = re.compile(r'StatusCode\.(\w+)\s+details = "([^"]*)"')
_LOGGED = re.compile(r"\s*(?:JVM stacktrace:|SQLSTATE:|\n).*", re.DOTALL)


class LakeTable(Struct, frozen=True):
    """A table of a lake, as an engine reads it."""

    folder: str
    """As the engine names it: a URL, or a path."""
    form: str
    """parquet or delta."""
    has_days: bool
    """Whether its files lie in folders by day."""
    has_files: bool
    """Spark refuses to read a folder without any."""


def url_of(folder: Path) -> str:
    """A folder of this machine as engines name it: as it is, for Apache Spark takes `%20` for three
    letters. A real `%` may follow no scheme, for Sail takes it for the beginning of such a code."""
    return str(folder) if "%" in str(folder) else f"file://{folder}"


class Engine:
    """A session on a Spark Connect engine; `connected` opens one."""

    def __init__(
        self, session: Any, server: str, tables: Mapping[str, LakeTable], lake: str
    ) -> None:
        self._session = session
        self._server = server
        self._tables = tables
        self._lake = lake
        self._known: set[str] = set()

    def table(self, name: str) -> str:
        """Let the engine know a table by its name; returns that. Raises `HubbubError` if the lake
        has none."""
        if name in self._known:
            return name
        table = self._tables.get(name)
        if table is None:
            raise HubbubError(
                f"{self._lake} lacks the table {name}, which is needed for this.",
                "Publish all tables there: hubbub publish LAKE, without --tables.",
            )
        columns = {each.name: _COLUMNS[each.type] for each in TABLES[name].public}
        with self.explained():
            if table.has_files:
                reader = self._session.read.format(table.form)
                if table.form == "parquet":
                    # said, not looked for: files from before a column was added lack it
                    days = {DAY: "DATE"} if table.has_days else {}
                    reader = reader.schema(_listed({**columns, **days}))
                rows = reader.load(table.folder)
            else:
                rows = self._session.createDataFrame([], _listed(columns))
            rows.createOrReplaceTempView(name)
        self._known.add(name)
        return name

    def rows(self, sql: str) -> pa.Table:
        """The rows of a statement in Spark's SQL."""
        with self.explained():
            return self._session.sql(sql).toArrow()

    @contextmanager
    def explained(self) -> Generator[None]:
        """What Spark's client raises, in Hubbub's words."""
        errors: Any = import_module("pyspark.errors")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that it has tried in vain, which is said below
                yield
        except errors.PySparkException as error:
            raise self._failed(str(error)) from error

    def _failed(self, said: str) -> HubbubError:
        status = _STATUS.search(said)
        if status is not None and status[1] in {"UNAVAILABLE", "DEADLINE_EXCEEDED"}:
            return TryAgain(
                f"The engine {self._server} does not answer ({_last(status[2])}).",
                "See that a Spark Connect server runs there and can be reached from here.",
            )
        if status is not None and status[1] in {"UNAUTHENTICATED", "PERMISSION_DENIED"}:
            return HubbubError(
                f"The engine {self._server} does not let us in ({_last(status[2])}).",
                "Put its token into SPARK_CONNECT_AUTHENTICATE_TOKEN.",
            )
        first = status[2] if status is not None else _LOGGED.sub("", said.strip())
        if re.search(r"PATH_NOT_FOUND|FileSystem|AccessDenied|NoSuchBucket|No such file", said):
            return HubbubError(
                f"The engine {self._server} cannot read {self._lake}: {first}",
                "The engine reads the lake by itself: it needs the same path, or S3's libraries "
                "and a login of its own. See docs/scale.md.",
            )
        return HubbubError(
            f"The engine {self._server} cannot do this: {first}",
            "Its own log says more. Without --engine the metric runs on Hubbub's own store.",
        )


def _last(said: str) -> str:
    """What a chain of reasons ends with."""
    return said.removesuffix(": OK").rsplit(": ", 1)[-1].rstrip("].")


def _listed(columns: Mapping[str, str]) -> str:
    return ", ".join(f"`{name}` {kind}" for name, kind in columns.items())


@contextmanager
def connected(url: str, tables: Mapping[str, LakeTable], lake: str) -> Generator[Engine]:
    """A session on the engine at `sc://host:port`, over the tables of the lake of that title.

    Raises `UsageError` for other addresses and without Spark's client, `TryAgain` if the engine
    does not answer.
    """
    server = _server(url)
    try:
        sessions: Any = import_module("pyspark.sql.connect.session")
        retries: Any = import_module("pyspark.sql.connect.client.retries")
    except ImportError:
        raise UsageError(
            "Metrics on Spark need its client, which is not installed.",
            "Install it: pip install 'hubbub[spark]'.",
        ) from None
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # it would write to the terminal by itself
    session = sessions.SparkSession(url, userId="hubbub")
    session.client.set_retry_policies([retries.DefaultPolicy(max_retries=_ATTEMPTS_TO_GREET)])
    engine = Engine(session, server, tables, lake)
    try:
        with engine.explained():
            for name, value in _SETTINGS.items():
                session.conf.set(name, value)
    except HubbubError:
        session.client.close()
        raise
    session.client.set_retry_policies([retries.DefaultPolicy(max_retries=_ATTEMPTS)])
    try:
        yield engine
    finally:
        session.stop()


def _server(url: str) -> str:
    """The engine's host and port. Raises `UsageError` if it is not one of Spark Connect."""
    parts = urlsplit(url)
    if parts.scheme != "sc" or not _NETLOC.fullmatch(parts.netloc):
        scheme = f"{parts.scheme}://…" if parts.scheme else "That"
        raise UsageError(
            f"{scheme} is no address of a Spark Connect engine.", "Write --engine sc://HOST:15002"
        )
    if ";token=" in parts.path:
        raise UsageError(
            "The engine's address holds a token, which others on this machine could read.",
            "Put it into SPARK_CONNECT_AUTHENTICATE_TOKEN instead.",
        )
    return parts.netloc


class LakeRunner(Runner):
    """Runs metrics over a lake: all rows, so only where no small groups are suppressed."""

    def __init__(self, engine: Engine, catalog: Catalog, timezone: str) -> None:
        names: Any = _Names(self._asked)
        super().__init__(names, catalog, timezone, smallest_group=1)
        self._engine = engine

    def make_views(self, queries: list[str]) -> None:
        """Nothing: each statement has the views that it needs in it."""

    def newest(self) -> datetime | None:
        """When the newest message was posted; None if there is none."""
        query = "SELECT max(posted_at) AS posted_at FROM messages WHERE deleted_at IS NULL"
        return self._asked(query).to_pylist()[0]["posted_at"]

    def run(self, query: Query) -> pa.Table:
        """The rows of a prepared query. Raises `Untranslatable`."""
        metric = query.metric
        sql = translated(
            self._catalog,
            metric,
            _DIALECT,
            timezone=self._zone.key,
            tables=self._engine.table,
            values=query.values,
            ids_of=self.ids_of,
        )
        kinds = [(column.name, _ARROW[column.type]) for column in metric.columns.values()]
        return self._engine.rows(sql).cast(_arrow.schema(kinds))

    def _check_columns(self, query: Query) -> None:
        """Nothing: the translation does."""

    def _asked(self, query: str) -> pa.Table:
        """The rows of a query of Hubbub's own."""
        sql = translated_question(
            self._catalog, query, _DIALECT, timezone=self._zone.key, tables=self._engine.table
        )
        return self._engine.rows(sql)


class _Names:
    """A session that answers what a runner asks about members and channels: it fetches the tables
    and views of names, which are small, when they are first asked for."""

    def __init__(self, asked: Callable[[str], pa.Table]) -> None:
        self._asked = asked
        self._session = duckdb.connect()
        self._fetched: set[str] = set()

    def execute(self, query: str, values: object = None) -> duckdb.DuckDBPyConnection:
        """Run a query."""
        for name in set(_READ.findall(query)) - self._fetched:
            self._session.register(name, self._asked(f"SELECT * FROM {name}"))
            self._fetched.add(name)
        return self._session.execute(query, values)
