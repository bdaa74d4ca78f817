"""Detectors of numbers that belong to a person: cards, accounts, papers, plates, dates of birth."""

import re
from collections.abc import Iterator

from hubbub.privacy.scrub.checks import card, iban_length, is_day, luhn, mod97, rrn
from hubbub.privacy.scrub.hits import Hit, nearest

_CARD = re.compile(
    r"(?<![\w\-])(?<!\d[.,])(?:\d{4}[ .\-]{1,3}\d{4}[ .\-]{1,3}\d{4}[ .\-]{1,3}\d{4}(?:[ .\-]{1,3}\d{1,3})?"
    r"|\d{4}[ .\-]{1,3}\d{6}[ .\-]{1,3}\d{4,5}|\d{12,19})(?![\w]|-\d)",
    re.A,
)
_CARD_CUES = re.compile(
    r"(?P<card>\bcard|\bcc\b|credit|debit|visa|mastercard|amex|카드|체크카드|신용|결제)"
    r"|(?P<other>\border|tracking|transaction|ticket|invoice|epoch|주문|송장|운송장|계좌)"
)
_RRN = re.compile(r"(?<![\w\-.])(\d{2})(\d{2})(\d{2}) {0,2}[ \-_]? {0,2}([1-8])(\d{6}|\*{6})(?![\w*]|-\d)", re.A)
_RRN_CUES = re.compile(
    r"(?P<rrn>주민|등록번호|\brrn|본인확인|외국인|resident|4대보험)|(?P<other>epoch|\bts\b|주문|송장|계좌|\border|tracking)"
)
_SSN = re.compile(r"(?<![\w\-./])(\d{3})([ \-.])(\d{2})\2(\d{4})(?![\w]|[\-./]\d)", re.A)
_SSN_PLAIN = re.compile(r"(?<![\w\-./])(\d{3})(\d{2})(\d{4})(?![\w]|[\-./]\d)", re.A)
_SSN_CUES = re.compile(
    r"(?P<ssn>\bssn|social security|social sec|\bsocial\b|\bitin\b|tax ?id)"
    r"|(?P<other>\border|tracking|invoice|계좌|주문|송장|phone|\bfax|\btel\b|reach|연락처|전화|\bzip)"
)
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?:[ \-]?[A-Za-z0-9]){11,30}", re.A)
_ACCOUNT = re.compile(r"(?<![\w\-.])\d(?:[ \-]?\d){5,17}(?!\w|-\d)", re.A)
_ACCOUNT_CUES = re.compile(
    r"(?P<account>계좌|입금|송금|예금|은행|뱅크|국민|신한|우리|하나|농협|기업|카카오|토스|새마을|우체국|신협|수협|제일|씨티|산업|"
    r"\bnh\b|\bkb\b|\bibk\b|\bkdb\b|account|\bacct|\ba/c\b|sort code|routing|\baba\b)"
    r"|(?P<other>카드|주문|송장|전화|연락처|\border|tracking|ticket|invoice|\bcard|phone|\bcall|epoch|주민)"
)
_NEAR_BANK = re.compile(
    r"(?:(?:계좌|입금|송금|예금|은행|뱅크|국민|신한|우리|하나|농협|기업|카카오|토스|새마을금고|우체국|신협|수협|제일|씨티|산업|"
    r"\bnh|\bkb|\bibk|\bkdb)[가-힣]{0,4}(?:\s?\([가-힣a-z ]{1,10}\))?"
    r"|(?:account|acct|a/c|sort code|routing|\baba)(?:\s(?:number|no|num|nr|#))?)"
    r"(?:\s?(?:번호|no|is|는|은|number))?[\s:.#=\-]{0,4}\Z"
)
_DRIVER = re.compile(r"(?<![\w\-])(?:[1-2]\d|[가-힣]{2})[ \-]?\d{2}-\d{6}-\d{2}(?![\w]|-\d)", re.A)
_DRIVER_NAMED = re.compile(
    r"(?:driver'?s?'?\s(?:licen[cs]e|lic)|driving\slicen[cs]e|운전\s?면허|면허증?\s?번호)"
    r"[^\n\d]{0,20}?(?<![A-Za-z0-9])([A-Za-z]{0,5}[\-*]?\d[\dA-Za-z\-*]{4,18}\d)(?![A-Za-z0-9])",
    re.I,
)
_PASSPORT_NAMED = re.compile(
    r"(?:passport|여권)[^\n\d]{0,20}?(?<![A-Za-z0-9])([A-Za-z]{1,2}\d{6,9}|[A-Za-z]\d{3}[A-Za-z]\d{4}|\d{9})(?![A-Za-z0-9])",
    re.I,
)
_PASSPORT = re.compile(r"(?<![A-Za-z0-9_\-])[MSRODG]\d{3}[A-Z]\d{4}(?![A-Za-z0-9_\-])")
_PLATE = re.compile(
    r"(?<![\w.,\-])(?:[가-힣]{2} ?)?\d{2,3} ?[가나다라마거너더러머버서어저고노도로모보소오조구누두루무부수우주하허호배바사아자]"
    r" ?\d{4}(?![\d.,\-%]|\s?[억만천원명개년월일건회배시분초층])",
    re.A,
)
_NINO = re.compile(
    r"(?<![A-Za-z0-9])[A-CEGHJ-PR-TW-Za-ceghj-pr-tw-z][A-CEGHJ-NPR-TW-Za-ceghj-npr-tw-z] ?\d{2} ?\d{2} ?\d{2} ?[A-Da-d](?![A-Za-z0-9])"
)
_NINO_NAMED = re.compile(
    r"(?:\bnino\b|\bni\b|national insurance)[^\n\d]{0,16}?(?<![A-Za-z0-9])([A-Z]{2} ?\d{2} ?\d{2} ?\d{2} ?[A-D])(?![A-Za-z0-9])",
    re.I,
)
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?"
_DATE = (
    r"(?:\d{4} ?[.\-/년] ?\d{1,2} ?[.\-/월] ?\d{1,2}일?|\d{1,2}[.\-/]\d{1,2}[.\-/](?:\d{4}|\d{2})"
    rf"|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}|\d{{1,2}}(?:st|nd|rd|th)? (?:of )?{_MONTH},? \d{{4}}"
    r"|\d{8}|\d{6}|\d{2}년 ?\d{1,2}월 ?\d{1,2}일)"
)
_BORN = re.compile(
    r"(?:\bborn(?: (?:on|in))?|\bd\.?o\.?b\b\.?|birth ?(?:day|date)|date of birth|생년월일|생일|출생(?:일)?|生年月日)"
    rf"[^\w\n]{{0,4}}(?:is |was |on |은 |는 |이 )?({_DATE})(?!\d)",
    re.I,
)
_BORN_AFTER = re.compile(rf"(?<![\w.\-])({_DATE}) ?(?:년? ?생)(?![가-힣]{{0,1}}[성산각])", re.I)


