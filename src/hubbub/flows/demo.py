"""Everything in one go on an invented community: made, exported, imported, measured, drawn."""

import html
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from hubbub.charts.catalog import Charts
from hubbub.destinations.files import whole
from hubbub.flows.drawing import draw_chart
from hubbub.flows.exporting import export_metrics, export_network
from hubbub.flows.importing import Progress, Report, import_archive
from hubbub.flows.measuring import Measured, measure
from hubbub.settings import Settings
from hubbub.simulator.community import invent
from hubbub.simulator.export import write_export

FINDINGS = (
    "totals",
    "leaderboard",
    "messages_by_channel",
    "emoji_ranking",
    "link_domains",
    "unanswered",
)
"""Metrics that the demo shows."""


@dataclass(frozen=True)
class Demo:
    """What the demo made, and where it lies."""

    settings: Settings
    community: str
    archive: Path
    report: Report
    findings: list[Measured]
    charts: list[Path]
    page: Path
    files: Path


def run_demo(settings: Settings, progress: Progress) -> Demo:
    """Invent a community that ends today, and show what Hubbub finds in it."""
    progress("inventing", 0, 0)
    workspace = invent(until=datetime.now(UTC))
    # Invented people have nothing to hide: the demo shows texts and names.
    settings = replace(settings, timezone=workspace.zone, privacy={"preset": "open"})
    settings.home.mkdir(parents=True, exist_ok=True)
    archive = settings.home / "export.zip"
    with whole(archive) as unfinished:
        write_export(workspace, unfinished)
    report = import_archive(settings, archive, progress)
    findings = [measure(settings, name, {}) for name in FINDINGS]
    names = [chart.name for chart in Charts(settings.pack).charts()]
    charts: list[Path] = []
    (settings.home / "charts").mkdir(exist_ok=True)
    for number, name in enumerate(names, 1):
        path = settings.home / "charts" / f"{name}.png"
        draw_chart(settings, name, {}, path)
        charts.append(path)
        progress("drawing", number, len(names))
    files = settings.home / "files"
    export_metrics(settings, [], {}, files, "csv")
    export_network(settings, {}, files)
    community = workspace.team["name"]
    page = settings.home / "charts.html"
    with whole(page) as unfinished:
        unfinished.write_text(_page(community, charts, page.parent), encoding="utf-8")
    return Demo(settings, community, archive, report, findings, charts, page, files)


def _page(community: str, charts: list[Path], folder: Path) -> str:
    """A page with all charts."""
    pictures = "\n".join(
        f'<img src="{html.escape(str(path.relative_to(folder)))}" '
        f'alt="{html.escape(path.stem.replace("_", " "))}" loading="lazy">'
        for path in charts
    )
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(community)}</title>
<style>
body {{ margin: 0 auto; max-width: 1600px; padding: 2rem; background: #f4f5f7; color: #1d2733;
       font: 1rem/1.5 system-ui, sans-serif; }}
main {{ columns: 30rem; column-gap: 1.5rem; }}
img {{ width: 100%; margin-bottom: 1.5rem; break-inside: avoid; border-radius: .5rem;
       box-shadow: 0 1px 3px #0002; background: #fff; }}
</style>
<h1>{html.escape(community)}</h1>
<main>
{pictures}
</main>
</html>
"""
