"""Lakes in a folder of this machine, as Parquet and as Delta: what is there after a publication."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import deltalake
import duckdb
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.lake.published import (
    MESSAGES,
    SCORES,
    USERS,
    Row,
    by_key,
    days,
    described,
    message,
    whole,
)  # fmt: skip

from hubbub.core.warehouse import DAY, ROW_GROUP, Change, Field, Kind, Shape
from hubbub.destinations.warehouses.lake import Lake, open_warehouse
from hubbub.errors import DiskFull, HubbubError, UsageError

_duckdb: Any = duckdb
_ds: Any = ds
_pq: Any = pq
_pa: Any = pa
_delta: Any = deltalake

FORMS = ("parquet", "delta")


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> str:
    """Each form that a lake can have."""
    return request.param


def opened(tmp_path: Path, form: str, workspace: str = "acme") -> Lake:
    """The lake of these tests."""
    return open_warehouse(f"{tmp_path}/lake?format={form}", workspace, tmp_path / "scratch")


def bring(lake: Lake, mark: str, *changes: Change) -> list[tuple[str, int]]:
    """Publish; returns the tables that were heard of."""
    heard: list[tuple[str, int]] = []
    lake.bring(changes, (), mark, lambda table, rows: heard.append((table, rows)))
    return heard


def rows_of(tmp_path: Path, form: str, table: str, workspace: str = "acme") -> list[Row]:
    """All rows of a table, as another program reads them."""
    folder = tmp_path / "lake" / workspace / table
    if form == "delta":
        return _delta.DeltaTable(folder).to_pyarrow_table().to_pylist()
    if table != MESSAGES.name:
        return _pq.ParquetFile(folder / "all.parquet").read().to_pylist()
    days = _ds.partitioning(_pa.schema([(DAY, _pa.date32())]), flavor="hive")
    return _ds.dataset(folder, partitioning=days).to_table().to_pylist()


def held(folder: Path) -> str:
    """All that any file below a folder holds, current or not: rows as text, and other files."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return "\n".join(
        str(_pq.ParquetFile(path).read().to_pylist())
        if path.suffix == ".parquet"
        else path.read_text(errors="replace")
        for path in files
    )


JANUARY = [message(1, 0), message(1, 7, "two"), message(3, 5, "three", "C2"), message(3, 5)]


def test_first_publication(tmp_path: Path, form: str) -> None:
    lake = opened(tmp_path, form)
    assert lake.mark() is None
    assert not (tmp_path / "lake").exists(), "asking for the mark writes nothing"
    members = [{"user_id": "U2", "name": "sam"}, {"user_id": "U1", "name": None}]
    scores = [{"member": "sam", "score": 0.5}, {"member": "ann", "score": 7.0}]
    heard = bring(
        lake,
        "m1",
        whole(tmp_path, MESSAGES, JANUARY),
        whole(tmp_path, USERS, members),
        whole(tmp_path, SCORES, scores),
    )
    assert heard == [("messages", 4), ("users", 2), ("scores", 2)]
    assert lake.mark() == "m1"
    assert opened(tmp_path, form).mark() == "m1"
    assert by_key(rows_of(tmp_path, form, "messages")) == by_key(JANUARY)
    assert by_key(rows_of(tmp_path, form, "users")) == by_key(members)
    assert rows_of(tmp_path, form, "scores") == scores, "a metric's rows keep their order"
    assert not [*(tmp_path / "scratch").rglob("*.parquet")]


def test_layout_of_parquet(tmp_path: Path) -> None:
    members = [{"user_id": "U1", "name": "sam"}]
    bring(
        opened(tmp_path, "parquet"),
        "m1",
        whole(tmp_path, MESSAGES, JANUARY),
        whole(tmp_path, USERS, members),
    )
    folder = tmp_path / "lake" / "acme"
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*.*")) == [
        "_hubbub.json",
        "messages/posted_on=2026-01-01/part.parquet",
        "messages/posted_on=2026-01-03/part.parquet",
        "users/all.parquet",
    ]
    schema = _pq.read_schema(folder / "messages/posted_on=2026-01-01/part.parquet")
    assert {field.name: str(field.type) for field in schema} == {
        "channel_id": "string",
        "ts": "string",
        "text": "string",
        "posted_at": "timestamp[us, tz=UTC]",
        "replies": "int64",
        "is_bot": "bool",
        "tags": "list<element: string>",
    }


