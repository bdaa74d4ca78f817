"""Runs metrics in a DuckDB session."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import duckdb
from msgspec import Struct
from msgspec.structs import replace

from hubbub.core import periods
from hubbub.core.instants import begin_of, end_of
from hubbub.core.periods import Bounds
from hubbub.core.quoting import quoted
from hubbub.errors import BadContent, UsageError
from hubbub.metrics import small_groups
from hubbub.metrics.catalog import Catalog
from hubbub.metrics.header import BUILT_IN, Metric
from hubbub.metrics.pack_settings import Setting
from hubbub.metrics.small_groups import Quiet, quiet
from hubbub.metrics.user_groups import group_named, read_groups

if TYPE_CHECKING:
    import pyarrow as pa

_SQL_TYPES = {
    "id": {"VARCHAR"},
    "text": {"VARCHAR"},
    "markup": {"VARCHAR"},
    "integer": {"BIGINT", "INTEGER", "HUGEINT", "UBIGINT", "TINYINT"},
    "number": {"DOUBLE"},
    "flag": {"BOOLEAN"},
    "instant": {"TIMESTAMP WITH TIME ZONE"},
    "date": {"DATE"},
}


class Query(Struct, frozen=True):
    """A metric's query with its parameters' values, as DuckDB takes them."""

    metric: Metric
    values: dict[str, Any]
    since: datetime | None
    """Begin of the window; None for the beginning, or where the metric has no window."""
    as_of: datetime
    bounds: Bounds | None = None
    """The days that rows may be about, where small groups are suppressed."""


class Runner:
    """Runs the metrics of a catalog in one session; makes the views that they need on the way.

    It is the only way by which rows of a metric leave, and no figure about fewer members than
    `smallest_group` does; 1 lets all through.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        catalog: Catalog,
        timezone: str,
        *,
        smallest_group: int,
    ) -> None:
        self._connection = connection
        self._catalog = catalog
        self._zone = ZoneInfo(timezone)
        self._smallest_group = smallest_group
        self._made: set[str] = set()
        self._quiet: Quiet | None = None
        if smallest_group > 1:
            self._quiet = self._without_quiet_times()

    def prepare(self, metric: Metric, given: Mapping[str, str | None] | None = None) -> Query:
        """A metric's query with the values of its parameters: those given, else the defaults.

        Raises `UsageError` for unknown parameters and values that cannot be read, `TooFewMembers`
        for what may not leave, `BadContent` if the query fails or its columns are not those of the
        header.
        """
        chosen = {name: value for name, value in (given or {}).items() if value is not None}
        for name in chosen:
            if name not in metric.parameters and name not in BUILT_IN:
                known = ", ".join([*metric.parameters, *BUILT_IN])
                raise UsageError(
                    f"The metric {metric.name} has no parameter {name!r}.", f"It has: {known}."
                )
        is_guarded = self._quiet is not None and metric.members != "none"
        if is_guarded:
            small_groups.refuse(metric, chosen, self._smallest_group)
        self.make_views([metric.sql])
        values = self._values(metric, chosen)
        since = values.get("since")
        query = Query(
            metric,
            {name: values[name] for name in metric.uses},
            None if since == BEGINNING else since,
            values["as_of"],
        )
        if is_guarded:
            query = self._bounded(query)
        self._check_columns(query)
        return query

    def run(self, query: Query) -> "pa.Table":
        """The rows of a prepared query. Where small groups are suppressed, rows about members say
        so in a column more, `suppressed`."""
        rows = self._connection.sql(query.metric.sql, params=query.values).to_arrow_table()
        if self._quiet is None or query.bounds is None:
            return rows
        views = {view.name for view in self._catalog.needed_views([query.metric.sql])}
        return small_groups.suppress(
            query.metric,
            rows,
            self._smallest_group,
            query.bounds,
            self._quiet,
            of_days=_OF_DAYS in views,
        )

    def copy(self, query: Query, target: str, options: str) -> int:
        """Write the rows of a prepared query to a file; returns how many they were."""
        source, values = query.metric.sql, query.values
        if self._quiet is not None:
            self._connection.register("released", self.run(query))
            source, values = "FROM released", {}
        statement = f"COPY ({source}) TO '{quoted(target)}' ({options})"
        return self._connection.execute(statement, values).fetchall()[0][0]

    def as_of(self, given: str | None) -> datetime:
        """The end of the window: now, the newest message, a day (its end) or an instant."""
        if given in {None, "", "now"}:
            return datetime.now(UTC)
        if given == "latest":
            return self.newest() or datetime.now(UTC)
        assert given is not None
        return end_of("as_of", given, self._zone)

    def newest(self) -> datetime | None:
        """When the newest message was posted; None if there is none. Where small groups are
        suppressed only its day is told, by its last instant, and only of times that are shown: else
        it would tell each time that somebody is the first to write on a day."""
        query = "SELECT epoch_us(max(posted_at)) FROM messages WHERE deleted_at IS NULL"
        values: list[datetime] = []
        if self._quiet is not None:
            until = periods.released_until(datetime.now(UTC), self._zone)
            values = [Bounds(None, until, self._zone).as_of]
            query += " AND posted_at <= $1"
        micros = self._connection.execute(query, values).fetchall()[0][0]
        if micros is None:
            return None
        moment = _EPOCH + timedelta(microseconds=micros)
        return moment if self._quiet is None else periods.end_of_day(moment, self._zone)

    def make_views(self, queries: list[str]) -> None:
        """Make the views that some queries read, and those that they read in turn."""
        for view in self._catalog.needed_views(queries):
            if view.name in self._made:
                continue
            if view.name in self._catalog.settings:
                settings = self._catalog.settings[view.name]
                row = settings.row(self._zone.key, self.ids_of)
                self._connection.register(view.name, row)
                self._made.add(view.name)
                continue
            if view.name == _OF_DAYS:
                self._connection.register("quiet_days", self._quiet_days())
            if "zones" in view.text:
                self._connection.register("zones", zones())
            try:
                self._connection.execute(f"CREATE TEMP VIEW {view.name} AS {view.text}")
            except duckdb.Error as error:
                raise _wrong_sql(view.wrong, view.text, view.text, error) from error
            self._made.add(view.name)

    def _without_quiet_times(self) -> Quiet:
        """Leave out of the messages what was said when too few members wrote; returns when."""
        self.make_views(["SELECT * FROM people_messages"])
        day = f"(posted_at AT TIME ZONE '{self._zone.key}')::DATE"
        members = f"""
            SELECT {{}}, count(DISTINCT user_id)
            FROM (SELECT user_id, {day} AS day FROM people_messages) GROUP BY ALL"""
        part = "date_trunc('week', day)::DATE, date_trunc('month', day)::DATE"
        parts = self._connection.execute(members.format(part)).fetchall()
        days = self._connection.execute(members.format("day")).fetchall()
        found = quiet(
            {(week, month): count for week, month, count in parts},
            dict(days),
            self._smallest_group,
        )
        left_out = [
            day
            for part in found.parts
            for day in periods.days_between(part[0], part[0] + timedelta(days=7))
            if periods.part_of(day) == part
        ]
        self._connection.register("left_out_days", _days(left_out))
        self._connection.execute(f"""
            CREATE TEMP VIEW messages AS
            SELECT * FROM memory.main.messages WHERE posted_at IS NULL
            OR {day} NOT IN (SELECT day FROM left_out_days)""")
        return found

    def _quiet_days(self) -> "pa.Table":
        """Begin and end of the days that small groups hide."""
        import pyarrow as pa

        arrow: Any = pa
        days = sorted(self._quiet.days) if self._quiet else []
        bounds = [Bounds(day, day + timedelta(days=1), self._zone) for day in days]
        instant = arrow.timestamp("us", tz="UTC")
        return arrow.table({
            "begins_at": arrow.array([each.since for each in bounds], instant),
            "ends_at": arrow.array([each.as_of for each in bounds], instant),
        })  # fmt: skip

    def _bounded(self, query: Query) -> Query:
        """A query whose values do not depend on the window, so that windows have no differences;
        its window is cut to whole periods that have ended."""
        now = datetime.now(UTC)
        period = small_groups.period_of(query.metric)
        if period:
            bounds = periods.whole_periods(period, query.since, query.as_of, now, self._zone)
            until = Bounds(None, periods.released_until(now, self._zone), self._zone)
            values: dict[str, Any] = {"since": BEGINNING, "as_of": until.as_of}
        else:
            bounds = periods.last_month(query.as_of, now, self._zone)
            values = {"since": bounds.since, "as_of": bounds.as_of}
        chosen = {name: values.get(name, value) for name, value in query.values.items()}
        return Query(query.metric, chosen, bounds.since, bounds.as_of, bounds)

    def _values(self, metric: Metric, chosen: dict[str, str]) -> dict[str, Any]:
        as_of = self.as_of(chosen.get("as_of"))
        values: dict[str, Any] = {"as_of": as_of, "timezone": self._zone.key}
        for name, parameter in metric.parameters.items():
            value = chosen.get(name, parameter.default)
            if name == "since":
                values[name] = self._since(str(value), as_of)
            elif name == "channel":
                values[name] = self._named(_CHANNEL, str(value).removeprefix("#"))
            elif name == "member":
                values[name] = self._named(_MEMBER, str(value).removeprefix("@"))
            else:
                values[name] = _like(metric, name, value, parameter.default)
        return values

    def _since(self, value: str, as_of: datetime) -> datetime:
        if not value:
            return BEGINNING
        return begin_of("since", value, as_of, self._zone)

    def _named(self, kind: "_Kind", value: str) -> str | None:
        """The id of a channel or member that is named by name or id; None for no choice."""
        if not value:
            return None
        self.make_views([f"FROM {kind.names} JOIN {kind.ids}"])
        found = self._connection.execute(
            f"SELECT {kind.key} FROM {kind.names} WHERE name = lower(trim($1)) "
            f"UNION SELECT {kind.key} FROM {kind.ids} WHERE {kind.key} = $1",
            [value],
        ).fetchall()
        if len(found) == 1:
            return found[0][0]
        if found:
            shown = ", ".join(sorted(row[0] for row in found))
            raise UsageError(f"{value!r} names several: {shown}.", "Give the id.")
        known = self._connection.execute(f"SELECT DISTINCT name FROM {kind.names}").fetchall()
        names = [name for (name,) in known if name]
        near = get_close_matches(value.strip().lower(), names, 3, 0.6)
        hint = f"Did you mean {' or '.join(near)}? " if near else ""
        raise UsageError(f"There is no {kind.called} {value!r}.", f"{hint}{kind.fix}")

    def ids_of(self, setting: Setting) -> list[str]:
        """The members whom a setting names. Raises `BadContent` for a name that is nobody's."""
        found: set[str] = set()
        for entry in setting.value:
            try:
                found.update(self._members_of(entry.strip()))
            except UsageError as error:
                reason = f"{setting.name}: {error.reason}"
                raise setting.wrong(entry, reason, error.fix) from error
        return sorted(found)

    def _members_of(self, entry: str) -> list[str]:
        """The ids that stand for `#channel`, a user group, a member's name, or an id."""
        if entry.startswith("#"):
            inside = "SELECT user_id FROM memberships WHERE channel_id = $1"
            channel = self._named(_CHANNEL, entry.removeprefix("#"))
            found = self._connection.execute(inside, [channel]).fetchall()
            if not found:
                fix = "Collect that channel, or name the members."
                raise UsageError(f"Nobody is known to be in {entry}.", fix)
            return [row[0] for row in found]
        name = entry.removeprefix("@")
        self.make_views([f"FROM {_MEMBER.names}"])
        namesakes = self._connection.execute(
            "SELECT user_id FROM known_names WHERE name = lower(trim($1))", [name]
        ).fetchall()
        group = group_named(read_groups(self._connection), name, [row[0] for row in namesakes])
        if group is not None:
            return [*group.members]
        if _is_id(entry) and self._keeps_ids():
            return [entry]  # one who is not in the store may have opted out: no error
        member = self._named(_MEMBER_OR_GROUP, name)
        return [member] if member else []

    def _keeps_ids(self) -> bool:
        """Whether members are called by Slack's ids, not by pseudonyms."""
        query = "SELECT count(*) FROM users WHERE left(user_id, 1) IN ('U', 'W') AND NOT is_bot"
        return self._connection.execute(query).fetchall()[0][0] > 0

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


