"""The scrubber: takes personal data and secrets out of texts, and says what it has found.

What it finds, how, and what it does not find: docs/scrubbing.md.
"""

import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from hubbub.errors import HubbubError
from hubbub.privacy.scrub import network, numbers, places, secrets
from hubbub.privacy.scrub.hits import PLACEHOLDER, Hit
from hubbub.privacy.scrub.people import People, Person
from hubbub.privacy.scrub.phones import Phones
from hubbub.privacy.scrub.plain import plain

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


class Found(NamedTuple):
    """An alert: in which text of a column, of what kind, how often; never what it was."""

    row: int
    kind: str
    count: int


class Unscrubbable(HubbubError):
    """A text that cannot be read to its end: it must not be kept."""


_DIGITS = re.compile(r"\d(?:[^\n]{0,3}?\d){2}", re.ASCII)
_PASSWORD_CUES = re.compile(r"pass|pw|pin\b|비번|비밀|암호|패스|密码|パス")
_SECRET_CUES = re.compile(r"secret|token|key|credential|client[_\- ]?id|bearer|basic|authorization|시크릿|토큰|키")
_BORN_CUES = re.compile(r"born|birth|d\.?o\.?b|생|출|生")
_PAPER_CUES = re.compile(r"[a-z]\d|passport|licen|driving|여권|면허|\d-\d{6}-\d|\d \d\d [a-d]\b", re.A)
_DISGUISED_CUES = re.compile(r"\bdot\b|닷|골뱅이|[\[({<] ?(?:at|\.) ?[\])}>]")
_SPELT_CUES = re.compile(r"[공영][일이삼사오육칠팔구공영]|zero|\boh\b|0 1 [016-9]|02[34578][ .\-_]")
_MENTION = re.compile(r"<@([A-Z][A-Z0-9]{2,20})(?:\|([^<>]{1,100}))?>")
_TEL = re.compile(r"<(?:tel|sms|callto|facetime):([^<>|]{3,60})(?:\|([^<>]{1,60}))?>", re.I)
_MAILTO = re.compile(r"<mailto:[^<>]{1,400}>", re.I)
_NO_MARKUP_LEFT = frozenset("<>|")


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
            spans = _grown(text, spans, more)
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
            try:
                result = self.scrub(text)
            except Exception:  # noqa: BLE001 whatever went wrong: what was not read is not stored
                scrubbed.append(None)
                found.append(Found(row, "UNREADABLE", 1))
                continue
            scrubbed.append(result.text)
            if result.spans:
                kinds = Counter(span.kind for span in result.spans)
                found += [Found(row, kind, count) for kind, count in sorted(kinds.items())]
        return scrubbed, found

    def _spans(self, text: str) -> list[Span]:
        """What is to be taken out of a text, in order, without overlaps."""
        if len(text) > MAX_LENGTH:
            raise Unscrubbable("A text is too long to be read.", "It is not kept.")
        read = plain(text)
        begun = self._clock() if len(text) > 10_000 else None
        hits: list[Hit] = []
        for hit in self._detect(read.text):
            hits += hit
            if begun is not None and self._clock() - begun > PATIENCE:
                raise Unscrubbable("A text takes too long to be read.", "It is not kept.")
        if not hits:
            return []
        return _settled(text, [(*read.original(begin, end), kind) for begin, end, kind in hits])

    def _detect(self, text: str) -> Iterator[Iterable[Hit]]:  # noqa: C901 one line a detector
        """What each detector finds that may find something, in turn."""
        low = text.lower()
        if len(low) != len(text):  # a capital of two characters in lower case
            low = "".join(sign.lower() if len(sign.lower()) == 1 else sign for sign in text)
        if "<" in text:
            yield self._markup(text)
        if "@" in text:
            yield network.emails(text)
        if _DISGUISED_CUES.search(low):
            yield network.emails_in_words(text)
        yield secrets.tokens(text)
        if "=" in text or "://" in text:
            yield secrets.in_links(text)
        if _SECRET_CUES.search(low):
            yield secrets.named(text)
        if _PASSWORD_CUES.search(low):
            yield secrets.passwords(text)
        if _DIGITS.search(text):
            yield from self._detect_numbers(text, low)
        if _SPELT_CUES.search(low):
            yield self._phones.find_disguised(text)
        if ":" in text or "-" in text or "." in text:
            yield network.hardware(text)
        if self._people:
            yield self._people.find(text, low)
        if self._outsiders:
            yield self._outsiders(text)

    def _detect_numbers(self, text: str, low: str) -> Iterator[Iterable[Hit]]:
        yield network.addresses(text)
        yield self._phones.find(text, low)
        yield numbers.cards(text, low)
        yield numbers.resident_numbers(text, low)
        yield numbers.social_security(text, low)
        yield numbers.ibans(text)
        yield numbers.accounts(text, low)
        if _PAPER_CUES.search(low):
            yield numbers.papers(text)
        if _BORN_CUES.search(low):
            yield numbers.births(text)
        yield places.streets(text)
        if not text.isascii():
            yield numbers.plates(text)
            yield places.korean_streets(text)
        if self._people:
            yield self._people.find_phones(text)

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
    hits.sort(key=lambda hit: (hit[0], -hit[1]))
    spans: list[Span] = []
    longest = 0
    for begin, end, kind in hits:
        for start, stop in marks:
            if start < end and begin < stop:
                begin, end = min(begin, start), max(end, stop)
        if any(start <= begin and end <= stop for start, stop in marks):
            continue
        if spans and begin < spans[-1].end:
            last = spans[-1]
            kind = kind if end - begin > longest else last.kind
            longest = max(longest, end - begin)
            spans[-1] = Span(last.start, max(end, last.end), kind)
        else:
            longest = end - begin
            spans.append(Span(begin, end, kind))
    return spans


def _replaced(text: str, spans: list[Span]) -> str:
    parts: list[str] = []
    last = 0
    for start, end, kind in spans:
        parts.append(text[last:start])
        parts.append(f"[{kind}]")
        last = end
    parts.append(text[last:])
    return "".join(parts)


def _grown(text: str, spans: list[Span], more: list[Span]) -> list[Span]:
    """The spans of a text with those that were found once they had been replaced."""
    hits: list[Hit] = list(spans)
    for start, end, kind in more:
        hits.append((_place(spans, start, is_end=False), _place(spans, end, is_end=True), kind))
    return _merged(hits)


def _place(spans: list[Span], place: int, *, is_end: bool) -> int:
    """Where a place of the replaced text is in the original."""
    shift = 0
    for start, end, kind in spans:
        begin = start + shift
        stop = begin + len(kind) + 2
        if place < begin or (is_end and place == begin):
            break
        if place < stop or (is_end and place == stop):
            return end if is_end else start
        shift = stop - end
    return place - shift


def _merged(hits: list[Hit]) -> list[Span]:
    spans: list[Span] = []
    for begin, end, kind in sorted(hits):
        if spans and begin < spans[-1].end:
            last = spans[-1]
            spans[-1] = Span(last.start, max(end, last.end), last.kind)
        else:
            spans.append(Span(begin, end, kind))
    return spans
