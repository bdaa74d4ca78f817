"""PostgreSQL, from 15 on.

A view must give the same rows whatever the time zone of the session and the collation of the
database: instants are taken apart in UTC, texts are ordered by their bytes and lowered by Unicode.
"""

from collections.abc import Callable
from typing import Any

from sqlglot import exp

from hubbub.metrics.dialects import BLANKS, filter_outside, put_around, rewritten

_INSTANT = exp.DataType.Type.TIMESTAMPTZ
_AROUND = (exp.Filter, exp.Window)
"""What may stand around an aggregate, and is written after it."""
_OF_DAYS = {"DAY", "WEEK", "MONTH", "QUARTER", "YEAR"}
"""Units whose length depends on the time zone that they are counted in."""


def fitted(tree: exp.Expr) -> exp.Expr:
    """The statement's tree, for SQLGlot to write as PostgreSQL's."""
    tree = _order_outside(tree)
    for ordered in list(tree.find_all(exp.Ordered)):
        _order_by_bytes(ordered)
    return rewritten(filter_outside(tree), _REWRITES)


def _order_outside(tree: exp.Expr) -> exp.Expr:
    """Rows that are put together, or each taken once, can be ordered by bare columns alone: a query
    around the query can say more."""
    for query in list(tree.find_all(exp.Query)):
        is_whole = isinstance(query, exp.SetOperation) or query.args.get("distinct") is not None
        if is_whole and query.args.get("order") is not None:
            distinct = query.args.get("distinct")
            tree, outer = put_around(tree, query, query.named_selects)
            outer.set("distinct", None)
            query.set("distinct", distinct)
    return tree


def _is_text(expression: exp.Expr) -> bool:
    return expression.is_type(*exp.DataType.TEXT_TYPES)


def _collated(text: exp.Expr, collation: str) -> exp.Collate:
    inner = text if isinstance(text, exp.Column) else exp.paren(text, copy=False)
    return exp.Collate(this=inner, expression=exp.to_identifier(collation, quoted=True))


def _order_by_bytes(ordered: exp.Ordered) -> None:
    """Order texts as DuckDB does."""
    key = ordered.this
    query: Any = ordered.parent and ordered.parent.parent
    if isinstance(key, exp.Column) and not key.table and isinstance(query, exp.Select):
        # PostgreSQL takes a selected column's name alone, and nothing that is made of it
        selected = {each.alias_or_name: each.unalias() for each in query.selects}
        key = selected.get(key.name, key).copy()
    if _is_text(key):
        ordered.set("this", _collated(key, "C"))


def _compared_by_bytes(node: exp.Max | exp.Min) -> exp.Expr:
    """The greatest and the least text, which DuckDB finds by their bytes."""
    _compared(node)
    return node if isinstance(node.parent, _AROUND) else _as_usual(node)


def _compared(node: Any) -> exp.Expr:
    """Which of two texts is greater."""
    if _is_text(node.this):
        node.set("this", _collated(node.this, "C"))
    return node


def _as_usual(node: exp.Expr) -> exp.Expr:
    """What `_compared_by_bytes` gives, with the usual collation: comparisons cannot choose between
    two."""
    return _collated(node, "default") if _is_text(node) else node


def _filtered(node: exp.Filter) -> exp.Expr:
    """A `FILTER` around what `_first` or `_compared_by_bytes` has made."""
    if isinstance(node.this, exp.Max | exp.Min):
        return node if isinstance(node.parent, exp.Window) else _as_usual(node)
    if isinstance(node.this, exp.Bracket):
        listed: Any = node.this.find(exp.Filter)
        condition: Any = node.expression
        listed.expression.set("this", exp.and_(listed.expression.this, condition.this))
        return node.this
    return node


def _windowed(node: exp.Window) -> exp.Expr:
    inner = node.this.this if isinstance(node.this, exp.Filter) else node.this
    return _as_usual(node) if isinstance(inner, exp.Max | exp.Min) else node


def _lowered(node: Any) -> exp.Expr:
    """Letters of all languages, also where the database knows only those of ASCII."""
    node.set("this", _collated(node.this, "und-x-icu"))
    return _collated(node, "default")


def _any_value(node: exp.IgnoreNulls) -> exp.Expr:
    """`any_value`, which came with PostgreSQL 16."""
    if not isinstance(node.this, exp.AnyValue):
        return node
    value = node.this.this
    if value.is_type("BOOLEAN"):
        return exp.LogicalOr(this=value)
    greatest = exp.Max(this=value)
    greatest.type = value.type
    _compared(greatest)
    return greatest if isinstance(node.parent, _AROUND) else _as_usual(greatest)


def _first(node: Any) -> exp.Expr:
    """`arg_min` and `arg_max`: the first of an ordered list. Rows without the one or the other
    do not count."""
    keys = (
        node.expression.expressions if isinstance(node.expression, exp.Tuple) else [node.expression]
    )
    is_last = isinstance(node, exp.ArgMax)
    order = exp.Order(
        this=node.this, expressions=[exp.Ordered(this=each, desc=is_last) for each in keys]
    )
    for each in order.expressions:
        _order_by_bytes(each)
    known = exp.and_(*(exp.not_(each.copy().is_(exp.null())) for each in (node.this, *keys)))
    listed = exp.Filter(this=exp.ArrayAgg(this=order), expression=exp.Where(this=known))
    return exp.Bracket(
        this=exp.paren(listed, copy=False), expressions=[exp.Literal.number(1)], offset=1
    )


