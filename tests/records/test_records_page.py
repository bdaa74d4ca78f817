"""The example of docs/records.md: its template reads its post, and fills its tables."""

import json
import re
from pathlib import Path

from hubbub.flows.asking import ask
from hubbub.flows.checking_records import check_lines
from hubbub.flows.importing import import_archive
from hubbub.records.doubts import DOUBTS
from tests.invented import message, write_export
from tests.privacy.home import settings_of

PAGE = Path(__file__).parents[2] / "docs" / "records.md"
RECORDS = Path(__file__).parents[2] / "src" / "hubbub" / "records"


def _example(kind: str) -> str:
    found = re.search(rf"```{kind}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


def test_the_example_reads_its_post_into_its_tables(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    (settings.pack / "records").mkdir(parents=True)
    (settings.pack / "records" / "ride.toml").write_text(_example("toml"), encoding="utf-8")
    file = tmp_path / "posts.jsonl"
    post = json.loads(_example("json").replace(" …", ""))
    file.write_text(json.dumps(post | {"text": _example("text")}), encoding="utf-8")
    (got,) = check_lines(settings, "ride", file)
    assert got["doubts"] == {}
    assert {key: got[key] for key in ("route", "day", "leader", "count", "kilometres", "bike")} == {
        "route": "Around the lake", "day": "2026-11-21", "leader": ["U01AAAA"], "count": 3,
        "kilometres": 42, "bike": "gravel",
    }  # fmt: skip
    assert (got["riders"], got["riders_unregistered"]) == (["U01AAAA", "U01BBBB"], ["Otter"])

    # 1795262400 is 2026-11-21 12:00 UTC
    said = message("1795262400.000100", "U1", _example("text"))
    import_archive(
        settings, write_export(tmp_path / "export", days={"general/2026-11-21.json": [said]})
    )
    (ride,) = ask(settings, "SELECT * FROM rides").to_pylist()
    assert (ride["author_id"], ride["status"], ride["bike"]) == ("U1", "good", "gravel")
    riders = ask(settings, "SELECT user_id, name FROM rides_riders ORDER BY position").to_pylist()
    assert [each["user_id"] or each["name"] for each in riders] == ["U01AAAA", "U01BBBB", "Otter"]


def test_each_doubt_of_the_list_is_given_somewhere() -> None:
    code = "".join(path.read_text() for path in RECORDS.glob("*.py") if path.stem != "doubts")
    assert [doubt for doubt in DOUBTS if f'"{doubt}"' not in code] == []
