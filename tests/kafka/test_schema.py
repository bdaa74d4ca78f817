"""What other programs can count on: records are as their schema says, and it changes only in ways
that no reader notices."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hubbub.core import topic
from hubbub.core.tables import TABLES, Table, Type
from hubbub.core.topic import SCHEMA, Admission, Source
from hubbub.flows.workspace import keys_of
from hubbub.privacy.gate import Channel, Gate
from hubbub.privacy.scrub import Scrubber
from hubbub.slack.events import TOUCHES_TABLES
from tests.kafka.feeding import CHANNELS, TEAM, Server, message, sent, ts_of
from tests.kafka.happenings import everything
from tests.kafka.schemas import Schema, broken_promises, check_of, closed, current, released

EXAMPLES = {
    Type.TEXT: "a", Type.INTEGER: 1, Type.FLAG: True, Type.INSTANT: "2026-03-02T05:00:00Z"
}  # fmt: skip


def is_told(table: Table) -> bool:
    """Whether a record can hold rows of a table."""
    return topic.carries_copy(table.name)


def happened(folder: Path, preset: str) -> list[dict[str, Any]]:
    """What the outbox makes, under a policy, of everything that can happen."""
    chosen: dict[str, Any] = {"private_channels": ("G1",)}
    if preset == "strict":
        chosen = {"only_channels": ("C1", "C2", "C9")}
    server = Server(folder, preset=preset, **chosen)
    channels = {**CHANNELS, "C9": Channel("compost", "public")}
    server.gate = Gate(server.policy, channels, keys_of(server.settings), Scrubber())
    server.deliver(*everything())
    return sent(server)


@pytest.mark.parametrize("preset", ["open", "standard", "strict"])
def test_records_of_all_kinds_are_as_the_schema_says(tmp_path: Path, preset: str) -> None:
    records = happened(tmp_path, preset)
    check, kept = check_of(closed(current())), check_of(released().get(SCHEMA, current()))
    for record in records:
        check.validate(record)
        kept.validate(record)
    types = {record["type"] for record in records}
    tables = {table for each in records for copy in each["copies"] for table in copy}
    never = {"memberships"}  # who is in a channel is listed by the collector, and told by no event
    if preset == "strict":
        assert types == {each for each in TOUCHES_TABLES if not each.startswith("group_")}
        told = json.dumps(records)
        secrets = ('"U1', "<@U", "seeds", "Rhea", "example.org/a", "olive@")
        assert not [secret for secret in secrets if secret in told]
        return
    never |= {"alerts"} if preset == "open" else set()  # nothing is scrubbed
    assert types == TOUCHES_TABLES
    assert tables == {each.name for each in TABLES.values() if is_told(each)} - never


def test_the_schema_has_all_columns_and_no_others() -> None:
    check = check_of(closed(current()))
    admission = Admission("scrubbed", "trimmed", "ab")
    written = json.loads(topic.written(Source("grove", TEAM, admission), "Ev1", "message", 0, []))
    for table in TABLES.values():
        row: dict[str, Any] = {column.name: EXAMPLES[column.type] for column in table.columns}
        assert check.is_valid(written | {"copies": [{table.name: [row]}]}) is is_told(table)
        for change in ({table.key[0]: ["no value"]}, {"quince": "unheard of"}):
            assert not check.is_valid(written | {"copies": [{table.name: [row | change]}]})
    assert not check.is_valid(written | {"at": "yesterday"})


def test_readers_of_the_schema_pass_over_what_comes_later(tmp_path: Path) -> None:
    check = check_of(current())
    server = Server(tmp_path)
    server.say("C1", 1)
    [record] = sent(server)
    record["copies"][0]["messages"][0]["mood"] = "calm"
    record["copies"][0]["hats"] = [{"colour": "green"}]
    record["region"] = "north"
    check.validate(record)


def test_what_readers_were_told_still_holds() -> None:
    """If this fails: a reader of today's records would misread tomorrow's. Give SCHEMA of
    core/topic.py the next number, or leave what there was as it was."""
    kept = released()
    assert {*kept} >= {*range(1, SCHEMA)}, "the schema of each number stays for its readers"
    if SCHEMA in kept:
        assert broken_promises(kept[SCHEMA], current()) == []


def row_of(schema: Schema, table: str) -> Schema:
    return schema["properties"]["copies"]["items"]["properties"][table]["items"]


def lose_table(schema: Schema) -> None:
    del schema["properties"]["copies"]["items"]["properties"]["links"]


def lose_column(schema: Schema) -> None:
    del row_of(schema, "messages")["properties"]["words"]


def change_type(schema: Schema) -> None:
    row_of(schema, "messages")["properties"]["words"]["type"] = "string"


def lose_format(schema: Schema) -> None:
    del row_of(schema, "messages")["properties"]["posted_at"]["format"]


def allow_null(schema: Schema) -> None:
    row_of(schema, "messages")["properties"]["text"]["type"] = ["string", "null"]


def not_always(schema: Schema) -> None:
    row_of(schema, "messages")["required"].remove("version")


def new_value(schema: Schema) -> None:
    schema["properties"]["policy"]["properties"]["text"]["enum"].append("hashed")


def any_value(schema: Schema) -> None:
    del schema["properties"]["policy"]["properties"]["text"]["enum"]


def other_number(schema: Schema) -> None:
    schema["properties"]["schema"]["const"] = 2


def other_keyword(schema: Schema) -> None:
    schema["properties"]["event_id"]["pattern"] = "^Ev"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lose_table, ["/copies[]/links: gone"]),
        (lose_column, ["/copies[]/messages[]/words: gone"]),
        (change_type, ["/copies[]/messages[]/words: type"]),
        (lose_format, ["/copies[]/messages[]/posted_at: format"]),
        (allow_null, ["/copies[]/messages[]/text: type"]),
        (not_always, ["/copies[]/messages[]/version: not always there"]),
        (new_value, ["/policy/text: enum"]),
        (any_value, ["/policy/text: enum"]),
        (other_number, ["/schema: const"]),
        (other_keyword, ["/event_id: pattern"]),
    ],
)
def test_a_change_that_readers_would_notice_is_found(
    change: Callable[[Schema], None], told: list[str]
) -> None:
    changed = copy.deepcopy(current())
    change(changed)
    assert broken_promises(current(), changed) == told


def test_what_is_added_hurts_no_reader() -> None:
    changed = copy.deepcopy(current())
    tables = changed["properties"]["copies"]["items"]["properties"]
    tables["hats"] = copy.deepcopy(tables["links"])
    row = row_of(changed, "messages")
    row["properties"]["mood"] = {"type": "string", "description": "how it sounds"}
    row["required"].append("posted_at")
    changed["properties"]["policy"]["properties"]["text"]["enum"].remove("whole")
    changed["title"] = "Another"
    assert broken_promises(current(), changed) == []


def test_an_event_that_deletes_does_not_say_again_what_was_deleted(tmp_path: Path) -> None:
    server = Server(tmp_path)
    said = "<@U2> see <https://example.org/a>, oops?"
    server.deliver(message("C1", 6, text=said))
    server.deliver({
        "type": "message", "subtype": "message_deleted", "channel": "C1", "ts": ts_of(9),
        "event_ts": ts_of(9), "channel_type": "channel", "deleted_ts": ts_of(6),
        "previous_message": {"type": "message", "ts": ts_of(6), "user": "U1", "text": said},
    })  # fmt: skip
    before, after = sent(server)
    assert "oops" in json.dumps(before)
    [copy_] = after["copies"]
    assert [*copy_] == ["messages"]
    [row] = copy_["messages"]
    assert (row["ts"], row["user_id"], row["deleted_at"]) == (
        ts_of(6), "U1", "2026-03-02T09:00:09.000100Z"
    )  # fmt: skip
    gone = {"text", "words", "characters", "is_question", "unnamed", "canonical"}
    assert not gone & row.keys()
    assert "oops" not in json.dumps(after)
