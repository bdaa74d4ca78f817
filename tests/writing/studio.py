"""The circle in a local Slack, whence `hubbub collect` brings it, and what the app has written
there."""

import json
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hubbub.cli import program
from hubbub.errors import Exit
from hubbub.settings import Settings
from hubbub.simulator.clock import Clock
from hubbub.simulator.loading import load_archive
from hubbub.simulator.simulator import Simulator
from hubbub.simulator.state import Raw
from hubbub.slack.pace import RealTime
from hubbub.sources.archives import open_archive
from tests.writing.circle import write_circle
from tests.writing.conftest import SET, set_up

BY_GROUP = SET.replace('staff = ["eve"]', 'staff = ["@staff"]')
"""What the circle has set, with its staff by user group."""


@dataclass
class Studio:
    """The circle's Slack, and its workspace of Hubbub's."""

    simulator: Simulator
    settings: Settings
    capsys: pytest.CaptureFixture[str]
    errors: str = ""
    """What the last command wrote to stderr."""

    def run(self, *arguments: str, code: int = Exit.DONE) -> str:
        """Run the program; returns what it wrote to stdout."""
        home = str(self.settings.home)
        done = program.run([arguments[0], "--home", home, *arguments[1:]])
        told = self.capsys.readouterr()
        self.errors = told.err
        assert done == code, told.err
        return told.out

    def rows(self, metric: str, *arguments: str) -> list[dict[str, Any]]:
        """The rows of a metric."""
        return json.loads(self.run("show", metric, *arguments, "--json"))

    def written(self, text: str) -> None:
        """Set something of the pack."""
        set_up(self.settings, text)

    def sent(self) -> dict[str, list[Raw]]:
        """What the app has written, oldest first, by where: a channel, or the member of a DM."""
        workspace, found = self.simulator.workspace, dict[str, list[Raw]]()
        for channel_id, message in self.simulator.backend.sent:
            there = [each for each in workspace.members[channel_id] if each != message["user"]]
            place = there[0] if channel_id.startswith("D") else channel_id
            found.setdefault(place, []).append(message)
        return found

    def pictures(self, message: Raw) -> list[bytes]:
        """The bytes of the files in a message."""
        return [self.simulator.backend.contents[file["id"]] for file in message["files"]]


@contextmanager
def studio(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    *,
    scopes: list[str] | None = None,
    locales: Mapping[str, str] | None = None,
    privacy: str = 'preset = "open"',
    **options: Any,
) -> Generator[Studio]:
    """The circle, with Eve in the user group @staff; nothing is collected yet."""
    archive = open_archive(write_circle(folder / "export"))
    # as far behind as it is going to be put forward, so that nothing is said in the future
    clock = Clock.scaled(1.0, time.time() - 300)
    simulator = Simulator(load_archive(archive, "circle").workspace, clock=clock, **options)
    simulator.acts.add_group("staff", ["U0EVE00"], id="S0STAFF")
    for user in simulator.workspace.users:
        user["locale"] = (locales or {}).get(user["id"], "ko-KR")
    token = simulator.add_token("bot", scopes=scopes, channels=["C0WRITE", "C0TALK0", "C0STAFF"])
    settings = Settings(folder / "home", "default", timezone="Asia/Seoul")
    settings.folder.mkdir(parents=True)
    settings.written.write_text(f'timezone = "Asia/Seoul"\n[privacy]\n{privacy}\n')
    set_up(settings, BY_GROUP)

    def pass_by(clock: RealTime, seconds: float) -> None:
        """Let Slack's time pass too, and nobody wait."""
        simulator.clock.advance(max(0.0, seconds))
        clock.put_right(clock.now() + seconds)

    with simulator.serve(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(RealTime, "sleep", pass_by)
        patch.setenv("SLACK_API_URL", simulator.url)
        patch.setenv("SLACK_BOT_TOKEN", token)
        patch.delenv("SLACK_USER_TOKEN", raising=False)
        yield Studio(simulator, settings, capsys)
