"""Who may look: at this machine without a login, anywhere else with one, and by no detour."""

import logging
import socket
from pathlib import Path

import pytest

from hubbub.errors import HubbubError, UsageError
from hubbub.flows.granting import (
    is_loopback,
    make_token,
    remove_password,
    revoke_token,
    set_password,
)
from hubbub.privacy.credentials import ENVIRONMENT
from hubbub.server.access import Access
from tests.server.door import (
    EVERYWHERE,
    LOOPBACK,
    PASSWORD,
    Browser,
    give,
    served,
    settings_in,
)

OPEN = [
    ("POST", "/slack/events"),
    ("POST", "/slack/commands"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
]
FOR_PROGRAMS = ["/api/v1/told", "/api/v1/stream", "/api/v1/none", "/metrics", "/openapi.json"]
PAGES = [
    "/",
    "/anything",
    "/slack/events/",
    "/slack/commands/",
    "/slack/",
    "/healthz/more",
    "/healthz/../",
]


@pytest.fixture(autouse=True)
def no_password_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENVIRONMENT, raising=False)


@pytest.mark.parametrize("host", [LOOPBACK, EVERYWHERE])
def test_where_there_is_a_password_nothing_shows_without_it(tmp_path: Path, host: str) -> None:
    with served(settings_in(tmp_path, password=PASSWORD), host) as server:
        browser = Browser(server)
        for verb, path in OPEN:
            assert browser.ask(verb, path, body=b"{}").status == 200, path
        for path in FOR_PROGRAMS:
            reply = browser.get(path)
            assert reply.status == 401, path
            assert reply.headers["www-authenticate"] == 'Bearer realm="hubbub"'
            assert reply.headers["content-type"] == "application/json"
            assert set(reply.body["error"]) == {"reason", "fix"}
        for path in PAGES:
            reply = browser.get(path)
            assert (reply.status, reply.place.partition("?")[0]) == (303, "/login"), path
            assert "figures" not in reply.text
        assert browser.ask("POST", "/api/v1/change", body=b"").status == 401
        assert browser.ask("POST", "/", body=b"").status == 401
        assert browser.get("/static/main.js").status == 401
        assert browser.get("/login").status == 200
        assert browser.get("/static/login.css").headers["content-type"].startswith("text/css")
        assert browser.log_in().status == 303
        assert browser.is_in
        assert browser.get("/metrics").status == 200
        assert browser.get("/static/main.js").status == 200


def test_this_machine_needs_no_login(tmp_path: Path) -> None:
    with served(settings_in(tmp_path)) as server:
        browser = Browser(server)
        assert browser.is_in
        for path in ("/api/v1/told", "/metrics", "/static/main.js", "/healthz"):
            assert browser.get(path).status == 200
        assert browser.ask("POST", "/slack/events", body=b"12").text == "2"
        assert browser.get("/login").place == "/"
        assert browser.get("/session").body == {"login": False, "form": ""}
        assert browser.cookies == {}
        assert "this machine" in server.access.told(is_secure=False)


