"""A dashboard: what the `dashboard.toml` files of the packs say, one after the other.

    title = "Community"
    hide = ["network_30_days"]            panels of other packs that are not shown

    [[panels]]
    name = "messages_30_days"             the panel in addresses; a later file overrides by it
    title = "Messages, 30 days"
    kind = "card"                         card, chart, list, table, network or status
    metric = "totals"
    parameters = { since = "30 days" }    fixed; what is not follows the page's filters
    value = "messages"                    card: the column that is shown big
    parts = ["posts", "replies"]          card: columns that are shown small beside it
    labels = { posts = "{} in the open" } what stands beside a part, or above a table's column
    width = 4                             of 12
    height = 1                            rows of the grid

Every error names the file and the line. See docs/dashboard.md.
"""

import re
from collections.abc import Callable, Collection, Sequence
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, cast, get_args

from msgspec import Struct

from hubbub.content import ContentFile, find_each
from hubbub.errors import BadContent

FILE = "dashboard.toml"

Kind = Literal["card", "chart", "list", "table", "network", "status"]

KEYS = {
    "name": "small letters, digits and _: the panel in addresses, and what a later file "
    "overrides it by",
    "title": "what stands above it",
    "subtitle": "what stands below the title, in place of the days that it is about; not for a "
    "chart",
    "empty": "the sentence that stands there when there is nothing to show; a chart has its own",
    "kind": "one of: " + ", ".join(get_args(Kind)),
    "metric": "the metric that it shows; a status has none, a chart has its own",
    "parameters": "values of the metric's parameters that are fixed here; `since` and `channel` "
    "follow the page's filters otherwise",
    "value": "card: the column that is shown big, of the metric's first row",
    "parts": "card: columns that are shown small beside it",
    "labels": "card: what stands beside a part, `{}` for the figure; table: what stands above a "
    "column; both where the column's name does not say it well",
    "colours": "card: `{ column, red, yellow }`; red below `red`, yellow up to `yellow`, green "
    "above",
    "chart": "chart: the Vega-Lite file",
    "limit": "list, table and network: rows that are shown",
    "columns": "list, table and network: the columns that are shown, in order",
    "width": "columns of the grid, of 12 (4)",
    "height": "rows of the grid (1)",
}
"""What may stand in a panel, and what it means."""

Wrong = Callable[[str, str, str], BadContent]
"""Makes the error about a key, a reason and a fix."""

_EVERYWHERE = frozenset({"name", "title", "kind", "width", "height"})
_OF_METRIC = frozenset({"metric", "parameters", "subtitle", "empty"})
_OF_ROWS = _OF_METRIC | {"limit", "columns"}
_OF_KIND: dict[Kind, frozenset[str]] = {
    "card": _OF_METRIC | {"value", "parts", "labels", "colours"},
    "chart": frozenset({"metric", "parameters", "chart"}),
    "list": _OF_ROWS,
    "table": _OF_ROWS | {"labels"},
    "network": _OF_ROWS,
    "status": frozenset(),
}
_NEEDED: dict[Kind, tuple[str, ...]] = {
    "card": ("metric", "value"),
    "chart": ("chart",),
    "list": ("metric",),
    "table": ("metric",),
    "network": ("metric",),
    "status": (),
}
_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
_PANELS = re.compile(r"\s*\[\[\s*panels\s*\]\]")
_WIDEST = 12
_HIGHEST = 12


class Colours(Struct, frozen=True):
    """A card's colour: red below a value of a column, yellow up to another, green above."""

    column: str
    red: float
    yellow: float


class Panel(Struct, frozen=True):
    """A panel, as its file says."""

    file: ContentFile
    line: int
    """Where it begins in its file."""
    name: str
    title: str
    kind: Kind
    metric: str | None = None
    """None for a status; for a chart, where its file does not say it, it is the chart's."""
    parameters: dict[str, str] | None = None
    value: str | None = None
    parts: tuple[str, ...] = ()
    colours: Colours | None = None
    chart: str | None = None
    limit: int | None = None
    columns: tuple[str, ...] = ()
    subtitle: str = ""
    empty: str = ""
    labels: dict[str, str] | None = None
    width: int = 4
    height: int = 1

    def wrong(self, key: str, reason: str, fix: str) -> BadContent:
        """The error to raise about a key of this panel."""
        return self.file.wrong(self.file.line_in_table(self.line, key), reason, fix)


