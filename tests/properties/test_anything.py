"""Any JSON in any field is read, or quarantined with a reason, and counted: nothing crashes, and
nothing vanishes."""

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from messy_slack import ANYTHING, Json, Part, examples
from quick_store import QuickStore, quick_store

from hubbub.core.batch import Batch, Envelope
from hubbub.flows.importing import import_archive
from hubbub.settings import Settings
from hubbub.slack.normalize import channel_ids, normalize
from hubbub.slack.values import canonical, canonical_each, micros_of_each, micros_of_ts

TS = "1500000000.000100"
_MESSAGE_FIELDS = (
    "type", "subtype", "ts", "user", "text", "thread_ts", "edited", "latest_reply", "reply_count",
    "reactions", "files", "file", "user_profile", "comment", "root", "bot_id", "username",
    "message", "previous_message", "original", "deleted_ts", "event_ts", "channel",
    "reply_broadcast", "blocks",
)  # fmt: skip
_USER_FIELDS = (
    "id",
    "name",
    "deleted",
    "profile",
    "updated",
    "tz",
    "is_bot",
    "team_id",
    "real_name",
)
_CHANNEL_FIELDS = ("id", "name", "created", "creator", "members", "topic", "purpose", "updated",
                   "is_private", "is_im", "is_channel")  # fmt: skip


def quietly(_what: str, _done: int, _total: int) -> None:
    """Show no progress."""


_NOTICES: tuple[Json, ...] = ({"subtype": "message_replied"}, {"message": {}})


def records(base: Json, fields: tuple[str, ...]) -> st.SearchStrategy[Any]:
    """Records some of whose fields hold anything; now and then anything in place of a record."""
    odd = st.dictionaries(st.sampled_from(fields), ANYTHING, max_size=4)
    kinds: st.SearchStrategy[Json] = st.sampled_from(
        (
            {},
            {"subtype": "message_changed"},
            {"subtype": "message_deleted"},
            {"subtype": "thread_broadcast"},
            {"subtype": "file_comment"},
            *_NOTICES,
        )
    )
    return st.tuples(kinds, odd).map(lambda both: {**base, **both[0], **both[1]}) | ANYTHING


MESSAGES = records({"type": "message", "ts": TS, "user": "U0CEDAR01", "text": "x"}, _MESSAGE_FIELDS)
USERS = records({"id": "U0CEDAR01", "name": "olive"}, _USER_FIELDS)
LISTED = records({"id": "C0ROOTS01", "name": "general", "members": []}, _CHANNEL_FIELDS)


def is_notice(record: Any) -> bool:
    """A message_replied, with its subtype or without."""
    if not isinstance(record, dict):
        return False
    fields = cast("Json", record)
    subtype: Any = fields.get("subtype")
    return fields.get("type", "message") in ("message", None) and (
        subtype == "message_replied" or ("message" in fields and not subtype)
    )


def is_accounted_for(batch: Batch, table: str, given_records: list[Any]) -> bool:
    """Whether each record is a row, in quarantine with a reason, or a notice; and only one."""
    quarantined = batch.rows["quarantine"]
    assert all(reason for _, _, reason, _ in quarantined)
    places = [place for _, place, _, _ in quarantined]
    assert len(set(places)) == len(places)
    told = (each for place, each in enumerate(given_records, 1) if place not in places)
    notices = sum(map(is_notice, told)) if table == "messages" else 0
    return batch.copies + len(quarantined) + notices == len(given_records)


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QuickStore]:
    """A store that stays open for all examples."""
    with quick_store(tmp_path_factory.mktemp("quick")) as opened:
        yield opened


@settings(max_examples=examples(8))
@given(st.lists(MESSAGES, max_size=4), st.booleans())
@example([{"type": []}], True)
@example([{"type": {}, "ts": TS}], False)
@example([{"ts": TS, "user": 10**30, "reply_count": -(10**30)}], True)
@example([{"ts": "9" * 400 + ".1"}, {"ts": "१.१"}, {"ts": ".1"}, {"ts": "1."}], True)
def test_messages_are_read_or_quarantined(given_records: list[Any], raw: bool) -> None:
    envelope = Envelope("messages", "day", json.dumps(given_records).encode(), "C0ROOTS01")
    batch = normalize([envelope], raw=raw)
    assert is_accounted_for(batch, "messages", given_records)
    assert len(batch.tables().get("messages", {"ts": ()})["ts"]) == batch.copies


@settings(max_examples=examples(4))
@given(st.lists(USERS, max_size=3), st.booleans())
@example([{"id": "U1", "updated": 1e308}], True)
def test_users_are_read_or_quarantined(given_records: list[Any], raw: bool) -> None:
    envelope = Envelope("users", "users.json", json.dumps(given_records).encode())
    assert is_accounted_for(normalize([envelope], raw=raw), "users", given_records)


@settings(max_examples=examples(4))
@given(st.lists(LISTED, max_size=3), st.booleans())
def test_channels_are_read_or_quarantined(given_records: list[Any], raw: bool) -> None:
    envelope = Envelope("channels", "channels.json", json.dumps(given_records).encode())
    batch = normalize([envelope], raw=raw)
    assert is_accounted_for(batch, "channels", given_records)
    assert {row[0] for row in batch.rows["channels"]} == {
        each for each, _, _ in channel_ids(envelope)
    }


