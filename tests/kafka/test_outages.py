"""Brokers that are away, killed or full of nonsense, and what the topic has let go of."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hubbub.core.broker import BrokerDown
from hubbub.core.topic import Admission
from hubbub.destinations.topic import TopicWriter
from tests.kafka.broker import Broker
from tests.kafka.feeding import (
    TEAM,
    Server,
    ask,
    load,
    positions,
    records,
    ts_of,
    unlike,
    wait,
    write,
)

pytestmark = pytest.mark.long


def test_a_log_without_broker_keeps_what_it_has_and_catches_up(
    running: Broker, topic: str, tmp_path: Path
) -> None:
    server = Server(tmp_path / "server")
    server.say("C1", 1, 2)
    running.kill()
    forwarder = server.forwarder(running.address, topic)
    try:
        forwarder.start()
        wait(lambda: server.vitals.state("broker").state == "down", "the broker's absence shows")
        server.say("C1", 3)
        told = server.vitals.state("broker").told
        assert running.address in told
        assert "2 events wait" in told
        assert server.log.forwarded() == 0
        assert server.log.waiting(0)[0] == 3
    finally:
        running.start()
    wait(lambda: server.log.forwarded() == server.log.last, "the topic has all")
    wait(lambda: server.vitals.state("broker").state == "ok", "the broker's return shows")
    forwarder.stop()
    loader = server.elsewhere(tmp_path / "loader")
    load(loader, running.address, topic)
    assert unlike(loader, server.loaded_directly(tmp_path / "direct")) == []


def test_a_broker_that_is_killed_under_load_loses_nothing(
    running: Broker, topic: str, tmp_path: Path
) -> None:
    server = Server(tmp_path / "server")
    forwarder = server.forwarder(running.address, topic)
    forwarder.start()
    try:
        for number in range(400):
            server.say("C1" if number % 3 else "C2", number)
            forwarder.wake()
            if number == 150:
                wait(lambda: server.log.forwarded() > 50, "the topic has some")
                running.kill()
    finally:
        running.start()
    wait(lambda: server.log.forwarded() == server.log.last, "the topic has all")
    forwarder.stop()
    found = [json.loads(value)["event_id"] for *_, value in records(running.address, topic)]
    assert len(set(found)) == 400
    loader = server.elsewhere(tmp_path / "loader")
    load(loader, running.address, topic)
    assert unlike(loader, server.loaded_directly(tmp_path / "direct")) == []
    assert ask(loader, "SELECT count(*), count(DISTINCT ts) FROM messages") == [(400, 400)]


def test_first_sights_of_a_channel_are_in_order_though_some_came_twice(
    running: Broker, topic: str, tmp_path: Path
) -> None:
    server = Server(tmp_path / "server")
    said = [*server.say("C1", *range(20)), *server.say("C1", *range(20, 40))]
    server.forward(running.address, topic)
    server.log.note_forwarded(0)  # as if it was killed before it could note how far it was
    server.forward(running.address, topic)
    found = [json.loads(value)["event_id"] for *_, value in records(running.address, topic)]
    assert len(found) == 80
    assert list(dict.fromkeys(found)) == said


def event(server: Server, **other: Any) -> bytes:
    """A record as a server of that workspace writes it, but for what is other."""
    marks = Admission("whole", "whole", server.gate.keys.mark) if server.gate.keys else None
    assert marks
    row = {
        "channel_id": "C1", "ts": ts_of(7), "kind": "post", "user_id": "U1", "presence": 2,
        "version": 7, "posted_at": "2026-03-02T05:00:00Z",
    }  # fmt: skip
    told: dict[str, Any] = {
        "schema": 1, "workspace": "grove", "team_id": TEAM, "event_id": "EvX", "type": "message",
        "at": "2026-03-02T05:00:00Z", "policy": msgspec.to_builtins(marks),
        "copies": [{"messages": [row]}],
    }  # fmt: skip
    return json.dumps(told | other).encode()


def row(**other: Any) -> list[dict[str, list[dict[str, Any]]]]:
    told = {"channel_id": "C1", "ts": "1.0", "presence": 2, "version": 1} | other
    return [{"messages": [{name: value for name, value in told.items() if value is not None}]}]


NONSENSE: list[tuple[str, dict[str, Any]]] = [
    ("schema 2; this Hubbub reads 1", {"schema": 2, "what": "ever"}),
    ("not as schema 1 has it", {"event_id": 5}),
    ("not as schema 1 has it", {"more": "than there is"}),
    ("rows of an unknown table", {"copies": [{"runs": [{"run_id": "x"}]}]}),
    ("unknown columns of messages", {"copies": row(mood="good")}),
    ("messages.ts is no text", {"copies": row(ts=5)}),
    ("messages.words is no integer", {"copies": row(words="many")}),
    ("messages.words is no integer", {"copies": row(words=2**63)}),
    ("messages.posted_at is no instant", {"copies": row(posted_at="yesterday")}),
    ("messages.is_question is no flag", {"copies": row(is_question=1)}),
    ("a row of messages without ts", {"copies": row(ts=None)}),
    ("a row of messages without version", {"copies": row(version=None)}),
    ("of another Slack workspace that has the same name here", {"team_id": "T9"}),
    (
        "admitted with other keys than this workspace's",
        {"policy": {"text": "whole", "links": "whole", "keys": "0" * 16}},
    ),
]


def test_records_that_cannot_be_read_are_told_of_and_stop_nothing(
    running: Broker, topic: str, tmp_path: Path
) -> None:
    server = Server(tmp_path / "server")
    server.say("C1", 1)
    server.forward(running.address, topic)
    values = [b"", b"\xff\x00", b"[1, 2]", b"{", *(event(server, **each) for _, each in NONSENSE)]
    reasons = ["no JSON object with a schema"] * 4 + [reason for reason, _ in NONSENSE]
    [(partition, *_)] = records(running.address, topic)
    write(running.address, topic, [*values, event(server)], partition)
    loader = server.elsewhere(tmp_path / "loader")
    loaded = load(loader, running.address, topic)
    assert (loaded.events, loaded.quarantined) == (2, len(values))
    found = ask(loader, "SELECT origin, place, reason, record FROM store.quarantine ORDER BY place")
    source = f"kafka/{topic}/{partition}"
    assert found == [(source, place, each, None) for place, each in enumerate(reasons, 1)]
    assert positions(loader) == {source: len(values) + 1}
    assert ask(loader, "SELECT ts FROM messages ORDER BY ts") == [(ts_of(1),), (ts_of(7),)]
    load(loader, running.address, topic, again=True)
    assert ask(loader, "SELECT count(*) FROM quarantine") == [(len(values),)]


def test_what_the_topic_let_go_of_is_told(running: Broker, topic: str, tmp_path: Path) -> None:
    from confluent_kafka import TopicPartition
    from confluent_kafka.admin import AdminClient

    server = Server(tmp_path / "server")
    server.say("C1", 1, 2)
    server.forward(running.address, topic)
    loader = server.elsewhere(tmp_path / "loader")
    load(loader, running.address, topic)
    server.say("C1", 3, 4, 5)
    server.forward(running.address, topic)
    [(partition, *_), *_] = records(running.address, topic)
    admin: Any = AdminClient({"bootstrap.servers": running.address})
    for gone in admin.delete_records([TopicPartition(topic, partition, 4)]).values():
        gone.result(10)
    loaded = load(loader, running.address, topic)
    assert (loaded.events, loaded.gone, loaded.quarantined) == (1, 2, 0)
    reasons = ask(loader, "SELECT place, reason FROM quarantine")
    assert reasons == [(2, "the records 2 to 3 were gone before they were read")]
    found = ask(loader, "SELECT ts FROM messages ORDER BY ts")
    assert found == [(ts_of(1),), (ts_of(2),), (ts_of(5),)]


def test_a_topic_that_was_made_anew_is_read_from_its_beginning(
    running: Broker, topic: str, tmp_path: Path
) -> None:
    from confluent_kafka.admin import AdminClient

    server = Server(tmp_path / "server")
    server.say("C1", 1, 2, 3)
    server.forward(running.address, topic)
    loader = server.elsewhere(tmp_path / "loader")
    load(loader, running.address, topic)
    admin: Any = AdminClient({"bootstrap.servers": running.address})
    admin.delete_topics([topic])[topic].result(10)
    wait(lambda: topic not in admin.list_topics(timeout=10).topics, "the topic is gone")
    server.say("C1", 4)
    server.forward(running.address, topic)
    assert load(loader, running.address, topic).events == 1
    assert ask(loader, "SELECT count(*) FROM messages") == [(4,)]
    assert positions(loader).popitem()[1] == 0


def test_a_writer_says_that_nobody_answers(tmp_path: Path) -> None:
    writer = TopicWriter({"bootstrap.servers": "127.0.0.1:1"}, "t", patience=0.5)
    with pytest.raises(BrokerDown, match=r"127\.0\.0\.1:1 does not answer"):
        writer.ping()
