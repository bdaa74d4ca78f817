"""From backblasts in Slack to the letters of the pack: what they say is what happened."""

from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from hubbub.core.letters import Letter
from hubbub.errors import UsageError
from hubbub.flows.exporting import export_metrics
from hubbub.flows.importing import import_archive
from hubbub.flows.measuring import measure
from hubbub.flows.reporting import Wish, compose
from hubbub.settings import Settings
from tests.f3.region import AOS, LEFT, MEMBERS, Beatdown, written
from tests.f3.test_figures import CATALOG, REFERENCE, TOLD, ZONE, kotters, posts_by_person
from tests.invented import write_export

NOW = datetime(2026, 8, 20, 12, tzinfo=UTC)
MONTH = "2025-11"
YEAR = [b for b in TOLD if date(2025, 1, 1) <= b.day <= date(2025, 11, 30)]
HELD = [b for b in YEAR if b.day.month == 11]
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The region, from its export, where everything is kept."""
    folder = tmp_path_factory.mktemp("region")
    settings = Settings(folder / "home", "region", privacy={"preset": "open"}, timezone=ZONE.key)
    import_archive(settings, written(folder / "export", TOLD))
    return settings


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A community where nobody has ever written a backblast."""
    folder = tmp_path_factory.mktemp("town")
    settings = Settings(folder / "home", "town", privacy={"preset": "open"})
    import_archive(settings, write_export(folder / "export"))
    return settings


def letters(settings: Settings, report: str, period: str, *to: str) -> dict[str, Letter]:
    """The letters of a report, by the names of their recipients."""
    composed = compose(settings, report, Wish(period, to), people=None, now=NOW)
    return {letter.to.name: letter for letter in composed.letters}


def times(count: int, one: str) -> str:
    """`1 post`, `2 posts`."""
    return f"{count} {one}" if count == 1 else f"{count} {one}s"


def led(held: list[Beatdown]) -> Counter[str]:
    """How often each led."""
    return Counter(b.q for b in held)


@pytest.mark.parametrize("name", REFERENCE)
def test_backblasts_give_the_figures_of_what_happened(name: str, region: Settings) -> None:
    rows = measure(region, name, {"as_of": "2025-11-30"}).rows.to_pylist()
    # whether a backblast could be read for sure is not of what happened
    wanted = REFERENCE[name]({"as_of": "2025-11-30"})
    told = [{**row, "is_doubtful": False} if "is_doubtful" in row else row for row in rows]
    assert told == wanted
    assert wanted


class TestMonthlyMemberChart:
    def test_goes_to_each_member_who_was_at_a_workout(self, region: Settings) -> None:
        there = {MEMBERS[person] for b in HELD for person in b.members}
        assert set(letters(region, "monthly-member-chart", MONTH)) == there

    def test_says_how_often_they_came_and_led(self, region: Settings) -> None:
        month, year = posts_by_person(HELD), posts_by_person(YEAR)
        for name, letter in letters(region, "monthly-member-chart", MONTH).items():
            (person,) = (each for each, called in MEMBERS.items() if called == name)
            assert letter.text.startswith("*Your November 2025*")
            assert f"You posted *{times(len(month[person]), 'time')}*" in letter.text
            if len(year[person]) > len(month[person]):
                assert f"That makes *{len(year[person])}* this year." in letter.text
            if count := led(HELD)[person]:
                assert f"You led {times(count, 'beatdown')}" in letter.text
            else:
                assert f"{times(count, 'beatdown')}, and" not in letter.text

    def test_has_a_picture_with_their_name(self, region: Settings) -> None:
        letter = letters(region, "monthly-member-chart", MONTH)["さくら"]
        (picture,) = letter.pictures
        assert picture.title == "さくら: posts by month"
        assert picture.draw().startswith(PNG)


