"""What people do leaves the notices and counts that Slack leaves."""

import pytest
from local_slack import NOW, Client, empty, invented, public

from hubbub.simulator.clock import Clock
from hubbub.simulator.refusal import Refusal
from hubbub.simulator.simulator import Simulator
from hubbub.simulator.state import NO_REPLY, is_reply


@pytest.fixture
def grove() -> Simulator:
    return empty()


def test_threads_keep_their_figures(grove: Simulator) -> None:
    act = grove.acts
    root = act.post("C1", "U1", "who brings seeds?")
    first = act.reply("C1", root["ts"], "U2", "I do")
    grove.clock.advance(60)
    last = act.reply("C1", first["ts"], "U1", "thanks", broadcast=True)
    assert last["thread_ts"] == root["ts"]
    assert (last["parent_user_id"], last["subtype"]) == ("U1", "thread_broadcast")
    assert (root["reply_count"], root["latest_reply"]) == (2, last["ts"])
    assert root["reply_users"] == ["U2", "U1"]
    assert last["root"]["reply_count"] == 2
    act.react("C1", root["ts"], "U2", "seedling")
    assert last["root"]["reactions"] == root["reactions"]
    act.delete("C1", last["ts"])
    assert (root["reply_count"], root["latest_reply"]) == (1, first["ts"])
    act.delete("C1", first["ts"])
    assert (root["reply_count"], root["latest_reply"]) == (0, NO_REPLY)
    assert root["thread_ts"] == root["ts"]


def test_a_deleted_root_stays_as_a_tombstone_until_its_last_reply_goes(grove: Simulator) -> None:
    root = grove.acts.post("C1", "U1", "root")["ts"]
    reply = grove.acts.reply("C1", root, "U2", "reply")
    grove.acts.delete("C1", root)
    stone = grove.acts.message("C1", root)
    assert (stone["subtype"], stone["user"], stone["reply_count"]) == ("tombstone", "USLACKBOT", 1)
    assert reply["parent_user_id"] == "USLACKBOT"
    grove.acts.delete("C1", reply["ts"])
    assert grove.workspace.messages["C1"] == []


def test_edits_and_reactions(grove: Simulator) -> None:
    act = grove.acts
    message = act.post("C1", "U1", "helo")
    grove.clock.advance(5)
    act.edit("C1", message["ts"], "hello")
    assert message["edited"] == {"user": "U1", "ts": f"{int(NOW) + 5}.000000"}
    assert message["blocks"][0]["elements"][0]["elements"][0]["text"] == "hello"
    act.react("C1", message["ts"], "U2", "wave")
    act.react("C1", message["ts"], "U2", "wave")
    assert message["reactions"] == [{"name": "wave", "users": ["U2"], "count": 1}]
    act.unreact("C1", message["ts"], "U2", "wave")
    assert "reactions" not in message
    with pytest.raises(Refusal, match="message_not_found"):
        act.edit("C1", "1.000000", "nothing")


def test_channels_tell_what_happens_to_them(grove: Simulator) -> None:
    act, said = grove.acts, grove.workspace.messages["C2"]
    act.join("C2", "U2", inviter="U1")
    act.join("C2", "U2")
    act.rename("C2", "compost", "U1")
    act.set_topic("C2", "rot & soil", "U1")
    act.archive("C2", "U1")
    act.unarchive("C2", "U1")
    act.leave("C2", "U2")
    assert [message["subtype"] for message in said] == [
        "channel_join",
        "channel_name",
        "channel_topic",
        "channel_archive",
        "channel_unarchive",
        "channel_leave",
    ]
    assert said[0]["inviter"] == "U1"
    assert said[0]["text"] == "<@U2> has joined the channel"
    channel = act.channel("C2")
    assert (channel["name"], channel["previous_names"]) == ("compost", ["c2"])
    assert channel["topic"]["value"] == "rot & soil"
    assert grove.workspace.members["C2"] == ["U1"]
    act.remove_channel("C2")
    with pytest.raises(Refusal, match="channel_not_found"):
        act.post("C2", "U1", "hello?")


def test_closed_accounts_lose_zone_and_roles(slack: Simulator, owner: Client) -> None:
    slack.acts.deactivate("U2")
    user = owner("users.info", user="U2").body["user"]
    assert user["deleted"] is True
    assert not user.keys() & {"tz", "is_admin", "is_restricted"}
    assert "U2" not in slack.workspace.members["C1"]


def test_pins_and_bookmarks(slack: Simulator, owner: Client) -> None:
    ts = slack.acts.post("C1", "U1", "keep this")["ts"]
    slack.acts.pin("C1", ts, "U2")
    item = owner("pins.list", channel="C1").body["items"][0]
    assert (item["message"]["ts"], item["created_by"]) == (ts, "U2")
    assert owner("conversations.history", channel="C1").body["pin_count"] == 1
    assert owner("bookmarks.list", channel_id="C1").body["bookmarks"] == []


def test_the_invented_community_can_go_on() -> None:
    workspace = invented()
    simulator = Simulator(workspace, clock=Clock.manual(NOW))
    channel = public(workspace)[0]["id"]
    root = next(m for m in workspace.messages[channel] if not is_reply(m) and m.get("reply_count"))
    count, member = root["reply_count"], workspace.members[channel][0]
    simulator.acts.reply(channel, root["ts"], member, "months later")
    assert root["reply_count"] == count + 1
    simulator.acts.delete(channel, root["latest_reply"])
    assert root["reply_count"] == count
