"""What a run of `collect` would ask of Slack, and how long that takes at Slack's limits."""

import math
from threading import Event

from msgspec import Struct

from hubbub.core.progress import BEGINNING, Coverage
from hubbub.errors import HubbubError
from hubbub.flows.collecting import Wish, choice_of, fix_of, types_wanted
from hubbub.flows.connecting import connect
from hubbub.flows.workspace import contradictions, policy_of_workspace
from hubbub.settings import Settings
from hubbub.slack.api import SlackError
from hubbub.slack.methods import FILE, METHODS
from hubbub.slack.pace import Clock, Pace, RealTime
from hubbub.sources.choosing import Conversation, Sweep, sweep_of
from hubbub.sources.history import ROTATION, History
from hubbub.sources.streams import Ask, Stream, Streams
from hubbub.stores import duckdb as store
from hubbub.stores.memory import StoreMemory


class Estimate(Struct, frozen=True):
    """Calls by method, and the time that they need."""

    workspace: str
    channels: int
    not_joined: list[str]
    calls: dict[str, int]
    seconds: float
    is_least: bool
    """Whether there is history that Hubbub knows nothing of yet: then this is the least."""
    asked: int
    """Calls that finding this out took."""


def estimate(settings: Settings, wish: Wish | None = None, *, clock: Clock | None = None) -> (
    Estimate
):  # fmt: skip
    """Say what `collect` would ask. Asks for the list of channels only."""
    slack, token = connect(settings)
    policy = policy_of_workspace(settings)
    for error in contradictions(settings, policy):
        raise error
    now = clock or RealTime(Event())
    streams = Streams(
        slack, Pace(now.now()), now,
        counted=lambda _method, _ended: None, stopped=lambda: False, seen=lambda: None,
    )  # fmt: skip
    choice = choice_of(settings, wish or Wish(), policy, token)
    memory = StoreMemory(settings.store)
    history = History(streams, memory, choice, lambda _: None, now.now, "")
    names: list[str] = []

    def look() -> Stream:
        answer = yield Ask("auth.test")
        names.append(str(answer.body.get("team", "")))
        yield from history.list_conversations(types_wanted(policy))

    streams.add("auth.test", look)
    try:
        streams.run()
    except SlackError as error:
        raise HubbubError(f"Slack does not list the channels ({error.code}).", fix_of(error)) from (
            error
        )
    chosen = history.chosen()
    known = memory.coverage()
    must_join = [
        channel for channel in chosen
        if choice.is_bot and not channel.is_member and not choice.join
    ]  # fmt: skip
    calls: dict[str, int] = {"auth.test": 1, "usergroups.list": 1}
    calls["users.list"] = _pages(_count(settings, "users"), "users.list")
    calls["conversations.list"] = _pages(len(history.conversations), "conversations.list")
    is_least = False
    for channel in chosen:
        covered = known.get(channel.id, Coverage(channel.id))
        sweep = sweep_of(channel, covered, choice, now.now(), "")
        if sweep is None or channel in must_join:
            continue
        is_least |= covered.since is None
        _add(calls, _of_channel(settings, channel, covered, sweep))
        if choice.is_bot and not channel.is_member:
            _add(calls, {"conversations.join": 1})
    pending = {"thread": "conversations.replies", "reactions": "reactions.get"}
    for reading in memory.pending():
        _add(calls, {pending.get(reading.kind, FILE): 1})
    return Estimate(
        names[0],
        len(chosen),
        sorted(channel.name for channel in must_join),
        calls,
        streams.pace.seconds_for(calls),
        is_least,
        sum(tally.calls for tally in streams.tallies.values()),
    )


def _of_channel(
    settings: Settings, channel: Conversation, covered: Coverage, sweep: Sweep
) -> dict[str, int]:
    """The calls that a channel needs, by what the store knows of it."""
    top_level, threads = _known_messages(settings, channel.id, sweep)
    calls = {"conversations.history": _pages(top_level, "conversations.history")}
    if covered.since is None:
        calls["conversations.replies"] = threads  # known from an archive
    elif sweep.is_full:
        calls["conversations.replies"] = math.ceil(threads / ROTATION)
    if channel.members != covered.members_read or sweep.is_full:
        calls["conversations.members"] = _pages(channel.members or 0, "conversations.members")
    return calls


def _known_messages(settings: Settings, channel_id: str, sweep: Sweep) -> tuple[int, int]:
    """How many messages at the top level, and how many threads, the store has in a range."""
    if not store.exists(settings.store):
        return 0, 0
    with store.reading(settings.store) as connection:
        return connection.execute(
            """SELECT count(*) FILTER (WHERE thread_ts IS NULL OR thread_ts = ts),
                count(*) FILTER (WHERE thread_ts = ts AND reply_count > 0)
            FROM messages WHERE channel_id = $1 AND deleted_at IS NULL
                AND posted_at >= to_timestamp($2) AND posted_at < to_timestamp($3)""",
            [channel_id, float(sweep.oldest or BEGINNING), float(sweep.position or sweep.until)],
        ).fetchall()[0]


def _count(settings: Settings, table: str) -> int:
    if not store.exists(settings.store):
        return 0
    with store.reading(settings.store) as connection:
        return store.first_row(connection, f"SELECT count(*) FROM {table}")[0]


def _pages(objects: int, method: str) -> int:
    return max(1, math.ceil(objects / METHODS[method].page))


def _add(calls: dict[str, int], more: dict[str, int]) -> None:
    for method, number in more.items():
        if number:
            calls[method] = calls.get(method, 0) + number
