"""Archives of every kind: what is in them by a count of our own, and what is refused and how."""

import gzip
import json
import re
import shutil
import sqlite3
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hubbub.core.discovery import parts
from hubbub.errors import Exit, HubbubError
from hubbub.flows.importing import Report, import_archive
from hubbub.settings import Settings
from hubbub.sources import archives
from hubbub.sources.archives import open_archive
from hubbub.sources.containers import open_container
from tests.looking import looking

Json = dict[str, Any]
Shared = Callable[[str], Path]
Keyed = Iterable[tuple[str, Json]]

SPEECH = {None, "bot_message", "slackbot_response", "me_message", "file_share", "file_comment",
          "file_mention", "thread_broadcast", "reply_broadcast"}  # fmt: skip
GENERAL = {"id": "C0ROOTS01", "name": "general"}


def quietly(_what: str, _done: int, _total: int) -> None:
    """Show no progress."""


def take(home: Path, path: Path) -> Report:
    """Import an archive under the preset open."""
    return import_archive(Settings(home, "grove", privacy={"preset": "open"}), path, quietly)


def ask(home: Path, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a query."""
    with looking(Settings(home, "grove").store) as connection:
        return connection.execute(sql).fetchall()


def figures(home: Path) -> dict[str, int]:
    """What the store counts."""
    tables = ("users", "channels", "messages", "reactions", "mentions", "links", "files")
    found = {each: ask(home, f"SELECT count(*) FROM {each}")[0][0] for each in tables}
    found["system"] = ask(home, "SELECT count(*) FROM messages WHERE kind = 'system'")[0][0]
    found["deleted"] = ask(home, "SELECT count(deleted_at) FROM messages")[0][0]
    found["edited"] = ask(home, "SELECT count(edited_at) FROM messages")[0][0]
    return found


def counted(records: Keyed, users: Iterable[Json], channels: Iterable[str]) -> dict[str, int]:
    """The same figures from the raw records, by other means."""
    best: dict[tuple[str, str], tuple[Any, Json]] = {}
    gone: set[tuple[str, str]] = set()
    files: set[str] = set()
    for channel, record in records:
        subtype, changed = record.get("subtype"), None
        if subtype == "message_replied":
            continue
        if subtype == "message_deleted":
            before: Json = record.get("previous_message", {})
            key, rank = (channel, record["deleted_ts"]), (0, 0.0, "")
            gone.add(key)
            message = {**before, "ts": record["deleted_ts"]}
        else:
            changed = record["ts"] if subtype == "message_changed" else None
            message = record["message"] if changed else record
            key = (channel, message["ts"])
            edited: Json = message.get("edited") or {}
            ages = (
                message["ts"],
                edited.get("ts", 0),
                message.get("latest_reply", 0),
                changed or 0,
            )
            rank = (1, max(map(float, ages)), json.dumps(message, sort_keys=True))
            if message.get("subtype") == "tombstone":
                gone.add(key)
                rank = (0, *rank[1:])
        if key not in best or rank > best[key][0]:
            best[key] = rank, message
        files |= {file["id"] for file in _files(message)}
    found = {key: message for key, (_, message) in best.items()}
    alive = [message for key, message in found.items() if key not in gone]
    tokens = Counter(
        "links" if token[0] not in "@#!" else "mentions"
        for message in alive
        for token in re.findall("<([^<>]+)>", message.get("text") or "")
        if not token.startswith("!date")
    )
    return {
        "users": len({user["id"] for user in users}),
        "channels": len(set(channels)),
        "messages": len(found),
        "reactions": sum(
            len(reaction["users"]) for each in alive for reaction in each.get("reactions") or ()
        ),
        "mentions": tokens["mentions"],
        "links": tokens["links"],
        "files": len(files),
        "system": sum(message.get("subtype") not in SPEECH for message in found.values()),
        "deleted": len(gone),
        "edited": sum("edited" in message for message in found.values()),
    }


def _files(message: Json) -> list[Json]:
    single: Json | None = message.get("file")
    return [*(message.get("files") or ()), *([single] if single else ())]


def export_records(folder: Path) -> Iterator[tuple[str, Json]]:
    """The records of an official export."""
    for channel in json.loads((folder / "channels.json").read_text()):
        for day in (folder / channel["name"]).glob("*.json"):
            yield from ((channel["id"], record) for record in json.loads(day.read_text()))


def zipped(folder: Path, target: Path) -> Path:
    """A zip of a folder."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as file:
        for path in sorted(folder.rglob("*.json")):
            file.write(path, path.relative_to(folder))
    return target


def export(folder: Path, **days: list[Any]) -> Path:
    """A small export with one channel, a list of records a day."""
    (folder / "general").mkdir(parents=True)
    (folder / "users.json").write_text('[{"id": "U0CEDAR01", "name": "olive"}]')
    (folder / "channels.json").write_text(json.dumps([GENERAL]))
    for day, records in days.items():
        (folder / "general" / f"{day}.json").write_text(json.dumps(records))
    return folder


def said(second: int, **fields: Any) -> Json:
    """A message."""
    return {"type": "message", "user": "U0CEDAR01", "text": "hello",
            "ts": f"{1500000000 + second}.000100", **fields}  # fmt: skip


def test_houston_is_what_the_issue_says(shared_data: Shared, tmp_path: Path) -> None:
    folder = shared_data("export-houstondatavis")
    report = take(tmp_path, folder)
    wanted = counted(
        export_records(folder),
        json.loads((folder / "users.json").read_text()),
        (channel["id"] for channel in json.loads((folder / "channels.json").read_text())),
    )
    assert figures(tmp_path) == wanted
    assert wanted | {"users": 71, "channels": 16, "messages": 1382, "reactions": 199, "files": 61,
                     "edited": 37, "links": 335} == wanted  # fmt: skip
    kinds = dict(ask(tmp_path, "SELECT kind, count(*) FROM mentions GROUP BY ALL"))
    assert (kinds["user"], kinds["broadcast"], report.quarantined) == (575, 5, 0)
    again = take(tmp_path, zipped(folder, tmp_path / "export.zip"))
    assert (again.added, again.updated, again.unchanged) == (0, 0, 1382)
    assert again.rows == report.rows
    assert figures(tmp_path) == wanted


@pytest.mark.parametrize("name", ["source_export_dir", "source_export.zip"])
def test_exports_by_slackdump(shared_data: Shared, tmp_path: Path, name: str) -> None:
    report = take(tmp_path, shared_data(f"slackdump/{name}"))
    folder = shared_data("slackdump/source_export_dir")
    users = json.loads((folder / "users.json").read_text())
    assert figures(tmp_path) == counted(export_records(folder), users, ["CO69735E8A"])
    assert report.quarantined == report.left_out == 0


def test_an_export_without_day_files(shared_data: Shared, tmp_path: Path) -> None:
    folder = shared_data("slackdump/export")
    report = take(tmp_path, folder)
    listed = json.loads((folder / "channels.json").read_text())
    users = json.loads((folder / "users.json").read_text())
    assert figures(tmp_path) == counted([], users, (each["id"] for each in listed))
    assert report.quarantined == 0


@pytest.mark.parametrize("name", ["source_dump_dir", "source_dump.zip", "CHY5HUESG.json"])
def test_dumps(shared_data: Shared, tmp_path: Path, name: str) -> None:
    take(tmp_path, shared_data(f"slackdump/{name}"))
    dump = json.loads((shared_data("slackdump/source_dump_dir") / "CHY5HUESG.json").read_text())
    records: list[Json] = []
    for root in dump["messages"]:
        records += [root, *root.get("slackdump_thread_replies", ())]
    assert figures(tmp_path) == counted(
        (("CHY5HUESG", each) for each in records), [], ["CHY5HUESG"]
    )
    assert len(records) > len(dump["messages"])


@pytest.mark.parametrize("name", ["source_archive", "source_archive_no_wsp"])
def test_chunk_archives(shared_data: Shared, tmp_path: Path, name: str) -> None:
    folder = shared_data(f"slackdump/{name}")
    report = take(tmp_path, folder)
    records: list[tuple[str, Json]] = []
    users: list[Json] = []
    channels: list[str] = []
    for path in folder.glob("*.json.gz"):
        for line in gzip.decompress(path.read_bytes()).splitlines():
            chunk = json.loads(line)
            users += chunk.get("u") or []
            channels += [chunk["ci"]["id"]] if chunk.get("ci") else []
            found: list[Json] = [*filter(None, [chunk.get("p")]), *(chunk.get("m") or [])]
            records += [(chunk["id"], message) for message in found]
    assert figures(tmp_path) == counted(records, users, channels)
    assert len(records) > 12, "threads are there"
    assert report.quarantined == report.left_out == 0
    assert ask(tmp_path, "SELECT count(*) FROM memberships") == [(3,)]


def test_a_sqlite_archive(tmp_path: Path) -> None:
    root = said(1, thread_ts="1500000001.000100", reply_count=1, latest_reply="1500000002.000100")
    younger = {**root, "reply_count": 2, "latest_reply": "1500000003.000100"}
    replies = [said(each, thread_ts=root["ts"], user="U0CEDAR02") for each in (2, 3)]
    chunks = [(1, 0, [root, said(9)]), (2, 1, [root, replies[0]]), (3, 1, [younger, *replies])]
    path = tmp_path / "slackdump.sqlite"
    _sqlite(path, chunks)
    report = take(tmp_path, path)
    assert (report.archive, report.quarantined, report.left_out) == ("slackdump archive", 0, 0)
    assert figures(tmp_path) == counted(
        ((GENERAL["id"], each) for _, _, several in chunks for each in several),
        [{"id": "U0CEDAR01"}, {"id": "U0CEDAR02"}],
        [GENERAL["id"]],
    )
    assert ask(tmp_path, "SELECT reply_count FROM messages WHERE ts = thread_ts") == [(2,)]
    assert ask(tmp_path, "SELECT user_id FROM memberships") == [("U0CEDAR02",)]
    shutil.copytree(tmp_path, tmp_path / "folder", ignore=shutil.ignore_patterns("grove", "folder"))
    assert take(tmp_path, tmp_path / "folder").added == 0


def _sqlite(path: Path, chunks: list[tuple[int, int, list[Json]]]) -> None:
    with sqlite3.connect(path) as database:
        database.executescript("""
            CREATE TABLE SESSION (ID INTEGER); CREATE TABLE WORKSPACE (ID INTEGER, DATA BLOB);
            CREATE TABLE CHUNK (ID INTEGER, SESSION_ID INTEGER, TYPE_ID INTEGER, NUM_REC INTEGER);
            CREATE TABLE MESSAGE (ID INTEGER, CHUNK_ID INTEGER, CHANNEL_ID TEXT, TS TEXT,
                PARENT_ID INTEGER, THREAD_TS TEXT, LATEST_REPLY TEXT, IS_PARENT INTEGER,
                IDX INTEGER, NUM_FILES INTEGER, TXT TEXT, DATA BLOB, PRIMARY KEY (ID, CHUNK_ID));
            CREATE TABLE CHANNEL (ID TEXT, CHUNK_ID INTEGER, NAME TEXT, IDX INTEGER, DATA BLOB);
            CREATE TABLE S_USER (ID TEXT, CHUNK_ID INTEGER, USERNAME TEXT, IDX INTEGER, DATA BLOB);
            CREATE TABLE CHANNEL_USER (ID TEXT, CHUNK_ID INTEGER, CHANNEL_ID TEXT, IDX INTEGER);
            CREATE TABLE FILE (ID TEXT, CHUNK_ID INTEGER, MODE TEXT, URL TEXT, DATA BLOB)""")
        channel = json.dumps({**GENERAL, "is_channel": True}).encode()
        database.execute("INSERT INTO CHANNEL VALUES ('C0ROOTS01', 5, 'general', 0, ?)", [channel])
        database.execute("INSERT INTO CHANNEL_USER VALUES ('U0CEDAR02', 7, 'C0ROOTS01', 0)")
        for number in (1, 2):
            user = json.dumps({"id": f"U0CEDAR0{number}", "name": f"m{number}"}).encode()
            database.execute("INSERT INTO S_USER VALUES (?, 4, 'm', ?, ?)",
                             [f"U0CEDAR0{number}", number, user])  # fmt: skip
        for chunk, kind, messages in chunks:
            database.execute("INSERT INTO CHUNK VALUES (?, 1, ?, ?)", [chunk, kind, len(messages)])
            for index, each in enumerate(messages):
                database.execute(
                    "INSERT INTO MESSAGE VALUES (?, ?, 'C0ROOTS01', ?, 0, ?, '', 0, ?, 0, '', ?)",
                    [int(each["ts"].replace(".", "")), chunk, each["ts"], each.get("thread_ts"),
                     index, json.dumps(each).encode()],
                )  # fmt: skip
    database.close()


def test_pages_of_history(shared_data: Shared, tmp_path: Path) -> None:
    folder = shared_data("history-pages-archlinuxjp")
    report = take(tmp_path, folder)
    records: list[tuple[str, Json]] = []
    strangers = 0
    for path in (folder / "json").glob("*.json"):
        page = json.loads(path.read_text())
        strangers += "messages" not in page
        channel = "general" if "general" in path.name else "random"
        records += [(channel, each) for each in page.get("messages", ())]
    assert figures(tmp_path) == counted(records, [], ["general", "random"])
    assert report.quarantined == strangers == 1
    assert report.assumed_public == ("general", "random")
    reasons = ask(tmp_path, "SELECT origin, reason FROM quarantine")
    assert reasons == [
        ("history-pages-archlinuxjp/json/latest.json", "JSON, but no list of messages")
    ]


def test_event_logs(shared_data: Shared, tmp_path: Path) -> None:
    folder = shared_data("events-clojurians")
    report = take(tmp_path, folder)
    events = [
        json.loads(line)
        for path in (folder / "logs").glob("*.txt")
        for line in path.read_bytes().splitlines()
    ]
    records = [(event["channel"], event) for event in events]
    assert figures(tmp_path) == counted(records, [], (channel for channel, _ in records))
    assert report.quarantined == 0
    assert figures(tmp_path)["deleted"] > 0


@pytest.mark.parametrize(("name", "title"), [
    ("export-houstondatavis", "Slack export"),
    ("slackdump/source_export.zip", "Slack export"),
    ("slackdump/source_export_dir", "Slack export"),
    ("slackdump/export", "Slack export"),
    ("slackdump/source_dump_dir", "slackdump dump"),
    ("slackdump/source_dump.zip", "slackdump dump"),
    ("slackdump/CHY5HUESG.json", "slackdump dump"),
    ("slackdump/source_archive", "slackdump chunk archive"),
    ("slackdump/source_archive_no_wsp", "slackdump chunk archive"),
    ("history-pages-archlinuxjp", "history responses"),
    ("events-clojurians", "log of events"),
])  # fmt: skip
def test_one_recogniser_knows_each_kind(shared_data: Shared, name: str, title: str) -> None:
    container = open_container(shared_data(name))
    found = [recognise(container) for recognise in parts(archives, "recognise").values()]
    assert [archive.title for archive in found if archive is not None] == [title]


def refused(path: Path) -> HubbubError:
    """The error that opening and reading an archive ends in."""
    with pytest.raises(HubbubError) as caught:
        take(path.parent / "home", path)
    assert caught.value.exit is Exit.FAILED
    assert caught.value.reason
    assert caught.value.fix
    assert "\n" not in caught.value.reason
    assert not Settings(path.parent / "home", "grove").store.exists()
    return caught.value


def _zip(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def _with_export(path: Path, **more: bytes) -> Path:
    lists = {"users.json": b"[]", "channels.json": json.dumps([GENERAL]).encode(),
             "general/1.json": json.dumps([said(1)]).encode()}  # fmt: skip
    return _zip(path, **lists, **more)


def test_what_is_no_archive_is_refused(shared_data: Shared, tmp_path: Path) -> None:
    assert "no archive that Hubbub knows" in refused(_zip(tmp_path / "a.zip", letter=b"x")).reason
    (tmp_path / "empty").mkdir()
    assert "nothing in it" in refused(tmp_path / "empty").reason
    (tmp_path / "note.txt").write_text("Hope you are having a lovely day.")
    assert "note.txt" in refused(tmp_path / "note.txt").reason
    assert "There is no" in refused(tmp_path / "nowhere").reason
    hello = tmp_path / "source_unknown"
    shutil.copytree(shared_data("slackdump/source_unknown"), hello)
    assert "hello.txt" in refused(hello).reason
    (tmp_path / "nothing.json").write_text("")
    refused(tmp_path / "nothing.json")


def test_a_folder_without_its_lists_is_refused_by_name(tmp_path: Path) -> None:
    folder = export(tmp_path / "export", day=[said(1)])
    (folder / "users.json").unlink()
    assert "no users.json" in refused(folder).reason
    (folder / "users.json").write_text("[]")
    (folder / "channels.json").unlink()
    assert "no channels.json" in refused(folder).reason


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.99])
def test_a_truncated_zip_is_refused(tmp_path: Path, share: float) -> None:
    whole = _with_export(tmp_path / "a.zip").read_bytes()
    path = tmp_path / "export.zip"
    path.write_bytes(whole[: int(len(whole) * share)])
    assert "again" in refused(path).fix


