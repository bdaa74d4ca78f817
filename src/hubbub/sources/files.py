"""The bytes of files that members shared, fetched on request.

Source: slack-platform §2.3, §3.5. The token goes to Slack's hosts only; what lies elsewhere is not
fetched. A file that is too large, or gone, is noted as done, so that it is not asked for again.
"""

from collections.abc import Callable, Container

from msgspec.structs import replace

from hubbub.core.progress import Reading
from hubbub.slack.api import Refused
from hubbub.slack.methods import FILE
from hubbub.slack.values import Json, count, flag, record, records, text
from hubbub.sources.streams import Ask, Stream

KIND = "file "
"""Begin of the kind of a reading that is about a file; the file's id follows."""
_BYTES = "bytes"
_AT_SLACK = frozenset({"hosted", "snippet"})
_GIVEN_UP = frozenset({
    "file_not_found", "file_deleted", "file_is_not_at_slack", "file_is_too_large", "access_denied",
})  # fmt: skip
"""Refusals that will not change."""


class Files:
    """Finds the files of messages and fetches them. `has` says whether a file is there already,
    `keep` takes its id, name and bytes; files of more than `most` bytes, and those of `refused`
    members, are left where they are."""

    def __init__(
        self,
        has: Callable[[str], bool],
        keep: Callable[[str, str, bytes], None],
        most: int,
        refused: Container[str],
    ) -> None:
        self._has, self._keep, self._most, self._refused = has, keep, most, refused

    def wanted(self, channel_id: str, messages: list[Json]) -> list[tuple[Reading, Json]]:
        """The files of some messages that are to be fetched."""
        return [
            (Reading(channel_id, message["ts"], f"{KIND}{file_id}", _BYTES), file)
            for message in messages
            for file in records(message.get("files"))
            if (file_id := text(file.get("id")))
            and self._is_wanted(file)
            and not self._has(file_id)
        ]

    def fetch(self, reading: Reading, file: Json | None, done: Callable[[Reading], None]) -> Stream:
        """Fetch one file; without what its message says of it, Slack is asked first."""
        file_id = reading.kind.removeprefix(KIND)
        finished = replace(reading, got=_BYTES)
        try:
            if file is None:
                answer = yield Ask("files.info", {"file": file_id}, reading.channel_id)
                file = record(answer.body.get("file"))
            if self._is_wanted(file):
                url = text(file.get("url_private_download")) or text(file.get("url_private")) or ""
                media_type = text(file.get("mimetype")) or ""
                asked = {"url": url, "most": str(self._most), "type": media_type}
                answer = yield Ask(FILE, asked, reading.channel_id)
                told = count(file.get("size"))
                if told is not None and told != len(answer.payload):
                    raise Refused("file_is_not_whole")
                self._keep(file_id, text(file.get("name")) or file_id, answer.payload)
        except Refused as error:
            if error.code not in _GIVEN_UP:
                raise
        done(finished)

    def _is_wanted(self, file: Json) -> bool:
        return (
            file.get("mode") in _AT_SLACK
            and not flag(file.get("is_external"))
            and (count(file.get("size")) or 0) <= self._most
            and (text(file.get("user")) or "") not in self._refused
        )