def _rows_of(node: exp.Explode) -> exp.Expr:
    """A series has rows of its own in PostgreSQL; `unnest` is for lists."""
    return node.this if isinstance(node.this, exp.GenerateSeries) else node


def _counted(node: exp.Length) -> exp.Expr:
    """`len([x for x in list if …])`: how many of a list's values meet a condition."""
    if not isinstance(node.this, exp.Array) or not node.this.expressions:
        return node
    each: Any = node.this.expressions[0]
    if not isinstance(each, exp.Comprehension):
        return node
    name = exp.to_identifier(str(each.expression.name))
    values = exp.Unnest(
        expressions=[each.args["iterator"]],
        alias=exp.TableAlias(this=exp.to_identifier("_each"), columns=[name]),
    )
    query = exp.select(exp.Count(this=exp.Star())).from_(values)
    return query.where(each.args["condition"]).subquery()


def _function(node: exp.Anonymous) -> exp.Expr:
    """Functions that SQLGlot does not know."""
    match node.name.lower():
        case "list_position":
            return exp.func("ARRAY_POSITION", *node.expressions)
        case "to_microseconds":
            return _times(node.expressions[0], "MICROSECOND")
        case _:
            return node


def _days(node: exp.ToDays) -> exp.Expr:
    return _times(node.this, "DAY")


def _times(count: exp.Expr, unit: str) -> exp.Expr:
    one = exp.Interval(this=exp.Literal.string("1"), unit=exp.var(unit))
    return exp.Mul(this=exp.paren(count, copy=False), expression=one)


def _shifted(node: Any) -> exp.Expr:
    """Days and months before or after an instant: counted in UTC."""
    interval = node.expression.find(exp.Interval)
    if not node.this.is_type(_INSTANT) or interval is None or interval.text("unit") not in _OF_DAYS:
        return node
    node.set("this", _in_utc(node.this))
    return _in_utc(exp.paren(node, copy=False))


def _in_utc(expression: exp.Expr) -> exp.Expr:
    return exp.AtTimeZone(this=exp.paren(expression, copy=False), zone=exp.Literal.string("UTC"))


def _taken_apart(node: Any) -> exp.Expr:
    """A part of an instant, or the time between two: in UTC."""
    for key in ("this", "expression"):
        part = node.args.get(key)
        if isinstance(part, exp.Expr) and part.is_type(_INSTANT):
            node.set(key, _in_utc(part))
    return node


def _cast(node: exp.Cast) -> exp.Expr:
    return _taken_apart(node) if node.is_type("DATE", "TIMESTAMP") else node


def _truncated(node: exp.DateTrunc | exp.TimestampTrunc) -> exp.Expr:
    """The begin of a week or month: in UTC, and no instant if it is of a day."""
    if node.this.is_type(_INSTANT):
        return _in_utc(_taken_apart(node))
    if node.this.is_type("DATE"):
        node.set("this", exp.cast(node.this, "TIMESTAMP"))
    return node


def _day_of_week(node: exp.DayOfWeekIso) -> exp.Expr:
    return _part("ISODOW", node)


def _hour(node: exp.Hour) -> exp.Expr:
    return _part("HOUR", node)


def _part(name: str, node: Any) -> exp.Expr:
    moment = _taken_apart(node).this
    return exp.cast(exp.Extract(this=exp.var(name), expression=moment), "BIGINT")


def _trimmed(node: exp.Trim) -> exp.Expr:
    if node.expression is None:
        node.set("expression", exp.Literal.string(BLANKS))
    return node


_REWRITES: dict[type[exp.Expr], Callable[[Any], exp.Expr]] = {
    exp.Add: _shifted,
    exp.Anonymous: _function,
    exp.ArgMax: _first,
    exp.ArgMin: _first,
    exp.Between: _compared,
    exp.Cast: _cast,
    exp.DateDiff: _taken_apart,
    exp.DateTrunc: _truncated,
    exp.DayOfWeekIso: _day_of_week,
    exp.Explode: _rows_of,
    exp.Extract: _taken_apart,
    exp.Filter: _filtered,
    exp.GT: _compared,
    exp.GTE: _compared,
    exp.Hour: _hour,
    exp.IgnoreNulls: _any_value,
    exp.LT: _compared,
    exp.LTE: _compared,
    exp.Length: _counted,
    exp.Lower: _lowered,
    exp.Max: _compared_by_bytes,
    exp.Min: _compared_by_bytes,
    exp.Sub: _shifted,
    exp.TimestampTrunc: _truncated,
    exp.ToDays: _days,
    exp.Trim: _trimmed,
    exp.Upper: _lowered,
    exp.Window: _windowed,
}
"""What is rewritten, by the kind of expression; what is inside goes first."""
