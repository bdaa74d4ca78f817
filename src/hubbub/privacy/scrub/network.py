"""Detectors of addresses of the network: e-mail, IP, hardware."""

import re
from collections.abc import Iterator
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from hubbub.privacy.scrub.reading import DISGUISED, Hit, Reading

_LATIN = "A-Za-z0-9\u00c0-\u024f\u0370-\u03ff\u0400-\u04ff"
_EAST = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3"
_LOCAL_BACKWARDS = re.compile(rf"(?:[{_LATIN}%&'+_.\-]{{1,64}}|[{_EAST}]{{1,20}})")
_LABEL = rf"(?:[{_LATIN}](?:[{_LATIN}_\-]{{0,61}}[{_LATIN}])?|[{_EAST}]{{1,20}})"
_DOMAIN = re.compile(
    rf"{_LABEL}(?:\.{_LABEL}){{0,8}}\.(?:xn--[A-Za-z0-9\-]{{2,40}}|[A-Za-z]{{2,24}}"
    rf"|[\u0370-\u04ff]{{2,10}}|[{_EAST}]{{2,3}})(?![A-Za-z0-9_\-])"
)
_BRACKETED = re.compile(r"\[(?:IPv6:)?[0-9A-Fa-f:.]{7,45}\]")
_USER_PART = re.compile(
    r"[a-z][a-z0-9+.\-]{1,20}://[^\s/@<>|]{0,200}:[^\s/@<>|]{0,200}\Z", re.IGNORECASE
)
_FILES_LISTED = """
png jpg jpeg gif svg webp bmp ico pdf css js mjs ts tsx jsx json md html htm xml yaml yml toml txt
csv zip gz tgz tar jar war whl deb rpm exe dmg mp3 mp4 mov wav ttf woff py rb rs java class cpp
service timer socket mount local
"""
_FILES = frozenset(_FILES_LISTED.split())
_AT = r"(?:\s?[\[({<]\s?(?:at|@|골뱅이)\s?[\])}>]\s?|\s(?:at|골뱅이)\s)"
_DOT = r"(?:\s?[\[({<]\s?(?:dot|\.|닷)\s?[\])}>]\s?|\s(?:dot|닷|점)\s?|\s(?=닷컴))"
_ENDING = r"(?:com|net|org|io|kr|de|uk|co|edu|dev|info|me|us|eu|fr|jp|컴|닷컴)(?![a-z0-9])"
_WRITTEN_OUT = re.compile(
    rf"(?<![\w.+\-])[\w.+\-]{{2,64}}(?:{_AT}[a-z0-9\-]{{2,40}}(?:{_DOT}[a-z0-9\-]{{2,40}})?{_DOT}{_ENDING}"
    rf"|\s?[\[({{]\s?(?:at|@)\s?[\])}}]\s?[a-z0-9\-]{{2,40}}(?:\.[a-z0-9\-]{{2,40}})?\.{_ENDING})",
    re.ASCII,
)


def emails(reading: Reading) -> Iterator[Hit]:
    """E-mail addresses, also of other scripts; not `name@2x.png` nor `git@host:path`."""
    text = reading.text
    place = text.find("@")
    while place >= 0:
        domain = _DOMAIN.match(text, place + 1) or _BRACKETED.match(text, place + 1)
        if domain:
            local = _LOCAL_BACKWARDS.match(text[max(0, place - 64) : place][::-1])
            name = local[0][::-1].lstrip(".'&-%+") if local else ""
            ending = domain[0].rpartition(".")[2].lower()
            is_path = name == "git" and text[domain.end() : domain.end() + 1] in {":", "/"}
            if name and ending not in _FILES and not is_path:
                window = text[max(0, place - 200) : place]
                if "://" not in window or not _USER_PART.search(window):
                    yield place - len(name), domain.end(), "EMAIL"
        place = text.find("@", place + 1)


def emails_in_words(reading: Reading) -> Iterator[Hit]:
    """E-mail addresses with their signs written out: `ann [at] example [dot] org`."""
    if reading.meanings & DISGUISED:
        for match in _WRITTEN_OUT.finditer(reading.low):
            yield match.start(), match.end(), "EMAIL"


_IPV4 = re.compile(r"\d(?<![\w.\-]\d)\d{0,2}(?:\.\d{1,3}){3}(?![\w\-]|\.\d)", re.ASCII)
_BEFORE_VERSION = re.compile(
    r"(?:\bv|\bver|version|release|build|chrome|firefox|edge|safari|android|ios|kernel|sdk|tag|"
    r"firmware|driver|버전|릴리스|[=~^<>]=)[\s:=\"'`]*\Z",
    re.ASCII | re.IGNORECASE,
)
_IPV6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{0,4}(?::{1,2}[0-9A-Fa-f]{1,4}){1,7}(?![\w:])", re.ASCII)
_MAC = re.compile(
    r"(?<![\w:\-.])(?:[0-9A-Fa-f]{2}([:\-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}"
    r"|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4})(?![\w:\-])",
    re.ASCII,
)


def addresses(reading: Reading) -> Iterator[Hit]:
    """IP addresses that may be of a person's machine: not loopback, not `0.0.0.0`, no version."""
    text = reading.text
    if text.count(".") >= 3:
        for match in _IPV4.finditer(text):
            try:
                address = IPv4Address(match[0])
            except AddressValueError:
                continue
            before = text[max(0, match.start() - 24) : match.start()]
            is_here = address.is_loopback or address.is_unspecified or int(address) == 0xFFFFFFFF
            if not is_here and not _BEFORE_VERSION.search(before):
                yield match.start(), match.end(), "IP"
    if "::" in text or text.count(":") >= 7:
        for match in _IPV6.finditer(text):
            try:
                address6 = IPv6Address(match[0])
            except AddressValueError:
                continue
            if address6.is_loopback or not any(sign.isdigit() for sign in match[0]):
                continue
            yield match.start(), match.end(), "IP"


def hardware(reading: Reading) -> Iterator[Hit]:
    """Hardware (MAC) addresses."""
    text = reading.text
    for match in _MAC.finditer(text):
        if match[1] or not match[0].replace(".", "").isdigit():
            yield match.start(), match.end(), "MAC"
