"""Whatever people write, reading raises nothing, says nothing twice, and is the same each time."""

import pickle
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.records.doubts import DOUBTS
from hubbub.records.reading import Record
from tests.records.corpus import posts
from tests.records.reading import post, records, templates

_SCRAPS = [
    "Backblast",
    "backblast!",
    "Preblast",
    "제출",
    "Date:",
    "Q:",
    "PAX:",
    "FNGs -",
    "*Count*",
    "AO",
    "Co-Q:",
    "<@U0000000AA>",
    "<@U0000000BB|b>",
    "<#C0000OTHER|>",
    "<#C1|x",
    "<@",
    ">",
    "&gt;",
    "&amp;",
    "```",
    "`",
    "11/20/2026",
    "yesterday",
    "99/99/9999",
    "3 + 1 = 4",
    "four",
    "٣",
    "²",
    "½",
    "1e9",
    "(",
    ")",
    "[",
    "]",
    "\n",
    "\n\n",
    "\r",
    "\t",
    " ",
    ":",
    "：",
    "-",
    "—",
    "|",
    "/",
    ",",
    "and",
    "+",
    ":fire:",
    "🔥",
    "👨‍👩‍👧",
    "\u200b",
    "Tater",
    "Papa Smurf",
    "YHC",
    "none",
    "TBD",
    "?",
    "<!date^1795172400^{date}|x>",
    "<!date^99999999999^x>",
    "<https://a.example/b|c>",
    "비커",
    "20260931",
    "0000",
    "2.0s:",
    "#backblast",
    "<!subteam^S1|@men>",
]
_scraps = st.lists(st.sampled_from(_SCRAPS) | st.text(max_size=4), max_size=60).map("".join)
_CORPUS = [each.text for each in posts(200, seed=9)]


def _with(number: int, cut: int, scraps: str) -> str:
    """A backblast with something in its middle."""
    text = _CORPUS[number]
    return text[: cut % len(text)] + scraps + text[cut % len(text) :]


_changed = st.builds(_with, st.integers(0, 199), st.integers(0, 2_000), _scraps)
_texts = st.text() | _scraps | _scraps.map("Backblast\n".__add__) | _changed


def _check(record: Record) -> None:
    template = templates().templates[record.template]
    fields = [each.field for each in record.readings]
    assert fields == [name for name in template.fields if name in fields]
    for reading in record.readings:
        assert reading.values or reading.doubt
        assert 0 <= reading.confidence <= 100
        assert reading.doubt is None or reading.doubt in DOUBTS
        assert len(reading.values) == 1 or template.fields[reading.field].is_many or reading.doubt
        assert len({*reading.values}) == len(reading.values)
    is_sure = all(reading.doubt is None for reading in record.readings)
    assert (record.status == "good") <= is_sure


@given(_texts)
def test_any_text_is_read_and_always_alike(text: str) -> None:
    written = post(text, name="제출-글")
    found = templates().read(written)
    assert found == pickle.loads(pickle.dumps(templates())).read(written)
    for record in found:
        _check(record)


@given(_texts)
def test_what_might_not_be_read_holds_no_record(text: str) -> None:
    if not templates().might_read(text, "C1", "general"):
        lines = post(text, channel="C1", name="general")
        assert templates().read(lines._replace(text=f"{text}\n")) == []


@given(st.sampled_from(_CORPUS), st.sampled_from(["\n", "\n\n", "   \n"]))
def test_what_stands_around_a_post_changes_nothing(text: str, around: str) -> None:
    assert records(f"{around}{text}{around}") == records(text)


_NASTY = [
    "(",
    "- ",
    "1",
    " ",
    "😀",
    "November ",
    "a: ",
    "<@U1> ",
    "Tater, ",
    "&gt;",
    "a & ",
    "\n",
    "Q: ",
]


@pytest.mark.parametrize("scrap", _NASTY)
@pytest.mark.parametrize("label", ["Backblast ", "PAX: ", "Count: ", "Date: "])
def test_a_post_four_times_as_long_does_not_take_sixteen_times_as_long(
    scrap: str, label: str
) -> None:
    def seconds(size: int) -> float:
        text = f"Backblast\nDate: 11/20\nQ: <@U1>\nPAX: <@U1>\n{label}" + scrap * (
            size // len(scrap)
        )
        begin = time.process_time()
        templates().read(post(text))
        return time.process_time() - begin

    long, short = (min(seconds(size) for _ in range(3)) for size in (12_000, 3_000))
    assert long < 10 * short + 0.02
