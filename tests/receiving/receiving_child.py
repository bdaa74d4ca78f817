"""Receives events in a process of its own: `receiving_child.py FOLDER` says its port."""

import sys
import threading
from pathlib import Path

from ingest import place, slack_side

if __name__ == "__main__":
    with place(Path(sys.argv[1])) as here, slack_side(here) as port:
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()
        threading.Event().wait()
