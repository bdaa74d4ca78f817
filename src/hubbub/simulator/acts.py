"""What people and apps do in the workspace. Every change of a running simulator happens here, or in
the classes that `Acts` is made of."""

from typing import Any, cast

from hubbub.simulator.accounts import Accounts
from hubbub.simulator.directory import SLACKBOT
from hubbub.simulator.refusal import Refusal
from hubbub.simulator.speech import alone
from hubbub.simulator.state import Raw, fresh_channel, stamp


class Acts(Accounts):
    """Deeds in the workspace: to messages, and to members, channels and accounts.

    They happen when the clock says, and leave the notices and counts that Slack leaves. Messages
    are returned as the workspace holds them. What is not there is refused with Slack's code.
    Nobody is asked for permission: that is the methods' business.
    """

    @alone
    def join(
        self,
        channel_id: str,
        user_id: str,
        inviter: str | None = None,
        *,
        at: float | None = None,
    ) -> None:
        """Enter a channel; who is in already stays in, without a notice."""
        channel = self.channel(channel_id)
        members = self.workspace.members.setdefault(channel_id, [])
        if user_id in members:
            return
        members.append(user_id)
        fields: Raw = {"inviter": inviter} if inviter else {}
        text = f"<@{user_id}> has joined the {{}}"
        self._notice(channel, user_id, "join", text, at=at, **fields)
        self.news.joined(channel, self._known(user_id), inviter)

    @alone
    def leave(self, channel_id: str, user_id: str, *, at: float | None = None) -> None:
        """Walk out of a channel."""
        channel = self.channel(channel_id)
        members = self.workspace.members.get(channel_id, [])
        if user_id not in members:
            raise Refusal("not_in_channel")
        members.remove(user_id)
        self._notice(channel, user_id, "leave", f"<@{user_id}> has left the {{}}", at=at)
        self.news.left(channel, self._known(user_id))

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
        self.news.created(channel)
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
        self.news.renamed(channel)

    @alone
    def set_topic(
        self, channel_id: str, topic: str, user_id: str, *, at: float | None = None
    ) -> None:
        """Write a channel's topic."""
        channel = self.channel(channel_id)
        set_at = int(self.clock.now())
        channel["topic"] = {"value": topic, "creator": user_id, "last_set": set_at}
        channel["updated"] = self._milliseconds()
        text = f"<@{user_id}> set the {{}} topic: {topic}"
        self._notice(channel, user_id, "topic", text, at=at, topic=topic)

    @alone
    def archive(self, channel_id: str, user_id: str) -> None:
        """Close a channel; what was said there stays readable."""
        channel = self.channel(channel_id)
        self._notice(channel, user_id, "archive", f"<@{user_id}> archived the {{}}")
        channel |= {"is_archived": True, "updated": self._milliseconds()}
        self.news.became(channel, "archive", {"user": user_id, "is_moved": 0})

    @alone
    def unarchive(self, channel_id: str, user_id: str) -> None:
        """Open an archived channel again."""
        channel = self.channel(channel_id)
        channel |= {"is_archived": False, "updated": self._milliseconds()}
        self._notice(channel, user_id, "unarchive", f"<@{user_id}> un-archived the {{}}")
        self.news.became(channel, "unarchive", {"user": user_id})

    @alone
    def remove_channel(self, channel_id: str, user_id: str = SLACKBOT) -> None:
        """Delete a channel with all that was said there."""
        channel = self.channel(channel_id)
        self.news.became(channel, "deleted", {"actor_id": user_id})
        self.workspace.channels.remove(channel)
        for kept in (self.workspace.messages, self.workspace.members, self.workspace.pins):
            kept.pop(channel_id, None)

    @alone
    def share_channel(self, channel_id: str, team_id: str) -> None:
        """Share a channel with another workspace."""
        channel = self.channel(channel_id)
        teams = [*channel.get("shared_team_ids", []), team_id]
        channel |= {"is_shared": True, "is_ext_shared": True, "shared_team_ids": teams}
        channel["updated"] = self._milliseconds()
        self.news.shared(channel, "shared", connected_team_id=team_id)

    @alone
    def unshare_channel(self, channel_id: str, team_id: str) -> None:
        """Share a channel with another workspace no more."""
        channel = self.channel(channel_id)
        home = self.workspace.team["id"]
        teams = [each for each in channel.get("shared_team_ids", []) if each != team_id]
        still = any(each != home for each in teams)
        channel |= {"is_shared": still, "is_ext_shared": still, "shared_team_ids": teams}
        channel["updated"] = self._milliseconds()
        fields: Raw = {"previously_connected_team_id": team_id, "is_ext_shared": still}
        self.news.shared(channel, "unshared", **fields)

    @alone
    def change_channel_id(self, channel_id: str) -> str:
        """Give a channel another id, as happens when workspaces are joined; returns it."""
        channel = self.channel(channel_id)
        fresh = self.ids.fresh("C")
        channel["id"] = fresh
        ws = self.workspace
        kept = cast("list[dict[str, Any]]", [ws.messages, ws.members, ws.pins, ws.bookmarks])
        for each in kept:
            if channel_id in each:
                each[fresh] = each.pop(channel_id)
        for file in self.workspace.files.values():
            for listed in ("channels", "groups"):
                if channel_id in file.get(listed, []):
                    file[listed] = [fresh if at == channel_id else at for at in file[listed]]
        ids: Raw = {"old_channel_id": channel_id, "new_channel_id": fresh}
        self.news.workspace("channel_id_changed", "", **ids)
        return fresh

    @alone
    def purge(self, channel_id: str, before: float) -> int:
        """Remove the threads of a channel that ended before an instant, as retention does: no
        message is told of by itself. Returns how many messages went."""
        channel, limit = self.channel(channel_id), stamp(round(before * 1e6))
        said = self.workspace.messages[channel_id]
        lively = {each.get("thread_ts", each["ts"]) for each in said if each["ts"] >= limit}
        left = [each for each in said if each.get("thread_ts", each["ts"]) in lively]
        gone = len(said) - len(left)
        said[:] = left
        if gone:
            self.news.rewritten(channel, limit)
        return gone

    def _notice(
        self,
        channel: Raw,
        user_id: str,
        what: str,
        text: str,
        *,
        at: float | None = None,
        **fields: Any,
    ) -> None:
        """Slack's notice of what happened to a channel; direct messages have none."""
        if not (channel.get("is_im") or channel.get("is_mpim")):
            kind = "group" if channel.get("is_group") else "channel"
            message: Raw = {"subtype": f"{kind}_{what}", "user": user_id}
            self.put(channel["id"], {**message, "text": text.format(kind), **fields}, at=at)

    def _known(self, user_id: str) -> Raw:
        """A user, also one of whom the workspace knows the id alone."""
        unknown: Raw = {"id": user_id, "team_id": self.workspace.team["id"]}
        return next((user for user in self.workspace.users if user["id"] == user_id), unknown)

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
