"""Spark's SQL, as Apache Spark 4 and Sail understand it.

The session's time zone has to be UTC. Spark's timestamps are instants; what DuckDB has without a
zone, such as the time on a clock in Chicago, is the instant at which a clock in UTC shows the same.
"""

from collections.abc import Callable
from typing import Any

from sqlglot import exp
from sqlglot.errors import UnsupportedError

from hubbub.metrics.dialects import filter_outside

_LOCAL = (exp.DType.TIMESTAMP, exp.DType.TIMESTAMPNTZ)
"""Types of times that have no zone."""
_SECOND = 1_000_000
_DAY = 86_400 * _SECOND


def fitted(tree: exp.Expr) -> exp.Expr:
    """The tree with what Spark says in another way; see `dialects`."""
    for select in tree.find_all(exp.Select):
        if _orders_by_window(select) and not select.args.get("qualify"):
            select.set("qualify", exp.Qualify(this=exp.true()))  # all rows, but ordered outside
    tree = filter_outside(tree)
    for each in reversed(list(tree.walk(bfs=False))):  # what is inside comes first
        for kind, change in _CHANGES:
            if isinstance(each, kind):
                changed = change(each)
                if changed is not None:
                    each.replace(changed)
                    changed.type = each.type
                break
    for kind in list(tree.find_all(exp.DataType)):  # last: a cast's type is what it says
        if kind.this in _LOCAL:
            kind.replace(exp.DataType.build("TIMESTAMPTZ"))
    _tell_apart(tree)
    for select in list(tree.find_all(exp.Select)):
        _take_apart(select)
    return tree


def _orders_by_window(select: exp.Select) -> bool:
    """Whether rows are ordered by what Sail reckons only where it is selected."""
    ordered = select.args.get("order")
    return ordered is not None and ordered.find(exp.Window) is not None


def _ranked(each: exp.Window) -> exp.Expr | None:
    """Sail takes ranks for all different, and leaves out what else rows are to be ordered by."""
    if not isinstance(each.this, exp.Rank | exp.DenseRank):
        return None
    return exp.paren(exp.Add(this=each.copy(), expression=exp.convert(0)))


def _double(literal: exp.Literal) -> exp.Expr | None:
    """Numbers with a point are decimals for Spark, and reckoning with those rounds."""
    if literal.is_string or literal.is_int:
        return None
    return exp.cast(literal.copy(), "DOUBLE")


def _zoned(each: exp.AtTimeZone) -> exp.Expr:
    is_local = each.this.is_type(*_LOCAL, exp.DType.DATE)
    name = "to_utc_timestamp" if is_local else "from_utc_timestamp"
    return _call(name, each.this, each.args["zone"])


def _difference(each: exp.DateDiff) -> exp.Expr | None:
    """DuckDB counts the borders of units between two times; Spark would count whole units."""
    units = {"MICROSECOND": "unix_micros", "SECOND": "unix_seconds"}
    unit = units.get(str(each.args["unit"]).upper())
    if unit is None:
        return None
    return exp.paren(exp.Sub(this=_call(unit, each.this), expression=_call(unit, each.expression)))


def _reckoned(each: exp.Add | exp.Sub) -> exp.Expr | None:
    """Sums of times: Spark's dates differ by an interval, and take no whole number of 64 bits; of
    instants and reckoned intervals both are written as microseconds."""
    left, right = each.this, each.expression
    if isinstance(right, exp.ToDays) or _named(right, "to_microseconds"):
        is_days = isinstance(right, exp.ToDays)
        count = exp.cast(right.this if is_days else right.expressions[0], "BIGINT")
        micros = exp.Mul(this=count, expression=exp.convert(_DAY if is_days else 1))
        return _call("timestamp_micros", type(each)(this=_call("unix_micros", left), expression=micros))
    if not left.is_type(exp.DType.DATE):
        return None
    if right.is_type(exp.DType.DATE):
        return exp.cast(_call("datediff", left, right), "BIGINT")
    if right.is_type(*exp.DataType.INTEGER_TYPES):
        name = "date_add" if isinstance(each, exp.Add) else "date_sub"
        return _call(name, left, exp.cast(right, "INT"))
    return None


def _counted(each: exp.Length) -> exp.Expr | None:
    return exp.ArraySize(this=each.this) if _named(each.this, "filter") else None


def _chosen(each: exp.Array) -> exp.Expr | None:
    """`[x for x in list if …]`."""
    inner = each.expressions[0] if each.expressions else None
    if not isinstance(inner, exp.Comprehension):
        return None
    if inner.this.name != inner.expression.name:
        raise UnsupportedError("a list comprehension that changes its elements")
    keep = exp.Lambda(this=inner.args["condition"], expressions=[inner.expression])
    return _call("filter", inner.args["iterator"], keep)


def _element(each: exp.Bracket) -> exp.Expr:
    """Spark counts a list's elements from 0 in brackets, and from 1 here."""
    index = each.expressions[0]
    if isinstance(index, exp.Literal):
        raise UnsupportedError("an element of a list by a fixed number")
    return _call("try_element_at", each.this, exp.cast(index, "INT"))


