"""The example of docs/reports.md is a report that works."""

import re
from pathlib import Path

from tests.reports.garden import MEAN, NOW, planted

from hubbub.flows.reporting import Wish, compose

PAGE = Path(__file__).parents[2] / "docs" / "reports.md"


def test_the_example_runs(tmp_path: Path) -> None:
    text = PAGE.read_text(encoding="utf-8")
    found = re.findall(r"`pack/(\S+)`:\n\n```\w+\n(.*?)```", text, re.DOTALL)
    assert [name for name, _ in found] == ["reports/thanks.toml", "messages/thanks.en.j2"]
    garden = planted(tmp_path)
    for name, content in found:
        garden.write(name, content)
    composed = compose(
        garden.settings, "thanks", Wish("2026-10"), people=None, now=NOW, is_rehearsal=True
    )
    texts = {letter.to.name: letter.text for letter in composed.letters}
    assert texts["Olive"] == (
        "*Thank you, Olive!*\n\n"
        "In October 2026 you wrote *3 messages*, more than anybody else.\n"
        "Together with you, 3 members took part."
    )
    assert set(texts) == {"Olive", "브람", MEAN}
    (picture,) = composed.letters[0].pictures
    assert picture.title == "garden in 2026" or picture.title == "default in 2026"
    assert picture.draw()[:4] == b"\x89PNG"