def test_a_damaged_member_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("users.json", "[]")
        file.writestr("channels.json", json.dumps([GENERAL]))
        file.writestr("general/1.json", json.dumps([said(1, text="x" * 1000)]))
    path.write_bytes(path.read_bytes().replace(b"xxx", b"xyx", 1))
    assert "general/1.json" in refused(path).reason


def test_a_damaged_member_of_a_large_zip_is_refused_by_name(tmp_path: Path) -> None:
    """Large archives are read by other processes; an error has to come through whole."""
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("users.json", "[]")
        file.writestr("channels.json", json.dumps([GENERAL]))
        for day in range(3):
            file.writestr(f"general/{day}.json", json.dumps([said(day, text="x" * 2_000_000)]))
    path.write_bytes(path.read_bytes().replace(b"xxx", b"xyx", 1))
    assert "general/0.json" in refused(path).reason


def _marked(path: Path, bit: int) -> Path:
    """A zip with a flag set in the entry of each member."""
    whole = bytearray(path.read_bytes())
    for head, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        for match in re.finditer(re.escape(head), bytes(whole)):
            whole[match.start() + offset] |= bit
    path.write_bytes(whole)
    return path


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    path = _marked(_with_export(tmp_path / "export.zip"), 1)
    assert "encrypted" in refused(path).reason
    assert "password" in refused(path).fix


