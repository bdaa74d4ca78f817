"""The SQL of some metrics, run by hand in one DuckDB session: what `hubbub export` is held against.

usage: python -m bench.by_hand HOME FOLDER '["metric", …]'
"""

import json
import re
import sys
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import duckdb

from hubbub.core.tables import TABLES

PACK = Path(__file__).parents[1] / "src" / "hubbub" / "packs" / "community"
VIEWS = ("names", "people_messages", "people", "joined", "first_seen", "members", "channel_names",
         "threads", "questions", "edges")  # fmt: skip


def main(home: Path, folder: Path, metrics: list[str]) -> None:
    """Write each metric to a CSV file."""
    folder.mkdir()
    session = duckdb.connect(":memory:")
    session.execute("SET TimeZone = 'UTC'")
    session.execute(f"ATTACH '{home}/default/store.duckdb' AS store (READ_ONLY)")
    for table in TABLES:
        session.execute(f"CREATE VIEW {table} AS SELECT * FROM store.{table}")
    zones = str(files("tzdata") / "zoneinfo" / "zone.tab")
    session.execute(f"""CREATE TABLE zones AS
        SELECT c2 AS tz, c0 AS iso, c0 AS country, split_part(c2, '/', -1) AS city
        FROM read_csv('{zones}', delim = '\t', comment = '#', header = false, null_padding = true,
            names = ['c0', 'c1', 'c2', 'c3'], quote = '')""")
    for view in VIEWS:
        sql = (PACK / "views" / f"{view}.sql").read_text(encoding="utf-8")
        session.execute(f"CREATE VIEW {view} AS {sql}")
    now = datetime.now(UTC).isoformat()
    values = {
        "since": "TIMESTAMPTZ '1970-01-01'",
        "as_of": f"TIMESTAMPTZ '{now}'",
        "channel": "NULL::VARCHAR",
        "timezone": "'UTC'",
    }
    for metric in metrics:
        text = (PACK / "metrics" / f"{metric}.sql").read_text(encoding="utf-8")
        sql = re.sub(r"\$(\w+)", lambda match: values[match[1]], text.partition("*/")[2])
        session.execute(f"COPY ({sql}) TO '{folder}/{metric}.csv' (HEADER)")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3]))
