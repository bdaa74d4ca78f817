"""Logging in and out, what becomes of sessions, and what others' pages and links can do with it."""

import http.client
import json
import logging
import ssl
import subprocess
import threading
import unicodedata
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hubbub.flows.auditing import audit_of
from hubbub.flows.granting import make_token, revoke_token
from hubbub.privacy.credentials import ENVIRONMENT
from hubbub.server import desk
from hubbub.server.login import place_inside
from hubbub.settings import Settings
from tests.parts import missing
from tests.privacy.home import holding
from tests.server.door import (
    EVERYWHERE,
    LOOPBACK,
    PASSWORD,
    Browser,
    Served,
    give,
    served,
    settings_in,
    until,
)


@pytest.fixture(autouse=True)
def no_password_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENVIRONMENT, raising=False)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path, password=PASSWORD)


def test_a_login_gives_a_cookie_that_scripts_and_other_sites_cannot_use(settings: Settings) -> None:
    with served(settings, EVERYWHERE) as server:
        browser = Browser(server)
        reply = browser.log_in()
        assert (reply.status, reply.place) == (303, "/")
        (name,) = browser.cookies
        assert set(browser.attributes[name].lower().split("; ")) == {
            "httponly", "samesite=lax", "path=/", f"max-age={90 * 86_400}",
        }  # fmt: skip
        assert browser.is_in
        assert browser.get("/login").place == "/"
        assert len(browser.session) >= 43  # 256 bits


def certificate(folder: Path) -> tuple[str, str]:
    cert, key = str(folder / "cert.pem"), str(folder / "key.pem")
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    named = ["-days", "2", "-subj", "/CN=localhost", "-keyout", key, "-out", cert]
    command = ["openssl", "req", "-x509", *curve, *named]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except FileNotFoundError:
        missing("there is no openssl to make a certificate with")
    return cert, key


def test_under_tls_the_cookie_is_secure_and_browsers_are_told_to_stay(
    settings: Settings, tmp_path: Path
) -> None:
    unchecked = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
    with served(settings, tls=certificate(tmp_path)) as server:
        connection = http.client.HTTPSConnection(
            server.host, server.port, context=unchecked, timeout=20
        )
        with closing(connection):
            connection.request("GET", "/login")
            response = connection.getresponse()
            response.read()
            assert "Secure" in response.getheader("set-cookie", "").split("; ")
            assert response.getheader("strict-transport-security") == "max-age=31536000"
            connection.request("GET", "/healthz")
            assert connection.getresponse().getheader("strict-transport-security")


@pytest.mark.parametrize(
    "wrong", ["", "correct horse", PASSWORD + " ", PASSWORD.upper(), "x" * 5000]
)
def test_what_is_not_the_password_opens_nothing(settings: Settings, wrong: str) -> None:
    with served(settings, EVERYWHERE) as server:
        browser = Browser(server)
        reply = browser.log_in(wrong)
        assert reply.status == 401
        assert "neither the password nor a token" in reply.text
        assert 'role="alert"' in reply.text
        assert not wrong or wrong not in reply.text
        assert not browser.is_in
        assert all(name.startswith("hubbub_form_") for name in browser.cookies)


def test_the_same_password_may_be_typed_in_other_bytes(settings: Settings) -> None:
    give(settings, "비밀번호는 길어야 합니다")
    with served(settings, EVERYWHERE) as server:
        decomposed = unicodedata.normalize("NFD", "비밀번호는 길어야 합니다")
        assert Browser(server).log_in(decomposed).status == 303


def test_a_token_opens_the_api_until_it_is_revoked(settings: Settings) -> None:
    token = make_token(settings, "prometheus")
    other = make_token(settings, "other")
    with served(settings, EVERYWHERE) as server:

        def ask(value: str, path: str = "/metrics") -> int:
            return server.ask("GET", path, {"Authorization": value}).status

        assert ask(f"Bearer {token}") == ask(f"bearer {token}") == ask(f"Bearer {other}") == 200
        assert ask(f"Bearer {token}", "/") == 200
        change = server.ask("POST", "/api/v1/change", {"Authorization": f"Bearer {token}"}, b"12")
        assert change.text == "2"
        for wrong in (f"Bearer {token}x", f"Bearer {token[:-1]}", "Bearer", f"Basic {token}",
                      f"Bearer {PASSWORD}", token, "Bearer é"):  # fmt: skip
            reply = server.ask("GET", "/metrics", {"Authorization": wrong})
            assert reply.status == 401, wrong
            invalid = wrong.startswith("Bearer")
            assert ("invalid_token" in reply.headers["www-authenticate"]) is invalid
        revoke_token(settings, "prometheus")
        assert (ask(f"Bearer {token}"), ask(f"Bearer {other}")) == (401, 200)


