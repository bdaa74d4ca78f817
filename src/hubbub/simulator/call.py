"""One call of a method: who asks, with which arguments, and readers of those."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import msgspec
from msgspec import Struct

from hubbub.simulator.limits import Tier
from hubbub.simulator.refusal import Refusal, invalid_arguments
from hubbub.simulator.state import Raw
from hubbub.simulator.tokens import Token, TokenKind

if TYPE_CHECKING:
    from hubbub.simulator.backend import Backend

CAPPED = 15
"""Objects a page, at most, in history for unlisted commercial apps."""


class Call(Struct):
    """A call whose token is known to be good.

    `origin` is where the simulator is reached, for the URLs of files. `longest_page` cuts pages
    shorter than asked for, as Slack may at any time.
    """

    method: str
    arguments: Raw
    backend: "Backend"
    token: Token
    origin: str
    longest_page: int | None = None
    warnings: list[str] = []

    def text(self, name: str) -> str:
        """An argument as text; empty if it was not given."""
        value = self.arguments.get(name)
        if value is None or isinstance(value, dict | list):
            return ""
        return str(value)

    def required(self, name: str) -> str:
        """An argument that has to be there."""
        value = self.text(name)
        if not value:
            raise invalid_arguments(f"missing required field: {name}")
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A yes or no: true, 1, or the words."""
        value = self.text(name).lower()
        return value in {"1", "true"} if value else default

    def number(self, name: str, default: int) -> int:
        """A number; Slack passes in silence over what is none."""
        value = self.text(name)
        return int(value) if value.removeprefix("-").isdecimal() else default

    def names(self, name: str) -> list[str]:
        """A list, given with commas or as JSON."""
        value = self.arguments.get(name)
        if isinstance(value, list):
            return [str(each) for each in cast("list[object]", value)]
        return [each.strip() for each in self.text(name).split(",") if each.strip()]

    def json(self, name: str, code: str) -> Any:
        """An argument that is JSON: already read in a JSON body, a string in a form. None if it
        was not given; what is no JSON is refused with `code`."""
        value = self.arguments.get(name)
        if not isinstance(value, str):
            return value
        try:
            return msgspec.json.decode(value) if value else None
        except msgspec.DecodeError:
            raise Refusal(code) from None

    def limit(self, default: int, most: int) -> int:
        """How many objects a page may have: what is out of range is adjusted."""
        asked = self.number("limit", default)
        return default if asked < 1 else min(asked, most)

    def strict_limit(self, default: int, most: int) -> int:
        """The same for methods that refuse what is no number of objects."""
        value = self.text("limit")
        if value and not value.isdecimal():
            raise Refusal("invalid_limit")
        return self.limit(default, most)

    def page_size(self, limit: int) -> int:
        """The objects on this page, if it is cut shorter than its limit."""
        return limit if self.longest_page is None else min(limit, self.longest_page)


class Method(Struct, frozen=True):
    """A method of the Web API.

    `scopes`: one of them is needed; none if empty. What depends on the kind of a conversation is
    asked for by the method itself. `capped`: belongs to the class with one call a minute for
    unlisted commercial apps. `is_open`: answers without a token.
    """

    name: str
    answer: Callable[[Call], Raw]
    tier: Tier
    scopes: tuple[str, ...] = ()
    takes_json: bool = False
    capped: bool = False
    is_open: bool = False
    kinds: tuple[TokenKind, ...] = ("bot", "user")
