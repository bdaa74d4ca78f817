"""The description of the API, in OpenAPI 3.1, from the metrics' headers and the panels."""

from functools import cached_property
from importlib.metadata import version
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hubbub.flows.panels import Panels
from hubbub.flows.showing import PERIODS, Shown
from hubbub.metrics.header import BUILT_IN, SUPPRESSED, Metric
from hubbub.server.answers import json_response
from hubbub.server.api import MOST_ROWS, ROOT

Json = dict[str, Any]

_TYPES: dict[str, Json] = {
    "id": {"type": "string"},
    "text": {"type": "string"},
    "markup": {"type": "string"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "flag": {"type": "boolean"},
    "instant": {"type": "string", "format": "date-time"},
    "date": {"type": "string", "format": "date"},
}
"""How values of metrics' columns look in JSON; each may be null."""

_TEXT: Json = {"type": "string"}
_TEXT_OR_NONE: Json = {"type": ["string", "null"]}
_NUMBER: Json = {"type": "integer", "minimum": 0}
_INSTANT_OR_NONE: Json = {"type": ["string", "null"], "format": "date-time"}


def _object(properties: Json, **more: Any) -> Json:
    return {"type": "object", "required": list(properties), "properties": properties, **more}


_COLUMN = _object({"name": _TEXT, "type": {"enum": list(_TYPES)}, "unit": _TEXT})
_DOCUMENTED = _object({"name": _TEXT, "type": {"enum": list(_TYPES)}, "unit": _TEXT, "doc": _TEXT})
_PART = _object({"state": _TEXT, "told": _TEXT, "since": {"type": "number"}})
_SCHEMAS: dict[str, Json] = {
    "Error": _object({"error": _object({"reason": _TEXT, "fix": _TEXT})}),
    "Status": {"type": "object", "additionalProperties": {"anyOf": [
        _PART, {"type": ["number", "null"]},
    ]}},
    "Dashboard": _object({
        "title": _TEXT, "workspace": _TEXT, "community": _TEXT, "timezone": _TEXT, "policy": _TEXT,
        "smallest_group": {"type": "integer", "minimum": 1},
        "shows_names": {"type": "boolean"}, "shows_text": {"type": "boolean"},
        "channels": {"type": "array", "items": _object({"id": _TEXT, "name": _TEXT})},
        "periods": {"type": "array", "items": _object({"value": _TEXT, "title": _TEXT})},
        "panels": {"type": "array", "items": _object({
            "name": _TEXT, "title": _TEXT,
            "kind": {"enum": ["card", "chart", "list", "table", "network", "status"]},
            "width": {"type": "integer", "minimum": 1, "maximum": 12},
            "height": {"type": "integer", "minimum": 1},
            "metric": _TEXT_OR_NONE, "chart": _TEXT_OR_NONE, "value": _TEXT_OR_NONE,
            "parts": {"type": "array", "items": _TEXT},
            "labels": {"type": "object", "additionalProperties": _TEXT},
            "colours": {"type": ["object", "null"]},
            "columns": {"type": "array", "items": _TEXT},
            "limit": {"type": ["integer", "null"], "minimum": 1},
            "filters": {"type": "array", "items": {"enum": ["period", "channel"]}},
            "explain": _object({
                "question": _TEXT, "note": _TEXT,
                "columns": {"type": "array", "items": _DOCUMENTED},
            }),
        })},
    }),
    "Metrics": {"type": "array", "items": _object({
        "name": _TEXT, "title": _TEXT, "question": _TEXT, "note": _TEXT,
        "parameters": {"type": "array", "items": _object({"name": _TEXT, "doc": _TEXT})},
        "columns": {"type": "array", "items": _DOCUMENTED},
    })},
}  # fmt: skip

_REASONS = {
    "400": "An unknown parameter, or a value that cannot be read",
    "403": "The answer would be about too few members, or you may not look",
    "404": "There is no such thing",
    "405": "Another method than GET",
    "500": "Something is wrong in the server, or in a file of a pack",
    "503": "The store is busy, or there is nothing in it yet",
}
_PERIOD: Json = {
    "name": "period",
    "in": "query",
    "description": "the period; without it each panel has its own",
    "schema": {"enum": ["", *PERIODS], "default": ""},
}
_CHANNEL: Json = {
    "name": "channel",
    "in": "query",
    "description": "one channel, by id or name; without it all",
    "schema": {**_TEXT, "default": ""},
}
_LIMIT: Json = {
    "name": "limit",
    "in": "query",
    "description": "rows of the answer; the CSV has all",
    "schema": {"type": "integer", "minimum": 1, "maximum": MOST_ROWS, "default": 1000},
}


ENDPOINTS = {
    f"{ROOT}/dashboard": "what there is to look at: panels with what they mean, periods, channels",
    f"{ROOT}/panels/NAME": "what a panel shows, for `period` and `channel`",
    f"{ROOT}/panels/NAME.csv": "the same, all rows as CSV",
    f"{ROOT}/panels/NAME.png": "the picture of a chart",
    f"{ROOT}/metrics": "all metrics with their parameters and columns",
    f"{ROOT}/metrics/NAME": "a metric's rows; its parameters, `as_of`, and `limit` (1000)",
    f"{ROOT}/metrics/NAME.csv": "the same, all rows as CSV",
    f"{ROOT}/status": "how Slack, event log, loader, broker, collector, schedule and panels fare",
    f"{ROOT}/stream": "server-sent events, for `period` and `channel`",
    "/openapi.json": "the description of all this, OpenAPI 3.1",
}
"""What the API answers to, for people."""


class Description:
    """The endpoint that describes all others."""

    def __init__(self, panels: Panels, prefix: str) -> None:
        self._panels = panels
        self._prefix = prefix

    def routes(self) -> list[Route]:
        """All endpoints."""
        return [Route("/openapi.json", self.describe)]

    async def describe(self, request: Request) -> Response:
        """The description as JSON."""
        del request
        return json_response(self._encoded)

    @cached_property
    def _encoded(self) -> bytes:
        return msgspec.json.encode(describe(self._panels, self._prefix))


def describe(panels: Panels, prefix: str = "") -> Json:
    """The description of the API that a workspace has."""
    view = [_PERIOD, _CHANNEL] if panels.smallest_group == 1 else []
    paths: Json = {
        f"{ROOT}/dashboard": _get("What there is to look at", _json_of("Dashboard")),
        f"{ROOT}/status": _get("How the server fares", _json_of("Status")),
        f"{ROOT}/metrics": _get("All metrics", _json_of("Metrics")),
        f"{ROOT}/stream": _get(
            "Server-sent events: `frame`, `activity` and `status`",
            {"text/event-stream": {"schema": _TEXT}},
            view,
        ),
    }
    for shown in panels.shown.values():
        if shown.metric is not None:
            paths |= _paths_of_panel(shown, shown.metric, view)
    for metric in panels.catalog.metrics():
        paths |= _paths_of_metric(metric)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Hubbub",
            "version": version("hubbub"),
            "description": "What is going on in a Slack community, as far as its privacy policy "
            "lets it out.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": prefix or "/"}],
        "paths": paths,
        "components": {"schemas": _SCHEMAS},
    }


