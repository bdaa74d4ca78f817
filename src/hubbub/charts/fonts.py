"""Fonts for names from everywhere: which script a text needs, and whether this machine has it.

A chart's own font has no Korean, Japanese, Chinese or emoji.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

from msgspec import Struct

from hubbub.charts import emoji

_CJK = re.compile(
    r"[\u2e80-\u3029\u3030-\u3098\u309b-\u318e\u31a0-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f"
    r"\uff01-\uff9f\uffa1-\uffee\U00020000-\U0003ffff]+"
)
_HANGUL = re.compile(r"[\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff]")


class Script(Struct, frozen=True):
    """A script: its name, the fonts that show it (the first that is there is taken), and how to
    find out whether one is there."""

    name: str
    families: str
    language: str
    """As fontconfig names it."""
    files: tuple[str, ...]
    """Name patterns of well-known font files, where there is no fontconfig."""
    package: str


KOREAN = Script(
    "Korean",
    "Noto Sans CJK KR, Noto Sans KR, NanumGothic, Nanum Gothic, UnDotum, Apple SD Gothic Neo, "
    "Malgun Gothic, sans-serif",
    "ko",
    ("NotoSansCJK*", "NotoSansKR*", "Nanum*", "UnDotum*"),
    "fonts-noto-cjk",
)
JAPANESE = Script(
    "Japanese or Chinese",
    "Noto Sans CJK JP, Noto Sans JP, IPAexGothic, IPAGothic, VL Gothic, Hiragino Sans, Yu Gothic, "
    "Meiryo, sans-serif",
    "ja",
    ("NotoSansCJK*", "NotoSansJP*", "ipag*", "ipaexg*", "VL-Gothic*"),
    "fonts-noto-cjk",
)
EMOJI = Script(
    "emoji",
    "Noto Color Emoji, Apple Color Emoji, Segoe UI Emoji, Twemoji, sans-serif",
    "und-zsye",
    ("NotoColorEmoji*", "Twemoji*"),
    "fonts-noto-color-emoji",
)

FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.fonts", "~/.local/share/fonts")


def needs_fonts(text: str) -> bool:
    """Whether a text has characters that a chart's own font has not."""
    return any(script is not None for script, _ in stretches(text))


def missing(texts: Iterable[str], is_there: Callable[[Script], bool] | None = None) -> list[str]:
    """What these texts contain and this machine cannot draw: a sentence each, with the remedy."""
    needed = {script for text in texts for script, _ in stretches(text) if script is not None}
    lacking = [each for each in (KOREAN, JAPANESE, EMOJI) if each in needed]
    return [
        f"This machine has no font for {script.name}, so the picture does not show it. "
        f"Install one: apt-get install {script.package}"
        for script in lacking
        if not (is_there or has_font)(script)
    ]


@cache
def has_font(script: Script) -> bool:
    """Whether this machine has a font for a script. macOS and Windows come with all of them."""
    if sys.platform in {"darwin", "win32"}:
        return True
    told = listed(f":lang={script.language}", "family")
    return _has_file(script) if told is None else bool(told.strip())


def listed(*asked: str) -> str | None:
    """What fontconfig lists of this machine's fonts; None where there is no fontconfig."""
    lister = shutil.which("fc-list")
    if lister is None:
        return None
    command = [lister, *asked]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout  # noqa: S603


def _has_file(script: Script) -> bool:
    folders = [Path(folder).expanduser() for folder in FOLDERS]
    return any(
        True for folder in folders for pattern in script.files for _ in folder.rglob(pattern)
    )


def stretches(text: str) -> Iterator[tuple[Script | None, str]]:
    """A text cut where the script changes; None stands for what the chart's own font shows.

    Chinese characters look different in Korean and Japanese: the text around them decides.
    """
    cjk = KOREAN if _HANGUL.search(text) else JAPANESE
    for is_emoji, part in _cut(emoji.pattern(), text):
        if is_emoji:
            yield EMOJI, part
            continue
        for is_cjk, stretch in _cut(_CJK, part):
            yield (cjk if is_cjk else None), stretch


def _cut(pattern: re.Pattern[str], text: str) -> Iterator[tuple[bool, str]]:
    """The parts of a text that match, and those between them."""
    end = 0
    for match in pattern.finditer(text):
        if match.start() > end:
            yield False, text[end : match.start()]
        yield True, match[0]
        end = match.end()
    if end < len(text):
        yield False, text[end:]
