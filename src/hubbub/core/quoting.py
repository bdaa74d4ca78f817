"""Names of files in DuckDB's SQL, which takes them as texts."""

from pathlib import Path


def quoted(path: Path | str) -> str:
    """A path as it stands inside of quotation marks."""
    return str(path).replace("'", "''")
