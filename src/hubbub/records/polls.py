"""Reads polls that apps post with Block Kit: the question, its options, and what was voted.

There is no common form: the template of Slack's Block Kit Builder, which many apps follow, has a
section an option with a button beside it and a line of votes below; others have one row of buttons,
a menu, or tick boxes. What is common: several choices of one kind, a question above them, and a
word that says that it is about votes. Buttons without that word (approve, deny) make no poll.
"""

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from hubbub.records.reading import Json, Reading, Value
from hubbub.slack.values import items, record, records, text

_ABOUT_VOTES = re.compile(
    r"(?<![a-z])(?:polls?|polly|vot(?:e|es|ed|er|ers|ing)|surveys?)(?![a-z])"
    r"|umfrage|abstimm|encuesta|sondage|enquete|투표|설문|投票|アンケート",
    re.IGNORECASE,
)
_QUIET = re.compile(
    r"^(?::\w+:\s*)*(?:add|suggest|delete|remove|close|end|cancel|settings?|menu|results?|see|show|view"
    r"|undo|edit|share|more|create|help|learn)\b",
    re.IGNORECASE,
)
"""How labels begin that are no choices but ways to handle the poll."""
_TITLE = re.compile(
    r"^[\s*_:\w-]{0,20}?\b(?:polly?|survey|umfrage|투표|설문|投票)\b\s*[*_]*\s*[:：]\s*[*_]*\s*",
    re.IGNORECASE,
)
_BY = re.compile(r"\s+(?:poll|asked|created|posted) by\b.*$", re.IGNORECASE)
_NUMBERING = re.compile(
    r"^\s*(?:`?:(?:one|two|three|four|five|six|seven|eight|nine|keycap_ten|zero):`?"
    r"|[0-9]\ufe0f?\u20e3|\U0001f51f|\d{1,2}[.)])\s*"
)
_VOTES = re.compile(
    r"`\s*(\d{1,6})\s*`\s*$|\(\s*(\d{1,6})(?:\s+votes?)?\s*\)\s*$|(?<![\w.])(\d{1,6})\s+votes?\b"
    r"|(?<!\w)(no) votes?\b|\(?(?<!\d)(\d{1,6})\s*[표票]\)?",
    re.IGNORECASE,
)
_SHARE = re.compile(r"[`|▏▎▍▌▋▊▉█▓▒░\s]*(?<!\d)\d{1,3}(?:\.\d+)?\s*%")
"""A bar of blocks, and per cent."""
_MEMBER = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^<>]*)?>")
_LABELLED = re.compile(r"<(?:[^<>|]*\|)?([^<>|]*)>")
_STYLE = re.compile(r"(?<!\w)[*_~`]+|[*_~`]+(?!\w)")
_CHOOSING = frozenset({"static_select", "radio_buttons", "checkboxes", "multi_static_select"})
_MOST_OPTIONS = 100


class _Option(Struct):
    """An option as it was read."""

    text: str
    votes: int | None = None
    voters: list[str] = []


def read_poll(blocks: Sequence[Json]) -> tuple[Reading, ...] | None:
    """A poll's question, options and voters; None if the blocks are none."""
    try:
        return _read(blocks)
    except RecursionError:  # no app nests its blocks a thousand deep
        return None


def _read(blocks: Sequence[Json]) -> tuple[Reading, ...] | None:
    if not any(_ABOUT_VOTES.search(word) for word in _words([*blocks])):
        return None
    options = _beside_buttons(blocks) or _among_buttons(blocks)
    question = _question(blocks, options)
    if question is None or not 2 <= len(options) <= _MOST_OPTIONS:
        return None
    readings = [
        Reading("question", (Value("text", text=question),), question, 100),
        Reading(
            "options",
            tuple(Value("text", text=each.text, number=each.votes) for each in options),
            "",
            100,
        ),
    ]
    voters = tuple(
        Value("member", member_id=voter, number=place)
        for place, option in enumerate(options)
        for voter in dict.fromkeys(option.voters)
    )
    if voters:
        readings.append(Reading("voters", voters, "", 100))
    return tuple(readings)


def _beside_buttons(blocks: Sequence[Json]) -> list[_Option]:
    """Options of which each has a section of its own, with a button; what follows, up to the next,
    says who has voted for it."""
    found: list[_Option] = []
    current: _Option | None = None
    for block in blocks:
        kind = _kind(block)
        if kind == "section" and _kind(record(block.get("accessory"))) == "button":
            said = _text_of(block)
            button = _text_of(record(block["accessory"]))
            is_choice = bool(said.strip()) and not _QUIET.match(button)
            current = _option(said) if is_choice else None
            found += [current] if current else []
        elif kind == "context" and current is not None:
            _count(current, _text_of(block))
        else:
            current = None
    return found if len(found) > 1 else []


