"""A workspace out of an archive: its own records, completed to what the Web API would say."""

from collections import Counter

from msgspec import Struct

from hubbub.core.batch import Envelope
from hubbub.core.ports import Archive
from hubbub.simulator.accidents import TOMBSTONE
from hubbub.simulator.directory import SLACKBOT
from hubbub.simulator.state import Raw, Workspace, count_thread, fresh_channel, is_reply, ts_of
from hubbub.slack import values
from hubbub.slack.directory import kind_of
from hubbub.slack.normalize import Malformed, records

UNKNOWN_TEAM = "T0ARCHIVE01"

EXPORT_ONLY = frozenset(
    {
        "channel",
        "channel_type",
        "delete_original",
        "event_ts",
        "replace_original",
        "replies",
        "slackdump_thread_replies",
        "source_team",
        "user_profile",
        "user_team",
    }
)
"""What exports, events and slackdump add to messages, and the Web API does not say."""


class Loaded(Struct):
    """The workspace, and how many records could not be served because they are no records."""

    workspace: Workspace
    skipped: int


def load_archive(archive: Archive, name: str) -> Loaded:
    """The workspace that an archive holds; `name` is what it is called.

    The records are served as they are. Added is what an API has to say and an archive need not:
    flags of conversations, figures of threads, and a tombstone for each root that is not there
    though its replies are, since replies are found through roots only.
    """
    loading = _Loading()
    for envelope in archive.directory():
        loading.take(envelope)
    for part in archive.parts():
        for envelope in archive.read(part):
            loading.take(envelope)
    return Loaded(loading.workspace(name), loading.skipped)


class _Loading(Struct):
    """What was read so far, by id; the last copy of a message is the one that counts."""

    users: dict[str, Raw] = {}
    channels: dict[str, Raw] = {}
    kinds: dict[str, str] = {}
    messages: dict[str, dict[str, Raw]] = {}
    reactions: list[Raw] = []
    skipped: int = 0

    def take(self, envelope: Envelope) -> None:
        """Read one envelope."""
        try:
            found = records(envelope)
        except Malformed:
            self.skipped += 1
            return
        for record in found:
            if not values.is_record(record):
                self.skipped += 1
            elif envelope.kind == "users":
                self._take_user(record)
            elif envelope.kind == "channels":
                self._take_channel(record, envelope.channel_kind)
            else:
                self._take_message(record, envelope.channel_id)

    def _take_user(self, user: Raw) -> None:
        user_id = values.text(user.get("id"))
        if user_id is None:
            self.skipped += 1
        else:
            self.users[user_id] = user

    def _take_channel(self, channel: Raw, listed_as: str | None) -> None:
        channel_id = values.text(channel.get("id"))
        if channel_id is None:
            self.skipped += 1
            return
        told = {name: value for name, value in channel.items() if value is not None}
        self.channels[channel_id] = {**self.channels.get(channel_id, {}), **told}
        kind = kind_of(self.channels[channel_id], listed_as)
        if kind != "unknown" or channel_id not in self.kinds:
            self.kinds[channel_id] = kind

    def _take_message(self, message: Raw, channel_id: str | None) -> None:
        channel_id = channel_id or values.text(message.get("channel"))
        subtype = message.get("subtype")
        if message.get("type") in {"reaction_added", "reaction_removed"}:
            self.reactions.append(message)
        if message.get("type", "message") != "message":
            return
        if channel_id is None:
            self.skipped += 1
            return
        said = self.messages.setdefault(channel_id, {})
        if subtype == "message_deleted":
            said.pop(str(message.get("deleted_ts")), None)
            return
        if subtype == "message_changed" and values.is_record(message.get("message")):
            message = message["message"]
        ts = message.get("ts")
        if not isinstance(ts, str) or values.micros_of_ts(ts) is None:
            self.skipped += 1
            return
        kept = {name: value for name, value in message.items() if name not in EXPORT_ONLY}
        said[ts] = {"type": "message", **kept}

    def workspace(self, name: str) -> Workspace:
        """The workspace that it all makes."""
        team_id = self._team_id()
        domain = "-".join("".join(c if c.isalnum() else " " for c in name.lower()).split())
        team: Raw = {
            "id": team_id,
            "name": name,
            "domain": domain or "archive",
            "email_domain": "",
            "icon": {"image_default": True},
            "is_verified": False,
        }
        workspace = Workspace(team, "UTC", users=list(self.users.values()))
        for channel_id in self.channels.keys() | self.messages.keys():
            self.channels.setdefault(channel_id, {"id": channel_id, "name": channel_id})
        for channel_id, channel in sorted(self.channels.items()):
            kind = self.kinds.get(channel_id, "unknown")
            self._settle(workspace, channel_id, channel, kind)
        workspace.bots = _bots(workspace)
        for event in sorted(self.reactions, key=lambda each: str(each.get("event_ts"))):
            _react(workspace, event)
        return workspace

    def _team_id(self) -> str:
        """The workspace of most users; of most messages where no user tells."""
        homes = [user.get("team_id") for user in self.users.values()]
        teams = [each.get("team") for said in self.messages.values() for each in said.values()]
        for told in (homes, teams):
            found = Counter(home for home in told if isinstance(home, str) and home)
            if found:
                return found.most_common(1)[0][0]
        return UNKNOWN_TEAM

    def _settle(self, workspace: Workspace, channel_id: str, channel: Raw, kind: str) -> None:
        members = sorted(values.ids(channel.pop("members", None)))
        pins = values.records(channel.pop("pins", None))
        partner = values.text(channel.get("user"))
        workspace.channels.append(_completed(channel, channel_id, kind, workspace.team["id"]))
        workspace.members[channel_id] = members or ([partner] if partner else [])
        if pins:
            workspace.pins[channel_id] = pins
        said = sorted(self.messages.get(channel_id, {}).values(), key=ts_of)
        workspace.messages[channel_id] = _threaded(said)
        for message in said:
            for file in (*values.records(message.get("files")), values.record(message.get("file"))):
                _keep_file(workspace, kind, channel_id, message, file)


