"""Archives that can be imported. A module here with a function `recognise(container)` adds one."""

from pathlib import Path

from hubbub.core.discovery import parts
from hubbub.core.ports import Archive
from hubbub.errors import Unreadable
from hubbub.sources import archives
from hubbub.sources.containers import open_container


def open_archive(path: Path) -> Archive:
    """The archive at a path, of whatever kind it is. Raises `Unreadable`."""
    container = open_container(path)
    recognisers = parts(archives, "recognise")
    for recognise in recognisers.values():
        archive = recognise(container)
        if archive is not None:
            return archive
    raise Unreadable(
        f"{path} is no archive that Hubbub knows: there is {container.outline()}.",
        "Import a Slack export (a zip or folder with users.json and channels.json), what slackdump "
        "wrote, or a folder of conversations.history responses.",
    )
