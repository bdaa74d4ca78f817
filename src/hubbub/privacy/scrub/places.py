"""The detector of street addresses, where their form tells them: American, British, German,
French, Korean."""

import re
from collections.abc import Iterator

from hubbub.privacy.scrub.reading import STREET, UNIT, Hit, Reading

_STATES = (
    "AL|AK|AZ|AR|CA|CO|CT|DE|FL|GA|HI|ID|IL|IN|IA|KS|KY|LA|ME|MD|MA|MI|MN|MS|MO|MT|NE|NV|NH|NJ|NM|NY|NC|ND|OH|OK|OR|PA|RI"
    "|SC|SD|TN|TX|UT|VT|VA|WA|WV|WI|WY|DC|AS|FM|GU|MH|MP|PW|PR|VI|AA|AE|AP"
)
_POSTCODE = r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}"
_WORD = r"[A-Z][A-Za-z'.\-]{0,30}"
_UNIT = (
    r"(?:Apt|Apartment|Suite|Ste|Unit|Flat|Studio|Floor|Fl|Room|Rm|#)\.? ?"
    r"#?[A-Za-z]?\d{1,5}[A-Za-z]?"
)
_KINDS = (
    "Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Place|Pl|Square|Sq|Terrace|Ter|Way|Highway|Hwy"
    "|Parkway|Pkwy|Circle|Cir|Trail|Trl|Close|Crescent|Cres|Gardens|Grove|Mews|Row|Walk|Alley|Plaza|Turnpike|Broadway"
)
_HOUSE = r"(?<![\w.,\-/#$:])\d{1,6}[A-Za-z]?"
_WITH_TOWN = re.compile(
    rf"(?:(?:{_UNIT}, {{0,2}})(?:{_HOUSE} )?"
    rf"|{_HOUSE} )(?:{_WORD} ){{0,4}}{_WORD}(?:,? {_UNIT})?,\s{{1,2}}"
    rf"(?:{_WORD} ){{0,3}}{_WORD},?\s{{1,2}}"
    rf"(?:{_POSTCODE}(?![A-Za-z0-9])"
    rf"|(?:{_STATES})(?![A-Za-z0-9])(?: \d{{5}}(?:-\d{{4}})?(?!\d))?)"
)
_STREET = re.compile(
    rf"{_HOUSE} (?:(?:[NSEW]|North|South|East|West)\.? )?(?:(?:{_WORD}|\d{{1,3}}(?:st|nd|rd"
    rf"|th)) ){{1,4}}?(?:{_KINDS})"
    rf"(?![A-Za-z])\.?(?:,? {{1,2}}{_UNIT})?(?:, (?:{_WORD} ){{0,2}}{_WORD}"
    rf"(?:,? (?:{_STATES})(?![A-Za-z]))?(?: \d{{5}}(?:-\d{{4}})?)?)?"
)
_MILITARY = re.compile(
    r"(?<![A-Za-z0-9])(?:PSC|Unit|USS|USNS|USNV|USCGC|CMR) [A-Za-z0-9 ]{1,20},? {1,2}"
    r"(?:Box \d{1,6},?\s{1,3})?(?:APO|FPO|DPO),? (?:AA|AE|AP) \d{5}(?!\d)"
)
_BOX = re.compile(r"\bP\.? ?O\.? Box \d{1,7}", re.IGNORECASE)

_REGION = (
    "(?:서울|부산|대구|인천|광주|대전|울산|세종|경기|강원|충북|충남|전북|전남|경북|경남|제주|충청[남북]|전라[남북]|경상[남북])"
    "(?:특별자치시|특별자치도|특별시|광역시|시|도)?"
)
_KOREAN = re.compile(
    rf"(?<![가-힣])(?:{_REGION} {{1,2}}(?:[가-힣]{{1,4}}[시군구] {{1,2}}){{0,2}}"
    rf"|(?:[가-힣]{{1,4}}[시군구] {{1,2}}){{1,2}})"
    r"(?:[가-힣]{1,5}[읍면동] {1,2})?"
    r"(?:[가-힣0-9.]{1,12}(?:대로|로|길)(?: ?\d{1,4}[가나다라]?(?:번"
    r"|번안)?길)? ?(?:지하 ?)?\d{1,4}(?:-\d{1,4})?"
    r"|[가-힣0-9]{1,6}(?:동|가|리|읍|면) (?:산 ?)?\d{1,4}(?:-\d{1,4})?(?:번지)?)"
    r"(?!\d)(?:,? {0,2}(?:[가-힣A-Za-z]{0,10} ?)?\d{1,4}동(?! ?안"
    r"|네))?(?:,? {0,2}\d{1,5}호)?(?:,? {0,2}(?:지하 ?)?\d{1,3}층)?"
    r"(?: ?\([가-힣0-9, ]{1,20}\))?"
)
_KOREAN_SHORT = re.compile(
    r"(?<![가-힣])[가-힣]{2,8}(?:대로|로|길)(?: ?\d{1,4}번?길)? ?\d{1,4}(?:-\d{1,4})?,? "
    r"(?:\d{1,4}동 ?)?(?:\d{1,5}호|\d{1,3}층)"
)


_GERMAN = re.compile(
    r"[A-ZÄÖÜ][A-Za-zäöüßÄÖÜ.\-]{1,30}(?:straße|strasse|str\.|weg|platz|allee|gasse|damm|ufer) "
    r"\d{1,4} ?[a-z]?(?![A-Za-z0-9])(?:, ?(?:D-)?\d{5} [A-ZÄÖÜ][A-Za-zäöüß\-]{2,30})?"
)
_FRENCH = re.compile(
    r"(?<![\w.,\-])\d{1,4}(?: ?bis| ?ter)?,? (?:rue|avenue|boulevard|place|chemin|impasse|quai) "
    r"(?:de |du |des |la |le |l'|d'){0,3}[A-ZÀ-Ý][A-Za-zÀ-ÿ'\-]{1,30}"
    r"(?: [A-ZÀ-Ý][A-Za-zÀ-ÿ'\-]{1,30}){0,3}(?:, ?\d{5} [A-ZÀ-Ý][A-Za-zÀ-ÿ\-]{1,30})?"
)


def streets(reading: Reading) -> Iterator[Hit]:
    """American, British, German and French street addresses."""
    patterns = (_WITH_TOWN, _STREET)
    if reading.meanings & STREET:
        patterns += (_GERMAN, _FRENCH)
    for pattern in patterns:
        for match in pattern.finditer(reading.text):
            yield match.start(), match.end(), "ADDRESS"
    if reading.meanings & UNIT:
        for pattern in (_MILITARY, _BOX):
            for match in pattern.finditer(reading.text):
                yield match.start(), match.end(), "ADDRESS"


def korean_streets(reading: Reading) -> Iterator[Hit]:
    """Korean addresses by road or by lot."""
    for pattern in (_KOREAN, _KOREAN_SHORT):
        for match in pattern.finditer(reading.text):
            yield match.start(), match.end(), "ADDRESS"
