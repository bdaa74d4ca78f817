"""What a detector hands back, and the words around a find that decide about it."""

import re

Hit = tuple[int, int, str]
"""Where a find begins and ends in the plain text, and its kind."""

PLACEHOLDER = re.compile(r"\[[A-Z]{2,12}\]")
"""What stands where something was taken out."""


def nearest(cues: re.Pattern[str], low: str, place: int, reach: int = 40) -> str | None:
    """The name of the group of the last cue before a place on the same line or the one before it;
    None where there is none within reach. `low` is the text in lower case."""
    last = None
    for match in cues.finditer(low, max(0, place - reach), place):
        last = match.lastgroup
    return last
