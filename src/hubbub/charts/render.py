"""Draws charts: a spec and the rows of its metric become PNG, SVG or a page of HTML.

Nothing is loaded from anywhere: what a picture needs is in the spec, in this package or in the
drawing library. All charts share one theme, `theme.json`.
"""

import json
from datetime import UTC, date, datetime
from functools import cache
from html import escape
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import pyarrow as pa
import vl_convert

from hubbub.charts import emoji, fonts
from hubbub.charts.catalog import Chart
from hubbub.charts.library import library
from hubbub.charts.typesetting import StandIns, typeset

Form = Literal["png", "svg", "html"]

VEGA_LITE = "6.4"
"""The version that the specs are written for; the drawing library has several."""

_SCALE = 2.0


def draw(
    chart: Chart, rows: pa.Table, *, subtitle: str, form: Form, timezone: str = "UTC"
) -> bytes:
    """A picture of a metric's rows: the first `chart.limit` of them, instants in a time zone.

    Without rows, or with nothing but zeros, the picture says `chart.empty`.
    """
    spec = drawable(chart, rows, subtitle=subtitle, timezone=timezone)
    if form == "html":
        return _page(chart.title, spec).encode()
    stand_ins = StandIns()
    measured = stand_ins.put(json.dumps(spec, ensure_ascii=False))
    drawn = library().vegalite_to_svg(measured, VEGA_LITE, allowed_base_urls=[])
    svg = stand_ins.remove(drawn)
    return library().svg_to_png(typeset(svg), _SCALE) if form == "png" else svg.encode()


def drawable(
    chart: Chart, rows: pa.Table, *, subtitle: str, timezone: str = "UTC"
) -> dict[str, Any]:
    """The whole spec of a picture, theme and rows included, for anything that draws Vega-Lite.

    Its expressions may use `rows`, the number of rows.
    """
    records = _records(chart, rows, ZoneInfo(timezone))
    if _says_nothing(chart, records):
        return _picture(_sentence(chart), chart.title, subtitle, [{}])
    return _picture(chart.spec, chart.title, subtitle, records)


def page_drawable(chart: Chart, rows: pa.Table, *, timezone: str) -> dict[str, Any] | None:
    """The same for a box of a page, which has the title: as wide and high as the box, and without
    a ground. None where there is nothing to draw but `chart.empty`."""
    records = _records(chart, rows, ZoneInfo(timezone))
    if _says_nothing(chart, records):
        return None
    whole = _picture(chart.spec, chart.title, "", records)
    box = {"background": None, "width": "container", "height": "container"}
    fit = {"type": "fit", "contains": "padding"}
    return {key: each for key, each in whole.items() if key != "title"} | box | {"autosize": fit}


def texts(chart: Chart, rows: pa.Table) -> list[str]:
    """The texts of the rows that are drawn: names above all. What `fonts.missing` wants to know."""
    records = _records(chart, rows, ZoneInfo("UTC"))
    said = [value for record in records for value in record.values() if isinstance(value, str)]
    if chart.emoji:
        names = rows[chart.emoji].slice(0, chart.limit).to_pylist()
        said += [emoji.shown(str(name)) for name in names]
    return said


def _picture(
    spec: dict[str, Any], title: str, subtitle: str, records: list[dict[str, Any]]
) -> dict[str, Any]:
    theme = _theme()
    height = spec.get("height", theme["height"])
    # A height that follows from the number of bars must not be squeezed into the picture's.
    fit = "fit-x" if isinstance(height, dict) else "fit"
    return {
        **theme,
        "autosize": {"type": fit, "contains": "padding"},
        **{key: value for key, value in spec.items() if key != "usermeta"},
        "title": {"text": title, "subtitle": subtitle},
        "params": [{"name": "rows", "value": len(records)}, *spec.get("params", [])],
        "datasets": {"rows": records},
    }


def _sentence(chart: Chart) -> dict[str, Any]:
    mark = {"type": "text", "style": "sentence", "text": chart.empty}
    return {"data": {"name": "rows"}, "mark": mark, "encoding": {}}


def _records(chart: Chart, rows: pa.Table, zone: ZoneInfo) -> list[dict[str, Any]]:
    """The rows as Vega takes them: only the columns that the chart uses."""
    used = [name for name in rows.column_names if name in chart.reads]
    columns = [rows[name].slice(0, chart.limit).to_pylist() for name in used]
    records = [dict(zip(used, values, strict=True)) for values in zip(*columns, strict=True)]
    for record in records:
        for name, value in record.items():
            if isinstance(value, date):
                record[name] = _as_utc(value, zone)
        if chart.emoji:
            record[chart.emoji] = _emoji(record[chart.emoji])
    return records


def _as_utc(moment: date | datetime, zone: ZoneInfo) -> int:
    """Milliseconds since 1970 to what a clock in the zone shows, as if that were UTC.

    Vega knows UTC and the viewer's own time zone, neither of which is the workspace's.
    """
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    elif moment.tzinfo is not None:
        moment = moment.astimezone(zone)
    return round(moment.replace(tzinfo=UTC).timestamp() * 1000)


def _emoji(name: str) -> str:
    return emoji.shown(name) if fonts.has_font(fonts.EMOJI) else f":{name}:"


def _says_nothing(chart: Chart, records: list[dict[str, Any]]) -> bool:
    if chart.measure is None:
        return not records
    return not any(record[chart.measure] for record in records)


@cache
def _theme() -> dict[str, Any]:
    return json.loads((Path(__file__).parent / "theme.json").read_text(encoding="utf-8"))


def _page(title: str, spec: dict[str, Any]) -> str:
    """A page that draws by itself; its policy lets the browser load nothing at all."""
    page = (Path(__file__).parent / "page.html").read_text(encoding="utf-8")
    # names of members must not be able to end the script that holds them
    enclosed = json.dumps(spec, ensure_ascii=False).replace("<", "\\u003c")
    # without a snippet, which the stub demands, the library has its bundle ready
    vega = vl_convert.javascript_bundle(None, VEGA_LITE)  # pyright: ignore[reportArgumentType]
    parts = {"{{title}}": escape(title), "{{vega}}": vega, "{{spec}}": enclosed}
    for place, text in parts.items():
        page = page.replace(place, text)
    return page
