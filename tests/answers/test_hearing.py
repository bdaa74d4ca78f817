"""What members say to the app, against a local Slack: commands by both ways, words in direct
messages; forged ones change nothing, and nothing that is said is kept."""

import http.client
import json
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from slack_sdk.signature import SignatureVerifier

from hubbub.flows.choosing_letters import choices_of
from hubbub.privacy.letters import Choices
from hubbub.server.running import Running
from hubbub.simulator.state import Raw
from hubbub.stores import duckdb as store
from tests.browser.real import Town, town

SAID = {
    "token": "legacy", "team_id": "T1", "team_domain": "grove", "channel_id": "C1",
    "channel_name": "garden", "user_id": "U2", "user_name": "bram", "command": "/hubbub",
    "text": "letters stop", "api_app_id": "A0HUBBUB001", "trigger_id": "1.2.3",
    "response_url": "https://hooks.slack.com/commands/T1/1/x",
}  # fmt: skip
FORM = "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Generator[Town]:
    with town(tmp_path_factory.mktemp("home"), privacy={"preset": "standard"}) as found:
        reports = found.settings.pack / "reports"
        reports.mkdir(parents=True)
        (reports / "Month.toml").touch()
        found.simulator.workspace.users[1]["locale"] = "ko-KR"
        yield found


@pytest.fixture(scope="module")
def running(place: Town) -> Generator[Running]:
    with place.served(by="http") as found:
        yield found


@pytest.fixture
def choices(place: Town) -> Generator[Choices]:
    found = choices_of(place.settings)
    yield found
    found.clear()


def typed(place: Town, running: Running | None, user_id: str, text: str) -> str:
    url = f"{running.url}slack/commands" if running else ""
    answer = place.simulator.events.command(user_id, text, channel_id="C1", url=url)
    assert answer["response_type"] == "ephemeral"
    return answer["text"]


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.02)


def test_a_command_stops_and_starts_letters(
    place: Town, running: Running, choices: Choices
) -> None:
    assert "no letters from me any more" in typed(place, running, "U1", "letters stop")
    assert not choices.wants("U1", "Month")
    assert choices.wants("U2", "Month")
    assert "but `Month`" in typed(place, running, "U1", "letters start month")
    assert choices.wants("U1", "Month")
    assert not choices.wants("U1", "backblast-answers")
    assert "but `Month`" in typed(place, running, "U1", "letters")
    assert "every letter" in typed(place, running, "U1", "  LETTERS Start. ")
    assert choices.wants("U1", "backblast-answers")


@pytest.mark.parametrize("text", ["", "help", "letters stop it now please", "stop the press"])
def test_what_is_not_understood_changes_nothing_and_brings_help(
    place: Town, running: Running, choices: Choices, text: str
) -> None:
    assert "letters stop NAME" in typed(place, running, "U1", text)
    assert choices.count() == 0


def test_an_unknown_letter_is_not_said_back(
    place: Town, running: Running, choices: Choices
) -> None:
    said = typed(place, running, "U1", "letters stop <!channel>")
    assert "`Month`" in said
    assert "!channel" not in said
    assert choices.count() == 0


def test_members_are_answered_in_their_language(
    place: Town, running: Running, choices: Choices
) -> None:
    assert "편지를 받지 않으세요" in typed(place, running, "U2", "letters stop")
    assert not choices.wants("U2", "Month")
    assert "모두 받고" in typed(place, running, "U1", "letters 시작")  # by the word alone


def test_a_command_is_answered_while_slack_says_no_language(
    place: Town, running: Running, choices: Choices
) -> None:
    place.simulator.acts.add_user("cleo", id="U0CLEO")
    place.simulator.faults.add(method="users.info", slow=3.0)
    assert "no letters" in typed(place, running, "U0CLEO", "letters stop")
    assert not choices.wants("U0CLEO", "Month")


def sent(running: Running, said: dict[str, str], **headers: str) -> int:
    """POST a command as anybody could; the status."""
    body = urlencode(said).encode()
    connection = http.client.HTTPConnection(urlsplit(running.url).netloc, timeout=20)
    connection.request("POST", "/slack/commands", body, {"Content-Type": FORM} | headers)
    status = connection.getresponse().status
    connection.close()
    return status


def signed(secret: str, said: dict[str, str], at: float | None = None) -> dict[str, str]:
    sent_at = str(int(at or time.time()))
    body = urlencode(said).encode()
    signature = SignatureVerifier(secret).generate_signature(timestamp=sent_at, body=body)
    return {"X-Slack-Request-Timestamp": sent_at, "X-Slack-Signature": str(signature)}


def test_what_slack_has_not_signed_is_refused(
    place: Town, running: Running, choices: Choices
) -> None:
    secret = place.simulator.events.signing_secret()
    other = SAID | {"user_id": "U1"}
    assert sent(running, SAID) == 401
    assert sent(running, SAID, **signed("another secret", SAID)) == 401
    assert sent(running, other, **signed(secret, SAID)) == 401  # a signature of other words
    assert sent(running, SAID, **signed(secret, SAID, at=time.time() - 400)) == 401
    foreign = SAID | {"team_id": "T2"}
    assert sent(running, foreign, **signed(secret, foreign)) == 403
    nobody = {name: value for name, value in SAID.items() if name != "user_id"}
    assert sent(running, nobody, **signed(secret, nobody)) == 400
    json_of_it = {"Content-Type": "application/json"}
    assert sent(running, SAID, **signed(secret, SAID), **json_of_it) == 400
    assert choices.count() == 0
    assert sent(running, SAID, **signed(secret, SAID)) == 200
    assert not choices.wants("U2", "Month")


