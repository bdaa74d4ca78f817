"""`hubbub draw`: a chart into a file."""

from pathlib import Path

import click

from hubbub.cli.console import note
from hubbub.cli.options import Session, everywhere
from hubbub.cli.options import window as window_options


@click.command(
    "draw",
    epilog="Example: hubbub draw messages_per_day -o activity.png --since 2026-01-01",
)
@click.argument("chart")
@click.option(
    "-o",
    "--output",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    metavar="FILE",
    help="Where to: FILE.png, FILE.svg or FILE.html. A file of that name is replaced.",
)
@window_options
@everywhere
def command(session: Session, chart: str, path: Path, window: dict[str, str]) -> None:
    """Draw a chart as a picture (PNG, SVG), or as a page that needs no network (HTML).

    The charts are named by: hubbub list charts
    """
    import json

    from hubbub.flows.drawing import draw_chart

    drawn = draw_chart(session.settings, chart, window, path)
    if session.as_json:
        told = {"path": str(drawn.path), "title": drawn.title, "subtitle": drawn.subtitle}
        click.echo(json.dumps(told | {"rows": drawn.rows}, ensure_ascii=False))
    else:
        click.echo(drawn.path)
    for sentence in drawn.notes:
        note(f"note: {sentence}", verbosity=session.verbosity)
