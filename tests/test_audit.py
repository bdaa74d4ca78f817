"""The audit log: what is noted, that it holds nothing of people, and that no change goes unseen."""

import errno
import hashlib
import hmac
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from hubbub.errors import HubbubError, UsageError
from hubbub.flows.asking import ask
from hubbub.flows.auditing import audit_of, audited, read_log, shape_of
from hubbub.flows.collecting import collect
from hubbub.flows.drawing import draw_chart
from hubbub.flows.exporting import export_bundle, export_metrics, export_network
from hubbub.flows.importing import import_archive
from hubbub.flows.measuring import measure
from hubbub.metrics.catalog import Catalog
from hubbub.privacy.audit import Audit, Plain, Verdict
from hubbub.privacy.policy import policy_of
from hubbub.settings import Settings
from hubbub.slack.api import Slack, Token
from tests.invented import SECRETS, write_export
from tests.simulator.local_slack import empty
from tests.test_cli import hubbub


def made_audit(folder: Path, entries: int = 0) -> Audit:
    """A log of some entries, about numbers."""
    (folder / "keys").mkdir(parents=True)
    audit = Audit(folder / "audit.jsonl", folder / "keys", "default")
    for number in range(1, entries + 1):
        audit.record("read", "totals", rows=number)
    return audit


@pytest.fixture
def audit(tmp_path: Path) -> Audit:
    return made_audit(tmp_path, entries=6)


def head_file(audit: Audit) -> Path:
    return audit.file.parent / "keys" / "default.audit-head"


def key_file(audit: Audit) -> Path:
    return audit.file.parent / "keys" / "default.audit-key"


def lines(audit: Audit) -> list[bytes]:
    return audit.file.read_bytes().splitlines(keepends=True)


def found(verdict: Verdict) -> list[tuple[str, str]]:
    """Where something is wrong, and with it the first words of what."""
    problems = [each for each in verdict.findings if each.state == "problem"]
    assert all(each.fix for each in verdict.findings)
    return [(each.check, each.found.partition(":")[0].partition(",")[0]) for each in problems]


# The chain


def test_an_untouched_log_is_sound(audit: Audit) -> None:
    verdict = audit.verify()
    assert (verdict.is_sound, verdict.entries, verdict.findings) == (True, 6, [])
    assert [entry.details for entry in audit.entries()] == [{"rows": n} for n in range(1, 7)]
    assert [entry.number for entry in audit.entries()] == [1, 2, 3, 4, 5, 6]


def test_the_chain_is_the_hmac_of_what_stands_before_it(audit: Audit) -> None:
    key, after = key_file(audit).read_bytes(), "0" * 64
    for line in lines(audit):
        entry = json.loads(line)
        body = line.rpartition(b',"chain":')[0]
        expected = hmac.new(key, b"audit entry\0" + body, hashlib.sha256).hexdigest()
        assert (entry["chain"], entry["after"]) == (expected, after)
        after = expected


def test_a_log_that_never_was_is_no_finding(tmp_path: Path) -> None:
    audit = made_audit(tmp_path)
    assert not audit.has_begun
    assert audit.verify() == Verdict(0, None, [])
    assert list(audit.entries()) == []
    assert not audit.file.exists()


def test_files_of_the_log_are_for_their_owner_alone(audit: Audit) -> None:
    for file in (audit.file, head_file(audit), key_file(audit)):
        assert file.stat().st_mode & 0o777 == 0o600


# Tampering


def edited(audit: Audit) -> None:
    audit.file.write_bytes(audit.file.read_bytes().replace(b'"rows":3', b'"rows":8'))


def edited_and_recomputed(audit: Audit) -> None:
    """Someone without the key chains all anew, with a hash and with a key of their own."""
    after, out = "0" * 64, b""
    for line in lines(audit):
        body = line.rpartition(b',"chain":')[0].replace(b'"rows":3', b'"rows":8')
        body = body.rpartition(b',"after":')[0] + f',"after":"{after}"'.encode()
        after = hmac.new(b"guessed", b"audit entry\0" + body, hashlib.sha256).hexdigest()
        out += body + f',"chain":"{after}"}}\n'.encode()
    audit.file.write_bytes(out)


def middle_deleted(audit: Audit) -> None:
    audit.file.write_bytes(b"".join(lines(audit)[:2] + lines(audit)[4:]))


def first_deleted(audit: Audit) -> None:
    audit.file.write_bytes(b"".join(lines(audit)[1:]))


