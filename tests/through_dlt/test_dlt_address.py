"""What `dlt://…` means, and what is said of what it cannot mean."""

import sys
from pathlib import Path

import pytest

from hubbub.errors import UsageError
from hubbub.flows.publishing import open_warehouse
from tests.through_dlt.places import DuckDb

_SECRET = "open sesame"


def _said(url: str, workspace: str = "grove") -> str:
    with pytest.raises(UsageError) as caught:
        open_warehouse(url, workspace, Path("/nowhere"))
    return str(caught.value)


def test_a_dataset_is_called_like_its_workspace_unless_named(duckdb_place: DuckDb) -> None:
    named = open_warehouse("dlt://duckdb/ours", "grove", Path("/nowhere"))
    assert named.title == f"dlt://duckdb ({duckdb_place.file}), dataset ours"
    unnamed = open_warehouse("dlt://duckdb", "서울", Path("/nowhere"))
    assert unnamed.title.endswith(", dataset ___ca6c4193")  # as it is in other warehouses


def test_who_logs_in_and_by_what_does_not_tell_destinations_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    identities: set[str] = set()
    for user in ("ann", "ben"):
        address = f"postgresql://{user}:{_SECRET}@db.example.org/analytics"
        monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", address)
        warehouse = open_warehouse("dlt://postgres/ours", "grove", Path("/nowhere"))
        assert _SECRET not in warehouse.title + warehouse.identity
        identities.add(warehouse.identity)
    assert identities == {"dlt://postgres (db.example.org:5432/analytics)#ours"}


def test_a_name_stays_short_enough_for_the_dataset_in_which_rows_wait(
    duckdb_place: DuckDb,
) -> None:
    # PostgreSQL cuts names at 63, and what rows wait in is dropped: it must not be the same
    titles = {open_warehouse("dlt://duckdb", "a" * 60 + last, Path("/x")).title for last in "bc"}
    datasets = {title.rpartition(" ")[2] for title in titles}
    assert len(datasets) == 2
    assert all(len(name + "_waiting_1234abcd") <= 63 for name in datasets)
    assert "at most 46" in _said("dlt://duckdb/" + "a" * 47)


@pytest.mark.parametrize(
    "url", ["dlt://", "dlt://DuckDB", "dlt://duckdb?a=b", "dlt://a:b@duckdb", "dlt://[x/"]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    assert "dlt://DESTINATION/DATASET" in _said(url)


def test_what_cannot_keep_rows_right_is_refused() -> None:
    assert "does not keep tables" in _said("dlt://filesystem")
    assert "does not keep tables" in _said("dlt://lancedb")
    assert "leaves them in it" in _said("dlt://athena")
    assert "knows no destination parchment." in _said("dlt://parchment")


def test_a_name_of_ones_own_for_nothing_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    setting = "DESTINATION__ANALYTICS__DESTINATION_TYPE"
    monkeypatch.setenv(setting, "parchment")
    assert f"knows no destination parchment ({setting})." in _said("dlt://analytics")


def test_what_cannot_be_read_is_told_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    credentials = f"postgresql://ann:{_SECRET.replace(' ', '')}@db.example.org:port/analytics"
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", credentials)
    said = _said("dlt://postgres")
    assert "cannot read what it is told of postgres" in said
    assert "sesame" not in said


def test_a_folder_that_dlt_takes_for_a_template_is_refused(
    duckdb_place: DuckDb, tmp_path: Path
) -> None:
    scratch = tmp_path / "50% off"
    scratch.mkdir()
    with pytest.raises(UsageError, match="has a % in it"):
        open_warehouse(duckdb_place.url, "grove", scratch).mark()


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    said = _said("dlt://postgres")
    assert "database, password, username, host." in said
    assert "DESTINATION__POSTGRES__CREDENTIALS," in said
    # what is known by then is not shown
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS__PASSWORD", _SECRET)
    said = _said("dlt://postgres")
    assert "database, username, host." in said
    assert _SECRET not in said


@pytest.mark.parametrize("credentials", [None, ":pipeline:", ":memory:", ""])
def test_a_database_wherever_one_stands_is_no_place(
    credentials: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESTINATION__DUCKDB__CREATE_INDEXES", "false")
    if credentials is not None:
        monkeypatch.setenv("DESTINATION__DUCKDB__CREDENTIALS", credentials)
    monkeypatch.chdir(tmp_path)
    assert "DESTINATION__DUCKDB__CREDENTIALS" in _said("dlt://duckdb")
    assert [*tmp_path.glob("*.duckdb")] == []


def test_a_dataset_called_like_its_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESTINATION__DUCKDB__CREDENTIALS", f"duckdb:///{tmp_path}/grove.duckdb")
    assert "for the file itself" in _said("dlt://duckdb")
    open_warehouse("dlt://duckdb/slack", "grove", tmp_path)


def test_a_driver_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert 'pip install "dlt[databricks]"' in _said("dlt://databricks")
    monkeypatch.setitem(sys.modules, "dlt", None)
    assert 'pip install "hubbub[dlt]"' in _said("dlt://snowflake")


def test_a_destination_may_have_a_name_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESTINATION__ANALYTICS__DESTINATION_TYPE", "duckdb")
    monkeypatch.setenv("DESTINATION__ANALYTICS__CREDENTIALS", f"duckdb:///{tmp_path}/a.duckdb")
    warehouse = open_warehouse("dlt://analytics", "grove", Path("/nowhere"))
    assert warehouse.title == f"dlt://analytics ({tmp_path}/a.duckdb), dataset grove"
