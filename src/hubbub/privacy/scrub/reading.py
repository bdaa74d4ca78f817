"""A text as the detectors read it: the plain form, and the words in it that mean something to them.

All cues of all detectors are found in one pass (Aho-Corasick); most texts hold none, and then most
detectors have nothing to do.
"""

import re
from bisect import bisect_left
from functools import cache
from operator import itemgetter
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick

Hit = tuple[int, int, str]
"""Where a find begins and ends in the plain text, and its kind."""

KINDS = (
    *("EMAIL", "PHONE", "CARD", "IBAN", "ACCOUNT", "IP", "MAC", "SSN", "RRN", "NINO", "LICENCE"),
    *("PASSPORT", "PLATE", "BIRTHDATE", "ADDRESS", "TOKEN", "SECRET", "PASSWORD"),
    *("NAME", "HANDLE", "MEMBER"),
)
"""All kinds there are."""

PLACEHOLDER = re.compile(rf"\[(?:{'|'.join(KINDS)})\]")
"""What stands where something was taken out."""

_HALF = re.compile("[\ud800-\udfff]")

PHONE, CARD, ORDER, BANK, RESIDENT, SOCIAL, PAPER, OTHER = (1 << place for place in range(8))
"""What a number near such a word is."""
PASSWORD, SECRET, HEADER, VENDOR, BORN, TITLE, VERSION = (1 << place for place in range(8, 15))
SPELT, DISGUISED, UNIT, KEY_BLOCK, AWS, PASSPORT, DRIVER, INSURANCE, STREET = (
    1 << place for place in range(15, 24)
)
NUMBERS = PHONE | CARD | ORDER | BANK | RESIDENT | SOCIAL | PAPER | OTHER

# A word stands for itself anywhere; after a `^` only where no letter of ASCII is before it, and
# before a `$` only where none follows.
_CUES: tuple[tuple[int, str], ...] = (
    (
        PHONE,
        "phone mobile ^cell tel$ telefon ^tel: ^fax ^call ^text$ ^sms$ whatsapp ^ring$ ^dial "
        "kakao ^contact ^reach office$ ^desk$ hotline landline voicemail answering registered "
        "signal$ ^handy$ 전화 연락처 휴대폰 핸드폰 번호는 폰번 내번호 팩스 문자 카톡 직통 "
        "내선 電話 携帯",
    ),
    (CARD, "^card card= ^cc$ ^credit ^debit ^visa$ mastercard ^amex ^charge 카드 신용 결제"),
    (
        ORDER,
        "^order tracking ^ticket invoice transaction ^epoch ^ts= ^rows ^row$ version ^isbn "
        "^ref$ ^id$ ^issue ^port$ ^pr$ parcel shipment 주문 송장 운송장 사업자 ^zip$",
    ),
    (
        BANK,
        "account$ ^acct ^a/c ^iban routing 계좌 입금 송금 예금 은행 뱅크 국민 신한 우리 하나 "
        "농협 기업 카카오 토스 새마을금고 우체국 신협 수협 제일 씨티 산업 ^nh$ ^kb$ ^ibk ^kdb",
    ),
    (RESIDENT, "주민 등록번호 ^rrn 본인확인 외국인 4대보험 resident"),
    (SOCIAL, "^ssn social$ ^itin"),
    (PAPER | PASSPORT, "passport 여권"),
    (PAPER | DRIVER, "license licence ^driver's 면허"),
    (PAPER | INSURANCE, "^nino ^ni$ insurance"),
    (OTHER, "payroll serial https: http:"),
    (PHONE, "support~line number~is messages~to message~to voice~mail 내~번호 제~번호"),
    (SOCIAL, "social~security tax~id"),
    (BANK, "sort~code account~number bank~account"),
    (
        PASSWORD,
        "password passwd passwort passphrase passcode pwd ^pw$ _pw$ -pw$ ^pass$ _pass$ ^pin$ "
        "pass~code pin~code pin~number 비밀번호 비밀~번호 비번 암호 패스워드 パスワード 密码",
    ),
    (
        SECRET,
        "secret token api_key apikey api-key api~key access_key access-key access~key "
        "accesskey private_key privatekey accountkey auth_key authkey encryption_key "
        "credential signing_key license_key 시크릿 토큰 인증키 접속키 비밀키 api키",
    ),
    (HEADER, "bearer basic authorization"),
    (
        VENDOR,
        "xoxa xoxb xoxc xoxd xoxe xoxo xoxp xoxr xoxs xapp- ghp_ gho_ ghu_ ghs_ ghr_ "
        "github_pat_ glpat- gldt- glptt- glrt- glsoat- gloas- glcbt- glft- glimt- glagent- "
        "glwt- glffct- aiza gocspx- ya29. sk_live_ sk_test_ rk_live_ rk_test_ pk_live_ "
        "pk_test_ whsec_ sk-ant- sk- npm_ pypi- rubygems_ sg. key- eyj hf_ r8_ gsk_ xai- "
        "shpat_ shpca_ shppa_ shpss_ sq0atp- sq0csp- eaaa dop_v1_ doo_v1_ dor_v1_ dp. hvs. "
        "hvb. dapi lin_api_ lin_oauth_ ntn_ atatt3 atbb figd_ glsa_ sntrys_ nrak- pmak- "
        "dckr_pat_ pul- tfp_ phc_ fo1_ age-secret-key-1 sbp_ vercel_ sl. cfpat- secret_ re_",
    ),
    (VENDOR | AWS, "akia asia abia acca agpa aida aipa anpa anva aroa apka"),
    (AWS, "aws secret"),
    (KEY_BLOCK, "private~key putty-user-key"),
    (BORN, "^born$ birthday birthdate ^dob$ d.o.b 생년월일 생일 출생 生年月日 ^birth"),
    (BORN, "birth~day birth~date date~of~birth"),
    (
        TITLE,
        "님 씨 쌤 선배 팀장 매니저 대리 과장 차장 부장 이사 대표 책임 선임 수석 연구원 교수 "
        "선생 형님 누나 언니 오빠",
    ),
    (
        SPELT,
        "공일 영일 공이 영이 공삼 공사 공오 공육 공칠 zero ^oh$ 0~1~0 0~1~1 023 024 025 027 028",
    ),
    (DISGUISED, "[at] (at) {at} [dot] (dot) {dot} dot~com ^dot$ 골뱅이 닷컴 [.] [@] (@)"),
    (UNIT, "flat studio suite ^apt apartment ^unit$ ^box$ ^floor ^apo$ ^fpo$ ^dpo$"),
    (
        STREET,
        "straße$ strasse$ str. weg$ platz$ allee$ gasse$ damm$ ufer$ "
        "^rue$ ^avenue$ ^boulevard$ ^place$ ^chemin$ ^impasse$ ^quai$",
    ),
)


