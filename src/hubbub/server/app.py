"""The whole server: what is served where, and how it stops."""

import logging
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from threading import Thread

import uvicorn
from msgspec import Struct
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from hubbub.errors import HubbubError
from hubbub.flows.panels import Panels
from hubbub.flows.vitals import Vitals
from hubbub.server.answers import failed, refused, unanswered
from hubbub.server.api import Api
from hubbub.server.files import Files
from hubbub.server.front import Front, Page
from hubbub.server.monitoring import Monitoring
from hubbub.server.openapi import Description
from hubbub.server.stream import Hub

_log = logging.getLogger("hubbub.server")
STATIC = Path(__file__).parent / "static"


def _always() -> bool:
    return True


class Parts(Struct, frozen=True):
    """What a server is put together from."""

    vitals: Vitals
    panels: Panels
    hub: Hub
    access: Callable[[ASGIApp], ASGIApp] | None = None
    """Puts the door in front of all; None where everybody may look."""
    prefix: str = ""
    """The path under which all is served: empty, or with a slash before and none behind."""
    gate_ready: Callable[[], bool] = _always
    beside: Callable[[], AbstractAsyncContextManager[None]] = nullcontext
    """What lives as long as the server does, in its loop."""
    page: Page | None = None
    """Writes the dashboard's page; None where only the API is served."""


def build_app(parts: Parts) -> Starlette:
    """The ASGI application."""
    api = Api(parts.panels, parts.hub)
    files = Files(STATIC)
    routes: list[BaseRoute] = [
        *api.routes(),
        *Description(parts.panels, parts.prefix).routes(),
        *Monitoring(parts.vitals, parts.hub, parts.gate_ready).routes(),
        *files.routes(),
    ]
    if parts.page is not None:
        routes.append(Route("/", Front(parts.page, api, parts.hub, files).answer))
    door = [Middleware(parts.access)] if parts.access else []

    @asynccontextmanager
    async def living(app: Starlette) -> AsyncGenerator[None]:
        del app
        parts.hub.start()
        if parts.page is not None:  # the first viewer need not wait for it
            Thread(target=_prepare, args=[files], name="drawing library", daemon=True).start()
        async with parts.beside():
            yield
        await parts.hub.stop()

    return Starlette(
        # the door takes the prefix for the app's root; without one it is part of the paths
        routes=[Mount(parts.prefix, routes=routes)] if parts.prefix and not door else routes,
        middleware=[*door, Middleware(GZipMiddleware, minimum_size=1_000, compresslevel=5)],
        exception_handlers={HubbubError: refused, HTTPException: unanswered, Exception: failed},
        lifespan=living,
    )


def _prepare(files: Files) -> None:
    try:
        files.prepare()
    except HubbubError as error:
        _log.error("%s %s", error.reason, error.fix)


class Server(uvicorn.Server):
    """A server that ends its streams when it is to stop, rather than wait for them for ever."""

    def __init__(self, config: uvicorn.Config, hub: Hub) -> None:
        super().__init__(config)
        self._hub = hub

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, then all else."""
        self._hub.close()
        await super().shutdown(sockets)
