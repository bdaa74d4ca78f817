"""BigQuery's side of publishing, through Google's own client against a stand-in for the service."""

import json
import math
import random
import threading
from base64 import b64encode
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from hubbub.core.warehouse import DAY, Change, Field, Kind, Shape
from hubbub.destinations.bigquery import dataset as dataset_module
from hubbub.destinations.warehouses.bigquery import BigQuery, open_warehouse
from hubbub.errors import HubbubError, TryAgain, UsageError
from tests.bigquery.google_server import Google
from tests.bigquery.google_tables import MOST_DAYS
from tests.changes_by_hand import EVERYTHING, REACTIONS, at, change, everything, whole

_TOWN = {"projectId": "acme", "datasetId": "town"}

ONE = ("C1", "1.000001", "U1", "tada")
TWO = ("C1", "1.000001", "U2", "tada")
THREE = ("C1", "1.000002", "U2", "+1::skin-tone-3")

BY_DAY = Shape(
    "messages",
    "A row per message.",
    ("channel_id", "ts"),
    (
        Field("channel_id", Kind.TEXT, "the channel"),
        Field("ts", Kind.TEXT, "the message's `ts`"),
        Field("text", Kind.TEXT, "what it says"),
        Field(DAY, Kind.DATE, "the UTC day"),
    ),
    is_by_day=True,
)
FIRST = ("C1", "1767225599.999999", "old", date(2025, 12, 31))
SECOND = ("C1", "1767225600.000000", "new", date(2026, 1, 1))


def _warehouse(folder: Path) -> BigQuery:
    return open_warehouse("bigquery://acme/town", "elsewhere", folder)


def _bring(warehouse: BigQuery, *changes: Change, mark: str = "first") -> dict[str, str]:
    return warehouse.bring(changes, None, mark, lambda _name, _rows: None)


def _reactions(google: Google) -> list[tuple[Any, ...]]:
    return google.holdings.rows("SELECT * FROM acme.town.reactions ORDER BY ALL")


def _names(google: Google) -> set[str]:
    return set(google.holdings.datasets["acme", "town"].tables)


def test_the_first_publication_makes_dataset_tables_and_mark(
    google: Google, tmp_path: Path
) -> None:
    warehouse = _warehouse(tmp_path)
    assert warehouse.mark() is None
    assert google.holdings.datasets == {}, "to look makes nothing"
    heard: list[tuple[str, int]] = []
    changes = [whole(tmp_path, REACTIONS, [TWO, ONE, THREE])]
    refused = warehouse.bring(changes, (), "first", lambda name, rows: heard.append((name, rows)))
    assert (refused, heard) == ({}, [("reactions", 3)])
    assert _reactions(google) == [ONE, TWO, THREE]
    assert _warehouse(tmp_path).mark() == "first"
    assert _names(google) == {"_hubbub", "reactions"}


def test_looking_asks_once(google: Google, tmp_path: Path) -> None:
    warehouse = _warehouse(tmp_path)
    _bring(warehouse, whole(tmp_path, REACTIONS, [ONE]))
    google.requests.clear()
    warehouse.mark()
    asked = [each for each in google.requests if each != ("POST", "/token")]
    assert asked == [("GET", "/bigquery/v2/projects/acme/datasets/town/tables/_hubbub")]


def test_changes_are_merged_by_keys(google: Google, tmp_path: Path) -> None:
    warehouse = _warehouse(tmp_path)
    _bring(
        warehouse,
        whole(tmp_path, EVERYTHING, [everything("a", words=1), everything("b", words=2)]),
    )
    brought = [everything("b", words=3, words_of=["x"]), everything("c", words=4)]
    _bring(warehouse, change(tmp_path, EVERYTHING, brought, gone=[("a",), ("z",)]), mark="second")
    assert google.holdings.rows(
        "SELECT name, words, words_of FROM acme.town.everything ORDER BY name"
    ) == [("b", 3, ["x"]), ("c", 4, [])]
    assert warehouse.mark() == "second"
    assert _names(google) == {"_hubbub", "everything"}, "what waited is gone"


