"""The `rich_text` blocks that Slack's own clients send beside the text of a message."""

import html
import re

from hubbub.simulator.state import Raw

TOKEN = re.compile(
    r"<(?P<link>[^<>]+)>"
    r"|:(?P<emoji>[a-z+][a-z0-9_+-]*|100):(?::(?P<tone>skin-tone-[2-6]):)?"
    r"|`(?P<code>[^`]+)`"
    r"|\*(?P<bold>[^*\n]+)\*"
    r"|(?<!\w)_(?P<italic>[^_\n]+)_(?!\w)"
)
PREFORMATTED = re.compile(r"```(.+?)```", re.DOTALL)


def rich_text(block_id: str, text: str) -> list[Raw]:
    """The blocks of a message that was typed as `text` (mrkdwn, with Slack's `<…>` markup)."""
    elements: list[Raw] = []
    for index, piece in enumerate(PREFORMATTED.split(text)):
        if not piece:
            continue
        if index % 2:
            content = [{"type": "text", "text": html.unescape(piece)}]
            elements.append({"type": "rich_text_preformatted", "elements": content})
        else:
            elements.append({"type": "rich_text_section", "elements": _section(piece)})
    return [{"type": "rich_text", "block_id": block_id, "elements": elements}]


def _section(text: str) -> list[Raw]:
    elements: list[Raw] = []
    end = 0
    for token in TOKEN.finditer(text):
        if token.start() > end:
            elements.append(_plain(text[end : token.start()]))
        elements.append(_element(token))
        end = token.end()
    if end < len(text):
        elements.append(_plain(text[end:]))
    return elements


def _plain(text: str) -> Raw:
    return {"type": "text", "text": html.unescape(text)}


def _element(token: re.Match[str]) -> Raw:
    if token["link"]:
        return _reference(token["link"])
    if token["emoji"]:
        emoji: Raw = {"type": "emoji", "name": token["emoji"]}
        return emoji | ({"skin_tone": int(token["tone"][-1])} if token["tone"] else {})
    for style in ("code", "bold", "italic"):
        if token[style]:
            return _plain(token[style]) | {"style": {style: True}}
    raise AssertionError(token)  # TOKEN has no other alternative


def _reference(inside: str) -> Raw:
    target, _, label = inside.partition("|")
    if target.startswith("@"):
        return {"type": "user", "user_id": target[1:]}
    if target.startswith("#"):
        return {"type": "channel", "channel_id": target[1:]}
    if target.startswith("!subteam^"):
        return {"type": "usergroup", "usergroup_id": target.removeprefix("!subteam^")}
    if target.startswith("!"):
        return {"type": "broadcast", "range": target[1:]}
    link: Raw = {"type": "link", "url": html.unescape(target)}
    return link | ({"text": html.unescape(label)} if label else {})
