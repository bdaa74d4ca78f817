"""The envelope of an event, and the signature of a request: slack-platform.md §4.2, §5.1."""

import base64
import hashlib
import hmac
import random
import time
from typing import Any

import msgspec

from hubbub.simulator.events.happening import Happening
from hubbub.simulator.ids import Ids
from hubbub.simulator.state import Raw
from hubbub.simulator.tokens import Token

LEGACY_TOKEN = "simulatedLegacyToken"  # noqa: S105 - the field that Slack sends and nobody should read


class Envelopes:
    """Wraps events for one app of one workspace."""

    def __init__(self, team_id: str, app_id: str) -> None:
        self._team_id = team_id
        self._app_id = app_id
        self._ids = Ids(random.Random(f"{team_id} {app_id} events"))

    def next_id(self) -> str:
        """A new event id."""
        return self._ids.fresh("Ev")

    def wrap(self, event_id: str, happening: Happening, token: Token, now: float) -> bytes:
        """The JSON by which an event is delivered."""
        event, channel = happening.event, happening.channel or {}
        author = event.get("team") or self._team_id if channel.get("is_ext_shared") else ""
        authorization: Raw = {
            "enterprise_id": None,
            "team_id": self._team_id,
            "user_id": token.user_id,
            "is_bot": True,
            "is_enterprise_install": False,
        }
        context = f'{{"et":"{event["type"]}","tid":"{self._team_id}","eid":"{event_id}"}}'
        return msgspec.json.encode(
            {
                "token": LEGACY_TOKEN,
                "team_id": author or self._team_id,
                "context_team_id": self._team_id,
                "context_enterprise_id": None,
                "api_app_id": self._app_id,
                "event": event,
                "type": "event_callback",
                "event_id": event_id,
                "event_time": int(float(event.get("event_ts", now))),
                "authorizations": [authorization],
                "is_ext_shared_channel": bool(channel.get("is_ext_shared")),
                "event_context": "4-" + base64.urlsafe_b64encode(context.encode()).decode(),
            }
        )

    def rate_limited(self, minute: int) -> bytes:
        """What tells that events of a minute (its beginning, seconds since 1970) are left out."""
        told: dict[str, Any] = {
            "token": LEGACY_TOKEN,
            "type": "app_rate_limited",
            "team_id": self._team_id,
            "minute_rate_limited": minute,
            "api_app_id": self._app_id,
        }
        return msgspec.json.encode(told)


def signed(secret: str, body: bytes, media_type: str = "application/json") -> dict[str, str]:
    """The headers of a request that is sent now.

    The time is the machine's, whatever the simulator's clock says: receivers compare it with their
    own.
    """
    timestamp = str(int(time.time()))
    base = b"v0:" + timestamp.encode() + b":" + body
    signature = hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()
    return {
        "content-type": media_type,
        "user-agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
        "x-slack-request-timestamp": timestamp,
        "x-slack-signature": f"v0={signature}",
    }
