"""Files: lists of them, and the upload in three steps."""

import hashlib
from typing import Any, cast

from hubbub.simulator.api.chat import author, writable_channel
from hubbub.simulator.backend import Upload
from hubbub.simulator.call import Call, Method
from hubbub.simulator.limits import Tier
from hubbub.simulator.paging import leaf
from hubbub.simulator.refusal import Refusal, invalid_arguments
from hubbub.simulator.state import Raw, places_of
from hubbub.simulator.views import file_view, is_hidden
from hubbub.simulator.visibility import sees_file

_TYPES = {
    "all": "",
    "images": "image/",
    "pdfs": "application/pdf",
    "zips": "application/zip",
    "snippets": "snippet",
    "spaces": "space",
    "gdocs": "gdoc",
    "canvases": "canvas",
}
"""The types that one can ask for: what a media type begins with, or a mode."""


def files_list(call: Call) -> Raw:
    """The files that the token sees, the newest first."""
    wanted = call.names("types") or ["all"]
    if not set(wanted) <= _TYPES.keys():
        raise Refusal("unknown_type")
    if call.text("user") and call.backend.user(call.text("user")) is None:
        raise Refusal("user_not_found")
    found = [
        file
        for file in call.backend.workspace.files.values()
        if sees_file(call, file)
        and _is_asked_for(call, file, wanted)
        and (call.flag("show_files_hidden_by_limit") or not is_hidden(call, file))
    ]
    found.sort(key=lambda file: (file["created"], file["id"]), reverse=True)
    page, paging = leaf(call, found)
    return {"files": [file_view(call, file) for file in page], "paging": paging}


def files_info(call: Call) -> Raw:
    """One file."""
    file = call.backend.workspace.files.get(call.required("file"))
    if file is None or not sees_file(call, file):
        raise Refusal("file_not_found")
    return {"file": file_view(call, file), "comments": [], "response_metadata": {"next_cursor": ""}}


def get_upload_url(call: Call) -> Raw:
    """Step one: an address to which the bytes can be sent, once."""
    name = call.required("filename")
    call.required("length")
    length = call.number("length", 0)
    if length < 1:
        raise invalid_arguments("length must be greater than 0")
    backend = call.backend
    file_id = backend.acts.ids.fresh("F")
    ticket = hashlib.sha256(f"{file_id} {backend.clock.now()}".encode()).hexdigest()
    alt_text = call.text("alt_txt")
    backend.uploads[ticket] = Upload(file_id, name, length, call.token.user_id, alt_text)
    return {"upload_url": f"{call.origin}/upload/v1/{ticket}", "file_id": file_id}


def complete_upload(call: Call) -> Raw:
    """Step three: make files of what was sent, and share them, if a channel is named."""
    wanted = call.json("files", "invalid_arguments")
    if not isinstance(wanted, list) or not wanted:
        raise invalid_arguments("missing required field: files")
    channel_ids = call.names("channels") or call.names("channel_id")
    if len(channel_ids) > 100:
        raise Refusal("channels_limit_exceeded")
    channels = [writable_channel(call, channel_id) for channel_id in channel_ids]
    tickets = [_ticket(call, each) for each in cast("list[Any]", wanted)]
    files: list[Raw] = []
    for each, ticket in zip(cast("list[Raw]", wanted), tickets, strict=True):
        files.append(_complete(call, ticket, str(each.get("title") or "")))
    for channel in channels:
        _share(call, channel, files)
    return {"files": [file_view(call, file) for file in files]}


def _ticket(call: Call, wanted: Any) -> str:
    """The ticket of an upload whose bytes have come and that belongs to the caller."""
    file_id = cast("Raw", wanted).get("id") if isinstance(wanted, dict) else None
    for ticket, upload in call.backend.uploads.items():
        if upload.file_id == file_id and upload.user_id == call.token.user_id:
            if upload.content is None:
                raise Refusal("file_update_failed")
            return ticket
    raise Refusal("file_not_found")


def _complete(call: Call, ticket: str, title: str) -> Raw:
    backend = call.backend
    upload = backend.uploads.pop(ticket)
    content = upload.content or b""
    file = backend.acts.add_file(
        upload.file_id, upload.user_id, upload.name, len(content), title=title
    )
    if upload.alt_text:
        file["alt_txt"] = upload.alt_text
    backend.contents[upload.file_id] = content
    return file


def _share(call: Call, channel: Raw, files: list[Raw]) -> None:
    """Post the message that shares files."""
    message = author(call) | {"text": call.text("initial_comment")}
    if thread_ts := call.text("thread_ts"):
        message |= call.backend.acts.in_thread(channel["id"], thread_ts)
    posted = call.backend.acts.share(files, channel["id"], message)
    call.backend.sent.append((channel["id"], posted))


def _is_asked_for(call: Call, file: Raw, wanted: list[str]) -> bool:
    created = file["created"]
    kinds = [_TYPES[each] for each in wanted]
    kind = f"{file.get('mimetype', '')} {file.get('mode', '')}"
    return (
        (not call.text("channel") or call.text("channel") in places_of(file))
        and (not call.text("user") or call.text("user") == file.get("user"))
        and created >= call.number("ts_from", 0)
        and created <= call.number("ts_to", created)
        and any(part.startswith(each) for each in kinds for part in kind.split(" "))
    )


METHODS = (
    Method("files.list", files_list, Tier.THREE, ("files:read",)),
    Method("files.info", files_info, Tier.FOUR, ("files:read",)),
    Method("files.getUploadURLExternal", get_upload_url, Tier.FOUR, ("files:write",)),
    Method(
        "files.completeUploadExternal",
        complete_upload,
        Tier.FOUR,
        ("files:write",),
        takes_json=True,
    ),
)