def _completed(channel: Raw, channel_id: str, kind: str, team_id: str) -> Raw:
    """A conversation with all that the API says of one."""
    created = values.count(channel.get("created")) or 0
    told: Raw = {
        "created": created,
        "creator": "",
        "is_archived": False,
        "is_org_shared": False,
        "context_team_id": team_id,
        "updated": created * 1000,
    }
    if kind == "dm":
        im: Raw = {"is_im": True, "is_user_deleted": False, "priority": 0}
        return {**told, **channel, **im, "id": channel_id}
    name = values.text(channel.get("name")) or channel_id
    told |= {
        "name_normalized": name,
        "is_channel": kind in {"public", "unknown"},
        "is_group": kind in {"private", "group_dm"},
        **fresh_channel(team_id),
    }
    flags: Raw = {
        "is_im": False,
        "is_mpim": kind == "group_dm",
        "is_private": kind in {"private", "group_dm"},
    }
    return {**told, **channel, **flags, "id": channel_id, "name": name}


def _threaded(said: list[Raw]) -> list[Raw]:
    """The messages with whole threads: roots for all, and figures where the archive has none."""
    by_ts = {message["ts"]: message for message in said}
    threads: dict[str, list[Raw]] = {}
    for message in said:
        thread_ts = message.get("thread_ts")
        if thread_ts is not None and values.micros_of_ts(thread_ts) is None:
            del message["thread_ts"]
        elif is_reply(message):
            threads.setdefault(message["thread_ts"], []).append(message)
    for root_ts, replies in threads.items():
        root = by_ts.get(root_ts)
        if root is None:
            root = {"type": "message", "subtype": "tombstone", "ts": root_ts, "hidden": True}
            by_ts[root_ts] = root | {"user": SLACKBOT, "text": TOMBSTONE}
            root = by_ts[root_ts]
        root.pop("thread_ts", None)
        recorded = {name: value for name, value in root.items() if value is not None}
        count_thread(root, replies)
        latest = max(str(recorded.get("latest_reply", "")), root["latest_reply"])
        root |= {**recorded, "thread_ts": root_ts, "latest_reply": latest}
    return sorted(by_ts.values(), key=ts_of)


def _react(workspace: Workspace, event: Raw) -> None:
    """Apply the event of a reaction to its message, if that is there; twice is as once."""
    item = values.record(event.get("item"))
    message = workspace.find(str(item.get("channel")), str(item.get("ts")))
    name, user_id = values.text(event.get("reaction")), values.text(event.get("user"))
    if message is None or name is None or user_id is None:
        return
    given = {each["name"]: dict(each) for each in values.records(message.get("reactions"))}
    users = [each for each in given.get(name, {}).get("users", []) if each != user_id]
    was_listed = len(users) < len(given.get(name, {}).get("users", []))
    count = given.get(name, {}).get("count", 0) - was_listed
    if event["type"] == "reaction_added":
        users, count = [*users, user_id], count + 1
    given[name] = {"name": name, "users": users, "count": count}
    message["reactions"] = [each for each in given.values() if each["count"] > 0]
    if not message["reactions"]:
        del message["reactions"]


def _keep_file(workspace: Workspace, kind: str, channel_id: str, message: Raw, file: Raw) -> None:
    """Remember a file that a message shares, with where and when, if it does not say so itself."""
    file_id = values.text(file.get("id"))
    if file_id is None or file.get("mode") == "tombstone":
        return
    known = workspace.files.get(file_id, file)
    listed = {"dm": "ims", "public": "channels", "unknown": "channels"}.get(kind, "groups")
    places = dict.fromkeys([*values.items(known.get(listed)), channel_id])
    created = values.count(known.get("created")) or int(message["ts"].partition(".")[0])
    workspace.files[file_id] = {**known, "created": created, listed: list(places)}


def _bots(workspace: Workspace) -> list[Raw]:
    """The bots that wrote the messages, as far as they tell of themselves."""
    found: dict[str, Raw] = {}
    for message in (each for said in workspace.messages.values() for each in said):
        bot_id = values.text(message.get("bot_id"))
        if bot_id is None:
            continue
        known = found.setdefault(
            bot_id,
            {
                "id": bot_id,
                "deleted": False,
                "name": values.text(message.get("username")) or "bot",
                "updated": 0,
                "app_id": "",
                "icons": {},
            },
        )
        profile = values.record(message.get("bot_profile"))
        known |= {name: value for name, value in profile.items() if name != "team_id"}
        if user_id := values.text(message.get("user")):
            known["user_id"] = user_id
    return list(found.values())
