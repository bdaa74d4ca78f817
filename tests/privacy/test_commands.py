"""`hubbub privacy …` as people run it."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.invented import write_export

HUBBUB = (sys.executable, "-m", "hubbub")


def run(home: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """A command with its output."""
    command = [*HUBBUB, *arguments, "--home", str(home)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        env={**os.environ, **more},
    )  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with the invented export under standard."""
    done = run(tmp_path / "home", "import", str(write_export(tmp_path / "export")))
    assert done.returncode == 0, done.stderr
    return tmp_path / "home"


def test_the_policy_is_said_in_sentences(home: Path) -> None:
    said = run(home, "privacy", "show").stdout
    assert said.startswith("Policy of the workspace default: standard\n")
    assert "No direct messages, neither of two nor of several members." in said
    assert max(map(len, said.splitlines())) <= 100
    told = json.loads(run(home, "privacy", "show", "--privacy", "strict", "--json").stdout)
    assert told["preset"] == "strict"
    assert "What members write is not kept." in told["What"]


def test_a_check_without_findings_and_with_some(home: Path) -> None:
    assert run(home, "privacy", "check").returncode == 0
    strict = run(home, "privacy", "check", "--privacy", "strict")
    assert strict.returncode == 3
    assert "real ids" in " ".join(strict.stdout.split())


def test_a_member_goes_and_comes(home: Path) -> None:
    gone = run(home, "privacy", "opt-out", "U1", "--json")
    assert gone.returncode == 0, gone.stderr
    # two of U1's, and the one that mentions U1
    assert json.loads(gone.stdout)["rows"]["messages"] == 3
    assert "stored again" in run(home, "privacy", "opt-in", "U1").stderr
    assert "was not left out" in run(home, "privacy", "opt-in", "U1").stderr
    forgotten = run(home, "privacy", "forget", "@bram")
    assert "store: messages" in forgotten.stdout
    assert "receipt: " in forgotten.stderr
    nobody = run(home, "privacy", "forget", "@nobody")
    assert (nobody.returncode, "Copy member ID" in nobody.stderr) == (2, True)


def test_keys_change_and_destruction_wants_a_word(home: Path) -> None:
    assert "version 2" in run(home, "privacy", "rotate").stdout
    refused = run(home, "privacy", "rotate", "--destroy-old")
    assert (refused.returncode, "--yes" in refused.stderr) == (2, True)
    assert run(home, "privacy", "rotate", "--destroy-old", "--yes").returncode == 0
    both = run(home, "privacy", "rotate", "--destroy-old", "--after-loss", "--yes")
    assert both.returncode == 2


def test_retention_wants_a_policy(home: Path) -> None:
    assert "text_days" in run(home, "privacy", "retain").stderr
    (home / "default" / "hubbub.toml").write_text("[privacy]\nrow_days = 1\n")
    done = run(home, "privacy", "retain")
    assert "store: messages" in done.stdout
    assert "nothing to remove" in run(home, "privacy", "retain").stderr


def test_every_deed_is_in_the_audit_log_and_names_nobody(home: Path) -> None:
    run(home, "privacy", "forget", "U1")
    run(home, "privacy", "rotate")
    log = (home / "default" / "audit.jsonl").read_text()
    entries = [json.loads(line) for line in log.splitlines()]
    told = [(each["action"], each["what"]) for each in entries]
    assert ("erase", "forgotten") in told
    assert ("keys", "rotate") in told
    assert "U1" not in log
    assert run(home, "audit", "verify").returncode == 0


def test_whoever_sits_at_a_terminal_is_asked(home: Path) -> None:
    leader, follower = pty.openpty()
    command = [*HUBBUB, "privacy", "forget", "U1", "--home", str(home)]
    with subprocess.Popen(command, stdin=follower, stderr=subprocess.PIPE) as asked:
        os.write(leader, b"n\n")
        _, said = asked.communicate(timeout=60)
    os.close(leader)
    os.close(follower)
    assert b"erased for good. Go on?" in said
    assert asked.returncode == 130
    assert not (home / "default" / "refused.json").exists()
