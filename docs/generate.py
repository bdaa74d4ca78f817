"""Writes those parts of the documentation that the code already knows: `make docs`.

The schema of the topic's records is generated as a whole file. A generated part of a page stands
between two comments, `<!-- generated: NAME -->` and `<!-- end -->`. The tests run this with
`--check`, so a table, metric or option cannot go undocumented.
"""

import json
import sys
from collections.abc import Callable
from importlib import import_module
from itertools import groupby
from pathlib import Path
from typing import Any, cast, get_args

import click
from msgspec.structs import replace

from hubbub.charts.catalog import Charts
from hubbub.cli.program import program
from hubbub.content import EVERYBODYS, by_pack
from hubbub.core.batch import Batch, carries_copy
from hubbub.core.discovery import parts
from hubbub.core.tables import TABLES, Column, Privacy, Table, Type
from hubbub.core.topic import SCHEMA, needed
from hubbub.dashboards.catalog import KEYS
from hubbub.flows.showing import shown_panels
from hubbub.metrics import dialects
from hubbub.metrics.catalog import Catalog
from hubbub.metrics.header import ABOUT, BUILT_IN, PARAMETERS, SMALL_GROUPS, TYPES, Metric
from hubbub.metrics.pack_settings import TYPES as TYPES_OF_SETTINGS
from hubbub.metrics.pack_settings import read_settings
from hubbub.metrics.translation import Untranslatable, translated
from hubbub.privacy.gate import Channel, Gate
from hubbub.privacy.keys import Keys
from hubbub.privacy.policy import PRESETS, Links, Text
from hubbub.privacy.scrub import Scrubber
from hubbub.records import template_files
from hubbub.records.doubts import DOUBTS
from hubbub.records.templates import Templates
from hubbub.reports.catalog import KEYS as REPORT_KEYS
from hubbub.reports.catalog import Reports
from hubbub.reports.filters import FILTERS
from hubbub.server.openapi import ENDPOINTS
from hubbub.settings import Settings

HERE = Path(__file__).parent
_NO_PACK = HERE / "no-pack"


def tables() -> str:
    """The data dictionary."""
    lines: list[str] = []
    for table in TABLES.values():
        lines += [f"### {table.name}", "", table.doc, f"Key: {', '.join(table.key)}.", ""]
        lines += ["| column | type | privacy class | meaning |", "|---|---|---|---|"]
        lines += [
            f"| {column.name} | {column.type.name.lower()} | {column.privacy.value} "
            f"| {column.doc} |"
            for column in table.public
        ]
        lines.append("")
    return "\n".join(lines)


def metrics() -> str:
    """All metrics with their parameters and columns."""
    lines: list[str] = []
    pack = EVERYBODYS
    for metric in by_pack(Catalog(_NO_PACK).metrics()):
        if metric.file.pack != pack:
            pack = metric.file.pack
            lines += [f"## Metrics of the pack {pack}", ""]
        lines += [f"### {metric.name}", "", f"{metric.question} {metric.note}".strip()]
        given = [f"`{each.name}` ({each.default or 'all'})" for each in metric.parameters.values()]
        lines += ["", f"Parameters: {', '.join([*given, '`as_of` (now)'])}.", ""]
        lines += [f"Where small groups are suppressed: {_of_groups(metric)}.", ""]
        lines += ["| column | type | unit | meaning |", "|---|---|---|---|"]
        lines += [
            f"| {column.name} | {column.type} | {column.unit} | {column.doc} |"
            for column in metric.columns.values()
        ]
        lines.append("")
    return "\n".join(lines)


def _of_groups(metric: Metric) -> str:
    """What becomes of a metric where small groups are suppressed."""
    if metric.members in ABOUT:
        return "shown" if metric.members == "none" else "refused"
    keys = f", rows of {', '.join(metric.keys)}" if metric.keys else ""
    return f"members are counted by `{metric.members}`{keys}"


def engines() -> str:
    """The engines that metrics are written for, and what each cannot run."""
    catalog = Catalog(_NO_PACK)
    lines = ["| engine | metrics | cannot be run |", "|---|---|---|"]
    for dialect in parts(dialects, "fitted"):
        refused: list[str] = []
        for metric in catalog.metrics():
            try:
                translated(catalog, metric, dialect, timezone="UTC", tables=lambda name: name)
            except Untranslatable as error:
                refused.append(f"{metric.name}: {error.reason}")
        module = import_module(f"{dialects.__name__}.{dialect}")
        title = str(module.__doc__).partition("\n")[0].removesuffix(".")
        written = len(catalog.files) - len(refused)
        lines.append(f"| {title} | {written} | {'; '.join(refused) or 'none'} |")
    return "\n".join(lines)