def test_description(tmp_path: Path, form: str) -> None:
    bring(opened(tmp_path, form), "m1", whole(tmp_path, MESSAGES, JANUARY))
    told = described((tmp_path / "lake/acme/_hubbub.json").read_bytes())
    assert (told["workspace"], told["format"], told["mark"]) == ("acme", form, "m1")
    table = told["tables"]["messages"]
    assert table["by_day"] is True
    assert table["key"] == ["channel_id", "ts"]
    assert table["columns"][1] == {"name": "ts", "kind": "text", "doc": "as Slack writes it"}
    assert table["columns"][-1]["name"] == DAY


def test_what_a_column_means_is_told_by_delta(tmp_path: Path) -> None:
    bring(opened(tmp_path, "delta"), "m1", whole(tmp_path, MESSAGES, JANUARY))
    table = _delta.DeltaTable(tmp_path / "lake/acme/messages")
    assert table.metadata().description == "A row per message."
    assert table.metadata().partition_columns == [DAY]
    comments = {field.name: field.metadata.get("comment") for field in table.schema().fields}
    assert comments["ts"] == "as Slack writes it"


def test_changed_new_and_empty_days(tmp_path: Path, form: str) -> None:
    lake = opened(tmp_path, form)
    first = [*JANUARY, message(5, 1)]
    bring(lake, "m1", whole(tmp_path, MESSAGES, first))
    untouched = next((tmp_path / "lake/acme/messages/posted_on=2026-01-01").iterdir())
    before = untouched.stat().st_mtime_ns, untouched.read_bytes()
    changed = {**JANUARY[2], "text": "edited"}
    second = [*JANUARY[:2], changed, JANUARY[3], message(9, 1, "new")]
    bring(lake, "m2", days(tmp_path, MESSAGES, second, 3, 5, 9))
    assert lake.mark() == "m2"
    assert by_key(rows_of(tmp_path, form, "messages")) == by_key(second)
    assert (untouched.stat().st_mtime_ns, untouched.read_bytes()) == before
    assert not [*(tmp_path / "lake/acme/messages").glob(f"{DAY}=2026-01-05/*")]


def test_whole_again_leaves_no_day_of_before(tmp_path: Path, form: str) -> None:
    lake = opened(tmp_path, form)
    bring(lake, "m1", whole(tmp_path, MESSAGES, JANUARY))
    rest = [row for row in JANUARY if row[DAY].day == 3]
    bring(lake, "m2", whole(tmp_path, MESSAGES, rest))
    assert by_key(rows_of(tmp_path, form, "messages")) == by_key(rest)


def test_a_publication_of_one_table_leaves_the_others(tmp_path: Path, form: str) -> None:
    lake = opened(tmp_path, form)
    members = [{"user_id": "U1", "name": "sam"}]
    bring(lake, "m1", whole(tmp_path, MESSAGES, JANUARY), whole(tmp_path, USERS, members))
    bring(lake, "m2", whole(tmp_path, USERS, []))
    assert by_key(rows_of(tmp_path, form, "messages")) == by_key(JANUARY)
    assert rows_of(tmp_path, form, "users") == []
    told = described((tmp_path / "lake/acme/_hubbub.json").read_bytes())
    assert [*told["tables"]] == ["messages", "users"]


def test_erased_rows_are_in_no_file(tmp_path: Path, form: str) -> None:
    lake = opened(tmp_path, form)
    members = [{"user_id": "U1", "name": "sam"}, {"user_id": "U66", "name": "zanzibar"}]
    secret = message(3, 9, "zanzibar")
    bring(
        lake,
        "m1",
        whole(tmp_path, MESSAGES, [*JANUARY, secret]),
        whole(tmp_path, USERS, members),
    )
    assert "zanzibar" in held(tmp_path / "lake")
    bring(
        lake,
        "m2",
        days(tmp_path, MESSAGES, JANUARY, 3),
        whole(tmp_path, USERS, members[:1]),
    )
    left = held(tmp_path / "lake")
    assert "zanzibar" not in left
    assert "U66" not in left
    assert "three" in left


