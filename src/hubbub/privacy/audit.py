"""The audit log of a workspace: who did what, in a chain that shows every later change.

Each entry is a line of JSON that ends in its `chain`: an HMAC of all bytes before it, under a key
that lies outside the workspace. It names the chain of the entry before it (`after`), so lines can
be neither changed nor moved. How far the log goes is anchored in a head beside the key, so that a
cut end shows too. The log never heals: what is missing from it stays missing for all to see.

It is itself free of personal data: a text of a detail is kept only if it is one of Hubbub's own
words or a time, and is keyed else.
"""

import contextlib
import fcntl
import hmac
import os
import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, cast, get_args

import msgspec
from msgspec import Struct
from msgspec.structs import asdict

from hubbub.core.findings import Finding, problem, remark
from hubbub.errors import HubbubError
from hubbub.privacy.closed import kept_key
from hubbub.privacy.keys import keyed_token
from hubbub.privacy.policy import PRESETS, Links, Policy, Text

Action = Literal[
    "run", "read", "export", "draw", "deliver", "choice", "erase", "policy", "keys", "login"
]
Detail = str | int | bool | None

_WHAT = re.compile(r"[a-z0-9_][a-z0-9_ -]{0,79}")
"""What things are called in Hubbub's code and in packs."""
_WORDS = {
    *("all", "begun", "done", "partly", "interrupted", "failed", "refused", "missing", "forged"),
    *("csv", "json", "parquet", "gexf", "png", "svg", "html", "zip"),
    *("bot", "user"),
    *(*PRESETS, *get_args(Links), *get_args(Text)),
}
"""Texts that a detail keeps as they are; all others are keyed, unless they are times or numbers."""
_OF_PEOPLE = {"channel", "member"}
"""Details that are keyed whatever they say."""
_TIMES = {"as_of", "since", "until"}
_TIME = re.compile(
    r"|now|latest|\d{1,4} (minute|hour|day|week)s?"
    r"|\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?)?"
)
_NUMBER = re.compile(r"\d{1,4}")

_TAIL = re.compile(rb',"chain":"([0-9a-f]{64})"}')
_TAIL_BYTES = len(b',"chain":""}') + 64
_NOTHING = "0" * 64
"""The chain before the first entry."""
_HEAD = re.compile(r"\b(\d{1,12}):([0-9a-f]{64})\b")
_POLICY = b'"action":"policy"'
_STEP = 1 << 16

_COMPARE = "Compare the log with a copy of it, and ask who could write to the folder."


class Plain(str):
    """A text that is known to be free of personal data, whatever it looks like."""

    __slots__ = ()


class Entry(msgspec.Struct, frozen=True):
    """A line of the log."""

    number: int
    at: Annotated[datetime, msgspec.Meta(tz=True)]
    actor: str
    """A keyed token of the user of the operating system."""
    action: str
    what: str
    details: dict[str, Detail]
    after: str
    """The chain of the entry before."""
    chain: str


class Head(NamedTuple):
    """How far a log goes: the number of its last entry, and that entry's chain."""

    number: int
    chain: str

    def __str__(self) -> str:
        return f"{self.number}:{self.chain}"


_EMPTY = Head(0, _NOTHING)


class Verdict(Struct, frozen=True):
    """What a look through the whole log found."""

    entries: int
    """How many entries are as they were written."""
    head: Head | None
    """None where nothing was ever written."""
    findings: list[Finding]

    @property
    def is_sound(self) -> bool:
        """Whether nothing was changed, taken away or put in."""
        return all(finding.state != "problem" for finding in self.findings)


