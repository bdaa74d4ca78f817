"""When something is due: a cron expression, read in a workspace's time zone."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from hubbub.errors import UsageError

MOST = 1_000
"""Times that are counted at most."""
_FIELDS = 5
_FIX = (
    "Write minute, hour, day of the month, month and day of the week: `0 9 1 * *` is 9:00 on the "
    "first of each month, `30 6 * * MON-FRI` is 6:30 from Monday to Friday."
)


class Due(NamedTuple):
    """The times that have come."""

    times: int
    """How many, at most `MOST`."""
    first: datetime
    """The oldest of them, in UTC."""


class Cron:
    """A cron expression. A time that a change of the clocks leaves out comes right after it; one
    that it brings twice comes the first time. Expressions whose minutes or hours begin with `*` go
    by the hours that really pass, as cron's do."""

    def __init__(self, expression: str, timezone: str) -> None:
        """Raises `UsageError` for what is no expression, or one whose time never comes."""
        self.expression = expression
        self._zone = ZoneInfo(timezone)
        if len(expression.split()) != _FIELDS:
            raise UsageError(f"{expression!r} has not five fields.", _FIX)
        try:
            self.after(datetime.now(UTC))
        except CronSimError as error:
            reason = f"{error}".removeprefix("Bad ").replace("-", " ")
            raise UsageError(f"{expression!r} is no cron expression: {reason}.", _FIX) from error
        except StopIteration as error:
            raise UsageError(f"The time of {expression!r} never comes.", _FIX) from error

    @property
    def words(self) -> str:
        """The same for people, in English: `At 09:00 on Monday`."""
        return CronSim(self.expression, datetime.now(self._zone)).explain()

    def after(self, moment: datetime) -> datetime:
        """The first time after a moment, in UTC."""
        return next(self._times(moment))

    def due(self, since: datetime, upto: datetime) -> Due | None:
        """The times after `since` that have come by `upto`; None if there is none."""
        count, first = 0, None
        for moment in self._times(since):
            if moment > upto or count == MOST:
                break
            count, first = count + 1, first or moment
        return Due(count, first) if first else None

    def _times(self, after: datetime) -> Iterator[datetime]:
        # CronSim begins anew with the hour that comes twice, and names a time twice where two of
        # them are left out: what is not later than the one before was there already.
        last = after.astimezone(UTC)
        for each in CronSim(self.expression, after.astimezone(self._zone)):
            moment = each.astimezone(UTC)
            if moment > last:
                yield moment
                last = moment
