"""The JSON API: every panel and every metric, also as CSV and as pictures.

All work that touches the store, the audit log or the drawing library is done in threads.
"""

from collections.abc import Callable, Collection
from functools import partial
from pathlib import PurePosixPath
from typing import Any, TypeVar

import duckdb
from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from hubbub.destinations.files import csv_parts
from hubbub.errors import HubbubError, TryAgain, UsageError
from hubbub.flows.measuring import Measured, measure
from hubbub.flows.panels import Panels, View
from hubbub.flows.showing import columns_of, rows_for_machines
from hubbub.metrics.catalog import Catalog
from hubbub.metrics.header import BUILT_IN
from hubbub.server.answers import NotThere, json_response
from hubbub.server.stream import EventStream, Hub

ROOT = "/api/v1"

_READERS = 4
"""Requests that read the store or wait for it at a time; others wait for them."""
_PAINTERS = 1
"""Pictures that are drawn at a time."""
_ROWS = 1_000
"""Rows of a metric where no limit is given."""
MOST_ROWS = 50_000
_VISIT_SECONDS = 60.0
"""Who begins to look at one view within this is noted once."""
_PANEL_SECONDS = 3_600.0

T = TypeVar("T")


class Api:
    """The endpoints."""

    def __init__(self, panels: Panels, hub: Hub) -> None:
        self._panels = panels
        self._hub = hub
        self._settings = panels.settings
        self._catalog: Catalog = panels.catalog
        self._readers = CapacityLimiter(_READERS)
        self._painters = CapacityLimiter(_PAINTERS)

    def routes(self) -> list[Route]:
        """All endpoints."""
        return [
            Route(f"{ROOT}/dashboard", self.dashboard),
            Route(f"{ROOT}/panels/{{name}}", self.panel),
            Route(f"{ROOT}/metrics", self.metrics),
            Route(f"{ROOT}/metrics/{{name}}", self.metric),
            Route(f"{ROOT}/status", self.status),
            Route(f"{ROOT}/stream", self.stream),
        ]

    async def dashboard(self, request: Request) -> Response:
        """The panels with what they mean, and the filters."""
        _given(request, ())
        return json_response(await self.reading(self._panels.dashboard))

    async def panel(self, request: Request) -> Response:
        """A panel's data as JSON or CSV, or its picture."""
        name, form = _name_and_form(request, {".csv", ".png"})
        self._panels.named(name)
        view = await self.view_of(request)
        if form == ".png":
            drawing = await self.reading(self._panels.drawing, name, view)
            painted = partial(drawing.picture, "png")
            picture = await to_thread.run_sync(painted, limiter=self._painters)
            return Response(picture, headers=_file_headers(f"{name}.png"), media_type="image/png")
        if form == ".csv":
            shown = self._panels.named(name)
            assert shown.metric is not None
            return _csv(name, await self._measured(shown.metric.name, shown.window(view)))
        await self.reading(self._panels.note, name, view, _PANEL_SECONDS)
        data = await self.reading(self._panels.panel, name, view)
        # a version stands for one panel of one view
        tag = f'"{data.version}"'
        headers = {"etag": tag, "cache-control": "no-cache"}
        if tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return json_response(data.encoded, headers=headers)

    async def metrics(self, request: Request) -> Response:
        """All metrics, with their parameters and columns."""
        _given(request, ())
        return json_response([
            {
                "name": metric.name,
                "title": metric.title,
                "question": metric.question,
                "note": metric.note,
                "parameters": [
                    {"name": each.name, "doc": each.doc, "default": each.default}
                    for each in metric.parameters.values()
                ]
                + [{"name": "as_of", "doc": BUILT_IN["as_of"], "default": "now"}],
                "columns": [
                    {"name": each.name, "type": each.type, "doc": each.doc, "unit": each.unit}
                    for each in metric.columns.values()
                ],
            }
            for metric in await self.reading(self._catalog.metrics)
        ])  # fmt: skip

    async def metric(self, request: Request) -> Response:
        """A metric's rows, read from the store now."""
        name, form = _name_and_form(request, {".csv"})
        if name not in self._catalog.files:
            raise NotThere(f"There is no metric {name!r}.", "See api/v1/metrics.")
        metric = self._catalog.metric(name)
        parameters = set(metric.parameters) | {"as_of"}
        window = _given(request, parameters | ({"limit"} if not form else set()))
        limit = _limit(window.pop("limit", str(_ROWS))) if not form else 0
        measured = await self._measured(name, window)
        if form:
            return _csv(name, measured)
        return json_response(await self.reading(_told, measured, limit))

    async def status(self, request: Request) -> Response:
        """How the server fares."""
        _given(request, ())
        return json_response(self._hub.status())

    async def stream(self, request: Request) -> EventStream:
        """The stream of a view."""
        view = await self.view_of(request)
        await self.looked_at(view)
        compressed = "gzip" in request.headers.get("accept-encoding", "")
        return self._hub.stream(view, compressed=compressed)

    async def view_of(self, request: Request) -> View:
        """The view that a request asks for."""
        given = _given(request, {"period", "channel"})
        return await self.reading(partial(self._panels.view, **given))

    async def looked_at(self, view: View) -> None:
        """Note that somebody looks at the dashboard."""
        await self.reading(self._panels.note, "dashboard", view, _VISIT_SECONDS)

    async def _measured(self, name: str, window: dict[str, str]) -> Measured:
        if self._panels.mark() is None:
            raise TryAgain("There are no messages yet.", "Ask again later.")
        return await self.reading(self._measure, name, window)

    def _measure(self, name: str, window: dict[str, str]) -> Measured:
        with self._panels.turn():
            return measure(self._settings, name, window, wait=self._panels.wait)

    async def reading(self, work: Callable[..., T], *arguments: Any) -> T:
        """Do in a thread what reads the store or the audit log."""
        try:
            return await to_thread.run_sync(work, *arguments, limiter=self._readers)
        except duckdb.Error as error:
            # what DuckDB says may quote a value
            raise HubbubError(
                f"The query failed ({type(error).__name__}).", "Try it with: hubbub show METRIC"
            ) from error


