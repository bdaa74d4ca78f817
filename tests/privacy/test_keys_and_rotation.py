"""Pseudonyms: the same member is the same token everywhere, over rotations, until keys go."""

import hashlib
import hmac
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.pretty import pretty_repr

from hubbub.errors import HubbubError, UsageError
from hubbub.flows.erasing import forget
from hubbub.flows.rotating import begin_after_loss, destroy_old, rotate
from hubbub.flows.workspace import keys_of
from hubbub.privacy.keys import ENVIRONMENT, Keys, read_keys
from hubbub.settings import Settings
from hubbub.slack.api import Token
from tests.privacy.home import column, holding, imported, said, settings_of

MENTION = said("ask <@U1|olive> and <https://example.org/team/U0123ABCD/x>")
FIRST, SECOND = b"1" * 32, b"2" * 32


def by_hand(key: bytes, version: int, label: str, value: str) -> str:
    digest = hmac.new(key, f"{label}\0{value}".encode(), hashlib.sha256).hexdigest()
    return f"{label[0]}{version}_{digest[:24]}"


def test_a_pseudonym_is_made_of_that_of_the_version_before() -> None:
    keys = Keys((FIRST, SECOND), 2, b"s" * 32)
    first = by_hand(FIRST, 1, "member", "U1")
    assert Keys((FIRST,), 1, b"s" * 32).pseudonym("member", "U1") == first
    assert keys.pseudonym("member", "U1") == by_hand(SECOND, 2, "member", first)
    assert keys.renewed("member", first, 1) == keys.pseudonym("member", "U1")


def test_neither_keys_nor_tokens_are_shown() -> None:
    keys, token = Keys.new(), Token("bot", "SLACK_BOT_TOKEN", "of-nobody")
    for value, secret in (
        (keys, repr(keys.steady)),
        (keys, repr(keys.chain[0])),
        (token, token.value),
    ):
        shown = f"{value} {value!r} {[value]} {pretty_repr(value)} {pretty_repr([value])}"
        assert secret not in shown


@given(st.text(min_size=1))
def test_labels_keep_values_apart(value: str) -> None:
    keys = Keys((FIRST,), 1, b"s" * 32)
    tokens = [keys.pseudonym("member", value), keys.pseudonym("email", value), keys.refusal(value)]
    assert len({token.rpartition("_")[2][:24] for token in tokens}) == 3


def test_the_trace_that_knows_more_is_still_the_greater() -> None:
    keys = Keys((FIRST,), 1, b"s" * 32)
    outlines = [keys.outline(b"[%d,null]" % facts) for facts in (0, 2, 9, 10)]
    assert outlines == sorted(outlines)


def same_member_in_rows_and_texts(settings: Settings) -> str:
    """The pseudonym by which U1 is known, which is the same wherever U1 stands."""
    [author] = column(settings, "SELECT user_id FROM messages WHERE is_question")
    [text] = column(settings, "SELECT text FROM messages WHERE contains(text, 'ask')")
    assert text.startswith(f"ask <@{author}> and <https://example.org")
    assert author in column(settings, "SELECT user_id FROM users")
    assert author in column(settings, "SELECT user_id FROM mentions")
    assert author in column(settings, "SELECT user_id FROM memberships")
    return author


def test_a_rotation_keeps_the_history_in_one_piece(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "strict", text="scrubbed", links="trimmed")
    imported(settings, tmp_path, **{"2026_03_04": MENTION})
    before = same_member_in_rows_and_texts(settings)
    assert before.startswith("m1_")
    done = rotate(settings)
    assert (done.version, done.renewed) == (2, 3)
    after = same_member_in_rows_and_texts(settings)
    assert after == keys_of(settings).pseudonym("member", "U1")
    assert holding(settings.folder, "m1_", before) == []
    again = imported(settings, tmp_path, **{"2026_03_04": MENTION})
    assert (again.added, again.updated) == (0, 0)
    assert same_member_in_rows_and_texts(settings) == after


