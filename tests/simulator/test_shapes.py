"""Answers have the fields and types of Slack's: compared one by one with recorded samples and with
the reference of each method, both lying beside the repository."""

import json
from collections.abc import Iterator
from typing import Any, cast
from urllib.parse import urlencode

import pytest
from local_slack import FORM, NOW, Client, invented, named
from tests.parts import shared

from hubbub.simulator.answering import all_methods
from hubbub.simulator.clock import Clock
from hubbub.simulator.simulator import Simulator

SLACK = shared("slack")
METHODS = sorted(all_methods())
NULLABLE = {
    "deleted_by",  # of a user group that is not deleted
    "channel_actions_ts",
    "tz",  # of Slackbot
    "latest",
    "name",
}
OTHER_TYPE = {
    ("original_w", "str"),
    ("original_h", "str"),  # the samples of files are generated from Java classes: all are text
    ("cache_ts", "int"),
    ("auto_type", "NoneType"),
}
BESIDES = {
    *("auto_type", "client_msg_id", "pinned_to", "pronouns", "fields", "team", "root"),
    *("is_locked", "subscribed", "thread_ts", "latest_reply", "reactions", "subtype", "user"),
    *("reply_count", "reply_users", "reply_users_count", "blocks", "edited"),
    *(
        "files",
        "upload",
        "hidden",
        "bot_profile",
        "room",
        "no_notifications",
        "old_name",
        "name",
    ),  # of a message, also as the root of another one
    *("conversation_host_id", "is_frozen", "creator", "is_user_deleted"),  # of a conversation
    *("channel", "message"),  # of a pin: the sample is of a file
}
"""Documented fields that the samples happen not to have."""

OPAQUE = {"emoji", "fields", "public", "private", "blocks[]", "attachments[]"}
"""Objects keyed by names and ids, and those of which the samples keep only the outline."""

COMMON = {
    "invalid_auth",
    "not_authed",
    "token_expired",
    "token_revoked",
    "account_inactive",
    "missing_scope",
    "not_allowed_token_type",
    "ratelimited",
    "invalid_arguments",
    "invalid_arg_name",
    "invalid_array_arg",
    "invalid_charset",
    "invalid_form_data",
    "invalid_post_type",
    "missing_post_type",
    "invalid_json",
    "json_not_object",
    "internal_error",
    "unknown_method",
    "invalid_cursor",
    "not_in_channel",
    "is_archived",
}
"""What methods may answer beside their own codes: slack-platform.md, §1.1."""


def reference(method: str) -> Any:
    return json.loads((SLACK / "specs/slack-api-ref/methods" / f"{method}.json").read_text())


def sample(method: str) -> Any:
    path = SLACK / "samples/api" / f"{method}.json"
    return json.loads(path.read_text()) if path.exists() else None


class Scene:
    """A simulator on which every method has something to say."""

    def __init__(self, simulator: Simulator) -> None:
        self.slack = simulator
        general = named(simulator.workspace, "general")
        bot = simulator.add_token("bot", channels=[general])
        self.client = Client(simulator, bot)
        post = simulator.acts.post(general, simulator.workspace.members[general][0], "hello")
        answer = simulator.acts.reply(
            general, post["ts"], simulator.workspace.members[general][1], "hi", broadcast=True
        )
        simulator.acts.react(general, post["ts"], answer["user"], "wave")
        own = self.client("chat.postMessage", channel=general, text="mine").body["ts"]
        gone = self.client("chat.postMessage", channel=general, text="gone").body["ts"]
        upload = self.client("files.getUploadURLExternal", filename="a.txt", length=3).body
        path = upload["upload_url"].removeprefix(simulator.origin)
        assert self.client.send("POST", path, b"abc", headers={}).content == b"OK - 3"
        simulator.workspace.bookmarks[general] = [
            {
                "id": "Bk1",
                "channel_id": general,
                "title": "Tides",
                "link": "https://example.org",
                "type": "link",
                "date_created": int(NOW),
                "date_updated": 0,
                "rank": "g",
            }
        ]
        everything: dict[str, object] = {
            "types": "public_channel,private_channel,im,mpim",
            "limit": 500,
        }
        self.arguments: dict[str, dict[str, object]] = {
            "bookmarks.list": {"channel_id": general},
            "bots.info": {"bot": simulator.workspace.bots[0]["id"]},
            "chat.delete": {"channel": general, "ts": gone},
            "chat.getPermalink": {"channel": general, "message_ts": answer["ts"]},
            "chat.postMessage": {"channel": general, "text": "again"},
            "chat.update": {"channel": general, "ts": own, "text": "changed"},
            "conversations.history": {"channel": general, "limit": 200, "latest": NOW},
            "conversations.info": {"channel": general, "include_num_members": 1},
            "conversations.join": {"channel": named(simulator.workspace, "porch")},
            "conversations.list": everything,
            "conversations.members": {"channel": general},
            "conversations.open": {"users": answer["user"], "return_im": 1},
            "conversations.replies": {"channel": general, "ts": post["ts"]},
            "emoji.list": {"include_categories": 1},
            "files.completeUploadExternal": {
                "files": json.dumps([{"id": upload["file_id"], "title": "A"}]),
                "channel_id": general,
            },
            "files.getUploadURLExternal": {"filename": "b.txt", "length": 3},
            "files.info": {"file": next(iter(simulator.workspace.files))},
            "pins.list": {"channel": general},
            "reactions.get": {"channel": general, "timestamp": post["ts"], "full": 1},
            "reactions.list": {"user": answer["user"]},
            "usergroups.list": {"include_users": 1, "include_count": 1},
            "usergroups.users.list": {"usergroup": simulator.workspace.usergroups[0]["id"]},
            "users.conversations": {**everything, "user": answer["user"]},
            "users.info": {"user": answer["user"], "include_locale": 1},
            "users.list": {"limit": 200},
            "users.profile.get": {"user": answer["user"]},
        }
        shared = [c for c, files in self._files().items() if c == general or files]
        for channel_id in shared:
            self.client("conversations.join", channel=channel_id)
        self.arguments["files.info"]["file"] = self.client("files.list").body["files"][0]["id"]

    def _files(self) -> dict[str, list[str]]:
        places: dict[str, list[str]] = {}
        for file in self.slack.workspace.files.values():
            for channel_id in file["channels"]:
                places.setdefault(channel_id, []).append(file["id"])
        return places


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    simulator = Simulator(invented(), clock=Clock.manual(NOW), limits=False)
    with simulator.serve():
        made = Scene(simulator)
        yield made
        made.client.close()


