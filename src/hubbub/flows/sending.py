"""Sends letters one after the other, and never one twice.

A letter is noted in the ledger as `sending` right before Slack is asked to show it. From then on
three things alone change that: Slack's answer, a refusal by which nothing was done, and a look into
Slack. A lost answer is the same as a crash: it is looked, at once and again when Slack has had its
time, before anything is sent anew.
"""

from collections import Counter, deque
from collections.abc import Callable
from threading import Event
from typing import Literal

from msgspec import Struct, field

from hubbub.core.letters import LONGEST_TEXT, MOST_BLOCKS, Delivered, Letter, Setback, Status
from hubbub.destinations.slack import Halted, Sender
from hubbub.destinations.slack_refusals import REFUSALS, SKIPPED, reason_of
from hubbub.errors import DiskFull, HubbubError, TryAgain
from hubbub.flows.ledger import names_of_members
from hubbub.privacy.keys import Keys
from hubbub.settings import Settings
from hubbub.slack.api import Limited, Refused, SlackError, Unavailable
from hubbub.slack.pace import Clock
from hubbub.stores.deliveries import Delivery, Ledger, State

_PATIENCE = 180.0
"""Seconds after which what was asked of Slack has happened or never will: a minute for its answer,
and twice that for files, which it shares some time after it has answered."""
_IN_SIGHT = 80 * 86_400.0
"""Seconds for which a message can be looked for: a free plan shows 90 days."""
_TRIES = 3
"""How often a run sends a letter that has not arrived."""
_TROUBLES = 3
"""After so many letters in a row that Slack had trouble with, it is not asked any more."""
_SECONDS_EACH = 1.2
"""What a letter takes at least: Slack opens 50 conversations a minute."""


