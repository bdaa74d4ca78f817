"""What a record holds, and what is read from one; without a broker."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.core import topic
from hubbub.core.broker import properties
from hubbub.core.tables import TABLES
from hubbub.core.topic import Admission, Event, Gathered, NoRecord, Source
from hubbub.errors import UsageError
from hubbub.flows.forwarding import records_of
from hubbub.flows.workspace import keys_of
from hubbub.privacy.admission import refuse_looser
from hubbub.privacy.policy import policy_of
from hubbub.privacy.refusals import Entry, RefusalFile
from tests.kafka.feeding import TEAM, Server, message, sent, ts_of

SOURCE = Source("grove", TEAM, Admission("scrubbed", "trimmed", "ab"))
AT = datetime(2026, 3, 2, 5, 0, 0, 250_001, UTC)
MICROS = 1_772_427_600_250_001


def test_a_record_says_when_and_whose_it_is() -> None:
    written = topic.written(SOURCE, "Ev1", "message", MICROS, [])
    assert json.loads(written) == {
        "schema": 1, "workspace": "grove", "team_id": "T1", "event_id": "Ev1", "type": "message",
        "at": "2026-03-02T05:00:00.250001Z", "copies": [],
        "policy": {"text": "scrubbed", "links": "trimmed", "keys": "ab"},
    }  # fmt: skip
    read = Event(1, "grove", "T1", "Ev1", "message", AT, SOURCE.policy, [])
    assert topic.read(written) == read


def test_rows_of_a_member_who_opted_out_meanwhile_do_not_leave(tmp_path: Path) -> None:
    server = Server(tmp_path / "server")
    kept = server.say("C1", 1, user="U1")
    server.say("C1", 2, user="U2")
    hearts = {"name": "heart", "users": ["U1", "U2"], "count": 2}
    kept += server.deliver(message("C1", 3, reactions=[hearts]))
    keys = keys_of(server.settings)
    refusal = Entry(keys.refusal("U2"), "opted out", "2026-03-02T05:00:00+00:00")
    RefusalFile(server.settings.refused).add(refusal)
    records = sent(server)
    assert [record["event_id"] for record in records] == kept
    reactions = records[1]["copies"][0]["reactions"]
    assert reactions == [{"channel_id": "C1", "ts": ts_of(3), "user_id": "U1", "name": "heart"}]


def test_an_event_that_tells_two_things_is_one_record(tmp_path: Path) -> None:
    server = Server(tmp_path / "server")
    file = {"id": "F1", "name": "map.png", "user": "U1", "created": 1_772_442_000, "size": 9}
    server.deliver(
        message("C1", 1), message("C1", 2, subtype="file_share", files=[file]), message("C1", 3)
    )
    found = [sorted(name for copy in record["copies"] for name in copy) for record in sent(server)]
    assert found == [["messages"], ["files", "messages", "shares"], ["messages"]]


def an_event(copies: Any, text: Any = "whole", links: Any = "domain") -> Event:
    return Event(1, "grove", TEAM, "Ev1", "message", AT, Admission(text, links, "ab"), copies)


LINK = {"channel_id": "C1", "ts": "1.0", "position": 1, "url": "https://a.b/c"}


@pytest.mark.parametrize(
    ("preset", "event", "reason"),
    [
        ("standard", an_event([]), "texts are not scrubbed"),
        ("standard", an_event([], "scrubbed", "whole"), "links are whole"),
        ("standard", an_event([{"messages": [{"canonical": "{}"}]}], "scrubbed"),
         "messages.canonical"),
        ("standard", an_event([{"users": [{"email": "a@b.c"}]}], "scrubbed"), "users.email"),
        ("strict", an_event([{"messages": [{"text": "hello"}]}], "dropped"), "messages.text"),
        ("strict", an_event([{"messages": [{"user_id": "U1"}]}], "dropped"), "messages.user_id"),
        ("strict", an_event([{"links": [LINK]}], "dropped"), "links.url"),
    ],
)  # fmt: skip
def test_what_a_looser_policy_admitted_does_not_enter(
    preset: str, event: Event, reason: str
) -> None:
    with pytest.raises(NoRecord, match=f"^admitted by a looser policy: {reason}$"):
        refuse_looser(event, policy_of(preset))
    refuse_looser(event, policy_of("open", contacts=True))


def test_pseudonyms_enter_where_ids_may_not() -> None:
    row = {"user_id": "m1_0123456789abcdef01234567"}
    refuse_looser(an_event([{"messages": [row]}], "dropped"), policy_of("strict"))


_junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)
_names = st.sampled_from(["messages", "reactions", "users", "runs", "x"])
_columns = st.sampled_from(["channel_id", "ts", "user_id", "presence", "version", "posted_at", "x"])
_cells = _junk | st.sampled_from(["C1", "1.0", 2, "2026-03-02T05:00:00Z", 2**63, True])
_rows = st.dictionaries(_columns, _cells, max_size=7)
_copies = st.lists(st.dictionaries(_names, st.lists(_rows, max_size=2), max_size=2), max_size=2)


@given(copies=_copies | _junk, other=st.dictionaries(st.sampled_from(["at", "schema"]), _junk))
def test_whatever_a_record_holds_it_is_read_or_refused(copies: Any, other: dict[str, Any]) -> None:
    written = json.loads(topic.written(SOURCE, "Ev1", "message", MICROS, []))
    gathered = Gathered()
    try:
        event = topic.read(json.dumps(written | {"copies": copies} | other).encode())
        refuse_looser(event, policy_of("strict"))
        gathered.add(event)
    except NoRecord:
        assert gathered == Gathered()
        return
    for name, rows in gathered.tables().items():
        assert rows.column_names == [*TABLES[name].names, "copy"]


def test_security_comes_from_the_environment_and_nothing_else_does() -> None:
    environment = {
        "HUBBUB_KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "HUBBUB_KAFKA_SASL_PASSWORD": "plum",
        "HUBBUB_KAFKA_SSL_CA_LOCATION": "/etc/ca.pem", "HUBBUB_HOME": "x", "PATH": "y",
    }  # fmt: skip
    assert properties("a:1,b:2", environment) == {
        "bootstrap.servers": "a:1,b:2", "security.protocol": "SASL_SSL",
        "sasl.password": "plum", "ssl.ca.location": "/etc/ca.pem",
    }  # fmt: skip
    with pytest.raises(UsageError, match="HUBBUB_KAFKA_ACKS is no setting"):
        properties("a:1", {"HUBBUB_KAFKA_ACKS": "0"})


def test_records_of_one_entry_are_in_the_order_of_its_events(tmp_path: Path) -> None:
    server = Server(tmp_path / "server")
    ids = server.say("C1", *range(40))
    [entry] = server.log.entries(0)
    written = records_of(entry, SOURCE)
    assert [json.loads(each.value)["event_id"] for each in written] == ids
    assert {each.key for each in written} == {"grove/C1"}
