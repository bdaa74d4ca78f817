"""Behind a reverse proxy: under a path, whether it takes that away or not, and whose word about
addresses and TLS is believed."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from hubbub.errors import UsageError
from hubbub.privacy.credentials import ENVIRONMENT
from hubbub.server.access import Access
from hubbub.settings import Settings
from tests.server.door import EVERYWHERE, LOOPBACK, PASSWORD, Browser, Served, served, settings_in
from tests.server.forwarding import Manners, forwarding

NGINX = (
    ("X-Forwarded-For", "203.0.113.5"),
    ("X-Forwarded-Proto", "https"),
)
"""What the snippets of docs/access.md make nginx and Caddy say."""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    return settings_in(tmp_path, password=PASSWORD)


@pytest.mark.parametrize("strips", [True, False])
def test_a_login_behind_a_proxy_under_a_path(settings: Settings, strips: bool) -> None:
    manners = Manners("/hubbub", strips=strips, told=NGINX)
    with ExitStack() as stack:
        server = stack.enter_context(
            served(settings, LOOPBACK, prefix="/hubbub/", trusted_proxies=[LOOPBACK])
        )
        port = stack.enter_context(forwarding(server.port, manners))
        said = {"Host": "dash.example", "Origin": "https://dash.example"}
        outside = Served(LOOPBACK, port, server.access)
        browser = Browser(outside, base="/hubbub", sent=said)
        assert (
            browser.get("/?period=7%20days").place == "/hubbub/login?next=/%3Fperiod%3D7%2520days"
        )
        page = browser.get("/login").text
        assert 'action="/hubbub/login"' in page
        assert 'href="/hubbub/static/login.css"' in page
        assert browser.get("/static/login.css").status == 200
        assert browser.log_in(path="/login?next=/api/v1/told").place == "/hubbub/api/v1/told"
        (name,) = browser.cookies
        assert {"path=/hubbub", "secure"} <= set(browser.attributes[name].lower().split("; "))
        assert browser.is_in
        told = browser.get("/api/v1/told")
        assert told.body == {"address": "203.0.113.5", "scheme": "https",
                             "url": "https://dash.example/hubbub/api/v1/told"}  # fmt: skip
        assert told.headers["strict-transport-security"]
        assert browser.ask("POST", "/slack/events", body=b"123").text == "3"
        assert browser.get("/healthz").status == 200
        assert browser.send("/logout", browser.form("/logout")).place == "/hubbub/login"
        assert not browser.is_in


def test_the_path_alone_leads_to_the_page_below_it(settings: Settings) -> None:
    with served(settings, EVERYWHERE, prefix="/a/b") as server:
        assert server.ask("GET", "/a/b?x=1").place == "/a/b/?x=1"
        assert server.ask("GET", "/a/bc").place == "/a/b/login?next=/a/bc"
        assert server.ask("GET", "/a/b/healthz").status == 200
        assert server.ask("GET", "/a/b/slack/events").status == 405  # Slack posts
        assert server.ask("GET", "/a/b/a/b/healthz").status == 303
        cookie = server.ask("GET", "/a/b/login").cookies[0]
        assert "Path=/a/b;" in cookie


@pytest.mark.parametrize("prefix", ["hubbub", "/a b", "/../x", "//evil.example", "/a//b", "/a?b",
                                    "https://x", "/a/./b", '/"x'])  # fmt: skip
def test_what_is_no_path_is_refused(settings: Settings, prefix: str) -> None:
    with pytest.raises(UsageError, match="is no path"):
        Access.of(settings, LOOPBACK, prefix=prefix)


def test_only_trusted_proxies_are_believed(settings: Settings) -> None:
    said = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}
    for trusted, expected in (
        ([], ("127.0.0.1", "http")),
        (["192.0.2.1", "10.0.0.0/8"], ("127.0.0.1", "http")),
        (["127.0.0.0/8"], ("203.0.113.9", "https")),
    ):
        with served(settings, EVERYWHERE, trusted_proxies=trusted) as server:
            browser = Browser(server, sent=said)
            browser.log_in()
            told = browser.get("/api/v1/told")
            assert (told.body["address"], told.body["scheme"]) == expected
            (name,) = browser.cookies
            assert ("Secure" in browser.attributes[name]) is (expected[1] == "https")
            assert ("strict-transport-security" in told.headers) is (expected[1] == "https")
    with pytest.raises(UsageError, match=r"proxy\.example"):
        Access.of(settings, LOOPBACK, trusted_proxies=["proxy.example"])


def test_what_a_client_says_of_itself_before_the_proxy_is_not_believed(settings: Settings) -> None:
    chains = {
        "203.0.113.9": "203.0.113.9",
        "198.51.100.1, 203.0.113.9": "203.0.113.9",  # the first is the client's own word
        "198.51.100.1, 203.0.113.9, 10.0.0.2": "203.0.113.9",  # a second proxy of ours
        "10.0.0.2": "10.0.0.2",
        "203.0.113.9:4711": "203.0.113.9",
        "[2001:db8::5]:4711": "2001:db8::5",
        "2001:db8::5": "2001:db8::5",
        "203.0.113.9, nonsense": "127.0.0.1",
        "203.0.113.9, nonsense, 10.0.0.2": "10.0.0.2",
        "": "127.0.0.1",
    }
    with served(settings, EVERYWHERE, trusted_proxies=["127.0.0.1", "10.0.0.0/8"]) as server:
        browser = Browser(server)
        browser.log_in()
        for said, expected in chains.items():
            told = browser.get("/api/v1/told", X_Forwarded_For=said).body
            assert told["address"] == expected, said


def test_a_header_of_the_clients_own_does_not_hide_the_proxys(settings: Settings) -> None:
    """Some proxies add a line of their own behind the client's."""
    manners = Manners(added=(("X-Forwarded-For", "203.0.113.5"),))
    with (
        served(settings, LOOPBACK, trusted_proxies=[LOOPBACK]) as server,
        forwarding(server.port, manners) as port,
    ):
        browser = Browser(Served(LOOPBACK, port, server.access))
        browser.log_in()
        told = browser.get("/api/v1/told", X_Forwarded_For="198.51.100.1").body
        assert told["address"] == "203.0.113.5"


