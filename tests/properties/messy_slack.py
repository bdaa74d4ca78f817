"""Small workspaces of messy Slack records, as official exports in parts that overlap.

Shapes: slack-platform §3.4–3.6, §4.4 and §6.1. What varies between copies of one message is what
varies in real archives: text, reactions, edits, the newest reply, events of change around it.
"""

from dataclasses import dataclass, field
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

Json = dict[str, Any]

CHANNELS = {"C0ROOTS01": "general", "C0ROOTS02": "잡담"}
MEMBERS = ("U0CEDAR01", "U0CEDAR02", "W0CEDAR03")
BOT = "U0BOT0009"
HANDLES = {"U0CEDAR01": "olive", "U0CEDAR02": "bram", "W0CEDAR03": "wren", BOT: "feedbot"}

MOMENTS = ("1500000000.000100", "1500000060.000200", "1500086400.000300")
_EDITS = (None, "1500100001.000000", "1500100002.000000")
_REPLIES = (None, "1500100003.000000", "1500100004.000000")
_CHANGES = ("1500100005.000000", "1500100006.000000", "1500100007.000000")
_DELETIONS = ("1500200000.000000", "1500200001.000000")

_FRAGMENTS = (
    "hello", "really?", "何？", "`is it?`", "```\nwhy?\n```", "&lt;b&gt; &amp;amp;", "a  b\nc",
    "😀", "한국어", "<@U0CEDAR01>", "<@U0CEDAR02|bram>", "<#C0ROOTS02|>", "<#C0ROOTS01|general>",
    "<!here>", "<!here|here>", "<!channel>", "<!everyone>", "<!subteam^S0TEAM001|@crew>",
    "<!subteam^S0TEAM002>", "<!date^1392734382^{date_short}|then?>",
    "<https://Example.ORG:8080/a?b=c&amp;d=1|label?>",
    "<http://me@example.org/p#q>", "<mailto:a@example.org|a@example.org>", "<tel:+15550100>",
    "<HTTPS://x.y>",
)  # fmt: skip
_SUBTYPES = (
    "bot_message", "me_message", "file_share", "file_comment", "thread_broadcast",
    "reply_broadcast", "slackbot_response", "file_mention", "channel_join", "huddle_thread",
    "a_new_subtype",
)  # fmt: skip

TEXTS = st.lists(st.sampled_from(_FRAGMENTS), max_size=4).map(" ".join)


def examples(share: float) -> int:
    """So many times the examples that the chosen profile asks for."""
    return max(3, int(settings().max_examples * share))


@dataclass
class Part:
    """A valid export of its own: both lists, and day files by their names."""

    users: list[Json] = field(default_factory=list[Json])
    channels: list[Json] = field(default_factory=list[Json])
    days: dict[str, list[Any]] = field(default_factory=dict[str, list[Any]])

    def files(self) -> dict[str, list[Any]]:
        """Content of all files, by name."""
        return {"users.json": self.users, "channels.json": self.channels, **self.days}


def whole(parts: list[Part]) -> Part:
    """All parts as one export: day files that bear the same name lie under different ones."""
    joined = Part()
    for number, part in enumerate(parts):
        joined.users += part.users
        joined.channels += part.channels
        for name, records in part.days.items():
            joined.days[name.replace(".json", f"-{number}.json")] = records
    return joined


def _maybe(draw: DrawFn, record: Json, key: str, values: SearchStrategy[Any]) -> None:
    """Give a record a field, in one of three cases."""
    if draw(st.integers(0, 2)) == 0:
        record[key] = draw(values)


@st.composite
def _reactions(draw: DrawFn) -> list[Json]:
    names = draw(st.lists(st.sampled_from(("+1", "clap::skin-tone-3", "👍")), unique=True))
    found: list[Json] = []
    for name in names:
        users = draw(st.lists(st.sampled_from((*MEMBERS, BOT)), unique=True, max_size=3))
        reaction: Json = {"name": name, "users": users, "count": len(users)}
        reaction["count"] += draw(st.sampled_from((0, 0, 2)))
        found.append(reaction)
    return found


@st.composite
def _files(draw: DrawFn) -> list[Json]:
    found: list[Json] = []
    for file_id in draw(st.lists(st.sampled_from(("F0PLAN001", "F0PLAN002")), unique=True)):
        if draw(st.integers(0, 3)) == 0:
            mode = draw(st.sampled_from(("tombstone", "hidden_by_limit")))
            found.append({"id": file_id, "mode": mode})
            continue
        file: Json = {"id": file_id, "mode": "hosted", "created": 1500000000}
        _maybe(draw, file, "created", st.sampled_from(("1500000000", 1500000001)))
        _maybe(draw, file, "updated", st.sampled_from((1500000002, 1500000003)))
        _maybe(draw, file, "name", st.sampled_from((None, "plan.pdf", "план.pdf")))
        _maybe(draw, file, "title", st.sampled_from(("", "Plan")))
        _maybe(draw, file, "user", st.sampled_from(MEMBERS))
        _maybe(draw, file, "size", st.sampled_from((0, 17, "18")))
        _maybe(draw, file, "filetype", st.just("pdf"))
        _maybe(draw, file, "mimetype", st.just("application/pdf"))
        found.append(file)
    return found


