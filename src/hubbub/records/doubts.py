"""What can be doubtful in a record: a closed list of codes, each with a sentence for people."""

DOUBTS = {
    "missing": "It is not there, and the record is not complete without it.",
    "unreadable": "What stands there could not be read.",
    "assumed": "It is not there; this is taken for it.",
    "year_mended": "The year does not fit the day of the post; it is taken for a slip.",
    "spelling_mended": "It is spelled in an unusual way.",
    "far_from_post": "The day is too long before the post, or after it.",
    "day_order": "Day and month could be the other way round.",
    "weekday": "The day of the week does not fit the date.",
    "several": "More than one stands there; the first is taken.",
    "said_twice": "It is said twice, and not alike; the first is taken.",
    "contradicts": "The number does not fit the people who are named.",
    "roughly": "The number is no exact one.",
    "out_of_range": "The number is not between the least and the most that there can be.",
    "unclear_name": "Some of this may be no name of a person.",
    "run_together": "These may be several names with nothing between them.",
    "unnamed": "Some people are counted here but not named.",
    "unknown_choice": "It is none of the choices.",
    "loose_label": "It has no colon behind its label, or stands where other things are told.",
    "quoted": "It stands in a quotation.",
}
"""Code to sentence. A code is stored with the value; sentences may change."""
