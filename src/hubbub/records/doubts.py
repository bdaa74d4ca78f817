"""What can be doubtful in a record: a closed list of codes, each with a sentence for people."""

from typing import NamedTuple


class Doubt(NamedTuple):
    """Why a field is doubtful, and how far what was read can be trusted all the same."""

    sentence: str
    confidence: int
    """0 to 100."""


DOUBTS = {
    "missing": Doubt("It is not there, and the record is not complete without it.", 0),
    "unreadable": Doubt("What stands there could not be read.", 0),
    "assumed": Doubt("It is not there; this is taken for it.", 50),
    "year_mended": Doubt("The year does not fit the day of the post; it is taken for a slip.", 80),
    "spelling_mended": Doubt("It is spelled in an unusual way.", 80),
    "far_from_post": Doubt("The day is too long before the post, or after it.", 40),
    "day_order": Doubt("Day and month could be the other way round.", 50),
    "weekday": Doubt("The day of the week does not fit the date.", 60),
    "several": Doubt("More than one stands there; the first is taken.", 50),
    "said_twice": Doubt("It is said twice, and not alike.", 50),
    "contradicts": Doubt("The number does not fit the people who are named.", 50),
    "roughly": Doubt("The number is no exact one.", 50),
    "out_of_range": Doubt("The number is not between the least and the most there can be.", 30),
    "unclear_name": Doubt("Some of this may be no name, or stand for more than one.", 40),
    "run_together": Doubt("These may be one name or several.", 50),
    "unnamed": Doubt("Some people are counted here but not named.", 60),
    "unknown_choice": Doubt("It is none of the choices.", 0),
    "loose_label": Doubt("It stands where other things are told, or without a clear label.", 60),
}
"""By code. A code is stored with the value; sentences may change."""

SURE = 100
INFERRED = 90
"""The confidence of what is not doubtful but was not written at its own place."""


def confidence(doubt: str | None, *, is_written: bool = True) -> int:
    """How far a value can be trusted, 0 to 100."""
    if doubt is not None:
        return DOUBTS[doubt].confidence
    return SURE if is_written else INFERRED
