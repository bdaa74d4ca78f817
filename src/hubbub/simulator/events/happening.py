"""One event as it happened, before it is known which app hears of it."""

from msgspec import Struct

from hubbub.simulator.state import Raw
from hubbub.simulator.tokens import Token
from hubbub.simulator.visibility import HISTORY, READ, type_of

CHANNEL_TYPES = {
    "public_channel": "channel",
    "private_channel": "group",
    "mpim": "mpim",
    "im": "im",
}
"""What events call a conversation of a type of conversations.list."""

_SUBSCRIBED_AS = {"channel": "channels", "group": "groups", "mpim": "mpim", "im": "im"}


class Happening(Struct, frozen=True):
    """An inner event, and what an app needs to hear of it.

    `subscription` is what the event is called among an app's `bot_events`. `scopes`: one of them
    is needed; none if empty. `within` are the conversations of which the bot has to be in one;
    with none, the whole workspace hears of it. `only` is the one user whose app hears of it.
    `channel` is the conversation that it is about.
    """

    event: Raw
    subscription: str
    scopes: tuple[str, ...] = ()
    within: tuple[str, ...] | None = None
    channel: Raw | None = None
    only: str = ""

    def is_heard_by(
        self, token: Token, names: frozenset[str] | None, members: dict[str, list[str]]
    ) -> bool:
        """Whether an app hears of it whose bot has the token, and that subscribed to `names` (to
        everything if none)."""
        if names is not None and self.subscription not in names:
            return False
        if self.scopes and not token.allows(*self.scopes):
            return False
        if self.only:
            return token.user_id == self.only
        return self.within is None or any(
            token.user_id in members.get(channel_id, ()) for channel_id in self.within
        )


class Stamps(Struct):
    """Instants of events: by the clock, in microseconds, and no two the same."""

    last: int = 0

    def next(self, now: float) -> str:
        """A ts that no event and no message told of before has."""
        self.last = max(round(now * 1e6), self.last + 1)
        return f"{self.last // 1_000_000}.{self.last % 1_000_000:06d}"

    def skip(self, ts: str) -> None:
        """Leave out the ts of a message."""
        self.last = max(self.last, int(ts.replace(".", "")))


def in_channel(channel: Raw, event: Raw) -> Happening:
    """A message event: for apps whose bot is in the channel and may read it."""
    kind = type_of(channel)
    name = f"message.{_SUBSCRIBED_AS[CHANNEL_TYPES[kind]]}"
    return Happening(event, name, (HISTORY[kind],), (channel["id"],), channel)


def about_channel(channel: Raw, event: Raw, *, wide: bool = False) -> Happening:
    """What happened to a channel: with `wide`, of public ones the whole workspace hears."""
    kind = type_of(channel)
    within = None if wide and kind == "public_channel" else (channel["id"],)
    return Happening(event, event["type"], (READ[kind],), within, channel)


def on_message(channel: Raw, event: Raw, scope: str) -> Happening:
    """What was put on a message: for apps whose bot is in the channel."""
    return Happening(event, event["type"], (scope,), (channel["id"],), channel)
