"""SQL by which rows of the store are compared with what is known of a destination: their keys,
hashes and days."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from hubbub.core.tables import Table, Type
from hubbub.core.warehouse import DAY, DAY_OF_TS, Shape
from hubbub.stores.writes import written_after

_MICROS = "try_cast(split_part(ts, '.', 1) AS BIGINT) * 1000000"


_TEN_DIGITS = (date(2001, 9, 10), date(2286, 11, 20))
"""The first day whose seconds since 1970 all have ten digits, and the first after it of which that
is not so: between them texts are in the order of time."""
_A_DAY = timedelta(days=1)
_SPANS = 50
"""How many spans of days are told apart."""


def note_come(
    table: Table,
    since: datetime | None,
    *,
    there: str | None,
    all_rows: bool = False,
    after: int | None = None,
) -> str:
    """SQL that notes the keys and hashes of the rows that are to be sent: all that the window has;
    beside what is there already, those that are new or other ones, or `all_rows` that are to be
    there. Of writes after one only, if that is said. The place of each in what is there, NULL if
    it is not, holds as long as that stays attached."""
    keys = ", ".join(table.key)
    rows = f"""SELECT {", ".join(_key(table, each) + f" AS {each}" for each in table.key)},
        {_hash(table)} AS hash, {_is_in(table, since)} AS is_in FROM store.{table.name}
        {where(after)}"""
    if there is None:
        chosen = f"""SELECT {keys}, hash, true AS is_new, NULL::BIGINT AS place
            FROM ({rows}) WHERE is_in"""
    else:
        wanted = "true" if all_rows else "r.hash IS DISTINCT FROM k.hash"
        chosen = f"""SELECT {", ".join(f"r.{each}" for each in table.key)}, r.hash,
                k.hash IS NULL AS is_new, k.place
            FROM ({rows}) r LEFT JOIN (SELECT *, rowid AS place FROM {there}) k USING ({keys})
            WHERE (r.is_in OR k.place IS NOT NULL) AND {wanted}"""
    return f"CREATE OR REPLACE TABLE news.come_{table.name} AS {chosen}"


def where(after: int | None) -> str:
    """SQL by which only rows of writes after one are read; all if it is None."""
    return "" if after is None else f"WHERE {written_after(after)}"


def keys_of(table: Table) -> str:
    """A query for the keys of all rows that the store has."""
    listed = ", ".join(f"{_key(table, each)} AS {each}" for each in table.key)
    return f"SELECT {listed} FROM store.{table.name}"


def columns(table: Table, shape: Shape) -> str:
    """The columns of a table as a warehouse has them."""
    return ", ".join(
        f"{DAY_OF_TS if each.name == DAY else _key(table, each.name)} AS {each.name}"
        for each in shape.fields
    )


def _key(table: Table, name: str) -> str:
    """A column; where it is of the key never NULL, which no warehouse has in a key."""
    is_text = name in table.key and table.column(name).type is Type.TEXT
    return f"coalesce({name}, '')" if is_text else name


def _hash(table: Table) -> str:
    """A hash of a row that stays as it is when a column is added which has no value."""
    return _xor(
        f"CASE WHEN {each.name} IS NULL THEN 0::UBIGINT ELSE hash('{each.name}', {each.name}) END"
        for each in table.public
    )


def _xor(parts: Iterator[str]) -> str:
    first, *rest = parts
    for part in rest:
        first = f"xor({part}, {first})"
    return first


def _is_in(table: Table, since: datetime | None) -> str:
    """The condition by which a row is in the window; without a time of its own it always is."""
    if since is None:
        return "true"
    instant = f"make_timestamptz({_MICROS})" if "ts" in table.key else table.dated
    if instant is None:
        return "true"
    return f"coalesce({instant} >= make_timestamptz({int(since.timestamp() * 1_000_000)}), true)"


def near(days: Sequence[date]) -> str:
    """A condition that all rows with a `ts` of one of these days meet, given in their order, and
    not many others. DuckDB passes over groups of rows, and columns of the others, by it; the day
    itself it has to compute of each row."""
    if not days or days[0] < _TEN_DIGITS[0] or days[-1] >= _TEN_DIGITS[1]:
        return "true"
    spans: list[tuple[date, date]] = []
    for day in days:
        if spans and spans[-1][1] == day:
            spans[-1] = (spans[-1][0], day + _A_DAY)
        else:
            spans.append((day, day + _A_DAY))
    if len(spans) > _SPANS:
        spans = [(spans[0][0], spans[-1][1])]
    within = [f"ts >= '{_seconds(begin)}' AND ts < '{_seconds(end)}'" for begin, end in spans]
    return f"({' OR '.join(within)} OR ts < '1')"  # a 0 may stand before


def _seconds(day: date) -> int:
    return (day - date(1970, 1, 1)).days * 86_400