def test_rows_that_only_go_go(google: Google, tmp_path: Path) -> None:
    warehouse = _warehouse(tmp_path)
    _bring(warehouse, whole(tmp_path, EVERYTHING, [everything("a"), everything("b")]))
    _bring(warehouse, change(tmp_path, EVERYTHING, gone=[("a",)]))
    assert google.holdings.rows("SELECT name FROM acme.town.everything") == [("b",)]


def test_the_same_changes_again_change_nothing(google: Google, tmp_path: Path) -> None:
    warehouse = _warehouse(tmp_path)
    _bring(warehouse, whole(tmp_path, REACTIONS, [ONE, TWO]))
    again = change(tmp_path, REACTIONS, [THREE], gone=[ONE])
    _bring(warehouse, again)
    _bring(warehouse, again)
    assert _reactions(google) == [TWO, THREE]


def test_an_emptied_table_is_empty(google: Google, tmp_path: Path) -> None:
    warehouse = _warehouse(tmp_path)
    _bring(warehouse, whole(tmp_path, REACTIONS, []))
    assert _reactions(google) == []
    _bring(warehouse, whole(tmp_path, REACTIONS, [ONE]))
    _bring(warehouse, whole(tmp_path, REACTIONS, []))
    assert _reactions(google) == []


def test_every_kind_of_value_arrives_as_it_is(google: Google, tmp_path: Path) -> None:
    row = everything(
        "모두",
        words=-(2**63),
        share=0.1 + 0.2,
        is_question=True,
        posted_at=at("2038-01-19 03:14:08.000001"),
        day=date(1969, 12, 31),
        words_of=["it's", "한", "\\"],
        text="한글 'quoted' \\n back\nnew 👩🏽‍🚀",
    )
    _bring(_warehouse(tmp_path), whole(tmp_path, EVERYTHING, [row, everything("none")]))
    found = google.holdings.rows("SELECT * FROM acme.town.everything ORDER BY name DESC")
    assert found == [row, ("none", None, None, None, None, None, [], None)]


def test_infinite_numbers_arrive(google: Google, tmp_path: Path) -> None:
    rows = [everything("a", share=math.inf), everything("b", share=-math.inf)]
    _bring(_warehouse(tmp_path), whole(tmp_path, EVERYTHING, rows))
    found = google.holdings.rows("SELECT share FROM acme.town.everything ORDER BY name")
    assert found == [(math.inf,), (-math.inf,)]


def test_more_than_one_request_holds_arrives(google: Google, tmp_path: Path) -> None:
    # noise cannot be packed, and up to 10 MB the client sends one request
    noise = random.Random(1)
    texts = [b64encode(noise.randbytes(600_000)).decode() for _ in range(20)]
    rows = [everything(str(place), text=text) for place, text in enumerate(texts)]
    _bring(_warehouse(tmp_path), whole(tmp_path, EVERYTHING, rows))
    assert "PUT" in {method for method, _ in google.requests}
    found = dict(google.holdings.rows("SELECT name, text FROM acme.town.everything"))
    assert found == {row[0]: row[-1] for row in rows}


def test_tables_are_parted_by_day_and_clustered_by_channel(google: Google, tmp_path: Path) -> None:
    _bring(
        _warehouse(tmp_path),
        whole(tmp_path, BY_DAY, [FIRST]),
        whole(tmp_path, REACTIONS, [ONE]),
    )
    table = google.holdings.table("acme", "town", "messages")
    assert table["timePartitioning"] == {"type": "DAY", "field": "posted_on"}
    assert table["clustering"]["fields"] == ["channel_id", "ts"]
    assert table["description"] == "A row per message."
    assert [each["description"] for each in table["schema"]["fields"]] == [
        "the channel", "the message's `ts`", "what it says", "the UTC day",
    ]  # fmt: skip
    other = google.holdings.table("acme", "town", "reactions")
    assert not other["timePartitioning"]
    assert other["clustering"]["fields"] == ["channel_id", "ts", "user_id", "name"]


def test_only_the_days_that_are_concerned_are_looked_through(
    google: Google, tmp_path: Path
) -> None:
    warehouse = _warehouse(tmp_path)
    third = ("C2", "1767312000.000000", "other", date(2026, 1, 2))
    _bring(warehouse, whole(tmp_path, BY_DAY, [FIRST, SECOND, third]))
    edited = ("C1", "1767225600.000000", "edited", date(2026, 1, 1))
    _bring(warehouse, change(tmp_path, BY_DAY, [edited], gone=[FIRST[:2]]))
    (statement,) = google.holdings.statements
    assert "t.`posted_on` IN (DATE '2025-12-31', DATE '2026-01-01')" in statement
    found = google.holdings.rows("SELECT * FROM acme.town.messages ORDER BY ts")
    assert found == [edited, third]


