"""The command line: a verb a module, found by its `command`."""

import atexit
import gc
import os
import sys

from hubbub.errors import Exit

_OBJECTS = 100_000
"""New objects after which Python looks for garbage: modules and lists of files are many that stay,
and were looked through again and again."""


def main() -> None:
    """Run the program and exit with its code."""
    code: int | None = None

    def leave() -> None:
        """End at once, when all else that has to be done at the end is done: Python would take
        every module apart, for as long as a short command takes to do its work."""
        if code is None:
            return
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        except OSError:
            return  # Python tells of it
        os._exit(code)

    atexit.register(leave)  # first of all, so that it is called last
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by who has started us; no file may take its place
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    gc.set_threshold(_OBJECTS)
    try:  # Ctrl-C may come while the modules are still being loaded
        from hubbub.cli.program import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        sys.stderr.write("hubbub: Interrupted.\n")
        code = Exit.INTERRUPTED
    if code == Exit.INTERRUPTED:
        leave()  # Python would wait for threads, and a thread may be waiting for some server
    sys.exit(code)
