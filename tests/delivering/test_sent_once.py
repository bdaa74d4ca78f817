"""Lost answers, time-outs, refusals and deaths at every step: each letter arrives once.

What arrived is what the simulator's conversations hold, at every moment.
"""

import random
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from posting import NOW, Office, grove, letter, office

from hubbub.core.letters import Delivered, Letter
from hubbub.errors import DiskFull, HubbubError, TryAgain
from hubbub.flows.connecting import connect_bot
from hubbub.flows.delivering import deliver
from hubbub.simulator.clock import Clock
from hubbub.slack import api
from hubbub.slack.api import Slack
from hubbub.stores.deliveries import Delivery, Ledger

TEXT, UPLOAD = "chat.postMessage", "files.completeUploadExternal"
SHOWN = {0: TEXT, 1: UPLOAD, 2: UPLOAD}
"""The call that shows a letter, by its pictures."""


@pytest.fixture(autouse=True, scope="module")
def untold() -> Iterator[None]:
    """Leave the store out: none of this goes by it, and opening it is most of a short run."""

    def tell(*_: object) -> None:
        return

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hubbub.flows.delivering.tell_store", tell)
        yield


class Died(BaseException):
    """The process is no more."""


@contextmanager
def dying(step: int, *, after: bool) -> Generator[None]:
    """Let the sender die at a step, counted over calls of Slack and notes in the ledger: before it,
    or after it, when nobody learns of its result."""
    left = [step]

    def watched(does: Callable[..., Any]) -> Callable[..., Any]:
        def step_of(*args: Any) -> Any:
            left[0] -= 1
            if left[0] == 0 and not after:
                raise Died
            result = does(*args)
            if left[0] == 0:
                raise Died
            return result

        return step_of

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Slack, "call", watched(Slack.call))
        patch.setattr(Slack, "upload", watched(Slack.upload))
        patch.setattr(Ledger, "note", watched(Ledger.note))
        yield


def run(here: Office, letters: list[Letter]) -> Delivered | None:
    """Send; None if the sender died, or gave up for now."""
    try:
        return here.send(letters)
    except (Died, TryAgain):
        return None


@pytest.mark.parametrize("pictures", [0, 1, 2])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_letter_arrives_once_wherever_its_sender_dies(
    tmp_path: Path, pictures: int, after: bool
) -> None:
    """auth.test, opening, two calls a picture, noting, showing, noting: and death at each."""
    steps = 5 + 2 * pictures
    with office(grove(steps), tmp_path) as here:
        for step in range(1, steps + 1):
            to = f"U{step:03}"
            letters = [letter(to, pictures=pictures)]
            with dying(step, after=after):
                assert run(here, letters) is None
            assert here.arrived()[to, f"Your month, {to}"] <= 1
            done = here.send(letters)
            assert (done.sent + done.already, done.setbacks) == (1, [])
            assert here.arrived()[to, f"Your month, {to}"] == 1
        everything = [letter(f"U{step:03}", pictures=pictures) for step in range(1, steps + 1)]
        assert here.send(everything).already == steps
        assert here.arrived().total() == steps
        assert set(here.states().values()) == {"sent"}


LOST: dict[str, dict[str, Any]] = {
    "an error after the deed": {"status": 500, "after": True},
    "an error of Slack's after the deed": {"error": "internal_error", "after": True},
    "a code nobody knows, after the deed": {"error": "something_new", "after": True},
    "broken off after the deed": {"reset_mid_body": True},
    "timed out, done half a minute later": {"status": 504, "late": 30.0},
    "timed out, done two minutes later": {"status": 504, "late": 120.0},
}


@pytest.mark.parametrize("pictures", [0, 2])
@pytest.mark.parametrize("how", LOST)
def test_a_lost_answer_is_looked_for_in_slack(tmp_path: Path, how: str, pictures: int) -> None:
    with office(grove(), tmp_path) as here:
        here.simulator.faults.add(SHOWN[pictures], **LOST[how])
        done = here.send([letter("U002", pictures=pictures), letter("C1", pictures=pictures)])
        assert (done.sent, done.setbacks) == (2, [])
        assert here.arrived() == {
            ("U002", "Your month, U002"): 1,
            ("C1", "Your month, C1"): 1,
        }
        assert len(here.asked(SHOWN[pictures])) == 2, "none was sent a second time"


def test_an_answer_that_does_not_come_in_time_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "_READ_SECONDS", 0.2)
    with office(grove(), tmp_path) as here:
        here.simulator.faults.add("files.completeUploadExternal", slow=0.6)
        done = here.send([letter("U002", pictures=1)])
        assert (done.sent, done.setbacks) == (1, [])
        assert here.arrived().total() == 1


