"""Reads a topic of Kafka's or Redpanda's as a member of a consumer group.

Where to begin in a partition is not the broker's to say: whoever reads keeps the positions, with
what the records were made into. The broker is told of them for its monitoring alone.
"""

import hashlib
import logging
import socket
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from hubbub.core.broker import BrokerRefuses, explained, misconfigured
from hubbub.errors import HubbubError

_SECONDS = 10.0
_OWN = {
    "enable.auto.commit": "false",
    "enable.auto.offset.store": "false",
    "enable.partition.eof": "true",
    "auto.offset.reset": "error",  # what is gone is to be told of, not passed over
    "allow.auto.create.topics": "false",
    "queued.max.messages.kbytes": "16384",
    "fetch.wait.max.ms": "200",
}


class Received(Struct, frozen=True):
    """A record as it lies in the topic."""

    partition: int
    offset: int
    value: bytes | None
    workspace: str | None
    """Whose its headers say that it is; nothing if they do not say."""


class Gap(Struct, frozen=True):
    """Records that the topic has let go of before they were read: from `begin` up to `end`."""

    partition: int
    begin: int
    end: int


class TopicReader:
    """A topic that is read. It calls back only while it reads, in the thread that does."""

    def __init__(
        self,
        properties: Mapping[str, str],
        topic: str,
        group: str,
        instance: str,
        positions: Callable[[], Mapping[int, int]],
    ) -> None:
        """`positions` gives the offsets to begin at, by partition, whenever partitions are
        assigned; from its first record on where it gives none. `instance` names the reader: it
        gets its partitions back after a restart."""
        from confluent_kafka import Consumer, KafkaException

        self.servers = properties["bootstrap.servers"]
        self.topic = topic
        self.assigned: dict[int, int] = {}
        """The partitions that are this reader's just now, and where each is read on."""
        self.ended: set[int] = set()
        """Those of them that have nothing more for now."""
        self.gaps: list[Gap] = []
        """What was found to be gone; whoever has noted them removes them."""
        self._positions = positions
        self._outrun: set[int] = set()
        self._failure: HubbubError | None = None
        self._trouble: HubbubError | None = None
        own = {**_OWN, "group.id": group, "group.instance.id": instance}
        try:
            self._consumer: Any = Consumer(
                {**own, **properties, "error_cb": self._heard}, logger=SILENT
            )
        except KafkaException as error:
            raise misconfigured(error) from error
        self._consumer.subscribe(
            [topic], on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_revoke
        )

    def read(self, limit: int, timeout: float) -> list[Received]:
        """The next records, of assigned partitions alone, each partition's in order; none if the
        time (seconds) is over.

        Raises `BrokerDown` if the broker is away, which passes by itself: go on reading; and
        `BrokerRefuses`. What `positions` raises comes out here, and ends this reader.
        """
        found: list[Received] = []
        for message in self._consumer.consume(limit, timeout):
            partition, offset, error = message.partition(), message.offset(), message.error()
            if error is not None:
                self._note(error, partition)
            elif offset >= self.assigned.get(partition, offset + 1):
                whose = _workspace(message.headers())
                found.append(Received(partition, offset, message.value(), whose))
                self.assigned[partition] = offset + 1
                self.ended.discard(partition)
        if self._failure is not None:
            raise self._failure
        if self._outrun:
            self._pass_over()
        trouble, self._trouble = self._trouble, None
        if trouble is not None and (not found or isinstance(trouble, BrokerRefuses)):
            raise trouble
        return found

    def begin_again(self) -> None:
        """Read on at the positions that are kept."""
        positions = self._positions()
        self._assign({each: positions.get(each) for each in self.assigned})

    def tell(self, positions: Mapping[int, int]) -> None:
        """Let the broker's monitoring know how far the records are taken over."""
        mine = {each: at for each, at in positions.items() if each in self.assigned}
        if mine:
            self._consumer.commit(offsets=self._places(mine), asynchronous=True)

    def behind(self) -> int:
        """How many records the assigned partitions have that were not read, as far as is known."""
        found = 0
        for place in self._places(self.assigned):
            bounds = self._consumer.get_watermark_offsets(place, cached=True)
            found += max(0, bounds[1] - place.offset) if bounds and place.offset >= 0 else 0
        return found

    def partitions(self) -> int:
        """How many partitions the topic has, whoever reads them; 0 if the broker does not say."""
        from confluent_kafka import KafkaException

        try:
            told = self._consumer.list_topics(self.topic, timeout=_SECONDS)
        except KafkaException:
            return 0
        return len(told.topics[self.topic].partitions)

    def close(self) -> None:
        """Leave."""
        self._consumer.close()

    def _on_assign(self, consumer: Any, partitions: Iterable[Any]) -> None:
        del consumer
        try:
            positions: Mapping[int, int] = self._positions()
        except HubbubError as error:
            # raised here it would be lost: librdkafka would go on where the broker thinks we were
            self._failure, positions = error, {}
        self._assign({each.partition: positions.get(each.partition) for each in partitions})

    def _on_revoke(self, consumer: Any, partitions: Iterable[Any]) -> None:
        del partitions  # all of them: what is assigned next is told anew
        self.assigned = {}
        self.ended.clear()
        self._outrun.clear()
        consumer.unassign()

    def _assign(self, positions: Mapping[int, int | None]) -> None:
        self.assigned = {each: _BEGINNING if at is None else at for each, at in positions.items()}
        self.ended.clear()
        self._outrun.clear()
        self._consumer.assign(self._places(self.assigned))

    def _places(self, positions: Mapping[int, int]) -> list[Any]:
        from confluent_kafka import TopicPartition

        return [TopicPartition(self.topic, each, at) for each, at in positions.items()]

    def _pass_over(self) -> None:
        """Go on after what the topic has not any more."""
        from confluent_kafka import KafkaException

        positions = dict[int, int | None](self.assigned)
        gaps: list[Gap] = []
        for place in self._places({each: self.assigned[each] for each in self._outrun}):
            try:
                lowest, _ = self._consumer.get_watermark_offsets(place, timeout=_SECONDS)
            except KafkaException as error:
                self._heard(error.args[0])  # and ask again with the next reading
                return
            if place.offset >= 0:
                gaps.append(Gap(place.partition, place.offset, lowest))
            positions[place.partition] = lowest
        self.gaps += gaps
        self._assign(positions)

    def _note(self, error: Any, partition: int) -> None:
        from confluent_kafka import KafkaError

        if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001
            self.ended |= {partition} & self.assigned.keys()
        elif error.code() == KafkaError._AUTO_OFFSET_RESET:  # noqa: SLF001
            self._outrun |= {partition} & self.assigned.keys()
        else:
            self._heard(error)

    def _heard(self, error: Any) -> None:
        if not isinstance(self._trouble, BrokerRefuses):
            self._trouble = explained(error, self.servers, self.topic)


def _workspace(headers: list[tuple[str, bytes | None]] | None) -> str | None:
    for name, value in headers or ():
        if name == "workspace" and value is not None:
            return value.decode(errors="replace")
    return None


_BEGINNING = -2
"""librdkafka's name of a partition's first record."""


def instance_of(store: Path) -> str:
    """What a loader is called in its group: the same after a restart, for partitions are best
    read on by the store that has their past."""
    digest = hashlib.sha256(str(store.resolve()).encode()).hexdigest()[:12]
    return f"{socket.gethostname()}-{digest}"


SILENT = logging.getLogger("hubbub.librdkafka")
"""librdkafka would write to stderr."""
SILENT.addHandler(logging.NullHandler())
SILENT.propagate = False
