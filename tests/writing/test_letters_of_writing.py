"""What the reports of pack writing say to whom, in both languages."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from hubbub.content import PACKS
from hubbub.core.letters import Letter
from hubbub.errors import BadContent, UsageError
from hubbub.flows.reporting import Wish, compose
from hubbub.reports.filters import Voice
from hubbub.reports.messages import Messages, Said
from hubbub.settings import Settings
from tests.writing.circle import SEOUL
from tests.writing.conftest import SET, set_up

NOW = datetime(2026, 4, 5, 12, tzinfo=UTC)
"""In the midst of round 3."""
both_languages = pytest.mark.parametrize("language", ["en", "ko"])
NO_PACK = Path("no-pack-of-its-own")
Write = Callable[..., dict[str, Letter]]


@pytest.fixture
def letters(circle: Settings) -> Write:
    """Composes a report; the letters by the names of their recipients."""

    def write(
        name: str,
        *,
        language: str = "en",
        written: str = SET,
        now: datetime = NOW,
        **wish: str | Path,
    ) -> dict[str, Letter]:
        settings = replace(set_up(circle, written), language=language)
        wanted = replace(Wish(), **wish)
        composed = compose(settings, name, wanted, people=None, now=now)
        return {each.to.name: each for each in composed.letters}

    return write


def numbers(text: str) -> list[int]:
    """All numbers that a text says, but those in names of emoji."""
    return [int(each) for each in re.findall(r"\d+", re.sub(r":\w+:", "", text))]


def test_each_message_is_there_in_english_and_korean() -> None:
    files = {path.name for path in (PACKS / "writing" / "messages").iterdir()}
    names = {name.partition(".")[0] for name in files}
    assert files == {f"{name}.{language}.j2" for name in names for language in ("en", "ko")}


@both_languages
def test_awards_name_the_winners_and_the_totals(letters: Write, language: str) -> None:
    [letter] = letters("awards", language=language).values()
    # March: Eve 1, Mina 4, Jun 2 (one a pass), Tom 1, Sora 3 (a question, a pass), the newcomer 1;
    # two comments; the claps of three to Eve, one of them her own, a heart and Mina's wave.
    [head] = [line for line in letter.text.splitlines() if "*12" in line]
    assert numbers(re.sub(r"2026|3월", "", head)) == [12, 2, 5, 6]
    medals = [
        (line.partition(" ")[0], re.search(r"<@(\w+)>\D*(\d+)", line))
        for line in letter.text.splitlines()
        if "_place_medal:" in line
    ]
    assert [(medal, said[1], said[2]) for medal, said in medals if said] == [
        (":first_place_medal:", "U0MINA0", "4"),
        (":second_place_medal:", "U0SORA0", "3"),
        (":third_place_medal:", "U0JUN00", "2"),
        (":first_place_medal:", "U0TOM00", "1"),
        (":first_place_medal:", "U0MINA0", "2"),
        (":second_place_medal:", "U0TOM00", "1"),
        (":second_place_medal:", "U0SORA0", "1"),
    ]
    assert letter.period == "2026-03"
    assert "U0EVE00" not in letter.text


@both_languages
def test_a_month_without_a_word_has_a_kind_sentence(letters: Write, language: str) -> None:
    [letter] = letters("awards", language=language, period="2026-02").values()
    assert "<@" not in letter.text
    assert numbers(re.sub(r"2026|2월", "", letter.text)) == []


@both_languages
def test_a_personal_letter_has_the_figures_of_its_reader(letters: Write, language: str) -> None:
    found = letters("personal-letter", language=language, period="2026-03")
    assert set(found) == {"미나", "소라", "Tom Reed", "Eve", "준호", "새봄"}

    def figures(name: str) -> list[tuple[str, list[int]]]:
        lines = [line for line in found[name].text.splitlines() if line.startswith(":")]
        return [(line.split(":")[1], numbers(line)) for line in lines]

    # posts and submissions among them; reactions given; received; the streak. No zero is said.
    assert figures("미나") == [
        ("pencil2", [4, 3]), ("heart", [2]), ("sparkles", [1]), ("fire", [2]),
    ]  # fmt: skip
    assert figures("Tom Reed") == [("pencil2", [1, 1]), ("speech_balloon", [1]), ("heart", [1])]
    # Eve's own clap counts neither way; Mina's and Tom's, and Mina's wave, do.
    assert figures("Eve") == [("pencil2", [1, 1]), ("speech_balloon", [1]), ("sparkles", [3])]
    for name, letter in found.items():
        others = set(found) - {name}
        assert not any(re.search(rf"\b{other}\b", letter.text) for other in others)


@both_languages
def test_letters_are_worded_by_level(letters: Write, language: str) -> None:
    found = letters("personal-letter", language=language, period="2026-03")

    def ending(name: str) -> str:
        return found[name].text.split("\n\n")[-2]

    # levels 3, 2 and 1 by 6, 3 and 2 contributions
    assert len({ending(name) for name in ("미나", "Tom Reed", "준호")}) == 3
    assert ending("준호") == ending("새봄")


@both_languages
def test_who_was_silent_gets_words_and_no_figures(letters: Write, language: str) -> None:
    found = letters("personal-letter", language=language, period="2026-02")
    assert len(found) == 6
    for letter in found.values():
        assert numbers(re.sub(r"2026|2월", "", letter.text)) == []
        assert not re.search(r"^:", letter.text, re.MULTILINE)


@both_languages
def test_the_check_of_a_round_names_everybody_once(letters: Write, language: str) -> None:
    [letter] = letters("round-check", language=language, period="round-2").values()
    blocks = letter.text.split("\n\n")
    named = {block.split(":")[1]: block.splitlines()[1:] for block in blocks if block[0] == ":"}
    # Jun's submission came within the three days in which late ones are heard of
    assert named == {
        "white_check_mark": ["미나, 새봄, 소라"],
        "hourglass": ["준호"],
        "grey_question": ["Tom Reed"],
    }
    assert letter.period == "round-2"
    assert [each.name.partition("-")[2] for each in letter.pictures] == [
        "submissions_by_round.png", "rounds_by_member.png",
    ]  # fmt: skip
    assert all(each.draw().startswith(b"\x89PNG") for each in letter.pictures)


def test_without_a_period_the_round_that_has_ended_is_checked(letters: Write) -> None:
    [letter] = letters("round-check").values()
    assert letter.period == "round-2"


@both_languages
def test_a_reminder_goes_to_those_whom_the_open_round_lacks(letters: Write, language: str) -> None:
    now = datetime.now(UTC)
    begins = now.astimezone(SEOUL).date() - timedelta(days=3)
    written = SET.replace("2026-03-02", begins.isoformat())
    found = letters("round-reminder", language=language, written=written, now=now)
    assert set(found) == {"미나", "소라", "Tom Reed", "준호", "새봄"}, "neither staff nor a bot"
    for name, letter in found.items():
        assert name in letter.text
        assert letter.period == "round-1"


def test_nobody_is_reminded_who_has_handed_in_or_passed(letters: Write) -> None:
    # Round 1 is made to last until today: all have handed in since March 2, or passed.
    days = (datetime.now(UTC).date() - datetime(2026, 3, 2, tzinfo=UTC).date()).days + 30
    written = SET + f"round_days = {days}\n"
    assert letters("round-reminder", written=written, now=datetime.now(UTC)) == {}


@both_languages
def test_a_notice_has_what_stands_in_its_line(
    letters: Write, language: str, tmp_path: Path
) -> None:
    guests = tmp_path / "guests.csv"
    guests.write_text(
        "member,title,starts,link,coupon\n"
        '미나,겨울 강의,"12월 3일, 8시",https://example.org/a?b=1&c=2,WINTER-*7*\n'
        "@tom,Winter class,Dec 3,,\n",
        encoding="utf-8",
    )
    found = letters("notice", language=language, list_file=guests)
    assert set(found) == {"미나", "Tom Reed"}
    assert "*겨울 강의*" in found["미나"].text
    assert "12월 3일, 8시" in found["미나"].text
    assert "`WINTER-*7*`" in found["미나"].text
    assert "<https://example.org/a?b=1&amp;c=2|" in found["미나"].text
    assert "`" not in found["Tom Reed"].text, "no coupon, no line about one"
    assert "<" not in found["Tom Reed"].text


def test_a_list_that_lacks_a_placeholder_is_told(letters: Write, tmp_path: Path) -> None:
    guests = tmp_path / "guests.csv"
    guests.write_text("member,title,starts,link\n미나,강의,12월,\n", encoding="utf-8")
    with pytest.raises(BadContent, match=r"notice\.en\.j2, line \d+: .*coupon"):
        letters("notice", list_file=guests)


def test_a_notice_without_a_list_asks_for_one(letters: Write) -> None:
    with pytest.raises(UsageError, match="There is no list") as caught:
        letters("notice")
    assert "--list FILE" in caught.value.fix


@both_languages
@pytest.mark.parametrize("name", ["submission-imported", "submission-updated"])
def test_authors_are_told_what_was_read(language: str, name: str) -> None:
    fields = [
        Said(name="title", label="제목", understood="어느 페이지"),
        Said(name="link", label="링크", understood=""),
        Said(name="note", label="한마디", understood="다음엔 더 길게"),
    ]
    said = {
        "recipient": Said(name="준호"),
        "post": Said(link="https://example.org/p1"),
        "records": [Said(fields=fields)],
    }
    text = Messages(NO_PACK).render(name, Voice(language, SEOUL), said)
    listed = [line for line in text.splitlines() if line.startswith("•")]
    assert listed == ["• *제목*: 어느 페이지"], "neither what is not there nor the chat beside it"
    assert "<https://example.org/p1|" in text
    assert "준호" in text


@both_languages
def test_a_pass_is_acknowledged(language: str) -> None:
    said = {"recipient": Said(name="소라"), "post": Said(link=None)}
    text = Messages(NO_PACK).render("pass-imported", Voice(language, SEOUL), said)
    assert text.startswith(":ticket:")
    assert "소라" in text
