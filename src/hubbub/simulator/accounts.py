"""Members and what belongs to the whole workspace: the part of `Acts` that concerns them."""

from typing import Any

from hubbub.simulator.directory import user_group
from hubbub.simulator.refusal import Refusal
from hubbub.simulator.sharing import Sharing
from hubbub.simulator.speech import alone
from hubbub.simulator.state import Raw

_OF_STATUS = frozenset({"status_text", "status_emoji", "status_expiration"})


class Accounts(Sharing):
    """Accounts, user groups and the workspace's own emoji."""

    @alone
    def add_user(self, name: str, **fields: Any) -> Raw:
        """Let a new member sign in; `fields` replace parts of the account."""
        team_id = self.workspace.team["id"]
        user: Raw = {
            "id": self.ids.fresh("U"),
            "team_id": team_id,
            "name": name,
            "deleted": False,
            "real_name": name,
            "tz": "UTC",
            "tz_label": "UTC Time",
            "tz_offset": 0,
            "profile": {"real_name": name, "display_name": name, "fields": {}, "team": team_id},
            "is_admin": False,
            "is_owner": False,
            "is_restricted": False,
            "is_ultra_restricted": False,
            "is_bot": False,
            "is_app_user": False,
            "updated": int(self.clock.now()),
            **fields,
        }
        self.workspace.users.append(user)
        self.news.person(user, "team_join")
        return user

    @alone
    def change_profile(self, user_id: str, **fields: Any) -> None:
        """Change what a user says of oneself: one edit, of which Slack tells several times."""
        user = self._user(user_id)
        user["profile"] = {**user.get("profile", {}), **fields}
        user["updated"] = int(self.clock.now())
        status = ["user_status_changed"] if fields.keys() & _OF_STATUS else []
        self.news.person(user, "user_change", "user_profile_changed", *status)

    @alone
    def deactivate(self, user_id: str) -> None:
        """Close an account: it leaves its channels without a notice, and loses zone and roles."""
        user = self._user(user_id)
        kept = {"id", "team_id", "name", "real_name", "profile", "is_bot", "is_app_user"}
        for name in user.keys() - kept:
            del user[name]
        user |= {"deleted": True, "updated": int(self.clock.now())}
        for members in self.workspace.members.values():
            if user_id in members:
                members.remove(user_id)
        self.news.person(user, "user_change")

    @alone
    def add_emoji(self, name: str, value: str) -> None:
        """Upload an emoji; `value` is its URL, or `alias:` with another's name."""
        self.workspace.emoji[name] = value
        self.news.workspace("emoji_changed", "emoji:read", subtype="add", name=name, value=value)

    @alone
    def remove_emoji(self, name: str) -> None:
        """Take an emoji away, with those that stand for it."""
        gone = [name, *(n for n, value in self.workspace.emoji.items() if value == f"alias:{name}")]
        for each in gone:
            self.workspace.emoji.pop(each, None)
        self.news.workspace("emoji_changed", "emoji:read", subtype="remove", names=gone)

    @alone
    def rename_emoji(self, name: str, new_name: str) -> None:
        """Give an emoji another name."""
        value = self.workspace.emoji.pop(name)
        self.workspace.emoji[new_name] = value
        fields: Raw = {"old_name": name, "new_name": new_name, "value": value}
        self.news.workspace("emoji_changed", "emoji:read", subtype="rename", **fields)

    @alone
    def add_group(self, handle: str, user_ids: list[str], **fields: Any) -> Raw:
        """Make a user group; `fields` replace parts of it."""
        made = user_group(
            self.ids,
            self.workspace.team["id"],
            handle=handle,
            name=handle.capitalize(),
            members=user_ids,
            created=self.clock.now(),
        )
        group = {**made, **fields}
        self.workspace.usergroups.append(group)
        self.news.workspace("subteam_created", "usergroups:read", subteam=dict(group))
        return group

    @alone
    def change_group(self, group_id: str, **fields: Any) -> None:
        """Give a user group another name or handle."""
        self._change_group(self._group(group_id), fields)

    @alone
    def disable_group(self, group_id: str) -> None:
        """Close a user group: it stays, and so do its members."""
        group = self._group(group_id)
        self._change_group(group, {"date_delete": int(self.clock.now())})

    @alone
    def enable_group(self, group_id: str) -> None:
        """Open a user group again."""
        self._change_group(self._group(group_id), {"date_delete": 0})

    @alone
    def set_group_members(self, group_id: str, user_ids: list[str]) -> None:
        """Say anew who is in a user group."""
        group = self._group(group_id)
        former, before = list(group["users"]), group["date_update"]
        group |= {"users": list(user_ids), "user_count": len(user_ids)}
        group["date_update"] = int(self.clock.now())
        added = [each for each in user_ids if each not in former]
        removed = [each for each in former if each not in user_ids]
        self.news.workspace(
            "subteam_members_changed",
            "usergroups:read",
            subteam_id=group_id,
            team_id=self.workspace.team["id"],
            date_previous_update=before,
            date_update=group["date_update"],
            added_users=added,
            added_users_count=len(added),
            removed_users=removed,
            removed_users_count=len(removed),
        )
        self.news.workspace("subteam_updated", "usergroups:read", subteam=dict(group))

    def _change_group(self, group: Raw, fields: Raw) -> None:
        group |= {**fields, "date_update": int(self.clock.now())}
        self.news.workspace("subteam_updated", "usergroups:read", subteam=dict(group))

    def _group(self, group_id: str) -> Raw:
        for group in self.workspace.usergroups:
            if group["id"] == group_id:
                return group
        raise Refusal("no_such_subteam")

    def _user(self, user_id: str) -> Raw:
        for user in self.workspace.users:
            if user["id"] == user_id:
                return user
        raise Refusal("user_not_found")
