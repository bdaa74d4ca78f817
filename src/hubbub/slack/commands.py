"""What members tell the app itself: slash commands, and direct messages to its bot.

Commands come as a form by HTTP, as JSON by Socket Mode. Source: slack-platform §4.4 and §5.
"""

from typing import NamedTuple
from urllib.parse import parse_qsl

from hubbub.slack.events import Delivery
from hubbub.slack.normalize import Malformed, decoded
from hubbub.slack.values import Json, is_record, text


class NoCommand(ValueError):
    """What is no slash command of Slack's."""


class Command(NamedTuple):
    """A slash command, as a member has typed it."""

    team_id: str
    app_id: str
    user_id: str
    command: str
    """With its slash: an operator may have given it another name."""
    text: str
    """What stood behind it."""


class DirectMessage(NamedTuple):
    """What a member has written to the app's bot."""

    event_id: str
    channel_id: str
    user_id: str
    thread_ts: str | None
    """The thread that it stands in: below a letter, say."""
    text: str


def read_form(body: bytes) -> Command:
    """The command of an HTTP request. Raises `NoCommand` without saying what it holds."""
    try:
        return _command(dict(parse_qsl(body.decode("utf-8"), keep_blank_values=True)))
    except ValueError as error:
        raise NoCommand("no form") from error


def read_payload(payload: bytes) -> Command:
    """The command of an envelope of Socket Mode. Raises `NoCommand`."""
    try:
        told = decoded(payload)
    except Malformed as error:
        raise NoCommand("no JSON") from error
    return _command(told if is_record(told) else {})


def _command(told: Json) -> Command:
    team_id, user_id, command = (text(told.get(n)) for n in ("team_id", "user_id", "command"))
    if not (team_id and user_id and command):
        raise NoCommand("a command without workspace, member or name")
    app_id, typed = text(told.get("api_app_id")), text(told.get("text"))
    return Command(team_id, app_id or "", user_id, command, typed or "")


def direct_message(delivery: Delivery) -> DirectMessage | None:
    """What an event of the app's own bot says that a member wrote to it; None for all others, and
    for what was changed, deleted, or said by an app."""
    if delivery.type != "message" or delivery.channel_kind != "dm" or not delivery.channel_id:
        return None
    event: Json = decoded(delivery.event)
    user_id, said = text(event.get("user")), text(event.get("text"))
    if not user_id or not said or event.get("subtype") or event.get("bot_id"):
        return None
    thread_ts = text(event.get("thread_ts"))
    return DirectMessage(delivery.event_id, delivery.channel_id, user_id, thread_ts, said)
