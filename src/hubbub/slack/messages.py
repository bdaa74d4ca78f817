"""Slack's message objects as rows: kinds, authors, threads, reactions, features of the text.

Definitions: docs/tables.md. Everything that a metric needs of a text (length, question, mentions,
link domains) is taken here, before the gate decides whether the text itself may stay.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

from hubbub.core.batch import Batch, Columns
from hubbub.core.tables import SEEN
from hubbub.slack import markup
from hubbub.slack.copies import Copies
from hubbub.slack.directory import SLACK_ITSELF, read_files, read_profile
from hubbub.slack.reactions import Reaction, read_reactions
from hubbub.slack.values import (
    Json,
    canonical,
    canonical_each,
    count,
    flag,
    micros_of_each,
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

_is_id = re.compile(r"[UW][A-Z0-9]+").fullmatch
_known_ids: set[str | None] = set()
"""Ids that were met before: few, and looked up faster than matched."""
_TEXT_OR_NONE = frozenset({str, type(None)})


def read_messages(copies: Copies, batch: Batch, *, raw: bool) -> None:
    """Append copies of messages, and what hangs on them, to a batch."""
    if copies.messages:
        batch.columns["messages"] = _Reader(copies, batch, raw=raw).columns()
        batch.copies += len(copies.messages)


class _Reader:
    """Reads copies column by column, which takes half as long as one by one: what most messages
    lack is looked for once, and read where it is."""

    def __init__(self, copies: Copies, batch: Batch, *, raw: bool) -> None:
        self._copies = copies
        self._messages = copies.messages
        self._batch = batch
        self._raw = raw
        self._first = batch.copies
        self._places = {field: list[int]() for field in _RARE}
        """Where in the lists the messages stand that have a field."""
        for place, message in enumerate(self._messages):
            if not _RARE.isdisjoint(message):
                for field in _RARE.intersection(message):
                    self._places[field].append(place)

    def columns(self) -> Columns:
        """The columns of the messages; what hangs on them is in the batch."""
        copies, size = self._copies, len(self._messages)
        subtypes = self._column("subtype", text)
        threads = self._threads()
        kinds = self._kinds(subtypes, threads)
        users = self._users(subtypes)
        bots = self._column("bot_id", text)
        usernames = self._column("username", text)
        replies = self._column("reply_count", count)
        edits = self._column("edited", _edited_at)
        latest = self._column("latest_reply", _valid_ts)
        bodies = self._bodies()
        presences, gone = self._presences(subtypes)
        columns: dict[str, Sequence[Any]] = {
            "channel_id": copies.channel_ids,
            "ts": copies.ts,
            "thread_ts": threads,
            "posted_at": copies.posted,
            "user_id": users,
            "author_handle": _handles(users),
            "bot_id": bots,
            "username": usernames,
            "kind": kinds,
            "subtype": subtypes,
            "text": bodies,
            "words": [len(body.split()) for body in bodies],
            "characters": _characters(bodies),
            "is_question": _questions(bodies, kinds, subtypes, users, bots),
            "edited_at": edits,
            "deleted_at": gone,
            "reply_count": replies,
            "latest_reply": latest,
            "unnamed": self._reactions(),
            "reactions_told": self._tells_reactions(),
            "reactions_version": [None] * size,
            "reactions_rank": [None] * size,
            "presence": presences,
            "version": self._versions(edits, latest),
            "copy": range(self._first, self._first + size),
        }
        self._tokens(bodies)
        files = self._files()
        self._profiles(users)
        self._blocks(subtypes, bots)
        canonicals: Sequence[bytes | None] = [None] * size
        outlines: list[bytes | None] = [None] * size
        if self._raw:
            canonicals = canonical_each(self._messages)
        else:
            outlines = self._outlines(columns, files)
        unseen = [place for place, presence in enumerate(presences) if presence != SEEN]
        if unseen:
            canonicals = [*canonicals]
            for place in unseen:
                canonicals[place] = None
                outlines[place] = _trace([columns[name][place] for name in _TRACE])
        return columns | {"canonical": canonicals, "outline": outlines}

    def _column(self, field: str, read: Callable[[object], Any]) -> list[Any]:
        """A field that most messages lack."""
        column: list[Any] = [None] * len(self._messages)
        for place in self._places[field]:
            column[place] = read(self._messages[place][field])
        return column

    def _users(self, subtypes: list[str | None]) -> list[str | None]:
        users = [message.get("user") for message in self._messages]
        if "" in users or not _TEXT_OR_NONE.issuperset(map(type, users)):
            users = [text(user) for user in users]
        for place in self._places["comment"]:
            if users[place] is None and subtypes[place] == "file_comment":
                users[place] = text(record(self._messages[place]["comment"]).get("user"))
        return users

    def _bodies(self) -> list[str]:
        bodies: list[Any] = [message.get("text") for message in self._messages]
        if {str}.issuperset(map(type, bodies)):
            return bodies
        return [body if type(body) is str else text(body) or "" for body in bodies]

    def _threads(self) -> list[str | None]:
        """`ts` of the thread's root; a broadcast may say it only in its `root`."""
        threads = [message.get("thread_ts") for message in self._messages]
        if micros_of_each([thread_ts for thread_ts in threads if thread_ts is not None]) is None:
            threads = [_valid_ts(thread_ts) for thread_ts in threads]
        for place in self._places["root"]:
            message = self._messages[place]
            if message.get("thread_ts") is None:
                root = record(message["root"])
                threads[place] = _valid_ts(root.get("thread_ts") or root.get("ts"))
        return threads

    def _kinds(self, subtypes: list[str | None], threads: list[str | None]) -> list[str]:
        kinds = [
            "post" if thread_ts is None or thread_ts == ts else "reply"
            for ts, thread_ts in zip(self._copies.ts, threads, strict=True)
        ]
        for place in self._places["reply_broadcast"]:
            if kinds[place] == "reply" and flag(self._messages[place]["reply_broadcast"]):
                kinds[place] = "broadcast"
        for place in self._places["subtype"]:
            subtype = subtypes[place]
            if subtype not in SPEECH:
                kinds[place] = "system"
            elif subtype == "thread_broadcast" or (
                subtype == "reply_broadcast" and kinds[place] == "reply"
            ):
                kinds[place] = "broadcast"
        return kinds

    def _presences(self, subtypes: list[str | None]) -> tuple[list[int], list[int | None]]:
        """How much of each message its copy shows, and when it was deleted."""
        changed, deleted = self._copies.changed, self._copies.deleted
        presences = [SEEN] * len(subtypes)
        gone: list[int | None] = [None] * len(subtypes)
        if "tombstone" in subtypes:
            for place, subtype in enumerate(subtypes):
                if subtype == "tombstone":
                    # the time of deletion is known only if an event told it
                    known = micros_of_ts(changed.get(place)) or self._copies.posted[place]
                    presences[place], gone[place] = 1, known
        for place, deleted_at in deleted.items():
            presences[place], gone[place] = 0, micros_of_ts(deleted_at)
        return presences, gone

    def _versions(self, edits: list[int | None], latest: list[str | None]) -> list[int]:
        """The newest time that each copy speaks of."""
        versions = self._copies.posted.copy()
        for place in self._places["edited"]:
            versions[place] = max(versions[place], edits[place] or 0)
        for place in self._places["latest_reply"]:
            versions[place] = max(versions[place], micros_of_ts(latest[place]) or 0)
        for place, changed_at in self._copies.changed.items():
            versions[place] = max(versions[place], micros_of_ts(changed_at) or 0)
        return versions

    def _tells_reactions(self) -> list[bool]:
        """Whether each copy says who has reacted; a change without reactions does not."""
        tells = [True] * len(self._messages)
        for place in self._copies.changed:
            tells[place] = "reactions" in self._messages[place]
        return tells

    def _reactions(self) -> list[int]:
        """Append the reactions; returns how many Slack counts beyond those that it names."""
        unnamed = [0] * len(self._messages)
        rows = self._batch.rows["reactions"]
        places = self._places["reactions"]
        told = read_reactions([self._messages[place]["reactions"] for place in places])
        for place, reactions in zip(places, told, strict=True):
            channel_id, ts = self._copies.channel_ids[place], self._copies.ts[place]
            copy = self._first + place
            named, unnamed[place] = _by_name(reactions)
            for name, users in named.items():
                rows += [(channel_id, ts, user, name, copy) for user in users]
        return unnamed

    def _tokens(self, bodies: list[str]) -> None:
        """Append the mentions and links."""
        mentioned, linked = self._batch.rows["mentions"], self._batch.rows["links"]
        for place in [place for place, body in enumerate(bodies) if "<" in body]:
            mentions, links = markup.tokens(bodies[place])
            channel_id, ts = self._copies.channel_ids[place], self._copies.ts[place]
            copy = self._first + place
            for mention in mentions:
                mentioned.append((channel_id, ts, *mention, copy))
            for link in links:
                linked.append((channel_id, ts, *link, copy))

    def _files(self) -> dict[int, list[str]]:
        """Append the files; returns the ids of each message's, by place."""
        found: dict[int, list[str]] = {}
        for place in {*self._places["files"], *self._places["file"]}:
            found[place] = read_files(
                self._messages[place],
                self._copies.channel_ids[place],
                self._copies.ts[place],
                self._batch,
                copy=self._first + place,
                raw=self._raw,
            )
        return found

    def _profiles(self, users: list[str | None]) -> None:
        """Append the names that messages carry of their authors."""
        for place in self._places["user_profile"]:
            user_id = users[place]
            if user_id is not None:
                read_profile(
                    self._messages[place],
                    user_id,
                    self._copies.channel_ids[place],
                    self._copies.posted[place],
                    self._batch,
                    copy=self._first + place,
                )

    def _blocks(self, subtypes: list[str | None], bots: list[str | None]) -> None:
        """Hand on the blocks of messages by apps; people's say what their text says."""
        for place in {*self._places["bot_id"], *self._places["subtype"]}:
            if bots[place] is not None or subtypes[place] == "bot_message":
                found = blocks_of(self._messages[place])
                if found:
                    self._batch.blocks[self._first + place] = found

    def _outlines(self, columns: Columns, files: dict[int, list[str]]) -> list[bytes | None]:
        """What settles between copies whose JSON may not be kept."""
        there = set[str]().union(*self._messages)
        fields = [field for field in _OUTLINE if field in there]
        read = zip(columns["text"], columns["user_id"], columns["thread_ts"], strict=True)
        outlines: list[bytes | None] = []
        for place, (message, told) in enumerate(zip(self._messages, read, strict=True)):
            kept: Json = {field: message[field] for field in fields if field in message}
            kept["read"] = told
            if place in files:
                kept["files"] = files[place]
            blocks = self._batch.blocks.get(self._first + place)
            if blocks is not None:
                kept["blocks"] = blocks
            outlines.append(canonical(kept))
        return outlines


