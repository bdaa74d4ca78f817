"""Answers of the server: JSON, and errors as JSON with the right status."""

from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hubbub.errors import BadContent, HubbubError, TryAgain, UsageError
from hubbub.flows.panels import NoPanel
from hubbub.metrics.small_groups import TooFewMembers

JSON = "application/json; charset=utf-8"
RETRY_SECONDS = 2


class NotThere(UsageError):
    """The address names something that is not there."""


def json_response(
    content: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """An answer in JSON; nothing of it may be kept by anybody in between."""
    body = content if isinstance(content, bytes) else msgspec.json.encode(content)
    return Response(body, status, {"cache-control": "no-store", **(headers or {})}, JSON)


async def refused(request: Request, error: Exception) -> Response:
    """The answer to a request that failed with a `HubbubError`."""
    del request
    assert isinstance(error, HubbubError)
    headers = {"retry-after": str(RETRY_SECONDS)} if isinstance(error, TryAgain) else {}
    return _error(_status(error), error.reason, error.fix, headers)


async def unanswered(request: Request, error: Exception) -> Response:
    """The answer to a request that no part of the server answers."""
    assert isinstance(error, HTTPException)
    reason = {
        404: f"There is nothing at {request.url.path}.",
        405: f"{request.method} is not possible here.",
    }.get(error.status_code, error.detail)
    return _error(error.status_code, reason, "See openapi.json.", error.headers)


async def failed(request: Request, error: Exception) -> Response:
    """The answer where Hubbub itself is wrong; the log has the error."""
    del request, error
    return _error(500, "Something went wrong in the server.", "Look into its log.")


def _error(
    status: int, reason: str, fix: str, headers: Mapping[str, str] | None = None
) -> Response:
    return json_response({"error": {"reason": reason, "fix": fix}}, status, headers)


def _status(error: HubbubError) -> int:
    if isinstance(error, TryAgain):
        return 503
    if isinstance(error, NotThere | NoPanel):
        return 404
    if isinstance(error, TooFewMembers):
        return 403
    if isinstance(error, UsageError) and not isinstance(error, BadContent):
        return 400
    return 500
