"""The real server as a process, and people at Slack's end who post signed events without pause."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Any

from slack_sdk.signature import SignatureVerifier
from tests.looking import looking
from tests.parts import IS_SOAK

SECRET = "c0ffee00c0ffee00c0ffee00c0ffee00"
TEAM = "T1"
PATIENCE = 60.0
CHANNEL = "C1"
FUTURE = 1_990_000_000
"""When all is said: history is not asked about it, and has no word of what is only said here."""
REACTED, EVERY = "tada", 5
"""Each fifth event is a reaction to the message before it."""
_QUIET = ("SLACK_BOT_TOKEN", "SLACK_USER_TOKEN", "SLACK_APP_TOKEN", "SLACK_API_URL")


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.02)


@dataclass
class Program:
    """`hubbub serve` of one workspace, started and ended as often as a test likes."""

    home: Path
    surroundings: dict[str, str]
    port: int = 0
    process: "subprocess.Popen[str] | None" = None

    def __post_init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            self.port = listening.getsockname()[1]

    @property
    def path(self) -> Path:
        """The store's file."""
        return self.home / "grove" / "store.duckdb"

    def command(self, verb: str, *more: str) -> "subprocess.Popen[str]":
        """Start a verb on the workspace."""
        kept = {name: value for name, value in os.environ.items() if name not in _QUIET}
        return subprocess.Popen(
            [sys.executable, "-m", "hubbub", verb, *more, "--home", str(self.home),
             "--workspace", "grove", "--privacy", "open"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=kept | {"SLACK_SIGNING_SECRET": SECRET} | self.surroundings,
        )  # fmt: skip

    def done(self, verb: str, *more: str) -> str:
        """What a verb prints, which ends well."""
        process = self.command(verb, *more)
        printed, said = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, said
        return printed

    def start(self) -> None:
        """Serve; returns when requests are taken."""
        process = self.process = self.command("serve", "--port", str(self.port))
        wait_for(lambda: process.poll() is not None or self.asked("/readyz") == 200)
        assert process.poll() is None, process.communicate()

    def __enter__(self) -> "Program":
        """Nothing runs yet."""
        return self

    def __exit__(self, *error: object) -> None:
        """Leave nothing running."""
        if self.process is not None and self.process.poll() is None:
            self.kill()

    def kill(self) -> None:
        """End it as a power cut does."""
        assert self.process is not None, "start it first"
        self.process.kill()
        self.process.communicate()

    def stop(self) -> str:
        """End it as a service manager does; returns what it said."""
        assert self.process is not None, "start it first"
        self.process.send_signal(signal.SIGTERM)
        _, said = self.process.communicate(timeout=PATIENCE)
        assert "Traceback" not in said, said
        assert self.process.returncode == 0, said
        return said

    def asked(self, path: str) -> int:
        """The status of an answer; 0 if there is none."""
        try:
            return self._answer(path)[0]
        except OSError:
            return 0

    def told(self, path: str) -> Any:
        """The JSON of an answer."""
        return json.loads(self._answer(path)[1])

    def _answer(self, path: str) -> tuple[int, bytes]:
        with closing(
            http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        ) as connection:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query on the store."""
        with looking(self.path, wait=PATIENCE) as connection:
            return connection.execute(query).fetchall()

    def memory(self) -> int:
        """Bytes that the server holds in memory, at most until now."""
        assert self.process is not None, "start it first"
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        [line] = [line for line in status.splitlines() if line.startswith("VmHWM")]
        return int(line.split()[1]) * 1024


@dataclass(frozen=True)
class Sent:
    """An event, and the key of the row that it has to make."""

    body: bytes
    key: tuple[str, ...]


def event(sender: int, number: int) -> Sent:
    """A message, or a reaction to the one before."""
    ts = f"{FUTURE + sender}.{number - number % EVERY:06}"
    happened = f"{FUTURE + 1_000 + sender}.{number:06}"
    inner: dict[str, Any] = {"event_ts": happened, "user": f"U{sender}"}
    key: tuple[str, ...] = (CHANNEL, ts)
    if number % EVERY == 1:
        item = {"type": "message", "channel": CHANNEL, "ts": ts}
        inner |= {"type": "reaction_added", "reaction": REACTED, "item": item}
        key = (CHANNEL, ts, f"U{sender}", REACTED)
    else:
        ts = f"{FUTURE + sender}.{number:06}"
        key = (CHANNEL, ts)
        inner |= {"type": "message", "channel": CHANNEL, "channel_type": "channel", "ts": ts}
        inner |= {"text": f"number {number}", "event_ts": ts}
    told = {
        "team_id": TEAM, "api_app_id": "A1", "type": "event_callback", "event": inner,
        "event_id": f"Ev{sender}x{number}", "event_time": FUTURE,
    }  # fmt: skip
    return Sent(json.dumps(told).encode(), key)


_PAUSE = 0.0 if IS_SOAK else 0.006
"""Seconds between two events of a sender: other tests run beside it."""


class Load:
    """Some senders, each of whom posts one event after the other, and what was not acknowledged
    again, as Slack does."""

    def __init__(self, port: int, senders: int = 4) -> None:
        self.acknowledged: list[tuple[str, ...]] = []
        """The keys of the rows of events that were answered with 200."""
        self.statuses: set[int] = set()
        self._port, self._ended = port, Event()
        self._is_signed = SignatureVerifier(SECRET)
        self._threads = [Thread(target=self._send, args=(each,)) for each in range(senders)]

    def __enter__(self) -> "Load":
        """Begin."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        """End, whether or not somebody still listens."""
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, more: int) -> None:
        """Wait until so many more events are acknowledged."""
        enough = len(self.acknowledged) + more
        wait_for(lambda: len(self.acknowledged) >= enough)

    def _send(self, sender: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=5)
        number, is_settled = -1, True
        sent = event(sender, 0)
        while not self._ended.is_set():
            if is_settled:
                number += 1
                sent = event(sender, number)
            try:
                connection.request("POST", "/slack/events", sent.body, self._headers(sent.body))
                answer = connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException):
                connection.close()
                is_settled = False
                self._ended.wait(0.02)
                continue
            self.statuses.add(answer.status)
            is_settled = answer.status == 200
            if is_settled:
                self.acknowledged.append(sent.key)
            self._ended.wait(_PAUSE if is_settled else 0.05)
        connection.close()

    def _headers(self, body: bytes) -> dict[str, str]:
        now = str(int(time.time()))
        signature = self._is_signed.generate_signature(timestamp=now, body=body)
        return {
            "Content-Type": "application/json",
            "X-Slack-Request-Timestamp": now,
            "X-Slack-Signature": str(signature),
        }
