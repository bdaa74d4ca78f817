"""How a template reads posts, before anything is stored or sent: a channel's, or a file's."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct, field

from hubbub.errors import HubbubError, UsageError
from hubbub.flows.asking_posts import ChannelOfSlack
from hubbub.flows.auditing import audited
from hubbub.flows.connecting import connect, has_token
from hubbub.flows.workspace import keys_of, policy_of_workspace, refuse_single_members
from hubbub.privacy.refusals import RefusalFile, Refusals
from hubbub.records.directory import Directory, Person
from hubbub.records.plain import Plain, plain_post
from hubbub.records.reading import Post, Record
from hubbub.records.template import Template
from hubbub.records.templates import Templates
from hubbub.settings import Settings
from hubbub.slack.redaction import NOBODY
from hubbub.slack.values import Json
from hubbub.stores import duckdb as store

LEFT_OUT = "U0NOBODY00"
"""Stands for members of whom nothing may be shown."""


class CheckedPost(Struct, frozen=True):
    """A post that is a record of the template, or speaks of one."""

    ts: str
    post: Post
    records: list[Record]


class Checked(Struct):
    """What a template reads in a channel."""

    template: Template
    channel: str
    """As it was asked for: a name, or an id."""
    origin: str
    """Where the posts came from, for people."""
    looked_at: int = 0
    posts: list[CheckedPost] = []
    talk: list[CheckedPost] = []
    """Posts that have an opening and are no record."""
    directory: Directory = field(default_factory=lambda: Directory(()))
    members: dict[str, str] = {}
    channels: dict[str, str] = {}

    @property
    def place(self) -> str:
        """The channel for people."""
        return f"#{self.channels.get(self.channel, self.channel)}"


def chosen_template(settings: Settings, name: str) -> tuple[Templates, Template]:
    """The templates of a workspace, and the one of a name. Raises `UsageError` if there is none."""
    templates = Templates(settings.pack)
    known = templates.templates
    if name not in known:
        near = get_close_matches(name, known, 1)
        hint = f"Did you mean {near[0]}? " if near else ""
        raise UsageError(f"There is no template {name!r}.", f"{hint}See: hubbub list records")
    return templates, known[name]


def check_channel(settings: Settings, name: str, channel: str, limit: int) -> Checked:
    """How a template reads the newest messages of a channel.

    They come from the store if it has the channel and the policy keeps texts as they were written,
    else from Slack's history, if there is a token. Raises `UsageError` if neither is so.
    """
    refuse_single_members(settings, "hubbub records check shows posts of")
    templates, template = chosen_template(settings, name)
    audited(settings, "read", "records check", template=template.name)
    refusals = _refusals(settings)
    channel = channel.lstrip("#")
    is_stored = _is_stored(settings, channel)
    policy = policy_of_workspace(settings)
    if is_stored and policy.text == "whole" and not policy.pseudonyms:
        checked = Checked(template, channel, "the store")
        posts = _stored_posts(settings, checked, limit)
    elif has_token(settings):
        checked = Checked(template, channel, "Slack's history; nothing of it is stored")
        channel_of_slack = ChannelOfSlack(connect(settings)[0], channel, policy)
        _note(checked, channel_of_slack.people(), channel_of_slack.names)
        posts = channel_of_slack.posts(ZoneInfo(settings.timezone), limit)
    elif is_stored:
        raise UsageError(
            "The store does not keep texts as they were written, so it cannot say how they read.",
            "Set SLACK_BOT_TOKEN or SLACK_USER_TOKEN: then the posts come from Slack's history.",
        )
    else:
        raise UsageError(
            f"The store has no channel {channel!r}, and there is no token to ask Slack.",
            "See hubbub list channels, or set SLACK_BOT_TOKEN or SLACK_USER_TOKEN.",
        )
    for ts, written in posts:
        if written.author_id is not None and written.author_id in refusals:
            continue
        checked.looked_at += 1
        post = _without(written, refusals)
        found = [each for each in templates.read(post) if each.template == template.name]
        if found:
            checked.posts.append(CheckedPost(ts, post, found))
        elif template.speaks_of(post.text):
            checked.talk.append(CheckedPost(ts, post, []))
    if not policy.names:
        checked.members = {}
    checked.members = {
        each: name for each, name in checked.members.items() if each not in refusals
    } | {LEFT_OUT: "(left out)"}
    return checked


def _refusals(settings: Settings) -> Refusals:
    file = RefusalFile(settings.refused)
    return file.refusals(keys_of(settings)) if file.exists() else Refusals()


def _without(post: Post, refusals: Refusals) -> Post:
    """A post in which nobody is tagged of whom nothing may be shown."""
    said = post.text.replace(NOBODY, f"<@{LEFT_OUT}>")
    if refusals:
        said = _tagged_out(said, refusals)
    return post._replace(text=said)


def _tagged_out(said: str, refusals: Refusals) -> str:
    parts = said.split("<@")
    for place, part in enumerate(parts[1:], 1):
        member, closing, rest = part.partition(">")
        if closing and member.partition("|")[0] in refusals:
            parts[place] = f"{LEFT_OUT}>{rest}"
    return "<@".join(parts)


def _is_stored(settings: Settings, channel: str) -> bool:
    if not store.exists(settings.store):
        return False
    with store.reading(settings.store) as connection:
        found = connection.execute(
            "SELECT 1 FROM channels JOIN messages USING (channel_id) "
            "WHERE $1 IN (channel_id, name) LIMIT 1",
            [channel],
        ).fetchall()
    return bool(found)


def _stored_posts(settings: Settings, checked: Checked, limit: int) -> list[tuple[str, Post]]:
    with store.reading(settings.store) as connection:
        people = connection.execute(
            "SELECT user_id, name, display_name, real_name FROM users UNION ALL "
            "SELECT user_id, name, display_name, real_name FROM profiles ANTI JOIN users "
            "USING (user_id)"
        ).fetchall()
        channels = dict(connection.execute("SELECT channel_id, name FROM channels").fetchall())
        rows = connection.execute(
            "SELECT m.ts, m.text, epoch_us(m.posted_at), c.channel_id, c.name, m.user_id, "
            "m.bot_id IS NOT NULL OR m.subtype IS NOT DISTINCT FROM 'bot_message', m.kind "
            "FROM messages m JOIN channels c USING (channel_id) "
            "WHERE $1 IN (c.channel_id, c.name) AND m.kind <> 'system' AND m.deleted_at IS NULL "
            "AND m.text IS NOT NULL ORDER BY m.posted_at DESC, m.ts DESC LIMIT $2",
            [checked.channel, limit],
        ).fetchall()
    _note(checked, people, channels)
    zone = ZoneInfo(settings.timezone)
    return [
        (ts, Post(said, at, zone, channel_id, name, author, is_bot=is_bot, kind=kind))
        for ts, said, at, channel_id, name, author, is_bot, kind in rows
    ]


def _note(
    checked: Checked, people: Sequence[tuple[str, str, str, str]], channels: dict[str, str]
) -> None:
    """Note whom and what names mean: members as id, handle, display name and full name."""
    checked.channels = channels
    checked.directory = Directory(
        (Person(member_id, tuple(names)) for member_id, *names in people), channels
    )
    for member_id, handle, shown, full in people:
        checked.members[member_id] = shown or full or handle or member_id


def check_lines(settings: Settings, name: str, path: Path) -> Iterator[Plain]:
    """How a template reads posts of a file: a JSON object a line with `text`, and perhaps `name`,
    `posted` and `today` (days), `channel` and `author`. Raises `HubbubError` for a line that is
    none."""
    templates, template = chosen_template(settings, name)
    zone = ZoneInfo(settings.timezone)
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                given = _given(path, number, line)
                post = _post_of(path, number, given, zone)
                found = [each for each in templates.read(post) if each.template == template.name]
                yield ({"name": given["name"]} if "name" in given else {}) | plain_post(
                    found, template
                )


def _given(path: Path, number: int, line: bytes) -> Json:
    try:
        given: Any = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _bad(path, number, "is no JSON") from error
    if not isinstance(given, dict):
        raise _bad(path, number, "is no object")
    fields = cast("Json", given)
    for key, value in fields.items():
        if key in {"text", "posted", "today", "channel", "author"} and not isinstance(value, str):
            raise _bad(path, number, f"has a {key} that is no text")
    if "text" not in fields:
        raise _bad(path, number, "has no text")
    return fields


def _post_of(path: Path, number: int, given: Mapping[str, str], zone: ZoneInfo) -> Post:
    day = given.get("posted") or given.get("today")
    try:
        moment = datetime.fromisoformat(day) if day else datetime.now(UTC)
    except ValueError as error:
        raise _bad(path, number, f"has {day!r} for a day") from error
    if day and len(day) == len(date.min.isoformat()):
        moment = moment.replace(hour=12)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    micros = round(moment.timestamp() * 1_000_000)
    return Post(given["text"], micros, zone, given.get("channel", ""), None, given.get("author"))


def _bad(path: Path, number: int, what: str) -> HubbubError:
    return HubbubError(
        f"{path}, line {number} {what}.",
        'Each line is an object such as {"text": "Backblast …", "posted": "2026-11-20", '
        '"channel": "C0123456789"}.',
    )
