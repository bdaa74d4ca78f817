"""Each messy thing that occurs in real archives, as a small example with its right reading.

The list is the issue's; the readings are definitions.md's.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from hubbub.core.batch import Batch, Envelope
from hubbub.flows.importing import Report, import_archive
from hubbub.settings import Settings
from hubbub.slack.markup import plain
from hubbub.slack.normalize import normalize
from tests.looking import looking

Json = dict[str, Any]
Rows = list[tuple[Any, ...]]

TS = "1500000000.000100"
LATER = "1500000060.000200"
DELETED = {"subtype": "message_deleted", "deleted_ts": TS, "ts": "1500000500.000000"}


def quietly(_what: str, _done: int, _total: int) -> None:
    """Show no progress."""


def said(**fields: Any) -> Json:
    """A message."""
    return {"type": "message", "user": "U0CEDAR01", "text": "hello", "ts": TS, **fields}


def read(*records: object, kind: str = "messages") -> Batch:
    """Records as rows, without a store."""
    channel = "C0ROOTS01" if kind == "messages" else None
    return normalize([Envelope(kind, "x", json.dumps(records).encode(), channel)], raw=True)


def column(batch: Batch, table: str, *names: str) -> list[Any]:
    """Values of some columns."""
    columns = batch.tables().get(table, dict.fromkeys(names, ()))
    if len(names) == 1:
        return [*columns[names[0]]]
    return [*zip(*(columns[name] for name in names), strict=True)]


def take(home: Path, records: list[Any], *, users: list[Json] | None = None) -> Report:
    """Import an export with these records, in one day file."""
    return take_files(home, {
        "users.json": users or [{"id": "U0CEDAR01", "name": "olive"}],
        "channels.json": [{"id": "C0ROOTS01", "name": "general"}],
        "general/2017-07-14.json": records,
    })  # fmt: skip


def take_files(home: Path, files: dict[str, list[Any] | str | bytes]) -> Report:
    """Import an export of these files."""
    folder = home / "export"
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(
            content if isinstance(content, bytes) else
            (content if isinstance(content, str) else json.dumps(content)).encode()
        )  # fmt: skip
    settings = Settings(home, "grove", privacy={"preset": "open"})
    return import_archive(settings, folder, quietly)


def ask(home: Path, sql: str) -> Rows:
    """The rows of a query."""
    with looking(Settings(home, "grove").store) as connection:
        return connection.execute(sql).fetchall()


def test_the_day_is_taken_from_ts_and_not_from_the_file(tmp_path: Path) -> None:
    take(tmp_path, [said(ts="1499990399.999999")])
    assert ask(tmp_path, "SELECT posted_at::DATE::VARCHAR FROM messages") == [("2017-07-13",)]


@pytest.mark.parametrize("created", ["1433558319", 1433558319, 1433558319.0])
def test_created_as_a_string(created: object) -> None:
    batch = read({"id": "C1", "name": "a", "created": created}, kind="channels")
    assert column(batch, "channels", "created_at") == [1433558319_000000]


def test_stubs_of_deleted_users() -> None:
    stub: Json = {"deleted": True, "id": "U1", "name": "olive", "profile": {}, "team_id": "T1"}
    batch = read(stub, kind="users")
    columns = ("user_id", "is_deleted", "is_bot", "tz", "updated_at")
    assert column(batch, "users", *columns) == [("U1", True, False, None, None)]


@pytest.mark.parametrize(("group", "told", "members"), [
    ({}, ("S1", None, None, False, None, None), []),
    ({"date_delete": "1600000000", "users": None},
     ("S1", None, None, True, None, None), []),
    ({"handle": "crew", "name": "", "date_create": "oops", "date_update": 1600000000,
      "date_delete": 0, "user_count": "2", "users": ["U2", "", 7, "U1", "U2"]},
     ("S1", "crew", None, False, None, 1600000000000000), [("S1", "U1"), ("S1", "U2")]),
])  # fmt: skip
def test_user_groups(group: Json, told: tuple[object, ...], members: list[object]) -> None:
    batch = read({"id": "S1", **group}, kind="user_groups")
    columns = ("group_id", "handle", "name", "is_disabled", "created_at", "updated_at")
    assert column(batch, "user_groups", *columns) == [told]
    assert column(batch, "user_groups", "user_group_members_told") == [bool(members)]
    assert column(batch, "user_group_members", "group_id", "user_id") == members


@pytest.mark.parametrize(("event", "reason"), [
    ({"type": "subteam_updated", "subteam": {"name": "Crew"}, "event_ts": "1600000000.000100"},
     "a user group without id"),
    ({"type": "subteam_updated", "subteam": {"id": "S1"}}, "an event without event_ts"),
    ({"type": "subteam_members_changed", "added_users": ["U1"], "event_ts": "1600000000.000100"},
     "a user group without id"),
    ({"type": "subteam_members_changed", "subteam_id": "S1"}, "an event without event_ts"),
])  # fmt: skip
def test_what_events_of_user_groups_lack_is_quarantined(event: Json, reason: str) -> None:
    batch = read(event, kind="events")
    assert column(batch, "quarantine", "reason") == [reason]
    assert not batch.rows["user_groups"]
    assert not batch.rows["user_group_changes"]


@pytest.mark.parametrize(("text", "found"), [
    ("<@U061|olive>", [(1, "user", "U061", None, None)]),
    ("<#C0ROOTS02|> <#C0ROOTS03|soil>", [(1, "channel", None, "C0ROOTS02", None),
                                         (2, "channel", None, "C0ROOTS03", None)]),
    ("<!here|here> <!everyone>", [(1, "broadcast", None, None, "here"),
                                  (2, "broadcast", None, None, "everyone")]),
    ("<!subteam^S1|@crew>", [(1, "subteam", None, None, "S1")]),
    ("<!date^1^{date}|then> <https://x.y> <@U1> <@U1>", [(3, "user", "U1", None, None),
                                                         (4, "user", "U1", None, None)]),
    ("&lt;@U1&gt; <>", []),
])  # fmt: skip
def test_mentions(text: str, found: list[object]) -> None:
    batch = read(said(text=text))
    columns = ("position", "kind", "user_id", "mentioned_channel_id", "target")
    assert column(batch, "mentions", *columns) == found


@pytest.mark.parametrize(("text", "told"), [
    ("ask <!subteam^S1>", "ask @crew"),
    ("ask <!subteam^S1|@gang>", "ask @crew"),  # labels grow stale
    ("ask <!subteam^S2|@choir>", "ask @choir"),
    ("ask <!subteam^S2>", "ask @group"),
    ("<!here>, <!here|here>", "@here, here"),
])  # fmt: skip
def test_a_user_group_is_shown_by_its_handle(text: str, told: str) -> None:
    assert plain(text, {}, {}, {"S1": "crew"}) == told


@pytest.mark.parametrize(("text", "found"), [
    ("<https://Example.ORG:8080/a?b=1&amp;c=2|x>",
     ("https://Example.ORG:8080/a?b=1&c=2", "https", "example.org")),
    ("<mailto:a@b.c|a@b.c>", ("mailto:a@b.c", "mailto", None)),
    ("<http://me:pw@x.y>", ("http://me:pw@x.y", "http", "x.y")),
    ("<http://[::1/>", ("http://[::1/", "http", None)),
    ("<http://日本.jp/>", ("http://日本.jp/", "http", "日本.jp")),
])  # fmt: skip
def test_links(text: str, found: object) -> None:
    assert column(read(said(text=text)), "links", "url", "scheme", "domain") == [found]


def test_a_file_comment_is_by_the_comments_user_and_single_files_count() -> None:
    batch = read(said(
        user=None, subtype="file_comment", comment={"user": "U0CEDAR02"},
        file={"id": "F1", "created": 1}, files=[{"id": "F2", "created": 1}],
    ))  # fmt: skip
    assert column(batch, "messages", "user_id", "kind") == [("U0CEDAR02", "post")]
    assert sorted(column(batch, "shares", "file_id")) == ["F1", "F2"]


def test_reactions_keep_skin_tones_and_unicode_names() -> None:
    reactions = [
        {"name": "clap::skin-tone-3", "users": ["U1", "U2"], "count": 2},
        {"name": "👍", "users": ["U1"], "count": 51},
    ]
    batch = read(said(reactions=reactions))
    assert sorted(column(batch, "reactions", "user_id", "name")) == [
        ("U1", "clap::skin-tone-3"), ("U1", "👍"), ("U2", "clap::skin-tone-3"),
    ]  # fmt: skip
    assert column(batch, "messages", "unnamed") == [50]


def test_a_changed_message_is_a_copy_of_its_inner_one(tmp_path: Path) -> None:
    change = {"type": "message", "subtype": "message_changed", "ts": "1500000300.000000"}
    take(tmp_path, [said(), {**change, "message": said(text="new", edited={"ts": LATER})}])
    found = ask(tmp_path, "SELECT ts, text, epoch(edited_at) FROM messages")
    assert found == [(TS, "new", 1500000060.0002)]


@pytest.mark.parametrize("before", [{}, {"previous_message": said()}, {"original": said()}])
def test_a_deletion_marks_its_target(tmp_path: Path, before: Json) -> None:
    take(tmp_path, [said(text="secret?"), {**DELETED, **before}])
    found = ask(tmp_path, "SELECT ts, text, words, is_question, epoch(deleted_at) FROM messages")
    assert found == [(TS, None, None, None, 1500000500.0)]


def test_a_deletion_of_what_is_nowhere_else_makes_a_row(tmp_path: Path) -> None:
    take(tmp_path, [{**DELETED, "previous_message": said()}])
    found = ask(tmp_path, "SELECT ts, user_id, text, epoch(deleted_at) FROM messages")
    assert found == [(TS, "U0CEDAR01", None, 1500000500.0)]


@pytest.mark.parametrize("notice", [
    {"type": "message", "subtype": "message_replied", "ts": LATER, "message": {"ts": TS}},
    {"type": "message", "ts": LATER, "event_ts": LATER, "message": {"ts": TS, "reply_count": 1}},
])  # fmt: skip
def test_message_replied_is_a_notice(notice: Json) -> None:
    assert "messages" not in read(notice).tables()
    assert not read(notice).rows["quarantine"]


@pytest.mark.parametrize(("fields", "kind"), [
    ({}, "post"),
    ({"thread_ts": TS}, "post"),
    ({"thread_ts": LATER}, "reply"),
    ({"thread_ts": LATER, "reply_broadcast": True}, "broadcast"),
    ({"thread_ts": LATER, "subtype": "reply_broadcast"}, "broadcast"),
    ({"thread_ts": LATER, "reply_broadcast": False}, "reply"),
    ({"thread_ts": LATER, "subtype": "bot_message"}, "reply"),
    ({"subtype": "thread_broadcast", "root": {"ts": LATER}}, "broadcast"),
    ({"subtype": "thread_broadcast", "thread_ts": LATER}, "broadcast"),
    ({"subtype": "channel_join"}, "system"),
    ({"subtype": "channel_join", "thread_ts": LATER}, "system"),
    ({"subtype": "sprouted_in_2031"}, "system"),
    ({"subtype": "tombstone", "thread_ts": TS}, "system"),
    ({"text": "<@U1> has joined the channel"}, "post"),
    ({"subtype": None}, "post"),
    *(({"subtype": each}, "post") for each in (
        "bot_message", "slackbot_response", "me_message", "file_share", "file_comment",
        "file_mention",
    )),
])  # fmt: skip
def test_kinds(fields: Json, kind: str) -> None:
    assert column(read(said(**fields)), "messages", "kind") == [kind]


def test_the_root_inside_a_broadcast_is_no_row() -> None:
    batch = read(said(subtype="thread_broadcast", root=said(ts=LATER, text="<@U9>?")))
    assert column(batch, "messages", "ts", "thread_ts") == [(TS, LATER)]
    assert not batch.rows["mentions"]


def test_authors_missing_from_the_directory_keep_their_names(tmp_path: Path) -> None:
    take(tmp_path, [said(user="U0STRANGER", user_profile={"real_name": "Ivy", "name": "ivy"})])
    assert ask(tmp_path, "SELECT user_id, real_name FROM profiles") == [("U0STRANGER", "Ivy")]
    assert ask(tmp_path, "SELECT user_id FROM messages") == [("U0STRANGER",)]


def test_names_in_place_of_ids(tmp_path: Path) -> None:
    take(tmp_path, [said(user="olive"), said(ts=LATER)])
    assert ask(tmp_path, "SELECT DISTINCT user_id FROM messages") == [("U0CEDAR01",)]


def test_one_message_in_two_files_and_one_ts_in_two_channels(tmp_path: Path) -> None:
    take_files(tmp_path, {
        "users.json": [], "channels.json": [{"id": "C1", "name": "a"}, {"id": "C2", "name": "b"}],
        "a/2017-07-13.json": [said()], "a/2017-07-14.json": [said()], "b/2017-07-14.json": [said()],
    })  # fmt: skip
    assert ask(tmp_path, "SELECT channel_id FROM messages ORDER BY 1") == [("C1",), ("C2",)]


def test_empty_pages_with_cursors(tmp_path: Path) -> None:
    folder = tmp_path / "pages"
    folder.mkdir()
    meta = {"next_cursor": "bmV4dA=="}
    for number, messages in enumerate(([], [said()], [])):
        page = {"ok": True, "messages": messages, "has_more": True, "response_metadata": meta}
        (folder / f"C0ROOTS01_{number}.json").write_text(json.dumps(page))
    report = import_archive(Settings(tmp_path, "g", privacy={"preset": "open"}), folder, quietly)
    assert (report.added, report.quarantined) == (1, 0)


def test_tombstones_of_files_and_parents(tmp_path: Path) -> None:
    hosted = {"id": "F1", "mode": "hosted", "created": 1500000000, "name": "plan.pdf", "user": "U1"}
    parent = said(subtype="tombstone", user="USLACKBOT", thread_ts=TS, reply_count=1, hidden=True)
    reply = said(
        ts=LATER, thread_ts=TS, text="still here?", files=[{"id": "F1", "mode": "tombstone"}]
    )
    other = said(ts="1500000001.000100", files=[hosted])
    take(tmp_path, [parent, reply, other])
    found = ask(tmp_path, "SELECT kind, text, deleted_at IS NULL FROM messages ORDER BY ts")
    assert found == [
        ("system", None, False),
        ("post", "hello", True),
        ("reply", "still here?", True),
    ]
    assert ask(tmp_path, "SELECT name, is_gone FROM files") == [("plan.pdf", True)]
    assert len(ask(tmp_path, "SELECT file_id FROM shares")) == 2


def test_overlapping_exports_whose_copies_differ(tmp_path: Path) -> None:
    take(tmp_path, [said(text="new", edited={"ts": LATER}, latest_reply=LATER)])
    report = take(tmp_path, [said(text="old"), said(text="old", reactions=[])])
    assert (report.added, report.updated, report.unchanged) == (0, 0, 1)
    assert ask(tmp_path, "SELECT text FROM messages") == [("new",)]


def test_between_equals_the_greater_canonical_json_wins(tmp_path: Path) -> None:
    take(tmp_path, [said(text="b"), said(text="é"), said(text="a", zebra=1)])
    assert ask(tmp_path, "SELECT text FROM messages") == [("é",)]


def test_canvas_updates_and_bots_without_subtype() -> None:
    batch = read(
        said(subtype="channel_canvas_updated", user="USLACKBOT"),
        said(ts=LATER, bot_id="B1", bot_profile={"name": "feed"}, text="done?"),
    )
    columns = ("kind", "bot_id", "is_question")
    assert column(batch, "messages", *columns) == [("system", None, False), ("post", "B1", False)]


def test_a_renamed_channel_with_a_unicode_name(tmp_path: Path) -> None:
    channel = {"id": "C1", "name": "텃밭-이야기", "previous_names": ["compost"]}
    renamed = said(subtype="channel_name", old_name="compost", name="텃밭-이야기")
    take_files(tmp_path, {"users.json": [], "channels.json": [channel],
                          "텃밭-이야기/2017-07-14.json": [renamed]})  # fmt: skip
    found = ask(
        tmp_path, "SELECT c.name, m.kind FROM channels c JOIN messages m USING (channel_id)"
    )
    assert found == [("텃밭-이야기", "system")]


def test_user_null_and_escapes_and_long_texts() -> None:
    batch = read(said(user=None, text="a &lt; b &amp;amp; c"), said(ts=LATER, text="x" * 40_001))
    assert column(batch, "messages", "user_id", "characters") == [
        (None, len("a < b &amp; c")), ("U0CEDAR01", 40_001),
    ]  # fmt: skip
    assert column(batch, "messages", "text")[0] == "a &lt; b &amp;amp; c"


@pytest.mark.parametrize(("text", "asks"), [
    ("how?", True), ("何？", True), ("no", False), ("<https://x.y/?q=1|why?>", False),
    ("`a?`", False), ("```\na?\n```", False), ("`a` ? `b`", True), ("```a``` ok? ```b```", True),
    ("<@U1>?", True), ("a `b\nc?`", True),
])  # fmt: skip
def test_questions(text: str, asks: bool) -> None:
    assert column(read(said(text=text)), "messages", "is_question") == [asks]


@pytest.mark.parametrize("fields", [
    {"thread_ts": LATER}, {"subtype": "channel_topic"}, {"subtype": "bot_message"},
    {"bot_id": "B1"},
])  # fmt: skip
def test_only_roots_by_people_are_questions(fields: Json) -> None:
    assert column(read(said(text="how?", **fields)), "messages", "is_question") == [False]


def test_mixed_types_where_one_expects_one() -> None:
    odd = said(text=None, reactions={}, files=None, file=[], edited=True, reply_count="2",
               latest_reply=None, thread_ts=None, user_profile=[], blocks=None)  # fmt: skip
    batch = read(odd)
    assert not batch.rows["quarantine"]
    columns = ("text", "reply_count", "edited_at", "kind")
    assert column(batch, "messages", *columns) == [("", 2, None, "post")]


@pytest.mark.parametrize("ts", [None, 1500000000.0001, "", "1500000000", "1.", ".1", "a.b", "-1.5",
                                "1e9.0", " 1.5", "1.5\n", "१.५", [], {}, True])  # fmt: skip
def test_a_ts_that_is_not_digits_digits_is_quarantined(ts: object) -> None:
    batch = read(said(ts=ts))
    assert "messages" not in batch.tables()
    assert batch.rows["quarantine"][0][:3] == ("x", 1, "ts is not digits.digits")


@pytest.mark.parametrize("record", [None, 7, "message", [], {"type": []}, {"type": {}, "ts": TS},
                                    {"type": 1, "ts": TS}])  # fmt: skip
def test_what_is_no_message_is_quarantined_with_a_reason(record: object) -> None:
    batch = read(record, said())
    assert len(column(batch, "messages", "ts")) == len(batch.rows["quarantine"]) == 1
    assert batch.rows["quarantine"][0][2]


def test_invalid_json_in_one_day_file(tmp_path: Path) -> None:
    report = take_files(tmp_path, {
        "users.json": [], "channels.json": [{"id": "C1", "name": "a"}],
        "a/1.json": '[{"type": "message", "ts": "1.1"', "a/2.json": [said()], "a/3.json": "",
        "a/4.json": "{}",
    })  # fmt: skip
    assert (report.added, report.quarantined) == (1, 3)
    assert ask(tmp_path, "SELECT origin, place, reason FROM quarantine ORDER BY 1") == [
        ("export/a/1.json", 0, "invalid JSON: Expecting ',' delimiter at line 1, column 33"),
        ("export/a/3.json", 0, "invalid JSON: Expecting value at line 1, column 1"),
        ("export/a/4.json", 0, "JSON, but no list of messages"),
    ]


@pytest.mark.parametrize("name", ["users.json", "channels.json"])
def test_invalid_json_in_a_list(tmp_path: Path, name: str) -> None:
    lists: dict[str, list[Any] | str | bytes] = {
        "users.json": [], "channels.json": [{"id": "C1", "name": "a"}], name: "[",
    }  # fmt: skip
    report = take_files(tmp_path, {**lists, "a/1.json": [said()]})
    assert report.quarantined == 1
    assert report.added + report.left_out == 1


def test_bytes_that_are_no_utf_8_and_halves_of_emoji(tmp_path: Path) -> None:
    report = take_files(tmp_path, {
        "users.json": [], "channels.json": [{"id": "C1", "name": "a"}],
        "a/1.json": b'[{"type":"message","ts":"1.1","text":"caf\xe9 \\ud83d nul \\u0000"}]',
        "a/2.json": b'\xef\xbb\xbf[{"type":"message","ts":"2.1","text":"\\ud83d\\ude00"}]',
    })  # fmt: skip
    assert (report.added, report.quarantined) == (2, 0)
    found = ask(tmp_path, "SELECT text FROM messages ORDER BY ts")
    unknown = "\N{REPLACEMENT CHARACTER}"
    assert found == [(f"caf{unknown} {unknown} nul \0",), ("😀",)]
    assert ask(tmp_path, "SELECT count(*) FROM messages WHERE is_question") == [(0,)]


def test_json_that_is_nested_too_deep_is_quarantined(tmp_path: Path) -> None:
    report = take_files(tmp_path, {
        "users.json": [], "channels.json": [{"id": "C1", "name": "a"}],
        "a/1.json": "[" * 100_000, "a/2.json": [said()],
    })  # fmt: skip
    assert (report.added, report.quarantined) == (1, 1)


def test_numbers_beyond_all_bounds(tmp_path: Path) -> None:
    odd = b'[{"type":"message","ts":"1.1","reply_count":%s,"user":%s,"edited":{"ts":"%s.1"}}]'
    huge = b"9" * 40
    report = take_files(tmp_path, {
        "users.json": b'[{"id":"U1","updated":1e300}]',
        "channels.json": b'[{"id":"C1","name":"a","created":-1e300,"updated":%s}]' % huge,
        "a/1.json": odd % (huge, huge, huge),
    })  # fmt: skip
    assert (report.added, report.quarantined) == (1, 0)
    assert ask(tmp_path, "SELECT reply_count, edited_at IS NULL FROM messages") == [(None, True)]


def test_a_reaction_that_is_listed_twice_counts_once(tmp_path: Path) -> None:
    thumb = {"name": "+1", "users": ["U1", "U1"], "count": 1}
    report = take(tmp_path, [said(reactions=[thumb, thumb])])
    assert ask(tmp_path, "SELECT user_id, name FROM reactions") == [("U1", "+1")]
    assert report.rows["reactions"] == 1