def test_a_rotation_that_is_stopped_half_way_is_finished_by_the_next_import(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(tmp_path, "strict", text="scrubbed")
    imported(settings, tmp_path, **{"2026_03_04": MENTION})

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("hubbub.flows.rotating.note_keys", killed)
        with pytest.raises(KeyboardInterrupt):
            rotate(settings)
    assert keys_of(settings).version == 2
    imported(settings, tmp_path, **{"2026_03_04": MENTION})
    assert same_member_in_rows_and_texts(settings).startswith("m2_")
    assert {user_id[:3] for user_id in column(settings, "SELECT user_id FROM messages")} == {"m2_"}


def test_a_refused_member_stays_refused_over_a_rotation(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "strict", text="scrubbed")
    imported(settings, tmp_path)
    forget(settings, "U1")
    rotate(settings)
    destroy_old(settings)
    assert imported(settings, tmp_path).added == 0


def test_destroying_the_old_keys_cuts_the_history_and_says_so(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "strict")
    imported(settings, tmp_path)
    rotate(settings)
    old = read_keys(settings.key)
    done = destroy_old(settings)
    # U1 with two messages, U2 and U3 with one each
    assert (done.version, done.parted) == (3, {2: (3, 4)})
    assert not any(key.hex() in settings.key.read_text() for key in old.chain)
    imported(settings, tmp_path, **{"2026_03_04": MENTION})
    versions = {user_id[:3] for user_id in column(settings, "SELECT user_id FROM messages")}
    assert versions == {"m2_", "m3_"}
    assert forget(settings, "U1").out_of_reach == 4


@pytest.mark.parametrize("preset", ["standard", "strict"])
def test_a_lost_key_file_stops_all_and_can_be_begun_anew(tmp_path: Path, preset: str) -> None:
    settings = settings_of(tmp_path, preset)
    imported(settings, tmp_path)
    forget(settings, "U1")
    with pytest.raises(UsageError, match="not lost"):
        begin_after_loss(settings)
    settings.key.unlink()
    for _ in range(2):
        with pytest.raises(HubbubError, match=r"keys of this workspace are lost.*\n.*after-loss"):
            imported(settings, tmp_path)
    assert not settings.key.exists()
    done = begin_after_loss(settings)
    assert done.refusals_lost == 1
    assert done.parted == ({1: (2, 2)} if preset == "strict" else {})
    assert imported(settings, tmp_path).added == 2  # those of U1, who is not known any more


def test_keys_of_another_workspace_are_refused(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "strict")
    imported(settings, tmp_path)
    settings.key.write_text(Keys.new().written())
    with pytest.raises(HubbubError, match="made with other keys"):
        imported(settings, tmp_path)


def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "strict")
    imported(settings, tmp_path)
    settings.key.chmod(0o640)
    with pytest.raises(HubbubError, match="chmod 600"):
        imported(settings, tmp_path)


def test_keys_may_come_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(tmp_path, "strict", text="scrubbed")
    first = Keys((FIRST,), 1, b"s" * 32).written()
    monkeypatch.setenv(ENVIRONMENT, first.replace("\n", ","))
    imported(settings, tmp_path, **{"2026_03_04": MENTION})
    assert not settings.key.exists()
    assert same_member_in_rows_and_texts(settings) == by_hand(FIRST, 1, "member", "U1")
    with pytest.raises(UsageError, match=ENVIRONMENT):
        rotate(settings)
    monkeypatch.setenv(ENVIRONMENT, f"{first}2 {SECOND.hex()}")
    imported(settings, tmp_path, **{"2026_03_04": MENTION})
    assert same_member_in_rows_and_texts(settings).startswith("m2_")
    monkeypatch.setenv(ENVIRONMENT, "nonsense")
    with pytest.raises(HubbubError, match="damaged"):
        imported(settings, tmp_path)


def test_an_address_that_is_asked_for_is_keyed_beside_pseudonyms(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "strict", contacts=True)
    imported(settings, tmp_path)
    keys = read_keys(settings.key)
    emails = column(settings, "SELECT email FROM users WHERE email IS NOT NULL")
    assert emails == [by_hand(keys.chain[0], 1, "email", "olive@example.org")]
