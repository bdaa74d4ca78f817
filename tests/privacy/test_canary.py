"""Secrets are planted wherever Slack lets people write, and everything is done with them that
Hubbub can do. Then no byte of the home, of an output, a log or a traceback has one."""

import contextlib
import io
import json
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hubbub.cli.program import run
from hubbub.core.tables import TABLES
from hubbub.settings import Settings
from hubbub.simulator.clock import Clock
from hubbub.simulator.loading import load_archive
from hubbub.simulator.simulator import Simulator
from hubbub.sources.archives import open_archive
from tests.privacy.planted import (
    GARDEN,
    GENERAL,
    IDENTITIES,
    ROW,
    SECRETS,
    USER_GROUP,
    ZEB,
    Search,
    write_planted,
)  # fmt: skip

pytestmark = pytest.mark.long

CHOSEN = {
    "open": {"private_channels": ["GZ7QCOUNCIL"], "direct_messages": ["DZ7QPAIR001", "CZ7QTHREE01"],
             "contacts": True},
    "standard": {},
    "strict": {"only_channels": [GENERAL, GARDEN], "smallest_group": 1},
}  # fmt: skip
"""What each preset is given beside itself, so that all verbs have something to do."""

KILLED = """
import os, signal, sys
from {module} import {name} as whole
def killed(*given, **named):
    whole(*given, **named)
    seen.append(1)
    if len(seen) == {times}:
        {end}
seen = []
import {module} as module
from hubbub import cli
{patch} = killed
cli.main()
"""
"""The program, with an end in the middle."""
KILL = "os.kill(os.getpid(), signal.SIGKILL)"
RAISE = "raise RuntimeError('an error that nobody foresaw')"


@dataclass
class Use:
    """A home under a preset, and all that the program has said of it."""

    folder: Path
    preset: str
    said: dict[str, str] = field(default_factory=dict[str, str])
    """Output and errors, by command."""
    codes: dict[str, int] = field(default_factory=dict[str, int])

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def settings(self) -> Settings:
        return Settings(self.home, "default")

    def begin(self) -> None:
        written = self.settings.written
        written.parent.mkdir(parents=True, mode=0o700)
        choices = {"preset": self.preset, **CHOSEN[self.preset]}
        lines = [f"{name} = {json.dumps(value)}" for name, value in choices.items()]
        written.write_text("\n".join(["[privacy]", *lines]), encoding="utf-8")

    def run(self, *arguments: str | Path) -> int:
        """Run a verb in this process."""
        given = [str(each) for each in arguments]
        output = io.StringIO()
        stopping = signal.getsignal(signal.SIGINT)
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            code = run([*given, "--home", str(self.home)])
        signal.signal(signal.SIGINT, stopping)
        self._note(given, code, output.getvalue())
        return code

    def broken(self, program: str, *arguments: str | Path) -> int:
        """Run a verb that ends in the middle, as a process."""
        given = [str(each) for each in arguments]
        done = subprocess.run(
            [sys.executable, "-c", program, *given, "--home", str(self.home)],
            capture_output=True, text=True, check=False, cwd=self.folder,
        )  # fmt: skip
        self._note([*given, str(len(self.said))], done.returncode, done.stdout + done.stderr)
        return done.returncode

    def _note(self, given: list[str], code: int, said: str) -> None:
        called = " ".join(given)
        self.said[called] = said
        self.codes[called] = code

    def search(self, words: set[str]) -> Search:
        """Look for words in everything that this use has left or said."""
        search = Search(words).folder(self.folder)
        for called, said in self.said.items():
            search.bytes(f"output of {called}", said.encode())
        return search


@contextlib.contextmanager
def served(archive: Path) -> Generator[Simulator]:
    """The planted workspace as a local Slack, with a token in the environment."""
    simulator = Simulator(load_archive(open_archive(archive), "Planted").workspace,
                          clock=Clock.manual(time.time()))  # fmt: skip
    simulator.workspace.usergroups.append(dict(USER_GROUP))
    simulator.clock.run(1.0)
    given = {"SLACK_USER_TOKEN": simulator.add_token("user", ZEB), "SLACK_BOT_TOKEN": ""}
    with simulator.serve(), pytest.MonkeyPatch.context() as patch:
        for name, value in {**given, "SLACK_API_URL": simulator.url}.items():
            patch.setenv(name, value)
        yield simulator


def crashes(use: Use, archive: Path) -> None:
    """An import that is killed before and inside its merge, and one that fails unforeseen."""
    importing = {"module": "hubbub.flows.importing", "name": "merge", "times": 1,
                 "patch": "module.merge"}  # fmt: skip
    settling = importing | {"name": "settle", "patch": "module.settle"}
    for program in (importing, settling):
        killed = use.broken(KILLED.format(**program, end=KILL), "import", archive)
        assert killed == -signal.SIGKILL
    assert use.broken(KILLED.format(**importing, end=RAISE), "import", archive, "-v") == 1
    assert "nobody foresaw" in list(use.said.values())[-1]


