"""For whoever watches over the server: does it live, can it work, and how does it fare."""

from collections.abc import Callable

from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hubbub.flows.vitals import Vitals
from hubbub.server.answers import json_response
from hubbub.server.stream import Hub


class Monitoring:
    """The endpoints. `gate_ready` says whether events can be admitted."""

    def __init__(self, vitals: Vitals, hub: Hub, gate_ready: Callable[[], bool]) -> None:
        self._vitals = vitals
        self._hub = hub
        self._gate_ready = gate_ready

    def routes(self) -> list[Route]:
        """All endpoints."""
        return [
            Route("/healthz", self.health),
            Route("/readyz", self.readiness),
            Route("/metrics", self.metrics),
        ]

    async def health(self, request: Request) -> Response:
        """That the process lives."""
        del request
        return json_response({"state": "ok"})

    async def readiness(self, request: Request) -> Response:
        """Whether events can be taken and figures shown; 503 with the reasons if not. They name no
        path and nobody, since everybody may ask."""
        del request
        reasons = self._reasons()
        if not reasons:
            return json_response({"state": "ready", "reasons": []})
        return json_response({"state": "not ready", "reasons": reasons}, 503)

    async def metrics(self, request: Request) -> Response:
        """The counters and gauges, as Prometheus reads them."""
        encode, media_type = choose_encoder(request.headers.get("accept", ""))
        body = encode(self._vitals.registry)
        headers = {"content-type": media_type, "cache-control": "no-store"}
        return Response(body, headers=headers)

    def _reasons(self) -> list[str]:
        reasons: list[str] = []
        if not self._gate_ready():
            reasons.append("The gate is not ready: events cannot be admitted yet.")
        if self._vitals.state("log").state == "full":
            reasons.append("The disk of the event log is full.")
        if self._vitals.state("loader").state == "failed":
            reasons.append("The loader has failed: events do not reach the store.")
        if self._hub.trouble:
            reasons.append("The panels cannot be computed.")
        return reasons
