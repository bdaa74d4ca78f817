"""An invented export with secrets planted wherever Slack lets people write, and a search that finds
them in whatever is made of it, whole or packed."""

import html
import io
import json
import sqlite3
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from tests.invented import message

_arrow: Any = pa
_parquet: Any = pq
Raw = dict[str, Any]

CARD, WIDE_CARD = "4929 1234 5678 9015", "4716 5432 1098 7653"
PEM_BODY = "MIIBOgIBAAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf9Cnzj4p4WGeKLs1Pt8Qu"

SECRETS = {
    # in texts: what the scrubber has to find
    "e-mail": "wanda.plain@postkasten.example",
    "e-mail in mailto": "hidden.twice@postkasten.example",
    "e-mail written out": "ingrid [at] postkasten [dot] net",
    "e-mail in an edit": "corrected.later@postkasten.example",
    "e-mail in a label": "behind.bar@postkasten.example",
    "phone abroad": "+44 20 7946 0958",
    "phone of the US": "(202) 555-0147",
    "phone of Korea": "010-9876-5432",
    "phone in tel": "+49 30 901820",
    "card": CARD,
    "card full-width": WIDE_CARD,
    "IBAN": "DE89 3704 0044 0532 0130 00",
    "SSN": "219-09-9999",
    "RRN": "900101-1234568",
    "IPv4": "203.0.113.77",
    "IPv6": "2001:db8:85a3::8a2e:370:7334",
    "MAC": "3c:22:fb:9a:1b:7d",
    "Slack token": "xoxb-" "210987654321-AbCdEfGhIjKlMnOp",
    "GitHub token": "ghp_" "Zx81kQw72Lm3Np45Rt69Uv80Ya12Bc34De56",
    "AWS key": "AKIA" "QZ7H2M4X9B3D6F8K",
    "Google key": "AIza" "SyD3kQw72Lm3Np45Rt69Uv80Ya12Bc34De5",
    "Stripe key": "sk_" "live_7Hq2Wm9Xz4Kp8Lr3Tn6Vb1Yc",
    "JWT": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJlLW9mLWNhbmFyeQ",
    "private key": PEM_BODY,
    "password in words": "Tr0ub4dor&Canary".replace("&", "_"),
    "password in Korean": "k4naria_bi-mil",
    "password of a link": "hunter2-of-the-link",
    "secret of a query": "q9f3c81d7e",
    "fragment of a link": "frag-7781-secret",
    "street": "4512 Larkspur Avenue",
    "Korean address": "서울특별시 강남구 테헤란로 152",
    "plate": "12가 3456",
    "passport": "M123A4567",
    # elsewhere: what no policy but open keeps
    "profile e-mail": "zebulon@quistgaard-family.example",
    "profile phone": "+1 503 555 0188",
    "profile title": "Keeper of the sealed ledger",
    "status": "at the clinic until Thursday",
    "profile field": "born under the orange comet",
    "attachment": "the attachment whispers marigold",
    "block": "the block mumbles periwinkle",
    "preview": "the preview betrays tamarind",
    "quarantined record": "the broken record sings vermilion",
    "quarantined type": "cobalt@kind-of-event.example",
    "private channel": "the council votes on heliotrope",
    "private topic": "topic of cardinals",
    "direct message": "between us, chartreuse",
    "group message": "the three of us, cerulean",
    "path of a group message": "mpdm-zquist--rpell--avanterpool-1",
    # where policies that keep names let people write what is no name
    "name of a bot": "deploy.bot@postkasten.example",
    "name of a member": "+82 10-2345-6789",
    "label of a group": "subteam.label@postkasten.example",
}  # fmt: skip

ZEB, ROW, ANN = "UZ7QCANARY1", "UZ7QCANARY2", "WZ7QCANARY3"
IDENTITIES = {
    ZEB, ROW, ANN, "zquist", "Zebulon Quistgaard", "Quistgaard", "Zeb the Quiet", "rpell",
    "Rowena Pellworth", "Pellworth", "avanterpool", "Annika Vanterpool", "Vanterpool", "밴터풀",
}  # fmt: skip
"""Ids, handles and names of the members: what `strict` keeps nowhere."""

GENERAL, GARDEN, COUNCIL, PAIR, THREE = (
    "CZ7QGENERAL",
    "CZ7QGARDEN1",
    "GZ7QCOUNCIL",
    "DZ7QPAIR001",
    "CZ7QTHREE01",
)
S = SECRETS


