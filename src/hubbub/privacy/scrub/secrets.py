"""Detectors of secrets: keys and tokens of known vendors, passwords, secrets in links."""

import re
from collections.abc import Iterator

from hubbub.privacy.scrub.reading import (
    AWS,
    HEADER,
    KEY_BLOCK,
    PASSWORD,
    PLACEHOLDER,
    SECRET,
    VENDOR,
    Hit,
    Reading,
)

_VENDORS = (
    # each: where the form is written down, in one word; then the form
    r"xox[a-z](?:\.xox[a-z])?-[A-Za-z0-9\-]{8,400}",  # Slack
    r"xapp-[A-Za-z0-9\-]{10,400}",
    r"gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_[A-Za-z0-9_]{22,255}",  # GitHub
    r"gl(?:pat|dt|ptt|rt|soat|oas|cbt|ft|imt|agent|wt|ffct)-[A-Za-z0-9_\-.]{16,120}",  # GitLab
    r"(?:AKIA|ASIA|ABIA|ACCA|AGPA|AIDA|AIPA|ANPA|ANVA|AROA|APKA)[A-Z0-9]{16}(?![A-Za-z0-9])",  # AWS
    r"AIza[A-Za-z0-9_\-]{35}|GOCSPX-[A-Za-z0-9_\-]{20,40}|ya29\.[A-Za-z0-9_\-]{20,400}",  # Google
    r"(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{10,250}|whsec_[A-Za-z0-9+/=]{20,100}",  # Stripe
    r"sk-ant-[A-Za-z0-9_\-]{16,250}",  # Anthropic
    r"sk-(?:proj-|svcacct-|admin-|or-v1-)?[A-Za-z0-9_\-]{20,250}",  # OpenAI and its like
    r"npm_[A-Za-z0-9]{30,80}|pypi-[A-Za-z0-9_\-]{16,300}|rubygems_[a-f0-9]{40,64}",  # registries
    r"SG\.[A-Za-z0-9_\-]{16,32}\.[A-Za-z0-9_\-]{30,64}|key-[0-9a-f]{32}(?![0-9a-f])",  # mail
    r"eyJ[A-Za-z0-9_\-]{8,2000}\.[A-Za-z0-9_\-]{8,4000}(?:\.[A-Za-z0-9_\-]{0,1500})?",  # JWT
    r"hf_[A-Za-z0-9]{30,50}|r8_[A-Za-z0-9]{30,50}|gsk_[A-Za-z0-9]{40,80}|xai-[A-Za-z0-9]{40,120}",
    r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}|sq0(?:atp|csp)-[A-Za-z0-9_\-]{20,50}|EAAA[A-Za-z0-9_\-]{50,80}",
    r"do[opr]_v1_[a-f0-9]{64}|dp\.(?:pt|st|ct|sa)\.[A-Za-z0-9.]{30,60}|hv[sb]\.[A-Za-z0-9_\-]{20,300}",
    r"dapi[a-f0-9]{32}|lin_(?:api|oauth)_[A-Za-z0-9]{30,64}|ntn_[A-Za-z0-9]{30,60}|secret_[A-Za-z0-9]{43}",
    r"ATATT3[A-Za-z0-9_\-=]{40,300}|ATBB[A-Za-z0-9]{28,40}|figd_[A-Za-z0-9_\-]{30,60}|glsa_[A-Za-z0-9_]{30,60}",
    r"sntrys_[A-Za-z0-9_=+/]{30,300}|NRAK-[A-Z0-9]{20,40}|PMAK-[a-f0-9\-]{40,70}|dckr_pat_[A-Za-z0-9_\-]{20,60}",
    r"pul-[a-f0-9]{40}|tfp_[A-Za-z0-9]{30,60}|phc_[A-Za-z0-9]{30,60}|fo1_[A-Za-z0-9_\-]{30,60}|AGE-SECRET-KEY-1[A-Z0-9]{40,70}",
    r"sbp_[a-f0-9]{40}|re_[A-Za-z0-9]{8}_[A-Za-z0-9]{20,40}|vercel_[A-Za-z0-9]{20,40}",
    r"sl\.[A-Za-z0-9_\-]{60,200}|t-[A-Za-z0-9]{8}-[A-Za-z0-9]{30,60}|CFPAT-[A-Za-z0-9_\-]{30,60}",
)
_TOKEN = re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(_VENDORS)})", re.ASCII)
_SHAPED = re.compile(
    r"(?<![A-Za-z0-9])(?:(?:AC|SK)[0-9a-f]{32}(?![0-9A-Za-z])"  # Twilio
    r"|\d{8,10}:AA[A-Za-z0-9_\-]{32,36}"  # Telegram
    r"|[MNO][A-Za-z0-9]{23,27}\.[A-Za-z0-9_\-]{6}\.[A-Za-z0-9_\-]{27,40})",  # Discord
    re.ASCII,
)
LONG = re.compile(r"[A-Za-z0-9_\-]{24}")
"""What all secrets have that no word of the cues leads to."""
_HOOK = re.compile(
    r"(?:hooks\.slack\.com/(?:services|workflows|triggers)/|discord(?:app)?\.com/api/webhooks/"
    r"|webhook\.office\.com/|chat\.googleapis\.com/v1/spaces/)([A-Za-z0-9_\-/@=?&.%;]{16,400})"
)
_PEM_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----")
_PEM_END = re.compile(r"-----END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----")
_PEM_BODY = re.compile(r"(?:[A-Za-z0-9+/=]|\s(?![a-z]{1,20}\s)|\\n|>)*")
_PUTTY = re.compile(r"PuTTY-User-Key-File-\d:[^<]{0,8000}")
_AWS_SECRET = re.compile(r"(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{40}(?![A-Za-z0-9+/=])")
_USER_INFO = re.compile(
    r"[a-z][a-z0-9+.\-]{1,20}://[^\s:/@<>|]{0,100}:([^\s@<>|]{1,200})@(?=[\w\[])", re.IGNORECASE
)
_QUERY = re.compile(
    r"[?&;#](?:amp;)?(?:[\w.\-]{0,30}(?:token|secret|passw(?:or)?d|passwd|pwd|api_?-?key|apikey|access_?key"
    r"|credential|signature|session_?id|auth)|key|sig|pass|code|sid|otp|pin|jwt|hash_?key)"
    r"=([^&#\s<>|\"'`\])]{4,2000})",
    re.IGNORECASE,
)
# The rest of each begins right behind a word of the cues.
_AFTER_HEADER = re.compile(
    r"(?:: ?token|: ?apikey|: ?bearer|: ?basic)?[ :]{1,3}([A-Za-z0-9_\-.+/=~]{12,2000})",
    re.IGNORECASE,
)
_AFTER_SECRET = re.compile(
    r"[\w\-]{0,20}[\"'`\])}]{0,2}\s{0,2}(?:[:=]{1,2}>?|->|=>|→|is(?= )|은(?= )"
    r"|는(?= ))\s{0,2}[\"'`]{0,3}"
    r"([A-Za-z0-9_\-.+/=~!@#$%^*]{8,2000})",
    re.IGNORECASE,
)
_AFTER_PASSWORD = re.compile(
    r"s?[\"'`*)\]]{0,3}"
    r"(?:\s?\(?(?:for|of|on|to|at)\s[\w.\-]{1,30}(?:\s[\w.\-]{1,20})?\)?|\s?\([^()\n]{1,30}\))?"
    r"(?P<sign>\s{0,3}(?:->|=>|→|⇒|[:=：]{1,2}>?)\s{0,3}|\s(?:is now|was|is|set to|changed to"
    r"|to)(?: just)?:?\s|"
    r"\s?(?:은|는|이|가)(?:요|여)?\s{0,2}[:=]?\s{0,2}|\s{1,2})"
    r"[\"'`*]{0,3}(?P<value>[!-~]{3,128})",
    re.IGNORECASE,
)
_NOT_A_PASSWORD = re.compile(
    r"(?:all|none|null|nil|true|false|undefined|empty|required?|reset|resets|changed?|expired?|expires|invalid|wrong|incorrect"
    r"|not|too|in|on|at|a|an|the|and|or|for|to|of|is|was|same|stored|hashed|hash|hashing|missing|weak|strong|being|now|set"
    r"|saved|no|never|still|always|only|also|manager|managers|protected|policy|field|fields|rotation|prompt|page|link|leak"
    r"|with|will|can|must|should|has|have|had|needs?|does|doesn't|didn't|isn't|from|by|here|there|below|above|tbd|see|ask"
    r"|check|it|its|my|your|our|their|this|that|you|we|i|they|please|in[\-_]?correct|case[\-_]sensitive|unknown|string|str"
    r"|int|bool|optional|default|forgotten|forgot|login|through|over|around|along|out|up|down|off|fail(?:ed|s|ing)?|test|"
    r"authentication|auth|change|hasher|length|changes|update[ds]?|sent|shared|rotated|x+|\*+|\.+|-+|_+)[.,;:!?)\"'`]*",
    re.IGNORECASE,
)
_HAS_SIGN = re.compile(r"[0-9!@#$%^&*_+=~?]|[a-z][A-Z]")
_SECRET_VALUE = re.compile(r"(?=.*\d)|(?=[A-Za-z+/]{20})|.*[!@#$%^]")


