"""Outsiders' names, by a small model made here."""

import pickle
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from hubbub.errors import UsageError
from hubbub.privacy.scrub import Scrubber
from hubbub.privacy.scrub.outsiders import Outsiders
from tests.parts import missing
from tests.privacy.home import column, imported, said, settings_of

try:
    spacy: Any = import_module("spacy")
except ImportError:
    missing("the extra outsiders is not installed: there is no spaCy")


@pytest.fixture
def model(tmp_path: Path) -> str:
    pipeline = spacy.blank("en")
    ruler = pipeline.add_pipe("entity_ruler")
    ruler.add_patterns(
        [{"label": "PERSON", "pattern": "Ada Byron"}, {"label": "ORG", "pattern": "Globex"}]
    )
    pipeline.to_disk(tmp_path / "model")
    return str(tmp_path / "model")


def test_people_are_taken_out_and_companies_are_left(model: str) -> None:
    scrubber = Scrubber(outsiders=Outsiders(model))
    text = "met Ada Byron from Globex, ada@example.org"
    assert scrubber.scrub(text).text == "met [NAME] from Globex, [EMAIL]"


def test_links_and_code_are_not_read(model: str) -> None:
    scrubber = Scrubber(outsiders=Outsiders(model))
    text = "<https://example.org/Ada Byron|x> `Ada Byron`"
    assert scrubber.scrub(text).text == text


def test_it_can_be_sent_to_another_process(model: str) -> None:
    scrubber: Scrubber = pickle.loads(pickle.dumps(Scrubber(outsiders=Outsiders(model))))
    assert scrubber.scrub("Ada Byron").text == "[NAME]"


def test_a_model_that_is_missing_is_named_and_no_text_is_kept() -> None:
    scrubber = Scrubber(outsiders=Outsiders("no_such_model"))
    with pytest.raises(UsageError, match="no_such_model"):
        scrubber.scrub("hello")
    assert scrubber.scrub_column(["hello"])[0] == [None]


def test_a_policy_may_name_a_model(tmp_path: Path, model: str) -> None:
    settings = settings_of(tmp_path, "standard", outsiders=model)
    imported(settings, tmp_path, **{"2026_03_04": said("met Ada Byron")})
    assert column(settings, "SELECT text FROM messages WHERE contains(text, 'met')") == [
        "met [NAME]"
    ]


def test_a_policy_with_a_model_that_is_missing_stores_nothing(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "standard", outsiders="no_such_model")
    with pytest.raises(UsageError, match="no_such_model"):
        imported(settings, tmp_path)
    assert not settings.store.exists()
