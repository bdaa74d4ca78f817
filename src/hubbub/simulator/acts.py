"""What people and apps do in the workspace. Every change of a running simulator happens here."""

from typing import Any

from hubbub.simulator.refusal import Refusal
from hubbub.simulator.speech import Speech, alone
from hubbub.simulator.state import Raw, fresh_channel


class Acts(Speech):
    """Deeds in the workspace: to messages, and to members, channels and accounts.

    They happen when the clock says, and leave the notices and counts that Slack leaves. Messages
    are returned as the workspace holds them. What is not there is refused with Slack's code.
    Nobody is asked for permission: that is the methods' business.
    """

    @alone
    def join(self, channel_id: str, user_id: str, inviter: str | None = None) -> None:
        """Enter a channel; who is in already stays in, without a notice."""
        channel = self.channel(channel_id)
        members = self.workspace.members.setdefault(channel_id, [])
        if user_id in members:
            return
        members.append(user_id)
        fields: Raw = {"inviter": inviter} if inviter else {}
        self._notice(channel, user_id, "join", f"<@{user_id}> has joined the {{}}", **fields)

    @alone
    def leave(self, channel_id: str, user_id: str) -> None:
        """Walk out of a channel."""
        channel = self.channel(channel_id)
        self.workspace.members[channel_id].remove(user_id)
        self._notice(channel, user_id, "leave", f"<@{user_id}> has left the {{}}")

    @alone
    def create_channel(
        self, name: str, creator: str, *, private: bool = False, **fields: Any
    ) -> Raw:
        """Open a channel; its creator is its first member. `fields` replace parts of it."""
        channel: Raw = self._founded(self.ids.fresh("C"), creator) | {
            "name": name,
            "name_normalized": name,
            "is_channel": True,
            "is_group": False,
            "is_mpim": False,
            "is_private": private,
            **fresh_channel(self.workspace.team["id"]),
            **fields,
        }
        self._enter(channel, [])
        self.join(channel["id"], creator)
        return channel

    @alone
    def open_conversation(self, user_ids: list[str]) -> tuple[Raw, bool]:
        """The direct message between users, and whether it was there before; the first opens it."""
        wanted = sorted(user_ids)
        for channel in self.workspace.channels:
            is_direct = channel.get("is_im") or channel.get("is_mpim")
            if is_direct and sorted(self.workspace.members.get(channel["id"], [])) == wanted:
                return channel, True
        opener, *others = user_ids
        if len(user_ids) <= 2:
            channel = self._founded(self.ids.fresh("D"), opener) | {
                "is_im": True,
                "user": others[0] if others else opener,
                "is_user_deleted": False,
                "priority": 0,
            }
        else:
            handles = {user["id"]: user["name"] for user in self.workspace.users}
            name = f"mpdm-{'--'.join(handles[each] for each in user_ids)}-1"
            channel = self._founded(self.ids.fresh("C"), opener) | {
                "name": name,
                "name_normalized": name,
                "is_channel": False,
                "is_group": True,
                "is_mpim": True,
                "is_private": True,
                **fresh_channel(self.workspace.team["id"]),
            }
        self._enter(channel, user_ids)
        return channel, False

    @alone
    def rename(self, channel_id: str, name: str, user_id: str) -> None:
        """Give a channel another name; Slack remembers the former one."""
        channel = self.channel(channel_id)
        former = channel["name"]
        channel |= {"name": name, "name_normalized": name, "updated": self._milliseconds()}
        channel["previous_names"] = [former, *channel.get("previous_names", [])]
        text = f'has renamed the {{}} from "{former}" to "{name}"'
        self._notice(channel, user_id, "name", text, old_name=former, name=name)

    @alone
    def set_topic(self, channel_id: str, topic: str, user_id: str) -> None:
        """Write a channel's topic."""
        channel = self.channel(channel_id)
        set_at = int(self.clock.now())
        channel["topic"] = {"value": topic, "creator": user_id, "last_set": set_at}
        channel["updated"] = self._milliseconds()
        text = f"<@{user_id}> set the {{}} topic: {topic}"
        self._notice(channel, user_id, "topic", text, topic=topic)

    @alone
    def archive(self, channel_id: str, user_id: str) -> None:
        """Close a channel; what was said there stays readable."""
        channel = self.channel(channel_id)
        self._notice(channel, user_id, "archive", f"<@{user_id}> archived the {{}}")
        channel |= {"is_archived": True, "updated": self._milliseconds()}

    @alone
    def unarchive(self, channel_id: str, user_id: str) -> None:
        """Open an archived channel again."""
        channel = self.channel(channel_id)
        channel |= {"is_archived": False, "updated": self._milliseconds()}
        self._notice(channel, user_id, "unarchive", f"<@{user_id}> un-archived the {{}}")

    @alone
    def remove_channel(self, channel_id: str) -> None:
        """Delete a channel with all that was said there."""
        self.workspace.channels.remove(self.channel(channel_id))
        for kept in (self.workspace.messages, self.workspace.members, self.workspace.pins):
            kept.pop(channel_id, None)

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
        return user

    @alone
    def change_profile(self, user_id: str, **fields: Any) -> None:
        """Change what a user says of oneself."""
        user = self._user(user_id)
        user["profile"] = {**user.get("profile", {}), **fields}
        user["updated"] = int(self.clock.now())

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

    def _user(self, user_id: str) -> Raw:
        for user in self.workspace.users:
            if user["id"] == user_id:
                return user
        raise Refusal("user_not_found")

    def _notice(self, channel: Raw, user_id: str, what: str, text: str, **fields: Any) -> None:
        """Slack's notice of what happened to a channel; direct messages have none."""
        if not (channel.get("is_im") or channel.get("is_mpim")):
            kind = "group" if channel.get("is_group") else "channel"
            message: Raw = {"subtype": f"{kind}_{what}", "user": user_id}
            self.put(channel["id"], {**message, "text": text.format(kind), **fields})

    def _founded(self, channel_id: str, creator: str) -> Raw:
        """What every conversation says of itself."""
        return {
            "id": channel_id,
            "created": int(self.clock.now()),
            "creator": creator,
            "is_archived": False,
            "is_im": False,
            "is_org_shared": False,
            "context_team_id": self.workspace.team["id"],
            "updated": self._milliseconds(),
        }

    def _enter(self, channel: Raw, members: list[str]) -> None:
        self.workspace.channels.append(channel)
        self.workspace.members[channel["id"]] = list(members)
        self.workspace.messages[channel["id"]] = []

    def _milliseconds(self) -> int:
        return int(self.clock.now() * 1000)
