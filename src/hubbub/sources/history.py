"""A workspace's history by the Web API, for as few calls as Slack's interface allows.

Source: slack-platform §2.1, §2.2. Channels are swept from the newest message down, over a window or
over all their history. A sweep shows new and edited messages, deleted ones (they are missing) and,
by the figures on each root, which threads have changed; only those are read. What was asked for is
noted with each page, so that a run can end anywhere and another go on.
"""

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from functools import partial
from typing import Any, cast

import msgspec

from hubbub.core.batch import Envelope
from hubbub.core.progress import (
    BEGINNING,
    Coverage,
    Known,
    Memory,
    Reading,
    instant,
    is_before,
    stamp,
)
from hubbub.slack.api import Answer, Refused, SlackError, Unavailable
from hubbub.slack.directory import kind_of
from hubbub.slack.methods import CAPPED_PAGE, FILE, METHODS
from hubbub.slack.values import Json, count, flag, micros_of_ts, record, records, text
from hubbub.sources.files import KIND, Files
from hubbub.sources.streams import Ask, Stream, Streams

DAY = 86_400.0
_AHEAD = 60.0
"""Seconds that a sweep asks for beyond its begin: what is newer is welcome, and never missed."""
_SETTLED = 2.0
"""Seconds after which a message is seen by every call."""
ROTATION = 13
"""Sweeps over all history in which each thread is read again: a quarter of a year of weeks."""
_RESTARTS = 20
_EMPTY_TRIES = 3
_CHECKS = 4
"""Pages by which a page is checked that seems to lack messages."""
_NOTICES = frozenset({"channel_join", "channel_leave", "group_join", "group_leave"})
_GONE = "gone"
_NO_REPLY = "0000000000.000000"


@dataclass(frozen=True)
class Choice:
    """What is to be collected, and how far back."""

    admits: Callable[[str, str, str], bool]
    """Whether the policy admits a channel, by id, name and kind."""
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    """Patterns of channel names or ids; without `include` all."""
    since: str = BEGINNING
    until: str | None = None
    look_back: float = 30 * DAY
    full_every: float = 7 * DAY
    full_refresh: bool = False
    join: bool = False
    """Whether the bot enters public channels that it is not in."""
    is_bot: bool = True

    def takes(self, channel_id: str, name: str, kind: str) -> bool:
        """Whether a channel is to be collected."""
        if not self.admits(channel_id, name, kind):
            return False
        names = (name, channel_id)
        if any(fnmatch(name, pattern) for name in names for pattern in self.exclude):
            return False
        return not self.include or any(
            fnmatch(name, pattern) for name in names for pattern in self.include
        )


@dataclass(frozen=True)
class Conversation:
    """A conversation as the list shows it."""

    id: str
    name: str
    kind: str
    is_archived: bool
    is_member: bool
    members: int | None
    created: float
    updated: int
    """When it was last changed, in microseconds; 0 if that is not said."""
    listed: Json = field(repr=False)

    @classmethod
    def of(cls, listed: Json) -> "Conversation":
        """A conversation of conversations.list."""
        channel_id = text(listed.get("id")) or ""
        return cls(
            channel_id,
            text(listed.get("name")) or channel_id,
            kind_of(listed, None),
            flag(listed.get("is_archived")),
            flag(listed.get("is_member")) or flag(listed.get("is_im")),
            count(listed.get("num_members")),
            float(count(listed.get("created")) or 0),
            (count(listed.get("updated")) or 0) * 1000,
            listed,
        )


@dataclass(frozen=True)
class Page:
    """What an answer brought, and what is thereby done: kept together or not at all."""

    envelopes: list[Envelope]
    coverage: Coverage | None = None
    readings: list[Reading] = field(default_factory=list[Reading])
    answer: Answer | None = None


@dataclass(frozen=True)
class Sweep:
    """A channel's messages from `oldest` on, as of `until`; `position` is how far down it is."""

    oldest: str
    until: str
    position: str | None
    is_full: bool


