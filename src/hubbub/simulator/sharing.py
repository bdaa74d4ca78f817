"""Files that members share: the part of `Acts` that concerns them."""

import mimetypes

from hubbub.simulator.events.news import FILES_HOST
from hubbub.simulator.marks import Marks
from hubbub.simulator.refusal import Refusal
from hubbub.simulator.speech import alone
from hubbub.simulator.state import Raw, places_of, team_url
from hubbub.simulator.visibility import type_of


class Sharing(Marks):
    """Files made, shared and deleted."""

    @alone
    def share_file(
        self,
        channel_id: str,
        user_id: str,
        name: str,
        text: str = "",
        *,
        at: float | None = None,
    ) -> Raw:
        """Let a member share a small file with a channel; returns the message that does it."""
        file = self.add_file(self.ids.fresh("F"), user_id, name, 1_000)
        team_id = self.workspace.team["id"]
        message: Raw = {"user": user_id, "text": text, "team": team_id}
        return self.share([file], channel_id, message, at=at)

    @alone
    def add_file(self, file_id: str, user_id: str, name: str, size: int, title: str = "") -> Raw:
        """Put a file into the workspace, shared with nobody yet."""
        team_id = self.workspace.team["id"]
        seconds = int(self.clock.now())
        kind = name.rpartition(".")[2].lower() if "." in name else "binary"
        base = f"{FILES_HOST}/files-pri/{team_id}-{file_id}"
        file: Raw = {
            "id": file_id,
            "created": seconds,
            "timestamp": seconds,
            "name": name,
            "title": title or name,
            "mimetype": mimetypes.guess_type(name)[0] or "application/octet-stream",
            "filetype": kind,
            "pretty_type": kind.upper(),
            "user": user_id,
            "user_team": team_id,
            "editable": False,
            "size": size,
            "mode": "hosted",
            "is_external": False,
            "external_type": "",
            "is_public": False,
            "public_url_shared": False,
            "display_as_bot": False,
            "username": "",
            "url_private": f"{base}/{name}",
            "url_private_download": f"{base}/download/{name}",
            "permalink": f"{team_url(self.workspace.team)}files/{user_id}/{file_id}/{name}",
            "file_access": "visible",
            "channels": [],
            "groups": [],
            "ims": [],
            "shares": {},
        }
        self.workspace.files[file_id] = file
        return file

    @alone
    def share(
        self, files: list[Raw], channel_id: str, message: Raw, *, at: float | None = None
    ) -> Raw:
        """Post the message that shares files, and note on them where they were shared."""
        channel = self.channel(channel_id)
        posted = self.put(channel_id, message | {"files": files, "upload": False}, at=at)
        kind = type_of(channel)
        listed = {"im": "ims", "public_channel": "channels"}.get(kind, "groups")
        scope = "public" if kind == "public_channel" else "private"
        share: Raw = {
            "ts": posted["ts"],
            "channel_name": channel.get("name", ""),
            "team_id": self.workspace.team["id"],
            "share_user_id": message.get("user", ""),
            "reply_users": [],
            "reply_users_count": 0,
            "reply_count": 0,
        }
        for file in files:
            is_new, became_public = not places_of(file), not file["is_public"] and scope == "public"
            file[listed].append(channel_id)
            file["is_public"] = file["is_public"] or became_public
            file["shares"].setdefault(scope, {}).setdefault(channel_id, []).append(share)
            self._tell_of_share(channel, file, is_new=is_new, became_public=became_public)
        return posted

    @alone
    def delete_file(self, file_id: str) -> None:
        """Delete a file: of the messages that shared it a stub of it is left."""
        file = self.workspace.files.pop(file_id, None)
        if file is None:
            raise Refusal("file_not_found")
        places = places_of(file)
        for channel_id in places:
            for message in self.workspace.messages.get(channel_id, []):
                if any(each["id"] == file_id for each in message.get("files", [])):
                    self._take_out(channel_id, message, file_id)
        self.news.file("file_deleted", file, places, channel_ids=places)

    def _take_out(self, channel_id: str, message: Raw, file_id: str) -> None:
        previous = self.news.copy(message)
        stub: Raw = {"id": file_id, "mode": "tombstone"}
        message["files"] = [stub if each["id"] == file_id else each for each in message["files"]]
        self._refresh(channel_id, message)
        self.news.changed(self.channel(channel_id), message, previous)

    def _tell_of_share(self, channel: Raw, file: Raw, *, is_new: bool, became_public: bool) -> None:
        places = places_of(file)
        if is_new:
            self.news.file("file_created", file, places, channel)
        if became_public:
            self.news.file("file_public", file, places, channel)
        self.news.file("file_shared", file, [channel["id"]], channel, channel_id=channel["id"])
