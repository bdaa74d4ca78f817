"""What a message is allowed to say in Slack's mrkdwn, and how long it may be.

A message is lines. Besides mrkdwn a line may be `# A heading`, `---` (a rule) or `-# small print`:
as Block Kit they are headers, dividers and contexts, and in a plain text bold, empty and italic
lines.
Source: slack-platform §2 (chat.postMessage) and §3.6.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from hubbub.core.letters import MOST_BLOCKS

Block = dict[str, Any]

LONGEST_SECTION = 3_000
LONGEST_HEADER = 150
MOST_BLOCK_BYTES = 12_000
"""Of all blocks together; Slack refuses messages from about 13,000 on."""

_UNSEEN = re.compile("[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]")
"""Control characters, ends of lines that are none to Slack, and marks that turn the direction of
what follows."""
_LINE_MARK = re.compile(r"^(?=[#>-])", re.MULTILINE)
_CALL_TO_ALL = re.compile(r"@(?=(?:here|channel|everyone|group)\b)", re.IGNORECASE)
JOINER = "\u2060"
"""Has no width, and parts what would otherwise be a word of Slack's."""
_ENTITY_OR_TOKEN = re.compile(r"<[^<>\n]*>|&(?:amp|lt|gt);")
_FENCE = "```"
_HEADING, _RULE, _SMALL = "# ", "---", "-# "

Dropped = Callable[[int], str]
"""Says in words that so many lines were left out."""


def harmless(text: str) -> str:
    """A text of somebody's that cannot change the message around it: no control characters, and no
    line that begins as a heading, a rule or a quotation."""
    return _LINE_MARK.sub(JOINER, _UNSEEN.sub("", text))


def without_calls(text: str) -> str:
    """A text in which `@here` and the like call nobody, however Slack reads it; a template calls
    with `<!here>`."""
    return _CALL_TO_ALL.sub(f"@{JOINER}", text)


def has_blocks(text: str) -> bool:
    """Whether a text has lines that only Block Kit can show as they are meant."""
    return any(_kind(line) for line in text.splitlines())


def plain_text(text: str) -> str:
    """A text without headings, rules and small print: bold, empty and italic lines in their
    place."""
    lines: list[str] = []
    for line in text.splitlines():
        match _kind(line):
            case "header":
                lines.append(f"*{line.removeprefix(_HEADING).strip()}*")
            case "divider":
                lines.append("")
            case "context":
                lines.append(f"_{line.removeprefix(_SMALL).strip()}_")
            case _:
                lines.append(line)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def cut(text: str, longest: int, dropped: Dropped) -> str:
    """A text of at most so many characters: whole lines, and one more that says how many are left
    out. A single line that is too long ends with … before the mark or entity that would be torn."""
    if len(text) <= longest:
        return text
    lines = text.splitlines()
    for kept in range(len(lines) - 1, 0, -1):
        shown = "\n".join(lines[:kept]).rstrip()
        if shown.count(_FENCE) % 2:
            shown += f"\n{_FENCE}"
        shown += f"\n{dropped(len(lines) - kept)}"
        if len(shown) <= longest:
            return shown
    last = f"\n{dropped(len(lines) - 1)}" if len(lines) > 1 else ""
    return _torn(lines[0], longest - len(last)) + last


def blocks_of(text: str, dropped: Dropped) -> tuple[Block, ...]:
    """A text as Block Kit: within Slack's limits of sections, of blocks, and of all together."""
    found: list[Block] = []
    size, lines_left = 0, len(text.splitlines())
    room = MOST_BLOCK_BYTES - _size(_context(dropped(lines_left)))
    for block, lines in _blocks(text):
        size += _size(block)
        if len(found) == MOST_BLOCKS - 1 or size > room:
            return (*found, _context(dropped(lines_left)))
        found.append(block)
        lines_left -= lines
    return tuple(found)


def _blocks(text: str) -> Iterator[tuple[Block, int]]:
    """The blocks of a text, each with the number of lines that it is of."""
    section: list[str] = []
    for line in [*text.splitlines(), None]:
        kind = _kind(line) if line is not None else "end"
        if kind or len("\n".join([*section, line or ""])) > LONGEST_SECTION:
            if said := "\n".join(section).strip("\n"):
                yield _section(said), len(section)
            section = []
        match kind:
            case "header":
                said = (line or "").removeprefix(_HEADING).strip()
                yield _header(said), 1
            case "divider":
                yield {"type": "divider"}, 1
            case "context":
                yield _context((line or "").removeprefix(_SMALL).strip()), 1
            case _:
                section += [_torn(line, LONGEST_SECTION)] if line is not None else []


def _kind(line: str) -> str:
    if line.startswith(_HEADING) and line.strip() != "#":
        return "header"
    if line.startswith(_SMALL) and line.strip() != "-#":
        return "context"
    return "divider" if line.rstrip() == _RULE else ""


def _header(text: str) -> Block:
    """A header shows its text as it is: without entities and marks."""
    said = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    shown = said if len(said) <= LONGEST_HEADER else f"{said[: LONGEST_HEADER - 1]}…"
    return {"type": "header", "text": {"type": "plain_text", "text": shown, "emoji": True}}


def _section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def _context(text: str) -> Block:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text}]}


def _size(block: Block) -> int:
    return len(json.dumps(block, ensure_ascii=False).encode())


def _torn(line: str, longest: int) -> str:
    """The begin of a line, without half a mark."""
    if len(line) <= longest:
        return line
    end = longest - 1
    for mark in _ENTITY_OR_TOKEN.finditer(line):
        if mark.start() < end < mark.end():
            end = mark.start()
    return f"{line[:end].rstrip()}…"
