"""The views that templates bring, and whom a name means."""

from pathlib import Path
from typing import Any

import pytest

from hubbub.errors import BadContent
from hubbub.flows.measuring import measure
from hubbub.records.directory import Directory, Person
from hubbub.settings import Settings
from hubbub.stores import duckdb as store
from tests.invented import USERS
from tests.record_path.standups import POST, STANDUP, TS, imported, said, workspace, write_template

METRIC = """/*
title = "Asked"
question = "What is in it?"
members = "one"

[columns]
{columns}
*/
{query}
"""


def asked(settings: Settings, query: str, **columns: str) -> list[dict[str, Any]]:
    """The rows of a metric of the workspace's own, columns by their types."""
    told = "\n".join(f'{name} = {{ type = "{kind}", doc = "." }}' for name, kind in columns.items())
    path = settings.pack / "metrics" / "asked.sql"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(METRIC.format(columns=told, query=query), encoding="utf-8")
    return measure(settings, "asked", {}).rows.to_pylist()


def test_a_template_brings_a_view_of_its_records_and_one_of_each_list(tmp_path: Path) -> None:
    settings = workspace(tmp_path)
    other = POST.replace("Hours: 3\n", "").replace("2026-03-02", "2026-03-01")
    imported(settings, tmp_path / "export", said(), said(other, "1772452801.000100", "U2"))
    query = "SELECT author_id, place, status, day, hours, done FROM standups ORDER BY author_id"
    types = {"author_id": "id", "place": "integer", "status": "text", "day": "date"}
    rows = asked(settings, query, **types, hours="integer", done="text")
    assert [(row["author_id"], row["place"], row["status"], str(row["day"]), row["hours"],
             row["done"]) for row in rows] == [
        ("U1", 0, "good", "2026-03-02", 3, "pruned the roses"),
        ("U2", 0, "good", "2026-03-01", None, "pruned the roses"),
    ]  # fmt: skip
    query = f"SELECT position, user_id, name FROM standups_crew WHERE ts = '{TS}' ORDER BY position"
    assert asked(settings, query, position="integer", user_id="id", name="text") == [
        {"position": 0, "user_id": "U2", "name": None},
        {"position": 1, "user_id": None, "name": "Beaker"},
    ]


def test_refused_and_deleted_records_are_in_no_view(tmp_path: Path) -> None:
    settings = workspace(tmp_path)
    write_template(
        settings, STANDUP.replace('labels = ["hours"]', 'labels = ["hours"]\nrequired = true')
    )
    unfinished = POST.replace("Hours: 3\n", "")
    imported(settings, tmp_path / "export", said(), said(unfinished, "1772452801.000100"))
    with store.reading(settings.store) as connection:
        statuses = connection.execute("SELECT status FROM records ORDER BY ts").fetchall()
    assert statuses == [("good",), ("refused",)]
    assert asked(settings, "SELECT ts FROM standups", ts="id") == [{"ts": TS}]
    assert len(asked(settings, "SELECT ts FROM standups_crew", ts="id")) == 2


def test_a_file_of_that_name_goes_before_the_view_of_a_template(tmp_path: Path) -> None:
    settings = workspace(tmp_path)
    imported(settings, tmp_path / "export", said())
    path = settings.pack / "views" / "standups.sql"
    path.parent.mkdir(parents=True)
    path.write_text("SELECT 7 AS hours", encoding="utf-8")
    query = "SELECT hours::BIGINT AS hours FROM standups"
    assert asked(settings, query, hours="integer") == [{"hours": 7}]


def test_a_wrong_template_is_told_with_its_file_when_a_metric_needs_views(tmp_path: Path) -> None:
    settings = workspace(tmp_path)
    imported(settings, tmp_path / "export", said())
    write_template(settings, STANDUP.replace('type = "date"', 'type = "dates"'))
    with pytest.raises(BadContent, match=r"standup\.toml, line \d+"):
        asked(settings, "SELECT ts FROM standups", ts="id")


NAMES = ("olive", " Olive Example ", "BRAM", "브람", "Bram", "Beaker", "Robot", "Twin", "wren", "")
"""The handle in another case, the full name with blanks, what nobody or two are called."""


def test_names_mean_whom_the_directory_says(tmp_path: Path) -> None:
    """The view and `records/directory.py` have one rule."""
    users: list[dict[str, Any]] = [
        *USERS,
        {"id": "U4", "name": "twin", "profile": {"display_name": "Wren"}},
        {"id": "U5", "name": "wren", "profile": {"real_name": "TWIN"}},
    ]
    settings = workspace(tmp_path)
    imported(settings, tmp_path / "export", said())
    with store.writing(settings.store) as connection:
        connection.execute("DELETE FROM store.users; DELETE FROM store.record_values")
        for user in users:
            profile = user["profile"]
            connection.execute(
                "INSERT INTO store.users (user_id, name, display_name, real_name, is_bot) "
                "VALUES (?, ?, ?, ?, ?)",
                [user["id"], user["name"], profile.get("display_name"), profile.get("real_name"),
                 user.get("is_bot", False)],
            )  # fmt: skip
        for position, name in enumerate(NAMES):
            connection.execute(
                "INSERT INTO store.record_values (channel_id, ts, place, field, position, kind, "
                "name) VALUES ('C1', ?, 0, 'crew', ?, 'name', ?)",
                [TS, position, name],
            )
    directory = Directory(
        Person(user["id"], (user["name"], user["profile"].get("display_name"),
                            user["profile"].get("real_name")))
        for user in users
    )  # fmt: skip
    query = "SELECT position, user_id FROM record_people ORDER BY position"
    found = [row["user_id"] for row in asked(settings, query, position="integer", user_id="id")]
    assert found == ["U1", "U1", "U2", "U2", "U2", None, "U3", None, None, None]
    assert found == [directory.resolve(name) for name in NAMES]
