"""Brings letters to Slack, at its pace, and looks whether one has arrived.

Whatever can be seen in Slack is asked for once: where the answer is lost, the caller looks before
anything else. Everything up to then may be repeated.
"""

import json
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol, TypeVar

from hubbub.core.letters import Letter, Picture, Recipient
from hubbub.slack.api import Answer, Limited, Refused, Unavailable
from hubbub.slack.methods import METHODS
from hubbub.slack.pace import Clock, Pace
from hubbub.slack.values import Json, record, records, text

T = TypeVar("T")
MARK = "hubbub_delivery"
"""The event type of the metadata by which a message is known again."""

_TRIES = 6
_FIRST_PAUSE = 1.0
"""Seconds before the second try; doubled for each further one."""
_POSTING = ("chat.postMessage", "files.completeUploadExternal")
"""What shows a message: a second apart, whichever it is."""
_LONGEST_ALT = 1_000
_BEFORE = 86_400.0
"""Seconds before a letter was sent from which on it is looked for: clocks may differ."""
_CLOSELY = 600.0
_AFTER = 86_400.0


class Poster(Protocol):
    """Slack, as far as letters need it."""

    def call(self, method: str, arguments: Mapping[str, str], now: float) -> Answer:
        """Make one call."""
        ...

    def upload(self, url: str, content: bytes) -> None:
        """Send a file's bytes."""
        ...


class Halted(Exception):
    """The work is to end here."""


class Sight(NamedTuple):
    """What a look into Slack has found of a letter."""

    is_there: bool
    ts: str = ""
    """Of its message, where Slack says it."""


