"""The page's files, and the drawing library: read and compressed once, known by their content."""

import gzip
import hashlib
import mimetypes
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hubbub.charts.render import VEGA_LITE
from hubbub.server.answers import NotThere

_FOREVER = "public, max-age=31536000, immutable"
_SMALL = 500
"""Bytes below which compressing is not worth it."""
_TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}


@dataclass(frozen=True)
class _File:
    content: bytes
    media_type: str

    @cached_property
    def digest(self) -> str:
        """What the content is known by."""
        return hashlib.sha256(self.content).hexdigest()[:16]

    @cached_property
    def compressed(self) -> bytes:
        """The content for those who take gzip."""
        return gzip.compress(self.content, 9, mtime=0)


class Files:
    """The files of a folder under `/static`, and `/static/vega.js`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[str, _File] = {}
        self._lock = threading.Lock()

    def routes(self) -> list[Route]:
        """All endpoints."""
        return [Route("/static/{path:path}", self.file)]

    def vega(self) -> str:
        """Where the browser finds the drawing library, by its content; takes a second at first."""
        return f"static/vega.js?v={self._file('vega.js', _vega).digest}"

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
        if path == "vega.js":
            return self._file(path, _vega)
        known = {each.relative_to(self._folder).as_posix(): each for each in self._files()}
        if path not in known:
            raise NotThere(f"There is no file {path!r}.", "Load the page again.")
        return self._file(path, known[path].read_bytes)

    def _files(self) -> list[Path]:
        return [each for each in self._folder.rglob("*") if each.is_file()]

    def _file(self, path: str, read: Callable[[], bytes]) -> _File:
        with self._lock:
            if path not in self._made:
                suffix = Path(path).suffix
                media_type = _TYPES.get(suffix) or mimetypes.types_map.get(suffix)
                file = _File(read(), media_type or "application/octet-stream")
                self._made[path] = file
            return self._made[path]


def _vega() -> bytes:
    import vl_convert

    _bundle: Any = vl_convert.javascript_bundle
    # without a snippet, which the stub demands, the library has its bundle ready
    return _bundle(None, VEGA_LITE).encode()
