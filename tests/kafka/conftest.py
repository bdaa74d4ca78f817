"""One broker for all tests of a run; each test has topics and groups of its own."""

import uuid
from collections.abc import Iterator

import pytest

from tests.kafka.broker import Broker, NoBroker
from tests.parts import missing


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """The broker, from its first use on."""
    try:
        broker = Broker(tmp_path_factory.mktemp("broker"))
    except NoBroker as error:
        missing(str(error))
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()


@pytest.fixture
def topic() -> str:
    """A topic that no other test knows."""
    return f"slack-events-{uuid.uuid4().hex[:8]}"
