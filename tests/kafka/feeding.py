"""What the tests of Kafka share: a workspace whose event log is fed, and what stores then hold."""

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event
from typing import Any

from msgspec.structs import replace

from hubbub.destinations.topic import Record, TopicWriter
from hubbub.flows.admitting import admit_events
from hubbub.flows.consuming import Loaded, TopicLoader
from hubbub.flows.forwarding import Forwarder
from hubbub.flows.loading import merge_staged
from hubbub.flows.reading import reader_of
from hubbub.flows.vitals import Vitals
from hubbub.flows.workspace import keys_of, policy_of_workspace, scratch_folder
from hubbub.privacy.gate import Channel, Gate
from hubbub.settings import Settings
from hubbub.slack.events import Delivery, read_delivery
from hubbub.stores import duckdb as store
from hubbub.stores.eventlog import COPIES_OF_ENTRY, EventLog
from tests.collecting.collected import Tables, differences, stored
from tests.looking import looking

CHANNELS = {
    "C1": Channel("general", "public"),
    "C2": Channel("garden", "public"),
    "G1": Channel("council", "private"),
}
TEAM = "T1"


class Server:
    """A workspace as a server has it: what arrives is admitted into its event log."""

    def __init__(
        self, home: Path, *, preset: str = "open", workspace: str = "grove", **chosen: Any
    ) -> None:
        self.settings = Settings(home, workspace, privacy={"preset": preset, **chosen})
        self.settings.folder.mkdir(parents=True)
        self.policy = policy_of_workspace(self.settings)
        self.gate = Gate(self.policy, CHANNELS, keys_of(self.settings))
        self.reader = reader_of(self.settings)
        self.log = EventLog(self.settings.event_log)
        self.vitals = Vitals()
        self._events = 0

    def deliver(self, *events: dict[str, Any]) -> list[str]:
        """Let events arrive together; returns their ids."""
        deliveries = [self._delivery(event) for event in events]
        first = self.log.next_number() << COPIES_OF_ENTRY
        gates: Any = self
        passed = admit_events(gates, deliveries, first)
        assert passed is not None
        ids = [each.event_id for each in deliveries]
        self.log.append(passed.admitted, passed.logged, ids)
        return ids

    def current(self) -> Gate:
        """The gate."""
        return self.gate

    def observe(self, deliveries: Sequence[Delivery]) -> None:
        """It knows all channels from the beginning."""

    def say(self, channel_id: str, *numbers: int, user: str = "U1") -> list[str]:
        """Let messages arrive together."""
        return self.deliver(*(message(channel_id, number, user=user) for number in numbers))

    def forwarder(self, address: str, topic: str, **properties: str) -> Forwarder:
        """An outbox, not started yet."""
        writer = TopicWriter({"bootstrap.servers": address, **properties}, topic, patience=4.0)
        return Forwarder(self.settings, self.log, writer, self.vitals, team_id=TEAM)

    def forward(self, address: str, topic: str) -> None:
        """Hand on all that waits."""
        forwarder = self.forwarder(address, topic)
        while forwarder.forward():
            pass
        forwarder.stop()

    def loaded_directly(self, home: Path) -> Tables:
        """The tables as they are if the log itself is merged, without a topic."""
        settings = replace(self.settings, home=home)
        with scratch_folder(settings) as folder, store.writing(settings.store) as connection:
            staged, _, _ = self.log.staged(0, folder, 2**40)
            merge_staged(connection, settings, staged, self.gate, {})
        return stored(settings)

    def elsewhere(self, home: Path, **chosen: Any) -> Settings:
        """The same workspace on another machine, that has its keys."""
        settings = replace(self.settings, home=home, **chosen)
        settings.key.parent.mkdir(parents=True)
        settings.key.write_bytes(self.settings.key.read_bytes())
        settings.key.chmod(0o600)
        return settings

    def _delivery(self, event: dict[str, Any]) -> Delivery:
        self._events += 1
        return read_delivery(json.dumps({
            "type": "event_callback", "team_id": TEAM, "api_app_id": "A1", "event": event,
            "event_id": f"Ev{self._events:06}", "event_time": 1_772_442_000 + self._events,
        }).encode())  # fmt: skip


