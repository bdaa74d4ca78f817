"""Composes the letters of a report: each metric runs once for all of them, its rows are split.

All letters are composed before the first is sent, so that what is wrong with one stops all; only
their pictures are drawn when they are needed.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
from msgspec import Struct
from msgspec.structs import replace

from hubbub.charts import fonts
from hubbub.charts.catalog import Chart
from hubbub.charts.render import texts
from hubbub.core.letters import LONGEST_TEXT, Letter
from hubbub.core.letters import Picture as Drawn
from hubbub.errors import UsageError
from hubbub.flows.auditing import audited
from hubbub.flows.drawing import Drawing, drawing_of
from hubbub.flows.figures import Figures, Plan, Ran, Use, plan_of, read_figures, read_rounds
from hubbub.flows.recipients import (
    Addressee,
    Directory,
    Known,
    Person,
    addressees,
    chosen,
    hidden,
    stored_ids,
    unknown_to_slack,
)
from hubbub.flows.workspace import policy_of_workspace, smallest_group
from hubbub.metrics.catalog import Catalog
from hubbub.metrics.header import SUPPRESSED, Metric
from hubbub.reports import languages
from hubbub.reports.catalog import Picture, Report, Reports
from hubbub.reports.filters import Voice, mention_of
from hubbub.reports.messages import Messages, Row, Said
from hubbub.reports.mrkdwn import blocks_of, cut, has_blocks, plain_text
from hubbub.reports.periods import Period, Round, last_period, named_period, today
from hubbub.settings import Settings
from hubbub.slack.markup import plain

_CHANNEL = "channel_id"
"""The column that names the channel which a row is about, in every metric that has one."""
_arrow: Any = pa
"""pyarrow without its types, which are partly unknown."""


class Wish(Struct, frozen=True):
    """Which letters of a report somebody wants."""

    period: str = ""
    """The last whole one if it is empty."""
    to: tuple[str, ...] = ()
    """Only these; for a report to a channel, there in its place."""
    list_file: Path | None = None
    """In place of the report's own list."""


class Composed(Struct, frozen=True):
    """The letters of a report, ready to be sent."""

    report: Report
    period: Period
    letters: list[Letter]
    silent: int
    """Recipients for whom the message has nothing to say."""
    unknown: int
    """Members of the store whom Slack's directory does not have."""
    is_private: bool
    """Whether letters hold figures that may go to their recipients alone."""
    notes: tuple[str, ...]
    """What is left out of them, a sentence each."""
    channels: Mapping[str, str]
    """Names of channels by id."""
    members: Mapping[str, str]
    """Names of members by the store's id."""
    unwanted: int = 0
    """Members who do not want it; only a dry run leaves them out before it is sent."""


def compose(
    settings: Settings,
    name: str,
    wish: Wish,
    *,
    people: Mapping[str, Person] | None,
    now: datetime,
    is_rehearsal: bool = False,
) -> Composed:
    """The letters of a report, in the order of their recipients.

    `people` is Slack's directory by the store's ids, None if it was not asked. In a rehearsal no
    letter names a member by what only the directory knows. Raises `UsageError`, `BadContent` for
    whatever cannot be composed, `TooFewMembers` if nothing of it may leave.
    """
    report = Reports(settings.pack).report(name)
    messages = Messages(settings.pack)
    messages.check(report.message, report.message_part)
    _check_language(settings)
    zone = ZoneInfo(settings.timezone)
    catalog = Catalog(settings.pack)
    rounds = read_rounds(settings, catalog, report)
    when = _period(report, wish.period, today(now, zone), rounds)
    k = smallest_group(settings)
    plan = plan_of(settings, report, when, catalog, k)
    audited(settings, "read", report.name)
    figures = read_figures(settings, catalog, plan, k)
    directory = Directory(figures.known, people or {}, settings.language, stored_ids(settings))
    wanted = _addressees(plan, figures, directory, wish)
    lost = set[str]()
    if policy_of_workspace(settings).pseudonyms:
        if is_rehearsal:
            wanted = [hidden(each) for each in wanted]
        else:
            lost = unknown_to_slack(wanted, people or {})
    writer = _Writer(settings, plan, when, figures, messages, zone)
    written = [writer.letter(each) for each in wanted if each.stored_id not in lost]
    letters = [letter for letter in written if letter is not None]
    return Composed(
        report,
        when,
        letters,
        len(written) - len(letters),
        len(lost),
        any(use.is_own for use in plan.uses) and k > 1,
        (
            *_left_out(figures, k),
            *writer.notes(),
            *_of_languages(settings, report, messages, people),
        ),
        figures.known.channels,
        {user_id: names[0] for user_id, names in figures.known.members.items()},
    )


