"""Five hundred letters, and a sender that is killed at any moment: each arrives once.

What arrived is what the simulator's conversations hold in the end, whatever was asked for.
"""

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from posting import Office, grove, office

from hubbub.simulator.answering import Answer
from hubbub.simulator.reading import Incoming

pytestmark = pytest.mark.long

PROCESS = Path(__file__).with_name("sender_process.py")
LETTERS = 500


def started(here: Office, letters: int) -> "subprocess.Popen[str]":
    """A sending in its own process."""
    return subprocess.Popen(
        [sys.executable, str(PROCESS), str(here.settings.home), str(letters)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


class Plan(NamedTuple):
    """At which call of a method, from now on, the sender dies, and whether that still counts."""

    method: str
    left: int
    after: bool


class Assassin:
    """Stands before the simulator, and kills a sender while Slack has its call: before the work is
    done, or after it, so that the answer is lost."""

    def __init__(self, here: Office) -> None:
        self.victim: subprocess.Popen[str] | None = None
        self.plan = Plan("", 0, after=False)
        self._slack = here.simulator.answering
        setattr(here.simulator, "answering", self)  # noqa: B010 -- it answers as that does

    def answer(self, name: str, incoming: Incoming) -> Answer:
        """Answer a call; kill when its turn has come."""
        if name == self.plan.method:
            self.plan = self.plan._replace(left=self.plan.left - 1)
        if name != self.plan.method or self.plan.left or self.victim is None:
            return self._slack.answer(name, incoming)
        answer = self._slack.answer(name, incoming) if self.plan.after else None
        os.kill(self.victim.pid, signal.SIGKILL)
        self.victim.wait()
        return answer or Answer({"ok": False, "error": "internal_error"})


def test_each_of_500_letters_arrives_once_however_often_the_sender_is_killed(
    tmp_path: Path,
) -> None:
    rng = random.Random(500)
    seen, looked = "files.completeUploadExternal", "conversations.history"
    plans = [
        Plan(seen, rng.randint(20, 60), after=True),
        Plan(looked, 1, after=False),  # while it looks whether that one has arrived
        Plan(seen, 1, after=True),  # at the very next
        Plan(seen, rng.randint(20, 60), after=False),
        Plan("conversations.open", rng.randint(20, 60), after=True),
        Plan("files.getUploadURLExternal", rng.randint(20, 60), after=True),
    ]
    with office(grove(LETTERS), tmp_path) as here:
        assassin = Assassin(here)
        for plan in plans:
            assassin.plan, assassin.victim = plan, started(here, LETTERS)
            _, errors = assassin.victim.communicate(timeout=120)
            assert assassin.victim.returncode == -signal.SIGKILL, errors
        assassin.victim = None
        sent_before = len(here.simulator.sent())
        assert 0 < sent_before < LETTERS
        process = started(here, LETTERS)
        said, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        told = json.loads(said)
        assert told["sent"] + told["already"] == LETTERS
        wanted = {(f"U{each:03}", f"Your month, U{each:03}"): 1 for each in range(1, LETTERS + 1)}
        assert here.arrived() == wanted
        assert set(here.states().values()) == {"sent"}
        assert len(here.table()) == LETTERS
