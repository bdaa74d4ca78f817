"""Whether rows that another machine's gate admitted are such as this policy admits.

Nothing can be admitted twice: what is keyed would be keyed again. So a machine that takes admitted
rows over looks whether they could have passed its own gate, as far as rows show it.
"""

import re

from hubbub.core.tables import TABLES, Privacy
from hubbub.core.topic import Event, NoRecord, values
from hubbub.privacy.policy import Policy
from hubbub.slack.directory import SLACK_ITSELF

_PSEUDONYM = re.compile(r"m\d+_[0-9a-f]{24}")
_PRIVACY = {
    (table.name, column.name): column.privacy
    for table in TABLES.values()
    for column in table.columns
}


def refuse_looser(event: Event, policy: Policy) -> None:
    """Raise `NoRecord` for an event that holds what the policy does not keep."""
    if policy.text == "scrubbed" and event.policy.text == "whole":
        raise NoRecord("admitted by a looser policy: texts are not scrubbed")
    if policy.links == "trimmed" and event.policy.links == "whole":
        raise NoRecord("admitted by a looser policy: links are whole")
    for table, column, value in values(event):
        privacy = _PRIVACY.get((table, column))  # none: told when the rows are read
        if privacy is not None and not _is_kept(privacy, value, policy):
            raise NoRecord(f"admitted by a looser policy: {table}.{column}")


def _is_kept(privacy: Privacy, value: object, policy: Policy) -> bool:
    if privacy is Privacy.LINK and policy.links == "domain":
        return False
    if privacy is Privacy.MEMBER and policy.pseudonyms and value not in SLACK_ITSELF:
        return isinstance(value, str) and _PSEUDONYM.fullmatch(value) is not None
    return policy.keeps(privacy)
