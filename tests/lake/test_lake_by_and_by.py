"""A lake that was published to again and again has the files of one that was published to once."""

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from tests.publishing.world import FILES, HAPPENS, World

from hubbub.flows.publishing import Asked, publish

pytestmark = pytest.mark.long

_pq: Any = pq


def _files(folder: Path) -> dict[str, Any]:
    """All files of a workspace in a lake."""
    workspace = folder / "grove"
    return {
        str(path.relative_to(workspace)): _pq.ParquetFile(path)
        for path in sorted(workspace.rglob("*.parquet"))
    }


def test_files_by_and_by_are_those_at_once(tmp_path: Path) -> None:
    world = World(tmp_path)
    asked = Asked()
    publish(world.settings, str(tmp_path / "by_and_by"), asked)
    for number, (name, happens) in enumerate(HAPPENS.items()):
        if name not in FILES:
            happens(world)
            if number % 3 == 0:
                publish(world.settings, str(tmp_path / "by_and_by"), asked)
    publish(world.settings, str(tmp_path / "by_and_by"), asked)
    publish(world.settings, str(tmp_path / "at_once"), asked)
    found, wanted = _files(tmp_path / "by_and_by"), _files(tmp_path / "at_once")
    assert [*found] == [*wanted]
    assert any(path.startswith("messages/") for path in found)
    for path, file in found.items():
        assert file.read().to_pylist() == wanted[path].read().to_pylist(), path
        # types, and whether a column may be NULL: of a table all files say the same
        assert file.schema_arrow.equals(wanted[path].schema_arrow), path
        groups = [file.metadata.row_group(n) for n in range(file.num_row_groups)]
        for column in (group.column(0) for group in groups if group.num_rows):
            assert (column.compression, column.is_stats_set) == ("ZSTD", True), path
