"""What a check has found."""

from typing import Literal

from msgspec import Struct

State = Literal["ok", "note", "problem"]


class Finding(Struct, frozen=True):
    """What a check has found, and what can be done about it."""

    check: str
    state: State
    found: str
    fix: str = ""


def ok(check: str, found: str) -> Finding:
    """All is well."""
    return Finding(check, "ok", found)


def remark(check: str, found: str, fix: str) -> Finding:
    """What is good to know, and hinders nothing."""
    return Finding(check, "note", found, fix)


def problem(check: str, found: str, fix: str) -> Finding:
    """What keeps Hubbub from doing what the settings ask for."""
    return Finding(check, "problem", found, fix)


def some(names: list[str], most: int = 10) -> str:
    """Names in a sentence; of many the first ones, and how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more:,} more" if more > 0 else "")