def _paths_of_panel(shown: Shown, metric: Metric, view: list[Json]) -> Json:
    place, title = f"{ROOT}/panels/{shown.panel.name}", shown.title
    rows: Json = _object({
        "name": _TEXT,
        "version": _NUMBER,
        "since": _INSTANT_OR_NONE,
        "as_of": _INSTANT_OR_NONE,
        "subtitle": _TEXT,
        "columns": {"type": "array", "items": _COLUMN},
        "rows": _rows(metric),
        "total_rows": _NUMBER,
        "empty": _TEXT_OR_NONE,
        "error": {"anyOf": [_object({"reason": _TEXT, "fix": _TEXT}), {"type": "null"}]},
        "note": _TEXT_OR_NONE,
        "spec": {"type": ["object", "null"]},
    })  # fmt: skip
    paths = {
        place: _get(title, {"application/json": {"schema": rows}}, view),
        f"{place}.csv": _get(f"{title}, as CSV", _CSV, view),
    }
    if shown.chart is not None:
        png = {"image/png": {"schema": {"type": "string", "format": "binary"}}}
        paths[f"{place}.png"] = _get(f"{title}, as a picture", png, view)
    return paths


def _paths_of_metric(metric: Metric) -> Json:
    place = f"{ROOT}/metrics/{metric.name}"
    parameters = [_parameter(each.name, each.doc, each.default)
                  for each in metric.parameters.values()]  # fmt: skip
    parameters.append(_parameter("as_of", BUILT_IN["as_of"], "now"))
    rows: Json = _object({
        "name": _TEXT,
        "title": _TEXT,
        "question": _TEXT,
        "since": _INSTANT_OR_NONE,
        "as_of": _INSTANT_OR_NONE,
        "timezone": _TEXT,
        "columns": {"type": "array", "items": _COLUMN},
        "rows": _rows(metric),
        "total_rows": _NUMBER,
        "empty": _TEXT_OR_NONE,
        "note": _TEXT_OR_NONE,
    })  # fmt: skip
    json = {"application/json": {"schema": rows}}
    return {
        place: _get(metric.question, json, [*parameters, _LIMIT]),
        f"{place}.csv": _get(f"{metric.question} (CSV)", _CSV, parameters),
    }


_CSV: Json = {"text/csv": {"schema": _TEXT}}


def _parameter(name: str, doc: str, default: Any) -> Json:
    schema: Json = {"type": "string"}
    if isinstance(default, int | float):
        bounds = {"minimum": -(2**63) + 1, "maximum": 2**63 - 1}
        schema = {"type": "integer" if isinstance(default, int) else "number", **bounds}
    return {
        "name": name,
        "in": "query",
        "description": doc,
        "schema": schema | {"default": default},
    }


def _rows(metric: Metric) -> Json:
    """The rows of a metric: an array each, its values in the order of the columns.

    Not by `prefixItems`: what reads descriptions mostly takes it for something else.
    """
    columns = metric.columns.values()
    values: list[Json] = []
    for column in columns:
        if _TYPES[column.type] not in values:
            values.append(_TYPES[column.type])
    told = [f"{each.name} ({each.unit or each.type}): {each.doc}" for each in columns]
    return {
        "type": "array",
        "description": f"An array each: {'; '.join(told)}. Where small groups are suppressed, "
        f"rows about members have `{SUPPRESSED}` (no, partly, yes) as their last value.",
        "items": {
            "type": "array",
            "items": {"anyOf": [*values, {"type": "null"}, {"enum": ["no", "partly", "yes"]}]},
            "minItems": len(columns),
            "maxItems": len(columns) + 1,
        },
    }


def _json_of(schema: str) -> Json:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}


def _get(summary: str, content: Json, parameters: list[Json] | None = None) -> Json:
    error = _json_of("Error")
    responses: Json = {"200": {"description": summary, "content": content}} | {
        status: {"description": reason, "content": error} for status, reason in _REASONS.items()
    }
    return {"get": {"summary": summary, "parameters": parameters or [], "responses": responses}}
