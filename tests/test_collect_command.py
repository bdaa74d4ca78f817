"""`hubbub collect` as its users run it: a real process, a local Slack, the real time."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hubbub.simulator.clock import Clock
from hubbub.simulator.simulator import Simulator
from hubbub.simulator.state import Workspace
from tests.simulator.local_slack import empty
from tests.test_cli import hubbub


@pytest.fixture
def slack() -> Iterator[Simulator]:
    """Two public channels and a private one, a few minutes of talk; the time is the machine's."""
    simulator = empty()
    simulator.clock.move_to(time.time())
    simulator.clock.run(1.0)
    root = simulator.acts.post("C1", "U1", "who brings seeds?")
    simulator.acts.reply("C1", root["ts"], "U2", "I do")
    simulator.acts.post("C2", "U2", "hello")
    with simulator.serve():
        yield simulator


def collect(
    slack: Simulator, home: Path, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Collect with a user's token, unless the environment says otherwise."""
    given = {"SLACK_API_URL": slack.url, "SLACK_BOT_TOKEN": "", "SLACK_USER_TOKEN": ""}
    if not environment.keys() & given.keys():
        environment["SLACK_USER_TOKEN"] = slack.add_token("user", "U1")
    options = ("--home", str(home), "--privacy", "open")
    return hubbub("collect", *options, *arguments, **{**given, **environment})


def rows(home: Path, query: str) -> list[dict[str, Any]]:
    done = hubbub("sql", query, "--json", "--home", home)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_second_run_brings_only_what_is_new(slack: Simulator, tmp_path: Path) -> None:
    first = collect(slack, tmp_path)
    assert first.returncode == 0, first.stderr
    assert "channels: 2, 3 messages added, 0 updated" in first.stdout
    slack.acts.post("C2", "U1", "and you?")
    told = json.loads(collect(slack, tmp_path, "--json").stdout)
    assert (told["added"], told["updated"], told["calls"]["conversations.history"]) == (1, 0, 2)
    assert "conversations.replies" not in told["calls"]
    assert rows(tmp_path, "SELECT count(*) AS n FROM messages") == [{"n": 4}]
    runs = json.loads(hubbub("list", "runs", "--json", "--home", tmp_path).stdout)
    assert [(run["outcome"], run["added"]) for run in runs] == [("done", 3), ("done", 1)]
    calls = json.loads(hubbub("list", "calls", "--json", "--home", tmp_path).stdout)
    asked = [(each["method"], each["channel"], each["calls"]) for each in calls]
    assert ("conversations.history", "c2", 1) in asked


def test_a_dry_run_asks_for_the_channels_alone(slack: Simulator, tmp_path: Path) -> None:
    done = collect(slack, tmp_path, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert {call.method for call in slack.calls.made()} == {"auth.test", "conversations.list"}
    # auth.test, conversations.list, users.list, usergroups.list; history and members of two
    # channels
    assert "8 calls, at least" in done.stdout
    assert not (tmp_path / "default" / "store.duckdb").exists()


def test_a_bot_says_which_channels_it_is_not_in(slack: Simulator, tmp_path: Path) -> None:
    bot = slack.add_token("bot", channels=["C1"])
    done = collect(slack, tmp_path, SLACK_BOT_TOKEN=bot)
    assert done.returncode == 0, done.stderr
    assert "the bot is not in #c2" in done.stderr
    assert rows(tmp_path, "SELECT DISTINCT channel_id FROM messages") == [{"channel_id": "C1"}]


@pytest.mark.parametrize(
    ("environment", "code", "said"),
    [
        ({}, 2, "There is no token for Slack."),
        ({"SLACK_BOT_TOKEN": "xoxp-1-secret"}, 2, "SLACK_BOT_TOKEN holds no bot token."),
        ({"SLACK_USER_TOKEN": "xoxp-1-secret"}, 1, "Slack refuses the token in SLACK_USER_TOKEN"),
        ({"SLACK_USER_TOKEN": "xoxp-1-secret", "SLACK_API_URL": "http://127.0.0.1:9/api/"}, 4,
         "127.0.0.1:9 cannot be reached: the connection was refused."),
    ],
)  # fmt: skip
def test_without_a_good_token_or_a_network_it_says_what_to_do(
    slack: Simulator, tmp_path: Path, environment: dict[str, str], code: int, said: str
) -> None:
    done = collect(slack, tmp_path, **{"SLACK_USER_TOKEN": "", **environment})
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr
    assert "secret" not in done.stderr + done.stdout


def test_a_channel_that_nobody_sees_is_no_name(slack: Simulator, tmp_path: Path) -> None:
    done = collect(slack, tmp_path, "--channel", "genral")
    assert done.returncode == 2
    assert "The token sees no channel 'genral'." in done.stderr


def test_tokens_of_several_workspaces_lie_in_the_secrets_file(
    slack: Simulator, tmp_path: Path
) -> None:
    secrets = tmp_path / "secrets.toml"
    secrets.write_text(f'[north]\nuser_token = "{slack.add_token("user", "U1")}"\n')
    secrets.chmod(0o644)
    nothing = {"SLACK_USER_TOKEN": ""}
    done = collect(slack, tmp_path, "--workspace", "north", **nothing)
    assert (done.returncode, "chmod 600" in done.stderr) == (1, True)
    secrets.chmod(0o600)
    assert collect(slack, tmp_path, "--workspace", "north", **nothing).returncode == 0
    assert "no token" in collect(slack, tmp_path, "--workspace", "south", **nothing).stderr


def test_a_store_takes_one_workspace_only(slack: Simulator, tmp_path: Path) -> None:
    assert collect(slack, tmp_path).returncode == 0
    team = {"id": "T2", "name": "Other", "domain": "other"}
    other = Simulator(Workspace(team, "UTC"), clock=Clock.real())
    with other.serve():
        done = collect(other, tmp_path, SLACK_API_URL=other.url,
                       SLACK_USER_TOKEN=other.add_token("user"))  # fmt: skip
    assert done.returncode == 1
    assert "holds the workspace Grove, but the token is for Other" in done.stderr
    assert rows(tmp_path, "SELECT count(*) AS n FROM messages") == [{"n": 3}]


def test_a_wrong_clock_is_told_and_does_no_harm(slack: Simulator, tmp_path: Path) -> None:
    slack.clock.advance(7_200)
    slack.acts.post("C2", "U2", "two hours later")
    done = collect(slack, tmp_path)
    assert "this machine's clock is 2 h behind Slack's" in done.stderr
    slack.acts.post("C2", "U2", "and more")
    assert "1 messages added" in collect(slack, tmp_path).stdout


def test_questions_lead_to_slack(slack: Simulator, tmp_path: Path) -> None:
    asked = slack.acts.post("C2", "U1", "nobody knows?")
    assert collect(slack, tmp_path).returncode == 0
    in_two_days = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 172_800))
    done = hubbub("show", "unanswered", "--json", "--home", tmp_path, "--as-of", in_two_days)
    place = asked["ts"].replace(".", "")
    assert [row["permalink"] for row in json.loads(done.stdout)] == [
        f"https://grove.slack.com/archives/C2/p{place}"
    ]