@pytest.mark.parametrize("name", [
    "../evil.json", "general/../../evil.json", "/etc/evil.json", "C:\\evil.json", "..\\evil.json",
    "general/../../../evil.json",
])  # fmt: skip
def test_a_zip_that_points_outside_is_refused(tmp_path: Path, name: str) -> None:
    error = refused(_with_export(tmp_path / "export.zip", **{name: b"[]"}))
    assert "outside" in error.reason


def test_a_zip_bomb_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        file.writestr("users.json", "[]")
        file.writestr("channels.json", json.dumps([GENERAL]))
        with file.open("general/1.json", "w", force_zip64=True) as member:
            for _ in range(70):
                member.write(bytes(16 << 20))
    assert "bomb" in refused(path).reason


def test_a_zip_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    path = _with_export(tmp_path / "export.zip", **{"general/2.json": bytes(50_000_000)})
    whole = path.read_bytes().replace(struct.pack("<I", 50_000_000), struct.pack("<I", 1000))
    path.write_bytes(whole)
    assert "general/2.json" in refused(path).reason


def test_a_gzip_bomb_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    folder.mkdir()
    block = gzip.compress(bytes(16 << 20), 9)
    (folder / "C0ROOTS01.json.gz").write_bytes(block * 70)
    assert "bomb" in refused(folder).reason


