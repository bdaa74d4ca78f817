"""Two thousand invented backblasts with known truth: nothing is both wrong and unmarked."""

from typing import Any, cast

from tests.records.corpus import AUTHOR, HOME, POSTED, posts
from tests.records.reading import read

_DOUBT_OF = {"pax_unregistered": "pax"}
"""Under which field a key's doubt stands."""


def _said(key: str, value: Any) -> set[tuple[str, Any]]:
    if isinstance(value, list):
        return {(key, each) for each in cast("list[Any]", value)}
    return set() if value is None else {(key, value)}


def test_two_thousand_backblasts_are_read_right() -> None:
    right = found = there = 0
    unmarked: list[str] = []
    marked = 0
    for number, written in enumerate(posts(2_000)):
        got = read(written.text, posted=POSTED.isoformat(), channel=HOME, author=AUTHOR)
        for key, value in written.truth.items():
            expected, read_as = _said(key, value), _said(key, got[key])
            right += len(expected & read_as)
            found, there = found + len(read_as), there + len(expected)
            doubted = _DOUBT_OF.get(key, key) in got["doubts"]
            marked += doubted and expected == read_as
            if expected != read_as and not doubted:
                unmarked.append(f"{number} {key}: {value!r}, read {got[key]!r}")
    assert unmarked == []
    assert 2 * right / (found + there) >= 0.99
    assert marked <= 40, "what is plain is asked about"


def test_the_corpus_is_as_various_as_it_says() -> None:
    written = posts(2_000)
    texts = "\n".join(each.text for each in written)
    for sign in (
        "참석자",
        "Teilnehmer",
        "Asistentes",
        "\u200b",
        "\u00a0",
        "\r\n",
        "：",
        "~",
        "`",
        "🔥",
    ):
        assert sign in texts
    assert len({each.text for each in written}) > 1_990
