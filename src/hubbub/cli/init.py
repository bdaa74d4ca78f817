"""`hubbub init`: what a workspace begins with."""

import os
import shlex
from typing import TYPE_CHECKING

import click

from hubbub import settings as configured
from hubbub.cli.console import note
from hubbub.cli.options import Session, everywhere
from hubbub.settings import Settings

if TYPE_CHECKING:
    from hubbub.flows.starting import Started


@click.command("init", epilog="Example: hubbub init --privacy standard --timezone Europe/Lisbon")
@click.option(
    "--token",
    "kind",
    type=click.Choice(["bot", "user"]),
    help="Which token the app gives: a bot's, which reads where it was invited, or yours, which "
    "reads what you do. Else as hubbub.toml says, else a bot's.",
)
@everywhere
def command(session: Session, kind: str | None) -> None:
    """Write hubbub.toml, and the manifest of a Slack app with exactly the scopes that it needs.

    Run it again after you have changed hubbub.toml: the settings are left alone, the manifest is
    renewed.
    """
    import json

    from hubbub.flows.starting import start

    started = start(session.settings, kind)
    if session.as_json:
        told = {
            "settings": str(started.settings_file),
            "settings_are_new": started.settings_are_new,
            "manifest": str(started.manifest_file),
            "manifest_is": started.manifest,
            "token": started.kind,
            "scopes": [*started.scopes],
            "scopes_gained": started.gained,
            "scopes_lost": started.lost,
        }
        click.echo(json.dumps(told))
    else:
        _tell(started, _same_workspace(session.settings))
    for line in started.unwritten:
        note(
            f"note: {line} holds for this run alone; hubbub.toml says something else",
            verbosity=session.verbosity,
        )
    if started.admits_nothing:
        note(
            "note: no channel is admitted yet: name some in hubbub.toml under only_channels",
            verbosity=session.verbosity,
        )


def _tell(started: "Started", hubbub: str) -> None:
    were = "written" if started.settings_are_new else "left as it is"
    click.echo(f"{started.settings_file}: {were}")
    click.echo(
        f"{started.manifest_file}: "
        f"{'written' if started.manifest == 'new' else started.manifest}, "
        f"for a {started.kind} token with these scopes:"
    )
    width = max(map(len, started.scopes))
    for name, meaning in started.scopes.items():
        mark = "+" if name in started.gained else " "
        click.echo(f"  {mark} {name:<{width}}  {meaning}")
    for name in started.lost:
        click.echo(f"  - {name:<{width}}  not needed any more")
    click.echo("\nWhat to do next:")
    for number, step in enumerate(_steps(started, hubbub), 1):
        click.echo(f"  {number}. {step}")


def _steps(started: "Started", hubbub: str) -> list[str]:
    file = started.manifest_file.name
    checked = f"{hubbub} doctor    says whether anything is missing"
    if started.manifest == "unchanged":
        return ["Nothing at Slack, if the app was made of this manifest.", checked]
    if started.manifest == "renewed":
        return [
            f"https://api.slack.com/apps, your app, App Manifest: paste {file}, save.",
            "Install App: Reinstall to Workspace. The token stays the same.",
            checked,
        ]
    variable, begin = {"bot": ("SLACK_BOT_TOKEN", "xoxb"), "user": ("SLACK_USER_TOKEN", "xoxp")}[
        started.kind
    ]
    return [
        f"https://api.slack.com/apps, Create New App, From a manifest: paste {file}.",
        f"Install App. It shows the token: export {variable}={begin}-...",
        checked,
        f"{hubbub} collect",
    ]


def _same_workspace(settings: Settings) -> str:
    """The program with the options that lead to this workspace again."""
    home = str(settings.home)
    words = ["hubbub"]
    if home != (os.environ.get("HUBBUB_HOME") or "hubbub-home"):
        words += ["--home", home]
    if configured.load(home).workspace != settings.workspace:
        words += ["--workspace", settings.workspace]
    return shlex.join(words)
