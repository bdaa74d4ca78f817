"""A workspace's history by the Web API, for as few calls as Slack's interface allows.

Source: slack-platform §2.1, §2.2. Channels are swept from the newest message down, over a window or
over all their history. A sweep shows new and edited messages, deleted ones (they are missing) and,
by the figures on each root, which threads have changed; only those are read. What was asked for is
noted with each page, so that a run can end anywhere and another go on.
"""

from collections.abc import Callable, Generator, Iterable
from functools import partial
from typing import Any

from msgspec.structs import replace

from hubbub.core.progress import Coverage, Known, Memory, Reading, instant, is_before, stamp
from hubbub.slack.api import Answer, Refused, SlackError, Unavailable
from hubbub.slack.methods import CAPPED_PAGE, FILE, METHODS
from hubbub.slack.values import Json, flag, record
from hubbub.sources.answers import (
    NO_REPLIES,
    SETTLED,
    Page,
    as_it_came,
    cut_state,
    deletions,
    gone_replies,
    has_more,
    messages_of,
    micros_of,
    parted,
    put_together,
    read_before_break,
    replies_told,
    thread_state,
)
from hubbub.sources.choosing import Choice, Conversation, Sweep, sweep_of
from hubbub.sources.files import KIND, Files
from hubbub.sources.streams import Ask, Stream, Streams, listing

