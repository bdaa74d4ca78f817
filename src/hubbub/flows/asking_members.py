"""Asks Slack who the members are: for a gate that has to know whose names texts may hold, or for
letters to them."""

import time
from collections.abc import Iterator
from threading import Event
from typing import NamedTuple

from hubbub.core.batch import Envelope
from hubbub.errors import TryAgain, UsageError
from hubbub.slack.api import Answer, Limited, Refused, Slack, SlackError, Stopped
from hubbub.slack.methods import METHODS
from hubbub.sources.answers import as_it_came

_TRIES = 5


class Purpose(NamedTuple):
    """What the directory is for: what is lost if Slack never gives it, or not now."""

    never: str
    """How the sentence “Slack does not list the members, so …” ends."""
    later: str


TEXTS = Purpose(
    "it is not known whose names to take out of texts: no text is kept",
    "Without them it is not known whose names to take out of texts. It is tried again.",
)
LETTERS = Purpose(
    "it is not known whom to write to",
    "Nothing was sent. Run this again later.",
)


def directory(
    slack: Slack, stop: Event, purpose: Purpose = TEXTS, *, with_locale: bool = False
) -> Iterator[Envelope]:
    """The pages of the directory. Raises `TryAgain` if Slack does not give them now, `UsageError`
    if it never will."""
    cursor = ""
    wanted = {"limit": str(METHODS["users.list"].page)}
    wanted |= {"include_locale": "true"} if with_locale else {}
    while True:
        answer = _asked(slack, wanted | ({"cursor": cursor} if cursor else {}), stop, purpose)
        yield as_it_came("users", answer)
        cursor = answer.cursor
        if not cursor:
            return


def _asked(slack: Slack, arguments: dict[str, str], stop: Event, purpose: Purpose) -> Answer:
    for _ in range(_TRIES):
        try:
            return slack.call("users.list", arguments, time.time())
        except Limited as error:
            if stop.wait(error.seconds):
                break
        except (Refused, Stopped) as error:
            raise UsageError(
                f"Slack does not list the members ({error.code}), so {purpose.never}.",
                "Give the app the scope users:read and a token that is valid, and start again.",
            ) from error
        except SlackError as error:
            raise TryAgain(
                f"Slack does not list the members ({error.code}).",
                purpose.later,
            ) from error
    raise TryAgain("Slack did not list the members in time.", purpose.later)
