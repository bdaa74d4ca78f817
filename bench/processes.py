"""Running servers from outside: what they use, and `hubbub serve` itself."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from hubbub.simulator.simulator import Simulator
from hubbub.simulator.state import Workspace

TEAM_ID = "T0GROVE01"
SECRET = "c0ffee00c0ffee00c0ffee00c0ffee00"
_TICKS = os.sysconf("SC_CLK_TCK")


class Served(NamedTuple):
    """A server: its process id and port."""

    pid: int
    port: int

    @property
    def cpu(self) -> float:
        """Seconds of processor time that it has taken."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2]
        user, system = fields.split()[11:13]
        return (int(user) + int(system)) / _TICKS

    @property
    def memory(self) -> float:
        """Megabytes that it has in memory."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8")
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1]) / 1024


@contextmanager
def hubbub_serve(home: Path, preset: str) -> Generator[Served]:
    """`hubbub serve` as a user runs it, taking events by HTTP; Slack's history is empty."""
    environment = {name: told for name, told in os.environ.items() if not name.startswith("SLACK_")}
    workspace = Workspace({"id": TEAM_ID, "name": "Grove", "domain": "grove"}, "UTC")
    slack = Simulator(workspace)
    slack.acts.add_user("olive", is_primary_owner=True)
    environment |= {"SLACK_BOT_TOKEN": slack.add_token(), "SLACK_SIGNING_SECRET": SECRET}
    command = [
        sys.executable, "-m", "hubbub", "--home", str(home), "--privacy", preset,
        "serve", "--port", "0",
    ]  # fmt: skip
    with (
        slack.serve(),
        subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            text=True,
            env=environment | {"SLACK_API_URL": slack.url},
        ) as process,
    ):
        assert process.stdout is not None
        port = urlsplit(str(process.stdout.readline())).port
        assert port is not None
        try:
            yield Served(process.pid, port)
        finally:
            process.terminate()
            process.wait(60)


def settled(served: Served, seconds: float = 1.0) -> None:
    """Wait until a server has nothing to do: what it does at its start would be measured too."""
    before = served.cpu
    while True:
        time.sleep(seconds)
        now = served.cpu
        if now - before < 0.1 * seconds:
            return
        before = now
