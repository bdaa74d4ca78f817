"""Templates that are wrong are refused with file, line and fix; each that comes along is right."""

from pathlib import Path
from typing import Any

import pytest

from hubbub.errors import BadContent
from hubbub.records.templates import Templates
from tests.records.reading import post, templates

GOOD = """\
title = "Standup"
doc = "What somebody does today."
openings = ["Standup"]
needs = 1

[fields.today]
type = "text"
labels = ["Today", "Heute"]
required = true

[fields.blocked]
type = "choice"
labels = ["Blocked"]
choices = { yes = ["ja", "si"], no = ["nein"] }

[fields.with]
type = "members"
labels = ["With"]

[author]
imported = "Thanks"
"""


def _pack(folder: Path, text: str) -> Path:
    (folder / "records").mkdir(parents=True, exist_ok=True)
    (folder / "records" / "standup.toml").write_text(text, encoding="utf-8")
    return folder


def test_a_template_of_ones_own_is_read_and_reads(tmp_path: Path) -> None:
    own = Templates(_pack(tmp_path, GOOD))
    assert {"standup", "backblast"} <= {*own.templates}
    (record,) = own.read(post("Standup\nToday: tests\nBlocked: ja\nWith: <@U1> and Otter"))
    told = {each.field: each.values for each in record.readings}
    assert [each.text for each in told["today"]] == ["tests"]
    assert [each.text for each in told["blocked"]] == ["yes"]
    assert [each.member_id or each.name for each in told["with"]] == ["U1", "Otter"]
    assert record.status == "good"


@pytest.mark.parametrize(
    ("old", "new", "line", "reason", "fix"),
    [
        (
            'labels = ["With"]',
            'label = ["With"]',
            18,
            "unknown key 'label'",
            "Did you mean labels?",
        ),
        ('type = "text"', 'type = "txt"', 7, "unknown type 'txt'", "Did you mean text?"),
        ('type = "text"', "type = 3", 7, "type is no text", 'Write type = "…".'),
        (
            '["With"]',
            '["with", "TODAY"]',
            18,
            "label 'TODAY' is a label of today too",
            "Remove it from",
        ),
        ('["With"]', '"With"', 18, "labels is no list of texts", 'Write labels = ["…"].'),
        ('labels = ["With"]', "", 16, "no labels", 'Write labels = ["…"].'),
        ("required = true", 'required = "yes"', 9, "required is 'yes'", "Write required = true"),
        ("required = true", "remarks = true", 9, "a text has no remarks", "Remove remarks."),
        (
            "required = true",
            'from = "anywhere"',
            9,
            "a text cannot be taken from anywhere",
            "opening",
        ),
        (
            'choices = { yes = ["ja", "si"], no = ["nein"] }',
            "",
            12,
            "a choice without choices",
            "Write",
        ),
        ("needs = 1", "needs = -1", 4, "needs is -1", "Write a number from 0 to 20."),
        ("needs = 1", 'any_of = ["todya"]', 4, "any_of names 'todya'", "Did you mean today?"),
        ("needs = 1", 'day_order = "dmy"', 4, "unknown day_order 'dmy'", "month first, day first"),
        ("needs = 1", 'authors = ["somebody"]', 4, "'somebody' is nobody", "people, apps"),
        ("needs = 1", "opening = 1", 4, "unknown key 'opening'", "Did you mean openings?"),
        ('openings = ["Standup"]', "", 1, "no post can be recognised", "Write openings"),
        ('title = "Standup"', "", 1, "no title", 'Write title = "…".'),
        ('imported = "Thanks"', 'importd = "Thanks"', 21, "unknown key 'importd'", "imported?"),
        ('imported = "Thanks"', "imported = 3", 21, "imported is neither a text nor", "file ="),
        ("needs = 1", "needs = ", 4, "no TOML", "Correct that line."),
        ("[fields.with]", "[fields.With]", 17, "'With' is no name of a field", "small letters"),
    ],
)
def test_what_is_wrong_is_named_with_its_line_and_the_fix(
    tmp_path: Path, old: str, new: str, line: int, reason: str, fix: str
) -> None:
    assert old in GOOD
    pack = _pack(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(BadContent) as raised:
        Templates(pack).templates  # noqa: B018 -- it is read when it is looked at
    assert raised.value.reason.startswith(f"{pack / 'records' / 'standup.toml'}, line {line}: ")
    assert reason in raised.value.reason
    assert fix in raised.value.fix


@pytest.mark.parametrize("key", ["counts", "may_count", "includes", "rest_to"])
def test_a_field_names_only_fields_of_members(tmp_path: Path, key: str) -> None:
    kind = "count" if "count" in key else "members"
    value = '"today"' if key == "rest_to" else '["today"]'
    more = f'\n[fields.more]\ntype = "{kind}"\nlabels = ["More"]\n{key} = {value}\n'
    with pytest.raises(BadContent, match=f"{key} names 'today', which is no field of members"):
        Templates(_pack(tmp_path, GOOD + more)).templates  # noqa: B018


@pytest.mark.parametrize("name", [*templates().templates])
def test_the_example_of_a_template_is_read_without_doubt(name: str) -> None:
    template = templates().templates[name]
    if template.reader == "text":
        assert template.example
        found = [each for each in templates().read(post(template.example)) if each.template == name]
        assert [each.status for each in found] == ["good"]


def test_channels_and_authors_limit_where_a_template_reads(tmp_path: Path) -> None:
    limits = 'channels = ["stand*", "C9"]\nauthors = ["people"]\nneeds = 1'
    own = Templates(_pack(tmp_path, GOOD.replace("needs = 1", limits)))
    text = "Standup\nToday: tests"

    def found(channel: str, name: str, **more: Any) -> int:
        return len(own.read(post(text, channel=channel, name=name, **more)))

    assert found("C1", "standups") == found("C9", "general") == 1
    assert found("C1", "general") == found("C1", "standups", is_bot=True) == 0
