"""Runs command lines of Hubbub's, each as a process of its own: what fails there hurts nobody
here."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from threading import Event, Thread
from typing import IO, NamedTuple

from hubbub.errors import Exit
from hubbub.settings import Settings

_LOOK_SECONDS = 0.5
_GRACE_SECONDS = 20.0
"""How long a process may take to come to its end, once it is asked to."""
_LONGEST_LINE = 4_000
_MOST_COMPLAINTS = 3
_SAYS, _FIXES = "hubbub: ", " " * 8
"""How the program's errors begin, and what can be done about them."""
_MISUSE = "Error: "
_CRASH = re.compile(r"([A-Za-z_][\w.]*)(: .*)?")
"""The last line of a traceback; what follows the type may quote people."""

_ENDINGS: dict[int, str] = {
    Exit.DONE: "done",
    Exit.FAILED: "failed",
    Exit.USAGE: "wrong use",
    Exit.FINDINGS: "findings",
    Exit.TRY_AGAIN: "try again",
    Exit.INTERRUPTED: "interrupted",
}


class Ended(NamedTuple):
    """How a process ended."""

    exit: int
    """Its exit code; below 0 the signal that killed it."""
    seconds: float
    complaints: tuple[str, ...]
    """Its last errors, a line each, the fix behind the reason."""


def in_words(code: int) -> str:
    """An exit code in a word or two."""
    return "killed" if code < 0 else _ENDINGS.get(code, "failed")


def command_line(settings: Settings, words: Sequence[str]) -> list[str]:
    """The command that runs these words on a workspace, with the flags that were given."""
    where = ["--home", str(settings.home), "--workspace", settings.workspace]
    return [sys.executable, "-m", "hubbub", *where, *flags_of(settings), *words]


def flags_of(settings: Settings) -> list[str]:
    """The flags that changed the settings."""
    if settings.unflagged is None:
        return []
    preset = settings.privacy.get("preset")
    return ["--timezone", settings.timezone, *(["--privacy", preset] if preset else [])]


def _unheard(_: str) -> None:
    """Nobody listens."""


def run_process(
    command: Sequence[str],
    *,
    stop: Event,
    hurry: Event | None = None,
    stdout: IO[bytes] | int | None = subprocess.DEVNULL,
    heard: Callable[[str], None] = _unheard,
    environment: Mapping[str, str] | None = None,
    keeps: Sequence[int] = (),
) -> Ended:
    """Run a command to its end; `heard` gets each line of its stderr.

    `stop` asks it to end as Ctrl-C does, and ends it if it does not; `hurry` ends it at once. It
    holds the descriptors `keeps`, and with them their locks, even if this process is killed.
    """
    begun = time.monotonic()
    process = subprocess.Popen(  # noqa: S603 -- this program, and words that were checked
        command,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        env=environment,
        pass_fds=keeps,
        process_group=0,  # a terminal's Ctrl-C comes to us, and from us to it
    )
    listening = _Listener(process.stderr, heard)
    reader = Thread(target=listening.run, daemon=True)
    reader.start()
    try:
        _wait(process, stop, hurry or Event())
    except BaseException:
        process.kill()
        process.wait()
        raise
    reader.join(_LOOK_SECONDS)  # what it has started itself may still hold its stderr
    code = process.returncode
    if code == -signal.SIGINT:  # Ctrl-C came before or after all that heeds it
        code = Exit.INTERRUPTED
    return Ended(code, time.monotonic() - begun, complaints_in(listening.lines))


class _Listener:
    """Reads what a process says."""

    def __init__(self, stream: IO[bytes] | None, heard: Callable[[str], None]) -> None:
        self._stream = stream
        self._heard = heard
        self.lines: list[str] = []

    def run(self) -> None:
        """Read to the end."""
        assert self._stream is not None, "it was made with a pipe"
        with self._stream:
            while line := self._stream.readline(_LONGEST_LINE):
                said = line.decode(errors="replace").rstrip("\r\n")
                self._heard(said)
                self.lines = [*self.lines[-99:], said]


def _wait(process: "subprocess.Popen[bytes]", stop: Event, hurry: Event) -> None:
    deadline: float | None = None
    while True:
        try:
            process.wait(_LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            if deadline is None and stop.is_set():
                deadline = time.monotonic() + _GRACE_SECONDS
                process.send_signal(signal.SIGINT)
            if hurry.is_set() or (deadline is not None and time.monotonic() > deadline):
                process.kill()
        else:
            return


def complaints_in(lines: Sequence[str]) -> tuple[str, ...]:
    """The last errors among the lines of a stderr. Of one that was not foreseen only its type is
    told."""
    found: list[str] = []
    is_crashing = False
    for number, line in enumerate(lines):
        if line.startswith("Traceback (most recent call last)"):
            is_crashing = True
        elif is_crashing and line[:1].strip() and (crash := _CRASH.fullmatch(line)):
            is_crashing = False
            found.append(f"It broke off with {crash[1]}.")
        elif line.startswith(_SAYS):
            fix = lines[number + 1].strip() if _is_fix(lines[number + 1 : number + 2]) else ""
            found.append(f"{line.removeprefix(_SAYS).strip()} {fix}".strip())
        elif line.startswith(_MISUSE):
            found.append(line.removeprefix(_MISUSE).strip())
    return tuple(found[-_MOST_COMPLAINTS:])


def _is_fix(lines: Sequence[str]) -> bool:
    return bool(lines) and lines[0].startswith(_FIXES)
