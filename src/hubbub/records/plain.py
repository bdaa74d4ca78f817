"""Records as plain JSON objects: a field a key, people by id or as `name:…`.

Members who include others are sorted: they are a set, and an order of several lists would mean
nothing.
"""

from collections.abc import Sequence
from typing import Any

from hubbub.records.directory import NOBODY, Directory
from hubbub.records.doubts import DOUBTS
from hubbub.records.people import union
from hubbub.records.reading import Record, Value
from hubbub.records.template import Field, Template

Plain = dict[str, Any]


def plain_post(
    records: Sequence[Record], template: Template, directory: Directory = NOBODY
) -> Plain:
    """What a template reads in one post: its first record, and `more` where there are more."""
    if not records:
        return {f"is_{template.name}": False} | {
            key: value
            for field in template.fields.values()
            for key, value in _keys(field, [], template, {}).items()
        } | {"note": "", "doubts": {}}  # fmt: skip
    first, *more = (_plain(each, template, directory) for each in records)
    return first | ({"more": more} if more else {})


def resolved(value: Value, directory: Directory) -> Value:
    """A value with the member or channel that its name means, if there is exactly one."""
    if value.kind == "name" and (member := directory.resolve(value.name or "")):
        return Value("member", member_id=member)
    is_named = value.kind == "channel" and value.name is not None
    if is_named and (channel := directory.resolve_channel(value.name or "")):
        return Value("channel", channel_id=channel)
    return value


def _plain(record: Record, template: Template, directory: Directory) -> Plain:
    values = {
        each.field: union([[resolved(value, directory) for value in each.values]])
        for each in record.readings
    }
    said: Plain = {f"is_{template.name}": True}
    for name, field in template.fields.items():
        said |= _keys(field, values.get(name, []), template, values)
    doubts = {each.field: DOUBTS[each.doubt].sentence for each in record.readings if each.doubt}
    note = " ".join(f"{name}: {sentence}" for name, sentence in doubts.items())
    return said | {"note": note, "doubts": doubts}


def _keys(
    field: Field, own: list[Value], template: Template, values: dict[str, list[Value]]
) -> Plain:
    """A field as its key and value; members that include others as two keys."""
    if field.type != "members":
        written = [_written(each) for each in own]
        return {field.name: written if field.is_many else next(iter(written), None)}
    if field.rest_to:
        return {field.name: next(map(_written, own), None)}
    if field.includes:
        everybody = union([own, *(values.get(name, []) for name in field.includes)])
        return {
            field.name: sorted(each.member_id for each in everybody if each.member_id),
            f"{field.name}_unregistered": [each.name for each in own if each.kind == "name"],
        }
    leaders = [each for each in template.fields.values() if each.rest_to == field.name]
    before = [values.get(leader.name, []) for leader in leaders]
    first = [group[0] for group in before if group]
    further = union([*(group[1:] for group in before), own])
    people = [each for each in further if each not in first]
    if field.remarks:
        return {field.name: [each.member_id or each.name for each in people]}
    return {field.name: [_written(each) for each in people]}


def _written(value: Value) -> Any:
    if value.day is not None:
        return value.day.isoformat()
    if value.name is not None:
        return f"name:{value.name}"
    return value.member_id or value.channel_id or value.text or value.number
