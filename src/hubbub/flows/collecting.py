"""Collects a workspace's history from Slack: asks, admits, keeps, merges, and says how it went.

Every page is admitted by the gate and put into the journal before anything that follows from it is
asked; the store takes the journal over from time to time. So a run may be killed anywhere: the next
one goes on.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from fnmatch import fnmatch
from threading import Event
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from msgspec.structs import replace

from hubbub.core.progress import BEGINNING
from hubbub.core.tables import API_CALLS, RUNS, Privacy
from hubbub.errors import Exit, HubbubError, TryAgain, UsageError
from hubbub.flows.applying_policy import gate_of, needs_directory, people_in, stored_channels
from hubbub.flows.auditing import audited_run
from hubbub.flows.connecting import connect
from hubbub.flows.journaling import alone, merge_journal, open_journal
from hubbub.flows.keeping_files import files_of
from hubbub.flows.keeping_raw import RawFolder
from hubbub.flows.reading import reader_of
from hubbub.flows.workspace import contradictions, new_run_id, policy_of_workspace
from hubbub.privacy.gate import Channel, Gate
from hubbub.privacy.policy import Policy
from hubbub.settings import Settings
from hubbub.slack.api import Answer, Limited, Slack, SlackError, Token, Unavailable
from hubbub.slack.methods import Type
from hubbub.slack.pace import Clock, Pace, RealTime
from hubbub.slack.values import text
from hubbub.sources.answers import Page
from hubbub.sources.choosing import DAY, Choice, Conversation
from hubbub.sources.history import History
from hubbub.sources.streams import Ask, Stream, Streams, Tally
from hubbub.stores import duckdb as store
from hubbub.stores.journal import Journal
from hubbub.stores.memory import StoreMemory
from hubbub.stores.writes import updating

if TYPE_CHECKING:
    import duckdb

    from hubbub.privacy.scrub import Person

_MERGE_BYTES = 6_000_000
_MERGE_PAGES = 400
_MERGE_SECONDS = 120.0
"""When the store takes over what waits in the journal: whichever comes first."""
_FIRST_MERGE_SECONDS = 4.0
"""The first time sooner: whoever looks at a dashboard wants to see names, and that it goes on."""
_COPIES_OF_PAGE = 24
"""Bits of a copy number that count within a page."""


class Wish(Struct, frozen=True):
    """What one run is asked to do beyond the settings."""

    since: float | None = None
    until: float | None = None
    channels: tuple[str, ...] = ()
    full_refresh: bool = False


class Status(Struct, frozen=True):
    """How far a run has come."""

    calls: int
    messages: int
    waited: float
    """Seconds in which nothing could be asked."""
    calls_left: int
    """About."""
    seconds_left: float
    """About, at Slack's limits."""
    is_capped: bool


class Trouble(Struct, frozen=True):
    """What could not be read whole."""

    where: str
    """Name of the channel, or `directory`."""
    code: str
    fix: str
    is_passing: bool


class Report(Struct, frozen=True):
    """What a run asked and found."""

    run_id: str
    workspace: str
    calls: dict[str, int]
    """By method."""
    messages: int
    """Messages in the pages read."""
    added: int
    updated: int
    quarantined: int
    bytes: int
    retries: int
    limited: int
    waited: float
    seconds: float
    """By Slack's clock."""
    channels: int
    not_joined: list[str]
    troubles: list[Trouble]
    no_user_groups: str
    """Slack's code where it does not show the user groups, the first time that it says so."""
    is_interrupted: bool
    is_capped: bool
    keeps_text: bool
    clock_ahead: float
    """Seconds by which this machine's clock is ahead of Slack's, about; Slack's was gone by."""

    @property
    def outcome(self) -> str:
        """How it went, in a word."""
        if self.is_interrupted:
            return "interrupted"
        return "partly" if self.troubles else "done"

    @property
    def exit(self) -> Exit:
        """The exit code that says how it went."""
        if self.is_interrupted:
            return Exit.INTERRUPTED
        if not self.troubles:
            return Exit.DONE
        is_passing = all(trouble.is_passing for trouble in self.troubles)
        return Exit.TRY_AGAIN if is_passing else Exit.FAILED