class Cue(NamedTuple):
    """A word, and what it means."""

    length: int
    meaning: int
    is_bounded: bool
    is_closed: bool


class Reading(NamedTuple):
    """A plain text, the same in lower case and as long, and its cues in order of their ends."""

    text: str
    low: str
    meanings: int
    """The meanings of all words that may be cues, together."""
    cues: list[tuple[int, Cue]]
    """The last place of each, and what it is."""

    def nearest(self, wanted: int, place: int, reach: int = 40) -> int:
        """What the last cue before a place means, of the wanted meanings; 0 where none is within
        reach."""
        if not self.meanings & wanted:
            return 0
        number = bisect_left(self.cues, place, key=itemgetter(0))
        while number > 0:
            number -= 1
            last, cue = self.cues[number]
            if last < place - reach:
                return 0
            if cue.meaning & wanted and self._is_cue(last, cue):
                return cue.meaning & wanted
        return 0

    def after(self, wanted: int) -> list[int]:
        """The places right behind the cues of a meaning."""
        if not self.meanings & wanted:
            return []
        return [
            last + 1 for last, cue in self.cues if cue.meaning & wanted and self._is_cue(last, cue)
        ]

    def before(self, wanted: int) -> list[int]:
        """The places where the cues of a meaning begin."""
        if not self.meanings & wanted:
            return []
        return [
            last + 1 - cue.length
            for last, cue in self.cues
            if cue.meaning & wanted and self._is_cue(last, cue)
        ]

    def _is_cue(self, last: int, cue: Cue) -> bool:
        if cue.is_bounded and last >= cue.length:
            before = self.low[last - cue.length]
            if before.isascii() and before.isalpha():
                return False
        if cue.is_closed:
            after = self.low[last + 1 : last + 2]
            return not (after and after.isascii() and after.isalpha())
        return True


@cache
def _automaton() -> tuple[AhoCorasick, list[Cue]]:
    """What finds the words, and what each of them is."""
    words: dict[str, Cue] = {}
    for meaning, listed in _CUES:
        for entry in listed.split():
            word = entry.removeprefix("^").removesuffix("$").replace("~", " ")
            known = words.get(word)
            words[word] = Cue(
                len(word),
                meaning | (known.meaning if known else 0),
                entry.startswith("^") and (known is None or known.is_bounded),
                entry.endswith("$") and (known is None or known.is_closed),
            )
    return AhoCorasick(words), [*words.values()]


def _cues_in(low: str) -> list[tuple[int, Cue]]:
    search, known = _automaton()
    try:
        found = search.find_matches_as_indexes(low, overlapping=True)
    except UnicodeEncodeError:  # half an emoji, of which no word has any
        found = search.find_matches_as_indexes(_HALF.sub("\ufffd", low), overlapping=True)
    return [(end - 1, known[number]) for number, _, end in found]


def _blank(placeholder: re.Match[str]) -> str:
    return "[" + "\0" * (len(placeholder[0]) - 2) + "]"


def read(text: str) -> Reading:
    """Read a plain text; what stands where something was taken out means nothing."""
    if "[" in text:
        text = PLACEHOLDER.sub(_blank, text)
    low = text.lower()
    if len(low) != len(text):  # İ is the only letter that is longer in lower case
        low = text.replace("\u0130", "i").lower()
    cues = _cues_in(low)
    meanings = 0
    for _, cue in cues:
        meanings |= cue[1]  # by its place, which is quicker than by its name
    return Reading(text, low, meanings, cues)
