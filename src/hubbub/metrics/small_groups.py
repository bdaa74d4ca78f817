"""Keeps back figures about fewer than k members, and those whose difference would tell one.

Three rules, and docs/decisions/small-groups.md has the reasons:

1. A metric takes no filter. Its rows are days, weeks or months that have ended, or its window is
   one calendar month that has ended: so no two groups overlap and differ by a few members.
2. What was said in a part (the days that a week and a month share) in which fewer than k members
   wrote is in no figure.
3. A row about fewer than k members is suppressed; and beside it the row about the fewest of those
   that are left, so that the total does not tell.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from hubbub.core.periods import ENDS, Bounds, Part, days_between, part_of
from hubbub.errors import UsageError
from hubbub.metrics.header import SUPPRESSED, Metric

if TYPE_CHECKING:
    import pyarrow as pa

Row = dict[str, Any]
_FAMILIES: Mapping[str, Callable[[date], object]] = {
    "day": part_of,
    "week": lambda begin: begin.replace(day=1),
    "month": lambda begin: begin.year,
}
"""Which rows are suppressed together, of metrics whose rows are days, weeks or months."""


class TooFewMembers(UsageError):
    """A metric whose figures are about too few members, or can be made to be."""


def period_of(metric: Metric) -> str:
    """`day`, `week` or `month` if that is what a metric's rows are; else nothing."""
    for name in metric.keys:
        if name in ENDS and metric.columns[name].type == "date":
            return name
    return ""


def refuse(metric: Metric, given: Iterable[str], k: int) -> None:
    """Raise `TooFewMembers` where rows, or what somebody asks of them, cannot be kept to k."""
    few = f"fewer than {k} members"
    policy = "The policy's smallest_group decides; docs/small-groups.md says what it lets through."
    if metric.members == "one":
        raise TooFewMembers(
            f"Each row of {metric.name} is about a single member, and no figure about {few} may "
            "leave.",
            policy,
        )
    if metric.members == "overlapping":
        raise TooFewMembers(
            f"The rows or windows of {metric.name} overlap, so their differences are about {few}.",
            policy,
        )
    if not metric.members:
        raise TooFewMembers(
            f"{metric.name} does not say how many members a row is about, and no figure about "
            f"{few} may leave.",
            f'Write members = "…" into the header of {metric.file.place}: the column that counts '
            "them.",
        )
    is_series = bool(period_of(metric))
    if "since" not in metric.parameters and not is_series:
        raise TooFewMembers(
            f"{metric.name} cannot be kept to one month: it has no parameter since, and no figure "
            f"about {few} may leave.",
            f"Use $since in {metric.file.place}.",
        )
    for name in given:
        if name == "since" and not is_series:
            raise TooFewMembers(
                f"{metric.name} is about one calendar month: two windows would tell of {few}.",
                "Choose the month by its last day: --as-of 2026-01-31",
            )
        if name not in {"since", "as_of"}:
            raise TooFewMembers(
                f"{metric.name} takes no {name}: with and without it would tell of {few}.",
                "Leave it out.",
            )


class Quiet(Struct, frozen=True):
    """When too few members wrote."""

    parts: frozenset[Part]
    """Parts in which fewer than k members wrote: in no figure."""
    days: frozenset[date]
    """Days that are not shown on their own."""

    def touches(self, begin: date, end: date, *, of_days: bool) -> bool:
        """Whether something of the days from `begin` to before `end` is in no figure; with
        `of_days`, in none that is made of shown days."""
        return any(
            part_of(day) in self.parts or (of_days and day in self.days)
            for day in days_between(begin, end)
        )


def quiet(parts: Mapping[Part, int], days: Mapping[date, int], k: int) -> Quiet:
    """What too few members wrote in, by the members who wrote in each part and on each day."""
    small = frozenset(part for part, members in parts.items() if members < k)
    judged = [(part_of(day), day, members) for day, members in days.items()]
    hidden = too_few([(family, (day,), members) for family, day, members in judged], k)
    return Quiet(small, frozenset(judged[index][1] for index in hidden))


def too_few(rows: Sequence[tuple[object, tuple[Any, ...], int | None]], k: int) -> set[int]:
    """Which of some rows (family, keys, members) are suppressed: those about fewer than k members,
    and in each family that has such a row the one about the fewest of the others."""
    families: dict[object, list[int]] = defaultdict(list)
    for index, (family, _, _) in enumerate(rows):
        families[family].append(index)
    hidden: set[int] = set()
    for family in families.values():
        small = {
            index for index in family if rows[index][2] is None or 0 < (rows[index][2] or 0) < k
        }
        others = [index for index in family if index not in small and rows[index][2]]
        if small and others:
            small.add(min(others, key=lambda index: (rows[index][2], _sortable(rows[index][1]))))
        hidden |= small
    return hidden