def tokens(reading: Reading) -> Iterator[Hit]:
    """Keys and tokens that tell their vendor by their form, private keys, webhooks."""
    text = reading.text
    for place in reading.before(VENDOR):
        if match := _TOKEN.match(text, place):
            yield match.start(), match.end(), "TOKEN"
    if LONG.search(text):
        for match in _SHAPED.finditer(text):
            yield match.start(), match.end(), "TOKEN"
        for match in _HOOK.finditer(text) if "/" in text else ():
            yield *match.span(1), "TOKEN"
    if reading.meanings & AWS:
        for match in _AWS_SECRET.finditer(text):
            found = match[0]
            is_mixed = any(map(str.isupper, found)) and any(map(str.islower, found))
            if is_mixed and any(map(str.isdigit, found)):
                yield match.start(), match.end(), "SECRET"
    if reading.meanings & KEY_BLOCK:
        yield from _key_blocks(text)
        for match in _PUTTY.finditer(text):
            yield match.start(), match.end(), "SECRET"


def _key_blocks(text: str) -> Iterator[Hit]:
    """Private keys from their first line to their last, or as far as the text has them."""
    begin = _PEM_BEGIN.search(text)
    has_end = True
    while begin:
        end = _PEM_END.search(text, begin.end()) if has_end else None
        has_end = end is not None
        body = end or _PEM_BODY.match(text, begin.end())
        stop = (
            begin.start() + len(text[begin.start() : body.end()].rstrip()) if body else begin.end()
        )
        yield begin.start(), stop, "SECRET"
        begin = _PEM_BEGIN.search(text, stop)


