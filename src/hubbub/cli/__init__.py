"""The command line: a verb a module, found by its `command`."""

from hubbub.cli.program import main

__all__ = ["main"]