@st.composite
def _spine(draw: DrawFn, ts: str) -> Json:
    """What of a message stays when its text goes: author, thread, subtype …"""
    spine: Json = {"type": "message", "ts": ts}
    author = draw(st.sampled_from((*MEMBERS, BOT, "USLACKBOT", "olive", "nobody", None, "")))
    if author != "":
        spine["user"] = author
    thread = draw(st.sampled_from((None, None, ts, *MOMENTS)))
    if thread is not None:
        spine["thread_ts"] = thread
    _maybe(draw, spine, "subtype", st.sampled_from((*_SUBTYPES, None)))
    if spine.get("subtype") == "file_comment":
        spine["comment"] = {"id": "Fc01", "user": draw(st.sampled_from(MEMBERS))}
    if spine.get("subtype") == "thread_broadcast" and draw(st.booleans()):
        root = {"ts": draw(st.sampled_from(MOMENTS)), "text": "root?", "user": MEMBERS[0]}
        spine["root"] = root
        if draw(st.booleans()):
            spine.pop("thread_ts", None)
    if draw(st.integers(0, 5)) == 0:
        spine["bot_id"] = "B0HOOK001"
        spine["username"] = "feed"
    if draw(st.integers(0, 5)) == 0:
        spine["reply_broadcast"] = True
    return spine


def _told(draw: DrawFn, spine: Json) -> Json:
    """A message with what a deletion takes away."""
    message = {**spine, "text": draw(TEXTS)}
    if draw(st.integers(0, 9)) == 0:
        message["text"] = None
    _maybe(draw, message, "reactions", _reactions())
    _maybe(draw, message, "files", _files())
    if draw(st.integers(0, 5)) == 0:
        alone = draw(_files())
        there = {file["id"] for file in message.get("files", ())}
        alone = [file for file in alone if file["id"] not in there]
        message["file"] = alone[0] if alone else None
    if message.get("user") in MEMBERS:
        names = st.fixed_dictionaries({"real_name": st.sampled_from(("Olive O", "O. Olive", None))})
        _maybe(draw, message, "user_profile", names)
    return message


def _aged(spine: Json, edit: str | None, reply: str | None) -> Json:
    aged = dict(spine)
    if edit is not None:
        aged["edited"] = {"user": MEMBERS[0], "ts": edit}
    if reply is not None:
        aged |= {"latest_reply": reply, "reply_count": 2}
    return aged


@st.composite
def _lasting(draw: DrawFn, channel: str, ts: str) -> list[Json]:
    """Copies of a message that nobody deleted: they may differ in anything."""
    found: list[Json] = []
    spine = draw(_spine(ts))
    for _ in range(draw(st.integers(1, 4))):
        if draw(st.booleans()):
            spine = draw(_spine(ts))
        aged = _aged(spine, draw(st.sampled_from(_EDITS)), draw(st.sampled_from(_REPLIES)))
        message = _told(draw, aged)
        if draw(st.integers(0, 2)) == 0:
            changed = draw(st.sampled_from((*_CHANGES, *_EDITS[1:])))
            found.append(_changed(channel, message, changed or ts))
        else:
            found.append(message)
    return found


@st.composite
def _deleted(draw: DrawFn, channel: str, ts: str) -> list[Json]:
    """Copies of a message that was deleted, with its deletions.

    Copies of equal age differ only in what the deletion takes away. Which of two wins is settled by
    canonical JSON that holds the text; once that has gone, nothing could settle it again.
    """
    spine = draw(_spine(ts))
    states = [_aged(spine, _EDITS[state], _REPLIES[state]) for state in range(3)]
    stub = {**spine, "subtype": "tombstone", "user": "USLACKBOT", "hidden": True}
    stub["text"] = "This message was deleted."
    found: list[Json] = []
    for _ in range(draw(st.integers(1, 4))):
        state = draw(st.integers(0, 2))
        what = draw(st.integers(0, 5))
        if what == 0:
            found.append(_told(draw, states[state]))
        elif what == 1:
            found.append(_changed(channel, _told(draw, states[state]), _CHANGES[state]))
        elif what == 2:
            found.append(stub)
        elif what == 3:
            found.append(_changed(channel, stub, draw(st.sampled_from(_DELETIONS))))
        else:
            event: Json = {"type": "message", "subtype": "message_deleted", "deleted_ts": ts,
                     "ts": draw(st.sampled_from(_DELETIONS)), "channel": channel}  # fmt: skip
            if draw(st.booleans()):
                event["previous_message"] = _told(draw, states[state])
                if draw(st.booleans()):
                    del event["deleted_ts"]
            found.append(event)
    return found


