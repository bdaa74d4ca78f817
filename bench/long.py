"""A long history: what is done with a workspace of so many messages, in seconds of CPU.

usage: python -m bench.long [MESSAGES [FOLDER]]: 5,000,000 by default, a multiple of a million; the
stores are made in FOLDER and removed. It takes about 2 GB of disk a 5,000,000 messages, and a
quarter of an hour on two cores that are not busy with other things.
"""

import resource
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from bench.__main__ import hubbub, made_export
from bench.long_events import events_of, log_events
from bench.long_store import grow, settings_of
from bench.long_sweep import sweeps
from bench.long_viewing import ask, quantile
from hubbub.flows.erasing import forget
from hubbub.flows.loading import load_rest
from hubbub.flows.panels import Panels
from hubbub.flows.showing import View, read_panel
from hubbub.metrics.catalog import Catalog
from hubbub.metrics.run import Runner
from hubbub.settings import Settings
from hubbub.stores import duckdb as store

_SEED = 1_000_000
_MEMORY = "6GB"
_MERGES = 5
_API_SECONDS = 60.0
_DEAREST = 5
_PUBLISHES = (Path(__file__).parents[1] / "src" / "hubbub" / "cli" / "publish.py").exists()


class Cost(NamedTuple):
    """Seconds."""

    cpu: float
    wall: float


def _spent() -> float:
    return sum(
        used.ru_utime + used.ru_stime
        for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


@contextmanager
def _row(what: str) -> Generator[None]:
    """Print what a step cost, of this process and those that it has started and seen end."""
    before, begun = _spent(), time.perf_counter()
    yield
    _say(what, Cost(_spent() - before, time.perf_counter() - begun))


def _cost(work: Callable[[], object]) -> Cost:
    before, begun = _spent(), time.perf_counter()
    work()
    return Cost(_spent() - before, time.perf_counter() - begun)


def _say(what: str, cost: Cost) -> None:
    print(f"| {what} | {cost.cpu:.2f} | {cost.wall:.1f} |", flush=True)


def main(messages: int, folder: Path) -> None:
    """Make the stores, measure, print a table."""
    print(f"{messages:,} messages\n\n| | CPU s | s |\n|---|---:|---:|")
    archive = made_export(folder, _SEED)
    seed, long_one = settings_of(folder / "seed"), settings_of(folder / "long")
    first = hubbub(seed.home, "import", archive)
    _say(f"import of {_SEED:,} into an empty store", Cost(first.cpu, first.wall))
    grow(seed, long_one, messages // _SEED)
    for what in (f"import of {_SEED:,} more", "the same archive again"):
        again = hubbub(long_one.home, "import", archive)
        _say(f"{what}, {again.memory:,.0f} MB", Cost(again.cpu, again.wall))
    with _row("a session that only reads"), store.reading(long_one.store):
        pass
    _merge(long_one)
    for what, swept in zip(("of three days", "a minute later"), sweeps(long_one), strict=True):
        _say(f"sweep {what}, {swept.messages:,} messages", Cost(swept.cpu, swept.cpu))
    _measure(long_one, folder)
    _look(long_one)
    _listen(long_one)
    if _PUBLISHES:
        for what in ("publish to a lake", "publish with no change"):
            done = hubbub(long_one.home, "publish", folder / "lake")
            _say(what, Cost(done.cpu, done.wall))
    with _row("forget a member"):
        forget(long_one, "U00000100")
    size = long_one.store.stat().st_size / 1e9
    print(f"\nThe store, written anew: {size:.1f} GB.")


def _merge(settings: Settings) -> None:
    """Merges of sixty events, of which the median is shown."""
    costs: list[Cost] = []
    for number in range(_MERGES):
        log_events(settings, events_of(settings, number))
        costs.append(_cost(lambda: load_rest(settings)))
    _say("a merge of 60 events", sorted(costs)[_MERGES // 2])


def _measure(settings: Settings, folder: Path) -> None:
    """Every metric, written to a Parquet file."""
    catalog, costs = Catalog(settings.pack), dict[str, Cost]()
    for name in catalog.files:
        with store.reading(settings.store) as connection:
            connection.execute(f"SET memory_limit = '{_MEMORY}'")
            runner = Runner(connection, catalog, "UTC", smallest_group=1)
            query = runner.prepare(catalog.metric(name), {})
            target = str(folder / "metric.parquet")
            costs[name] = _cost(lambda r=runner, q=query, t=target: r.copy(q, t, "FORMAT parquet"))
    _sum_up(f"all {len(costs)} metrics", costs)


def _look(settings: Settings) -> None:
    """Every panel of the dashboard."""
    panels, costs = Panels(settings), dict[str, Cost]()
    shown = {name: each for name, each in panels.shown.items() if each.metric is not None}
    for name, each in shown.items():
        with panels.reading() as reading:
            costs[name] = _cost(lambda e=each, r=reading: read_panel(e, View(), r))
    _sum_up(f"all {len(costs)} panels", costs)


def _sum_up(what: str, costs: dict[str, Cost]) -> None:
    _say(what, Cost(sum(each.cpu for each in costs.values()), sum(e.wall for e in costs.values())))
    for name in sorted(costs, key=lambda name: -costs[name].cpu)[:_DEAREST]:
        _say(f"— {name}", costs[name])


def _listen(settings: Settings) -> None:
    """The dashboard's API, while people talk."""
    waited = ask(settings, _API_SECONDS)
    told = ", ".join(f"p{each} {quantile(waited.all, each):.0f} ms" for each in (50, 95, 99))
    print(f"| API: {len(waited.all):,} requests, {told} | {waited.cores * waited.seconds:.2f} "
          f"| {waited.seconds:.1f} |", flush=True)  # fmt: skip


if __name__ == "__main__":
    asked = int(sys.argv[1]) if sys.argv[1:] else 5 * _SEED
    place = sys.argv[2] if sys.argv[2:] else None
    with tempfile.TemporaryDirectory(prefix="hubbub-long-", dir=place) as temporary:
        main(asked, Path(temporary))
