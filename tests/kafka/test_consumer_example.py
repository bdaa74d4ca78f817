"""examples/consumer.py, as a stranger runs it, with a real broker."""

import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

from tests.kafka.broker import Broker
from tests.kafka.feeding import Server, message, records, ts_of, wait, write

CONSUMER = Path(__file__).parents[2] / "examples" / "consumer.py"


@contextmanager
def consumer(address: str, topic: str) -> Generator[tuple["subprocess.Popen[str]", list[str]]]:
    """The example, and the lines that it has printed so far."""
    command = [sys.executable, str(CONSUMER), address, topic]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        lines: list[str] = []
        Thread(target=lines.extend, args=(map(str.strip, process.stdout),)).start()
        try:
            yield process, lines
        finally:
            process.send_signal(signal.SIGINT)  # it leaves its group, and nobody waits for it


def test_it_has_thirty_lines_at_most() -> None:
    assert len(CONSUMER.read_text(encoding="utf-8").splitlines()) <= 30


def test_it_prints_what_is_said_changed_and_deleted_each_once(
    running: Broker, topic: str, tmp_path: Path
) -> None:
    grove, reef = (Server(tmp_path / name, workspace=name) for name in ("grove", "reef"))
    grove.say("C1", 1, 2)
    reef.say("C1", 1)
    grove.deliver(
        {
            "type": "message", "subtype": "message_changed", "channel": "C1", "ts": ts_of(5),
            "event_ts": ts_of(5), "channel_type": "channel",
            "message": {
                "type": "message", "ts": ts_of(1), "user": "U1", "text": "better",
                "edited": {"user": "U1", "ts": ts_of(5)},
            },
        },
        {
            "type": "message", "subtype": "message_deleted", "channel": "C1", "ts": ts_of(6),
            "event_ts": ts_of(6), "channel_type": "channel", "deleted_ts": ts_of(2),
            "previous_message": {"type": "message", "ts": ts_of(2), "user": "U1", "text": "oops"},
        },
        message("G1", 7, text="behind closed doors"),
    )  # fmt: skip
    for server in (grove, reef):
        server.forward(running.address, topic)
    [partition] = {at for at, key, *_ in records(running.address, topic) if key == "grove/C1"}
    everything = [value for *_, value in records(running.address, topic)]
    write(running.address, topic, everything, partition)  # once more, as after a crash
    grove.say("C1", 9)
    grove.forward(running.address, topic)
    with consumer(running.address, topic) as (_, lines):
        wait(lambda: any("message 9" in line for line in lines), "the last message is printed")
        of_reef = f"reef C1 {ts_of(1)} message 1"
        wait(lambda: of_reef in lines, "that of the other workspace too")
        assert [line for line in lines if line != of_reef] == [
            f"grove C1 {ts_of(1)} message 1",
            f"grove C1 {ts_of(2)} message 2",
            f"grove C1 {ts_of(1)} better",
            f"grove C1 {ts_of(2)} deleted",
            f"grove C1 {ts_of(9)} message 9",
        ]
        assert lines.count(of_reef) == 1


def test_it_ends_at_records_that_it_would_misread(
    running: Broker, topic: str, tmp_path: Path
) -> None:
    server = Server(tmp_path)
    server.say("C1", 1)
    server.forward(running.address, topic)
    write(running.address, topic, [b'{"schema": 2}'])
    with consumer(running.address, topic) as (process, _):
        assert process.wait(60) == 1
        assert process.stderr is not None
        assert "renew this program" in process.stderr.read()
