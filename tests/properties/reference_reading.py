"""A second, slow reading of Slack's records, written from definitions.md alone.

It shares no code with Hubbub. Where the definitions leave a choice, it takes docs/tables.md's:
a tombstone, like a deletion, is a mark on the row and not its newest state: "the row stays".
"""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, cast

Json = dict[str, Any]
Found = dict[str, list[Json]]

_SPEECH = {None, "bot_message", "slackbot_response", "me_message", "file_share", "file_comment",
           "file_mention", "thread_broadcast", "reply_broadcast"}  # fmt: skip
_DELETION, _TOMBSTONE, _SEEN = range(3)


@dataclass
class _Copy:
    """A copy of a message; the greatest (level, version, canonical) wins."""

    level: int
    version: int
    canonical: str
    message: Json
    says_reactions: bool
    deleted_at: int | None

    @property
    def rank(self) -> tuple[int, int, str]:
        return self.level, self.version, self.canonical


def read(
    users: list[Any],
    channels: list[Any],
    messages: Iterable[tuple[str, Any]],
    groups: Iterable[Json] = (),
) -> Found:
    """All tables under the preset open; `messages` are records with their channel's id, `groups`
    the user groups as usergroups.list has them."""
    found: Found = defaultdict(list)
    for group in groups:
        told = {"group_id": group["id"], "handle": group["handle"], "name": group["name"]}
        found["user_groups"].append({
            **told, "is_disabled": group["date_delete"] != 0,
            "created_at": _seconds(group["date_create"]),
            "updated_at": _seconds(group["date_update"]), "version": _seconds(group["date_update"]),
        })  # fmt: skip
        found["user_group_members"] += [
            {"group_id": group["id"], "user_id": member} for member in group["users"]
        ]
    _directory(users, channels, found)
    handles: dict[str, str] = {}
    for user in sorted(found["users"], key=lambda each: each["user_id"], reverse=True):
        handles[user["name"]] = user["user_id"]
    copies: dict[tuple[str, str], list[_Copy]] = defaultdict(list)
    for channel_id, record in messages:
        copy = _copy(record)
        if copy is not None:
            copies[channel_id, copy.message["ts"]].append(copy)
    for (channel_id, ts), several in copies.items():
        _message(channel_id, ts, several, handles, found)
    seen = [copy.message for several in copies.values() for copy in several]
    _profiles(seen, found)
    _files(seen, found)
    return found