def _profile(real_name: str, display_name: str, **more: Any) -> Raw:
    return {"real_name": real_name, "display_name": display_name, "team": "TZ7Q", **more}


USERS: list[Raw] = [
    {"id": ZEB, "team_id": "TZ7Q", "name": "zquist", "tz": "Europe/Oslo", "is_bot": False,
     "is_primary_owner": True, "real_name": "Zebulon Quistgaard",
     "profile": _profile("Zebulon Quistgaard", "Zeb the Quiet", email=S["profile e-mail"],
                         phone=S["profile phone"], title=S["profile title"],
                         status_text=S["status"],
                         fields={"Xf1": {"value": S["profile field"], "alt": ""}})},
    {"id": ROW, "team_id": "TZ7Q", "name": "rpell", "tz": "Asia/Seoul", "is_bot": False,
     "profile": _profile("Rowena Pellworth", f"Rowena {S['name of a member']}")},
    {"id": ANN, "team_id": "TZ7Q", "name": "avanterpool", "is_bot": False,
     "profile": _profile("Annika Vanterpool", "밴터풀")},
]  # fmt: skip

_TOPIC = f"call the gate at {S['phone of the US']}"
CHANNELS: list[Raw] = [
    {"id": GENERAL, "name": "general", "is_channel": True, "is_general": True, "creator": ZEB,
     "created": 1772400000, "members": [ZEB, ROW, ANN],
     "topic": {"value": _TOPIC, "creator": ZEB, "last_set": 1772400001},
     "purpose": {"value": f"we meet at {S['street']}, Portland, OR 97201", "creator": ZEB,
                 "last_set": 1772400001}},
    {"id": GARDEN, "name": "garden", "is_channel": True, "creator": ROW, "created": 1772400000,
     "members": [ZEB, ROW], "topic": {"value": "", "creator": "", "last_set": 0},
     "purpose": {"value": "", "creator": "", "last_set": 0}},
]  # fmt: skip
GROUPS: list[Raw] = [
    {"id": COUNCIL, "name": "council", "is_group": True, "is_private": True, "creator": ZEB,
     "created": 1772400000, "members": [ZEB, ROW],
     "topic": {"value": S["private topic"], "creator": ZEB, "last_set": 1772400001}},
]  # fmt: skip
DMS: list[Raw] = [{"id": PAIR, "created": 1772400000, "members": [ZEB, ROW]}]
MPIMS: list[Raw] = [
    {"id": THREE, "name": S["path of a group message"], "is_mpim": True, "created": 1772400000,
     "creator": ZEB, "members": [ZEB, ROW, ANN]},
]  # fmt: skip


def _wide(text: str) -> str:
    """A text in full-width characters."""
    return "".join(chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else sign for sign in text)


WIDE = _wide(WIDE_CARD)

_LINES = [
    (ZEB, f"write to {S['e-mail']}, <@{ROW}>, or Rowena Pellworth"),
    (ROW, f"<mailto:{S['e-mail in mailto']}|{S['e-mail in mailto']}> "
          f"or {S['e-mail written out']}?"),
    (ANN, f"from abroad {S['phone abroad']}, here {S['phone of the US']}; "
          f"{S['phone of Korea']}으로"),
    (ZEB, f"<tel:{S['phone in tel'].replace(' ', '')}|{S['phone in tel']}>"),
    (ROW, f"my card {S['card']} and the other {WIDE}"),
    (ANN, f"pay to {S['IBAN']}; my SSN is {S['SSN']}, 주민번호 {S['RRN']}"),
    (ZEB, f"login from {S['IPv4']} and {S['IPv6']}, adapter {S['MAC']}"),
    (ROW, f"```\nSLACK={S['Slack token']}\nGH={S['GitHub token']}\n{S['AWS key']}\n```"),
    (ANN, f"`{S['Google key']}` `{S['Stripe key']}` {S['JWT']}"),
    (ZEB, f"-----BEGIN RSA PRIVATE KEY-----\n{S['private key']}\n-----END RSA PRIVATE KEY-----"),
    (ROW, f"password is {S['password in words']}"),
    (ANN, f"비밀번호는 {S['password in Korean']}"),
    (ZEB, f"<https://deploy:{S['password of a link']}@intra.example/app?token="
          f"{S['secret of a query']}#{S['fragment of a link']}|{S['e-mail in a label']}>"),
    (ROW, f"send it to {S['street']}, Portland, OR 97201; 주소: {S['Korean address']}"),
    (ANN, f"차량 {S['plate']}, passport no. {S['passport']}"),
    (ZEB, f"<!subteam^SZ7Q|@{S['label of a group']}> who waters the beans?"),
]  # fmt: skip