UNDONE: dict[str, dict[str, Any]] = {
    "an error before the deed": {"status": 503},
    "an error of Slack's before the deed": {"error": "fatal_error"},
    "turned away": {"status": 429, "retry_after": 45},
    "turned away in Slack's words": {"error": "rate_limited"},
}


@pytest.mark.parametrize("pictures", [0, 1])
@pytest.mark.parametrize("how", UNDONE)
def test_what_was_not_done_is_done_again(tmp_path: Path, how: str, pictures: int) -> None:
    with office(grove(), tmp_path) as here:
        here.simulator.faults.add(SHOWN[pictures], times=2, **UNDONE[how])
        done = here.send([letter("U002", pictures=pictures)])
        assert (done.sent, done.setbacks) == (1, [])
        assert here.arrived() == {("U002", "Your month, U002"): 1}


def test_a_code_that_nobody_knows_is_taken_for_a_refusal_once_nothing_has_come_of_it(
    tmp_path: Path,
) -> None:
    with office(grove(), tmp_path) as here:
        here.simulator.faults.add("chat.postMessage", error="something_new")
        done = here.send([letter("U002")])
        assert [(each.state, each.code) for each in done.setbacks] == [("failed", "something_new")]
        assert len(here.asked("chat.postMessage")) == 1, "it is not tried again by itself"
        assert here.send([letter("U002")]).sent == 1
        assert here.arrived().total() == 1


def test_while_one_letter_cannot_be_told_the_others_go(tmp_path: Path) -> None:
    with office(grove(5), tmp_path) as here:
        here.simulator.faults.add("chat.postMessage", status=504, late=60.0)
        done = here.send([letter(f"U{each:03}") for each in range(1, 6)])
        assert (done.sent, done.setbacks) == (5, [])
        assert len(here.asked(TEXT)) == 5
        assert here.arrived().total() == 5
        assert here.simulator.clock.now() - NOW < 240, "one wait of three minutes, and no other"


@pytest.mark.parametrize("pictures", [0, 1])
def test_where_it_cannot_be_seen_whether_a_letter_has_arrived_none_is_sent(
    tmp_path: Path, pictures: int
) -> None:
    scopes = ["chat:write", "files:write", "im:write", "users:read"]
    with office(grove(), tmp_path, scopes=scopes) as here:
        here.simulator.faults.add(SHOWN[pictures], status=500, after=True)
        letters = [letter("U002", pictures=pictures)]
        for _ in range(3):
            done = here.send(letters)
            assert (done.sent, done.already) == (0, 0)
            assert [(each.state, each.code) for each in done.setbacks] == [
                ("unknown", "missing_scope")
            ]
            assert "not known whether it was sent" in done.setbacks[0].why
            assert done.exit == 1
            here.simulator.clock.advance(86_400)
        assert here.arrived().total() == 1
        assert here.states() == {"U002": "sending"}


def test_with_the_scope_given_back_it_is_settled(tmp_path: Path) -> None:
    scopes = ["chat:write", "im:write", "users:read"]
    with office(grove(), tmp_path, scopes=scopes) as here:
        here.simulator.faults.add("chat.postMessage", status=500, after=True)
        assert here.send([letter("U002")]).setbacks[0].state == "unknown"
        token = here.simulator.tokens.all()[0]
        token.scopes = (*token.scopes, "im:history")
        assert here.send([letter("U002")]).sent == 1
        assert here.arrived().total() == 1


def test_files_say_where_they_are_shared_if_the_conversation_cannot_be_read(tmp_path: Path) -> None:
    scopes = ["chat:write", "files:write", "files:read", "im:write"]
    with office(grove(), tmp_path, scopes=scopes) as here:
        here.simulator.faults.add("files.completeUploadExternal", status=500, after=True)
        here.simulator.faults.add("files.completeUploadExternal", status=500, skip=1)
        done = here.send([letter("U002", pictures=2), letter("U003", pictures=1)])
        assert (done.sent, done.setbacks) == (2, [])
        assert here.arrived().total() == 2


def test_a_message_of_the_app_without_its_mark_may_be_the_letter(tmp_path: Path) -> None:
    """Should Slack not show metadata to a token: better no letter than a second one."""
    with office(grove(), tmp_path) as here:
        here.simulator.faults.add("chat.postMessage", status=500, after=True)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("hubbub.simulator.views.message_view", _unmarked)
            patch.setattr("hubbub.simulator.api.history.message_view", _unmarked)
            done = here.send([letter("U002")])
        assert [(each.state, each.code) for each in done.setbacks] == [
            ("unknown", "metadata_not_shown")
        ]
        assert here.send([letter("U002")]).sent == 1
        assert here.arrived().total() == 1