class Run(Struct, dict=True):
    """One run of `deliver`."""

    settings: Settings
    keys: Keys
    ledger: Ledger
    sender: Sender
    clock: Clock
    wants: Callable[[str, str], bool]
    on_progress: Callable[[Status], None]
    waiting: deque[Letter]
    later: deque[Letter] = field(default_factory=deque[Letter])
    """Letters that may have been sent, until it can be told."""
    due: dict[str, float] = {}
    """From when on it can be told of them, by their marks."""
    tries: Counter[str] = field(default_factory=Counter[str])
    refused: dict[str, Refused] = {}
    """What Slack said of letters that it may have shown all the same."""
    setbacks: list[Setback] = []
    sent: int = 0
    already: int = 0
    troubles: int = 0
    """Letters in a row that Slack had trouble with."""

    def __post_init__(self) -> None:
        self.total = len(self.waiting)
        self.name = names_of_members(self.settings, self.keys)

    def work(self, stop: Event) -> Delivered:
        """Send all that can be."""
        try:
            while (self.waiting or self.later) and not stop.is_set():
                if not self.waiting:
                    self._rest_until_due()
                self._take((self.waiting or self.later).popleft())
                self._tell_progress()
        except Halted:
            pass  # the letter that it came to is as the ledger has it
        left = self.total - self.sent - self.already - len(self.setbacks)
        return Delivered(self.sent, self.already, self.setbacks, left)

    def _take(self, letter: Letter) -> None:
        key = self._key(letter)
        known = self.ledger.find(key)
        if known and known.state == "sent":
            self.already += 1
        elif known and known.state == "sending":
            self._settle(letter, known)
        elif self._may_go(letter, key):
            self._send(letter, key)

    def _may_go(self, letter: Letter, key: str) -> bool:
        """Whether a letter is to be sent at all."""
        to = letter.to
        if to.kind == "member" and not self.name(to.id):  # nothing is kept of them, not even this
            why = "they have opted out, or were forgotten"
            self.setbacks.append(Setback(to, "skipped", "left out", why, "", is_theirs=True))
        elif to.kind == "member" and not self.wants(to.id, letter.report):
            why = "they do not want these letters"
            self._set_back(letter, key, "skipped", "unwanted", why, "", is_theirs=True)
        elif wrong := _wrong(letter):
            fix = "Change the message of the report."
            self._set_back(letter, key, "failed", "no letter", wrong, fix)
        else:
            return True
        return False

    def _send(self, letter: Letter, key: str) -> None:
        """Do all that nobody sees, note that the letter is about to be sent, and send it."""
        try:
            channel_id = self.sender.open(letter.to)
            drawn = self._drawn(letter, key)
            if drawn is not None:
                files = tuple(map(self.sender.upload, letter.pictures, drawn))
                self._post(letter, channel_id, self._delivery(letter, key, "sending", files=files))
        except SlackError as error:
            self._refuse(letter, key, error)

    def _drawn(self, letter: Letter, key: str) -> list[bytes] | None:
        """A letter's pictures; None, and that is noted, if they cannot be drawn."""
        try:
            return [picture.draw() for picture in letter.pictures]
        except (TryAgain, DiskFull):
            raise
        except HubbubError as error:
            self._set_back(letter, key, "failed", "no picture", error.reason, error.fix)
            return None

    def _post(self, letter: Letter, channel_id: str, sending: Delivery) -> None:
        """Ask Slack to show a letter. Raises `Refused` if it has not, and will not."""
        key = sending.key
        while True:
            self.sender.wait(letter)
            sending = sending._replace(at=self.clock.now())
            self.due.pop(key, None)
            self.ledger.note(sending)
            try:
                ts = self.sender.post(channel_id, letter, key, sending.files)
            except Limited:
                continue  # turned away before anything was done
            except Refused as error:
                if error.code in REFUSALS:
                    raise
                self.refused[key] = error
                self._settle(letter, sending)
            except Unavailable as error:
                self._settle(letter, sending)
                if key in self.due and not self.tries[key]:
                    self._have_trouble(error)
            else:
                self._arrived(sending, ts)
            return

    def _settle(self, letter: Letter, sending: Delivery) -> None:
        """Look whether a letter that may have been sent has arrived; send it if it never did."""
        key, now = sending.key, self.clock.now()
        try:
            if now - sending.at > _IN_SIGHT:
                raise Refused("too_long_ago")
            seen = self.sender.look(letter.to, key, sending.files, sending.at)
        except SlackError as error:
            self._leave_unknown(letter, error)
            return
        if seen.is_there:
            self._arrived(sending, seen.ts)
        elif now < self.due.setdefault(key, min(sending.at, now) + _PATIENCE):
            self.later.append(letter)
        elif key in self.refused:
            self._refuse(letter, key, self.refused.pop(key))
        elif self.tries[key] == _TRIES:
            self._refuse(letter, key, Unavailable("it does not arrive"))
        elif self._may_go(letter, key):
            self.tries[key] += 1
            self._send(letter, key)

    def _rest_until_due(self) -> None:
        """Wait until the first of the letters that may have been sent can be told."""
        if due := self.due.get(self._key(self.later[0])):
            self.sender.rest(due - self.clock.now())

    def _arrived(self, sending: Delivery, ts: str) -> None:
        at = float(ts) if ts else sending.at
        self.ledger.note(sending._replace(state="sent", ts=ts, at=at))
        self.sent += 1
        self.troubles = 0

    def _refuse(self, letter: Letter, key: str, error: SlackError) -> None:
        """Note a letter that Slack does not take, or cannot now."""
        reason, is_passing = reason_of(error), isinstance(error, Unavailable)
        is_skipped = error.code in SKIPPED or error.code == "missing_scope"
        self._set_back(
            letter,
            key,
            "skipped" if is_skipped else "failed",
            error.code,
            reason.why,
            reason.fix,
            is_theirs=reason.is_theirs,
            is_passing=is_passing,
        )
        if is_passing:
            self._have_trouble(error)
        else:
            self.troubles = 0

    def _have_trouble(self, error: SlackError) -> None:
        """Count a letter that Slack had trouble with. Raises `TryAgain` after some in a row."""
        self.troubles += 1
        if self.troubles == _TROUBLES:
            raise TryAgain(
                f"Slack has trouble ({error.code}).",
                "Send again later: what was sent is not sent a second time.",
            )

    def _set_back(
        self,
        letter: Letter,
        key: str,
        state: Literal["skipped", "failed"],
        code: str,
        why: str,
        fix: str,
        **more: bool,
    ) -> None:
        """Note a letter that is known not to be sent."""
        self.ledger.note(self._delivery(letter, key, state, reason=code))
        self.setbacks.append(Setback(letter.to, state, code, why, fix, **more))

    def _leave_unknown(self, letter: Letter, error: SlackError) -> None:
        """Say of a letter that it may have been sent; the ledger has it as that, and the next run
        looks again."""
        reason, is_passing = reason_of(error), isinstance(error, Unavailable)
        why = f"it is not known whether it was sent: {reason.why}"
        self.setbacks.append(
            Setback(letter.to, "unknown", error.code, why, reason.fix, is_passing=is_passing)
        )

    def _delivery(
        self,
        letter: Letter,
        key: str,
        state: State,
        *,
        reason: str = "",
        files: tuple[str, ...] = (),
    ) -> Delivery:
        to = letter.to
        recipient = self.name(to.id) if to.kind == "member" else to.id
        facts = (key, letter.report, letter.period, letter.variant, to.kind, recipient)
        pictures = len(letter.pictures)
        return Delivery(*facts, state, reason, pictures, files, at=self.clock.now())

    def _key(self, letter: Letter) -> str:
        to = letter.to
        return self.keys.delivery(letter.report, letter.period, to.kind, to.id, letter.variant)

    def _tell_progress(self) -> None:
        left = len(self.waiting) + len(self.later)
        self.on_progress(Status(self.total - left, self.total, self.sent, left * _SECONDS_EACH))


def _wrong(letter: Letter) -> str:
    """What keeps a letter from being one; empty if nothing does."""
    if not (letter.text or letter.blocks or letter.pictures):
        return "the letter is empty"
    if len(letter.text) > LONGEST_TEXT:
        return f"its text has {len(letter.text):,} characters, and {LONGEST_TEXT:,} are the most"
    if len(letter.blocks) > MOST_BLOCKS:
        return f"it has {len(letter.blocks)} blocks, and {MOST_BLOCKS} are the most"
    if letter.to.kind == "channel" and letter.to.id.startswith("D"):
        return "it is for a direct conversation by its id: name the member instead"
    if letter.blocks and letter.pictures:
        return "it has blocks beside pictures, which Slack posts with a text alone"
    return ""
