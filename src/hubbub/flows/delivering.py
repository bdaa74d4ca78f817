"""Delivers letters by Slack: each at most once, whatever dies, fails or is started again.

What is sent is noted first; see `sending.py` for how that comes to once, and docs/sending.md.
"""

import re
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from threading import Event

from hubbub.core.letters import Delivered, Letter, Status
from hubbub.destinations.slack import Sender
from hubbub.errors import HubbubError, TryAgain
from hubbub.flows.auditing import audited
from hubbub.flows.ledger import open_ledger, tell_store
from hubbub.flows.sending import Run
from hubbub.flows.workspace import keys_of, sole
from hubbub.privacy.audit import Detail, Plain
from hubbub.privacy.keys import Keys
from hubbub.settings import Settings
from hubbub.slack.api import Answer, Limited, Slack, SlackError, Token, Unavailable
from hubbub.slack.pace import MINUTE, Clock, Pace, RealTime
from hubbub.slack.values import text
from hubbub.stores import duckdb as store
from hubbub.stores.deliveries import Ledger

_PERIOD = re.compile(r"once|\d{4}(-W?\d\d){0,2}|[a-z]{1,12}-\d{1,4}")
_METHODS = (
    "conversations.open", "files.getUploadURLExternal", "files.completeUploadExternal",
    "chat.postMessage",
)  # fmt: skip


def unseen(_: Status) -> None:
    """Progress that nobody looks at."""


def everybody(member_id: str, report: str) -> bool:
    """Nobody has asked not to get a report."""
    del member_id, report
    return True


def deliver(
    settings: Settings,
    letters: Iterable[Letter],
    connection: tuple[Slack, Token],
    *,
    wants: Callable[[str, str], bool] = everybody,
    on_progress: Callable[[Status], None] = unseen,
    clock: Clock | None = None,
    stop: Event | None = None,
) -> Delivered:
    """Send letters, in their order; those that were sent before are not sent again.

    `wants` says of a member's id and a report whether they want it; `stop` ends the run between two
    calls. Raises `TryAgain` if another process sends for this workspace, or Slack is not to be had,
    and `HubbubError` if nothing more can be sent or noted; then what was sent is known.
    """
    wanted = deque(letters)
    slack, _ = connection
    stopping = stop or Event()
    time_of_slack = clock or RealTime(stopping)
    with sole(
        settings.folder / "deliver.lock",
        f"Another hubbub is sending for {settings.folder}.",
        "Wait for it to end, then run this again.",
    ):
        keys = keys_of(settings)
        user_id = _meet(settings, slack, time_of_slack)
        with _noted(settings, wanted) as told, open_ledger(settings, keys) as ledger:
            now = time_of_slack.now()
            recent = ledger.since(now - MINUTE)
            pace = Pace(now, dict.fromkeys(_METHODS, recent))
            sender = Sender(slack, pace, time_of_slack, user_id, stopping.is_set)
            run = Run(settings, keys, ledger, sender, time_of_slack, wants, on_progress, wanted)
            try:
                done = run.work(stopping)
            except BaseException as error:
                _tell(settings, ledger, keys, error)
                raise
            _tell(settings, ledger, keys, None)
            told |= {"outcome": done.outcome, "sent": done.sent}
            told |= {state: done.count(state).total() for state in ("skipped", "failed", "unknown")}
            return done


def _tell(settings: Settings, ledger: Ledger, keys: Keys, error: BaseException | None) -> None:
    try:
        tell_store(settings, ledger, keys)
    except HubbubError:
        if error is None:
            raise  # else the first error says more; the next run tells


def _meet(settings: Settings, slack: Slack, clock: Clock) -> str:
    """Learn who the bot is and what time Slack has; refuse to write to another workspace's people.
    Returns the bot's user id."""
    try:
        answer = _introduced(slack, clock)
    except SlackError as error:
        raise TryAgain(
            f"{slack.host} does not answer as Slack does ({error.code}).",
            "Try again later; check SLACK_API_URL.",
        ) from error
    if isinstance(clock, RealTime) and answer.date is not None:
        clock.put_right(answer.date + 0.5)
    if store.exists(settings.store):
        with store.reading(settings.store) as connection:
            known = connection.execute("SELECT team_id, name FROM workspace").fetchall()
        if known and known[0][0] != answer.body.get("team_id"):
            raise HubbubError(
                f"{settings.folder} holds the workspace {known[0][1] or known[0][0]}, but the "
                f"token is for {text(answer.body.get('team')) or 'another'}.",
                "Name another workspace with --workspace, or take the other token.",
            )
    return text(answer.body.get("user_id")) or ""


def _introduced(slack: Slack, clock: Clock) -> Answer:
    for pause in (1.0, 2.0, 4.0, None):
        try:
            return slack.call("auth.test", {}, clock.now())
        except (Limited, Unavailable) as error:
            if pause is None:
                raise
            clock.sleep(error.seconds if isinstance(error, Limited) else pause)
    raise AssertionError("the last try returns or raises")


@contextmanager
def _noted(settings: Settings, letters: Iterable[Letter]) -> Generator[dict[str, Detail]]:
    """Note that letters are sent, of which reports, and how it ended; what is put into the
    dictionary is noted too."""
    counts = Counter((letter.report, letter.period) for letter in letters)
    for (report, period), number in counts.items():
        known = Plain(period) if _PERIOD.fullmatch(period) else period
        audited(settings, "deliver", report, outcome="begun", period=known, letters=number)
    told: dict[str, Detail] = {"outcome": "failed"}
    try:
        yield told
    except BaseException as error:
        outcome = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
        try:
            audited(settings, "deliver", "letters", outcome=outcome)
        except HubbubError as second:
            raise error from second
        raise
    audited(settings, "deliver", "letters", **told)
