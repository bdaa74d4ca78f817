"""What people put on messages: the part of `Acts` that concerns reactions and pins."""

from hubbub.simulator.refusal import Refusal
from hubbub.simulator.speech import Speech, alone
from hubbub.simulator.state import Raw


class Marks(Speech):
    """Reactions and pins, set and taken off."""

    @alone
    def react(self, channel_id: str, ts: str, user_id: str, emoji: str) -> None:
        """Add a reaction; a second one of the same kind by the same user changes nothing."""
        message = self.message(channel_id, ts)
        reactions: list[Raw] = message.setdefault("reactions", [])
        if all(reaction["name"] != emoji for reaction in reactions):
            reactions.append({"name": emoji, "users": [], "count": 0})
        reaction = next(each for each in reactions if each["name"] == emoji)
        if user_id in reaction["users"]:
            return
        reaction["users"].append(user_id)
        reaction["count"] += 1
        self._refresh(channel_id, message)
        self.news.reacted(self.channel(channel_id), message, user_id, emoji, added=True)

    @alone
    def unreact(self, channel_id: str, ts: str, user_id: str, emoji: str) -> None:
        """Take a reaction back."""
        message, taken = self.message(channel_id, ts), False
        for reaction in message.get("reactions", []):
            if reaction["name"] == emoji and user_id in reaction["users"]:
                reaction["users"].remove(user_id)
                reaction["count"] -= 1
                taken = True
        left = [each for each in message.pop("reactions", []) if each["count"] > 0]
        message |= {"reactions": left} if left else {}
        self._refresh(channel_id, message)
        if taken:
            self.news.reacted(self.channel(channel_id), message, user_id, emoji, added=False)

    @alone
    def pin(self, channel_id: str, ts: str, user_id: str) -> None:
        """Pin a message."""
        message = self.message(channel_id, ts)
        message["pinned_to"] = [channel_id]
        pin: Raw = {"id": ts, "type": "C", "created": int(self.clock.now()), "user": user_id}
        pins = self.workspace.pins.setdefault(channel_id, [])
        pins.append(pin | {"owner": user_id})
        channel = self.channel(channel_id)
        self.news.pinned(channel, message, user_id, pins, pin=pin, added=True)

    @alone
    def unpin(self, channel_id: str, ts: str, user_id: str) -> None:
        """Take a pin off a message."""
        message = self.message(channel_id, ts)
        pins = self.workspace.pins.get(channel_id, [])
        pin = next((each for each in pins if each["id"] == ts), None)
        if pin is None:
            raise Refusal("no_pin")
        pins.remove(pin)
        message.pop("pinned_to", None)
        channel = self.channel(channel_id)
        self.news.pinned(channel, message, user_id, pins, pin=pin, added=False)