def test_names_without_the_flag_of_utf_8_are_read_right(tmp_path: Path) -> None:
    name = "잡담방".encode()
    placeholder = "Z" * len(name)
    path = tmp_path / "export.zip"
    listed = [GENERAL, {"id": "C0ROOTS02", "name": name.decode()}]
    _zip(path, **{"users.json": b"[]", "channels.json": json.dumps(listed).encode(),
                  f"{placeholder}/1.json": json.dumps([said(1)]).encode()})  # fmt: skip
    path.write_bytes(path.read_bytes().replace(placeholder.encode(), name))
    report = take(tmp_path, path)
    assert (report.left_out, report.quarantined) == (0, 0)
    assert ask(tmp_path, "SELECT channel_id FROM messages") == [("C0ROOTS02",)]


def test_an_export_inside_a_folder_of_the_zip(tmp_path: Path) -> None:
    lists = {"users.json": b"[]", "channels.json": json.dumps([GENERAL]).encode(),
             "general/1.json": json.dumps([said(1)]).encode()}  # fmt: skip
    path = _zip(tmp_path / "a.zip", **{f"My export/{name}": each for name, each in lists.items()},
                **{"__MACOSX/._users.json": b"x"})  # fmt: skip
    assert take(tmp_path, path).added == 1


def test_private_folders_of_a_full_export_stay_out(tmp_path: Path) -> None:
    folder = export(tmp_path / "export", day=[said(1, text="<#G0SECRET1|x> <#C0ROOTS01|>")])
    (folder / "groups.json").write_text('[{"id": "G0SECRET1", "name": "board"}]')
    (folder / "dms.json").write_text('[{"id": "D0SECRET1", "members": ["U0CEDAR01"]}]')
    (folder / "mpims.json").write_text('[{"id": "G0SECRET2", "name": "mpdm-a--b-1"}]')
    for name in ("board", "D0SECRET1", "mpdm-a--b-1", "unlisted"):
        (folder / name).mkdir()
        (folder / name / "1.json").write_text(json.dumps([said(2, text="whisper")]))
    report = take(tmp_path, folder)
    assert (report.added, report.left_out) == (1, 4)
    referred = ask(tmp_path, "SELECT mentioned_channel_id FROM mentions ORDER BY position")
    assert referred == [(None,), ("C0ROOTS01",)]