@settings(max_examples=examples(4))
@given(
    st.binary(max_size=20) | ANYTHING.map(lambda value: json.dumps(value).encode()),
    st.sampled_from(("users", "channels", "messages", "events")),
)
@example(b"[" * 100_000, "messages")
@example(b'[{"ts":"1.1","x":' + b"[" * 995 + b"]" * 995 + b"}]", "messages")
@example(b"\xef\xbb\xbf[]", "users")
@example(b'[{"ts": "1.1", "text": "\\ud83d and \xff"}]', "messages")
@example(b"[1" + b"0" * 5000 + b"]", "messages")
def test_payloads_of_any_bytes_are_read_or_quarantined(payload: bytes, kind: str) -> None:
    batch = normalize([Envelope(kind, "file", payload, "C0ROOTS01")], raw=True)
    assert all(reason for _, _, reason, _ in batch.rows["quarantine"])


@given(
    st.lists(USERS, max_size=2),
    st.lists(LISTED, max_size=2),
    st.lists(MESSAGES, max_size=4),
    st.sampled_from(("open", "standard", "strict")),
)
def test_what_was_read_can_be_stored(
    quick: QuickStore, users: list[Any], channels: list[Any], messages: list[Any], preset: str
) -> None:
    quick.clear()
    part = Part(users, channels, {"general/1.json": messages})
    quick.take(part, preset)
    before = quick.tables()
    again = quick.take(part, preset)
    assert (again.added, again.updated) == (0, 0)
    assert quick.tables() == before


def _export(folder: Path, messages: list[Any]) -> None:
    (folder / "general").mkdir(parents=True)
    (folder / "users.json").write_text("[]")
    (folder / "channels.json").write_text('[{"id": "C0ROOTS01", "name": "general"}]')
    (folder / "general/1.json").write_text(json.dumps(messages))


def _pages(folder: Path, messages: list[Any]) -> None:
    folder.mkdir(parents=True)
    page = {"ok": True, "messages": messages, "has_more": False}
    (folder / "C0ROOTS01.json").write_text(json.dumps(page))


def _dump(folder: Path, messages: list[Any]) -> None:
    folder.mkdir(parents=True)
    dump = {"channel_id": "C0ROOTS01", "name": "general", "messages": messages}
    (folder / "C0ROOTS01.json").write_text(json.dumps(dump))


def _chunks(folder: Path, messages: list[Any]) -> None:
    folder.mkdir(parents=True)
    lines = [{"t": 5, "id": "C0ROOTS01", "ci": {"id": "C0ROOTS01", "is_channel": True}},
             {"t": 0, "id": "C0ROOTS01", "m": messages}]  # fmt: skip
    packed = gzip.compress("\n".join(map(json.dumps, lines)).encode())
    (folder / "C0ROOTS01.json.gz").write_bytes(packed)


def _events(folder: Path, messages: list[Any]) -> None:
    folder.mkdir(parents=True)
    lines = [{"type": "hello"}, *messages]
    (folder / "log.txt").write_text("\n".join(map(json.dumps, lines)) + "\n\n")


@settings(max_examples=examples(0.1))
@given(messages=st.lists(MESSAGES, max_size=6))
@pytest.mark.parametrize("write", [_export, _pages, _dump, _chunks, _events])
def test_whole_archives_of_anything(
    tmp_path_factory: pytest.TempPathFactory,
    write: Callable[[Path, list[Any]], None],
    messages: list[Any],
) -> None:
    home = tmp_path_factory.mktemp("home")
    write(home / "archive", messages)
    report = import_archive(
        Settings(home, "grove", privacy={"preset": "open"}), home / "archive", quietly
    )
    kind, channel = ("events", None) if write is _events else ("messages", "C0ROOTS01")
    envelope = Envelope(kind, "", json.dumps(messages).encode(), channel)
    expected = normalize([envelope], raw=True)
    hello = int(write is _events)
    assert report.quarantined == len(expected.rows["quarantine"]) + hello
    read = expected.tables().get("messages", {"channel_id": (), "ts": ()})
    keys = {*zip(read["channel_id"], read["ts"], strict=True)}
    assert report.rows.get("messages", 0) + report.left_out >= len(keys)


@given(
    st.lists(
        st.sampled_from(
            (TS, "1500000060.000200", "0500000000.000100", "150000000.0000100", "1,5.2")
        )
        | st.from_regex(r"\A[0-9,.]{17}\Z")
        | ANYTHING,
        max_size=4,
    )
)
@example([TS, "1500000060.000200"])
@example(["1500000000.0001", "001500000060.000200"])
@example(["150000000१.000100"])
def test_many_ts_at_once_are_read_as_one_by_one(many: list[Any]) -> None:
    one_by_one = [micros_of_ts(ts) for ts in many]
    assert micros_of_each(many) in (None, one_by_one)
    if all(ts in (TS, "1500000060.000200") for ts in many):
        assert micros_of_each(many) == one_by_one


@given(st.lists(st.dictionaries(st.text(max_size=4), ANYTHING, max_size=3), min_size=1, max_size=4))
@example([{"text": "a\nb\u2028\x85\r\n"}])
def test_canonical_json_is_the_same_together_and_alone(many: list[Json]) -> None:
    assert [*canonical_each(many)] == [canonical(each) for each in many]
