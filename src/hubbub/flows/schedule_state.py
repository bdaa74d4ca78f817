"""What of a workspace's schedule was run and how it ended: a file in its folder."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec

from hubbub.errors import HubbubError
from hubbub.flows.workspace import made
from hubbub.privacy.closed import in_turn, write_closed

Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class Last(msgspec.Struct, frozen=True, omit_defaults=True):
    """The last run of an entry."""

    began_at: Instant
    seconds: float
    exit: int
    """Its exit code; below 0 the signal that killed it, or something unknown did."""
    said: tuple[str, ...] = ()
    """Its last errors, without what they may say of people."""
    times: int = 0
    """For how many due times it stood; 0 if somebody asked for it."""


class Remembered(msgspec.Struct, omit_defaults=True):
    """What is remembered of an entry."""

    cron: str
    upto: Instant
    """What was due until then is done with."""
    last: Last | None = None
    begun_at: Instant | None = None
    """When a run began that has not ended."""
    was_killed: bool = False
    """Whether the run before that one did not come to its end either."""
    tries: int = 0
    """Runs in a row that are to be tried again."""
    again_at: Instant | None = None
    """When the next of them is."""


class ScheduleState:
    """The file; any number of processes may read it, and write it in turn."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def read(self) -> dict[str, Remembered]:
        """What is remembered of each entry. Raises `HubbubError` if the file is damaged."""
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=dict[str, Remembered])
        except FileNotFoundError:
            return {}
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise HubbubError(
                f"{self._file} is damaged.",
                "Remove it: the schedule begins anew, and nothing from before is caught up.",
            ) from error

    @contextmanager
    def changing(self) -> Generator[dict[str, Remembered]]:
        """What is remembered, to be changed; written when this ends well."""
        with in_turn(made(self._file)):
            known = self.read()
            yield known
            content = msgspec.json.format(msgspec.json.encode(known), indent=1)
            write_closed(self._file, content.decode())
