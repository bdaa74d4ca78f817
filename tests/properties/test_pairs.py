"""Pairs of copies that are hard to settle: one after the other, in either order, and at once."""

from collections.abc import Iterator
from itertools import permutations

import pytest
from messy_slack import CHANNELS, Json, Part
from quick_store import QuickStore, quick_store

pytestmark = pytest.mark.long

PRESETS = ["open", pytest.param("standard", marks=pytest.mark.soak), "strict"]
"""How copies are told apart: by Slack's JSON, or by digests of it."""

TS = "1500000000.000100"
PLAIN = {"type": "message", "ts": TS, "user": "U0CEDAR01", "text": "hello"}
GENERAL, OTHER = CHANNELS
_DELETED = {"type": "message", "subtype": "message_deleted", "ts": "1500200000.000000",
            "deleted_ts": TS}  # fmt: skip
_TOMBSTONE = {"type": "message", "subtype": "tombstone", "user": "USLACKBOT", "ts": TS,
              "hidden": True, "text": "This message was deleted."}  # fmt: skip
_CHANGED = {"type": "message", "subtype": "message_changed", "ts": "1500100000.000000"}
_THUMB = [{"name": "+1", "users": ["U0CEDAR02"], "count": 3}]

MESSAGES: dict[str, list[Json]] = {
    "another text of as many words": [PLAIN, {**PLAIN, "text": "ahoy!"}],
    "other reactions": [{**PLAIN, "reactions": _THUMB}, {**PLAIN, "reactions": []}],
    "a change that says nothing of reactions": [
        {**PLAIN, "reactions": _THUMB}, {**_CHANGED, "message": PLAIN},
        {**PLAIN, "reactions": _THUMB * 2, "edited": {"ts": "1500000001.000000"}},
    ],
    "another user of a comment": [
        {"type": "message", "ts": TS, "subtype": "file_comment", "comment": {"user": user}}
        for user in ("U0CEDAR01", "U0CEDAR02")
    ],
    "another root of a broadcast": [
        {**PLAIN, "subtype": "thread_broadcast", "root": {"ts": f"149999999{digit}.000100"}}
        for digit in "12"
    ],
    "another scheme of a link": [
        {**PLAIN, "text": "<mailto:555>"}, {**PLAIN, "text": "<callto:555>"},
    ],
    "a deletion with and without its message": [
        _DELETED, {**_DELETED, "previous_message": PLAIN},
        {**_DELETED, "ts": "1500200001.000000", "previous_message": {**PLAIN, "thread_ts": TS}},
    ],
    "a deletion and a tombstone": [{**_DELETED, "previous_message": PLAIN}, _TOMBSTONE],
    "a deletion of an edited message, and its tombstone": [
        {**_DELETED, "previous_message": {**PLAIN, "edited": {"ts": "1500000009.000000"}}},
        _TOMBSTONE,
    ],
    "a deletion and copies": [
        _DELETED, PLAIN, {**PLAIN, "text": "ahoy!", "reactions": _THUMB}, _TOMBSTONE,
    ],
    "two tombstones": [_TOMBSTONE, {**_CHANGED, "message": {**_TOMBSTONE, "thread_ts": TS}}],
    "a file that is gone": [
        {**PLAIN, "files": [{"id": "F1", "mode": "hosted", "created": 1500000000, "name": "a"}]},
        {**PLAIN, "files": [{"id": "F1", "mode": "tombstone"}]},
        {**PLAIN, "files": [{"id": "F1", "mode": "hidden_by_limit"}]},
    ],
    "another profile of the author": [
        {**PLAIN, "user": "U0CEDAR09", "user_profile": {"real_name": name}} for name in "ab"
    ],
}  # fmt: skip

USERS: dict[str, list[Json]] = {
    "another team": [{"id": "U1", "team_id": "T1"}, {"id": "U1", "team_id": "T2"}],
    "another e-mail": [{"id": "U1", "profile": {"email": email}} for email in ("a@b.c", "b@b.c")],
    "a stub": [{"id": "U1", "name": "olive", "tz": "Asia/Seoul"},
               {"id": "U1", "name": "olive", "deleted": True, "profile": {}}],
    "a handle that changes hands": [
        {"id": "U1", "name": "olive", "updated": 1}, {"id": "U1", "name": "bram", "updated": 2},
        {"id": "U2", "name": "olive", "updated": 3},
    ],
}  # fmt: skip

