"""Asks Slack for the newest messages of a channel, for what looks at them and stores nothing."""

import time
from collections.abc import Iterator
from difflib import get_close_matches
from zoneinfo import ZoneInfo

from hubbub.errors import TryAgain, UsageError
from hubbub.privacy.policy import Policy
from hubbub.records.reading import Post
from hubbub.slack.api import Answer, Limited, Refused, Slack, SlackError
from hubbub.slack.messages import blocks_of
from hubbub.slack.methods import METHODS
from hubbub.slack.normalize import normalize
from hubbub.slack.values import Json, record, text
from hubbub.sources.answers import as_it_came
from hubbub.sources.choosing import Conversation

_TRIES = 5
_PAGE = 200


class ChannelOfSlack:
    """A channel as Slack shows it now."""

    def __init__(self, slack: Slack, channel: str, policy: Policy) -> None:
        """Look it up by name or id. Raises `UsageError` if there is none, or if the policy does not
        admit it."""
        self._slack = slack
        listed = [
            Conversation.of(each)
            for page in self._pages("conversations.list", types="public_channel,private_channel")
            for each in page.records("channels")
        ]
        self.names = {each.id: each.name for each in listed}
        """All channels that the token sees, by id."""
        found = next((each for each in listed if channel in {each.id, each.name}), None)
        if found is None:
            near = get_close_matches(channel, self.names.values(), 1)
            hint = f"Did you mean {near[0]}? " if near else ""
            raise UsageError(
                f"Slack shows no channel {channel!r}.",
                f"{hint}Name it as in Slack, or by its id; a private one needs the app in it.",
            )
        if not policy.admits(found.id, found.name, found.kind):
            raise UsageError(
                f"The privacy policy does not admit #{found.name}.",
                "hubbub privacy show says which channels it admits.",
            )
        self._channel = found

    def people(self) -> list[tuple[str, str, str, str]]:
        """All accounts: id, handle, display name, full name; empty where there is none."""
        return [
            _names(each) for page in self._pages("users.list") for each in page.records("members")
        ]

    def posts(self, zone: ZoneInfo, limit: int) -> Iterator[tuple[str, Post]]:
        """The newest messages with their `ts`, newest first; system notices and replies that were
        not sent to the channel are left out."""
        for page in self._pages("conversations.history", channel=self._channel.id):
            for ts, post in self._posts_of(page, zone):
                if not limit:
                    return
                limit -= 1
                yield ts, post

    def _posts_of(self, page: Answer, zone: ZoneInfo) -> Iterator[tuple[str, Post]]:
        batch = normalize([as_it_came("messages", page, self._channel.id)], raw=False)
        blocks = {each.get("ts"): blocks_of(each) for each in page.records("messages")}
        names = ("ts", "text", "posted_at", "user_id", "bot_id", "subtype", "kind")
        columns = batch.columns.get("messages")
        rows = zip(*(columns[name] for name in names), strict=True) if columns else ()
        for ts, said, at, author, bot_id, subtype, kind in sorted(rows, reverse=True):
            if kind != "system" and said:
                is_bot = bot_id is not None or subtype == "bot_message"
                place = (self._channel.id, self._channel.name)
                shown = blocks.get(ts, []) if is_bot else []
                yield ts, Post(said, at, zone, *place, author, is_bot, kind, shown)

    def _pages(self, method: str, **arguments: str) -> Iterator[Answer]:
        page = {"limit": str(min(METHODS[method].page, _PAGE))}
        cursor = ""
        while True:
            following = {"cursor": cursor} if cursor else {}
            answer = self._asked(method, {**arguments, **page, **following})
            yield answer
            cursor = answer.cursor
            if not cursor:
                return

    def _asked(self, method: str, arguments: dict[str, str]) -> Answer:
        for _ in range(_TRIES):
            try:
                return self._slack.call(method, arguments, time.time())
            except Limited as error:
                time.sleep(error.seconds)
            except Refused as error:
                raise UsageError(
                    f"Slack does not answer {method} ({error.code}).",
                    "The app has to be in the channel; hubbub doctor says what its token may do.",
                ) from error
            except SlackError as error:
                raise TryAgain(
                    f"Slack does not answer {method} now ({error.code}).", "Run it again later."
                ) from error
        raise TryAgain(f"Slack did not answer {method} in time.", "Run it again later.")


def _names(user: Json) -> tuple[str, str, str, str]:
    profile = record(user.get("profile"))
    return (
        text(user.get("id")) or "",
        text(user.get("name")) or "",
        text(profile.get("display_name")) or "",
        text(profile.get("real_name")) or text(user.get("real_name")) or "",
    )
