"""The dashboard's panels, computed as often as it is worth it and kept for all who look.

A panel of a view is computed in a short session on the store, together with others that are due. It
is due when the store has changed or a minute has gone by, and five times as long as it took the
last time: so what is expensive is computed less often, and nothing takes more than its share.

Who asks for a panel that takes long is not kept waiting: what was computed within the last minute
is the answer, and is computed anew after it.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Collection, Generator
from contextlib import contextmanager
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from hubbub.errors import TryAgain, UsageError
from hubbub.flows.auditing import audited
from hubbub.flows.drawing import Drawing
from hubbub.flows.names import Names, read_names
from hubbub.flows.showing import (
    PERIODS,
    Content,
    Reading,
    Shown,
    View,
    blank,
    drawn,
    read_panel,
    shown_panels,
)
from hubbub.flows.workspace import policy_of_workspace, smallest_group
from hubbub.metrics.catalog import Catalog
from hubbub.metrics.run import Runner
from hubbub.metrics.small_groups import TooFewMembers
from hubbub.privacy.policy import Policy
from hubbub.settings import Settings
from hubbub.stores import duckdb as store

_REST = 5.0
"""A panel rests so many times as long as it took."""
_STALE_SECONDS = 60.0
"""What is said of the last 30 days changes without a message, too."""
_SESSION_SECONDS = 0.25
"""A session begins no further panel after this, so that others get at the store."""
_LONG_SECONDS = 0.1
"""A panel that took longer than this is not waited for, as long as what is known of it is good."""
_NAMES_SECONDS = 10.0
_MOST_VIEWS = 64
"""Views that are remembered; those that were not asked for the longest are forgotten first."""

Mark = tuple[int, int, int]
"""What tells a state of the store from the next: any process may write to it."""


class NoPanel(UsageError):
    """There is no panel of that name."""


class PanelData(Struct, frozen=True):
    """What a panel shows, as the API answers it."""

    name: str
    version: int
    """Greater each time that something else is to be shown, also after a restart."""
    encoded: bytes
    """The answer, JSON."""


class _Kept(Struct):
    """A panel's data of a view, and what is known of its computing."""

    data: PanelData
    content: Content
    mark: Mark | None
    computed_at: float
    seconds: float


