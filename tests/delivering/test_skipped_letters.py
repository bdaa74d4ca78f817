"""Letters that cannot be sent: each is reported with its reason and what can be done about it."""

from pathlib import Path
from typing import Any

import pytest
from posting import NOW, PNG, Office, grove, letter, office

from hubbub.core.letters import Letter, Picture, Recipient
from hubbub.errors import HubbubError, TryAgain
from hubbub.flows.erasing import forget
from hubbub.slack.api import Stopped
from hubbub.stores import duckdb as store


def one(here: Office, what: Letter, **options: Any) -> tuple[str, str, str, str, int]:
    """What became of a letter that was not sent: state, code, reason, fix; and the exit code."""
    done = here.send([what], **options)
    assert done.sent == 0
    (found,) = done.setbacks
    assert found.to == what.to
    return found.state, found.code, found.why, found.fix, done.exit


def test_a_deactivated_member_is_skipped_and_nothing_is_amiss(tmp_path: Path) -> None:
    with office(grove(), tmp_path) as here:
        here.simulator.acts.deactivate("U002")
        done = here.send([letter("U001"), letter("U002"), letter("U003", pictures=1)])
        assert (done.sent, done.outcome, done.exit) == (2, "done", 0)
        assert done.count("skipped") == {"their account is deactivated": 1}
        assert here.states() == {"U001": "sent", "U002": "skipped", "U003": "sent"}
        assert len(here.asked("files.getUploadURLExternal")) == 1, "nothing is drawn for nobody"


def test_who_is_active_again_gets_the_letter(tmp_path: Path) -> None:
    with office(grove(), tmp_path) as here:
        here.simulator.faults.add("conversations.open", error="user_disabled")
        assert one(here, letter("U002"))[0] == "skipped"
        assert here.send([letter("U002")]).sent == 1
        assert here.arrived().total() == 1


def test_a_bot_gets_no_letter(tmp_path: Path) -> None:
    with office(grove(), tmp_path) as here:
        assert one(here, letter("USLACKBOT"))[1] == "user_not_found"
        here.simulator.acts.add_user("robot", id="UROBOT", is_bot=True)
        state, code, why, _, exit_code = one(here, letter("UROBOT"))
        assert (state, code, exit_code) == ("skipped", "cannot_dm_bot", 0)
        assert "bot" in why


@pytest.mark.parametrize(
    ("fault", "code", "said"),
    [
        ({"error": "is_archived"}, "is_archived", "archived"),
        ({"error": "restricted_action"}, "restricted_action", "does not let the app post"),
        ({"error": "channel_not_found"}, "channel_not_found", "/invite @Hubbub"),
        ({"error": "messages_tab_disabled"}, "messages_tab_disabled", "letters = true"),
        ({"error": "posting_to_channel_denied"}, "posting_to_channel_denied", "administrator"),
    ],
)
def test_what_is_refused_is_skipped_and_has_to_be_seen_to(
    tmp_path: Path, fault: dict[str, Any], code: str, said: str
) -> None:
    with office(grove(), tmp_path) as here:
        here.simulator.faults.add("chat.postMessage", **fault)
        here.simulator.faults.add("files.completeUploadExternal", **fault)
        for pictures in (0, 1):
            state, found, why, fix, exit_code = one(here, letter("C1", pictures=pictures))
            assert (state, found, exit_code) == ("skipped", code, 3)
            assert said in f"{why} {fix}"
        assert not here.arrived()
        assert here.simulator.clock.now() - NOW < 10, "a refusal is no reason to wait"


def test_a_channel_that_the_app_is_not_in_says_how_to_invite_it(tmp_path: Path) -> None:
    with office(grove(), tmp_path, channels=()) as here:
        _, code, _, fix, exit_code = one(here, letter("C1"))
        assert (code, exit_code) == ("not_in_channel", 3)
        assert "/invite" in fix
        assert one(here, letter("C9"))[1] == "channel_not_found"


def test_a_scope_that_is_lacking_is_asked_for_once(tmp_path: Path) -> None:
    with office(grove(), tmp_path, scopes=["chat:write", "users:read"]) as here:
        done = here.send([letter("U001"), letter("U002"), letter("U003"), letter("C1")])
        assert (done.sent, done.exit) == (1, 3), "the channel's needs no other scope"
        assert done.count("skipped") == {"the app lacks the scope im:write": 3}
        assert "letters = true" in done.setbacks[0].fix
        assert len(here.asked("conversations.open")) == 1


def test_who_does_not_want_letters_gets_none(tmp_path: Path) -> None:
    with office(grove(), tmp_path) as here:
        asked: list[tuple[str, str]] = []

        def wants(member_id: str, report: str) -> bool:
            asked.append((member_id, report))
            return member_id != "U002"

        done = here.send([letter("U001"), letter("U002"), letter("C1")], wants=wants)
        assert (done.sent, done.exit) == (2, 0)
        assert asked == [("U001", "month"), ("U002", "month")]
        assert here.states() == {"C1": "sent", "U001": "sent", "U002": "skipped"}


def test_who_was_forgotten_gets_none_and_leaves_no_trace(tmp_path: Path) -> None:
    with office(grove(), tmp_path) as here:
        here.send([letter("U001")])
        forget(here.settings, "U002")
        done = here.send([letter("U002")])
        assert [(each.state, each.code) for each in done.setbacks] == [("skipped", "left out")]
        assert "U002" not in here.states()
        assert not here.asked("conversations.open")[1:]


