"""What is too old goes, and does not come back."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hubbub.errors import UsageError
from hubbub.flows.erasing import retain_now
from hubbub.flows.inspecting import inspect
from hubbub.flows.measuring import measure
from hubbub.settings import Settings
from hubbub.stores import duckdb as store
from tests.invented import message
from tests.privacy.home import column, holding, imported, settings_of

NOW = datetime.now(UTC).replace(microsecond=0)
NOTHING: list[dict[str, Any]] = []
AGES = (1, 10, 100)
"""Days."""


def of_ages() -> list[dict[str, Any]]:
    """A message of each age, with a link and a reaction."""
    return [
        message(f"{(NOW - timedelta(days=age)).timestamp():.6f}", "U2",
                f"of {age} days <https://example.org/{age}>",
                reactions=[{"name": "tada", "users": ["U1"], "count": 1}])
        for age in AGES
    ]  # fmt: skip


def texts(settings: Settings) -> set[str]:
    """The texts of the store, without their links."""
    return {text.split(" <")[0] for text in column(settings, "SELECT text FROM messages") if text}


@pytest.mark.parametrize("preset", ["open", "standard"])
def test_what_is_too_old_when_it_comes_is_not_stored(tmp_path: Path, preset: str) -> None:
    settings = settings_of(tmp_path, preset, text_days=5, row_days=50)
    report = imported(settings, tmp_path, **{"2026_03_04": of_ages()})
    assert report.added == 2
    assert texts(settings) == {"of 1 days"}
    assert column(settings, "SELECT count(*) FROM links") == [2]
    assert holding(settings.home, "of 100 days", "of 10 days") == []


def test_what_grows_too_old_goes_for_good(tmp_path: Path) -> None:
    kept = settings_of(tmp_path, "open")
    imported(kept, tmp_path, **{"2026_03_04": of_ages()})
    settings = settings_of(tmp_path, "open", text_days=5, row_days=50)
    receipt = retain_now(settings)
    assert texts(settings) == {"of 1 days"}
    assert column(settings, "SELECT count(*) FROM messages") == [2]
    assert column(settings, "SELECT count(*) FROM reactions") == [2]
    # rows: the message of 100 days, and the four of the invented export, of which one has a link
    # and one has a reaction
    assert receipt.rows["links"] == receipt.rows["reactions"] == 2
    assert holding(settings.home, "of 100 days", "of 10 days", "private word") == []
    assert retain_now(settings).rows == {}


def test_what_settles_between_copies_holds_no_old_text_either(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "open", text_days=50)
    imported(settings_of(tmp_path, "open"), tmp_path, **{"2026_03_04": of_ages()})
    old, young, digest = "it said of 100 days", "it said of 1 days", "o00_abc"
    with store.writing(settings.store) as connection:
        connection.execute(
            "UPDATE store.messages SET reactions_rank = CASE "
            "WHEN contains(text, '100') THEN $1 WHEN contains(text, 'of 1 ') THEN $2 "
            "WHEN contains(text, 'private') THEN $3 END",
            [f'{{"text":"{old}"}}', f'{{"text":"{young}"}}', digest],
        )
    retain_now(settings)
    with store.reading(settings.store) as connection:
        kept = connection.execute(
            "SELECT reactions_rank FROM store.messages WHERE reactions_rank IS NOT NULL ORDER BY 1"
        ).fetchall()
    assert {rank for (rank,) in kept} == {digest, f'{{"text":"{young}"}}'}
    assert holding(settings.home, old) == []


def test_a_merge_lets_old_rows_go_too(tmp_path: Path) -> None:
    imported(settings_of(tmp_path, "open"), tmp_path, **{"2026_03_04": of_ages()})
    settings = settings_of(tmp_path, "open", row_days=50)
    imported(settings, tmp_path, **{"2026_03_04": NOTHING})
    assert texts(settings) == {"of 1 days", "of 10 days"}


def test_retention_is_shown_and_checked(tmp_path: Path) -> None:
    imported(settings_of(tmp_path, "open"), tmp_path, **{"2026_03_04": of_ages()})
    settings = settings_of(tmp_path, "open", text_days=5, row_days=50)
    [found] = [each for each in inspect(settings) if each.check == "retention"]
    assert found.state == "problem"
    # older than 50 days: the message of 100 and the four of March; older than 5, with a text: six
    assert found.found == "Kept for longer than allowed: 11 of messages."
    imported(settings, tmp_path, **{"2026_03_04": NOTHING})
    rows = {
        row["what"]: row for row in measure(settings, "retention_compliance", {}).rows.to_pylist()
    }
    assert (rows["messages"]["kept"], rows["messages"]["overdue"]) == (2, 0)
    assert (rows["texts"]["kept"], rows["texts"]["compliant"]) == (1, 100)


def test_old_raw_responses_and_files_go(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "open", raw_days=30)
    imported(settings, tmp_path)
    for age in AGES:
        folder = settings.raw / f"{NOW - timedelta(days=age):%Y%m%dT%H%M%S}-abc"
        folder.mkdir(parents=True)
        (folder / "000001-messages-C1.json").write_text("{}")
    assert retain_now(settings).raw == 1
    assert len([*settings.raw.iterdir()]) == 2


def test_a_policy_that_keeps_all_for_ever_has_nothing_to_retain(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="for ever"):
        retain_now(settings_of(tmp_path, "open"))