def _series(each: exp.GenerateSeries) -> exp.Expr:
    """Of a begin behind the end DuckDB makes no elements, Spark an error or a falling series."""
    begin, end, step = each.args["start"], each.args["end"], each.args.get("step")
    if each.args.get("is_end_exclusive"):
        end = exp.Sub(this=exp.paren(end), expression=exp.convert(1))
    steps = [step] if step is not None else []
    return exp.If(
        this=exp.LTE(this=begin.copy(), expression=end.copy()),
        true=_call("sequence", begin, end, *steps),
        false=exp.Array(expressions=[]),
    )


def _listed(each: exp.Table) -> exp.Expr | None:
    """`FROM range(24) h(hour)`: a list that is read like a table."""
    if isinstance(each.this, exp.Identifier):
        return None
    alias = each.args["alias"]
    rows = exp.alias_(exp.Explode(this=each.this), alias.columns[0].name, quoted=True)
    return exp.select(rows).subquery(alias.name)


def _first(each: exp.ArgMin | exp.ArgMax) -> exp.Expr | None:
    """DuckDB passes over rows that have nothing to give; Spark gives that nothing."""
    if isinstance(each.this, exp.Struct) or isinstance(each.parent, exp.Filter):
        return None
    there = exp.Not(this=exp.Is(this=each.this.copy(), expression=exp.null()))
    return exp.Filter(this=each.copy(), expression=exp.Where(this=there))


def _day_of_week(each: exp.DayOfWeekIso) -> exp.Expr:
    """Spark's week begins with Sunday, 1; SQLGlot's way makes that 2."""
    shifted = exp.paren(exp.Add(this=_call("dayofweek", each.this), expression=exp.convert(5)))
    rest = exp.Mod(this=shifted, expression=exp.convert(7))
    return exp.paren(exp.Add(this=rest, expression=exp.convert(1)))


def _other(each: exp.Anonymous) -> exp.Expr | None:
    if _named(each, "list_position"):
        return exp.Nullif(
            this=_call("array_position", *each.expressions), expression=exp.convert(0)
        )
    return None


def _tell_apart(tree: exp.Expr) -> None:
    """Queries before a query get names of their own: SQLGlot puts them all before the first."""
    for number, inner in enumerate(list(tree.find_all(exp.With))):
        if inner.parent is tree or inner.parent is None:
            continue
        for each in inner.expressions:
            own = f"{each.alias}_{number}"
            for table in list(inner.parent.find_all(exp.Table)):
                if table.name == each.alias and not table.db:
                    table.set("this", exp.to_identifier(own))
            each.args["alias"].set("this", exp.to_identifier(own))


def _take_apart(select: exp.Select) -> None:
    """`SELECT unnest(…)`: Spark wants the list to be there, in a query inside, and a view beside
    it that makes rows of the list."""
    found = [each for each in select.selects if each.find(exp.Explode)]
    if not found:
        return
    if len(found) > 1 or any(select.args.get(each) for each in ("order", "distinct", "limit")):
        raise UnsupportedError("unnest beside another, or in a query that orders its rows")
    names = [each.alias_or_name for each in select.selects]
    explode = found[0].find(exp.Explode)
    assert explode is not None
    rows = exp.alias_(explode.this.copy(), "_list", quoted=True)
    explode.replace(exp.column("_each", "_made", quoted=True))
    made = found[0].unalias().copy()
    found[0].replace(rows)
    inner = select.copy()
    inner.set("with_", None)
    for name in list(select.args):
        if name != "with_":
            select.set(name, None)
    select.set("expressions", [
        exp.alias_(made if name == found[0].alias_or_name else exp.column(name, "_rows", quoted=True), name, quoted=True)
        for name in names
    ])
    select.from_(inner.subquery("_rows"), copy=False)
    view = exp.Lateral(
        this=exp.Explode(this=exp.column("_list", "_rows", quoted=True)),
        view=True,
        alias=exp.TableAlias(this=exp.to_identifier("_made"), columns=[exp.to_identifier("_each")]),
    )
    select.set("laterals", [view])


def _call(name: str, *arguments: exp.Expr) -> exp.Anonymous:
    return exp.Anonymous(this=name, expressions=list(arguments))


def _named(each: exp.Expr, name: str) -> bool:
    return isinstance(each, exp.Anonymous) and each.name.lower() == name


_CHANGES: tuple[tuple[type[exp.Expr] | tuple[type[exp.Expr], ...], Callable[[Any], exp.Expr | None]], ...] = (
    (exp.Literal, _double),
    (exp.AtTimeZone, _zoned),
    (exp.DateDiff, _difference),
    ((exp.Add, exp.Sub), _reckoned),
    (exp.Length, _counted),
    (exp.Array, _chosen),
    (exp.Bracket, _element),
    (exp.Table, _listed),
    (exp.GenerateSeries, _series),
    ((exp.ArgMin, exp.ArgMax), _first),
    (exp.Anonymous, _other),
    (exp.Window, _ranked),
    (exp.UnixToTime, lambda each: _call("timestamp_seconds", each.this)),
    (exp.DayOfWeekIso, lambda each: _day_of_week(each)),
)
