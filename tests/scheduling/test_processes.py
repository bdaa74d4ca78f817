"""Command lines as processes of their own: how they end, and what is told of it."""

import os
import signal
import sys
import threading
import time
from pathlib import Path
from threading import Event

import pytest

from hubbub.errors import Exit
from hubbub.flows import processes
from hubbub.flows.processes import Ended, complaints_in, in_words, run_process

PATIENCE = 60.0


def python(code: str, **how: object) -> Ended:
    """Run a line of Python as a process."""
    return run_process([sys.executable, "-c", code], stop=Event(), **how)  # type: ignore[arg-type]


def test_exit_codes_and_complaints_come_back() -> None:
    assert python("raise SystemExit(4)").exit == Exit.TRY_AGAIN
    said = (
        "import sys; sys.stderr.write('hubbub: It is full.\\n        Make room.\\n'); sys.exit(1)"
    )
    heard: list[str] = []
    ended = python(said, heard=heard.append)
    assert (ended.exit, ended.complaints) == (1, ("It is full. Make room.",))
    assert heard == ["hubbub: It is full.", "        Make room."]
    assert python("import os, signal; os.kill(os.getpid(), signal.SIGKILL)").exit == -9


def test_what_was_not_foreseen_is_told_by_its_type_alone() -> None:
    assert python("raise ValueError('olive@example.org')").complaints == (
        "It broke off with ValueError.",
    )


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["note: nothing", "collecting 25 %"], ()),
        (["Usage: hubbub collect [OPTIONS]", "", "Error: No such option: -x"],
         ("No such option: -x",)),
        (["hubbub: a", "        b", "hubbub: c"], ("a b", "c")),
        ([f"hubbub: {number}" for number in range(9)], ("6", "7", "8")),
        (["hubbub: a", "hubbub: b", "        c", "note: d"], ("a", "b c")),
    ],
)  # fmt: skip
def test_complaints_among_other_lines(lines: list[str], expected: tuple[str, ...]) -> None:
    assert complaints_in(lines) == expected


def test_much_that_is_said_blocks_nobody() -> None:
    ended = python("import sys; sys.stderr.write('x' * 1_000_000 + '\\n' + 'y\\n' * 100_000)")
    assert ended.exit == 0


_PATIENT = """
import pathlib, signal, sys, time
def end(*_):
    sys.exit(130)
signal.signal(signal.SIGINT, {heeds})
pathlib.Path({mark!r}).touch()
time.sleep(600)
"""


def running(mark: Path, heeds: str, stop: Event, hurry: Event) -> list[Ended]:
    """How a process ends that would run for ten minutes, once it is told to stop."""
    ended: list[Ended] = []
    code = _PATIENT.format(heeds=heeds, mark=str(mark))
    command = [sys.executable, "-c", code]
    thread = threading.Thread(
        target=lambda: ended.append(run_process(command, stop=stop, hurry=hurry))
    )
    thread.start()
    end = time.monotonic() + PATIENCE
    while not mark.exists():
        assert time.monotonic() < end, "it never began"
        time.sleep(0.02)
    stop.set()
    if heeds != "end":
        hurry.set()
    thread.join(PATIENCE)
    return ended


def test_what_runs_is_asked_to_end(tmp_path: Path) -> None:
    [ended] = running(tmp_path / "began", "end", Event(), Event())
    assert ended.exit == Exit.INTERRUPTED


def test_what_does_not_listen_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [ended] = running(tmp_path / "hurried", "signal.SIG_IGN", Event(), Event())
    assert ended.exit == -signal.SIGKILL
    monkeypatch.setattr(processes, "_GRACE_SECONDS", 0.0)
    [ended] = running(tmp_path / "began", "signal.SIG_IGN", Event(), Event())
    assert ended.exit == -signal.SIGKILL


def test_a_lock_is_kept_by_what_runs_under_it(tmp_path: Path) -> None:
    read, write = os.pipe()
    ended = python(f"import os; os.write({write}, b'kept')", keeps=[write])
    assert ended.exit == 0
    assert os.read(read, 10) == b"kept"


@pytest.mark.parametrize(
    ("code", "words"),
    [(0, "done"), (1, "failed"), (4, "try again"), (77, "failed"), (-9, "killed")],
)
def test_exit_codes_in_words(code: int, words: str) -> None:
    assert in_words(code) == words
