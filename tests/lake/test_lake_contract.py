"""Lakes do what every destination has to do: all of it Parquet in a folder, and what depends on
the format or on the place in the others too."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import deltalake
import pyarrow.fs
import pyarrow.parquet as pq
import pytest
from tests.lake.bucket_server import BUCKET, BucketServer
from tests.publishing.warehouse_contract import WarehouseContract

from hubbub.core.warehouse import DAY

_delta: Any = deltalake
_fs: Any = pyarrow.fs
_pq: Any = pq

Row = dict[str, Any]


class Files:
    """The files of a workspace in a lake, read by Arrow."""

    def __init__(self, files: Any, url: str, folder: str) -> None:
        self.url = url
        self._files = files
        self._folder = folder

    def rows(self, table: str) -> list[Row]:
        """As docs/lake.md says that tables are read: columns that older files lack are empty."""
        told = json.loads(self._bytes("_hubbub.json"))["tables"][table]["columns"]
        names = [each["name"] for each in told if each["name"] != DAY]
        found = [row for name in self._names() if name.startswith(f"{table}/")
                 for row in self._parquet(name)]  # fmt: skip
        assert all({*row} <= {*names} for row in found)
        return [{name: row.get(name) for name in names} for row in found]

    def tables(self, names: Sequence[str]) -> dict[str, list[Row]]:
        return {name: self.rows(name) for name in names}

    def drop(self, table: str) -> None:
        self._files.delete_dir(f"{self._folder}/{table}")

    def everything(self) -> str:
        return "\n".join(
            f"{name}: {self._parquet(name)}"
            if name.endswith(".parquet")
            else f"{name}: {self._bytes(name).decode(errors='replace')}"
            for name in self._names()
        )

    def _names(self) -> list[str]:
        chosen = _fs.FileSelector(self._folder, recursive=True, allow_not_found=True)
        found = [each.path for each in self._files.get_file_info(chosen) if each.is_file]
        return sorted(path.removeprefix(f"{self._folder}/") for path in found)

    def _parquet(self, name: str) -> list[Row]:
        with self._files.open_input_file(f"{self._folder}/{name}") as file:
            return _pq.ParquetFile(file).read().to_pylist()

    def _bytes(self, name: str) -> bytes:
        with self._files.open_input_file(f"{self._folder}/{name}") as file:
            return file.read()


class DeltaFiles(Files):
    """The same with Delta tables, of which a library says what is current."""

    def rows(self, table: str) -> list[Row]:
        found = _delta.DeltaTable(f"{self._folder}/{table}").to_pyarrow_table()
        return found.drop_columns([DAY] if DAY in found.column_names else []).to_pylist()


class TestParquetInAFolder(WarehouseContract):
    """What every destination has to do."""

    @pytest.fixture
    def place(self, tmp_path: Path) -> Files:
        lake = tmp_path / "lake"
        return Files(_fs.LocalFileSystem(), str(lake), f"{lake}/grove")


class _Chosen:
    """What depends on how files are replaced and removed."""

    without_views = WarehouseContract.without_views
    settings = WarehouseContract.settings
    test_nothing_changed = WarehouseContract.test_a_second_publication_touches_nothing
    test_forgotten = WarehouseContract.test_who_is_forgotten_disappears_there_with_a_receipt
    test_killed = (
        WarehouseContract.test_killed_while_it_brings_changes_the_next_publication_makes_it_right
    )


@pytest.mark.long
class TestDeltaInAFolder(_Chosen):
    @pytest.fixture
    def place(self, tmp_path: Path) -> Files:
        lake = tmp_path / "lake"
        return DeltaFiles(_fs.LocalFileSystem(), f"{lake}?format=delta", f"{lake}/grove")


@pytest.mark.long
class TestParquetInABucket(_Chosen):
    @pytest.fixture
    def place(self, server: BucketServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        prefix = re.sub(r"\W", "-", tmp_path.name)
        return Files(server.files(), f"s3://{BUCKET}/{prefix}", f"{BUCKET}/{prefix}/grove")
