"""Talk composed from the corpus: scenes by topic, whose slots stay the same in one conversation."""

import math
import random
import re
from collections.abc import Callable
from typing import TypeAlias

from hubbub.simulator.corpus import Table

Mention: TypeAlias = Callable[[str], str]
"""Yields the `<@U…>` of somebody other than the member who speaks, given by id."""

SLOT = re.compile(r"\{([^{}]+)\}")
SENTENCE_START = re.compile(r"(^|[.!?] )([a-z])")
FRESH_TRIES = 8
"""So often an opening that was heard before is drawn anew, before it is let through."""


class Conversation:
    """One scene being played: who opens it, who answers, who comes back. No line comes twice."""

    def __init__(
        self, rng: random.Random, scene: Table, emoji: list[str], common: Table, render: "Render"
    ) -> None:
        self._rng = rng
        self._scene = scene
        self.emoji = emoji
        self._common = common
        self._render = render
        self._replies = rng.sample(self._scene["replies"], len(self._scene["replies"]))
        self._follow_ups = rng.sample(self._scene["follow"], len(self._scene["follow"]))
        if self.is_question:
            self._follow_ups.insert(0, rng.choice(common["thanks"]))
        elif "plain" not in self._scene:
            self._replies += rng.sample(common["cheers"], 5)
            rng.shuffle(self._replies)

    @property
    def is_question(self) -> bool:
        """Whether the opener asks something of the others."""
        return "ask" in self._scene

    @property
    def attachment(self) -> str | None:
        """The kind of file that may come with the opening: photo, sheet or snippet."""
        return self._scene.get("attach")

    def opening(self, by: str) -> str:
        """The root's text; `by` is here and below the id of the member who speaks."""
        return self._render(self._rng.choice(self._scene.get("ask") or self._scene["say"]), by)

    def reply(self, by: str) -> str | None:
        """What somebody else says in the thread; none when all was said."""
        if not self._replies:
            return None
        line, joint = self._replies.pop(), self._common["joint"]
        if self.is_question and self._rng.random() < 0.15:
            line = f"{self._rng.choice(self._common['openers'])}{joint}{line}"
        if self.is_question and self._rng.random() < 0.2:
            line = f"{line}{joint}{self._rng.choice(self._common['closers'])}"
        return self._render(line, by)

    def follow_up(self, by: str) -> str | None:
        """What the opener says after an answer; none when all was said."""
        return self._render(self._follow_ups.pop(), by) if self._follow_ups else None

    def afterthought(self, by: str) -> str:
        """What is said in the thread weeks later."""
        own = self._scene.get("later", [])
        return self._render(self._rng.choice(own or self._common["later"]), by)


class Render:
    """Fills the slots of lines; what a slot was filled with holds for the whole conversation."""

    def __init__(
        self, rng: random.Random, slots: Table, references: dict[str, str], mention: Mention
    ) -> None:
        self._rng = rng
        self._slots = slots
        self._references = references
        self._mention = mention
        self._bound: dict[str, str] = {}

    def __call__(self, line: str, by: str) -> str:
        """The line as it is said by a member."""

        def fill(slot: re.Match[str]) -> str:
            name = slot[1]
            if name == "@":
                return self._mention(by)
            if name in self._references:
                return self._references[name]
            if name not in self._bound:
                self._bound[name] = self._rng.choice(self._slots[name])
            return self._bound[name]

        filled = SLOT.sub(fill, line)
        return SENTENCE_START.sub(lambda start: start[1] + start[2].upper(), filled)


class Talk:
    """Draws conversations from the corpus, and remembers openings to use them less often.

    `references` resolves what lines may point at: `#key` of channels, `group:handle`.
    """

    def __init__(self, rng: random.Random, corpus: Table) -> None:
        self.references: dict[str, str] = {}
        self._rng = rng
        self._topics: Table = corpus["topics"]
        self._common: Table = corpus["common"]
        self._heard: set[str] = set()
        self._varieties = {topic: _varieties(told) for topic, told in self._topics.items()}

    def open(self, topic: str, by: str, mention: Mention) -> tuple[Conversation, str]:
        """A conversation and its opening line, one not heard before if the topic still has any."""
        conversation = self._converse(topic, mention)
        opening = conversation.opening(by)
        for _ in range(FRESH_TRIES):
            if opening not in self._heard:
                break
            conversation = self._converse(topic, mention)
            opening = conversation.opening(by)
        self._heard.add(opening)
        return conversation, opening

    def edit_mark(self, topic: str) -> str:
        """What people write behind a text that they changed; often nothing."""
        return self._rng.choice(self._common_of(topic)["edits"])

    def _converse(self, topic: str, mention: Mention) -> Conversation:
        told = self._topics[topic]
        scene = self._rng.choices(told["scenes"], self._varieties[topic])[0]
        render = Render(self._rng, told.get("slots", {}), self.references, mention)
        return Conversation(self._rng, scene, told["emoji"], self._common_of(topic), render)

    def _common_of(self, topic: str) -> Table:
        return self._common.get(topic, self._common["english"])


def _varieties(told: Table) -> list[float]:
    """How often each scene of a topic should play: more often, the more ways it can open."""
    slots: dict[str, list[str]] = told.get("slots", {})
    return [
        sum(
            math.prod(len(slots.get(name, "1")) for name in set(SLOT.findall(line)))
            for line in scene.get("ask") or scene["say"]
        )
        ** 0.4
        for scene in told["scenes"]
    ]
