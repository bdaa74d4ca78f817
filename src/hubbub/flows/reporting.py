"""Composes the letters of a report: each metric runs once for all of them, its rows are split.

All letters are composed before the first is sent, so that what is wrong with one stops all; only
their pictures are drawn when they are needed.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from hubbub.charts import fonts
from hubbub.charts.catalog import Chart, Charts
from hubbub.charts.render import texts
from hubbub.core.letters import LONGEST_TEXT, Letter
from hubbub.core.letters import Picture as Drawn
from hubbub.errors import UsageError
from hubbub.flows.auditing import audited
from hubbub.flows.drawing import Drawing, Window, drawing_of, metric_of, window_of
from hubbub.flows.recipients import (
    Addressee,
    Directory,
    Known,
    Person,
    addressees,
    chosen,
    hidden,
    read_known,
    stored_ids,
    unknown_to_slack,
)
from hubbub.flows.workspace import policy_of_workspace, smallest_group
from hubbub.metrics.catalog import Catalog
from hubbub.metrics.header import SUPPRESSED, Metric
from hubbub.metrics.run import Runner
from hubbub.metrics.small_groups import TooFewMembers, period_of
from hubbub.reports import languages
from hubbub.reports.catalog import Part, Picture, Report, Reports, check_column, check_known
from hubbub.reports.filters import Voice, mention_of
from hubbub.reports.messages import Messages, Row, Said
from hubbub.reports.mrkdwn import blocks_of, cut, has_blocks, plain_text
from hubbub.reports.periods import Period, Round, last_period, named_period, today
from hubbub.settings import Settings
from hubbub.slack.markup import plain
from hubbub.stores import duckdb as store

_arrow: Any = pa
"""pyarrow without its types, which are partly unknown."""


@dataclass(frozen=True)
class Wish:
    """Which letters of a report somebody wants."""

    period: str = ""
    """The last whole one if it is empty."""
    to: tuple[str, ...] = ()
    """Only these; for a report to a channel, there in its place."""
    list_file: Path | None = None
    """In place of the report's own list."""


@dataclass(frozen=True)
class Composed:
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


@dataclass(frozen=True)
class _Use:
    """Rows that a report uses: of which metric, by which column, under which name."""

    part: Part
    name: str
    metric: Metric
    by: str
    given: tuple[tuple[str, str], ...]
    is_own: bool
    """Whether each row goes to the one member whom it is about, and to nobody else."""

    @property
    def key(self) -> tuple[Any, ...]:
        """What tells two runs apart."""
        return self.metric.name, self.given, self.is_own


@dataclass(frozen=True)
class _Ran:
    """What a metric has given, once for all recipients."""

    rows: pa.Table
    about: Window
    k: int


@dataclass(frozen=True)
class _Plan:
    """A report with all that it names, found and checked."""

    report: Report
    audience: _Use | None
    data: tuple[_Use, ...]
    charts: tuple[tuple[Picture, Chart, _Use], ...]

    @property
    def uses(self) -> list[_Use]:
        """All rows that it uses."""
        own = [self.audience] if self.audience else []
        return [*own, *self.data, *(use for *_, use in self.charts)]


@dataclass(frozen=True)
class _Figures:
    """All that the store has told for a report."""

    known: Known
    community: str
    url: str
    ran: Mapping[tuple[Any, ...], _Ran]
    held_back: frozenset[str]
    """Metrics that the policy lets out to nobody."""


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
    rounds = _rounds(settings, catalog, report)
    when = _period(report, wish.period, today(now, zone), rounds)
    if when.is_open:
        when = replace(when, told_at=now)
    k = smallest_group(settings)
    plan = _plan(settings, report, when, catalog, k)
    audited(settings, "read", report.name)
    figures = _run(settings, catalog, plan, k)
    directory = Directory(figures.known, people or {}, settings.language, stored_ids(settings))
    wanted = _addressees(plan, figures, directory, wish)
    lost = unknown_to_slack(wanted, people) if people is not None else set[str]()
    if is_rehearsal and policy_of_workspace(settings).pseudonyms:
        wanted = [hidden(each) if each.to.kind == "member" else each for each in wanted]
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
        (*_left_out(figures, k), *writer.notes()),
        figures.known.channels,
    )


