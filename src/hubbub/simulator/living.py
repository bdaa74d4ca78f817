"""A community that goes on talking: messages, replies, reactions and edits, over the clock."""

import random
from bisect import bisect_left
from dataclasses import dataclass
from threading import Event, Thread

from hubbub.simulator.acts import Acts
from hubbub.simulator.corpus import load
from hubbub.simulator.state import Raw, Workspace, is_reply, ts_of
from hubbub.simulator.talk import Talk

DAY = 86_400.0
LOOK_BACK = 30 * DAY
"""The stretch before the last message by which the community's pace is judged."""

RECENT = 40
"""Replies, reactions and edits concern one of so many last messages of a channel."""

STEP = 0.2
"""Real seconds between two looks at the clock."""

_ELSEWHERE = "porch"
"""The topic of channels of which the corpus knows nothing."""


@dataclass(frozen=True, slots=True)
class _Room:
    """A channel in which people talk, how much, and of what topic."""

    channel_id: str
    weight: float
    topic: str


class Living:
    """Lets the community talk on; `speed` is how many times livelier than it used to be."""

    def __init__(self, workspace: Workspace, acts: Acts, *, speed: float, seed: int) -> None:
        self._workspace = workspace
        self._acts = acts
        self._rng = random.Random(seed)
        self._talk = Talk(self._rng, load("talk"))
        self._talk.references |= _references(workspace)
        self._rooms, a_day = _rooms(workspace)
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
            self._next += self._rng.expovariate(1 / self._pause)
            deeds += 1
        return deeds

    def _run(self) -> None:
        while not self._stopped.wait(STEP):
            self.catch_up()

    def _do(self, at: float) -> None:
        """One deed: about a third new messages, a third replies, the rest reactions and edits."""
        weights = [room.weight for room in self._rooms]
        room = self._rng.choices(self._rooms, weights)[0]
        people = self._people(room.channel_id)
        if not people:
            return
        member = self._rng.choice(people)
        recent = self._workspace.messages.get(room.channel_id, [])[-RECENT:]
        spoken = [each for each in recent if "subtype" not in each and each.get("user") in people]
        roll = self._rng.random()
        if roll < 0.35 or not spoken:
            self._acts.post(room.channel_id, member, self._line(room, member, people), at=at)
            return
        message = self._rng.choice(spoken)
        if roll < 0.65:
            self._answer(room, message, member, people, at)
        elif roll < 0.95:
            emoji = self._rng.choice(["+1", "heart", "tada", "eyes", *self._workspace.emoji])
            self._acts.react(room.channel_id, message["ts"], member, emoji)
        else:
            mark = self._talk.edit_mark(room.topic) or " (edited)"
            self._acts.edit(room.channel_id, message["ts"], message["text"] + mark)

    def _answer(self, room: _Room, message: Raw, member: str, people: list[str], at: float) -> None:
        """Reply in the thread of a message, now and then shown to the whole channel."""
        root_ts: str = message["thread_ts"] if is_reply(message) else message["ts"]
        conversation, _ = self._talk.open(room.topic, member, lambda by: _other(people, by))
        text = conversation.reply(member) or conversation.afterthought(member)
        broadcast = self._rng.random() < 0.04
        self._acts.reply(room.channel_id, root_ts, member, text, broadcast=broadcast, at=at)

    def _line(self, room: _Room, member: str, people: list[str]) -> str:
        return self._talk.open(room.topic, member, lambda by: _other(people, by))[1]

    def _people(self, channel_id: str) -> list[str]:
        """The members of a channel who can still speak."""
        there = set(self._workspace.members.get(channel_id, []))
        return [
            user["id"]
            for user in self._workspace.users
            if user["id"] in there and not (user.get("deleted") or user.get("is_bot"))
        ]


def _other(people: list[str], by: str) -> str:
    """A mention of somebody else."""
    return f"<@{next((each for each in people if each != by), by)}>"


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


def _rooms(workspace: Workspace) -> tuple[list[_Room], float]:
    """Where people talk, and how many deeds a day there were of late."""
    said = workspace.messages
    last = max((float(messages[-1]["ts"]) for messages in said.values() if messages), default=0.0)
    since = f"{max(last - LOOK_BACK, 0):017.6f}"
    topics = _topics()
    rooms = [
        _Room(
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
