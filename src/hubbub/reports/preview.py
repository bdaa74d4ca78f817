"""Shows letters as Slack would, on a page that loads nothing from anywhere.

Source of the marks: slack-platform §3.6.
"""

import re
from collections.abc import Mapping, Sequence
from html import escape, unescape
from pathlib import Path
from typing import NamedTuple

from hubbub.core.letters import Letter
from hubbub.reports.mrkdwn import Block

_FENCE = re.compile(r"```\n?(.*?)\n?```", re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")
_TOKEN = re.compile(r"<([^<>\n]+)>")
_EMOJI = re.compile(r":([a-z0-9_+'-]+)(?:::skin-tone-[2-6])?:")
_BULLET = re.compile(r"^[•◦▪︎] ?")
_MARKS = (
    (re.compile(r"(?<![\w*])\*(?!\s)([^*\n]+?)(?<!\s)\*(?![\w*])"), "strong"),
    (re.compile(r"(?<![\w_])_(?!\s)([^_\n]+?)(?<!\s)_(?![\w_])"), "em"),
    (re.compile(r"(?<![\w~])~(?!\s)([^~\n]+?)(?<!\s)~(?![\w~])"), "s"),
)
_WITHHELD = "Written, and not shown: figures about single members go to them alone."
_BLOCK = re.compile("<div>(<pre>.*?</pre>)</div>", re.DOTALL)
_KEPT = re.compile("\ue000(\\d+)\ue001")
"""Stands for a piece of HTML that marks must not reach into."""


class Names(NamedTuple):
    """What ids and emoji names are shown as."""

    members: Mapping[str, str]
    channels: Mapping[str, str]
    emoji: Mapping[str, str]


class Shown(NamedTuple):
    """A letter on the page: the files of its pictures beside the page, None if it is withheld."""

    letter: Letter
    pictures: Sequence[str] | None


def page(title: str, summary: Sequence[str], letters: Sequence[Shown], names: Names) -> str:
    """The whole page as HTML."""
    template = (Path(__file__).parent / "preview.html").read_text(encoding="utf-8")
    places = {
        "title": escape(title),
        "summary": "".join(f"<p>{escape(line)}</p>" for line in summary),
        "contents": "".join(_line(number, shown) for number, shown in enumerate(letters, 1)),
        "letters": "\n".join(
            _article(number, shown, names) for number, shown in enumerate(letters, 1)
        ),
    }
    # one pass: what a letter says must not be taken for a place
    return re.sub(r"\{\{(\w+)\}\}", lambda place: places[place[1]], template)


def html_of(text: str, names: Names) -> str:
    """Slack's mrkdwn as HTML."""
    kept: list[str] = []

    def keep(piece: str) -> str:
        kept.append(piece)
        return f"\ue000{len(kept) - 1}\ue001"

    def shown(piece: str) -> str:
        return escape(_plain(piece), quote=False)

    text = re.sub("[\ue000\ue001]", "", text)
    text = _FENCE.sub(lambda found: keep(f"<pre>{shown(found[1])}</pre>"), text)
    text = _CODE.sub(lambda found: keep(f"<code>{shown(found[1])}</code>"), text)
    text = _TOKEN.sub(lambda found: keep(_token(found[1], names)), text)
    text = _EMOJI.sub(lambda found: names.emoji.get(found[1], found[0]), text)
    said = "\n".join(_lines([shown(line) for line in text.split("\n")]))
    while _KEPT.search(said):
        said = _KEPT.sub(lambda found: kept[int(found[1])], said)
    return _BLOCK.sub(r"\1", said)


def _lines(lines: Sequence[str]) -> list[str]:
    """Lines with bold and the like; quotations and points of lists as such."""
    found: list[str] = []
    for line in lines:
        for pattern, tag in _MARKS:
            line = pattern.sub(rf"<{tag}>\1</{tag}>", line)  # noqa: PLW2901 -- a mark at a time
        if line.startswith("&gt;"):
            found.append(f'<div class="quote">{line[4:].strip() or "&nbsp;"}</div>')
        elif _BULLET.match(line):
            found.append(f'<div class="point">{line}</div>')
        else:
            found.append(f"<div>{line or '&nbsp;'}</div>")
    return found


def _token(content: str, names: Names) -> str:
    """A mention or a link; links lead nowhere, so that the page cannot tell on its reader."""
    target, _, label = content.partition("|")
    sign, rest = target[:1], target[1:]
    if sign == "@":
        return _mention(f"@{names.members.get(rest) or label or rest}")
    if sign == "#":
        return _mention(f"#{names.channels.get(rest) or label or rest}")
    if sign == "!":
        called = escape(label or "@" + rest.partition("^")[0])
        return f'<span class="mention call">{called}</span>'
    address, words = escape(_plain(target)), escape(_plain(label or target))
    return f'<span class="link" title="{address}">{words}</span>'


def _mention(name: str) -> str:
    return f'<span class="mention">{escape(name)}</span>'


def _plain(text: str) -> str:
    return unescape(text)


def _line(number: int, shown: Shown) -> str:
    return f'<li><a href="#letter-{number}">{escape(_name(shown.letter))}</a></li>'


def _name(letter: Letter) -> str:
    return f"{'@' if letter.to.kind == 'member' else '#'}{letter.to.name}"


def _article(number: int, shown: Shown, names: Names) -> str:
    letter = shown.letter
    if shown.pictures is None:
        inner = f'<p class="withheld">{_WITHHELD}</p>'
    else:
        said = "".join(_block(block, names) for block in letter.blocks)
        pictures = "".join(
            f"<figure><figcaption>{escape(picture.title)}</figcaption>"
            f'<img src="{escape(file)}" alt="{escape(picture.alt)}" loading="lazy"></figure>'
            for picture, file in zip(letter.pictures, shown.pictures, strict=True)
        )
        inner = f"{said or html_of(letter.text, names)}{pictures}"
    return f"""<article id="letter-{number}">
<h2><span>to</span> {escape(_name(letter))}</h2>
<div class="message"><div class="face" aria-hidden="true">H</div><div class="said">
<p class="by"><b>Hubbub</b> <span class="app">APP</span></p>
{inner}
</div></div></article>"""


def _block(block: Block, names: Names) -> str:
    match block["type"]:
        case "header":
            return f"<h3>{escape(block['text']['text'])}</h3>"
        case "divider":
            return "<hr>"
        case "context":
            inner = "".join(html_of(each["text"], names) for each in block["elements"])
            return f'<div class="small">{inner}</div>'
        case _:
            return f'<div class="section">{html_of(block["text"]["text"], names)}</div>'
