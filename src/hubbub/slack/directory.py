"""Slack's users, conversations and files as rows."""

from hubbub.core.batch import Batch, Row
from hubbub.core.tables import SEEN
from hubbub.slack.values import (
    Json,
    canonical,
    count,
    flag,
    ids,
    micros_of_seconds,
    record,
    records,
    text,
)

SLACK_ITSELF = frozenset({"USLACKBOT", "USLACK"})
_STRICTEST = ("dm", "group_dm", "private", "unknown", "public")
_STUB_MODES = frozenset({"tombstone", "hidden_by_limit"})


def read_user(user: Json, batch: Batch, *, raw: bool) -> str | None:
    """Append a directory entry; returns why it cannot be read, or None."""
    user_id = text(user.get("id"))
    if user_id is None:
        return "a user without id"
    profile = record(user.get("profile"))
    name = text(user.get("name"))
    real_name = text(profile.get("real_name")) or text(user.get("real_name"))
    updated = micros_of_seconds(user.get("updated"))
    told: Row = (
        user_id,
        text(user.get("team_id")),
        name,
        real_name,
        text(profile.get("display_name")),
        text(profile.get("title")),
        text(profile.get("email")),
        text(profile.get("phone")),
        text(profile.get("status_text")),
        text(user.get("tz")),
        flag(user.get("is_bot")) or user_id in SLACK_ITSELF,
        flag(user.get("deleted")),
        flag(user.get("is_restricted")) or flag(user.get("is_ultra_restricted")),
        flag(user.get("is_admin")) or flag(user.get("is_owner")),
        updated,
        name,
    )
    outline = [name, real_name, *told[1:2], *told[4:5], *told[9:]]
    batch.rows["users"].append((*told, *ranks(updated or 0, user, outline, raw=raw), batch.copies))
    batch.copies += 1
    return None


def names_of(
    user: Json,
) -> tuple[str | None, str | None, tuple[str, ...], str | None, str | None]:
    """A directory entry's id, handle, names, e-mail and telephone number."""
    profile = record(user.get("profile"))
    told = [profile.get(name) for name in _NAMES] + [user.get("real_name")]
    names = dict.fromkeys(name for each in told if (name := text(each)))
    return (
        text(user.get("id")),
        text(user.get("name")),
        tuple(names),
        text(profile.get("email")),
        text(profile.get("phone")),
    )


_NAMES = ("real_name", "display_name", "first_name", "last_name",
          "real_name_normalized", "display_name_normalized")  # fmt: skip


def without_contacts(user: Json) -> Json:
    """A directory entry without e-mail, telephone, title and status."""
    profile = {
        name: value
        for name, value in record(user.get("profile")).items()
        if name not in _CONTACTS and not name.startswith("status_")
    }
    return {**user, "profile": profile}


_CONTACTS = frozenset({"email", "phone", "skype", "title", "pronouns", "fields"})


def read_channel(channel: Json, batch: Batch, *, kind: str | None, raw: bool) -> str | None:
    """Append a conversation and its members; `kind` is what the list it comes from says."""
    channel_id = text(channel.get("id"))
    if channel_id is None:
        return "a channel without id"
    topic, purpose = record(channel.get("topic")), record(channel.get("purpose"))
    name = text(channel.get("name")) or channel_id
    kind = kind_of(channel, kind)
    created = micros_of_seconds(channel.get("created"))
    members = channel.get("members")
    told = (
        channel_id,
        name,
        kind,
        text(topic.get("value")),
        text(purpose.get("value")),
        text(channel.get("creator")),
        created,
        flag(channel.get("is_general")),
        flag(channel.get("is_archived")),
        flag(channel.get("is_shared")) or flag(channel.get("is_ext_shared")),
    )
    age = max(
        (count(channel.get("updated")) or 0) * 1000,
        micros_of_seconds(topic.get("last_set")) or 0,
        micros_of_seconds(purpose.get("last_set")) or 0,
    )
    there = sorted(ids(members))
    outline = [name, kind, *told[5:], there]
    batch.rows["channels"].append(
        (
            *told,
            None,  # Slack does not list what was deleted
            isinstance(members, list),
            None,
            None,
            *ranks(age, channel, outline, raw=raw),
            batch.copies,
        )
    )
    rows = batch.rows["memberships"]
    rows.extend((channel_id, member, batch.copies) for member in there)
    batch.copies += 1
    return None


