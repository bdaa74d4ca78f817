"""`hubbub import`: an archive into the workspace."""

from pathlib import Path

import click
from msgspec.structs import asdict

from hubbub.cli.console import note, progress
from hubbub.cli.options import Session, everywhere

_SHOWN = ("users", "channels", "messages", "reactions", "mentions", "links", "files")


@click.command("import", epilog="Example: hubbub import ~/Downloads/export.zip --privacy open")
@click.argument("path", type=click.Path(path_type=Path))
@everywhere
def command(session: Session, path: Path) -> None:
    """Import an archive: a Slack export (zip or folder), what slackdump wrote, a folder of
    conversations.history responses, or a log of events.

    Importing it again changes nothing; a newer, overlapping one is merged.
    """
    import json

    from hubbub.flows.importing import import_archive

    with progress(session.verbosity if not session.as_json else -1) as show:
        report = import_archive(session.settings, path, show)
    if session.as_json:
        counts = {name: report.rows.get(name, 0) for name in _SHOWN}
        names = ("added", "updated", "unchanged", "quarantined", "left_out", "seconds")
        told = {name: value for name, value in asdict(report).items() if name in names}
        click.echo(json.dumps(counts | told | {"seconds": round(report.seconds, 3)}))
    else:
        rows = ", ".join(f"{report.rows.get(name, 0):,} {name}" for name in _SHOWN)
        click.echo(f"{report.archive}: {rows}")
        click.echo(
            f"{report.added:,} messages added, {report.updated:,} updated, "
            f"{report.unchanged:,} unchanged, in {report.seconds:.1f} s"
        )
    _notes(session, report.left_out, report.quarantined)
    if report.assumed_public:
        shown = ", ".join(report.assumed_public[:5])
        note(
            f"note: no list of channels says whether these are public; taken as public: {shown}",
            verbosity=session.verbosity,
        )
    if not report.keeps_text:
        note(
            "note: the texts were not kept. Lengths, questions, mentions and link domains were. To "
            "keep the texts too, import again with --privacy open.",
            verbosity=session.verbosity,
        )
    if report.rows.get("alerts"):
        note(
            "note: personal data was taken out of texts; see: hubbub show alerts",
            verbosity=session.verbosity,
        )


def _notes(session: Session, left_out: int, quarantined: int) -> None:
    if left_out:
        note(
            f"note: {left_out:,} messages were kept out by the privacy policy",
            verbosity=session.verbosity,
        )
    if quarantined:
        note(
            f"note: {quarantined:,} records could not be read; see: hubbub list quarantine",
            verbosity=session.verbosity,
        )
