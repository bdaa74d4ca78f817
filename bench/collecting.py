"""What collecting costs: calls, simulated hours and memory, against a local Slack.

usage: python -m bench.collecting [serve MESSAGES]: without arguments, print the figures
"""

import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from hubbub.flows.collecting import Report, collect
from hubbub.settings import Collecting, Settings
from hubbub.simulator.clock import Clock
from hubbub.simulator.simulator import Simulator
from hubbub.simulator.state import Raw, Workspace, count_replies, stamp

CHANNELS, ROOTS, THREADS, REPLIES = 50, 400, 3_000, 5
CALLS = CHANNELS + THREADS + 2
"""A page a channel, a call a thread, and the two lists: the least that the reference load needs."""
CHANGED = 40
BEGIN = 1_780_000_000
NOW = 1_795_000_000.0
DAY = 86_400.0
IN_PROCESS = Path(__file__).parents[1] / "tests" / "collecting" / "in_process.py"


def workspace(
    channels: int, roots: int, threads: int, replies: int, members: int = 50
) -> Workspace:
    """A workspace of that size; threads are shared out evenly. The same size gives the same."""
    rng = random.Random(roots)
    made = Workspace({"id": "T1", "name": "Bench", "domain": "bench"}, "UTC")
    simulator = Simulator(made, clock=Clock.manual(BEGIN))
    users = [
        simulator.acts.add_user(f"user{each}", is_primary_owner=not each)["id"]
        for each in range(members)
    ]
    step = int((NOW - DAY - BEGIN) * 1e6 / roots)
    for number in range(channels):
        channel_id = simulator.acts.create_channel(f"channel-{number}", users[0])["id"]
        said: list[Raw] = []
        for each in range(roots):
            at = BEGIN * 1_000_000 + each * step
            said.append(_message(rng, users, at))
            if each * threads // channels // roots != (each + 1) * threads // channels // roots:
                root = said[-1]["ts"]
                for reply in range(replies):
                    answer = _message(rng, users, at + (reply + 1) * 1_000_000 + each % 1000)
                    said.append({**answer, "thread_ts": root})
        said.sort(key=lambda message: message["ts"])
        count_replies(said)
        made.messages[channel_id] = said
    return made


def _message(rng: random.Random, users: list[str], micros: int) -> Raw:
    text = "tide and pool " * rng.randint(1, 8)
    return {"type": "message", "user": rng.choice(users), "text": text, "ts": stamp(micros)}


def settings(home: Path) -> Settings:
    """Everything is kept."""
    return Settings(home, "grove", privacy={"preset": "open"}, collect=Collecting(token="user"))


@contextmanager
def pointed(url: str, token: str) -> Generator[None]:
    """Let collections of this process, and of those that it starts, go to a Slack."""
    before = dict(os.environ)
    os.environ |= {"SLACK_API_URL": url, "SLACK_USER_TOKEN": token}
    os.environ.pop("SLACK_BOT_TOKEN", None)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def reference_runs(home: Path) -> tuple[Report, Report, int]:
    """The first run over the reference load, one a day later, and how often Slack said no."""
    made = workspace(CHANNELS, ROOTS, THREADS, REPLIES)
    simulator = Simulator(made, clock=Clock.manual(NOW))
    with simulator.serve(), pointed(simulator.url, simulator.add_token("user")):
        first = collect(settings(home), clock=simulator.clock)
        simulator.clock.advance(DAY)
        places = [
            (channel["id"], root["ts"])
            for channel in made.channels
            for root in [each for each in made.messages[channel["id"]] if "reply_count" in each][
                -1:
            ]
        ]
        for channel_id, ts in places[:CHANGED]:
            simulator.acts.reply(channel_id, ts, made.users[0]["id"], "late")
        later = collect(settings(home), clock=simulator.clock)
        return first, later, len(simulator.calls.limited())


def peak_memory(home: Path, messages: int) -> tuple[float, dict[str, int]]:
    """Peak memory in MB of the process that collects a workspace of that size, and its calls."""
    command = [sys.executable, "-m", "bench.collecting", "serve", str(messages)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as serving:
        assert serving.stdout, "it tells where it is"
        told = json.loads(serving.stdout.readline())
        with pointed(told["url"], told["token"]):
            done = subprocess.run(
                [sys.executable, str(IN_PROCESS), str(home)], stdout=subprocess.PIPE, check=True
            )
        serving.communicate("")
    collected = json.loads(done.stdout)
    if collected["messages"] < messages:
        raise SystemExit(f"only {collected['messages']:,} messages were collected")
    return collected["megabytes"], collected["calls"]


def serve(messages: int) -> None:
    """Serve a workspace of so many messages, two fifths of them replies, until stdin ends."""
    threads = messages // 50
    made = workspace(50, messages * 3 // 5 // 50, threads, 20, members=2_000)
    simulator = Simulator(made, clock=Clock.manual(NOW), limits=False)
    with simulator.serve():
        token = simulator.add_token("user")
        sys.stdout.write(json.dumps({"url": simulator.url, "token": token}) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


def report() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory(prefix="hubbub-bench-") as temporary:
        folder = Path(temporary)
        first, later, refused = reference_runs(folder / "reference")
        calls, again = sum(first.calls.values()), sum(later.calls.values())
        least = THREADS / 50 * 60
        messages = CHANNELS * ROOTS + THREADS * REPLIES
        print(f"reference load: {CHANNELS} channels × {ROOTS} roots, {THREADS} × {REPLIES} replies")
        say("  calls of the first run / the least", calls / CALLS, "at most 1.05")
        say("  calls a day later, 40 threads changed", again, "at most 95")
        say("  least time by the limits / simulated time", least / first.seconds, "at least 0.95")
        say("  429s", refused, "none")
        print(
            f"    first run {calls:,} calls, {first.seconds / 60:.1f} simulated minutes; fetching "
            f"every thread each time: {CALLS:,} calls; two calls a message: {2 * messages:,}"
        )
        memory, made = peak_memory(folder / "million", 1_000_000)
        say("peak memory, collecting 1,000,000 messages, MB", memory, "under 300")
        print(f"    {sum(made.values()):,} calls")


def say(what: str, value: float, bound: str) -> None:
    """A line of the report."""
    print(f"{what:<62} {value:8.2f}     (goal: {bound})", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(int(sys.argv[2]))
    else:
        report()