class Dashboard:
    """The dashboard that a workspace has: the panels of the packs, and its own."""

    def __init__(self, own_pack: Path) -> None:
        self._own_pack = own_pack

    @cached_property
    def _read(self) -> tuple[str, dict[str, Panel]]:
        title, found = "", dict[str, Panel]()
        for file in find_each(FILE, self._own_pack):
            written = _toml(file)
            panels = _panels(file, written)
            found |= {panel.name: panel for panel in panels}
            for name in _strings(file, 1, "hide", written.get("hide", [])):
                if name not in found:
                    near = get_close_matches(name, found, 1)
                    hint = f"Did you mean {near[0]}? " if near else ""
                    raise file.wrong(
                        file.line_of("hide"),
                        f"hide names {name!r}, which is no panel",
                        f"{hint}See: hubbub list panels",
                    )
                del found[name]
            title = str(written.get("title", title))
        return title, found

    @property
    def title(self) -> str:
        """What the last file that has a title says."""
        return self._read[0]

    @property
    def panels(self) -> dict[str, Panel]:
        """The panels by name, in the order in which they are shown. Raises `BadContent`."""
        return self._read[1]


def check_metric(panel: Panel, metrics: Collection[str]) -> None:
    """Raise `BadContent` if a panel's metric is none of these."""
    if panel.metric is not None and panel.metric not in metrics:
        raise _unknown(panel, "metric", panel.metric, metrics)


def check_chart(panel: Panel, charts: Collection[str]) -> None:
    """Raise `BadContent` if a panel's chart is none of these."""
    if panel.chart is not None and panel.chart not in charts:
        raise _unknown(panel, "chart", panel.chart, charts)


def check_names(panel: Panel, metric: str, columns: Sequence[str], parameters: set[str]) -> None:
    """Raise `BadContent` if a panel names a column or a parameter that its metric does not have."""
    named = {
        "value": (panel.value,) if panel.value else (),
        "parts": panel.parts,
        "colours": (panel.colours.column,) if panel.colours else (),
        "columns": panel.columns,
        "labels": tuple(panel.labels or {}),
    }
    for key, names in named.items():
        for name in names:
            if name not in columns:
                raise panel.wrong(
                    key,
                    f"{name!r} is no column of the metric {metric}",
                    f"It has: {', '.join(columns)}.",
                )
    for name in panel.parameters or {}:
        if name not in parameters:
            raise panel.wrong(
                "parameters",
                f"{name!r} is no parameter of the metric {metric}",
                f"It has: {', '.join(sorted(parameters))}.",
            )


def _unknown(panel: Panel, key: str, name: str, known: Collection[str]) -> BadContent:
    near = get_close_matches(name, known, 1)
    hint = f"Did you mean {near[0]}? " if near else ""
    return panel.wrong(key, f"there is no {key} {name!r}", f"{hint}See: hubbub list {key}s")


def _toml(file: ContentFile) -> dict[str, Any]:
    written = file.toml()
    for key in written:
        if key not in {"title", "hide", "panels"}:
            raise file.wrong(
                file.line_of(key), f"unknown key {key!r}", "Known keys: title, hide, [[panels]]."
            )
    if not isinstance(written.get("title", ""), str):
        raise file.wrong(file.line_of("title"), "title is no text", 'Write title = "…".')
    return written


def _panels(file: ContentFile, written: dict[str, Any]) -> list[Panel]:
    tables = written.get("panels", [])
    if not isinstance(tables, list):
        raise file.wrong(file.line_of("[panels"), "panels is no list", "Write [[panels]].")
    numbered = enumerate(file.text.splitlines(), 1)
    lines = [number for number, line in numbered if _PANELS.match(line)]
    found: list[Panel] = []
    for index, table in enumerate(cast("list[Any]", tables)):
        line = lines[index] if index < len(lines) else 1
        if not isinstance(table, dict):
            raise file.wrong(line, "a panel is no table", "Write [[panels]].")
        panel = _panel(file, line, cast("dict[str, Any]", table))
        if panel.name in {each.name for each in found}:
            raise panel.wrong("name", f"a second panel {panel.name!r}", "Give it another name.")
        found.append(panel)
    return found


