"""What slackdump writes beside exports: dumps, chunk archives and SQLite archives.

Source: slack-platform §6.2. All hold Slack's own objects; the frames around them are slackdump's.
A message may come in several chunks: each is a copy, and the merge settles them.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from hubbub.core.batch import Envelope
from hubbub.core.ports import Archive, Part
from hubbub.errors import Unreadable
from hubbub.slack.values import is_record, items
from hubbub.sources.containers import Container, Folder, gunzipped

_SQLITE = b"SQLite format 3\0"
_CHUNKED = ".json.gz"
_ROWS = 20_000


def recognise(container: Container) -> Archive | None:
    """A dump, a chunk archive or a SQLite archive."""
    names = container.sizes
    if any(name.endswith(_CHUNKED) for name in names):
        return Chunks(container)
    databases = [name for name in names if name.endswith((".sqlite", ".sqlite3", ".db"))]
    for name in databases:
        if isinstance(container, Folder) and container.read(name).startswith(_SQLITE):
            return Database(container.root / name)
    if dumps := tuple(name for name in names if _is_dump(container, name)):
        return Dump(container, dumps)
    return None


def _is_dump(container: Container, name: str) -> bool:
    if "/" in name or not name.endswith(".json"):
        return False
    opening = container.read(name)[:4096]
    return opening.lstrip().startswith(b"{") and b'"channel_id"' in opening


class Dump(Struct, frozen=True):
    """A file a conversation, replies nested under their roots."""

    container: Container
    names: tuple[str, ...]
    title: str = "slackdump dump"

    @property
    def lists_channels(self) -> bool:
        """Whether a list of channels lies beside the dumps."""
        return "channels.json" in self.container.sizes

    def directory(self) -> Iterator[Envelope]:
        """Users and channels, where they were dumped too, and what the dumps say of themselves."""
        for kind in ("users", "channels"):
            if f"{kind}.json" in self.container.sizes:
                yield Envelope(kind, f"{kind}.json", self.container.read(f"{kind}.json"))
        told = [self._conversation(name) for name in self.names]
        channels = [{"id": each["channel_id"], "name": each.get("name")} for each in told]
        yield Envelope("channels", "dumps", msgspec.json.encode(channels))

    def parts(self) -> Sequence[Part]:
        """A part a conversation."""
        return [Part(name, self.container.sizes[name]) for name in self.names]

    def read(self, part: Part) -> Iterator[Envelope]:
        """The roots, each followed by its replies."""
        content = self._conversation(part.name)
        found: list[Any] = []
        for message in items(content.get("messages")):
            found.append(message)
            if is_record(message):
                found.extend(items(message.pop("slackdump_thread_replies", None)))
        payload = msgspec.json.encode(found)
        yield Envelope("messages", part.name, payload, content["channel_id"])

    def _conversation(self, name: str) -> dict[str, Any]:
        try:
            return msgspec.json.decode(self.container.read(name))
        except msgspec.DecodeError as error:
            raise Unreadable(
                f"{name} in {self.container.path} is damaged: {error}",
                "Dump that conversation again.",
            ) from error


_NOTHING = msgspec.Raw(b"null")


class _Chunk(msgspec.Struct):
    """A line of a chunk file; the names of its fields are slackdump's."""

    t: int = -1
    id: str | None = None
    m: list[msgspec.Raw] | None = None
    p: msgspec.Raw = _NOTHING
    u: list[msgspec.Raw] | None = None
    ch: list[msgspec.Raw] | None = None
    ci: msgspec.Raw = _NOTHING
    cu: list[str] | None = None


_decode_chunk = msgspec.json.Decoder(_Chunk).decode


