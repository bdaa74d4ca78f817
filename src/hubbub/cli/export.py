"""`hubbub export`: metrics, tables and the network as files."""

from pathlib import Path

import click

from hubbub.cli.console import note
from hubbub.cli.options import Session, everywhere
from hubbub.cli.options import window as window_options


@click.command("export", epilog="Example: hubbub export -o out --format gexf --as-of latest")
@click.argument("metrics", nargs=-1, metavar="[METRIC]...")
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(path_type=Path),
    required=True,
    help="The folder to write to.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "json", "parquet", "gexf"]),
    default="csv",
    show_default=True,
    help="gexf writes the network for Gephi, with nodes.csv and edges.csv.",
)
@click.option(
    "--bundle",
    "as_bundle",
    is_flag=True,
    help="Write data.zip (the tables) and metrics.zip instead of single files.",
)
@window_options
@everywhere
def command(
    session: Session,
    metrics: tuple[str, ...],
    folder: Path,
    form: str,
    as_bundle: bool,
    window: dict[str, str],
) -> None:
    """Write metrics to files: those named, else all that concern this workspace."""
    import json

    from hubbub.flows import exporting

    settings = session.settings

    def tell(sentence: str) -> None:
        note(f"note: {sentence}", verbosity=session.verbosity)

    if form == "gexf":
        if metrics or as_bundle:
            raise click.UsageError(
                "--format gexf writes the network; it takes no METRIC, no --bundle."
            )
        written = exporting.export_network(settings, window, folder)
    elif as_bundle:
        written = exporting.export_bundle(settings, metrics, window, folder, form, tell)
    else:
        written = exporting.export_metrics(settings, metrics, window, folder, form, tell)
    if session.as_json:
        click.echo(json.dumps([str(path) for path in written]))
    else:
        for path in written:
            click.echo(path)
        note(f"{len(written)} files written", verbosity=session.verbosity)
