"""`make bench`: how fast Hubbub is, as ratios of one run, so that they hold on any machine.

Every figure is the median of several runs taken in turn with what it is compared to.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from bench import by_hand, collecting, generate, publishing, receiving, viewers

SHARED = Path(__file__).parents[2] / "shared" / "bench"
BATCH_METRICS = (
    "conversation",
    "channel_gaps",
    "thread_gaps",
    "member_gaps",
    "member_activity",
    "tags",
    "network_nodes",
    "network_edges",
    "messages_by_channel",
    "messages_by_channel_member",
    "posters_by_channel",
    "top_posters",
    "messages_by_thread",
    "messages_by_thread_member",
)


class Run(NamedTuple):
    """A whole process: wall seconds, CPU seconds, peak memory of its largest process in MB."""

    wall: float
    cpu: float
    memory: float


def run(*command: str | Path) -> Run:
    """Run a command to its end. Raises if it fails."""
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"failed: {' '.join(map(str, command))}")
    wall = time.perf_counter() - begun
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def hubbub(home: Path, *arguments: str | Path, preset: str = "open") -> Run:
    """Run Hubbub under a preset."""
    return run(sys.executable, "-m", "hubbub", "--home", home, "--privacy", preset, *arguments)


def floor(archive: Path) -> Run:
    """The least that an importer must do: unzip and decode."""
    script = SHARED / "floor.py"
    if not script.exists():
        script = Path(__file__).with_name("floor.py")
    return run(sys.executable, script, archive)


def made_export(folder: Path, messages: int) -> Path:
    """A synthetic export of a size."""
    archive = folder / f"{messages}.zip"
    script = SHARED / "make_export.py"
    if script.exists():
        run(sys.executable, script, archive, "--messages", str(messages))
    else:
        generate.write_export(archive, messages)
    return archive


def compare_import(folder: Path, archive: Path, rounds: int) -> tuple[list[Run], list[Run]]:
    """Import an archive into new homes, in turn with the floor."""
    imports: list[Run] = []
    floors: list[Run] = []
    for number in range(rounds):
        floors.append(floor(archive))
        imports.append(hubbub(folder / f"{archive.stem}-{number}", "import", archive))
    return imports, floors


def scrubbed(folder: Path, archive: Path, rounds: int) -> float:
    """How many times as long an import takes under standard as under open; the median."""
    ratios: list[float] = []
    for number in range(rounds):
        walls = [
            hubbub(folder / f"{preset}-{number}", "import", archive, preset=preset).wall
            for preset in ("standard", "open")
        ]
        ratios.append(walls[0] / walls[1])
    return middle(ratios)


def middle(values: Sequence[float]) -> float:
    """The median."""
    return statistics.median(values)


def say(what: str, value: float, bound: str, *, unit: str = "×") -> None:
    """A line of the report."""
    print(f"{what:<62} {value:8.2f} {unit:<3} (goal: {bound})", flush=True)


def main() -> None:
    """Measure everything and print it."""
    with tempfile.TemporaryDirectory(prefix="hubbub-bench-") as temporary:
        folder = Path(temporary)
        walls: dict[int, float] = {}
        for messages, rounds in ((100_000, 5), (1_000_000, 3)):
            archive = made_export(folder, messages)
            imports, floors = compare_import(folder, archive, rounds)
            walls[messages] = middle([each.wall for each in imports])
            name = f"import of {messages:,} messages"
            ratio = middle([i.wall / f.wall for i, f in zip(imports, floors, strict=True)])
            say(f"{name} / floor", ratio, "at most 4")
            ratio = scrubbed(folder, archive, rounds)
            say(f"{name}, standard / open", ratio, "at most 2.5")
            print(
                f"    {walls[messages]:.2f} s, floor {middle([f.wall for f in floors]):.2f} s; "
                f"CPU {middle([i.cpu for i in imports]):.2f} s; the quickest of each "
                f"{min(i.wall for i in imports):.2f} s, {min(f.wall for f in floors):.2f} s"
            )
        memory = max(each.memory for each in imports)
        say(
            "1,000,000 messages / 100,000 messages", walls[1_000_000] / walls[100_000], "at most 11"
        )
        say("peak memory at 1,000,000 messages", memory, "under 1,500", unit="MB")
        home = folder / "1000000-0"
        again = hubbub(home, "import", folder / "1000000.zip")
        say("the same import again / the first", again.wall / walls[1_000_000], "none set")
        ratios: list[float] = []
        for number in range(3):
            through = hubbub(home, "export", *BATCH_METRICS, "-o", folder / f"out-{number}")
            hand = run(
                sys.executable,
                "-m",
                "bench.by_hand",
                home,
                folder / f"hand-{number}",
                json.dumps(BATCH_METRICS),
            )
            ratios.append(through.wall / hand.wall)
        say("the batch scripts' metrics / the same SQL by hand", middle(ratios), "at most 1.5")
        helps = [run(sys.executable, "-m", "hubbub", "--help").cpu for _ in range(5)]
        say("hubbub --help, CPU", middle(helps), "under 0.3", unit="s")
    collecting.report()
    receiving.report()
    viewers.report()
    publishing.report()


if __name__ == "__main__":
    assert by_hand.__doc__
    main()
