"""What was said: history, newest first, and threads, oldest first."""

import re
from bisect import bisect_left, bisect_right

from msgspec import Struct

from hubbub.simulator.call import CAPPED, Call, Method
from hubbub.simulator.limits import Tier
from hubbub.simulator.paging import begin, next_cursor
from hubbub.simulator.refusal import Refusal
from hubbub.simulator.state import Raw, is_reply, replies_of, ts_of
from hubbub.simulator.views import message_view
from hubbub.simulator.visibility import HISTORY, horizon, read_channel

MOST_OF_HISTORY = 999
MOST_OF_THREAD = 1000
"""Objects a page, at most."""

_TS = re.compile(r"(\d{1,12})(?:\.(\d*))?")


class Bounds(Struct, frozen=True):
    """The ts between which messages are asked for, as given and in the ts' own form."""

    oldest: str
    latest: str
    inclusive: bool

    @classmethod
    def of(cls, call: Call) -> "Bounds":
        """The bounds of a call. Refuses what is no time."""
        oldest = _instant(call.text("oldest"), "invalid_ts_oldest")
        latest = _instant(call.text("latest"), "invalid_ts_latest")
        return cls(oldest, latest, call.flag("inclusive"))

    @property
    def begins_at_oldest(self) -> bool:
        """Whether pages are taken from the oldest end: where nothing says how new they may be."""
        return bool(self.oldest) and not self.latest

    def within(self, messages: list[Raw], hidden_before: str) -> tuple[int, int]:
        """Where the messages between the bounds begin and end."""
        before, behind = (
            (bisect_left, bisect_right) if self.inclusive else (bisect_right, bisect_left)
        )
        first = before(messages, self.oldest, key=ts_of) if self.oldest else 0
        after = behind(messages, self.latest, key=ts_of) if self.latest else len(messages)
        return max(first, bisect_left(messages, hidden_before, key=ts_of)), after


def history(call: Call) -> Raw:
    """A page of a conversation: what stands at its top level, the newest first."""
    channel = read_channel(call, HISTORY)
    channel_id = channel["id"]
    messages = call.backend.workspace.messages.get(channel_id, [])
    bounds, hidden_before = Bounds.of(call), horizon(call)
    first, after = bounds.within(messages, hidden_before)
    page, following = _walk(call, messages, first, after, bounds, channel_id)
    metadata = call.flag("include_all_metadata")
    answer: Raw = {
        "messages": [message_view(call, message, metadata=metadata) for message in page],
        "has_more": following is not None,
    }
    if hidden_before and messages and messages[0]["ts"] < hidden_before:
        answer["is_limited"] = True
    answer |= {
        "pin_count": len(call.backend.workspace.pins.get(channel_id, [])),
        "channel_actions_ts": None,
        "channel_actions_count": 0,
    }
    answer |= {name: call.text(name) for name in ("oldest", "latest") if call.text(name)}
    return answer | _continued(call, channel_id, following)


def replies(call: Call) -> Raw:
    """A page of a thread: its root, then the replies, the oldest first."""
    channel = read_channel(call, HISTORY)
    channel_id = channel["id"]
    messages = call.backend.workspace.messages.get(channel_id, [])
    root = _root(call, channel_id)
    thread = replies_of(messages, root)
    first, after = Bounds.of(call).within(thread, "")
    if position := begin(call, channel_id):
        first = max(first, bisect_left(thread, _from_cursor(position), key=ts_of))
    # The root is one of the objects of a page, but no page goes without a reply.
    end = first + call.page_size(max(_limit(call, MOST_OF_THREAD, MOST_OF_THREAD) - 1, 1))
    following = thread[end]["ts"] if end < after else None
    metadata = call.flag("include_all_metadata")
    page = [root, *thread[first : min(end, after)]]
    return {
        "messages": [message_view(call, message, metadata=metadata) for message in page],
        "has_more": following is not None,
        **_continued(call, channel_id, following),
    }


def _walk(
    call: Call, messages: list[Raw], first: int, after: int, bounds: Bounds, channel_id: str
) -> tuple[list[Raw], str | None]:
    """The page's messages, and the ts at which the next page begins."""
    forward, position = bounds.begins_at_oldest, begin(call, channel_id)
    if position and forward:
        first = max(first, bisect_left(messages, _from_cursor(position), key=ts_of))
    elif position:
        after = min(after, bisect_right(messages, _from_cursor(position), key=ts_of))
    size = call.page_size(_limit(call, 100, MOST_OF_HISTORY))
    page: list[Raw] = []
    following: str | None = None
    for place in range(first, after) if forward else range(after - 1, first - 1, -1):
        message = messages[place]
        if is_reply(message) and message.get("subtype") != "thread_broadcast":
            continue
        if len(page) >= size:
            following = message["ts"]
            break
        page.append(message)
    return (page[::-1] if forward else page), following


def _root(call: Call, channel_id: str) -> Raw:
    """The root of the thread of any of its messages; hidden threads are not found."""
    ts = _instant(call.required("ts"), "thread_not_found")
    message = call.backend.workspace.find(channel_id, ts)
    if message is not None and is_reply(message):
        message = call.backend.workspace.find(channel_id, message["thread_ts"])
    if message is None or message["ts"] < horizon(call):
        raise Refusal("thread_not_found")
    return message


def _limit(call: Call, default: int, most: int) -> int:
    if call.backend.app_class == "unlisted":
        return call.limit(CAPPED, CAPPED)
    return call.limit(default, most)


def _continued(call: Call, channel_id: str, following: str | None) -> Raw:
    if following is None:
        return {}
    position = f"next_ts:{following.replace('.', '')}"
    return {"response_metadata": {"next_cursor": next_cursor(call, position, channel_id)}}


def _from_cursor(position: str) -> str:
    return f"{position[:-6]}.{position[-6:]}"


def _instant(value: str, refusal: str) -> str:
    """A time in the form of a ts; empty if none was given. Seconds may stand without a dot."""
    if not value or value == "now":
        return ""
    match = _TS.fullmatch(value)
    if match is None:
        raise Refusal(refusal)
    seconds, fraction = match[1], match[2] or ""
    return f"{min(int(seconds), 9_999_999_999):010d}.{fraction[:6].ljust(6, '0')}"


_HISTORY = tuple(HISTORY.values())

METHODS = (
    Method("conversations.history", history, Tier.THREE, _HISTORY, takes_json=True, capped=True),
    Method("conversations.replies", replies, Tier.THREE, _HISTORY, capped=True),
)
