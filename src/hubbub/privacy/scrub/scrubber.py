"""The scrubber: takes personal data and secrets out of texts, and says what it has found.

What it finds, how, and what it does not find: docs/scrubbing.md.
"""

import re
import time
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from hubbub.errors import HubbubError
from hubbub.privacy.scrub import network, numbers, places, secrets
from hubbub.privacy.scrub.people import People, Person
from hubbub.privacy.scrub.phones import Phones
from hubbub.privacy.scrub.plain import plain
from hubbub.privacy.scrub.reading import (
    AWS,
    BANK,
    BORN,
    DISGUISED,
    HEADER,
    KEY_BLOCK,
    PAPER,
    PASSWORD,
    PLACEHOLDER,
    SECRET,
    SPELT,
    STREET,
    UNIT,
    VENDOR,
    Hit,
    Reading,
    read,
)

DEFAULT_REGIONS = ("US", "CA", "GB", "IE", "DE", "AT", "CH", "FR", "NL", "AU", "JP", "KR", "IN")
"""The regions whose national telephone numbers are sought, if the workspace names none."""

MAX_LENGTH = 1_000_000
"""Characters of the longest text that is read; Slack's own have at most 40,000."""
PATIENCE = 5.0
"""Seconds that one text may take: some thousand times what the longest text of Slack takes."""


class Span(NamedTuple):
    """A stretch of a text that holds personal data, and of what kind."""

    start: int
    end: int
    kind: str


class Scrubbed(NamedTuple):
    """A text with each span replaced by its kind in brackets; spans are places in the original."""

    text: str
    spans: list[Span]


class Attempted(NamedTuple):
    """The same, or None and one span over all of a text that could not be read."""

    text: str | None
    spans: list[Span]


class Found(NamedTuple):
    """An alert: in which text of a column, of what kind, how often; never what it was."""

    row: int
    kind: str
    count: int  # pyright: ignore[reportIncompatibleMethodOverride] what it is, to its readers


class Unscrubbable(HubbubError):
    """A text that cannot be read to its end: it must not be kept."""


_DIGIT = re.compile(r"\d", re.ASCII)
_TWELVE_DIGITS = re.compile(r"\d(?:[ .\-_]{0,3}\d){6}", re.ASCII)
"""At least seven, for a resident number may have its last six hidden."""
_LETTER_OR_DASH = re.compile(r"\d(?:[ \-]?[A-Z]\b|[A-Z]\d{4}|-\d{6}-)", re.ASCII)
_HOUSE = re.compile(r"\d[A-Za-z]? [A-Z0-9]", re.ASCII)
_DIGIT_OF_KOREAN = re.compile(
    r"\d(?: ?[가-힣] ?\d{4}|(?<=[로길동가리읍면산하]\d)|(?<=[로길동가리읍면산하] \d))"
)
_SECRETS = PASSWORD | SECRET | HEADER | DISGUISED | SPELT
_TOKENS = VENDOR | AWS | KEY_BLOCK
_SIX_DIGITS = re.compile(r"\d(?:[ .()/\-_\n·•∙ㆍ・]{0,3}\d){5}", re.ASCII)
_MENTION = re.compile(r"<@([A-Z][A-Z0-9]{1,20})(?:\|([^<>]{1,100}))?>")
_TEL = re.compile(
    r"<(?:tel|sms|callto|facetime):([^<>|]{3,60})(?:\|([^<>]{1,60}))?>", re.IGNORECASE
)
_MAILTO = re.compile(r"<mailto:[^<>]{1,400}>", re.IGNORECASE)


