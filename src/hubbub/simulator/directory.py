"""User and bot objects as Slack's users.list and bots.info give them."""

import hashlib
import random

from msgspec import Struct

from hubbub.simulator.corpus import Table
from hubbub.simulator.ids import Ids
from hubbub.simulator.people import Member
from hubbub.simulator.rhythm import utc_offset
from hubbub.simulator.state import Raw

IMAGE_SIZES = (24, 32, 48, 72, 192, 512)
SLACKBOT = "USLACKBOT"


class Robot(Struct, frozen=True):
    """A bot of the workspace. A classic integration has no account, so no `user_id`."""

    bot_id: str
    app_id: str
    user_id: str | None
    name: str
    added: float


def user_object(
    rng: random.Random, community: Table, team_id: str, member: Member, until: float
) -> Raw:
    """A member as users.list shows it at the end of the story."""
    if member.left is not None:
        return _deactivated(team_id, member, member.left)
    names = community["names"]
    status_emoji, status_text = rng.choice(names["statuses"])
    profile = _profile(team_id, member.name, member.display_name, member.handle) | {
        "title": rng.choice(names["titles"]),
        "pronouns": rng.choice(names["pronouns"]),
        "status_text": status_text,
        "status_emoji": status_emoji,
        "status_expiration": 0,
        "phone": "",
    }
    if member.standing != "stranger":
        profile["email"] = f"{member.handle}@{community['town']['email_domain']}"
        if rng.random() < 0.06:
            profile["phone"] = f"+1 902 555 01{rng.randrange(100):02d}"
    updated = int(rng.uniform(member.joined, until))
    return {
        **_account(team_id, member.id, member.handle, member.name, updated),
        "color": f"{rng.getrandbits(24):06x}",
        **_time_zone(member.zone, until),
        "profile": profile,
        **_roles(member),
        **({"is_stranger": False} if member.standing == "stranger" else {}),
        "is_email_confirmed": True,
        "who_can_share_contact_card": "EVERYONE",
    }


def robot_user(team_id: str, robot: Robot) -> Raw:
    """The account of an app's bot."""
    profile = _profile(team_id, robot.name, "", robot.name) | {
        "bot_id": robot.bot_id,
        "api_app_id": robot.app_id,
        "always_active": True,
    }
    handle = robot.name.lower().replace(" ", "")
    account = _account(team_id, robot.user_id or "", handle, robot.name, int(robot.added))
    return {**account, **_time_zone("UTC", robot.added), "profile": profile, "is_bot": True}


def robot_object(robot: Robot) -> Raw:
    """A bot as bots.info shows it."""
    shown: Raw = {
        "id": robot.bot_id,
        "deleted": False,
        "name": robot.name,
        "updated": int(robot.added),
        "app_id": robot.app_id,
        "icons": {f"image_{size}": _image(robot.name, size) for size in (36, 48, 72)},
    }
    return shown | ({"user_id": robot.user_id} if robot.user_id else {})


def robot_profile(team_id: str, robot: Robot) -> Raw:
    """The `bot_profile` that modern bots' messages carry."""
    shown = robot_object(robot)
    shown.pop("user_id", None)
    return shown | {"team_id": team_id}


def slackbot(team_id: str) -> Raw:
    """Slackbot, whom Slack does not count as a bot, and who lives in no zone."""
    account = _account(team_id, SLACKBOT, "slackbot", "Slackbot", 0)
    profile = _profile(team_id, "Slackbot", "Slackbot", "slackbot") | {"always_active": True}
    return {**account, "tz": None, "tz_label": "", "tz_offset": 0, "profile": profile}


def user_group(
    ids: Ids, team_id: str, *, handle: str, name: str, members: list[str], created: float
) -> Raw:
    """A user group (`<!subteam^S…>`) as usergroups.list shows it."""
    creator = members[0] if members else SLACKBOT
    return {
        "id": ids.fresh("S"),
        "team_id": team_id,
        "is_usergroup": True,
        "is_subteam": True,
        "name": name,
        "description": "",
        "handle": handle,
        "is_external": False,
        "date_create": int(created),
        "date_update": int(created),
        "date_delete": 0,
        "auto_type": None,
        "created_by": creator,
        "updated_by": creator,
        "deleted_by": None,
        "prefs": {"channels": [], "groups": []},
        "users": [*members],
        "user_count": len(members),
    }


def _account(team_id: str, user_id: str, handle: str, name: str, updated: int) -> Raw:
    return {
        "id": user_id,
        "team_id": team_id,
        "name": handle,
        "deleted": False,
        "real_name": name,
        "is_bot": False,
        "is_app_user": False,
        "updated": updated,
    }


def _deactivated(team_id: str, member: Member, left: float) -> Raw:
    """What Slack leaves of a closed account: no zone, no roles, a thin profile."""
    account = _account(team_id, member.id, member.handle, member.name, int(left))
    profile = _profile(team_id, member.name, member.display_name, member.handle)
    return {**account, "deleted": True, "profile": profile}


def _profile(team_id: str, name: str, display_name: str, seed: str) -> Raw:
    first, _, last = name.partition(" ")
    return {
        "real_name": name,
        "real_name_normalized": name,
        "display_name": display_name,
        "display_name_normalized": display_name,
        "first_name": first,
        "last_name": last,
        "avatar_hash": _avatar_hash(seed),
        **{f"image_{size}": _image(seed, size) for size in IMAGE_SIZES},
        "is_custom_image": False,
        "fields": {},
        "team": team_id,
    }


def _avatar_hash(seed: str) -> str:
    return "g" + hashlib.sha256(seed.encode()).hexdigest()[:11]


def _image(seed: str, size: int) -> str:
    return f"https://avatars.example.org/{_avatar_hash(seed)}-{size}.png"


def _time_zone(zone: str, instant: float) -> Raw:
    label = zone.rpartition("/")[2].replace("_", " ")
    return {"tz": zone, "tz_label": f"{label} Time", "tz_offset": utc_offset(zone, instant)}


def _roles(member: Member) -> Raw:
    owner = member.standing == "owner"
    guest = member.standing in {"guest", "single_channel_guest"}
    return {
        "is_admin": owner or member.standing == "admin",
        "is_owner": owner,
        "is_primary_owner": owner,
        "is_restricted": guest,
        "is_ultra_restricted": member.standing == "single_channel_guest",
    }
