"""Brings a report to its recipients, or shows what it would bring."""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from threading import Event

from msgspec import Struct
from msgspec.structs import replace

from hubbub.core.letters import MANY, Delivered, Status
from hubbub.flows.choosing_letters import choices_of, wanted_letters
from hubbub.flows.connecting import connect_bot
from hubbub.flows.delivering import deliver
from hubbub.flows.importing import Progress
from hubbub.flows.recipients import Person, ask_people, needs_people
from hubbub.flows.rehearsing import rehearse
from hubbub.flows.reporting import Composed, Wish, compose
from hubbub.reports.catalog import Reports
from hubbub.settings import Settings
from hubbub.slack.api import Slack, Token
from hubbub.slack.pace import Clock


class Outcome(Struct, frozen=True):
    """What became of a report: it was sent, or shown on a page."""

    composed: Composed
    delivered: Delivered | None
    page: Path | None
    is_too_many: bool
    """Whether it was shown because so many would have got it."""


def rehearse_report(
    settings: Settings,
    name: str,
    wish: Wish,
    folder: Path | None,
    *,
    now: datetime,
    progress: Progress,
) -> Outcome:
    """Write the letters of a report into a folder, but for members who want none. Asks Slack
    nothing, sends nothing."""
    composed = compose(settings, name, wish, people=None, now=now, is_rehearsal=True)
    wanted = wanted_letters(settings, composed.letters)
    unwanted = len(composed.letters) - len(wanted)
    composed = replace(composed, letters=wanted, unwanted=unwanted)
    page = rehearse(settings, composed, folder, progress)
    return Outcome(composed, None, page, is_too_many=False)


def send_report(
    settings: Settings,
    name: str,
    wish: Wish,
    *,
    is_sure: bool,
    now: datetime,
    progress: Progress,
    on_delivery: Callable[[Status], None],
    stop: Event | None = None,
    clock: Clock | None = None,
    connection: tuple[Slack, Token] | None = None,
) -> Outcome:
    """Send the letters of a report; to more than `MANY` only if `is_sure`, else they are shown.

    Every letter is composed before the first is sent; members who do not want it get none. Raises
    what `compose` and `deliver` raise.
    """
    slack, token = connection or connect_bot(settings)
    people = _people(settings, name, slack)
    composed = compose(settings, name, wish, people=people, now=now)
    if len(composed.letters) > MANY and not is_sure:
        shown = rehearse_report(settings, name, wish, None, now=now, progress=progress)
        return Outcome(shown.composed, None, shown.page, is_too_many=True)
    delivered = deliver(
        settings,
        composed.letters,
        (slack, token),
        wants=choices_of(settings).wants,
        on_progress=on_delivery,
        clock=clock,
        stop=stop,
    )
    return Outcome(composed, delivered, None, is_too_many=False)


def _people(settings: Settings, name: str, slack: Slack) -> Mapping[str, Person] | None:
    """Slack's directory, where a report needs it: for members' real ids, or for their languages."""
    report = Reports(settings.pack).report(name)
    is_needed = needs_people(settings) and not report.audience.to
    return ask_people(settings, slack) if is_needed else None