def test_more_days_than_a_job_may_change_are_told(google: Google, tmp_path: Path) -> None:
    rows = [
        ("C1", f"{day * 86_400}.000000", "", date.fromordinal(719_163 + day))
        for day in range(MOST_DAYS + 1)
    ]
    with pytest.raises(HubbubError, match=r"4,000 days") as caught:
        _bring(_warehouse(tmp_path), whole(tmp_path, BY_DAY, rows))
    assert "--since" in caught.value.fix


def test_a_new_column_is_added_and_the_others_stay(google: Google, tmp_path: Path) -> None:
    warehouse = _warehouse(tmp_path)
    _bring(warehouse, whole(tmp_path, REACTIONS, [ONE, TWO]))
    wider = replace(REACTIONS, fields=(*REACTIONS.fields, Field("at", Kind.INSTANT, "when")))
    _bring(warehouse, change(tmp_path, wider, [(*TWO, at("2026-01-31 12:00:00"))]))
    assert _reactions(google) == [(*ONE, None), (*TWO, at("2026-01-31 12:00:00"))]
    fields = google.holdings.table("acme", "town", "reactions")["schema"]["fields"]
    assert fields[-1]["description"] == "when"


def test_a_column_that_is_no_more_goes(google: Google, tmp_path: Path) -> None:
    warehouse = _warehouse(tmp_path)
    wider = replace(REACTIONS, fields=(*REACTIONS.fields, Field("phone", Kind.TEXT, "")))
    _bring(warehouse, whole(tmp_path, wider, [(*ONE, "1")]))
    _bring(warehouse, change(tmp_path, REACTIONS, [TWO]))
    assert _reactions(google) == [ONE, TWO]


def test_a_meaning_that_was_reworded_is_written_down(google: Google, tmp_path: Path) -> None:
    warehouse = _warehouse(tmp_path)
    _bring(warehouse, whole(tmp_path, REACTIONS, [ONE]))
    fields = (replace(REACTIONS.fields[0], doc="where"), *REACTIONS.fields[1:])
    _bring(warehouse, change(tmp_path, replace(REACTIONS, doc="Who.", fields=fields), [TWO]))
    table = google.holdings.table("acme", "town", "reactions")
    assert (table["description"], table["schema"]["fields"][0]["description"]) == ("Who.", "where")


def test_rows_of_a_metric_are_replaced_with_their_columns(google: Google, tmp_path: Path) -> None:
    shape = Shape("metric_talk", "Who talks.", (), (Field("name", Kind.TEXT, "who"),))
    warehouse = _warehouse(tmp_path)
    _bring(warehouse, whole(tmp_path, shape, [("a",), ("a",)]))
    other = replace(shape, fields=(Field("share", Kind.NUMBER, "how much"),))
    _bring(warehouse, whole(tmp_path, other, [(0.5,)]))
    assert google.holdings.rows("SELECT * FROM acme.town.metric_talk") == [(0.5,)]


def test_a_change_that_fails_leaves_the_table_and_the_mark(google: Google, tmp_path: Path) -> None:
    warehouse = _warehouse(tmp_path)
    _bring(warehouse, whole(tmp_path, REACTIONS, [ONE, TWO]))
    wanted = change(tmp_path, REACTIONS, [THREE], gone=[ONE])
    for pattern in ("POST /upload", "POST .*/jobs$", "POST .*/tables$"):
        google.failing = [(pattern, 400, "invalid")]
        with pytest.raises(HubbubError) as caught:
            _bring(warehouse, wanted, mark="second")
        assert "secret" not in str(caught.value)
        assert _reactions(google) == [ONE, TWO]
        assert warehouse.mark() == "first"
        assert _names(google) == {"_hubbub", "reactions"}, "nothing waits there any more"
    _bring(warehouse, wanted, mark="second")
    assert _reactions(google) == [TWO, THREE]