def inserted(audit: Audit) -> None:
    copy = lines(audit)[2].replace(b'"rows":3', b'"rows":9')
    audit.file.write_bytes(b"".join([*lines(audit)[:3], copy, *lines(audit)[3:]]))


def repeated(audit: Audit) -> None:
    audit.file.write_bytes(b"".join([*lines(audit)[:4], lines(audit)[1], *lines(audit)[4:]]))


def reordered(audit: Audit) -> None:
    one, two, three, four, *rest = lines(audit)
    audit.file.write_bytes(b"".join([one, two, four, three, *rest]))


def cut(audit: Audit) -> None:
    audit.file.write_bytes(b"".join(lines(audit)[:4]))


def cut_within_a_line(audit: Audit) -> None:
    os.truncate(audit.file, audit.file.stat().st_size - 30)


def emptied(audit: Audit) -> None:
    audit.file.write_bytes(b"")


def removed(audit: Audit) -> None:
    audit.file.unlink()


def last_edited(audit: Audit) -> None:
    audit.file.write_bytes(audit.file.read_bytes().replace(b'"rows":6', b'"rows":8'))


def blank_line_put_in(audit: Audit) -> None:
    audit.file.write_bytes(b"".join([*lines(audit)[:3], b"\n", *lines(audit)[3:]]))


CUT = "missing"
STRANGE = "not as Hubbub wrote it"
TAMPERINGS = [
    (edited, [("line 3", STRANGE)]),
    (edited_and_recomputed, [("lines 1–6", STRANGE)]),
    (middle_deleted, [("entries 3–4", "missing before line 3")]),
    (first_deleted, [("entry 1", "missing before line 1")]),
    (inserted, [("line 4", STRANGE)]),
    (repeated, [("entry 2", "stands again")]),
    (reordered, [("entry 3", "missing before line 3"), ("entry 3", "stands again")]),
    (cut, [("entries 5–6", CUT)]),
    (cut_within_a_line, [("entry 6", CUT)]),
    (emptied, [("entries 1–6", CUT)]),
    (removed, [("entries 1–6", CUT)]),
    (last_edited, [("line 6", STRANGE)]),
    (blank_line_put_in, [("line 4", STRANGE)]),
]


@pytest.mark.parametrize(
    ("tamper", "expected"), TAMPERINGS, ids=[tamper.__name__ for tamper, _ in TAMPERINGS]
)
def test_tampering_is_found_and_named(
    audit: Audit, tamper: Callable[[Audit], None], expected: list[tuple[str, str]]
) -> None:
    tamper(audit)
    assert found(audit.verify()) == expected


@pytest.mark.parametrize("tamper", [each for each, _ in TAMPERINGS], ids=lambda each: each.__name__)
def test_work_that_goes_on_hides_no_tampering(
    audit: Audit, tamper: Callable[[Audit], None]
) -> None:
    tamper(audit)
    for rows in (7, 8):
        audit.record("read", "totals", rows=rows)
    verdict = audit.verify()
    assert not verdict.is_sound
    # what was written since is part of the chain: it follows the head, not what was left
    assert verdict.head is not None
    assert verdict.head.number == 8
    assert [entry.details["rows"] for entry in audit.entries()][-2:] == [7, 8]


def test_an_older_copy_in_place_of_the_log_is_found(audit: Audit) -> None:
    older = audit.file.read_bytes()
    audit.record("erase", "member", member="U1")
    audit.file.write_bytes(older)
    assert found(audit.verify()) == [("entry 7", CUT)]


def test_a_kept_head_shows_that_log_and_head_were_both_put_back(audit: Audit) -> None:
    before = {file: file.read_bytes() for file in (audit.file, head_file(audit))}
    audit.record("erase", "member", member="U1")
    kept = f"All 7 entries are as they were written.\nhead {audit.verify().head}\n"
    assert audit.verify(kept).is_sound
    for file, content in before.items():
        file.write_bytes(content)
    assert audit.verify().is_sound  # on this machine alone nobody can tell
    assert found(audit.verify(kept)) == [("kept head 7", "the log ends at 6")]
    audit.record("read", "totals")  # another history from there on
    assert found(audit.verify(kept)) == [("kept head 7", "the entry of that number is another one")]