def writing_settings() -> str:
    """What a workspace can set of the pack writing."""
    lines = ["| setting | is | unless you set it | meaning |", "|---|---|---|---|"]
    for each in read_settings(_NO_PACK)["writing"].settings.values():
        default = f"`{each.default}`" if each.default else ""
        lines.append(f"| {each.name} | {TYPES_OF_SETTINGS[each.type]} | {default} | {each.doc} |")
    return "\n".join(lines)


def header() -> str:
    """What may stand in a metric's header."""
    lines = ["| column type | meaning |", "|---|---|"]
    lines += [f"| {name} | {doc} |" for name, doc in TYPES.items()]
    lines += ["", "| parameter | meaning |", "|---|---|"]
    lines += [f"| {name} | {doc} |" for name, doc in {**PARAMETERS, **BUILT_IN}.items()]
    return "\n".join(lines)


def small_groups() -> str:
    """What a metric's header may say of small groups."""
    lines = ["| key | meaning |", "|---|---|"]
    return "\n".join([*lines, *(f"| {name} | {doc} |" for name, doc in SMALL_GROUPS.items())])


_CHANNELS = {"C1": Channel("general", "public"), "G1": Channel("council", "private")}
_COMMON: dict[Type, Any] = {Type.TEXT: "", Type.INTEGER: 1, Type.FLAG: True, Type.INSTANT: 1}
_EXAMPLES: dict[Privacy, Any] = {
    Privacy.CHANNEL: "C1",
    Privacy.CHANNEL_REFERENCE: "C1",
    Privacy.CHANNEL_NAME: "general",
    Privacy.MEMBER: "U0OLIVE01",
    Privacy.NAME: "Olive Example",
    Privacy.CONTACT: "gardener",
    Privacy.EMAIL: "olive@example.org",
    Privacy.TEXT: "write to olive@example.org",
    Privacy.LINK: "https://example.org/page?query=1",
    Privacy.OUTLINE: b'["C1"]',
    Privacy.RAW: b'{"channel":"C1"}',
    Privacy.ORIGIN: "general/2026-03-02.json",
}
"""A value of each class that says something of people."""
_KEPT_OUT = {
    Privacy.CHANNEL: "G1",
    Privacy.CHANNEL_REFERENCE: "G1",
    Privacy.ORIGIN: "council/2026-03-02.json",
}
"""The same of a channel that no preset admits by itself."""
_CHANGED = {
    Privacy.MEMBER: "pseudonym",
    Privacy.EMAIL: "keyed",
    Privacy.TEXT: "scrubbed",
    Privacy.LINK: "without query",
    Privacy.OUTLINE: "keyed digest",
    Privacy.RAW: "without contacts",
}
"""What the gate makes of a value that it neither keeps nor drops."""


def data_map() -> str:
    """What becomes of each column under each preset: what the gate makes of an example."""
    keys, scrubber = Keys.new(), Scrubber()
    gates = [
        Gate(
            policy if policy.only_channels is None else replace(policy, only_channels=("C1",)),
            _CHANNELS,
            keys,
            scrubber,
        )
        for policy in PRESETS.values()
    ]
    head = ["table", "column", "class", *PRESETS, "goes after"]
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for table in TABLES.values():
        told = [
            (
                [column.privacy.value, *(_became(gate, table, column) for gate in gates)],
                _goes_after(table, column),
                f"{column.name}\\*" if column.internal else column.name,
            )
            for column in table.columns
        ]
        told.sort(key=lambda each: each[0][0] == Privacy.FACT.value)  # what is of people first
        for (outcome, days), alike in groupby(told, key=lambda each: each[:2]):
            names = ", ".join(name for *_, name in alike)
            lines.append(f"| {' | '.join([table.name, names, *outcome, days])} |")
    return "\n".join(lines)


def _became(gate: Gate, table: Table, column: Column) -> str:
    """What a gate makes of a column."""
    before = _example(column)
    after = _admitted(gate, table, column, before)
    if after is None:
        return "—"
    if after != before:
        return _CHANGED[column.privacy]
    elsewhere = _KEPT_OUT.get(column.privacy)
    if elsewhere and _admitted(gate, table, column, elsewhere) != elsewhere:
        return "of admitted channels"
    return "kept"


def _admitted(gate: Gate, table: Table, column: Column, value: Any) -> Any:
    """What comes out of a gate for a value in a row of examples; None for nothing."""
    row = {each.name: [_example(each)] for each in table.columns} | {column.name: [value]}
    batch = Batch(columns={table.name: {**row, "copy": [0]}}, copies=1)
    rows: Any = gate.admit(batch).tables[table.name].column(column.name)
    after = (rows.cast("int64") if column.type is Type.INSTANT else rows).to_pylist()
    if not after or after[0] is None:
        return None
    return after[0].encode() if isinstance(value, bytes) else after[0]