class Panels:
    """The panels of a workspace's dashboard. Any thread may ask; one computes at a time."""

    def __init__(self, settings: Settings, *, wait: float = 5.0) -> None:
        """`wait` is how many seconds a session may wait for the store. Raises `BadContent` if a
        panel cannot be shown."""
        self.settings = settings
        self.policy: Policy = policy_of_workspace(settings)
        self.smallest_group = smallest_group(settings)
        self.title, self.shown = shown_panels(settings, self.smallest_group)
        self.catalog = Catalog(settings.pack)
        self.wait = wait
        self.names = Names()
        self._names_mark: Mark | None = None
        self._names_read_at = 0.0
        self._names_seconds = 0.0
        self._kept: OrderedDict[View, dict[str, _Kept]] = OrderedDict()
        self._asked: set[tuple[View, str]] = set()
        """What was answered by what was known, and is to be computed."""
        self._asking = threading.Lock()
        self._version = time.time_ns() // 1_000_000
        self._turn = threading.Lock()
        self._noting = threading.Lock()
        self._noted: dict[tuple[str, View], float] = {}

    # what can be looked at

    def view(self, period: str = "", channel: str = "") -> View:
        """A view by a period and a channel's id or name. Raises `UsageError` for what is not
        offered, `TooFewMembers` where filters would tell of few."""
        if not period and not channel:
            return View()
        if self.smallest_group > 1:
            raise TooFewMembers(
                f"The dashboard takes no filter: with and without it would tell of fewer than "
                f"{self.smallest_group} members.",
                "Leave it out.",
            )
        if period and period not in PERIODS:
            raise UsageError(
                f"There is no period {period!r}.", f"Take one of: {', '.join(PERIODS)}."
            )
        if channel:
            self._learn_names()
        names = self.names.channels
        if channel and channel not in names:
            wanted = channel.removeprefix("#")
            found = [channel_id for channel_id, name in names.items() if name == wanted]
            if len(found) != 1:
                raise UsageError(f"There is no channel {channel!r}.", "Give its id.")
            return View(period, found[0])
        return View(period, channel)

    def dashboard(self) -> dict[str, Any]:
        """What there is to look at: the panels with what they mean, and the filters."""
        self._learn_names()
        filtered = self.smallest_group == 1
        return {
            "title": self.title,
            "workspace": self.settings.workspace,
            "community": self.names.community or self.settings.workspace,
            "timezone": self.settings.timezone,
            "policy": self.policy.name,
            "smallest_group": self.smallest_group,
            "shows_names": self.policy.names,
            "shows_text": self.policy.text != "dropped" and filtered,
            "channels": [
                {"id": channel_id, "name": name} for channel_id, name in self.names.channels.items()
            ],
            "periods": [
                {"value": value, "title": title} for value, title in PERIODS.items() if filtered
            ],
            "panels": [_described(shown) for shown in self.shown.values()],
        }

    def named(self, name: str) -> Shown:
        """A panel that has data. Raises `NoPanel`."""
        if name not in self.shown or self.shown[name].metric is None:
            raise NoPanel(f"There is no panel {name!r} with data.", "See: hubbub list panels")
        return self.shown[name]

    # what they show

    def known(self, view: View) -> dict[str, PanelData]:
        """What is known of a view's panels already, without computing anything.

        What is older than a minute is not, if the store has changed: somebody may have been erased
        since then, or a channel have become private. Nor is what a store showed that was rewritten,
        as it is when somebody is erased.
        """
        mark, now = self.mark(), time.monotonic()
        kept = self._kept.get(view, {})
        return {
            name: kept[name].data
            for name in self.shown
            if name in kept and _is_good(kept[name], mark, now)
        }

    def panel(self, name: str, view: View) -> PanelData:
        """A panel's data, computed if they are due; if that takes long, those of the last minute,
        and `refresh` computes them. Raises `NoPanel`, `TryAgain`."""
        self.named(name)
        if (known := self._quick_answer(name, view)) is not None:
            return known
        with self.turn():
            mark = self.mark()
            if self._is_due(view, name, mark, time.monotonic()):
                self._compute([(view, name)], mark, budget=None)
            return self._kept[view][name].data

    def _quick_answer(self, name: str, view: View) -> PanelData | None:
        """What can be answered without waiting for a turn; None if it has to be computed."""
        kept = self._kept.get(view, {}).get(name)
        mark, now = self.mark(), time.monotonic()
        if kept is None or not _is_good(kept, mark, now):
            return None
        if self._is_due(view, name, mark, now):
            is_long = kept.seconds > _LONG_SECONDS or self._turn.locked()
            if not is_long or now - kept.computed_at >= _STALE_SECONDS:
                return None
            with self._asking:
                self._asked.add((view, name))
        return kept.data

    def refresh(self, views: Collection[View]) -> bool:
        """Compute what is due of some views, cards first, as far as one session goes. What has
        something else to show than before gets a newer version.

        Returns whether others are still due. Raises `TryAgain` if the store is not to be had.
        """
        with self.turn():
            mark, now = self.mark(), time.monotonic()
            with self._asking:
                asked, self._asked = self._asked, set()
            wanted = [
                (view, name)
                for view in views
                for name, shown in self.shown.items()
                if shown.metric is not None
            ]
            due = [
                (view, name)
                for view, name in dict.fromkeys([*wanted, *asked])
                if self._is_due(view, name, mark, now)
            ]
            if not due:
                return False
            due.sort(key=self._urgency)
            more = self._compute(due, mark, budget=_SESSION_SECONDS)
            now = time.monotonic()
            with self._asking:
                self._asked |= {each for each in asked if self._is_due(*each, mark, now)}
            return more

    @property
    def is_asked(self) -> bool:
        """Whether something was asked for that `refresh` is to compute."""
        return bool(self._asked)

    def drawing(self, name: str, view: View) -> Drawing:
        """A chart panel's drawing, read from the store now. Raises `NoPanel`."""
        shown = self.named(name)
        if shown.chart is None:
            raise NoPanel(f"The panel {name} is no chart, so it has no picture.", "Take its CSV.")
        with self.turn(), self.reading() as reading:
            audited(self.settings, "draw", name, form="png", **_details(view))
            return drawn(shown, view, reading)

    @contextmanager
    def turn(self) -> Generator[None]:
        """Read alone in this process: many readers whose sessions overlap would leave no moment to
        whoever wants to write. Raises `TryAgain`."""
        if not self._turn.acquire(timeout=self.wait):
            raise TryAgain("Too many figures are asked for.", "Ask again in a moment.")
        try:
            yield
        finally:
            self._turn.release()

    def note(self, what: str, view: View, seconds: float) -> None:
        """Note in the audit log that something is looked at, once in so many seconds a view: the
        log knows the server, not the viewer, so that more entries would say nothing more."""
        key, now = (what, view), time.monotonic()
        with self._noting:
            if now - self._noted.get(key, -seconds) < seconds:
                return
            audited(self.settings, "read", what, **_details(view))
            self._noted = {
                each: at for each, at in self._noted.items() if now - at < _LONGEST_NOTED
            }
            self._noted[key] = now

    def mark(self) -> Mark | None:
        """The state of the store; None where there is none."""
        try:
            told = self.settings.store.stat()
        except FileNotFoundError:
            return None
        return (told.st_ino, told.st_mtime_ns, told.st_size) if told.st_size else None

    def _is_due(self, view: View, name: str, mark: Mark | None, now: float) -> bool:
        kept = self._kept.get(view, {}).get(name)
        if kept is None:
            return True
        age = now - kept.computed_at
        return age >= _REST * kept.seconds and (kept.mark != mark or age >= _STALE_SECONDS)

    def _urgency(self, place: tuple[View, str]) -> tuple[bool, float]:
        """Cards first, then what has waited the longest."""
        view, name = place
        kept = self._kept.get(view, {}).get(name)
        is_card = self.shown[name].panel.kind == "card"
        return not is_card, kept.computed_at if kept else 0.0

    def _compute(
        self, due: list[tuple[View, str]], mark: Mark | None, budget: float | None
    ) -> bool:
        if mark is None:
            for view, name in due:
                nothing = blank(self.shown[name], "There are no messages yet.")
                self._keep(view, name, mark, nothing, 0.0)
            return False
        begun = time.monotonic()
        with self.reading() as reading:
            told = replace(reading, names=self._read_names(reading, mark))
            for place, (view, name) in enumerate(due):
                before = time.monotonic()
                content = read_panel(self.shown[name], view, told)
                after = time.monotonic()
                self._keep(view, name, mark, content, after - before)
                if budget is not None and after - begun > budget:
                    return place + 1 < len(due)
        return False

    def _keep(
        self,
        view: View,
        name: str,
        mark: Mark | None,
        content: Content,
        seconds: float,
    ) -> None:
        panels = self._kept.setdefault(view, {})
        self._kept.move_to_end(view)
        while len(self._kept) > _MOST_VIEWS:
            self._kept.popitem(last=False)
        before = panels.get(name)
        if before is not None and before.content.steady == content.steady:
            data = before.data
        else:
            self._version += 1
            said = {"name": name, "version": self._version, **content.changing}
            head = msgspec.json.encode(said)[:-1]
            data = PanelData(name, self._version, head + b"," + content.steady)
        panels[name] = _Kept(data, content, mark, time.monotonic(), seconds)

    @contextmanager
    def reading(self) -> Generator[Reading]:
        """A session in which panels are read. Raises `TryAgain`."""
        with store.reading(self.settings.store, wait=self.wait) as connection:
            # short questions gain nothing from a second core, which others need
            connection.execute("SET threads = 1")
            runner = Runner(
                connection,
                self.catalog,
                self.settings.timezone,
                smallest_group=self.smallest_group,
            )
            zone, k = self.settings.timezone, self.smallest_group
            yield Reading(connection, runner, zone, k, self.names)

    def _learn_names(self) -> None:
        mark = self.mark()
        if mark is None or not self._lacks_names(mark):
            return
        if self._names_mark is not None and self._names_mark[0] == mark[0] and self._turn.locked():
            return  # whoever computes now learns them; those of a moment ago will do
        with self.turn(), self.reading() as reading:
            self._read_names(reading, mark)

    def _lacks_names(self, mark: Mark) -> bool:
        rest = max(_NAMES_SECONDS, 50 * self._names_seconds)
        is_old = time.monotonic() - self._names_read_at >= rest
        if self._names_mark is None or self._names_mark[0] != mark[0]:
            return True  # rewritten: somebody was erased
        return self._names_mark != mark and is_old

    def _read_names(self, reading: Reading, mark: Mark) -> Names:
        if not self._lacks_names(mark):
            return self.names
        begun = time.monotonic()
        self.names = read_names(
            reading.connection, reading.runner, of_people=self.smallest_group == 1
        )
        self._names_read_at = time.monotonic()
        self._names_mark, self._names_seconds = mark, self._names_read_at - begun
        return self.names


