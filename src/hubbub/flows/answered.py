"""What a workspace remembers of its answers to authors: since when each template's are answered,
and what the run log has told already. Ids in it are keyed."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from msgspec import Struct

from hubbub.errors import HubbubError
from hubbub.flows.posts_of_authors import ReadPost
from hubbub.flows.workspace import made
from hubbub.privacy.closed import in_turn, write_closed
from hubbub.settings import Settings


class Answered(Struct):
    """What is remembered. Raises `HubbubError` if it is damaged: without it, authors of years ago
    would be written to."""

    begun: dict[str, datetime] = {}
    """When a template's authors were answered for the first time: older posts are left alone."""
    logged: dict[str, tuple[str, str]] = {}
    """The state in which a post was told of in the run log, and when it was posted, by its mark."""

    def log_knows(self, post: str) -> str | None:
        """The state in which the log has told of a post."""
        return self.logged.get(post, (None, ""))[0]


def read_answered(settings: Settings) -> Answered:
    """What is remembered; nothing before the first run."""
    path = settings.answers
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
        begun = {name: datetime.fromisoformat(at) for name, at in content["begun"].items()}
        logged = {post: (state, at) for post, (state, at) in content["logged"].items()}
        return Answered(begun, logged)
    except FileNotFoundError:
        return Answered()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise HubbubError(
            f"{path} is damaged: it says since when authors are answered.",
            "Restore it from your backup. Or remove it: then only posts from now on are answered.",
        ) from error


def begin(settings: Settings, templates: Iterable[str], now: datetime) -> Answered:
    """Note that templates are answered from now on, those that are not yet; it is on the disk when
    this returns."""
    made(settings.answers)
    with in_turn(settings.answers):
        answered = read_answered(settings)
        fresh = {each: now for each in templates if each not in answered.begun}
        if fresh:
            answered.begun |= fresh
            _write(settings, answered)
    return answered


def note_logged(settings: Settings, posts: Iterable[ReadPost], oldest: datetime) -> None:
    """Note in which states the run log has told of posts; forget those that are too old to be told
    of again."""
    with in_turn(settings.answers):
        answered = read_answered(settings)
        fresh = {each.post: (each.state, each.posted_at.isoformat()) for each in posts}
        answered.logged = {
            post: (state, at)
            for post, (state, at) in {**answered.logged, **fresh}.items()
            if datetime.fromisoformat(at) >= oldest
        }
        _write(settings, answered)


def _write(settings: Settings, answered: Answered) -> None:
    content = {
        "begun": {name: at.isoformat() for name, at in answered.begun.items()},
        "logged": answered.logged,
    }
    write_closed(settings.answers, json.dumps(content, indent=1))
