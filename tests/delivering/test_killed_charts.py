"""Members' charts, really drawn from backblasts, and a sender that is killed: each arrives once.

40 of them; in `make soak` 500.
"""

import json
import random
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from posting import Office, grove, office
from test_killed_sender import Assassin, Plan
from tests.parts import IS_SOAK

from hubbub.flows.importing import import_archive

pytestmark = pytest.mark.long

PROCESS = Path(__file__).with_name("report_process.py")
MEMBERS = 500 if IS_SOAK else 40
DAYS = ("2026-08-04", "2026-08-11", "2026-08-18")
LEADER = 2
PNG = b"\x89PNG\r\n\x1a\n"


def posts_of(number: int) -> int:
    """How many of the three workouts a member was at: one, two or three."""
    return number % 3 + 1


def write_region(folder: Path) -> Path:
    """An export with a backblast for each workout, which tags all who were there."""
    users = [
        {
            "id": f"U{number:03}",
            "name": f"member{number}",
            "profile": {"display_name": f"M{number}"},
        }
        for number in range(1, MEMBERS + 1)
    ]
    (folder / "general").mkdir(parents=True)
    (folder / "users.json").write_text(json.dumps(users))
    channels = [{"id": "C1", "name": "general", "is_general": True}]
    (folder / "channels.json").write_text(json.dumps(channels))
    for place, day in enumerate(DAYS):
        there = [each for each in range(1, MEMBERS + 1) if posts_of(each) > place]
        text = "\n".join([
            "Backblast! Legs for days", f"Date: {day}", f"Q: <@U{LEADER:03}>",
            f"PAX: {' '.join(f'<@U{each:03}>' for each in there)}", f"Count: {len(there)}",
            "The Thang: burpees",
        ])  # fmt: skip
        ts = f"{1_785_844_800 + 7 * 86_400 * place}.000100"  # noon of August 4, and of a week later
        said = {"type": "message", "user": f"U{LEADER:03}", "text": text, "ts": ts}
        (folder / "general" / f"{day}.json").write_text(json.dumps([said]))
    return folder


def started(here: Office) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, str(PROCESS), str(here.settings.home), "2026-08"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_each_chart_arrives_once_however_often_the_sender_is_killed(tmp_path: Path) -> None:
    rng, seen = random.Random(40), "files.completeUploadExternal"
    plans = [
        Plan(seen, rng.randint(5, MEMBERS // 4), after=True),
        Plan("files.getUploadURLExternal", rng.randint(2, MEMBERS // 4), after=False),
    ]
    with office(grove(MEMBERS), tmp_path / "home") as here:
        import_archive(here.settings, write_region(tmp_path / "export"))
        assassin = Assassin(here)
        for plan in plans:
            assassin.plan, assassin.victim = plan, started(here)
            _, errors = assassin.victim.communicate(timeout=300)
            assert assassin.victim.returncode == -signal.SIGKILL, errors
        assassin.victim = None
        assert 0 < len(here.simulator.sent()) < MEMBERS
        process = started(here)
        said, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors
        told = json.loads(said)
        assert told["sent"] + told["already"] == MEMBERS
        arrived = here.arrived()
        messages = [
            message
            for channel, found in here.simulator.workspace.messages.items()
            if channel.startswith("D")
            for message in found
        ]
        contents = here.simulator.backend.contents
    assert set(arrived.values()) == {1}
    assert {member for member, _ in arrived} == {f"U{each:03}" for each in range(1, MEMBERS + 1)}
    counted = {
        int(member[1:]): int(said[1])
        for member, text in arrived
        if (said := re.search(r"You posted \*(\d+) times?\*", text))
    }
    assert counted == {each: posts_of(each) for each in range(1, MEMBERS + 1)}
    pictures = [contents[file["id"]] for each in messages for file in each["files"]]
    assert [each[:8] for each in pictures] == [PNG] * MEMBERS
    assert len(set(pictures)) == MEMBERS, "each has the name of its member in it"