def cards(text: str, low: str) -> Iterator[Hit]:
    """Payment cards: the groups, the brand and the check digit must all be those of a card."""
    for match in _CARD.finditer(text):
        found = match[0]
        digits = "".join(filter(str.isdigit, found))
        is_grouped = len(digits) < len(found)
        cue = nearest(_CARD_CUES, low, match.start())
        if card(digits):
            # short ones of one brand only: any number passes the check digit one time in ten
            if len(digits) > 14 or is_grouped or cue == "card":
                yield match.start(), match.end(), "CARD"
        elif len(digits) >= 15 and cue == "card" and luhn(digits):
            yield match.start(), match.end(), "CARD"
        elif is_grouped and len(digits) > 16 and card(digits[:16]):
            yield match.start(), match.start() + 19, "CARD"


def resident_numbers(text: str, low: str) -> Iterator[Hit]:
    """Korean resident numbers and foreigners' ones."""
    for match in _RRN.finditer(text):
        year, month, day, sex, rest = match.groups()
        if not is_day(month, day):
            continue
        cue = nearest(_RRN_CUES, low, match.start())
        is_whole = match.end() - match.start() == 13
        if is_whole and cue != "rrn":
            digits = match[0]
            # milliseconds since 1970 look like those born on a day of 1915 to 1919
            is_time = "14" < year < "20" and sex in "1256"
            if cue == "other" or (not rest.isdigit()) or (is_time and not rrn(digits)):
                continue
        yield match.start(), match.end(), "RRN"


