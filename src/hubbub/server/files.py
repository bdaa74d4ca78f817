"""The page's files, known by their content, and the drawing library: read and compressed once."""

import gzip
import hashlib
import mimetypes
import threading
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from anyio import to_thread
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hubbub.charts.bundle import bundle, known_by
from hubbub.server.answers import NotThere

_FOREVER = "public, max-age=31536000, immutable"
_SMALL = 500
"""Bytes below which compressing is not worth it."""
_VEGA = "vega.js"
_TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}


class _File(Struct, frozen=True, dict=True):
    content: bytes
    media_type: str
    version: str = ""
    """What its maker knows the content by, if that is so."""

    @cached_property
    def digest(self) -> str:
        """What the content is known by."""
        return self.version or hashlib.sha256(self.content).hexdigest()[:16]

    @cached_property
    def compressed(self) -> bytes:
        """The content for those who take gzip."""
        return gzip.compress(self.content, 9, mtime=0)


class Files:
    """The files of a folder under `/static`, and `/static/vega.js`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[str, _File] = {}
        self._locks: dict[str, threading.Lock] = {}

    def routes(self) -> list[Route]:
        """All endpoints."""
        return [Route("/static/{path:path}", self.file)]

    def vega(self) -> str:
        """Where the browser finds the drawing library, by its version."""
        return f"static/vega.js?v={known_by()}"

    def prepare(self) -> None:
        """Have the drawing library ready, which takes two seconds. Raises `HubbubError`."""
        assert self._found(_VEGA).compressed

    async def file(self, request: Request) -> Response:
        """A file; with its digest as `v` in the address it may be kept for ever."""
        path: str = request.path_params["path"]
        file = await to_thread.run_sync(self._found, path)
        tag = f'"{file.digest}"'
        is_named = request.query_params.get("v") == file.digest
        headers = {
            "etag": tag,
            "cache-control": _FOREVER if is_named else "no-cache",
            "content-type": file.media_type,
            "vary": "accept-encoding",
        }
        if tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        if len(file.content) < _SMALL or "gzip" not in request.headers.get("accept-encoding", ""):
            return Response(file.content, headers=headers)
        return Response(file.compressed, headers={**headers, "content-encoding": "gzip"})

    def _found(self, path: str) -> _File:
        if path == _VEGA:
            return self._file(path, bundle, known_by())
        known = {each.relative_to(self._folder).as_posix(): each for each in self._files()}
        if path not in known:
            raise NotThere(f"There is no file {path!r}.", "Load the page again.")
        return self._file(path, known[path].read_bytes)

    def _files(self) -> list[Path]:
        return [each for each in self._folder.rglob("*") if each.is_file()]

    def _file(self, path: str, read: Callable[[], bytes], version: str = "") -> _File:
        with self._locks.setdefault(path, threading.Lock()):
            if path not in self._made:
                suffix = Path(path).suffix
                media_type = _TYPES.get(suffix) or mimetypes.types_map.get(suffix)
                self._made[path] = _File(read(), media_type or "application/octet-stream", version)
            return self._made[path]
