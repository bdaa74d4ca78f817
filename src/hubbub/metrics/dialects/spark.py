"""Apache Spark 4, and Sail.

The session's time zone has to be UTC. Spark's timestamps are instants; what DuckDB has without a
zone, such as the time on a clock in Chicago, is the instant at which a clock in UTC shows the same.
"""

from collections.abc import Callable
from typing import Any

from sqlglot import exp
from sqlglot.errors import UnsupportedError

from hubbub.metrics.dialects import BLANKS, filter_outside, order_outside, rewritten

_LOCAL = (exp.DType.TIMESTAMP, exp.DType.TIMESTAMPNTZ)
"""Types of times that have no zone."""
_DAY = 86_400_000_000
_LIST, _MADE, _EACH = "_list", "_made", "_each"
"""A list that rows are made of, those rows, and what is in each."""

_AFTER = {"with_", "distinct", "order", "limit", "offset"}
"""Parts of a query that are about the rows that it has made; and those that stand before it."""


def fitted(tree: exp.Expr) -> exp.Expr:
    """The statement's tree, for SQLGlot to write as Spark's."""
    tree = filter_outside(tree)
    for select in list(tree.find_all(exp.Select)):
        ordered = select.args.get("order")
        if ordered is not None and ordered.find(exp.Window) is not None:
            tree = order_outside(tree, select)  # Sail does windows only where they are selected
    tree = rewritten(tree, _REWRITES)
    for kind in list(tree.find_all(exp.DataType)):  # last: a cast's type is what it says
        if kind.this in _LOCAL:
            kind.replace(exp.DataType.build("TIMESTAMPTZ"))
    for select in list(tree.find_all(exp.Select)):
        _make_rows(select)
    _tell_apart(tree)
    return tree


def _make_rows(select: exp.Select) -> None:
    """`SELECT unnest(list)`: Spark wants the list to be there already, in a query inside, and makes
    rows of it beside that."""
    found = [each for each in select.selects if each.find(exp.Explode)]
    if not found:
        return
    if len(found) > 1:
        raise UnsupportedError("unnest beside another unnest")
    made = found[0].unalias().copy()
    explode: Any = made.find(exp.Explode)
    names, own = select.named_selects, found[0].alias_or_name
    found[0].replace(exp.alias_(explode.this.copy(), _LIST, quoted=True))
    each = exp.column(_EACH, _MADE, quoted=True)
    if explode is made:
        made = each
    else:
        explode.replace(each)
    inner = select.copy()
    for part in _AFTER:
        inner.set(part, None)
    for part in set(select.args) - _AFTER:
        select.set(part, None)
    for name in names:
        column = made if name == own else exp.column(name, "_rows", quoted=True)
        select.select(exp.alias_(column, name, quoted=True), copy=False)
    select.from_(inner.subquery("_rows"), copy=False)
    rows = exp.Lateral(
        this=exp.Explode(this=exp.column(_LIST, "_rows", quoted=True)),
        view=True,
        alias=exp.TableAlias(this=exp.to_identifier(_MADE), columns=[exp.to_identifier(_EACH)]),
    )
    select.set("laterals", [rows])


def _tell_apart(tree: exp.Expr) -> None:
    """Queries inside others (`WITH`) get names of their own: SQLGlot puts them all together."""
    for number, inner in enumerate(list(tree.find_all(exp.With))):
        query: Any = inner.parent
        if query is tree:
            continue
        for each in inner.expressions:
            name, own = each.alias, exp.to_identifier(f"{each.alias}_{number}")
            for table in list(query.find_all(exp.Table)):
                if table.name == name and not table.db:
                    table.set("this", own.copy())
            each.args["alias"].set("this", own)


def _number(node: exp.Literal) -> exp.Expr:
    """Numbers with a point are decimals for Spark, and reckoning with those rounds."""
    return node if node.is_string or node.is_int else exp.cast(node.copy(), "DOUBLE")


def _zoned(node: exp.AtTimeZone) -> exp.Expr:
    is_local = node.this.is_type(*_LOCAL, exp.DType.DATE)
    name = "to_utc_timestamp" if is_local else "from_utc_timestamp"
    return _call(name, node.this, node.args["zone"])


def _between(node: exp.DateDiff) -> exp.Expr:
    """DuckDB counts the borders of units between two instants, Spark whole units."""
    units = {"MICROSECOND": "unix_micros", "SECOND": "unix_seconds"}
    unit = units.get(node.text("unit").upper())
    if unit is None:
        raise UnsupportedError(f"date_diff by {node.text('unit')}")
    return exp.paren(_call(unit, node.this) - _call(unit, node.expression))


def _reckoned(node: Any) -> exp.Expr:
    """Instants with a reckoned interval, and days with a number: Spark's dates differ by an
    interval, and take no whole number of 64 bits."""
    left, right = node.this, node.expression
    if isinstance(right, exp.ToDays) or _is_called(right, "to_microseconds"):
        is_days = isinstance(right, exp.ToDays)
        count = exp.cast(right.this if is_days else right.expressions[0], "BIGINT")
        micros = exp.paren(count * exp.convert(_DAY if is_days else 1))
        return _call(
            "timestamp_micros", type(node)(this=_call("unix_micros", left), expression=micros)
        )
    if not left.is_type(exp.DType.DATE):
        return node
    if right.is_type(exp.DType.DATE):
        return exp.cast(_call("datediff", left, right), "BIGINT")
    if right.is_type(*exp.DataType.INTEGER_TYPES):
        name = "date_add" if isinstance(node, exp.Add) else "date_sub"
        return _call(name, left, exp.cast(right, "INT"))
    return node


