"""What happens becomes the events that Slack would make of it, for those who may hear."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from local_slack import NOW, Client, empty, invented, public
from receiver import Receiver
from test_shapes import BESIDES, differences
from tests.parts import shared

from hubbub.simulator.clock import Clock
from hubbub.simulator.living import Living
from hubbub.simulator.simulator import Simulator
from hubbub.simulator.state import Raw, ts_of

SAMPLES = shared("slack") / "samples" / "events"
SAMPLE_OF = {
    "bot_message": "MessageBot",
    "message_changed": "MessageChanged",
    "message_deleted": "MessageDeleted",
    "file_share": "MessageFileShare",
    "channel_join": "MessageChannelJoin",
    "thread_broadcast": "MessageThreadBroadcast",
}
GROUP_EVENTS = {"group_archive", "group_unarchive", "group_rename", "group_deleted", "group_left"}
NO_SAMPLE = {"user_status_changed", "channel_history_changed", "channel_left"} | GROUP_EVENTS
NOT_IN_SAMPLES = {
    *(
        "names",
        "name",
        "old_name",
        "parent_user_id",
        "app_id",
        "attachments",
        "bot_id",
        "inviter",
        "topic",
    ),
    *("shared_team_ids", "source_team", "user_team", "files", "file", "upload"),
    *("deleted_by", "auto_type", "fields", "hidden", "subtype", "team"),
    *("context_team_id", "context_enterprise_id", "email", "cache_ts", "event_ts"),
}
"""Documented in slack-platform.md, of events or of objects in them, and in no sample."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiving:
        yield receiving


@pytest.fixture
def grove(receiver: Receiver) -> Iterator[Simulator]:
    """An empty workspace whose bot UBOT is in C1, and hears all that it may."""
    simulator = empty()
    simulator.acts.add_user("grove", id="UBOT", profile={"bot_id": "B1"}, is_bot=True)
    bot: Raw = {"id": "B1", "name": "grove", "app_id": "A1", "deleted": False, "updated": 0}
    simulator.workspace.bots.append(bot | {"icons": {}, "user_id": "UBOT"})
    simulator.add_token("bot", "UBOT", channels=["C1"])
    with simulator.subscribe(receiver.url):
        yield simulator


def told(simulator: Simulator, receiver: Receiver) -> list[Any]:
    """The events since the last look, in their order."""
    receiver.requests.clear()
    simulator.events.pump(in_flight=1)
    return receiver.events


def test_messages_of_all_kinds(grove: Simulator, receiver: Receiver) -> None:
    act = grove.acts
    root = act.post("C1", "U1", "who brings seeds?")
    reply = act.reply("C1", root["ts"], "U2", "me!")
    cast_out = act.reply("C1", root["ts"], "U2", "done", broadcast=True)
    posted, replied, shown = told(grove, receiver)
    place = {"channel": "C1", "channel_type": "channel"}
    assert posted == {**root_as_posted(posted), **place, "event_ts": root["ts"]}
    assert posted["text"] == "who brings seeds?"
    assert replied["parent_user_id"] == "U1"
    assert replied["thread_ts"] == posted["ts"]
    assert replied["ts"] == replied["event_ts"] == reply["ts"]
    assert (shown["subtype"], shown["root"]["ts"]) == ("thread_broadcast", root["ts"])
    assert shown["root"]["reply_count"] == 2
    assert cast_out["ts"] == shown["ts"]


def root_as_posted(event: Raw) -> Raw:
    names = ("type", "user", "text", "client_msg_id", "team", "blocks", "ts")
    return {name: event[name] for name in names}


