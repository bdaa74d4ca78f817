"""The first answer that a browser gets: the page, with what is known already."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import Response

from hubbub.errors import TryAgain, UsageError
from hubbub.flows.panels import View
from hubbub.server.api import Api
from hubbub.server.files import Files
from hubbub.server.stream import Hub


class Page(Protocol):
    """Writes the page: what `/api/v1/dashboard` answers, the data of the newest whole frame, and
    where the drawing library is."""

    def __call__(
        self, dashboard: Mapping[str, Any], frame: bytes | None = None, *, vega: str
    ) -> bytes:
        """The page as HTML."""
        ...


class Front:
    """The page's endpoint."""

    def __init__(self, page: Page, api: Api, hub: Hub, files: Files) -> None:
        self._page = page
        self._api = api
        self._hub = hub
        self._files = files

    async def answer(self, request: Request) -> Response:
        """The page for the view that its address names; for all channels if it names none that is
        there, since addresses are kept for long."""
        try:
            view = await self._api.view_of(request)
        except UsageError:
            view = View()
        await self._api.looked_at(view)
        body = await self._api.reading(self._written, view)
        return Response(
            body, headers={"cache-control": "no-store"}, media_type="text/html; charset=utf-8"
        )

    def _written(self, view: View) -> bytes:
        panels = self._hub.panels
        if not panels.known(view):
            with suppress(TryAgain):  # the page is shown without figures, which then come
                panels.refresh([view])
        return self._page(panels.dashboard(), self._hub.whole_frame(view), vega=self._files.vega())
