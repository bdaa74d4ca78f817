"""Files that other programs read: each form holds the same rows, and the graph is right."""

import csv
import json
import zipfile
from importlib import import_module
from pathlib import Path
from typing import Any

import duckdb
import pytest
from bench import by_hand
from bench.__main__ import BATCH_METRICS

from hubbub.content import EVERYBODYS
from hubbub.errors import UsageError
from hubbub.flows.exporting import export_bundle, export_metrics, export_network
from hubbub.flows.importing import import_archive
from hubbub.metrics.catalog import Catalog
from hubbub.settings import Settings
from tests.invented import message, write_export

nx: Any = import_module("networkx")
"""networkx without its types, which are partly unknown."""

AT = 1772442000


def ts(number: int) -> str:
    return f"{AT + number}.000100"


# U1 posts twice in general and once in garden; U2 replies to U1 twice, once as a broadcast, and
# once to itself; U2 reacts to U1 with two emoji; U1 mentions U2 twice in one message and once in
# another channel, and itself; U3 is a bot.
DAYS = {
    "general/2026-03-02.json": [
        message(ts(1), "U1", "hello <@U2> <@U2> <@U1> <@U3>", thread_ts=ts(1), reactions=[
            {"name": "wave", "users": ["U2", "U1", "U3"], "count": 3},
            {"name": "heart", "users": ["U2"], "count": 1}]),
        message(ts(2), "U2", "a", thread_ts=ts(1)),
        message(ts(3), "U2", "b", thread_ts=ts(1), subtype="thread_broadcast"),
        message(ts(4), "U1", "again"),
        message(ts(5), "U2", "mine", thread_ts=ts(5)),
        message(ts(6), "U2", "to myself", thread_ts=ts(5)),
        message(ts(7), "U3", "beep <@U1>", bot_id="B1", thread_ts=ts(1)),
    ],
    "garden/2026-03-02.json": [message(ts(8), "U1", "<@U2|bram> look\x07 & <see>")],
}  # fmt: skip
EDGES = {
    ("U1", "C1", "posts"): 2,
    ("U1", "C2", "posts"): 1,
    ("U2", "C1", "posts"): 1,
    ("U2", "U1", "replies"): 2,
    ("U2", "U1", "reacts"): 2,
    ("U1", "U2", "mentions"): 3,
}


@pytest.fixture(scope="module")
def community(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("community")
    settings = Settings(folder / "home", "default", privacy={"preset": "open"})
    import_archive(settings, write_export(folder / "export", days=DAYS))
    return settings


def test_the_graph_has_the_right_edges_weights_and_directions(
    community: Settings, tmp_path: Path
) -> None:
    export_network(community, {}, tmp_path)
    graph = nx.read_gexf(tmp_path / "network.gexf")
    assert graph.is_directed()
    found = {(a, b, edge["relation"]): edge["weight"] for a, b, edge in graph.edges(data=True)}
    assert found == EDGES
    labels = {node: data["label"] for node, data in graph.nodes(data=True)}
    assert labels == {"U1": "olive", "U2": "브람", "C1": "general", "C2": "garden"}
    assert graph.nodes["U2"]["iso"] == "KR"
    assert graph.nodes["C1"]["type"] == "channel"


def test_the_lists_have_the_columns_that_gephi_imports(community: Settings, tmp_path: Path) -> None:
    export_network(community, {}, tmp_path)
    with (tmp_path / "edges.csv").open(encoding="utf-8", newline="") as file:
        edges = list(csv.DictReader(file))
    assert {(e["Source"], e["Target"], e["Relation"]): int(e["Weight"]) for e in edges} == EDGES
    assert {edge["Type"] for edge in edges} == {"Directed"}
    with (tmp_path / "nodes.csv").open(encoding="utf-8", newline="") as file:
        nodes = list(csv.DictReader(file))
    assert {node["Id"]: node["Label"] for node in nodes}["U2"] == "브람"


def test_a_window_and_a_channel_choose_edges(community: Settings, tmp_path: Path) -> None:
    export_network(community, {"channel": "garden"}, tmp_path)
    graph = nx.read_gexf(tmp_path / "network.gexf")
    assert {(a, b) for a, b in graph.edges()} == {("U1", "C2"), ("U1", "U2")}


def test_every_metric_has_the_same_rows_in_every_form(community: Settings, tmp_path: Path) -> None:
    for form in ("csv", "json", "parquet"):
        export_metrics(community, [], {"as_of": "latest"}, tmp_path, form)
    for name, metric in Catalog(community.pack).files.items():
        if metric.pack != EVERYBODYS:  # nothing here was read as a record of another pack
            assert not (tmp_path / f"{name}.csv").exists()
            continue
        found = duckdb.sql(f"FROM '{tmp_path}/{name}.parquet'")
        assert found is not None
        table = found.to_arrow_table()
        records = json.loads((tmp_path / f"{name}.json").read_text(encoding="utf-8"))
        with (tmp_path / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            lines = list(csv.reader(file))
        assert len(records) == table.num_rows == len(lines) - 1, name
        assert lines[0] == table.column_names
        for index, column in enumerate(Catalog(community.pack).metric(name).columns.values()):
            values = table.column(column.name).to_pylist()
            if column.type in {"id", "text", "integer"}:
                assert [record[column.name] for record in records] == values, name
                written = ["" if value is None else str(value) for value in values]
                assert [line[index] for line in lines[1:]] == written, name


def test_the_same_sql_by_hand_gives_as_many_rows(community: Settings, tmp_path: Path) -> None:
    by_hand.main(community.home, tmp_path / "hand", [*BATCH_METRICS])
    export_metrics(community, [*BATCH_METRICS], {}, tmp_path / "through", "csv")
    for name in BATCH_METRICS:
        one, other = (
            [*csv.reader((tmp_path / each / f"{name}.csv").read_text("utf-8").splitlines())]
            for each in ("hand", "through")
        )
        assert (one[0], len(one)) == (other[0], len(other)), name


def test_times_in_files_are_iso_utc_to_the_microsecond(community: Settings, tmp_path: Path) -> None:
    export_metrics(community, ["totals"], {}, tmp_path, "csv")
    with (tmp_path / "totals.csv").open(encoding="utf-8", newline="") as file:
        (totals,) = csv.DictReader(file)
    assert totals["first_message_at"] == "2026-03-02T09:00:01.000100Z"


def test_a_bundle_holds_the_tables_and_the_metrics(community: Settings, tmp_path: Path) -> None:
    data, metrics = export_bundle(community, ["totals"], {}, tmp_path, "csv")
    assert {path.name for path in tmp_path.iterdir()} == {"data.zip", "metrics.zip"}
    with zipfile.ZipFile(data) as file:
        assert "messages.csv" in file.namelist()
        header, *rows = file.read("messages.csv").decode().splitlines()
    assert len(rows) == 8
    assert "canonical" not in header
    with zipfile.ZipFile(metrics) as file:
        assert file.namelist() == ["totals.csv"]


def test_a_parameter_that_no_metric_has_is_refused_before_anything_is_written(
    community: Settings, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="has a parameter 'colour'"):
        export_metrics(community, [], {"colour": "red"}, tmp_path / "out", "csv")
    assert not (tmp_path / "out").exists()


def test_a_file_in_place_of_the_folder_is_refused(community: Settings, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(UsageError, match="is a file"):
        export_metrics(community, ["totals"], {}, tmp_path / "out", "csv")