def sweep_of(channel: Conversation, known: Coverage, choice: Choice, now: float, series: str) -> (
    Sweep | None
):  # fmt: skip
    """What to sweep of a channel in a run; none if nothing can have changed.

    A sweep that did not end is taken up where it stands. A channel that the run's series has swept
    already is only topped up.
    """
    floor, until = choice.since, choice.until or stamp(now)
    if known.sweep_oldest is not None and known.sweep_until and not choice.full_refresh:
        return Sweep(known.sweep_oldest, known.sweep_until, known.sweep_position,
                     known.sweep_oldest == BEGINNING)  # fmt: skip
    if known.since is None or known.until is None or choice.full_refresh:
        return Sweep(floor, until, None, floor == BEGINNING)
    has_floor = known.hidden_before is not None or not is_before(floor, known.since)
    if known.series == series and has_floor:
        return Sweep(known.until, until, None, is_full=False)
    full_at = (known.full_at or 0) / 1e6
    if not has_floor or now - full_at >= choice.full_every:
        return Sweep(floor, until, None, floor == BEGINNING)
    if channel.is_archived and known.was_archived and channel.updated <= (known.swept_at or 0):
        return None
    windowed = stamp(now - choice.look_back)
    oldest = known.until if is_before(known.until, windowed) else windowed
    return Sweep(floor if is_before(oldest, floor) else oldest, until, None, is_full=False)


