"""What happens to messages: edits, deletions, pins; and personal data that slips out."""

import math
import string
from collections.abc import Callable

from hubbub.simulator.attachments import link_document, remove_file
from hubbub.simulator.directory import SLACKBOT
from hubbub.simulator.markup import rich_text
from hubbub.simulator.people import DAY, Member
from hubbub.simulator.places import Place
from hubbub.simulator.state import Raw, is_reply
from hubbub.simulator.town import Town

EDITED = 0.035
TOMBSTONES = 0.012
"""The share of threads whose root was deleted while its replies stayed."""

TOMBSTONE = "This message was deleted."
DAYS_PER_SLIP = 800
"""So many member-days pass between two slips of personal data."""


def befall(town: Town) -> None:
    """Let everything happen that happens to messages once they are there."""
    for place in town.places.values():
        messages = town.workspace.messages.get(place.id, [])
        by_id = {member.id: member for member in town.members}
        for message in messages:
            author = by_id.get(message.get("user", ""))
            if author and "subtype" not in message and town.rng.random() < EDITED:
                _edit(town, place, author, message)
        _bury(town, messages)
        _pin(town, place, messages)
    _lose_files(town)
    _huddle(town)


def slip(town: Town) -> None:
    """Post personal data as people do: invented, in any channel, a line for every kind at least."""
    lines: list[list[str]] = town.rituals["planted"]["lines"]
    member_days = len(town.members) * (town.until - town.since) / DAY
    for number in range(max(len(lines), round(member_days / DAYS_PER_SLIP))):
        key, line = lines[number % len(lines)]
        posting = town.someone(town.places[key])
        if posting:
            at, member = posting
            slots = {name: draw(town) for name, draw in SLIPS.items()}
            town.speak(town.places[key], member, at, line.format(**slots))


def murmur(town: Town) -> None:
    """Post the little things: `/me` lines, and a document that is kept elsewhere."""
    porch, general = town.places["porch"], town.places["general"]
    for number in range(math.ceil((town.until - town.since) / (12 * DAY))):
        posting = town.someone(porch)
        if posting:
            at, member = posting
            text = town.rng.choice(town.rituals["asides"]["me"])
            town.speak(porch, member, at, text, subtype="me_message")
        posting = town.someone(general) if number % 4 == 0 else None
        if posting:
            at, member = posting
            message = town.speak(general, member, at, "The budget, for those who like budgets.")
            link_document(town, general, member, message, "https://docs.example.org/budget")


def _edit(town: Town, place: Place, author: Member, message: Raw) -> None:
    """Slack shows the last text only, with who changed it and when."""
    message["text"] += town.talk.edit_mark(place.topic)
    message["blocks"] = rich_text(message["blocks"][0]["block_id"], message["text"])
    seconds = int(message["ts"].partition(".")[0]) + int(town.rng.expovariate(1 / 600)) + 8
    message["edited"] = {"user": author.id, "ts": f"{seconds}.000000"}


def _bury(town: Town, messages: list[Raw]) -> None:
    """Delete some roots under their living replies; what stays is a tombstone by Slackbot."""
    threads: dict[str, list[Raw]] = {}
    for message in messages:
        if is_reply(message):
            threads.setdefault(message["thread_ts"], []).append(message)
    for root in messages:
        if root["ts"] not in threads or town.rng.random() > TOMBSTONES:
            continue
        for file in root.get("files", []):
            town.workspace.files.pop(file["id"])
        ts = root["ts"]
        root.clear()
        root.update(type="message", ts=ts, subtype="tombstone", hidden=True)
        root.update(user=SLACKBOT, text=TOMBSTONE)
        for reply in threads[ts]:
            reply["parent_user_id"] = SLACKBOT


def _pin(town: Town, place: Place, messages: list[Raw]) -> None:
    """Pin one good root in each channel of people."""
    roots = [m for m in messages if "subtype" not in m and not is_reply(m) and m.get("reactions")]
    if not roots or place.kind in {"im", "mpim"}:
        return
    pinned = town.rng.choice(roots)
    seconds = int(pinned["ts"].partition(".")[0])
    pinned["pinned_to"] = [place.id]
    town.workspace.pins[place.id] = [
        {
            "id": pinned["ts"],
            "type": "C",
            "created": seconds + 600,
            "user": pinned["user"],
            "owner": place.creator.id,
        }
    ]


def _lose_files(town: Town) -> None:
    """Every thirtieth file was deleted by its owner; the message stays."""
    channels = town.workspace.messages.values()
    sharing = [m for messages in channels for m in messages if m.get("files")]
    for message in sharing[14::30]:
        remove_file(town, message)


def _huddle(town: Town) -> None:
    """A few audio calls at the workbench; Slackbot's message tells who was there."""
    place = town.places["workbench"]
    for _ in range(math.ceil((town.until - town.since) / (45 * DAY))):
        posting = town.someone(place)
        others = place.present(posting[0]) if posting else []
        if not posting or posting[0] + 1800 >= town.until or len(others) < 2:
            continue
        at, host = posting
        guests = [member.id for member in town.rng.sample(others, 2)]
        room: Raw = {
            "id": town.ids.fresh("R"),
            "name": "",
            "created_by": host.id,
            "date_start": int(at),
            "date_end": int(at) + 1500,
            "participants": [],
            "participant_history": list(dict.fromkeys([host.id, *guests])),
            "has_ended": True,
            "channels": [place.id],
            "is_dm_call": False,
        }
        fields: Raw = {"room": room, "no_notifications": True}
        town.notice(place, SLACKBOT, at, "huddle_thread", "A huddle happened", **fields)


def _digits(town: Town, count: int) -> str:
    return "".join(town.rng.choices("0123456789", k=count))


def _card(town: Town) -> str:
    """Sixteen digits with a right check digit, in the range that payment tests use."""
    body = "400000" + _digits(town, 9)
    doubled = [int(d) * (2 - i % 2) for i, d in enumerate(body)]
    check = -sum(d - 9 if d > 9 else d for d in doubled) % 10
    number = f"{body}{check}"
    return " ".join(number[i : i + 4] for i in range(0, 16, 4))


def _secret(town: Town, length: int) -> str:
    return "".join(town.rng.choices(string.ascii_letters + string.digits, k=length))


def _mail(town: Town) -> str:
    name = town.rng.choice(("june", "marlow", "hetty", "osk"))
    address = f"{name}{_digits(town, 2)}@example.com"
    return f"<mailto:{address}|{address}>"


SLIPS: dict[str, Callable[[Town], str]] = {
    "email": _mail,
    "phone": lambda town: f"+1 902 555 01{_digits(town, 2)}",
    "korean_phone": lambda town: f"010-0000-{_digits(town, 4)}",
    "card": _card,
    "iban": lambda town: f"XX00 FAKE {_digits(town, 4)} {_digits(town, 4)} {_digits(town, 4)}",
    "token": lambda town: f"xoxb-0000FAKE-{_digits(town, 12)}-{_secret(town, 24)}",
    "key": lambda town: f"AKIA{_secret(town, 9).upper()}EXAMPLE",
    "password": lambda town: f"not-a-real-{_secret(town, 6)}",
    "ip": lambda town: f"203.0.113.{town.rng.randrange(1, 255)}",
    "address": lambda town: f"{town.rng.randrange(1, 90)} Limpet Lane, Fernhaven",
}
"""How each kind of personal data is invented."""
