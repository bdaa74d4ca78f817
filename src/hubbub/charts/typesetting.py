"""Makes the library that draws set names from everywhere properly.

By itself it takes the first font that has a character, of any style, and a text with an emoji of
several characters (a flag, a skin tone, a profession) comes out as boxes. So emoji are replaced by
stand-ins while it measures and cuts texts, and before it makes a PNG each stretch of a text gets
its font and its place.
"""

import re
from collections.abc import Sequence
from html import escape, unescape

from msgspec import Struct
from msgspec.structs import asdict

from hubbub.charts import emoji
from hubbub.charts.fonts import needs_fonts, stretches
from hubbub.charts.library import library

_TEXT = re.compile(r"(?P<tag><text\b[^>]*>)(?P<said>[^<]*)</text>")
_LINE = re.compile(r'<line\b[^>]*\bx2="(-?[\d.]+)"')
_SPACE = 0.278
"""Width of a space in the charts' font, whose size is 1; the library says 0 of spaces alone."""
_BOXES = "[\u2500-\u257f]"
_FIRST_BOX, _NUMBER_OF_BOXES = 0x2500, 0x80


class StandIns:
    """Emoji replaced by two box-drawing characters: the chart's own font has those, and two are
    about as wide as an emoji.

    A text that is cut between the two loses the emoji whole.
    """

    def __init__(self) -> None:
        self._originals: list[str] = []

    def put(self, text: str) -> str:
        """A text with stand-ins for its emoji, and for the box-drawing characters that it has."""
        return re.sub(f"{emoji.pattern().pattern}|{_BOXES}", self._stand_in, text)

    def remove(self, text: str) -> str:
        """A text with the originals back."""
        return re.sub(f"{_BOXES}{{1,2}}", self._original, text)

    def _stand_in(self, found: re.Match[str]) -> str:
        if found[0] not in self._originals:
            self._originals.append(found[0])
        pair = divmod(self._originals.index(found[0]), _NUMBER_OF_BOXES)
        return "".join(chr(_FIRST_BOX + number) for number in pair)

    def _original(self, found: re.Match[str]) -> str:
        if len(found[0]) == 1:
            return ""
        high, low = (ord(each) - _FIRST_BOX for each in found[0])
        return self._originals[_NUMBER_OF_BOXES * high + low]


class _Stretch(Struct, frozen=True):
    """Part of a text, in one font."""

    text: str
    font: str
    size: float
    weight: str


def typeset(svg: str) -> str:
    """An SVG whose texts have each stretch that needs a font of its own in that font.

    Each is put at its own place: the library sets stretches that merely follow each other as one,
    and where their fonts join characters differently it fails, then and for the rest of the
    process.
    """
    mixed = [text for text in _TEXT.finditer(svg) if needs_fonts(unescape(text["said"]))]
    cut = [_cut(text["tag"], unescape(text["said"])) for text in mixed]
    widths = iter(_widths([stretch for each in cut for stretch in each]))
    pieces, end = list[str](), 0
    for text, each in zip(mixed, cut, strict=True):
        placed = _placed(text["tag"], each, [next(widths) for _ in each])
        pieces += [svg[end : text.start()], placed]
        end = text.end()
    return "".join(pieces) + svg[end:]


def _cut(tag: str, said: str) -> list[_Stretch]:
    size = float(_attribute(tag, "font-size", "11").removesuffix("px"))
    weight = _attribute(tag, "font-weight", "normal")
    own = _attribute(tag, "font-family", "sans-serif")
    # other spaces are dropped where a stretch begins or ends
    lasting = said.replace(" ", "\u00a0")
    return [
        _Stretch(text, script.families if script else own, size, weight)
        for script, text in stretches(lasting)
    ]


def _placed(tag: str, parts: Sequence[_Stretch], widths: Sequence[float]) -> str:
    share = {"end": 1.0, "middle": 0.5}.get(_attribute(tag, "text-anchor", "start"), 0.0)
    x = -share * sum(widths)
    spans = ""
    for stretch, width in zip(parts, widths, strict=True):
        spans += f'<tspan x="{x:.2f}" font-family="{stretch.font}">{escape(stretch.text)}</tspan>'
        x += width
    return re.sub(r' text-anchor="\w+"', "", tag) + spans + "</text>"


def _attribute(tag: str, name: str, default: str) -> str:
    found = re.search(rf'\b{name}="([^"]*)"', tag)
    return unescape(found[1]) if found else default


def _widths(measured: Sequence[_Stretch]) -> list[float]:
    """How wide texts are, in pixels; the library says so by lines that it draws under them."""
    if not measured:
        return []
    texts = [asdict(each) for each in measured]
    encode = {
        "text": {"field": "text"},
        "font": {"field": "font"},
        "fontSize": {"field": "size"},
        "fontWeight": {"field": "weight"},
    }
    width = {"signal": "datum.bounds.x2 - datum.bounds.x1"}
    spec = {
        "$schema": "https://vega.github.io/schema/vega/v6.json",
        "data": [{"name": "texts", "values": texts}],
        "marks": [
            {"type": "text", "name": "set", "from": {"data": "texts"}, "encode": {"enter": encode}},
            {"type": "rule", "from": {"data": "set"}, "encode": {"enter": {"x2": width}}},
        ],
    }
    lines = _LINE.findall(library().vega_to_svg(spec))
    return [
        float(width) if each.text.strip() else len(each.text) * each.size * _SPACE
        for each, width in zip(measured, lines, strict=True)
    ]
