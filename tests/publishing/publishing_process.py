"""A process that publishes, and kills itself at a moment: URL, home, moment."""

import os
import signal
import sys
from pathlib import Path
from typing import Any

from hubbub.flows.publishing import publish
from hubbub.settings import Settings
from hubbub.stores.publications import Publication

MOMENTS = ("noted", "expected", "one table", "two tables", "brought", "settled")
"""When it dies: after it has noted that it begins, after the keys to come are remembered, after
some tables are there, after all is there, after their hashes are remembered."""


def main(url: str, home: Path, moment: str) -> None:
    """Publish, and die."""
    if moment in {"noted", "expected", "brought", "settled"}:
        before = moment in {"noted", "brought"}
        name = "expect" if moment in {"noted", "expected"} else "settle"
        _die(Publication, name, before=before)
    wanted = {"one table": 1, "two tables": 2}.get(moment)
    heard: list[str] = []

    def progress(what: str, done: int, total: int) -> None:
        if total:
            heard.append(what)
        if len(heard) == wanted:
            _kill()

    publish(Settings(home, "grove", privacy={"preset": "open"}), url, progress=progress)
    raise AssertionError(f"nothing was killed: {moment}")


def _die(owner: Any, name: str, *, before: bool) -> None:
    own = getattr(owner, name)

    def dying(*arguments: Any) -> None:
        if not before:
            own(*arguments)
        _kill()

    setattr(owner, name, dying)


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