def _example(column: Column) -> Any:
    return _EXAMPLES.get(column.privacy, _COMMON[column.type])


def _goes_after(table: Table, column: Column) -> str:
    """The settings after whose days a column goes."""
    parents = [each for each in TABLES.values() if table.name in {one.table for one in each.sets}]
    if table.dated is None:
        return "row_days" if any(parent.dated for parent in parents) else ""
    is_text = column.privacy in {Privacy.TEXT, Privacy.RAW}
    return "text_days, row_days" if is_text else "row_days"


def charts() -> str:
    """All charts."""
    lines = ["| pack | chart | title | metric |", "|---|---|---|---|"]
    lines += [
        f"| {each.file.pack} | {each.name} | {each.title} | {each.metric} |"
        for each in by_pack(Charts(_NO_PACK).charts())
    ]
    return "\n".join(lines)


def reports() -> str:
    """All reports."""
    lines = ["| report | what | period |", "|---|---|---|"]
    lines += [f"| {each.name} | {each.doc} | {each.of} |" for each in Reports(_NO_PACK).reports()]
    return "\n".join(lines)


def report_keys() -> str:
    """What may stand in a report's file."""
    headings = {"": "", "data": "[data.NAME]", "charts": "[[charts]]"}
    lines = ["| part | key | meaning |", "|---|---|---|"]
    for part, keys in REPORT_KEYS.items():
        shown = headings.get(part, f"[{part}]")
        lines += [
            f"| {f'`{shown}`' if shown else ''} | {key} | {doc} |" for key, doc in keys.items()
        ]
        if not keys:
            lines.append(
                f"| `{shown}` | any | values of parameters, of all metrics that have them |"
            )
    return "\n".join(lines)


def message_filters() -> str:
    """The filters of messages."""
    lines = ["| filter | gives |", "|---|---|"]
    return "\n".join([*lines, *(f"| {name} | {doc} |" for name, doc in FILTERS.items())])


def panels() -> str:
    """All panels of the dashboard."""
    _, found = shown_panels(Settings(_NO_PACK, "none"), 1)
    lines = ["| panel | title | kind | metric |", "|---|---|---|---|"]
    lines += [
        f"| {name} | {each.title} | {each.panel.kind} | {each.metric.name if each.metric else ''} |"
        for name, each in found.items()
    ]
    return "\n".join(lines)


def panel_keys() -> str:
    """What may stand in a panel."""
    return "\n".join(
        ["| key | meaning |", "|---|---|", *(f"| {k} | {v} |" for k, v in KEYS.items())]
    )


def templates() -> str:
    """All record templates."""
    lines = ["| template | pack | what | fields |", "|---|---|---|---|"]
    lines += [
        f"| {each.name} | {each.file.pack} | {each.doc} | {', '.join(each.fields)} |"
        for each in Templates(_NO_PACK).templates.values()
    ]
    return "\n".join(lines)


def template_keys() -> str:
    """What may stand in a record template."""
    rows = (f"| {key} | {meaning} |" for key, meaning in template_files.KEYS.items())
    return "\n".join(["| key | meaning |", "|---|---|", *rows])


def field_keys() -> str:
    """What may stand in a field of a record template."""
    rows = (f"| {key} | {meaning} |" for key, meaning in template_files.FIELD_KEYS.items())
    return "\n".join(["| key | meaning |", "|---|---|", *rows])


def doubts() -> str:
    """What can be doubtful in a record."""
    lines = ["| reason | what it means | confidence |", "|---|---|---|"]
    lines += [f"| {code} | {each.sentence} | {each.confidence} |" for code, each in DOUBTS.items()]
    return "\n".join(lines)


def endpoints() -> str:
    """What the API answers to."""
    lines = ["| address | answer |", "|---|---|"]
    lines += [f"| `{address[1:]}` | {answer} |" for address, answer in ENDPOINTS.items()]
    return "\n".join(lines)


def commands() -> str:
    """The command line's own help."""
    context = click.Context(program, info_name="hubbub", max_content_width=100)
    lines = ["```text", program.get_help(context), "```", ""]
    return "\n".join(lines + _verbs(program, context, "##"))


def _verbs(group: click.Group, context: click.Context, depth: str) -> list[str]:
    """The help of each verb of a group, and of the verbs that it has itself."""
    lines: list[str] = []
    for name in group.list_commands(context):
        verb = cast("click.Command", group.get_command(context, name))
        inner = click.Context(verb, info_name=name, parent=context, max_content_width=100)
        heading = f"{depth} {inner.command_path}"
        lines += [heading, "", "```text", verb.get_help(inner), "```", ""]
        if isinstance(verb, click.Group):
            lines += _verbs(verb, inner, f"{depth}#")
    return lines