def unseen(_: Status) -> None:
    """Progress that nobody looks at."""


def collect(
    settings: Settings,
    wish: Wish | None = None,
    *,
    connection: tuple[Slack, Token] | None = None,
    clock: Clock | None = None,
    stop: Event | None = None,
    progress: Callable[[Status], None] = unseen,
) -> Report:
    """Bring a workspace's tables up to date with Slack.

    `stop` ends the run at the next checkpoint. Raises `HubbubError` if nothing more can be asked;
    what was fetched is kept then too.
    """
    policy = policy_of_workspace(settings)
    for error in contradictions(settings, policy):
        raise error
    slack, token = connection or connect(settings)
    stopping = stop or Event()
    time_of_slack = clock or RealTime(stopping)
    wish = wish or Wish()
    asked: dict[str, str | int | bool] = {
        "token": token.kind, "channels": len(wish.channels), "full_refresh": wish.full_refresh
    }  # fmt: skip
    with (
        alone(settings),
        audited_run(settings, "collect", **asked) as told,
        open_journal(settings) as journal,
    ):
        run = _Run(
            settings,
            policy,
            wish,
            slack,
            token,
            time_of_slack,
            stopping,
            progress,
            journal,
        )
        report = run.work()
        told |= {"outcome": report.outcome, "added": report.added, "updated": report.updated}
        return report


class _Counts(Struct):
    messages: int = 0
    added: int = 0
    updated: int = 0
    quarantined: int = 0
    left_out: int = 0