def test_ctrl_c_ends_at_a_checkpoint_and_the_next_run_goes_on(
    slack: Simulator, tmp_path: Path
) -> None:
    for number in range(4):
        root = slack.acts.post("C1", "U1", f"question {number}")
        slack.acts.reply("C1", root["ts"], "U2", "answer")
    environment = os.environ | {
        "SLACK_API_URL": slack.url,
        "SLACK_USER_TOKEN": slack.add_token("user", "U1"),
        "SLACK_BOT_TOKEN": "",
    }
    command = [sys.executable, "-m", "hubbub", "collect", "--home", str(tmp_path)]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        while slack.calls.count("conversations.replies") < 2:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "What was fetched is kept" in said
    read = slack.calls.count("conversations.replies")
    assert collect(slack, tmp_path).returncode == 0
    assert rows(tmp_path, "SELECT count(*) AS n FROM messages") == [{"n": 11}]
    assert slack.calls.count("conversations.replies") == 5 >= read
    assert not slack.calls.limited()


def test_coverage_tells_complete_days_from_unknown_ones(slack: Simulator, tmp_path: Path) -> None:
    assert collect(slack, tmp_path, "--channel", "c1").returncode == 0
    tomorrow = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(slack.clock.now() + 86_400))
    done = hubbub("show", "coverage", "--json", "--home", tmp_path, "--as-of", tomorrow)
    found = [(row["channel"], row["state"], row["why"]) for row in json.loads(done.stdout)]
    assert found[-1] == ("c1", "unknown", "not collected")
    assert found[-2] == ("c1", "partial", "not read to its end")
    assert {each[0] for each in found} == {"c1"}