class _Writer:
    """Writes letters to one after the other out of the same figures."""

    def __init__(
        self,
        settings: Settings,
        plan: Plan,
        when: Period,
        figures: Figures,
        messages: Messages,
        zone: ZoneInfo,
    ) -> None:
        self._settings = settings
        self._plan = plan
        self._when = when
        self._figures = figures
        self._messages = messages
        self._zone = zone
        self._splits: dict[tuple[Any, ...], dict[Any, list[int]]] = {}
        self._visible: dict[tuple[Any, ...], Sequence[int]] = {}
        self._records: dict[tuple[Any, ...], list[Row]] = {}
        self._drawn_texts: set[str] = set()
        self._cut = 0

    def letter(self, addressee: Addressee) -> Letter | None:
        """A recipient's letter; None if there is nothing to say."""
        report = self._plan.report
        language = self._messages.best(report.message, addressee.language)
        voice = Voice(language, self._zone)
        said = self._said(addressee, language)
        text = self._messages.render(report.message, voice, said)
        drawings = [
            drawing
            for number, (picture, chart, use) in enumerate(self._plan.charts, 1)
            if (drawing := self._drawing(number, picture, chart, use, addressee, voice, said))
        ]
        if not text and not drawings:
            return None
        dropped = partial(languages.lines_dropped, language=language)
        shown = plain_text(text)
        is_in_blocks = has_blocks(text) and not drawings
        short = cut(shown, LONGEST_TEXT, dropped)
        self._cut += short != shown
        return Letter(
            report.name,
            self._when.key,
            addressee.to,
            short,
            blocks_of(text, dropped) if is_in_blocks else (),
            tuple(drawings),
        )

    def notes(self) -> list[str]:
        """What became of the letters that their reader should know of."""
        cut_short = f"{self._cut} letters were longer than Slack shows, and are cut."
        return ([cut_short] if self._cut else []) + fonts.missing(self._drawn_texts)

    def _said(self, addressee: Addressee, language: str) -> dict[str, Any]:
        """What a message sees."""
        to, when, figures = addressee.to, self._when, self._figures
        return {
            "recipient": Said(
                name=to.name, kind=to.kind, id=to.id, mention=mention_of(to.kind, to.id, to.name)
            ),
            "period": Said(
                name=languages.name_of(when, language),
                of=when.of,
                key=when.key,
                begin=when.begin,
                end=when.end,
                year=when.end.year,
                number=when.number,
            ),
            "data": Said(**{use.name: self._rows(use, addressee) for use in self._plan.data}),
            "row": Row(**addressee.row),
            "workspace": Said(
                name=figures.community or self._settings.workspace,
                url=figures.url,
                timezone=self._settings.timezone,
            ),
            "language": language,
        }

    def _rows(self, use: Use, addressee: Addressee) -> list[Row]:
        """The rows that a recipient's message gets."""
        ran = self._figures.ran.get(use.key)
        if ran is None:
            return []
        if use.key not in self._records:
            self._records[use.key] = _readable(use.metric, ran.rows, self._figures.known)
        records = self._records[use.key]
        found = [records[index] for index in self._indices(use, ran, addressee)]
        return [row for row in found if getattr(row, SUPPRESSED, "no") != "yes"]

    def _drawing(
        self,
        number: int,
        picture: Picture,
        chart: Chart,
        use: Use,
        addressee: Addressee,
        voice: Voice,
        said: dict[str, Any],
    ) -> Drawn | None:
        """A picture of a recipient's rows; None if there are none."""
        ran = self._figures.ran.get(use.key)
        if ran is None:
            return None
        rows = _some(ran.rows, self._indices(use, ran, addressee))
        if not rows.num_rows:
            return None
        if picture.title:
            title = self._messages.phrase(picture.part, "title", picture.title, voice, said)
            chart = replace(chart, title=title)
        about = ran.about.in_words(voice.language)
        drawing = drawing_of(chart, use.metric, rows, about, self._settings.timezone, ran.k)
        self._drawn_texts |= {*texts(drawing.chart, drawing.rows), drawing.chart.title}
        alt = f"{chart.title}, {drawing.subtitle}"
        if picture.alt:
            alt = self._messages.phrase(picture.part, "alt", picture.alt, voice, said)
        return Drawn(f"{number}-{picture.chart}.png", chart.title, alt, partial(_png, drawing))

    def _indices(self, use: Use, ran: Ran, addressee: Addressee) -> Sequence[int]:
        """Which rows a recipient gets: theirs; of rows for all, none about a private channel but
        their own."""
        if not use.by:
            is_closed = addressee.stored_id in self._figures.known.closed_channels
            key = (*use.key, "", addressee.stored_id if is_closed else "")
            if key not in self._visible:
                self._visible[key] = self._open_rows(ran, addressee)
            return self._visible[key]
        key = (*use.key, use.by)
        if key not in self._splits:
            split: dict[Any, list[int]] = {}
            for index, value in enumerate(ran.rows[use.by].to_pylist()):
                split.setdefault(value, []).append(index)
            self._splits[key] = split
        return self._splits[key].get(addressee.stored_id, [])

    def _open_rows(self, ran: Ran, addressee: Addressee) -> Sequence[int]:
        closed = self._figures.known.closed_channels - {addressee.stored_id}
        if not closed or _CHANNEL not in ran.rows.column_names:
            return range(ran.rows.num_rows)
        channels = ran.rows[_CHANNEL].to_pylist()
        return [index for index, each in enumerate(channels) if each not in closed]


