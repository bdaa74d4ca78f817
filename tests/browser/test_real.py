"""The whole way: from what is said in a simulated Slack to who looks at the page."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from playwright.sync_api import expect as _expect

from hubbub.flows.granting import set_password
from tests.browser.conftest import WATCH
from tests.browser.real import FIRST, PEOPLE, town, unmerged
from tests.server.forwarding import Manners, forwarding

pytestmark = pytest.mark.long

expect: Any = _expect  # its patterns have no types

_OPEN = {"preset": "open"}
_PASSWORD = "tide and time and tide"
_GAP = 60_000
"""Milliseconds within which history fills a gap."""
_COUNTED = """window.counted = [];
    const look = () => {
        const text = document.querySelector("#panel-messages_in_all .figure > b")?.textContent;
        if (text && text !== window.counted.at(-1)) window.counted.push(text);
    };
    look();
    new MutationObserver(look).observe(document.querySelector("main"),
        { childList: true, characterData: true, subtree: true });"""


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., tuple[Page, list[str]]]]:
    """Opens an address in an empty profile; gives the page and what the browser complains of."""
    contexts: list[Any] = []

    def opened(address: str) -> tuple[Page, list[str]]:
        context = browser.new_context(
            reduced_motion="reduce", viewport={"width": 1440, "height": 900}
        )
        contexts.append(context)
        context.add_init_script(WATCH)
        page, complaints = context.new_page(), list[str]()
        page.set_default_timeout(30_000)
        origin = "/".join(address.split("/")[:3])
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda told: (
                complaints.append(told.text) if told.type in {"error", "warning"} else None
            ),
        )
        page.on(
            "request",
            lambda asked: None if asked.url.startswith(origin) else complaints.append(asked.url),
        )
        page.goto(address)
        return page, complaints

    yield opened
    for context in contexts:
        context.close()


def _count(page: Page) -> Any:
    return page.locator("#panel-messages_in_all .figure > b")


def _newest(page: Page) -> Any:
    return page.locator("#panel-recent_activity li").first


def _in_all(page: Page) -> list[str]:
    page.locator("#panel-network").scroll_into_view_if_needed()
    for chart in page.locator(".panel.chart").all():
        chart.scroll_into_view_if_needed()
        expect(chart.locator(".drawing svg")).to_be_visible()
    return page.evaluate("window.violations")


@pytest.mark.parametrize("by", ["socket", "http"])
def test_what_is_said_is_on_the_page_at_once_and_counted_when_merged(
    tmp_path: Path, open_page: Any, by: str
) -> None:
    with town(tmp_path, privacy=_OPEN) as grove, grove.served(by=by) as running:
        page, complaints = open_page(running.url)
        expect(_count(page)).to_have_text(str(len(FIRST)))
        expect(_newest(page)).to_contain_text(FIRST[-1])
        expect(page.locator("#state-word")).to_have_text("Live")
        if by == "socket":
            expect(page.locator("#state-told")).to_contain_text("Slack connected")
        with unmerged(running):
            message = grove.say("there are plums, <@U1>")
            expect(_newest(page)).to_contain_text("there are plums, @olive")
            expect(_newest(page)).to_contain_text("bram wrote in #garden")
            expect(_count(page)).to_have_text(str(len(FIRST)))
        expect(_count(page)).to_have_text(str(len(FIRST) + 1))
        # the list that came with the figure says the same
        expect(_newest(page)).to_contain_text("there are plums, @olive")
        link = _newest(page).locator(".at a").get_attribute("href")
        assert link.endswith(f"/archives/C1/p{message['ts'].replace('.', '')}")
        expect(page.locator("#panel-active_now .figure > b")).to_have_text("1")
        assert _in_all(page) == []
        assert complaints == []


def test_a_restart_is_told_and_what_was_missed_is_counted(tmp_path: Path, open_page: Any) -> None:
    with town(tmp_path, privacy=_OPEN) as grove:
        with grove.served() as running:
            page, complaints = open_page(running.url)
            leader = page.locator("#panel-leaderboard tbody tr").first
            expect(page.locator("#state-told")).to_contain_text("Slack connected")
            grove.say("there are plums")
            expect(_count(page)).to_have_text("4")
            expect(leader).to_contain_text("olive")
            page.evaluate(_COUNTED)
        word = page.locator("#state-word")
        expect(word).to_have_text(re.compile(r"Reconnecting; figures are of \d\d:\d\d"))
        root = grove.say("is anybody there?", "U1")
        grove.simulator.acts.reply("C1", root["ts"], "U2", "soon again")
        grove.say("this is the kitchen", "U2", "C2")
        expect(_count(page)).to_have_text("4")
        expect(leader).to_contain_text("olive")
        with grove.served():
            expect(word).to_have_text("Live", timeout=_GAP)
            expect(_count(page)).to_have_text("7", timeout=_GAP)
            grove.say("here we are")
            expect(_count(page)).to_have_text("8")
            assert grove.said_by() == {"olive": 4, "bram": 4}
            for name, said in grove.said_by().items():
                line = page.locator("#panel-leaderboard tbody tr", has_text=name)
                expect(line.locator(".amount b")).to_have_text(str(said))
            counted = [int(each) for each in page.evaluate("window.counted")]
        assert counted == sorted(counted)
        assert counted[0] == 4
        assert page.evaluate("window.violations") == []
        # while the server was away the browser said so itself
        assert [each for each in complaints if "net::ERR_" not in each] == []


def test_it_is_served_behind_a_proxy_under_a_path_to_who_has_the_password(
    tmp_path: Path, open_page: Any
) -> None:
    proxied = {"prefix": "/hubbub", "trusted_proxies": ("127.0.0.1",)}
    with town(tmp_path, privacy=_OPEN, **proxied) as grove:
        set_password(grove.settings, _PASSWORD)
        manners = Manners("/hubbub", strips=True, told=(("X-Forwarded-For", "192.0.2.7"),))
        with forwarding(grove.settings.serve.port, manners) as port, grove.served():
            page, complaints = open_page(f"http://localhost:{port}/hubbub/")
            assert page.url == f"http://localhost:{port}/hubbub/login"
            for secret in (*PEOPLE.values(), *FIRST):
                assert secret not in page.content()
            page.get_by_label("Password or token").fill(_PASSWORD)
            page.get_by_role("button", name="Log in").click()
            expect(_count(page)).to_have_text(str(len(FIRST)))
            expect(page.locator("#state-told")).to_contain_text("Slack connected")
            grove.say("there are plums")
            expect(_newest(page)).to_contain_text("there are plums")
            expect(_count(page)).to_have_text(str(len(FIRST) + 1))
            assert _in_all(page) == []
            page.locator("#state-button").click()
            page.get_by_role("link", name="Log out").click()
            assert page.url == f"http://localhost:{port}/hubbub/logout"
            page.get_by_role("button", name="Log out").click()
            page.goto(f"http://localhost:{port}/hubbub/")
            assert page.url == f"http://localhost:{port}/hubbub/login"
            assert complaints == []
            page.close()


def test_a_strict_policy_shows_no_names_and_no_texts_and_says_why(
    tmp_path: Path, open_page: Any
) -> None:
    strict = {"preset": "strict", "only_channels": ["garden"]}
    with town(tmp_path, privacy=strict) as grove, grove.served() as running:
        page, complaints = open_page(running.url)
        expect(page.locator("#state-told")).to_contain_text("Slack connected")
        for name in ("health", "recent_activity", "leaderboard", "unanswered", "network"):
            expect(page.locator(f"#panel-{name} .sentence")).to_contain_text("fewer than 5 members")
        expect(page.get_by_role("combobox")).to_have_count(0)
        grove.say("there are plums")
        grove.wait_for_messages(len(FIRST) + 1)
        page.wait_for_timeout(2_500)  # a frame with it would be there by now
        expect(page.locator("#state-last")).to_be_empty()
        for secret in (*PEOPLE.values(), *FIRST, "there are plums", "garden"):
            assert secret not in page.content()
        assert page.evaluate("window.violations") == []
        assert complaints == []
