"""What a running server knows of the store by heart: names, channels, and who is a bot."""

import duckdb
from msgspec import Struct

from hubbub.metrics.run import Runner


class Names(Struct, frozen=True):
    """Names that ids stand for, as the store has them; empty before there is a store."""

    community: str = ""
    """The Slack workspace's name; empty where only archives were imported."""
    url: str = ""
    """Its address, which ends in a slash; empty as above."""
    channels: dict[str, str] = {}
    """The names of channels by id, in the order of the names."""
    members: dict[str, str] = {}
    bots: frozenset[str] = frozenset()
    """Accounts of bots, Slack's own too."""
    groups: dict[str, str] = {}
    """The handles of user groups by id, without @."""


def read_names(connection: duckdb.DuckDBPyConnection, runner: Runner, *, of_people: bool) -> Names:
    """The names that a store has; without `of_people` the community's alone, since even the list of
    channels would invite to filters that small groups forbid."""
    known = connection.execute("SELECT name, url FROM workspace").fetchall()
    community, url = known[0] if known else ("", "")
    if not of_people:
        return Names(community or "", url or "")
    runner.make_views(["FROM names JOIN channel_names"])
    channels = connection.execute("SELECT channel_id, name FROM channel_names ORDER BY name, 1")
    named = dict(channels.fetchall())
    members = dict(connection.execute("SELECT user_id, name FROM names").fetchall())
    groups = connection.execute(
        "SELECT group_id, handle FROM user_groups WHERE handle IS NOT NULL"
    ).fetchall()
    bots = connection.execute("SELECT user_id FROM users WHERE is_bot").fetchall()
    return Names(
        community or "",
        url or "",
        named,
        members,
        frozenset({"USLACKBOT", "USLACK", *(row[0] for row in bots)}),
        dict(groups),
    )
