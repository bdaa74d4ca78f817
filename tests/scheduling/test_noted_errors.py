"""What is kept of a run's errors says nothing of people."""

from pathlib import Path

import pytest
from tests.invented import write_export

from hubbub.flows.importing import import_archive
from hubbub.flows.noting_errors import without_people
from hubbub.settings import Settings


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Members are called olive and 브람."""
    folder = tmp_path_factory.mktemp("errors")
    settings = Settings(folder / "home", "grove", privacy={"preset": "open"})
    import_archive(settings, write_export(folder / "export"))
    return folder / "home"


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("The disk is full. Make room.", "The disk is full. Make room."),
        ("A letter to olive could not be sent.", "A letter to … could not be sent."),
        ("브람 has closed the DM.", "… has closed the DM."),
        ("There is no channel 'council'.", "There is no channel …."),
        ("@tilde and #council, U0OLIVE01, <@U0OLIVE01|ol>: gone.", "… and …, …, …: gone."),
        ("m1_0123456789abcdef01234567 was skipped.", "… was skipped."),
        ("Write to olive.example@example.org.", "Write to …"),
    ],
)
def test_people_are_taken_out(home: Path, said: str, kept: str) -> None:
    settings = Settings(home, "grove", privacy={"preset": "open"})
    [told] = without_people(settings, [said])
    assert told.startswith(kept)
    for name in ("olive", "브람", "U0OLIVE01", "council", "example.org", "tilde"):
        assert name not in told


def test_where_names_are_not_kept_nothing_is(home: Path) -> None:
    settings = Settings(home, "grove", privacy={"preset": "strict"})
    assert without_people(settings, ["A letter to olive could not be sent."]) == ()
