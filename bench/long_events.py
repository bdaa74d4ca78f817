"""Events of a few seconds in a long workspace: news, replies, reactions, edits, deletions."""

import json
import random
import time
from contextlib import closing

from bench.processes import TEAM_ID
from hubbub.flows.admitting import admit_events
from hubbub.flows.gates import Gates
from hubbub.settings import Settings
from hubbub.slack.events import read_delivery
from hubbub.stores import duckdb as store
from hubbub.stores.eventlog import COPIES_OF_ENTRY, EventLog

_KINDS = ("said",) * 30 + ("replied",) * 12 + ("reacted",) * 12 + ("edited",) * 4 + ("deleted",) * 2


def events_of(settings: Settings, seed: int) -> list[bytes]:
    """Sixty events about messages of the last days."""
    random_ = random.Random(seed)
    with store.reading(settings.store) as connection:
        recent = connection.execute(
            """SELECT channel_id, ts, user_id FROM messages WHERE kind = 'post' AND posted_at >
            now() - INTERVAL 5 days AND deleted_at IS NULL AND bot_id IS NULL ORDER BY ts, 1"""
        ).fetchall()
    found: list[bytes] = []
    for number, kind in enumerate(_KINDS):
        channel, ts, author = random_.choice(recent)
        now = f"{time.time():.6f}"
        said = {"type": "message", "channel": channel, "ts": now, "event_ts": now}
        said |= {"user": f"U{random_.randrange(2000):08}", "text": f"event {seed} {number}?"}
        event = {
            "said": said,
            "replied": {**said, "thread_ts": ts},
            "reacted": {
                "type": "reaction_added", "user": said["user"], "reaction": "tada",
                "item": {"type": "message", "channel": channel, "ts": ts}, "event_ts": now,
            },
            "edited": {
                "type": "message", "subtype": "message_changed", "channel": channel, "ts": now,
                "event_ts": now, "message": {
                    "type": "message", "ts": ts, "user": author, "text": f"edited {seed}",
                    "edited": {"user": author, "ts": now}},
            },
            "deleted": {
                "type": "message", "subtype": "message_deleted", "channel": channel, "ts": now,
                "event_ts": now, "deleted_ts": ts,
            },
        }[kind]  # fmt: skip
        found.append(json.dumps({
            "type": "event_callback", "event_id": f"Ev{seed}x{number}", "team_id": TEAM_ID,
            "api_app_id": "A1", "event": event, "event_time": int(time.time()),
        }).encode())  # fmt: skip
    return found


def log_events(settings: Settings, bodies: list[bytes]) -> None:
    """Put events into the event log, through the gate."""
    gates = Gates(settings, list)
    gates.prepare()
    with closing(EventLog(settings.event_log)) as log:
        deliveries = [read_delivery(body) for body in bodies]
        passed = admit_events(gates, deliveries, log.next_number() << COPIES_OF_ENTRY)
        assert passed is not None
        log.append(passed.admitted, passed.logged, [each.event_id for each in deliveries])