def canonical(value: object) -> str:
    """Sorted keys, no blanks."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _inner(record: Json, key: str) -> Json:
    """An object inside a record; an empty one where there is none."""
    return record.get(key) or {}


def _several(record: Json, key: str) -> list[Json]:
    """The objects of a list inside a record."""
    return record.get(key) or []


def micros(ts: object) -> int | None:
    """A `ts` in microseconds, if it is digits.digits."""
    match = re.fullmatch(r"([0-9]+)\.([0-9]+)", ts) if isinstance(ts, str) else None
    return int(match[1] + match[2][:6].ljust(6, "0")) if match else None


def _seconds(value: object) -> int | None:
    return int(value) * 1_000_000 if isinstance(value, str | int) and int(value) > 0 else None


def _copy(record: Any) -> _Copy | None:
    """A record as a copy of a message; None for notices and for what is quarantined."""
    event = cast("Json", record) if isinstance(record, dict) else {}
    if event.get("type") != "message":
        return None
    subtype = event.get("subtype")
    if subtype == "message_replied" or (subtype is None and "message" in event):
        return None
    if subtype == "message_deleted":
        before = _inner(event, "previous_message")
        target = event.get("deleted_ts") or before["ts"]
        return _aged({**before, "ts": target}, _DELETION, None, micros(event["ts"]))
    if subtype == "message_changed":
        return _seen(event["message"], event["ts"])
    return None if micros(event.get("ts")) is None else _seen(event, None)


def _seen(message: Json, changed: str | None) -> _Copy:
    is_tombstone = message.get("subtype") == "tombstone"
    gone_at = micros(changed or message["ts"]) if is_tombstone else None
    return _aged(message, _TOMBSTONE if is_tombstone else _SEEN, changed, gone_at)


def _aged(message: Json, level: int, changed: str | None, gone_at: int | None) -> _Copy:
    edited = _inner(message, "edited")
    ages = [message["ts"], edited.get("ts"), message.get("latest_reply"), changed]
    version = max(age for age in map(micros, ages) if age is not None)
    says = changed is None or "reactions" in message
    rank = canonical(message) if level == _SEEN else _known(message, micros(edited.get("ts")))
    return _Copy(level, version, rank, message, says, gone_at)


def _known(message: Json, edited: int | None) -> str:
    """The rank of what only a deletion or a tombstone tells: the one that knows more wins."""
    thread_ts, kind = _thread_and_kind(message)
    author = _author(message)
    facts = [thread_ts, author, message.get("bot_id"), message.get("username"), kind,
             message.get("subtype"), edited, message.get("reply_count"),
             message.get("latest_reply")]  # fmt: skip
    return canonical([sum(fact is not None for fact in facts), *facts])


def _author(message: Json) -> str | None:
    author = message.get("user")
    if author is None and message.get("subtype") == "file_comment":
        return message["comment"]["user"]
    return author


def _message(
    channel_id: str, ts: str, copies: list[_Copy], handles: dict[str, str], found: Found
) -> None:
    winner = max(copies, key=lambda copy: copy.rank)
    message, text = winner.message, winner.message.get("text") or ""
    deleted_at = max((copy.deleted_at for copy in copies if copy.deleted_at), default=None)
    telling = [copy for copy in copies if copy.says_reactions]
    teller = winner if winner.says_reactions else max(telling, key=lambda c: c.rank, default=None)
    reactions = _several(teller.message, "reactions") if teller else []
    thread_ts, kind = _thread_and_kind(message)
    author = _author(message)
    gone = deleted_at is not None
    plain = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    is_bot = bool(message.get("bot_id")) or message.get("subtype") == "bot_message"
    is_bot = is_bot or author in {None, "USLACKBOT", "USLACK"}
    edited = _inner(message, "edited")
    found["messages"].append({
        "channel_id": channel_id, "ts": ts, "thread_ts": thread_ts, "posted_at": micros(ts),
        "user_id": handles.get(author, author) if author else None,
        "bot_id": message.get("bot_id"), "username": message.get("username"),
        "kind": kind, "subtype": message.get("subtype"),
        "text": None if gone else text,
        "words": None if gone else len(text.split()),
        "characters": None if gone else len(plain),
        "is_question": None if gone else kind == "post" and not is_bot and _asks(text),
        "edited_at": micros(edited.get("ts")), "deleted_at": deleted_at,
        "reply_count": message.get("reply_count"), "latest_reply": message.get("latest_reply"),
        "unnamed": None if gone else sum(each["count"] - len(each["users"]) for each in reactions),
        "version": winner.version,
    })  # fmt: skip
    if gone:
        return
    key = {"channel_id": channel_id, "ts": ts}
    found["reactions"] += [
        {**key, "user_id": user, "name": each["name"]}
        for each in reactions
        for user in each["users"]
    ]
    for position, token in enumerate(re.findall("<[^<>]*>", text), 1):
        _token(token[1:-1].split("|")[0], {**key, "position": position}, found)
    found["shares"] += [{**key, "file_id": file["id"]} for file in _files_of(message)]


def _thread_and_kind(message: Json) -> tuple[str | None, str]:
    thread_ts = message.get("thread_ts")
    if thread_ts is None and "root" in message:
        thread_ts = message["root"].get("thread_ts") or message["root"]["ts"]
    subtype = message.get("subtype")
    is_reply = thread_ts is not None and thread_ts != message["ts"]
    if subtype not in _SPEECH:
        return thread_ts, "system"
    if subtype == "thread_broadcast":
        return thread_ts, "broadcast"
    if is_reply and (subtype == "reply_broadcast" or message.get("reply_broadcast")):
        return thread_ts, "broadcast"
    return thread_ts, "reply" if is_reply else "post"


def _asks(text: str) -> bool:
    """A question mark outside `<…>`, code spans and code blocks, one character after another."""
    for opening, closing in (("```", "```"), ("`", "`"), ("<", ">")):
        parts = text.split(opening)
        if opening == closing:
            text = " ".join(parts[::2])
        else:
            text = " ".join([parts[0], *(part.split(closing, 1)[-1] for part in parts[1:])])
    return "?" in text or "？" in text


def _token(content: str, place: Json, found: Found) -> None:
    mention = {**place, "user_id": None, "mentioned_channel_id": None, "target": None}
    if content.startswith("@"):
        found["mentions"].append({**mention, "kind": "user", "user_id": content[1:]})
    elif content.startswith("#"):
        mention["mentioned_channel_id"] = content[1:]
        found["mentions"].append({**mention, "kind": "channel"})
    elif content.startswith("!subteam^"):
        found["mentions"].append({**mention, "kind": "subteam", "target": content[9:]})
    elif content in {"!here", "!channel", "!everyone"}:
        found["mentions"].append({**mention, "kind": "broadcast", "target": content[1:]})
    elif re.match("[A-Za-z]+:", content):
        scheme, rest = content.split(":", 1)
        domain = None
        if rest.startswith("//"):
            domain = re.split("[/?#]", rest[2:])[0].rpartition("@")[2].split(":")[0].lower()
        url = content.replace("&amp;", "&")
        link = {**place, "url": url, "scheme": scheme.lower(), "domain": domain}
        found["links"].append(link)


def _files_of(message: Json) -> list[Json]:
    return [*(_several(message, "files")), *([message["file"]] if message.get("file") else [])]


def _files(messages: list[Json], found: Found) -> None:
    copies: dict[str, list[Json]] = defaultdict(list)
    for message in messages:
        for file in _files_of(message):
            copies[file["id"]].append(file)

    def age(file: Json) -> int:
        return max(_seconds(file.get("created")) or 0, _seconds(file.get("updated")) or 0)

    for file_id, several in copies.items():

        def rank(file: Json) -> tuple[bool, int, str]:
            return "created" in file, age(file), canonical(file)

        best = max(several, key=rank)
        size = best.get("size")
        found["files"].append({
            "file_id": file_id, "user_id": best.get("user"),
            "created_at": _seconds(best.get("created")),
            "name": best.get("name") or None, "title": best.get("title") or None,
            "filetype": best.get("filetype"), "mimetype": best.get("mimetype"),
            "size": None if size is None else int(size), "mode": best["mode"],
            "is_gone": any(file["mode"] == "tombstone" for file in several), "version": age(best),
        })  # fmt: skip


def _profiles(messages: list[Json], found: Found) -> None:
    best: dict[str, tuple[int, str, Json]] = {}
    for message in messages:
        profile, user = _inner(message, "user_profile"), message.get("user")
        names = {key: profile.get(key) or None for key in ("name", "real_name", "display_name")}
        if user and any(names.values()):
            posted = micros(message["ts"]) or 0
            copy = (posted, canonical([*names.values()]), names)
            best[user] = max(best.get(user, copy), copy, key=lambda each: each[:2])
    for user, (posted, _, names) in best.items():
        found["profiles"].append({"user_id": user, **names, "version": posted})


def _newest(
    records: list[Any], age: Callable[[Json], int], where: Callable[[Json], bool] = lambda _: True
) -> dict[str, Json]:
    """The winning copy of each record, by id."""
    best: dict[str, Json] = {}
    for record in filter(where, records):
        before = best.get(record["id"], record)
        best[record["id"]] = max(before, record, key=lambda each: (age(each), canonical(each)))
    return best


def _user_age(user: Json) -> int:
    return _seconds(user.get("updated")) or 0


def _channel_age(channel: Json) -> int:
    set_at = [_seconds(_inner(channel, key).get("last_set")) or 0 for key in ("topic", "purpose")]
    return max((channel.get("updated") or 0) * 1000, *set_at)


def _directory(users: list[Any], channels: list[Any], found: Found) -> None:
    for user_id, user in _newest(users, _user_age).items():
        profile = _inner(user, "profile")
        found["users"].append({
            "user_id": user_id, "team_id": user.get("team_id"), "name": user["name"],
            "real_name": profile.get("real_name") or user.get("real_name"),
            "display_name": profile.get("display_name") or None,
            "title": None, "email": None, "phone": None, "status": None,
            "tz": user.get("tz"),
            "is_bot": bool(user.get("is_bot")) or user_id in {"USLACKBOT", "USLACK"},
            "is_deleted": bool(user.get("deleted")), "is_guest": bool(user.get("is_restricted")),
            "is_admin": bool(user.get("is_admin")),
            "updated_at": _seconds(user.get("updated")), "version": _user_age(user),
        })  # fmt: skip
    for channel_id, channel in _newest(channels, _channel_age).items():
        topic, purpose = (_inner(channel, key).get("value") for key in ("topic", "purpose"))
        found["channels"].append({
            "channel_id": channel_id, "name": channel["name"], "kind": "public",
            "topic": topic or None, "purpose": purpose or None, "creator_id": channel["creator"],
            "created_at": _seconds(channel["created"]),
            "is_general": bool(channel.get("is_general")),
            "is_archived": bool(channel.get("is_archived")),
            "is_shared": bool(channel.get("is_shared")), "deleted_at": None,
            "version": _channel_age(channel),
        })  # fmt: skip
    listing = _newest(channels, _channel_age, lambda each: isinstance(each.get("members"), list))
    for channel_id, channel in listing.items():
        found["memberships"] += [
            {"channel_id": channel_id, "user_id": member} for member in channel["members"]
        ]
