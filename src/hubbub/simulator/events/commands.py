"""Slash commands that members give: what an app is sent, slack-platform.md §5."""

from urllib.parse import urlencode

import msgspec

from hubbub.simulator.events.envelopes import LEGACY_TOKEN
from hubbub.simulator.state import Raw, Workspace


def command(
    workspace: Workspace, app_id: str, user: Raw, name: str, text: str, channel: Raw
) -> Raw:
    """The fields of a command, as forms and envelopes have them alike."""
    team = workspace.team
    is_direct = channel.get("is_im")
    return {
        "token": LEGACY_TOKEN,
        "team_id": team["id"],
        "team_domain": team["domain"],
        "channel_id": channel["id"],
        "channel_name": "directmessage" if is_direct else channel.get("name", ""),
        "user_id": user["id"],
        "user_name": user["name"],
        "command": name,
        "text": text,
        "api_app_id": app_id,
        "is_enterprise_install": "false",
        "response_url": f"https://hooks.slack.com/commands/{team['id']}/1/simulated",
        "trigger_id": f"1.{team['id']}.simulated",
    }


def form(fields: Raw) -> bytes:
    """The body of a request."""
    return urlencode(fields).encode()


def shown(body: bytes) -> Raw:
    """What the app wants to be shown; nothing if it only says that it has heard, and a plain text
    for the member alone."""
    if not body.strip():
        return {}
    try:
        return msgspec.json.decode(body, type=Raw)
    except msgspec.DecodeError:
        return {"response_type": "ephemeral", "text": body.decode("utf-8", "replace")}