def test_genuine_entries_of_another_history_are_found(audit: Audit) -> None:
    """The same key wrote two logs that part after the sixth entry: one was put back in between."""
    before = {file: file.read_bytes() for file in (audit.file, head_file(audit))}
    audit.record("erase", "member", member="U1")
    erased = lines(audit)[6]
    for file, content in before.items():
        file.write_bytes(content)
    audit.record("read", "totals")
    ours = lines(audit)[6]
    audit.file.write_bytes(before[audit.file] + erased)
    assert found(audit.verify()) == [("entry 7", "is another one than the head says")]
    audit.file.write_bytes(before[audit.file] + ours)
    audit.record("read", "totals")
    audit.file.write_bytes(before[audit.file] + erased + lines(audit)[7])
    assert found(audit.verify()) == [("entry 8", "does not follow entry 7")]


def test_an_earlier_kept_head_still_fits_the_log_that_went_on(audit: Audit) -> None:
    kept = str(audit.verify().head)
    audit.record("read", "totals")
    assert audit.verify(kept).is_sound
    with pytest.raises(HubbubError, match="no head"):
        audit.verify("six")


def test_a_kept_head_shows_that_everything_was_removed(audit: Audit) -> None:
    kept = str(audit.verify().head)
    for file in (audit.file, head_file(audit), key_file(audit)):
        file.unlink()
    assert found(audit.verify(kept)) == [("kept head 6", "the log ends at 0")]


def test_a_removed_head_is_found_and_stays_found(audit: Audit) -> None:
    cut(audit)
    head_file(audit).unlink()
    assert found(audit.verify()) == [("head", "the head is missing")]
    audit.record("read", "totals")
    assert found(audit.verify()) == [("entry 5", "the head was missing when it was written")]


def test_log_and_head_removed_with_the_key_left_is_found_and_stays_found(audit: Audit) -> None:
    removed(audit)
    head_file(audit).unlink()
    assert not audit.verify().is_sound
    audit.record("read", "totals")
    assert found(audit.verify()) == [("entry 1", "the head was missing when it was written")]


def test_a_head_that_someone_without_the_key_wrote_is_found(audit: Audit) -> None:
    cut(audit)
    chain = json.loads(lines(audit)[-1])["chain"]
    mac = head_file(audit).read_text().split()[1]
    head_file(audit).write_text(f"4:{chain} {mac}\n")
    assert found(audit.verify()) == [("head", "the head was not written by Hubbub")]
    audit.record("read", "totals")
    assert found(audit.verify()) == [("entry 5", "the head was forged when it was written")]


_NUMBERS = st.integers(0, 2**31)


@given(count=st.integers(1, 8), change=st.sampled_from(["flip", "remove", "repeat", "swap", "cut"]),
       first=_NUMBERS, second=_NUMBERS, bit=st.integers(0, 7), goes_on=st.booleans())  # fmt: skip
def test_no_change_goes_unseen(
    tmp_path_factory: pytest.TempPathFactory,
    count: int,
    change: str,
    first: int,
    second: int,
    bit: int,
    goes_on: bool,
) -> None:
    audit = made_audit(tmp_path_factory.mktemp("log"), entries=count)
    before, all_lines = audit.file.read_bytes(), lines(audit)
    content, one, two = bytearray(before), first % count, second % count
    if change == "flip":
        content[first % len(content)] ^= 1 << bit
    elif change == "cut":
        del content[first % len(content) :]
    else:
        if change == "remove":
            del all_lines[one]
        elif change == "repeat":
            all_lines.insert(two, all_lines[one])
        else:
            all_lines[one], all_lines[two] = all_lines[two], all_lines[one]
        content = bytearray(b"".join(all_lines))
    is_changed = bytes(content) != before
    audit.file.write_bytes(content)
    if goes_on:
        audit.record("read", "totals")
    assert audit.verify().is_sound is not is_changed


# Key


def test_without_its_key_a_log_is_neither_continued_nor_verified(audit: Audit) -> None:
    before = audit.file.read_bytes()
    key_file(audit).unlink()
    with pytest.raises(HubbubError, match="key of the audit log is lost") as raised:
        audit.record("read", "totals")
    assert "Restore it from your backup" in raised.value.fix
    with pytest.raises(HubbubError, match="key of the audit log is lost"):
        audit.verify()
    assert not key_file(audit).exists()
    assert audit.file.read_bytes() == before


def test_the_fix_for_a_lost_key_works(audit: Audit) -> None:
    key_file(audit).unlink()
    for file in (audit.file, head_file(audit)):
        file.rename(file.with_suffix(".old"))
    audit.record("read", "totals")
    assert (audit.verify().is_sound, audit.verify().entries) == (True, 1)


