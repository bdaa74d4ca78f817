"""A sweep of `hubbub collect` over the last days of a workspace whose store is long."""

import json
import time
from collections import defaultdict
from typing import NamedTuple

from bench.collecting import pointed
from hubbub.flows.collecting import Wish, collect
from hubbub.settings import Collecting, Settings
from hubbub.simulator.clock import Clock
from hubbub.simulator.simulator import Simulator
from hubbub.simulator.state import Raw, Workspace, count_replies
from hubbub.stores import duckdb as store

_DAYS = 3


class Swept(NamedTuple):
    """What a sweep cost in its own thread, beside the local Slack: CPU seconds, calls, messages."""

    cpu: float
    calls: int
    messages: int


def sweeps(settings: Settings) -> tuple[Swept, Swept]:
    """The first sweep of the last days, and one more after somebody has said something."""
    said = _recent(settings)
    with store.writing(settings.store) as connection:  # these days are of no other workspace
        connection.execute("DELETE FROM store.workspace")
    made = Workspace({"id": "T1", "name": "Long", "domain": "long"}, "UTC")
    simulator = Simulator(made, clock=Clock.manual(time.time()), limits=False)
    owner = simulator.acts.add_user("olive", is_primary_owner=True)["id"]
    for channel_id, messages in said.items():
        simulator.acts.create_channel(channel_id.lower(), owner, id=channel_id)
        made.messages[channel_id] = messages
        count_replies(messages)
    wish = Wish(since=time.time() - _DAYS * 86_400)
    asking = Settings(
        settings.home,
        settings.workspace,
        privacy=settings.privacy,
        collect=Collecting(token="user"),
    )
    with simulator.serve(), pointed(simulator.url, simulator.add_token("user")):
        first = _swept(asking, wish, simulator)
        simulator.clock.advance(60.0)
        for channel_id in sorted(said)[:20]:
            simulator.acts.post(channel_id, owner, "anybody here?")
        return first, _swept(asking, wish, simulator)


def _swept(settings: Settings, wish: Wish, simulator: Simulator) -> Swept:
    begun = time.thread_time()
    report = collect(settings, wish, clock=simulator.clock)
    took = time.thread_time() - begun
    if report.outcome != "done":
        raise SystemExit(f"the sweep was {report.outcome}: {report.troubles[:3]}")
    return Swept(took, sum(report.calls.values()), report.messages)


def _recent(settings: Settings) -> dict[str, list[Raw]]:
    """What the store knows was said in the last days, as Slack would tell it."""
    with store.reading(settings.store) as connection:
        rows = connection.execute(
            f"""SELECT channel_id, ts, canonical FROM store.messages
            WHERE posted_at > now() - INTERVAL {_DAYS} DAY AND canonical IS NOT NULL ORDER BY ts"""
        ).fetchall()
    found: defaultdict[str, list[Raw]] = defaultdict(list)
    for channel_id, ts, canonical in rows:
        message: Raw = json.loads(canonical) | {"ts": ts}
        for old in ("replies", "latest_reply", "thread_ts", "parent_user_id", "reply_count"):
            message.pop(old, None)
        found[channel_id].append(message)
    return found
