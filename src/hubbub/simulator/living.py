"""A community that goes on talking over the clock, evenly, and now and then in bursts."""

import random
from bisect import bisect_left
from threading import Event, Thread

from hubbub.simulator.acts import Acts
from hubbub.simulator.corpus import load
from hubbub.simulator.deeds import Deeds, Room
from hubbub.simulator.state import Workspace, ts_of
from hubbub.simulator.talk import Talk

DAY = 86_400.0
LOOK_BACK = 30 * DAY
"""The stretch before the last message by which the community's pace is judged."""

BURSTS = 1 / 150
"""The chance of a deed to start a burst, in which a channel talks all at once."""

RUSH = (10, 30)
"""So many deeds a burst has, at least and at most."""

HURRY = 15.0
"""So many times faster than usual they follow each other."""

STEP = 0.2
"""Real seconds between two looks at the clock."""

_ELSEWHERE = "porch"
"""The topic of channels of which the corpus knows nothing."""


class Living:
    """Lets the community talk on; `speed` is how many times livelier than it used to be."""

    def __init__(self, workspace: Workspace, acts: Acts, *, speed: float, seed: int) -> None:
        self._workspace = workspace
        self._acts = acts
        self._rng = random.Random(seed)
        talk = Talk(self._rng, load("talk"))
        talk.references |= _references(workspace)
        self._deeds = Deeds(workspace, acts, talk, self._rng)
        self._rooms, a_day = _rooms(workspace)
        self._weights = [room.weight for room in self._rooms]
        self._rush: tuple[Room, int] | None = None
        self._pause = DAY / max(a_day * speed, 1e-6)
        self._next = acts.clock.now() + self._rng.expovariate(1 / self._pause)
        self._stopped = Event()
        self._thread = Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Living":
        """Talk by itself from now on."""
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Fall silent."""
        self._stopped.set()
        self._thread.join()

    def catch_up(self) -> int:
        """Let everything happen that was to happen until now; how many deeds that were."""
        deeds = 0
        now = self._acts.clock.now()
        while self._rooms and self._next <= now:
            with self._acts.lock:
                self._do(self._next)
            hurry = HURRY if self._rush else 1.0
            self._next += self._rng.expovariate(hurry / self._pause)
            deeds += 1
        return deeds

    def _run(self) -> None:
        while not self._stopped.wait(STEP):
            self.catch_up()

    def _do(self, at: float) -> None:
        """One deed, in a channel that is busy anyway, or where all talk at once just now."""
        if self._rush is None and self._rng.random() < BURSTS:
            self._rush = (
                self._rng.choices(self._rooms, self._weights)[0],
                self._rng.randint(*RUSH),
            )
        if self._rush is None:
            room = self._rng.choices(self._rooms, self._weights)[0]
        else:
            room, left = self._rush
            self._rush = (room, left - 1) if left > 1 else None
        self._deeds.do(room, at, rushed=self._rush is not None)


def _topics() -> dict[str, str]:
    """The topic of each channel of the corpus, by the channel's name."""
    known = load("talk")["topics"]
    told = {wish["name"]: wish.get("talk", wish["key"]) for wish in load("community")["channels"]}
    return {name: topic for name, topic in told.items() if topic in known}


def _references(workspace: Workspace) -> dict[str, str]:
    """What lines of the corpus may point at, as far as the workspace has it."""
    ids = {channel.get("name"): channel["id"] for channel in workspace.channels}
    wishes = load("community")["channels"]
    references = {
        f"#{wish['key']}": f"<#{ids[wish['name']]}>" if wish["name"] in ids else f"#{wish['name']}"
        for wish in wishes
    }
    groups = {f"group:{handle}": f"@{handle}" for handle in load("community")["groups"]}
    own = {f"group:{g['handle']}": f"<!subteam^{g['id']}>" for g in workspace.usergroups}
    return references | groups | own


def _rooms(workspace: Workspace) -> tuple[list[Room], float]:
    """Where people talk, and how many deeds a day there were of late."""
    said = workspace.messages
    last = max((float(messages[-1]["ts"]) for messages in said.values() if messages), default=0.0)
    since = f"{max(last - LOOK_BACK, 0):017.6f}"
    topics = _topics()
    rooms = [
        Room(
            channel["id"],
            1.0 + len(recent),
            topics.get(channel.get("name", ""), _ELSEWHERE),
        )
        for channel in workspace.channels
        if not (channel.get("is_archived") or channel.get("is_im") or channel.get("is_mpim"))
        for recent in [said.get(channel["id"], [])]
        for recent in [recent[bisect_left(recent, since, key=ts_of) :]]
    ]
    return rooms, sum(room.weight for room in rooms) * 1.5 / (LOOK_BACK / DAY)
