"""A broker that asks who is there, and does not permit everything."""

import logging
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from hubbub.core.broker import BrokerRefuses, properties
from hubbub.destinations.topic import Record, TopicWriter
from hubbub.errors import UsageError
from hubbub.flows.consuming import TopicLoader
from tests.kafka.broker import Broker, NoBroker
from tests.kafka.feeding import Server, ask, wait
from tests.parts import missing

pytestmark = pytest.mark.long

_LOGIN = "org.apache.kafka.common.security.plain.PlainLoginModule"
_USERS = 'user_admin="pear" user_hubbub="plum" user_guest="fig"'
_MORE = f"""
sasl.enabled.mechanisms=PLAIN
security.inter.broker.protocol=SASL_PLAINTEXT
sasl.mechanism.inter.broker.protocol=PLAIN
listener.name.sasl_plaintext.plain.sasl.jaas.config={_LOGIN} required \\
  username="admin" password="pear" {_USERS};
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:admin;User:hubbub;User:ANONYMOUS
"""


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker with passwords, of which guest may do nothing."""
    try:
        broker = Broker(tmp_path_factory.mktemp("strict"), more=_MORE, protocol="SASL_PLAINTEXT")
    except NoBroker as error:
        missing(str(error))
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()


def login(broker: Broker, user: str, password: str) -> dict[str, str]:
    told = {"SECURITY_PROTOCOL": "SASL_PLAINTEXT", "SASL_MECHANISM": "PLAIN"}
    told |= {"SASL_USERNAME": user, "SASL_PASSWORD": password}
    environment = {f"HUBBUB_KAFKA_{name}": value for name, value in told.items()}
    return properties(broker.address, environment)


def test_who_may_writes_and_reads(strict: Broker, tmp_path: Path) -> None:
    server = Server(tmp_path / "server")
    server.say("C1", 1)
    own = login(strict, "hubbub", "plum")
    forwarder = server.forwarder(strict.address, "slack-events", **own)
    forwarder.forward()
    forwarder.stop()
    loader = server.elsewhere(tmp_path / "loader")
    loaded = TopicLoader(loader, own, "slack-events", None).run(
        Event(), once=True, tell=lambda _: None
    )
    assert loaded.events == 1
    assert ask(loader, "SELECT text FROM messages") == [("message 1",)]


def test_a_wrong_password_is_told_and_shown_to_nobody(
    strict: Broker, tmp_path: Path, caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    caplog.set_level(logging.DEBUG)
    own = login(strict, "hubbub", "quince-of-secrecy")
    server = Server(tmp_path / "server")
    server.say("C1", 1)
    forwarder = server.forwarder(strict.address, "slack-events", **own)
    forwarder.start()
    wait(lambda: server.vitals.state("broker").state == "down", "the refusal shows")
    forwarder.stop()
    told = server.vitals.state("broker").told
    assert "does not let us in" in told
    assert "HUBBUB_KAFKA_SASL_PASSWORD" in told
    assert server.log.forwarded() == 0
    loader = TopicLoader(server.elsewhere(tmp_path / "loader"), own, "slack-events", None)
    with pytest.raises(BrokerRefuses, match="does not let us in"):
        loader.run(Event(), tell=lambda _: None)
    output = capfd.readouterr()
    assert "quince" not in output.out + output.err + caplog.text + told


def test_who_may_not_is_told_how_to_make_the_topic(strict: Broker) -> None:
    writer = TopicWriter(login(strict, "guest", "fig"), "another", patience=5.0)
    with pytest.raises(
        BrokerRefuses, match="no topic another, and does not let us make it"
    ) as said:
        writer.send([Record("key", b"{}")], Event())
    assert "--create --topic another --partitions 6" in said.value.fix


@pytest.mark.parametrize(
    "wrong", [{"security.protocol": "SASL_SSL", "sasl.mechanism": "SECRET-quince"},
              {"security.protocol": "quince"},
              {"ssl.quince": "quince"}]
)  # fmt: skip
def test_settings_that_do_not_fit_are_named_without_their_values(wrong: dict[str, Any]) -> None:
    writer = TopicWriter({"bootstrap.servers": "127.0.0.1:1", **wrong}, "t", patience=0.2)
    with pytest.raises(UsageError) as said:
        writer.ping()
    assert "quince" not in str(said.value).replace("HUBBUB_KAFKA_SSL_QUINCE", "")
