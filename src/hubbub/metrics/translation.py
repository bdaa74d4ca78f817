"""Writes a metric as one statement for another engine: the views that it needs are in it, and the
values of its parameters.

SQLGlot reads DuckDB's SQL and writes the other; what it does not do right is in `dialects/`.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from sqlglot import exp, parse_one
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import SqlglotError, UnsupportedError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify

from hubbub.core.discovery import parts
from hubbub.core.instants import begin_of
from hubbub.core.tables import TABLES
from hubbub.errors import HubbubError
from hubbub.metrics import dialects
from hubbub.metrics.catalog import Catalog
from hubbub.metrics.header import Metric
from hubbub.metrics.pack_settings import Setting
from hubbub.metrics.run import BEGINNING, zones

_DUCKDB = "duckdb"
_STORE = "store"
"""The database that tables of the store are in, while a statement is a tree."""
_VIEW = "view_"
"""Before the names of views: a metric may call a query of its own as a view is called."""
_SCHEMA: dict[str, object] = {
    _STORE: {
        table.name: {column.name: column.type.value for column in table.public}
        for table in TABLES.values()
    }
}


def _as_its_first(_annotator: Any, node: exp.Expr) -> exp.Expr:
    node.type = node.this.type
    return node


def _less(annotator: Any, node: exp.Sub) -> exp.Expr:
    """A day less a day is a number of days; SQLGlot takes it for a day."""
    if node.this.is_type(exp.DType.DATE) and node.expression.is_type(exp.DType.DATE):
        node.type = exp.DType.BIGINT
        return node
    return _OF_DUCKDB[exp.Sub]["annotator"](annotator, node)


_OF_DUCKDB: dict[Any, Any] = {**Dialect.get_or_raise(_DUCKDB).EXPRESSION_METADATA}
_RESULTS: dict[Any, Any] = {
    **_OF_DUCKDB,
    exp.ArgMax: {"annotator": _as_its_first},
    exp.ArgMin: {"annotator": _as_its_first},
    exp.CurrentTimestamp: {"returns": exp.DType.TIMESTAMPTZ},
    exp.Left: {"returns": exp.DType.VARCHAR},
    exp.Replace: {"returns": exp.DType.VARCHAR},
    exp.SplitPart: {"returns": exp.DType.VARCHAR},
    exp.Sub: {"annotator": _less},
    exp.UnixToTime: {"returns": exp.DType.TIMESTAMPTZ},
}
"""The types of functions' results, with those that SQLGlot does not know."""
_TYPES = {"integer": "BIGINT", "number": "DOUBLE"}
"""The types that a metric's columns are cast to; of all others the query's own are right."""


class Untranslatable(HubbubError):
    """A metric that an engine cannot run."""

    def __init__(self, metric: Metric, dialect: str, reason: str) -> None:
        super().__init__(
            f"The metric {metric.name} cannot be written for {dialect}: {reason}",
            "Run it on Hubbub's own store, or change its query; see docs/engines.md.",
        )


def translated(
    catalog: Catalog,
    metric: Metric,
    dialect: str,
    *,
    timezone: str,
    tables: Callable[[str], str],
    values: Mapping[str, Any] | None = None,
    ids_of: Callable[[Setting], list[str]] = lambda setting: setting.value,
) -> str:
    """A metric as one statement in SQLGlot's dialect of that name.

    `tables` says how a table of the store is called there; `values` are those of parameters, as
    `Query.values` has them. Those that are not given have their defaults, with the window ending
    whenever the statement is run. `ids_of` finds the members that a setting of a pack names.

    Raises `Untranslatable`.
    """
    try:
        tree = _assembled(catalog, metric.sql, timezone, ids_of)
        tree = _typed(tree, _parameters(metric, timezone, values or {}))
        _cast(tree, metric)
        return _written(tree, dialect, tables)
    except SqlglotError as error:
        raise Untranslatable(metric, dialect, str(error).splitlines()[0]) from error


def translated_question(
    catalog: Catalog, sql: str, dialect: str, *, timezone: str, tables: Callable[[str], str]
) -> str:
    """A query of Hubbub's own over tables and views as one statement."""
    tree = _assembled(catalog, sql, timezone, lambda setting: setting.value)
    return _written(_typed(tree, {}), dialect, tables)