def _unmarked(call: object, message: dict[str, Any], **_: Any) -> dict[str, Any]:
    del call
    return {name: value for name, value in message.items() if name != "metadata"}


def test_what_is_looked_for_too_late_is_not_sent_again(tmp_path: Path) -> None:
    """After 90 days a free plan shows nothing of it."""
    with office(grove(plan="free"), tmp_path) as here:
        with dying(4, after=True):  # auth.test, opening, noting, showing
            assert run(here, [letter("U002")]) is None
        here.simulator.clock.advance(100 * 86_400)
        done = here.send([letter("U002")])
        assert [(each.state, each.code) for each in done.setbacks] == [("unknown", "too_long_ago")]
        assert here.arrived().total() == 1


@pytest.mark.parametrize("ahead", [-3600.0, 3600.0])
def test_a_clock_that_was_wrong_hides_no_letter(tmp_path: Path, ahead: float) -> None:
    with office(grove(), tmp_path) as here:
        true, wrong = here.simulator.clock, Clock.manual(NOW + ahead)
        with dying(4, after=True), pytest.raises(Died):
            deliver(here.settings, [letter("U002")], connect_bot(here.settings), clock=wrong)
        true.advance(60)
        assert here.send([letter("U002")]).sent == 1
        assert here.arrived().total() == 1
        assert true.now() < NOW + 300, "nobody waits for the wrong clock's time to come"


def test_two_that_send_the_same_at_once_send_it_once(tmp_path: Path) -> None:
    with office(grove(), tmp_path) as here:
        refused: list[HubbubError] = []

        def meanwhile(_: object) -> None:
            with pytest.raises(TryAgain, match="Another hubbub is sending") as caught:
                here.send([letter("U002"), letter("U003")])
            refused.append(caught.value)

        done = here.send([letter("U002"), letter("U003")], on_progress=meanwhile)
        assert (done.sent, len(refused)) == (2, 2)
        assert here.arrived().total() == 2


def test_a_disk_that_is_full_after_a_letter_was_shown_costs_no_second_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with office(grove(), tmp_path) as here:
        note = Ledger.note

        def full(self: Ledger, delivery: Delivery) -> None:
            if delivery.state == "sent":
                raise DiskFull("The disk is full.", "Make room.")
            note(self, delivery)

        with monkeypatch.context() as patch:
            patch.setattr(Ledger, "note", full)
            with pytest.raises(DiskFull):
                here.send([letter("U002"), letter("U003")])
        assert here.arrived().total() == 1
        done = here.send([letter("U002"), letter("U003")])
        assert (done.sent, done.already) == (2, 0)
        assert here.arrived().total() == 2


@pytest.mark.parametrize("pictures", [0, 1])
def test_a_ledger_that_breaks_after_a_letter_was_shown_costs_no_second_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pictures: int
) -> None:
    """What cannot be noted as sent must not be noted as anything else."""
    with office(grove(), tmp_path) as here:
        note = Ledger.note

        def broken(self: Ledger, delivery: Delivery) -> None:
            if delivery.state == "sent":
                raise HubbubError("The ledger cannot be used.", "Check it.")
            note(self, delivery)

        with monkeypatch.context() as patch:
            patch.setattr(Ledger, "note", broken)
            with pytest.raises(HubbubError, match="cannot be used"):
                here.send([letter("U002", pictures=pictures)])
        assert here.send([letter("U002", pictures=pictures)]).sent == 1
        assert here.arrived().total() == 1


def nobody(member_id: str, report: str) -> bool:
    """Nobody wants any report."""
    del member_id, report
    return False


def test_who_has_opted_out_since_a_crash_gets_no_letter_any_more(tmp_path: Path) -> None:
    with office(grove(), tmp_path) as here:
        with dying(4, after=False):  # auth.test, opening, noting, and not showing
            assert run(here, [letter("U002")]) is None
        done = here.send([letter("U002")], wants=nobody)
        assert [(each.state, each.code) for each in done.setbacks] == [("skipped", "unwanted")]
        assert not here.arrived()


def test_a_letter_that_is_given_twice_while_it_cannot_be_told_goes_once(tmp_path: Path) -> None:
    with office(grove(), tmp_path) as here:
        here.simulator.faults.add("chat.postMessage", status=503)
        done = here.send([letter("U002"), letter("U002"), letter("U003")])
        assert (done.sent, done.already, done.setbacks) == (2, 1, [])
        assert here.arrived().total() == 2