class Chunks(Struct, frozen=True):
    """Gzipped lines: users, channels, and pages of messages and threads."""

    container: Container
    title: str = "slackdump chunk archive"
    lists_channels: bool = True

    def directory(self) -> Iterator[Envelope]:
        """Users and channels of all files."""
        for name in self._names():
            for number, chunk in self._chunks(name):
                origin = f"{name}:{number}"
                if chunk.u:
                    yield Envelope("users", origin, _array(chunk.u))
                if chunk.ch:
                    yield Envelope("channels", origin, _array(chunk.ch))
                if chunk.ci != _NOTHING:
                    yield Envelope("channels", origin, _array([chunk.ci]))
                if chunk.cu is not None and chunk.id:
                    yield Envelope("channels", origin, _members(self._info(name), chunk.cu))

    def parts(self) -> Sequence[Part]:
        """A part a file."""
        return [Part(name, self.container.sizes[name] * 8) for name in self._names()]

    def read(self, part: Part) -> Iterator[Envelope]:
        """Pages of messages, and threads with their roots."""
        for number, chunk in self._chunks(part.name):
            found = [*([] if chunk.p == _NOTHING else [chunk.p]), *(chunk.m or [])]
            if found:
                origin = f"{part.name}:{number}"
                yield Envelope("messages", origin, _array(found), chunk.id)

    def _names(self) -> list[str]:
        return [name for name in self.container.sizes if name.endswith(_CHUNKED)]

    def _info(self, name: str) -> dict[str, Any]:
        """The channel of a file, as far as the file describes it."""
        for _, chunk in self._chunks(name):
            if chunk.ci != _NOTHING:
                return msgspec.json.decode(chunk.ci)
        return {"id": Path(name).name.removesuffix(_CHUNKED)}

    def _chunks(self, name: str) -> Iterator[tuple[int, _Chunk]]:
        lines = gunzipped(
            self.container.read(name), f"{name} in {self.container.path}"
        ).splitlines()
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield number, _chunk(line)


def _chunk(line: bytes) -> _Chunk:
    """A line's chunk; one that cannot be decoded is a page that will be quarantined."""
    try:
        return _decode_chunk(line)
    except msgspec.MsgspecError:
        return _Chunk(m=[_NOTHING])


def _array(items: list[msgspec.Raw]) -> bytes:
    return b"[" + b",".join(bytes(item) for item in items) + b"]"


def _members(channel: dict[str, Any], members: list[str]) -> bytes:
    return msgspec.json.encode([{**channel, "members": members}])


_QUERIES = {
    "users": "SELECT DATA FROM S_USER ORDER BY CHUNK_ID, IDX",
    "channels": "SELECT DATA FROM CHANNEL ORDER BY CHUNK_ID, IDX",
}


class Database(Struct, frozen=True):
    """slackdump's default: a SQLite file with Slack's objects as JSON."""

    path: Path
    title: str = "slackdump archive"
    lists_channels: bool = True

    def directory(self) -> Iterator[Envelope]:
        """Users, channels, and the channels' members."""
        with self._open() as database:
            for kind, query in _QUERIES.items():
                items = [msgspec.Raw(row[0]) for row in database.execute(query)]
                yield Envelope(kind, f"{self.path.name}:{kind}", _array(items))
            members: dict[str, list[str]] = {}
            for channel, member in database.execute("SELECT CHANNEL_ID, ID FROM CHANNEL_USER"):
                members.setdefault(channel, []).append(member)
            channels = database.execute("SELECT ID, DATA FROM CHANNEL ORDER BY CHUNK_ID").fetchall()
        for channel_id, channel in channels:
            if channel_id in members:
                payload = _members(msgspec.json.decode(channel), members[channel_id])
                yield Envelope("channels", f"{self.path.name}:members", payload)

    def parts(self) -> Sequence[Part]:
        """A part a conversation."""
        query = "SELECT CHANNEL_ID, sum(length(DATA)) FROM MESSAGE GROUP BY 1 ORDER BY 1"
        with self._open() as database:
            return [Part(channel, size, channel) for channel, size in database.execute(query)]

    def read(self, part: Part) -> Iterator[Envelope]:
        """The conversation's messages, all copies of them."""
        query = "SELECT DATA FROM MESSAGE WHERE CHANNEL_ID = ? ORDER BY CHUNK_ID, IDX"
        with self._open() as database:
            rows = database.execute(query, (part.channel_id,))
            while found := rows.fetchmany(_ROWS):
                payload = _array([msgspec.Raw(row[0]) for row in found])
                yield Envelope("messages", part.name, payload, part.channel_id)

    def _open(self) -> closing[sqlite3.Connection]:
        try:
            database = sqlite3.connect(f"file:{self.path}?mode=ro&immutable=1", uri=True)
            database.execute("SELECT 1 FROM MESSAGE LIMIT 1")
        except sqlite3.Error as error:
            raise Unreadable(
                f"{self.path} is no archive by slackdump: {error}",
                "Check the file with: slackdump tools info",
            ) from error
        return closing(database)
