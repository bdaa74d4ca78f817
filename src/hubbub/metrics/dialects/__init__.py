"""What SQLGlot does not do right by itself when a metric goes to another engine.

A module an engine, each with `fitted(tree)`, which changes a statement's tree so that SQLGlot can
write it in that engine's SQL. What several engines need is here. Trees are DuckDB's, qualified
(each column names its source, `*` and `USING` are spelled out) and annotated with types.
"""

from sqlglot import exp

KEPT = "_kept"
"""The column that says whether a row passes `QUALIFY`, where an engine does not have that."""


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
    """`QUALIFY`: a query around the query, which keeps the rows that pass and orders them."""
    for select in list(tree.find_all(exp.Select)):
        qualify = select.args.get("qualify")
        if qualify is None:
            continue
        select.set("qualify", None)
        names = [each.alias_or_name for each in select.selects]
        ordered = select.args.get("order")
        if ordered is not None:
            select.set("order", None)
            _carry_out(select, ordered)
        select.select(exp.alias_(qualify.this, KEPT, quoted=True), copy=False)
        with_ = select.args.get("with_")
        select.set("with_", None)
        place = exp.Placeholder()
        is_root = select.parent is None
        select.replace(place)
        outer = (
            exp.select(*(exp.column(name, quoted=True) for name in names))
            .from_(select.subquery("_all"), copy=False)
            .where(exp.column(KEPT, quoted=True))
        )
        outer.set("with_", with_)
        outer.set("order", ordered)
        if is_root:
            tree = outer
        else:
            place.replace(outer)
    return tree


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


def count_days(tree: exp.Expr) -> None:
    """A day less a day is a number of days; SQLGlot takes it for a day."""
    for each in list(tree.find_all(exp.Sub)):
        if each.this.is_type(exp.DType.DATE) and each.expression.is_type(exp.DType.DATE):
            each.replace(exp.cast(exp.paren(each.copy()), "BIGINT"))