def test_changes_tell_the_message_before_and_after(grove: Simulator, receiver: Receiver) -> None:
    act = grove.acts
    ts = act.post("C1", "U1", "helo")["ts"]
    act.react("C1", ts, "U2", "wave")
    act.edit("C1", ts, "hello")
    act.unfurl("C1", ts, "https://example.org", "Example")
    act.touch("C1", ts)
    act.delete("C1", ts)
    _, _, edited, unfurled, touched, deleted = told(grove, receiver)
    for event in (edited, unfurled, touched, deleted):
        assert event["hidden"] is True
        assert event["ts"] == event["event_ts"] > ts
    assert edited["message"]["ts"] == ts
    assert (edited["previous_message"]["text"], edited["message"]["text"]) == ("helo", "hello")
    assert "edited" not in edited["previous_message"]
    assert edited["message"]["edited"]["user"] == "U1"
    assert "reactions" not in edited["message"]
    assert unfurled["message"]["text"] == unfurled["previous_message"]["text"]
    assert unfurled["message"]["edited"] == unfurled["previous_message"]["edited"]
    assert unfurled["message"]["attachments"][0]["title"] == "Example"
    assert "attachments" not in unfurled["previous_message"]
    without_team = {k: v for k, v in touched["message"].items() if not k.endswith("_team")}
    assert without_team == touched["previous_message"]
    assert (deleted["subtype"], deleted["deleted_ts"]) == ("message_deleted", ts)
    assert deleted["previous_message"]["text"] == "hello"


def test_a_deleted_root_with_replies_is_told_of_as_changed(
    grove: Simulator, receiver: Receiver
) -> None:
    root = grove.acts.post("C1", "U1", "root")["ts"]
    reply = grove.acts.reply("C1", root, "U2", "reply")["ts"]
    grove.acts.delete("C1", root)
    _, _, stone = told(grove, receiver)
    assert (stone["subtype"], stone["message"]["subtype"]) == ("message_changed", "tombstone")
    assert stone["message"]["user"] == "USLACKBOT"
    assert stone["previous_message"]["text"] == "root"
    grove.acts.delete("C1", reply)
    assert [event["deleted_ts"] for event in told(grove, receiver)] == [reply, root]


def test_a_mention_comes_twice(grove: Simulator, receiver: Receiver) -> None:
    grove.acts.post("C1", "U1", "hello <@UBOT>")
    grove.acts.post("C1", "UBOT", "I am <@UBOT>")
    message, mention, own = told(grove, receiver)
    assert (message["type"], mention["type"]) == ("message", "app_mention")
    assert message["ts"] == mention["ts"]
    assert "channel_type" not in mention
    assert own["type"] == "message"
    ids = [request.body["event_id"] for request in receiver.requests]
    assert len(set(ids)) == 3


def test_reactions_and_pins(grove: Simulator, receiver: Receiver) -> None:
    act = grove.acts
    ts = act.post("C1", "U1", "keep this")["ts"]
    bare = act.put("C1", {"subtype": "bot_message", "bot_id": "B9", "text": "feed"})["ts"]
    act.react("C1", ts, "U2", "seedling")
    act.react("C1", ts, "U2", "seedling")
    act.react("C1", bare, "U2", "seedling")
    act.unreact("C1", ts, "U2", "seedling")
    act.unreact("C1", ts, "U2", "seedling")
    act.pin("C1", ts, "U2")
    act.unpin("C1", ts, "U1")
    _, _, added, on_bot, removed, pinned, unpinned = told(grove, receiver)
    item = {"type": "message", "channel": "C1", "ts": ts}
    assert added == {
        "type": "reaction_added",
        "user": "U2",
        "reaction": "seedling",
        "item": item,
        "item_user": "U1",
        "event_ts": added["event_ts"],
    }
    assert "item_user" not in on_bot
    assert removed == {**added, "type": "reaction_removed", "event_ts": removed["event_ts"]}
    assert (pinned["item"]["message"]["ts"], pinned["pin_count"]) == (ts, 1)
    assert (unpinned["type"], unpinned["pin_count"], unpinned["has_pins"]) == (
        "pin_removed", 0, False
    )  # fmt: skip


def test_one_profile_edit_is_told_of_several_times(grove: Simulator, receiver: Receiver) -> None:
    grove.acts.add_user("rhea", id="U9")
    grove.acts.change_profile("U9", status_text="hands in the soil")
    grove.acts.deactivate("U9")
    joined, *changes, closed = told(grove, receiver)
    assert (joined["type"], joined["user"]["id"]) == ("team_join", "U9")
    types = ["user_change", "user_profile_changed", "user_status_changed"]
    assert [event["type"] for event in changes] == types
    assert all(e["user"]["profile"]["status_text"] == "hands in the soil" for e in changes)
    assert (closed["type"], closed["user"]["deleted"]) == ("user_change", True)


