"""Slack's message markup: tokens in angle brackets, entities, code.

Source: slack-platform §3.6. Only `&`, `<` and `>` are escaped in a text, so a `<` always opens a
token: `<@U…>`, `<#C…>`, `<!here>` or `<scheme:…>`, each with an optional `|label`.
"""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

_TOKEN = re.compile(r"<([^<>|]*)[^<>]*>")
"""A token; its group is what stands before the label."""
_WHOLE_TOKEN = re.compile(r"<[^<>]*>")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):")
_CODE_OR_TOKEN = re.compile(r"```.*?```|`[^`\n]*`|<[^<>]*>", re.DOTALL)
_PLAIN_HOST = re.compile(r"https?://([A-Za-z0-9.\-]+)(?:[/?#]|\Z)")
"""The host of nearly all links: taken without the general parser, which is ten times slower."""
_BROADCASTS = frozenset({"here", "channel", "everyone", "group"})


Mention = tuple[int, str, str | None, str | None, str | None]
"""A mention: its place among the text's tokens from 1; user, channel, subteam or broadcast; and
whom it names: a member, a channel, or something else."""

Link = tuple[int, str, str, str | None]
"""A link: its place among the text's tokens from 1, its URL, scheme and domain."""


def tokens(text: str) -> tuple[list[Mention], list[Link]]:
    """The mentions and links of a text, in order."""
    mentions: list[Mention] = []
    links: list[Link] = []
    for position, content in enumerate(_TOKEN.findall(text), 1):
        sign, rest = content[:1], content[1:]
        if sign == "@":
            mentions.append((position, "user", rest, None, None))
        elif sign == "#":
            mentions.append((position, "channel", None, rest, None))
        elif sign == "!":
            if rest.startswith("subteam^"):
                target = rest.removeprefix("subteam^")
                mentions.append((position, "subteam", None, None, target))
            elif rest in _BROADCASTS:
                mentions.append((position, "broadcast", None, None, rest))
        elif scheme := _SCHEME.match(content):
            url = unescape(content)
            links.append((position, url, scheme[1].lower(), domain(url)))
    return mentions, links


def domain(url: str) -> str | None:
    """The host of a URL in lower case, without port and user; None where it has none."""
    if plain := _PLAIN_HOST.match(url):
        return plain[1].lower()
    try:
        return urlsplit(url).hostname or None
    except ValueError:  # "https://[half an IPv6 address"
        return None


def trimmed(url: str) -> str | None:
    """A URL without query, fragment and user; only hosts and paths, so no mailto or tel."""
    host = domain(url)
    if host is None:
        return None
    parts = urlsplit(url)
    return f"{parts.scheme}://{host}{parts.path}"


def unescape(text: str) -> str:
    """A text with Slack's three entities resolved."""
    if "&" not in text:
        return text
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def asks(text: str) -> bool:
    """Whether a question mark stands in the text outside of tokens, code spans and code blocks."""
    if "?" not in text and "？" not in text:
        return False
    rest = _CODE_OR_TOKEN.sub(" ", text)
    return "?" in rest or "？" in rest


def plain(
    text: str,
    members: Mapping[str, str],
    channels: Mapping[str, str],
    groups: Mapping[str, str] | None = None,
) -> str:
    """A text as people read it: names in place of ids, labels in place of links. `groups` are the
    handles of user groups by id."""

    def told(token: re.Match[str]) -> str:
        content, _, label = token[0][1:-1].partition("|")
        sign, rest = content[:1], content[1:]
        if sign == "@":
            return f"@{members.get(rest) or label or rest}"
        if sign == "#":
            return f"#{channels.get(rest) or label or rest}"
        if sign == "!":
            command, _, target = rest.partition("^")
            if command == "subteam":
                handle = (groups or {}).get(target)
                return f"@{handle}" if handle else label or "@group"
            return label or f"@{command}"
        return label or content

    return unescape(_WHOLE_TOKEN.sub(told, text))
