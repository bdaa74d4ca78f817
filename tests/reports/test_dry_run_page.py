"""The page of a dry run, in a browser: nothing is fetched, nothing is too wide, nothing is run."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from tests.parts import missing

from hubbub.core.letters import Letter, Picture, Recipient
from hubbub.reports.mrkdwn import blocks_of
from hubbub.reports.preview import Names, Shown, html_of, page

CHROMIUM = Path("/usr/bin/chromium")
NAMES = Names({"U1": "Olive"}, {"C1": "general"}, {"tada": "🎉"})
NASTY = "<script>alert(1)</script> {{letters}} " + "w" * 200


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        missing(f"there is no chromium at {CHROMIUM}")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.mark.parametrize(
    ("mrkdwn", "html"),
    [
        ("*bold* _it_ ~no~ a*b*c", "<div><strong>bold</strong> <em>it</em> <s>no</s> a*b*c</div>"),
        ("<@U1> in <#C1>", '<div><span class="mention">@Olive</span> in '
         '<span class="mention">#general</span></div>'),
        ("`*a*` :tada: :none:", "<div><code>*a*</code> 🎉 :none:</div>"),
        ("&lt;b&gt; &amp; \"c\"", '<div>&lt;b&gt; &amp; "c"</div>'),
        ("&gt; said", '<div class="quote">said</div>'),
        ("> said", '<div class="quote">said</div>'),
        ("<https://a.example|A &amp; B>",
         '<div><span class="link" title="https://a.example">A &amp; B</span></div>'),
        ("<!here>", '<div><span class="mention call">@here</span></div>'),
        ("```a\n*b*```", "<pre>a\n*b*</pre>"),
    ],
)  # fmt: skip
def test_marks_are_shown_as_slack_shows_them(mrkdwn: str, html: str) -> None:
    assert html_of(mrkdwn, NAMES) == html


def test_the_page_loads_nothing_runs_nothing_and_fits(browser: Browser, tmp_path: Path) -> None:
    to = Recipient("member", "U1", NASTY)
    picture = Picture("a.png", NASTY, 'alt "quoted"', bytes)
    letters = [
        Shown(
            Letter("r", "once", to, f"*Hi* {NASTY}".replace("<", "&lt;"), (), (picture,)), ["a.png"]
        ),
        Shown(Letter("r", "once", to, "x", blocks_of("# Head\n---\n-# small\nbody", str)), []),
        Shown(Letter("r", "once", to, "secret"), None),
    ]
    file = tmp_path / "index.html"
    file.write_text(page(NASTY, ["one", NASTY], letters, NAMES), encoding="utf-8")
    for width, scheme in ((1200, "light"), (390, "dark")):
        shown = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)  # pyright: ignore[reportArgumentType]
        asked: list[str] = []
        dialogs: list[object] = []
        shown.on("request", lambda request, asked=asked: asked.append(request.url))
        shown.on("dialog", lambda dialog, dialogs=dialogs: dialogs.append(dialog))
        shown.goto(file.as_uri())
        assert shown.evaluate("document.documentElement.scrollWidth") <= width
        assert shown.locator("article").count() == 3
        assert shown.locator("h3").inner_text() == "Head"
        assert shown.locator("script").count() == 0
        assert "secret" not in shown.content()
        assert all(url.startswith("file:") for url in asked)
        assert not dialogs
        ground, words = (
            shown.evaluate(f"getComputedStyle(document.body).{name}")
            for name in ("backgroundColor", "color")
        )
        light = sum(map(int, ground[4:-1].split(",")))
        assert (light > 600) is (scheme == "light")
        assert abs(light - sum(map(int, words[4:-1].split(",")))) > 400
        shown.close()
