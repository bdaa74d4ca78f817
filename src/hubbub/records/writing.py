"""How people write: blanks of all kinds, marks, emoji, bullets, quotations, code."""

import re
import unicodedata

from hubbub.slack.markup import unescape

_BLANKS = [0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000]
_BREAKS = [0x0B, 0x0C, 0x85, 0x2028, 0x2029]
_UNSEEN = [0xAD, 0x61C, 0x180E, 0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F),
           *range(0x2060, 0x2065), *range(0x2066, 0x206A), 0xFE0E, 0xFE0F, 0xFEFF]  # fmt: skip
_AS_WRITTEN: dict[int, str | None] = {
    **dict.fromkeys(_BLANKS, " "),
    **dict.fromkeys(_BREAKS, "\n"),
    **dict.fromkeys(_UNSEEN),
    **{ord(each): ":" for each in "：﹕︓꞉∶"},
}
UNSEEN = "".join(map(chr, (*_UNSEEN, 0x200C, 0x200D)))
"""Characters that can stand between letters and are not seen."""
_LOOSE_JOINERS = re.compile(r"(?<![^\W\d_])[\u200c\u200d]|[\u200c\u200d](?![^\W\d_])")
"""Joiners that no letters stand around: in an emoji, or nowhere."""

_LONG = 1_000
_LONGEST_RUN = 20
_RUNS = re.compile(rf"([\W\d_])\1{{{_LONGEST_RUN},}}")
"""Long runs of one sign say nothing, and would make some patterns slow."""

_CODE_BLOCK = re.compile(r"```.*?```", re.DOTALL)
_QUOTED = re.compile(r"^[ \t]*(?:>|&gt;)(?!\s*<?[@#]).*$", re.MULTILINE)
_QUOTED_REST = re.compile(r"^[ \t]*(?:>>>|&gt;&gt;&gt;).*", re.MULTILINE | re.DOTALL)

EMOJI = (
    r":[a-z0-9_+'\-]{2,}:|[\U0001f000-\U0001faff\u2190-\u21ff\u2300-\u23ff\u2460-\u24ff"
    r"\u25a0-\u27bf\u2b00-\u2bff\U000e0020-\U000e007f\u20e3\u200d]"
)
"""A part of a pattern: an emoji, as a character or as Slack writes it."""
MARKS = r"\s*_~`"
"""Inside a class of characters: blanks, and marks of bold, italic, struck and code."""

_EMOJI = re.compile(EMOJI)
_BLANKS_AROUND = re.compile(r" {2,}")
_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_KEYCAPS = {f":{word}:": str(number) for number, word in enumerate(_DIGITS)} | {
    ":keycap_ten:": "10"
}
_KEYCAP = re.compile("|".join(_KEYCAPS))
_BULLETS = r"•●▪◦‣·○■□▶►➤→✅☑✔—–+\-"
DECOR = re.compile(
    rf"(?:[{MARKS}{_BULLETS}#|\"'“”‘’«»>\[({{!]|{EMOJI}|&gt;|\d{{1,2}}[.)](?=[ \t])"
    r"|<!(?:here|channel|everyone)[^>]*>)*"
)
"""What can stand before the first word of a line."""
_EDGES = " \t\n*_~`\"'“”‘’«»|;,•●▪◦‣·"
_IN_KEY = re.compile(r"[*~`'’‘\"“”#!¡¿?()\[\]]|(?<!\d)\.|\.(?!\d)")
_BETWEEN_IN_KEY = re.compile(r"[\s_/&+\-–—]+")


def cleaned(text: str) -> str:
    """A text with one kind of blank, line break and colon, and nothing that is not seen."""
    if len(text) > _LONG:
        text = _RUNS.sub(r"\1" * _LONGEST_RUN, text)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.isascii():
        return text.replace("\x0b", "\n").replace("\x0c", "\n")
    text = text.translate(_AS_WRITTEN)
    if "\u200d" in text or "\u200c" in text:
        text = _LOOSE_JOINERS.sub("", text)
    return text


def own_words(text: str) -> str:
    """A cleaned text without code blocks and quoted lines; the lines stay where they are."""
    if "```" in text:
        text = _CODE_BLOCK.sub(lambda block: "\n" * block[0].count("\n"), text)
    if ">" in text or "&gt;" in text:
        text = _QUOTED_REST.sub("", text)
        text = _QUOTED.sub("", text)
    return text


def key(text: str) -> str:
    """A label or word as it is compared: without case, marks, blanks and the like."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", _EMOJI.sub(" ", text))
    elif ":" in text:
        text = _EMOJI.sub(" ", text)
    text = text.casefold().replace("(s)", "s").replace("&amp;", " ")
    return _BETWEEN_IN_KEY.sub(" ", _IN_KEY.sub("", text)).strip()


def without_emoji(text: str) -> str:
    """A text without emoji; keycaps (:four:) become digits."""
    if ":" in text:
        text = _KEYCAP.sub(lambda cap: _KEYCAPS[cap[0]], text)
    elif text.isascii():
        return text
    return _BLANKS_AROUND.sub(" ", _EMOJI.sub(" ", text))


def trimmed(text: str) -> str:
    """A piece of a text without blanks, marks and separators at its ends."""
    return text.strip(_EDGES)


def told(text: str) -> str:
    """A piece as people read it: entities resolved, marks at its ends gone."""
    return unescape(trimmed(text))
