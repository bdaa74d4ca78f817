"""The command line: a verb a module, found by its `command`."""

import sys

from hubbub.errors import Exit


def main() -> None:
    """Run the program and exit with its code."""
    try:  # Ctrl-C may come while the modules are still being loaded
        from hubbub.cli.program import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        sys.stderr.write("hubbub: Interrupted.\n")
        code = Exit.INTERRUPTED
    sys.exit(code)