def _name_and_form(request: Request, forms: Collection[str]) -> tuple[str, str]:
    """The name of a panel or metric, and the form that its address asks for."""
    asked: str = request.path_params["name"]
    form = PurePosixPath(asked).suffix
    return (asked.removesuffix(form), form) if form in forms else (asked, "")


def _given(request: Request, known: Collection[str]) -> dict[str, str]:
    """The parameters of a request, each once. Raises `UsageError` for unknown ones."""
    given: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name not in known:
            fix = f"It takes: {', '.join(sorted(known))}." if known else "It takes none."
            raise UsageError(f"There is no parameter {name!r} here.", fix)
        if name in given:
            raise UsageError(f"{name} is given twice.", "Give it once.")
        given[name] = value
    return given


def _limit(given: str) -> int:
    if not (
        given.isascii() and given.isdecimal() and len(given) < 9 and 1 <= int(given) <= MOST_ROWS
    ):
        raise UsageError(
            f"limit is {given!r}.", f"Give a number from 1 to {MOST_ROWS}, or ask for the CSV."
        )
    return int(given)


def _told(measured: Measured, limit: int) -> dict[str, Any]:
    rows = measured.rows
    return {
        "name": measured.metric.name,
        "title": measured.metric.title,
        "question": measured.metric.question,
        "since": measured.since,
        "as_of": measured.as_of,
        "timezone": measured.timezone,
        "columns": columns_of(measured.metric, rows),
        "rows": rows_for_machines(measured.metric, rows.slice(0, limit)),
        "total_rows": rows.num_rows,
        "empty": None if rows.num_rows else measured.why_empty().splitlines()[0],
        "note": measured.small_groups() or None,
    }


def _csv(name: str, measured: Measured) -> Response:
    parts = (part.encode() for part in csv_parts(measured.rows))
    headers = _file_headers(f"{name}.csv")
    return StreamingResponse(parts, headers=headers, media_type="text/csv; charset=utf-8")


def _file_headers(name: str) -> dict[str, str]:
    return {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
