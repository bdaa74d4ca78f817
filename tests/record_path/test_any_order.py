"""Copies of messages in any order, cut into any merges: the records are the winner's."""

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hubbub.core.batch import Envelope
from tests.record_path.shortened import Rota, Store, expected_rows, messages, opened

pytestmark = pytest.mark.long

MOMENTS = ("1500000000.000100", "1500000060.000200")
EDITS = (None, "1500100001.000000", "1500100002.000000")
LINES = ("rota <@U1> Olive 3", "rota Bram", "rota 4 <@U2> <@U1>", "rota 5 <@U2> <@U1>",
         "duty Wren 1", "duty 2", "nothing here", "")  # fmt: skip
"""Some are alike in length and differ in what they say: copies of equal age are settled by it."""


def examples(share: float) -> int:
    """So many times the examples that the chosen profile asks for."""
    return int(settings().max_examples * share)


TEXTS = st.lists(st.sampled_from(LINES), min_size=1, max_size=3).map("\n".join)
ROTA, DUTY = Rota("rota"), Rota("duty", "duty")


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with opened(tmp_path_factory.mktemp("quick")) as found:
        yield found


@st.composite
def copies(draw: st.DrawFn) -> Envelope:
    """A copy of a message: itself, the event of its edit, or of its deletion."""
    ts, channel = draw(st.sampled_from(MOMENTS)), draw(st.sampled_from(("C1", "C2")))
    message: dict[str, Any] = {"type": "message", "user": "U1", "ts": ts, "text": draw(TEXTS)}
    edit = draw(st.sampled_from(EDITS))
    if edit is not None:
        message["edited"] = {"user": "U1", "ts": edit}
    what = draw(st.integers(0, 7))
    event: dict[str, Any] = {"type": "message", "channel": channel, "hidden": True}
    if what == 0:
        event |= {"subtype": "message_deleted", "ts": "1500200000.000000", "deleted_ts": ts}
    elif what < 3:
        at = draw(st.sampled_from(("1500100001.500000", "1500100003.000000")))
        event |= {"subtype": "message_changed", "ts": at, "message": message}
    else:
        return messages(message, channel=channel)
    return Envelope("messages", "events", json.dumps([event]).encode(), channel)


def arrive(
    quick: Store, templates: Rota, found: list[Envelope], cuts: list[int], preset: str = "open"
) -> None:
    places = [0, *sorted({cut % (len(found) + 1) for cut in cuts}), len(found)]
    for begin, end in pairwise(places):
        if begin < end:
            quick.take(templates, found[begin:end], preset)


CUTS = st.lists(st.integers(0, 12), max_size=6)
SEVERAL = st.lists(copies(), min_size=1, max_size=7)


@settings(max_examples=examples(0.4))
@given(SEVERAL, CUTS)
def test_records_are_those_of_the_text_that_stayed(
    quick: Store, found: list[Envelope], cuts: list[int]
) -> None:
    quick.clear()
    arrive(quick, ROTA, found, cuts)
    assert quick.rows() == expected_rows(ROTA, quick.said())


@settings(max_examples=examples(0.4))
@given(st.data(), SEVERAL, CUTS, st.sampled_from(("standard", "strict")))
def test_the_order_of_arrival_does_not_matter_where_no_text_is_whole(
    quick: Store, data: st.DataObject, found: list[Envelope], cuts: list[int], preset: str
) -> None:
    quick.clear()
    quick.take(ROTA, found, preset)
    together = quick.everything()
    again = data.draw(st.permutations([*found, *data.draw(st.lists(st.sampled_from(found)))]))
    quick.clear()
    arrive(quick, ROTA, again, cuts, preset)
    assert quick.everything() == together


@settings(max_examples=examples(0.4))
@given(st.data(), SEVERAL, CUTS, st.sampled_from(("open", "standard", "strict")))
def test_history_that_is_read_again_has_the_records_of_the_new_template(
    quick: Store, data: st.DataObject, found: list[Envelope], cuts: list[int], preset: str
) -> None:
    quick.clear()
    quick.take(DUTY, found, preset)
    afresh = quick.everything()
    quick.clear()
    arrive(quick, ROTA, found, cuts, preset)
    arrive(quick, DUTY, data.draw(st.permutations(found)), cuts, preset)
    assert quick.everything() == afresh


@settings(max_examples=examples(0.4))
@given(SEVERAL, CUTS, SEVERAL)
def test_older_copies_leave_the_records_of_a_newer_one(
    quick: Store, found: list[Envelope], cuts: list[int], later: list[Envelope]
) -> None:
    """What is read with a new template, but does not win, changes nothing."""
    newest = messages(
        {"type": "message", "user": "U1", "ts": MOMENTS[0], "text": "rota <@U1> 9"},
        at=1_600_000_000_000_000,
    )
    gone = any(b"message_deleted" in each.payload for each in (*found, *later))
    quick.clear()
    arrive(quick, ROTA, [*found, newest], cuts)
    quick.take(DUTY, later)
    left = [row[3:] for row in quick.rows()[0] if row[:2] == ("C1", MOMENTS[0])]
    assert left == [("rota", "good")] or gone


@pytest.mark.parametrize("preset", ["open", "standard", "strict"])
def test_copies_of_equal_age_and_length_are_settled_by_what_they_say(
    quick: Store, preset: str
) -> None:
    found = [
        messages({"type": "message", "user": "U1", "ts": MOMENTS[0], "text": said})
        for said in ("rota 4 <@U2>", "rota 5 <@U2>")
    ]
    ends: list[object] = []
    for order in (found, found[::-1]):
        quick.clear()
        for copy in order:
            quick.take(ROTA, [copy], preset)
        ends.append(quick.everything())
    assert ends[0] == ends[1]