WRONG = {
    "empty": letter("U002", text=""),
    "4,001 characters": letter("U002", text="x" * 4_001),
    "51 blocks": letter("U002", blocks=({"type": "divider"},) * 51),
    "name the member": letter("D001")._replace(to=Recipient("channel", "D001", "?")),
    "blocks beside pictures": letter("U002", pictures=1, blocks=({"type": "divider"},)),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_no_letter_fails_before_slack_is_asked(tmp_path: Path, what: str) -> None:
    with office(grove(), tmp_path) as here:
        state, _, why, _, exit_code = one(here, WRONG[what])
        assert (state, exit_code) == ("failed", 1)
        assert what in why
        assert not here.asked("conversations.open")


def test_what_slack_does_not_take_fails(tmp_path: Path) -> None:
    with office(grove(), tmp_path) as here:
        no_type: tuple[dict[str, Any], ...] = ({"text": "no type"},)
        state, code, *_ = one(here, letter("U002", blocks=no_type))
        assert (state, code) == ("failed", "invalid_blocks")
        assert here.simulator.clock.now() - NOW < 5


def test_a_picture_that_cannot_be_drawn_fails_its_letter_alone(tmp_path: Path) -> None:
    def fail() -> bytes:
        raise HubbubError("There is no font for it.", "Install one.")

    broken = letter("U001")._replace(pictures=(Picture("a.png", "A", "A", fail),))
    with office(grove(), tmp_path) as here:
        done = here.send([broken, letter("U002", pictures=1)])
        assert done.sent == 1
        assert [(each.state, each.why, each.fix) for each in done.setbacks] == [
            ("failed", "There is no font for it.", "Install one.")
        ]


def test_while_slack_is_down_it_is_not_asked_for_every_letter(tmp_path: Path) -> None:
    with office(grove(9), tmp_path) as here:
        here.simulator.faults.add("conversations.open", status=503, times=None)
        letters = [letter(f"U{each:03}") for each in range(1, 10)]
        with pytest.raises(TryAgain, match="Slack has trouble"):
            here.send(letters)
        assert len(here.asked("conversations.open")) == 18, "three letters, six tries each"
        here.simulator.faults.clear()
        assert here.send(letters).sent == 9


def test_trouble_with_one_letter_is_told_and_the_others_go(tmp_path: Path) -> None:
    with office(grove(), tmp_path) as here:
        here.simulator.faults.add(
            "conversations.open", status=500, times=None, given={"users": "U001"}
        )
        done = here.send([letter("U001"), letter("U002")])
        assert (done.sent, done.exit) == (1, 4)
        assert done.setbacks[0].is_passing


def test_a_token_that_is_revoked_ends_the_run(tmp_path: Path) -> None:
    with office(grove(), tmp_path) as here:
        token = here.simulator.tokens.all()[0].text

        def revoke(_: object) -> None:
            here.simulator.tokens.put(token, "revoked")

        with pytest.raises(Stopped):
            here.send([letter("U001"), letter("U002")], on_progress=revoke)
        here.simulator.tokens.put(token, "active")
        done = here.send([letter("U001"), letter("U002")])
        assert (done.sent, done.already) == (1, 1)


def test_the_token_of_another_workspace_sends_nothing(tmp_path: Path) -> None:
    with office(grove(), tmp_path) as here:
        here.send([letter("U001")])
        with store.writing(here.settings.store) as connection:
            connection.execute(
                "INSERT INTO store.workspace (team_id, name, url) VALUES ('T9', 'Reef', '')"
            )
        with pytest.raises(HubbubError, match="holds the workspace Reef"):
            here.send([letter("U002")])
        assert here.arrived().total() == 1


def test_an_upload_that_is_broken_off_begins_anew_and_nobody_sees_it(tmp_path: Path) -> None:
    with office(grove(), tmp_path) as here:
        here.simulator.faults.add("upload", status=500, times=2)
        assert here.send([letter("U002", pictures=2)]).sent == 1
        assert len(here.asked("files.getUploadURLExternal")) == 4
        assert here.arrived().total() == 1


def test_a_letter_says_in_slack_what_it_was_given(tmp_path: Path) -> None:
    drawn = tuple(
        Picture(name, title, alt, lambda: PNG)
        for name, title, alt in (("a.png", "Posts", "3, 4 and 2"), ("b.png", "갈매기", "x" * 1_200))
    )
    to = Recipient("member", "U002", "bram")
    with office(grove(), tmp_path) as here:
        block = {"type": "section", "text": {"type": "mrkdwn", "text": "*Hello*"}}
        here.send([
            Letter("month", "2026-08", to, "Your *month* & more", pictures=drawn),
            Letter("plain", "once", to, "Hello", blocks=(block,)),
        ])  # fmt: skip
        with_pictures, with_blocks = here.simulator.sent()
        assert with_pictures["text"] == "Your *month* & more"
        files = with_pictures["files"]
        assert [(each["name"], each["title"]) for each in files] == [
            ("a.png", "Posts"), ("b.png", "갈매기"),
        ]  # fmt: skip
        assert [each["alt_txt"] for each in files] == ["3, 4 and 2", "x" * 1_000]
        assert {here.simulator.backend.contents[each["id"]] for each in files} == {PNG}
        assert with_blocks["blocks"][0]["text"] == block["text"]
        assert with_blocks["metadata"]["event_type"] == "hubbub_delivery"
        keys = {each.key for each in here.ledger()}
        assert with_blocks["metadata"]["event_payload"]["key"] in keys