RECORD = (
    f"Backblast: {S['street']}\nDate: 2026-03-02\nQ: <@{ZEB}|zquist>\nPAX: Annika Vanterpool, "
    f"Zeb the Quiet, avanterpool, {S['e-mail']}\nCount: 4\n"
    f"FNGs: Rowena Pellworth\nWe paid with {S['card']}"
)
"""A post that is read into fields."""

FILE: Raw = {
    "id": "FZ7Q1", "created": 1772500000, "timestamp": 1772500000, "user": ZEB, "mode": "snippet",
    "name": f"keys {S['Stripe key']}.txt", "title": f"from {S['e-mail']}", "filetype": "text",
    "mimetype": "text/plain", "size": 12, "preview": S["preview"],
    "preview_highlight": f"<pre>{S['preview']}</pre>", "plain_text": S["preview"],
    "initial_comment": {"user": ZEB, "comment": S["card"]},
}  # fmt: skip


USER_GROUP: Raw = {
    "id": "SZ7Q", "team_id": "TZ7Q", "is_usergroup": True, "handle": "zquist",
    "name": f"Zebulon Quistgaard and {S['label of a group']}", "date_create": 1772500000,
    "date_update": 1772500000, "date_delete": 0, "description": f"write to {S['e-mail']}",
    "created_by": ZEB, "updated_by": ROW, "users": [ZEB, ROW], "user_count": 2,
}  # fmt: skip
"""No export has user groups; they come by the Web API and by events."""


def days_of_messages() -> dict[str, list[Any]]:
    """The messages by file of the export; half an hour between two."""
    general = [
        message(f"{1772442000 + 1800 * place}.000100", user, text)
        for place, (user, text) in enumerate(_LINES)
    ]
    general[0] |= {
        "thread_ts": general[0]["ts"], "reply_count": 1, "latest_reply": "1772442600.000200",
        "reactions": [{"name": "seedling", "users": [ROW, ANN], "count": 2}],
    }  # fmt: skip
    general[1] |= {
        "user_profile": _profile("Rowena Pellworth", "Rowena", name="rpell"),
        "attachments": [{"fallback": S["attachment"], "text": S["attachment"], "id": 1}],
        "blocks": [{"type": "rich_text", "elements": [{"type": "text", "text": S["block"]}]}],
    }
    general += [
        message("1772442600.000200", ROW, f"<@{ZEB}> no, {S['e-mail']}",
                thread_ts=general[0]["ts"], parent_user_id=ZEB),
        message("1772478000.000100", ZEB, "see the file", files=[FILE]),
        {"type": "message", "subtype": "bot_message", "ts": "1772478600.000100", "bot_id": "BZ7Q",
         "username": S["name of a bot"], "text": f"built with {S['AWS key']}",
         "bot_profile": {"id": "BZ7Q", "name": S["name of a bot"]}},
    ]  # fmt: skip
    edited = message("1772528400.000100", ROW, f"now {S['e-mail in an edit']}")
    garden = [
        edited | {"edited": {"user": ROW, "ts": "1772528460.000000"}},
        {"type": "message", "subtype": "message_changed", "ts": "1772528500.000000",
         "message": edited | {"edited": {"user": ROW, "ts": "1772528490.000000"}},
         "previous_message": message("1772528400.000100", ROW, f"was {S['e-mail']}")},
        message("1772528560.000100", ROW, RECORD),
        message("1772528600.000100", ANN, f"gone soon, {S['card']}"),
        {"type": "message", "subtype": "message_deleted", "ts": "1772528700.000000",
         "deleted_ts": "1772528600.000100",
         "previous_message": message("1772528600.000100", ANN, f"gone soon, {S['card']}")},
        {"type": "message", "ts": "no time", "user": ZEB, "text": S["quarantined record"]},
        {"type": S["quarantined type"], "ts": "1772528800.000000", "user": ZEB},
        S["quarantined record"],
    ]  # fmt: skip
    return {
        "general/2026-03-02.json": general,
        "garden/2026-03-03.json": garden,
        "council/2026-03-03.json": [message("1772532000.000100", ZEB, S["private channel"])],
        f"{PAIR}/2026-03-03.json": [
            message("1772535600.000100", ROW, S["direct message"]),
            {"type": "message", "ts": "?", "text": S["direct message"]},
        ],
        f"{S['path of a group message']}/2026-03-03.json": [
            message("1772535700.000100", ROW, S["group message"]),
            {"type": "message", "ts": "?", "text": S["group message"]},
        ],
    }


