"""The views that a template brings: a table of its records, and one of each field with many values.

They read the tables `records` and `record_values`, and the view `record_people`, which says whom a
name means. Refused records are in none of them.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from hubbub.content import ContentFile
from hubbub.records.template import Field, Template

_COLUMN = {
    "date": "v.day::DATE",
    "count": "v.number",
    "channel": "v.named_channel",
    "text": "v.text",
    "link": "v.text",
    "choice": "v.text",
}
"""What a single value is shown as, by the field's type."""


def record_views(templates: Iterable[Template]) -> dict[str, ContentFile]:
    """The views of all templates that name a table, by name."""
    found: dict[str, ContentFile] = {}
    for template in templates:
        if template.table is not None:
            found[template.table] = _view(template, template.table, _records(template))
            for field in template.fields.values():
                if field.is_many:
                    name = f"{template.table}_{field.name}"
                    found[name] = _view(template, name, _values(template, field))
    return found


def _view(template: Template, name: str, sql: str) -> ContentFile:
    return replace(template.file, name=name, text=sql)


def _records(template: Template) -> str:
    """A row a record: where it stands, by whom, and each field that has one value."""
    columns = "".join(
        f",\n    min({_COLUMN[each.type]}) FILTER (v.field = '{each.name}') AS {each.name}"
        for each in template.fields.values()
        if not each.is_many
    )
    return f"""SELECT
    r.channel_id, r.ts, r.place, m.user_id AS author_id, m.posted_at, r.status{columns}
FROM records r
JOIN messages m ON m.channel_id = r.channel_id AND m.ts = r.ts
LEFT JOIN record_values v
    ON v.channel_id = r.channel_id AND v.ts = r.ts AND v.place = r.place AND v.position = 0
WHERE {_counts(template)}
GROUP BY ALL"""


def _values(template: Template, field: Field) -> str:
    """A row a value of a field that can have many."""
    source, columns = "record_values", "v.text"
    if field.type == "members":
        source, columns = "record_people", "v.user_id, v.name"
    return f"""SELECT v.channel_id, v.ts, v.place, v.position, {columns}
FROM {source} v
JOIN records r ON r.channel_id = v.channel_id AND r.ts = v.ts AND r.place = v.place
JOIN messages m ON m.channel_id = v.channel_id AND m.ts = v.ts
WHERE {_counts(template)} AND v.field = '{field.name}'"""


def _counts(template: Template) -> str:
    return f"r.template = '{template.name}' AND r.status <> 'refused' AND m.deleted_at IS NULL"
