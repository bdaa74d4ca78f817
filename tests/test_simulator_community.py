"""The invented community is a sound Slack workspace, and its export is what Slack would write."""

import json
import re
import zipfile
from collections import Counter
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from hubbub.simulator.community import invent
from hubbub.simulator.corpus import load
from hubbub.simulator.export import write_export
from hubbub.simulator.markup import rich_text
from hubbub.simulator.state import Workspace, is_reply

Message = dict[str, Any]
SPOKEN = {None, "thread_broadcast", "me_message"}


@cache
def community() -> Workspace:
    return invent()


def everything(workspace: Workspace) -> list[tuple[str, Message]]:
    return [(channel, m) for channel, said in workspace.messages.items() for m in said]


def people_say(workspace: Workspace) -> list[Message]:
    return [
        message
        for _, message in everything(workspace)
        if message.get("subtype") in SPOKEN and "bot_id" not in message
    ]


def channel_named(workspace: Workspace, name: str) -> dict[str, Any]:
    return next(c for c in workspace.channels if c.get("name") == name)


def read_export(path: Path) -> dict[str, Any]:
    """Every file of a zip by its true name: Slack writes UTF-8 names and does not say so."""
    with zipfile.ZipFile(path) as archive:
        return {
            entry.filename.encode("cp437").decode(): json.loads(archive.read(entry))
            for entry in archive.infolist()
        }


def export_of(workspace: Workspace, path: Path, *, private: bool = False) -> dict[str, Any]:
    write_export(workspace, path, private=private)
    return read_export(path)


def test_the_same_seed_tells_the_same_story_and_another_seed_another() -> None:
    def told(seed: int) -> bytes:
        return msgspec.json.encode(invent(seed, members=20, days=20))

    assert told(7) == told(7)
    assert told(7) != told(8)


def test_exports_of_the_same_workspace_are_equal_to_the_byte(tmp_path: Path) -> None:
    for name in ("one.zip", "two.zip"):
        write_export(invent(3, members=20, days=20), tmp_path / name, private=True)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


@pytest.mark.parametrize(("members", "days"), [(5, 1), (8, 40), (400, 5)])
def test_communities_of_any_size_can_be_invented(members: int, days: int) -> None:
    workspace = invent(members=members, days=days)
    insiders = [u for u in workspace.users if u["team_id"] == workspace.team["id"]]
    handles = [user["name"] for user in workspace.users]
    assert len(insiders) == members + 2  # the app's bot and Slackbot
    assert len(set(handles)) == len(handles)
    assert people_say(workspace)


@pytest.mark.parametrize(("members", "days"), [(4, 10), (10, 0)])
def test_nobody_is_no_community(members: int, days: int) -> None:
    with pytest.raises(ValueError, match="at least 5 members"):
        invent(members=members, days=days)


def test_an_end_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        invent(until=datetime(2026, 1, 1))  # noqa: DTZ001 - what is refused


def test_the_default_community_has_the_promised_size() -> None:
    assert 6_000 <= len(everything(community())) <= 10_000


def test_all_messages_lie_within_the_story_in_order_and_with_unique_ts() -> None:
    until = datetime(2026, 3, 1, 12, tzinfo=UTC)
    workspace = invent(members=30, days=30, until=until)
    for said in workspace.messages.values():
        stamps = [message["ts"] for message in said]
        assert stamps == sorted(set(stamps))
        assert all(re.fullmatch(r"\d{10}\.\d{6}", ts) for ts in stamps)
        assert all(until.timestamp() - 31 * 86_400 < float(ts) < until.timestamp() for ts in stamps)


def test_roots_say_of_their_threads_what_the_replies_are() -> None:
    threads = 0
    for said in community().messages.values():
        for root in (message for message in said if not is_reply(message)):
            replies = [m for m in said if is_reply(m) and m["thread_ts"] == root["ts"]]
            repliers = list(dict.fromkeys(reply["user"] for reply in replies))
            assert root.get("reply_count", 0) == len(replies)
            if replies:
                threads += 1
                assert root["thread_ts"] == root["ts"]
                assert root["latest_reply"] == max(reply["ts"] for reply in replies)
                assert root["reply_users"] == repliers[:5]
                assert root["reply_users_count"] == len(repliers)
    assert threads > 500


