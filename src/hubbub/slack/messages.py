"""Slack's message objects as rows: kinds, authors, wrappers, reactions, features of the text.

Definitions: docs/tables.md. Everything that a metric needs of a text (length, question, mentions,
link domains) is taken here, before the gate decides whether the text itself may stay.
"""

import re
from functools import lru_cache
from typing import Any

from hubbub.core.batch import Batch
from hubbub.core.tables import SEEN
from hubbub.slack import markup
from hubbub.slack.directory import SLACK_ITSELF, read_files, read_profile
from hubbub.slack.values import (
    Json,
    canonical,
    count,
    flag,
    ids,
    is_record,
    micros_of_ts,
    record,
    records,
    text,
)

SPEECH = frozenset({
    None, "bot_message", "slackbot_response", "me_message", "file_share", "file_comment",
    "file_mention", "thread_broadcast", "reply_broadcast",
})  # fmt: skip
"""Subtypes of messages that say something; all others are notices of the system."""

_OUTLINE = (
    "bot_id", "client_msg_id", "display_as_bot", "edited", "hidden", "is_locked", "last_read",
    "latest_reply", "parent_user_id", "pinned_to", "reactions", "reply_broadcast", "reply_count",
    "reply_users", "reply_users_count", "subscribed", "subtype", "team", "thread_ts", "ts", "type",
    "upload", "user", "username",
)  # fmt: skip
"""What of a message may be kept to settle between copies where its JSON may not."""

_is_id = lru_cache(maxsize=100_000)(re.compile(r"[UW][A-Z0-9]+").fullmatch)


class MessageReader:
    """Appends messages, and what hangs on them, to a batch."""

    def __init__(self, batch: Batch, channel_id: str | None, *, raw: bool) -> None:
        self._batch = batch
        self._channel_id = channel_id
        self._raw = raw

    def read(self, message: Json) -> str | None:
        """Append a record, unwrapped if it wraps another; returns why it cannot be read, or None.

        A `message_changed` is a copy of its inner message, a `message_deleted` a mark on its
        target, a `message_replied` a notice without a row.
        """
        kind = message.get("type", "message")
        if kind != "message" and kind is not None:
            return f"an event of type {kind!s:.40}"
        channel_id = self._channel_id or _channel(message)
        if channel_id is None:
            return "a message without channel"
        subtype = message.get("subtype")
        if subtype == "message_changed":
            return self._changed(message, channel_id)
        if subtype == "message_deleted":
            return self._deleted(message, channel_id)
        if subtype == "message_replied" or ("message" in message and not subtype):
            return None
        return self._copy(message, channel_id)

    def _changed(self, event: Json, channel_id: str) -> str | None:
        inner = event.get("message")
        if not is_record(inner):
            return "a message_changed without the message"
        changed_at = _time_of_change(event)
        if changed_at is None:
            return "ts is not digits.digits"
        return self._copy(inner, channel_id, changed_at=changed_at)

    def _deleted(self, event: Json, channel_id: str) -> str | None:
        deleted_at = _time_of_change(event)
        if deleted_at is None:
            return "ts is not digits.digits"
        before = record(event.get("previous_message")) or record(event.get("original"))
        target = event.get("deleted_ts") or before.get("ts")
        if micros_of_ts(target) is None:
            return "a message_deleted without target"
        return self._copy({**before, "ts": target}, channel_id, deleted_at=deleted_at)

    def _copy(
        self,
        message: Json,
        channel_id: str,
        *,
        changed_at: str | None = None,
        deleted_at: str | None = None,
    ) -> str | None:
        """Append one copy of a message: seen, changed (`ts` of the change) or deleted.

        The import's speed is decided here: what most messages lack is asked for only once.
        """
        ts = message.get("ts")
        posted = micros_of_ts(ts)
        if posted is None or type(ts) is not str:
            return "ts is not digits.digits"
        get, batch = message.get, self._batch
        copy = batch.copies
        subtype = text(get("subtype")) if "subtype" in message else None
        thread_ts = _thread(message, ts) if "thread_ts" in message or "root" in message else None
        is_plain = subtype is None and thread_ts is None
        kind = "post" if is_plain else _kind(message, subtype, ts, thread_ts)
        user_id = get("user")
        if type(user_id) is not str or not user_id:
            user_id = text(user_id)
        if user_id is None and subtype == "file_comment":
            user_id = text(record(get("comment")).get("user"))
        bot_id = text(get("bot_id")) if "bot_id" in message else None
        body = get("text")
        if type(body) is not str:
            body = text(body) or ""
        asks = ("?" in body or "？" in body) and (
            kind == "post"
            and bot_id is None
            and subtype != "bot_message"
            and user_id is not None
            and user_id not in SLACK_ITSELF
            and markup.asks(body)
        )
        version, edited_at, latest_reply = posted, None, None
        if "edited" in message:
            edited_at = micros_of_ts(record(get("edited")).get("ts"))
            version = max(version, edited_at or 0)
        if "latest_reply" in message:
            replied_at = micros_of_ts(get("latest_reply"))
            version = max(version, replied_at or 0)
            latest_reply = None if replied_at is None else get("latest_reply")
        if changed_at is not None:
            version = max(version, micros_of_ts(changed_at) or 0)
        presence, gone_at = SEEN, None
        if deleted_at is not None:
            presence, gone_at = 0, micros_of_ts(deleted_at)
        elif subtype == "tombstone":  # the time of deletion is known only if an event told it
            presence, gone_at = 1, micros_of_ts(changed_at) or posted
        told, unnamed = changed_at is None, 0
        if "reactions" in message:
            told, unnamed = True, self._reactions(get("reactions"), channel_id, ts)
        username = text(get("username")) if "username" in message else None
        replies = count(get("reply_count")) if "reply_count" in message else None
        outline = canonical_json = None
        hanging = self._tokens(body, channel_id, ts) if "<" in body else ()
        if "files" in message or "file" in message:
            hanging = (hanging, read_files(message, channel_id, ts, batch, raw=self._raw))
        words = len(body.split())
        characters = len(markup.unescape(body)) if "&" in body else len(body)
        if presence != SEEN:
            outline = _trace(
                thread_ts,
                user_id,
                bot_id,
                username,
                kind,
                subtype,
                edited_at,
                replies,
                latest_reply,
            )
        elif self._raw:
            canonical_json = canonical(message)
        else:
            kept = {key: message[key] for key in _OUTLINE if key in message}
            kept["text"] = (words, characters, asks, hanging, user_id, thread_ts)
            outline = canonical(kept)
        if "user_profile" in message and user_id is not None:
            read_profile(message, user_id, channel_id, posted, batch)
        batch.rows["messages"].append((
            channel_id,
            ts,
            thread_ts,
            posted,
            user_id,
            None if user_id is None or _is_id(user_id) else user_id,
            bot_id,
            username,
            kind,
            subtype,
            body,
            words,
            characters,
            asks,
            edited_at,
            gone_at,
            replies,
            latest_reply,
            unnamed,
            told,
            None,
            None,
            presence,
            version,
            outline,
            canonical_json,
            copy,
        ))  # fmt: skip
        batch.copies += 1
        return None

    def _tokens(self, body: str, channel_id: str, ts: str) -> tuple[Any, ...]:
        """Append the text's mentions and links; returns what of them may stand in an outline."""
        mentions, links = markup.tokens(body)
        copy, rows = self._batch.copies, self._batch.rows
        if mentions:
            rows["mentions"].extend([_mention(channel_id, ts, each, copy) for each in mentions])
        if links:
            rows["links"].extend([(channel_id, ts, *each, copy) for each in links])
        if self._raw:
            return ()
        return (mentions, [(*link[::2], markup.trimmed(link.url)) for link in links])

    def _reactions(self, reactions: object, channel_id: str, ts: str) -> int:
        """Append the reactions; returns how many Slack counts beyond those that it names."""
        named: dict[str, set[str]] = {}
        unnamed = 0
        for reaction in records(reactions):
            name = text(reaction.get("name"))
            if name is not None:
                users = ids(reaction.get("users"))
                told = count(reaction.get("count")) or 0
                if told > len(users):
                    unnamed += told - len(users)
                named[name] = named[name] | users if name in named else users
        rows, copy = self._batch.rows["reactions"], self._batch.copies
        for name, users in named.items():
            rows.extend([(channel_id, ts, user, name, copy) for user in users])
        return unnamed