class Sender:
    """Slack for letters; one call at a time. `user_id` is the bot's own.

    Methods raise `SlackError` for what concerns one letter (`Refused` at once, `Unavailable` after
    some tries), `Stopped` and `NoNetwork` for what concerns all. `stopped` is asked at every wait
    whether to end: then `Halted` is raised, before the next call.
    """

    def __init__(
        self,
        slack: Poster,
        pace: Pace,
        clock: Clock,
        user_id: str,
        stopped: Callable[[], bool],
    ) -> None:
        self._slack, self._pace, self._clock = slack, pace, clock
        self._user_id, self._stopped = user_id, stopped
        self._opened: dict[str, str] = {}
        self._lacking: dict[str, Refused] = {}
        """Methods that the token may not call, by the first answer that said so."""

    def open(self, to: Recipient) -> str:
        """The conversation with a recipient; nobody notices that it is opened."""
        if to.kind == "channel":
            return to.id
        if to.id not in self._opened:
            answer = self._ask("conversations.open", {"users": to.id})
            channel_id = text(record(answer.body.get("channel")).get("id"))
            if not channel_id:
                raise Unavailable("answer_names_no_channel")
            self._opened[to.id] = channel_id
        return self._opened[to.id]

    def upload(self, picture: Picture, content: bytes) -> str:
        """Send a picture's bytes; returns the file's id. Nobody sees it yet."""
        arguments = {
            "filename": picture.name,
            "length": str(len(content)),
            "alt_txt": picture.alt[:_LONGEST_ALT],
        }

        def once() -> str:
            answer = self._turn("files.getUploadURLExternal", arguments)
            url, file_id = (text(answer.body.get(name)) for name in ("upload_url", "file_id"))
            if not (url and file_id):
                raise Unavailable("answer_names_no_upload")
            self._slack.upload(url, content)
            return file_id

        return self._tried(once)

    def wait(self, letter: Letter) -> None:
        """Wait until the letter may be posted."""
        self._wait(_POSTING[bool(letter.pictures)])

    def post(self, channel_id: str, letter: Letter, key: str, files: tuple[str, ...]) -> str:
        """Ask Slack, once, to show a letter; returns the message's `ts` as far as Slack says it.

        Of errors only `Limited` and the codes of `slack_refusals.REFUSALS` say for certain that it
        did not.
        """
        arguments = {"text": letter.text, "channel": channel_id, "unfurl_links": "false"}
        arguments["metadata"] = json.dumps({"event_type": MARK, "event_payload": {"key": key}})
        if letter.blocks:
            arguments["blocks"] = json.dumps(letter.blocks, ensure_ascii=False)
        if files:
            titled = [
                {"id": file_id, "title": picture.title}
                for file_id, picture in zip(files, letter.pictures, strict=True)
            ]
            arguments = {
                "files": json.dumps(titled, ensure_ascii=False),
                "channel_id": channel_id,
                "initial_comment": letter.text,
            }
        answer = self._once(_POSTING[bool(files)], arguments)
        if files:
            return next((ts for each in answer.records("files") for ts in _shared_at(each)), "")
        return text(answer.body.get("ts")) or ""

    def look(self, to: Recipient, key: str, files: tuple[str, ...], sent_at: float) -> Sight:
        """Look whether a letter has arrived that was sent at an instant, or not at all.

        Raises `Refused` where Slack does not show enough to tell.
        """
        try:
            return self._in_history(self.open(to), key, files, sent_at)
        except Refused:
            if not files:
                raise
            return self._at_files(files)

    def _in_history(
        self, channel_id: str, key: str, files: tuple[str, ...], sent_at: float
    ) -> Sight:
        unmarked = ""
        for message in self._history(channel_id, sent_at):
            metadata = record(message.get("metadata"))
            shared = {text(each.get("id")) for each in records(message.get("files"))}
            ts = text(message.get("ts")) or ""
            if (
                text(metadata.get("event_type")) == MARK
                and text(record(metadata.get("event_payload")).get("key")) == key
            ) or shared & {*files}:
                return Sight(is_there=True, ts=ts)
            if not (files or shared or metadata) and message.get("user") == self._user_id:
                unmarked = max(unmarked, ts)
        if unmarked and float(unmarked) > sent_at - _CLOSELY:
            # Perhaps Slack does not show this token any metadata; then this may be the letter.
            raise Refused("metadata_not_shown")
        return Sight(is_there=False)

    def _history(self, channel_id: str, sent_at: float) -> list[Json]:
        """The messages of a conversation around the time at which a letter was sent."""
        arguments = {
            "channel": channel_id,
            "oldest": f"{max(0.0, sent_at - _BEFORE):.6f}",
            "latest": f"{max(sent_at, self._clock.now()) + _AFTER:.6f}",
            "limit": str(METHODS["conversations.history"].page),
            "include_all_metadata": "true",
        }
        found: list[Json] = []
        cursor, restarts = "", 0
        while True:
            following = {"cursor": cursor} if cursor else {}
            try:
                answer = self._ask("conversations.history", arguments | following)
            except Refused as error:
                if error.code != "invalid_cursor" or not cursor or restarts == _TRIES:
                    raise
                cursor, restarts = "", restarts + 1
                continue
            found += answer.records("messages")
            cursor = answer.cursor
            if not cursor:
                return found

    def _at_files(self, files: tuple[str, ...]) -> Sight:
        """Look at a letter's uploads: they were made for it, and shared with nobody else."""
        for file_id in files:
            try:
                answer = self._ask("files.info", {"file": file_id})
            except Refused as error:
                if error.code == "file_deleted":
                    return Sight(is_there=True)
                if error.code != "file_not_found":
                    raise
                continue
            for ts in _shared_at(record(answer.body.get("file"))):
                return Sight(is_there=True, ts=ts)
        return Sight(is_there=False)

    def _ask(self, method: str, arguments: Mapping[str, str]) -> Answer:
        """Make a call that may be made again."""
        return self._tried(lambda: self._turn(method, arguments))

    def _tried(self, once: Callable[[], T]) -> T:
        tries = 1
        while True:
            try:
                return once()
            except Limited:
                continue  # the pace knows how long to wait
            except Unavailable:
                if tries == _TRIES:
                    raise
                self.rest(_FIRST_PAUSE * 2 ** (tries - 1))
                tries += 1

    def _turn(self, method: str, arguments: Mapping[str, str]) -> Answer:
        self._wait(method)
        return self._once(method, arguments)

    def _wait(self, method: str) -> None:
        while True:
            dues = map(self._pace.due, _POSTING if method in _POSTING else (method,))
            if (pause := max(dues) - self._clock.now()) <= 0:
                return
            self.rest(pause)

    def rest(self, seconds: float) -> None:
        """Wait; not at all if the time has passed."""
        if seconds > 0:
            self._clock.sleep(seconds)
        if self._stopped():
            raise Halted

    def _once(self, method: str, arguments: Mapping[str, str]) -> Answer:
        if method in self._lacking:
            raise self._lacking[method]
        try:
            return self._slack.call(method, arguments, self._clock.now())
        except Limited as error:
            self._pace.refuse(method, error.seconds, self._clock.now())
            raise
        except Refused as error:
            if error.code == "missing_scope" and method != "conversations.history":
                self._lacking[method] = error  # of histories it says which kind
            raise
        finally:
            self._pace.count(method, self._clock.now())


def _shared_at(file: Json) -> list[str]:
    """The `ts` of the messages that show a file, as far as Slack says them yet."""
    shares = record(file.get("shares"))
    return [
        text(share.get("ts")) or ""
        for scope in ("public", "private")
        for listed in record(shares.get(scope)).values()
        for share in records(listed)
    ]
