"""A process that brings one change, to be killed meanwhile: URL, folder."""

import sys
from pathlib import Path

from hubbub.destinations.warehouses.mysql import open_warehouse
from tests.changes_by_hand import REACTIONS, change, whole


def main(url: str, folder: Path, what: str) -> None:
    """Take one reaction away and bring another; or replace all by that other."""
    row = ("C1", "1.000002", "U2", "+1::skin-tone-3")
    brought = (
        whole(folder, REACTIONS, [row])
        if what == "whole"
        else change(folder, REACTIONS, [row], gone=[("C1", "1.000001", "U1", "tada")])
    )
    open_warehouse(url, "town", folder).bring([brought], (), "second", lambda _name, _rows: None)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