def test_no_reply_stands_without_its_root() -> None:
    for said in community().messages.values():
        roots = {message["ts"]: message for message in said if not is_reply(message)}
        for reply in filter(is_reply, said):
            root = roots[reply["thread_ts"]]
            assert reply["parent_user_id"] == root["user"]
            assert (reply.get("subtype") == "thread_broadcast") == ("root" in reply)


def test_everyone_and_everything_that_messages_name_exists() -> None:
    workspace = community()
    users = {user["id"] for user in workspace.users}
    bots = {bot["id"] for bot in workspace.bots}
    channels = {channel["id"] for channel in workspace.channels}
    groups = {group["id"] for group in workspace.usergroups}
    for _, message in everything(workspace):
        assert message["user"] in users if "user" in message else message["bot_id"] in bots
        text = message["text"]
        assert users.issuperset(re.findall(r"<@(\w+)>", text))
        assert channels.issuperset(re.findall(r"<#(\w+)>", text))
        assert groups.issuperset(re.findall(r"<!subteam\^(\w+)>", text))
        assert "{" not in text
        for reaction in message.get("reactions", []):
            assert users.issuperset(reaction["users"])
            assert reaction["count"] == len(set(reaction["users"])) > 0


def test_people_speak_only_where_and_while_they_are_members() -> None:
    """A member's words in a channel never come before the notice of joining it."""
    workspace = community()
    for channel in workspace.channels:
        if channel["is_im"] or channel["is_mpim"]:
            continue
        inside: set[str] = set()
        for message in workspace.messages[channel["id"]]:
            subtype = message.get("subtype")
            if subtype in {"channel_join", "group_join"}:
                inside.add(message["user"])
            elif subtype in {"channel_leave", "group_leave"}:
                inside.remove(message["user"])
            elif subtype in SPOKEN and "bot_id" not in message:
                assert message["user"] in inside
        assert inside.issuperset(workspace.members[channel["id"]])


def test_closed_accounts_and_archived_channels_fall_silent() -> None:
    workspace = community()
    closed = {user["id"]: user["updated"] for user in workspace.users if user["deleted"]}
    assert closed
    assert all("tz" not in user for user in workspace.users if user["deleted"])
    for message in people_say(workspace):
        assert float(message["ts"]) < closed.get(message["user"], float("inf")) + 1
    fair = channel_named(workspace, "harvest-fair")
    assert fair["is_archived"]
    assert workspace.messages[fair["id"]][-1]["subtype"] == "channel_archive"


def test_weekdays_are_busier_than_weekends_and_days_than_nights() -> None:
    """In the members' own time zones, so a rhythm that is only UTC's would not pass."""
    workspace = community()
    zones = {user["id"]: ZoneInfo(user["tz"]) for user in workspace.users if user.get("tz")}
    local = [
        datetime.fromtimestamp(float(message["ts"]), zones[message["user"]])
        for message in people_say(workspace)
        if message["user"] in zones
    ]
    weekdays = Counter(moment.weekday() for moment in local)
    hours = Counter(moment.hour for moment in local)
    assert (weekdays[5] + weekdays[6]) / 2 < 0.8 * min(weekdays[day] for day in range(5))
    assert sum(hours[hour] for hour in (3, 4, 5)) < 0.4 * sum(hours[hour] for hour in (9, 12, 16))


