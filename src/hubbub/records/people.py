"""Reads the people that a field names: tags, plain names, and numbers in place of names.

What could be one name or several is given in both ways; the number of people that a post states
may settle it (`agreement.py`).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from hubbub.records.counts import leading_count
from hubbub.records.reading import Value
from hubbub.records.words import (
    AND,
    ANIMALS,
    CHATTER,
    CHILDREN,
    MORE,
    MYSELF,
    NOBODY,
    NUMBERS,
    UNKNOWN,
)
from hubbub.records.writing import DECOR, key, told, trimmed, without_emoji


class People(NamedTuple):
    """The people of a field."""

    values: tuple[Value, ...] = ()
    """Each once, in order."""
    stated: int | None = None
    """How many there are, where a number stands before or behind them."""
    unnamed: int = 0
    """People who are counted and not named: "and 2 others"."""
    doubt: str | None = None
    others: tuple[tuple[Value, ...], ...] = ()
    """Other ways to read it, where the number of people can tell which is right."""
    roles: tuple[tuple[Value, str], ...] = ()
    """What stands behind a name in brackets, such as Q, as a key."""


_PARTS = re.compile(
    r"(?P<tag><[@][UWB][A-Z0-9]+(?:\|[^<>]*)?>)"
    r"|(?P<other><[^<>\n]*>)"
    r"|(?P<aside>\([^()\n]*\)|\[[^\[\]\n]*\]|（[^（）\n]*）)"
    r"|(?P<comma>[,;|•●▪◦‣·、，/\t]+|\n\s*(?:[-–—*•+>]\s+)?|\s[-–—]\s(?=<@)"
    r"|(?:(?<=\s)|^)\(?\d{1,2}[.)](?=\s)|(?:^|(?<=\s))#\d{1,2}\s|(?<=\s)(?=@\w))"
    r"|(?P<amp>&amp;|&(?!\w+;)|\s\+\s|(?<=>)\s*\+\s*)"
    rf"|(?P<and>(?<![^\s>])(?:{'|'.join(map(re.escape, AND))})(?=[\s<]))",
    re.IGNORECASE,
)
_TAG = re.compile(r"<@([UWB][A-Z0-9]+)(?:\|([^<>]*))?>")
_DASH = re.compile(r"\s+[-–—]+\s+|\s+[-–—]+$|^[-–—]+\s+|:\s+")
_EXTRA = re.compile(
    r"^\+?\s*(\d{1,3}|[^\W\d_]+)\s+((?:[^\W\d_]+\s+){0,2})([^\W\d_]+|2\.0s?)\W*$", re.IGNORECASE
)
_NICKNAME = re.compile(r"^\S+\s+[\"“'‘«]([^\"”'’»]{2,30})[\"”'’»]\s+\S+$")
_FROM = re.compile(r"^(?:dr|down ?range|from|aus|de|visiting)\b[\s:\-]*", re.IGNORECASE)
_INVITED = re.compile(
    r"[,;\s(–-]{0,4}\b(?:EH['’]?(?:ed|d)?|headlocked|invited|brought)(?:\s+(?:in|out))?(?:\s+by\b|:)"
    r"[^,;\n)]*\)?",
    re.IGNORECASE,
)
"""By whom a newcomer was brought along."""
_AKA = re.compile(r"^.+?\s(?:aka|a\.k\.a\.?|alias|now known as)\s+(.+)$", re.IGNORECASE)
_LED_BY_ROLE = re.compile(r"^(FNG|VQ|Q|Co-?Q)s?[\s:]+(?=\w)", re.IGNORECASE)
_WELCOME = re.compile(r"^(?:welcome(?: to)?|bienvenidos? a?|willkommen)\s+", re.IGNORECASE)
_LONGEST_NAME = 60
_SENTENCE = re.compile(r"\w{3}[.!?]+\s+\w")


class _Piece(NamedTuple):
    """A part of a field's text: a person, a name in question, or a separator."""

    kind: str
    """tag, text, aside, other; comma, amp, and."""
    text: str


def read_people(text: str, author_id: str | None, *, are_newcomers: bool = False) -> People:
    """The people that a field's text names. Newcomers are named with more beside: where from, what
    their real name is."""
    plain = text.strip()
    if says_nobody(plain):
        return People()
    if key(plain) in UNKNOWN or trimmed(plain) in UNKNOWN:
        return People(doubt="unreadable")
    stated, plain = _stated(_INVITED.sub("", plain))
    people = _Collected(author_id, are_newcomers=are_newcomers)
    for piece in _pieces(plain):
        people.take(piece)
    return people.done(stated)


