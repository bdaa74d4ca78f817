"""The endpoint for Slack's events over real HTTP: what is taken, what is refused, and that nothing
of what was refused is kept or logged."""

import http.client
import json
import logging
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ingest import (
    PATIENCE,
    SECRET,
    TEAM,
    WORDS,
    Place,
    envelope,
    place,
    signed,
    slack_side,
    wait_for,
)

from hubbub.server.slack_requests import BODY_LIMIT

PATH = "/slack/events"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Place]:
    with place(tmp_path) as found:
        yield found


@pytest.fixture
def port(here: Place) -> Iterator[int]:
    with slack_side(here) as found:
        yield found


def posted(
    port: int, body: bytes, headers: dict[str, str] | None = None, method: str = "POST"
) -> tuple[int, bytes, dict[str, str]]:
    """The status, body and headers of the answer to a request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request(method, PATH, body, signed(body) if headers is None else headers)
        answer = connection.getresponse()
        told = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, answer.read(), told
    finally:
        connection.close()


def test_an_event_is_in_the_log_when_it_is_acknowledged(here: Place, port: int) -> None:
    status, body, _ = posted(port, envelope(1))
    assert (status, body) == (200, b"")
    [entry] = here.log.entries(0)
    [logged] = entry.events
    assert (logged.event_id, logged.type, logged.key) == ("Ev0000000001", "message", "C0ROOTS01")
    assert here.texts() == [f"{WORDS} 1"]
    assert here.count("events_received", source="http") == 1
    assert here.count("events_logged") == 1
    wait_for(lambda: [each.number for each in here.entries] == [1])


def test_a_replayed_request_adds_nothing(here: Place, port: int) -> None:
    body = envelope(1)
    headers = signed(body)
    assert [posted(port, body, headers)[0] for _ in range(3)] == [200, 200, 200]
    retried = {"x-slack-retry-num": "1", "x-slack-retry-reason": "http_timeout"}
    assert posted(port, body, signed(body) | retried)[0] == 200
    assert here.texts() == [f"{WORDS} 1"]
    assert here.count("events_duplicate") == 3


def test_slack_may_ask_whether_the_address_is_the_apps(here: Place, port: int) -> None:
    # the vector of Slack's documentation of signatures, with a secret that signs it
    body = b'{"type":"url_verification","token":"legacy","challenge":"abc123"}'
    status, answer, headers = posted(port, body)
    assert (status, answer) == (200, b"abc123")
    assert headers["content-type"] == "text/plain"
    unsigned = {"Content-Type": "application/json"}
    assert posted(port, body, unsigned)[:2] == (401, b"unsigned")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert posted(port, b"ssl_check=1&token=legacy", form)[:2] == (200, b"")
    assert posted(port, b"ssl_check=0&token=legacy", form)[0] == 401


def test_slack_says_that_it_holds_events_back(here: Place, port: int) -> None:
    told = {"type": "app_rate_limited", "team_id": TEAM, "minute_rate_limited": 1790000100}
    for team in (TEAM, "T0OTHER01"):
        assert posted(port, json.dumps(told | {"team_id": team}).encode())[0] == 200
    [(channel_id, why)] = here.heard.gaps
    assert channel_id is None
    assert "held events back" in why
    assert here.count("events_rejected", reason="rate_limited") == 2


def headers_without(name: str) -> dict[str, str]:
    return {key: value for key, value in signed(envelope(1)).items() if key != name}


def refused() -> dict[str, tuple[bytes, dict[str, str], int, str]]:
    """Requests by what is wrong with them, signed now: they are stale after five minutes."""
    return {
        "forged": (envelope(1), signed(envelope(1), secret="another" * 4), 401, "signature"),
        "of another body": (envelope(1), signed(envelope(2)), 401, "signature"),
        "old": (envelope(1), signed(envelope(1), at=1_790_000_000 - 400_000_000), 401, "stale"),
        "unsigned": (envelope(1), headers_without("X-Slack-Signature"), 401, "unsigned"),
        "undated": (envelope(1), headers_without("X-Slack-Request-Timestamp"), 401, "unsigned"),
        "dated in words": (
            envelope(1), signed(envelope(1)) | {"X-Slack-Request-Timestamp": "now"}, 400, "garbled",
        ),
        "signed in words": (
            envelope(1), signed(envelope(1)) | {"X-Slack-Signature": "v0=\xe9"}, 400, "garbled",
        ),
        "typed as text": (
            envelope(1), signed(envelope(1)) | {"Content-Type": "text/plain"}, 400, "content_type",
        ),
        "a form": (
            envelope(1),
            signed(envelope(1)) | {"Content-Type": "application/x-www-form-urlencoded"},
            400, "content_type",
        ),
        "no JSON": (WORDS.encode(), signed(WORDS.encode()), 400, "json"),
        "half of it": (envelope(1)[:-9], signed(envelope(1)[:-9]), 400, "json"),
        "no UTF-8": (b'{"\xff": 1}', {
            **signed(b""), "X-Slack-Signature": "v0=" + "0" * 64}, 400, "json",
        ),
        "a list": (b"[1, 2]", signed(b"[1, 2]"), 400, "json"),
        "no event": (
            b'{"type": "event_callback"}', signed(b'{"type": "event_callback"}'), 400, "json",
        ),
        "deep": (b"[" * 100_000, signed(b"[" * 100_000), 400, "json"),
        "empty": (b"", signed(b""), 400, "json"),
        "of another workspace": (
            envelope(1, team="T0OTHER01"), signed(envelope(1, team="T0OTHER01")), 403, "team",
        ),
        "too large": (b" " * (BODY_LIMIT + 1), signed(b" "), 413, "size"),
    }  # fmt: skip


@pytest.mark.parametrize("name", refused())
def test_what_is_no_event_of_slacks_is_refused_without_a_trace(
    here: Place, port: int, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    body, headers, status, reason = refused()[name]
    caplog.set_level(logging.DEBUG)
    told = posted(port, body, headers)
    assert told[:2] == (status, reason.encode())
    assert told[2].get("x-slack-no-retry") == ("1" if status in {403, 413} or
        reason in {"json", "content_type"} else None)  # fmt: skip
    assert here.log.waiting(0) == (0, 0)
    assert here.log.unseen(["Ev0000000001"]) == {"Ev0000000001"}
    assert here.count("events_rejected", reason=reason) == 1
    lines = [each.getMessage() for each in caplog.records if each.name == "hubbub.server"]
    assert [line for line in lines if reason in line], lines
    for secret in (WORDS, "U0CEDAR01", SECRET, "v0=", "T0OTHER01"):
        assert secret not in caplog.text


@pytest.mark.parametrize("way", [-1, 1])
def test_the_clocks_may_differ_by_five_minutes(here: Place, port: int, way: int) -> None:
    body = envelope(1)
    assert posted(port, body, signed(body, at=time.time() + way * 303))[:2] == (401, b"stale")
    assert posted(port, body, signed(body, at=time.time() + way * 270))[0] == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD", "OPTIONS"])
def test_only_posts_are_heard(here: Place, port: int, method: str) -> None:
    status, _, headers = posted(port, b"", {}, method)
    assert (status, headers["allow"]) == (405, "POST")
    assert here.count("events_rejected", reason="method") == 1


def exchanged(port: int, *parts: bytes, then_close: bool = False) -> bytes:
    """What comes back for bytes that are sent as they are."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as connection:
        for part in parts:
            connection.sendall(part)
        if then_close:
            return b""
        return connection.recv(65_536)


