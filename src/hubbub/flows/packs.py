"""Which packs say something of a workspace."""

import duckdb

from hubbub import content
from hubbub.settings import Settings


def packs_in_use(settings: Settings, connection: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """The names of the packs in use: everybody's, the workspace's own, and those by whose templates
    a record of the store was read."""
    read = connection.execute(
        "SELECT DISTINCT template FROM records WHERE status <> 'refused'"
    ).fetchall()
    return content.packs_in_use([template for (template,) in read], settings.pack)