def test_a_token_logs_a_browser_in_until_it_is_revoked(settings: Settings) -> None:
    token = make_token(settings, "wall")
    with served(settings, EVERYWHERE) as server:
        wall, person = Browser(server), Browser(server)
        wall.log_in(token)
        person.log_in()
        assert wall.is_in
        revoke_token(settings, "wall")
        assert (wall.is_in, person.is_in) == (False, True)


def test_a_new_password_ends_all_sessions_of_the_old_one(settings: Settings) -> None:
    with served(settings, EVERYWHERE) as server:
        browser, other = Browser(server), Browser(server)
        browser.log_in()
        other.log_in()
        give(settings)  # the same again is a new one too
        assert (browser.is_in, other.is_in) == (False, False)
        assert browser.log_in().status == 303
        assert browser.is_in


def test_sessions_outlive_the_server(settings: Settings) -> None:
    with served(settings, EVERYWHERE) as server:
        browser = Browser(server)
        browser.log_in()
    with served(settings, EVERYWHERE) as browser.server:
        assert browser.is_in
        browser.send("/logout", browser.form("/logout"))
    with served(settings, EVERYWHERE) as browser.server:
        assert not browser.is_in


def aged(settings: Settings, used: timedelta, begun: timedelta) -> None:
    """Make the one session older than it is."""
    written = json.loads(settings.sessions.read_text())
    (session,) = written["sessions"].values()
    session["used_at"] -= used.total_seconds()
    session["begun_at"] -= begun.total_seconds()
    settings.sessions.write_text(json.dumps(written))


HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("used", "begun", "lasts"),
    [(7 * DAY - HOUR, 7 * DAY - HOUR, True), (7 * DAY + HOUR, 7 * DAY + HOUR, False),
     (HOUR, 90 * DAY - HOUR, True), (HOUR, 90 * DAY + HOUR, False)],
)  # fmt: skip
def test_sessions_end_unused_after_a_week_and_always_after_ninety_days(
    settings: Settings, used: timedelta, begun: timedelta, lasts: bool
) -> None:
    with served(settings, EVERYWHERE) as server:
        browser = Browser(server)
        browser.log_in()
    aged(settings, used, begun)
    with served(settings, EVERYWHERE) as browser.server:
        assert browser.is_in is lasts


def test_to_look_keeps_a_session_alive_over_restarts(settings: Settings) -> None:
    with served(settings, EVERYWHERE) as server:
        browser = Browser(server)
        browser.log_in()
    for _ in range(2):  # 2 × 5 days, each time looked at once
        aged(settings, 5 * DAY, 5 * DAY)
        before = settings.sessions.read_text()
        with served(settings, EVERYWHERE) as browser.server:
            assert browser.is_in
            until(lambda: settings.sessions.read_text() != before)  # noqa: B023 -- used at once


def test_to_log_out_ends_the_session_on_the_server(settings: Settings) -> None:
    with served(settings, EVERYWHERE) as server:
        browser, other = Browser(server), Browser(server)
        browser.log_in()
        other.log_in()
        thief = Browser(server, cookies=dict(browser.cookies))
        assert thief.is_in
        form = browser.form("/logout")
        for refused in ({}, {"form": "0" * 64}, other.form("/logout")):
            assert browser.send("/logout", refused).status == 403
        assert browser.send("/logout", form, Origin="https://evil.example").status == 403
        assert browser.is_in
        reply = browser.send("/logout", form)
        assert (reply.status, reply.place) == (303, "/login")
        assert not browser.cookies
        assert (thief.is_in, other.is_in) == (False, True)
        assert Browser(server).get("/logout").place == "/login?next=/logout"