def test_a_table_that_somebody_has_dropped_is_not_made_of_the_rest(
    google: Google, tmp_path: Path
) -> None:
    warehouse = _warehouse(tmp_path)
    _bring(warehouse, whole(tmp_path, REACTIONS, [ONE, TWO]))
    google.holdings.remove_table("acme", "town", "reactions")
    with pytest.raises(HubbubError, match="has lost its table reactions"):
        _bring(warehouse, change(tmp_path, REACTIONS, [THREE]))
    assert "reactions" not in _names(google)


def test_tables_of_others_are_left_alone(google: Google, tmp_path: Path) -> None:
    google.holdings.make_dataset("acme", {"datasetReference": _TOWN})
    google.holdings.make_table(
        "acme", "town",
        {"tableReference": {"projectId": "acme", "datasetId": "town", "tableId": "payroll"},
         "schema": {"fields": [{"name": "name", "type": "STRING"}]}},
    )  # fmt: skip
    for asked in (
        _warehouse(tmp_path).mark,
        lambda: _bring(_warehouse(tmp_path), whole(tmp_path, REACTIONS, [ONE])),
    ):
        with pytest.raises(HubbubError, match="payroll"):
            asked()
    assert _names(google) == {"payroll"}


def test_a_table_of_others_that_came_later_is_left_alone(google: Google, tmp_path: Path) -> None:
    warehouse = _warehouse(tmp_path)
    _bring(warehouse, whole(tmp_path, EVERYTHING, []))
    google.holdings.make_table(
        "acme", "town",
        {"tableReference": {"projectId": "acme", "datasetId": "town", "tableId": "reactions"},
         "schema": {"fields": [{"name": "name", "type": "STRING"}]}},
    )  # fmt: skip
    with pytest.raises(HubbubError, match="holds reactions, which Hubbub has not made"):
        _bring(warehouse, whole(tmp_path, REACTIONS, [ONE]), mark="second")
    assert _reactions(google) == []
    assert warehouse.mark() == "first"


def test_a_dataset_that_is_there_is_enough(google: Google, tmp_path: Path) -> None:
    google.holdings.make_dataset("acme", {"datasetReference": _TOWN, "location": "EU"})
    google.denied = ["POST .*/datasets$"]
    _bring(_warehouse(tmp_path), whole(tmp_path, REACTIONS, [ONE]))
    assert _reactions(google) == [ONE]
    assert {job.resource["jobReference"]["location"] for job in google.jobs.values()} == {"EU"}


def test_a_dataset_is_made_where_it_is_wanted(google: Google, tmp_path: Path) -> None:
    warehouse = open_warehouse("bigquery://acme?location=asia-northeast3", "Writers & co", tmp_path)
    _bring(warehouse, whole(tmp_path, REACTIONS, [ONE]))
    resource = google.holdings.datasets["acme", "writers___co_2c730302"].resource
    assert resource["location"] == "asia-northeast3"


@pytest.mark.parametrize(
    "denied", ["POST .*/datasets$", "POST .*/tables$", "PATCH", "POST /upload", "GET .*/tables"]
)
def test_missing_rights_are_told_and_nothing_is_half_done(
    google: Google, tmp_path: Path, denied: str
) -> None:
    google.denied = [denied]
    with pytest.raises(HubbubError, match="lacks rights") as caught:
        _bring(_warehouse(tmp_path), whole(tmp_path, REACTIONS, [ONE]))
    assert "BigQuery Data Editor" in caught.value.fix
    assert "secret" not in str(caught.value)
    google.denied = []
    assert _warehouse(tmp_path).mark() in {None, "first-"}, "claimed, and no more"
    _bring(_warehouse(tmp_path), whole(tmp_path, REACTIONS, [ONE]))
    assert _reactions(google) == [ONE]


def test_a_wrong_key_is_told(
    google: Google, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forged = google.key_file(tmp_path / "forged.json", is_forged=True)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(forged))
    with pytest.raises(HubbubError, match="does not let us in") as caught:
        _warehouse(tmp_path).mark()
    assert "GOOGLE_APPLICATION_CREDENTIALS" in caught.value.fix
    assert "PRIVATE KEY" not in str(caught.value)


