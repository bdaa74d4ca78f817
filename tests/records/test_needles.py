"""Words are found in many texts at once where they stand in each of them."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.records.needles import Needles

WORDS = ("blast", "slackbast", "submit", "strasse", "제출")
NEEDLES = Needles(WORDS)
_pieces = st.sampled_from([
    *WORDS, "straße", "BLAST", "Blas", "t", "subm", "IT", "STRASSE", "제", "출", " ", "\n",
    "é", "🔥", "ss",
])  # fmt: skip
_texts = st.lists(st.lists(_pieces, max_size=5).map("".join), max_size=8)


def those_with_a_word(texts: list[str]) -> set[int]:
    """Text by text, word by word; ß is written ss where case does not count."""
    return {
        place
        for place, text in enumerate(texts)
        if any(word in text.lower().replace("ß", "ss") for word in WORDS)
    }


@given(_texts)
def test_the_texts_with_a_word_are_found_and_no_other(texts: list[str]) -> None:
    assert NEEDLES.found_in(texts) == those_with_a_word(texts)
    assert pickle.loads(pickle.dumps(NEEDLES)).found_in(texts) == those_with_a_word(texts)


@pytest.mark.parametrize("text", ["a\0blast", "\0\0\0", "\0submit\0"])
def test_a_text_may_hold_what_stands_between_texts(text: str) -> None:
    texts = ["bla", text, "st", "a submit"]
    found = NEEDLES.found_in(texts)
    assert found == ({1, 3} if text.strip("\0") else {3})


def test_a_word_is_found_behind_letters_that_grow_or_take_several_bytes() -> None:
    texts = ["🔥" * 9, "ß" * 9, "İ" * 9, "no", "🔥 blast", "ßßß", "제출"]
    assert NEEDLES.found_in(texts) == {4, 6}


def test_half_an_emoji_is_no_hindrance() -> None:
    assert NEEDLES.found_in(["\ud83d", "blast \ud83d", "\ude00submit"]) == {1, 2}


def test_without_words_nothing_is_found() -> None:
    assert Needles([]).found_in(["blast", ""]) == set()
