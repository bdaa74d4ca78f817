"""What tells a privacy officer how things stand, as metrics."""

from pathlib import Path

from hubbub.flows.measuring import measure
from tests.invented import message
from tests.privacy.home import imported, settings_of


def test_alerts_count_what_was_taken_out_by_channel_and_kind(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "standard")
    said = [
        message("1772618400.000100", "U1", "ask a@example.org or b@example.org"),
        message("1772622000.000100", "U2", "or c@example.org, 202-555-0123"),
        message("1772625600.000100", "U2", "nothing here"),
    ]
    imported(settings, tmp_path, **{"2026_03_04": said})
    imported(settings, tmp_path, **{"2026_03_04": said})  # again: counted once
    rows = measure(settings, "alerts", {}).rows.to_pylist()
    # three messages of the invented export lie in #general too
    told = [(row["channel"], row["kind"], row["found"], row["messages"], row["members"])
            for row in rows]  # fmt: skip
    assert told == [("general", "EMAIL", 3, 2, 2), ("general", "PHONE", 1, 1, 1)]
    assert [round(row["per_thousand"], 3) for row in rows] == [333.333, 166.667]


def test_policies_tell_under_which_of_them_messages_were_stored(tmp_path: Path) -> None:
    imported(settings_of(tmp_path, "standard"), tmp_path)
    later = [message("1772618400.000100", "U1", "later")]
    settings = settings_of(tmp_path, "standard", row_days=100_000)
    imported(settings, tmp_path, **{"2026_03_04": later})
    rows = measure(settings, "policies", {}).rows.to_pylist()
    told = [(row["policy"], row["runs"], row["added"], row["share"], row["left_out"])
            for row in rows]  # fmt: skip
    # of each import two messages lie in channels that are not public
    assert told == [("standard+", 1, 1, 20, 2), ("standard", 1, 4, 80, 2)]