@pytest.mark.parametrize(
    "manners",
    [Manners(told=NGINX), Manners(told=NGINX, keeps_host=False),
     Manners(version="1.0", keeps_host=False),  # nginx with proxy_pass and nothing else
     Manners(told=(("Via", "1.1 edge"),), keeps_host=False)],
)  # fmt: skip
def test_a_proxy_that_shows_a_server_without_login_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, manners: Manners
) -> None:
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    with (
        served(settings_in(tmp_path), trusted_proxies=[LOOPBACK]) as server,
        forwarding(server.port, manners) as port,
    ):
        outside = Browser(Served(LOOPBACK, port, server.access), sent={"Host": "dash.example"})
        for path in ("/", "/api/v1/told", "/session"):
            assert outside.get(path).status == 403
        assert "hubbub access password" in outside.get("/").text
        assert outside.ask("POST", "/slack/events", body=b"1").text == "1"
        assert Browser(server).is_in


def test_a_proxy_that_names_itself_as_the_host_still_lets_people_log_in(settings: Settings) -> None:
    """A browser's own word, which pages cannot forge, is enough; else the proxy has to hand on the
    name, as a trusted one does with X-Forwarded-Host."""
    named = (*NGINX, ("X-Forwarded-Host", "dash.example"))
    for manners, site, status in (
        (Manners(told=NGINX, keeps_host=False), "same-origin", 303),
        (Manners(told=NGINX, keeps_host=False), None, 403),
        (Manners(told=named, keeps_host=False), None, 303),
    ):
        with (
            served(settings, LOOPBACK, trusted_proxies=[LOOPBACK]) as server,
            forwarding(server.port, manners) as port,
        ):
            browser = Browser(Served(LOOPBACK, port, server.access), sent={"Host": "dash.example"})
            told = {"Origin": "https://dash.example"}
            told |= {"Sec-Fetch-Site": site} if site else {}
            assert browser.log_in(**told).status == status