@pytest.mark.parametrize("host", [EVERYWHERE, "::", "", "192.0.2.2", "10.1.2.3"])
def test_any_other_address_is_refused_without_a_login(tmp_path: Path, host: str) -> None:
    settings = settings_in(tmp_path)
    with pytest.raises(HubbubError, match="no login") as refused:
        Access.of(settings, host)
    assert "hubbub access password" in refused.value.fix
    assert ENVIRONMENT in refused.value.fix
    token = make_token(settings, "wall")
    assert token
    assert Access.of(settings, host).login_is_wanted
    revoke_token(settings, "wall")
    with pytest.raises(HubbubError, match="no login"):
        Access.of(settings, host)


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("127.8.9.10", True), ("::1", True), ("localhost", True),
     ("::ffff:127.0.0.1", True), ("0.0.0.0", False), ("::", False), ("", False),
     ("10.0.0.1", False), ("::ffff:10.0.0.1", False)],
)  # fmt: skip
def test_which_addresses_only_this_machine_reaches(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


def test_a_name_without_address_is_told(tmp_path: Path) -> None:
    with pytest.raises(HubbubError, match="knows no address"):
        Access.of(settings_in(tmp_path), "nowhere.invalid")


OWN_NAMES = ["localhost", "LOCALHOST:8000", "127.0.0.1", "127.9.9.9:1", "[::1]:8000", "[::1]"]
OTHER_NAMES = [
    *("evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "192.168.1.2", "0.0.0.0"),
    *("localhost@evil.example", "evil.example:8000", "[::2]", "", "localhost, evil.example", "::1"),
    *("localhost:8000:9000", "127.0.0.1\t.evil.example", "2130706433", "[::ffff:10.0.0.1]"),
]


def test_without_login_only_this_machines_own_names_are_answered(tmp_path: Path) -> None:
    """A page of evil.example whose name is led to 127.0.0.1 asks with its own name as Host."""
    with served(settings_in(tmp_path)) as server:
        for name in OWN_NAMES:
            assert server.ask("GET", "/api/v1/told", {"Host": name}).status == 200, name
        for name in OTHER_NAMES:
            for path in ("/", "/api/v1/told", "/metrics", "/session", "/static/main.js"):
                reply = server.ask("GET", path, {"Host": name})
                assert reply.status in {400, 403}, (name, path)
                assert "figures" not in reply.text
            assert server.ask("GET", "/healthz", {"Host": name or "x"}).status == 200


@pytest.mark.parametrize(
    "request_lines",
    ["GET /api/v1/told HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n",
     "GET /api/v1/told HTTP/1.1\r\nHost: evil.example\r\nHost: localhost\r\n",
     "GET /api/v1/told HTTP/1.0\r\nHost: localhost\r\n",
     "GET /api/v1/told HTTP/1.0\r\n",
     "GET http://localhost/api/v1/told HTTP/1.1\r\nHost: evil.example\r\n"],
)  # fmt: skip
def test_what_is_no_request_of_a_local_browser_is_refused(
    tmp_path: Path, request_lines: str
) -> None:
    with (
        served(settings_in(tmp_path)) as server,
        socket.create_connection((server.host, server.port), timeout=20) as connection,
    ):
        connection.sendall(f"{request_lines}Connection: close\r\n\r\n".encode())
        answer = b""
        while piece := connection.recv(65_536):
            answer += piece
    assert answer.split()[1] in {b"400", b"403"}, answer
    assert b'"address"' not in answer


SIGNS = {
    "X-Forwarded-For": "203.0.113.9",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "localhost",
    "Forwarded": "for=203.0.113.9",
    "X-Real-IP": "203.0.113.9",
    "Via": "1.1 proxy",
    "CF-Connecting-IP": "203.0.113.9",
}


def test_a_proxy_before_a_server_without_login_is_refused_and_told_how(tmp_path: Path) -> None:
    with served(settings_in(tmp_path), trusted_proxies=[LOOPBACK]) as server:
        browser = Browser(server)
        for name, value in SIGNS.items():
            reply = browser.ask("GET", "/", {name: value})
            assert reply.status == 403, name
            assert "<code>hubbub access password</code>" in reply.text
            assert "figures" not in reply.text
            told = browser.ask("GET", "/api/v1/told", {name: value})
            assert (told.status, "hubbub access password" in told.body["error"]["fix"]) == (
                403,
                True,
            )
            assert browser.ask("POST", "/slack/events", {name: value}, b"1").status == 200


def test_a_password_holds_at_once_and_its_removal_opens_nothing(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    with served(settings) as server:
        browser = Browser(server)
        assert browser.is_in
        give(settings)
        assert not browser.is_in
        browser.log_in()
        assert browser.is_in
        remove_password(settings)
        assert not browser.is_in
        assert Browser(server).get("/api/v1/told").status == 401
    with served(settings) as server:
        assert Browser(server).is_in


def test_the_environment_gives_a_password_that_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hubbub.privacy.credentials._COST", 16)
    settings = settings_in(tmp_path, password=PASSWORD)
    with monkeypatch.context() as changed:
        changed.setenv(ENVIRONMENT, "another one in a container\n")
        with served(settings, EVERYWHERE) as server:
            browser = Browser(server)
            assert browser.log_in(PASSWORD).status == 401
            assert browser.log_in("another one in a container").status == 303
        with served(settings, EVERYWHERE) as server:
            browser.server = server
            assert browser.is_in
            for refused in (
                lambda: set_password(settings, PASSWORD),
                lambda: remove_password(settings),
            ):
                with pytest.raises(UsageError, match=ENVIRONMENT):
                    refused()
        changed.setenv(ENVIRONMENT, "yet another one in there")
        with served(settings, EVERYWHERE) as server:
            browser.server = server
            assert not browser.is_in
        changed.setenv(ENVIRONMENT, "short")
        with pytest.raises(UsageError, match=f"{ENVIRONMENT}: .* 5 characters"):
            Access.of(settings, LOOPBACK)
    with served(settings) as server:
        browser.server = server
        assert browser.log_in("yet another one in there").status == 401
        assert browser.log_in(PASSWORD).status == 303


WANTED = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-resource-policy": "same-origin",
}


@pytest.mark.parametrize("has_login", [False, True])
def test_every_answer_says_what_browsers_must_not_do_with_it(
    tmp_path: Path, has_login: bool
) -> None:
    settings = settings_in(tmp_path, password=PASSWORD if has_login else "")
    with served(settings) as server:
        browser = Browser(server)
        replies = [browser.ask(verb, path, body=b"") for verb, path in OPEN]
        replies += [browser.get(path) for path in ("/login", "/static/login.css", "/", "/none")]
        replies += [browser.get("/", Host="evil.example"), browser.ask("POST", "/", body=b"")]
        if has_login:
            replies += [browser.log_in("wrong"), browser.log_in(), browser.get("/logout")]
        replies += [browser.get(path) for path in ("/", "/api/v1/told", "/none", "/metrics")]
        assert {reply.status for reply in replies} >= {200, 403 if not has_login else 401, 404}
        for reply in replies:
            assert {name: reply.headers[name] for name in WANTED} == WANTED
            assert "camera=()" in reply.headers["permissions-policy"]
            assert reply.headers["referrer-policy"] in {"no-referrer", "same-origin"}
            assert "strict-transport-security" not in reply.headers
            assert "server" not in reply.headers
        # where browsers heed it: by TLS, or this machine's own name
        assert browser.get("/").headers["cross-origin-opener-policy"] == "same-origin"
        elsewhere = browser.get("/", Host="dash.example")
        assert "cross-origin-opener-policy" not in elsewhere.headers
        assert browser.get("/api/v1/told").headers["cache-control"] == "private, no-store"
        assert browser.get("/login").headers["cache-control"] == "private, no-store"
        # what the application says of keeping its own files stands
        assert browser.get("/static/main.js").headers["cache-control"] == "public, max-age=9"
        assert browser.get("/api/v1/told").headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("has_login", [False, True])
def test_pages_of_other_sites_get_nothing(tmp_path: Path, has_login: bool) -> None:
    with served(settings_in(tmp_path, password=PASSWORD if has_login else "")) as server:
        browser = Browser(server)
        if has_login:
            browser.log_in()
        for site in ("cross-site", "same-site"):
            for mode in ("no-cors", "cors", "websocket"):
                told = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode}
                for path in ("/api/v1/stream", "/metrics", "/", "/static/main.js"):
                    assert browser.ask("GET", path, told).status == 403, (told, path)
            link = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate"}
            assert browser.ask("GET", "/", link).status == 200
        own = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}
        assert browser.ask("GET", "/api/v1/told", own).status == 200


