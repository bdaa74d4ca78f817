"""`hubbub simulate`: a local Slack."""

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from hubbub.cli.console import note
from hubbub.cli.options import Session, everywhere

if TYPE_CHECKING:
    from hubbub.simulator.backend import AppClass, Plan


@click.command("simulate", epilog="Example: hubbub simulate --from export.zip --port 9000")
@click.option(
    "--from",
    "archive",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Serve an archive; else a community is invented.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=9000,
    show_default=True,
    help="0 takes any that is free.",
)
@click.option(
    "--live",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SPEED",
    help="Let the community go on talking, so many times livelier than it used to be.",
)
@click.option(
    "--plan",
    type=click.Choice(["paid", "free"]),
    default="paid",
    show_default=True,
    help="free hides what is older than 90 days.",
)
@click.option(
    "--app-class",
    type=click.Choice(["internal", "unlisted"]),
    default="internal",
    show_default=True,
    help="unlisted gets 15 objects of history and one call a minute.",
)
@click.option(
    "--events",
    metavar="URL",
    help="Deliver events to this request URL, as soon as a receiver answers there; else by Socket "
    "Mode.",
)
@click.option("--seed", default=1, show_default=True, help="Which community is invented.")
@click.option("--members", default=120, show_default=True, help="How many people it has.")
@click.option("--days", default=180, show_default=True, help="For how long they have talked.")
@click.option(
    "--state",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Go on from this state if it is there, and save it at the end.",
)
@everywhere
def command(
    session: Session,
    archive: Path | None,
    port: int,
    live: float | None,
    plan: str,
    app_class: str,
    events: str | None,
    seed: int,
    members: int,
    days: int,
    state: Path | None,
) -> None:
    """Serve a local Slack to this machine until Ctrl-C: the Web API, with Slack's limits and
    errors, and its events, by HTTP or Socket Mode.

    Prints what a collector needs to know. GET and POST /_sim/clock, state, calls, faults, acts,
    events and tokens steer it.
    """
    import json
    from threading import Event

    from hubbub.flows.simulating import delivering, keep, prepare
    from hubbub.simulator.living import Living

    ready = prepare(
        archive,
        state,
        plan=cast("Plan", plan),
        app_class=cast("AppClass", app_class),
        seed=seed,
        members=members,
        days=days,
    )
    if ready.skipped:
        note(f"note: {ready.skipped:,} records are none of Slack's", verbosity=session.verbosity)
    simulator = ready.simulator
    talk = (
        Living(simulator.workspace, simulator.acts, speed=live, seed=seed)
        if live
        else nullcontext()
    )
    sent = (
        delivering(simulator, events, lambda line: note(line, verbosity=session.verbosity))
        if events
        else nullcontext()
    )
    try:
        with simulator.serve(port), sent, talk:
            told = {
                "SLACK_API_URL": simulator.url,
                "SLACK_BOT_TOKEN": ready.bot_token,
                "SLACK_USER_TOKEN": ready.user_token,
                "SLACK_APP_TOKEN": ready.app_token,
                "SLACK_SIGNING_SECRET": simulator.events.signing_secret(),
            }
            if session.as_json:
                click.echo(json.dumps(told))
            else:
                click.echo("\n".join(f"export {name}={value}" for name, value in told.items()))
            name = simulator.workspace.team["name"]
            note(f"{name} is at {simulator.origin}; Ctrl-C ends it", verbosity=session.verbosity)
            Event().wait()
    except KeyboardInterrupt:
        note("", verbosity=session.verbosity)
    if state is not None:
        keep(simulator, state)
        note(f"The state is in {state}", verbosity=session.verbosity)
