"""Lets the fields of a record settle what is open in each other: above all, numbers and names."""

from collections.abc import Mapping, Sequence
from itertools import islice, product

from msgspec import Struct

from hubbub.records.people import union
from hubbub.records.reading import Value
from hubbub.records.template import Field

Way = Sequence[tuple[Value, ...]]
"""One way to read some groups of people."""
_MOST_WAYS = 64
"""Ways to read all names of a record that are tried."""


class Draft(Struct):
    """A field while its record is read."""

    values: tuple[Value, ...] = ()
    source: str = ""
    doubt: str | None = None
    is_said: bool = False
    """Whether the post says something of it at its own place."""
    others: tuple[tuple[Value, ...], ...] = ()
    """Members: other ways to read them."""
    stated: int | None = None
    """Members: how many there are, as it is written beside them."""
    unnamed: int = 0
    numbers: tuple[int, ...] = ()
    """Count: what else the number could be."""


def settle_counts(fields: Mapping[str, Field], drafts: Mapping[str, Draft]) -> None:
    """Compare each count with the people whom it counts; what is open in either may be settled.
    What is not stated is counted, once all that is stated has been heeded."""
    counting = [field for field in fields.values() if field.counts]
    for field in sorted(counting, key=lambda each: len(each.counts)):
        _compare(field, drafts, fields)
    for field in counting:
        if not drafts[field.name].values and not drafts[field.name].doubt:
            _count(field, drafts, fields)


def _compare(field: Field, drafts: Mapping[str, Draft], fields: Mapping[str, Field]) -> None:
    count, groups = drafts[field.name], [drafts[name] for name in field.counts]
    if not count.values and not count.doubt and groups[0].stated is not None:
        # PAX (8): the number of all, unless it is said elsewhere
        count.values, count.source = _number(groups[0].stated), groups[0].source
    if not count.values:
        return
    number = count.values[0].number or 0
    children = sum(_size(drafts[name]) for name in field.may_count)
    leaders = [n for n, name in enumerate(field.counts) if n and not fields[name].remarks]
    chosen = _chosen(groups, [number, *count.numbers], children, leaders)
    if chosen is not None:
        _take(groups, chosen[1], count, chosen[0])
    elif any(group.values or group.unnamed for group in groups):
        # which of them is wrong is not known
        count.doubt = count.doubt or "contradicts"
        groups[0].doubt = groups[0].doubt or ("contradicts" if groups[0].is_said else None)


def _count(field: Field, drafts: Mapping[str, Draft], fields: Mapping[str, Field]) -> None:
    """Take the number of the people who are named for a count that is not stated."""
    count, groups = drafts[field.name], [drafts[name] for name in field.counts]
    for name in field.counts:
        group = drafts[name]
        if fields[name].includes and group.others and len(group.values) == 1 and not group.doubt:
            group.doubt = "run_together"  # two words that should be everybody
    total = _total([group.values for group in groups], groups)
    if total or len(groups) == 1:
        count.values = _number(total)
        count.doubt = next((group.doubt for group in groups if group.doubt in _OPEN), None)


def _number(number: int) -> tuple[Value, ...]:
    return (Value("count", number=number),)


_OPEN = frozenset({"run_together", "unclear_name", "unnamed"})
"""Doubts that a fitting number settles, and that make a number that is counted doubtful."""


def _size(draft: Draft) -> int:
    return max(len(draft.values), draft.stated or 0) + draft.unnamed


def _total(way: Way, groups: Sequence[Draft]) -> int:
    """How many people there are, if the groups are read in one way."""
    extra = sum(group.unnamed for group in groups)
    if len(groups) > 1:
        extra += sum(
            max(0, (group.stated or 0) - len(values))
            for values, group in list(zip(way, groups, strict=True))[1:]
        )
    return len(union(way)) + extra


def _chosen(
    groups: Sequence[Draft], wanted: Sequence[int], children: int, leaders: Sequence[int]
) -> tuple[int, Way] | None:
    """The first way to read all groups that gives a wanted number, and that number.

    If none gives it, children may be counted or not, and leaders who are named may be among those
    who are tagged.
    """
    ways = list(islice(product(*([each.values, *each.others] for each in groups)), _MOST_WAYS))
    totals = [_total(way, groups) for way in ways]
    for number in wanted:
        for way, total in zip(ways, totals, strict=True):
            if total == number:
                return number, way
        for way, total in zip(ways, totals, strict=True):
            tagged = sum(value.kind == "member" for value in way[0])
            named = sum(value.kind == "name" for place in leaders for value in way[place])
            if total - min(tagged, named) <= number <= total + children:
                return number, way
    return None


def _take(groups: Sequence[Draft], way: Way, count: Draft, number: int) -> None:
    """Take what a number has settled."""
    for group, values in zip(groups, way, strict=True):
        if group.doubt in _OPEN - {"unnamed"} and group.others:
            group.doubt = None
        group.values, group.others = values, ()
    is_stated = count.values[0].number == number
    if is_stated and count.doubt in {"several", "roughly"}:
        count.doubt = None
    elif count.doubt == "several":
        count.values, count.doubt = _number(number), None
    elif not is_stated and count.doubt is None:
        count.doubt = "contradicts"