class _Writer:
    """Writes letters to one after the other out of the same figures."""

    def __init__(
        self,
        settings: Settings,
        plan: _Plan,
        when: Period,
        figures: _Figures,
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
        self._records: dict[tuple[Any, ...], list[Row]] = {}
        self._drawn_texts: set[str] = set()
        self._cut = 0

    def letter(self, addressee: Addressee) -> Letter | None:
        """A recipient's letter; None if there is nothing to say."""
        report = self._plan.report
        voice = Voice(addressee.language, self._zone)
        said = self._said(addressee)
        text = self._messages.render(report.message, voice, said)
        drawings = [
            drawing
            for picture, chart, use in self._plan.charts
            if (drawing := self._drawing(picture, chart, use, addressee, voice, said))
        ]
        if not text and not drawings:
            return None
        dropped = partial(languages.lines_dropped, language=addressee.language)
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

    def _said(self, addressee: Addressee) -> dict[str, Any]:
        """What a message sees."""
        to, when, figures = addressee.to, self._when, self._figures
        language = addressee.language
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

    def _rows(self, use: _Use, addressee: Addressee) -> list[Row]:
        """The rows that a recipient's message gets."""
        ran = self._figures.ran.get(use.key)
        if ran is None:
            return []
        if use.key not in self._records:
            self._records[use.key] = _readable(use.metric, ran.rows, self._figures.known)
        records = self._records[use.key]
        if not use.by:
            found = records
        else:
            found = [records[index] for index in self._indices(use, ran, addressee)]
        return [row for row in found if getattr(row, SUPPRESSED, "no") != "yes"]

    def _drawing(
        self,
        picture: Picture,
        chart: Chart,
        use: _Use,
        addressee: Addressee,
        voice: Voice,
        said: dict[str, Any],
    ) -> Drawn | None:
        """A picture of a recipient's rows; None if there are none."""
        ran = self._figures.ran.get(use.key)
        if ran is None:
            return None
        rows = ran.rows
        if use.by:
            rows = rows.take(_arrow.array(self._indices(use, ran, addressee), pa.int64()))
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
        return Drawn(f"{picture.chart}.png", chart.title, alt, partial(_png, drawing))

    def _indices(self, use: _Use, ran: _Ran, addressee: Addressee) -> list[int]:
        """Which rows are the recipient's."""
        key = (*use.key, use.by)
        if key not in self._splits:
            split: dict[Any, list[int]] = {}
            for index, value in enumerate(ran.rows[use.by].to_pylist()):
                split.setdefault(value, []).append(index)
            self._splits[key] = split
        return self._splits[key].get(addressee.stored_id, [])


def _png(drawing: Drawing) -> bytes:
    return drawing.picture("png")


def _plan(settings: Settings, report: Report, when: Period, catalog: Catalog, k: int) -> _Plan:
    """Find and check all that a report names. Raises `BadContent`."""
    charts = Charts(settings.pack)
    used: set[str] = set()

    def use(part: Part, name: str, metric: Metric, by: str, *given: Mapping[str, str]) -> _Use:
        for each in given[-1]:
            if each not in metric.parameters:
                known = ", ".join(metric.parameters) or "none"
                reason = f"{each!r} is no parameter of the metric {metric.name}"
                raise part.wrong("parameters", reason, f"It has: {known}.")
        common = {
            key: value for key, value in report.parameters.items() if key in metric.parameters
        }
        used.update(common)
        values: dict[str, str] = {**given[0], **common, **given[-1]}
        is_own = report.audience.is_of_members and bool(by) and metric.members == "one"
        window = _window(metric, when, values, {**common, **given[-1]}, 1 if is_own else k)
        return _Use(part, name, metric, by, tuple(sorted(window.items())), is_own)

    def rows(part: Part, key: str, metric: str, by_key: str, by: str) -> Metric:
        check_known(part, key, metric, catalog.files)
        found = catalog.metric(metric)
        check_column(part, by_key, by, metric, found.columns)
        return found

    audience, who = None, report.audience
    if who.metric:
        metric = rows(who.part, "metric", who.metric, "column", who.column)
        audience = use(who.part, "", metric, who.column, {}, {})
    data = tuple(
        use(each.part, each.name, rows(each.part, "metric", each.metric, "by", each.by), each.by,
            {}, each.parameters)
        for each in report.data
    )  # fmt: skip
    pictures: list[tuple[Picture, Chart, _Use]] = []
    for each in report.charts:
        check_known(each.part, "chart", each.chart, charts.files)
        chart = charts.chart(each.chart)
        metric = metric_of(chart, catalog)
        check_column(each.part, "by", each.by, metric.name, metric.columns)
        found = use(each.part, chart.name, metric, each.by, chart.parameters, each.parameters)
        pictures.append((each, chart, found))
    for name in report.parameters:
        if name not in used:
            reason = f"no metric of this report has the parameter {name!r}"
            part = Part(report.file, report.file.line_of("[parameters]"))
            raise part.wrong(name, reason, "Remove it.")
    return _Plan(report, audience, data, tuple(pictures))


def _window(
    metric: Metric, when: Period, values: Mapping[str, str], written: Mapping[str, str], k: int
) -> dict[str, str]:
    """The values of a metric's parameters: its window is the period's, unless the report says
    otherwise of its begin."""
    given = dict(values)
    if "since" in metric.parameters:
        if "since" in written:
            given["since"] = when.since(written["since"])
        elif not when.is_timeless:
            given["since"] = when.since("period")
    if not when.is_timeless:
        given["as_of"] = (when.told_at or when.end).isoformat()
    # where small groups are suppressed, such a metric is about the month of its end by itself
    is_the_month = when.of == "month" and given.get("since") == when.since("period")
    if k > 1 and is_the_month and not period_of(metric):
        del given["since"]
    return given


def _run(settings: Settings, catalog: Catalog, plan: _Plan, k: int) -> _Figures:
    """Run each metric once. Figures that go to the member alone whom they are about need a session
    of their own where small groups are suppressed: the other does not see all messages."""
    zone = ZoneInfo(settings.timezone)
    ran: dict[tuple[Any, ...], _Ran] = {}
    held_back: dict[str, TooFewMembers] = {}
    known, told = None, ("", "")
    for smallest in sorted({1 if use.is_own else k for use in plan.uses} | {k}):
        with store.reading(settings.store) as connection:
            runner = Runner(connection, catalog, settings.timezone, smallest_group=smallest)
            if known is None:
                runner.make_views(["FROM names JOIN channel_names JOIN people"])
                known = read_known(connection)
                told = next(
                    iter(connection.execute("SELECT name, url FROM workspace").fetchall()), told
                )
            for use in plan.uses:
                if use.key in ran or (1 if use.is_own else k) != smallest:
                    continue
                try:
                    query = runner.prepare(use.metric, dict(use.given))
                except TooFewMembers as error:
                    if use is plan.audience:
                        raise
                    held_back[use.metric.name] = error
                    continue
                about = window_of(connection, query, zone)
                ran[use.key] = _Ran(runner.run(query), about, smallest)
    if held_back and not any(use.key in ran for use in plan.uses if use is not plan.audience):
        raise next(iter(held_back.values()))
    assert known is not None
    name, url = told
    return _Figures(known, name or "", url or "", ran, frozenset(held_back))


def _addressees(
    plan: _Plan, figures: _Figures, directory: Directory, wish: Wish
) -> list[Addressee]:
    audience, with_rows = plan.report.audience, None
    if wish.list_file and not audience.list:
        raise UsageError(
            f"The report {plan.report.name} goes to {audience.in_words()}, not to a list.",
            "Leave out --list.",
        )
    if plan.audience:
        values = figures.ran[plan.audience.key].rows[plan.audience.by].to_pylist()
        with_rows = [each for each in dict.fromkeys(values) if each is not None]
    everybody = addressees(audience, directory, with_rows, wish.list_file)
    return chosen(everybody, wish.to, directory, audience) if wish.to else everybody


def _rounds(settings: Settings, catalog: Catalog, report: Report) -> list[Round]:
    """The rounds of a workspace, if a report is about them."""
    if report.of not in {"round", "open round"}:
        return []
    if "rounds" not in catalog.views:
        part = Part(report.file, report.file.line_of("[period]"))
        fix = "Write a view rounds (round, begins, ends), or take another period."
        raise part.wrong("of", "there are no rounds here", fix)
    with store.reading(settings.store) as connection:
        runner = Runner(connection, catalog, settings.timezone, smallest_group=1)
        runner.make_views(["FROM rounds"])
        found = connection.execute("SELECT round, begins, ends FROM rounds ORDER BY round")
        return [Round(*row) for row in found.fetchall()]


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


def _left_out(figures: _Figures, k: int) -> list[str]:
    return [
        f"The policy holds back {_listed(figures.held_back)}: the letters are without it, since no "
        f"figure about fewer than {k} members may leave."
    ] if figures.held_back else []  # fmt: skip


def _listed(names: Collection[str]) -> str:
    return ", ".join(sorted(names))
