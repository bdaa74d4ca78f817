"""Simulators that are served while a test runs."""

from collections.abc import Iterator

import pytest
from local_slack import Client, empty

from hubbub.simulator.simulator import Simulator


@pytest.fixture
def slack() -> Iterator[Simulator]:
    """An empty workspace, served."""
    with empty().serve() as simulator:
        yield simulator


@pytest.fixture
def bot(slack: Simulator) -> Iterator[Client]:
    """A bot that is in C1 alone."""
    client = Client(slack, slack.add_token("bot", channels=["C1"]))
    yield client
    client.close()


@pytest.fixture
def owner(slack: Simulator) -> Iterator[Client]:
    """The owner's own token."""
    client = Client(slack, slack.add_token("user"))
    yield client
    client.close()