class Scrubber:
    """Takes personal data out of texts.

    `regions`: those whose national telephone numbers are sought, as ISO 3166 codes. `people`: the
    directory; their names, handles, e-mails and telephone numbers are taken out too. `member_ids`:
    whether the ids of these people are taken out of mentions as well; a mention stays otherwise.
    `outsiders`: finds names of people who are in no directory (hubbub.privacy.scrub.outsiders).
    """

    def __init__(
        self,
        *,
        regions: Sequence[str] = DEFAULT_REGIONS,
        people: Iterable[Person] = (),
        member_ids: bool = False,
        outsiders: Callable[[str], Iterable[Hit]] | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._arguments: dict[str, Any] = {
            "regions": tuple(regions),
            "people": tuple(people),
            "member_ids": member_ids,
            "outsiders": outsiders,
            "clock": clock,
        }
        self._phones = Phones(regions)
        given = self._arguments["people"]
        self._people = People(given, ids=member_ids) if given else None
        self._outsiders = outsiders
        self._clock = clock

    def __getstate__(self) -> dict[str, Any]:
        return self._arguments

    def __setstate__(self, arguments: dict[str, Any]) -> None:
        self.__init__(**arguments)

    def scrub(self, text: str) -> Scrubbed:
        """Take personal data out of a text. Raises `Unscrubbable` for one that is too long or
        takes too long; whatever a detector raises passes through."""
        spans = self._spans(text)
        if not spans:
            return Scrubbed(text, spans)
        result = _replaced(text, spans)
        # What is left may read differently without what was taken out: until nothing more is found.
        for _ in range(8):
            more = self._spans(result)
            if not more:
                return Scrubbed(result, spans)
            spans = _grown(spans, more)
            result = _replaced(text, spans)
        whole = [Span(0, len(text), spans[0].kind)]
        return Scrubbed(_replaced(text, whole), whole)

    def scrub_column(self, texts: Sequence[str | None]) -> tuple[list[str | None], list[Found]]:
        """Take personal data out of texts. A text on which a detector fails or takes too long
        becomes None, and is found as `UNREADABLE`."""
        scrubbed: list[str | None] = []
        found: list[Found] = []
        for row, text in enumerate(texts):
            if not text:
                scrubbed.append(text)
                continue
            result = self.attempt(text)
            scrubbed.append(result.text)
            if len(result.spans) == 1:
                found.append(Found(row, result.spans[0].kind, 1))
            elif result.spans:
                kinds = Counter([span.kind for span in result.spans])
                found += [Found(row, kind, count) for kind, count in sorted(kinds.items())]
        return scrubbed, found

    def attempt(self, text: str) -> Attempted | Scrubbed:
        """Take personal data out of a text, or leave all of it out if that fails."""
        try:
            return self.scrub(text)
        except Exception:  # noqa: BLE001 whatever went wrong: what was not read is not kept
            return Attempted(None, [Span(0, len(text), "UNREADABLE")])

    def _spans(self, text: str) -> list[Span]:
        """What is to be taken out of a text, in order, without overlaps."""
        if len(text) > MAX_LENGTH:
            raise Unscrubbable("A text is too long to be read.", "It is not kept.")
        seen = plain(text)
        begun = self._clock() if len(text) > 10_000 else None
        hits: list[Hit] = []
        for hit in self._detect(read(seen.text)):
            hits += hit
            if begun is not None and self._clock() - begun > PATIENCE:
                raise Unscrubbable("A text takes too long to be read.", "It is not kept.")
        if not hits:
            return []
        return _settled(text, [(*seen.original(begin, end), kind) for begin, end, kind in hits])

    def _detect(self, reading: Reading) -> Iterator[Iterable[Hit]]:
        """What each detector finds that may find something, in turn."""
        text, meanings = reading.text, reading.meanings
        if "<" in text:
            yield self._markup(text)
        if "@" in text:
            yield network.emails(reading)
        if meanings & _TOKENS or secrets.LONG.search(text):
            yield secrets.tokens(reading)
        if meanings & _SECRETS:
            yield secrets.named(reading)
            yield secrets.passwords(reading)
            yield network.emails_in_words(reading)
            yield self._phones.find_disguised(reading)
        if "-u" in text or "-p" in text:
            yield secrets.in_commands(text)
        if "=" in text or "://" in text:
            yield secrets.in_links(reading)
        if "::" in text or text.count(":") > 4 or text.count("-") > 4 or text.count(".") > 1:
            yield network.addresses(reading)
            yield network.hardware(reading)
        if meanings & BORN or "생" in text:
            yield numbers.births(reading)
        if _DIGIT.search(text):
            yield from self._detect_numbers(reading)
        if self._people:
            yield self._people.find(reading)
        if self._outsiders:
            yield self._outsiders(text)

    def _detect_numbers(self, reading: Reading) -> Iterator[Iterable[Hit]]:
        text = reading.text
        if _SIX_DIGITS.search(text):
            yield numbers.social_security(reading)
            yield numbers.ibans(reading)
            if _TWELVE_DIGITS.search(text):
                yield numbers.cards(reading)
                yield numbers.resident_numbers(reading)
            if reading.meanings & BANK:
                yield numbers.accounts(reading)
            yield self._phones.find(reading)
            if self._people:
                yield self._people.find_phones(reading)
        if reading.meanings & PAPER or _LETTER_OR_DASH.search(text):
            yield numbers.papers(reading)
        if _HOUSE.search(text) or reading.meanings & (UNIT | STREET):
            yield places.streets(reading)
        if not text.isascii() and _DIGIT_OF_KOREAN.search(text):
            yield numbers.plates(reading)
            yield places.korean_streets(reading)

    def _markup(self, text: str) -> Iterator[Hit]:
        for match in _MENTION.finditer(text):
            if self._people and match[1] in self._people.ids:
                yield *match.span(1), "MEMBER"
            if match[2]:
                yield *match.span(2), "HANDLE"
        for match in _TEL.finditer(text):
            yield *match.span(), "PHONE"
        for match in _MAILTO.finditer(text):
            yield *match.span(), "EMAIL"


def _settled(text: str, hits: list[Hit]) -> list[Span]:
    """Hits in order, overlapping ones as one span of the kind of the longest, without those that
    only touch what stands where something was taken out."""
    marks = [match.span() for match in PLACEHOLDER.finditer(text)] if "[" in text else []
    if marks:
        hits = [wider for hit in hits if (wider := _beyond(marks, hit))]
    if len(hits) < 2:
        return [Span(*hit) for hit in hits]
    hits.sort(key=lambda hit: (hit[0], -hit[1]))
    spans: list[Span] = []
    longest = 0
    for begin, end, kind in hits:
        length = end - begin
        if spans and begin < spans[-1].end:
            last = spans[-1]
            spans[-1] = Span(
                last.start, max(end, last.end), kind if length > longest else last.kind
            )
            longest = max(longest, length)
        else:
            longest = length
            spans.append(Span(begin, end, kind))
    return spans


def _beyond(marks: list[tuple[int, int]], hit: Hit) -> Hit | None:
    """A hit with the whole of the marks that it overlaps; None if it holds nothing else."""
    begin, end, kind = hit
    first = bisect_right(marks, begin, key=itemgetter(1))
    after = bisect_left(marks, end, key=itemgetter(0))
    if first >= after:
        return hit
    begin, end = min(begin, marks[first][0]), max(end, marks[after - 1][1])
    is_one = first + 1 == after and (begin, end) == marks[first]
    return None if is_one else (begin, end, kind)


def _replaced(text: str, spans: list[Span]) -> str:
    parts: list[str] = []
    last = 0
    for start, end, kind in spans:
        parts.append(text[last:start])
        parts.append(f"[{kind}]")
        last = end
    parts.append(text[last:])
    return "".join(parts)


def _grown(spans: list[Span], more: list[Span]) -> list[Span]:
    """The spans of a text with those that were found once they had been replaced."""
    begins: list[int] = []
    shift = 0
    for start, end, kind in spans:
        begins.append(start + shift)
        shift += len(kind) + 2 - (end - start)
    hits: list[Hit] = list(spans)
    for start, end, kind in more:
        begin = _place(spans, begins, start, is_end=False)
        hits.append((begin, _place(spans, begins, end, is_end=True), kind))
    grown: list[Span] = []
    for begin, end, kind in sorted(hits):
        if grown and begin < grown[-1].end:
            last = grown[-1]
            grown[-1] = Span(last.start, max(end, last.end), last.kind)
        else:
            grown.append(Span(begin, end, kind))
    return grown


def _place(spans: list[Span], begins: list[int], place: int, *, is_end: bool) -> int:
    """Where a place of the replaced text is in the original; `begins` is where the spans begin in
    the replaced text. A place inside of what replaced a span is its edge."""
    number = (bisect_left if is_end else bisect_right)(begins, place) - 1
    if number < 0:
        return place
    start, end, kind = spans[number]
    beyond = place - (begins[number] + len(kind) + 2)
    if beyond < 0 or (is_end and beyond == 0):
        return end if is_end else start
    return end + beyond
