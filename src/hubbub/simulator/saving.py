"""The state of a simulator as one JSON file, to go on with later."""

import msgspec
from msgspec import Struct

from hubbub.errors import Unreadable
from hubbub.simulator.backend import Backend
from hubbub.simulator.state import Workspace
from hubbub.simulator.tokens import Token

FORMAT = "hubbub simulator 1"


class Saved(Struct):
    """A simulator at an instant (seconds since 1970). Limits and cursors do not outlive it."""

    workspace: Workspace
    now: float
    tokens: list[Token] = []
    contents: dict[str, bytes] = {}
    format: str = FORMAT


def saved_state(backend: Backend) -> bytes:
    """The state as JSON."""
    with backend.lock:
        saved = Saved(
            backend.workspace, backend.clock.now(), backend.tokens.all(), backend.contents
        )
        return msgspec.json.encode(saved)


def read_state(content: bytes, origin: str) -> Saved:
    """The state that JSON holds. Raises `Unreadable`; `origin` says where it lies."""
    fix = "Give a file that `hubbub simulate --state` or GET /_sim/state wrote."
    try:
        saved = msgspec.json.decode(content, type=Saved)
    except msgspec.DecodeError as error:
        raise Unreadable(f"{origin} is no state of a simulator: {error}", fix) from error
    if saved.format != FORMAT:
        raise Unreadable(f"{origin} is of another version: {saved.format}", fix)
    return saved