def test_channels_from_their_beginning_to_their_end(grove: Simulator, receiver: Receiver) -> None:
    act = grove.acts
    act.create_channel("compost", "U1", id="C9")
    act.join("C9", "UBOT", inviter="U1")
    act.rename("C9", "soil", "U1")
    act.archive("C9", "U1")
    act.unarchive("C9", "U1")
    act.share_channel("C9", "T2")
    act.unshare_channel("C9", "T2")
    act.leave("C9", "U1")
    act.leave("C9", "UBOT")
    act.remove_channel("C9", "U1")
    events = told(grove, receiver)
    assert [event.get("subtype", event["type"]) for event in events] == [
        "channel_created", "channel_join", "member_joined_channel",
        "channel_name", "channel_rename", "channel_archive", "channel_archive",
        "channel_unarchive", "channel_unarchive", "channel_shared", "channel_unshared",
        "channel_leave", "member_left_channel", "channel_left", "channel_deleted",
    ]  # fmt: skip
    created, renamed, joined = events[0], events[4], events[2]
    assert (created["channel"]["id"], created["channel"]["creator"]) == ("C9", "U1")
    assert renamed["channel"]["name"] == "soil"
    assert (joined["user"], joined["inviter"], joined["channel_type"]) == ("UBOT", "U1", "C")
    assert (events[12]["user"], events[13]["channel"]) == ("U1", "C9")
    assert events[14]["actor_id"] == "U1"
    bodies = [request.body for request in receiver.requests]
    shared_while = [body["is_ext_shared_channel"] for body in bodies]
    assert shared_while.index(True) == 9


def test_private_channels_are_groups_to_those_inside(grove: Simulator, receiver: Receiver) -> None:
    act = grove.acts
    act.create_channel("secret", "U1", private=True, id="P9")
    act.post("P9", "U1", "unheard")
    act.rename("P9", "still-secret", "U1")
    assert told(grove, receiver) == []
    act.join("P9", "UBOT", inviter="U1")
    act.rename("P9", "less-secret", "U1")
    events = told(grove, receiver)
    assert [event["type"] for event in events] == [
        "message", "member_joined_channel", "message", "group_rename"
    ]  # fmt: skip
    assert events[0]["channel_type"] == "group"
    assert events[1]["channel_type"] == "G"


def test_a_bot_hears_only_where_it_is(grove: Simulator, receiver: Receiver) -> None:
    act = grove.acts
    ts = act.post("C2", "U1", "outside <@UBOT>")["ts"]
    act.react("C2", ts, "U1", "eyes")
    act.pin("C2", ts, "U1")
    act.share_file("C2", "U1", "a.txt")
    act.join("C2", "U2")
    act.open_conversation(["U1", "U2"])
    dm = act.open_conversation(["U1", "UBOT"])[0]["id"]
    act.post(dm, "U1", "between us")
    assert [(e["type"], e.get("channel_type")) for e in told(grove, receiver)] == [
        ("message", "im")
    ]


@pytest.mark.parametrize(
    ("scope", "act", "given", "heard"),
    [
        ("channels:history", "post", ("C1", "U1", "hi"), "message"),
        ("reactions:read", "react", ("C1", "1.000000", "U1", "x"), "reaction_added"),
        ("users:read", "add_user", ("new",), "team_join"),
        ("emoji:read", "add_emoji", ("leaf", "https://example.org"), "emoji_changed"),
        ("channels:read", "create_channel", ("x", "U1"), "channel_created"),
        ("pins:read", "pin", ("C1", "1.000000", "U1"), "pin_added"),
    ],
)
def test_scopes_decide_what_flows(
    receiver: Receiver, scope: str, act: str, given: tuple[str, ...], heard: str
) -> None:
    for allowed, expected in ((scope, [heard]), ("chat:write", list[str]())):
        simulator = empty()
        simulator.acts.put("C1", {"user": "U1", "text": "old"}, at=1.0)
        simulator.add_token("bot", scopes=[allowed], channels=["C1"])
        with simulator.subscribe(receiver.url):
            getattr(simulator.acts, act)(*given)
            assert [event["type"] for event in told(simulator, receiver)] == expected


