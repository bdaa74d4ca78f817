"""Writes those parts of the documentation that the code already knows: `make docs`.

A generated part stands between two comments, `<!-- generated: NAME -->` and `<!-- end -->`. The
tests run this with `--check`, so a table, metric or option cannot go undocumented.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

import click

from hubbub.charts.catalog import Charts
from hubbub.cli.program import program
from hubbub.core.tables import TABLES
from hubbub.metrics.catalog import Catalog
from hubbub.metrics.header import ABOUT, BUILT_IN, PARAMETERS, SMALL_GROUPS, TYPES, Metric

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
    for metric in Catalog(_NO_PACK).metrics():
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


def charts() -> str:
    """All charts."""
    lines = ["| chart | title | metric |", "|---|---|---|"]
    lines += [
        f"| {each.name} | {each.title} | {each.metric} |" for each in Charts(_NO_PACK).charts()
    ]
    return "\n".join(lines)


def commands() -> str:
    """The command line's own help."""
    context = click.Context(program, info_name="hubbub", max_content_width=100)
    lines = ["```text", program.get_help(context), "```", ""]
    for name in program.list_commands(context):
        command = cast("click.Command", program.get_command(context, name))
        inner = click.Context(command, info_name=name, parent=context, max_content_width=100)
        lines += [f"## hubbub {name}", "", "```text", command.get_help(inner), "```", ""]
        if isinstance(command, click.Group):
            for part in command.list_commands(inner):
                verb = cast("click.Command", command.get_command(inner, part))
                innermost = click.Context(verb, info_name=part, parent=inner, max_content_width=100)
                text = verb.get_help(innermost)
                lines += [f"### hubbub {name} {part}", "", "```text", text, "```", ""]
    return "\n".join(lines)


PARTS: dict[str, tuple[str, Callable[[], str]]] = {
    "tables": ("tables.md", tables),
    "metrics": ("metrics.md", metrics),
    "header": ("metrics.md", header),
    "small groups": ("metrics.md", small_groups),
    "charts": ("charts.md", charts),
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


def main() -> None:
    """Renew all parts; with --check, fail if one is not up to date."""
    stale: list[str] = []
    for name in PARTS:
        path, text, new = renewed(name)
        if text != new:
            stale.append(f"{path.name}: {name}")
            if "--check" not in sys.argv:
                path.write_text(new, encoding="utf-8")
    if stale and "--check" in sys.argv:
        sys.exit(f"Not up to date: {', '.join(stale)}. Run: make docs")


if __name__ == "__main__":
    main()