def write_planted(folder: Path) -> tuple[Path, Path]:
    """Write the export, as a folder and as a zip beside it."""
    lists = {"users": USERS, "channels": CHANNELS, "groups": GROUPS, "dms": DMS, "mpims": MPIMS}
    files: dict[str, Any] = {f"{name}.json": records for name, records in lists.items()}
    files |= days_of_messages()
    packed = folder.with_suffix(".zip")
    packed.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, records in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(records), encoding="utf-8")
            archive.write(path, name)
    return folder, packed


@dataclass
class Search:
    """Looks for words in bytes, and in what they are packed in."""

    words: Iterable[str]
    found: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    """Where, and which word."""
    _forms: dict[str, set[bytes]] = field(init=False)

    def __post_init__(self) -> None:
        self._forms = {word: _forms(word) for word in self.words}

    def folder(self, root: Path) -> "Search":
        """Look at all files of a folder, and at their names."""
        for path in sorted(root.rglob("*")):
            where = path.relative_to(root).as_posix()
            self.bytes(f"name of {where}", where.encode())
            if path.is_file():
                self.file(where, path)
        return self

    def file(self, where: str, path: Path) -> None:
        """Look at a file: at its bytes, then at what it holds."""
        content = path.read_bytes()
        self.bytes(where, content)
        for part in _unpacked(path, content):
            self.bytes(f"in {where}", part)

    def bytes(self, where: str, content: bytes) -> None:
        """Look at some bytes."""
        for word, forms in self._forms.items():
            if any(form in content for form in forms):
                self.found.add((where, word))

    @property
    def words_found(self) -> set[str]:
        """The words that were found anywhere."""
        return {word for _, word in self.found}


def _forms(word: str) -> set[bytes]:
    """A word as the formats have it, and a number as its digits alone."""
    forms = {word, json.dumps(word)[1:-1], html.escape(word), quote(word), word.lower(),
             word.replace(" ", "")}  # fmt: skip
    digits = "".join(sign for sign in word if sign.isdigit())
    if sum(sign.isalpha() for sign in word) == 0 and len(digits) >= 9:
        forms |= {digits, _wide(word), json.dumps(_wide(word))[1:-1]}
    return {each.encode() for each in forms} | {word.encode("utf-16-le")}


def _unpacked(path: Path, content: bytes) -> Iterator[bytes]:
    """All values of a file that is packed, by its first bytes."""
    if content[8:12] == b"DUCK":
        yield from _duckdb_values(path)
    elif content.startswith(b"SQLite format 3"):
        yield from _sqlite_values(path)
    elif content.startswith(b"ARROW1") and content.endswith(b"ARROW1"):
        # one that a crash has left without its end is not packed: its bytes were looked at
        yield from _arrow_values(_arrow.ipc.open_file(content))
    elif content.startswith(b"PAR1"):
        yield from _values(_parquet.read_table(io.BytesIO(content)))
    elif content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                inner = archive.read(name)
                yield from (name.encode(), inner)
                yield from _unpacked(Path(name), inner)


def _duckdb_values(path: Path) -> Iterator[bytes]:
    """Every column of every table, those that nobody is shown too, with what a crash left in the
    write-ahead log."""
    copy = path.with_name("copy-that-is-searched")
    beside = path.with_name(f"{path.name}.wal"), copy.with_name(f"{copy.name}.wal")
    copy.write_bytes(path.read_bytes())
    if beside[0].exists():
        beside[1].write_bytes(beside[0].read_bytes())
    try:
        with duckdb.connect(str(copy)) as connection:
            names = connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
            for (name,) in names:
                yield from _values(connection.sql(f'FROM "{name}"').to_arrow_table())
    finally:
        copy.unlink()
        beside[1].unlink(missing_ok=True)


def _sqlite_values(path: Path) -> Iterator[bytes]:
    with sqlite3.connect(path) as database:
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (name,) in tables:
            for row in database.execute(f'SELECT * FROM "{name}"'):
                for value in row:
                    if isinstance(value, bytes):
                        yield from _arrow_values(_arrow.ipc.open_stream(value))
                    else:
                        yield str(value).encode()


def _arrow_values(reader: Any) -> Iterator[bytes]:
    yield from _values(reader.read_all())


def _values(table: Any) -> Iterator[bytes]:
    for column in table.columns:
        yield "\n".join(map(str, column.to_pylist())).encode()
