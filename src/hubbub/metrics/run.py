"""Runs metrics in a DuckDB session."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa

from hubbub.core.instants import begin_of, end_of
from hubbub.errors import BadContent, UsageError
from hubbub.metrics.catalog import Catalog
from hubbub.metrics.header import BUILT_IN, Metric

_SQL_TYPES = {
    "id": {"VARCHAR"},
    "text": {"VARCHAR"},
    "integer": {"BIGINT", "INTEGER", "HUGEINT", "UBIGINT", "TINYINT"},
    "number": {"DOUBLE"},
    "flag": {"BOOLEAN"},
    "instant": {"TIMESTAMP WITH TIME ZONE"},
    "date": {"DATE"},
}


@dataclass(frozen=True)
class Query:
    """A metric's query with its parameters' values, as DuckDB takes them."""

    metric: Metric
    values: dict[str, Any]
    since: datetime | None
    """Begin of the window; None for the beginning, or where the metric has no window."""
    as_of: datetime


class Runner:
    """Runs the metrics of a catalog in one session; makes the views that they need on the way."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, catalog: Catalog, timezone: str
    ) -> None:
        self._connection = connection
        self._catalog = catalog
        self._zone = ZoneInfo(timezone)
        self._made: set[str] = set()

    def prepare(self, metric: Metric, given: Mapping[str, str | None] | None = None) -> Query:
        """A metric's query with the values of its parameters: those given, else the defaults.

        Raises `UsageError` for unknown parameters and values that cannot be read, `BadContent` if
        the query fails or its columns are not those of the header.
        """
        chosen = {name: value for name, value in (given or {}).items() if value is not None}
        for name in chosen:
            if name not in metric.parameters and name not in BUILT_IN:
                known = ", ".join([*metric.parameters, *BUILT_IN])
                raise UsageError(
                    f"The metric {metric.name} has no parameter {name!r}.", f"It has: {known}."
                )
        self.make_views([metric.sql])
        values = self._values(metric, chosen)
        since = values.get("since")
        query = Query(
            metric,
            {name: values[name] for name in metric.uses},
            None if since == _BEGINNING else since,
            values["as_of"],
        )
        self._check_columns(query)
        return query

    def run(self, query: Query) -> pa.Table:
        """The rows of a prepared query."""
        return self._connection.sql(query.metric.sql, params=query.values).to_arrow_table()

    def copy(self, query: Query, target: str, options: str) -> int:
        """Write the rows of a prepared query to a file; returns how many they were."""
        quoted = target.replace("'", "''")
        statement = f"COPY ({query.metric.sql}) TO '{quoted}' ({options})"
        return self._connection.execute(statement, query.values).fetchall()[0][0]

    def as_of(self, given: str | None) -> datetime:
        """The end of the window: now, the newest message, a day (its end) or an instant."""
        if given in {None, "", "now"}:
            return datetime.now(UTC)
        if given == "latest":
            return self.newest() or datetime.now(UTC)
        assert given is not None
        return end_of("as_of", given, self._zone)

    def newest(self) -> datetime | None:
        """When the newest message was posted; None if there is none."""
        query = "SELECT epoch_us(max(posted_at)) FROM messages WHERE deleted_at IS NULL"
        micros = self._connection.execute(query).fetchall()[0][0]
        return None if micros is None else _EPOCH + timedelta(microseconds=micros)

    def make_views(self, queries: list[str]) -> None:
        """Make the views that some queries read, and those that they read in turn."""
        for view in self._catalog.needed_views(queries):
            if view.name in self._made:
                continue
            if "zones" in view.text:
                self._connection.register("zones", _zones())
            try:
                self._connection.execute(f"CREATE TEMP VIEW {view.name} AS {view.text}")
            except duckdb.Error as error:
                raise _wrong_sql(view.wrong, view.text, view.text, error) from error
            self._made.add(view.name)

    def _values(self, metric: Metric, chosen: dict[str, str]) -> dict[str, Any]:
        as_of = self.as_of(chosen.get("as_of"))
        values: dict[str, Any] = {"as_of": as_of, "timezone": self._zone.key}
        for name, parameter in metric.parameters.items():
            value = chosen.get(name, parameter.default)
            if name == "since":
                values[name] = self._since(str(value), as_of)
            elif name == "channel":
                values[name] = self._named("channels", "channel_id", str(value).removeprefix("#"))
            elif name == "member":
                values[name] = self._named("names", "user_id", str(value).removeprefix("@"))
            else:
                values[name] = _like(metric, name, value, parameter.default)
        return values

    def _since(self, value: str, as_of: datetime) -> datetime:
        if not value:
            return _BEGINNING
        return begin_of("since", value, as_of, self._zone)

    def _named(self, table: str, key: str, value: str) -> str | None:
        """The id of a channel or member that is named by name or id; None for no choice."""
        if not value:
            return None
        self.make_views([f"SELECT * FROM {table}"])
        found = self._connection.execute(
            f"SELECT DISTINCT {key} FROM {table} WHERE {key} = $1 OR name = $1", [value]
        ).fetchall()
        if len(found) == 1:
            return found[0][0]
        if found:
            shown = ", ".join(sorted(row[0] for row in found))
            raise UsageError(f"{value!r} names several: {shown}.", "Give the id.")
        what = "channel" if table == "channels" else "member"
        raise UsageError(
            f"There is no {what} {value!r}.",
            "See: hubbub list channels" if what == "channel" else "Give the id.",
        )

    def _check_columns(self, query: Query) -> None:
        metric = query.metric
        try:
            described = self._connection.execute(f"DESCRIBE {metric.sql}", query.values).fetchall()
        except duckdb.Error as error:
            raise _wrong_sql(metric.file.wrong, metric.file.text, metric.sql, error) from error
        found = {row[0]: row[1] for row in described}
        if list(found) != list(metric.columns):
            raise metric.file.wrong(
                metric.file.line_of("[columns]"),
                f"the query gives the columns {', '.join(found)}, "
                f"the header declares {', '.join(metric.columns)}",
                "Let the header declare the query's columns, in their order.",
            )
        for column in metric.columns.values():
            if found[column.name] not in _SQL_TYPES[column.type]:
                raise metric.file.wrong(
                    metric.file.line_of(column.name),
                    f"the column {column.name!r} is {found[column.name]}, no {column.type}",
                    "Cast it in the query, or declare another type.",
                )


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BEGINNING = _EPOCH


