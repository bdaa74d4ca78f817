"""The writers of an invented town, of which a few lines of Python say the same as the metrics."""

import json
import re
import zipfile
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hubbub.flows.importing import import_archive
from hubbub.flows.measuring import measure
from hubbub.settings import Settings
from hubbub.simulator.community import invent
from hubbub.simulator.export import write_export

ZONE = ZoneInfo("America/Chicago")
_SUBMISSION = re.compile(r"\*(Submission|제출)\* ")
_PASS = re.compile(r"(Pass this round|I pass this|Pass: )")


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, list[dict[str, Any]]]:
    """The town's workspace, and all that the people in it wrote."""
    folder = tmp_path_factory.mktemp("town")
    write_export(invent(seed=4, members=80, days=120), folder / "town.zip")
    settings = Settings(folder / "home", "town", timezone=ZONE.key, privacy={"preset": "open"})
    import_archive(settings, folder / "town.zip")
    messages: list[dict[str, Any]] = []
    with zipfile.ZipFile(folder / "town.zip") as archive:
        for name in archive.namelist():
            if re.search(r"/\d{4}-\d\d-\d\d\.json$", name):
                messages += json.loads(archive.read(name))
    return settings, messages


def test_who_handed_in_and_passed_in_which_round(
    town: tuple[Settings, list[dict[str, Any]]],
) -> None:
    settings, messages = town

    def day(message: dict[str, Any]) -> date:
        return datetime.fromtimestamp(float(message["ts"]), UTC).astimezone(ZONE).date()

    handed = [(m["user"], day(m)) for m in messages if _SUBMISSION.match(m.get("text", ""))]
    passed = [(m["user"], day(m)) for m in messages if _PASS.match(m.get("text", ""))]
    assert len(handed) > 20
    assert len(passed) > 2
    first = min(each for _, each in handed)
    monday = first - timedelta(days=first.weekday())
    writers = {user for user, _ in handed}

    def rounds(told: list[tuple[str, date]]) -> Counter[tuple[int, str]]:
        return Counter(((when - monday).days // 14 + 1, user) for user, when in told)

    expected = dict.fromkeys(rounds(handed), "submitted")
    for key in rounds([each for each in passed if each[0] in writers]):
        expected.setdefault(key, "passed")
    rows = measure(settings, "round_status", {"as_of": "latest"}).rows.to_pylist()
    told = {(row["round"], row["user_id"]): row["status"] for row in rows}
    assert len(told) == len(rows), "each member once a round"
    assert {key: status for key, status in told.items() if status in {"submitted", "passed"}} == {
        key: status for key, status in expected.items() if key[0] > 0
    }
    sums = measure(settings, "submissions_by_round", {"as_of": "latest"}).rows.to_pylist()
    by_round = Counter(number for number, _ in rounds(handed).elements())
    assert {row["round"]: row["submissions"] for row in sums if row["submissions"]} == by_round
