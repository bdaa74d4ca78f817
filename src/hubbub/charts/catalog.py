"""A chart file: a Vega-Lite spec, with what Hubbub needs to know in `usermeta.hubbub`.

    "usermeta": {"hubbub": {
        "metric": "leaderboard",                    the metric whose rows are drawn
        "parameters": {"since": "90 days"},         its parameters, where they differ from its own
        "limit": 15,                                draw the first rows only
        "measure": "messages",                      where it is 0 or empty in every row, none counts
        "emoji": "name",                            a column of emoji names, drawn as emoji
        "empty": "Nobody wrote in this time."       said in place of a picture without rows
    }},
    "data": {"name": "rows"}

Only `metric` and `empty` are obligatory. Every error names the file and the line. See
docs/charts.md.
"""

import copy
import json
import re
from collections.abc import Collection, Iterator
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from msgspec import Struct
from msgspec.structs import replace

from hubbub.content import ContentFile, find
from hubbub.errors import UsageError

_KEYS = {
    "metric": str,
    "parameters": dict,
    "limit": int,
    "measure": str,
    "emoji": str,
    "empty": str,
}
_DATUM = re.compile(r"\bdatum\.([A-Za-z_]\w*)")
_EXPRESSIONS = {"calculate", "filter", "test"}


class Chart(Struct, frozen=True, dict=True):
    """A chart, ready to draw."""

    file: ContentFile
    title: str
    metric: str
    parameters: dict[str, str]
    limit: int | None
    measure: str | None
    emoji: str | None
    empty: str
    spec: dict[str, Any]

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return self.file.name

    @cached_property
    def reads(self) -> frozenset[str]:
        """The fields that the picture needs: columns of the metric, or computed by the spec."""
        named = {*_fields(self.spec), self.measure, self.emoji}
        return frozenset(name for name in named if name)

    @cached_property
    def columns(self) -> frozenset[str]:
        """The fields that must be columns of the metric."""
        return self.reads - set(_computed(self.spec))

    def without_tooltips_of(self, columns: Collection[str]) -> "Chart":
        """The chart, with tooltips that say nothing of some columns."""
        spec = copy.deepcopy(self.spec)
        for each in _objects(spec):
            if isinstance(each.get("tooltip"), list):
                each["tooltip"] = [
                    tip for tip in each["tooltip"] if tip.get("field") not in columns
                ]
        return replace(self, spec=spec)


class Charts:
    """The charts that a workspace has: those of the packs, and its own."""

    def __init__(self, own_pack: Path) -> None:
        self._own_pack = own_pack

    @cached_property
    def files(self) -> dict[str, ContentFile]:
        """The chart files, by name."""
        return find("charts", [".vl.json"], self._own_pack)

    def chart(self, name: str) -> Chart:
        """A chart. Raises `UsageError` if there is none of that name, `BadContent` if it is bad."""
        if name not in self.files:
            near = get_close_matches(name, self.files, 1)
            hint = f"Did you mean {near[0]}? " if near else ""
            raise UsageError(f"There is no chart {name!r}.", f"{hint}See: hubbub list charts")
        return parse(self.files[name])

    def charts(self) -> list[Chart]:
        """All charts, in order of their names."""
        return [parse(file) for file in self.files.values()]


def parse(file: ContentFile) -> Chart:
    """Read a chart file. Raises `BadContent`."""
    spec = _object(file)
    told: Any = spec.get("usermeta")
    about: Any = cast("dict[str, Any]", told).get("hubbub") if isinstance(told, dict) else None
    if not isinstance(about, dict):
        fix = 'Write "usermeta": {"hubbub": {"metric": "…", "empty": "…"}}.'
        raise file.wrong(file.line_of('"usermeta"'), "no usermeta.hubbub", fix)
    about = cast("dict[str, Any]", about)
    _check_keys(file, about)
    title = spec.get("title")
    if not isinstance(title, str) or not title:
        raise file.wrong(file.line_of('"title"'), "no title", 'Write "title": "…", the finding.')
    if spec.get("data") != {"name": "rows"}:
        fix = 'Write "data": {"name": "rows"}; the metric gives the rows.'
        raise file.wrong(file.line_of('"data"'), "the data are not the metric's rows", fix)
    if any("url" in each for each in _objects(spec)):
        fix = 'Remove "url": a chart draws the rows of its metric and nothing else.'
        raise file.wrong(_line_with(file, '"url"'), "a chart loads nothing", fix)
    return Chart(
        file,
        title,
        about["metric"],
        {name: str(value) for name, value in about.get("parameters", {}).items()},
        about.get("limit"),
        about.get("measure"),
        about.get("emoji"),
        about["empty"],
        spec,
    )


