"""Takes personal data and secrets out of texts."""

from hubbub.privacy.scrub.people import Person
from hubbub.privacy.scrub.scrubber import (
    DEFAULT_REGIONS,
    Found,
    Scrubbed,
    Scrubber,
    Span,
    Unscrubbable,
)

__all__ = ["DEFAULT_REGIONS", "Found", "Person", "Scrubbed", "Scrubber", "Span", "Unscrubbable"]
