"""Detectors of numbers that belong to a person: cards, accounts, papers, plates, dates of birth."""

import re
from collections.abc import Iterator

from hubbub.privacy.scrub.checks import card, iban_length, is_day, luhn, mod97, rrn
from hubbub.privacy.scrub.reading import (
    BANK,
    BORN,
    CARD,
    DRIVER,
    INSURANCE,
    NUMBERS,
    ORDER,
    PASSPORT,
    PHONE,
    RESIDENT,
    SOCIAL,
    Hit,
    Reading,
)

# Each pattern begins with a digit and looks back from there: a search skips to it at once.
_CARD = re.compile(
    r"\d(?<![\w\-]\d)(?<!\d[.,]\d)"
    r"(?:\d{3}[ .\-]{0,3}\d{4}[ .\-]{0,3}\d{4}[ .\-]{0,3}\d{4}(?:[ .\-]{1,3}\d{1,3})?"
    r"|\d{3}[ .\-]{1,3}\d{6}[ .\-]{1,3}\d{4,5}|\d{11,18})(?!\w|-\d)",
    re.ASCII,
)
_RRN = re.compile(
    r"\d(?<![\w\-.]\d)\d(\d{2})(\d{2}) {0,2}[\-_]? {0,2}([1-8])(\d{6}|\*{6})(?![\w*]|-\d)",
    re.ASCII,
)
_SSN = re.compile(r"\d(?<![\w\-./]\d)\d\d([ \-.]?)(\d{2})\1(\d{4})(?!\w|[\-./]\d)", re.ASCII)
_IBAN = re.compile(
    r"\d(?<=[A-Za-z]{2}\d)(?<![A-Za-z0-9]..\d)\d(?:[ \-]?[A-Za-z0-9]){11,30}", re.ASCII
)
_ACCOUNT = re.compile(r"\d(?<![\w\-.]\d)(?:[ \-]?\d){5,17}(?!\w|-\d)", re.ASCII)
_BANK_TO_NUMBER = re.compile(
    r"(?:(?:은행|뱅크|금고)?[가-힣]{0,2}(?:\s?\([가-힣a-z ]{1,10}\))?|\s(?:number|no|num|nr|#))"
    r"(?:\s?(?:번호|no|is|는|은|로|number))?[\s:.#=\-]{0,4}"
)
_DRIVER = re.compile(r"\d(?<![\w\-]\d)\d(?:[ \-]\d{2})?-\d{6}-\d{2}(?!\w|-\d)", re.ASCII)
_AFTER_DRIVER = re.compile(
    r"[^\n\d]{0,20}?(?<![A-Za-z0-9])((?=[A-Za-z\-*]{0,6}\d(?:[A-Za-z\-*]{0,4}\d){3})[A-Za-z0-9\-*]{5,20})"
    r"(?![A-Za-z0-9])"
)
_AFTER_PASSPORT = re.compile(
    r"[^\n\d]{0,20}?(?<![A-Za-z0-9])([A-Za-z]{1,2}\d{6,9}|[A-Za-z]\d{3}[A-Za-z]\d{4}|\d{9})(?![A-Za-z0-9])"
)
_PASSPORT = re.compile(r"[MSRODG](?<![A-Za-z0-9_\-].)\d{3}[A-Z]\d{4}(?![A-Za-z0-9_\-])")
_PLATE = re.compile(
    r"\d(?<![\w.,\-]\d)\d{1,2} ?"
    r"[가나다라마거너더러머버서어저고노도로모보소오조구누두루무부수우주하허호배바사아자]"
    r" ?\d{4}(?!\d|[.,]\d|[\-%]|\s?[억만천원명개년월일건회배시분초층])",
    re.ASCII,
)
_PLATE_PLACE = re.compile(
    r"(?:서울|부산|대구|인천|광주|대전|울산|세종|경기|강원|충북|충남|전북|전남|경북|경남|제주) ?\Z"
)
_NINO = re.compile(
    r"\d(?:(?<=[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d)(?<![A-Za-z0-9]..\d)"
    r"|(?<=[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] \d)(?<![A-Za-z0-9]...\d))"
    r"\d ?\d{2} ?\d{2} ?[A-D](?![A-Za-z0-9])"
)
_AFTER_INSURANCE = re.compile(
    r"[^\n\d]{0,16}?(?<![A-Za-z0-9])([A-Za-z]{2} ?\d{2} ?\d{2} ?\d{2} ?[A-Da-d])(?![A-Za-z0-9])"
)
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?"
_DATE = (
    r"(?:\d{4} ?[.\-/년] ?\d{1,2} ?[.\-/월] ?\d{1,2}일?|\d{1,2}[.\-/]\d{1,2}[.\-/](?:\d{4}|\d{2})"
    rf"|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}"
    rf"|\d{{1,2}}(?:st|nd|rd|th)? (?:of )?{_MONTH},? \d{{4}}"
    r"|\d{2}년 ?\d{1,2}월 ?\d{1,2}일|\d{8}|\d{6})"
)
_AFTER_BORN = re.compile(
    rf"(?: (?:on|in))?(?:일|자)?[^\w\n]{{0,4}}(?:is |was |on |은 |는 |이 )?({_DATE})(?!\d)"
)
_BORN_THEN = re.compile(rf"(?<![\w.\-])({_DATE}) ?(?:년? ?생)(?![산각성일])")


