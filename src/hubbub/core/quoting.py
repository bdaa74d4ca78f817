"""Names of files in DuckDB's SQL, which takes them as texts."""

from collections.abc import Iterable
from pathlib import Path


def quoted(path: Path | str) -> str:
    """A path as it stands inside of quotation marks."""
    return str(path).replace("'", "''")


def parquet(paths: Iterable[Path]) -> str:
    """The rows of Parquet files, as they stand after FROM."""
    return "read_parquet([" + ", ".join(f"'{quoted(path)}'" for path in paths) + "])"