def test_a_folder_that_is_public_in_one_list_only_stays_out_in_any_order(tmp_path: Path) -> None:
    """Definitions: the order of arrival never matters. A channel that turned private, imported from
    an export before that and from one after."""
    old = export(tmp_path / "old", day=[said(1)])
    new = export(tmp_path / "new", day=[said(2, text="<#C0ROOTS01|>")])
    (new / "channels.json").write_text('[{"id": "C0ROOTS09", "name": "plants"}]')
    (new / "groups.json").write_text(json.dumps([{**GENERAL, "is_private": True}]))
    (new / "plants").mkdir()
    (new / "plants/1.json").write_text(json.dumps([said(3, text="see <#C0ROOTS01|general>")]))
    left: list[list[tuple[Any, ...]]] = []
    for number, order in enumerate(((old, new), (new, old))):
        home = tmp_path / str(number)
        for folder in order:
            take(home, folder)
        left.append(ask(home, "SELECT channel_id, ts FROM messages ORDER BY ALL"))
        left[-1] += ask(home, "SELECT mentioned_channel_id, ts FROM mentions")
    assert left[0] == left[1] == [("C0ROOTS09", "1500000003.000100"), (None, "1500000003.000100")]


def test_a_reference_to_a_private_channel_goes_once_that_is_known(tmp_path: Path) -> None:
    """Definitions: the order of arrival never matters. A public export, then a full one."""
    public = export(tmp_path / "public", day=[said(1, text="see <#G0SECRET1|board>")])
    full = export(tmp_path / "full", day=[said(1, text="see <#G0SECRET1|board>")])
    (full / "groups.json").write_text('[{"id": "G0SECRET1", "name": "board"}]')
    left: list[list[tuple[Any, ...]]] = []
    for number, order in enumerate(((public, full), (full, public), (full,))):
        for folder in order:
            take(tmp_path / str(number), folder)
        left.append(ask(tmp_path / str(number), "SELECT mentioned_channel_id FROM mentions"))
    assert left[0] == left[1] == left[2] == [(None,)]


