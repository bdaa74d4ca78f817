"""`hubbub privacy scrub`: the scrubber alone, on lines of JSON."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

import click

from hubbub.cli import console
from hubbub.cli.options import Session, everywhere_forgiving
from hubbub.errors import HubbubError


@click.command(
    "scrub",
    epilog="Example: hubbub privacy scrub --members members.json < in.jsonl > out.jsonl",
)
@click.option(
    "--members",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A directory as JSON, such as users.json of an export: these people's names, handles, "
    "ids, e-mails and phones are taken out too.",
)
@click.option(
    "--regions",
    metavar="US,KR,…",
    help="Where the telephone numbers without a country code are from.",
)
@click.option("--outsiders", metavar="MODEL", help="A spaCy model that finds other people's names.")
@everywhere_forgiving
def command(
    session: Session, members: Path | None, regions: str | None, outsiders: str | None
) -> None:
    """Take personal data and secrets out of texts. Reads lines of JSON with `id` and `text`, and
    writes lines with `id`, the scrubbed `text`, and `spans`: what was found, by its place in the
    original text. Needs no workspace; nothing is kept."""
    from hubbub.privacy.scrub import DEFAULT_REGIONS, Scrubber
    from hubbub.privacy.scrub.directory import read_people
    from hubbub.privacy.scrub.outsiders import Outsiders

    people = read_people(members) if members else ()
    chosen = [each.strip() for each in regions.split(",")] if regions else DEFAULT_REGIONS
    finder = Outsiders(outsiders) if outsiders else None
    if finder is not None:
        finder.load()
    scrubber = Scrubber(regions=chosen, people=people, member_ids=True, outsiders=finder)
    unread = 0
    for number, line_id, text in _texts(sys.stdin.buffer):
        result = scrubber.attempt(text)
        if result.text is None:
            unread += 1
            console.note(f"Line {number}: the text could not be read; it is left out.")
        spans = [{"start": each.start, "end": each.end, "type": each.kind} for each in result.spans]
        sys.stdout.write(_line({"id": line_id, "text": result.text, "spans": spans}))
    sys.stdout.flush()
    if unread:
        console.note(f"{unread:,} texts were left out.", verbosity=session.verbosity)


def _texts(lines: BinaryIO) -> Iterator[tuple[int, Any, str]]:
    """The number, id and text of each line that is not empty."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record: Any = json.loads(line)
        except ValueError:  # also what is no UTF-8
            raise _wrong(number, "is not JSON") from None
        if not isinstance(record, dict):
            raise _wrong(number, "is not a record")
        fields = cast("dict[str, Any]", record)
        text = fields.get("text")
        if not isinstance(text, str):
            raise _wrong(number, "has no text")
        yield number, fields.get("id"), text


def _wrong(number: int, what: str) -> HubbubError:
    return HubbubError(
        f"Line {number} {what}.",
        'Each line must be a record such as {"id": 1, "text": "Hello"}; the lines before are done.',
    )


def _line(record: dict[str, Any]) -> str:
    line = json.dumps(record, ensure_ascii=False)
    try:
        line.encode()
    except UnicodeEncodeError:  # half of a character of two parts, as JSON can hold
        line = json.dumps(record)
    return line + "\n"
