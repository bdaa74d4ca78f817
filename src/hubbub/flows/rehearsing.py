"""Writes what a report would send into a folder, and sends nothing."""

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from hubbub.charts import emoji
from hubbub.core.letters import Letter
from hubbub.destinations.files import whole
from hubbub.errors import UsageError
from hubbub.flows.auditing import audited
from hubbub.flows.importing import Progress
from hubbub.flows.outputs import Outputs
from hubbub.flows.reporting import Composed
from hubbub.flows.workspace import made, open_to_operator
from hubbub.reports.languages import name_of
from hubbub.reports.preview import Names, Shown, page
from hubbub.settings import Settings

PAGE = "index.html"
_MARK = "<!-- written by hubbub send --dry-run -->"
_LETTERS = "letters"
_PLAIN = re.compile(r"[^\w-]+")


def rehearse(
    settings: Settings, composed: Composed, folder: Path | None, progress: Progress
) -> Path:
    """Write the letters as a page, and a text and pictures each; returns the page.

    Where figures about single members go to them alone, their letters are named but not shown,
    unless the policy opens them to whoever runs Hubbub. Raises `UsageError` for a folder that holds
    something else.
    """
    report = composed.report
    place = folder or settings.folder / "dry-runs" / f"{report.name}-{composed.period.key}"
    _make_room(place)
    audited(settings, "export", report.name, form="html")
    is_shown = not composed.is_private or open_to_operator(settings)
    shown: list[Shown] = []
    written: list[Path] = []
    for number, letter in enumerate(composed.letters, 1):
        progress("drawing", number - 1, len(composed.letters))
        if not is_shown:
            shown.append(Shown(letter, None))
            continue
        files = _write(place, number, letter)
        written += files
        pictures = [f"{_LETTERS}/{path.name}" for path in files if path.suffix == ".png"]
        shown.append(Shown(letter, pictures))
    progress("drawing", len(composed.letters), len(composed.letters))
    title = f"{report.title}, {name_of(composed.period, 'en')}"
    names = Names(composed.members, composed.channels, emoji.standard())
    with whole(place / PAGE) as unfinished:
        html = page(title, said_of(composed), shown, names)
        unfinished.write_text(html, encoding="utf-8")
    Outputs(settings.outputs).note([place / PAGE, *written])
    return place / PAGE


def said_of(composed: Composed) -> list[str]:
    """What is to be known of a dry run, a sentence each."""
    count = len(composed.letters)
    letters = "1 letter" if count == 1 else f"{count:,} letters"
    lines = [f"A dry run: {letters} for {composed.report.audience.in_words()}. Nothing was sent."]
    if composed.silent:
        lines.append(f"{composed.silent:,} get none: the message has nothing to say to them.")
    if composed.unwanted:
        lines.append(f"{composed.unwanted:,} get none: they do not want these letters.")
    if composed.unknown:
        lines.append(
            f"{composed.unknown:,} get none: Slack's directory does not have them any more."
        )
    return [*lines, *composed.notes]


def _make_room(place: Path) -> None:
    """Make a folder, or empty it of an earlier dry run."""
    if place.is_dir() and any(place.iterdir()):
        index = place / PAGE
        if not index.is_file() or _MARK not in index.read_text(encoding="utf-8")[:200]:
            raise UsageError(
                f"{place} holds something else than a dry run.", "Name a new folder with -o."
            )
        index.unlink()
        shutil.rmtree(place / _LETTERS, ignore_errors=True)
    made(place / _LETTERS / "x")


def _write(place: Path, number: int, letter: Letter) -> Sequence[Path]:
    """The files of a letter: its text, and a PNG for each picture."""
    name = _PLAIN.sub("-", letter.to.name).strip("-")[:60] or "recipient"
    base = f"{number:03}-{name}"
    text = place / _LETTERS / f"{base}.txt"
    text.write_text(f"{letter.text}\n", encoding="utf-8")
    files = [text]
    for index, picture in enumerate(letter.pictures, 1):
        suffix = f"-{index}" if len(letter.pictures) > 1 else ""
        files.append(place / _LETTERS / f"{base}{suffix}.png")
        files[-1].write_bytes(picture.draw())
    return files