class _Run(Struct, dict=True):
    """One run of `collect`."""

    settings: Settings
    policy: Policy
    wish: Wish
    slack: Slack
    token: Token
    clock: Clock
    stop: Event
    progress: Callable[[Status], None]
    journal: Journal
    counts: _Counts = field(default_factory=_Counts)
    workspace: tuple[str, str, str] = ("", "", "")
    """Id, name and address."""
    clock_ahead: float = 0.0
    people: "tuple[Person, ...]" = ()
    """The members met so far, where their names are taken out of texts."""

    def work(self) -> Report:
        """Do all of it."""
        self.stored = stored_channels(self.settings)
        self.gate = self._gate({})
        self.reader = reader_of(self.settings)
        self.asks_directory_first = needs_directory(self.settings, self.policy)
        if self.journal.pages:
            self._merge()  # what a run that was killed has left
        earlier, is_capped = self.journal.pace(), self.journal.is_capped
        pace = Pace(self.clock.now(), capped=is_capped)
        self.streams = Streams(
            self.slack,
            pace,
            self.clock,
            counted=self.journal.note_pace,
            stopped=self.stop.is_set,
            seen=self._seen,
        )
        self._meet_workspace()
        self.started = self.clock.now()
        # Only now it is known what Slack's clock says, by which earlier calls were noted.
        self.streams.pace = Pace(self.started, earlier, capped=is_capped)
        self._begin_run()
        self.raw = RawFolder.of(self.settings, self.policy, self.run_id)
        self.history = History(
            self.streams,
            StoreMemory(self.settings.store),
            choice_of(self.settings, self.wish, self.policy, self.token),
            self._keep,
            self.clock.now,
            self.series,
            files_of(self.settings, self.policy, self.gate.refusals),
        )
        try:
            self._ask_everything()
        except BaseException as error:
            self._end(error)
            raise
        return self._end(None)

    def _meet_workspace(self) -> None:
        """Learn whose token this is, and what time Slack has."""
        if isinstance(self.clock, RealTime):
            clock = self.clock

            def put_right(answer: Answer) -> None:
                if answer.date is not None:
                    self.clock_ahead = time.time() - (answer.date + 0.5)
                    clock.put_right(answer.date + 0.5)
        else:

            def put_right(answer: Answer) -> None:
                del answer

        def introduce() -> Stream:
            answer = yield Ask("auth.test")
            put_right(answer)
            told = [text(answer.body.get(name)) or "" for name in ("team_id", "team", "url")]
            self.workspace = (told[0], told[1], told[2])

        self.streams.add("auth.test", introduce)
        try:
            self.streams.run()
            if not self.workspace[0] and self.stop.is_set():
                raise KeyboardInterrupt
        except SlackError as error:
            raise TryAgain(
                f"{self.slack.host} does not answer as Slack does ({error.code}).",
                "Try again later; check SLACK_API_URL.",
            ) from error
        if not self.workspace[0]:
            raise HubbubError(
                f"{self.slack.host} does not say which workspace this is.", "Check SLACK_API_URL."
            )

    def _begin_run(self) -> None:
        """Note the run in the store; go on with one that did not end."""
        started_at = datetime.fromtimestamp(self.started, UTC)
        self.run_id = new_run_id(started_at)
        with store.writing(self.settings.store) as connection:
            _check_workspace(connection, self.workspace, self.settings)
            last = connection.execute(
                "SELECT series, outcome FROM store.runs WHERE verb = 'collect' "
                "ORDER BY started_at DESC, run_id DESC LIMIT 1"
            ).fetchall()
            has_ended = not last or last[0][1] in {"done", "partly"}
            self.series: str = self.run_id if has_ended else last[0][0]
            connection.execute(
                updating("runs", "outcome = 'killed'", "WHERE verb = 'collect' AND outcome IS NULL")
            )
            connection.execute(
                "INSERT INTO store.runs (run_id, verb, source, started_at, series, policy, "
                "text_days, row_days) VALUES ($1, 'collect', $2, $3, $4, $5, $6, $7)",
                [
                    self.run_id,
                    f"Slack, {self.token.kind} token",
                    started_at,
                    self.series,
                    self.policy.name,
                    self.policy.text_days,
                    self.policy.row_days,
                ],
            )

    def _ask_everything(self) -> None:
        history, streams = self.history, self.streams

        def directory() -> Stream:
            try:
                yield from history.list_conversations(types_wanted(self.policy))
            except SlackError as error:
                history.failures[""] = error
                return
            found = {
                channel.id: Channel(channel.name, channel.kind) for channel in history.conversations
            }
            self.gate = self._gate(found)
            _check_names(self.wish.channels, history.conversations)
            if self.asks_directory_first:
                yield from history.list_users()
                self.gate = self._gate(found)
            known = self.gate.channels.items()
            history.miss({each: (channel.name, channel.kind) for each, channel in known})
            history.add_channels()
            if not self.asks_directory_first:
                streams.add("users.list", history.list_users)
            streams.add("usergroups.list", history.list_user_groups)

        streams.add("conversations.list", directory)
        streams.run()

    def _gate(self, found: dict[str, Channel]) -> Gate:
        return gate_of(self.settings, self.policy, self.stored | found, self.people)

    def _keep(self, page: Page) -> None:
        """Admit a page, and make it safe."""
        number = self.journal.next_page
        first = number << _COPIES_OF_PAGE
        if self.asks_directory_first:
            self.people += tuple(people_in(page.envelopes))
        batch = self.reader.read(page.envelopes, self.gate, copies=first)
        if page.coverage is not None:
            batch.rows["coverage"].append(replace(page.coverage, noted_at=number).row())
        batch.rows["readings"] += [
            replace(reading, noted_at=number).row() for reading in page.readings
        ]
        self.counts.messages += len(batch.columns["messages"]["ts"] if batch.columns else ())
        self.counts.quarantined += len(batch.rows["quarantine"])
        if page.answer is not None:
            channel_id = page.answer.arguments.get("channel", "")
            self.streams.tallies[page.answer.method, channel_id].rows += batch.copies - first
        admitted = self.gate.admit(batch)
        self.counts.left_out += admitted.left_out
        self.raw.write(page, self.gate.refusals)
        self.journal.append(admitted)
        if self._is_due():
            self._merge()
            self.history.settle()

    def _is_due(self) -> bool:
        waiting = time.monotonic() - self._merged_at
        return (
            self.journal.size > _MERGE_BYTES
            or self.journal.pages >= _MERGE_PAGES
            or (waiting > self._patience and self.journal.pages > 0)
        )

    _merged_at: float = field(default_factory=time.monotonic)
    _patience: float = _FIRST_MERGE_SECONDS

    def _merge(self) -> None:
        """Let the store take over what waits in the journal."""
        with store.writing(self.settings.store) as connection:
            merged = merge_journal(connection, self.settings, self.journal, self.gate)
        self.journal.clear()
        self.counts.added += merged.added
        self.counts.updated += merged.updated
        self._merged_at = time.monotonic()
        self._patience = min(2 * self._patience, _MERGE_SECONDS)

    def _seen(self) -> None:
        self.journal.is_capped = self.streams.pace.is_capped
        tallies = self.streams.tallies.values()
        history: History | None = getattr(self, "history", None)
        left = history.calls_left() if history else dict[str, int]()
        self.progress(
            Status(
                sum(tally.calls for tally in tallies),
                self.counts.messages,
                self.streams.waited,
                sum(left.values()),
                self.streams.pace.seconds_for(left),
                self.streams.pace.is_capped,
            )
        )

    def _end(self, error: BaseException | None) -> Report:
        """Merge what there is, and note how the run went."""
        troubles = self._troubles()
        report = self._report(troubles)
        if error is not None:
            outcome = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
        else:
            outcome = report.outcome
        try:
            with store.writing(self.settings.store) as connection:
                merged = merge_journal(connection, self.settings, self.journal, self.gate)
                self.counts.added += merged.added
                self.counts.updated += merged.updated
                report = self._report(troubles)
                if report.no_user_groups == _said_of_user_groups(connection):
                    report = replace(report, no_user_groups="")
                _note_end(connection, self.run_id, outcome, report, self.counts, self.clock.now())
                _note_calls(connection, self.run_id, self.streams.tallies)
            self.journal.clear()
        except HubbubError:
            if error is None:
                raise  # else the first error says more
        return report

    def _report(self, troubles: list[Trouble]) -> Report:
        calls: dict[str, int] = {}
        for (method, _), tally in self.streams.tallies.items():
            calls[method] = calls.get(method, 0) + tally.calls
        tallies = self.streams.tallies.values()
        return Report(
            run_id=self.run_id,
            workspace=self.workspace[1] or self.workspace[0],
            calls=calls,
            messages=self.counts.messages,
            added=self.counts.added,
            updated=self.counts.updated,
            quarantined=self.counts.quarantined,
            bytes=sum(tally.bytes for tally in tallies),
            retries=sum(tally.retries for tally in tallies),
            limited=sum(tally.limited for tally in tallies),
            waited=self.streams.waited,
            seconds=self.clock.now() - self.started,
            channels=len(self.history.chosen()),
            not_joined=sorted(self.history.not_joined),
            troubles=troubles,
            no_user_groups=self.history.no_user_groups,
            is_interrupted=self.stop.is_set(),
            is_capped=self.streams.pace.is_capped,
            keeps_text=self.policy.keeps(Privacy.TEXT),
            clock_ahead=self.clock_ahead,
        )

    def _troubles(self) -> list[Trouble]:
        names = {each: channel.name for each, channel in self.gate.channels.items()}
        return [
            Trouble(
                f"#{names.get(channel_id, channel_id)}" if channel_id else "the directory",
                error.code,
                fix_of(error),
                isinstance(error, Unavailable | Limited),
            )
            for channel_id, error in self.history.failures.items()
        ]