def test_no_key_is_told(google: Google, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, content in (("no.json", None), ("broken.json", "{"), ("other.json", "{}")):
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / name))
        if content is not None:
            (tmp_path / name).write_text(content)
        with pytest.raises(HubbubError, match="nothing to log in"):
            _warehouse(tmp_path).mark()


def test_a_withdrawn_key_is_told(google: Google, tmp_path: Path) -> None:
    google.failing = [("GET", 401, "authError")] * 5
    with pytest.raises(HubbubError, match="does not let us in"):
        _warehouse(tmp_path).mark()


def test_a_service_that_does_not_answer_is_told(
    google: Google, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataset_module, "PATIENCE", 0.5)
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", "http://127.0.0.1:1")
    with pytest.raises(TryAgain, match="cannot be reached"):
        _warehouse(tmp_path).mark()


def test_a_desk_of_keys_that_does_not_answer_is_told(
    google: Google, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataset_module, "PATIENCE", 0.5)
    told = json.loads((tmp_path / "key.json").read_text())
    (tmp_path / "key.json").write_text(json.dumps(told | {"token_uri": "http://127.0.0.1:1/token"}))
    with pytest.raises(TryAgain, match="cannot be reached"):
        _warehouse(tmp_path).mark()


@pytest.mark.parametrize(
    ("status", "reason"), [(403, "rateLimitExceeded"), (503, "backendError"), (429, "")]
)
def test_a_service_that_is_busy_is_told(
    google: Google, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int, reason: str
) -> None:
    monkeypatch.setattr(dataset_module, "PATIENCE", 0.1)
    google.failing = [("GET", status, reason)] * 50
    with pytest.raises(TryAgain):
        _warehouse(tmp_path).mark()


@pytest.mark.parametrize("pattern", ["POST /upload", "POST .*/jobs$"])
def test_an_answer_that_was_lost_does_not_begin_a_job_twice(
    google: Google, tmp_path: Path, pattern: str
) -> None:
    warehouse = _warehouse(tmp_path)
    _bring(warehouse, whole(tmp_path, REACTIONS, [ONE]))
    google.lost = [pattern]
    _bring(warehouse, change(tmp_path, REACTIONS, [TWO], gone=[ONE]), mark="second")
    assert google.lost == []
    assert _reactions(google) == [TWO]


def test_a_short_outage_is_sat_out(google: Google, tmp_path: Path) -> None:
    google.failing = [("GET", 503, "backendError")]
    assert _warehouse(tmp_path).mark() is None


def test_jobs_of_a_killed_publication_end_before_new_ones_begin(
    google: Google, tmp_path: Path
) -> None:
    """What was asked for before must not arrive after what is asked for now."""
    warehouse = _warehouse(tmp_path)
    _bring(warehouse, whole(tmp_path, REACTIONS, [ONE]))
    google.is_holding = True
    _abandon(warehouse, whole(tmp_path, REACTIONS, [ONE, TWO]), google, 2)
    threading.Timer(0.3, google.release).start()
    _bring(warehouse, whole(tmp_path, REACTIONS, [THREE]), mark="second")
    assert _reactions(google) == [THREE]


def _abandon(warehouse: BigQuery, wanted: Change, google: Google, jobs: int) -> None:
    """Begin a publication in a process that ends at once when its job has begun."""
    import os
    import signal
    import time

    child = os.fork()
    if child == 0:
        _bring(warehouse, wanted, mark="second")
        os._exit(0)
    while len(google.jobs) < jobs:
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("bigquery://me:secret@acme/town", "names nobody who logs in"),
        ("bigquery:///town", "not that of a BigQuery dataset"),
        ("bigquery://acme/town-hall", "not that of a BigQuery dataset"),
        ("bigquery://acme/town/messages", "not that of a BigQuery dataset"),
        ("bigquery://acme/town?region=EU", "region is no option"),
    ],
)
def test_an_address_that_cannot_be_is_refused(tmp_path: Path, url: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason) as caught:
        open_warehouse(url, "town", tmp_path)
    assert "secret" not in str(caught.value)


def test_another_machine_is_spoken_to_by_tls_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", "http://emulator.example.org:9050")
    with pytest.raises(UsageError, match="nothing would be encrypted"):
        _warehouse(tmp_path).mark()
