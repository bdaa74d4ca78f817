"""Hears what members tell a running server's app: slash commands, and words that they write to it.

Nothing of either is stored but the choice that they make.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from queue import SimpleQueue
from threading import Thread
from types import TracebackType
from typing import NamedTuple, Self

from hubbub.core.waiting import in_thread
from hubbub.errors import HubbubError
from hubbub.flows import words_of_members as words
from hubbub.flows.choosing_letters import (
    Chosen,
    choices_of,
    choose_for,
    chosen_of,
    letters_known,
)
from hubbub.flows.words_of_members import Wish
from hubbub.settings import Settings
from hubbub.slack.api import Limited, Slack, SlackError
from hubbub.slack.commands import Command, DirectMessage, direct_message
from hubbub.slack.events import Delivery
from hubbub.slack.values import Json, record, text

COMMAND = "/hubbub"
_ANSWER_SECONDS = 2.0
"""A command has three, of which some pass on the way."""
_LOCALE_SECONDS = 1.0
"""So long is waited for Slack to say in which language a member reads."""
_MOST_LOOKUPS = 8
"""Under way at once."""
_TRIES = 3
_LONGEST_PAUSE = 60.0
_log = logging.getLogger("hubbub.server")


class Heard(NamedTuple):
    """A direct message by which a member has chosen, and what they get since."""

    message: DirectMessage
    wish: Wish
    chosen: Chosen


class Hearing:
    """Hears members, and answers them. Enter it: direct messages are answered in a thread.

    `team_id` is the workspace's, where it is known. `slack` has the bot's own token: with a
    member's own, the direct messages that come are that member's, and none of the app's business.
    """

    def __init__(self, settings: Settings, team_id: str | None, slack: Slack | None) -> None:
        self._settings = settings
        self._team_id = team_id
        self._slack = slack
        self._choices = choices_of(settings)
        self._locales: dict[str, str] = {}
        self._lookups = 0
        self._queue: SimpleQueue[Heard | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name="answering members", daemon=True)

    def __enter__(self) -> Self:
        """Begin to answer."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Answer what was heard, and no more."""
        self._queue.put(None)
        self._thread.join(timeout=_ANSWER_SECONDS)

    async def answer(self, command: Command) -> Json | None:
        """What Slack shows to the member alone who gave a command; None if it is of another
        workspace."""
        if self._team_id is not None and command.team_id != self._team_id:
            return None
        wish = words.typed(command.text)
        looking = asyncio.create_task(self._locale(command.user_id))
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                said = await in_thread(lambda: self._done(command, wish), "choosing")
        except (HubbubError, TimeoutError) as error:
            _log.error("A member's choice could not be noted: %s", str(error) or "not in time")
            said = words.not_now
        language = words.language_of(wish.language, await looking)
        return {"response_type": "ephemeral", "text": said(language)}

    def heed(self, deliveries: Iterable[Delivery]) -> dict[str, Heard]:
        """Note what members choose by events, by event id. Raises `HubbubError` if it cannot be
        noted; then the events have to be delivered again."""
        if self._slack is None:
            return {}
        heard: dict[str, Heard] = {}
        for delivery in deliveries:
            message = direct_message(delivery)
            wish = words.whole_word(message.text) if message else None
            if message and wish and wish.wanted is not None:
                chosen = choose_for(
                    self._settings, self._choices, message.user_id, None, wanted=wish.wanted
                )
                heard[delivery.event_id] = Heard(message, wish, chosen)
        return heard

    def reply(self, heard: Iterable[Heard]) -> None:
        """Have direct messages answered, soon."""
        for each in heard:
            self._queue.put(each)

    def _done(self, command: Command, wish: Wish) -> Callable[[str], str]:
        """Do what a command asks for; what to say of it, by language."""
        known = {each.casefold(): each for each in letters_known(self._settings)}
        if wish.wants_help:
            return lambda language: words.help_text(language, command.command)
        if wish.wanted is None:
            chosen = chosen_of(self._settings, self._choices, command.user_id)
        elif wish.report is not None and wish.report not in known:
            return lambda language: words.unknown_letter(language, [*known.values()])
        else:
            report = known[wish.report] if wish.report else None
            chosen = choose_for(
                self._settings, self._choices, command.user_id, report, wanted=wish.wanted
            )
        return lambda language: words.told(language, command.command, chosen)

    async def _locale(self, user_id: str) -> str | None:
        """The language that a member reads, if Slack says it soon."""
        if user_id not in self._locales and self._lookups < _MOST_LOOKUPS:
            try:
                async with asyncio.timeout(_LOCALE_SECONDS):
                    await in_thread(lambda: self._look_up(user_id), "language of a member")
            except TimeoutError:
                pass  # the answer is in English; the next will know
        return self._locales.get(user_id)

    def _look_up(self, user_id: str) -> None:
        """Ask Slack for the language of a member. Without an answer it stays unknown."""
        if self._slack is None:
            return
        self._lookups += 1
        try:
            arguments = {"user": user_id, "include_locale": "true"}
            answer = self._slack.call("users.info", arguments, time.time())
        except (SlackError, HubbubError) as error:
            _log.info("Slack does not say in which language a member reads: %s", error)
        else:
            self._locales[user_id] = text(record(answer.body.get("user")).get("locale")) or ""
        finally:
            self._lookups -= 1

    def _run(self) -> None:
        while (heard := self._queue.get()) is not None:
            user_id = heard.message.user_id
            if user_id not in self._locales:
                self._look_up(user_id)
            language = words.language_of(heard.wish.language, self._locales.get(user_id))
            self._post(heard.message, words.told(language, COMMAND, heard.chosen))

    def _post(self, message: DirectMessage, said: str) -> None:
        """Answer where a member has written."""
        if self._slack is None:
            return
        arguments = {"channel": message.channel_id, "text": said}
        if message.thread_ts:
            arguments["thread_ts"] = message.thread_ts
        for _ in range(_TRIES):
            try:
                self._slack.call("chat.postMessage", arguments, time.time())
            except Limited as error:
                time.sleep(min(error.seconds, _LONGEST_PAUSE))
            except (SlackError, HubbubError) as error:
                _log.error("A member has chosen, but could not be answered: %s", error)
                return
            else:
                return
        _log.error("A member has chosen, but could not be answered: Slack was asked too often")
