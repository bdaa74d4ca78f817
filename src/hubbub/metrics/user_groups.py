"""Slack's user groups, where a setting names one in place of its members."""

from dataclasses import dataclass

import duckdb

from hubbub.errors import UsageError


@dataclass(frozen=True)
class Group:
    """A user group as the store has it; without names under a policy that keeps none."""

    id: str
    handle: str | None
    is_disabled: bool

    @property
    def called(self) -> str:
        """What people call it."""
        return f"@{self.handle}" if self.handle else self.id


def find_group(connection: duckdb.DuckDBPyConnection, name: str) -> Group | None:
    """The user group of that handle, in any case and without @, or id. Raises `UsageError` if
    several have it: Slack lets a disabled one's handle be taken again."""
    rows = connection.execute(
        "SELECT group_id, handle, is_disabled FROM user_groups "
        "WHERE lower(handle) = lower(trim($1)) OR group_id = $1 ORDER BY is_disabled, group_id",
        [name],
    ).fetchall()
    found = [Group(*row) for row in rows]
    in_use = [group for group in found if not group.is_disabled] or found
    if len(in_use) > 1:
        ids = ", ".join(group.id for group in in_use)
        raise UsageError(f"{name!r} is the handle of several user groups: {ids}.", "Give the id.")
    return in_use[0] if in_use else None


def members_of_group(connection: duckdb.DuckDBPyConnection, group: Group, name: str) -> list[str]:
    """The members of the group that somebody has called by that name; the view `known_names` has
    been made. Raises `UsageError` if members are called so too, or if it holds nobody for sure."""
    namesakes = connection.execute(
        "SELECT user_id FROM known_names WHERE name = lower(trim($1)) ORDER BY user_id", [name]
    ).fetchall()
    if namesakes:
        ids = ", ".join(row[0] for row in namesakes)
        raise UsageError(
            f"{name!r} names both a user group ({group.id}) and a member ({ids}).", "Give the id."
        )
    if group.is_disabled:
        raise UsageError(
            f"The user group {group.called} is disabled, so nobody keeps it up to date.",
            "Enable it in Slack and collect, or name the members or a channel.",
        )
    found = connection.execute(
        "SELECT user_id FROM user_group_members WHERE group_id = $1 ORDER BY user_id", [group.id]
    ).fetchall()
    if not found:
        raise UsageError(
            f"Nobody is known to be in the user group {group.called}.",
            "Put members into it in Slack and collect, or name them.",
        )
    return [row[0] for row in found]
