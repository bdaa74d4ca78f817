"""The detector of telephone numbers: international ones, national ones of the regions that the
workspace names, and any that the words around call one.

What is valid where comes from libphonenumber's tables (package phonenumbers); its own finder is
not used, for it takes a hundred times as long.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from hubbub.errors import UsageError
from hubbub.privacy.scrub.reading import NUMBERS, PHONE, SPELT, Hit, Reading

_AFTER = re.compile(
    r"[\s)]{0,2}-?(?:office|fax|mobile|cell|\(?home\)?|\(?work\)?)(?![a-z])|\s?\((?:kakao|cell)"
)
# Each pattern begins with what is rare, and looks back from there: a search skips to it at once.
_EXTENSION = r"(?:[ ,]{0,2}(?:x|ext\.?|내선)[ .:]?\d{1,6})?"
_INTERNATIONAL = re.compile(r"\+(?<![\w+]\+) ?\(?\d(?:[ .\-/()]{0,3}\d){6,16}(?!\d)", re.ASCII)
_WITH_ZEROS = re.compile(r"0(?<![\w+.,\-]0)0[1-9](?:[ .\-/()]{0,3}\d){7,16}(?!\d)", re.ASCII)
_NORTH_AMERICAN = re.compile(
    r"(?<![\w.\-/])(?:1[ .\-]{1,2}|001[ .\-])?(?:\([2-9]\d\d\)[ .\-]{0,2}|[2-9]\d\d[.\-/ ])"
    rf"[2-9]\d\d[ .\-]\d{{4}}(?!\d|[.\-]\d){_EXTENSION}",
    re.ASCII | re.IGNORECASE,
)
_MAY_BE_AMERICAN = re.compile(r"\d\d\d\)?[ .\-/]{0,2}\d\d\d[ .\-]\d\d\d\d", re.ASCII)
_KOREAN = re.compile(
    r"(?:0(?<![\w.\-]0)|82(?<![\w.\-+]82)[ .\-]{1,2})(?:2|[3-6][1-5]|70|80|50\d?|1[016-9])\)?"
    r"[ .\-_/·•∙ㆍ・\n]{0,3}\d{3,4}[ .\-_/·•∙ㆍ・]{0,3}\d{4}(?!\d|[.\-]\d)",
    re.ASCII,
)
_KOREAN_SPACED = re.compile(r"0(?<![\w.\-]0) 1 [016-9](?: \d){7,8}(?![\w\-]| \d)", re.ASCII)
_SHORT_AREA = re.compile(
    r"0(?<![\w.\-]0)2[34578][ .\-_]{0,3}\d{2}[ .\-_]{1,3}\d{4}(?!\d|[.\-]\d)", re.ASCII
)
"""Seoul's 02-345-6789 with its dashes at the wrong places."""
_NATIONAL = re.compile(
    r"0(?<![\w.\-/]0)(?<!\d:0)\d{1,4}\)?(?:[ .\-/]{1,2}\d{2,8}){1,4}(?![\w/]|[.\-:]\d)", re.ASCII
)
_ANY = re.compile(
    rf"\d(?<![\w.\-#$€₩£%=/]\d)(?:[ .\-/()]{{0,2}}\d){{5,14}}(?![\d%]|[.\-:/]\d){_EXTENSION}",
    re.ASCII,
)
_SPELT_NUMBER = re.compile(
    r"[공영](?<![가-힣].)[공영일이삼사오육칠팔구]{1,3}"
    r"(?:[ \-]?[공영일이삼사오육칠팔구]{2,4}){2,3}(?![가-힣])"
    r"|(?:zero|oh)[ \-](?:(?:zero|oh|one|two|three|four|five|six|seven|eight|nine)[ \-]){5,13}"
    r"(?:zero|oh|one|two|three|four|five|six|seven|eight|nine)(?![a-z])"
)
_DATE = re.compile(
    r"\(?(?:(?:19|20)\d\d[ .\-/]\d{1,2}[ .\-/]\d{1,2}|\d{1,2}[ .\-/]\d{1,2}[ .\-/](?:19"
    r"|20)\d\d)(?!\d)"
)