def test_added_column(tmp_path: Path, form: str) -> None:
    lake = opened(tmp_path, form)
    bring(lake, "m1", whole(tmp_path, MESSAGES, JANUARY))
    added = Field("mood", Kind.TEXT, "how it sounds")
    newer = Shape("messages", MESSAGES.doc, MESSAGES.key, (*MESSAGES.fields, added), is_by_day=True)
    rows = [{**row, "mood": "glad" if row[DAY].day == 3 else None} for row in JANUARY]
    bring(lake, "m2", days(tmp_path, newer, rows, 3))
    told = described((tmp_path / "lake/acme/_hubbub.json").read_bytes())
    columns = [each["name"] for each in told["tables"]["messages"]["columns"]]
    assert columns[-2:] == ["mood", DAY]
    if form == "delta":
        assert by_key(rows_of(tmp_path, form, "messages")) == by_key(
            [{name: row[name] for name in columns} for row in rows]
        )
        return
    files = f"{tmp_path}/lake/acme/messages/*/*.parquet"
    found = _duckdb.sql(
        f"SELECT day(posted_on), mood FROM read_parquet('{files}', union_by_name = true, "
        "hive_partitioning = true) ORDER BY ALL"
    ).fetchall()
    assert found == [(1, None), (1, None), (3, "glad"), (3, "glad")]


def test_added_column_without_rows(tmp_path: Path) -> None:
    lake = opened(tmp_path, "delta")
    bring(lake, "m1", whole(tmp_path, MESSAGES, JANUARY))
    added = Field("mood", Kind.TEXT, "how it sounds")
    newer = Shape("messages", MESSAGES.doc, MESSAGES.key, (*MESSAGES.fields, added), is_by_day=True)
    bring(lake, "m2", Change(newer, False, (), 0, (), 0))
    found = rows_of(tmp_path, "delta", "messages")
    assert by_key([{**row, "mood": None} for row in JANUARY]) == by_key(
        [{name: row[name] for name in (*JANUARY[0], "mood")} for row in found]
    )


def test_row_groups_are_of_a_size_to_scan(tmp_path: Path) -> None:
    count = 2 * ROW_GROUP + 10
    members = [{"user_id": f"U{number:07}", "name": "sam"} for number in range(count)]
    bring(opened(tmp_path, "parquet"), "m1", whole(tmp_path, USERS, members[::-1]))
    file = _pq.ParquetFile(tmp_path / "lake/acme/users/all.parquet").metadata
    groups = [file.row_group(number) for number in range(file.num_row_groups)]
    assert [group.num_rows for group in groups] == [ROW_GROUP, ROW_GROUP, 10]
    column = groups[1].column(0)
    assert column.compression == "ZSTD"
    # sorted by key, so that whoever looks for one reads one group
    assert (column.statistics.min, column.statistics.max) == (
        f"U{ROW_GROUP:07}",
        f"U{2 * ROW_GROUP - 1:07}",
    )


