"""Reading what is delivered: as documented, and when any field is missing or of another type."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest import TEAM, envelope

from hubbub.slack import events
from hubbub.slack.events import Delivery, NoDelivery, read_delivery, read_notice

NOTHING: dict[str, Any] = {}
PLACES = st.one_of(
    st.none(), st.just(""), st.just("C1"), st.just({"id": "C2"}), st.just(NOTHING), st.just([]),
    st.integers(0, 9),
)  # fmt: skip
WORDS = st.one_of(st.none(), st.just(""), st.just("word"), st.integers(0, 9), st.just([]))
EVENTS = st.fixed_dictionaries(
    {},
    optional={
        "type": WORDS, "channel": PLACES, "channel_id": WORDS,
        "item": st.one_of(st.none(), st.just([]), st.fixed_dictionaries({"channel": PLACES})),
        "event_ts": st.sampled_from([None, "1790000100.000100", "soon", 1790000100]),
        "channel_type": st.sampled_from([None, "channel", "im", "C", "other", 1]),
        "text": st.just("said"),
        "subtype": WORDS,
    },
)  # fmt: skip
ENVELOPES = st.fixed_dictionaries(
    {"event": st.one_of(EVENTS, EVENTS, EVENTS, st.just([]))},
    optional={
        "type": st.sampled_from(["event_callback", "event_callback", "url_verification", 1]),
        "event_id": WORDS, "team_id": WORDS, "context_team_id": WORDS, "api_app_id": WORDS,
        "event_time": st.sampled_from([None, 1790000100, 1790000100.5, "1790000100", "x"]),
        "authorizations": st.one_of(
            st.none(),
            st.just(NOTHING),
            st.lists(st.fixed_dictionaries({"team_id": WORDS}), max_size=2)
        ),
    },
)  # fmt: skip


def read(body: bytes, how: Any) -> Delivery | None:
    try:
        return how(body)
    except NoDelivery:
        return None


@given(ENVELOPES)
def test_both_ways_of_reading_say_the_same(told: dict[str, Any]) -> None:
    body = json.dumps(told).encode()
    quick, patient = read(body, read_delivery), read(body, vars(events)["_read_patiently"])
    assert (quick is None) == (patient is None)
    if quick and patient:
        assert json.loads(quick.event) == json.loads(patient.event) == told["event"]
        for name in ("event_id", "team_id", "app_id", "type", "channel_id", "channel_kind",
                     "event_at", "subtype"):  # fmt: skip
            assert getattr(quick, name) == getattr(patient, name), name


def test_the_workspace_is_the_one_that_it_was_delivered_for() -> None:
    told = json.loads(envelope(1, team="T0OTHER01"))
    told["authorizations"] = [{"team_id": TEAM}]
    assert read_delivery(json.dumps(told).encode()).team_id == TEAM
    told["authorizations"] = []
    told["context_team_id"] = "T0CONTEXT"
    assert read_delivery(json.dumps(told).encode()).team_id == "T0CONTEXT"


def test_half_an_emoji_does_not_cost_the_event() -> None:
    body = envelope(1).replace(b"private", b"\\ud83d")
    found = read_delivery(body)
    assert (found.event_id, found.channel_id) == ("Ev0000000001", "C0ROOTS01")
    assert json.loads(found.event)["text"] == "somebody's \ufffd words 1"


@pytest.mark.parametrize(
    "body", [b"", b"no JSON", b"[]", b'{"type": "other"}', b'{"type": 1}', b"\xff"]
)
def test_what_slack_does_not_say_is_no_notice(body: bytes) -> None:
    assert read_notice(body) is None