def _trace(*facts: str | int | None) -> bytes:
    """The outline of a message that is known from its deletion only: what stays of its row. The
    trace that knows more is the greater."""
    return canonical([sum(fact is not None for fact in facts), *facts])


def _time_of_change(event: Json) -> str | None:
    for key in ("ts", "event_ts"):
        if micros_of_ts(event.get(key)) is not None:
            return event[key]
    return None


def _channel(message: Json) -> str | None:
    channel = message.get("channel")
    return text(channel.get("id") if is_record(channel) else channel)


def _thread(message: Json, ts: str) -> str | None:
    """`ts` of the thread's root; a broadcast may say it only in its `root`."""
    thread_ts = message.get("thread_ts")
    if thread_ts == ts:
        return ts
    if thread_ts is None and "root" in message:
        root = record(message["root"])
        thread_ts = root.get("thread_ts") or root.get("ts")
    return thread_ts if micros_of_ts(thread_ts) is not None else None


def _kind(message: Json, subtype: str | None, ts: str, thread_ts: str | None) -> str:
    if subtype not in SPEECH:
        return "system"
    if subtype == "thread_broadcast":
        return "broadcast"
    if thread_ts is None or thread_ts == ts:
        return "post"
    if subtype == "reply_broadcast" or flag(message.get("reply_broadcast")):
        return "broadcast"
    return "reply"


def _mention(channel_id: str, ts: str, mention: markup.Mention, copy: int) -> tuple[Any, ...]:
    position, kind, target = mention
    return (
        channel_id,
        ts,
        position,
        kind,
        target if kind == "user" else None,
        target if kind == "channel" else None,
        target if kind in {"subteam", "broadcast"} else None,
        copy,
    )