def _like(metric: Metric, name: str, value: Any, default: Any) -> Any:
    """A parameter's value as the type of its default."""
    if isinstance(value, type(default)):
        return value
    try:
        return type(default)(value)
    except ValueError as error:
        raise UsageError(
            f"{name} {value!r} is no {type(default).__name__}.",
            f"See: hubbub list metrics {metric.name}",
        ) from error


def _wrong_sql(wrong: Any, text: str, sql: str, error: duckdb.Error) -> BadContent:
    """An error of DuckDB's, with the line of the file that it is about."""
    said = str(error)
    reason, _, rest = said.partition("\n\n")
    line = 1 + text[: max(text.find(sql), 0)].count("\n")
    for part in rest.splitlines():
        if part.startswith("LINE ") and ":" in part:
            line += int(part[5 : part.index(":")]) - 1
            break
    return wrong(line, reason.splitlines()[0], "Correct the query. Try it with: hubbub sql")


def _zones() -> pa.Table:
    """Country and city of each time zone that the tz database's zone table names."""
    folder = files("tzdata") / "zoneinfo"
    countries = dict(_tabbed((folder / "iso3166.tab").read_text(encoding="utf-8")))
    rows = [
        {"tz": zone, "iso": iso, "country": countries.get(iso, ""),
         "city": zone.rpartition("/")[2].replace("_", " ")}
        for iso, _, zone, *_ in _tabbed((folder / "zone.tab").read_text(encoding="utf-8"))
    ]  # fmt: skip
    return pa.Table.from_pylist(rows)


def _tabbed(text: str) -> list[list[str]]:
    return [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]