def cards(reading: Reading) -> Iterator[Hit]:
    """Payment cards: the groups, the brand and the check digit must all be those of a card."""
    for match in _CARD.finditer(reading.text):
        found = match[0]
        digits = "".join(filter(str.isdigit, found))
        is_grouped = len(digits) < len(found)
        if card(digits):
            # of one group and short only where it is called a card: any number in ten passes
            if len(digits) > 13 or is_grouped or _is_called(reading, CARD, match.start()):
                yield match.start(), match.end(), "CARD"
        elif is_grouped and len(digits) > 16 and card(digits[:16]):
            yield match.start(), match.start() + len(found.rpartition(" ")[0]), "CARD"
        elif luhn(digits) and _is_called(reading, CARD, match.start()):
            yield match.start(), match.end(), "CARD"


def _is_called(reading: Reading, meaning: int, place: int) -> bool:
    return bool(reading.nearest(NUMBERS, place) & meaning)


def resident_numbers(reading: Reading) -> Iterator[Hit]:
    """Korean resident numbers and foreigners' ones."""
    for match in _RRN.finditer(reading.text):
        month, day, sex, rest = match.groups()
        if not is_day(month, day):
            continue
        number = match[0]
        if len(number) == 13 and rest.isdigit():
            called = reading.nearest(NUMBERS, match.start())
            # milliseconds since 1970 look like those born on a day of 1915 to 1919
            is_time = "14" < number[:2] < "20" and sex in "1256"
            if not called & RESIDENT and (called & ORDER or (is_time and not rrn(number))):
                continue
        yield match.start(), match.end(), "RRN"


def social_security(reading: Reading) -> Iterator[Hit]:
    """US social security numbers; with points, or without dashes, only where they are called so."""
    for match in _SSN.finditer(reading.text):
        area, sign, group, serial = match[0][:3], match[1], match[2], match[3]
        if area in {"000", "666"} or group == "00" or serial == "0000":
            continue
        called = reading.nearest(SOCIAL | ORDER | PHONE | BANK, match.start())
        if called & SOCIAL or (not called and sign in {" ", "-"} and area < "900"):
            yield match.start(), match.end(), "SSN"


def ibans(reading: Reading) -> Iterator[Hit]:
    """International bank account numbers, in groups or without."""
    text = reading.text
    for match in _IBAN.finditer(text):
        start = match.start() - 2
        wanted = iban_length(text[start : start + 2].upper())
        if not wanted:
            continue
        kept: list[str] = []
        end = start
        while len(kept) < wanted and end < match.end():
            if text[end] not in " -":
                kept.append(text[end])
            end += 1
        follows = text[end : end + 1]
        is_whole = not (follows.isascii() and follows.isalnum())
        if len(kept) == wanted and is_whole and mod97("".join(kept)):
            yield start, end, "IBAN"


def accounts(reading: Reading) -> Iterator[Hit]:
    """Bank accounts: numbers right behind the name of a bank or the word account."""
    for place in reading.after(BANK):
        if between := _BANK_TO_NUMBER.match(reading.low, place):
            number = _ACCOUNT.match(reading.text, between.end())
            if number:
                is_korean = not reading.low[place - 2 : place].isascii()
                if sum(map(str.isdigit, number[0])) >= (10 if is_korean else 6):
                    yield number.start(), number.end(), "ACCOUNT"


def papers(reading: Reading) -> Iterator[Hit]:
    """Passports, driving licences, British national insurance numbers."""
    text = reading.text
    if text.count("-") >= 2:
        for match in _DRIVER.finditer(text):
            place = _PLATE_PLACE.search(text, max(0, match.start() - 3), match.start())
            if place or len(match[0]) > 12:
                yield place.start() if place else match.start(), match.end(), "LICENCE"
    for pattern in (_PASSPORT, _NINO):
        for match in pattern.finditer(text):
            if pattern is _PASSPORT:
                yield match.start(), match.end(), "PASSPORT"
            else:
                start = match.start() - (3 if text[match.start() - 1] == " " else 2)
                yield start, match.end(), "NINO"
    for meaning, pattern, kind in (
        (DRIVER, _AFTER_DRIVER, "LICENCE"),
        (PASSPORT, _AFTER_PASSPORT, "PASSPORT"),
        (INSURANCE, _AFTER_INSURANCE, "NINO"),
    ):
        for place in reading.after(meaning):
            if named := pattern.match(text, place):
                yield *named.span(1), kind


def plates(reading: Reading) -> Iterator[Hit]:
    """Korean number plates."""
    for match in _PLATE.finditer(reading.text):
        place = _PLATE_PLACE.search(reading.text, max(0, match.start() - 3), match.start())
        yield place.start() if place else match.start(), match.end(), "PLATE"


def births(reading: Reading) -> Iterator[Hit]:
    """Dates of birth: a date that the words call one."""
    for place in reading.after(BORN):
        if match := _AFTER_BORN.match(reading.low, place):
            yield *match.span(1), "BIRTHDATE"
    if "생" in reading.text:
        for match in _BORN_THEN.finditer(reading.low):
            yield *match.span(1), "BIRTHDATE"
