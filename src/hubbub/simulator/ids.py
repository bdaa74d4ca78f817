"""Slack-like ids, never the same twice in one workspace."""

import random
import uuid

ALPHABET = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"


class Ids:
    """Draws ids from the community's own random numbers, so that a seed always gives the same."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._drawn: set[str] = set()

    def fresh(self, kind: str) -> str:
        """A new id; `kind` is Slack's letter: U, C, G, D, F, B, A, S, T."""
        while True:
            drawn = f"{kind}0" + "".join(self._rng.choices(ALPHABET, k=9))
            if drawn not in self._drawn:
                self._drawn.add(drawn)
                return drawn

    def client_message(self) -> str:
        """The uuid with which a human's client marks a message."""
        return str(uuid.UUID(int=self._rng.getrandbits(128), version=4))

    def block(self) -> str:
        """A short id for a block of rich text."""
        return "".join(self._rng.choices(ALPHABET, k=5))
