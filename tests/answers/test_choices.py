"""What members choose about letters holds at once everywhere, and names nobody on the disk."""

import json
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from hubbub.cli.program import program
from hubbub.errors import HubbubError, UsageError
from hubbub.flows.choosing_letters import choices_of, choose
from hubbub.flows.erasing import opt_in, opt_out
from hubbub.flows.rotating import begin_after_loss
from hubbub.privacy.keys import Keys
from hubbub.privacy.letters import Choices
from hubbub.privacy.refusals import RefusalFile
from hubbub.settings import Settings

REPORTS = ("month", "year", "awards")


def settings_with_reports(home: Path) -> Settings:
    settings = Settings(home, "grove")
    folder = settings.pack / "reports"
    folder.mkdir(parents=True)
    for name in REPORTS:
        (folder / f"{name}.toml").touch()
    return settings


def a_list(folder: Path) -> Choices:
    return Choices(folder / "letters.json", RefusalFile(folder / "refused.json"), Keys.new())


@given(
    st.lists(
        st.tuples(st.sampled_from(["U1", "U2"]), st.sampled_from([None, *REPORTS]), st.booleans()),
        max_size=12,
    )
)
def test_the_last_word_about_a_letter_counts(
    tmp_path_factory: pytest.TempPathFactory, said: list[tuple[str, str | None, bool]]
) -> None:
    choices = a_list(tmp_path_factory.mktemp("choices"))
    wanted = {(member, report): True for member in ("U1", "U2", "U3") for report in REPORTS}
    for member, report, wants in said:
        choices.choose(member, report, wanted=wants)
        wanted |= {(member, each): wants for each in REPORTS if report in {None, each}}
    assert {key: choices.wants(*key) for key in wanted} == wanted


def test_a_choice_about_all_holds_for_reports_that_come_later(tmp_path: Path) -> None:
    choices = a_list(tmp_path)
    choices.choose("U1", "month", wanted=True)
    choices.choose("U1", None, wanted=False)
    assert not choices.wants("U1", "a report of next year")
    choices.choose("U1", "month", wanted=True)
    assert choices.wants("U1", "month")
    assert not choices.wants("U1", "a report of next year")


def test_another_process_sees_a_choice_at_once(tmp_path: Path) -> None:
    settings = settings_with_reports(tmp_path)
    here, there = choices_of(settings), choices_of(settings)
    assert there.wants("U1", "month")
    here.choose("U1", "month", wanted=False)
    assert not there.wants("U1", "month")
    here.choose("U1", "month", wanted=True)
    assert there.wants("U1", "month")


def test_the_file_names_nobody_and_is_its_owners_alone(tmp_path: Path) -> None:
    settings = settings_with_reports(tmp_path)
    for member in ("U0OLIVE", "U0BRAM"):
        choose(settings, member, None, wanted=False)
    choose(settings, "U0CLEO", "month", wanted=False)
    choose(settings, "U0CLEO", "month", wanted=True)
    text = settings.letters.read_text(encoding="utf-8")
    assert "U0" not in text
    assert len(json.loads(text)["letters"]) == 2  # who has what everybody has is not in it
    assert stat.S_IMODE(settings.letters.stat().st_mode) == 0o600


def test_who_opted_out_gets_no_letter_and_nothing_is_noted_of_them(tmp_path: Path) -> None:
    settings = settings_with_reports(tmp_path)
    opt_out(settings, "U0OLIVE")
    assert not choices_of(settings).wants("U0OLIVE", "month")
    found = choose(settings, "U0OLIVE", None, wanted=True)
    assert found.is_refused
    assert not settings.letters.exists()
    assert opt_in(settings, "U0OLIVE")
    assert choices_of(settings).wants("U0OLIVE", "month")


def test_a_letter_that_there_is_none_of_is_refused(tmp_path: Path) -> None:
    settings = settings_with_reports(tmp_path)
    with pytest.raises(UsageError, match="no letter 'mnoth'") as refused:
        choose(settings, "U0OLIVE", "mnoth", wanted=False)
    assert "month" in refused.value.fix
    assert choices_of(settings).wants("U0OLIVE", "mnoth")


@pytest.mark.parametrize("damage", ["", "{}", '{"letters": [{"token": 1}]}', "[]"])
def test_without_the_list_no_letter_goes(tmp_path: Path, damage: str) -> None:
    choices = a_list(tmp_path)
    choices.choose("U1", None, wanted=False)
    (tmp_path / "letters.json").write_text(damage)
    with pytest.raises(HubbubError, match="damaged"):
        choices.wants("U2", "month")


def test_choices_do_not_survive_the_loss_of_the_keys_in_silence(tmp_path: Path) -> None:
    settings = settings_with_reports(tmp_path)
    choose(settings, "U0OLIVE", None, wanted=False)
    settings.key.unlink()
    with pytest.raises(HubbubError, match="lost"):
        choices_of(settings)
    assert begin_after_loss(settings).choices_lost == 1
    assert choices_of(settings).wants("U0OLIVE", "month")


def test_an_operator_chooses_for_a_member(tmp_path: Path) -> None:
    settings = settings_with_reports(tmp_path)

    def said(*words: str) -> str:
        done = CliRunner().invoke(
            program,
            ["privacy", "letters", *words, "--home", str(tmp_path), "--workspace", "grove"],
            catch_exceptions=False,
        )  # fmt: skip
        assert done.exit_code == 0, done.output
        return done.stdout.strip()

    assert said("show", "U0OLIVE") == "They get every letter."
    assert said("stop", "U0OLIVE", "--report", "month") == "They get every letter, but not month."
    assert said("stop", "U0OLIVE") == "They get no letters."
    assert said("start", "U0OLIVE", "--report", "year") == "They get no letters, but year."
    told = json.loads(said("show", "U0OLIVE", "--json"))
    assert told == {"wanted": False, "but": ["year"], "out": False}
    assert not choices_of(settings).wants("U0OLIVE", "month")
    audit = settings.audit.read_text(encoding="utf-8")
    assert audit.count('"action":"choice"') == 3
    assert "U0OLIVE" not in audit
