"""Slack's official export of a workspace, as its owner would download it."""

import zipfile
from pathlib import Path

import msgspec

from hubbub.simulator.rhythm import local_date
from hubbub.simulator.state import Raw, Workspace, is_reply

FIXED_TIME = (2026, 1, 1, 0, 0, 0)
"""Every entry's time, so that equal workspaces give equal bytes."""

PROFILE_FIELDS = ("avatar_hash", "image_72", "first_name", "real_name", "display_name", "team")
UTF8_NAMES = 0x800
DESCRIBED = ("id", "name", "created", "creator", "is_archived", "is_general")


class _UnflaggedName(zipfile.ZipInfo):
    """An entry whose name is UTF-8 without saying so: a quirk of Slack's zips that readers meet."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802 - zipfile's own name
        return self.filename.encode(), self.flag_bits & ~UTF8_NAMES


def write_export(workspace: Workspace, path: Path, *, private: bool = False) -> int:
    """Write the export zip and return how many messages it holds.

    Public channels only, or with `private` all conversations (as an "all conversations" export).
    Days are cut in the workspace's zone. Members of other workspaces are not in users.json.
    """
    kinds = _by_kind(workspace)
    described = ["channels", *(["groups", "mpims", "dms"] if private else [])]
    written = 0
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        _put(archive, "users.json", _exported_users(workspace))
        for kind in described:
            listed = [_described(workspace, channel) for channel in kinds[kind]]
            _put(archive, f"{kind}.json", listed)
        _put(archive, "integration_logs.json", workspace.integration_logs)
        profiles = _profiles(workspace)
        for kind in described:
            for channel in kinds[kind]:
                written += _put_days(archive, workspace, channel, profiles)
    return written


def _by_kind(workspace: Workspace) -> dict[str, list[Raw]]:
    kinds: dict[str, list[Raw]] = {"channels": [], "groups": [], "mpims": [], "dms": []}
    for channel in workspace.channels:
        if channel["is_im"]:
            kinds["dms"].append(channel)
        elif channel["is_mpim"]:
            kinds["mpims"].append(channel)
        elif channel["is_private"]:
            kinds["groups"].append(channel)
        else:
            kinds["channels"].append(channel)
    return kinds


def _exported_users(workspace: Workspace) -> list[Raw]:
    home = workspace.team["id"]
    return [user for user in workspace.users if user["team_id"] == home]


def _described(workspace: Workspace, channel: Raw) -> Raw:
    members = workspace.members[channel["id"]]
    if channel["is_im"]:
        return {"id": channel["id"], "created": channel["created"], "members": members}
    described = {key: channel[key] for key in DESCRIBED} | {
        "members": members,
        "topic": channel["topic"],
        "purpose": channel["purpose"],
    }
    pins = workspace.pins.get(channel["id"])
    return described | ({"pins": pins} if pins else {})


def _put_days(
    archive: zipfile.ZipFile, workspace: Workspace, channel: Raw, profiles: dict[str, Raw]
) -> int:
    messages = workspace.messages[channel["id"]]
    replies: dict[str, list[Raw]] = {}
    for message in messages:
        if is_reply(message):
            listed = {"user": message.get("user"), "ts": message["ts"]}
            replies.setdefault(message["thread_ts"], []).append(listed)
    days: dict[str, list[Raw]] = {}
    for message in messages:
        day = local_date(workspace.zone, float(message["ts"])).isoformat()
        days.setdefault(day, []).append(_exported(message, profiles, replies))
    folder = channel["id"] if channel["is_im"] else channel["name"]
    for day, said in days.items():
        _put(archive, f"{folder}/{day}.json", said)
    return len(messages)


def _exported(message: Raw, profiles: dict[str, Raw], replies: dict[str, list[Raw]]) -> Raw:
    """A message as exports have it: with its author's profile and, on a root, its replies."""
    exported = dict(message)
    profile = profiles.get(message.get("user", ""))
    if profile and "client_msg_id" in message:
        exported["user_team"] = exported["source_team"] = profile["team"]
        exported["user_profile"] = profile
    if message["ts"] in replies:
        exported["replies"] = replies[message["ts"]]
    return exported


def _profiles(workspace: Workspace) -> dict[str, Raw]:
    """What an export says of the author beside each message, by user id."""
    return {
        user["id"]: {key: user["profile"][key] for key in PROFILE_FIELDS}
        | {
            "name": user["name"],
            "is_restricted": user.get("is_restricted", False),
            "is_ultra_restricted": user.get("is_ultra_restricted", False),
        }
        for user in workspace.users
    }


def _put(archive: zipfile.ZipFile, name: str, content: list[Raw]) -> None:
    entry = _UnflaggedName(name, date_time=FIXED_TIME)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, msgspec.json.format(msgspec.json.encode(content), indent=4))
