"""The scrubber as a whole: columns, alerts, failures, markup, and what holds for any text."""

import pickle
import random
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.errors import UsageError
from hubbub.privacy.scrub import Found, Person, Scrubber, Span, Unscrubbable
from hubbub.privacy.scrub.reading import KINDS, Hit
from tests.privacy.forms import FORMS, marked

PEOPLE = [
    Person("U1", "wsmith", ("Will Smith", "Will"), "wsmith@example.org", None),
    Person("U2", "jihun.park", ("박지훈", "Jihun Park"), None, None),
]
SCRUBBER = Scrubber(people=PEOPLE, member_ids=True)


def test_a_column_gives_texts_and_alerts_by_row_and_kind() -> None:
    texts = ["a@example.org or b@example.org", None, "", "nothing", "010-1234-5678 and 203.0.113.7"]
    assert SCRUBBER.scrub_column(texts) == (
        ["[EMAIL] or [EMAIL]", None, "", "nothing", "[PHONE] and [IP]"],
        [Found(0, "EMAIL", 2), Found(4, "IP", 1), Found(4, "PHONE", 1)],
    )


def test_spans_are_places_in_the_text_as_it_was_written() -> None:
    text = "전화 ０１０\u200b－１２３４－５６７８ 요, e\u0301 a@b.io"
    scrubbed = SCRUBBER.scrub(text)
    found = [(text[span.start : span.end], span.kind) for span in scrubbed.spans]
    assert found == [("０１０\u200b－１２３４－５６７８", "PHONE"), ("a@b.io", "EMAIL")]
    assert scrubbed.text == "전화 [PHONE] 요, e\u0301 [EMAIL]"


def test_a_link_keeps_its_host_and_path() -> None:
    text = "<https://example.org/p/q?token=abc12345&amp;x=1|the page>"
    assert SCRUBBER.scrub(text).text == "<https://example.org/p/q?token=[SECRET]&amp;x=1|the page>"


def test_a_failing_detector_leaves_no_text() -> None:
    def fail(_: str) -> Iterator[Hit]:
        raise ZeroDivisionError
        yield (0, 1, "NAME")

    scrubber = Scrubber(outsiders=fail)
    assert scrubber.scrub_column([None, "hello"]) == ([None, None], [Found(1, "UNREADABLE", 1)])
    with pytest.raises(ZeroDivisionError):
        scrubber.scrub("hello")


def test_a_text_that_takes_too_long_or_is_too_long_is_not_kept() -> None:
    ticks = iter(range(0, 10**6, 6))
    slow = Scrubber(clock=lambda: float(next(ticks)))
    assert slow.scrub_column(["a@b.io " * 3000, "short"]) == (
        [None, "short"],
        [Found(0, "UNREADABLE", 1)],
    )
    with pytest.raises(Unscrubbable):
        Scrubber().scrub("a" * 1_000_001)


def test_a_scrubber_can_be_sent_to_another_process() -> None:
    copy: Scrubber = pickle.loads(pickle.dumps(SCRUBBER))
    text = "Will Smith <@U1> a@example.org 030 901820"
    assert copy.scrub(text) == SCRUBBER.scrub(text)
    assert copy.scrub(text).text == "[NAME] <@[MEMBER]> [EMAIL] [PHONE]"


def test_national_numbers_are_those_of_the_regions() -> None:
    text = "020 7946 0958, 010-1234-5678, 415-555-2671"
    assert Scrubber(regions=["gb"]).scrub(text).text == "[PHONE], 010-1234-5678, 415-555-2671"
    assert Scrubber(regions=["KR"]).scrub(text).text == "020 7946 0958, [PHONE], 415-555-2671"
    with pytest.raises(UsageError, match="XX"):
        Scrubber(regions=["XX"])


def test_overlapping_finds_are_one_span_of_the_longest() -> None:
    def long(text: str) -> Iterator[Hit]:
        if "@" in text:
            yield 0, len(text), "NAME"

    assert Scrubber(outsiders=long).scrub("to a@b.io now") == ("[NAME]", [Span(0, 13, "NAME")])


# What holds for any text.

FRAGMENTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from([marked(form)[0] for forms, _ in FORMS.values() for form in forms]),
    st.sampled_from([text for _, texts in FORMS.values() for text in texts]),
    st.sampled_from(
        [
            "Will Smith",
            "Will ",
            "박지훈",
            "님",
            "wsmith",
            "<@U1>",
            "password: ",
            "비번 ",
            "phone ",
            "계좌 ",
            "born ",
        ]
    ),
    st.sampled_from(
        [
            " ",
            "\n",
            ":",
            "@",
            ".",
            "-",
            "<",
            ">",
            "|",
            "`",
            "\u200b",
            "&lt;",
            "0",
            "1",
            "[",
            "]",
            "=",
            "/",
            "://",
        ]
    ),
    st.sampled_from([f"[{kind}]" for kind in KINDS]),
)
TEXTS = st.lists(FRAGMENTS, max_size=8).map("".join)


