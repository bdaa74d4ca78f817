"""How a Kafka broker is reached, and what its errors ask for."""

import re
from collections.abc import Mapping
from typing import Any

from hubbub.errors import HubbubError, TryAgain, UsageError

ENVIRONMENT = "HUBBUB_KAFKA_"
"""What variables begin with that say how to log in and to encrypt."""
_PERMITTED = ("security.", "sasl.", "ssl.", "enable.ssl.", "broker.address.")
_PROPERTY = re.compile(r'configuration property "([a-z._]+)"')


class BrokerDown(TryAgain):
    """The broker does not answer, or cannot take anything just now: it may pass."""


class BrokerRefuses(HubbubError):
    """The broker answers, and says no: that does not pass by itself."""


def properties(servers: str, environment: Mapping[str, str]) -> dict[str, str]:
    """librdkafka's properties for a broker: its addresses, and what the environment says of
    security: `HUBBUB_KAFKA_SASL_PASSWORD` is `sasl.password`. Raises `UsageError`."""
    found = {"bootstrap.servers": servers}
    for variable, value in environment.items():
        if variable.startswith(ENVIRONMENT) and value:
            name = variable.removeprefix(ENVIRONMENT).lower().replace("_", ".")
            if not name.startswith(_PERMITTED):
                raise UsageError(
                    f"{variable} is no setting of a broker's security.",
                    f"Take names of librdkafka's that begin with {', '.join(_PERMITTED)}, in "
                    f"capitals and with _ for the dots: {ENVIRONMENT}SASL_USERNAME.",
                )
            found[name] = value
    return found


def misconfigured(error: Exception) -> UsageError:
    """What to say when librdkafka does not take its properties: their values may be secrets."""
    named = _PROPERTY.search(str(error))
    variable = f"{ENVIRONMENT}{named[1].upper().replace('.', '_')}" if named else ENVIRONMENT + "…"
    return UsageError(
        "The settings of the broker's security do not fit together.",
        f"Look at {variable}, and at librdkafka's CONFIGURATION.md for what it may be.",
    )


def explained(error: Any, servers: str, topic: str) -> HubbubError:
    """A `KafkaError` in Hubbub's words, classed by what to do."""
    from confluent_kafka import KafkaError

    code = error.code()
    if code in {KafkaError._AUTHENTICATION, KafkaError.SASL_AUTHENTICATION_FAILED}:  # noqa: SLF001
        return BrokerRefuses(
            f"{servers} does not let us in.",
            f"Check {ENVIRONMENT}SASL_USERNAME, {ENVIRONMENT}SASL_PASSWORD and "
            f"{ENVIRONMENT}SASL_MECHANISM.",
        )
    if code == KafkaError._SSL:  # noqa: SLF001
        return BrokerRefuses(
            f"No encrypted connection to {servers} comes about.",
            f"Check {ENVIRONMENT}SECURITY_PROTOCOL and {ENVIRONMENT}SSL_CA_LOCATION.",
        )
    if code in {
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
    }:
        return BrokerRefuses(
            f"{servers} does not permit this with the topic {topic}.",
            "Let the broker's administrator grant it; docs/kafka.md says what is needed.",
        )
    if code in {KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE}:
        return BrokerRefuses(
            f"{servers} does not take a record of this size.",
            f"Raise max.message.bytes of the topic {topic}; the event waits in the log.",
        )
    if code in {KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC}:  # noqa: SLF001
        return BrokerDown(
            f"{servers} has no topic {topic} yet.",
            "The server makes it when it starts, where it may: hubbub serve --kafka …",
        )
    if code in {KafkaError.FENCED_INSTANCE_ID, KafkaError._FENCED}:  # noqa: SLF001
        return BrokerRefuses(
            "Another loader of the same machine and folder has taken over.",
            "Stop one of them; copies of a machine need names of their own.",
        )
    if code == KafkaError._INVALID_ARG:  # noqa: SLF001
        return misconfigured(Exception(error.str()))
    return BrokerDown(f"{servers} does not answer ({error.name()}).", "Look at the broker.")