def message(channel_id: str, number: int, *, user: str = "U1", **more: Any) -> dict[str, Any]:
    """A message event; its `ts` is told by its number."""
    kind = "group" if channel_id.startswith("G") else "channel"
    return {
        "type": "message", "channel": channel_id, "channel_type": kind, "user": user,
        "ts": ts_of(number), "event_ts": ts_of(number), "text": f"message {number}", **more
    }  # fmt: skip


def ts_of(number: int) -> str:
    """The `ts` of a numbered message."""
    return f"{1_772_442_000 + number}.000100"


class Unsent:
    """A topic that only remembers what it was given."""

    servers, topic = "nowhere", "slack-events"

    def __init__(self) -> None:
        self.records: list[Record] = []

    def send(self, records: Sequence[Record], stop: Event) -> bool:
        """Take records."""
        del stop
        self.records += records
        return True

    def ping(self) -> None:
        """It is there."""

    def close(self) -> None:
        """Nothing is open."""


def sent(server: Server) -> list[dict[str, Any]]:
    """What the outbox would send of all that is in the log."""
    writer = Unsent()
    forwarder = Forwarder(server.settings, server.log, writer, server.vitals, team_id=TEAM)
    while forwarder.forward():
        pass
    return [json.loads(record.value) for record in writer.records]


def load(settings: Settings, address: str, topic: str, **how: bool) -> Loaded:
    """Load all that the topic has, in a group of the topic's own."""
    loader = TopicLoader(settings, brief(address), topic, topic)
    return loader.run(Event(), once=True, tell=lambda _: None, **how)


def brief(address: str) -> dict[str, str]:
    """A broker, and sessions so short that nobody waits long for who is dead."""
    return {
        "bootstrap.servers": address,
        "session.timeout.ms": "1500",
        "heartbeat.interval.ms": "300",
    }


def unlike(settings: Settings, wanted: Tables) -> list[str]:
    """How a store differs from tables."""
    return differences(stored(settings), wanted)


def positions(settings: Settings) -> dict[str, int]:
    """What a store notes of how far it is."""
    return dict(ask(settings, "SELECT source, position FROM positions"))


def ask(settings: Settings, query: str) -> list[tuple[Any, ...]]:
    """The rows of a query on a store."""
    with looking(settings.store) as connection:
        return connection.execute(query).fetchall()


def records(address: str, topic: str) -> list[tuple[int, str, dict[str, str], bytes]]:
    """Partition, key, headers and value of all that a topic has, read without Hubbub."""
    from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

    own = {"bootstrap.servers": address, "group.id": "none", "enable.partition.eof": True}
    consumer: Any = Consumer(own)
    try:
        partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
        consumer.assign([TopicPartition(topic, each, OFFSET_BEGINNING) for each in partitions])
        found: list[tuple[int, str, dict[str, str], bytes]] = []
        ended = 0
        while ended < len(partitions):
            for got in consumer.consume(500, 0.2):
                if got.error():
                    ended += 1
                    continue
                headers = {name: value.decode() for name, value in got.headers() or ()}
                found.append((got.partition(), (got.key() or b"").decode(), headers, got.value()))
        return found
    finally:
        consumer.close()


def make_topic(address: str, topic: str) -> None:
    """A topic as the outbox makes it, with nothing in it."""
    writer = TopicWriter({"bootstrap.servers": address}, topic)
    writer.ping()
    writer.close()


def write(
    address: str,
    topic: str,
    values: Sequence[bytes],
    partition: int = 0,
    headers: dict[str, str] | None = None,
) -> None:
    """Put anything into a partition of a topic."""
    from confluent_kafka import Producer

    producer: Any = Producer({"bootstrap.servers": address})
    for value in values:
        producer.produce(topic, value=value, partition=partition, headers=headers)
    assert producer.flush(10) == 0


def wait(condition: Callable[[], bool], what: str) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)
