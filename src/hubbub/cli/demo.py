"""`hubbub demo`: everything on an invented community."""

import os
import sys
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from hubbub.cli import console
from hubbub.cli.options import Session, everywhere

if TYPE_CHECKING:
    from hubbub.flows.demo import Demo

_ROWS = 5


@click.command("demo", epilog="Example: hubbub demo --home /tmp/demo")
@click.option("--once", is_flag=True, help="End with the files, without the dashboard.")
@everywhere
def command(session: Session, once: bool) -> None:
    """Invent a community, collect it from a local Slack, show findings, draw charts, write files;
    then let it talk on, with a dashboard to look at, until Ctrl-C.

    All lies in ./hubbub-demo, or in the --home that you name. Run it again to make it anew.
    """
    from hubbub.flows.demo import run_demo

    settings = session.settings
    if not session.home_is_chosen:
        settings = replace(settings, home=Path("hubbub-demo"))
    with console.progress(session.verbosity) as show:
        demo = run_demo(settings, show)
    rows, report = demo.rows, demo.report
    click.echo(
        f"{demo.community}, an invented community: {rows['users']} users, "
        f"{rows['channels']} channels, {rows['messages']:,} messages"
    )
    click.echo(
        f"Collected from a local Slack by {sum(report.calls.values()):,} calls; at Slack's own "
        f"limits this would take {console.in_words(report.seconds)}"
    )
    for found in demo.findings:
        columns = found.readable_columns()
        shown = found.rows.slice(0, _ROWS)
        click.echo(f"\n{found.metric.title}: {found.metric.question}")
        console.table(
            columns,
            [[row[name] for name in columns] for row in shown.to_pylist()],
            timezone=demo.settings.timezone,
        )
    home = demo.settings.home
    click.echo(f"""
Where all is:
  {demo.page}  {len(demo.charts)} charts: open it in a browser
  {demo.files}  every metric as CSV, and network.gexf for Gephi

Ask it something yourself:
  hubbub --home {home} list metrics
  hubbub --home {home} show busiest_hours
  hubbub --home {home} show coverage --channel general
  hubbub --home {home} sql "SELECT kind, count(*) FROM messages GROUP BY ALL\"""")
    if not once:
        _show_live(demo)


def _show_live(demo: "Demo") -> None:
    """Serve the dashboard until Ctrl-C."""
    from hubbub.server.demo import live_demo

    with live_demo(demo) as running:
        click.echo(f"""
The community goes on talking: {running.url}
Ctrl-C ends it. What was said stays in {demo.settings.home}; hubbub demo makes it anew.""")
        if sys.stdout.isatty() and _has_screen():
            webbrowser.open(running.url)
        running.run()


def _has_screen() -> bool:
    """Whether a browser can open a window here; one that draws in the terminal would be in the
    way."""
    return sys.platform == "darwin" or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
