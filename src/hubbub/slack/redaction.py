"""Takes members out of Slack's own JSON, for what is kept of it beside the tables."""

import re
from collections.abc import Callable, Iterable
from typing import Any, cast

from hubbub.slack.values import is_record

_ID = re.compile(r"(?<![A-Za-z0-9])[UW][A-Z0-9]+(?![A-Za-z0-9])")
BEFORE, AFTER = r"(?<!\w)", r"(?!\w)"
"""No part of a longer word."""
NOBODY = "[MEMBER]"
"""What stands where a member was named."""


def standing_alone(names: Iterable[str]) -> re.Pattern[str]:
    """Finds names in any case where they are no part of a longer word."""
    alternatives = "|".join(re.escape(each) for each in sorted(names, key=len, reverse=True))
    return re.compile(f"{BEFORE}(?:{alternatives}){AFTER}", re.IGNORECASE)


def without_members(
    content: Any, is_gone: Callable[[str], bool], names: re.Pattern[str] | None = None
) -> Any:
    """JSON without what belongs to some members, named by id: their messages and directory entries,
    their places in lists; elsewhere their ids, and `names`, are replaced."""
    if isinstance(content, list):
        items = cast("list[Any]", content)
        return [without_members(each, is_gone, names) for each in items
                if not _belongs(each, is_gone)]  # fmt: skip
    if is_record(content):
        return {
            key: without_members({} if is_record(value) and _belongs(value, is_gone) else value,
                                 is_gone, names)
            for key, value in content.items()
        }  # fmt: skip
    if isinstance(content, str):
        named = _ID.sub(lambda found: NOBODY if is_gone(found[0]) else found[0], content)
        return names.sub(NOBODY, named) if names else named
    return content


def _belongs(item: Any, is_gone: Callable[[str], bool]) -> bool:
    """Whether an item is a member who is gone, or theirs."""
    if isinstance(item, str):
        return is_gone(item)
    if not is_record(item):
        return False
    told = [item.get(name) for name in ("user", "author_id", "id", "user_id")]
    return any(isinstance(value, str) and is_gone(value) for value in told)
