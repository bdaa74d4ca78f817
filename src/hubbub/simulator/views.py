"""The workspace's objects as one token sees them: what the state holds is never changed here."""

from typing import Any

from hubbub.simulator.call import Call
from hubbub.simulator.events.news import FILES_HOST
from hubbub.simulator.state import Raw, permalink
from hubbub.simulator.visibility import horizon, is_member

_STUBS = frozenset({"tombstone", "hidden_by_limit"})
_STAYS_OUTSIDE = frozenset({"latest", "members"})


def message_view(call: Call, message: Raw, *, metadata: bool = False, whole: bool = False) -> Raw:
    """A message: its files with URLs that lead here, its reactions cut unless `whole`."""
    view = dict(message)
    if not metadata:
        view.pop("metadata", None)
    if view.get("reactions") and not whole:
        view["reactions"] = [_reaction_view(call, each) for each in view["reactions"]]
    if view.get("files"):
        view["files"] = [file_view(call, file) for file in view["files"]]
    if isinstance(view.get("root"), dict):
        view["root"] = message_view(call, view["root"], metadata=metadata, whole=whole)
    return view


def found_message(call: Call, channel_id: str, message: Raw, *, whole: bool = False) -> Raw:
    """A message with its permalink, as lists of pins and reactions show it."""
    view = message_view(call, message, whole=whole)
    return view | {"permalink": permalink(call.backend.workspace.team, channel_id, message)}


def user_view(call: Call, user: Raw) -> Raw:
    """A user, with the mail address only for tokens that may see it."""
    view = dict(user)
    view["profile"] = profile_view(call, user)
    if call.flag("include_locale") and not user.get("deleted"):
        view.setdefault("locale", "en-US")
    return view


def profile_view(call: Call, user: Raw) -> Raw:
    """A user's profile."""
    hidden = set[str]() if call.token.allows("users:read.email") else {"email"}
    profile: Raw = user.get("profile") or {}
    return {name: value for name, value in profile.items() if name not in hidden}


def channel_view(call: Call, channel: Raw, *, counted: bool) -> Raw:
    """A conversation; with `counted`, how many members it has."""
    hidden = _STAYS_OUTSIDE | {"num_members"}
    view = {name: value for name, value in channel.items() if name not in hidden}
    if channel.get("is_im"):
        others = [
            member
            for member in call.backend.workspace.members.get(channel["id"], [])
            if member != call.token.user_id
        ]
        other = others[0] if others else channel.get("user", call.token.user_id)
        return view | {"user": other}
    view["is_member"] = is_member(call, channel)
    if counted:
        members = call.backend.workspace.members.get(channel["id"])
        view["num_members"] = len(members) if members else channel.get("num_members", 0)
    return view


def file_view(call: Call, file: Raw) -> Raw:
    """A file whose URLs lead to the simulator; a stub if the plan hides it."""
    if file.get("mode") in _STUBS:
        return dict(file)
    if is_hidden(call, file):
        return {"id": file["id"], "mode": "hidden_by_limit"}
    return {name: _address(call, value) for name, value in file.items()}


def is_hidden(call: Call, file: Raw) -> bool:
    """Whether a file is older than what the plan shows."""
    return f"{file.get('created', 0):010d}.000000" < horizon(call)


def _address(call: Call, value: Any) -> Any:
    """Slack's own files are served here; addresses elsewhere stay as they are."""
    if isinstance(value, str) and value.startswith(FILES_HOST):
        return call.origin + value.removeprefix(FILES_HOST)
    return value


def _reaction_view(call: Call, reaction: Raw) -> Raw:
    users: list[str] = reaction.get("users") or []
    return {**reaction, "users": users[: call.backend.listed_reactors]}