def test_a_file_that_is_damaged_or_open_to_others_lets_nobody_in(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = settings_in(tmp_path, password=PASSWORD)
    sound = settings.access.read_bytes()
    with served(settings, EVERYWHERE) as server, caplog.at_level(logging.ERROR):
        browser = Browser(server)
        browser.log_in()
        for spoil in (
            lambda: settings.access.write_bytes(sound[:-3]),
            lambda: settings.access.write_bytes(sound.replace(b'"id"', b'"di"')),
            lambda: settings.access.chmod(0o644),
        ):
            caplog.clear()
            spoil()
            for path in ("/", "/api/v1/told", "/login"):
                reply = browser.get(path)
                assert reply.status == 503, path
                assert str(tmp_path) not in reply.text
            assert len(caplog.records) == 1  # not one a request
            assert str(settings.access) in caplog.text
            assert browser.ask("POST", "/slack/events", body=b"1").status == 200
            settings.access.write_bytes(sound)
            settings.access.chmod(0o600)
            assert browser.is_in
    settings.access.write_text("{")
    with pytest.raises(HubbubError, match="damaged"):
        Access.of(settings, LOOPBACK)


def test_a_websocket_is_refused(tmp_path: Path) -> None:
    with served(settings_in(tmp_path)) as server:
        told = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}  # fmt: skip
        assert server.ask("GET", "/", told).status == 403


def test_what_is_told_at_the_start(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, password=PASSWORD)
    said = Access.of(settings, EVERYWHERE).told(is_secure=False)
    assert "password" in said
    assert "Without TLS" in said
    behind = Access.of(settings, EVERYWHERE, trusted_proxies=["10.0.0.1"])
    for safe in (
        Access.of(settings, EVERYWHERE).told(is_secure=True),
        Access.of(settings, LOOPBACK).told(is_secure=False),
        behind.told(is_secure=False),
    ):
        assert "Without TLS" not in safe
