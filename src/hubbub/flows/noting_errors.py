"""Takes out of an error what it may say of people, before it is kept or logged."""

import re
from collections.abc import Sequence

import duckdb

from hubbub.errors import HubbubError
from hubbub.flows.workspace import policy_of_workspace
from hubbub.privacy.scrub import Scrubber
from hubbub.settings import Settings
from hubbub.stores import duckdb as store

_HIDDEN = "…"
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|“[^”]*”|‘[^’]*’")
_IDS = re.compile(r"<[^>]*>|[@#][\w.-]+|\b[UWCGDTBA][A-Z0-9]{7,}\b|\b[a-z]\d+_[0-9a-f]{8,}\b")
"""Slack's ids and mentions, handles, names of channels, and pseudonyms."""
_SHORTEST_NAME = 2
_WAIT = 5.0
_LONGEST = 500


def without_people(settings: Settings, errors: Sequence[str]) -> tuple[str, ...]:
    """Errors without quotations, ids, handles, addresses, numbers and members' names. None at all
    where the policy keeps no names, since nobody knows them then."""
    if not errors or not policy_of_workspace(settings).names:
        return ()
    try:
        names = _names(settings)
    except (HubbubError, duckdb.Error):  # a store that cannot be read says nobody's name
        return ()
    scrubber = Scrubber()
    told: list[str] = []
    for error in errors:
        text = _IDS.sub(_HIDDEN, _QUOTED.sub(_HIDDEN, error))
        if names is not None:
            text = names.sub(_HIDDEN, text)
        told.append(scrubber.scrub(text[:_LONGEST]).text)
    return tuple(told)


def _names(settings: Settings) -> re.Pattern[str] | None:
    """What members are called, as the store knows it."""
    if not store.exists(settings.store):
        return None
    with store.reading(settings.store, wait=_WAIT) as connection:
        rows = connection.execute("SELECT name, real_name, display_name FROM users").fetchall()
    found = {name for row in rows for name in row if name and len(name) >= _SHORTEST_NAME}
    parts = {part for name in found for part in name.split() if len(part) > _SHORTEST_NAME}
    alternatives = "|".join(map(re.escape, sorted(found | parts, key=len, reverse=True)))
    return re.compile(rf"(?<!\w)(?:{alternatives})(?!\w)", re.IGNORECASE) if found else None
