"""The schema of the topic's records: as it is now, as readers were told last, and what may part the
two."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs

Schema = dict[str, Any]

_FOLDER = Path(__file__).parents[2] / "docs" / "schemas"
_ABOUT = {"$id", "title", "description"}
"""What says nothing about records."""


def current() -> Schema:
    """The schema of what is written now."""
    return json.loads((_FOLDER / "slack-events.schema.json").read_text(encoding="utf-8"))


def released() -> dict[int, Schema]:
    """By number, the schemas as the last release that had them says."""
    return {
        int(path.name.removeprefix("slack-events-").removesuffix(".schema.json")): json.loads(
            path.read_text(encoding="utf-8")
        )
        for path in (_FOLDER / "released").iterdir()
    }


def closed(schema: Schema) -> Schema:
    """The same schema, for records that have nothing which it does not name."""
    inner = {
        name: {key: closed(each) for key, each in value.items()}
        if name == "properties"
        else closed(value)
        for name, value in schema.items()
        if name in {"properties", "items"}
    }
    return schema | inner | ({"additionalProperties": False} if "properties" in schema else {})


def check_of(schema: Schema) -> jsonschema_rs.Validator:
    """Holds records against a schema, formats too."""
    return jsonschema_rs.validator_for(schema, validate_formats=True)


def broken_promises(old: Schema, new: Schema, place: str = "") -> list[str]:
    """What readers of the old schema counted on, and the new one does not keep.

    Kept is: what there was is there, of the same type; what was always there still is; what had
    certain values has no others. What is new, and what is now always there, hurts no reader.
    """
    alike = ({*old} | {*new}) - _ABOUT - {"properties", "required", "items", "enum"}
    broken = [
        f"{place or 'record'}: {keyword}"
        for keyword in sorted(alike)
        if old.get(keyword) != new.get(keyword)
    ]
    if "enum" in old and ("enum" not in new or {*new["enum"]} - {*old["enum"]}):
        broken.append(f"{place}: enum")
    broken += [
        f"{place}/{name}: not always there"
        for name in sorted({*old.get("required", ())} - {*new.get("required", ())})
    ]
    for name, inner in old.get("properties", {}).items():
        if name not in new.get("properties", {}):
            broken.append(f"{place}/{name}: gone")
        else:
            broken += broken_promises(inner, new["properties"][name], f"{place}/{name}")
    if "items" in old:
        broken += broken_promises(old["items"], new.get("items", {}), f"{place}[]")
    return broken
