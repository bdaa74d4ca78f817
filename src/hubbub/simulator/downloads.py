"""The files host: uploads of bytes, downloads with a token."""

from hashlib import sha256

from msgspec import Struct

from hubbub.simulator.answering import NOBODY
from hubbub.simulator.backend import Backend
from hubbub.simulator.call import Call
from hubbub.simulator.reading import Incoming, parts
from hubbub.simulator.refusal import Refusal
from hubbub.simulator.state import Raw
from hubbub.simulator.views import is_hidden
from hubbub.simulator.visibility import sees_file

LOGIN_PAGE = b"""<!DOCTYPE html>
<html><head><title>Sign in | Slack</title></head>
<body><h1>Sign in to your workspace</h1><form action="/sign-in" method="post"></form></body></html>
"""
"""What a download gives without a good token: HTTP 200, and no file."""


class Content(Struct, frozen=True):
    """Bytes that go back; `name` is set where a browser should save them."""

    content: bytes
    media_type: str
    status: int = 200
    name: str = ""


def download(backend: Backend, file_id: str, *, to_save: bool, incoming: Incoming) -> Content:
    """The bytes of a file, for tokens with files:read that see it; else the login page."""
    word, _, text = incoming.headers.get("authorization", "").partition(" ")
    with backend.lock:
        try:
            token = backend.tokens.find(text.strip() if word == "Bearer" else "")
            token.demand("files:read")
        except Refusal:
            token = NOBODY
        call = Call("download", {}, backend, token, incoming.origin)
        file = backend.workspace.files.get(file_id)
        if token is NOBODY or file is None or not sees_file(call, file) or is_hidden(call, file):
            return Content(LOGIN_PAGE, "text/html; charset=utf-8")
        content = _content(backend, file)
        name = str(file["name"]) if to_save else ""
        return Content(content, file.get("mimetype", "application/octet-stream"), name=name)


def upload(backend: Backend, ticket: str, incoming: Incoming) -> Content:
    """Take the bytes of a file, raw or as a part of a form."""
    content = incoming.body
    content_type = incoming.headers.get("content-type", "")
    if content_type.startswith("multipart/form-data"):
        sent = parts(content_type, content)
        content = sent.get("file", next(iter(sent.values()), b""))
    with backend.lock:
        waiting = backend.uploads.get(ticket)
        if waiting is None:
            return Content(b"No such upload", "text/plain", 404)
        if len(content) != waiting.length:
            return Content(b"The length is not the one announced", "text/plain", 400)
        waiting.content = content
    return Content(f"OK - {len(content)}".encode(), "text/plain")


def _content(backend: Backend, file: Raw) -> bytes:
    """What was uploaded, or for invented files bytes drawn from the id, as many as it has."""
    uploaded = backend.contents.get(file["id"])
    if uploaded is not None:
        return uploaded
    size = int(file.get("size") or 0)
    if file.get("preview"):
        return str(file["preview"]).encode()[:size].ljust(size)
    pattern = sha256(file["id"].encode()).digest()
    return (pattern * (size // len(pattern) + 1))[:size]
