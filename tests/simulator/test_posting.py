"""What apps post: its parts are checked, kept, and shown in history."""

import json
from typing import Any

import pytest
from local_slack import Client

from hubbub.simulator.simulator import Simulator

POST = "chat.postMessage"
SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "*Tides*"}}


def test_messages_carry_what_they_were_posted_with(slack: Simulator, bot: Client) -> None:
    posted = bot(
        POST,
        channel="C1",
        text="Tides",
        blocks=json.dumps([SECTION]),
        attachments=json.dumps([{"text": "high at noon"}]),
        metadata=json.dumps({"event_type": "tide", "event_payload": {"at": 12}}),
    ).body["message"]
    assert posted["blocks"][0]["text"] == SECTION["text"]
    assert posted["blocks"][0]["block_id"]
    assert posted["attachments"] == [{"id": 1, "fallback": "high at noon", "text": "high at noon"}]
    assert posted["user"] == bot("auth.test").body["user_id"]
    assert posted["bot_profile"]["app_id"] == posted["app_id"]
    assert "subtype" not in posted
    history = "conversations.history"
    assert "metadata" not in bot(history, channel="C1").body["messages"][0]
    whole = bot(history, channel="C1", include_all_metadata=1).body["messages"][0]
    assert whole == posted
    assert whole["metadata"]["event_payload"] == {"at": 12}
    sent = bot.send(
        "POST",
        f"/api/{POST}",
        json.dumps({"channel": "#p1", "blocks": [SECTION]}).encode(),
        "application/json; charset=utf-8",
    )
    assert sent.error == "channel_not_found", "the bot does not see the private channel"


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ({"blocks": "["}, "invalid_blocks_format"),
        ({"blocks": "{}"}, "no_text"),
        ({"blocks": '{"type": "section"}'}, "invalid_blocks_format"),
        ({"blocks": "[1]"}, "invalid_blocks_format"),
        ({"blocks": json.dumps([{"text": "x"}])}, "invalid_blocks"),
        ({"blocks": json.dumps([SECTION] * 51)}, "invalid_blocks"),
        ({"blocks": json.dumps([{**SECTION, "x": "x" * 13_000}])}, "msg_blocks_too_long"),
        ({"attachments": json.dumps([{"text": "x"}] * 101)}, "too_many_attachments"),
        ({"text": "x", "markdown_text": "y"}, "markdown_text_conflict"),
        ({"markdown_text": "x" * 12_001}, "msg_too_long"),
        ({"text": "x", "metadata": "{"}, "invalid_metadata_format"),
        ({"text": "x", "thread_ts": "1.000000"}, "cannot_reply_to_message"),
    ],
)
def test_what_cannot_be_posted(
    slack: Simulator, bot: Client, content: dict[str, Any], error: str
) -> None:
    assert bot(POST, channel="C1", **content).error == error
    assert slack.sent() == []


def test_apps_answer_in_threads(slack: Simulator, bot: Client) -> None:
    root = slack.acts.post("C1", "U1", "how high is the tide?")
    reply = bot(POST, channel="C1", thread_ts=root["ts"], text="2 m", reply_broadcast="true")
    message = reply.body["message"]
    assert (message["thread_ts"], message["subtype"]) == (root["ts"], "thread_broadcast")
    assert root["reply_count"] == 1
    assert root["reply_users"] == [message["user"]]


def test_names_and_icons_need_a_scope_of_their_own(slack: Simulator) -> None:
    scopes = ["chat:write", "chat:write.public", "chat:write.customize"]
    client = Client(slack, slack.add_token("bot", scopes=scopes))
    sent: dict[str, object] = {"channel": "C2", "username": "Vane", "icon_emoji": ":wind:"}
    message = client(POST, text="windy", **sent).body["message"]
    assert (message["username"], message["icons"]) == ("Vane", {"emoji": ":wind:"})
    client.close()
    plain = Client(slack, slack.add_token("bot", scopes=scopes[:2]))
    slack.clock.advance(1)
    assert "username" not in plain(POST, text="windy", **sent).body["message"]
    plain.close()


def test_conversations_that_cannot_be_opened(slack: Simulator, bot: Client) -> None:
    opening = "conversations.open"
    slack.acts.add_user("robot", id="UROBOT", is_bot=True)
    slack.acts.add_user("slackbot", id="USLACKBOT")
    slack.acts.deactivate("U2")
    many = ",".join(f"U{number}" for number in range(9))
    for arguments, error in (
        ({}, "users_list_not_supplied"),
        ({"users": "U9"}, "user_not_found"),
        ({"users": "U2"}, "user_disabled"),
        ({"users": bot("auth.test").body["user_id"] + ",UROBOT"}, "cannot_dm_bot"),
        ({"users": "USLACKBOT"}, "cannot_dm_bot"),
        ({"users": many}, "too_many_users"),
        ({"channel": "C1"}, "method_not_supported_for_channel_type"),
        ({"channel": "C2"}, "channel_not_found"),
    ):
        assert bot(opening, **arguments).error == error
    place = bot(opening, users="U1").body["channel"]["id"]
    assert bot(opening, channel=place).body["already_open"] is True
    shown = bot(opening, channel=place, return_im=1).body["channel"]
    assert (shown["user"], shown["unread_count"], shown["latest"]) == ("U1", 0, None)


def test_nobody_writes_to_a_closed_account(slack: Simulator, bot: Client) -> None:
    place = bot("conversations.open", users="U2").body["channel"]["id"]
    slack.acts.deactivate("U2")
    assert bot(POST, channel=place, text="still there?").error == "user_disabled"


def test_joining_what_cannot_be_joined(slack: Simulator, owner: Client) -> None:
    join = "conversations.join"
    assert owner(join, channel="P1").error == "method_not_supported_for_channel_type"
    assert owner(join, channel="C0").error == "channel_not_found"
    assert owner("conversations.list", types="everything").error == "invalid_types"
