"""Where Slack delivers events by HTTP: answered once their event is safe."""

from hubbub.core.ports import Outcome
from hubbub.flows.receiving import Receiver
from hubbub.flows.vitals import Vitals
from hubbub.server.slack_requests import NO_RETRY, Headers, Refusal, SlackRequests
from hubbub.slack.events import NoDelivery, read_delivery, read_notice

_RETRY_AFTER = (b"retry-after", b"30")
_UNSETTLED = {
    Outcome.BUSY: (503, "busy", _RETRY_AFTER),
    Outcome.DISK_FULL: (503, "disk_full", _RETRY_AFTER),
    Outcome.FAILED: (503, "log_failed", _RETRY_AFTER),
    Outcome.NOT_READY: (503, "not_ready", _RETRY_AFTER),
    Outcome.WRONG_WORKSPACE: (403, "team", NO_RETRY),
}


class SlackEvents(SlackRequests):
    """The endpoint. `signing_secret` is the app's; `app_id`, where given, is the only app that is
    heard."""

    path = "/slack/events"
    media_type = b"application/json"

    def __init__(
        self, receiver: Receiver, signing_secret: str, vitals: Vitals, *, app_id: str | None = None
    ) -> None:
        super().__init__(signing_secret, vitals)
        self._receiver = receiver
        self._app_id = app_id
        self._received = vitals.received.labels(source="http")

    async def taken(self, body: bytes) -> tuple[Headers, bytes]:
        """Have an event durable."""
        try:
            delivery = read_delivery(body)
        except NoDelivery:
            return self._notice(body)
        if self._app_id is not None and delivery.app_id != self._app_id:
            raise Refusal(403, "app", NO_RETRY)
        self._received.inc()
        outcome = await self._receiver.receive(delivery)
        if not outcome.is_settled:
            raise Refusal(*_UNSETTLED[outcome])
        return (), b""

    def _notice(self, body: bytes) -> tuple[Headers, bytes]:
        """Answer what is no event: Slack's question whether this address is the app's, and its word
        that it holds events back."""
        notice = read_notice(body)
        if notice is None:
            raise Refusal(400, "json", NO_RETRY)
        if notice.type == "url_verification":
            return ((b"content-type", b"text/plain"),), notice.challenge.encode()
        self.refused.count("rate_limited")
        self._receiver.held_back(notice.team_id)
        return (), b""
