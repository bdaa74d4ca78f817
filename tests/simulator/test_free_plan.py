"""A free plan shows ninety days: older messages and files are hidden, not gone."""

from local_slack import NOW, Client

from hubbub.simulator.simulator import Simulator

DAY = 86_400


def test_old_messages_are_hidden(slack: Simulator, owner: Client) -> None:
    slack.backend.plan = "free"
    old = slack.acts.post("C1", "U1", "old", at=NOW - 91 * DAY)["ts"]
    slack.acts.reply("C1", old, "U2", "late", at=NOW - DAY)
    recent = slack.acts.post("C1", "U1", "recent", at=NOW - 89 * DAY)["ts"]
    slack.acts.react("C1", old, "U2", "eyes")
    page = owner("conversations.history", channel="C1").body
    assert [message["ts"] for message in page["messages"]] == [recent]
    assert page["is_limited"] is True
    assert "is_limited" not in owner("conversations.history", channel="C2").body
    assert owner("conversations.replies", channel="C1", ts=old).error == "thread_not_found"
    assert owner("reactions.get", channel="C1", timestamp=old).error == "message_not_found"
    assert owner("reactions.list", user="U2").body["items"] == []
    slack.clock.advance(2 * DAY)
    assert owner("conversations.history", channel="C1").body["messages"] == []
    slack.backend.plan = "paid"
    page = owner("conversations.history", channel="C1").body
    assert [message["ts"] for message in page["messages"]] == [recent, old]
    assert "is_limited" not in page


def test_old_files_are_stubs(slack: Simulator, owner: Client) -> None:
    upload = owner("files.getUploadURLExternal", filename="a.png", length=4).body
    path = upload["upload_url"].removeprefix(slack.origin)
    owner.send("POST", path, b"1234", headers={})
    files = f'[{{"id": "{upload["file_id"]}"}}]'
    file = owner("files.completeUploadExternal", files=files, channel_id="C1").body["files"][0]
    slack.backend.plan = "free"
    assert owner("files.list").body["paging"]["total"] == 1
    slack.clock.advance(91 * DAY)
    assert owner("files.list").body["files"] == []
    stub = {"id": file["id"], "mode": "hidden_by_limit"}
    assert owner("files.list", show_files_hidden_by_limit=1).body["files"] == [stub]
    assert owner("files.info", file=file["id"]).body["file"] == stub
    place = file["url_private"].removeprefix(slack.origin)
    assert owner.send("GET", place).headers["content-type"].startswith("text/html")


def test_user_groups_are_for_paid_plans(slack: Simulator, owner: Client) -> None:
    slack.backend.plan = "free"
    assert owner("usergroups.list").error == "plan_upgrade_required"