def _typed(tree: exp.Query, values: Mapping[str, exp.Expr]) -> exp.Query:
    """A query with the values of its parameters, and with the types of all that is in it."""
    _fill_in(tree, values)
    tree = qualify(tree, schema=_SCHEMA, dialect=_DUCKDB)
    tree = annotate_types(tree, schema=_SCHEMA, expression_metadata=_RESULTS, dialect=_DUCKDB)
    dialects.spell_out_groups(tree)
    return tree


def _written(tree: exp.Expr, dialect: str, tables: Callable[[str], str]) -> str:
    engines = parts(dialects, "fitted")
    if dialect in engines:
        tree = engines[dialect](tree)
    for table in tree.find_all(exp.Table):
        if table.db == _STORE:
            there = exp.to_table(tables(table.name), dialect=dialect)
            there.set("alias", table.args.get("alias"))
            table.replace(there)
    return tree.sql(dialect, pretty=True, comments=False, copy=False)


def _assembled(
    catalog: Catalog, sql: str, timezone: str, ids_of: Callable[[Setting], list[str]]
) -> exp.Query:
    """A query, with the views that it needs before its own queries."""
    views = {view.name: view for view in catalog.needed_views([sql])}
    known = {"zones", "quiet_days", *views}

    def query_of(name: str) -> exp.Query:
        if name == "zones":
            return _zones()
        if name == "quiet_days":
            return _no_days()
        if name in catalog.settings:
            return _settings(catalog.settings[name].settings.values(), timezone, ids_of)
        return _read(views[name].text, known - {name})

    query = _read(sql, known)
    needed: dict[str, exp.Query] = {}
    waiting = [query]
    while waiting:
        for table in waiting.pop().find_all(exp.Table):
            name = table.name.removeprefix(_VIEW)
            if table.name != name and name not in needed:
                needed[name] = query_of(name)
                waiting.append(needed[name])
    before = [_named(needed[n], n) for n in ("zones", "quiet_days", *views) if n in needed]
    if before:
        own: Any = query.args.get("with_")
        query.set("with_", exp.With(expressions=before + (own.expressions if own else [])))
    return query


def _named(query: exp.Query, view: str) -> exp.CTE:
    return exp.CTE(this=query, alias=exp.TableAlias(this=exp.to_identifier(_VIEW + view)))


def _read(sql: str, views: set[str]) -> exp.Query:
    """A query as a tree, in which views and tables of the store are named as such."""
    query: exp.Query = _parsed(sql)
    for select in query.find_all(exp.Select):
        _check_joins(select)
    for bracket in query.find_all(exp.Bracket):
        if any(each.is_type(exp.DType.UNKNOWN) for each in bracket.expressions):
            bracket.set("offset", 1)  # lists begin with 1, which SQLGlot forgets of such places
    for table in list(query.find_all(exp.Table)):
        if not table.name or _is_own(table):
            continue  # a function's rows, or a query that stands before this one
        if not table.alias:
            table.set("alias", exp.TableAlias(this=exp.to_identifier(table.name)))
        if table.name in views:
            table.set("this", exp.to_identifier(_VIEW + table.name))
        elif table.name in TABLES:
            table.set("db", exp.to_identifier(_STORE))
    return query


def _check_joins(select: exp.Select) -> None:
    """Refuse what SQLGlot would get wrong: after a `FULL JOIN` it compares the left table alone."""
    is_after_full = False
    joins: list[exp.Join] = select.args.get("joins") or []
    for join in joins:
        if is_after_full and join.args.get("using"):
            raise UnsupportedError("USING after a FULL or RIGHT JOIN; write ON with coalesce(…)")
        is_after_full = is_after_full or join.side in {"FULL", "RIGHT"}


def _is_own(table: exp.Table) -> bool:
    """Whether a table is a query that stands before the one that reads it (`WITH`)."""
    node: exp.Expr = table
    before: list[exp.Expr]
    while node.parent is not None:
        node, inner = node.parent, node
        if isinstance(node, exp.With):
            before = node.expressions[: node.expressions.index(inner)]
        else:
            with_: Any = node.args.get("with_")
            before = with_.expressions if with_ is not None and with_ is not inner else []
        if any(each.alias == table.name for each in before):
            return True
    return False


def _zones() -> exp.Query:
    rows = zones().to_pylist()
    values = exp.values([tuple(row.values()) for row in rows], "z", [*rows[0]])
    return exp.select(*rows[0]).from_(values)