def _panel(file: ContentFile, line: int, table: dict[str, Any]) -> Panel:
    def wrong(key: str, reason: str, fix: str) -> BadContent:
        return file.wrong(file.line_in_table(line, key), reason, fix)

    _check_texts(wrong, table)
    kind: Kind = table["kind"]
    for key in table:
        if key not in _EVERYWHERE | _OF_KIND[kind]:
            raise wrong(key, f"a {kind} has no {key}", f"Remove {key}.")
    for key in _NEEDED[kind]:
        if key not in table:
            raise wrong(key, f"a {kind} without {key}", f"Write {key} = …")
    for key, most in (("width", _WIDEST), ("height", _HIGHEST), ("limit", 1000)):
        if key in table and not (type(table[key]) is int and 1 <= table[key] <= most):
            raise wrong(key, f"{key} is {table[key]!r}", f"Write a number from 1 to {most}.")
    parameters = table.get("parameters", {})
    if not isinstance(parameters, dict):
        raise wrong("parameters", "parameters is no table", 'Write { since = "30 days" }.')
    return Panel(
        file,
        line,
        table["name"],
        table["title"],
        kind,
        table.get("metric"),
        {name: str(value) for name, value in cast("dict[str, Any]", parameters).items()},
        table.get("value"),
        _strings(file, line, "parts", table.get("parts", [])),
        _colours(wrong, table.get("colours")),
        table.get("chart"),
        table.get("limit"),
        _strings(file, line, "columns", table.get("columns", [])),
        table.get("subtitle", ""),
        table.get("empty", ""),
        _labels(wrong, table.get("labels", {})),
        table.get("width", 4),
        table.get("height", 1),
    )


def _check_texts(wrong: "Wrong", table: dict[str, Any]) -> None:
    for key in table:
        if key not in KEYS:
            raise wrong(key, f"unknown key {key!r}", f"Known keys: {', '.join(KEYS)}.")
    for key in ("name", "title", "kind", "metric", "chart", "value", "subtitle", "empty"):
        if key in table and (not isinstance(table[key], str) or not table[key]):
            raise wrong(key, f"{key} is no text", f'Write {key} = "…".')
    for key in ("name", "title", "kind"):
        if key not in table:
            raise wrong(key, f"no {key}", f'Write {key} = "…" into the panel.')
    if not _NAME.fullmatch(table["name"]):
        raise wrong("name", f"{table['name']!r} is no name", "Take small letters, digits and _.")
    kinds = get_args(Kind)
    if table["kind"] not in kinds:
        known = f"Take one of: {', '.join(kinds)}."
        raise wrong("kind", f"unknown kind {table['kind']!r}", known)


def _strings(file: ContentFile, line: int, key: str, value: Any) -> tuple[str, ...]:
    named = cast("list[Any]", value) if isinstance(value, list) else [value]
    if not all(isinstance(name, str) for name in named) or not isinstance(value, list):
        fix = f'Write {key} = ["…"].'
        raise file.wrong(file.line_in_table(line, key), f"{key} is no list of names", fix)
    return tuple(named)


def _labels(wrong: "Wrong", value: Any) -> dict[str, str]:
    said: dict[str, Any] = cast("dict[str, Any]", value) if isinstance(value, dict) else {"": None}
    if not all(isinstance(each, str) for each in said.values()):
        raise wrong("labels", "labels is no table of texts", 'Write { messages = "{} written" }.')
    return said


def _colours(wrong: "Wrong", value: Any) -> Colours | None:
    if value is None:
        return None
    said = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
    numbers = [said.get("red"), said.get("yellow")]
    if (
        set(said) != {"column", "red", "yellow"}
        or not isinstance(said["column"], str)
        or not all(type(number) in {int, float} for number in numbers)
    ):
        raise wrong(
            "colours",
            "colours is not a column and two numbers",
            'Write { column = "score", red = 100, yellow = 150 }.',
        )
    return Colours(said["column"], float(said["red"]), float(said["yellow"]))