def suppress(
    metric: Metric, rows: "pa.Table", k: int, bounds: Bounds, quiet_times: Quiet, *, of_days: bool
) -> "pa.Table":
    """The rows that may leave, with a column `suppressed`: no, partly or yes.

    Those of a period outside the bounds are left out. `of_days` says that the metric counts shown
    days only.
    """
    import pyarrow as pa

    period = period_of(metric)
    records: list[Row] = rows.to_pylist()
    cut: dict[tuple[date, date], bool] = {}
    judged = [(_family(metric, period, row), _keys(metric, row), row[metric.members])
              for row in records]  # fmt: skip
    hidden = too_few(judged, k)
    shown: list[Row] = []
    suppressed: list[Row] = []
    for index, row in enumerate(records):
        begin, end = (row[period], ENDS[period](row[period])) if period else _days_of(bounds)
        if period and (end > bounds.end or (bounds.begin is not None and begin < bounds.begin)):
            continue
        if (begin, end) not in cut:
            cut[begin, end] = quiet_times.touches(begin, end, of_days=of_days)
        is_cut = cut[begin, end]
        is_empty_and_cut = is_cut and not row[metric.members] and (period or not metric.keys)
        if index in hidden or is_empty_and_cut:
            suppressed.append(_blank(metric, row))
        else:
            shown.append(_released(metric, row, k) | {SUPPRESSED: "partly" if is_cut else "no"})
    if not period and not records and quiet_times.touches(*_days_of(bounds), of_days=of_days):
        suppressed.append(_blank(metric, dict.fromkeys(metric.keys)))
    with_states = rows.append_column(SUPPRESSED, pa.nulls(rows.num_rows, pa.string()))
    return pa.Table.from_pylist(_ordered(metric, shown, suppressed), with_states.schema)


def _days_of(bounds: Bounds) -> tuple[date, date]:
    """The first day of a window of one month, and the first day after it."""
    assert bounds.begin is not None
    return bounds.begin, bounds.end


def is_ordered(metric: Metric) -> bool:
    """Whether a metric's rows stand in the order of their keys: times, hours."""
    dimensions = _dimensions(metric)
    return bool(dimensions) and metric.columns[dimensions[0]].type in {"date", "integer"}


def sentence(k: int, rows: "pa.Table") -> str:
    """What people must know of rows of which some may be suppressed."""
    said = f"Counts of members are rounded down to multiples of {k}."
    found = set(rows[SUPPRESSED].to_pylist())
    if "yes" in found:
        said += (
            f" Suppressed: about fewer than {k} members, or the row beside it that would tell of "
            "them."
        )
    if "partly" in found:
        said += f" Partly: leaves out times in which fewer than {k} members wrote."
    return said


def _released(metric: Metric, row: Row, k: int) -> Row:
    """A row with the columns that may be shown; counts of members rounded down."""
    return {
        name: _rounded(value, k)
        if column.type == "integer" and (column.unit == "members" or name == metric.members)
        else value
        for name, value in row.items()
        if name in metric.released and (column := metric.columns[name])
    }


def _rounded(count: int | None, k: int) -> int | None:
    return None if count is None else count - count % k


def _blank(metric: Metric, row: Row) -> Row:
    return {name: row[name] for name in metric.keys} | {SUPPRESSED: "yes"}


def _ordered(metric: Metric, shown: list[Row], suppressed: list[Row]) -> list[Row]:
    """All rows, in an order that tells nothing of those that are suppressed."""
    if not metric.keys:
        return shown + suppressed[:1]
    suppressed = sorted(suppressed, key=lambda row: _sortable(_keys(metric, row)))
    if not is_ordered(metric):
        return shown + suppressed
    return sorted(shown + suppressed, key=lambda row: _sortable(_keys(metric, row)))


def _dimensions(metric: Metric) -> list[str]:
    """The keys without the ids, which name the same thing as the text beside them."""
    return [name for name in metric.keys if metric.columns[name].type != "id"]


def _family(metric: Metric, period: str, row: Row) -> object:
    """What the rows have in common that are suppressed together: all keys but the last, and of
    times the longer time that they lie in."""
    dimensions = _dimensions(metric)
    others = tuple(row[name] for name in dimensions[:-1] if name != period)
    return (_FAMILIES[period](row[period]), others) if period else others


def _keys(metric: Metric, row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in metric.keys)


def _sortable(keys: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple((key is None, "" if key is None else key) for key in keys)
