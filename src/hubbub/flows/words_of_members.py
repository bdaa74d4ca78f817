"""The words by which members choose, and what is answered, in the languages that there are."""

import re
import unicodedata
from typing import NamedTuple

from hubbub.flows.choosing_letters import Chosen

_STOP = {
    "en": ("stop", "unsubscribe"),
    "ko": ("그만", "그만두기", "중지", "멈춤", "수신거부", "수신 거부"),
    "de": ("stopp", "abbestellen"),
    "es": ("parar", "detener", "basta"),
    "fr": ("arrêter", "arrêt", "arreter", "arret"),
    "ja": ("停止", "ストップ", "配信停止"),
    "zh": ("停止", "退订", "退訂"),
    "pt": ("pare",),
    "ru": ("стоп",),
}
_START = {
    "en": ("start", "subscribe"),
    "ko": ("시작", "다시", "다시 받기", "수신"),
    "de": ("starten", "abonnieren"),
    "es": ("empezar", "iniciar"),
    "fr": ("démarrer", "demarrer", "commencer"),
    "ja": ("開始", "スタート", "再開"),
    "zh": ("开始", "開始"),
    "pt": ("começar",),
    "ru": ("старт",),
}
"""Whole words, as people write them; none of them is one in a sentence that means another thing."""
_LETTERS = frozenset({"letters", "letter", "편지", "알림"})
_WORDS = {
    unicodedata.normalize("NFKC", word).casefold(): (wanted, language)
    for wanted, languages in ((False, _STOP), (True, _START))
    for language, words in languages.items()
    for word in words
}
_AROUND = re.compile(r"^[\s\"'“”‘’*_`.!。！]+|[\s\"'“”‘’*_`.!。！]+$")


class Wish(NamedTuple):
    """What a member asks for."""

    wanted: bool | None
    """None: only to be told what they get."""
    report: str | None = None
    language: str | None = None
    """That of the word; None where it tells nothing."""
    wants_help: bool = False
    """Whether they asked for help, or for something that nobody understands."""


def whole_word(said: str) -> Wish | None:
    """What a direct message asks for, if it is one of the words and nothing else."""
    found = _WORDS.get(_plain(said))
    return Wish(found[0], None, _told_by(found[1])) if found else None


def typed(said: str) -> Wish:
    """What stands behind a slash command asks for."""
    words = _plain(said).split()
    if words and words[0] in _LETTERS:
        del words[0]
        if not words:
            return Wish(None, None, _of_script(said))
    whole = _WORDS.get(" ".join(words))
    if whole:
        return Wish(whole[0], None, _told_by(whole[1]))
    if len(words) == 2 and words[0] in _WORDS:
        wanted, language = _WORDS[words[0]]
        return Wish(wanted, words[1], _told_by(language))
    return Wish(None, None, _of_script(said), wants_help=True)


def help_text(language: str, command: str) -> str:
    """What can be said."""
    return _SAID[language]["help"].format(command=command)


def told(language: str, command: str, chosen: Chosen) -> str:
    """What a member gets from now on."""
    said = _SAID[language]
    if chosen.is_refused:
        return said["refused"]
    choice = chosen.choice
    name = ("all" if choice.wanted else "none") + ("_but" if choice.but else "")
    named = ", ".join(f"`{each}`" for each in choice.but)
    way = said["stop" if choice.wanted else "start"].format(command=command)
    return f"{said[name].format(named=named)} {way}"


def unknown_letter(language: str, known: list[str]) -> str:
    """There is no letter of the name that was typed; it is not said back."""
    return _SAID[language]["unknown"].format(known=", ".join(f"`{each}`" for each in known) or "–")


def not_now(language: str) -> str:
    """It could not be done."""
    return _SAID[language]["not_now"]


def language_of(*told: str | None) -> str:
    """The first language that is told and that there are answers in; else English. `ko-KR` is
    Korean."""
    for each in told:
        if each and (found := each.replace("_", "-").partition("-")[0].lower()) in _SAID:
            return found
    return "en"


def _plain(said: str) -> str:
    """A text without what people put around a word."""
    folded = unicodedata.normalize("NFKC", said).casefold()
    return " ".join(_AROUND.sub("", folded).split())


def _told_by(language: str) -> str | None:
    """English words are known to all."""
    return None if language == "en" else language


def _of_script(said: str) -> str | None:
    return "ko" if re.search(r"[가-힣]", unicodedata.normalize("NFKC", said)) else None


_SAID = {
    "en": {
        "help": "*Which letters you get from me*\n"
        "`{command} letters` says what you have chosen.\n"
        "`{command} letters stop` ends all of them, `{command} letters stop NAME` one.\n"
        "`{command} letters start` brings all of them back, with a NAME that one.\n"
        "You can also write `stop` or `start` to me in a direct message.\n"
        "So that nothing at all is kept of you, ask whoever runs Hubbub here.",
        "all": "You get every letter that is meant for you.",
        "all_but": "You get every letter that is meant for you, but not {named}.",
        "none": "You get no letters from me any more.",
        "none_but": "You get no letters from me, but {named}.",
        "stop": "`{command} letters stop` ends them.",
        "start": "`{command} letters start` brings them back.",
        "refused": "Nothing is kept of you here, so you get no letters either.",
        "unknown": "There is no letter of that name. There are: {known}.",
        "not_now": "That did not work just now. Try again in a minute.",
    },
    "ko": {
        "help": "*받아 보실 편지를 고를 수 있어요*\n"
        "`{command} letters` 지금 무엇을 고르셨는지 알려 드려요.\n"
        "`{command} letters stop` 모든 편지를 그만 받고, "
        "`{command} letters stop 이름` 그 편지만 그만 받아요.\n"
        "`{command} letters start` 모두 다시 받고, 이름을 붙이면 그 편지만 다시 받아요.\n"
        "저에게 다이렉트 메시지로 `그만` 또는 `시작`이라고 쓰셔도 돼요.\n"
        "기록을 전혀 남기고 싶지 않으시면 여기서 Hubbub을 운영하는 분께 말씀해 주세요.",
        "all": "회원님께 드리는 편지를 모두 받고 계세요.",
        "all_but": "{named} 말고는 회원님께 드리는 편지를 모두 받고 계세요.",
        "none": "이제 저에게서 편지를 받지 않으세요.",
        "none_but": "{named} 말고는 저에게서 편지를 받지 않으세요.",
        "stop": "그만 받으시려면 `{command} letters stop`.",
        "start": "다시 받으시려면 `{command} letters start`.",
        "refused": "회원님에 대해서는 아무것도 남기지 않아서, 편지도 드리지 않아요.",
        "unknown": "그런 이름의 편지는 없어요. 있는 것: {known}.",
        "not_now": "지금은 처리하지 못했어요. 잠시 뒤에 다시 해 주세요.",
    },
}
"""What is answered, by language."""
