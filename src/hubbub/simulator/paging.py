"""Pages: opaque cursors that expire, and lists cut by cursor or by page number."""

import base64
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct

from hubbub.simulator.refusal import Refusal
from hubbub.simulator.state import Raw

if TYPE_CHECKING:
    from hubbub.simulator.call import Call

T = TypeVar("T")

_KEPT = 100_000
"""Of so many cursors the expired ones are forgotten."""


class Cursors(Struct):
    """The cursors that were given out; each is good for its method and channel, for a while."""

    lifetime: float
    _given: dict[tuple[str, str, str], float] = {}

    def give(self, method: str, channel_id: str, position: str, now: float) -> str:
        """A cursor for the page that begins at a position, such as `next_ts:1512085861000543`."""
        if len(self._given) >= _KEPT:
            alive = now - self.lifetime
            self._given = {key: at for key, at in self._given.items() if at >= alive}
        cursor = base64.b64encode(position.encode()).decode()
        self._given[method, channel_id, cursor] = now
        return cursor

    def take(self, method: str, channel_id: str, cursor: str, now: float) -> str:
        """The position that a cursor stands for. Refuses foreign and expired ones."""
        given = self._given.get((method, channel_id, cursor))
        if given is None or now - given > self.lifetime:
            raise Refusal("invalid_cursor")
        return base64.b64decode(cursor).decode()

    def expire(self) -> None:
        """Let every cursor expire now."""
        self._given.clear()


def begin(call: "Call", channel_id: str = "") -> str:
    """The position at which the page that a call asks for begins; empty for the first page."""
    cursor = call.text("cursor")
    if not cursor:
        return ""
    backend = call.backend
    position = backend.cursors.take(call.method, channel_id, cursor, backend.clock.now())
    return position.partition(":")[2]


def next_cursor(call: "Call", position: str, channel_id: str = "") -> str:
    """The cursor for the page that begins at a position, written `kind:where`."""
    backend = call.backend
    return backend.cursors.give(call.method, channel_id, position, backend.clock.now())


def cut(
    call: "Call", items: Sequence[T], limit: int, kind: str, channel_id: str = ""
) -> tuple[list[T], Raw]:
    """One page of a list, and the `response_metadata` with the cursor of the next one.

    `kind` is the word before the colon in the cursor.
    """
    start = int(begin(call, channel_id) or 0)
    end = start + call.page_size(limit)
    following = next_cursor(call, f"{kind}:{end}", channel_id) if end < len(items) else ""
    return list(items[start:end]), {"next_cursor": following}


def leaf(call: "Call", items: Sequence[Any]) -> tuple[list[Any], Raw]:
    """One page of a list by `page` and `count`, and the `paging` that tells where it lies."""
    count = min(max(call.number("count", 100), 1), 1000)
    page = max(call.number("page", 1), 1)
    pages = -(-len(items) // count)
    paging: Raw = {"count": count, "total": len(items), "page": page, "pages": pages}
    return list(items[(page - 1) * count : page * count]), paging
