"""The drawing library for browsers: JavaScript, made by vl-convert.

Making it takes two seconds and leaves 120 MB behind, so a process of its own does it, and ends; it
is kept in the user's cache, so that it is there when a server starts again.

usage: python -m hubbub.charts.bundle: writes it to the standard output
"""

import os
import subprocess
import sys
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

from hubbub.charts.render import VEGA_LITE
from hubbub.errors import HubbubError


def known_by() -> str:
    """What the library's content is a function of, known without making it."""
    return f"{version('vl-convert-python')}-{VEGA_LITE}"


def bundle() -> bytes:
    """The library. Raises `HubbubError` if it cannot be made."""
    kept = _cache() / f"vega-{known_by()}.js"
    with suppress(OSError):
        return kept.read_bytes()
    made = _made()
    with suppress(OSError):  # where nothing can be kept it is made each time
        kept.parent.mkdir(parents=True, exist_ok=True)
        fresh = kept.with_name(f"{kept.name}.{os.getpid()}")
        fresh.write_bytes(made)
        fresh.replace(kept)
    return made


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hubbub"


def _made() -> bytes:
    command = [sys.executable, "-m", "hubbub.charts.bundle"]
    made = subprocess.run(command, capture_output=True, check=False)  # noqa: S603
    if made.returncode:
        raise HubbubError(
            "The drawing library for browsers cannot be made, so there are no charts.",
            f"Try it: {' '.join(command)}",
        )
    return made.stdout


def _write() -> None:
    import vl_convert

    _bundle: Any = vl_convert.javascript_bundle
    # without a snippet, which the stub demands, the library has its bundle ready
    sys.stdout.buffer.write(_bundle(None, VEGA_LITE).encode())


if __name__ == "__main__":
    _write()