def test_an_emptied_log_gets_no_new_key(audit: Audit) -> None:
    key_file(audit).unlink()
    emptied(audit)
    with pytest.raises(HubbubError, match="lost"):
        audit.record("read", "totals")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_can_read_is_refused(audit: Audit, mode: int) -> None:
    before = audit.file.read_bytes()
    key_file(audit).chmod(mode)
    for use in (lambda: audit.record("read", "totals"), audit.verify):
        with pytest.raises(HubbubError, match="Other users") as raised:
            use()
        assert raised.value.fix == f"Close it: chmod 600 {key_file(audit)}"
    assert audit.file.read_bytes() == before
    key_file(audit).chmod(0o600)
    assert audit.verify().is_sound


def test_a_damaged_key_is_refused(audit: Audit) -> None:
    key_file(audit).write_bytes(b"short")
    with pytest.raises(HubbubError, match=r"audit key .* is damaged: 5 bytes instead of 32"):
        audit.record("read", "totals")


def test_another_key_verifies_nothing(audit: Audit) -> None:
    key_file(audit).write_bytes(bytes(32))
    assert ("lines 1–6", STRANGE) in found(audit.verify())


def test_keys_of_other_workspaces_are_never_met(tmp_path: Path) -> None:
    pseudonyms = {Settings(tmp_path, name).key for name in ("a", "a.audit", "a.audit-key")}
    audited(Settings(tmp_path, "a"), "read", "totals")
    assert {*(tmp_path / "keys").iterdir()}.isdisjoint(pseudonyms)


# Crashes


def test_an_entry_that_a_crash_kept_from_the_head_is_genuine(audit: Audit) -> None:
    head = head_file(audit).read_bytes()
    audit.record("read", "totals", rows=7)
    head_file(audit).write_bytes(head)  # as if killed before the head was written
    verdict = audit.verify()
    assert verdict.is_sound
    assert [(each.check, each.state) for each in verdict.findings] == [("entry 7", "note")]
    audit.record("read", "totals", rows=8)
    assert audit.verify().findings == []
    assert [entry.number for entry in audit.entries()] == [1, 2, 3, 4, 5, 6, 7, 8]


def test_a_line_that_was_cut_short_is_told_from_tampering_and_not_glued_to(audit: Audit) -> None:
    with audit.file.open("ab") as log:
        log.write(b'{"number":7,"at":"2026-')
    verdict = audit.verify()
    assert verdict.is_sound
    assert [(each.check, each.state) for each in verdict.findings] == [("last line", "note")]
    audit.record("read", "totals", rows=7)
    assert audit.verify().findings == []
    assert [entry.number for entry in audit.entries()] == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("left", ["empty log", "half a key", "key", "key and head"])
def test_a_log_whose_first_moment_was_cut_short_begins_all_the_same(
    tmp_path: Path, left: str
) -> None:
    audit = made_audit(tmp_path)
    unfinished = key_file(audit).with_name("default.audit-key.new")
    if left == "key and head":
        audit.record("read", "totals")
        key_file(audit).rename(unfinished)
        head_file(audit).write_bytes(b"")
    elif left != "empty log":
        unfinished.write_bytes(bytes(3 if left == "half a key" else 32))
    audit.file.write_bytes(b"")
    assert audit.verify() == Verdict(0, None, [])
    audit.record("read", "totals")
    assert (audit.verify().entries, audit.verify().findings) == (1, [])
    assert not unfinished.exists()


def fill(write: Callable[[], object]) -> None:
    """Write until the disk is full."""
    for _ in range(100_000):
        write()


def test_a_full_disk_refuses_what_it_cannot_note(mount: Callable[[str], Path]) -> None:
    folder = mount("size=256k")
    audit = made_audit(folder, entries=3)
    filler = (folder / "filler").open("wb", buffering=0)
    with pytest.raises(OSError, match="No space"):
        fill(lambda: filler.write(bytes(256)))
    with pytest.raises(HubbubError, match="No space") as raised:
        fill(lambda: audit.record("read", "totals", query=Plain("x" * 200)))
    noted = len(list(audit.entries()))
    assert "not done" in raised.value.fix
    assert (audit.verify().is_sound, audit.verify().entries) == (True, noted)
    filler.close()
    (folder / "filler").unlink()
    audit.record("read", "totals")
    assert (audit.verify().findings, audit.verify().entries) == ([], noted + 1)


def test_a_write_that_breaks_off_leaves_nothing(
    audit: Audit, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, before = os.write, audit.file.read_bytes()

    def half(descriptor: int, content: bytes) -> int:
        if len(content) < 100:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, content[: len(content) - 50])

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", half)
        with pytest.raises(HubbubError, match="No space left"):
            audit.record("read", "totals")
    assert audit.file.read_bytes() == before
    audit.record("read", "totals")
    assert audit.verify().findings == []


