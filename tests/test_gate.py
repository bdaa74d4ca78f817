"""Nothing passes the gate that the policy does not admit, whichever table it stands in."""

import ast
from pathlib import Path
from typing import Any

import pytest

from hubbub.core.batch import SEAL, Admitted, Batch, carries_copy
from hubbub.core.tables import TABLES, Column, Privacy, Type
from hubbub.errors import HubbubError, UsageError
from hubbub.flows.importing import import_archive
from hubbub.privacy.gate import Channel, Gate
from hubbub.privacy.keys import Keys, made_keys, read_keys
from hubbub.privacy.policy import PRESETS, policy_of
from hubbub.settings import Settings, load
from tests.invented import SECRETS, write_export
from tests.looking import looking

CHANNELS = {"C1": Channel("general", "public"), "G1": Channel("council", "private")}
KEYS = Keys((b"k" * 32,), 1, b"s" * 32)
SAMPLES: dict[Type, Any] = {Type.TEXT: "text", Type.INTEGER: 1, Type.FLAG: True, Type.INSTANT: 1}


def a_value(column: Column, channel_id: str) -> Any:
    if column.privacy is Privacy.CHANNEL:
        return channel_id
    if column.privacy in {Privacy.RAW, Privacy.OUTLINE}:
        return b"{}"
    return "https://example.org/a?b=c" if column.privacy is Privacy.LINK else SAMPLES[column.type]


def a_batch(table: str, channel_id: str) -> Batch:
    batch = Batch()
    values = tuple(a_value(column, channel_id) for column in TABLES[table].columns)
    batch.rows[table].append((*values, 0) if carries_copy(table) else values)
    return batch


@pytest.mark.parametrize("size", [1, 4096, 4097])
def test_columns_that_say_nothing_are_as_long_as_the_others(size: int) -> None:
    batch = Batch()
    row = ["C1" if each.privacy is Privacy.CHANNEL else None for each in TABLES["mentions"].columns]
    batch.rows["mentions"] += [(*row, copy) for copy in range(size)]
    rows = Gate(policy_of("open"), CHANNELS).admit(batch).tables["mentions"]
    assert rows.num_rows == size
    assert rows.column("channel_id").null_count == 0
    assert {rows.column(name).null_count for name in rows.column_names} == {0, size}


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("preset", PRESETS)
def test_a_column_whose_class_is_not_kept_is_empty_in_every_table(table: str, preset: str) -> None:
    policy = policy_of(preset, only_channels=("C1",))
    admitted = Gate(policy, CHANNELS, KEYS).admit(a_batch(table, "C1")).tables[table]
    for column in TABLES[table].columns:
        value = admitted.column(column.name)[0].as_py()
        if not policy.keeps(column.privacy):
            assert value is None, column.name
        elif column.privacy is Privacy.MEMBER and policy.pseudonyms:
            assert value == KEYS.pseudonym("member", "text")
        elif column.privacy is Privacy.LINK:
            kept = {"open": "https://example.org/a?b=c", "standard": "https://example.org/a"}
            assert value == kept.get(preset)


@pytest.mark.parametrize(
    "table",
    [name for name, table in TABLES.items()
     if any(column.privacy is Privacy.CHANNEL for column in table.columns)],
)  # fmt: skip
@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("channel_id", ["G1", "C9"])
def test_no_row_of_a_private_or_unknown_channel_passes(
    table: str, preset: str, channel_id: str
) -> None:
    gate = Gate(policy_of(preset), CHANNELS, KEYS)
    assert gate.admit(a_batch(table, channel_id)).tables[table].num_rows == 0


def test_a_private_channel_that_is_named_by_id_passes() -> None:
    gate = Gate(policy_of("standard", private_channels=("G1",)), CHANNELS)
    assert gate.admit(a_batch("messages", "G1")).tables["messages"].num_rows == 1


def test_a_private_channel_is_not_named_in_a_mention() -> None:
    batch = Batch()
    batch.rows["mentions"] = [
        ("C1", "1.0", 1, "channel", None, "G1", None, 0),
        ("C1", "1.0", 2, "channel", None, "C1", None, 0),
    ]
    mentions = Gate(policy_of("open"), CHANNELS).admit(batch).tables["mentions"]
    assert mentions.column("mentioned_channel_id").to_pylist() == [None, "C1"]


def test_only_the_gate_makes_admitted_rows() -> None:
    with pytest.raises(TypeError, match=r"privacy\.gate"):
        Admitted({}, copies=0, left_out=0, seal=object())
    source = Path(__file__).parents[1] / "src" / "hubbub"
    users = {
        path.relative_to(source).as_posix()
        for path in source.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Name) and node.id == "SEAL"
    }
    assert users == {"core/batch.py", "privacy/gate.py"}
    assert SEAL


def imported(folder: Path, preset: str, **privacy: Any) -> Settings:
    settings = Settings(folder / "home", "default", privacy={"preset": preset, **privacy})
    import_archive(settings, write_export(folder / "export"))
    return settings


def column_of(settings: Settings, query: str) -> list[Any]:
    with looking(settings.store) as connection:
        return [row[0] for row in connection.execute(query).fetchall()]