def choice_of(settings: Settings, wish: Wish, policy: Policy, token: Token) -> Choice:
    """What is to be collected, by the settings, the wish and the policy."""
    chosen = settings.collect
    return Choice(
        admits=policy.admits,
        include=wish.channels or chosen.include,
        exclude=chosen.exclude,
        since=BEGINNING if wish.since is None else f"{wish.since:.6f}",
        until=None if wish.until is None else f"{wish.until:.6f}",
        look_back=chosen.look_back_days * DAY,
        full_every=chosen.full_every_days * DAY,
        full_refresh=wish.full_refresh,
        join=chosen.join,
        is_bot=token.kind == "bot",
    )


def types_wanted(policy: Policy) -> list[Type]:
    """The types of conversations that a policy may admit any of."""
    types: list[Type] = ["public_channel"]
    if policy.private_channels:
        types.append("private_channel")
    if policy.direct_messages:
        types.extend(("mpim", "im"))
    return types


_FIXES = {
    "not_in_channel": "Invite the bot there: /invite @Hubbub. Or set join = true under [collect].",
    "channel_not_found": "The token does not see it: it was removed, or made private.",
    "is_archived": "It was closed; nobody can enter it any more.",
    "thread_not_found": "Run this again.",
    "file_needs_login": "Give the app the scope files:read, install it again, and run this again.",
    "file_is_not_whole": "Run this again: a file's bytes were fewer than Slack says.",
    "method_not_supported_for_channel_type": "This kind of conversation cannot be read.",
    "channel_is_limited_access": "Slack does not let apps read this kind of channel.",
}