def in_links(reading: Reading) -> Iterator[Hit]:
    """Passwords before the host of a link, and secrets in its query."""
    text = reading.text
    if "://" in text and "@" in text:
        for match in _USER_INFO.finditer(text):
            if not PLACEHOLDER.fullmatch(match[1]):
                yield *match.span(1), "PASSWORD"
    if "=" in text:
        for match in _QUERY.finditer(text):
            yield *match.span(1), "SECRET"


def named(reading: Reading) -> Iterator[Hit]:
    """Secrets that the words before them call so: `client_secret: …`, `Bearer …`, `토큰은 …`."""
    for place in reading.after(HEADER):
        match = _AFTER_HEADER.match(reading.text, place)
        if match and (any(map(str.isdigit, match[1])) or match[1][-1] == "="):
            yield *match.span(1), "SECRET"
    for place in reading.after(SECRET):
        if match := _AFTER_SECRET.match(reading.text, place):
            value = match[1].rstrip(".!")
            if len(value) >= 8 and _SECRET_VALUE.match(value):
                yield match.start(1), match.start(1) + len(value), "SECRET"


def passwords(reading: Reading) -> Iterator[Hit]:
    """Passwords: what follows `password is`, `pw for staging ->`, `비밀번호는`, `DB_PASSWORD=`."""
    for place in reading.after(PASSWORD):
        match = _AFTER_PASSWORD.match(reading.text, place)
        value = _without_quotes(match["value"]) if match else ""
        if match is None or len(value) < 4 or value[0] == "[" or _NOT_A_PASSWORD.fullmatch(value):
            continue
        if _VARIABLE.match(value):
            continue
        start = match.start("value")
        sign = match["sign"].strip()
        is_plain = not _HAS_SIGN.search(value)
        if is_plain and (not sign or sign[0].isalpha()):
            # "the password is swordfish" ends there; "the password is rotated daily" goes on
            rest = reading.text[start + len(value) :].lstrip("\"'`* ")
            if sign.lower() not in _TELLING or (rest and rest[0] not in ".!\n"):
                continue
        yield start, start + len(value), "PASSWORD"


_VARIABLE = re.compile(r"\$[{(]|\{\{|%\(|\$[A-Z_]+$|%[A-Z_]+%$|os\.environ|process\.env")
_COMMAND = re.compile(
    r"(?<!\S)(?:-u|--user)[ =]{1,2}[\"']?[^\s:\"'<>]{1,60}:([^\s\"'`<>]{1,128})"
    r"|\bmysql\w{0,8} [^\n]{0,80}? -p([^\s\"'`<>]{3,64})"
    r"|\bsshpass -p ?[\"']?([^\s\"'`<>]{1,64})"
)


def in_commands(text: str) -> Iterator[Hit]:
    """Passwords among the arguments of commands: `curl -u user:password`, `mysql -ppassword`."""
    for match in _COMMAND.finditer(text):
        yield *match.span(match.lastindex or 0), "PASSWORD"


_TELLING = frozenset({"is", "was", "set to", "changed to", "is now"})


def _without_quotes(value: str) -> str:
    for quote in ("`", '"', "'", "<", "&lt;"):
        value = value.partition(quote)[0]
    return "" if value.endswith("...") else value.rstrip(",.;:)]}*")
