"""Where a local Slack comes from and goes to: archives, saved states, talk, other processes."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from local_slack import NOW, Client, invented, public
from slack_sdk import WebClient
from tests.parts import shared

from hubbub.core.batch import Envelope
from hubbub.core.ports import Part
from hubbub.errors import Unreadable
from hubbub.simulator.clock import Clock
from hubbub.simulator.export import write_export
from hubbub.simulator.living import Living
from hubbub.simulator.loading import load_archive
from hubbub.simulator.saving import read_state, saved_state
from hubbub.simulator.simulator import Simulator
from hubbub.simulator.state import Raw, Workspace, is_reply
from hubbub.sources.archives import open_archive


def test_an_export_is_served_as_the_workspace_that_it_is_of(tmp_path: Path) -> None:
    """All that the API and an export both know is the same, message by message."""
    original = invented()
    write_export(original, tmp_path / "export.zip", private=True)
    loaded = load_archive(open_archive(tmp_path / "export.zip"), "Tidepool Commons")
    served = loaded.workspace
    assert loaded.skipped == 0
    assert served.messages == original.messages
    assert {c: set(m) for c, m in served.members.items()} == {
        c: set(m) for c, m in original.members.items()
    }
    for workspace in (served, original):
        workspace.channels.sort(key=lambda channel: channel["id"])
    shared = ("id", "name", "is_private", "is_im", "is_mpim", "is_archived", "is_general", "topic")
    for ours, theirs in zip(served.channels, original.channels, strict=True):
        assert [ours.get(key, False) for key in shared] == [
            theirs.get(key, False) for key in shared
        ]


def reaction(kind: str, user: str, name: str, event_ts: str) -> Raw:
    item = {"type": "message", "channel": "C1", "ts": "1790000001.000001"}
    return {"type": kind, "user": user, "reaction": name, "item": item, "event_ts": event_ts}


class Scraps:
    """An archive of odd records."""

    title = "scraps"
    lists_channels = False
    USERS = (b"[]", b'[{"name": "nobody"}, 5, {"id": "U1", "name": "olive"}]', b"{")
    EVENTS: tuple[dict[str, Any], ...] = (
        {"type": "reaction_added"},
        {"type": "message", "text": "of no channel", "ts": "1790000000.000001"},
        {"type": "message", "channel": "C1", "text": "of no time"},
        {"type": "message", "channel": "C1", "user": "U1", "text": "a", "ts": "1790000001.000001"},
        {"type": "message", "channel": "C1", "user": "U1", "text": "b", "ts": "1790000002.000001"},
        {"type": "message", "channel": "C1", "ts": "1790000003.000001", "thread_ts": "long ago"},
        {"type": "message", "channel": "C1", "ts": "1790000004.000001", "thread_ts": "1.000000"},
        {
            "type": "message",
            "subtype": "message_changed",
            "channel": "C1",
            "message": {"text": "A", "user": "U1", "ts": "1790000001.000001", "user_team": "T1"},
        },
        {
            "type": "message",
            "subtype": "message_deleted",
            "channel": "C1",
            "deleted_ts": "1790000002.000001",
        },
        reaction("reaction_removed", "U2", "eyes", "1790000012.000001"),
        reaction("reaction_added", "U2", "eyes", "1790000011.000001"),
        reaction("reaction_added", "U1", "eyes", "1790000010.000001"),
        reaction("reaction_added", "U1", "eyes", "1790000010.000001"),
    )

    def directory(self) -> Iterator[Envelope]:
        for payload in self.USERS:
            yield Envelope("users", "scraps", payload)
        yield Envelope("channels", "scraps", b'[{"name": "no id"}]')

    def parts(self) -> Sequence[Part]:
        return [Part("events", 1)]

    def read(self, part: Part) -> Iterator[Envelope]:
        yield Envelope("events", part.name, json.dumps(self.EVENTS).encode())


def test_odd_records_are_counted_and_the_rest_is_served() -> None:
    loaded = load_archive(Scraps(), "Scraps & Co.")
    workspace = loaded.workspace
    assert loaded.skipped == 6
    assert workspace.team["domain"] == "scraps-co"
    assert [user["id"] for user in workspace.users] == ["U1"]
    assert [channel["id"] for channel in workspace.channels] == ["C1"]
    stone, changed, threadless, orphan = workspace.messages["C1"]
    assert (stone["subtype"], stone["reply_count"]) == ("tombstone", 1)
    assert changed == {
        "type": "message",
        "text": "A",
        "user": "U1",
        "ts": "1790000001.000001",
        "reactions": [{"name": "eyes", "users": ["U1"], "count": 1}],
    }
    assert "thread_ts" not in threadless
    assert orphan["thread_ts"] == stone["ts"]


def every_message(client: Client, workspace: Workspace) -> int:
    found = 0
    for channel in public(workspace):
        for page in client.walk("conversations.history", "messages", channel=channel["id"]):
            for message in page:
                found += message.get("subtype") != "thread_broadcast"
                if "thread_ts" in message and not is_reply(message):
                    pages = client.walk(
                        "conversations.replies", "messages", channel=channel["id"], ts=message["ts"]
                    )
                    found += sum(len(each) - 1 for each in pages)
    return found


@pytest.mark.parametrize(
    "name",
    [
        "export-houstondatavis",
        "history-pages-archlinuxjp/json",
        "events-clojurians/logs",
        "slackdump/source_export.zip",
        "slackdump/source_dump_dir",
        "slackdump/source_archive",
    ],
)
def test_archives_of_all_kinds_are_served(name: str) -> None:
    path = shared(f"data/{name}")
    workspace = load_archive(open_archive(path), "Archive").workspace
    simulator = Simulator(workspace, limits=False)
    with simulator.serve():
        client = Client(simulator, simulator.add_token("user"))
        said = [
            message
            for channel in public(workspace)
            for message in workspace.messages[channel["id"]]
        ]
        assert every_message(client, workspace) == len(said) > 0
        client.close()


def test_a_saved_state_goes_on_with_its_tokens_and_files() -> None:
    simulator = Simulator(invented(), clock=Clock.manual(NOW))
    token = simulator.add_token("user")
    simulator.backend.contents["F1"] = b"bytes"
    saved = read_state(saved_state(simulator.backend), "memory")
    assert saved.workspace == simulator.workspace
    again = Simulator(saved.workspace, clock=Clock.manual(saved.now))
    again.restore(saved)
    assert again.tokens.find(token).user_id == simulator.tokens.find(token).user_id
    assert again.backend.contents == {"F1": b"bytes"}
    assert again.acts.ids.fresh("F") not in simulator.workspace.files
    for wrong in (b"{", b"[]", b'{"format": "other"}'):
        with pytest.raises(Unreadable):
            read_state(wrong, "memory")


def test_the_community_talks_on_at_a_chosen_speed() -> None:
    simulator = Simulator(invented(), clock=Clock.manual(NOW))
    before = {channel: len(said) for channel, said in simulator.workspace.messages.items()}
    talk = Living(simulator.workspace, simulator.acts, speed=1.0, seed=1)
    assert talk.catch_up() == 0
    simulator.clock.advance(2 * 86_400)
    slowly = talk.catch_up()
    hurry = Living(simulator.workspace, simulator.acts, speed=10.0, seed=1)
    simulator.clock.advance(2 * 86_400)
    fast = hurry.catch_up()
    assert slowly > 5
    assert 5 * slowly < fast < 20 * slowly
    new = [
        message
        for channel, said in simulator.workspace.messages.items()
        for message in said[before[channel] :]
    ]
    assert {is_reply(message) for message in new} == {True, False}
    assert any("reactions" in message for message in new)
    assert any("edited" in message for message in new)
    assert all(NOW < float(message["ts"]) <= simulator.clock.now() for message in new)


def test_another_process_steers_the_simulator(slack: Simulator, owner: Client) -> None:
    def steer(verb: str, what: str, body: object = None) -> Any:
        sent = b"" if body is None else json.dumps(body).encode()
        return owner.send(verb, f"/_sim/{what}", sent, "application/json").body

    assert steer("GET", "clock") == {"now": NOW, "speed": 0.0}
    assert steer("POST", "clock", {"advance": 60})["now"] == NOW + 60
    assert steer("POST", "clock", {"now": NOW + 90})["now"] == slack.clock.now() == NOW + 90
    assert steer("POST", "clock", {"speed": 2})["speed"] == 2
    post = {"act": "post", "channel_id": "C1", "user_id": "U1", "text": "by remote"}
    ts = steer("POST", "acts", post)["result"]["ts"]
    assert owner("conversations.history", channel="C1").body["messages"][0]["ts"] == ts
    assert steer("GET", "calls?method=conversations.history")["calls"][0]["status"] == 200
    assert steer("DELETE", "calls") == {"calls": []}
    assert steer("POST", "faults", {"method": "team.info", "status": 503})["faults"]
    assert owner("team.info").status == 503
    steer("POST", "faults", {"chaos": {"seed": 1, "chance": 1.0, "kinds": ["500"]}})
    assert owner("team.info").status == 500
    steer("DELETE", "faults")
    assert owner("team.info").status == 200
    assert steer("GET", "tokens")["tokens"][0]["text"] == owner.token
    state = owner.send("GET", "/_sim/state").content
    assert read_state(state, "http").workspace.messages["C1"][0]["ts"] == ts
    assert "there is: clock" in steer("GET", "nothing")["error"]
    assert steer("POST", "clock", {"advance": -1})["error"] == "a clock does not go back"
    assert "nobody can" in steer("POST", "acts", {"act": "_root"})["error"]
    assert steer("POST", "acts", {**post, "channel_id": "C0"})["error"] == "channel_not_found"


def test_clocks() -> None:
    fast = Clock.scaled(1000, NOW)
    time.sleep(0.01)
    assert fast.now() >= NOW + 10
    fast.run(0)
    stopped = fast.now()
    fast.move_to(stopped - 5)
    assert fast.now() == stopped
    fast.sleep(3)
    assert fast.now() == stopped + 3
    assert abs(Clock.real().now() - time.time()) < 1
    assert NOW < Clock.scaled(10, NOW).now() < NOW + 5


def test_the_verb_serves_until_it_is_interrupted(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    command = [sys.executable, "-m", "hubbub", "simulate", "--json", "--port", "0"]
    command += ["--members", "12", "--days", "5", "--live", "1000", "--state", str(state)]
    environment = {**os.environ, "HUBBUB_HOME": str(tmp_path)}
    told: list[dict[str, str]] = []
    for _ in range(2):
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            told.append(json.loads(process.stdout.readline()))
            client: Any = WebClient(told[-1]["SLACK_BOT_TOKEN"], base_url=told[-1]["SLACK_API_URL"])
            assert client.auth_test()["team"] == "Tidepool Commons"
            assert client.apps_connections_open(app_token=told[-1]["SLACK_APP_TOKEN"])["ok"]
            process.send_signal(signal.SIGINT)
            errors = process.stderr.read().decode()
            assert process.wait(timeout=10) == 0, errors
            assert "Traceback" not in errors
    assert told[0] == {**told[1], "SLACK_API_URL": told[0]["SLACK_API_URL"]}
    assert len(read_state(state.read_bytes(), "file").tokens) == 3
