"""`hubbub privacy check`: whether the policy is kept."""

from pathlib import Path

import click

from hubbub.cli.findings import report
from hubbub.cli.options import Session, everywhere


@click.command("check", epilog="Example: hubbub privacy check out/")
@click.argument("folders", nargs=-1, type=click.Path(exists=True, path_type=Path))
@everywhere
def command(session: Session, folders: tuple[Path, ...]) -> None:
    """Look for personal data, and for anything that the policy forbids, in the store, in what lies
    beside it, in remembered exports, and in the FOLDERS named. Exit code 3 if there is any."""
    from hubbub.flows.inspecting import inspect

    report(inspect(session.settings, folders), as_json=session.as_json)
