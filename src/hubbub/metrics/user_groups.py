"""Slack's user groups, where somebody names one in place of its members."""

from collections.abc import Collection, Iterable

import duckdb
from msgspec import Struct

from hubbub.errors import UsageError


class Group(Struct, frozen=True):
    """A user group as the store has it; without a handle under a policy that keeps no names."""

    id: str
    handle: str | None
    is_disabled: bool
    members: tuple[str, ...]
    """By the store's ids."""

    @property
    def called(self) -> str:
        """What people call it."""
        return f"@{self.handle}" if self.handle else self.id


def read_groups(connection: duckdb.DuckDBPyConnection) -> list[Group]:
    """All user groups, by their ids."""
    rows = connection.execute("""
        SELECT group_id, handle, is_disabled, list(user_id ORDER BY user_id) FILTER (user_id <> '')
        FROM user_groups LEFT JOIN user_group_members USING (group_id)
        GROUP BY ALL ORDER BY group_id""").fetchall()
    return [Group(group_id, handle, closed, tuple(members or ()))
            for group_id, handle, closed, members in rows]  # fmt: skip


def group_named(groups: Iterable[Group], name: str, namesakes: Collection[str]) -> Group | None:
    """The user group of that handle, in any case and without @, or of that id; None if there is
    none. `namesakes` are the ids of the members who are called so.

    Raises `UsageError` where it is not sure who is meant: members are called so too, several groups
    are (Slack gives a disabled one's handle away again), or nobody keeps the group up to date.
    """
    wanted = name.strip()
    found = [
        each
        for each in groups
        if wanted == each.id or wanted.casefold() == (each.handle or "").casefold()
    ]
    found = [each for each in found if not each.is_disabled] or found
    if not wanted or not found:
        return None
    group, *others = found
    if others:
        ids = ", ".join(each.id for each in found)
        raise UsageError(f"{name!r} is the handle of several user groups: {ids}.", "Give the id.")
    if namesakes:
        ids = ", ".join(sorted(namesakes))
        raise UsageError(
            f"{name!r} names both a user group ({group.id}) and a member ({ids}).", "Give the id."
        )
    if group.is_disabled:
        raise UsageError(
            f"The user group {group.called} is disabled, so nobody keeps it up to date.",
            "Enable it in Slack and collect, or name the members or a channel.",
        )
    if not group.members:
        raise UsageError(
            f"Nobody is known to be in the user group {group.called}.",
            "Put members into it in Slack and collect, or name them.",
        )
    return group
