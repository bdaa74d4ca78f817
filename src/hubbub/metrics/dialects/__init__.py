"""What SQLGlot does not do right by itself when a metric goes to another engine.

A module an engine, each with `fitted(tree)`, which changes a statement's tree so that SQLGlot can
write it in that engine's SQL. What several engines need is here. Trees are DuckDB's, qualified
(each column names its source, `*` and `USING` are spelled out) and annotated with types.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sqlglot import exp

KEPT = "_kept"
"""The column that says whether a row passes `QUALIFY`, where an engine does not have that."""

BLANKS = " \u00a0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u202f\u205f\u3000"
"""What DuckDB's `trim` takes away: Unicode's space separators. Other engines' takes only blanks."""


def spell_out_groups(tree: exp.Expr) -> None:
    """`GROUP BY ALL`: the selected expressions that are no aggregates."""
    for select in tree.find_all(exp.Select):
        group = select.args.get("group")
        if group is None or not group.args.get("all"):
            continue
        selected = [each.unalias() for each in select.selects]
        keys = [
            each.copy()
            for each in selected
            if not isinstance(each, exp.Literal | exp.Null) and not _is_aggregated(each)
        ]
        select.set("group", exp.Group(expressions=keys))


def _is_aggregated(expression: exp.Expr) -> bool:
    """Whether an expression aggregates rows of its own query."""
    return any(
        isinstance(each, exp.AggFunc) and each.find_ancestor(exp.Query) is None
        for each in expression.copy().walk()
    )


def filter_outside(tree: exp.Expr) -> exp.Expr:
    """`QUALIFY`: a query around the query, which keeps the rows that pass, then orders them."""
    for select in list(tree.find_all(exp.Select)):
        qualify = select.args.get("qualify")
        if qualify is not None:
            select.set("qualify", None)
            names = select.named_selects
            if select.args.get("order") is not None:
                _carry_out(select, select.args["order"])
            select.select(exp.alias_(qualify.this, KEPT, quoted=True), copy=False)
            tree, outer = put_around(tree, select, names)
            outer.where(exp.column(KEPT, quoted=True), copy=False)
    return tree


def put_around(
    tree: exp.Expr, query: exp.Query, names: Iterable[str]
) -> tuple[exp.Expr, exp.Select]:
    """Put a query around a query, which selects columns of it by their names, and orders and limits
    them in its place. Returns the tree, and the new query in it."""
    types = {each.alias_or_name: each.type for each in query.selects}
    columns = [exp.column(name, quoted=True) for name in names]
    for column in columns:
        column.type = types[column.name]
    outer = exp.select(*columns, copy=False)
    for part in ("with_", "distinct", "order", "limit", "offset"):
        outer.set(part, query.args.get(part))
        query.set(part, None)
    place = exp.Placeholder()
    is_root = query is tree
    query.replace(place)
    outer.from_(query.subquery("_all", copy=False), copy=False)
    if is_root:
        return outer, outer
    place.replace(outer)
    return tree, outer


def order_outside(tree: exp.Expr, select: exp.Select) -> exp.Expr:
    """A query around the query, which orders its rows by what that selects."""
    names = select.named_selects
    _carry_out(select, select.args["order"])
    return put_around(tree, select, names)[0]


def _carry_out(select: exp.Select, order: exp.Order) -> None:
    """Let a query select what its rows are ordered by, and name that in the order."""
    names = {each.alias_or_name for each in select.selects}
    for number, each in enumerate(order.expressions):
        key = each.this
        if isinstance(key, exp.Column) and not key.table and key.name in names:
            continue
        name = f"_order_{number}"
        select.select(exp.alias_(key.copy(), name, quoted=True), copy=False)
        each.set("this", exp.column(name, quoted=True))


def rewritten(
    tree: exp.Expr, rewrites: Mapping[type[exp.Expr], Callable[[Any], exp.Expr]]
) -> exp.Expr:
    """A tree whose expressions were rewritten by their kind, from the inside out."""
    for node in reversed(list(tree.walk(bfs=False))):
        rewrite = rewrites.get(type(node))
        if rewrite is None:
            continue
        parent, key, index, kind = node.parent, node.arg_key, node.index, node.type
        new = rewrite(node)
        if new is node:
            continue
        new.type = kind
        if parent is None:
            tree = new
        else:
            assert key is not None
            parent.set(key, new, index)
    return tree
