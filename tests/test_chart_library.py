"""Charts are drawn with the fonts that they were drawn with before, only sooner."""

import os
import re
import subprocess
import sys
from pathlib import Path

from hubbub.charts import emoji, library

FONTS = Path("/usr/share/fonts")


def test_folders_of_the_librarys_own_font_are_left_out() -> None:
    files = [
        FONTS / "liberation" / "LiberationSans-Regular.ttf",
        FONTS / "liberation" / "LiberationSans-Bold.ttf",
        FONTS / "mixed" / "LiberationSans-Regular.ttf",
        FONTS / "mixed" / "Nanum.otf",
        FONTS / "noto" / "NotoSansCJK.TTC",
        FONTS / "noto" / "README",
        FONTS / "bitmaps" / "old.pcf.gz",
    ]
    assert library.folders(files) == [FONTS / "mixed", FONTS / "noto"]


def test_folders_are_named_as_xml_wants() -> None:
    assert "<dir>/a &amp; b</dir>" in library.configuration([Path("/a & b")])


def test_what_the_library_was_told_does_not_stay_in_the_environment() -> None:
    code = (
        "import os; from hubbub.charts.library import library; library();"
        "print('FONTCONFIG_FILE' in os.environ)"
    )
    environment = {k: v for k, v in os.environ.items() if k != "FONTCONFIG_FILE"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_text_with_both_scripts_and_the_librarys_own_font_has_all_its_letters() -> None:
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="200" height="40">'
        '<text y="30" font-family="{}">{}</text></svg>'
    )
    draw = library.library().svg_to_png
    nothing = draw(svg.format("Liberation Sans", ""))
    for text in ("Olive", "Жанна", "Ωμέγα", "…–−·"):
        drawn = draw(svg.format("Liberation Sans", text))
        # boxes of the same number would all look alike
        assert drawn not in {nothing, draw(svg.format("Liberation Sans", "\U000f0000" * len(text)))}


def test_a_digit_is_no_emoji_but_a_keycap_is() -> None:
    found = re.findall(emoji.pattern(), "1 2 #3 * 👩🏽‍💻 1️⃣ ❤️ © 12")
    assert found == ["👩🏽‍💻", "1️⃣", "❤️"]