def blocks_of(message: Json) -> list[Json]:
    """The Block Kit of a message and its attachments, which some apps use for all of it."""
    parts = (message, *records(message.get("attachments")))
    return [block for each in parts for block in records(each.get("blocks"))]


_RARE = frozenset({
    "subtype", "bot_id", "username", "edited", "latest_reply", "reply_count", "reactions", "root",
    "reply_broadcast", "comment", "files", "file", "user_profile",
})  # fmt: skip
"""Fields that most messages lack."""

_TRACE = ("thread_ts", "user_id", "bot_id", "username", "kind", "subtype", "edited_at",
          "reply_count", "latest_reply")  # fmt: skip


def _trace(facts: list[str | int | None]) -> bytes:
    """The outline of a message that is known from its deletion only: what stays of its row. The
    trace that knows more is the greater."""
    return canonical([sum(fact is not None for fact in facts), *facts])


def _valid_ts(ts: Any) -> str | None:
    return None if micros_of_ts(ts) is None else ts


def _edited_at(edited: object) -> int | None:
    return micros_of_ts(record(edited).get("ts"))


def _handles(users: list[str | None]) -> list[str | None]:
    """The authors that are named by something else than an id."""
    unknown = set(users).difference(_known_ids, (None,))
    handles = {user for user in unknown if user is not None and not _is_id(user)}
    _known_ids.update(unknown - handles)
    return [user if user in handles else None for user in users] if handles else [None] * len(users)


