"""What people see: the dashboard in a browser, while a server of the same API tells it things."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page
from playwright.sync_api import expect as _expect

from tests.browser import invented
from tests.browser.conftest import Look
from tests.browser.server import DashboardServer

expect: Any = _expect  # its patterns have no types

_HIDE = """(hidden) => {
    Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""


def _figure(page: Page, name: str) -> Any:
    return page.locator(f"#panel-{name} .figure > b")


def _messages(version: int, count: int) -> dict[str, Any]:
    changed = invented.panel("messages_30_days", [[count, 12.4, 4_120]])
    return {
        "version": version, "status": invented.status(), "panels": {"messages_30_days": changed},
    }  # fmt: skip


def _who(page: Page) -> list[str]:
    return page.locator("#panel-recent_activity .who b").all_inner_texts()


def test_all_panels_are_drawn_without_a_complaint(look: Look, complaints: list[str]) -> None:
    page = look()
    for layout in invented.PANELS:
        panel = page.locator(f"#panel-{layout['name']}")
        panel.scroll_into_view_if_needed()
        expect(panel).not_to_have_attribute("aria-busy", "true")
        expect(panel.locator(".skeleton")).to_have_count(0)
        expect(panel.get_by_role("heading", level=2)).to_have_text(layout["title"])
        if layout["kind"] == "chart":
            expect(panel.locator(".drawing svg")).to_be_visible()
    expect(_figure(page, "total_messages")).to_have_text("128,431")
    expect(page.locator("#panel-health .mark")).to_have_text("Good")
    expect(page.locator("#panel-leaderboard tbody tr")).to_have_count(10)
    expect(page.locator("#panel-channels_trend tbody tr").last).to_contain_text("−120 falling")
    expect(page.locator("#panel-network_30_days circle")).to_have_count(len(invented.PEOPLE))
    page.locator("#panel-busiest_hours .drawing svg path").nth(30).hover()
    expect(page.locator("#vg-tooltip-element")).to_be_visible()
    assert page.evaluate("window.violations") == []
    assert complaints == []


def test_figures_that_are_known_stand_in_the_page_itself(
    look: Look, server: DashboardServer
) -> None:
    server.in_page = server.away = True
    page = look()
    expect(_figure(page, "total_messages")).to_have_text("128,431")
    expect(page.locator("#state-word")).to_have_text("Reconnecting; figures are of 21 Nov, 14:03")


def test_nothing_moves_when_the_figures_arrive(look: Look, server: DashboardServer) -> None:
    server.frame = None
    page = look()
    expect(page.locator("#panel-health .skeleton")).to_be_visible()
    page.wait_for_function("window.shifts !== undefined")
    while not server.followers:
        page.wait_for_timeout(20)
    boxes = "[...document.querySelectorAll('.panel')].map((box) => box.getBoundingClientRect().y)"
    before = page.evaluate(boxes)
    server.push("frame", invented.frame())
    expect(page.locator("#panel-messages_per_day .drawing svg")).to_be_visible()
    assert page.evaluate(boxes) == before
    shifts = [each for each in page.evaluate("window.shifts") if "panel" in " ".join(each[1:])]
    assert shifts == []


def test_a_card_follows_the_stream(look: Look, server: DashboardServer) -> None:
    page = look()
    expect(_figure(page, "messages_30_days")).to_have_text("6,482")
    server.push("frame", _messages(2, 6_483))
    expect(_figure(page, "messages_30_days")).to_have_text("6,483")
    expect(_figure(page, "total_messages")).to_have_text("128,431")


def _watch(page: Page) -> None:
    """Let the page remember in `seen` all that the figure of 30 days shows from now on."""
    page.evaluate("""() => {
        const figure = document.querySelector("#panel-messages_30_days .figure > b");
        window.seen = [];
        new MutationObserver(() => window.seen.push(figure.textContent))
            .observe(figure, { childList: true, characterData: true, subtree: true });
    }""")


def test_figures_count_up_to_the_exact_one(look: Look, server: DashboardServer) -> None:
    page = look(reduced_motion="no-preference")
    expect(_figure(page, "messages_30_days")).to_have_text("6,482")
    _watch(page)
    server.push("frame", _messages(2, 6_982))
    expect(_figure(page, "messages_30_days")).to_have_text("6,982")
    seen = [int(each.replace(",", "")) for each in page.evaluate("window.seen")]
    assert seen == sorted(seen)
    assert seen[-1] == 6_982
    exact = page.locator("#panel-messages_30_days .figure .unseen")
    expect(exact).to_have_text("6,982")


def test_who_wants_no_motion_sees_a_figure_at_once(look: Look, server: DashboardServer) -> None:
    page = look()
    expect(_figure(page, "messages_30_days")).to_have_text("6,482")
    _watch(page)
    server.push("frame", _messages(2, 6_982))
    expect(_figure(page, "messages_30_days")).to_have_text("6,982")
    assert page.evaluate("window.seen") == ["6,982"]
    assert page.evaluate("document.getAnimations().length") == 0


def test_what_is_said_appears_at_once_and_only_once(look: Look, server: DashboardServer) -> None:
    page = look()
    items = page.locator("#panel-recent_activity li")
    expect(items).to_have_count(14)
    said = [invented.said(5), invented.said(6)]
    server.push("activity", {"items": said})
    expect(items).to_have_count(16)
    assert _who(page)[:2] == [said[1]["member"], said[0]["member"]]
    server.push("activity", {"items": [said[1], invented.said(9)]})
    expect(items).to_have_count(17)
    link = items.first.locator(".at a")
    assert re.fullmatch(rf"{invented.ADDRESS}/archives/C00/p\d+", link.get_attribute("href") or "")
    told = invented.panel("recent_activity", [invented.as_row(each) for each in reversed(said)])
    changed = {"version": 9, "status": invented.status(), "panels": {"recent_activity": told}}
    server.push("frame", changed)
    expect(items).to_have_count(2)
    assert _who(page) == [said[1]["member"], said[0]["member"]]


def test_what_somebody_reads_does_not_move(look: Look, server: DashboardServer) -> None:
    page = look()
    first = page.locator("#panel-recent_activity li").first
    expect(first).to_contain_text("Saoirse Lindqvist")
    page.locator("#panel-recent_activity .scroll").hover()
    server.push("activity", {"items": [invented.said(5)]})
    more = page.get_by_role("button", name="1 new")
    expect(more).to_be_visible()
    expect(first).to_contain_text("Saoirse Lindqvist")
    more.click()
    expect(first).to_contain_text(invented.said(5)["member"])
    expect(more).to_have_count(0)


def test_a_lost_stream_is_told_and_comes_back_with_right_figures(
    look: Look, server: DashboardServer
) -> None:
    page = look()
    word = page.locator("#state-word")
    expect(word).to_have_text("Live")
    server.away = True
    server.cut()
    expect(word).to_have_text("Reconnecting; figures are of 21 Nov, 14:03")
    other = invented.panel("total_messages", [[77, 5, 2]])
    server.frame = invented.frame(1, total_messages=other)
    server.away = False
    expect(word).to_have_text("Live")
    expect(_figure(page, "total_messages")).to_have_text("77")


@pytest.mark.parametrize(
    ("part", "state", "word", "level"),
    [("broker", "down", "Broker down", "fair"), ("log", "full", "Event log full", "low")],
)
def test_trouble_of_the_server_is_told(
    look: Look, server: DashboardServer, part: str, state: str, word: str, level: str
) -> None:
    page = look()
    expect(page.locator("#state-word")).to_have_text("Live")
    server.push("status", invented.status(**{part: (state, "412 events wait and are safe")}))
    expect(page.locator("#state-word")).to_have_text(word)
    expect(page.locator("#state-told")).to_contain_text("412 events wait and are safe")
    expect(page.locator("#state")).to_have_class(f"state {level}")
    page.locator("#state-button").click()
    expect(page.get_by_role("dialog")).to_contain_text("412 events wait and are safe")


def test_filters_stand_in_the_address_and_back_takes_them_off(
    look: Look, server: DashboardServer
) -> None:
    page = look()
    expect(_figure(page, "total_messages")).to_have_text("128,431")
    page.get_by_role("combobox", name="Channel").select_option("#garden")
    expect(_figure(page, "total_messages")).to_have_text("25,686")
    assert page.url.endswith("?channel=C02")
    page.locator("#panel-leaderboard .about").click()
    csv = page.get_by_role("link", name="CSV")
    assert csv.get_attribute("href") == "api/v1/panels/leaderboard.csv?channel=C02"
    page.keyboard.press("Escape")
    page.reload()
    expect(page.get_by_role("combobox", name="Channel")).to_have_value("C02")
    expect(_figure(page, "total_messages")).to_have_text("25,686")
    page.go_back()
    expect(page.get_by_role("combobox", name="Channel")).to_have_value("")
    expect(_figure(page, "total_messages")).to_have_text("128,431")


def test_a_filter_that_is_not_offered_is_left_out(look: Look, server: DashboardServer) -> None:
    server.dashboard = invented.dashboard(periods=[])
    page = look("?period=30+days")
    expect(_figure(page, "total_messages")).to_have_text("128,431")
    expect(page.get_by_role("combobox", name="Period")).to_have_count(0)
    assert page.url == server.address


def test_everything_is_reached_by_keyboard(look: Look) -> None:
    page = look()
    expect(_figure(page, "total_messages")).to_have_text("128,431")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the figures")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    about = page.get_by_role("button", name="About Health")
    expect(about).to_be_focused()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Health")
    expect(dialog).to_be_visible()
    for _ in range(8):
        page.keyboard.press("Tab")
        here = "(document.activeElement.closest('dialog') ?? document.activeElement).tagName"
        assert page.evaluate(here) in {"DIALOG", "BODY"}
    dialog.get_by_text("As a table").focus()
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("rowheader", name="168.5")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(about).to_be_focused()


def test_dark_follows_the_system_until_somebody_chooses(look: Look) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    page = look(color_scheme="dark")
    expect(page.locator("#panel-messages_per_day .drawing svg")).to_be_visible()
    assert page.evaluate(ground) == "rgb(13, 19, 26)"
    letters = "getComputedStyle(document.querySelector('.drawing svg text')).fill"
    assert page.evaluate(letters) == "rgb(195, 205, 215)"
    page.get_by_role("button", name="Dark colours").click()
    assert page.evaluate(ground) == "rgb(243, 245, 248)"
    page.wait_for_function(f"{letters} === 'rgb(50, 63, 75)'")
    page.reload()
    assert page.evaluate(ground) == "rgb(243, 245, 248)"


@pytest.mark.parametrize("width", [320, 390, 768])
def test_narrow_screens_do_not_scroll_sideways(look: Look, width: int) -> None:
    page = look(width=width, height=844)
    expect(_figure(page, "total_messages")).to_have_text("128,431")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    cut = """[...document.querySelectorAll(".figure > b")].filter((figure) =>
        figure.getBoundingClientRect().right > figure.closest(".body").getBoundingClientRect().right
    ).map((figure) => figure.textContent)"""
    assert page.evaluate(cut) == []


def test_wall_screens_have_bigger_letters(look: Look) -> None:
    size = "parseFloat(getComputedStyle(document.querySelector('.panel h2')).fontSize)"
    desk = look().evaluate(size)
    wall = look(width=3840, height=2160).evaluate(size)
    assert wall > 2 * desk


def test_texts_are_texts(look: Look, server: DashboardServer, complaints: list[str]) -> None:
    bad = "</script><img src=x onerror=alert(1)><!--"
    server.dashboard = invented.dashboard(community=bad)
    item = invented.said(1) | {"member": bad, "text": bad, "member_url": "javascript:alert(1)"}
    rows = [invented.as_row(item)]
    server.frame = invented.frame(recent_activity=invented.panel("recent_activity", rows))
    server.in_page = True
    page = look()
    expect(page.locator("h1")).to_have_text(bad)
    expect(page.locator("#panel-recent_activity .who b")).to_have_text(bad)
    expect(page.locator("#panel-recent_activity .said")).to_have_text(bad)
    expect(page.locator("#panel-recent_activity .who a")).to_have_count(0)
    expect(page.locator("img")).to_have_count(0)
    assert complaints == []


def test_a_panel_that_failed_says_so_in_its_place(look: Look, server: DashboardServer) -> None:
    reason = "This panel's query failed (ConversionException)."
    error = {"reason": reason, "fix": "See the server's log."}
    told = invented.panel("leaderboard", [], error=error, empty=reason)
    broken = invented.panel("unanswered", [["C00"]]) | {"columns": None}
    server.frame = invented.frame(leaderboard=told, unanswered=broken)
    page = look()
    expect(page.locator("#panel-leaderboard .sentence")).to_have_text(f"{reason} {error['fix']}")
    expect(page.locator("#panel-unanswered .failed")).to_be_visible()
    expect(page.locator("#panel-channels_trend tbody tr")).to_have_count(9)
    whole = invented.frame(3)["panels"]["leaderboard"]
    update = {"version": 4, "status": invented.status(), "panels": {"leaderboard": whole}}
    server.push("frame", update)
    expect(page.locator("#panel-leaderboard tbody tr")).to_have_count(10)


def test_empty_and_suppressed_panels_say_why(look: Look, server: DashboardServer) -> None:
    server.frame = invented.empty_frame("There are no messages yet.")
    page = look()
    said = page.get_by_text("There are no messages yet.")
    expect(said).to_have_count(len(invented.COLUMNS))
    note = "3 days are left out: fewer than 5 members wrote."
    days = invented.frame()["panels"]["messages_per_day"] | {"note": note}
    update = {"version": 4, "status": invented.status(), "panels": {"messages_per_day": days}}
    server.push("frame", update)
    expect(page.locator("#panel-messages_per_day .note")).to_have_text(note)


def test_a_chart_takes_new_rows_without_being_drawn_anew(
    look: Look, server: DashboardServer
) -> None:
    page = look()
    drawing = page.locator("#panel-messages_per_day .drawing svg")
    expect(drawing).to_be_visible()
    page.evaluate("document.querySelector('#panel-messages_per_day svg').mark = 'kept'")
    whole = invented.frame()["panels"]["messages_per_day"]
    for row in whole["spec"]["datasets"]["rows"]:
        row["messages"] *= 10
    update = {"version": 4, "status": invented.status(), "panels": {"messages_per_day": whole}}
    server.push("frame", update)
    expect(drawing.get_by_text("4,000")).to_be_visible()
    assert page.evaluate("document.querySelector('#panel-messages_per_day svg').mark") == "kept"


def test_nothing_is_drawn_while_nobody_looks(look: Look, server: DashboardServer) -> None:
    page = look()
    expect(_figure(page, "messages_30_days")).to_have_text("6,482")
    page.evaluate(_HIDE, True)
    server.push("frame", _messages(2, 6_500))
    server.push("frame", _messages(3, 6_501))
    server.push("status", invented.status(broker=("down", "")))
    expect(page.locator("#state-word")).to_have_text("Broker down")
    expect(_figure(page, "messages_30_days")).to_have_text("6,482")
    page.evaluate(_HIDE, False)
    expect(_figure(page, "messages_30_days")).to_have_text("6,501")
