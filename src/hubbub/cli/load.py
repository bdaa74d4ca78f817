"""`hubbub load`: a workspace's events from a topic into a store on this machine."""

import signal
from threading import Event
from types import FrameType
from typing import TYPE_CHECKING

import click
from msgspec.structs import asdict

from hubbub.cli import console
from hubbub.cli.options import Session, everywhere

if TYPE_CHECKING:
    from hubbub.errors import HubbubError
    from hubbub.flows.consuming import Loaded

_SAY_SECONDS = 60.0


@click.command(
    "load", epilog="Example: hubbub load --kafka broker1:9092,broker2:9092 --workspace grove"
)
@click.option(
    "--kafka", required=True, metavar="HOST:PORT", help="The broker; several with commas."
)
@click.option("--topic", default="slack-events", show_default=True, metavar="NAME")
@click.option(
    "--group",
    metavar="NAME",
    help="Consumer group, whose loaders share the partitions; else hubbub-<workspace>.",
)
@click.option("--once", is_flag=True, help="End when all that is there now is loaded.")
@click.option("--again", is_flag=True, help="Load all that the topic still has once more.")
@everywhere
def command(
    session: Session, kafka: str, topic: str, group: str | None, once: bool, again: bool
) -> None:
    """Load a workspace's events from Kafka or Redpanda, where hubbub serve --kafka puts them,
    until Ctrl-C.

    How the broker is logged in to comes from HUBBUB_KAFKA_… variables. The workspace's keys have
    to be here. What comes twice changes nothing; docs/kafka.md says the rest.
    """
    import json
    import os

    from hubbub.core.broker import properties
    from hubbub.flows.consuming import TopicLoader

    loader = TopicLoader(session.settings, properties(kafka, os.environ), topic, group)
    stop = Event()

    def end(signum: int, frame: FrameType | None) -> None:
        del signum, frame
        stop.set()

    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)
    console.note(
        f"{topic} at {kafka} is loaded into {session.settings.folder}"
        + ("" if once else "; Ctrl-C ends it"),
        verbosity=session.verbosity,
    )
    loaded = loader.run(stop, once=once, again=again, tell=_Teller(session.verbosity))
    if session.as_json:
        told = {name: value for name, value in asdict(loaded).items() if name != "trouble"}
        click.echo(json.dumps(told))
    else:
        click.echo(_summary(loaded))


class _Teller:
    """Says how a loader fares: what is new at once, the rest once a minute."""

    def __init__(self, verbosity: int) -> None:
        self._verbosity = verbosity
        self._trouble: HubbubError | None = None
        self._partitions: tuple[int, ...] = ()
        self._quarantined = self._gone = self._events = 0
        self._said_at = self._complained_at = float("-inf")

    def __call__(self, loaded: "Loaded") -> None:
        from time import monotonic

        if loaded.trouble is not None and monotonic() - self._complained_at >= _SAY_SECONDS:
            self._complained_at = monotonic()
            click.echo(f"hubbub: {loaded.trouble.reason}", err=True)
            click.echo(f"        {loaded.trouble.fix}", err=True)
        if loaded.partitions != self._partitions:
            self._partitions = loaded.partitions
            self._say_share(loaded)
        if loaded.gone > self._gone:
            self._gone = loaded.gone
            click.echo(
                f"hubbub: {loaded.gone:,} records were gone before they were read.", err=True
            )
            click.echo("        Fill the gap: hubbub collect", err=True)
        if monotonic() - self._said_at < _SAY_SECONDS:
            return
        if loaded.events > self._events or loaded.quarantined > self._quarantined:
            self._said_at = monotonic()
            self._events, self._quarantined = loaded.events, loaded.quarantined
            console.note(f"{_summary(loaded)}; {loaded.behind:,} wait", verbosity=self._verbosity)

    def _say_share(self, loaded: "Loaded") -> None:
        if loaded.partitions and len(loaded.partitions) < loaded.of:
            console.note(
                f"note: this store gets {len(loaded.partitions)} of the {loaded.of} partitions; "
                "other loaders of the group have the rest. For a store with all of it, take a "
                "--group of its own",
                verbosity=self._verbosity,
            )


def _summary(loaded: "Loaded") -> str:
    told = f"{loaded.events:,} events loaded"
    if loaded.others:
        told += f", {loaded.others:,} of other workspaces passed over"
    if loaded.quarantined:
        told += f", {loaded.quarantined:,} records could not be read: hubbub list quarantine"
    return told