def says_nobody(text: str) -> bool:
    """Whether a text says that there is nobody: None, 0, N/A, a dash."""
    plain = trimmed(without_emoji(text)) or text.strip()
    if not plain:
        return True
    if "<@" in plain:
        return False
    words = re.split(r"[\s,.!?;:()]+", plain.casefold().strip(" .!"))
    if words[0] not in NOBODY and plain.strip(" .!()").casefold() not in NOBODY:
        return False
    rest = re.split(r"[\s,.!?;:()]+", plain)[1:]
    told = [word for word in rest if len(word) > 1 and word.casefold() not in _BESIDE_NOBODY]
    return not any(word[0].isdigit() or (word[0].isupper() and not word.isupper()) for word in told)


_BESIDE_NOBODY = frozenset({
    "listed", "today", "reported", "present", "noted", "mentioned", "attended", "here",
    "applicable",
    "available", "fngs", "fng", "this", "time", "new",
})  # fmt: skip
"""What is written behind None, in any case."""


def _stated(text: str) -> tuple[int | None, str]:
    """The number that stands before the names, and the rest."""
    led = leading_count(text)
    if led is None or led[0] > _MOST_PEOPLE or _NUMBERED.match(text):
        return None, text
    number, end = led
    rest = text[end:]
    is_set_off = not text[:end].rstrip()[-1:].isalnum()
    is_number = is_set_off or not _NAME_BEGINS.match(rest) or number == _pieces_named(rest)
    return (number, rest) if is_number else (None, text)  # "50 Cent" is a name


_MOST_PEOPLE = 200
_NUMBERED = re.compile(r"[\s*_~`]*\d+[.)]\s")
_NAME_BEGINS = re.compile(r"\s*[^\W\d_a-z]")


def _pieces_named(text: str) -> int:
    return sum(
        piece.kind in {"tag", "text"} and bool(trimmed(piece.text)) for piece in _pieces(text)
    )


def _pieces(text: str) -> Iterator[_Piece]:
    last = 0
    for found in _PARTS.finditer(text):
        if text[last : found.start()].strip():
            yield _Piece("text", text[last : found.start()])
        yield _Piece(found.lastgroup or "text", found[0])
        last = found.end()
    if text[last:].strip():
        yield _Piece("text", text[last:])


def classify(text: str) -> str:
    """What a few words are: `name`, `maybe` a name, or `prose`."""
    words = text.split()
    if len(words) > 5 or len(text) > _LONGEST_NAME or _SENTENCE.search(text):
        return "prose"
    folded = [word.casefold().strip(".,!?'’\"") for word in words]
    if len(words) == 1:
        return "maybe" if folded[0] in CHATTER and not words[0][:1].isupper() else "name"
    has_chatter = any(
        word in CHATTER and not raw[:1].isupper()
        for word, raw in zip(folded, words, strict=True)
        if word not in _WITHIN_NAMES
    )
    if has_chatter:
        return "maybe" if len(words) <= 3 and words[0][:1].isupper() else "prose"
    capitals = sum(not word[:1].islower() for word in words)
    if capitals == 0:
        return "name" if len(words) == 2 and not set(folded) & CHATTER else "prose"
    return "name" if words[0][:1].isupper() or capitals * 2 >= len(words) else "maybe"


