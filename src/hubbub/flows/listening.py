"""Socket Mode of a running server: its events go to the receiver, its state to the vitals."""

from hubbub.flows.receiving import Receiver, type_label
from hubbub.flows.vitals import Vitals
from hubbub.slack.api import Slack, Token
from hubbub.sources.socket_mode import Answers, SocketMode


def socket_mode(
    token: Token,
    url: str,
    receiver: Receiver,
    vitals: Vitals,
    *,
    answers: Answers | None = None,
    connections: int = 2,
) -> SocketMode:
    """The connections of an app token to the Slack at an address; await `run` of it in the loop
    that the receiver is used in. Slash commands are answered by `answers`."""
    return SocketMode(
        Slack(token, url),
        receiver,
        receiver.listener,
        _Notes(vitals),
        answers=answers,
        place=token.place,
        connections=connections,
    )


class _Notes:
    """Notes in the vitals."""

    def __init__(self, vitals: Vitals) -> None:
        self._vitals = vitals
        self._received = vitals.received.labels(source="socket")

    def state(self, state: str, told: str) -> None:
        self._vitals.set("slack", state, told)

    def received(self) -> None:
        self._received.inc()

    def refused(self, reason: str) -> None:
        self._vitals.rejected.labels(reason=reason).inc()

    def ignored(self, kind: str) -> None:
        self._vitals.ignored.labels(type=type_label(kind)).inc()
