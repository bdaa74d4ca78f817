"""Who may see what: tokens, scopes, membership, guests, and how requests may be written."""

import pytest
from local_slack import FORM, Client

from hubbub.simulator.simulator import Simulator
from hubbub.simulator.tokens import Standing

HISTORY = "conversations.history"


def test_tokens_are_asked_for(slack: Simulator) -> None:
    client = Client(slack)
    assert client("auth.test").error == "not_authed"
    assert client("api.test", foo="bar").body == {"ok": True, "args": {"foo": "bar"}}
    client.token = "xoxb-stolen"
    assert client("auth.test").error == "invalid_auth"
    assert client("users.lits").body == {
        "ok": False,
        "error": "unknown_method",
        "req_method": "users.lits",
    }
    client.close()


@pytest.mark.parametrize(
    ("standing", "error"),
    [
        ("expired", "token_expired"),
        ("revoked", "token_revoked"),
        ("inactive", "account_inactive"),
        ("active", ""),
    ],
)
def test_tokens_end(slack: Simulator, bot: Client, standing: Standing, error: str) -> None:
    slack.tokens.put(bot.token, standing)
    assert bot("auth.test").error == error


def test_a_closed_account_ends_its_tokens(slack: Simulator) -> None:
    member = Client(slack, slack.add_token("user", "U2"))
    assert member("auth.test").body["user"] == "bram"
    slack.acts.deactivate("U2")
    assert member("auth.test").error == "token_revoked"
    member.close()


def test_tokens_of_the_wrong_kind(slack: Simulator, bot: Client) -> None:
    app = Client(slack, slack.add_token("app"))
    assert app("users.list").error == "not_allowed_token_type"
    assert bot("apps.connections.open").error == "not_allowed_token_type"
    assert app("apps.connections.open").body["ok"]
    app.close()


def test_missing_scopes_are_named(slack: Simulator) -> None:
    token = slack.add_token("bot", scopes=["channels:read", "users:read"], channels=["C1", "P1"])
    client = Client(slack, token)
    provided = "channels:read,users:read"
    for method, needed, arguments in (
        ("team.info", "team:read", {}),
        (HISTORY, "channels:history", {"channel": "C1"}),
        ("conversations.info", "groups:read", {"channel": "P1"}),
        ("conversations.list", "groups:read", {"types": "public_channel,private_channel"}),
    ):
        reply = client(method, **arguments)
        assert reply.body == {
            "ok": False,
            "error": "missing_scope",
            "needed": needed,
            "provided": provided,
        }
        assert reply.headers["x-oauth-scopes"] == provided
    assert client("conversations.list").body["ok"]
    client.close()


def test_addresses_need_a_scope_of_their_own(slack: Simulator) -> None:
    slack.acts.change_profile("U1", email="olive@example.org")
    for scopes, seen in ((["users:read"], None), (["users:read", "users:read.email"], True)):
        client = Client(slack, slack.add_token("bot", scopes=scopes))
        profile = client("users.info", user="U1").body["user"]["profile"]
        assert bool(profile.get("email")) == bool(seen)
        client.close()


def test_bots_read_where_they_are_members(slack: Simulator, bot: Client) -> None:
    assert bot(HISTORY, channel="C1").body["ok"]
    assert bot(HISTORY, channel="C2").error == "not_in_channel"
    assert bot(HISTORY, channel="P1").error == "channel_not_found"
    assert bot("conversations.info", channel="C2").body["channel"]["is_member"] is False
    assert bot("conversations.info", channel="P1").error == "channel_not_found"
    types = "public_channel,private_channel"
    listed = bot("conversations.list", types=types).body["channels"]
    assert [channel["id"] for channel in listed] == ["C1", "C2"]
    assert bot("conversations.join", channel="C2").body["channel"]["is_member"] is True
    assert bot(HISTORY, channel="C2").body["messages"][0]["subtype"] == "channel_join"
    again = bot("conversations.join", channel="C2").body
    assert again["warning"] == "already_in_channel"
    assert again["response_metadata"] == {"warnings": ["already_in_channel"]}


def test_users_read_every_public_channel_and_their_private_ones(
    slack: Simulator, owner: Client
) -> None:
    other = Client(slack, slack.add_token("user", "U2"))
    assert owner(HISTORY, channel="C2").body["ok"]
    assert owner(HISTORY, channel="P1").body["ok"]
    assert other(HISTORY, channel="C2").body["ok"]
    assert other(HISTORY, channel="P1").error == "channel_not_found"
    other.close()


def test_guests_see_their_own_channels(slack: Simulator) -> None:
    guest = slack.acts.add_user("gus", is_restricted=True)["id"]
    slack.acts.join("C1", guest)
    client = Client(slack, slack.add_token("user", guest))
    assert [c["id"] for c in client("conversations.list").body["channels"]] == ["C1"]
    assert client(HISTORY, channel="C2").error == "channel_not_found"
    client.close()


def test_archived_channels_stay_readable(slack: Simulator, bot: Client) -> None:
    slack.acts.post("C1", "U1", "last words")
    slack.acts.archive("C1", "U1")
    slack.acts.archive("C2", "U1")
    assert bot(HISTORY, channel="C1").body["messages"][1]["text"] == "last words"
    assert bot("conversations.join", channel="C2").error == "is_archived"
    assert bot("chat.postMessage", channel="C1", text="no").error == "is_archived"
    assert bot("conversations.list", exclude_archived="true").body["channels"] == []


