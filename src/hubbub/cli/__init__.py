"""The command line: a verb a module, found by its `command`."""

import gc
import sys

from hubbub.errors import Exit

_OBJECTS = 100_000
"""New objects after which Python looks for garbage: modules and lists of files are many that stay,
and were looked through again and again."""


def main() -> None:
    """Run the program and exit with its code."""
    gc.set_threshold(_OBJECTS)
    try:  # Ctrl-C may come while the modules are still being loaded
        from hubbub.cli.program import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        sys.stderr.write("hubbub: Interrupted.\n")
        code = Exit.INTERRUPTED
    sys.exit(code)