_WRITER = """
import sys
from pathlib import Path
from hubbub.privacy.audit import Audit
folder = Path(sys.argv[1])
audit = Audit(folder / "audit.jsonl", folder / "keys", "default")
print("begun", flush=True)
for number in range(int(sys.argv[2])):
    audit.record("read", "totals", rows=number)
"""


def writer(folder: Path, count: int) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-c", _WRITER, str(folder), str(count)],
                            stdout=subprocess.PIPE, text=True)  # fmt: skip


def test_processes_that_write_at_once_make_one_chain(tmp_path: Path) -> None:
    audit = made_audit(tmp_path)
    processes = [writer(tmp_path, 60) for _ in range(3)]
    for process in processes:
        process.communicate(timeout=60)
        assert process.returncode == 0
    verdict = audit.verify()
    assert (verdict.entries, verdict.findings) == (180, [])
    counted = [entry.details["rows"] for entry in audit.entries()]
    assert sorted(counted, key=str) == sorted([*range(60)] * 3, key=str)


def test_a_process_that_is_killed_anywhere_leaves_a_sound_log(tmp_path: Path) -> None:
    audit = made_audit(tmp_path)
    for round_number in range(6):
        process = writer(tmp_path, 1_000_000)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.01 + 0.013 * round_number)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
        assert audit.verify().is_sound
        audit.record("read", "totals")
        assert audit.verify().findings == []


# What is noted


