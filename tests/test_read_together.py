"""What is read of many messages at once is what is read of each of them alone."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.core.batch import Envelope, Lines
from hubbub.privacy.gate import Channel, Gate
from hubbub.privacy.policy import policy_of
from hubbub.slack.normalize import normalize
from hubbub.slack.reactions import read_reactions

GATE = Gate(policy_of("open"), {"C1": Channel("general", "public")})
_odd = st.sampled_from([None, "", 0, 7, 2.0, -1, True, 10**30, "3", [], {}, ["U1"], {"x": 1}])
_users = st.lists(st.sampled_from(["U1", "U2", "U3"]), max_size=4) | st.lists(_odd, max_size=3)
_reaction = st.fixed_dictionaries({}, optional={
    "name": st.sampled_from(["tada", "+1", "clap::skin-tone-3"]) | _odd,
    "users": _users | _odd,
    "count": st.integers(0, 5) | _odd,
    "url": _odd,
})  # fmt: skip
_reactions = st.lists(_reaction | _odd, max_size=4) | _odd


def a_reaction(**fields: Any) -> dict[str, Any]:
    """A reaction as Slack writes it."""
    return {"name": "tada", "users": ["U1", "U2"], "count": 2, **fields}


def said(number: int, **fields: Any) -> dict[str, Any]:
    """A message; no two have the same number."""
    return {"type": "message", "ts": f"15000000{number:02}.000100", "user": "U1", **fields}


def reactions_of(messages: list[dict[str, Any]]) -> tuple[list[Any], list[int]]:
    """The rows of reactions, without copy numbers, and how many each message does not name."""
    batch = normalize([Envelope("messages", "x", json.dumps(messages).encode(), "C1")], raw=True)
    rows = sorted(row[:-1] for row in batch.rows.get("reactions", []))
    return rows, [*batch.columns["messages"]["unnamed"]]


@given(st.lists(_reactions, min_size=1, max_size=6))
def test_reactions_are_read_alike_together_and_alone(found: list[Any]) -> None:
    messages = [said(number, reactions=each) for number, each in enumerate(found)]
    alone = [reactions_of([message]) for message in messages]
    together = reactions_of(messages)
    assert together[0] == sorted(row for rows, _ in alone for row in rows)
    assert together[1] == [unnamed for _, each in alone for unnamed in each]


@pytest.mark.parametrize(
    ("odd", "users", "unnamed"),
    [
        (a_reaction(), {"U1", "U2"}, 0),
        (a_reaction(count=5), {"U1", "U2"}, 3),
        (a_reaction(count="5"), {"U1", "U2"}, 3),
        (a_reaction(count=2.0), {"U1", "U2"}, 0),
        (a_reaction(count=1), {"U1", "U2"}, 0),
        (a_reaction(users=["U1", "", None, "U1"]), {"U1"}, 1),
        (a_reaction(users=None), set[str](), 2),
        (a_reaction(users="U1"), set[str](), 2),
    ],
)
def test_a_reaction_is_read_by_hand(odd: Any, users: set[str], unnamed: int) -> None:
    rows, counts = reactions_of([said(1, reactions=[a_reaction()]), said(2, reactions=[odd])])
    assert {row[2] for row in rows if row[1].startswith("1500000002")} == users
    assert {row[2] for row in rows if row[1].startswith("1500000001")} == {"U1", "U2"}
    assert counts == [0, unnamed]


def test_reactions_without_a_name_are_left_out_and_others_of_the_message_stay() -> None:
    (found,) = read_reactions([[a_reaction(name=""), a_reaction(name=7), "x", a_reaction()]])
    assert [each.name for each in found] == ["7", "tada"]


def canonical(message: dict[str, Any]) -> str:
    """Canonical JSON, by Python's own encoder."""
    return json.dumps(message, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


_texts = st.text(st.characters(codec="utf-8"), max_size=20) | st.sampled_from(["\n", "\r\n", "🔥"])


@given(texts=st.lists(_texts, min_size=1, max_size=6), is_one_gone=st.booleans())
def test_each_row_has_the_json_of_its_own_message(texts: list[str], *, is_one_gone: bool) -> None:
    messages = [said(number, text=text) for number, text in enumerate(texts)]
    stored: list[str | None] = [canonical(message) for message in messages]
    if is_one_gone:  # known from its deletion only: of it there is no JSON
        gone = {"type": "message", "subtype": "message_deleted", "ts": "1500000099.000100"}
        messages.append({**gone, "deleted_ts": "1500000098.000100"})
        stored.append(None)
    batch = normalize([Envelope("messages", "x", json.dumps(messages).encode(), "C1")], raw=True)
    rows = GATE.admit(batch).tables["messages"]
    assert rows["canonical"].to_pylist() == stored
    assert [value and value.decode() for value in batch.columns["messages"]["canonical"]] == stored


def test_lines_are_a_sequence() -> None:
    lines = Lines(b'{"a":1}\n{}\n')
    assert (len(lines), lines[1], lines[-2:], [*lines]) == (2, b"{}", [b'{"a":1}', b"{}"],
                                                            [b'{"a":1}', b"{}"])  # fmt: skip
    assert (len(Lines(b"")), [*Lines(b"")]) == (0, [])