def test_mail_addresses_need_their_scope(receiver: Receiver) -> None:
    for more, expected in (([], {"team"}), (["users:read.email"], {"team", "email"})):
        simulator = empty()
        simulator.add_token("bot", scopes=["users:read", *more])
        with simulator.subscribe(receiver.url):
            simulator.acts.add_user("rhea", profile={"team": "T1", "email": "rhea@example.org"})
            assert told(simulator, receiver)[0]["user"]["profile"].keys() == expected


def test_an_app_hears_what_it_subscribed_to(grove: Simulator, receiver: Receiver) -> None:
    with grove.subscribe(receiver.url, names=["message.groups", "team_join"]):
        grove.acts.post("C1", "U1", "hi")
        grove.acts.add_user("rhea")
        assert [event["type"] for event in told(grove, receiver)] == ["team_join"]


def test_files_are_told_of_by_their_ids(grove: Simulator, receiver: Receiver) -> None:
    message = grove.acts.share_file("C1", "U1", "plan.pdf", "the plan")
    file_id = message["files"][0]["id"]
    grove.acts.delete_file(file_id)
    shared_, created, public_, shown, changed, deleted = told(grove, receiver)
    assert (shared_["subtype"], shared_["files"][0]["id"]) == ("file_share", file_id)
    for event, kind in ((created, "file_created"), (public_, "file_public")):
        assert event["type"] == kind
        assert (event["file_id"], event["file"], event["user_id"]) == (
            file_id,
            {"id": file_id},
            "U1",
        )
    assert (shown["type"], shown["channel_id"]) == ("file_shared", "C1")
    assert changed["message"]["files"] == [{"id": file_id, "mode": "tombstone"}]
    assert "edited" not in changed["message"]
    assert (deleted["type"], deleted["channel_ids"]) == ("file_deleted", ["C1"])


def test_what_apps_do_by_the_api_is_told_of_too(grove: Simulator, receiver: Receiver) -> None:
    with grove.serve():
        client = Client(grove, grove.tokens.all()[0].text)
        ts = client("chat.postMessage", channel="C1", text="from the bot").body["ts"]
        client("chat.update", channel="C1", ts=ts, text="changed")
        client("chat.delete", channel="C1", ts=ts)
        client("conversations.join", channel="C2")
        posted, changed, deleted, notice, joined = told(grove, receiver)
        client.close()
    assert (posted["user"], posted["bot_id"], "subtype" in posted) == ("UBOT", "B1", False)
    assert changed["message"]["text"] == "changed"
    assert deleted["deleted_ts"] == ts
    assert (notice["subtype"], joined["user"]) == ("channel_join", "UBOT")