LISTED: dict[str, list[Json]] = {
    "other members": [
        {"id": GENERAL, "name": "general", "members": ["U1"]},
        {"id": GENERAL, "name": "general", "members": ["U2"]},
    ],
    "another name, and no members": [
        {"id": GENERAL, "name": "general", "members": ["U1"]},
        {"id": GENERAL, "name": "soil", "topic": {"value": "x", "last_set": 1500000000}},
    ],
}


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QuickStore]:
    """A store that stays open for all pairs."""
    with quick_store(tmp_path_factory.mktemp("quick")) as opened:
        yield opened


def _in_any_order(quick: QuickStore, parts: list[Part], preset: str) -> None:
    users, channels, messages = list[Json](), list[Json](), list[Json]()
    for part in parts:
        users += part.users
        channels += part.channels
        messages += part.days.get("general/1.json", [])
    once = quick.imported([Part(users, channels, {"general/1.json": messages})], preset)
    orders = list(permutations(parts))[:6]
    # what the presets differ in is how copies of equal age are told apart: both ways show it
    for order in orders if preset == "open" else (orders[0], orders[-1]):
        assert quick.imported((*order, order[0]), preset) == once


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("name", MESSAGES)
def test_copies_of_a_message(quick: QuickStore, name: str, preset: str) -> None:
    parts = [Part(days={"general/1.json": [message]}) for message in MESSAGES[name]]
    _in_any_order(quick, parts, preset)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("name", USERS)
def test_copies_of_a_user(quick: QuickStore, name: str, preset: str) -> None:
    speaking = {"general/1.json": [{**PLAIN, "user": "olive"}]}
    _in_any_order(quick, [Part(users=[user], days=speaking) for user in USERS[name]], preset)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("name", LISTED)
def test_copies_of_a_channel(quick: QuickStore, name: str, preset: str) -> None:
    _in_any_order(quick, [Part(channels=[channel]) for channel in LISTED[name]], preset)


def test_a_change_without_reactions_leaves_their_number_too(quick: QuickStore) -> None:
    """Definitions: a change event without reactions says nothing of them; `count` above the named
    members is kept as `unnamed` on the message."""
    records = [{**PLAIN, "reactions": _THUMB}, {**_CHANGED, "message": {**PLAIN, "text": "new"}}]
    quick.imported([Part(days={"general/1.json": records})], "open")
    assert quick.query("SELECT text, unnamed FROM store.messages") == [("new", 2)]
    assert quick.query("SELECT user_id, name FROM store.reactions") == [("U0CEDAR02", "+1")]


def test_a_deletion_makes_no_row_where_a_tombstone_does(quick: QuickStore) -> None:
    """Definitions: message_deleted makes a row only if the message is nowhere else."""
    before = {**PLAIN, "edited": {"user": "U0CEDAR01", "ts": "1500000009.000000"}}
    records = [_TOMBSTONE, {**_DELETED, "previous_message": before}]
    quick.imported([Part(days={"general/1.json": records})], "open")
    found = quick.query("SELECT user_id, subtype, epoch(deleted_at) FROM store.messages")
    assert found == [("USLACKBOT", "tombstone", 1500200000)]


def test_a_name_that_the_directory_resolves_is_one_member_under_each_preset(
    quick: QuickStore,
) -> None:
    """Definitions: a directory name in place of an id is resolved."""
    named = {**PLAIN, "ts": "1500000001.000100", "user": "olive"}
    part = Part([{"id": "U0CEDAR01", "name": "olive"}], [], {"general/1.json": [PLAIN, named]})
    for preset in ("open", "standard", "strict"):
        quick.imported([part], preset)
        assert quick.query("SELECT count(DISTINCT user_id) FROM store.messages") == [(1,)], preset


def test_what_was_known_of_reactions_goes_with_the_message(quick: QuickStore) -> None:
    """Definitions: a deleted message's text goes; also from what settles between copies."""
    records = [
        {**PLAIN, "text": "secret", "reactions": _THUMB, "edited": {"ts": "1500000009.000000"}},
        {**_CHANGED, "message": {**PLAIN, "text": "never mind"}},
        _DELETED,
    ]
    quick.imported([Part(days={"general/1.json": records})], "open")
    assert quick.query("SELECT m FROM store.messages m WHERE m::VARCHAR LIKE '%secret%'") == []
