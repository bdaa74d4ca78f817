"""The detector of members: names, handles and telephone numbers, as the directory has them."""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import NamedTuple

from hubbub.privacy.scrub.phones import digits_of
from hubbub.privacy.scrub.reading import TITLE, Hit, Reading
from hubbub.privacy.scrub.words import DATES, KOREAN_WORDS, NO_NAMES, PARTICLES, WORDS


class Person(NamedTuple):
    """One member of the directory: names are the real name, the display name, first, last, …"""

    member_id: str | None
    handle: str | None
    names: tuple[str, ...]
    email: str | None
    phone: str | None


_WORD = re.compile(r"[a-z0-9\u00df-\u024f\u0370-\u052f]+")
_PART = re.compile(r"[^\W\d_\u1100-\u11ff\u3040-\ud7a3]{2,}")
"""A part of a name in a script that has capitals."""
_HANGUL = re.compile(r"[가-힣]+")
_IDEOGRAPHS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]+")
_TITLE = (
    "님|씨|쌤|선배|팀장|매니저|대리|과장|차장|부장|이사|대표|프로님|책임|선임|수석|연구원|교수|"
    "선생|형님|누나|언니|오빠"
)
_BEFORE_TITLE = re.compile(r"[가-힣]{2,6} ?")
_AFTER_NAME = re.compile(
    rf"(?:{_TITLE}|이[가랑나라]?|가|은|는|을|를|의|도|만|과|와|랑|에|께|한테|하고|으?로|보다|처럼|까지|부터|및|마저|조차|같이|라|인|"
    r"입니다|임|였|이었|요|네|죠|군|양|야|아|팀|측|쪽|꺼|거)"
)
_JAPANESE_TITLE = ("さん", "様", "君", "氏", "先生", "ちゃん", "さま")
_TOKEN = re.compile(r"<([@#!]?)([^<>|]*)(\|[^<>]*)?>")
_APART = frozenset({" ", ", ", "  ", ",", "\u00b7", ". "})
_JOINED = frozenset({"-", ".", "_"})
_SLASHED = re.compile(r"[A-Z][a-z]+(?:/[A-Z][a-z]+)+")
_MISTER = re.compile(r"\b(?:mr|mrs|ms|mx|miss|dr|prof)\.? \Z")
_GREETED = re.compile(
    r"(?:\b(?:hi|hey|hello|hallo|ok|okay|thanks|thank you|thx|ty|dear|cc|ping|ask|asked"
    r"|asking|tell|told|with|welcome|met|meet"
    r"|mr|mrs|ms|miss|dr|prof|congrats|sorry|morning|by|for|to|from|assign|assigned|reviewer:?|owner:?|author:?|contact:?|and"
    r"|or|reach|call|poke|bug|see|via|name is|i'm|i am|this is|@)[,.!]?[ *_~@]{1,3}|@)\Z"
)
_SPOKEN = re.compile(
    r"(?:'s\b|’s\b|,? (?:will(?! be\b)|is|was|has|had|can|could|said|says|wants|wanted|did"
    r"|does|asked|joined|thinks|knows|would|should|might"
    r"|and i\b|merged|approved|reviewed|pushed|fixed|wrote|mentioned|suggested|left|went"
    r"|takes|took|handles|owns)\b"
    r"|, (?:can|could|please|pls|are|do|did|you|thanks|i|we|let|would|will)\b| ?님| ?씨)"
)
_SENTENCE_START = re.compile(r"(?:\A|[.!?:;\n>•*(\"“\]|-])[\s*_~>•\"'(]*\Z")


class _Entry(NamedTuple):
    """What a word may be part of."""

    people: frozenset[int]
    is_given: bool
    handles: tuple[str, ...]