@pytest.fixture(scope="module")
def community(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("community")
    settings = Settings(folder / "home", "default", privacy={"preset": "open"})
    import_archive(settings, write_export(folder / "olive-secret-export"))
    return settings


def last(settings: Settings, count: int = 1) -> list[tuple[str, str, dict[str, Any]]]:
    entries = list(audit_of(settings).entries())[-count:]
    return [(entry.action, entry.what, entry.details) for entry in entries]


def test_the_policy_is_noted_first_then_the_run_with_its_end(community: Settings) -> None:
    policy, begun, ended = list(audit_of(community).entries())[:3]
    assert (policy.action, policy.what) == ("policy", "first")
    assert policy.details["preset"] == "open"
    assert policy.details["smallest_group"] == 1
    assert (begun.action, begun.what, begun.details["outcome"]) == ("run", "import", "begun")
    assert begun.details["run"] == ended.details["run"]
    # of six messages one is in a private channel and one in a direct one, which nobody named
    assert {name: ended.details[name] for name in ("outcome", "added", "updated", "left_out")} == {
        "outcome": "done", "added": 4, "updated": 0, "left_out": 2,
    }  # fmt: skip


def test_a_run_that_fails_is_noted_as_failed(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "home", "default")
    settings.store.mkdir(parents=True)  # no store can be written there
    with pytest.raises((HubbubError, OSError)):
        import_archive(settings, write_export(tmp_path / "export"))
    (_, _, begun), (action, what, ended) = last(settings, 2)
    assert (action, what, ended["outcome"]) == ("run", "import", "failed")
    assert begun["run"] == ended["run"]
    assert ended["reason"]


def test_a_run_that_is_interrupted_is_noted_as_such(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "home", "default")

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_archive(settings, write_export(tmp_path / "export"), stop)
    ((_, _, ended),) = last(settings)
    assert (ended["outcome"], ended["reason"]) == ("interrupted", "KeyboardInterrupt")


def test_a_collection_is_noted_with_its_end(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "home", "default", privacy={"preset": "open"})
    simulator = empty()
    simulator.acts.post("C1", "U1", "hello")
    token = Token("user", "the test", simulator.add_token("user", "U1"))
    with simulator.serve():
        collect(settings, connection=(Slack(token, simulator.url), token), clock=simulator.clock)
    policy, begun, ended = audit_of(settings).entries()
    assert policy.action == "policy"
    assert (begun.action, begun.what, begun.details["token"]) == ("run", "collect", "user")
    assert begun.details["run"] == ended.details["run"]
    assert (ended.details["outcome"], ended.details["added"]) == ("done", 1)


def test_an_archive_that_is_none_begins_no_workspace(tmp_path: Path) -> None:
    with pytest.raises(HubbubError):
        import_archive(Settings(tmp_path / "home", "default"), tmp_path / "nothing")
    assert not (tmp_path / "home").exists()


def test_reading_nothing_begins_no_workspace(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "home", "default")
    for read in (
        lambda: measure(settings, "leaderboard", {}),
        lambda: ask(settings, "SELECT 1"),
        lambda: export_network(settings, {}, tmp_path / "out"),
        lambda: draw_chart(settings, "messages_per_day", {}, tmp_path / "a.png"),
    ):
        with pytest.raises(HubbubError, match="There is nothing in"):
            read()
    assert read_log(settings, None, ()).entries == []
    assert not settings.home.exists()


def test_reads_exports_and_drawings_are_noted(community: Settings, tmp_path: Path) -> None:
    measure(community, "leaderboard", {"since": "30 days", "as_of": "2026-03-05"})
    assert last(community) == [("read", "leaderboard", {"since": "30 days", "as_of": "2026-03-05"})]
    export_metrics(community, ["totals"], {}, tmp_path, "json")
    ((action, what, details),) = last(community)
    assert (action, what, details["form"], details["metrics"]) == (
        "export", "metrics", "json", "totals",
    )  # fmt: skip
    export_network(community, {}, tmp_path)
    ((action, what, network),) = last(community)
    assert (action, what) == ("export", "network")
    assert network["folder"] == details["folder"]
    export_bundle(community, [], {}, tmp_path, "csv")
    tables, metrics = last(community, 2)
    assert (tables[1], metrics[1], metrics[2]["metrics"]) == ("tables", "metrics", "all")
    assert tables[2]["folder"] == metrics[2]["folder"] == details["folder"]
    draw_chart(community, "messages_per_day", {"as_of": "latest"}, tmp_path / "a.svg")
    assert last(community) == [("draw", "messages_per_day", {"form": "svg", "as_of": "latest"})]
    assert audit_of(community).verify().is_sound


def test_a_query_is_noted_before_it_runs_even_if_it_fails(community: Settings) -> None:
    with pytest.raises(UsageError, match="olive"):  # DuckDB's error shows a value of the store
        ask(community, "SELECT CAST(name AS INTEGER) FROM users WHERE name = 'olive'")
    ((action, what, details),) = last(community)
    assert (action, what) == ("read", "sql")
    assert details["query"].startswith("SELECT CAST(name AS ")
    assert details["query"].endswith(" FROM users WHERE name = ?")


def test_what_cannot_be_noted_is_not_shown(
    community: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    for read in (
        lambda: measure(community, "leaderboard", {}),
        lambda: ask(community, "SELECT 1"),
        lambda: export_metrics(community, [], {}, tmp_path / "out", "csv"),
        lambda: draw_chart(community, "messages_per_day", {}, tmp_path / "a.png"),
        lambda: read_log(community, None, ()),
    ):
        with pytest.raises(HubbubError, match="audit log cannot be used"):
            read()
    assert not list(tmp_path.rglob("*.csv"))
    assert not (tmp_path / "a.png").exists()


def test_a_change_of_policy_is_noted_once_with_before_and_after(tmp_path: Path) -> None:
    audit = made_audit(tmp_path)
    strict = {"names": True, "only_channels": ("C1", "council")}
    policies = ["standard", "standard", "strict"]
    for preset in policies:
        audit.note_policy(policy_of(preset, **(strict if preset == "strict" else {})))
        audit.record("read", "totals")
    first, changed = [entry for entry in audit.entries() if entry.action == "policy"]
    assert (first.number, first.what, changed.number, changed.what) == (1, "first", 4, "changed")
    assert {name: value for name, value in changed.details.items() if name[:4] == "was_"} == {
        "was_preset": "standard",
        "was_only_channels": None,
        "was_only_channels_token": None,
        "was_text": "scrubbed",
        "was_links": "trimmed",
        "was_pseudonyms": False,
        "was_smallest_group": 1,
    }
    assert changed.details["only_channels"] == 2
    assert "council" not in audit.file.read_text()
    # as many channels, but another one
    audit.note_policy(policy_of("strict", names=True, only_channels=("C1", "garden")))
    *_, newest = audit.entries()
    assert newest.details["was_only_channels_token"] == changed.details["only_channels_token"]
    # the order in which they are named means nothing
    audit.note_policy(policy_of("strict", names=True, only_channels=("garden", "C1")))
    assert len(list(audit.entries())) == newest.number


def test_whoever_reads_under_another_policy_leaves_an_entry(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "home", "default", privacy={"preset": "open"})
    import_archive(settings, write_export(tmp_path / "export"))
    loosened = replace(settings, privacy={"preset": "open", "contacts": True})
    measure(loosened, "leaderboard", {})
    changed, read = list(audit_of(settings).entries())[-2:]
    assert (changed.action, changed.what, read.what) == ("policy", "changed", "leaderboard")
    assert (changed.details["was_contacts"], changed.details["contacts"]) == (False, True)


@pytest.mark.parametrize("entries_since", [0, 1, 500])
def test_the_last_policy_is_found_however_long_ago_it_was_noted(
    tmp_path: Path, entries_since: int
) -> None:
    audit = made_audit(tmp_path, entries=2)
    audit.note_policy(policy_of("standard"))
    for _ in range(entries_since):
        audit.record("read", "totals", query=Plain('looks like "action":"policy"' * 6))
    audit.note_policy(policy_of("standard"))
    audit.note_policy(policy_of("open"))
    whats = [entry.what for entry in audit.entries() if entry.action == "policy"]
    assert whats == ["first", "changed"]


@pytest.mark.parametrize("within", [1, 8, 16])
def test_the_last_policy_is_found_where_two_pieces_of_the_file_meet(
    audit: Audit, within: int
) -> None:
    """The log is read from its end in pieces of 64 KiB; one of them begins within the mark."""
    audit.note_policy(policy_of("standard"))
    mark = audit.file.read_bytes().index(b'"action":"policy"')
    wanted = mark + within + 65_536
    for number in range(200):
        audit.record("read", "totals", rows=10_000 + number)
    short = wanted - audit.file.stat().st_size
    audit.record("read", "totals", query=Plain("x"))
    one = audit.file.stat().st_size - (wanted - short) - 1
    audit.record("read", "totals", query=Plain("x" * (short - 2 * one - 1)))
    assert audit.file.stat().st_size == wanted
    count = len(list(audit.entries()))
    audit.note_policy(policy_of("standard"))
    assert len(list(audit.entries())) == count


# Nothing of people

CANARIES = ("olive", "Olive", "U1", "brämß", "council", "C1", "hush", "55501", "41110", "secret")


def test_nothing_that_names_people_is_in_the_log(community: Settings, tmp_path: Path) -> None:
    private = tmp_path / "olive hush"
    private.mkdir()
    picture = private / "hush.png"
    queries = [
        "SELECT 'olive', \"hush\", $$hush$$, E'hush' FROM users -- olive",
        "SELECT /* U1 */ name AS olive FROM users hush WHERE name LIKE '%hush%' OR 41110 = 55501",
        "SELECT * FROM messages WHERE user_id IN ('U1', 'Olive') AND text = 'unterminated hush",
        "SELECT hush(olive), 0x41110, 55501e10, :hush FROM brämß WHERE \"Olive\".x = 'ü'",
        "hush olive; 'U1",
    ]
    for query in queries:
        with suppress(UsageError):
            ask(community, query)
    window = {"since": "2026-03-01 olive", "as_of": "U1", "channel": "council", "hush": "hush",
              "member": "@olive", "what": "secret", "action": "secret"}  # fmt: skip
    for read in (
        lambda: measure(community, "leaderboard", window),
        lambda: measure(community, "coverage", {"channel": "hush"}),
        lambda: measure(community, "no_such_olive", {}),
        lambda: draw_chart(community, "messages_per_day", {"member": "olive"}, picture),
    ):
        with pytest.raises(UsageError):
            read()
    export_metrics(community, ["totals"], {"channel": "general"}, private, "csv")
    export_network(community, {}, private)
    audited(community, "deliver", "report for Olive", to="#council", outcome="sent to Olive",
            member="U1", text="hush 55501", channel="C1")  # fmt: skip
    audited(community, "erase", "member", member="@olive", reason="U1 asked")
    content = "\n".join(
        json.dumps([entry.actor, entry.action, entry.what, entry.details], ensure_ascii=False)
        for entry in audit_of(community).entries()
    )
    for canary in (*SECRETS, *CANARIES, str(tmp_path), "hush.png"):
        assert canary not in content, canary


def test_the_shape_of_a_query_keeps_what_is_not_of_people(community: Settings) -> None:
    catalog = Catalog(community.pack)
    for query, shape in {
        "SELECT count(*) FROM messages": "SELECT count(*) FROM messages",
        "select  text\nfrom messages -- why": "select text from messages",
        "SELECT kind FROM people_messages LIMIT 7": "SELECT kind FROM people_messages LIMIT ?",
        "SELECT 안녕 FROM users WHERE name='안'": "SELECT ? FROM users WHERE name=?",
        "SELECT(SELECT/**/kind/* U1 */)": "SELECT(SELECT kind )",
        "": "",
    }.items():
        assert shape_of(query, catalog) == shape
    assert len(shape_of("SELECT name, " * 1_000, catalog)) == 1_001


def test_the_same_person_has_the_same_token_and_another_workspace_another(tmp_path: Path) -> None:
    audits = [made_audit(tmp_path / name) for name in ("one", "two")]
    tokens: list[list[Any]] = []
    for audit in audits:
        audit.record("erase", "member", member="olive")
        audit.record("erase", "member", member="@olive")
        audit.record("erase", "member", member="bram")
        tokens.append([entry.details["member"] for entry in audit.entries()])
    one, two = tokens
    assert one[0] == one[1] != one[2]
    assert not {*one} & {*two}


# The verbs


@pytest.fixture
def home(tmp_path: Path) -> Path:
    done = hubbub("import", write_export(tmp_path / "export"), "--home", tmp_path / "home")
    assert done.returncode == 0, done.stderr
    return tmp_path / "home"


def test_verify_prints_the_head_and_takes_it_back(home: Path, tmp_path: Path) -> None:
    done = hubbub("audit", "verify", "--home", home)
    assert (done.returncode, done.stderr) == (0, "")
    said, head = done.stdout.splitlines()
    assert said == "All 3 entries are as they were written."
    assert head.startswith("head 3:")
    (tmp_path / "head.txt").write_text(done.stdout)
    for kept in (head, str(tmp_path / "head.txt")):
        assert hubbub("audit", "verify", "--head", kept, "--home", home).returncode == 0
    wrong = hubbub("audit", "verify", "--head", f"9:{'0' * 64}", "--home", home)
    assert wrong.returncode == 3
    assert "kept head 9: the log ends at 3" in wrong.stdout


def test_verify_names_what_is_wrong_and_exits_3(home: Path) -> None:
    log = home / "default" / "audit.jsonl"
    log.write_bytes(log.read_bytes().replace(b'"done"', b'"gone"'))
    done = hubbub("audit", "verify", "--home", home)
    assert done.returncode == 3
    assert "line 3: not as Hubbub wrote it" in done.stdout
    told = json.loads(hubbub("--json", "audit", "verify", "--home", home).stdout)
    assert told["entries"] == 2
    assert [each["check"] for each in told["findings"]] == ["line 3"]
    shown = hubbub("audit", "show", "--home", home)
    assert "see: hubbub audit verify" in shown.stderr


def test_verify_without_its_key_fails(home: Path) -> None:
    (home / "keys" / "default.audit-key").unlink()
    done = hubbub("audit", "verify", "--home", home)
    assert done.returncode == 1
    assert "key of the audit log is lost" in done.stderr
    refused = hubbub("show", "leaderboard", "--home", home)
    assert (refused.returncode, refused.stdout) == (1, "")


def test_a_workspace_without_a_log_says_so(tmp_path: Path) -> None:
    for verb in ("verify", "show"):
        done = hubbub("audit", verb, "--home", tmp_path / "home")
        assert done.returncode == 0
        assert "There is no audit log yet." in done.stdout + done.stderr
    assert not (tmp_path / "home").exists()


def test_show_is_noted_and_can_be_narrowed(home: Path) -> None:
    hubbub("show", "leaderboard", "--home", home, "--timezone", "Asia/Seoul")
    done = hubbub("audit", "--json", "show", "--home", home)
    rows = json.loads(done.stdout)
    assert [row["number"] for row in rows] == [1, 2, 3, 4, 5]
    assert [(row["action"], row["what"]) for row in rows[-2:]] == [
        ("read", "leaderboard"), ("read", "audit log"),
    ]  # fmt: skip
    runs = hubbub("audit", "show", "--action", "run", "--home", home).stdout.splitlines()
    assert len(runs) == 3
    assert runs[0].split() == ["number", "at", "who", "action", "what", "details"]
    assert "you" in runs[1]
    one = hubbub("audit", "show", "--limit", "1", "--format", "csv", "--home", home)
    head, row = one.stdout.splitlines()
    assert head == "number,at,actor,action,what,details"
    assert row.startswith("7,")
    none = hubbub("audit", "show", "--action", "erase", "--home", home)
    assert (none.stdout, none.stderr) == ("", "There is no such entry.\n")
    later = hubbub("audit", "show", "--since", "2150-01-01", "--format", "csv", "--home", home)
    assert later.stdout == "number,at,actor,action,what,details\n"
