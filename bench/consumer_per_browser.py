"""What a dashboard costs that gives each browser a Kafka consumer of its own, from the topic's
beginning: the design that Hubbub's one hub and shared frames are compared to.

usage: python -m bench.consumer_per_browser [serve ADDRESS TOPIC]: without arguments, against a
broker of its own, print the figures
"""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

from bench.processes import Served

HISTORY = 20_000
"""Records that the topic has before anybody looks: a few weeks of a lively community."""
_LIVE_SECONDS = 1.0


@dataclass(frozen=True)
class Figures:
    """How it fared."""

    live: float
    """Fraction of the events that reached the browsers within a second: of each event, each."""
    cores: float
    """Processor cores that the server took meanwhile."""


def serve(address: str, topic: str) -> None:
    """Serve the topic to browsers until killed: a thread and a consumer each."""
    from werkzeug.serving import make_server
    from werkzeug.wrappers import Request, Response

    @Request.application
    def application(request: Request) -> Response:
        del request
        return Response(_stream(address, topic), mimetype="text/event-stream")

    server = make_server("127.0.0.1", 0, application, threaded=True)
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


def _stream(address: str, topic: str) -> Iterator[str]:
    from confluent_kafka import Consumer

    own = {"group.id": uuid.uuid4().hex, "auto.offset.reset": "earliest"}
    consumer: Any = Consumer({"bootstrap.servers": address, **own})
    consumer.subscribe([topic])
    try:
        while True:
            record = consumer.poll(1.0)
            if record is not None and not record.error():
                yield f"data: {record.value().decode()}\n\n"
    finally:
        consumer.close()


def run(address: str, browsers: int, rate: int, seconds: float) -> Figures:
    """Let so many browsers look while so many events a second happen."""
    topic = f"bench-{uuid.uuid4().hex[:8]}"
    _fill(address, topic)
    command = [sys.executable, "-m", "bench.consumer_per_browser", "serve", address, topic]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        try:
            assert server.stdout, "it tells its port"
            port = int(server.stdout.readline())
            served = Served(server.pid, port)
            return asyncio.run(_look(served, (address, topic), browsers, rate, seconds))
        finally:
            server.kill()


def _fill(address: str, topic: str) -> None:
    from confluent_kafka import Producer
    from confluent_kafka.admin import AdminClient
    from confluent_kafka.cimpl import NewTopic

    admin: Any = AdminClient({"bootstrap.servers": address})
    admin.create_topics([NewTopic(topic, 6)])[topic].result(30)
    producer: Any = Producer({"bootstrap.servers": address})
    for number in range(HISTORY):
        producer.produce(topic, value=_event(0.0), key=str(number % 50))
        if number % 1_000 == 0:
            producer.poll(0)
    producer.flush(60)


def _event(at: float) -> bytes:
    return json.dumps({"at": at, "text": "tide and pool " * 20}).encode()


async def _look(
    served: Served, place: tuple[str, str], browsers: int, rate: int, seconds: float
) -> Figures:
    received = [0] * browsers
    looking = [
        asyncio.create_task(_browse(served.port, received, each)) for each in range(browsers)
    ]
    await asyncio.sleep(2.0)  # the page is open, then the talk goes on
    before, begun = served.cpu, time.monotonic()
    talk = Thread(target=_talk, args=(*place, rate, seconds))
    talk.start()
    while talk.is_alive():
        await asyncio.sleep(0.1)
    await asyncio.sleep(_LIVE_SECONDS)
    cores = (served.cpu - before) / (time.monotonic() - begun)
    for each in looking:
        each.cancel()
    await asyncio.gather(*looking, return_exceptions=True)
    return Figures(sum(received) / (browsers * round(rate * seconds)), cores)


async def _browse(port: int, received: list[int], own: int) -> None:
    """Count the events that come while they are live."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
    writer.write(b"GET /events HTTP/1.1\r\nHost: bench\r\n\r\n")
    try:
        while line := await reader.readline():
            if line.startswith(b'data: {"at": ') and not line.startswith(b'data: {"at": 0.0,'):
                at = float(line[13 : line.index(b",")])
                received[own] += time.time() - at <= _LIVE_SECONDS
    finally:
        writer.close()


def _talk(address: str, topic: str, rate: int, seconds: float) -> None:
    from confluent_kafka import Producer

    producer: Any = Producer({"bootstrap.servers": address, "linger.ms": 5})
    begun = time.monotonic()
    for number in range(round(rate * seconds)):
        time.sleep(max(0.0, begun + number / rate - time.monotonic()))
        producer.produce(topic, value=_event(time.time()), key=str(number % 50))
        producer.poll(0)
    producer.flush(10)


def report(browsers: int = 100, rate: int = 200, seconds: float = 10.0) -> None:
    """Print the figures, if a broker can be had here."""
    from tests.kafka.broker import Broker, NoBroker

    with tempfile.TemporaryDirectory(prefix="hubbub-bench-") as folder:
        try:
            broker = Broker(Path(folder))
        except NoBroker as error:
            print(f"a consumer a browser: not measured, for want of {error}")
            return
        broker.start()
        try:
            figures = run(broker.address, browsers, rate, seconds)
        finally:
            broker.stop()
    print(
        f"a consumer a browser, {browsers} browsers, {rate} events/s: "
        f"{figures.live:.1%} of live events within a second, {figures.cores:.2f} cores"
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(*sys.argv[2:4])
    else:
        report()