@given(counts=st.lists(st.integers(1, 9), min_size=1, max_size=6), seed=st.randoms())
def test_days_of_any_size(counts: list[int], seed: Random) -> None:
    rows = [message(day, n) for day, count in enumerate(counts, 1) for n in range(count)]
    seed.shuffle(rows)
    with TemporaryDirectory() as place, pytest.MonkeyPatch.context() as patched:
        folder = Path(place)
        patched.setattr("hubbub.destinations.lake.rows.ROW_GROUP", 4)
        bring(opened(folder, "parquet"), "m1", whole(folder, MESSAGES, rows))
        assert by_key(rows_of(folder, "parquet", "messages")) == by_key(rows)
        for day, count in enumerate(counts, 1):
            part = folder / f"lake/acme/messages/{DAY}=2026-01-{day:02}/part.parquet"
            file = _pq.ParquetFile(part)
            groups = [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)]
            assert groups == [4] * (count // 4) + [count % 4] * (count % 4 > 0)
            found = file.read(["ts"]).column(0).to_pylist()
            assert found == sorted(found)


KILLED = """
import os, signal, sys
from pathlib import Path
from hubbub.destinations.lake.places import Folder
from tests.lake.test_lake_folder import JANUARY, bring, later, opened, whole, MESSAGES
put, left = Folder.put, int(sys.argv[3])
def stop(self, file, name):
    global left
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
    put(self, file, name)
Folder.put = stop
bring(opened(Path(sys.argv[1]), sys.argv[2]), "m2", whole(Path(sys.argv[1]), MESSAGES, later()))
"""


def later() -> list[Row]:
    """January, with an edit on both of its days and a row less."""
    return [{**row, "text": "edited"} for row in JANUARY[1:]]


@pytest.mark.parametrize("puts", [1, 2])
def test_killed_in_the_middle(tmp_path: Path, form: str, puts: int) -> None:
    lake = opened(tmp_path, form)
    bring(lake, "m1", whole(tmp_path, MESSAGES, JANUARY))
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), form, str(puts)],
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert killed.returncode == -signal.SIGKILL
    assert lake.mark() == "m1"
    found = rows_of(tmp_path, form, "messages")
    for day in (1, 3):
        of_day = by_key([row for row in found if row[DAY].day == day])
        versions = [
            by_key([row for row in rows if row[DAY].day == day]) for rows in (JANUARY, later())
        ]
        assert of_day in versions, "a day is the old one or the new one"
    if form == "delta":
        is_committed = puts == 2  # the two days are there, then comes the description
        assert by_key(found) == by_key(later() if is_committed else JANUARY)
    final = [message(1, 3, "after all")]
    bring(lake, "m3", whole(tmp_path, MESSAGES, final))
    assert rows_of(tmp_path, form, "messages") == final
    left = held(tmp_path / "lake")
    assert "edited" not in left
    assert "three" not in left


def test_killed_at_first(tmp_path: Path, form: str) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), form, "2"],
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert killed.returncode == -signal.SIGKILL
    lake = opened(tmp_path, form)
    assert lake.mark() == "m2-", "it is claimed"
    bring(lake, "m1", whole(tmp_path, MESSAGES, JANUARY))
    assert by_key(rows_of(tmp_path, form, "messages")) == by_key(JANUARY)
    assert "edited" not in held(tmp_path / "lake")


def test_workspaces_beside_each_other(tmp_path: Path, form: str) -> None:
    bring(opened(tmp_path, form), "m1", whole(tmp_path, MESSAGES, JANUARY))
    other = opened(tmp_path, form, "globex")
    assert other.mark() is None
    assert other.identity != opened(tmp_path, form).identity
    bring(other, "x", whole(tmp_path, MESSAGES, JANUARY[:1]))
    assert by_key(rows_of(tmp_path, form, "messages")) == by_key(JANUARY)
    assert rows_of(tmp_path, form, "messages", "globex") == JANUARY[:1]


def refusal(ask: Callable[[], object], kind: type[HubbubError] = HubbubError) -> str:
    """What is said when something is refused."""
    with pytest.raises(HubbubError) as refused:
        ask()
    assert type(refused.value) is kind
    return str(refused.value)


def test_what_is_not_hubbubs_is_left_alone(tmp_path: Path, form: str) -> None:
    theirs = tmp_path / "lake/acme/messages.csv"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("theirs")
    lake = opened(tmp_path, form)
    assert "messages.csv, which is not Hubbub's" in refusal(lake.mark)
    refusal(lambda: bring(lake, "m1", whole(tmp_path, MESSAGES, JANUARY)))
    assert [path.name for path in theirs.parent.iterdir()] == ["messages.csv"]
    assert theirs.read_text() == "theirs"