def test_each_ao_gets_its_month(region: Settings) -> None:
    found = letters(region, "ao-month", MONTH)
    assert set(found) == {AOS[b.ao] for b in HELD}
    for ao, name in AOS.items():
        held = [b for b in HELD if b.ao == ao]
        people = posts_by_person(held)
        text = found[name].text
        assert f"*{times(len(held), 'beatdown')}* with *{sum(b.size for b in held)} posts*" in text
        assert f"by *{len(people)} PAX*" in text
        most = max(len(there) for there in people.values())
        assert f"({most})" in text.partition(":trophy:")[2].partition("\n")[0]
        thanked = text.partition("leading: ")[2].partition("\n")[0].split(", ")
        assert {each.partition(" ")[0] for each in thanked} == {f"<@{b.q}>" for b in held}
        welcomed = text.partition("first time: ")[2].partition(". ")[0]
        assert set(filter(None, welcomed.split(", "))) == {fng for b in held for fng in b.fngs}
        assert [each.title for each in found[name].pictures] == [
            f"#{name}: most posts in November 2025",
            f"#{name}: most posts in 2025",
            f"#{name}: who led in 2025",
        ]
    assert found["ao-lighthouse"].pictures[2].draw().startswith(PNG)


def test_the_region_gets_its_month(region: Settings) -> None:
    (letter,) = letters(region, "region-month", MONTH).values()
    october = sum(b.size for b in YEAR if b.day.month == 10)
    posts = sum(b.size for b in HELD)
    change = round(100 * (posts - october) / october)
    sign = "+" if change > 0 else "−"
    people = {person for b in HELD for person in b.people}
    assert letter.to.name == "general"
    assert f"*{len(people)} PAX* posted *{posts} times* at *{len(HELD)} beatdowns*" in letter.text
    assert f"{sign}{abs(change)}\u00a0% on the month before." in letter.text
    assert f":mega: {len(led(HELD))} PAX led." in letter.text
    assert f"{times(sum(len(b.fngs) for b in HELD), 'FNG')} came for the first time" in letter.text
    assert [each.title for each in letter.pictures] == [
        "Most posts in November 2025",
        "Most posts in 2025",
        "Most AOs in November 2025",
        "Most AOs in 2025",
        "Who led in November 2025",
        "PAX by month in 2025",
        "PAX by AO in November 2025",
        "FNGs by AO in 2025",
    ]
    assert letter.pictures[4].draw().startswith(PNG)


class TestKotters:
    def test_names_those_who_are_missing(self, region: Settings) -> None:
        (letter,) = letters(region, "kotters", "2025-W50", "general").values()
        wanted = kotters({"as_of": "2025-12-14"})
        assert len(wanted) > 1
        lines = [line for line in letter.text.splitlines() if line.startswith("• ")]
        for line, row in zip(lines, wanted, strict=True):
            assert line.startswith(f"• *{row['member']}*: last at <#{row['ao_id']}> on ")
            assert f"{times(row['weeks_absent'], 'week')} ago; {row['posts']} posts" in line
        assert MEMBERS[LEFT] not in letter.text

    def test_is_silent_where_nobody_is_missing(self, region: Settings) -> None:
        assert letters(region, "kotters", "2025-W06", "general") == {}

    def test_wants_a_channel_for_the_leaders(self, region: Settings) -> None:
        with pytest.raises(UsageError, match="no channel 'leaders'"):
            letters(region, "kotters", "2025-W50")


class TestWithoutBackblasts:
    """A community that has none is not bothered with the pack."""

    @pytest.mark.parametrize("name", REFERENCE)
    def test_a_metric_is_a_sentence(self, name: str, town: Settings) -> None:
        measured = measure(town, name, {"as_of": "2026-03-20"})
        assert measured.rows.num_rows == 0
        assert measured.why_empty().startswith(f"No rows: {CATALOG.metric(name).title}")

    @pytest.mark.parametrize("report", ["monthly-member-chart", "ao-month", "region-month"])
    def test_a_report_has_no_letters(self, report: str, town: Settings) -> None:
        assert letters(town, report, "2026-03") == {}

    def test_an_export_of_everything_leaves_the_pack_out(
        self, town: Settings, region: Settings, tmp_path: Path
    ) -> None:
        def files(settings: Settings, *names: str) -> set[str]:
            folder = tmp_path / f"{settings.workspace}{len(names)}"
            export_metrics(settings, names, {"as_of": "latest"}, folder, "csv")
            return {path.stem for path in folder.iterdir()}

        assert not files(town) & set(REFERENCE)
        assert files(town, "leaders") == {"leaders"}
        assert files(region) - files(town) == set(REFERENCE)