def differences(answer: object, expected: object, place: str) -> list[str]:
    """Where an answer has a field of another type than the sample, or one that it has not."""
    key = place.rpartition(".")[2]
    if answer is None:
        return [] if key in NULLABLE or expected is None else [f"{place} is null"]
    if _are(answer, expected, dict):
        told, known = cast("dict[str, object]", answer), cast("dict[str, object]", expected)
        if key in OPAQUE:
            return []
        return [
            line
            for name, value in told.items()
            for line in (
                differences(value, known[name], f"{place}.{name}")
                if name in known
                else []
                if name in BESIDES
                else [f"{place}.{name} is nowhere documented"]
            )
        ]
    if _are(answer, expected, list):
        if not expected:
            return []
        listed, first = cast("list[object]", answer), cast("list[object]", expected)[0]
        return [line for each in listed for line in differences(each, first, f"{place}[]")]
    if type(answer) is type(expected) or (key, type(expected).__name__) in OTHER_TYPE:
        return []
    return [f"{place} is {type(answer).__name__}, not {type(expected).__name__}"]


def _are(answer: object, expected: object, kind: type) -> bool:
    return isinstance(answer, kind) and isinstance(expected, kind)


@pytest.mark.parametrize("method", [m for m in METHODS if m != "apps.connections.open"])
def test_answers_have_slacks_fields_and_types(scene: Scene, method: str) -> None:
    body = scene.client(method, **scene.arguments.get(method, {})).body
    assert body["ok"], body
    told = reference(method)["output"]
    required: set[str] = set(told.get("required") or [])
    assert required <= body.keys()
    recorded = sample(method)
    if recorded is not None:
        answer = {name: value for name, value in body.items() if name != "response_metadata"}
        assert sorted(set(differences(answer, recorded, method))) == []


@pytest.mark.parametrize("method", METHODS)
def test_methods_ask_for_the_documented_scopes_and_tier(method: str) -> None:
    told, known = reference(method), all_methods()[method]
    tiers = {"t1": "ONE", "t2": "TWO", "t3": "THREE", "t4": "FOUR", "t5": "SPECIAL"}
    tier = "SPECIAL" if known.tier.name == "POSTING" else known.tier.name
    assert tier == tiers[told["rate_limits"]]
    by_kind: dict[str, list[str]] = told.get("scope") or {}
    documented = {scope for listed in by_kind.values() for scope in listed}
    assert set(known.scopes) == documented or method == "apps.connections.open"
    assert known.takes_json == bool(told.get("json_input_supported"))


@pytest.mark.parametrize("method", METHODS)
def test_errors_are_those_of_the_method(scene: Scene, method: str) -> None:
    """Every argument of every method takes odd values; the codes are documented ones."""
    told = reference(method)
    known = COMMON | set(told.get("errors") or {})
    odd = ["", "no", "C0NOWHERE00", "U0NOBODY000", "[", "{}", "-1", "1.5", "99999999999999999999"]
    usual = dict(scene.arguments.get(method, {}))
    for name in told["args"]["properties"].keys() - {"token"}:
        for value in odd:
            reply = scene.client(method, **(usual | {name: value}))
            assert reply.status == 200
            body = reply.body
            assert isinstance(body["ok"], bool)
            if not body["ok"] and method != "api.test":
                assert body["error"] in known, f"{method} {name}={value!r}"


def test_history_and_messages_of_all_kinds_have_slacks_types(scene: Scene) -> None:
    """Everything that was said in every channel, not only what one page shows."""
    user = Client(scene.slack, scene.slack.add_token("user"))
    recorded = sample("conversations.history")
    replied = sample("conversations.replies")
    for channel in scene.slack.workspace.channels:
        if channel["is_im"] or channel.get("is_private"):
            continue
        for page in user.walk("conversations.history", "messages", channel=channel["id"]):
            assert differences({"messages": page}, recorded, "history") == []
            for message in page:
                if message.get("reply_count"):
                    arguments = urlencode({"channel": channel["id"], "ts": message["ts"]}).encode()
                    thread = user.send("POST", "/api/conversations.replies", arguments, FORM).body
                    assert differences(thread, replied, "replies") == []
    user.close()