def _characters(bodies: list[str]) -> list[int]:
    characters = [*map(len, bodies)]
    for place in [place for place, body in enumerate(bodies) if "&" in body]:
        characters[place] = len(markup.unescape(bodies[place]))
    return characters


def _questions(
    bodies: list[str],
    kinds: list[str],
    subtypes: list[str | None],
    users: list[str | None],
    bots: list[str | None],
) -> list[bool]:
    """Whether each message is a question: a root by a person that asks something."""
    questions = [False] * len(bodies)
    for place in [place for place, body in enumerate(bodies) if "?" in body or "？" in body]:
        user_id = users[place]
        questions[place] = (
            kinds[place] == "post"
            and bots[place] is None
            and subtypes[place] != "bot_message"
            and user_id is not None
            and user_id not in SLACK_ITSELF
            and markup.asks(bodies[place])
        )
    return questions


def _by_name(reactions: list[Reaction]) -> tuple[dict[str, set[str]], int]:
    """Who reacted, by name of the reaction, and how many more Slack counts."""
    named: dict[str, set[str]] = {}
    unnamed = 0
    for reaction in reactions:
        name, users = reaction.name, reaction.users
        if reaction.count > len(users):
            unnamed += reaction.count - len(users)
        named[name] = named[name] | users if name in named else users
    return named, unnamed