class People:
    """Finds members in texts; built once from the directory."""

    def __init__(self, people: Iterable[Person], *, ids: bool) -> None:
        parts: dict[str, set[int]] = {}
        handles: dict[str, set[str]] = {}
        given: set[str] = set()
        self._hangul_full: set[str] = set()
        self._hangul_given: set[str] = set()
        self._ideographs: dict[str, set[str]] = {}
        self._phones: set[str] = set()
        self.ids: set[str] = set()
        for number, person in enumerate(people):
            if ids and person.member_id:
                self.ids.add(person.member_id)
            if person.phone and (digits := digits_of(person.phone)):
                self._phones.add(digits)
            for name in person.names:
                latin = [part.lower() for part in _PART.findall(name)]
                latin = [part for part in latin if part not in NO_NAMES]
                given.update(latin[:1] if len(latin) > 1 else ())
                for part in latin:
                    for spelling in (part, _without_accents(part)):
                        parts.setdefault(spelling, set()).add(number)
                self._add_eastern(name)
            names = {name.lower() for name in person.names if _is_handle(name)}
            if person.handle:
                names.add(person.handle.lower())
            if person.email and "@" in person.email:
                names.add(person.email.partition("@")[0].lower())
            for handle in names:
                if len(handle) > 1 and (first := _WORD.search(handle)):
                    handles.setdefault(first[0], set()).add(handle)
        self._words = {
            word: _Entry(
                frozenset(parts.get(word, ())),
                word in given,
                tuple(sorted(handles.get(word, ()), key=len, reverse=True)),
            )
            for word in parts.keys() | handles.keys()
        }
        self._heads = {name[:2] for name in self._hangul_full}

    def _add_eastern(self, name: str) -> None:
        runs = _HANGUL.findall(name)
        for run in runs:
            if len(run) == 2:
                self._hangul_given.add(run)
            elif 3 <= len(run) <= 5:
                self._hangul_full.add(run)
                self._hangul_given.add(run[-2:])
        if len(runs) == 2 and len(runs[0]) <= 2:
            self._hangul_full.add("".join(runs))
        for run in _IDEOGRAPHS.findall(name):
            if len(run) > 1:
                self._ideographs.setdefault(run[:2], set()).add(run)

    def find(self, reading: Reading) -> Iterator[Hit]:
        """Members' names and handles in a text."""
        text, low = reading.text, reading.low
        if not self._words.keys().isdisjoint(_WORD.findall(low)):
            yield from self._latin(text, low)
        if not text.isascii():
            if self._hangul_given or self._hangul_full:
                yield from self._hangul(reading)
            if self._ideographs:
                yield from self._eastern(text)

    def find_phones(self, reading: Reading) -> Iterator[Hit]:
        """Members' telephone numbers, in any grouping."""
        if self._phones:
            for match in _DIGITS.finditer(reading.text):
                if digits_of(match[0]) in self._phones:
                    yield match.start(), match.end(), "PHONE"

    def _latin(self, text: str, low: str) -> Iterator[Hit]:
        kept = _kept(text) if "<" in text else ()
        found = [match for match in _WORD.finditer(low) if match[0] in self._words]
        last = 0
        for place, match in enumerate(found):
            begin, end = match.span()
            if begin < last:
                continue
            entry = self._words[match[0]]
            if entry.handles and (hit := _handle(low, begin, entry)):
                if not _is_kept(kept, begin, low):
                    last = hit
                    yield begin, hit, "HANDLE"
                continue
            if not entry.people or _is_inside(kept, begin):
                continue
            after = end
            people = entry.people
            is_word = match[0] in WORDS
            for other in found[place + 1 : place + 4]:
                entry_2 = self._words[other[0]]
                both = people & entry_2.people
                between = text[after : other.start()]
                if not both or (between not in _APART and between not in _JOINED):
                    break
                is_cased = text[begin].isupper() and text[other.start()].isupper()
                if between in _APART and not is_cased and is_word and other[0] in WORDS:
                    break
                people, after = both, other.end()
            if not _is_whole(text, begin, after):
                continue
            if after > end or self._is_alone_a_name(text, low, begin, end, entry):
                last = after
                has_prefix = (
                    text[begin - 1 : begin] in {"'", "’"}
                    and text[begin - 2 : begin - 1] in _PREFIXES
                )
                yield begin - 2 * has_prefix, after, "NAME"

    def _is_alone_a_name(self, text: str, low: str, begin: int, end: int, entry: _Entry) -> bool:
        word = low[begin:end]
        if word in PARTICLES:
            return False
        if word not in WORDS and len(word) > 2:
            return text[begin].isupper() or len(word) > 4
        if text[begin].isupper() and _MISTER.search(low, max(0, begin - 6), begin):
            return True
        if not text[begin].isupper() or not entry.is_given:
            return text[begin - 1 : begin] == "@" and word not in {"here", "channel", "all"}
        before = low[max(0, begin - 24) : begin]
        if _GREETED.search(before):
            is_greeting = not re.search(
                r"\b(?:by|for|to|from|see|and|or|with|via|until|call)\s\Z", before
            )
            return is_greeting or word not in DATES
        if _SPOKEN.match(low, end):
            return True
        if word in DATES or _SENTENCE_START.search(text[max(0, begin - 24) : begin]):
            return False
        previous = re.search(r"([^\W\d_]+)[ ,]+\Z", text[max(0, begin - 24) : begin])
        following = re.match(r" ?([A-Z]|\d)", text[end : end + 2])
        return bool(previous) and previous[1][0].islower() and not following

    def _hangul(self, reading: Reading) -> Iterator[Hit]:
        text = reading.text
        if not self._heads.isdisjoint([run[:2] for run in _HANGUL.findall(text)]):
            for match in _HANGUL.finditer(text):
                if match[0][:2] in self._heads and (size := self._size_of_name(match[0])):
                    yield match.start(), match.start() + size, "NAME"
        for end in reading.before(TITLE):
            gap = text[end - 1 : end] == " "
            if gap and (text[end] not in "님씨" or _goes_on(text, end + 1)):
                continue
            end -= gap  # noqa: PLW2901 the name ends before the space
            start = end
            while start > 0 and end - start < 6 and "가" <= text[start - 1] <= "힣":
                start -= 1
            head = text[start:end]
            if head in self._hangul_given:
                family = text[start - 2 : start]
                is_apart = family[1:] == " " and family[:1] + head in self._hangul_full
                yield start - 2 * is_apart, end, "NAME"
            elif head[-3:] in self._hangul_full:
                yield end - 3, end, "NAME"

    def _size_of_name(self, run: str) -> int:
        """How many syllables of a run are a whole name; 0 where none are."""
        for size in (5, 4, 3):
            name, rest = run[:size], run[size:]
            if len(name) == size and name in self._hangul_full:
                is_titled = rest.startswith(("님", "씨"))
                if is_titled or (
                    name not in KOREAN_WORDS and (not rest or _AFTER_NAME.match(rest))
                ):
                    return size
        return 0

    def _eastern(self, text: str) -> Iterator[Hit]:
        for run in _IDEOGRAPHS.finditer(text):
            for place in range(run.start(), run.end() - 1):
                for name in self._ideographs.get(text[place : place + 2], ()):
                    end = place + len(name)
                    if text.startswith(name, place) and (
                        len(name) > 2
                        or text.startswith(_JAPANESE_TITLE, end)
                        or (place == run.start() and end == run.end())
                    ):
                        yield place, end, "NAME"


