"""Everything in one go on an invented community: a local Slack, collected, measured, drawn."""

import html
import time
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from hubbub.charts.catalog import Charts
from hubbub.destinations.files import whole
from hubbub.flows.collecting import Report, Status, collect
from hubbub.flows.drawing import draw_chart
from hubbub.flows.exporting import export_metrics, export_network
from hubbub.flows.importing import Progress
from hubbub.flows.measuring import Measured, measure
from hubbub.flows.packs import packs_in_use
from hubbub.flows.simulating import public_channels
from hubbub.settings import Settings
from hubbub.simulator.clock import Clock
from hubbub.simulator.community import invent
from hubbub.simulator.simulator import Simulator
from hubbub.slack.api import Slack, Token
from hubbub.stores import duckdb as store

FINDINGS = (
    "totals",
    "leaderboard",
    "messages_by_channel",
    "emoji_ranking",
    "link_domains",
    "unanswered",
)
"""Metrics that the demo shows."""


class Demo(Struct, frozen=True):
    """What the demo made, and where it lies."""

    settings: Settings
    community: str
    report: Report
    rows: dict[str, int]
    """What is in the tables now."""
    findings: list[Measured]
    charts: list[Path]
    page: Path
    files: Path
    simulator: Simulator
    """The local Slack; its clock stands where the collection has ended."""
    bot: Token


_BEFORE = 2 * 3600.0
"""Seconds before now at which the community is collected: by the simulator's clock, which keeps to
Slack's limits, that takes some of them."""


def run_demo(settings: Settings, progress: Progress) -> Demo:
    """Invent a community that was there until a moment ago, and show what Hubbub finds in it."""
    progress("inventing", 0, 0)
    begin = time.time() - _BEFORE
    workspace = invent(until=datetime.fromtimestamp(begin, UTC))
    # Invented people have nothing to hide: the demo shows texts and names.
    settings = replace(
        settings,
        workspace="demo",
        timezone=workspace.zone,
        privacy={"preset": "open"},
        unflagged=None,
    )
    settings.home.mkdir(parents=True, exist_ok=True)
    for left in (settings.store, settings.journal, settings.event_log):  # of an earlier community
        left.unlink(missing_ok=True)
    simulator = Simulator(workspace, clock=Clock.manual(begin))
    token = simulator.add_token("bot", channels=public_channels(workspace))
    bot = Token("bot", "the demo", token)
    report = _collected(settings, simulator, bot, progress)
    with store.reading(settings.store) as connection:
        packs = packs_in_use(settings, connection)
        rows = {
            name: store.first_row(connection, f"SELECT count(*) FROM {name}")[0]
            for name in ("users", "channels", "messages")
        }
    findings = [measure(settings, name, {}) for name in FINDINGS]
    names = [chart.name for chart in Charts(settings.pack).charts() if chart.file.pack in packs]
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
    return Demo(settings, community, report, rows, findings, charts, page, files, simulator, bot)


def _collected(settings: Settings, simulator: Simulator, bot: Token, progress: Progress) -> Report:
    """Serve the community as a local Slack, and collect it by HTTP as any other. Its clock goes on
    only while the collector waits, so that Slack's limits hold and cost no time."""

    def show(status: Status) -> None:
        is_known = status.calls_left > 0
        progress("collecting", status.calls, is_known * (status.calls + status.calls_left))

    with simulator.serve():
        slack = Slack(bot, simulator.url)
        return collect(settings, connection=(slack, bot), clock=simulator.clock, progress=show)


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