class Phones:
    """Finds telephone numbers; the regions are those whose national numbers are sought, as ISO
    3166 codes in any case, `GB` for the United Kingdom."""

    def __init__(self, regions: Iterable[str]) -> None:
        wanted = tuple(region.upper() for region in regions)
        for region in wanted:
            if not _country_code(region):
                raise UsageError(
                    f"There is no region {region!r}.", "Name regions such as US, GB, KR (ISO 3166)."
                )
        self._is_korean = "KR" in wanted
        self._is_american = any(_country_code(region) == 1 for region in wanted)
        self._national = tuple(
            _national_numbers(region)
            for region in wanted
            if region != "KR" and _country_code(region) != 1
        )

    def find(self, reading: Reading) -> Iterator[Hit]:
        """Telephone numbers of a text that has at least six digits in a row of groups."""
        text = reading.text
        if "+" in text:
            for match in _INTERNATIONAL.finditer(text):
                if end := _end_of_international(match[0]):
                    start = match.start() - (text[match.start() - 1 : match.start()] == "(")
                    yield start, match.start() + end, "PHONE"
        if "00" in text:
            for match in _WITH_ZEROS.finditer(text):
                end = _end_of_international(match[0])
                if end and _may_be_phone(reading, match.start()):
                    yield match.start(), match.start() + end, "PHONE"
        if self._is_american and _MAY_BE_AMERICAN.search(text):
            for match in _NORTH_AMERICAN.finditer(text):
                yield match.start(), match.end(), "PHONE"
        if "0" in text or "82" in text:
            yield from self._find_national(reading)
        if reading.meanings & PHONE:
            for match in _ANY.finditer(text):
                found = match[0].rstrip("( ")
                digits = sum(map(str.isdigit, found))
                if digits > 6 and not _DATE.match(found):
                    start = match.start() - (text[match.start() - 1 : match.start()] == "(")
                    follows = _AFTER.match(reading.low, match.end())
                    if follows or reading.nearest(NUMBERS, match.start()) == PHONE:
                        yield start, match.start() + len(found), "PHONE"

    def _find_national(self, reading: Reading) -> Iterator[Hit]:
        text = reading.text
        if self._is_korean:
            for match in _KOREAN.finditer(text):
                if not _DATE.match(match[0]) and _may_be_phone(reading, match.start()):
                    yield match.start(), match.end(), "PHONE"
        if self._national:
            for match in _NATIONAL.finditer(text):
                if self._is_valid(match[0]) and _may_be_phone(reading, match.start()):
                    start = match.start() - (text[match.start() - 1 : match.start()] == "(")
                    yield start, match.end(), "PHONE"

    def find_disguised(self, reading: Reading) -> Iterator[Hit]:
        """Telephone numbers in words, or with spaces between their digits."""
        if reading.meanings & SPELT:
            for pattern in (_SPELT_NUMBER, _KOREAN_SPACED, _SHORT_AREA):
                for match in pattern.finditer(reading.low):
                    yield match.start(), match.end(), "PHONE"

    def _is_valid(self, number: str) -> bool:
        if _DATE.match(number):
            return False
        digits = "".join(filter(str.isdigit, number))
        return any(numbers.fullmatch(digits) for numbers in self._national)


def digits_of(phone: str) -> str:
    """The digits by which a member's phone is known again in any form: the last eight."""
    digits = "".join(sign for sign in phone if sign.isdecimal())
    return digits[-8:] if len(digits) >= 8 else ""


def _may_be_phone(reading: Reading, place: int) -> bool:
    """Whether no word before says that a number is something else."""
    return reading.nearest(NUMBERS, place) in {0, PHONE}


def _end_of_international(number: str) -> int:
    """How much of a find is the number: what follows it by a space may be another one."""
    end = len(number)
    longest = 0
    while end > 7:
        shorter = number[:end].rstrip(" .-/(")
        digits = "".join(filter(str.isdigit, shorter)).removeprefix("00")
        if 8 <= len(digits) <= 15 and (numbers := _numbers_of(digits)):
            longest = longest or len(shorter)
            if numbers.fullmatch(digits):
                return len(shorter)
        end = max(number.rfind(sign, 0, end) for sign in " -./")
    return longest


def _country_code(region: str) -> int:
    from phonenumbers import country_code_for_region

    return country_code_for_region(region)


def _numbers_of(digits: str) -> re.Pattern[str] | None:
    """The international numbers of the country that some digits begin with; None if none does."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE as REGIONS

    regions: dict[int, tuple[str, ...]] = REGIONS
    for size in (1, 2, 3):
        code = int(digits[:size])
        if code in regions:
            return _international_numbers(code, regions[code])
    return None


@cache
def _international_numbers(code: int, regions: tuple[str, ...]) -> re.Pattern[str]:
    """The numbers of the regions that share a country code, with the code and perhaps a zero."""
    patterns = "|".join(_patterns(region) for region in regions if region != "001")
    return re.compile(rf"{code}0?(?:{patterns or '[0-9]{5,12}'})")


def _national_numbers(region: str) -> re.Pattern[str]:
    """The numbers of a region as they are dialled inside it."""
    return re.compile(rf"{_rules(region).national_prefix or ''}(?:{_patterns(region)})")


def _rules(region: str) -> Any:
    from phonenumbers import PhoneMetadata

    return PhoneMetadata.metadata_for_region(region, None)


def _patterns(region: str) -> str:
    rules = _rules(region)
    kinds = (rules.fixed_line, rules.mobile, rules.toll_free, rules.shared_cost, rules.premium_rate)
    kinds += (rules.voip, rules.personal_number, rules.uan, rules.pager)
    patterns = {
        kind.national_number_pattern for kind in kinds if kind and kind.national_number_pattern
    }
    return "|".join(sorted(patterns))