def test_a_command_cannot_be_given_as_an_event_nor_an_event_as_a_command(
    place: Town, running: Running, choices: Choices
) -> None:
    body = urlencode(SAID).encode()
    headers = signed(place.simulator.events.signing_secret(), SAID) | {"Content-Type": FORM}
    connection = http.client.HTTPConnection(urlsplit(running.url).netloc, timeout=20)
    connection.request("POST", "/slack/events", body, headers)
    assert connection.getresponse().status == 400
    connection.close()
    assert choices.count() == 0


def written(place: Town, user_id: str, text: str, **fields: Any) -> Raw:
    """Somebody writes to the app; the message."""
    bot = next(user["id"] for user in place.simulator.workspace.users if user["is_bot"])
    channel, _ = place.simulator.acts.open_conversation([bot, user_id])
    message = place.simulator.acts.post(channel["id"], user_id, text, **fields)
    place.simulator.events.drain()
    return message


def answers(place: Town, user_id: str) -> list[str]:
    """What the app wrote to somebody, and where."""
    members = place.simulator.workspace.members
    direct = [each for each in members if each.startswith("D") and user_id in members[each]]
    return [said["text"] for each in direct for said in place.simulator.sent(each)]


def test_a_word_in_a_direct_message_stops_and_starts_letters(
    place: Town, running: Running, choices: Choices
) -> None:
    written(place, "U1", "Stop!")
    wait_for(lambda: not choices.wants("U1", "Month"))
    wait_for(lambda: len(answers(place, "U1")) == 1)
    assert "no letters from me any more" in answers(place, "U1")[0]
    written(place, "U1", "시작")
    wait_for(lambda: choices.wants("U1", "Month"))
    wait_for(lambda: len(answers(place, "U1")) == 2)
    assert "모두 받고" in answers(place, "U1")[1]
    assert choices.wants("U2", "Month")
    del running


def test_a_reply_below_a_letter_is_answered_in_its_thread(
    place: Town, running: Running, choices: Choices
) -> None:
    letter = written(place, "U2", "pretend this is a letter")
    bot = next(user["id"] for user in place.simulator.workspace.users if user["is_bot"])
    channel, _ = place.simulator.acts.open_conversation([bot, "U2"])
    place.simulator.acts.reply(channel["id"], letter["ts"], "U2", "stop")
    wait_for(lambda: len(answers(place, "U2")) == 1)
    assert place.simulator.sent(channel["id"])[0]["thread_ts"] == letter["ts"]
    assert not choices.wants("U2", "Month")
    del running


@pytest.mark.parametrize(
    "text", ["please stop", "stop it", "don't stop", "I stopped", "stopstop", "?", "그만두지 마"]
)
def test_only_the_word_itself_counts(
    place: Town, running: Running, choices: Choices, text: str
) -> None:
    before = answers(place, "U1")
    written(place, "U1", text)
    assert (choices.count(), answers(place, "U1")) == (0, before)
    del running


def test_a_word_in_a_channel_is_no_choice(place: Town, running: Running, choices: Choices) -> None:
    place.say("stop", "U1")
    place.simulator.events.drain()
    assert choices.count() == 0
    del running


def test_an_edited_or_repeated_word_is_not_heard_again(
    place: Town, running: Running, choices: Choices
) -> None:
    message = written(place, "U1", "hello")
    bot = next(user["id"] for user in place.simulator.workspace.users if user["is_bot"])
    channel, _ = place.simulator.acts.open_conversation([bot, "U1"])
    place.simulator.acts.edit(channel["id"], message["ts"], "stop")
    place.simulator.events.drain()
    assert choices.count() == 0
    before = len(answers(place, "U1"))
    place.simulator.events.faults.add("duplicate", event_type="message")
    written(place, "U1", "stop")
    wait_for(lambda: len(answers(place, "U1")) > before)
    place.simulator.events.drain()
    assert len(answers(place, "U1")) == before + 1
    del running


def test_nothing_that_was_said_is_kept(place: Town, running: Running, choices: Choices) -> None:
    written(place, "U1", "수신거부")
    wait_for(lambda: not choices.wants("U1", "Month"))
    typed(place, running, "U1", "letters stop unheardofword")
    place.say("the words that are kept", "U2")
    place.simulator.events.drain()

    def texts() -> list[str]:
        with store.reading(place.settings.store) as connection:
            return [row[0] for row in connection.execute("SELECT text FROM messages").fetchall()]

    wait_for(lambda: "the words that are kept" in texts())
    kept = b"".join(path.read_bytes() for path in place.settings.home.rglob("*") if path.is_file())
    assert b"the words that are kept" in kept  # so that what follows can fail
    assert "수신거부".encode() not in kept
    assert b"unheardofword" not in kept
    assert json.loads(place.settings.letters.read_text())["letters"]


def test_by_socket_mode_commands_are_answered_too(tmp_path: Path, choices: Choices) -> None:
    with town(tmp_path, privacy={"preset": "strict"}) as place, place.served():
        wait_for(lambda: any(e["connections"] for e in place.simulator.events.status()["apps"]))
        assert "no letters" in typed(place, None, "U1", "letters stop")
        own = choices_of(place.settings)
        assert not own.wants("U1", "any")
        written(place, "U2", "stop")
        wait_for(lambda: not own.wants("U2", "any"))
        wait_for(lambda: len(answers(place, "U2")) == 1)
    assert choices.count() == 0  # of the other workspace
