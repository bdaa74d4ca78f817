"""The one path without its frame: envelopes are read with a simple template, pass a gate, and are
merged into a store that each example begins empty."""

import json
import re
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from hubbub.core.batch import Envelope
from hubbub.core.tables import RECORD_VALUES, RECORDS
from hubbub.flows.reading import Reader
from hubbub.privacy.gate import Channel, Gate
from hubbub.privacy.keys import Keys
from hubbub.privacy.policy import policy_of
from hubbub.privacy.scrub import Scrubber
from hubbub.records.reading import Post, Reading, Record, Value
from hubbub.records.templates import Templates
from hubbub.stores import duckdb as store
from tests.emptied_store import EmptiedStore, Rows

KEYS = Keys((b"k" * 32,), 1, b"s" * 32)
CHANNELS = {"C1": Channel("porch", "public"), "C2": Channel("shed", "public")}
_PART = re.compile(r"<@(U\w+)>|(\d+)|([A-Za-z]+)")


class Rota(Templates):
    """Reads each line that begins with a word as a record: its tags, numbers and names."""

    def __init__(self, word: str, name: str = "rota") -> None:
        super().__init__(Path("no-pack"))
        self._word, self._name = word, name

    def candidates(
        self, texts: Sequence[str], channel_ids: Sequence[str], names: Mapping[str, str | None]
    ) -> set[int]:
        return {place for place, text in enumerate(texts) if self._word in text}

    def read(self, post: Post) -> list[Record]:
        lines = [each for each in post.text.splitlines() if each.startswith(self._word)]
        return [self._record(place, line) for place, line in enumerate(lines)]

    def _record(self, place: int, line: str) -> Record:
        said = line.removeprefix(self._word)
        found = [value_of(*each.groups()) for each in _PART.finditer(said)]
        who = tuple(each for each in found if each.kind != "count")
        counts = tuple(each for each in found if each.kind == "count")
        readings = [Reading("who", who, said, 100)] if who else []
        doubt = None if counts else "missing"
        readings.append(Reading("count", counts, said if counts else "", 90, doubt))
        return Record(self._name, place, tuple(readings), "good" if counts else "doubtful")


def value_of(member: str | None, number: str | None, name: str | None) -> Value:
    if member:
        return Value("member", member_id=member)
    return Value("count", number=int(number)) if number else Value("name", name=name)


def expected_rows(reader: Templates, said: dict[tuple[str, str], str]) -> tuple[Rows, Rows]:
    """The rows of both tables for messages by channel and ts, written out apart from the path."""
    records: Rows = []
    values: Rows = []
    for (channel_id, ts), text in said.items():
        post = Post(text, 0, ZoneInfo("UTC"), channel_id)
        for record in reader.read(post):
            records.append((channel_id, ts, record.place, record.template, record.status))
            for reading in record.readings:
                empty: list[Value | None] = [None]
                for position, value in enumerate([*reading.values] or empty):
                    values.append((
                        channel_id, ts, record.place, reading.field, position,
                        value and value.kind, value and value.member_id, value and value.name,
                        value and value.number, reading.doubt,
                    ))  # fmt: skip
    return sorted(records, key=repr), sorted(values, key=repr)


class Store(EmptiedStore):
    """Takes envelopes that are read with given templates."""

    def take(
        self, templates: Templates, envelopes: Sequence[Envelope], preset: str = "open"
    ) -> None:
        """Merge some envelopes, as they come in one piece of work."""
        chosen = {"only_channels": None} if preset == "strict" else {}
        gate = Gate(policy_of(preset, **chosen), CHANNELS, KEYS, Scrubber())
        batch = Reader(templates, ZoneInfo("UTC")).read(envelopes, gate)
        assert not batch.rows["quarantine"], batch.rows["quarantine"]
        self.merge([gate.admit(batch)])
        self.forget_inputs()

    def said(self) -> dict[tuple[str, str], str]:
        """The texts of messages that are not deleted, by channel and ts."""
        found = self.query(
            "SELECT channel_id, ts, text FROM store.messages WHERE deleted_at IS NULL"
        )
        return {(channel_id, ts): text for channel_id, ts, text in found}

    def rows(self) -> tuple[Rows, Rows]:
        """The rows of both tables, as `expected_rows` writes them."""
        records = self.query("SELECT channel_id, ts, place, template, status FROM store.records")
        values = self.query(
            "SELECT channel_id, ts, place, field, position, kind, member_id, name, number, doubt "
            "FROM store.record_values"
        )
        return sorted(records, key=repr), sorted(values, key=repr)

    def everything(self) -> tuple[Rows, Rows]:
        """All columns of both tables, as text."""
        records, values = (
            self.query(f"SELECT COLUMNS(*)::VARCHAR FROM store.{table.name}")
            for table in (RECORDS, RECORD_VALUES)
        )
        return sorted(records, key=repr), sorted(values, key=repr)


@contextmanager
def opened(folder: Path) -> Generator[Store]:
    """A store in a folder, open for all examples of a test."""
    with store.writing(folder / "store.duckdb") as connection:
        yield Store(connection, folder)


def messages(*found: dict[str, Any], channel: str = "C1", at: int | None = None) -> Envelope:
    """Some messages as a page of history has them."""
    return Envelope("messages", "page", json.dumps(found).encode(), channel, observed_at=at)