def test_the_community_grows_and_a_few_members_say_most() -> None:
    workspace = community()
    general = workspace.messages[channel_named(workspace, "general")["id"]]
    joins = [float(m["ts"]) for m in general if m.get("subtype") == "channel_join"]
    middle = (min(joins) + max(joins)) / 2
    assert 0.2 * len(joins) < sum(at > middle for at in joins) < 0.6 * len(joins)
    said = sorted(Counter(m["user"] for m in people_say(workspace)).values(), reverse=True)
    assert sum(said[: len(said) // 5]) > 0.45 * sum(said)


def test_questions_find_answers_but_not_all_and_old_roots_get_late_replies() -> None:
    answered, unanswered, late = 0, 0, 0
    for said in community().messages.values():
        first: dict[str, float] = {}
        for reply in filter(is_reply, said):
            first.setdefault(reply["thread_ts"], float(reply["ts"]) - float(reply["thread_ts"]))
            late += float(reply["ts"]) - float(reply["thread_ts"]) > 5 * 86_400
        for root in said:
            if "client_msg_id" in root and not is_reply(root) and root["text"].endswith("?"):
                answered += root["ts"] in first
                unanswered += root["ts"] not in first
    assert 0.75 < answered / (answered + unanswered) < 0.95
    assert late >= 20


def test_every_promised_kind_of_thing_happens() -> None:
    workspace = community()
    messages = [message for _, message in everything(workspace)]
    subtypes = {message.get("subtype") for message in messages}
    assert subtypes >= {
        *("channel_join", "channel_leave", "group_join", "channel_name", "channel_archive"),
        *("bot_message", "thread_broadcast", "tombstone", "me_message", "slackbot_response"),
        *("huddle_thread", "channel_topic", "channel_purpose"),
    }
    assert any("bot_id" in m and "user" in m for m in messages)
    assert any("bot_id" in m and "user" not in m and m["text"] == "" for m in messages)
    modes = {file["mode"] for message in messages for file in message.get("files", [])}
    assert modes == {"hosted", "snippet", "external", "tombstone"}
    names = {r["name"] for message in messages for r in message.get("reactions", [])}
    assert any("::skin-tone-" in name for name in names)
    assert names & workspace.emoji.keys()
    assert any("edited" in message for message in messages)
    texts = "\n".join(message["text"] for message in messages)
    for pattern in (r"\b555 01\d\d", r"\b4000 00\d\d \d{4} \d{4}\b", r"xoxb-0000FAKE", r"010-0000"):
        assert re.search(pattern, texts)
    assert "<!here>" in texts
    kinds = {channel["id"][0] for channel in workspace.channels}
    assert kinds == {"C", "G", "D"}
    assert any(channel.get("is_ext_shared") for channel in workspace.channels)
    standings = Counter(
        key
        for u in workspace.users
        for key in ("is_restricted", "is_ultra_restricted")
        if u.get(key)
    )
    assert set(standings) == {"is_restricted", "is_ultra_restricted"}


def test_backblasts_count_whom_they_name() -> None:
    workspace = community()
    checked = 0
    for name in ("ao-lighthouse-steps", "ao-mudflats", "ao-orchard-loop"):
        channel = channel_named(workspace, name)["id"]
        for post in workspace.messages[channel]:
            if "Backblast!" not in post["text"] or "Count: " not in post["text"]:
                continue
            fields = post["text"].partition("Conditions:")[0]
            named = set(re.findall(r"<@(\w+)>", fields))
            newcomers = fields.count("(first time)")
            counted = re.findall(r"Count: .*?(\d+)$", fields.strip())
            assert [str(len(named) + newcomers)] == counted
            assert f"<#{channel}>" in fields
            checked += 1
    assert checked > 60


def test_korean_and_japanese_channels_speak_their_languages() -> None:
    workspace = community()
    for name, script in (("한국어", r"[가-힣]"), ("日本語", r"[ぁ-ん]")):
        said = workspace.messages[channel_named(workspace, name)["id"]]
        typed = [m["text"] for m in said if "client_msg_id" in m]
        assert len(typed) > 30
        assert sum(bool(re.search(script, text)) for text in typed) > 0.95 * len(typed)


def test_the_public_export_holds_public_messages_and_no_others(tmp_path: Path) -> None:
    workspace = community()
    written = write_export(workspace, tmp_path / "public.zip")
    files = read_export(tmp_path / "public.zip")
    days = {name: said for name, said in files.items() if "/" in name}
    public = {c["id"]: c["name"] for c in workspace.channels if not c.get("is_private", True)}
    assert {channel["id"]: channel["name"] for channel in files["channels.json"]} == public
    assert set(files) - set(days) == {"users.json", "channels.json", "integration_logs.json"}
    assert sum(len(said) for said in days.values()) == written
    assert written == sum(len(workspace.messages[channel]) for channel in public)
    told = {message.get("client_msg_id") for said in days.values() for message in said}
    hidden = {
        message["client_msg_id"]
        for channel, message in everything(workspace)
        if channel not in public and "client_msg_id" in message
    }
    assert len(hidden) > 50
    assert not told & hidden


def test_the_full_export_holds_every_conversation(tmp_path: Path) -> None:
    workspace = community()
    files = export_of(workspace, tmp_path / "all.zip", private=True)
    listed = [files[f"{kind}.json"] for kind in ("channels", "groups", "mpims", "dms")]
    assert {c["id"] for some in listed for c in some} == {c["id"] for c in workspace.channels}
    assert all(listed)
    said = sum(len(messages) for name, messages in files.items() if "/" in name)
    assert said == len(everything(workspace))
    folders = {name.partition("/")[0] for name in files if "/" in name}
    assert folders & {dm["id"] for dm in files["dms.json"]}
    assert any(folder.startswith("mpdm-") for folder in folders)


def test_day_files_hold_their_local_day_oldest_first(tmp_path: Path) -> None:
    workspace = invent(members=40, days=30)
    zone = ZoneInfo(workspace.zone)
    for name, said in export_of(workspace, tmp_path / "export.zip").items():
        if "/" in name:
            stamps = [message["ts"] for message in said]
            dates = {datetime.fromtimestamp(float(ts), zone).date().isoformat() for ts in stamps}
            assert said
            assert stamps == sorted(stamps)
            assert dates == {name.partition("/")[2].removesuffix(".json")}


def test_exported_messages_carry_what_exports_add(tmp_path: Path) -> None:
    workspace = community()
    files = export_of(workspace, tmp_path / "export.zip")
    said = [message for name, some in files.items() if "/" in name for message in some]
    by_reply = {(m["thread_ts"], m["ts"]) for m in said if is_reply(m)}
    listed = {(root["ts"], reply["ts"]) for root in said for reply in root.get("replies", [])}
    assert listed == by_reply
    typed = [message for message in said if "client_msg_id" in message]
    assert all(m["user_profile"]["team"] == m["user_team"] == m["team"] for m in typed)
    assert not any("channel" in message for message in said)
    # What the export adds stays in the export.
    assert not any("user_profile" in m or "replies" in m for _, m in everything(workspace))


def test_members_of_other_workspaces_are_in_the_talk_but_not_in_the_directory(
    tmp_path: Path,
) -> None:
    workspace = community()
    files = export_of(workspace, tmp_path / "export.zip")
    strangers = {u["id"] for u in workspace.users if u["team_id"] != workspace.team["id"]}
    assert strangers & {message["user"] for message in people_say(workspace)}
    assert not strangers & {user["id"] for user in files["users.json"]}


def test_every_scene_can_be_played() -> None:
    """The corpus names no slot, channel or group that does not exist."""
    talk, told = load("talk"), load("community")
    known = {f"#{c['key']}" for c in told["channels"]} | {f"group:{g}" for g in told["groups"]}
    for name, topic in talk["topics"].items():
        slots: dict[str, list[str]] = topic.get("slots", {})
        for scene in topic["scenes"]:
            assert ("ask" in scene) != ("say" in scene), (name, scene)
            lines: list[str] = []
            for said in scene.values():
                lines += said if isinstance(said, list) else []
            used = {slot for line in lines for slot in re.findall(r"\{([^{}]+)\}", line)}
            assert used <= known | slots.keys() | {"@"}, (name, used)
            assert all("?" in line or "？" in line for line in scene.get("ask", [])), scene


def test_rich_text_says_what_the_text_says() -> None:
    text = "*Hi* <@U1>, see <#C1> &amp; <https://a.example|this> :wave::skin-tone-3: ```x = 1```"
    (block,) = rich_text("b1", text)
    section, code = block["elements"]
    assert section["elements"] == [
        {"type": "text", "text": "Hi", "style": {"bold": True}},
        {"type": "text", "text": " "},
        {"type": "user", "user_id": "U1"},
        {"type": "text", "text": ", see "},
        {"type": "channel", "channel_id": "C1"},
        {"type": "text", "text": " & "},
        {"type": "link", "url": "https://a.example", "text": "this"},
        {"type": "text", "text": " "},
        {"type": "emoji", "name": "wave", "skin_tone": 3},
        {"type": "text", "text": " "},
    ]
    assert code["type"] == "rich_text_preformatted"
    assert code["elements"] == [{"type": "text", "text": "x = 1"}]
