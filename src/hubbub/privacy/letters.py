"""Which letters members want: what they have chosen by a command, a reply, or through an operator.

A file in the workspace's folder, without any id: a member is recognised by a keyed token, as in the
list of refused members. It is read anew whenever it has changed, so that a choice holds at once in
every process.
"""

import json
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict, replace

from hubbub.errors import HubbubError
from hubbub.privacy.closed import in_turn, write_closed
from hubbub.privacy.keys import Keys
from hubbub.privacy.refusals import RefusalFile, now


class Choice(Struct, frozen=True):
    """What one member has chosen; who has chosen nothing gets every letter."""

    token: str = ""
    wanted: bool = True
    """Whether letters of reports that are not named are wanted."""
    but: tuple[str, ...] = ()
    """Reports for which it is the other way round."""
    since: str = ""
    """When it was last changed, ISO 8601, UTC."""

    def wants(self, report: str) -> bool:
        """Whether letters of a report are wanted."""
        return (report in self.but) != self.wanted

    def changed(self, report: str | None, *, wanted: bool) -> "Choice":
        """The choice after another one, about a report or (None) about all of them."""
        if report is None:
            return replace(self, wanted=wanted, but=())
        others = set(self.but) - {report} if wanted is self.wanted else {*self.but, report}
        return replace(self, but=tuple(sorted(others)))


class Choices:
    """The choices of a workspace's members.

    Raises `HubbubError` if the file is damaged: without it, members who asked for no letters would
    get some.
    """

    def __init__(self, path: Path, refused: RefusalFile, keys: Keys) -> None:
        self._path = path
        self._refused = refused
        self._keys = keys
        self._read: tuple[tuple[int, ...], dict[str, Choice]] | None = None

    def wants(self, member_id: str, report: str) -> bool:
        """Whether a member, by Slack's own id, is to get letters of a report. Who is left out of
        the workspace gets none."""
        return not self.is_refused(member_id) and self.of(member_id).wants(report)

    def is_refused(self, member_id: str) -> bool:
        """Whether a member has opted out of all that Hubbub keeps, or was forgotten."""
        return self._keys.refusal(member_id) in {each.token for each in self._refused.entries()}

    def of(self, member_id: str) -> Choice:
        """What a member has chosen."""
        token = self._keys.choice(member_id)
        return self._current().get(token, Choice(token))

    def choose(self, member_id: str, report: str | None, *, wanted: bool) -> Choice:
        """Note what a member wants from now on, of a report or (None) of all letters; it is on the
        disk when this returns."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with in_turn(self._path):
            choices = self._written()
            token = self._keys.choice(member_id)
            before = choices.get(token, Choice(token))
            after = replace(before.changed(report, wanted=wanted), since=now())
            if replace(after, since=before.since) != before:
                choices[token] = after
                self._write(choices)
        return after

    def count(self) -> int:
        """How many members have chosen anything."""
        return len(self._current())

    def clear(self) -> None:
        """Forget all choices, whose members nobody can recognise any more."""
        with in_turn(self._path):
            self._write({})

    def _current(self) -> dict[str, Choice]:
        """The choices as they are now; the file is read only if it is another one than before."""
        mark = _mark(self._path)
        if self._read is None or self._read[0] != mark:
            self._read = mark, self._written()
        return self._read[1]

    def _written(self) -> dict[str, Choice]:
        try:
            content: Any = json.loads(self._path.read_text(encoding="utf-8"))
            told = [Choice(**each | {"but": tuple(each["but"])}) for each in content["letters"]]
        except FileNotFoundError:
            return {}
        except (ValueError, KeyError, TypeError) as error:
            raise HubbubError(
                f"The list of members' choices about letters, {self._path}, is damaged.",
                "Restore it from your backup. Without it no letter is sent.",
            ) from error
        return {each.token: each for each in told}

    def _write(self, choices: dict[str, Choice]) -> None:
        """Write those who have chosen anything but what is so by itself."""
        told = [asdict(each) for each in choices.values() if not each.wanted or each.but]
        write_closed(self._path, json.dumps({"letters": told}, indent=1))


def _mark(path: Path) -> tuple[int, ...]:
    """What tells a file from the one that was there before."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return ()
    return stat.st_ino, stat.st_mtime_ns, stat.st_size