def test_an_uninstalled_app_is_told_and_hears_nothing_more(
    grove: Simulator, receiver: Receiver
) -> None:
    grove.events.uninstall()
    grove.acts.post("C1", "U1", "alone again")
    revoked, uninstalled = told(grove, receiver)
    assert revoked == {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": ["UBOT"]}}
    assert uninstalled == {"type": "app_uninstalled"}


def test_bulk_changes_say_that_history_is_to_be_read_again(
    grove: Simulator, receiver: Receiver
) -> None:
    old = grove.acts.post("C1", "U1", "old", at=NOW - 90_000)["ts"]
    grove.acts.post("C1", "U1", "new", at=NOW - 10)
    told(grove, receiver)
    assert grove.acts.purge("C1", NOW - 80_000) == 1
    changed = told(grove, receiver)[0]
    assert changed["type"] == "channel_history_changed"
    assert old < changed["latest"] < f"{NOW:.6f}"
    fresh = grove.acts.change_channel_id("C1")
    moved = told(grove, receiver)[0]
    assert (moved["old_channel_id"], moved["new_channel_id"]) == ("C1", fresh)
    assert [said["text"] for said in grove.workspace.messages[fresh]] == ["new"]


def test_nothing_is_made_without_a_listener(
    monkeypatch: pytest.MonkeyPatch, receiver: Receiver
) -> None:
    simulator = empty()
    simulator.add_token("bot", channels=["C1"])
    with simulator.subscribe(receiver.url):
        simulator.acts.post("C1", "U1", "heard")
        simulator.events.pump()
    monkeypatch.delattr("hubbub.simulator.events.news.News._now")
    monkeypatch.delattr("hubbub.simulator.events.news.News._shown")
    ts = simulator.acts.post("C1", "U1", "unheard")["ts"]
    simulator.acts.edit("C1", ts, "edited")
    simulator.acts.react("C1", ts, "U1", "x")
    simulator.acts.delete("C1", ts)
    assert len(receiver.requests) == 1


def play(simulator: Simulator) -> None:
    """Everything that can happen, in C1."""
    act = simulator.acts
    root = act.post("C1", "U1", "root <@UBOT> https://example.org")
    act.reply("C1", root["ts"], "U2", "reply", broadcast=True)
    act.put("C1", {"subtype": "bot_message", "bot_id": "B9", "username": "feed", "text": "news"})
    act.edit("C1", root["ts"], "changed")
    act.unfurl("C1", root["ts"], "https://example.org", "Example")
    act.react("C1", root["ts"], "U2", "wave")
    act.unreact("C1", root["ts"], "U2", "wave")
    act.pin("C1", root["ts"], "U2")
    act.unpin("C1", root["ts"], "U2")
    file_id = act.share_file("C1", "U1", "plan.pdf")["files"][0]["id"]
    act.delete_file(file_id)
    act.delete("C1", root["ts"])
    act.delete("C1", act.post("C1", "U1", "slip")["ts"])
    group: Raw = {"id": "S1", "users": ["U1"], "user_count": 1, "date_update": int(NOW)}
    simulator.workspace.usergroups.append(group)
    act.set_group_members("S1", ["U2"])
    act.add_user("rhea", id="U9")
    act.change_profile("U9", status_text="new")
    act.join("C1", "U9", inviter="U1")
    act.leave("C1", "U9")
    act.deactivate("U9")
    act.create_channel("compost", "U1", id="C9")
    act.rename("C9", "soil", "U1")
    act.set_topic("C1", "seeds", "U1")
    act.archive("C9", "U1")
    act.unarchive("C9", "U1")
    act.share_channel("C9", "T2")
    act.unshare_channel("C9", "T2")
    act.change_channel_id("C2")
    act.remove_channel("C9", "U1")
    act.add_emoji("leafy", "https://emoji.example.org/leafy.png")
    act.rename_emoji("leafy", "leaf")
    act.remove_emoji("leaf")
    act.purge("C1", NOW + 1)
    simulator.events.uninstall()


def test_events_have_slacks_fields_and_types(grove: Simulator, receiver: Receiver) -> None:
    play(grove)
    grove.events.pump()
    of_files = json.loads((SAMPLES.parent / "api" / "files.info.json").read_text())
    seen: set[str] = set()
    for request in receiver.requests:
        body = request.body
        event = body["event"]
        name = SAMPLE_OF.get(event.get("subtype", ""), _camel(event["type"]))
        seen.add(name)
        if event["type"] in NO_SAMPLE:
            continue
        sample = json.loads((SAMPLES / f"{name}Payload.json").read_text())
        envelope = {name: value for name, value in body.items() if name != "event"}
        assert envelope["type"] == "event_callback"
        assert _beyond(envelope, {**sample, "type": "", "event_time": 1}) == []
        for part in (event, event.get("message", {}), event.get("previous_message", {})):
            for file in part.pop("files", []):
                assert _beyond(file, of_files["file"]) == []
        assert _beyond(event, sample["event"]) == []
    samples = {path.stem.removesuffix("Payload") for path in SAMPLES.iterdir()}
    assert samples - seen == {
        "AppHomeOpened", "AppRateLimited", "FileChange", "MessageReplied", "SubteamCreated"
    }  # fmt: skip


def _beyond(told_: object, sample: object) -> list[str]:
    """What is of another type than in the sample, or neither there nor documented."""
    lines = differences(told_, sample, "event")
    return [
        line
        for line in lines
        if line.split(" ")[0].rpartition(".")[2] not in NOT_IN_SAMPLES | BESIDES
        and not line.endswith(".enterprise_id is null")
    ]


def _camel(kind: str) -> str:
    return "".join(part.capitalize() for part in kind.split("_"))


def test_events_alone_tell_the_whole_story(receiver: Receiver) -> None:
    """A living community, rebuilt from its events by a reader that knows nothing else."""
    simulator = Simulator(invented(), clock=Clock.manual(NOW))
    channels = [channel["id"] for channel in public(simulator.workspace)]
    simulator.add_token("bot", channels=channels)
    rebuilt: dict[tuple[str, str], Raw] = {
        (channel_id, message["ts"]): _plain(message)
        for channel_id in channels
        for message in simulator.workspace.messages[channel_id]
    }
    members = {each: set(simulator.workspace.members[each]) for each in channels}
    talk = Living(simulator.workspace, simulator.acts, speed=40.0, seed=7)
    with simulator.subscribe(receiver.url):
        for _ in range(4):
            simulator.clock.advance(6 * 3600)
            talk.catch_up()
            simulator.events.pump(in_flight=1)
    kinds = {(event["type"], event.get("subtype")) for event in receiver.events}
    assert {kind for kind, _ in kinds} >= {
        "message", "reaction_added", "reaction_removed", "member_joined_channel", "team_join",
        "member_left_channel", "user_change", "file_shared", "pin_added",
    }  # fmt: skip
    assert {subtype for _, subtype in kinds} >= {"message_changed", "message_deleted"}
    for event in receiver.events:
        _apply(event, rebuilt, members)
    for channel_id in channels:
        said = simulator.workspace.messages[channel_id]
        found = [m for (place, _), m in rebuilt.items() if place == channel_id]
        assert sorted(found, key=ts_of) == [_plain(message) for message in said]
        assert members[channel_id] == set(simulator.workspace.members[channel_id])


def _plain(message: Raw) -> Raw:
    """What a message says of itself, without what others make of it."""
    kept = {name: message[name] for name in ("ts", "user", "text", "thread_ts") if name in message}
    if kept.get("thread_ts") == kept["ts"]:
        del kept["thread_ts"]  # a root: its thread came later
    reactions = message.get("reactions", [])
    given = {(each["name"], user) for each in reactions for user in each["users"]}
    return {**kept, "reactions": given, "edited": bool(message.get("edited"))}


def _apply(event: Raw, rebuilt: dict[tuple[str, str], Raw], members: dict[str, set[str]]) -> None:
    kind, subtype = event["type"], event.get("subtype")
    if kind == "message" and subtype == "message_changed":
        key = (event["channel"], event["message"]["ts"])
        is_stone = event["message"].get("subtype") == "tombstone"
        given = set[Any]() if is_stone else rebuilt[key]["reactions"]
        rebuilt[key] = {**_plain(event["message"]), "reactions": given}
    elif kind == "message" and subtype == "message_deleted":
        del rebuilt[event["channel"], event["deleted_ts"]]
    elif kind == "message":
        rebuilt[event["channel"], event["ts"]] = _plain(event)
    elif kind in {"reaction_added", "reaction_removed"}:
        reactions = rebuilt[event["item"]["channel"], event["item"]["ts"]]["reactions"]
        pair = (event["reaction"], event["user"])
        (reactions.add if kind == "reaction_added" else reactions.discard)(pair)
    elif kind == "member_joined_channel":
        members[event["channel"]].add(event["user"])
    elif kind == "member_left_channel":
        members[event["channel"]].discard(event["user"])