def crash_of_collecting(use: Use) -> None:
    """A collection that is killed with pages in its journal."""
    appending = {"module": "hubbub.stores.journal", "name": "Journal", "times": 3}
    program = KILLED.format(**appending, end=KILL, patch="whole = module.Journal.append\nmodule"
                            ".Journal.append")  # fmt: skip
    assert use.broken(program, "collect") == -signal.SIGKILL
    assert use.settings.journal.exists()


def read_all(use: Use) -> None:
    """All that can be read, exported and drawn."""
    for what in ("metrics", "charts", "tables", "channels", "runs", "calls", "quarantine"):
        use.run("list", what)
    for name in ("conversation", "top_posters", "alerts", "unanswered", "network_edges"):
        use.run("show", name, "--as-of", "latest")
    for name in TABLES:
        assert use.run("sql", f"SELECT * FROM {name}", "--json") == 0
    for kind in ("csv", "json", "parquet", "gexf"):
        out = use.folder / f"out-{kind}"
        assert use.run("export", "-o", out, "--format", kind, "--as-of", "latest") == 0
    assert use.run("export", "-o", use.folder / "bundle", "--bundle", "--as-of", "latest") == 0
    for name in ("leaderboard", "messages_by_channel", "unanswered", "emoji_ranking"):
        use.run("draw", name, "-o", use.folder / f"{name}.svg", "--as-of", "latest")
    for kind in ("png", "html"):
        window = ("--as-of", "latest")
        assert use.run("draw", "leaderboard", "-o", use.folder / f"one.{kind}", *window) == 0


def wrong_input(use: Use, archive: Path) -> None:
    """What people do wrong, with words of their own."""
    torn = use.folder.parent / "torn.zip"
    torn.write_bytes(archive.read_bytes()[:-40])
    for arguments in (
        ["import", torn, "-v"],
        ["import", use.folder / "nowhere.zip"],
        ["sql", "SELECT text::INTEGER FROM messages"],
        ["sql", "SELECT name::DATE FROM users"],
        ["sql", "SELECT error(text) FROM messages WHERE text IS NOT NULL"],
        ["show", "messages_per_day", "--channel", "no-such-channel"],
        ["show", "messages_per_day", "--member", "nobody"],
        ["privacy", "forget", "nobody", "--yes"],
        ["draw", "messages_per_day", "-o", use.folder / "chart.jpg"],
        ["collect", "--channel", "no-such-channel"],
    ):
        code = use.run(*arguments)
        # without texts and names there is nothing that a query could stumble over
        assert code != 0 or (use.preset == "strict" and arguments[0] == "sql"), arguments


def care_for_privacy(use: Use) -> None:
    """The verbs of privacy and of the audit log."""
    use.run("doctor")
    use.run("privacy", "show")
    # what nothing else in this file knows: Hubbub itself finds nothing that the policy forbids
    code = use.run("privacy", "check", use.folder / "out-json")
    assert code == 0, list(use.said.values())[-1]
    use.run("audit", "show")
    assert use.run("audit", "verify") == 0
    assert use.run("privacy", "rotate", "--yes") == 0
    assert use.run("privacy", "forget", ROW, "--yes") == 0


def everything(folder: Path, preset: str) -> Use:
    """A home under a preset, after all that can be done with it."""
    plain, packed = write_planted(folder / "archive")
    use = Use(folder / preset, preset)
    use.begin()
    crashes(use, packed)
    for archive in (packed, plain, packed):
        assert use.run("import", archive, "-v") == 0
    with served(packed):
        crash_of_collecting(use)
        assert use.run("collect", "-v") == 0
        wrong_input(use, packed)
        read_all(use)
        care_for_privacy(use)
        use.run("collect")
    with served(packed):
        crash_of_collecting(use)
    return use


def test_the_search_finds_what_is_planted(tmp_path: Path) -> None:
    assert len(SECRETS) >= 40
    plain, packed = write_planted(tmp_path / "archive")
    words = {*SECRETS.values(), *IDENTITIES}
    assert Search(words).folder(plain).words_found == words
    search = Search(words)
    search.file("zip", packed)
    assert search.words_found == words
    use = Use(tmp_path / "open", "open")
    use.begin()
    assert use.run("import", packed) == 0
    # the path of a group message is in no record; no copy of the store holds it
    assert words - use.search(words).words_found <= {SECRETS["path of a group message"]}


@pytest.mark.parametrize("preset", ["standard", "strict"])
def test_no_byte_has_a_secret(tmp_path: Path, preset: str) -> None:
    use = everything(tmp_path, preset)
    assert use.search({*SECRETS.values()}).found == set()
    if preset == "strict":
        # the command named a member itself; and the doctor says whose token it was given
        told = {called: said for called, said in use.said.items() if ROW not in called}
        use.said = {called: said for called, said in told.items() if called != "doctor"}
        assert use.search(IDENTITIES).found == set()
