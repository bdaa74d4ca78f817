"""What is kept of letters: by whose names, for how long, and what people see of it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace
from posting import NOW, Office, grove, letter, office

from hubbub.errors import HubbubError
from hubbub.flows.auditing import read_log
from hubbub.flows.erasing import forget, retain_now
from hubbub.flows.rotating import begin_after_loss, rotate
from hubbub.flows.workspace import keys_of
from hubbub.metrics.catalog import Catalog
from hubbub.metrics.run import Runner
from hubbub.metrics.small_groups import TooFewMembers
from hubbub.stores import duckdb as store


def bytes_of(home: Path) -> bytes:
    """All that lies in a home."""
    return b"\n".join(path.read_bytes() for path in sorted(home.rglob("*")) if path.is_file())


def rows(here: Office, **given: str) -> list[dict[str, object]]:
    """The metric of what was sent."""
    catalog = Catalog(Path("no-pack"))
    with store.reading(here.settings.store) as session:
        runner = Runner(session, catalog, "UTC", smallest_group=1)
        as_of = datetime.fromtimestamp(NOW + 3600, UTC).isoformat()
        query = runner.prepare(catalog.metric("deliveries"), {"as_of": as_of, **given})
        return runner.run(query).to_pylist()


def test_the_metric_says_who_was_sent_what(tmp_path: Path) -> None:
    with office(grove(), tmp_path) as here:
        with store.writing(here.settings.store) as connection:
            connection.execute(
                "INSERT INTO store.users (user_id, display_name) VALUES ('U001', 'Olive');"
                "INSERT INTO store.channels (channel_id, name, kind) "
                "VALUES ('C1', 'general', 'public')"
            )
        here.simulator.acts.deactivate("U002")
        here.send([letter("U001", pictures=2), letter("U002"), letter("C1", report="year")])
        told = [
            (row["recipient"], row["report"], row["period"], row["state"], row["reason"],
             row["pictures"])
            for row in rows(here)
        ]  # fmt: skip
        assert sorted(told, key=str) == [
            ("#general", "year", "2026-08", "sent", None, 0),
            ("Olive", "month", "2026-08", "sent", None, 2),
            ("U002", "month", "2026-08", "skipped", "user_disabled", 0),
        ]
        assert [row["user_id"] for row in rows(here, member="U001")] == ["U001"]
        assert [row["channel_id"] for row in rows(here, channel="C1")] == ["C1"]
        times = [row["changed_at"] for row in rows(here)]
        assert times == sorted(times, key=str, reverse=True)


def test_where_small_groups_are_kept_back_nobody_is_named(tmp_path: Path) -> None:
    with office(grove(), tmp_path, preset="strict") as here:
        here.send([letter("U001")])
        catalog = Catalog(Path("no-pack"))
        with store.reading(here.settings.store) as session:
            runner = Runner(session, catalog, "UTC", smallest_group=5)
            with pytest.raises(TooFewMembers):
                runner.prepare(catalog.metric("deliveries"), {})


def test_under_pseudonyms_no_id_of_a_member_is_on_the_disk(tmp_path: Path) -> None:
    with office(grove(), tmp_path, preset="strict") as here:
        here.simulator.faults.add(
            "conversations.open", error="user_disabled", given={"users": "U003"}
        )
        here.simulator.faults.add("files.completeUploadExternal", status=500, after=True)
        here.send([letter("U001"), letter("U002", pictures=1), letter("U003")])
        assert here.arrived().total() == 2
        kept = bytes_of(tmp_path)
        for user_id in ("U001", "U002", "U003"):
            assert user_id.encode() not in kept
        for channel in here.simulator.workspace.channels:
            if channel["is_im"]:  # it leads to the member as well as the id does
                assert channel["id"].encode() not in kept
        keys = keys_of(here.settings)
        assert set(here.states()) == {
            keys.pseudonym("member", each) for each in ("U001", "U002", "U003")
        }
        assert here.send([letter("U001"), letter("U002", pictures=1)]).already == 2


def test_a_policy_that_was_made_stricter_takes_ids_out_of_the_ledger(tmp_path: Path) -> None:
    with office(grove(), tmp_path) as here:
        here.send([letter("U002")])
        here.settings = replace(here.settings, privacy={"preset": "strict"})
        assert here.send([letter("U002")]).already == 1
        assert b"U002" not in here.settings.ledger.read_bytes()


def test_new_keys_call_members_otherwise_and_know_their_letters_again(tmp_path: Path) -> None:
    with office(grove(), tmp_path, preset="strict") as here:
        here.send([letter("U001"), letter("U002")])
        before = set(here.states())
        rotate(here.settings)
        keys = keys_of(here.settings)
        after = {keys.pseudonym("member", each) for each in ("U001", "U002")}
        assert set(here.states()) == after
        assert not after & before
        assert not [each for each in before if each.encode() in here.settings.ledger.read_bytes()]
        assert {row[0] for row in here.table()} == after
        assert here.send([letter("U001"), letter("U002"), letter("U003")]).already == 2
        assert {row[0] for row in here.table()} == after | {keys.pseudonym("member", "U003")}


def test_with_lost_keys_nothing_is_sent_until_somebody_decides(tmp_path: Path) -> None:
    with office(grove(), tmp_path) as here:
        here.send([letter("U002")])
        here.settings.key.unlink()
        begin_after_loss(here.settings)
        with pytest.raises(HubbubError, match="made with other keys") as caught:
            here.send([letter("U002")])
        assert "second time" in caught.value.fix
        assert here.arrived().total() == 1


def test_who_is_forgotten_goes_from_the_ledger_and_is_not_written_to_again(tmp_path: Path) -> None:
    with office(grove(), tmp_path) as here:
        here.send([letter("U001"), letter("U002")])
        forget(here.settings, "U002")
        assert b"U002" not in here.settings.ledger.read_bytes()
        assert [row[0] for row in here.table()] == ["U001"]
        assert [each.state for each in here.ledger()] == ["sent", "sent"], "it stays known"
        here.send([letter("U003")])
        assert [row[0] for row in here.table()] == ["U001", "U003"]


def test_who_is_forgotten_while_letters_are_sent_is_not_noted(tmp_path: Path) -> None:
    with office(grove(), tmp_path) as here:
        told: list[object] = []

        def meanwhile(status: object) -> None:
            if not told:
                forget(here.settings, "U001")
            told.append(status)

        here.send([letter("U001"), letter("U002")], on_progress=meanwhile)
        assert [row[0] for row in here.table()] == ["U002"]
        assert b"U001" not in here.settings.ledger.read_bytes()


def test_for_whom_old_letters_were_is_forgotten_with_the_rows(tmp_path: Path) -> None:
    privacy = {"preset": "open", "row_days": 30}
    with office(grove(), tmp_path) as here:
        here.settings = replace(here.settings, privacy=privacy)
        here.send([letter("U001")])
        here.simulator.clock.advance(20 * 86_400)
        here.send([letter("U002")])
        retain_now(here.settings, datetime.fromtimestamp(NOW, UTC) + timedelta(days=35))
        assert [each.recipient for each in here.ledger()] == ["", "U002"]
        assert [row[0] for row in here.table()] == ["U002"]
        assert here.send([letter("U001")]).already == 1, "it is known to be sent all the same"


def test_the_audit_log_says_that_letters_were_sent_before_they_are(tmp_path: Path) -> None:
    with office(grove(), tmp_path) as here:
        seen: list[list[str]] = []

        def look(_: object) -> None:
            entries = read_log(here.settings, None, ["deliver"]).entries
            seen.append([f"{each.what} {each.details['outcome']}" for each in entries])

        here.send([letter("U001"), letter("U002"), letter("U003", report="year")], on_progress=look)
        assert seen[0] == ["month begun", "year begun"]
        begun, _, done = read_log(here.settings, None, ["deliver"]).entries
        assert (begun.details["letters"], begun.details["period"]) == (2, "2026-08")
        assert (done.details["outcome"], done.details["sent"]) == ("done", 3)
        assert "U00" not in json.dumps([begun.details, done.details])


def test_what_cannot_be_noted_in_the_audit_log_is_not_sent(tmp_path: Path) -> None:
    with office(grove(), tmp_path) as here:
        here.send([letter("U001")])
        here.settings.audit.chmod(0o400)
        here.settings.audit.rename(tmp_path / "elsewhere")
        here.settings.audit.mkdir()
        with pytest.raises(HubbubError, match="audit log"):
            here.send([letter("U002")])
        assert here.arrived().total() == 1


def test_the_store_learns_later_what_it_could_not_be_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object) -> None:
        raise HubbubError("The store is busy.", "Try again.")

    with office(grove(), tmp_path) as here:
        with monkeypatch.context() as patch:
            patch.setattr("hubbub.flows.delivering.tell_store", busy)
            with pytest.raises(HubbubError, match="busy"):
                here.send([letter("U001")])
        here.send([letter("U002")])
        assert [row[0] for row in here.table()] == ["U001", "U002"]


def test_a_damaged_ledger_stops_everything(tmp_path: Path) -> None:
    with office(grove(), tmp_path) as here:
        here.settings.folder.mkdir(parents=True)
        here.settings.ledger.write_bytes(b"no ledger" * 1000)
        with pytest.raises(HubbubError, match="damaged"):
            here.send([letter("U001")])
        assert not here.arrived()
