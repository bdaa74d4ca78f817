"""What the terminal shows: tables that fit, progress, notes."""

import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from time import monotonic
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

if TYPE_CHECKING:
    import pyarrow as pa

    from hubbub.flows.collecting import Status

Progress = Callable[[str, int, int], None]

ROWS_SHOWN = 50
"""Rows that a terminal shows where no limit is given."""
_WIDE = 5
"""A single row with more columns than this is printed as a list."""
_LEAST_TEXT = 14
"""Columns of a terminal that a text needs to say something."""
_SAY_EVERY = 60.0
"""Seconds between two lines that say how far long work is, where there is no terminal."""
_BETWEEN = 3
"""Columns of a terminal that the space between two columns takes."""


def note(text: str, *, verbosity: int = 0) -> None:
    """A line for people, on stderr; left out by -q."""
    if verbosity >= 0:
        click.echo(text, err=True)


@contextmanager
def progress(verbosity: int) -> Generator[Progress]:
    """Shows how far long work is: a bar on a terminal, a line per stage elsewhere."""
    if verbosity < 0:
        yield lambda _what, _done, _total: None
    elif sys.stderr.isatty():
        with _bar() as show:
            yield show
    else:
        yield _lines()


@contextmanager
def _bar() -> Generator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description:<10}"),
        BarColumn(),
        TextColumn("{task.percentage:3.0f} %"),
        TimeElapsedColumn(),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting", total=None)

        def show(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total or None)

        yield show


@contextmanager
def collecting(verbosity: int) -> "Generator[Callable[[Status], None]]":
    """Shows how far a collection is: a bar on a terminal, a line a minute elsewhere."""
    if verbosity < 0:
        yield lambda _status: None
    elif sys.stderr.isatty():
        with _collecting_bar() as show:
            yield show
    else:
        yield _collecting_lines()


@contextmanager
def _collecting_bar() -> "Generator[Callable[[Status], None]]":
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (BarColumn(bar_width=20), TextColumn("{task.description}"))
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting", total=None)

        def show(status: "Status") -> None:
            bar.update(task, description=_how_far(status), completed=status.calls,
                       total=status.calls + status.calls_left)  # fmt: skip
            if status.is_capped and not said:
                said.append(status.is_capped)
                bar.console.print(_capped(status))

        said: list[bool] = []
        yield show


def _collecting_lines() -> "Callable[[Status], None]":
    said_at = [monotonic()]
    said_capped: list[bool] = []

    def show(status: "Status") -> None:
        if status.is_capped and not said_capped:
            said_capped.append(True)
            click.echo(_capped(status), err=True)
        if monotonic() - said_at[0] >= _SAY_EVERY:
            said_at[0] = monotonic()
            click.echo(_how_far(status), err=True)

    return show


def _how_far(status: "Status") -> str:
    return (
        f"{status.calls:,} calls, {status.messages:,} messages, "
        f"{in_words(status.waited)} waited, {in_words(status.seconds_left)} left"
    )


def _capped(status: "Status") -> str:
    return (
        "note: Slack gives this app 15 messages a call and a call a minute, as it does for apps "
        "that are sold outside its Marketplace. The history will take about "
        f"{in_words(status.seconds_left)}; it can be stopped and goes on where it was. An app that "
        "the workspace makes for itself (hubbub init) is much faster."
    )


def in_words(seconds: float) -> str:
    """A length of time for people: its two largest units."""
    rest, found = max(0, round(seconds)), list[str]()
    for name, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        number, rest = divmod(rest, size)
        if number:
            found.append(f"{number} {name}")
    return " ".join(found[:2]) or "0 s"


def _lines() -> Progress:
    said: set[tuple[str, int]] = set()

    def show(what: str, done: int, total: int) -> None:
        quarter = 4 * done // total if total else 0
        if (what, quarter) not in said:
            said.add((what, quarter))
            click.echo(f"{what} {25 * quarter} %" if done else what, err=True)

    return show


def paragraph(text: str) -> None:
    """Print a sentence, broken where the terminal ends."""
    import shutil
    import textwrap

    width = min(shutil.get_terminal_size().columns, 100)
    click.echo(textwrap.fill(text, width, initial_indent="  ", subsequent_indent="  "))


