"""What the tests of the simulator share: small workspaces, and a plain HTTP client."""

import http.client
import json
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec

from hubbub.simulator.clock import Clock
from hubbub.simulator.community import UNTIL, invent
from hubbub.simulator.simulator import Simulator
from hubbub.simulator.state import Raw, Workspace

NOW = UNTIL.timestamp()
FORM = "application/x-www-form-urlencoded"


@cache
def _invented() -> bytes:
    return msgspec.json.encode(invent(seed=3, members=60, days=120))


def invented() -> Workspace:
    """An invented community; a fresh copy each time."""
    return msgspec.json.decode(_invented(), type=Workspace)


def empty() -> Simulator:
    """A simulator of a workspace with two members and nothing said: U1 owns it, U2 is there too.

    Channels: C1 and C2 (public), P1 (private, of U1). The clock is moved by hand.
    """
    team: Raw = {"id": "T1", "name": "Grove", "domain": "grove"}
    simulator = Simulator(Workspace(team, "UTC"), clock=Clock.manual(NOW))
    for user_id, name in (("U1", "olive"), ("U2", "bram")):
        simulator.acts.add_user(name, id=user_id, is_primary_owner=user_id == "U1")
    for channel_id, private in (("C1", False), ("C2", False), ("P1", True)):
        simulator.acts.create_channel(channel_id.lower(), "U1", private=private, id=channel_id)
    simulator.acts.join("C1", "U2")
    for said in simulator.workspace.messages.values():
        said.clear()
    return simulator


def public(workspace: Workspace) -> list[Raw]:
    """The public channels."""
    return [c for c in workspace.channels if not c["is_im"] and not c["is_private"]]


def named(workspace: Workspace, name: str) -> str:
    """The id of the channel of that name."""
    return next(channel["id"] for channel in workspace.channels if channel.get("name") == name)


@dataclass(frozen=True)
class Reply:
    """An HTTP response."""

    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def body(self) -> Any:
        """The response's JSON."""
        return json.loads(self.content)

    @property
    def error(self) -> str:
        """The error code; empty if there is none."""
        return self.body.get("error", "")


class Client:
    """Calls methods by HTTP with a token, without any knowledge of Slack."""

    def __init__(self, simulator: Simulator, token: str = "") -> None:
        self._host = urlsplit(simulator.origin).netloc
        self._connection = http.client.HTTPConnection(self._host, timeout=10)
        self.token = token

    def __call__(self, method: str, **arguments: object) -> Reply:
        """POST a form with the token in the header."""
        return self.send("POST", f"/api/{method}", urlencode(arguments).encode(), FORM)

    def send(
        self,
        verb: str,
        path: str,
        body: bytes = b"",
        content_type: str = "",
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """Send anything; the token is in the header unless other headers are given."""
        sent = {"Authorization": f"Bearer {self.token}"} if headers is None else dict(headers)
        if content_type:
            sent["Content-Type"] = content_type
        try:
            self._connection.request(verb, path, body or None, sent)
            response = self._connection.getresponse()
            names = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, names, response.read())
        except Exception:
            self.close()
            raise

    def walk(self, method: str, field: str, **arguments: object) -> list[list[Any]]:
        """The pages of a method, by its cursor to the end."""
        pages: list[list[Any]] = []
        cursor: dict[str, object] = {}
        while True:
            body = self(method, **arguments, **cursor).body
            assert body["ok"], body
            pages.append(body[field])
            following = body.get("response_metadata", {}).get("next_cursor")
            assert body.get("has_more", bool(following)) == bool(following)
            if not following:
                return pages
            cursor = {"cursor": following}

    def close(self) -> None:
        """Close the connection; the next call opens another."""
        self._connection.close()
