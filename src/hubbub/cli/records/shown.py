"""A post as a terminal shows how it was read."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from hubbub.records.doubts import DOUBTS
from hubbub.records.plain import resolved
from hubbub.records.reading import Reading, Record, Value
from hubbub.slack.markup import plain

if TYPE_CHECKING:
    from hubbub.flows.checking_records import Checked, CheckedPost

_STYLES = {"good": ("✓", "green"), "doubtful": ("!", "yellow"), "refused": ("✗", "bold red")}
_LONGEST = 300


def shown_post(each: "CheckedPost", checked: "Checked", timezone: str) -> Iterator[RenderableType]:
    """When and by whom it was written, and each of its records."""
    moment = datetime.fromtimestamp(each.post.posted_at / 1_000_000, UTC)
    when = f"{moment.astimezone(ZoneInfo(timezone)):%a %Y-%m-%d %H:%M}"
    author = checked.members.get(each.post.author_id or "", each.post.author_id or "an app")
    for record in each.records:
        sign, style = _STYLES[record.status]
        said = f"{when}  {printable(author)}"
        number = f"  ({record.place + 1} of {len(each.records)})" if len(each.records) > 1 else ""
        yield Text.assemble((f"{sign} {record.status}", style), "  ", (said, "bold"), number)
        yield _fields(record, checked)


def _fields(record: Record, checked: "Checked") -> Table:
    shown = Table.grid(padding=(0, 2, 0, 0))
    shown.add_column(width=1)
    shown.add_column(no_wrap=True)
    shown.add_column(ratio=3, overflow="fold")
    shown.add_column(ratio=2, overflow="fold")
    for reading in record.readings:
        values: list[RenderableType] = [Text(_values(reading, checked))]
        if reading.doubt:
            values.append(Text(DOUBTS[reading.doubt].sentence, "yellow"))
        sign = Text("!" if reading.doubt else "", "yellow")
        shown.add_row(sign, Text(reading.field, "bold"), Group(*values), _source(reading, checked))
    return shown


def _source(reading: Reading, checked: "Checked") -> Text:
    """What was written, unless it is the same as what is shown anyway."""
    if not reading.source:
        return Text("not written", "dim italic") if reading.values else Text("")
    source = printable(plain(reading.source, checked.members, checked.channels))
    if len(reading.values) == 1 and reading.values[0].kind == "text":
        return Text("")
    return Text(source if len(source) <= _LONGEST else f"{source[:_LONGEST]} …", "dim")


def _values(reading: Reading, checked: "Checked") -> str:
    found = [_value(resolved(each, checked.directory), checked) for each in reading.values]
    told = ", ".join(found) or "—"
    return told if len(told) <= _LONGEST else f"{told[:_LONGEST]} …"


def _value(value: Value, checked: "Checked") -> str:
    if value.kind == "member":
        return printable(f"@{checked.members.get(value.member_id or '', value.member_id)}")
    if value.kind == "name":
        return printable(f"{value.name} (not registered)")
    if value.kind == "channel":
        if value.channel_id is None:
            return printable(f"{value.name} (no such channel)")
        return printable(f"#{checked.channels.get(value.channel_id, value.channel_id)}")
    if value.day is not None:
        return f"{value.day:%a %Y-%m-%d}"
    if value.number is not None:
        return f"{value.number:,}"
    return printable(plain(value.text or "", checked.members, checked.channels))


def printable(text: str) -> str:
    """A text in one line; control characters, which could move the cursor, are replaced."""
    lines = " / ".join(line.strip() for line in text.splitlines() if line.strip())
    return "".join(each if each.isprintable() else " " for each in lines)
