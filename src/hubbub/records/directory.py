"""Whom plain names mean: the rule of the view `record_people`, for where there is no store.

A name is a member if it is the handle, display name or full name of exactly one, without regard to
case and blanks around it. Bots and people who have left count too: a name that two could have is
nobody's.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Person(NamedTuple):
    """An account, and what it is called."""

    member_id: str
    names: tuple[str | None, ...]
    """Handle, display name, full name."""


class Directory:
    """The members and channels that names are looked up among."""

    def __init__(self, people: Iterable[Person], channels: Mapping[str, str] | None = None) -> None:
        self._members = _by_name(
            (person.member_id, name) for person in people for name in person.names
        )
        self._channels = _by_name((each, name) for each, name in (channels or {}).items())

    def resolve(self, name: str) -> str | None:
        """The id of the member who is called so; None if there is none, or more than one."""
        return self._members.get(_folded(name))

    def resolve_channel(self, name: str) -> str | None:
        """The id of the channel that is called so; None if there is none."""
        return self._channels.get(_folded(name).lstrip("#"))


def _folded(name: str) -> str:
    return name.strip().lower()


def _by_name(named: Iterable[tuple[str, str | None]]) -> dict[str, str]:
    """Names that exactly one id has, folded."""
    found: dict[str, set[str]] = {}
    for one, name in named:
        if name and name.strip():
            found.setdefault(_folded(name), set()).add(one)
    return {name: next(iter(ids)) for name, ids in found.items() if len(ids) == 1}


NOBODY = Directory(())