def check_metric(chart: Chart, metrics: Collection[str]) -> None:
    """Raise `BadContent` if a chart's metric is none of these."""
    if chart.metric not in metrics:
        near = get_close_matches(chart.metric, metrics, 1)
        hint = f"Did you mean {near[0]}? " if near else ""
        reason = f"there is no metric {chart.metric!r}"
        line = _line_with(chart.file, '"metric"')
        raise chart.file.wrong(line, reason, f"{hint}See: hubbub list metrics")


def check_fields(chart: Chart, columns: Collection[str]) -> None:
    """Raise `BadContent` if a chart uses a field that its metric's rows do not have."""
    for name in sorted(chart.columns - set(columns)):
        used = re.compile(rf'"{re.escape(name)}"|datum\.{re.escape(name)}\b')
        numbered = enumerate(chart.file.text.splitlines(), 1)
        raise chart.file.wrong(
            next((number for number, line in numbered if used.search(line)), 1),
            f"{name!r} is no column of the metric {chart.metric}",
            f"It has: {', '.join(columns)}.",
        )


def _object(file: ContentFile) -> dict[str, Any]:
    try:
        spec = json.loads(file.text)
    except json.JSONDecodeError as error:
        raise file.wrong(error.lineno, f"no JSON: {error.msg}", "Correct that line.") from error
    if not isinstance(spec, dict):
        raise file.wrong(1, "no JSON object", "Write a Vega-Lite spec: { … }.")
    return cast("dict[str, Any]", spec)


def _check_keys(file: ContentFile, about: dict[str, Any]) -> None:
    for key, value in about.items():
        line = _line_with(file, f'"{key}"')
        if key not in _KEYS:
            fix = f"Known keys: {', '.join(_KEYS)}."
            raise file.wrong(line, f"unknown key {key!r} in usermeta.hubbub", fix)
        if not isinstance(value, _KEYS[key]) or not value:
            fix = f"Write a {_KEYS[key].__name__} that is not empty."
            raise file.wrong(line, f"{key} is {json.dumps(value)}", fix)
    for key in ("metric", "empty"):
        if key not in about:
            line = _line_with(file, '"hubbub"')
            raise file.wrong(line, f"no {key} in usermeta.hubbub", f'Write "{key}": "…".')


def _line_with(file: ContentFile, word: str) -> int:
    numbered = enumerate(file.text.splitlines(), 1)
    return next((number for number, line in numbered if word in line), 1)


def _objects(part: Any) -> Iterator[dict[str, Any]]:
    """All objects of a spec, outside in."""
    if isinstance(part, dict):
        here = cast("dict[str, Any]", part)
        yield here
        for key, value in here.items():
            if key != "usermeta":
                yield from _objects(value)
    elif isinstance(part, list):
        for value in cast("list[Any]", part):
            yield from _objects(value)


def _fields(spec: dict[str, Any]) -> Iterator[str]:
    """The fields that a spec reads: rows have them, or it computes them itself."""
    for each in _objects(spec):
        for key, value in each.items():
            if key == "field" and isinstance(value, str):
                yield value
            elif key == "groupby" and isinstance(value, list):
                yield from cast("list[str]", value)
            elif key in _EXPRESSIONS and isinstance(value, str):
                yield from _DATUM.findall(value)


def _computed(spec: dict[str, Any]) -> Iterator[str]:
    """The fields that a spec's transforms make."""
    for each in _objects(spec):
        made = each.get("as", ())
        yield from [made] if isinstance(made, str) else cast("list[str]", made)
