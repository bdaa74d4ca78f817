"""The view of posts and threads, with the columns that loaders of single workspaces often have."""

import json
from datetime import date
from pathlib import Path
from typing import Any

from hubbub.core.tables import MESSAGES, REACTIONS, WORKSPACE
from hubbub.core.warehouse import Change, Shape, shape_of
from hubbub.destinations.warehouses.bigquery import BigQuery, open_warehouse
from tests.bigquery.google_server import Google
from tests.changes_by_hand import at, change, whole

MESSAGE, REACTION, SPACE = (
    shape_of(table, has_days=True) for table in (MESSAGES, REACTIONS, WORKSPACE)
)
POST, REPLY, SENT = "1767225599.000100", "1767225601.000200", "1767225602.000300"


def _row(shape: Shape, **values: Any) -> tuple[Any, ...]:
    return tuple(values.get(field.name) for field in shape.fields)


def _message(ts: str, kind: str, day: date, **more: Any) -> tuple[Any, ...]:
    return _row(
        MESSAGE, channel_id="C1", ts=ts, kind=kind, user_id="U1", text=f"text of {ts}",
        posted_at=at("2025-12-31 23:59:59"), posted_on=day, **more,
    )  # fmt: skip


def _reacted(ts: str, member: str, name: str) -> tuple[Any, ...]:
    return _row(REACTION, channel_id="C1", ts=ts, user_id=member, name=name, posted_on=OLD)


OLD, NEW = date(2025, 12, 31), date(2026, 1, 1)
MESSAGE_ROWS = [
    _message(POST, "post", OLD, thread_ts=POST),
    _message(REPLY, "reply", NEW, thread_ts=POST),
    _message(SENT, "broadcast", NEW, thread_ts=POST),
    _message("1767225603.000400", "system", NEW),
    _message("1767225604.000500", "post", NEW, deleted_at=at("2026-01-02 00:00:00")),
]
REACTION_ROWS = [
    _reacted(POST, "U2", "tada"), _reacted(POST, "U3", "wave"), _reacted(POST, "U1", "wave"),
    _reacted(POST, "U9", "bow"),
]  # fmt: skip


def _bring(warehouse: BigQuery, *changes: Change) -> dict[str, str]:
    return warehouse.bring(changes, None, "first", lambda _name, _rows: None)


def _all(folder: Path, url: str | None = "https://acme.slack.com/") -> list[Change]:
    return [
        whole(folder, MESSAGE, MESSAGE_ROWS),
        whole(folder, REACTION, REACTION_ROWS),
        whole(folder, SPACE, [_row(SPACE, team_id="T1", url=url)] if url else []),
    ]


def _posts(google: Google) -> list[dict[str, Any]]:
    return google.holdings.named_rows("SELECT * FROM acme.town.posts ORDER BY ts")


def test_it_has_the_columns_and_rows_that_it_is_to_have(google: Google, tmp_path: Path) -> None:
    assert _bring(open_warehouse("bigquery://acme/town", "", tmp_path), *_all(tmp_path)) == {}
    post, reply, sent = _posts(google)
    assert [*post] == [
        "channel_id", "message_type", "post_id", "user_id", "ts", "createtime", "tddate", "text",
        "permalink", "reactions",
    ]  # fmt: skip
    assert (post["message_type"], reply["message_type"], sent["message_type"]) == (
        "post", "thread", "thread",
    )  # fmt: skip
    assert {post["post_id"], reply["post_id"], sent["post_id"]} == {POST}
    assert (post["tddate"], reply["tddate"]) == (OLD, NEW)
    assert post["createtime"] == at("2025-12-31 23:59:59")
    assert post["permalink"] == "https://acme.slack.com/archives/C1/p1767225599000100"
    assert reply["permalink"] == (
        "https://acme.slack.com/archives/C1/p1767225601000200?thread_ts=1767225599.000100&cid=C1"
    )
    assert json.loads(post["reactions"]) == [
        {"name": "wave", "count": 2, "users": ["U1", "U3"]},
        {"name": "bow", "count": 1, "users": ["U9"]},
        {"name": "tada", "count": 1, "users": ["U2"]},
    ]
    assert reply["reactions"] is None


def test_without_an_address_of_the_workspace_it_has_no_links(
    google: Google, tmp_path: Path
) -> None:
    _bring(open_warehouse("bigquery://acme/town", "", tmp_path), *_all(tmp_path, None))
    assert [row["permalink"] for row in _posts(google)] == [None, None, None]


def test_it_is_made_once_its_tables_are_there_and_follows_them(
    google: Google, tmp_path: Path
) -> None:
    warehouse = open_warehouse("bigquery://acme/town", "", tmp_path)
    messages, reactions, workspace = _all(tmp_path)
    _bring(warehouse, messages, reactions)
    tables = google.holdings.datasets["acme", "town"].tables
    assert "posts" not in tables
    _bring(warehouse, workspace)
    made = tables["posts"]["etag"]
    _bring(warehouse, change(tmp_path, MESSAGE, gone=[("C1", POST)]))
    assert tables["posts"]["etag"] == made, "it is as it was"
    assert [row["ts"] for row in _posts(google)] == [REPLY, SENT]


def test_a_table_of_that_name_is_left_alone(google: Google, tmp_path: Path) -> None:
    warehouse = open_warehouse("bigquery://acme/town", "", tmp_path)
    messages, reactions, workspace = _all(tmp_path)
    _bring(warehouse, messages, reactions)
    google.holdings.make_table(
        "acme", "town",
        {"tableReference": {"projectId": "acme", "datasetId": "town", "tableId": "posts"},
         "schema": {"fields": [{"name": "own", "type": "STRING"}]}},
    )  # fmt: skip
    refused = _bring(warehouse, workspace)
    assert refused == {"posts": "there is something of that name which Hubbub has not made"}
    assert warehouse.mark() == "first"


def test_a_view_that_google_does_not_take_is_told(google: Google, tmp_path: Path) -> None:
    warehouse = open_warehouse("bigquery://acme/town", "", tmp_path)
    _bring(warehouse, *_all(tmp_path)[:2])
    google.failing = [("POST .*/tables$", 400, "invalidQuery")]
    google.holdings.make_table(
        "acme", "town",
        {"tableReference": {"projectId": "acme", "datasetId": "town", "tableId": "workspace"},
         "schema": {"fields": [{"name": "team_id", "type": "STRING"}]},
         "labels": {"made-by": "hubbub"}},
    )  # fmt: skip
    refused = _bring(warehouse)
    assert refused["posts"].startswith("BigQuery does not take its SQL")
    assert warehouse.mark() == "first"
