"""Members' names, handles and phones are found; the words that some of them are, are not."""

import pytest

from hubbub.privacy.scrub import Person, Scrubber

PEOPLE = [
    Person("U1", "wsmith", ("Will Smith", "Will"), "wsmith@example.org", "+1 415-555-2671"),
    Person("U2", "mhope", ("Mark Hope", "Mark"), None, None),
    Person("U3", "gmay", ("Grace May (she/her)",), None, None),
    Person("U4", "kayla_lee", ("Kayla Lee",), None, None),
    Person("U5", "hana.song", ("송하나", "하나", "Hana Song"), None, None),
    Person("U6", "jihunp", ("박지훈", "박지훈(Jihun)", "Jihun Park"), None, "010-1234-5678"),
    Person("U7", "art.case", ("Art Case",), None, None),
    Person("U8", None, ("田中太郎",), None, None),
    Person("U9", "jnunez7", ("José Núñez",), None, None),
    Person("U10", "mao", ("Marc-André O'Neil",), None, None),
    Person("U11", "pvdb", ("Piet van den Berg",), None, None),
    Person("U12", "mark", ("이정도",), None, None),
]
SCRUBBER = Scrubber(people=PEOPLE)

TAKEN_OUT = {
    "Will Smith is out": "[NAME] is out",
    "reviewer: Smith, Will": "reviewer: [NAME]",
    "WILL SMITH": "[NAME]",
    "kayla lee and jihun park": "[NAME] and [NAME]",
    "Will will handle it": "[NAME] will handle it",
    "ok Mark, merging": "ok [NAME], merging",
    "thanks Will!": "thanks [NAME]!",
    "I asked Mark about it": "I asked [NAME] about it",
    "Grace, can you look?": "[NAME], can you look?",
    "Will's branch": "[NAME]'s branch",
    "please welcome *Kayla Lee* :wave:": "please welcome *[NAME]* :wave:",
    "Kayla님이 승인": "[NAME]님이 승인",
    "kayla said so": "[NAME] said so",
    "Jose said so": "[NAME] said so",
    "JOSÉ NÚÑEZ": "[NAME]",
    "Marc-André and O'Neil": "[NAME] and [NAME]",
    "Piet van den Berg left": "[NAME] left",
    "Mr. Smith": "Mr. [NAME]",
    "_Kayla_ ~Kayla~ *Kayla*": "_[NAME]_ ~[NAME]~ *[NAME]*",
    "art.case pushed": "[HANDLE] pushed",
    "cc @wsmith": "cc @[HANDLE]",
    "cc @mark": "cc @[HANDLE]",
    "`mark` 계정": "`[HANDLE]` 계정",
    "/home/mark/.bashrc": "/home/[HANDLE]/.bashrc",
    "https://example.org/~mark": "https://example.org/~[HANDLE]",
    "`wsmith` 계정 권한": "`[HANDLE]` 계정 권한",
    "see hana.song's branch": "see [HANDLE]'s branch",
    "박지훈이 어제 배포함": "[NAME]이 어제 배포함",
    "박지훈(PROJ-1) 리뷰": "[NAME](PROJ-1) 리뷰",
    "담당자박지훈님": "담당자[NAME]님",
    "하나씨가 처리": "[NAME]씨가 처리",
    "송 하나님": "[NAME]님",
    "지훈 님 확인": "[NAME] 님 확인",
    "이정도님 확인": "[NAME]님 확인",
    "昨日田中太郎が": "昨日[NAME]が",
    "<@U77|mark> hi": "<@U77|[HANDLE]> hi",
    "<https://example.org/x|Kayla Lee>": "<https://example.org/x|[NAME]>",
    "<https://example.org/~wsmith>": "<https://example.org/~[HANDLE]>",
    "mine is 415 555 2671": "mine is [PHONE]",
    "id 01012345678": "id [PHONE]",
    "박\u200b지훈님": "[NAME]님",
}
LEFT = [
    "I will mark it as done in may",
    "Will you come?",
    "Mark this as done",
    "May I ask",
    "Hope this helps",
    "by May 5",
    "grace period",
    "Grace Hopper",
    "the art case study",
    "the smithsonian",
    "하나만 더",
    "이정도면 될까요",
    "하나도 없다",
    "나라장터",
    "<#C1|mark-hope>",
    "<!subteam^S1|@grace>",
    "<https://kayla.example.org/kayla>",
    "<@U1> hi",
    "markdown",
    "smith.py",
    "kaylalee",
    "WILL",
    "she said hope",
    "in May we ship",
    "hopeful",
    "case closed",
]


@pytest.mark.parametrize(("text", "expected"), TAKEN_OUT.items())
def test_members_are_taken_out(text: str, expected: str) -> None:
    assert SCRUBBER.scrub(text).text == expected


@pytest.mark.parametrize("text", LEFT)
def test_words_are_left(text: str) -> None:
    assert SCRUBBER.scrub(text).text == text


def test_without_a_directory_no_name_is_sought() -> None:
    assert Scrubber().scrub("Will Smith, 박지훈님, @wsmith").spans == []


def test_ids_are_taken_out_of_mentions_only_if_asked_and_only_of_the_people_given() -> None:
    with_ids = Scrubber(people=PEOPLE, member_ids=True)
    assert (
        with_ids.scrub("<@U1> <@U99> <@U2|mark>").text == "<@[MEMBER]> <@U99> <@[MEMBER]|[HANDLE]>"
    )
    assert SCRUBBER.scrub("<@U1> <@U99>").text == "<@U1> <@U99>"


def test_what_stands_for_no_name_in_a_directory_stays_a_word() -> None:
    bots = [Person("U1", "deploybot", ("Deploy Bot",), None, None)]
    assert Scrubber(people=bots).scrub("the bot said: ask support").spans == []