_DIGITS = re.compile(r"\+?\(?\d(?:[ .\-/()_]{0,3}\d){6,16}", re.ASCII)


_PREFIXES = frozenset("ODLodl")


def _without_accents(word: str) -> str:
    """A word as people write it who lack the keys."""
    apart = unicodedata.normalize("NFKD", word)
    return "".join(sign for sign in apart if not unicodedata.combining(sign))


def _goes_on(text: str, place: int) -> bool:
    """Whether two more syllables follow, so that what was taken for a title is a word."""
    return len(text) > place + 1 and all("가" <= sign <= "힣" for sign in text[place : place + 2])


def _is_handle(name: str) -> bool:
    """Whether a display name is written like a handle."""
    return name.isascii() and name == name.lower() and " " not in name and len(name) > 2


def _handle(low: str, begin: int, entry: _Entry) -> int:
    """Where the handle that begins here ends; 0 where none does."""
    before = low[begin - 1 : begin]
    if before and (
        (before.isalnum() and before.isascii())
        or before == "_"
        or (before in ".-" and begin > 1 and low[begin - 2].isalnum())
    ):
        return 0
    for handle in entry.handles:
        end = begin + len(handle)
        if low.startswith(handle, begin) and _is_end(low, end):
            is_marked = before in {"@", "/", "`", "~"} or not handle.isalpha()
            if is_marked and (
                before == "@"
                or handle not in WORDS
                or low[begin - 6 : begin] in {"/home/", "users/"}
                or low[begin - 2 : begin] == "/~"
                or low[end : end + 1] == "`" == before
            ):
                return end
            if handle not in WORDS and not entry.people and len(handle) > 3:
                return end
    return 0


def _is_end(low: str, end: int) -> bool:
    after = low[end : end + 1]
    if not after or not after.isascii():
        return True
    if after in ".-":
        return not (low[end + 1 : end + 2].isalnum() and low[end + 1].isascii())
    return not after.isalnum() and after != "_"


def _is_whole(text: str, begin: int, end: int) -> bool:
    """Whether a name is not a part of an identifier, a file name, a path or a host."""
    before, after = text[begin - 1 : begin], text[end : end + 2]
    if before and before in "\\#$=":
        return False
    if before and before in "._-" and text[begin - 2 : begin - 1].isalnum():
        return False
    if after and after[0] in ".-@_" and after[1:].isalnum() and after[1:].isascii():
        return False
    if before == "/" or after[:1] == "/":
        start = max(text.rfind(" ", 0, begin), text.rfind("\n", 0, begin)) + 1
        return bool(_SLASHED.match(text, start)) and text[begin].isupper()
    return after[:1] not in {"=", "\\"}


def _kept(text: str) -> tuple[tuple[int, int], ...]:
    """What a name is not sought in: channels, groups, and where links lead."""
    spans: list[tuple[int, int]] = []
    for match in _TOKEN.finditer(text):
        if match[1] in {"#", "!", "@"}:
            spans.append(match.span())
        elif ":" in match[2]:
            spans.append(match.span(2))
    return tuple(spans)


def _is_inside(kept: tuple[tuple[int, int], ...], place: int) -> bool:
    number = bisect_right(kept, place, key=itemgetter(0)) - 1
    return number >= 0 and place < kept[number][1]


def _is_kept(kept: tuple[tuple[int, int], ...], begin: int, low: str) -> bool:
    """A handle in a link is found where it stands as one step of the path, or as an argument."""
    return _is_inside(kept, begin) and (
        low[begin - 1] not in "/@=~" or low[begin - 2 : begin] == "//"
    )