class History:
    """Collects a workspace: its streams find out what there is to ask, and ask it.

    `keep` takes each page, durably, before anything that follows from it is asked.
    """

    def __init__(
        self,
        streams: Streams,
        memory: Memory,
        choice: Choice,
        keep: Callable[[Page], None],
        now: Callable[[], float],
        series: str,
        files: Files | None = None,
    ) -> None:
        self._streams, self._memory, self._choice = streams, memory, choice
        self._files = files
        self._keep, self._now, self._series = keep, now, series
        self._coverage = memory.coverage()
        self._pages_of: dict[str, int] = {}
        self._pages_left: dict[str, float] = {}
        self._pages_seen = 0
        self._threads_seen = 0
        self._noted: dict[tuple[str, str, str], Reading] = {}
        """Readings that were kept and that the memory does not know yet."""
        self._wanted: dict[tuple[str, str, str], str] = {}
        """The states of what waits to be read, or is being read."""
        self._begins: dict[tuple[str, str, str], Callable[[], Stream]] = {}
        """How what waits to be read begins."""
        self._members_asked: set[str] = set()
        self._unbegun = 0
        self._begun = now()
        self.conversations: list[Conversation] = []
        """All that the token sees."""
        self.not_joined: list[str] = []
        """Names of channels that the bot would have to be in."""
        self.failures: dict[str, SlackError] = {}
        """What could not be read whole, by channel id; "" is the directory."""

    # The directory

    def list_conversations(self, types: Iterable[str]) -> Stream:
        """Find all conversations of some types."""
        found: dict[str, Conversation] = {}

        def take(answer: Answer) -> None:
            for listed in answer.records("channels"):
                channel = Conversation.of(listed)
                found[channel.id] = channel

        yield from self._listing("conversations.list", {"types": ",".join(types)}, take)
        self.conversations = [*found.values()]

    def list_users(self) -> Stream:
        """Read the directory."""

        def take(answer: Answer) -> None:
            self._keep(Page([_envelope("users", answer)], answer=answer))

        try:
            yield from self._listing("users.list", {}, take)
        except SlackError as error:
            self.failures[""] = error

    def chosen(self) -> list[Conversation]:
        """The conversations to collect."""
        return [
            each for each in self.conversations if self._choice.takes(each.id, each.name, each.kind)
        ]

    def miss(self, known: dict[str, tuple[str, str]]) -> None:
        """Say once which channels were collected and are not listed any more; `known` are their
        names and kinds."""
        listed = {channel.id for channel in self.conversations}
        for channel_id, coverage in [*self._coverage.items()]:
            error = Refused("channel_not_found")
            is_told = channel_id in listed or coverage.error == error.code
            if is_told or channel_id not in known:
                continue
            if self._choice.takes(channel_id, *known[channel_id]):
                self.failures[channel_id] = error
                self._keep(Page([], replace(coverage, error=error.code)))

    def settle(self) -> None:
        """The memory knows all that was kept."""
        self._noted.clear()

    def add_channels(self) -> None:
        """Let the streams of all chosen channels begin, and take up what is pending."""
        chosen = {channel.id: channel for channel in self.chosen()}
        listed = [channel.listed for channel in chosen.values()]
        if listed:
            self._keep(Page([_encoded("channels", "conversations.list", listed, self._now())]))
        for channel in chosen.values():
            begin = partial(self._guarded, channel, self._channel(channel))
            self._streams.add("conversations.history", begin)
            self._unbegun += 1
        for reading in self._memory.pending():
            if channel := chosen.get(reading.channel_id):
                if reading.kind == "thread":
                    self._want_thread(channel, reading, None)
                elif reading.kind.startswith(KIND):
                    self._want_file(channel, reading, None)
                else:
                    self._want_reactions(channel, reading, {})

    def _listing(
        self,
        method: str,
        arguments: dict[str, str],
        take: Callable[[Answer], None],
        channel_id: str = "",
    ) -> Stream:
        """All pages of a list; from its begin again if Slack has forgotten the cursor."""
        cursor, restarts = "", 0
        limit = {"limit": str(METHODS[method].page)}
        while True:
            asked = arguments | limit | ({"cursor": cursor} if cursor else {})
            try:
                answer = yield Ask(method, asked, channel_id)
            except Refused as error:
                if error.code != "invalid_cursor" or not cursor or restarts == _RESTARTS:
                    raise
                cursor, restarts = "", restarts + 1
                continue
            take(answer)
            cursor = answer.cursor
            if not cursor:
                return

    # A channel

    def _guarded(self, channel: Conversation, stream: Stream) -> Stream:
        """A stream whose failure is the channel's, and stops no other."""
        try:
            yield from stream
        except SlackError as error:
            self._pages_left.pop(channel.id, None)
            self.failures.setdefault(channel.id, error)
            self._note(channel, error=error.code)

    def _channel(self, channel: Conversation) -> Stream:
        self._unbegun -= 1
        known = self._known(channel)
        sweep = self._next_sweep(channel, known)
        if sweep is None:
            return
        if self._choice.is_bot and not channel.is_member:
            if not (self._choice.join and channel.kind == "public" and not channel.is_archived):
                self.not_joined.append(channel.name)
                if known.swept_at is not None or known.sweep_position is not None:
                    raise Refused("not_in_channel")  # it was: somebody has removed it
                return
            yield Ask("conversations.join", {"channel": channel.id}, channel.id)
        is_unsure = known.members_read is None or channel.members != known.members_read
        if is_unsure or (sweep.is_full and sweep.position is None):
            self._add_members(channel)
        yield from self._sweep(channel, sweep)
        if sweep.position is None or self._choice.until:
            return
        # What was taken up again ends where it began: now for what has come since.
        is_other = known.series != self._series
        known = replace(self._known(channel), series=None if is_other else self._series)
        if further := self._next_sweep(channel, known):
            yield from self._sweep(channel, further)

    def _next_sweep(self, channel: Conversation, known: Coverage) -> Sweep | None:
        return sweep_of(channel, known, self._choice, self._now(), self._series)

    def _add_members(self, channel: Conversation) -> None:
        if channel.kind != "dm" and channel.id not in self._members_asked:
            self._members_asked.add(channel.id)
            self._streams.add(
                "conversations.members", lambda: self._guarded(channel, self._members(channel))
            )

    def _members(self, channel: Conversation) -> Stream:
        """Who is in a channel."""
        begun, found = self._now(), dict[str, None]()

        def take(answer: Answer) -> None:
            found.update(dict.fromkeys(map(str, answer.body.get("members") or [])))

        yield from self._listing("conversations.members", {"channel": channel.id}, take, channel.id)
        described = [{**channel.listed, "members": [*found]}]
        coverage = replace(self._known(channel), members_read=channel.members or len(found))
        envelope = _encoded("channels", "conversations.members", described, begun)
        self._store(channel, Page([envelope], coverage))

    def _sweep(self, channel: Conversation, sweep: Sweep) -> Stream:
        """Read a channel from the newest message down."""
        latest = sweep.position or stamp(_seconds(sweep.until) + _AHEAD)
        if self._choice.until:
            latest = sweep.position or sweep.until
        top = high = latest
        cursor, moved = "", set[str]()
        asked = {"channel": channel.id, "oldest": sweep.oldest, "limit": _LIMIT}
        read_before = self._known(channel).until
        while True:
            following = {"cursor": cursor} if cursor else {}
            try:
                answer = yield Ask(
                    "conversations.history", asked | {"latest": latest} | following, channel.id
                )
            except Refused as error:
                if error.code != "invalid_cursor" or not cursor:
                    raise
                latest, cursor = high, ""
                continue
            messages, cursor = _messages(answer), answer.cursor
            self._judge_class(messages, cursor)
            low = min((each["ts"] for each in messages), key=instant, default=high)
            is_last = not cursor and not flag(answer.body.get("has_more"))
            if not (is_last or cursor or messages):
                raise Unavailable("page_without_end")
            if not (is_last or cursor):
                latest = low
            is_limited = flag(answer.body.get("is_limited"))
            bottom = low if not is_last or is_limited else sweep.oldest
            known = self._stretch(channel, messages, bottom, high)
            gone = yield from self._missing(channel, answer, messages, known, (bottom, high))
            coverage = replace(
                self._known(channel), sweep_oldest=sweep.oldest, sweep_until=sweep.until,
                sweep_position=low, series=self._series,
            )  # fmt: skip
            if read_before and self._has_moves(channel, messages, read_before):
                coverage = replace(coverage, members_read=None)
                self._add_members(channel)
            if is_last:
                coverage = self._ended(channel, coverage, sweep, low if is_limited else None)
            moved |= self._page(channel, answer, messages, known, gone, coverage)
            self._estimate(channel, sweep, top, low, is_last=is_last)
            high = low
            if is_last:
                break
        if sweep.is_full:
            self._rotate(channel, moved)

    def _has_moves(self, channel: Conversation, messages: list[Json], since: str) -> bool:
        """Whether somebody came or went after the members were read."""
        return channel.id not in self._members_asked and any(
            each.get("subtype") in _NOTICES and is_before(since, each["ts"]) for each in messages
        )

    def _rotate(self, channel: Conversation, moved: set[str]) -> None:
        """Read the threads again that were read longest ago: no root tells of an edited reply."""
        before = _micros(self._now() - self._choice.full_every / 2)
        for reading in self._memory.stalest_threads(channel.id, 1 / ROTATION, before):
            if reading.ts not in moved:
                self._want_thread(channel, replace(reading, position=None), None)

    def _ended(
        self, channel: Conversation, coverage: Coverage, sweep: Sweep, hidden_before: str | None
    ) -> Coverage:
        now = round(self._now() * 1e6)
        is_full, is_top_up = sweep.is_full, sweep.oldest == coverage.until
        return replace(
            coverage.swept(),
            swept_at=now,
            swept_from=sweep.oldest,
            full_at=now if is_full else coverage.full_at,
            hidden_before=hidden_before if is_full else coverage.hidden_before,
            was_archived=channel.is_archived and not is_top_up,
        )

    def _stretch(
        self, channel: Conversation, messages: list[Json], bottom: str, high: str
    ) -> Known:
        """What is known between a page's ends; its own lowest message lies on the border."""
        return self._memory.stretch(channel.id, bottom, high, [each["ts"] for each in messages])

    def _missing(
        self,
        channel: Conversation,
        answer: Answer,
        messages: list[Json],
        known: Known,
        ends: tuple[str, str],
    ) -> Generator[Ask, Answer, list[str]]:
        """What the store has between a page's ends and the page has not: it was deleted. Roots that
        were deleted before are among it if replies of theirs were left.

        The stretch is asked for once more before that is believed: Slack's pages have had holes.
        """
        shown = {each["ts"] for each in messages}
        settled = stamp(answer.observed_at - _SETTLED)
        left = [ts for ts in known.replies or {} if is_before(ends[0], ts)]
        candidates = {*known.top_level, *(ts for ts in left if is_before(ts, ends[1]))} - shown
        gone = sorted((ts for ts in candidates if is_before(ts, settled)), key=instant)
        if not gone:
            return []
        stretch = {"oldest": gone[0], "latest": gone[-1], "inclusive": "1", "limit": _LIMIT}
        asked, cursor, there = {"channel": channel.id} | stretch, "", set[str]()
        for _ in range(_CHECKS):
            following = {"cursor": cursor} if cursor else {}
            try:
                check = yield Ask("conversations.history", asked | following, channel.id)
            except Refused as error:
                if error.code != "invalid_cursor" or not cursor:
                    raise
                break
            there |= {each["ts"] for each in _messages(check)}
            cursor = check.cursor
            if not cursor and not flag(check.body.get("has_more")):
                return [ts for ts in gone if ts not in there]
        if not there:
            return []
        low = min(there, key=instant)
        return [ts for ts in gone if ts not in there and is_before(low, ts)]

    def _page(
        self,
        channel: Conversation,
        answer: Answer,
        messages: list[Json],
        known: Known,
        gone: list[str],
        coverage: Coverage,
    ) -> set[str]:
        """Keep a page of history; want the threads that it shows to have moved, and say which."""
        threads = known.threads or {}
        replies = known.replies or {}
        wanted: list[Reading] = []
        for message in messages:
            ts, state = message["ts"], _thread_state(message)
            if state is None and replies.get(ts):
                state = _EMPTY  # it was a root
            before = self._done((channel.id, ts, "thread"), threads.get(ts))
            got = before.got if before else None
            if state is None or state == got:
                continue
            if state != _EMPTY or replies.get(ts) or got:
                position = before.position if before and before.wanted != before.got else None
                wanted.append(
                    Reading(channel.id, ts, "thread", state, got, position,
                            before.got_at if before else None)
                )  # fmt: skip
        wanted += [
            Reading(channel.id, ts, "thread", _GONE) for ts in gone if replies.get(ts)
        ]  # replies of a root that is gone
        alive = {*known.top_level}
        deleted = [ts for ts in gone if ts in alive]
        self._store_messages(channel, answer, messages, deleted, wanted, coverage)
        for reading in wanted:
            self._want_thread(channel, reading, replies.get(reading.ts, ()))
        self._threads_seen += len(wanted)
        return {reading.ts for reading in wanted}

    def _store_messages(
        self,
        channel: Conversation,
        answer: Answer,
        messages: list[Json],
        gone: list[str],
        readings: list[Reading],
        coverage: Coverage | None = None,
    ) -> None:
        """Keep a page's messages; want the reactions that it cuts short."""
        cut, listed_before = self._cut_reactions(channel, messages)
        envelopes = [_envelope("messages", answer, channel.id)]
        if listed_before:
            envelopes = _parted(answer, messages, listed_before, channel.id)
        if gone:
            envelopes.append(_deletions(channel.id, gone, answer.observed_at))
        files = self._files.wanted(channel.id, messages) if self._files else []
        more = [reading for reading, _ in (*cut, *files)]
        self._store(channel, Page(envelopes, coverage, [*readings, *more], answer))
        for reading, message in cut:
            self._want_reactions(channel, reading, message)
        for reading, file in files:
            self._want_file(channel, reading, file)

    # Threads

    def _want_thread(
        self, channel: Conversation, reading: Reading, replies: tuple[str, ...] | None
    ) -> None:
        """Let a thread be read when its turn comes; `replies` are those that the store has, None if
        that is not known."""
        begin = partial(self._thread, channel, reading, replies)
        self._want("conversations.replies", channel, reading, begin)

    def _want(
        self, method: str, channel: Conversation, reading: Reading, begin: Callable[[], Stream]
    ) -> None:
        """Let something be read once, as it was wanted last."""
        key = reading.key
        if self._wanted.get(key) == reading.wanted:
            return
        self._wanted[key] = reading.wanted
        if key not in self._begins:
            self._streams.add(method, lambda: self._guarded(channel, self._begins.pop(key)()))
        self._begins[key] = begin

    def _done(self, key: tuple[str, str, str], known: Reading | None) -> Reading | None:
        """What was read of something before; a full refresh forgets what earlier runs have read."""
        reading = self._noted.get(key, known)
        if reading is None or not self._choice.full_refresh:
            return reading
        return reading if (reading.got_at or 0) >= _micros(self._begun) else None

    def _thread(
        self, channel: Conversation, reading: Reading, stored: tuple[str, ...] | None
    ) -> Stream:
        """Read a thread, from where it was left."""
        ts, position = reading.ts, reading.position
        begun_at, is_resumed = position, position is not None
        if stored is None:
            known = self._memory.stretch(channel.id, ts, ts, [ts])
            stored = (known.replies or {}).get(ts, ())
        state, seen, cursor, observed_at = reading.wanted, list[str](), "", 0.0
        empty, is_again = 0, False
        while True:
            asked = {"channel": channel.id, "ts": ts, "limit": _LIMIT}
            asked |= {"oldest": begun_at} if begun_at else {}
            asked |= {"cursor": cursor} if cursor else {}
            try:
                answer = yield Ask("conversations.replies", asked, channel.id)
            except Refused as error:
                if error.code == "invalid_cursor" and cursor:
                    begun_at, cursor = position, ""
                    continue
                if error.code != "thread_not_found":
                    raise
                self._vanished(channel, reading, stored)
                return
            messages = _messages(answer)
            if not messages:  # seen of Slack, and gone the next time
                empty += 1
                if empty > _EMPTY_TRIES:
                    raise Unavailable("empty_thread")
                continue
            if not seen:
                root = next((each for each in messages if each["ts"] == ts), messages[0])
                state, observed_at = _thread_state(root) or _EMPTY, answer.observed_at
            fresh = [each["ts"] for each in messages if each["ts"] != ts]
            seen += [each for each in fresh if each not in seen]
            position = max(fresh, key=instant, default=position)
            cursor, gone = answer.cursor, list[str]()
            if cursor or (flag(answer.body.get("has_more")) and fresh):
                begun_at = begun_at if cursor else position
                left = replace(reading, wanted=state, position=position)
                self._store_messages(channel, answer, messages, gone, [left])
                continue
            there = len(seen)
            if is_resumed:
                there += _read_before(reading.position, stored, seen)
            is_short = there < _replies_told(state) and not is_again
            if is_short or (is_resumed and there > _replies_told(state)):
                # a page had a hole, or a reply before the place where it was left is gone
                begun_at, position, seen, is_resumed, is_again = None, None, [], False, True
                continue
            if not is_resumed:
                gone = _gone_replies(state, stored, seen, observed_at)
            done = replace(
                reading, wanted=state, got=state, position=None, got_at=_micros(observed_at)
            )
            self._store_messages(channel, answer, messages, gone, [done])
            return

    def _vanished(self, channel: Conversation, reading: Reading, stored: tuple[str, ...]) -> None:
        """A thread is not there. Its replies are gone if the sweep has seen that its root is;
        else it may only be hidden."""
        now = self._now()
        gone = [*stored] if reading.wanted == _GONE else []
        done = replace(
            reading, wanted=reading.wanted, got=reading.wanted, position=None, got_at=_micros(now)
        )
        envelopes = [_deletions(channel.id, gone, now)] if gone else []
        self._store(channel, Page(envelopes, readings=[done]))

    # Reactions

    def _cut_reactions(
        self, channel: Conversation, messages: list[Json]
    ) -> tuple[list[tuple[Reading, Json]], set[str]]:
        """Messages of which a page names fewer reactors than it counts: those to be asked for, and
        the `ts` of those that were, or are being, asked for in the same state."""
        states = {each["ts"]: state for each in messages if (state := _cut_state(each))}
        if not states:
            return [], set()
        some = next(iter(states))
        known = self._memory.stretch(channel.id, some, some, [*states]).reactions or {}
        before: set[str] = set()
        for ts, state in states.items():
            key = channel.id, ts, "reactions"
            done = self._done(key, known.get(ts))
            if state in {done.got if done else None, self._wanted.get(key)}:
                before.add(ts)
        wanted = [
            (Reading(channel.id, each["ts"], "reactions", states[each["ts"]]), each)
            for each in messages
            if each["ts"] in states.keys() - before
        ]
        return wanted, before

    def _want_reactions(self, channel: Conversation, reading: Reading, message: Json) -> None:
        """Let a message's reactions be read when their turn comes; `message` is as a page has it,
        empty if that page was read by an earlier run."""
        begin = partial(self._reactions, channel, reading, message)
        self._want("reactions.get", channel, reading, begin)

    def _reactions(self, channel: Conversation, reading: Reading, message: Json) -> Stream:
        """Read all reactions to a message."""
        asked = {"channel": channel.id, "timestamp": reading.ts, "full": "1"}
        done = replace(reading, got=reading.wanted, got_at=_micros(self._now()))
        try:
            answer = yield Ask("reactions.get", asked, channel.id)
        except Refused as error:
            if error.code != "message_not_found":
                raise
            self._store(channel, Page([], readings=[done]))
            return
        left_out = {"reactions", "permalink"}
        told = {name: value for name, value in message.items() if name not in left_out}
        told |= record(answer.body.get("message"))
        told.pop("permalink", None)
        envelope = _encoded("messages", "reactions.get", [told], answer.observed_at, channel.id)
        done = replace(done, got=_cut_state(told, whole=True) or reading.wanted)
        self._store(channel, Page([envelope], readings=[done], answer=answer))

    def _want_file(self, channel: Conversation, reading: Reading, file: Json | None) -> None:
        """Let a file's bytes be fetched; `file` is as its message has it."""
        if self._files is not None:
            done = partial(self._store_reading, channel)
            begin = partial(self._files.fetch, reading, file, done)
            self._want("files.info" if file is None else FILE, channel, reading, begin)

    def _store_reading(self, channel: Conversation, reading: Reading) -> None:
        done = replace(reading, got_at=_micros(self._now()))
        self._store(channel, Page([], readings=[done]))

    # What all share

    def _known(self, channel: Conversation) -> Coverage:
        return self._coverage.get(channel.id, Coverage(channel.id))

    def _note(self, channel: Conversation, **changes: Any) -> None:
        self._store(channel, Page([], replace(self._known(channel), **changes)))

    def _store(self, channel: Conversation, page: Page) -> None:
        if page.coverage is not None:
            self._coverage[channel.id] = page.coverage
        for reading in page.readings:
            self._noted[reading.key] = reading
            if reading.got == reading.wanted:
                self._wanted.pop(reading.key, None)
        self._keep(page)

    def _judge_class(self, messages: list[Json], cursor: str) -> None:
        """Slack gives apps of the capped class 15 objects, however many are asked for."""
        if len(messages) == CAPPED_PAGE and cursor:
            self._streams.pace.is_capped = True
        elif len(messages) > CAPPED_PAGE:
            self._streams.pace.is_capped = False

    def _estimate(
        self, channel: Conversation, sweep: Sweep, top: str, low: str, *, is_last: bool
    ) -> None:
        """Guess a channel's remaining pages from how fast its past goes by."""
        self._pages_seen += 1
        self._pages_of[channel.id] = self._pages_of.get(channel.id, 0) + 1
        floor = max(channel.created, _seconds(sweep.oldest))
        read = max(min(_seconds(top), self._begun) - _seconds(low), 1.0)
        left = self._pages_of[channel.id] * max(_seconds(low) - floor, 0.0) / read
        self._pages_left[channel.id] = 0.0 if is_last else left

    def calls_left(self) -> dict[str, int]:
        """About how many calls of each method are still to be made: channels that have not begun
        are taken to be as long as the others."""
        left = dict(self._streams.waiting())
        pages = sum(self._pages_left.values())
        if self._pages_of:
            pages += self._unbegun * (self._pages_seen + pages) / len(self._pages_of)
        else:
            pages += self._unbegun
        left["conversations.history"] = round(pages)
        if self._pages_seen:
            ahead = round(pages * self._threads_seen / self._pages_seen)
            left["conversations.replies"] = left.get("conversations.replies", 0) + ahead
        return left


