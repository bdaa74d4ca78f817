"""Writes records to a topic of Kafka's or Redpanda's, each acknowledged by all replicas."""

import logging
from collections.abc import Callable, Mapping, Sequence
from threading import Event
from typing import Any

from msgspec import Struct

from hubbub.core.broker import BrokerDown, BrokerRefuses, explained, misconfigured
from hubbub.errors import HubbubError

PARTITIONS = 6
"""Of a topic that is made here: as many loaders can share it."""
_BUFFER_KB = 16_384
_LARGEST_RECORD = 8_000_000
_OWN = {
    "acks": "all",
    "enable.idempotence": "true",
    "compression.type": "zstd",
    "linger.ms": "5",
    "message.max.bytes": str(_LARGEST_RECORD),
    "queue.buffering.max.kbytes": str(_BUFFER_KB),
    "topic.metadata.refresh.interval.ms": "30000",
}


class Record(Struct, frozen=True):
    """What goes into a topic: records of one key stay in order."""

    key: str
    value: bytes
    headers: tuple[tuple[str, str], ...] = ()


class TopicWriter:
    """A topic that is written to. After an error the next `send` connects anew."""

    def __init__(
        self, properties: Mapping[str, str], topic: str, *, patience: float = 10.0
    ) -> None:
        """`patience` is how many seconds the broker may take before it counts as down."""
        self.servers = properties["bootstrap.servers"]
        self.topic = topic
        self._patience = patience
        millis = str(int(patience * 1000))
        self._connection = {**properties, "socket.timeout.ms": millis}
        self._properties = {**self._connection, **_OWN, "message.timeout.ms": millis}
        self._producer: Any = None
        self._refusal: HubbubError | None = None

    def send(self, records: Sequence[Record], stop: Event) -> bool:
        """Write records; returns whether all of them are safe, false only if `stop` came before.

        Raises `BrokerDown` or `BrokerRefuses`: then some of them may be in the topic.
        """
        try:
            producer = self._connected()
            return self._send(producer, records, stop)
        except BaseException:
            self.close()
            raise

    def ping(self) -> None:
        """See whether the broker answers, and the topic is there. Raises as `send` does."""
        try:
            self._find_topic(self._connected())
        except HubbubError:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the broker; what is not acknowledged yet is forgotten."""
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.purge()
            producer.poll(0)

    def _send(self, producer: Any, records: Sequence[Record], stop: Event) -> bool:
        outcomes: list[Any] = []

        def told(error: Any, message: Any) -> None:
            del message
            outcomes.append(error)

        for record in records:
            self._enqueue(producer, record, told)
        while len(outcomes) < len(records):
            producer.poll(0.1)
            if self._refusal is not None:
                raise self._refusal
            if stop.is_set() and len(outcomes) < len(records):
                self.close()
                return False
        for error in outcomes:
            if error is not None:
                raise explained(error, self.servers, self.topic)
        return True

    def _enqueue(self, producer: Any, record: Record, told: Callable[[Any, Any], None]) -> None:
        from confluent_kafka import KafkaException

        while True:
            try:
                producer.produce(
                    self.topic,
                    value=record.value,
                    key=record.key.encode(),
                    headers=list(record.headers),
                    on_delivery=told,
                )
            except BufferError:
                producer.poll(0.1)  # its queue is bounded: wait until some of it is delivered
            except KafkaException as error:
                raise explained(error.args[0], self.servers, self.topic) from error
            else:
                return

    def _connected(self) -> Any:
        if self._producer is None:
            from confluent_kafka import KafkaException, Producer

            self._refusal = None
            try:
                producer = Producer({**self._properties, "error_cb": self._heard}, logger=SILENT)
            except KafkaException as error:
                raise misconfigured(error) from error
            self._find_topic(producer)
            self._producer = producer
        return self._producer

    def _find_topic(self, producer: Any) -> None:
        """Make the topic if it is not there."""
        from confluent_kafka import KafkaException

        try:
            # of all topics: asking for one makes it at some brokers, with partitions of their own
            found = producer.list_topics(timeout=self._patience).topics
        except KafkaException as error:
            producer.poll(0)
            raise self._refusal or explained(error.args[0], self.servers, self.topic) from error
        if self.topic not in found:
            self._make_topic()

    def _make_topic(self) -> None:
        from confluent_kafka import KafkaError, KafkaException
        from confluent_kafka.admin import AdminClient
        from confluent_kafka.cimpl import NewTopic

        connection: dict[str, Any] = {**self._connection}
        client: Any = AdminClient(connection, logger=SILENT)
        asked = client.create_topics(
            [NewTopic(self.topic, PARTITIONS)], request_timeout=self._patience
        )
        try:
            asked[self.topic].result()
        except KafkaException as error:
            code = error.args[0].code()
            if code == KafkaError.TOPIC_ALREADY_EXISTS:
                return
            told = explained(error.args[0], self.servers, self.topic)
            if isinstance(told, BrokerDown) and code == KafkaError._TRANSPORT:  # noqa: SLF001
                raise told from error
            raise BrokerRefuses(
                f"{self.servers} has no topic {self.topic}, and does not let us make it "
                f"({error.args[0].name()}).",
                f"Make it: kafka-topics.sh --bootstrap-server {self.servers} --create --topic "
                f"{self.topic} --partitions {PARTITIONS}",
            ) from error

    def _heard(self, error: Any) -> None:
        """What librdkafka tells beside its answers: refusals of a login are told nowhere else."""
        told = explained(error, self.servers, self.topic)
        if isinstance(told, BrokerRefuses):
            self._refusal = told


SILENT = logging.getLogger("hubbub.librdkafka")
"""librdkafka would write to stderr."""
SILENT.addHandler(logging.NullHandler())
SILENT.propagate = False