def test_bots_change_their_own_messages_only(slack: Simulator, bot: Client) -> None:
    foreign = slack.acts.post("C1", "U1", "mine")["ts"]
    own = bot("chat.postMessage", channel="C1", text="mine too").body["ts"]
    assert bot("chat.update", channel="C1", ts=foreign, text="x").error == "cant_update_message"
    assert bot("chat.delete", channel="C1", ts=foreign).error == "cant_delete_message"
    assert bot("chat.delete", channel="C1", ts="1.000000").error == "message_not_found"
    assert bot("chat.delete", channel="C1", ts=own).body["ok"]
    assert [message["ts"] for message in slack.workspace.messages["C1"]] == [foreign]
    slack.clock.advance(1)
    assert bot("chat.postMessage", channel="C1").error == "no_text"
    assert bot("chat.postMessage", channel="C2", text="x").error == "not_in_channel"


def test_long_texts_are_cut_with_a_warning(bot: Client) -> None:
    body = bot("chat.postMessage", channel="C1", text="x" * 40_001).body
    assert len(body["message"]["text"]) == 40_000
    assert body["warning"] == "message_truncated"


def test_requests_may_be_written_in_several_ways(slack: Simulator, owner: Client) -> None:
    header = {"Authorization": f"Bearer {owner.token}"}
    token = f"token={owner.token}&channel=C1".encode()
    path, json = f"/api/{HISTORY}", "application/json"
    assert owner.send("GET", f"{path}?channel=C1").body["ok"]
    assert owner.send("POST", path, token, FORM, {}).body["ok"]
    assert owner.send("GET", f"{path}?{token.decode()}", headers={}).error == "not_authed"
    charset = owner.send("POST", path, token, f"{FORM}; charset=utf-8", {}).body
    assert charset["warning"] == "superfluous_charset"
    body = b'{"channel": "C1", "limit": 5, "inclusive": true}'
    assert owner.send("POST", path, body, f"{json};charset=utf-8").body["ok"]
    assert owner.send("POST", path, body, json).body["response_metadata"]["warnings"] == [
        "missing_charset"
    ]
    assert owner.send("POST", path, body, json, {"Authorization": "bearer x"}).error == "not_authed"
    replies = "/api/conversations.replies"
    unread = owner.send("POST", replies, b'{"channel": "C1", "ts": "1.0"}', json)
    assert unread.error == "invalid_arguments", "the method takes no JSON"
    assert unread.body["response_metadata"]["messages"] == [
        "[ERROR] missing required field: channel"
    ]
    for sent, kind, error in (
        (b"{", json, "invalid_json"),
        (b"[]", json, "json_not_object"),
        (b"x", "text/plain", "invalid_post_type"),
        (b"x", "", "missing_post_type"),
        (b"a=\xff", FORM, "invalid_form_data"),
        (b"channel=C1", f"{FORM}; charset=utf-7", "invalid_charset"),
        (b"users[]=U1", FORM, "invalid_array_arg"),
        (b"a%20b=1", FORM, "invalid_arg_name"),
    ):
        assert owner.send("POST", path, sent, kind, header).error == error
    form = b'--x\r\nContent-Disposition: form-data; name="channel"\r\n\r\nC1\r\n--x--\r\n'
    assert owner.send("POST", path, form, "multipart/form-data; boundary=x").body["ok"]
    assert owner.send("PUT", path, b"", FORM).status == 405


def test_reactors_are_cut_and_their_count_is_right(slack: Simulator, owner: Client) -> None:
    slack.backend.listed_reactors = 2
    ts = slack.acts.post("C1", "U1", "cheer!")["ts"]
    for number in range(5):
        slack.acts.react("C1", ts, f"U{number}", "tada")
    listed = owner(HISTORY, channel="C1").body["messages"][0]["reactions"]
    assert listed == [{"name": "tada", "users": ["U0", "U1"], "count": 5}]
    got = owner("reactions.get", channel="C1", timestamp=ts, full="true").body["message"]
    assert got["reactions"] == [{"name": "tada", "users": [f"U{n}" for n in range(5)], "count": 5}]
    assert got["permalink"].endswith(f"/archives/C1/p{ts.replace('.', '')}")
    items = owner("reactions.list", user="U2").body["items"]
    assert [item["message"]["ts"] for item in items] == [ts]


def test_permalinks_of_replies_name_the_thread(slack: Simulator, owner: Client) -> None:
    root = slack.acts.post("C1", "U1", "root")["ts"]
    reply = slack.acts.reply("C1", root, "U2", "reply")["ts"]
    link = owner("chat.getPermalink", channel="C1", message_ts=reply).body["permalink"]
    place = f"https://grove.slack.com/archives/C1/p{reply.replace('.', '')}"
    assert link == f"{place}?thread_ts={root}&cid=C1"


def test_uploads_are_checked(slack: Simulator, owner: Client, bot: Client) -> None:
    complete = "files.completeUploadExternal"
    assert owner(complete, files='[{"id": "F1"}]').error == "file_not_found"
    assert owner(complete).error == "invalid_arguments"
    given = owner("files.getUploadURLExternal", filename="a.png", length=4).body
    files = f'[{{"id": "{given["file_id"]}"}}]'
    assert owner(complete, files=files).error == "file_update_failed"
    path = given["upload_url"].removeprefix(slack.origin)
    assert owner.send("POST", path, b"too long", headers={}).status == 400
    assert owner.send("POST", "/upload/v1/nowhere", b"1234", headers={}).status == 404
    assert owner.send("POST", path, b"1234", headers={}).content == b"OK - 4"
    assert bot(complete, files=files).error == "file_not_found", "it belongs to somebody else"
    assert owner(complete, files=files, channel_id="C0").error == "channel_not_found"
    file = owner(complete, files=files, channel_id="P1").body["files"][0]
    assert bot("files.info", file=file["id"]).error == "file_not_found"
    place = file["url_private"].removeprefix(slack.origin)
    assert bot.send("GET", place).headers["content-type"].startswith("text/html")
    assert owner.send("GET", place).content == b"1234"
