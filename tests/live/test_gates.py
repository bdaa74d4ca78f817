"""What a running server's gate makes of channels that it learns of from events."""

from pathlib import Path
from typing import Any

import msgspec

from hubbub.core.batch import Envelope
from hubbub.flows.gates import Gates
from hubbub.settings import Settings
from hubbub.slack.events import Delivery, read_delivery
from hubbub.stores import duckdb as store


def gates(home: Path, **privacy: Any) -> Gates:
    made = Gates(Settings(home, "grove", privacy={"preset": "open", **privacy}), list)
    made.prepare()
    return made


def event(**inner: Any) -> Delivery:
    envelope = {"type": "event_callback", "event_id": "Ev1", "team_id": "T1", "event": inner}
    return read_delivery(msgspec.json.encode(envelope))


def said(channel_type: str | None = "channel", channel: str = "C1", **more: Any) -> Delivery:
    kind = {"channel_type": channel_type} if channel_type else {}
    ts = "1790000000.000100"
    return event(type="message", channel=channel, ts=ts, event_ts=ts, user="U1", **kind, **more)


def admits(made: Gates, channel_id: str = "C1") -> bool:
    gate = made.current()
    assert gate is not None
    return gate.admits(channel_id)


def test_a_channel_is_what_the_event_says(tmp_path: Path) -> None:
    made = gates(tmp_path)
    made.observe([said(), said("group", "C2"), said("im", "D1"), said("mpim", "C3")])
    assert [admits(made, each) for each in ("C1", "C2", "D1", "C3")] == [True, False, False, False]
    assert made.unknown == {"C1"}, "its name is worth a look"


def test_what_does_not_say_it_opens_nothing(tmp_path: Path) -> None:
    made = gates(tmp_path)
    item = {"type": "message", "channel": "C1", "ts": "1790000000.000100"}
    joined = {"type": "member_joined_channel", "channel": "C2", "channel_type": "C", "user": "U1"}
    made.observe([
        event(type="reaction_added", item=item, user="U1", event_ts="1790000001.000000"),
        event(**joined, event_ts="1790000001.000000"),
        event(type="reaction_added", item={**item, "channel": "D1"}, user="U1"),
    ])  # fmt: skip
    assert not admits(made)
    assert not admits(made, "C2"), "private channels have such ids, too"
    assert made.unknown == {"C1", "C2"}
    made.observe([said()])
    assert admits(made)


def test_a_message_can_close_a_channel_and_not_open_one(tmp_path: Path) -> None:
    made = gates(tmp_path)
    made.observe([said()])
    made.observe([said("group")])
    assert not admits(made), "nobody told of the change"
    made.observe([said("channel")])
    assert not admits(made)
    made.refresh()
    assert not admits(made)


def test_a_notice_opens_and_closes(tmp_path: Path) -> None:
    made = gates(tmp_path)
    made.observe([said()])
    made.observe([said(None, subtype="channel_convert_to_private")])
    assert not admits(made)
    made.observe([said(None, subtype="channel_convert_to_public")])
    assert admits(made)


def test_names_decide_where_the_policy_says_so(tmp_path: Path) -> None:
    made = gates(tmp_path, only_channels=["soil"])
    made.observe([said()])
    assert not admits(made), "not as long as its name is unknown"
    renamed = {"id": "C1", "name": "soil", "is_channel": True}
    made.observe([event(type="channel_rename", channel=renamed, event_ts="1790000001.000000")])
    assert admits(made)
    moved = {"old_channel_id": "C1", "new_channel_id": "C9"}
    made.observe([event(type="channel_id_changed", **moved, event_ts="1790000002.000000")])
    assert admits(made, "C9")


def test_what_the_store_learns_of_channels_does_not_let_names_be_sought_anew(
    tmp_path: Path,
) -> None:
    users = b'[{"id":"U1","name":"olive","profile":{"real_name":"Olive Example"}}]'
    settings = Settings(tmp_path, "grove", privacy={"preset": "standard", "names": False})
    made = Gates(settings, lambda: [Envelope("users", "users", users)])
    made.prepare()
    before = made.current()
    with store.writing(settings.store) as connection:
        connection.execute(
            "INSERT INTO store.channels (channel_id, name, kind) VALUES ('C1', 'soil', 'public')"
        )
    made.refresh()
    after = made.current()
    assert before is not None
    assert after is not None
    assert not before.admits("C1")
    assert after.admits("C1")
    assert after.scrubber is before.scrubber
    assert after.scrubber is not None
    assert after.scrubber.scrub_column(["ask Olive Example"])[0] == ["ask [NAME]"]
