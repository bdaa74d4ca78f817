"""Asks Slack who the members are, for a gate that has to know whose names texts may hold."""

import time
from collections.abc import Iterator
from threading import Event

from hubbub.core.batch import Envelope
from hubbub.errors import TryAgain, UsageError
from hubbub.slack.api import Answer, Limited, Refused, Slack, SlackError, Stopped
from hubbub.slack.methods import METHODS
from hubbub.sources.answers import as_it_came

_TRIES = 5


def directory(slack: Slack, stop: Event) -> Iterator[Envelope]:
    """The pages of the directory. Raises `TryAgain` if Slack does not give them now, `UsageError`
    if it never will."""
    cursor = ""
    while True:
        arguments = {"limit": str(METHODS["users.list"].page)}
        answer = _asked(slack, arguments | ({"cursor": cursor} if cursor else {}), stop)
        yield as_it_came("users", answer)
        cursor = answer.cursor
        if not cursor:
            return


def _asked(slack: Slack, arguments: dict[str, str], stop: Event) -> Answer:
    for _ in range(_TRIES):
        try:
            return slack.call("users.list", arguments, time.time())
        except Limited as error:
            if stop.wait(error.seconds):
                break
        except (Refused, Stopped) as error:
            raise UsageError(
                f"Slack does not list the members ({error.code}), so it is not known whose "
                "names to take out of texts: no text is kept.",
                "Give the app the scope users:read and a token that is valid, and start again.",
            ) from error
        except SlackError as error:
            raise TryAgain(
                f"Slack does not list the members ({error.code}).",
                "Without them it is not known whose names to take out of texts. It is tried again.",
            ) from error
    raise TryAgain("Slack did not list the members in time.", "It is tried again.")