_JSON: dict[Type, dict[str, str]] = {
    Type.TEXT: {"type": "string"},
    Type.INTEGER: {"type": "integer"},
    Type.FLAG: {"type": "boolean"},
    Type.INSTANT: {"type": "string", "format": "date-time"},
}


def event_schema() -> str:
    """The JSON Schema of a record of the topic."""
    rows = {
        table.name: {"type": "array", "description": table.doc, "items": _row_schema(table)}
        for table in TABLES.values()
        if carries_copy(table.name)
    }
    words = {"type": "string"}
    told: dict[str, Any] = {
        "schema": {"const": SCHEMA},
        "workspace": {**words, "description": "Hubbub's name of the workspace"},
        "team_id": {**words, "description": "Slack's id of the workspace"},
        "event_id": {**words, "description": "Slack's id of the event: the same if it comes twice"},
        "type": {**words, "description": "Slack's type of the event"},
        "at": {**_JSON[Type.INSTANT], "description": "when Hubbub received it"},
        "policy": _object({
            "text": {"enum": [*get_args(Text)], "description": "what became of texts"},
            "links": {"enum": [*get_args(Links)], "description": "what became of links"},
            "keys": {**words, "description": "tells by which keys pseudonyms were made"},
        }),
        "copies": {
            "type": "array",
            "description": "what the event says: a row, and those that hang on it, each",
            "items": {"type": "object", "properties": rows},
        },
    }  # fmt: skip
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:hubbub:slack-events:{SCHEMA}",
        "title": f"A record of the topic slack-events, schema {SCHEMA}",
        "description": "Later records of this schema can have tables and columns more: pass over "
        "what you do not know.",
        **_object(told),
    }
    return json.dumps(schema, indent=1) + "\n"


def _object(told: dict[str, Any]) -> dict[str, Any]:
    """A JSON object that has all of these; a later version may add to them."""
    return {"type": "object", "properties": told, "required": [*told]}


def _row_schema(table: Table) -> dict[str, Any]:
    """A row; columns without a value are left out."""
    hidden = " (for merging)"
    columns = {
        each.name: {**_JSON[each.type], "description": each.doc + hidden * each.internal}
        for each in table.columns
    }
    return {**_object(columns), "required": [*needed(table)]}


PARTS: dict[str, tuple[str, Callable[[], str]]] = {
    "tables": ("tables.md", tables),
    "data map": ("privacy.md", data_map),
    "metrics": ("metrics.md", metrics),
    "header": ("metrics.md", header),
    "small groups": ("metrics.md", small_groups),
    "engines": ("engines.md", engines),
    "charts": ("charts.md", charts),
    "settings of writing": ("writing.md", writing_settings),
    "reports": ("reports.md", reports),
    "report keys": ("reports.md", report_keys),
    "message filters": ("reports.md", message_filters),
    "panels": ("dashboard.md", panels),
    "panel keys": ("dashboard.md", panel_keys),
    "endpoints": ("dashboard.md", endpoints),
    "templates": ("records.md", templates),
    "template keys": ("records.md", template_keys),
    "field keys": ("records.md", field_keys),
    "doubts": ("records.md", doubts),
    "commands": ("commands.md", commands),
}


def renewed(name: str) -> tuple[Path, str, str]:
    """A documentation file: its path, its text, and the text with the named part renewed."""
    file, write = PARTS[name]
    text = (HERE / file).read_text(encoding="utf-8")
    begin, end = f"<!-- generated: {name} -->", "<!-- end -->"
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    return HERE / file, text, f"{before}{begin}\n{write().strip()}\n{end}{after}"


def renewed_schema() -> tuple[Path, str, str]:
    """The file of the schema: its path, its text, and the text as it should be."""
    path = HERE / "schemas" / "slack-events.schema.json"
    return path, path.read_text(encoding="utf-8") if path.exists() else "", event_schema()


def main() -> None:
    """Renew all parts; with --check, fail if one is not up to date."""
    stale: list[str] = []
    files = [(name, *renewed(name)) for name in PARTS]
    for name, path, text, new in [*files, ("schema", *renewed_schema())]:
        if text != new:
            stale.append(f"{path.name}: {name}")
            if "--check" not in sys.argv:
                path.write_text(new, encoding="utf-8")
    if stale and "--check" in sys.argv:
        sys.exit(f"Not up to date: {', '.join(stale)}. Run: make docs")


if __name__ == "__main__":
    main()