def fix_of(error: SlackError) -> str:
    """What can be done about a call that failed."""
    if isinstance(error, Unavailable | Limited):
        return "Slack had trouble. Run this again; what was fetched is kept."
    if error.code == "missing_scope":
        needed = error.told.get("needed", "another scope")
        return f"Give the app the scope {needed}, install it again, and run this again."
    return _FIXES.get(error.code, "Slack's documentation of the method says what this code means.")


def _check_names(patterns: tuple[str, ...], found: list[Conversation]) -> None:
    """Refuse names that no channel has: more likely mistyped than meant."""
    for pattern in patterns:
        if not any(fnmatch(name, pattern) for each in found for name in (each.name, each.id)):
            raise UsageError(
                f"The token sees no channel {pattern!r}.",
                "Check its name; a private channel also has to be named under [privacy], by id.",
            )


def _check_workspace(
    connection: "duckdb.DuckDBPyConnection", workspace: tuple[str, str, str], settings: Settings
) -> None:
    """Refuse to mix two communities in one store."""
    known = connection.execute("SELECT team_id, name FROM store.workspace").fetchall()
    if known and known[0][0] != workspace[0]:
        raise HubbubError(
            f"{settings.folder} holds the workspace {known[0][1] or known[0][0]}, but the token is "
            f"for {workspace[1] or workspace[0]}.",
            "Name another workspace with --workspace, or take the other token.",
        )
    connection.execute("DELETE FROM store.workspace")
    connection.execute(
        "INSERT INTO store.workspace (team_id, name, url) VALUES ($1, $2, $3)", [*workspace]
    )


def _said_of_user_groups(connection: "duckdb.DuckDBPyConnection") -> str:
    """What Slack answered when it was last asked for the user groups: a code; empty for none."""
    rows = connection.execute(
        "SELECT coalesce(error, '') FROM store.api_calls JOIN store.runs USING (run_id) "
        "WHERE method = 'usergroups.list' ORDER BY started_at DESC, run_id DESC LIMIT 1"
    ).fetchall()
    return rows[0][0] if rows else ""


def _note_end(
    connection: "duckdb.DuckDBPyConnection",
    run_id: str,
    outcome: str,
    report: Report,
    counts: _Counts,
    now: float,
) -> None:
    values: dict[str, Any] = {
        "finished_at": datetime.fromtimestamp(now, UTC),
        "outcome": outcome,
        "messages": counts.messages,
        "added": counts.added,
        "updated": counts.updated,
        "quarantined": counts.quarantined,
        "left_out": counts.left_out,
        "calls": sum(report.calls.values()),
        "bytes": report.bytes,
        "retries": report.retries,
        "waited": round(report.waited),
        "errors": len(report.troubles),
    }
    assert values.keys() <= {*RUNS.names}, "every figure has its column"
    settings = ", ".join(f"{name} = ?" for name in values)
    connection.execute(updating("runs", settings, "WHERE run_id = ?"), [*values.values(), run_id])


def _note_calls(
    connection: "duckdb.DuckDBPyConnection", run_id: str, tallies: dict[tuple[str, str], Tally]
) -> None:
    for (method, channel_id), tally in tallies.items():
        connection.execute(
            f"INSERT INTO store.api_calls ({', '.join(API_CALLS.names)}) "
            f"VALUES ({', '.join('?' * len(API_CALLS.names))})",
            [
                run_id,
                method,
                channel_id,
                tally.calls,
                tally.retries,
                tally.limited,
                tally.bytes,
                tally.rows,
                round(tally.waited),
                tally.error or None,
            ],
        )
