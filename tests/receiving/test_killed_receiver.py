"""`kill -9` under load: every event that was acknowledged is in the log, once."""

import http.client
import random
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from ingest import PATIENCE, envelope, signed
from tests.parts import IS_SOAK

from hubbub.stores.eventlog import EventLog

CHILD = Path(__file__).with_name("receiving_child.py")
SENDERS = 8


@pytest.mark.parametrize("seed", range(50 if IS_SOAK else 3))
def test_what_was_acknowledged_outlives_kill_9(tmp_path: Path, seed: int) -> None:
    acknowledged: set[str] = set()
    for start in range(2):
        acknowledged |= killed_under_load(tmp_path, random.Random(10 * seed + start), start)
    log = EventLog(tmp_path / "grove" / "events.sqlite")
    kept = [event.event_id for entry in log.entries(0) for event in entry.events]
    rows = [ts for entry in log.entries(0) for ts in entry.tables["messages"]["ts"].to_pylist()]
    log.close()
    assert len(acknowledged) > 20
    assert acknowledged <= set(kept)
    assert len(kept) == len(set(kept)) == len(rows) == len(set(rows))


def killed_under_load(folder: Path, rng: random.Random, start: int) -> set[str]:
    """The ids of events that were acknowledged before the end."""
    process = subprocess.Popen(
        [sys.executable, str(CHILD), str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    port = int(process.stdout.readline())
    acknowledged: list[str] = []
    enough = threading.Event()
    wanted = rng.randrange(20, 120)

    def send(sender: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        number = 100_000 * start + 10_000 * sender
        try:
            while True:
                number += 1
                body = envelope(number)
                connection.request("POST", "/slack/events", body, signed(body))
                answer = connection.getresponse()
                answer.read()
                assert answer.status == 200
                acknowledged.append(f"Ev{number:010}")
                if len(acknowledged) >= wanted:
                    enough.set()
        except (OSError, http.client.HTTPException):
            connection.close()  # it was killed

    senders = [threading.Thread(target=send, args=(each,)) for each in range(SENDERS)]
    for each in senders:
        each.start()
    assert enough.wait(PATIENCE)
    process.kill()
    process.wait()
    process.stdout.close()
    for each in senders:
        each.join()
    return set(acknowledged)