_LONGEST_NOTED = 86_400.0


def _is_good(kept: _Kept, mark: Mark | None, now: float) -> bool:
    """Whether what is kept may be shown before it is computed anew."""
    if kept.mark == mark:
        return True
    is_of_this_store = kept.mark is not None and mark is not None and kept.mark[0] == mark[0]
    return is_of_this_store and now - kept.computed_at < _STALE_SECONDS


def _details(view: View) -> dict[str, str]:
    """A view as details of the audit log."""
    details = {"since": view.period, "channel": view.channel}
    return {name: value for name, value in details.items() if value}


def _described(shown: Shown) -> dict[str, Any]:
    """A panel as the dashboard describes it."""
    panel, metric = shown.panel, shown.metric
    colours = panel.colours
    return {
        "name": panel.name,
        "title": shown.title,
        "kind": panel.kind,
        "width": panel.width,
        "height": panel.height,
        "metric": metric.name if metric else None,
        "chart": panel.chart,
        "value": panel.value,
        "parts": list(panel.parts),
        "labels": panel.labels or {},
        "colours": {"column": colours.column, "red": colours.red, "yellow": colours.yellow}
        if colours
        else None,
        "columns": list(panel.columns),
        "limit": panel.limit,
        "filters": shown.filters,
        "explain": {
            "question": metric.question if metric else "",
            "note": metric.note if metric else "",
            "columns": [
                {"name": each.name, "type": each.type, "doc": each.doc, "unit": each.unit}
                for each in metric.columns.values()
            ]
            if metric
            else [],
        },
    }
