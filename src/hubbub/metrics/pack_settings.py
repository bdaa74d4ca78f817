"""What a workspace sets of a pack: when its rounds begin, who is expected.

A pack says in its `settings.toml` what can be set:

    [round_days]
    type = "count"
    default = 14
    doc = "days of a round"

A workspace sets it in the `settings.toml` of its own pack, under the pack's name:

    [writing]
    round_days = 7

Views and metrics read the values from the view `<pack>_settings`, which has one row, and the
workspace's `timezone` beside them. Every error names the file and the line.
"""

from collections.abc import Callable
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from msgspec import Struct

from hubbub.content import ContentFile, find_each
from hubbub.errors import BadContent

if TYPE_CHECKING:
    import pyarrow as pa

FILE = "settings.toml"
TYPES = {
    "day": "a day: `2026-03-02`",
    "count": "a whole number, 1 or more",
    "counts": "whole numbers, 1 or more, each greater than the one before: `[1, 5, 20]`",
    "people": "members by handle, name or id, `@handle` of a user group and `#channel` of a "
    'channel for all who are in it: `["mina", "U0123456789", "@staff", "#organisers"]`',
}
"""What can be set, and how it is written."""

_KEYS = {"type", "default", "doc"}


class Setting(Struct, frozen=True):
    """Something that can be set: its type, its meaning, and its value in this workspace."""

    name: str
    type: str
    doc: str
    default: Any
    """None for a day that nobody has set."""
    value: Any
    file: ContentFile
    """The file that the value is from."""

    def wrong(self, entry: str, reason: str, fix: str) -> BadContent:
        """The error to raise about an entry of the value."""
        lines = enumerate(self.file.text.splitlines(), 1)
        line = next((number for number, text in lines if entry in text), 1)
        return self.file.wrong(line, reason, fix)


class PackSettings(Struct, frozen=True):
    """All that can be set of a pack."""

    file: ContentFile
    settings: dict[str, Setting]

    def row(self, timezone: str, ids_of: Callable[[Setting], list[str]]) -> "pa.Table":
        """The one row of the view `<pack>_settings`; `ids_of` finds the members of a setting of
        the type `people`."""
        import pyarrow as pa

        arrow: Any = pa
        kinds = {
            "day": arrow.date32(),
            "count": arrow.int64(),
            "counts": arrow.list_(arrow.int64()),
            "people": arrow.list_(arrow.string()),
        }
        columns: dict[str, Any] = {
            name: arrow.array(
                [ids_of(each) if each.type == "people" else each.value], kinds[each.type]
            )
            for name, each in self.settings.items()
        }
        return arrow.table({**columns, "timezone": [timezone]})


def read_settings(own_pack: Path) -> dict[str, PackSettings]:
    """The settings of each pack that has any. Raises `BadContent`."""
    files = find_each(FILE, own_pack)
    declared = {file.pack: file for file in files if file.path.parent != own_pack}
    own = next((file for file in files if file.path.parent == own_pack), None)
    chosen = own.toml() if own else {}
    for name, values in chosen.items():
        assert own is not None
        if name not in declared:
            fix = f"Packs with settings: {', '.join(declared)}."
            line = own.line_of(f"[{name}]")
            raise own.wrong(line, f"there is nothing to set of a pack {name!r}", fix)
        if not isinstance(values, dict):
            raise own.wrong(own.line_of(name), f"{name} is no table", f"Write [{name}].")
    return {
        name: PackSettings(file, _settings(file, own, chosen.get(name, {})))
        for name, file in declared.items()
    }


def _settings(
    file: ContentFile, own: ContentFile | None, chosen: dict[str, Any]
) -> dict[str, Setting]:
    found: dict[str, Setting] = {}
    for name, written in file.toml().items():
        about = cast("dict[str, Any]", written) if isinstance(written, dict) else {}
        if set(about) != _KEYS or about["type"] not in TYPES:
            fix = f"Write type, default and doc; type is one of: {', '.join(TYPES)}."
            raise file.wrong(file.line_of(f"[{name}]"), f"{name} is no setting", fix)
        kind: str = about["type"]
        value, where = (about["default"], file)
        if own and name in chosen:
            value, where = chosen[name], own
        read = _value(where, name, kind, value)
        found[name] = Setting(name, kind, str(about["doc"]), about["default"], read, where)
    for name in chosen:
        if name not in found:
            assert own is not None
            fix = f"There are: {', '.join(found)}."
            raise own.wrong(own.line_of(name), f"unknown setting {name!r}", fix)
    return found


def _value(file: ContentFile, name: str, kind: str, value: Any) -> Any:
    """A value as its type; None for a day that is not set."""
    reads: dict[str, Callable[[Any], Any]] = {
        "day": _day,
        "count": lambda given: _counts([given])[0],
        "counts": _counts,
        "people": _people,
    }
    try:
        return reads[kind](value)
    except ValueError as error:
        reason = f"{name} is {value!r}"
        raise file.wrong(file.line_of(name), reason, f"Write {TYPES[kind]}.") from error


def _day(value: Any) -> date | None:
    if isinstance(value, str):
        return date.fromisoformat(value) if value else None
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    raise ValueError(value)


def _counts(value: Any) -> list[int]:
    listed = _list(value, lambda each: type(each) is int and each > 0)
    if any(low >= high for low, high in pairwise(listed)):
        raise ValueError(value)
    return listed


def _people(value: Any) -> list[str]:
    return _list(value, lambda each: isinstance(each, str) and bool(each.strip("#@ ")))


def _list(value: Any, is_right: Callable[[Any], bool]) -> list[Any]:
    is_list = isinstance(value, list)
    listed = cast("list[Any]", value)
    if is_list and all(is_right(each) for each in listed):
        return listed
    raise ValueError(listed)
