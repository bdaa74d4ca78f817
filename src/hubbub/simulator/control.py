"""The simulator's own endpoints, by which another process steers and inspects it: `/_sim/…`."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from hubbub.errors import HubbubError
from hubbub.simulator.refusal import Refusal
from hubbub.simulator.saving import saved_state
from hubbub.simulator.state import Raw

if TYPE_CHECKING:
    from hubbub.simulator.simulator import Simulator


class Wish(Struct, frozen=True):
    """What is asked of an endpoint."""

    verb: str
    query: dict[str, str]
    body: bytes

    def read(self) -> Raw:
        """The body's JSON object."""
        return msgspec.json.decode(self.body or b"{}", type=Raw)


def steer(simulator: "Simulator", what: str, wish: Wish) -> tuple[int, bytes]:
    """Do what was asked; the HTTP status and the JSON that tell of it."""
    endpoint = ENDPOINTS.get(what)
    if endpoint is None:
        return 404, _told({"error": f"there is no {what}; there is: {', '.join(ENDPOINTS)}"})
    try:
        return 200, endpoint(simulator, wish)
    except Refusal as refusal:
        return 400, _told({"error": refusal.code})
    except (TypeError, ValueError, KeyError, TimeoutError, HubbubError) as error:
        return 400, _told({"error": str(error)})


def clock(simulator: "Simulator", wish: Wish) -> bytes:
    """The instant and the speed. POST `advance` (seconds), `now` (an instant) or `speed`."""
    moved = wish.read()
    if "advance" in moved:
        simulator.clock.advance(float(moved["advance"]))
    if "now" in moved:
        simulator.clock.move_to(float(moved["now"]))
    if "speed" in moved:
        simulator.clock.run(float(moved["speed"]))
    return _told({"now": simulator.clock.now(), "speed": simulator.clock.speed})


def state(simulator: "Simulator", wish: Wish) -> bytes:
    """The whole state, as `hubbub simulate --state` reads it."""
    del wish
    return saved_state(simulator.backend)


def calls(simulator: "Simulator", wish: Wish) -> bytes:
    """The calls that were made, or those of `?method=`. DELETE forgets them."""
    if wish.verb == "DELETE":
        simulator.calls.clear()
    return _told({"calls": simulator.calls.made(wish.query.get("method", ""))})


def faults(simulator: "Simulator", wish: Wish) -> bytes:
    """The faults that wait. POST the fields of one, or `chaos` with `seed` and `chance`; DELETE
    ends all."""
    if wish.verb == "DELETE":
        simulator.faults.clear()
    elif wish.verb == "POST":
        asked = wish.read()
        if "chaos" in asked:
            simulator.faults.chaos(**asked["chaos"])
        else:
            simulator.faults.add(**asked)
    waiting = [
        {"method": fault.method, "status": fault.status, "error": fault.error, "times": fault.times}
        for fault in simulator.faults.waiting()
    ]
    return _told({"faults": waiting})


def acts(simulator: "Simulator", wish: Wish) -> bytes:
    """POST `act` and its arguments, such as `{"act": "post", "channel_id": …}`: people do it."""
    asked = wish.read()
    name = str(asked.pop("act", ""))
    act = getattr(simulator.acts, name, None)
    if name.startswith("_") or not callable(act):
        raise ValueError(f"nobody can {name or 'do nothing'} here")
    return _told({"result": act(**asked)})


def events(simulator: "Simulator", wish: Wish) -> bytes:
    """How deliveries go. POST `subscribe` (a URL) with `signing_secret`, `command` (what a member
    types: `user_id`, `text`, `channel_id`, `url`), `fault` (its fields), `chaos` with `seed` and
    `chance`, `lose_connections` (a reason), `enable`, `hold`, `release`, `pump`, or `drain`
    (seconds); DELETE ends faults."""
    control = simulator.events
    asked = wish.read() if wish.verb == "POST" else {}
    if wish.verb == "DELETE":
        control.faults.clear()
    if "subscribe" in asked:
        secret = str(asked.get("signing_secret", ""))
        simulator.subscribe(str(asked["subscribe"]), signing_secret=secret)
    if "fault" in asked:
        control.faults.add(**asked["fault"])
    if "chaos" in asked:
        control.faults.chaos(**asked["chaos"])
    if "lose_connections" in asked:
        control.lose_connections(str(asked["lose_connections"]))
    for name in ("enable", "hold", "release", "pump"):
        if asked.get(name):
            getattr(control, name)()
    if "drain" in asked:
        control.drain(float(asked["drain"]))
    answered = {"answer": control.command(**asked["command"])} if "command" in asked else {}
    faults = [{"kind": each.kind, "times": each.times} for each in control.faults.waiting()]
    return _told({**control.status(), **answered, "faults": faults})


def tokens(simulator: "Simulator", wish: Wish) -> bytes:
    """The tokens that the simulator knows. POST `revoke` with one, or `uninstall` with an app."""
    asked = wish.read() if wish.verb == "POST" else {}
    if "revoke" in asked:
        simulator.events.revoke(str(asked["revoke"]))
    if "uninstall" in asked:
        simulator.events.uninstall(str(asked["uninstall"]))
    return _told({"tokens": simulator.tokens.all()})


ENDPOINTS: dict[str, Callable[["Simulator", Wish], bytes]] = {
    "clock": clock,
    "state": state,
    "calls": calls,
    "faults": faults,
    "acts": acts,
    "events": events,
    "tokens": tokens,
}
"""The endpoints by name."""


def _told(answer: Any) -> bytes:
    return msgspec.json.encode(answer)
