"""What a message may do to whoever reads it, and how long it may be."""

import json
import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hubbub.content import ContentFile
from hubbub.core.letters import MOST_BLOCKS
from hubbub.reports.filters import Voice
from hubbub.reports.messages import Messages
from hubbub.reports.mrkdwn import (
    LONGEST_SECTION,
    MOST_BLOCK_BYTES,
    blocks_of,
    cut,
    has_blocks,
    plain_text,
)

VOICE = Voice("en", ZoneInfo("UTC"))
NASTY = st.lists(
    st.sampled_from([*"<>&@#|`*_~\n\r\t-> '\"", "here", "!channel", "<!here>", "@everyone",
                     "\u202e", "# a", "---", "-# b", "&amp;", "한", "\u2028"]),
    max_size=30,
).map("".join)  # fmt: skip


def rendered(template: str, **said: object) -> str:
    """What a message with this template says."""
    messages = Messages(Path("no-pack"))
    file = ContentFile("it.en", "pack", Path("pack/messages/it.en.j2"), template)
    messages.__dict__["files"] = {file.name: file}
    return messages.render("it", VOICE, said)


def dropped(count: int) -> str:
    return f"({count} more)"


@given(NASTY)
@example("a\u2028# heading")
@example("a\n---")
def test_a_value_is_text_whatever_it_holds(value: str) -> None:
    text = rendered("*Hello*\n{{ value }}\nend", value=value)
    inside = text.removeprefix("*Hello*\n").removesuffix("end")
    assert not re.search(r"[<>]", inside)
    assert not re.search(r"&(?!(?:amp|lt|gt);)", inside)
    assert not re.search(r"@(?:here|channel|everyone|group)\b", inside)
    assert not has_blocks(inside)
    assert "\u202e" not in inside
    # what can be seen of it is what it was
    seen = re.sub("[\u2060\u202e\u0000-\u001f\u2028 ]", "", value)
    plain = inside.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    assert re.sub("[\u2060\u0000-\u001f\u2028 ]", "", plain) == seen


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ 'U0AB1' | mention }}", "<@U0AB1>"),
        ("{{ 'm1_abc' | mention('Ann & co') }}", "Ann &amp; co"),
        ("{{ 'C0AB1' | channel }}", "<#C0AB1>"),
        ("{{ 'https://a.example/?b=1&c' | link('a|b > c') }}",
         "<https://a.example/?b=1&amp;c|a¦b &gt; c>"),
        ("{{ none | link('words') }}", "words"),
        ("{{ 'javascript:alert(1)' | link('words') }}", "words"),
        ("{{ 1 | counted('post', 'posts') }}, {{ 1234 | counted('post', 'posts') }}",
         "1 post, 1,234 posts"),
        ("{{ 12.4 | percent }} {{ -3.6 | percent }}", "+12\u00a0% −4\u00a0%"),
        ("{{ nobody }} {{ none | number }} {{ 0 }} {{ true }}", "– – 0 True"),
        ("{{ 'a\nb   c' | line(4) }}", "a b…"),
        ("it's \"so\": {{ value }}", "it's \"so\": it's \"so\" &amp;#39;"),
        ("<!here> @here", "<!here> @\u2060here"),
    ],
)  # fmt: skip
def test_filters(template: str, text: str) -> None:
    assert rendered(template, value='it\'s "so" &#39;', nobody=None) == text


PIECES = st.sampled_from([*"ab |", "<https://a.example|b>", "&amp;", "```", "한"])
LINES = st.lists(st.lists(PIECES, max_size=40).map("".join), max_size=30).map("\n".join)


@given(LINES, st.integers(60, 200))
def test_a_text_is_cut_at_whole_lines_and_says_so(text: str, longest: int) -> None:
    short = cut(text, longest, dropped)
    assert len(short) <= longest
    if len(text) <= longest:
        assert short == text
        return
    lines = text.splitlines()
    *kept, last = short.splitlines()
    if not kept:  # the text is one line
        kept, last = [last], f"({len(lines) - 1} more)"
    said = int(last.strip("() more"))
    assert 0 <= said < len(lines)
    if kept[-1] == "```" and kept != lines[: len(kept)]:
        kept.pop()  # it closes a block that was cut
    whole, torn = kept[:-1], kept[-1]
    assert whole == lines[: len(whole)]
    assert lines[len(whole)].startswith(torn.removesuffix("…"))
    assert torn.endswith("…") <= (not whole)
    # blank lines at the end of what is left are not shown, and not counted as left out
    assert not "".join(lines[len(kept) : len(lines) - said]).strip()
    assert not re.search(r"<[^>]*$|&\w*$", torn.removesuffix("…"))


def test_a_long_line_ends_before_the_mark_that_would_be_torn() -> None:
    line = "a" * 90 + " <https://example.org/long|words> b"
    assert cut(line, 100, dropped) == "a" * 90 + "…"
    assert cut("a" * 97 + "&amp;bc", 100, dropped) == "a" * 97 + "…"


def test_a_code_block_that_is_cut_is_closed() -> None:
    text = "\n".join(["```", *["code"] * 50, "```", "end"])
    assert cut(text, 100, dropped).endswith("code\n```\n(36 more)")


def test_headings_rules_and_small_print_are_blocks_or_plain_lines() -> None:
    text = "# Tom &amp; Ann\n\nHello *you*\n---\n-# small\nlast"
    assert has_blocks(text)
    assert [block["type"] for block in blocks_of(text, dropped)] == [
        "header", "section", "divider", "context", "section",
    ]  # fmt: skip
    assert blocks_of(text, dropped)[0]["text"]["text"] == "Tom & Ann"
    assert plain_text(text) == "*Tom &amp; Ann*\n\nHello *you*\n\n_small_\nlast"
    assert not has_blocks("#general is a channel\n--\n-#\n#")


@given(st.integers(0, 120), st.integers(0, 400), st.sampled_from(["# h", "---", "-# s", "한" * 99]))
def test_blocks_keep_within_slacks_limits(headings: int, lines: int, mark: str) -> None:
    text = "\n".join(["# heading", *[mark] * headings, *["word " * 12] * lines])
    blocks = blocks_of(text, dropped)
    assert len(blocks) <= MOST_BLOCKS
    texts = [block["text"]["text"] for block in blocks if block["type"] == "section"]
    assert all(0 < len(each) <= LONGEST_SECTION for each in texts)
    size = len(json.dumps(blocks, ensure_ascii=False, separators=(",", ":")).encode())
    assert size <= MOST_BLOCK_BYTES + 200
    shown = sum(each.count("\n") + 1 for each in texts)
    if shown < lines:
        assert re.fullmatch(r"\(\d+ more\)", blocks[-1]["elements"][0]["text"])