def test_open_keeps_texts_and_names_but_no_contacts_and_nothing_private(tmp_path: Path) -> None:
    settings = imported(tmp_path, "open")
    texts = column_of(settings, "SELECT text FROM messages")
    assert "a private word" in texts
    assert not {"closed doors", "between us"} & set(texts)
    assert column_of(settings, "SELECT DISTINCT email FROM users") == [None]
    assert "council" not in column_of(settings, "SELECT name FROM channels")


def test_open_admits_a_direct_message_by_id(tmp_path: Path) -> None:
    settings = imported(tmp_path, "open", direct_messages=["D1"])
    assert "between us" in column_of(settings, "SELECT text FROM messages")


def test_standard_shortens_links_also_where_they_stand_in_texts(tmp_path: Path) -> None:
    settings = imported(tmp_path, "standard")
    asked = column_of(settings, "SELECT text FROM messages WHERE is_question")
    assert asked == ["who brings <https://example.org/seeds|seeds>?"]
    assert column_of(settings, "SELECT words FROM messages WHERE is_question") == [3]
    assert column_of(settings, "SELECT url FROM links") == ["https://example.org/seeds"]


def test_strict_keeps_no_id_of_a_member_and_no_name(tmp_path: Path) -> None:
    settings = imported(tmp_path, "strict", only_channels=["general"])
    keys = read_keys(settings.key)
    authors = set(column_of(settings, "SELECT user_id FROM messages"))
    assert authors == {keys.pseudonym("member", user) for user in ("U1", "U2", "U3")}
    assert column_of(settings, "SELECT DISTINCT coalesce(name, real_name) FROM users") == [None]
    assert column_of(settings, "SELECT domain FROM links") == ["example.org"]
    assert column_of(settings, "SELECT url FROM links") == [None]


@pytest.mark.parametrize("preset", ["standard", "strict"])
def test_no_byte_of_the_home_holds_what_was_not_admitted(tmp_path: Path, preset: str) -> None:
    imported(tmp_path, preset)
    for path in (tmp_path / "home").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            for secret in SECRETS:
                kept = preset == "standard" and secret in {"Olive Example", "a private word"}
                assert kept or secret.encode() not in content, (path, secret)


@pytest.mark.parametrize(
    ("choices", "reason"),
    [
        ({"preset": "loose"}, "no privacy preset"),
        ({"preset": "strict", "direct_messages": ["D1"]}, "direct messages"),
        ({"preset": "standard", "text": "whole"}, "unscrubbed"),
        ({"preset": "strict", "raw": True}, "unscrubbed"),
        ({"preset": "open", "links": "short"}, "links"),
    ],
)
def test_a_policy_that_cannot_be_is_refused(choices: dict[str, Any], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        policy_of(**choices)


def test_a_key_that_others_can_read_or_that_is_damaged_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.key"
    keys = made_keys(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_keys(path) == keys == made_keys(path)
    path.chmod(0o644)
    with pytest.raises(HubbubError, match="chmod 600"):
        read_keys(path)
    path.chmod(0o600)
    whole = path.read_text()
    for damaged in ("short", whole[:-3], whole.replace("\n1 ", "\n3 x"), whole + "3 00\n"):
        path.write_text(damaged)
        with pytest.raises(HubbubError, match="damaged") as caught:
            read_keys(path)
        assert keys.steady.hex() not in str(caught.value)


def test_a_channel_that_turns_out_to_be_private_leaves_the_store(tmp_path: Path) -> None:
    settings = imported(tmp_path, "open")
    moved: dict[str, list[dict[str, Any]]] = {"garden/2026-03-04.json": []}
    later = write_export(tmp_path / "later", days=moved)
    (later / "channels.json").write_text('[{"id": "C1", "name": "general"}]')
    (later / "groups.json").write_text('[{"id": "C2", "name": "garden"}]')
    import_archive(settings, later)
    assert "C2" not in column_of(settings, "SELECT channel_id FROM messages")
    assert "C2" not in column_of(settings, "SELECT channel_id FROM channels")


def test_settings_take_flags_over_environment_over_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "default"
    folder.mkdir()
    (folder / "hubbub.toml").write_text('timezone = "Asia/Seoul"\n[privacy]\npreset = "strict"\n')
    monkeypatch.delenv("HUBBUB_PRIVACY", raising=False)
    monkeypatch.delenv("HUBBUB_TIMEZONE", raising=False)
    home = str(tmp_path)
    assert load(home).privacy == {"preset": "strict"}
    assert load(home).timezone == "Asia/Seoul"
    monkeypatch.setenv("HUBBUB_PRIVACY", "standard")
    assert load(home).privacy == {"preset": "standard"}
    assert load(home, preset="open", timezone="UTC").privacy == {"preset": "open"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('timezone = "Mars/Olympus"', "no time zone"),
        ("timezone = 3", "line 1: timezone is no str"),
        ('\ncolour = "red"', "line 2: unknown setting 'colour'"),
        ("[privacy]\npresent = 1", "line 2: unknown setting 'present'"),
        ("timezone =", "no TOML"),
    ],
)
def test_a_wrong_setting_is_named_with_its_line(tmp_path: Path, text: str, reason: str) -> None:
    folder = tmp_path / "default"
    folder.mkdir()
    (folder / "hubbub.toml").write_text(text)
    with pytest.raises(UsageError, match=reason):
        load(str(tmp_path))
