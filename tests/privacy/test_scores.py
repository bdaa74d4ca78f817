"""The scrubber on labelled texts, by the scorer that came with them, in both of its ways."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from hubbub.privacy.scrub import Scrubber
from hubbub.privacy.scrub.directory import read_people
from tests.parts import shared

LEFT_OUT = {"OBFUSCATED", "EXT_NAME_EN", "EXT_NAME_KO"}
"""Numbers in disguise, and people who are in no directory: not promised."""
PERFECT = {
    *("EMAIL", "PHONE", "CREDIT_CARD", "IBAN", "KR_RRN", "SLACK_TOKEN", "GITHUB_TOKEN", "API_KEY"),
    *("AWS_KEY_ID", "AWS_SECRET", "JWT", "PRIVATE_KEY"),
}


def scored(way: str) -> dict[str, Any]:
    folder = shared("data/pii")
    spec = importlib.util.spec_from_file_location("score", folder / "score.py")
    assert spec is not None
    assert spec.loader is not None
    scorer: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(scorer)
    lines = (folder / "messages.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    scrubber = Scrubber(people=read_people(folder / "members.json"), member_ids=True)
    predicted: dict[str, Any] = {}
    for row in rows:
        scrubbed = scrubber.scrub(row["text"])
        spans = [
            {"start": each.start, "end": each.end, "type": each.kind} for each in scrubbed.spans
        ]
        predicted[row["id"]] = {"text": scrubbed.text} if way == "text" else {"spans": spans}
    return scorer.score(rows, predicted)


@pytest.mark.parametrize("way", ["spans", "text"])
def test_the_bounds_hold_on_the_labelled_messages(way: str) -> None:
    result = scored(way)
    kinds = {kind: each for kind, each in result["per"].items() if kind not in LEFT_OUT}
    found = sum(each["full"] * each["n"] for each in kinds.values())
    assert found / sum(each["n"] for each in kinds.values()) >= 0.99
    assert {kind: kinds[kind]["full"] for kind in PERFECT} == dict.fromkeys(PERFECT, 1.0)
    assert result["keep_damage_rate"] <= 0.03
    if way == "spans":
        assert result["precision"] >= 0.985


def test_telephone_numbers_of_all_the_world_are_found() -> None:
    path: Path = shared("data/pii-presidio") / "data" / "synth_dataset_v2.json"
    scrubber = Scrubber()
    found: list[bool] = []
    for entry in json.loads(path.read_text(encoding="utf-8")):
        spans = scrubber.scrub(entry["full_text"]).spans
        found += [
            any(s.start <= each["start_position"] and each["end_position"] <= s.end for s in spans)
            for each in entry["spans"]
            if each["entity_type"] == "PHONE_NUMBER"
        ]
    assert sum(found) / len(found) >= 0.90