_LIMIT = str(METHODS["conversations.history"].page)
_AHEAD = 60.0
"""Seconds that a sweep asks for beyond its begin: what is newer is welcome, and never missed."""
ROTATION = 13
"""Sweeps over all history in which each thread is read again: a quarter of a year of weeks."""
_EMPTY_TRIES = 3
_CHECKS = 4
"""Pages by which a page is checked that seems to lack messages."""
_NOTICES = frozenset({"channel_join", "channel_leave", "group_join", "group_leave"})
_GONE = "gone"


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
        self.no_user_groups = ""
        """Slack's code, where it does not show the user groups."""

    # The directory

    def list_conversations(self, types: Iterable[str]) -> Stream:
        """Find all conversations of some types; of the first alone if others are not to be seen."""
        found: dict[str, Conversation] = {}

        def take(answer: Answer) -> None:
            for listed in answer.records("channels"):
                channel = Conversation.of(listed)
                found[channel.id] = channel

        asked = [*types]
        try:
            yield from listing("conversations.list", {"types": ",".join(asked)}, take)
        except Refused as error:
            if error.code != "missing_scope" or len(asked) == 1:
                raise
            self.failures[""] = error  # no reason to leave the others
            yield from listing("conversations.list", {"types": asked[0]}, take)
        self.conversations = [*found.values()]

    def list_users(self) -> Stream:
        """Read the directory."""

        def take(answer: Answer) -> None:
            self._keep(Page([as_it_came("users", answer)], answer=answer))

        try:
            yield from listing("users.list", {}, take)
        except SlackError as error:
            self.failures[""] = error

    def list_user_groups(self) -> Stream:
        """Read the user groups. Only paid plans have them, and a token need not see them: all else
        goes on without."""
        try:
            answer = yield Ask("usergroups.list", {"include_users": "1", "include_disabled": "1"})
        except Refused as error:
            self.no_user_groups = error.code
        except SlackError as error:
            self.failures.setdefault("", error)
        else:
            self._keep(Page([as_it_came("user_groups", answer)], answer=answer))

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
            self._keep(Page([put_together("channels", "conversations.list", listed, self._now())]))
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

        yield from listing("conversations.members", {"channel": channel.id}, take, channel.id)
        described = [{**channel.listed, "members": [*found]}]
        coverage = replace(self._known(channel), members_read=channel.members or len(found))
        envelope = put_together("channels", "conversations.members", described, begun)
        self._store(channel, Page([envelope], coverage))

    def _sweep(self, channel: Conversation, sweep: Sweep) -> Stream:
        """Read a channel from the newest message down."""
        latest = sweep.position or stamp(float(sweep.until) + _AHEAD)
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
            messages, cursor = messages_of(answer), answer.cursor
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
        before = micros_of(self._now() - self._choice.full_every / 2)
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
        settled = stamp(answer.observed_at - SETTLED)
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
            there |= {each["ts"] for each in messages_of(check)}
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
            ts, state = message["ts"], thread_state(message)
            if state is None and replies.get(ts):
                state = NO_REPLIES  # it was a root
            before = self._done((channel.id, ts, "thread"), threads.get(ts))
            got = before.got if before else None
            if state is None or (state == got and not has_more(state, replies.get(ts, ()))):
                continue
            got = got if state != got else None  # so that the reading waits until it is done
            if state != NO_REPLIES or replies.get(ts) or got:
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
        envelopes = [as_it_came("messages", answer, channel.id)]
        if listed_before:
            envelopes = parted(answer, messages, listed_before, channel.id)
        if gone:
            envelopes.append(deletions(channel.id, gone, answer.observed_at))
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
        return reading if (reading.got_at or 0) >= micros_of(self._begun) else None

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
            messages = messages_of(answer)
            if not messages:  # seen of Slack, and gone the next time
                empty += 1
                if empty > _EMPTY_TRIES:
                    raise Unavailable("empty_thread")
                continue
            if not seen:
                root = next((each for each in messages if each["ts"] == ts), messages[0])
                state, observed_at = thread_state(root) or NO_REPLIES, answer.observed_at
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
                there += read_before_break(reading.position, stored, seen)
            is_short = there < replies_told(state) and not is_again
            if is_short or (is_resumed and there > replies_told(state)):
                # a page had a hole, or a reply before the place where it was left is gone
                begun_at, position, seen, is_resumed, is_again = None, None, [], False, True
                continue
            if not is_resumed:
                gone = gone_replies(state, stored, seen, observed_at)
            done = replace(
                reading, wanted=state, got=state, position=None, got_at=micros_of(observed_at)
            )
            self._store_messages(channel, answer, messages, gone, [done])
            return

    def _vanished(self, channel: Conversation, reading: Reading, stored: tuple[str, ...]) -> None:
        """A thread is not there. Its replies are gone if the sweep has seen that its root is;
        else it may only be hidden."""
        now = self._now()
        gone = [*stored] if reading.wanted == _GONE else []
        done = replace(
            reading, wanted=reading.wanted, got=reading.wanted, position=None, got_at=micros_of(now)
        )
        envelopes = [deletions(channel.id, gone, now)] if gone else []
        self._store(channel, Page(envelopes, readings=[done]))

    # Reactions

    def _cut_reactions(
        self, channel: Conversation, messages: list[Json]
    ) -> tuple[list[tuple[Reading, Json]], set[str]]:
        """Messages of which a page names fewer reactors than it counts: those to be asked for, and
        the `ts` of those that were, or are being, asked for in the same state."""
        states = {each["ts"]: state for each in messages if (state := cut_state(each))}
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
        done = replace(reading, got=reading.wanted, got_at=micros_of(self._now()))
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
        envelope = put_together("messages", "reactions.get", [told], answer.observed_at, channel.id)
        done = replace(done, got=cut_state(told, whole=True) or reading.wanted)
        self._store(channel, Page([envelope], readings=[done], answer=answer))

    def _want_file(self, channel: Conversation, reading: Reading, file: Json | None) -> None:
        """Let a file's bytes be fetched; `file` is as its message has it."""
        if self._files is not None:
            done = partial(self._store_reading, channel)
            begin = partial(self._files.fetch, reading, file, done)
            self._want("files.info" if file is None else FILE, channel, reading, begin)

    def _store_reading(self, channel: Conversation, reading: Reading) -> None:
        done = replace(reading, got_at=micros_of(self._now()))
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
        floor = max(channel.created, float(sweep.oldest))
        read = max(min(float(top), self._begun) - float(low), 1.0)
        left = self._pages_of[channel.id] * max(float(low) - floor, 0.0) / read
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
