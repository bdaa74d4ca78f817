"""Every error that Hubbub raises on purpose: a reason, a fix, and what to do next."""

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of the program."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    FINDINGS = 3
    TRY_AGAIN = 4
    INTERRUPTED = 130


class HubbubError(Exception):
    """Work that cannot go on: `reason` says what is wrong, `fix` what can be done about it."""

    exit = Exit.FAILED

    def __init__(self, reason: str, fix: str) -> None:
        super().__init__(reason, fix)
        self.reason = reason
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.reason}\n{self.fix}"


class UsageError(HubbubError):
    """The request itself is wrong: an unknown metric, parameter or option."""

    exit = Exit.USAGE


class TryAgain(HubbubError):
    """Nothing is wrong with the request, but it cannot be served now."""

    exit = Exit.TRY_AGAIN


class DiskFull(HubbubError):
    """Nothing more can be written; the same work can succeed once there is room."""


class Unreadable(HubbubError):
    """An archive, or a part of it, is not what it has to be."""


class BadContent(UsageError):
    """A content file (metric, view, chart) is wrong; names the file and the line."""

    def __init__(self, place: str, line: int, reason: str, fix: str) -> None:
        super().__init__(f"{place}, line {line}: {reason}", fix)
        self.line = line
