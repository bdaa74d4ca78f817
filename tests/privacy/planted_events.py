"""The planted secrets as Slack would deliver them: in every place of an event where people write,
in events of channels that nobody admits, and in events that no reader can read."""

import json
from collections.abc import Iterator
from typing import Any, cast

from tests.privacy.planted import (
    ANN,
    CHANNELS,
    COUNCIL,
    GARDEN,
    GENERAL,
    PAIR,
    ROW,
    SECRETS,
    THREE,
    USER_GROUP,
    USERS,
    ZEB,
    days_of_messages,
)

TEAM = "TZ7Q"
Raw = dict[str, Any]
S = SECRETS
_PLACES = {
    "general": (GENERAL, "channel"),
    "garden": (GARDEN, "channel"),
    "council": (COUNCIL, "group"),
    PAIR: (PAIR, "im"),
    S["path of a group message"]: (THREE, "mpim"),
}
"""Channel and its type by the folder of an export."""


def bodies(team: str = TEAM) -> list[bytes]:
    """All requests of Slack's, in the order in which they come."""
    found: list[bytes] = []
    for number, event in enumerate(_events()):
        at = {"event_ts": f"{1772600000 + number}.000000"}
        whole = {**at, **cast("Raw", event)} if isinstance(event, dict) else event
        found.append(json.dumps({
            "type": "event_callback", "event_id": f"EvZ7Q{number:05}", "team_id": team,
            "api_app_id": "AZ7Q", "event_time": 1772600000, "event": whole,
            "authorizations": [{"team_id": team, "user_id": "UZ7QBOT"}],
        }).encode())  # fmt: skip
    torn = found[0][: len(found[0]) // 2]
    unknown = json.dumps({"type": S["quarantined type"], "event": {"text": S["e-mail"]}}).encode()
    return [*found, torn, unknown, S["quarantined record"].encode()]


def _events() -> Iterator[Any]:
    yield from _messages()
    yield from _edits()
    yield from _channels()
    yield from _members()
    yield from _elsewhere()
    yield from _malformed()


def _said(channel: str, kind: str | None, place: int, text: str, **more: Any) -> Raw:
    ts = f"{1772610000 + place}.000100"
    told = {"type": "message", "channel": channel, "user": ZEB, "text": text, "ts": ts, **more}
    return told | {"channel_type": kind} if kind else told


def _messages() -> Iterator[Any]:
    """What an export holds, one by one."""
    for path, messages in days_of_messages().items():
        channel, kind = _PLACES[path.split("/")[0]]
        for each in messages:
            known = isinstance(each, dict)
            yield {**each, "channel": channel, "channel_type": kind} if known else each


def _edits() -> Iterator[Any]:
    """Copies inside events: before and after an edit, unfurled, deleted, broadcast."""
    for place, (channel, kind, secret) in enumerate((
        (GENERAL, "channel", S["e-mail in an edit"]), (COUNCIL, "group", S["private channel"]),
        (PAIR, "im", S["direct message"]), (THREE, "mpim", S["group message"]),
    )):  # fmt: skip
        before = _said(channel, kind, 100 + place, f"was {secret}")
        after = before | {
            "text": "is better now", "edited": {"user": ZEB, "ts": "1772610900.000000"},
            "attachments": [{"fallback": S["attachment"], "text": S["attachment"], "id": 1,
                             "from_url": f"https://a.example/?t={S['secret of a query']}",
                             "message_blocks": [{"message": {"text": S["block"]}}]}],
            "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": S["block"]}}],
        }  # fmt: skip
        outer = {"channel": channel, "channel_type": kind, "type": "message", "hidden": True}
        yield outer | {"subtype": "message_changed", "message": after, "previous_message": before,
                       "ts": f"17726110{place}0.000100"}  # fmt: skip
        yield outer | {"subtype": "message_deleted", "deleted_ts": before["ts"],
                       "previous_message": after | {"text": secret},
                       "ts": f"17726120{place}0.000100"}  # fmt: skip
        yield outer | {"subtype": "message_replied", "ts": f"17726130{place}0.000100",
                       "message": before | {"thread_ts": before["ts"], "reply": 1}}  # fmt: skip
    root = _said(GENERAL, "channel", 120, f"root with {S['card']}")
    yield _said(GENERAL, "channel", 121, f"reply to {S['e-mail']}", thread_ts=root["ts"], root=root,
                subtype="thread_broadcast")  # fmt: skip
    yield _said(GENERAL, None, 122, f"<@UZ7QBOT> {S['phone of Korea']}", type="app_mention")


