"""Runs one command line in many workspaces, several at once; one that fails fails alone."""

import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from threading import Event

from msgspec import Struct

from hubbub.core.shards import Shard
from hubbub.errors import Exit, UsageError
from hubbub.flows.processes import in_words, run_process
from hubbub.privacy.keys import ENVIRONMENT
from hubbub.settings import Settings, workspaces

OF_ONE_WORKSPACE = (
    "SLACK_BOT_TOKEN",
    "SLACK_USER_TOKEN",
    "SLACK_APP_TOKEN",
    "SLACK_SIGNING_SECRET",
)
"""Variables that are about one workspace: with many, each has its own in secrets.toml."""
_PLACE = "{workspace}"
_MOST_PER_CORE = 4
"""Processes at most: they mostly wait for Slack, but each takes some 100 MB."""


class Outcome(Struct, frozen=True):
    """What became of one workspace."""

    workspace: str
    exit: int | None
    """None if its turn never came."""
    seconds: float = 0.0
    reason: str = ""
    """Why it failed, with the fix."""
    printed: str = ""
    """What it wrote to stdout."""
    said: str = ""
    """What it wrote to stderr."""

    @property
    def told(self) -> str:
        """What happened, in a word or two."""
        return "not begun" if self.exit is None else in_words(self.exit)


def cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0))


def at_once(wanted: int | None) -> int:
    """How many workspaces at once: as many as there are cores, or as many as are wanted, up to
    four a core."""
    return min(wanted or cores(), _MOST_PER_CORE * cores())


def all_workspaces(home: Path) -> list[str]:
    """The workspaces of a home. Raises `UsageError` if there is none, or if the environment has
    keys: those of one workspace, by which pseudonyms of several could be joined."""
    names = workspaces(home)
    if not names:
        raise UsageError(
            f"There is no workspace in {home}.",
            "Name another home with --home, or make one: hubbub init --workspace NAME",
        )
    if len(names) > 1 and os.environ.get(ENVIRONMENT):
        raise UsageError(
            f"{ENVIRONMENT} has the keys of one workspace, and {home} has {len(names)}.",
            "Unset it: each workspace's keys are in its own file in keys/ there. With --workspace "
            "it is used for that one.",
        )
    return names


def of_shard(home: Path, shard: Shard) -> list[str]:
    """The workspaces of a home that belong to a shard; none may do so."""
    return [name for name in workspaces(home) if shard.has(name)]


def stores_of_others(home: Path, shard: Shard) -> list[str]:
    """The workspaces of other shards that have a store in this home: they were worked on here."""
    names = (name for name in workspaces(home) if not shard.has(name))
    return [name for name in names if Settings(home, name).store.exists()]


def environment() -> dict[str, str]:
    """The environment of a workspace among many: without what is about one of them."""
    return {name: value for name, value in os.environ.items() if name not in OF_ONE_WORKSPACE}


def in_each(
    names: Sequence[str],
    command_of: Callable[[str], list[str]],
    *,
    most: int,
    stop: Event,
    hurry: Event,
    ended: Callable[[Outcome], None],
) -> list[Outcome]:
    """Run a command in each workspace, at most so many at once. `ended` hears of each as it ends;
    `stop` lets those that run come to an end, and begins no more."""

    def work(name: str) -> Outcome:
        return _run(name, command_of(name), stop, hurry)

    outcomes: list[Outcome] = []
    with ThreadPoolExecutor(most, "workspace") as pool:
        try:
            for future in as_completed([pool.submit(work, name) for name in names]):
                outcomes.append(future.result())
                if outcomes[-1].exit is not None:
                    ended(outcomes[-1])
        except BaseException:
            stop.set()
            hurry.set()
            raise
    return sorted(outcomes, key=lambda each: names.index(each.workspace))


def _run(name: str, command: list[str], stop: Event, hurry: Event) -> Outcome:
    if stop.is_set():
        return Outcome(name, None)
    said: list[str] = []
    with tempfile.TemporaryFile() as printed:
        ended = run_process(
            [word.replace(_PLACE, name) for word in command],
            stop=stop,
            hurry=hurry,
            stdout=printed,
            heard=said.append,
            environment=environment(),
        )
        printed.seek(0)
        text = printed.read().decode(errors="replace")
    is_well = ended.exit in {Exit.DONE, Exit.FINDINGS}
    reason = "" if is_well or not ended.complaints else ended.complaints[-1]
    return Outcome(name, ended.exit, ended.seconds, reason, text, "\n".join(said))


def exit_of(codes: Iterable[int]) -> Exit:
    """One exit code for many: done, or failed if any has failed; try again if that may help with
    all that failed; findings if that is all there is."""
    bad = {*codes} - {Exit.DONE}
    if not bad:
        return Exit.DONE
    if bad == {Exit.FINDINGS}:
        return Exit.FINDINGS
    return Exit.TRY_AGAIN if bad <= {Exit.FINDINGS, Exit.TRY_AGAIN} else Exit.FAILED