def _series(node: exp.GenerateSeries) -> exp.Expr:
    """Of a begin behind the end DuckDB makes an empty list, Spark an error or a falling series."""
    begin, end, step = (node.args.get(part) for part in ("start", "end", "step"))
    assert begin is not None
    assert end is not None
    if node.args.get("is_end_exclusive"):
        end = exp.paren(end) - 1
    return exp.If(
        this=exp.LTE(this=begin.copy(), expression=end.copy()),
        true=_call("sequence", begin, end, *([step] if step is not None else [])),
        false=exp.Array(expressions=[]),
    )


def _listed(node: exp.Table) -> exp.Expr:
    """`FROM range(24) h(hour)`."""
    if isinstance(node.this, exp.Identifier):
        return node
    alias = node.args["alias"]
    rows = exp.alias_(exp.Explode(this=node.this), alias.columns[0].name, quoted=True)
    return exp.select(rows).subquery(alias.name)


def _chosen(node: exp.Array) -> exp.Expr:
    """`[x for x in list if …]`."""
    inner: Any = node.expressions[0] if node.expressions else None
    if not isinstance(inner, exp.Comprehension):
        return node
    if inner.this.name != inner.expression.name:
        raise UnsupportedError("a list of what is made of another list's values")
    keeps = exp.Lambda(this=inner.args["condition"], expressions=[inner.expression])
    return _call("filter", inner.args["iterator"], keeps)


def _counted(node: exp.Length) -> exp.Expr:
    is_list = _is_called(node.this, "filter") or node.this.is_type(exp.DType.ARRAY)
    return exp.ArraySize(this=node.this) if is_list else node


def _element(node: exp.Bracket) -> exp.Expr:
    """Brackets count from 0 here, as SQLGlot does but where it says otherwise; beyond the list's
    end they are an error."""
    place = exp.paren(node.expressions[0])
    if not node.args.get("offset"):
        place = exp.paren(place + 1)
    return _call("try_element_at", node.this, exp.cast(place, "INT"))


def _first(node: Any) -> exp.Expr:
    """`arg_min` and `arg_max`: DuckDB passes over rows that have nothing to give."""
    there = exp.Where(this=exp.not_(node.this.copy().is_(exp.null())))
    return exp.Filter(this=node.copy(), expression=there)


def _any_value(node: exp.IgnoreNulls) -> exp.Expr:
    """Apache Spark takes no `FILTER` after `IGNORE NULLS`."""
    if not isinstance(node.this, exp.AnyValue):
        return node
    return _call("any_value", node.this.this, exp.true())


def _filtered(node: exp.Filter) -> exp.Expr:
    """A `FILTER` around what `_first` has made."""
    inner: Any = node.this
    if not isinstance(inner, exp.Filter):
        return node
    condition: Any = node.expression
    inner.expression.set("this", exp.and_(inner.expression.this, condition.this))
    return inner


def _ranked(node: exp.Window) -> exp.Expr:
    """Sail takes all ranks for different, and forgets what else rows are to be ordered by."""
    if not isinstance(node.this, exp.Rank | exp.DenseRank):
        return node
    return exp.paren(node.copy() + 0)


def _day_of_week(node: exp.DayOfWeekIso) -> exp.Expr:
    """Spark's week begins with Sunday, which is 1; SQLGlot would make it 2, not 7."""
    return exp.paren(
        exp.Mod(this=exp.paren(_call("dayofweek", node.this) + 5), expression=exp.convert(7)) + 1
    )


def _trimmed(node: exp.Trim) -> exp.Expr:
    if node.expression is None:
        node.set("expression", exp.Literal.string(BLANKS))
    return node


def _function(node: exp.Anonymous) -> exp.Expr:
    """Functions that SQLGlot does not know."""
    if _is_called(node, "list_position"):
        place = _call("array_position", *node.expressions)
        return exp.Nullif(this=place, expression=exp.convert(0))
    return node


def _instant(node: exp.UnixToTime) -> exp.Expr:
    """Sail's `timestamp_seconds` leaves out what is less than a second."""
    micros = exp.Round(this=exp.paren(node.this) * exp.cast(exp.convert(1_000_000), "DOUBLE"))
    return _call("timestamp_micros", exp.cast(micros, "BIGINT"))


def _call(name: str, *arguments: exp.Expr) -> exp.Anonymous:
    return exp.Anonymous(this=name, expressions=list(arguments))


def _is_called(node: exp.Expr, name: str) -> bool:
    return isinstance(node, exp.Anonymous) and node.name.lower() == name


_REWRITES: dict[type[exp.Expr], Callable[[Any], exp.Expr]] = {
    exp.Add: _reckoned,
    exp.Anonymous: _function,
    exp.ArgMax: _first,
    exp.ArgMin: _first,
    exp.Array: _chosen,
    exp.AtTimeZone: _zoned,
    exp.Bracket: _element,
    exp.DateDiff: _between,
    exp.DayOfWeekIso: _day_of_week,
    exp.Filter: _filtered,
    exp.GenerateSeries: _series,
    exp.IgnoreNulls: _any_value,
    exp.Length: _counted,
    exp.Literal: _number,
    exp.Sub: _reckoned,
    exp.Table: _listed,
    exp.Trim: _trimmed,
    exp.UnixToTime: _instant,
    exp.Window: _ranked,
}
"""What is rewritten, by the kind of expression; what is inside goes first."""
