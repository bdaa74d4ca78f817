"""Reads what needs little reading: texts, links, lists, choices and channels."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from hubbub.records.reading import Value
from hubbub.records.writing import DECOR, key, told, without_emoji
from hubbub.slack.markup import unescape


class Told(NamedTuple):
    """The values of a field, and what is doubtful about them."""

    values: tuple[Value, ...] = ()
    doubt: str | None = None


_CHANNEL = re.compile(r"<#([CG][A-Z0-9]+)(?:\|([^<>]*))?>")
_CHANNEL_NAME = re.compile(r"(?<![\w&])#([^\s#,;.!?()<>*_~`]+(?:[._][^\s#,;.!?()<>*_~`]+)*)")
_LINK = re.compile(r"<(https?://[^<>|\s]+)(?:\|[^<>]*)?>", re.IGNORECASE)
_BARE_LINK = re.compile(r"(?<![\w<])(https?://[^\s<>|\"']+)", re.IGNORECASE)
_ITEM = re.compile(r"[,;\n•●▪◦‣]|(?:^|\n)\s*(?:[-*]|\d{1,2}[.)])\s")
_AT_TIME = re.compile(r"\s*(?:[@,]|at\b)?\s*\d{1,2}:?\d{2}\s*(?:[ap]\.?m\.?)?$", re.IGNORECASE)


def read_channel(text: str) -> Told:
    """The channel that a text names: a tag, #name, or a plain name."""
    tagged = {match[1]: match for match in reversed(list(_CHANNEL.finditer(text)))}
    if tagged:
        first = next(iter(reversed(tagged)))
        return Told((Value("channel", channel_id=first),), "several" if len(tagged) > 1 else None)
    if named := _CHANNEL_NAME.findall(text):
        doubt = "several" if len(set(named)) > 1 else None
        return Told((Value("channel", name=unescape(named[0])),), doubt)
    name = _AT_TIME.sub("", read_line(without_emoji(re.sub(r"<[^<>]*>", " ", text))))
    if not any(each.isalnum() for each in name):
        return Told((), "unreadable" if "<" in text else None)
    return Told((Value("channel", name=name.removeprefix("@")),))


def read_line(text: str) -> str:
    """A text in one line, without bullets and marks around it."""
    begin = DECOR.match(text)
    return " ".join(told(text[begin.end() :] if begin else text).split())


def read_text(text: str) -> Told:
    """A text as it stands, without marks around it."""
    plain = told(text)
    return Told((Value("text", text=plain),)) if plain else Told()


def read_link(text: str) -> Told:
    """The first link of a text."""
    links = [unescape(each) for each in _LINK.findall(text) or _BARE_LINK.findall(text)]
    if not links:
        return Told((), "unreadable" if told(text) else None)
    return Told((Value("text", text=links[0]),), "several" if len(set(links)) > 1 else None)


def read_list(text: str) -> Told:
    """The items of a text, by commas, bullets or lines."""
    items = (read_line(each) for each in _ITEM.split(text) if each)
    return Told(tuple(Value("text", text=item) for item in dict.fromkeys(items) if item))


def read_choice(text: str, choices: Mapping[str, tuple[str, ...]]) -> Told:
    """The choice that a text names."""
    plain = key(text)
    if not plain:
        return Told()
    named = [name for name, words in choices.items() if plain in {key(name), *map(key, words)}]
    if not named:
        named = [
            name
            for name, words in choices.items()
            if any(_has_word(plain, key(word)) for word in (name, *words))
        ]
    if not named:
        return Told((), "unknown_choice")
    return Told((Value("choice", text=named[0]),), "several" if len(named) > 1 else None)


def find_choice(text: str, choices: Mapping[str, tuple[str, ...]], *, most_words: int = 6) -> Told:
    """A choice that a short line names by itself."""
    for line in text.split("\n"):
        plain = key(re.sub(r"<[^<>]*>", " ", line))
        if not plain or len(plain.split()) > most_words:
            continue
        for name, words in choices.items():
            if any(_has_word(plain, key(word)) for word in (name, *words)):
                return Told((Value("choice", text=name),))
    return Told()


def _has_word(text: str, word: str) -> bool:
    """Whether a word stands in a text; in scripts that join endings to words, at a word's begin."""
    behind = r"(?!\w)" if word.isascii() else ""
    return bool(word) and re.search(rf"(?<!\w){re.escape(word)}{behind}", text) is not None
