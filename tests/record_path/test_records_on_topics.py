"""Records go on to a topic, and come back from it, with the messages that they were read in."""

import json
from pathlib import Path
from typing import Any

from hubbub.core.topic import Gathered, read
from hubbub.flows.workspace import keys_of
from hubbub.privacy.refusals import Entry, RefusalFile, folded
from tests.kafka.feeding import Server, message, sent
from tests.kafka.schemas import check_of, closed, current

BACKBLAST = "Backblast: The Hill\nDate: 2026-03-01\nQ: <@U2>\nPAX: <@U1>, Beaker\nCount: 3"


def crew(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of the people who were there."""
    [copy] = record["copies"]
    return [row for row in copy["record_values"] if row["field"] == "pax"]


def test_a_record_is_as_the_schema_says_and_is_read_back(tmp_path: Path) -> None:
    server = Server(tmp_path)
    server.deliver(message("C1", 1, text=BACKBLAST), message("C1", 2))
    first, second = sent(server)
    check_of(closed(current())).validate(first)
    assert "records" not in second["copies"][0]
    gathered = Gathered()
    for record in (first, second):
        gathered.add(read(json.dumps(record).encode()))
    [row] = gathered.tables()["records"].to_pylist()
    assert (row["ts"], row["template"], row["copy"]) == ("1772442001.000100", "backblast", 0)
    assert {row.get("name") for row in crew(first)} >= {"Beaker"}


def test_members_who_opted_out_meanwhile_are_not_named(tmp_path: Path) -> None:
    server = Server(tmp_path)
    server.deliver(message("C1", 1, user="U2", text=BACKBLAST))
    keys = keys_of(server.settings)
    names = (keys.refusal(f"name\0{folded('Beaker')}"),)
    since = "2026-03-02T05:00:00+00:00"
    refusal = Entry(keys.refusal("U1"), "opted out", since, names=names)
    RefusalFile(server.settings.refused).add(refusal)
    [record] = sent(server)
    rows = crew(record)
    assert len(rows) >= 2
    assert not [row for row in rows if row.get("member_id") == "U1" or row.get("name") == "Beaker"]