def _no_days() -> exp.Query:
    """The days that small groups hide: none, since metrics leave as views only where all do."""
    return _parsed(
        "SELECT CAST(NULL AS TIMESTAMPTZ) AS begins_at, CAST(NULL AS TIMESTAMPTZ) AS ends_at "
        "WHERE false"
    )


def _settings(
    settings: Iterable[Setting], timezone: str, ids_of: Callable[[Setting], list[str]]
) -> exp.Query:
    """The one row of what is set of a pack."""
    columns: dict[str, exp.Expr] = {}
    for each in settings:
        value = ids_of(each) if each.type == "people" else each.value
        columns[each.name] = exp.cast(_literal(value), _SETTING_TYPES[each.type])
    named = {**columns, "timezone": _literal(timezone)}
    return exp.select(*(exp.alias_(value, name) for name, value in named.items()))


_SETTING_TYPES = {"day": "DATE", "count": "BIGINT", "counts": "BIGINT[]", "people": "VARCHAR[]"}


def _parameters(metric: Metric, timezone: str, values: Mapping[str, Any]) -> dict[str, exp.Expr]:
    """What each parameter becomes."""
    as_of = _literal(values["as_of"]) if "as_of" in values else _parsed("CURRENT_TIMESTAMP")
    found = {"as_of": as_of, "timezone": _literal(timezone)}
    for name, parameter in metric.parameters.items():
        if name in values:
            found[name] = _literal(values[name])
        elif name == "since":
            found[name] = _since(str(parameter.default), as_of, timezone)
        elif name in {"channel", "member"}:
            found[name] = _literal(parameter.default or None)
        else:
            found[name] = _literal(parameter.default)
    return found


def _since(default: str, as_of: exp.Expr, timezone: str) -> exp.Expr:
    """A window's begin, reckoned from its end."""
    if not default:
        return _literal(BEGINNING)
    end = as_of.sql(_DUCKDB)
    if default in {"week", "month", "year"}:
        zone = _literal(timezone).sql(_DUCKDB)
        return _parsed(f"(date_trunc('{default}', {end} AT TIME ZONE {zone}) AT TIME ZONE {zone})")
    now = datetime.now(ZoneInfo(timezone))
    begin = begin_of("since", default, now, ZoneInfo(timezone))
    if default[:1].isdigit() and " " in default:
        return _parsed(f"({end} - INTERVAL '{(now - begin).total_seconds():.0f}' SECOND)")
    return _literal(begin)


def _fill_in(tree: exp.Query, values: Mapping[str, exp.Expr]) -> None:
    for each in list(tree.find_all(exp.Parameter, exp.Placeholder)):
        each.replace(values[each.name].copy())


def _cast(tree: exp.Query, metric: Metric) -> None:
    """Give a metric's columns the types that its header says."""
    if tree.named_selects != list(metric.columns):
        raise UnsupportedError(f"the query gives the columns {', '.join(tree.named_selects)}")
    for select in _branches(tree):
        for each, column in zip(list(select.selects), metric.columns.values(), strict=True):
            wanted = _TYPES.get(column.type)
            if wanted is not None and not isinstance(each.unalias(), exp.Count):
                each.replace(exp.alias_(exp.cast(each.unalias(), wanted), column.name, quoted=True))


def _branches(tree: exp.Expr) -> list[exp.Select]:
    """The queries that give a statement its rows: several where they are put together."""
    if isinstance(tree, exp.SetOperation):
        return _branches(tree.this) + _branches(tree.expression)
    assert isinstance(tree, exp.Select)
    return [tree]


def _literal(value: Any) -> exp.Expr:
    """A value of a parameter or setting."""
    if isinstance(value, list):
        listed = cast("list[Any]", value)
        return exp.Array(expressions=[_literal(each) for each in listed])
    if isinstance(value, datetime):
        return exp.cast(exp.Literal.string(value.isoformat(" ")), "TIMESTAMPTZ")
    if isinstance(value, date):
        return exp.cast(exp.Literal.string(value.isoformat()), "DATE")
    if isinstance(value, float):
        return exp.cast(exp.convert(value), "DOUBLE")
    return exp.cast(exp.null(), "VARCHAR") if value is None else exp.convert(value)


def _parsed(sql: str) -> Any:
    return parse_one(sql, read=_DUCKDB)
