"""Slack's events of all that can happen in a workspace, as far as rows are made of them."""

import json
from typing import Any

from tests.collecting.collected import grove
from tests.kafka.feeding import message, ts_of

BACKBLAST = "Backblast: The Hill\nDate: 2026-03-01\nQ: <@U2>\nPAX: <@U1>, Beaker\nCount: 3"


def everything() -> list[dict[str, Any]]:
    """What the local Slack tells of one deed of each kind, in C1, C2 and C9, and what it never
    tells."""
    return [*_told(), *_untold()]


def _told() -> list[dict[str, Any]]:
    simulator = grove()
    told: list[str] = []
    simulator.acts.news.listener = lambda happening: told.append(json.dumps(happening.event))
    act = simulator.acts
    root = act.post("C1", "U1", "seeds for <@U2>, <#C2>, all? <https://example.org/a?b=c>")["ts"]
    reply = act.reply("C1", root, "U2", "write to olive@example.org")["ts"]
    act.reply("C1", root, "U2", "done", broadcast=True)
    act.post("C1", "U1", BACKBLAST)
    act.put("C1", {"subtype": "bot_message", "bot_id": "B9", "username": "feed", "text": "news"})
    act.react("C1", root, "U2", "seedling")
    act.unreact("C1", root, "U2", "seedling")
    act.edit("C1", root, "seeds for all?")
    act.delete("C1", root)
    act.delete("C1", reply)
    shared = act.share_file("C1", "U1", "plan.pdf", "the plan")
    act.delete_file(shared["files"][0]["id"])
    act.add_user("rhea", id="U9")
    act.change_profile("U9", status_text="hands in the soil")
    act.deactivate("U9")
    group = act.add_group("gardeners", ["U1"])["id"]
    act.set_group_members(group, ["U2"])
    act.disable_group(group)
    act.create_channel("compost", "U1", id="C9")
    act.set_topic("C9", "rot", "U1")
    act.join("C9", "U2", inviter="U1")
    act.rename("C9", "soil", "U1")
    act.archive("C9", "U1")
    act.unarchive("C9", "U1")
    act.share_channel("C9", "T2")
    act.unshare_channel("C9", "T2")
    act.leave("C9", "U2")
    act.remove_channel("C9", "U1")
    act.change_channel_id("C2")
    return [json.loads(event) for event in told]


def _untold() -> list[dict[str, Any]]:
    rhea = {"id": "U9", "name": "rhea", "profile": {"real_name": "Rhea"}}
    profile = {"name": "zoe", "real_name": "Zoe Example", "display_name": "zoe"}
    return [
        message("C1", 90, user="U8", user_profile=profile),
        message("C1", 91, reactions=[{"name": "leaf", "users": ["U1"], "count": 3}]),
        {"type": "user_huddle_changed", "user": rhea, "event_ts": ts_of(92)},
        {"type": "app_mention", "channel": "C1", "user": "U1", "text": "<@UBOT>", "ts": ts_of(93),
         "event_ts": ts_of(93)},
        {"type": "group_rename", "channel": {"id": "G1", "name": "elders"}, "event_ts": ts_of(94)},
        *(
            {"type": kind, "channel": "G1", "event_ts": ts_of(number)}
            for number, kind in enumerate(("group_archive", "group_unarchive", "group_deleted"), 95)
        ),
    ]  # fmt: skip