class _Collected:
    """People, as the pieces of a text are taken one after the other."""

    def __init__(self, author_id: str | None, *, are_newcomers: bool) -> None:
        self._author_id = author_id
        self._are_newcomers = are_newcomers
        self._found: list[Value] = []
        self._roles: list[tuple[Value, str]] = []
        self._doubts: list[str] = []
        self._maybe: set[Value] = set()
        self._unnamed = 0
        self._stated: int | None = None
        self._separators: list[str] = []
        self._before = "comma"
        self._asides: list[str] = []
        self._after_dash: list[Value] = []
        self._is_dashed = False
        """Whether dashes stand between people, and not before remarks."""
        self._is_telling = False
        """Whether more is told than names: who is tagged next may be no part of the list."""

    def take(self, piece: _Piece) -> None:
        kind, text = piece
        if kind == "tag":
            self._tag(text)
        elif kind == "aside":
            self._aside(text)
        elif kind == "text":
            self._text(text)
        elif kind == "other":
            if text.startswith("<!subteam"):
                self._doubts.append("unnamed")
        else:
            self._separators.append(kind)
            self._is_dashed = self._is_dashed or text.strip() in {"-", "–", "—"}
            self._is_telling = self._is_telling and kind != "comma"
        self._before = kind

    def _tag(self, text: str) -> None:
        tag = _TAG.fullmatch(text)
        assert tag is not None
        value = Value("member", member_id=tag[1])
        if self._is_telling and value not in self._found:
            self._maybe.add(value)
        self._add(value)

    def _aside(self, text: str) -> None:
        inside = text[1:-1].strip()
        tags = _TAG.findall(inside)
        if tags and not trimmed(_TAG.sub(" ", inside)):
            if len(tags) == 1 and self._before == "text" and self._found:
                self._found.pop()  # Beaker (<@U…>): the name and the tag are one person
            for member_id, _ in tags:
                self._add(Value("member", member_id=member_id))
        elif inside.isdigit() or inside.casefold() in NUMBERS:
            number = int(inside) if inside.isdigit() else NUMBERS[inside.casefold()]
            self._stated = number if self._stated is None and number < 200 else self._stated
        elif key(inside) in MYSELF and self._author_id:
            if self._before == "text" and self._found:
                self._found.pop()
            self._add(Value("member", member_id=self._author_id))
        elif self._found and self._before in {"tag", "text", "aside"}:
            self._roles += [
                (self._found[-1], role)
                for each in re.split(r"[,/;]", inside)
                if (role := key(each))
            ]
        else:
            self._asides.append(inside)

    def _text(self, text: str) -> None:
        pieces = _DASH.split(without_emoji(text))
        after_tag = self._before in {"tag", "aside"} and bool(self._found)
        for number, piece in enumerate(pieces):
            name = _named(piece)
            if not name:
                continue
            is_remark = number > 0 and bool(self._found) and not self._is_dashed
            if is_remark and (self._are_newcomers or after_tag):
                continue
            known = len(self._found)
            self._one(name, after_tag=after_tag and number == 0)
            if is_remark:
                self._after_dash += self._found[known:]

    def _one(self, name: str, *, after_tag: bool) -> None:
        folded = key(name)
        if folded in MYSELF and self._author_id:
            self._add(Value("member", member_id=self._author_id))
        elif folded in MYSELF:
            self._doubts.append("unclear_name")
        elif folded in UNKNOWN or folded in NOBODY or not folded:
            self._doubts += ["unclear_name"] if folded in UNKNOWN else []
        elif after_tag and (folded in _ROLES or _FROM.match(name)):
            self._roles.append((self._found[-1], folded))
        elif not self._extra(name):
            self._plain_name(name, after_tag=after_tag)

    def _extra(self, name: str) -> bool:
        """Take "2 others", which is people without names; whether it was that."""
        found = _EXTRA.match(name)
        if found is None:
            return False
        number = int(found[1]) if found[1].isdigit() else NUMBERS.get(found[1].casefold())
        what = {found[3].casefold(), *found[2].casefold().split()}
        if number is None or not what & (MORE | CHILDREN | ANIMALS | _NEWCOMERS):
            return False
        if what & MORE:
            self._unnamed += number
        elif self._are_newcomers and what & _NEWCOMERS and self._stated is None:
            self._stated = number
        return True

    def _plain_name(self, name: str, *, after_tag: bool) -> None:
        name = _WELCOME.sub("", name.removeprefix("@")).strip()
        role = _LED_BY_ROLE.match(name)
        name = name[role.end() :] if role else name
        if aka := _AKA.match(name):
            name = aka[1]
        if nick := _NICKNAME.match(name):
            name = nick[1]
        if from_there := _FROM.match(name):
            if not self._found or len(name.split()) == 2:
                name = name[from_there.end() :].strip() or name
            else:
                return
        what = classify(name)
        words = name.split()
        if what == "prose" or (after_tag and what == "maybe"):
            if any(word[:1].isupper() for word in words[1:]) or not self._found:
                self._doubts.append("unclear_name")
            self._is_telling = True
            return
        value = Value("name", name=name)
        if what == "maybe" or (after_tag and name[:1].islower()):
            self._maybe.add(value)
        self._add(value)
        if role:
            self._roles.append((value, key(role[1])))

    def _add(self, value: Value) -> None:
        if all(not _same(value, each) for each in self._found):
            self._found.append(value)

    def done(self, stated: int | None) -> People:
        """All people that were taken."""
        if not self._found and self._asides:
            inner = read_people(self._asides[0], self._author_id, are_newcomers=self._are_newcomers)
            if inner.values:
                return inner._replace(stated=stated if stated is not None else self._stated)
        values = tuple(self._found)
        others: list[tuple[Value, ...]] = []
        if self._maybe:
            self._doubts.append("unclear_name")
            others.append(tuple(each for each in values if each not in self._maybe))
        if self._after_dash:
            self._doubts.append("run_together")
            others.append(tuple(each for each in values if each not in self._after_dash))
        values, doubts, ways = self._one_or_several(values)
        stated = stated if stated is not None else self._stated
        if stated is not None and not values:
            self._doubts = [] if self._are_newcomers else ["unnamed"]
        return People(
            values,
            stated,
            self._unnamed,
            next(iter([*self._doubts, *doubts]), None),
            (*others, *ways),
            tuple(self._roles),
        )

    def _one_or_several(
        self, values: tuple[Value, ...]
    ) -> tuple[tuple[Value, ...], list[str], list[tuple[Value, ...]]]:
        """Where names have nothing between them, or a mere &: both ways to read them."""
        names = [each for each in values if each.kind == "name"]
        is_alone = len(names) == len(values)
        commas = [each for each in self._separators if each == "comma"]
        if len(names) == 2 and is_alone and self._separators == ["amp"]:
            joined = Value("name", name=f"{names[0].name} & {names[1].name}")
            return values, ["run_together"] if self._are_newcomers else [], [(joined,)]
        long = [each for each in names if len((each.name or "").split()) > 1]
        if len(names) == 1 and is_alone and not commas and long:
            words = tuple(Value("name", name=word) for word in (names[0].name or "").split())
            if len(words) == 2:
                return values, [], [words]
            return words, ["run_together"], [values]
        split = [part for each in values for part in _words_of(each)]
        if len(split) == len(values):
            return values, [], []
        if commas:
            return values, [], [tuple(split)]
        return tuple(split), ["run_together"], [values]


