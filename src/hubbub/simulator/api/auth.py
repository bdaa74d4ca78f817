"""Who asks, and which workspace this is."""

from hubbub.simulator.call import Call, Method
from hubbub.simulator.limits import Tier
from hubbub.simulator.refusal import Refusal
from hubbub.simulator.state import Raw


def auth_test(call: Call) -> Raw:
    """Say whose token it is."""
    team, token = call.backend.workspace.team, call.token
    user = call.backend.user(token.user_id) or {}
    answer: Raw = {
        "url": call.backend.url,
        "team": team["name"],
        "user": user.get("name", ""),
        "team_id": team["id"],
        "user_id": token.user_id,
    }
    if token.bot_id:
        answer["bot_id"] = token.bot_id
    return answer | {"is_enterprise_install": False}


def team_info(call: Call) -> Raw:
    """Describe the workspace; another one is out of sight."""
    team = call.backend.workspace.team
    asked = call.text("team") or team["id"]
    if asked != team["id"] or call.text("domain") not in {"", team["domain"]}:
        raise Refusal("team_not_found")
    return {"team": {"email_domain": "", **team, "url": call.backend.url}}


def api_test(call: Call) -> Raw:
    """Repeat the arguments, or fail as told."""
    if error := call.text("error"):
        raise Refusal(error, args=call.arguments)
    return {"args": call.arguments}


def connections_open(call: Call) -> Raw:
    """Begin a connection of Socket Mode: where it can be opened, once."""
    app_id = call.token.app_id
    ticket = call.backend.events.connect(app_id)
    host = call.origin.replace("http", "ws", 1)
    return {"url": f"{host}/link/?ticket={ticket}&app_id={app_id}"}


METHODS = (
    Method("auth.test", auth_test, Tier.SPECIAL, takes_json=True),
    Method("team.info", team_info, Tier.THREE, ("team:read",), takes_json=True),
    Method("api.test", api_test, Tier.FOUR, takes_json=True, is_open=True),
    Method(
        "apps.connections.open",
        connections_open,
        Tier.THREE,
        ("connections:write",),
        takes_json=True,
        kinds=("app",),
    ),
)