def test_an_empty_gzip_and_a_cut_one_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    folder.mkdir()
    (folder / "C0ROOTS01.json.gz").write_bytes(gzip.compress(b"{}" * 1000)[:-9])
    assert "damaged" in refused(folder).reason
    (folder / "C0ROOTS01.json.gz").write_bytes(zlib.compress(b"{}"))
    assert "damaged" in refused(folder).reason


def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "other.sqlite") as database:
        database.execute("CREATE TABLE other (x)")
    database.close()
    assert "no archive by slackdump" in refused(tmp_path / "other.sqlite").reason


def test_a_damaged_dump_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "dump"
    folder.mkdir()
    (folder / "C0ROOTS01.json").write_text('{"channel_id": "C0ROOTS01", "messages": [')
    assert "damaged" in refused(folder).reason


def test_one_importing_of_each_archive_is_like_two(shared_data: Shared, tmp_path: Path) -> None:
    for name in ("slackdump/source_export_dir", "slackdump/source_dump_dir", "events-clojurians",
                 "history-pages-archlinuxjp", "slackdump/source_archive"):  # fmt: skip
        home = tmp_path / name
        first = take(home, shared_data(name))
        again = take(home, shared_data(name))
        assert (again.added, again.updated) == (0, 0), name
        assert again.rows == first.rows, name
        assert open_archive(shared_data(name)).title == first.archive