def _words_of(value: Value) -> list[Value]:
    """The words of a name of three or more, which may be as many names."""
    words = (value.name or "").split() if value.kind == "name" else []
    if len(words) < 3 or {word.casefold() for word in words} & _WITHIN_NAMES:
        return [value]
    return [Value("name", name=word) for word in words]


_WITHIN_NAMES = frozenset({"of", "the", "de", "la", "del", "el", "von", "der", "in", "on", "for"})
_ROLES = frozenset(
    {"q", "vq", "qic", "co q", "coq", "co", "fng", "dr", "respect", "hate", "kotter", "2.0"}
)
_NEWCOMERS = frozenset({"fng", "fngs", "new", "newbies", "nuevos", "neue"})


def _named(text: str) -> str:
    """A piece without bullets, marks and punctuation around it."""
    begin = DECOR.match(text)
    plain = told(text[begin.end() :] if begin else text)
    return " ".join(plain.rstrip(".,!:;)]}").lstrip(")]}").split())


def _same(one: Value, other: Value) -> bool:
    if one.kind != other.kind:
        return False
    if one.kind == "member":
        return one.member_id == other.member_id
    return (one.name or "").casefold() == (other.name or "").casefold()


def union(groups: Iterable[Sequence[Value]]) -> list[Value]:
    """All people of some groups, each once, in order."""
    found: list[Value] = []
    for value in (each for group in groups for each in group):
        if all(not _same(value, other) for other in found):
            found.append(value)
    return found


def looks_like_people(line: str) -> bool:
    """Whether a line goes on with a list of people, and tells nothing else."""
    outside = re.sub(r"<[^<>]*>|\([^()]*\)|\[[^\[\]]*\]", " , ", without_emoji(line))
    pieces = [_named(each) for each in re.split(r"[,;|•·、/&\t]|\s(?:and|y|und|et)\s", outside)]
    named = [each for each in pieces if each]
    return all(classify(each) != "prose" for each in named)
