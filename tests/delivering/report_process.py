"""A report of pack f3 in a process of its own: composed, drawn and sent, by the clock of a
simulator in another.

usage: python report_process.py HOME PERIOD
"""

import json
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from sender_process import RemoteClock

from hubbub.errors import HubbubError
from hubbub.flows.connecting import connect_bot
from hubbub.flows.reporting import Wish
from hubbub.flows.sending_reports import send_report
from hubbub.settings import Settings


def main(home: Path, period: str) -> None:
    """Send each member their chart, and tell how it went as JSON."""
    settings = Settings(home, "grove", privacy={"preset": "open"}, language="en")
    clock = RemoteClock(os.environ["SLACK_API_URL"])
    try:
        outcome = send_report(
            settings,
            "monthly-member-chart",
            Wish(period),
            is_sure=True,
            now=datetime.fromtimestamp(clock.now(), UTC),
            progress=lambda _what, _done, _all: None,
            on_delivery=lambda _: None,
            clock=clock,
            connection=connect_bot(settings),
        )
    except HubbubError as error:
        sys.stderr.write(str(error))
        sys.exit(error.exit)
    done = outcome.delivered
    assert done is not None
    told = {"sent": done.sent, "already": done.already, "seconds": time.process_time()}
    sys.stdout.write(json.dumps(told))
    sys.exit(done.exit)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