def head(body: bytes, *more: str) -> bytes:
    lines = [f"POST {PATH} HTTP/1.1", "Host: localhost", *more]
    lines += [f"{name}: {value}" for name, value in signed(body).items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def chunks(body: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(body), size):
        part = body[start : start + size]
        yield f"{len(part):x}\r\n".encode() + part + b"\r\n"
    yield b"0\r\n\r\n"


def test_a_body_in_chunks_is_read_whole(here: Place, port: int) -> None:
    body = envelope(1)
    answer = exchanged(port, head(body, "Transfer-Encoding: chunked"), *chunks(body, 100))
    assert answer.startswith(b"HTTP/1.1 200")
    assert here.texts() == [f"{WORDS} 1"]


def test_a_body_in_chunks_may_not_be_larger_either(here: Place, port: int) -> None:
    body = b" " * (BODY_LIMIT + 70_000)
    answer = exchanged(port, head(body, "Transfer-Encoding: chunked"), *chunks(body, 65_536))
    assert answer.startswith(b"HTTP/1.1 413")


def test_a_body_that_ends_early_is_dropped(here: Place, port: int) -> None:
    body = envelope(1)
    exchanged(port, head(body, f"Content-Length: {len(body)}"), body[:100], then_close=True)
    wait_for(lambda: here.count("events_rejected", reason="truncated") == 1)
    assert here.log.waiting(0) == (0, 0)


def test_a_body_that_does_not_go_on_is_given_up(
    here: Place, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hubbub.server.slack_requests._BODY_SECONDS", 0.2)
    body = envelope(1)
    answer = exchanged(port, head(body, f"Content-Length: {len(body)}"), body[:100])
    assert answer.startswith(b"HTTP/1.1 408")


def test_only_one_app_is_heard_where_it_is_said_which(here: Place) -> None:
    with slack_side(here, app_id="A0OTHER") as port:
        assert posted(port, envelope(1))[:2] == (403, b"app")
    with slack_side(here, app_id="A0APP0001") as port:
        assert posted(port, envelope(1))[0] == 200


def test_many_refusals_make_few_lines(
    here: Place, port: int, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(20):
        posted(port, envelope(1), {"Content-Type": "application/json"})
    lines = [each.getMessage() for each in caplog.records if each.name == "hubbub.server"]
    assert lines == ["Refused a request to /slack/events: unsigned."]
    assert here.count("events_rejected", reason="unsigned") == 20


def test_slack_is_asked_to_come_again_while_it_is_not_known_what_may_be_kept(
    tmp_path: Path,
) -> None:
    with place(tmp_path, is_ready=False) as here, slack_side(here) as port:
        status, _, headers = posted(port, envelope(1))
        assert (status, headers["retry-after"]) == (503, "30")
        here.gates.prepare()
        assert posted(port, envelope(1))[0] == 200
        assert here.texts() == [f"{WORDS} 1"]


def test_events_of_all_kinds_are_acknowledged(here: Place, port: int) -> None:
    kinds: list[dict[str, Any]] = [
        {"type": "emoji_changed"}, {"type": "pin_added"}, {"type": "Not a type of Slack's: 12"},
        {"type": "app_home_opened", "channel": "D1"},
    ]  # fmt: skip
    for number, fields in enumerate(kinds):
        assert posted(port, envelope(number, **fields))[0] == 200
        assert posted(port, envelope(number, **fields))[0] == 200
    assert here.count("events_duplicate") == len(kinds)
    assert here.count("events_ignored", type="emoji_changed") == 1
    assert here.count("events_ignored", type="other") == 1
    assert here.log.waiting(0) == (0, 0)
