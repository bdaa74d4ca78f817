"""Users, bots and user groups."""

from hubbub.simulator.call import Call, Method
from hubbub.simulator.limits import Tier
from hubbub.simulator.paging import cut
from hubbub.simulator.refusal import Refusal
from hubbub.simulator.state import Raw
from hubbub.simulator.views import profile_view, user_view

UNPAGED = 5000
"""From so many users on users.list refuses to answer without a limit."""


def users_list(call: Call) -> Raw:
    """All users of the workspace: deactivated ones, bots and Slackbot too, but no strangers."""
    home = call.backend.workspace.team["id"]
    users = [user for user in call.backend.workspace.users if user.get("team_id", home) == home]
    if not call.text("limit") and not call.text("cursor") and len(users) >= UNPAGED:
        raise Refusal("limit_required")
    shown, metadata = cut(call, users, call.limit(len(users) or 1, 1000), "user")
    return {
        "members": [user_view(call, user) for user in shown],
        "cache_ts": int(call.backend.clock.now()),
        "response_metadata": metadata,
    }


def users_info(call: Call) -> Raw:
    """One user, of this workspace or another."""
    return {"user": user_view(call, _user(call, call.required("user")))}


def users_profile_get(call: Call) -> Raw:
    """A user's profile, one's own if none is named."""
    return {"profile": profile_view(call, _user(call, call.text("user") or call.token.user_id))}


def bots_info(call: Call) -> Raw:
    """What a bot id stands for."""
    bot = call.backend.bot(call.required("bot"))
    if bot is None:
        raise Refusal("bot_not_found")
    return {"bot": bot}


def usergroups_list(call: Call) -> Raw:
    """The user groups; a paid plan has them."""
    groups = [
        _group_view(call, group)
        for group in _groups(call)
        if call.flag("include_disabled") or not group["date_delete"]
    ]
    return {"usergroups": groups}


def usergroups_users_list(call: Call) -> Raw:
    """The members of a user group."""
    asked = call.required("usergroup")
    for group in _groups(call):
        if group["id"] == asked:
            return {"users": group["users"]}
    raise Refusal("no_such_subteam")


def _user(call: Call, user_id: str) -> Raw:
    user = call.backend.user(user_id)
    if user is None:
        raise Refusal("user_not_found")
    return user


def _groups(call: Call) -> list[Raw]:
    if call.backend.plan == "free":
        raise Refusal("plan_upgrade_required")
    return call.backend.workspace.usergroups


def _group_view(call: Call, group: Raw) -> Raw:
    hidden = {
        name
        for name, flag in (("users", "include_users"), ("user_count", "include_count"))
        if not call.flag(flag)
    }
    return {name: value for name, value in group.items() if name not in hidden}


METHODS = (
    Method("users.list", users_list, Tier.TWO, ("users:read",)),
    Method("users.info", users_info, Tier.FOUR, ("users:read",)),
    Method("users.profile.get", users_profile_get, Tier.FOUR, ("users.profile:read",)),
    Method("bots.info", bots_info, Tier.THREE, ("users:read",)),
    Method("usergroups.list", usergroups_list, Tier.TWO, ("usergroups:read",)),
    Method("usergroups.users.list", usergroups_users_list, Tier.TWO, ("usergroups:read",)),
)
