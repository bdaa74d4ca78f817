"""Reads a directory of members from a file: people's own lists, or Slack's users.json."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from hubbub.errors import HubbubError
from hubbub.privacy.scrub.people import Person

_FIX = "Give a list of members such as users.json of an export has it."
_NAMES = ("real_name", "display_name", "kname", "real_name_normalized", "display_name_normalized")
_FIRST_AND_LAST = (("first", "last"), ("first_name", "last_name"))


def read_people(path: Path) -> list[Person]:
    """The members in a file: a list of records, or Slack's answer with `members`. Raises
    `HubbubError` for any other file."""
    try:
        content: Any = json.loads(path.read_bytes())
    except ValueError:
        raise HubbubError(f"{path} is not JSON.", _FIX) from None
    if isinstance(content, dict):
        content = cast("dict[str, Any]", content).get("members")
    if not isinstance(content, list):
        raise HubbubError(f"{path} holds no list of members.", _FIX)
    return list(_people(path, cast("list[Any]", content)))


def _people(path: Path, entries: list[Any]) -> Iterator[Person]:
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, dict):
            raise HubbubError(f"{path}: member {number} is not a record.", _FIX)
        fields = cast("dict[str, Any]", entry)
        profile: Any = fields.get("profile")
        if isinstance(profile, dict):
            # what the profile says goes before what the entry says
            fields = fields | {
                name: value for name, value in cast("dict[str, Any]", profile).items() if value
            }
        names = [_text(fields, name) for name in _NAMES]
        for first, last in _FIRST_AND_LAST:
            names.append(" ".join(filter(None, (_text(fields, first), _text(fields, last)))))
        listed = fields.get("names")
        if isinstance(listed, list):
            names += [name for name in cast("list[Any]", listed) if isinstance(name, str)]
        handle = _text(entry, "name") or _text(fields, "handle")
        yield Person(
            _text(fields, "id") or _text(fields, "member_id"),
            handle,
            tuple(dict.fromkeys(name for name in names if name)),
            _text(fields, "email"),
            _text(fields, "phone"),
        )


def _text(fields: Any, name: str) -> str | None:
    value = fields.get(name)
    return value.strip() or None if isinstance(value, str) else None