def rows_that_fit(count: int, limit: int | None) -> int:
    """How many rows to print: all that were asked for, or a screenful or two on a terminal."""
    return min(count, ROWS_SHOWN) if limit is None and sys.stdout.isatty() else count


def print_json(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print rows as a JSON array of objects; instants in ISO 8601, UTC."""
    import msgspec

    from hubbub.destinations.files import plain_value

    click.echo("[")
    for number, row in enumerate(rows, 1):
        comma = "," if number < len(rows) else ""
        record = msgspec.json.encode(dict(zip(columns, map(plain_value, row), strict=True)))
        click.echo(f"{record.decode()}{comma}")
    click.echo("]")


def print_csv(rows: "pa.Table") -> None:
    """Print rows as CSV with a header line; instants in ISO 8601, UTC."""
    from hubbub.destinations.files import csv_parts

    for part in csv_parts(rows):
        sys.stdout.write(part)


def table(
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    timezone: str,
    title: str = "",
    wrap: bool = False,
) -> None:
    """Print a table: fitted to a terminal, in full elsewhere. Numbers stand right.

    A line a row, too long texts cut and columns that do not fit left out and named; with `wrap`,
    texts go on in the next line instead. A single wide row is printed as a list.
    """
    zone = ZoneInfo(timezone)
    right = {
        index
        for index in range(len(columns))
        if any(_is_number(row[index]) for row in rows)
        and all(row[index] is None or _is_number(row[index]) for row in rows)
    }
    cells = [[_cell(value, zone) for value in row] for row in rows]
    heads = [column.replace("_", " ") for column in columns]
    if len(cells) == 1 and len(heads) > _WIDE:
        right, cells = set[int](), [list(pair) for pair in zip(heads, cells[0], strict=True)]
        heads = ["", ""]
    if sys.stdout.isatty():
        _fitted(heads, cells, right, title, wrap=wrap)
    else:
        _plain(heads, cells, right)


def _fitted(
    heads: list[str], cells: list[list[str]], right: set[int], title: str, *, wrap: bool
) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    widths = _widths(heads, cells)
    there = len(heads) if wrap else _columns_that_fit(widths, console.width)
    shown = Table(
        box=box.SIMPLE_HEAD if any(heads) else None,
        title=title or None,
        title_justify="left",
        title_style="bold",
        header_style="bold",
        pad_edge=False,
        show_header=any(heads),
    )
    for index, head in enumerate(heads[:there]):
        is_right = index in right
        shown.add_column(
            head,
            justify="right" if is_right else "left",
            no_wrap=is_right or not wrap,
            min_width=widths[index] if is_right else min(widths[index], _LEAST_TEXT),
            overflow="fold" if wrap else "ellipsis",
        )
    for row in cells:
        shown.add_row(*map(Text, row[:there]))
    console.print(shown)
    if there < len(heads):
        left_out = ", ".join(heads[there:])
        note(f"not shown, for want of width: {left_out}; all with --format csv")


def _widths(heads: list[str], cells: list[list[str]]) -> list[int]:
    """The width that each column would like to have."""
    from rich.cells import cell_len

    return [max(map(cell_len, column)) for column in zip(heads, *cells, strict=True)]


def _columns_that_fit(widths: list[int], width: int) -> int:
    """How many columns fit, if texts are cut to the least that says something."""
    taken = 0
    for index, wanted in enumerate(widths):
        taken += min(wanted, _LEAST_TEXT) + _BETWEEN
        if taken > width:
            return max(index, 1)
    return len(widths)


def _plain(heads: list[str], cells: list[list[str]], right: set[int]) -> None:
    from rich.cells import cell_len

    widths = _widths(heads, cells)
    for row in ([heads] if any(heads) else []) + cells:
        padded = [
            " " * (width - cell_len(cell)) + cell
            if index in right
            else cell + " " * (width - cell_len(cell))
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        click.echo("  ".join(padded).rstrip())


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _cell(value: Any, zone: ZoneInfo) -> str:
    """A value for reading; control characters, which could move the cursor, are replaced."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.1f}"
    if isinstance(value, datetime):
        return f"{value.astimezone(zone):%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return f"{value:%Y-%m-%d}"
    return "".join(each if each.isprintable() else " " for each in str(value))
