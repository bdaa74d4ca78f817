"""Reads requests as Slack does: queries, forms and JSON, with its warnings and its complaints."""

import re
from collections.abc import Mapping
from email.message import Message
from email.parser import BytesParser
from typing import cast
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct, field

from hubbub.simulator.refusal import Refusal
from hubbub.simulator.state import Raw

_FORM = "application/x-www-form-urlencoded"
_NAME = re.compile(r"[\w.-]+")
_CHARSETS = {"utf-8", "utf8", "iso-8859-1"}


class Incoming(Struct, frozen=True):
    """An HTTP request. The names of headers are in small letters; `origin` is where it came to."""

    verb: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    origin: str


class Request(Struct):
    """What a request says: the method's arguments, without the token."""

    arguments: Raw = field(default_factory=Raw)
    token: str = ""
    warnings: list[str] = []


def read_request(incoming: Incoming, *, takes_json: bool) -> Request:
    """Read a request. A method that takes no JSON does not see the arguments in one.

    Tokens are taken from the header or a form, never from a query string.
    """
    request = Request()
    request.arguments |= _fields(incoming.query.encode())
    request.arguments.pop("token", None)
    if incoming.verb == "POST" and incoming.body:
        _read_body(incoming, request, takes_json)
    for name in request.arguments:
        if name.endswith("]"):
            raise Refusal("invalid_array_arg")
        if not _NAME.fullmatch(name):
            raise Refusal("invalid_arg_name")
    word, _, text = incoming.headers.get("authorization", "").partition(" ")
    if word == "Bearer":
        request.token = text.strip()
    return request


def _read_body(incoming: Incoming, request: Request, takes_json: bool) -> None:
    header = Message()
    header["content-type"] = incoming.headers.get("content-type", "")
    kind, charset = header.get_content_type(), header.get_content_charset()
    if not incoming.headers.get("content-type"):
        raise Refusal("missing_post_type")
    if charset is not None and charset not in _CHARSETS:
        raise Refusal("invalid_charset")
    if kind == "application/json":
        if charset is None:
            request.warnings.append("missing_charset")
        if takes_json:
            request.arguments |= _json(incoming.body)
            request.arguments.pop("token", None)
        return
    if kind == _FORM:
        if charset is not None:
            request.warnings.append("superfluous_charset")
        fields = _fields(incoming.body)
    elif kind == "multipart/form-data":
        fields = {
            name: content.decode("utf-8", "replace")
            for name, content in parts(incoming.headers["content-type"], incoming.body).items()
        }
    else:
        raise Refusal("invalid_post_type")
    request.token = fields.pop("token", "")
    request.arguments |= fields


def parts(content_type: str, body: bytes) -> dict[str, bytes]:
    """The parts of a multipart body, by name. Refuses what is none."""
    message = BytesParser().parsebytes(
        b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body
    )
    if not message.is_multipart():
        raise Refusal("invalid_form_data")
    found: dict[str, bytes] = {}
    for part in message.walk():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            found[name] = content
    return found


def _fields(content: bytes) -> dict[str, str]:
    try:
        text = content.decode("ascii")
        return dict(parse_qsl(text, keep_blank_values=True, errors="strict"))
    except ValueError:
        raise Refusal("invalid_form_data") from None


def _json(body: bytes) -> Raw:
    try:
        content = msgspec.json.decode(body)
    except msgspec.DecodeError:
        raise Refusal("invalid_json") from None
    if not isinstance(content, dict):
        raise Refusal("json_not_object")
    return cast("Raw", content)
