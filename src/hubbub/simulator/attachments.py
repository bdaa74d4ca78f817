"""Files that members share: photos, sheets, snippets, and links to documents kept elsewhere."""

from hubbub.simulator.people import Member
from hubbub.simulator.places import Place
from hubbub.simulator.state import Raw
from hubbub.simulator.town import Town

KINDS: dict[str, tuple[tuple[str, ...], str, str, str]] = {
    "photo": (("morning.jpg", "look.jpg", "IMG_0042.jpg"), "image/jpeg", "jpg", "JPEG"),
    "sheet": (("readings.csv", "plan.csv", "rota.csv"), "text/csv", "csv", "CSV"),
    "snippet": (("tide.py", "fix.py", "query.sql"), "text/plain", "text", "Plain Text"),
}
"""Names, media type, Slack's filetype and its pretty name."""

SNIPPET = 'for row in rows:\n    print(row["station"], row["level"])\n'


def attach(town: Town, place: Place, member: Member, message: Raw, kind: str) -> Raw:
    """Add a file to a message, in the modern way: `files`, and no subtype."""
    names, media_type, filetype, pretty = KINDS[kind]
    file_id = town.ids.fresh("F")
    name = town.rng.choice(names)
    seconds = int(message["ts"].partition(".")[0])
    domain: str = town.workspace.team["domain"]
    file: Raw = {
        "id": file_id,
        "created": seconds,
        "timestamp": seconds,
        "name": name,
        "title": name.partition(".")[0].capitalize(),
        "mimetype": media_type,
        "filetype": filetype,
        "pretty_type": pretty,
        "user": member.id,
        "user_team": town.team_id,
        "mode": "snippet" if kind == "snippet" else "hosted",
        "editable": kind == "snippet",
        "size": town.rng.randrange(2_000, 900_000),
        "is_external": False,
        "external_type": "",
        "is_public": place.kind in {"public", "shared"},
        "public_url_shared": False,
        "permalink": f"https://{domain}.slack.com/files/{member.id}/{file_id}/{name}",
        "file_access": "visible",
        **_content(kind, town.team_id, file_id, name),
        **_shares(place, message),
    }
    town.workspace.files[file_id] = file
    message["files"] = [file]
    message["upload"] = False
    return file


def link_document(town: Town, place: Place, member: Member, message: Raw, url: str) -> None:
    """Share a document that lives outside Slack."""
    file = attach(town, place, member, message, "sheet")
    file |= {
        "mode": "external",
        "is_external": True,
        "external_type": "remote",
        "size": 0,
        "url_private": url,
    }
    del file["url_private_download"]


def remove_file(town: Town, message: Raw) -> None:
    """Delete the file of a message: Slack keeps its id, and that it is gone."""
    gone = [{"id": file["id"], "mode": "tombstone"} for file in message["files"]]
    for stub in gone:
        town.workspace.files.pop(stub["id"])
    message["files"] = gone


def _content(kind: str, team_id: str, file_id: str, name: str) -> Raw:
    base = f"https://files.slack.com/files-pri/{team_id}-{file_id}"
    content: Raw = {
        "url_private": f"{base}/{name}",
        "url_private_download": f"{base}/download/{name}",
    }
    if kind == "photo":
        picture = {"thumb_360": f"{base}/thumb_360.jpg", "original_w": 1200, "original_h": 900}
        return content | picture
    if kind == "snippet":
        return content | {"preview": SNIPPET, "lines": 2, "size": len(SNIPPET)}
    return content


def _shares(place: Place, message: Raw) -> Raw:
    private = place.kind not in {"public", "shared"}
    share: Raw = {
        "ts": message["ts"],
        "channel_name": place.name,
        "reply_users": [],
        "reply_count": 0,
    }
    return {
        "channels": [] if private else [place.id],
        "groups": [place.id] if private and place.kind != "im" else [],
        "ims": [place.id] if place.kind == "im" else [],
        "shares": {"private" if private else "public": {place.id: [share]}},
    }