def social_security(text: str, low: str) -> Iterator[Hit]:
    """US social security numbers; without dashes only where the words say so."""
    for match in _SSN.finditer(text):
        if _is_issued(match[1], match[3], match[4], is_named=True):
            cue = nearest(_SSN_CUES, low, match.start())
            if cue == "ssn" or (cue is None and (match[1] < "900" and match[2] != ".")):
                yield match.start(), match.end(), "SSN"
    for match in _SSN_PLAIN.finditer(text):
        if _is_issued(match[1], match[2], match[3], is_named=True):
            if nearest(_SSN_CUES, low, match.start(), 30) == "ssn":
                yield match.start(), match.end(), "SSN"


def _is_issued(area: str, group: str, serial: str, *, is_named: bool) -> bool:
    return area not in {"000", "666"} and group != "00" and serial != "0000" and is_named


def ibans(text: str) -> Iterator[Hit]:
    """International bank account numbers, in groups or without."""
    for match in _IBAN.finditer(text):
        found = match[0]
        wanted = iban_length(found[:2].upper())
        if not wanted:
            continue
        kept = 0
        end = 0
        for end, sign in enumerate(found, 1):
            kept += sign not in " -"
            if kept == wanted:
                break
        is_ended = not text[match.start() + end : match.start() + end + 1].isalnum() or (
            text[match.start() + end] > "\u02ff"
        )
        digits = found[:end].replace(" ", "").replace("-", "")
        if kept == wanted and is_ended and mod97(digits):
            yield match.start(), match.start() + end, "IBAN"


def accounts(text: str, low: str) -> Iterator[Hit]:
    """Bank accounts: numbers right behind the name of a bank or the word account."""
    if not _ACCOUNT_CUES.search(low):
        return
    for match in _ACCOUNT.finditer(text):
        before = low[max(0, match.start() - 40) : match.start()]
        if _NEAR_BANK.search(before) and sum(map(str.isdigit, match[0])) >= 6:
            digits = sum(map(str.isdigit, match[0]))
            is_korean = not before.rstrip(" :.#=-").isascii()
            if digits >= (10 if is_korean else 6):
                yield match.start(), match.end(), "ACCOUNT"


def papers(text: str) -> Iterator[Hit]:
    """Passports, driving licences, British national insurance numbers, Korean number plates."""
    for match in _DRIVER.finditer(text):
        yield match.start(), match.end(), "LICENCE"
    for match in _DRIVER_NAMED.finditer(text):
        yield *match.span(1), "LICENCE"
    for match in _PASSPORT_NAMED.finditer(text):
        yield *match.span(1), "PASSPORT"
    for match in _PASSPORT.finditer(text):
        yield match.start(), match.end(), "PASSPORT"
    for match in _NINO.finditer(text):
        yield match.start(), match.end(), "NINO"
    for match in _NINO_NAMED.finditer(text):
        yield *match.span(1), "NINO"


def plates(text: str) -> Iterator[Hit]:
    """Korean number plates."""
    for match in _PLATE.finditer(text):
        yield match.start(), match.end(), "PLATE"


def births(text: str) -> Iterator[Hit]:
    """Dates of birth: a date that the words call one."""
    for pattern in (_BORN, _BORN_AFTER):
        for match in pattern.finditer(text):
            yield *match.span(1), "BIRTHDATE"