def test_no_login_without_the_form_of_the_same_browser(settings: Settings) -> None:
    """Or another site could log somebody in as somebody else."""
    with served(settings, EVERYWHERE) as server:
        browser, other = Browser(server), Browser(server)
        fields = {**browser.form(), "password": PASSWORD}
        for form in ("", "0" * 64, other.form()["form"], "é"):
            assert browser.send("/login", {**fields, "form": form}).status == 403, form
        without = {name: value for name, value in fields.items() if name != "form"}
        assert browser.send("/login", without).status == 403
        assert Browser(server).send("/login", fields).status == 403  # no cookie
        assert browser.send("/login", fields, Content_Type="text/plain").status == 400
        assert browser.send("/login", {**fields, "password": "x" * 9_000}).status == 400
        in_url = f"/login?password={quote(PASSWORD)}&form={fields['form']}"
        assert "<form" in browser.get(in_url).text
        assert browser.ask("PUT", "/login", body=b"").status == 405
        assert not browser.is_in
        assert browser.send("/login", {**browser.form(), "password": PASSWORD}).status == 303


ORIGINS: list[tuple[dict[str, str], int]] = [
    ({"Origin": "https://evil.example"}, 403),
    ({"Origin": "null"}, 403),
    ({"Origin": "http://localhost.evil.example"}, 403),
    ({"Origin": "http://localhost:1"}, 403),
    ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, 403),
    ({"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate"}, 403),
    ({"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}, 403),
    ({"Origin": "https://dash.example", "X-Forwarded-Host": "dash.example"}, 403),
    ({"Origin": "http://dash.example:8000", "Host": "dash.example"}, 403),
    ({"Origin": "http://dash.example", "Host": "dash.example"}, 303),
    ({"Origin": "https://DASH.example", "Host": "dash.example:443"}, 303),
    ({"Origin": "https://dash.example", "Sec-Fetch-Site": "same-origin"}, 303),
    ({}, 303),
]


def test_forms_come_from_this_server(settings: Settings) -> None:
    with served(settings, EVERYWHERE) as server:
        for told, status in ORIGINS:
            browser = Browser(server)
            fields = {**browser.form(), "password": PASSWORD}
            assert browser.send("/login", fields, **told).status == status, told
            assert browser.is_in is (status == 303)


def test_a_cookie_that_was_planted_becomes_no_session(settings: Settings) -> None:
    with served(settings, EVERYWHERE) as server:
        victim, attacker = Browser(server), Browser(server)
        victim.log_in()
        attacker.log_in()
        (name,) = victim.cookies
        # unknown to the server, and an attacker's own: neither is taken over by the next login
        for planted in ("x" * 43, attacker.session):
            victim.cookies = {name: planted}
            fields = {"password": PASSWORD}
            if victim.is_in:
                attacker.send("/logout", attacker.form("/logout"))
            victim.send("/login", {**victim.form(), **fields})
            assert victim.is_in
            assert victim.session != planted
            assert not Browser(server, cookies={name: planted}).is_in
        for value in ("", "é", "a" * 9_000, '"', f"{victim.session}x", victim.session[:-1]):
            assert not Browser(server, cookies={name: value}).is_in


def test_a_login_ends_the_session_that_the_browser_had(settings: Settings) -> None:
    with served(settings, EVERYWHERE) as server:
        browser, second = Browser(server), Browser(server)
        form = browser.form()
        cookies = dict(browser.cookies)
        browser.send("/login", {**form, "password": PASSWORD})
        before = dict(browser.cookies)
        browser.cookies |= cookies
        browser.send("/login", {**form, "password": PASSWORD})
        assert browser.is_in
        second.cookies = before
        assert not second.is_in


def test_what_changes_something_wants_the_sessions_own_page(settings: Settings) -> None:
    with served(settings, EVERYWHERE) as server:
        browser, other = Browser(server), Browser(server)
        browser.log_in()
        other.log_in()
        told = browser.get("/session").body
        assert told["login"] is True

        def change(**headers: str) -> int:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return browser.ask("POST", "/api/v1/change", named, b"1").status

        assert change() == 403
        assert change(X_Form_Token=other.get("/session").body["form"]) == 403
        assert change(X_Form_Token=told["form"], Origin="https://evil.example") == 403
        assert change(X_Form_Token=told["form"]) == 200
    with served(settings_in(settings.home.parent / "open")) as server:
        browser = Browser(server)
        assert change() == 200
        assert change(Origin="https://evil.example") == 403


# Where one goes after the login


@pytest.mark.parametrize("asked", ["/", "/api/v1/told", "/?period=30%20days&channel=C1", "/a/b#c"])
def test_after_the_login_one_is_where_one_wanted_to_be(settings: Settings, asked: str) -> None:
    with served(settings, EVERYWHERE) as server:
        browser = Browser(server)
        assert browser.log_in(path=f"/login?next={quote(asked, safe='')}").place == asked
        page = Browser(server).get("/figures/%EC%95%88?period=7%20days&x=%2F").place
        assert page == "/login?next=/figures/%25EC%2595%2588%3Fperiod%3D7%2520days%26x%3D%252F"
        assert browser.get(page).place == "/figures/%EC%95%88?period=7%20days&x=%2F"


ELSEWHERE = [
    *(
        "https://evil.example",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "evil.example",
    ),
    *("\\\\evil.example", "/\t/evil.example", "/\n/evil.example", "javascript:alert(1)", ""),
    *("http:/evil.example", "/../other", "/a/../../other", "/%2e%2e/other", "/.%2E/other"),
    *("/\u2028/evil.example", " /evil.example", "/..%5cother", "/%2e%2e%2fother", "/.."),
]


def test_nobody_is_led_elsewhere_after_the_login(settings: Settings) -> None:
    with served(settings, EVERYWHERE, prefix="/hubbub") as server:
        for asked in ELSEWHERE:
            browser = Browser(server, base="/hubbub")
            path = f"/login?next={quote(asked, safe='')}"
            assert browser.log_in(path=path).place == "/hubbub/", asked
            assert browser.get(path).place == "/hubbub/", asked
            browser = Browser(server, base="/hubbub")
            sent = {**browser.form(), "password": PASSWORD, "next": asked}
            assert browser.send("/login", sent).place == "/hubbub/", asked


def browsed(place: str) -> tuple[bool, list[str]]:
    """Where a browser goes by a Location, as the WHATWG describes it: whether to another host, and
    the segments of the path."""
    kept = "".join(each for each in place if each not in "\t\n\r").strip(" ").replace("\\", "/")
    path = kept.partition("#")[0].partition("?")[0]
    segments: list[str] = []
    for each in path.split("/")[1:]:
        dots = each.lower().replace("%2e", ".")
        if dots == "..":
            del segments[-1:]
        elif dots != ".":
            segments.append(each)
    return not kept.startswith("/") or kept.startswith("//"), segments


@given(st.text(alphabet="/\\.%2eE5cC:@a?#\t\n \u00e9", max_size=12).map(lambda text: f"/{text}"))
@example("/%2E./a")
def test_no_text_leads_out_of_the_prefix(asked: str) -> None:
    is_elsewhere, segments = browsed("/hubbub" + place_inside(asked))
    assert not is_elsewhere
    assert segments[0] == "hubbub"
    # without a prefix too
    is_elsewhere, _ = browsed(place_inside(asked))
    assert not is_elsewhere
    assert ".." not in unquote(place_inside(asked).partition("?")[0].partition("#")[0]).split("/")


# Streams


class Listener:
    """Reads a stream in a thread."""

    def __init__(self, server: Served, headers: dict[str, str]) -> None:
        self.ticks, self.has_ended = 0, False
        self._connection = http.client.HTTPConnection(server.host, server.port, timeout=20)
        self._connection.request("GET", "/api/v1/stream", headers=headers)
        response = self._connection.getresponse()
        assert response.status == 200

        def read() -> None:
            while response.readline():
                self.ticks += 1
            self.has_ended = True
            self._connection.close()

        self.thread = threading.Thread(target=read)
        self.thread.start()


def cookies_of(browser: Browser) -> dict[str, str]:
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in browser.cookies.items())}