class _Kind(Struct, frozen=True):
    """What a parameter can name: the view or table with ids and names, and what to say of it."""

    called: str
    names: str
    ids: str
    """Where those without a name are too, as under a policy that keeps none."""
    key: str
    fix: str


_CHANNEL = _Kind("channel", "channels", "channels", "channel_id", "See: hubbub list channels")
_MEMBER = _Kind("member", "known_names", "names", "user_id", "Give their handle, name or id.")
_MEMBER_OR_GROUP = replace(
    _MEMBER,
    called="member or user group",
    fix="Give a handle, name or id; user groups are those that hubbub collect could read.",
)
_is_id = re.compile(r"[UW][A-Z0-9]{5,}").fullmatch
_GREATEST = 2**63 - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BEGINNING = _EPOCH
_OF_DAYS = "messages_of_shown_days"
"""The view of messages for metrics that divide days further."""


def _days(days: list[date]) -> "pa.Table":
    import pyarrow as pa

    arrow: Any = pa
    return arrow.table({"day": arrow.array(days, arrow.date32())})


def _like(metric: Metric, name: str, value: Any, default: Any) -> Any:
    """A parameter's value as the type of its default."""
    if isinstance(value, type(default)):
        return value
    try:
        read = type(default)(value)
        if isinstance(read, int | float) and not -_GREATEST <= read <= _GREATEST:
            raise ValueError(name)  # too great, or no number at all
        return read  # noqa: TRY300 -- it belongs to what is tried
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


def zones() -> "pa.Table":
    """Country and city of each time zone that the tz database's zone table names."""
    import pyarrow as pa

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
