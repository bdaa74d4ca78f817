"""What the tests of reports share: an invented community that writes in October 2026, imported, and
a local Slack that holds the same one."""

import json
import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from hubbub.cli import program
from hubbub.flows.importing import import_archive
from hubbub.settings import Settings
from hubbub.simulator.loading import load_archive
from hubbub.simulator.simulator import Simulator
from hubbub.simulator.state import Raw
from hubbub.sources.archives import open_archive

ZONE = "Asia/Seoul"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=ZoneInfo(ZONE))
MEAN = "<!channel> @here & <@U1>\n# boo"
"""A name that would call everybody, if it were let."""

USERS: list[Raw] = [
    {"id": "U1", "name": "olive", "profile": {"display_name": "Olive", "real_name": "Olive O."}},
    {"id": "U2", "name": "bram", "profile": {"display_name": "브람", "real_name": "Bram B."}},
    {"id": "U3", "name": "mean", "profile": {"display_name": MEAN}},
    {"id": "U4", "name": "quiet", "profile": {"display_name": "Quiet"}},
    {"id": "U5", "name": "gone", "deleted": True, "profile": {"display_name": "Gone"}},
    {"id": "U9", "name": "robot", "is_bot": True, "profile": {"real_name": "Robot"}},
]
CHANNELS: list[Raw] = [
    {"id": "C1", "name": "general", "is_general": True, "members": ["U1", "U2", "U3", "U4"]},
    {"id": "C2", "name": "garden", "members": ["U1", "U3"]},
]
GROUPS: list[Raw] = [{"id": "G1", "name": "council", "members": ["U1", "U3"]}]

SAID = (
    # the first and the last minute of October in Seoul, and those beside them
    ("general", "U1", "2026-09-30T23:59:59", "September"),
    ("general", "U1", "2026-10-01T00:00:00", "October begins"),
    ("general", "U2", "2026-10-14T12:00:00", "middle"),
    ("garden", "U3", "2026-10-15T12:00:00", "who calls <!here> &amp; <@U2> in <#C1>?"),
    ("garden", "U1", "2026-10-20T12:00:00", "beans"),
    ("council", "U3", "2026-10-21T12:00:00", "closed doors?"),
    ("general", "U9", "2026-10-22T12:00:00", "beep"),
    ("garden", "U1", "2026-10-31T23:59:59", "October ends"),
    ("garden", "U1", "2026-11-01T00:00:00", "November"),
)
"""In October people write 6 messages: U1 three, U2 one, U3 two, one of them in private."""


def write_archive(folder: Path) -> Path:
    """The community as an export."""
    days: dict[str, list[Raw]] = {}
    for number, (channel, user, at, text) in enumerate(SAID, 1):
        ts = datetime.fromisoformat(at).replace(tzinfo=ZoneInfo(ZONE)).timestamp()
        said = {"type": "message", "ts": f"{ts:.0f}.{number:06}", "user": user, "text": text}
        days.setdefault(f"{channel}/{at[:10]}.json", []).append(said)
    files: dict[str, Any] = {"users.json": USERS, "channels.json": CHANNELS, "groups.json": GROUPS}
    for name, content in (files | days).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content), encoding="utf-8")
    return folder


@dataclass
class Garden:
    """The community, as Hubbub has it."""

    settings: Settings
    archive: Path

    def write(self, name: str, text: str) -> Path:
        """A file of the workspace's own pack."""
        path = self.settings.pack / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def report(self, name: str, toml: str, **messages: str) -> None:
        """A report of the workspace's own, with its message in some languages."""
        self.write(f"reports/{name}.toml", toml)
        for language, text in messages.items():
            self.write(f"messages/{name}.{language}.j2", text)

    def run(self, *arguments: str) -> int:
        """Run the program; returns its exit code."""
        home = str(self.settings.home)
        return program.run([arguments[0], "--home", home, *arguments[1:]])


def planted(folder: Path, *, language: str = "", **privacy: Any) -> Garden:
    """The community, imported; private channels too."""
    chosen = {"preset": "open", "private_channels": ["G1"]} | privacy
    settings = Settings(folder / "home", "default", ZONE, chosen, language=language)
    settings.folder.mkdir(parents=True)
    written = [f'timezone = "{ZONE}"', *([f'language = "{language}"'] if language else [])]
    written += ["[privacy]", *(f"{name} = {json.dumps(value)}" for name, value in chosen.items())]
    settings.written.write_text("\n".join(written), encoding="utf-8")
    archive = write_archive(folder / "export")
    import_archive(settings, archive)
    return Garden(settings, archive)


@contextmanager
def slack(garden: Garden, locales: Mapping[str, str] | None = None) -> Generator[Simulator]:
    """A local Slack with the same community; its bot is in the public channels."""
    simulator = Simulator(load_archive(open_archive(garden.archive), "garden").workspace)
    for user in simulator.workspace.users:
        user["locale"] = (locales or {}).get(user["id"], "en-US")
    token = simulator.add_token("bot", channels=["C1", "C2"])
    names = {"SLACK_BOT_TOKEN": token, "SLACK_API_URL": ""}
    before = {name: os.environ.get(name) for name in names}
    with simulator.serve():
        os.environ |= names | {"SLACK_API_URL": simulator.url}
        try:
            yield simulator
        finally:
            for name, value in before.items():
                os.environ.pop(name, None)
                if value is not None:
                    os.environ[name] = value


def arrived(simulator: Simulator) -> list[tuple[str, Raw]]:
    """What the bot has written, oldest first: where (a channel, or the member of a DM), and the
    message."""
    workspace = simulator.workspace
    known = {user["id"] for user in USERS}
    bot = next(user["id"] for user in workspace.users if user.get("is_bot")
               and user["id"] not in {*known, "USLACKBOT"})  # fmt: skip
    found: list[tuple[str, Raw]] = []
    for channel_id, messages in workspace.messages.items():
        there = [each for each in workspace.members.get(channel_id, []) if each != bot]
        place = there[0] if channel_id.startswith("D") else channel_id
        found += [(place, each) for each in messages if each.get("user") == bot]
    return sorted(found, key=lambda each: each[1]["ts"])