_LIMIT = str(METHODS["conversations.history"].page)
_EMPTY = f"0 {_NO_REPLY}"
"""State of a thread without replies."""


def _messages(answer: Answer) -> list[Json]:
    """The messages of a page that have a `ts`; others are left to the quarantine."""
    return [each for each in answer.records("messages") if micros_of_ts(each.get("ts")) is not None]


def _thread_state(message: Json) -> str | None:
    """What a root tells of its thread; None if the message is no root."""
    if message.get("thread_ts") != message["ts"] or message.get("subtype") == "thread_broadcast":
        return None
    replies = count(message.get("reply_count")) or 0
    latest = text(message.get("latest_reply")) or _NO_REPLY
    return f"{replies} {latest}" if replies else _EMPTY


def _replies_told(state: str) -> int:
    return int(state.partition(" ")[0])


def _gone_replies(
    state: str, stored: tuple[str, ...], seen: list[str], observed_at: float
) -> list[str]:
    """Stored replies that a whole thread lacks; none if it shows other than as many replies as its
    root counts, for then it may not be whole."""
    if _replies_told(state) != len(seen):
        return []
    settled = stamp(observed_at - _SETTLED)
    there = set(seen)
    return [ts for ts in stored if ts not in there and is_before(ts, settled)]


def _read_before(left_at: str | None, stored: tuple[str, ...], seen: list[str]) -> int:
    """How many replies the store has of a thread from before it was left."""
    return sum(1 for ts in stored if left_at and not is_before(left_at, ts) and ts not in seen)