def _changed(channel: str, message: Json, ts: str) -> Json:
    return {"type": "message", "subtype": "message_changed", "channel": channel, "ts": ts,
            "hidden": True, "message": message, "previous_message": {"ts": ts}}  # fmt: skip


@st.composite
def _noise(draw: DrawFn, ts: str) -> Any:
    """Records that make no row: notices, and what has to be quarantined."""
    return draw(st.sampled_from((
        {"type": "message", "subtype": "message_replied", "ts": ts, "message": {"ts": ts}},
        {"type": "message", "ts": ts, "message": {"ts": ts, "reply_count": 1}},
        {"type": "message", "ts": "yesterday", "text": "lost?"},
        {"type": "message", "ts": 1500000000.0001, "text": "a number"},
        {"type": "message", "ts": None, "user": MEMBERS[0]},
        {"type": "reaction_added", "ts": ts},
        None, 7, "message", [],
    )))  # fmt: skip


@st.composite
def _user(draw: DrawFn, user_id: str) -> Json:
    user: Json = {"id": user_id, "name": HANDLES[user_id], "deleted": draw(st.booleans())}
    _maybe(draw, user, "team_id", st.sampled_from(("T0GROVE01", "T0GROVE02")))
    _maybe(draw, user, "real_name", st.sampled_from(("Olive O", "Wren", None)))
    _maybe(draw, user, "tz", st.sampled_from(("Europe/Lisbon", "Asia/Seoul", None)))
    _maybe(draw, user, "updated", st.sampled_from((1500000000, "1500000001", None)))
    _maybe(draw, user, "is_bot", st.booleans())
    _maybe(draw, user, "is_restricted", st.booleans())
    _maybe(draw, user, "is_admin", st.booleans())
    _maybe(draw, user, "profile", st.fixed_dictionaries({}, optional={
        "display_name": st.sampled_from(("", "olive")), "real_name": st.sampled_from(("Olive", "")),
        "email": st.just("olive@example.org"), "title": st.just("gardener"), "fields": st.just([]),
    }))  # fmt: skip
    return user


@st.composite
def _channel(draw: DrawFn, channel_id: str) -> Json:
    channel: Json = {"id": channel_id, "name": CHANNELS[channel_id], "creator": MEMBERS[0]}
    channel["created"] = draw(st.sampled_from((1433558319, "1433558319")))
    _maybe(draw, channel, "members", st.lists(st.sampled_from(MEMBERS), unique=True))
    _maybe(draw, channel, "is_general", st.booleans())
    _maybe(draw, channel, "is_archived", st.booleans())
    _maybe(draw, channel, "is_shared", st.booleans())
    _maybe(draw, channel, "updated", st.sampled_from((1500000000000, 1500000001000)))
    for name in ("topic", "purpose"):
        _maybe(draw, channel, name, st.fixed_dictionaries(
            {"value": st.sampled_from(("", "soil", "배수"))},
            optional={"last_set": st.sampled_from((0, 1500000000, "1500000001"))},
        ))  # fmt: skip
    return channel


@st.composite
def workspaces(draw: DrawFn, *, deletions: bool = True, most_parts: int = 3) -> list[Part]:
    """A workspace's export in parts that overlap; the first day file of a part may lie anywhere,
    since days are cut in some time zone or other."""
    parts = [Part() for _ in range(draw(st.integers(min(2, most_parts), most_parts)))]
    for part in parts:
        part.channels = [draw(_channel(each)) for each in CHANNELS]
        listed = draw(st.lists(st.sampled_from([*HANDLES]), unique=True))
        part.users = [draw(_user(each)) for each in listed]
        if listed and draw(st.booleans()):
            part.users.append(draw(_user(listed[0])))
    for channel in draw(st.sampled_from((["C0ROOTS01"], [*CHANNELS]))):
        for ts in draw(st.lists(st.sampled_from(MOMENTS), min_size=1, unique=True)):
            is_deleted = deletions and draw(st.integers(0, 2)) == 0
            copies = draw(_deleted(channel, ts) if is_deleted else _lasting(channel, ts))
            if draw(st.integers(0, 3)) == 0:
                copies.append(draw(_noise(ts)))
            for record in copies:
                chosen = draw(st.sets(st.integers(0, len(parts) - 1), min_size=1, max_size=2))
                for number in sorted(chosen):
                    day = draw(st.sampled_from(("2017-07-13", "2017-07-14")))
                    name = f"{CHANNELS[channel]}/{day}.json"
                    parts[number].days.setdefault(name, []).append(record)
    for part in parts:
        part.days.setdefault("general/2017-07-15.json", [])
    return parts


ANYTHING: SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=6)
    | st.sampled_from(
        ("1500000000.000100", "U0CEDAR01", "message_changed", "tombstone", "\0", "<@>")
    ),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)
"""Any JSON value."""