@given(TEXTS)
def test_scrubbing_again_changes_nothing(text: str) -> None:
    once = SCRUBBER.scrub(text).text
    assert SCRUBBER.scrub(once).text == once


@given(TEXTS)
def test_spans_are_in_order_apart_and_inside_and_tell_the_result(text: str) -> None:
    scrubbed = SCRUBBER.scrub(text)
    last = 0
    rebuilt = ""
    for span in scrubbed.spans:
        assert last <= span.start < span.end <= len(text)
        assert span.kind in KINDS
        rebuilt += text[last : span.start] + f"[{span.kind}]"
        last = span.end
    assert rebuilt + text[last:] == scrubbed.text


CLEAR = [
    form
    for kind, (forms, _) in FORMS.items()
    for form in forms
    if kind in {"EMAIL", "TOKEN", "IBAN"}
    and form[0] == "«"
    and form[-1] == "»"
    and "at" not in form
]


@given(st.sampled_from(CLEAR), st.text(max_size=20), st.text(max_size=20))
def test_clear_values_are_found_whatever_stands_around(form: str, before: str, after: str) -> None:
    value = marked(form)[0]
    assert value not in SCRUBBER.scrub(f"{before}\n{value}\n{after}").text


PARTICLES = [
    "은",
    "는",
    "이",
    "가",
    "을",
    "를",
    "로",
    "으로",
    "에서",
    "입니다",
    "이에요",
    "님",
    "の",
    "です",
]
WITH_PARTICLE = [
    form
    for kind in ("EMAIL", "PHONE", "CARD", "IBAN", "IP", "RRN", "SSN")
    for form in FORMS[kind][0]
    if form.startswith("«")
    and form.endswith("»")
    and form[-2].isascii()
    and form[-2].isalnum()
    and "dot" not in form
]


@given(st.sampled_from(WITH_PARTICLE), st.sampled_from(PARTICLES))
def test_a_particle_may_stand_right_behind_a_value(form: str, particle: str) -> None:
    value = marked(form)[0]
    scrubbed = SCRUBBER.scrub(value + particle)
    assert [(span.start, span.end) for span in scrubbed.spans] == [(0, len(value))]


# No text makes a detector slow: four times the text takes about four times as long.

PIECES = [
    "1",
    "0 ",
    "1-",
    "12.",
    "a",
    "A ",
    "Ab ",
    "1 Ab, ",
    "@",
    "a@b.",
    "a.",
    "<",
    "<a|",
    "<@U1",
    "[",
    "[EMAIL]",
    "password ",
    "password: ",
    "key=",
    "?key=a&",
    "a://b:c@",
    "-----BEGIN PRIVATE KEY-----",
    "phone 1234567 ",
    "order 415-555-2671 ",
    "[EMAIL] a@b.io ",
    "<#C1|x> Will Smith ",
    "-u a:b ",
    "mysql -p",
    "rue 1 rue ",
    "010-",
    "+82 ",
    "::",
    "1:",
    "ab-",
    "공일",
    "서울 ",
    "강남구 로1",
    "님",
    "씨 ",
    "Will ",
    "wsmith.",
    "박지훈",
    "\u200b",
    "a\u0301",
    "１",
    "a [at] ",
    "eyJa.",
    "xoxb-",
    "sk-",
    "DE89 ",
    "born 1990-",
    "passport ",
    "계좌 1",
    "phone 1 ",
    "M1",
    "&lt;",
    "`",
    "\n",
    "İ",
    "zero ",
    "one ",
    "4111 ",
    "880801-",
    "Flat 1, A, ",
]
_MIXED = random.Random(7)
HARD = PIECES + ["".join(_MIXED.sample(PIECES, 3)) for _ in range(40)]


def seconds(text: str) -> float:
    best = float("inf")
    for _ in range(3):
        begun = time.process_time()
        SCRUBBER.scrub_column([text])
        best = min(best, time.process_time() - begun)
    return best


@pytest.mark.parametrize("piece", HARD, ids=lambda piece: ascii(piece)[:40])
def test_time_grows_with_the_length_of_the_text(piece: str) -> None:
    length = 6_000
    text = piece * (4 * length // len(piece) + 1)
    # a step that grows with the square would take sixteen times as long
    assert seconds(text[: 4 * length]) < 10 * max(seconds(text[:length]), 0.001)