def _some(rows: pa.Table, indices: Sequence[int]) -> pa.Table:
    if len(indices) == rows.num_rows:
        return rows
    table: Any = rows
    return table.take(_arrow.array(indices, _arrow.int64()))


def _png(drawing: Drawing) -> bytes:
    return drawing.picture("png")


def _addressees(plan: Plan, figures: Figures, directory: Directory, wish: Wish) -> list[Addressee]:
    audience, with_rows = plan.report.audience, None
    if wish.list_file and not audience.list:
        raise UsageError(
            f"The report {plan.report.name} goes to {audience.in_words()}, not to a list.",
            "Leave out --list.",
        )
    if plan.audience:
        values = figures.ran[plan.audience.key].rows[plan.audience.by].to_pylist()
        with_rows = [each for each in dict.fromkeys(values) if each is not None]
    if audience.to and wish.to:  # the report's own channel need not be there
        return chosen([], wish.to, directory, audience)
    everybody = addressees(audience, directory, with_rows, wish.list_file)
    return chosen(everybody, wish.to, directory, audience) if wish.to else everybody


def _period(report: Report, name: str, day: Any, rounds: Sequence[Round]) -> Period:
    if name:
        return named_period(report.of, name, day, rounds)
    return last_period(report.of, day, rounds)


def _check_language(settings: Settings) -> None:
    if settings.language and not languages.is_language(settings.language):
        raise UsageError(
            f"{settings.written}: there is no language {settings.language!r}.",
            'Write language = "en", "ko", "pt-BR" …',
        )


def _readable(metric: Metric, rows: pa.Table, known: Known) -> list[Row]:
    """Rows as messages get them: texts with names in place of ids, whole numbers as such."""
    members = {user_id: names[0] for user_id, names in known.members.items()}
    convert: dict[str, Callable[[Any], Any]] = {}
    for column in metric.columns.values():
        if column.type == "markup":
            convert[column.name] = partial(plain, members=members, channels=known.channels)
        elif column.type == "integer":
            convert[column.name] = _whole
    return [
        Row(**{
            name: convert[name](value) if name in convert and value is not None else value
            for name, value in record.items()
        })
        for record in rows.to_pylist()
    ]  # fmt: skip


def _whole(value: Any) -> int:
    """DuckDB's sums are wider than 64 bits, and come as decimals."""
    return int(value) if isinstance(value, Decimal) else value


def _of_languages(
    settings: Settings, report: Report, messages: Messages, people: Mapping[str, Person] | None
) -> list[str]:
    """What a rehearsal, which asks Slack nothing, cannot know."""
    there = messages.languages(report.message)
    if people is not None or settings.language or report.audience.to or len(there) == 1:
        return []
    return [f"Each member gets their own language, of {_listed(there)}; here all have English."]


def _left_out(figures: Figures, k: int) -> list[str]:
    return [
        f"The policy holds back {_listed(figures.held_back)}: the letters are without it, since no "
        f"figure about fewer than {k} members may leave."
    ] if figures.held_back else []  # fmt: skip


def _listed(names: Collection[str]) -> str:
    return ", ".join(sorted(names))