class Audit:
    """The audit log of one workspace; `file` is the log, `keys` the folder of its key and head.

    Both folders have to be there when something is written. Any number of processes may write.
    """

    def __init__(self, file: Path, keys: Path, workspace: str) -> None:
        # Pseudonym keys are called NAME.key: no other workspace's name can lead to these.
        self.file = file
        self._key_file = keys / f"{workspace}.audit-key"
        self._head_file = keys / f"{workspace}.audit-head"
        self._unfinished = keys / f"{workspace}.audit-key.new"

    @property
    def has_begun(self) -> bool:
        """Whether there is a log, or what is left of one. A process that was killed in the very
        first moment leaves a key that is not in force and no entry: that is none yet."""
        if self._key_file.exists() or not self._is_empty():
            return True
        return self._head_file.exists() and not self._unfinished.exists()

    def _is_empty(self) -> bool:
        return not self.file.exists() or self.file.stat().st_size == 0

    def record(self, action: Action, what: str, **details: Detail) -> None:
        """Note that something is done. It is on the disk when this returns.

        Raises `HubbubError` if it cannot be noted: then it must not be done.
        """
        with self._writing() as log:
            log.append(action, what, {name: log.safe(name, each) for name, each in details.items()})

    def note_policy(self, policy: Policy) -> None:
        """Note the policy in effect, if it is not the one that was noted last."""
        with self._writing() as log:
            now = _choices(policy, log)
            entry = log.last_policy()
            if entry is None:
                log.append("policy", "first", now)
                return
            before = {k: each for k, each in entry.details.items() if not k.startswith("was_")}
            if before != now:
                names = [name for name in now if before.get(name) != now[name]]
                was = {f"was_{name}": before.get(name) for name in names}
                log.append("policy", "changed", now | was)

    def entries(self) -> Iterator[Entry]:
        """The entries that can be read, oldest first, whether they are genuine or not."""
        if not self.file.exists():
            return
        with self._explained(), self.file.open("rb") as log:
            for line in log:
                entry = _read(line.removesuffix(b"\n"))
                if entry is not None:
                    yield entry

    def actor(self) -> str:
        """How the log names who runs this."""
        return _actor(self._known_key())

    def verify(self, head: str | None = None) -> Verdict:
        """Look through the whole log. `head` is a text with a head that was kept elsewhere.

        Raises `HubbubError` where nothing can be said: no key, or one that others can read.
        """
        kept = _kept_head(head)
        with self._explained():
            if not self.has_begun:
                return Verdict(0, None, _compared({}, _EMPTY, kept))
            key = self._known_key()
            if not self.file.exists():
                return _judged(key, [], self._head(key), kept)
            with self.file.open("rb") as log:
                fcntl.flock(log, fcntl.LOCK_SH)
                lines = log.read().split(b"\n")
                return _judged(key, lines, self._head(key), kept)

    @contextmanager
    def _writing(self) -> Generator["_Log"]:
        """The log, for one process alone."""
        with self._explained():
            is_new = not self.file.exists()
            descriptor = os.open(self.file, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                if is_new:
                    _sync_folder(self.file.parent)
                if not self.has_begun:
                    self._begin()
                key = self._known_key()
                yield _Log(descriptor, key, self._head(key), self._head_file)
            finally:
                os.close(descriptor)

    @contextmanager
    def _explained(self) -> Generator[None]:
        try:
            yield
        except OSError as error:
            raise HubbubError(
                f"The audit log cannot be used: {error.filename or self.file}: {error.strerror}.",
                "What cannot be noted there is not done. Make room on the disk, or take a home "
                "that you may write to.",
            ) from error

    def _begin(self) -> None:
        """Make the key and a first head. The key gets its name last, so that where there is one
        there is a head."""
        if not self._head_file.exists():  # else the key is whole already
            self._unfinished.unlink(missing_ok=True)
        key = kept_key(self._unfinished, "audit key", f"Remove it: rm {self._unfinished}")
        os.replace(_prepared_head(self._head_file, key, _EMPTY), self._head_file)
        os.replace(self._unfinished, self._key_file)
        _sync_folder(self._key_file.parent)

    def _known_key(self) -> bytes:
        if not self._key_file.exists():
            raise self._lost()
        return kept_key(self._key_file, "audit key", self._lost().fix)

    def _lost(self) -> HubbubError:
        return HubbubError(
            f"The key of the audit log is lost: there is no {self._key_file}.",
            "Restore it from your backup. If it is gone for good, nothing can verify the log any "
            f"more: put {self.file} and {self._head_file} aside, and a new one begins.",
        )

    def _head(self, key: bytes) -> Head | Literal["missing", "forged"]:
        """The head that is anchored beside the key."""
        try:
            said = self._head_file.read_bytes()
        except FileNotFoundError:
            return "missing"
        text, _, mac = said.removesuffix(b"\n").partition(b" ")
        if not hmac.compare_digest(_mac(key, "head", text).encode(), mac):
            return "forged"
        number, _, chain = text.decode().partition(":")
        return Head(int(number), chain)


class _Log:
    """A log that is locked."""

    def __init__(
        self,
        descriptor: int,
        key: bytes,
        anchored: Head | Literal["missing", "forged"],
        head_file: Path,
    ) -> None:
        self._descriptor = descriptor
        self._key = key
        self._head_file = head_file
        self._anchored = anchored

    def safe(self, name: str, value: Detail) -> Detail:
        """A detail without personal data: texts are keyed unless they are known to be harmless."""
        if not isinstance(value, str):
            return value
        if isinstance(value, Plain):
            return str(value)
        if name in _OF_PEOPLE:
            return self.token(name, value)
        if value in _WORDS or _NUMBER.fullmatch(value):
            return value
        if name in _TIMES and _TIME.fullmatch(value):
            return value
        return self.token(name, value)

    def token(self, name: str, value: str) -> str:
        """A keyed token of a text; a member's is the same for `@olive` and `olive`."""
        return keyed_token(self._key, 1, name, value.lstrip("@#"))

    def append(self, action: Action, what: str, details: dict[str, Detail]) -> None:
        """Write an entry, then the head."""
        assert action in get_args(Action), f"{action} is no action"
        position = self._position()
        if isinstance(self._anchored, str):
            found: dict[str, Detail] = {"found": self._anchored}
            position = self._write(position, "keys", "head made anew", found)
        self._write(position, action, what, details)

    def last_policy(self) -> Entry | None:
        """The newest entry that tells the policy."""
        end = os.fstat(self._descriptor).st_size
        after = b""
        while end > 0:
            begin = max(0, end - _STEP)
            # some more, so that nothing is missed where two pieces meet
            piece = os.pread(self._descriptor, end - begin, begin) + after
            found = piece.rfind(_POLICY)
            while found >= 0:
                entry = self._genuine(self._line_at(begin + found))
                if entry is not None and entry.action == "policy":
                    return entry
                found = piece.rfind(_POLICY, 0, found)
            after, end = piece[: len(_POLICY)], begin
        return None

    def _line_at(self, place: int) -> bytes:
        """The line that holds a byte."""
        begin, piece = place, b""
        while begin > 0 and b"\n" not in piece:
            step = min(begin, _STEP)
            begin -= step
            piece = os.pread(self._descriptor, step, begin) + piece
        before = piece.rpartition(b"\n")[2]
        after, end = b"", place
        while b"\n" not in after and (more := os.pread(self._descriptor, _STEP, end)):
            after += more
            end += len(more)
        return before + after.partition(b"\n")[0]

    def _genuine(self, line: bytes) -> Entry | None:
        return _read(line) if _is_genuine(self._key, line) else None

    def _position(self) -> Head:
        """Where the next entry goes, and nothing half written stands before it.

        It is the head; or beyond it, after entries of a process that was killed before it could
        write the head. Where the log was cut, the next entry still follows the head: the gap
        shows for ever.
        """
        size = os.fstat(self._descriptor).st_size
        whole = self._end_of_lines(size)
        last = self._genuine(self._line_at(whole - 1)) if whole else None
        end = Head(last.number, last.chain) if last else _EMPTY
        if self._anchored == end and (last is not None or not whole):
            if whole < size:  # an entry that never was complete, and nothing was done after it
                os.ftruncate(self._descriptor, whole)
            return end
        if whole < size:
            self._put(b"\n")
        entries = filter(None, map(self._genuine, self._lines()))
        if isinstance(self._anchored, str):
            return max((Head(each.number, each.chain) for each in entries), default=_EMPTY)
        position = self._anchored
        for entry in entries:
            if entry.after == position.chain:
                position = Head(entry.number, entry.chain)
        return position

    def _lines(self) -> list[bytes]:
        size = os.fstat(self._descriptor).st_size
        with os.fdopen(os.dup(self._descriptor), "rb") as log:
            log.seek(0)
            return log.read(size).split(b"\n")

    def _end_of_lines(self, size: int) -> int:
        """Where the last whole line ends."""
        end = size
        while end > 0:
            begin = max(0, end - _STEP)
            newline = os.pread(self._descriptor, end - begin, begin).rfind(b"\n")
            if newline >= 0:
                return begin + newline + 1
            end = begin
        return 0

    def _write(self, position: Head, action: Action, what: str, details: dict[str, Detail]) -> Head:
        told: dict[str, Any] = {
            "number": position.number + 1,
            "at": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "actor": _actor(self._key),
            "action": action,
            "what": what if _WHAT.fullmatch(what) else self.token("what", what),
            "details": details,
            "after": position.chain,
        }
        body = msgspec.json.encode(told).removesuffix(b"}")
        head = Head(position.number + 1, _mac(self._key, "entry", body))
        # The head is prepared first: a full disk is met before the entry is there.
        prepared = _prepared_head(self._head_file, self._key, head)
        self._put(body + f',"chain":"{head.chain}"}}\n'.encode())
        os.replace(prepared, self._head_file)
        self._anchored = head
        return head

    def _put(self, line: bytes) -> None:
        """Append bytes, all of them or none."""
        size = os.lseek(self._descriptor, 0, os.SEEK_END)
        try:
            rest = line
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
            os.fsync(self._descriptor)
        except OSError:
            with contextlib.suppress(OSError):  # else the next entry puts it right
                os.ftruncate(self._descriptor, size)
            raise


def _mac(key: bytes, label: str, content: bytes) -> str:
    return hmac.digest(key, b"audit " + label.encode() + b"\0" + content, "sha256").hex()


def _actor(key: bytes) -> str:
    return keyed_token(key, 1, "operator", str(os.getuid()))


def _read(line: bytes) -> Entry | None:
    try:
        return msgspec.json.decode(line, type=Entry)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _is_genuine(key: bytes, line: bytes) -> bool:
    """Whether whoever wrote these very bytes had the key."""
    tail = _TAIL.fullmatch(line, max(0, len(line) - _TAIL_BYTES))
    if tail is None:
        return False
    mac = _mac(key, "entry", line[:-_TAIL_BYTES])
    return hmac.compare_digest(mac.encode(), tail[1])


def _prepared_head(file: Path, key: bytes, head: Head) -> Path:
    """A head on the disk that is not in force yet."""
    text = str(head).encode()
    prepared = file.with_name(f"{file.name}.new")
    descriptor = os.open(prepared, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as unfinished:
        unfinished.write(text + b" " + _mac(key, "head", text).encode() + b"\n")
        unfinished.flush()
        os.fsync(unfinished.fileno())
    return prepared


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _choices(policy: Policy, log: _Log) -> dict[str, Detail]:
    """A policy as details: of lists, how many they name, and a token of what."""
    told: dict[str, Detail] = {}
    for name, value in asdict(policy).items():
        if value is None or isinstance(value, str | int):
            told[name] = log.safe(name, value)
        elif isinstance(value, tuple | list | frozenset):
            items = sorted(map(str, cast("tuple[object, ...]", value)))
            told[name] = len(items)
            if items:
                told[f"{name}_token"] = log.token(name, "\0".join(items))
        else:
            told[name] = log.token(name, repr(value))
    return told


def _kept_head(text: str | None) -> Head | None:
    if text is None:
        return None
    found = _HEAD.search(text)
    if found is None:
        raise HubbubError(
            "That is no head of an audit log.",
            "It is what `hubbub audit verify` prints: a number, a colon, 64 hex digits.",
        )
    return Head(int(found[1]), found[2])


def _judged(
    key: bytes,
    lines: list[bytes],
    anchored: Head | Literal["missing", "forged"],
    kept: Head | None,
) -> Verdict:
    """What the lines of a log are; behind the end of the last one nothing should stand."""
    *whole, torn = lines or [b""]
    walk = _Walk()
    for line_number, line in enumerate(whole, 1):
        walk.take(line_number, _read(line) if _is_genuine(key, line) else None)
    strangers = walk.say_strangers()
    findings, chains, last = walk.findings, walk.chains, walk.last
    if isinstance(anchored, str):
        said = "is missing" if anchored == "missing" else "was not written by Hubbub"
        findings.append(
            problem("head", f"the head {said}: whether the end was cut, nobody can tell", _COMPARE)
        )
    elif anchored.number > last.number + strangers:
        missing = _numbers(last.number + strangers + 1, anchored.number)
        findings.append(
            problem(missing, "missing: the log was cut, or an older copy put in place", _COMPARE)
        )
    elif chains.get(anchored.number, anchored.chain) != anchored.chain:
        findings.append(
            problem(f"entry {anchored.number}", "is another one than the head says", _COMPARE)
        )
    elif anchored.number < last.number:
        findings.append(
            remark(
                _numbers(anchored.number + 1, last.number),
                "genuine, but not under the head yet: Hubbub was stopped at that moment",
                "Nothing; the next entry puts the head right.",
            )
        )
    if torn:
        findings.append(
            remark(
                "last line",
                "not whole, as a full disk or a stopped process leaves it; what an entry was to "
                "note was not done before it was whole",
                "Nothing; the next entry takes its place.",
            )
        )
    findings += _compared(chains, last, kept)
    return Verdict(len(chains), last, findings)


def _compared(chains: dict[int, str], last: Head, kept: Head | None) -> list[Finding]:
    """What a head that was kept elsewhere says of the log."""
    if kept is None or (kept == _EMPTY) or chains.get(kept.number) == kept.chain:
        return []
    if kept.number > last.number:
        found = f"the log ends at {last.number}: it was cut, or an older copy put in place"
    else:
        found = "the entry of that number is another one, or missing: the log was made anew"
    return [problem(f"kept head {kept.number}", found, _COMPARE)]


class _Walk:
    """Goes through the lines of a log, and notes what is not as it was written."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.chains: dict[int, str] = {}
        """Of the genuine entries, by number."""
        self.last = _EMPTY
        """The genuine entry with the highest number so far."""
        self._strangers: list[int] = []
        """Lines in a row that nobody with the key wrote."""

    def take(self, line: int, entry: Entry | None) -> None:
        """The next line."""
        if entry is None:
            self._strangers.append(line)
            return
        strangers = self.say_strangers()
        expected = self.last.number + 1
        if entry.number < expected:
            self._say(f"entry {entry.number}", f"stands again, or too late, in line {line}")
            if entry.number not in self.chains:
                self.chains[entry.number] = entry.chain
            return
        if entry.number - expected > strangers:
            where = _numbers(expected, entry.number - 1)
            self._say(where, f"missing before line {line}")
        elif entry.number == expected and entry.after != self.last.chain:
            self._say(f"entry {entry.number}", f"does not follow entry {self.last.number}")
        if entry.what == "head made anew" and entry.action == "keys":
            found = f"the head was {entry.details.get('found')} when it was written"
            self._say(f"entry {entry.number}", f"{found}: what stood before it may have been cut")
        self.chains[entry.number] = entry.chain
        self.last = Head(entry.number, entry.chain)

    def say_strangers(self) -> int:
        """Tell of the lines that nobody with the key wrote; returns how many they are."""
        count = len(self._strangers)
        if count:
            first, last = self._strangers[0], self._strangers[-1]
            where = f"line {first}" if first == last else f"lines {first}–{last}"
            self._say(where, "not as Hubbub wrote it: changed, or put in")
            self._strangers.clear()
        return count

    def _say(self, where: str, found: str) -> None:
        self.findings.append(problem(where, found, _COMPARE))


def _numbers(first: int, last: int) -> str:
    return f"entry {first}" if first == last else f"entries {first}–{last}"
