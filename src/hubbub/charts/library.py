"""The drawing library, which is quick only with fonts that it has in memory.

It opens a font's file again for each text that it measures and each letter that it draws: half of
the work of a chart. Its own copy of the charts' font needs no file, but where the system has the
same font, the library takes that one. So it is shown the system's fonts without it.
"""

import os
import sys
import tempfile
from collections.abc import Iterable
from functools import cache
from html import escape
from pathlib import Path
from threading import Lock
from types import ModuleType

import vl_convert

from hubbub.charts.fonts import FOLDERS, listed

_OWN = "Liberation"
"""How the files of the charts' font, which the library has itself, begin."""
_ENDINGS = frozenset({".ttf", ".otf", ".ttc", ".otc"})
_VARIABLE = "FONTCONFIG_FILE"
_NOTHING = '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'
_TURN = Lock()


def library() -> ModuleType:
    """The library, its fonts chosen: it looks for them once, when it first draws."""
    with _TURN:  # it is told by the environment, which all threads share
        return _library()


@cache
def _library() -> ModuleType:
    if sys.platform in {"darwin", "win32"} or os.environ.get(_VARIABLE):
        return vl_convert
    with tempfile.NamedTemporaryFile("w", suffix=".conf", encoding="utf-8") as file:
        file.write(configuration(folders(_files())))
        file.flush()
        os.environ[_VARIABLE] = file.name
        try:
            vl_convert.svg_to_png(_NOTHING)
        finally:
            del os.environ[_VARIABLE]
    return vl_convert


def _files() -> Iterable[Path]:
    """The files of the fonts that this machine has."""
    told = listed("--format", "%{file}\\n")
    if told is None:
        roots = [Path(folder).expanduser() for folder in FOLDERS]
        return (path for root in roots for path in root.rglob("*"))
    return map(Path, told.splitlines())


def folders(files: Iterable[Path]) -> list[Path]:
    """The folders of fonts, but those that hold the library's own and nothing else."""
    fonts = [path for path in files if path.suffix.lower() in _ENDINGS]
    return sorted({path.parent for path in fonts if not path.name.startswith(_OWN)})


def configuration(places: Iterable[Path]) -> str:
    """A configuration file that names folders of fonts."""
    named = "".join(f"<dir>{escape(str(folder))}</dir>" for folder in places)
    return f'<?xml version="1.0"?><fontconfig>{named}</fontconfig>'
