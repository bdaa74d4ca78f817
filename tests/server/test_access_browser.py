"""The login as a person sees it, in a real browser."""

import re
import shutil
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import ConsoleMessage, Page, sync_playwright

from hubbub.privacy.credentials import ENVIRONMENT
from hubbub.settings import Settings
from tests.parts import missing
from tests.server.door import EVERYWHERE, PASSWORD, outer_address, served, settings_in
from tests.server.forwarding import Manners, forwarding


@pytest.fixture(scope="module")
def chromium() -> Generator[Chromium]:
    path = shutil.which("chromium")
    if path is None:
        missing("there is no Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            args=["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                  "--disable-background-networking", "--disable-component-update",
                  "--disable-sync"],
        )  # fmt: skip
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Chromium) -> Generator[Page]:
    """A page that must not complain, but for answers that refuse it."""
    context = chromium.new_context()
    opened, complaints = context.new_page(), list[str]()

    def heard(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and "status of 4" not in message.text:
            complaints.append(message.text)

    opened.on("console", heard)
    yield opened
    context.close()
    assert complaints == []


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    return settings_in(tmp_path, password=PASSWORD)


@pytest.mark.parametrize("by_name", [True, False])
def test_a_person_logs_in_and_out(page: Page, settings: Settings, by_name: bool) -> None:
    """At localhost, which browsers trust, and by plain HTTP from elsewhere, where they say less of
    where a form comes from."""
    host = "localhost" if by_name else outer_address()
    if host is None:
        missing("this machine has no address but loopback")
    with served(settings, EVERYWHERE) as server:
        origin = f"http://{host}:{server.port}"
        page.goto(f"{origin}/?period=7%20days")
        assert page.title() == "Log in · Hubbub"
        assert page.evaluate("document.activeElement.id") == "password"
        page.keyboard.type("not the password")
        page.keyboard.press("Enter")
        alert = page.get_by_role("alert")
        assert "neither the password nor a token" in alert.inner_text()
        page.get_by_label("Password or token").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url(f"{origin}/?period=7%20days")
        assert page.get_by_role("heading").inner_text() == "The figures"
        assert page.evaluate("document.cookie") == ""
        told = page.evaluate("fetch('session').then(answer => answer.json())")
        assert told["login"] is True
        page.goto(f"{origin}/logout")
        page.get_by_role("button", name="Log out").click()
        page.wait_for_url(f"{origin}/login")
        page.goto(f"{origin}/")
        assert page.title() == "Log in · Hubbub"


def test_a_page_of_another_site_cannot_log_anybody_in(page: Page, settings: Settings) -> None:
    with served(settings, EVERYWHERE) as server:
        other = f"http://127.0.0.1:{server.port}"
        page.goto(f"http://localhost:{server.port}/login")
        form: Any = page.get_attribute("input[name=form]", "value")
        page.set_content(
            f'<form method="post" action="{other}/login"><input name="form" value="{form}">'
            f'<input name="password" value="{PASSWORD}"></form>'
        )
        # the page's own policy forbids it already; so a page without one, from about:blank
        page.goto("about:blank")
        page.set_content(
            f'<form method="post" action="{other}/login"><input name="form" value="{form}">'
            f'<input name="password" value="{PASSWORD}"><button>Go</button></form>'
        )
        with page.expect_response(re.compile("/login")) as answered:
            page.get_by_role("button").click()
        assert answered.value.status == 403
        assert not [each for each in page.context.cookies() if "form" not in each.get("name", "")]


def test_behind_a_proxy_under_a_path(page: Page, settings: Settings) -> None:
    manners = Manners("/hubbub", strips=True, told=(("X-Forwarded-For", "203.0.113.5"),))
    with (
        served(settings, prefix="/hubbub", trusted_proxies=["127.0.0.1"]) as server,
        forwarding(server.port, manners) as port,
    ):
        origin = f"http://localhost:{port}/hubbub"
        page.goto(f"{origin}/")
        assert (
            page.evaluate("getComputedStyle(document.body).display") == "grid"
        )  # its CSS is there
        page.get_by_label("Password or token").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url(f"{origin}/")
        assert page.get_by_role("heading").inner_text() == "The figures"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_a_phone_and_can_be_read(page: Page, settings: Settings, scheme: Any) -> None:
    """Contrast as WCAG counts it: 4.5 for text, 3 for the edge of a field."""
    with served(settings, EVERYWHERE) as server:
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": 320, "height": 568})
        page.goto(f"http://localhost:{server.port}/login")
        page.get_by_label("Password or token").fill("wrong")
        page.keyboard.press("Enter")
        page.get_by_role("alert").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") == 320
        for selector, behind, least in (
            ("h1", "main", 4.5), ("main > p", "main", 4.5), ("label", "main", 4.5),
            (".complaint", "main", 4.5), ("button", "button", 4.5),
        ):  # fmt: skip
            ink = page.locator(selector).first.evaluate("each => getComputedStyle(each).color")
            ground = page.locator(behind).evaluate("each => getComputedStyle(each).backgroundColor")
            assert contrast(ink, ground) >= least, selector
        box: Any = page.get_by_role("button").bounding_box()
        assert box["height"] >= 44  # to be hit with a thumb


def contrast(one: str, other: str) -> float:
    """The ratio of two colours' luminance."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    parts = [int(each) / 255 for each in re.findall(r"\d+", colour)[:3]]
    linear = [
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts
    ]
    return sum(weight * each for weight, each in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