def _cut_state(message: Json, *, whole: bool = False) -> str | None:
    """Names and counts of a message's reactions, where it names fewer reactors than it counts, or
    in any case if `whole`."""
    found = records(message.get("reactions"))
    told = [(str(each.get("name")), count(each.get("count")) or 0) for each in found]
    named = [len(cast("list[Any]", each.get("users") or [])) for each in found]
    if whole or any(counted > listed for (_, counted), listed in zip(told, named, strict=True)):
        return " ".join(f"{name}={counted}" for name, counted in sorted(told))
    return None


def _envelope(kind: str, answer: Answer, channel_id: str | None = None) -> Envelope:
    """An answer as it came."""
    return Envelope(
        kind, _origin(answer), answer.payload, channel_id, observed_at=_micros(answer.observed_at)
    )


def _encoded(
    kind: str, origin: str, found: list[Json], observed_at: float, channel_id: str | None = None
) -> Envelope:
    """Records that were put together from answers."""
    payload = msgspec.json.encode(found)
    return Envelope(kind, origin, payload, channel_id, observed_at=_micros(observed_at))


def _parted(
    answer: Answer, messages: list[Json], listed_before: set[str], channel_id: str
) -> list[Envelope]:
    """A page whose messages with known reactions say nothing of these, as changes do."""
    others = [each for each in messages if each["ts"] not in listed_before]
    silent: list[Json] = [
        {
            "type": "message",
            "subtype": "message_changed",
            "channel": channel_id,
            "ts": stamp(answer.observed_at),
            "message": {key: value for key, value in each.items() if key != "reactions"},
        }
        for each in messages
        if each["ts"] in listed_before
    ]
    origin, observed_at = _origin(answer), answer.observed_at
    return [
        _encoded("messages", origin, others, observed_at, channel_id),
        _encoded("events", origin, silent, observed_at, channel_id),
    ]


def _deletions(channel_id: str, gone: list[str], noticed_at: float) -> Envelope:
    """What was found to be gone, as Slack tells of deletions."""
    events: list[Json] = [
        {
            "type": "message",
            "subtype": "message_deleted",
            "channel": channel_id,
            "ts": stamp(noticed_at),
            "deleted_ts": ts,
        }
        for ts in gone
    ]
    return _encoded("events", "what was found gone", events, noticed_at, channel_id)


def _origin(answer: Answer) -> str:
    asked = answer.arguments
    return " ".join(
        [answer.method, *(asked[name] for name in ("channel", "ts", "latest") if name in asked)]
    )


def _seconds(ts: str) -> float:
    return float(ts)


def _micros(seconds: float) -> int:
    return round(seconds * 1e6)