def test_the_other_format_is_refused(tmp_path: Path) -> None:
    bring(opened(tmp_path, "parquet"), "m1", whole(tmp_path, MESSAGES, JANUARY))
    other = opened(tmp_path, "delta")
    assert "holds Parquet, not Delta" in refusal(other.mark, UsageError)
    refusal(lambda: bring(other, "m2", whole(tmp_path, MESSAGES, [])), UsageError)
    assert by_key(rows_of(tmp_path, "parquet", "messages")) == by_key(JANUARY)


@pytest.mark.parametrize("content", ["{", '{"layout": 2}', "[]", '{"layout": 1, "format": "orc"}'])
def test_a_description_that_cannot_be_read(tmp_path: Path, content: str) -> None:
    lake = opened(tmp_path, "parquet")
    bring(lake, "m1", whole(tmp_path, MESSAGES, JANUARY))
    (tmp_path / "lake/acme/_hubbub.json").write_text(content)
    assert "_hubbub.json is" in refusal(lake.mark)


def test_a_file_where_the_lake_is_to_be(tmp_path: Path, form: str) -> None:
    (tmp_path / "lake").write_text("")
    assert "is a file" in refusal(opened(tmp_path, form).mark)


def test_folder_that_may_not_be_written(
    tmp_path: Path, form: str, mount: Callable[[str], Path]
) -> None:
    folder = mount("size=8m")
    lake = open_warehouse(f"{folder}/lake?format={form}", "acme", tmp_path / "scratch")
    bring(lake, "m1", whole(tmp_path, MESSAGES, JANUARY))
    mount("ro")
    assert f"Nothing may be written to {folder}/lake/acme" in refusal(lake.mark)
    refusal(lambda: bring(lake, "m2", whole(tmp_path, MESSAGES, [])))
    assert "three" in held(folder)


def test_full_disk(tmp_path: Path, form: str, mount: Callable[[str], Path]) -> None:
    folder = mount("size=1m")
    lake = open_warehouse(f"{folder}/lake?format={form}", "acme", tmp_path / "scratch")
    bring(lake, "m1", whole(tmp_path, MESSAGES, JANUARY))
    noise = [message(2, 0, os.urandom(600_000).hex()), message(4, 0, os.urandom(600_000).hex())]
    reason = refusal(
        lambda: bring(lake, "m2", whole(tmp_path, MESSAGES, [*JANUARY, *noise])), DiskFull
    )
    assert "No space left on device" in reason
    assert lake.mark() == "m1"
    assert not [*folder.rglob("_unfinished")], "room is made for others"
    mount("size=32m")
    bring(lake, "m3", whole(tmp_path, MESSAGES, [*JANUARY, *noise]))
    assert lake.mark() == "m3"
    assert by_key(rows_of(folder, form, "messages")) == by_key([*JANUARY, *noise])


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("lake?format=iceberg", "cannot be opened with ?format=iceberg"),
        ("lake?compression=none", "cannot be opened with ?compression=none"),
        ("s3://", "named by its bucket"),
        ("s3://key:hunter2@bucket/prefix", "named by its bucket"),
    ],
)
def test_urls_that_are_refused(tmp_path: Path, url: str, reason: str) -> None:
    said = refusal(lambda: open_warehouse(url, "acme", tmp_path), UsageError)
    assert reason in said
    assert "hunter2" not in said


def test_one_folder_is_one_destination(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path / "lake")
    spelled = ("lake", "./lake", f"{tmp_path}/lake", f"file://{tmp_path}/lake", "link", "lake/")
    found = {open_warehouse(each, "acme", tmp_path).identity for each in spelled}
    assert found == {f"file:{tmp_path}/lake/acme"}


def test_the_query_of_the_docs(tmp_path: Path) -> None:
    bring(opened(tmp_path, "parquet"), "m1", whole(tmp_path, MESSAGES, JANUARY))
    docs = (Path(__file__).parents[2] / "docs/lake.md").read_text()
    query = docs.partition("```sql\n")[2].partition("```")[0]
    found = _duckdb.sql(query.replace("LAKE/WORKSPACE", f"{tmp_path}/lake/acme")).fetchall()
    assert found == [(date(2026, 1, 1), 2), (date(2026, 1, 3), 2)]