def _among_buttons(blocks: Sequence[Json]) -> list[_Option]:
    """Options that stand together: a row of buttons, a menu, tick boxes."""
    for elements in _together(blocks):
        labels = [
            label for each in elements if (label := _text_of(each)) and not _QUIET.match(label)
        ]
        if len(labels) > 1:
            return [_option(label) for label in labels]
    return []


def _together(blocks: Sequence[Json]) -> Iterator[list[Json]]:
    for block in blocks:
        elements = records(block.get("elements")) if _kind(block) == "actions" else []
        choosing = [*elements, record(block.get("accessory")), record(block.get("element"))]
        for element in choosing:
            if _kind(element) in _CHOOSING:
                yield records(element.get("options"))
    for block in blocks:
        if _kind(block) == "actions":
            elements = records(block.get("elements"))
            yield [each for each in elements if _kind(each) == "button" and not each.get("url")]


def _question(blocks: Sequence[Json], options: Sequence[_Option]) -> str | None:
    """What is asked: the first lines of text that are neither an option nor about who has asked."""
    said = {option.text for option in options}
    for block in blocks:
        if _kind(block) not in {"section", "header", "rich_text", "markdown"}:
            continue
        for line in _text_of(block).splitlines():
            question = _BY.sub("", _plain(_TITLE.sub("", line)))
            if question and question not in said and _TITLE.sub("", f"{question}:"):
                return question
    return None


def _option(told: str) -> _Option:
    """An option of its first line, with the votes and voters that stand in any."""
    first, _, rest = told.strip().partition("\n")
    label = _NUMBERING.sub("", first)
    option = _Option("")
    _count(option, f"{_SHARE.sub('', label)}\n{rest}")
    label = _SHARE.sub(" ", _VOTES.sub("", _SHARE.sub(" ", label).strip()))
    option.text = _plain(_MEMBER.sub("", label)) or _plain(first)
    return option


def _count(option: _Option, told: str) -> None:
    """Add what is told of an option's votes and voters."""
    option.voters += _MEMBER.findall(told)
    for line in told.splitlines():
        if found := _VOTES.search(line.strip()):
            number = next(each for each in found.groups() if each)
            option.votes = 0 if number.lower() == "no" else int(number)
            return
    if option.votes is None and option.voters:
        option.votes = len(dict.fromkeys(option.voters))


def _plain(told: str) -> str:
    """A text without marks of style and without the addresses behind its labels."""
    return " ".join(_STYLE.sub("", _LABELLED.sub(r"\1", told)).split())


def _kind(block: Json) -> str:
    """What a block or element is; nothing where that is no text."""
    return text(block.get("type")) or ""


def _text_of(block: Json) -> str:
    """All text of a block or element, a part a line."""
    return "\n".join(part for part in _texts(block) if part.strip())


def _texts(block: Json) -> Iterator[str]:
    said = block.get("text")
    if isinstance(said, str):
        yield said
    else:
        yield from _texts(record(said)) if said else ()
    for each in records(block.get("fields")):
        yield from _texts(each)
    if _kind(block) == "rich_text":
        for part in records(block.get("elements")):
            yield _run(part)
    elif _kind(block) == "context":
        for each in records(block.get("elements")):
            yield from _texts(each)


def _run(part: Json) -> str:
    """A run of a rich text as Slack's markup has it."""
    said = ""
    for each in records(part.get("elements")):
        match _kind(each):
            case "user":
                said += f"<@{each.get('user_id')}>"
            case "emoji":
                said += f":{each.get('name')}:"
            case "rich_text_section":
                said += f"{_run(each)}\n"
            case _:
                said += str(each.get("text") or each.get("url") or "")
    return said


def _words(value: object) -> Iterator[str]:
    """Whatever could say that it is about votes: texts, and the names of buttons."""
    if isinstance(value, str):
        yield value.replace("_", " ")
    for key, each in record(value).items():
        if key in _TELLING:
            yield from _words(each)
    for each in items(value):
        yield from _words(each)


_TELLING = frozenset({
    "text", "elements", "accessory", "element", "action_id", "block_id", "value", "fields",
    "options", "label", "placeholder",
})  # fmt: skip
