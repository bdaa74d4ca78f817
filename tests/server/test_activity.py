"""What is shown at once of what people say: from events of Slack's, through the gate."""

import json
from typing import Any

import pytest

from hubbub.flows.activity import activity
from hubbub.flows.names import Names
from hubbub.privacy.gate import Channel, Gate
from hubbub.privacy.keys import Keys
from hubbub.privacy.policy import PRESETS, Policy, policy_of
from hubbub.privacy.scrub import Scrubber
from hubbub.slack.events import envelope_of, read_delivery
from hubbub.slack.normalize import normalize

CHANNELS = {"C1": Channel("general", "public"), "C2": Channel("garden", "public")}
NAMES = Names(
    "Town",
    "https://town.slack.com/",
    {"C1": "general"},
    {"U1": "olive", "U2": "브람"},
    frozenset({"U3", "USLACKBOT"}),
)
TS = "1772442000.000100"
LATER = "1772442100.000000"


def said(text: str = "hello", user: str = "U1", ts: str = TS, **fields: Any) -> dict[str, Any]:
    return {
        "type": "message", "channel": "C1", "channel_type": "channel", "user": user, "text": text,
        "ts": ts, "event_ts": ts, **fields,
    }  # fmt: skip


def items(*events: dict[str, Any], policy: Policy = PRESETS["open"]) -> list[dict[str, Any]]:
    deliveries = [
        read_delivery(
            json.dumps(
                {"type": "event_callback", "team_id": "T1", "event_id": f"Ev{number}",
                 "api_app_id": "A1", "event_time": 1772442000, "event": event}
            ).encode()
        )
        for number, event in enumerate(events)
    ]  # fmt: skip
    batch = normalize([envelope_of(each) for each in deliveries], raw=False)
    gate = Gate(policy, CHANNELS, Keys.new(), Scrubber())
    return activity(gate.admit(batch).tables, NAMES, policy)


def test_a_message_is_told_with_names_and_links() -> None:
    assert items(said("who brings <https://example.org|seeds> &amp; soil, <@U2>?")) == [
        {
            "key": f"C1/{TS}",
            "at": "2026-03-02T09:00:00.000100Z",
            "channel": "general",
            "channel_id": "C1",
            "member": "olive",
            "member_id": "U1",
            "kind": "post",
            "text": "who brings seeds & soil, @브람?",
            "message_url": "https://town.slack.com/archives/C1/p1772442000000100",
            "member_url": "https://town.slack.com/team/U1",
        }
    ]


def test_a_reply_leads_into_its_thread() -> None:
    reply = said(ts="1772442060.000200", thread_ts=TS)
    (item,) = items(reply)
    assert item["kind"] == "reply"
    assert item["message_url"] == (
        f"https://town.slack.com/archives/C1/p1772442060000200?thread_ts={TS}&cid=C1"
    )


@pytest.mark.parametrize(
    "event",
    [
        said(user="U3"),
        said(user="USLACKBOT"),
        said(bot_id="B1"),
        said(subtype="bot_message", bot_id="B1"),
        said(subtype="channel_join"),
        {
            "type": "message", "subtype": "message_changed", "channel": "C1",
            "ts": LATER, "event_ts": LATER, "channel_type": "channel",
            "message": said("edited", edited={"user": "U1", "ts": "1772442100.000000"}),
        },
        {
            # an unfurl: the text is as before, and nothing says that it was edited
            "type": "message", "subtype": "message_changed", "channel": "C1",
            "ts": LATER, "event_ts": LATER, "channel_type": "channel", "message": said("a link"),
        },
        {
            "type": "message", "subtype": "message_deleted", "channel": "C1",
            "ts": LATER, "event_ts": LATER, "channel_type": "channel", "deleted_ts": TS,
            "previous_message": said("regretted"),
        },
    ],
    ids=["bot", "slackbot", "app", "bot_message", "join", "edit", "unfurl", "deletion"],
)  # fmt: skip
def test_only_new_messages_of_people_are_told(event: dict[str, Any]) -> None:
    assert items(event) == []


def test_a_mention_of_the_app_beside_its_message_is_one_message() -> None:
    mention = {**said("<@U9> hi"), "type": "app_mention"}
    mention.pop("channel_type")
    assert len(items(said("<@U9> hi"), mention)) == 1


def test_the_newest_comes_last() -> None:
    keys = [item["key"] for item in items(said(ts="1772442060.000000"), said(ts=TS))]
    assert keys == [f"C1/{TS}", "C1/1772442060.000000"]


def test_who_and_where_are_told_by_id_as_long_as_they_have_no_name() -> None:
    (item,) = items(said("in <#C9> with <@U8>, <!here>", user="U7", channel="C2"))
    assert (item["member"], item["channel"]) == ("U7", "C2")
    assert item["text"] == "in #C9 with @U8, @here"


def test_the_policy_decides_what_is_told() -> None:
    event = said("write to olive@example.org")
    (scrubbed,) = items(event, policy=PRESETS["standard"])
    assert "olive@" not in scrubbed["text"]
    textless = policy_of("standard", text="dropped", names=False, pseudonyms=True)
    (item,) = items(event, policy=textless)
    assert item["text"] is None
    assert item["member_id"] != "U1"
    assert item["member"] == item["member_id"], "a pseudonym"
    assert item["member_url"] is None, "it leads nowhere"
    strict = policy_of("strict", only_channels=["C1"])
    assert items(event, policy=strict) == []
    assert items(event, policy=policy_of("open", smallest_group=2)) == []
    assert items(event, policy=policy_of("strict", smallest_group=1)) == [], "no such channel"


def test_long_texts_are_cut() -> None:
    (item,) = items(said("ä" * 5_000))
    assert item["text"] == "ä" * 280 + "…"
