"""Names of people who are in no directory, found by a language model: the extra `outsiders`.

A model reads some hundred messages a second, and is wrong about some names. Without one outsiders'
names stay in texts.
"""

import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from hubbub.errors import UsageError
from hubbub.privacy.scrub.reading import Hit

_PEOPLE = frozenset({"PERSON", "PER", "PS", "persName", "PERS"})
"""What models of different languages call a person."""
_MARKUP = re.compile(r"<[^<>]*>|`[^`\n]*`|:[a-z0-9_+\-]{1,40}:")


class Outsiders:
    """Finds people's names by a spaCy model that is installed, such as `en_core_web_sm`; it is
    loaded at the first text, if not before."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._pipeline: Any = None

    def __getstate__(self) -> str:
        return self._model

    def __setstate__(self, model: str) -> None:
        self.__init__(model)

    def load(self) -> None:
        """Load the model now. Raises `UsageError` where it cannot be: in the midst of texts it
        would cost each of them."""
        if self._pipeline is None:
            self._pipeline = _loaded(self._model)

    def __call__(self, text: str) -> Iterator[Hit]:
        """The names in a plain text."""
        self.load()
        # markup would read like words to the model; blanks keep the places
        prose = _MARKUP.sub(lambda match: " " * len(match[0]), text)
        for entity in self._pipeline(prose).ents:
            if entity.label_ in _PEOPLE and any(map(str.isalpha, entity.text)):
                yield entity.start_char, entity.end_char, "NAME"


def _loaded(model: str) -> Any:
    try:
        spacy: Any = import_module("spacy")
    except ImportError:
        raise UsageError(
            "Names of outsiders need spaCy, which is not installed.",
            "Install it: pip install 'hubbub[outsiders]'.",
        ) from None
    try:
        return spacy.load(model, exclude=["parser", "lemmatizer", "textcat"])
    except OSError:
        raise UsageError(
            f"The language model {model!r} is not installed.",
            f"Install it: python -m spacy download {model}.",
        ) from None
