"""What the invention starts from, before there is anybody."""

import random

from msgspec import Struct

from hubbub.simulator.corpus import Table
from hubbub.simulator.ids import Ids


class Premise(Struct, frozen=True):
    """The dice, the corpus and the span of the story, in seconds since 1970."""

    rng: random.Random
    ids: Ids
    community: Table
    since: float
    until: float

    def instant(self, share: float) -> float:
        """The instant at which so much of the story (0 to 1) is over."""
        return self.since + (self.until - self.since) * share