def _channels() -> Iterator[Any]:
    """Notices and events of channels, public and private."""
    for place, (channel, kind) in enumerate(((GENERAL, "channel"), (COUNCIL, "group"))):
        topic = f"call {S['phone abroad']}" if kind == "channel" else S["private topic"]
        for what in ("topic", "purpose"):
            yield _said(channel, kind, 200 + place, f"set the channel {what}: {topic}",
                        subtype=f"{kind}_{what}", **{what: topic})  # fmt: skip
    yield {"type": "group_rename", "channel": {"id": COUNCIL, "name": S["private topic"]}}
    yield {"type": "group_archive", "channel": COUNCIL, "user": ZEB}
    yield {"type": "channel_created", "channel": CHANNELS[0]}
    yield {"type": "channel_shared", "channel": GENERAL, "connected_team_id": S["e-mail"]}
    yield {"type": "channel_history_changed", "channel": PAIR, "latest": S["direct message"]}


def _members() -> Iterator[Any]:
    for user in USERS:
        yield {"type": "team_join", "user": user}
        yield {"type": "user_change", "user": user, "cache_ts": 1772600001}
        yield {"type": "user_profile_changed", "user": user}
    for channel in (GENERAL, COUNCIL):
        yield {"type": "member_joined_channel", "channel": channel, "user": ANN, "inviter": ZEB}
        yield {"type": "member_left_channel", "channel": channel, "user": ANN}


def _elsewhere() -> Iterator[Any]:
    """Events of things beside messages, and those that touch no table."""
    for channel in (GENERAL, COUNCIL, PAIR, "CZ7QUNKNOWN"):
        item = {"type": "message", "channel": channel, "ts": "1772442000.000100"}
        yield {"type": "reaction_added", "user": ROW, "reaction": "seedling", "item": item}
        yield {"type": "pin_added", "channel_id": channel, "user": ROW,
               "item": {"message": {"text": S["private channel"]}}}  # fmt: skip
    yield _said("CZ7QUNKNOWN", None, 300, S["private channel"])
    yield _said("CZ7QUNKNOWN", "what_is_this", 301, S["private channel"])
    yield {"type": "file_change", "file": {"id": "FZ7Q1", "name": S["Stripe key"]}}
    yield {"type": "link_shared", "channel": PAIR, "links": [{"url": S["direct message"]}]}
    yield {"type": "subteam_created", "subteam": {"name": S["label of a group"]}}
    yield {"type": "subteam_created", "subteam": USER_GROUP}
    yield {"type": "subteam_members_changed", "subteam_id": "SZ7Q", "added_users": [ANN],
           "removed_users": [ROW]}  # fmt: skip
    yield {"type": "subteam_updated", "subteam": USER_GROUP | {"users": [ZEB, ANN]}}
    yield {"type": "subteam_members_changed", "subteam_id": "SZ7QUNKNOWN", "added_users": [ZEB]}


def _malformed() -> Iterator[Any]:
    yield {"type": S["quarantined type"], "channel": GENERAL, "text": S["quarantined record"]}
    yield {"type": "message", "channel": GENERAL, "channel_type": "channel", "user": ZEB,
           "ts": S["quarantined record"], "text": S["quarantined record"]}  # fmt: skip
    yield {"type": "message", "channel": PAIR, "channel_type": "im", "ts": S["direct message"],
           "event_ts": S["direct message"]}  # fmt: skip
    yield {"type": "message", "channel": GENERAL, "channel_type": "channel", "user": ZEB,
           "ts": "1772619000.000100", "text": {"text": S["quarantined record"]},
           "files": S["preview"], "edited": S["block"], "reactions": [S["attachment"]]}  # fmt: skip
    yield {"type": "reaction_added", "user": ROW, "reaction": {"name": S["block"]},
           "item": {"type": "message", "channel": GENERAL, "ts": S["block"]}}  # fmt: skip
    yield {"type": "user_change", "user": S["profile field"]}
    yield {"type": "channel_rename", "channel": {"id": GENERAL, "name": {"is": S["block"]}}}
    yield {"type": "member_joined_channel", "channel": GENERAL, "user": {"id": S["status"]}}
    yield {"type": "file_deleted", "file_id": {"id": S["preview"]}, "channel_ids": S["preview"]}
    yield {"type": "message", "subtype": "message_changed", "channel": GENERAL,
           "channel_type": "channel", "ts": "1772619100.000100",
           "message": S["quarantined record"], "previous_message": S["block"]}  # fmt: skip
    yield S["quarantined record"]