def read_group(group: Json, batch: Batch, *, raw: bool, at: int = 0) -> str | None:
    """Append a user group, and its members where they are told; `at` is when an event told of it,
    in microseconds. Returns why it cannot be read, or None.

    Source: slack-platform §2; Slack deletes no group: `date_delete` says that it is disabled.
    """
    group_id = text(group.get("id"))
    if group_id is None:
        return "a user group without id"
    users = group.get("users")
    updated = micros_of_seconds(group.get("date_update"))
    told: Row = (
        group_id,
        text(group.get("handle")),
        text(group.get("name")),
        bool(micros_of_seconds(group.get("date_delete"))),
        micros_of_seconds(group.get("date_create")),
        updated,
    )
    there = sorted(ids(users))
    batch.rows["user_groups"].append(
        (
            *told,
            isinstance(users, list),
            None,
            None,
            *ranks(max(updated or 0, at), group, [*told, there], raw=raw),
            batch.copies,
        )
    )
    batch.rows["user_group_members"] += [(group_id, member, batch.copies) for member in there]
    batch.copies += 1
    return None


def kind_of(channel: Json, listed_as: str | None) -> str:
    """A conversation's kind by its flags, its id and the list it comes from: the strictest."""
    channel_id = str(channel.get("id"))
    said = {listed_as or ("public" if flag(channel.get("is_channel")) else "unknown")}
    if flag(channel.get("is_im")) or channel_id.startswith("D"):
        said.add("dm")
    if flag(channel.get("is_mpim")) or str(channel.get("name")).startswith("mpdm-"):
        said.add("group_dm")
    if (
        flag(channel.get("is_private"))
        or (flag(channel.get("is_group")) and not flag(channel.get("is_channel")))
        or channel_id.startswith("G")
    ):
        said.add("private")
    return strictest(*said)


def strictest(*kinds: str) -> str:
    """The kind of conversation that is the least public."""
    return min(kinds, key=_STRICTEST.index)


def read_files(
    message: Json, channel_id: str, ts: str, batch: Batch, *, copy: int, raw: bool
) -> list[str]:
    """Append the files of a message, from `files` and the old single `file`; returns their ids."""
    found: dict[str, Json] = {}
    for file in (*records(message.get("files")), record(message.get("file"))):
        file_id = text(file.get("id"))
        if file_id:
            found[file_id] = file
    for file_id, file in found.items():
        batch.rows["files"].append((*_file(file_id, file, channel_id, raw=raw), copy))
        batch.rows["shares"].append((channel_id, ts, file_id, copy))
    return sorted(found)


def read_file(file: Json, channel_id: str, batch: Batch) -> None:
    """Append what is told of a file beside any message: its tombstone."""
    row = _file(str(file["id"]), file, channel_id, raw=False)
    batch.rows["files"].append((*row, batch.copies))
    batch.copies += 1


def _file(file_id: str, file: Json, channel_id: str, *, raw: bool) -> Row:
    mode = text(file.get("mode"))
    created = micros_of_seconds(file.get("created")) or micros_of_seconds(file.get("timestamp"))
    told: Row = (
        channel_id,
        file_id,
        text(file.get("user")),
        created,
        text(file.get("name")),
        text(file.get("title")),
        text(file.get("filetype")),
        text(file.get("mimetype")),
        count(file.get("size")),
        mode,
        mode == "tombstone",
    )
    is_stub = mode in _STUB_MODES or created is None
    age = max(created or 0, micros_of_seconds(file.get("updated")) or 0)
    return (
        *told,
        *ranks(age, file, [*told[:4], *told[6:]], raw=raw, presence=1 if is_stub else SEEN),
    )


def read_profile(
    message: Json, user_id: str, channel_id: str, micros: int, batch: Batch, *, copy: int
) -> None:
    """Append the names that a message carries of its author."""
    profile = record(message.get("user_profile"))
    names = tuple(text(profile.get(key)) for key in ("name", "real_name", "display_name"))
    if any(names):
        batch.rows["profiles"].append(
            (channel_id, user_id, *names, SEEN, micros, canonical(names), None, copy)
        )


def ranks(
    version: int, copy: Json, outline: object, *, raw: bool, presence: int = SEEN
) -> tuple[int, int, bytes | None, bytes | None]:
    """A copy's presence, version, outline and canonical JSON; the outline only where the
    canonical JSON itself may not be kept."""
    if raw:
        return presence, version, None, canonical(copy)
    return presence, version, canonical(outline), None