def test_a_letter_that_never_arrives_is_given_up_for_now(tmp_path: Path) -> None:
    with office(grove(), tmp_path) as here:
        here.simulator.faults.add("chat.postMessage", status=503, times=None)
        done = here.send([letter("U002")])
        assert [(each.state, each.is_passing) for each in done.setbacks] == [("failed", True)]
        assert len(here.asked("chat.postMessage")) == 4
        here.simulator.faults.clear()
        assert here.send([letter("U002")]).sent == 1
        assert here.arrived().total() == 1


def test_while_nothing_can_be_posted_slack_is_not_asked_for_every_letter(tmp_path: Path) -> None:
    with office(grove(9), tmp_path) as here:
        here.simulator.faults.add("chat.postMessage", status=503, times=None)
        letters = [letter(f"U{each:03}") for each in range(1, 10)]
        with pytest.raises(TryAgain, match="Slack has trouble"):
            here.send(letters)
        assert len(here.asked("chat.postMessage")) == 3
        here.simulator.faults.clear()
        assert here.send(letters).sent == 9
        assert here.arrived().total() == 9


def test_where_nothing_can_be_noted_nothing_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Ledger, delivery: Delivery) -> None:
        del self, delivery
        raise DiskFull("The disk is full.", "Make room.")

    with office(grove(), tmp_path) as here:
        monkeypatch.setattr(Ledger, "note", full)
        with pytest.raises(DiskFull):
            here.send([letter("U002", pictures=1)])
        assert not here.arrived()


def test_a_run_that_is_stopped_goes_on_later(tmp_path: Path) -> None:
    with office(grove(9), tmp_path) as here:
        letters = [letter(f"U{each:03}") for each in range(1, 10)]
        stop = Event()

        def end(_: object) -> None:
            stop.set()

        done = here.send(letters, stop=stop, on_progress=end)
        assert (done.sent, done.left, done.outcome) == (1, 8, "interrupted")
        done = here.send(letters)
        assert (done.sent, done.already, done.left) == (8, 1, 0)
        assert here.arrived().total() == 9


def test_letters_differ_by_report_period_recipient_and_variant(tmp_path: Path) -> None:
    with office(grove(), tmp_path) as here:
        same = letter("U002", text="a")
        others = [
            letter("U002", text="b", report="year"),
            letter("U002", text="c", period="2026-09"),
            letter("U003", text="d"),
            letter("U002", text="e", variant="1790000000.000100"),
        ]
        assert here.send([same, *others, same._replace(text="z")]).sent == 5
        assert Counter(text for _, text in here.arrived().elements()) == Counter("abcde")


FAULTS = st.lists(
    st.tuples(
        st.integers(0, 12),
        st.sampled_from([
            {"status": 500, "after": True}, {"status": 503}, {"reset_mid_body": True},
            {"error": "internal_error"}, {"error": "fatal_error", "after": True},
            {"status": 429, "retry_after": 7}, {"status": 504, "late": 50.0},
            {"status": 502, "late": 1.0}, {"error": "something_new", "after": True},
            {"longest_page": 0}, {"longest_page": 1}, {"error": "invalid_cursor"},
        ]),
    ),
    max_size=6,
)  # fmt: skip
RUN = st.tuples(FAULTS, st.one_of(st.none(), st.tuples(st.integers(1, 40), st.booleans())))


@pytest.fixture(scope="module")
def street() -> Iterator[Office]:
    """A community to which one example after the other is sent, each from a home of its own."""
    with TemporaryDirectory() as home, office(grove(8), Path(home)) as here:
        yield here


@settings(max_examples=40)
@given(
    pictures=st.lists(st.integers(0, 2), min_size=1, max_size=5),
    runs=st.lists(RUN, min_size=1, max_size=3),
)
def test_whatever_happens_each_letter_arrives_once(
    street: Office,
    pictures: list[int],
    runs: list[tuple[list[tuple[int, dict[str, Any]]], tuple[int, bool] | None]],
) -> None:
    before = street.arrived()
    letters = [letter(f"U{each:03}", pictures=many) for each, many in enumerate(pictures, 1)]
    letters.append(letter("C1", pictures=1))
    wanted = {(each.to.id, each.text): 1 for each in letters}
    with TemporaryDirectory() as home:
        here = Office(street.simulator, replace(street.settings, home=Path(home)))
        for faults, death in runs:
            for skip, fault in faults:
                method = "*" if skip % 3 else random.Random(skip).choice([*SHOWN.values()])
                here.simulator.faults.add(method, skip=skip, **fault)
            if death:
                with dying(death[0], after=death[1]):
                    run(here, letters)
            else:
                run(here, letters)
            assert here.arrived() - before <= Counter(wanted), "none arrived twice"
            here.simulator.faults.clear()
        done = here.send(letters)
        assert done.sent + done.already == len(letters)
        assert here.arrived() - before == wanted