def test_a_stream_ends_with_its_session_and_no_sooner(settings: Settings) -> None:
    token = make_token(settings, "wall")
    with served(settings, EVERYWHERE) as server:
        server.access.looked_at_every = 0.02
        browser, other = Browser(server), Browser(server)
        browser.log_in()
        other.log_in()
        own, others = Listener(server, cookies_of(browser)), Listener(server, cookies_of(other))
        program = Listener(server, {"Authorization": f"Bearer {token}"})
        until(lambda: min(each.ticks for each in (own, others, program)) > 40)
        browser.send("/logout", browser.form("/logout"))
        until(lambda: own.has_ended)
        revoke_token(settings, "wall")
        until(lambda: program.has_ended)
        seen = others.ticks
        until(lambda: others.ticks > seen + 40)
        give(settings)
        until(lambda: others.has_ended)


def test_a_stream_without_login_ends_when_there_is_a_password(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    with served(settings, LOOPBACK) as server:
        server.access.looked_at_every = 0.02
        listener = Listener(server, {})
        until(lambda: listener.ticks > 20)
        give(settings)
        until(lambda: listener.has_ended)


# What is noted


def logins(settings: Settings) -> list[dict[str, Any]]:
    return [entry.details for entry in audit_of(settings).entries() if entry.action == "login"]


def test_logins_are_noted_and_failures_are_summed(settings: Settings) -> None:
    token = make_token(settings, "olives laptop")
    with served(settings, EVERYWHERE) as server:
        browser = Browser(server)
        for _ in range(3):
            browser.log_in("wrong")
        assert logins(settings) == [{"outcome": "failed", "failures": 1}]
        browser.log_in()
        (entry,) = logins(settings)[1:]
        assert (entry["outcome"], entry["by"]) == ("done", "password")
        assert entry["address"].startswith("a1_")
        for _ in range(3):
            server.ask("GET", "/metrics", {"Authorization": f"Bearer {token}"})
        (entry,) = logins(settings)[2:]  # once a day
        assert entry["by"] == "token"
        assert entry["token"].startswith("t1_")
        server.ask("GET", "/metrics", {"Authorization": "Bearer wrong"})
    assert logins(settings)[3:] == [{"outcome": "failed", "failures": 3}]
    assert audit_of(settings).verify().is_sound


def test_failures_of_ten_minutes_are_one_entry(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "_SUMMED_FOR", 0.3)
    with served(settings, EVERYWHERE) as server:
        for _ in range(4):
            server.ask("GET", "/metrics", {"Authorization": "Bearer wrong"})
        until(lambda: sum(each["failures"] for each in logins(settings)) == 4)
        assert len(logins(settings)) <= 3


def test_no_login_that_cannot_be_noted(settings: Settings) -> None:
    with served(settings, EVERYWHERE) as server:
        browser = Browser(server)
        key = settings.key.with_name("default.audit-key")
        put_aside = key.rename(key.with_name("aside"))
        assert browser.log_in().status == 503
        assert not browser.is_in
        put_aside.rename(key)
        assert browser.log_in().status == 303


def test_no_secret_and_no_address_stands_anywhere(
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    token = make_token(settings, "monitoring")
    with caplog.at_level(logging.DEBUG), served(settings, EVERYWHERE,
                                                trusted_proxies=[LOOPBACK]) as server:  # fmt: skip
        browser = Browser(server, sent={"X-Forwarded-For": "203.0.113.77"})
        browser.log_in("a wrong password of mine")
        browser.log_in()
        session = browser.session
        form = browser.get("/session").body["form"]
        server.ask("GET", "/metrics", {"Authorization": f"Bearer {token}"})
        assert browser.is_in
        browser.send("/logout", {"form": form})
        browser.log_in(token)
        assert browser.is_in
        secrets = (PASSWORD, "a wrong password of mine", token, session, browser.session, form)
    assert holding(settings.home, *secrets, "203.0.113.77") == []
    said = caplog.text + "".join(capfd.readouterr())
    assert "/login" in said  # the server's own lines are there
    assert not [each for each in secrets if each in said]
    for file in (settings.access, settings.sessions):
        assert file.stat().st_mode & 0o777 == 0o600


def test_sessions_that_cannot_be_read_are_begun_anew(settings: Settings) -> None:
    with served(settings, EVERYWHERE) as server:
        browser = Browser(server)
        browser.log_in()
        settings.sessions.write_text("{")
        assert not browser.is_in
        browser.log_in()
        assert browser.is_in


def test_a_thousand_sessions_are_the_most(settings: Settings) -> None:
    with served(settings, EVERYWHERE) as server:
        browser = Browser(server)
        browser.log_in()
        written = json.loads(settings.sessions.read_text())
        (session,) = written["sessions"].values()
        older = {**session, "used_at": session["used_at"] - 60}
        written["sessions"] |= {f"{number:064}": older for number in range(1_500)}
        settings.sessions.write_text(json.dumps(written))
        assert browser.is_in
        assert Browser(server).log_in().status == 303
        assert len(json.loads(settings.sessions.read_text())["sessions"]) == 1_000
        assert browser.is_in
