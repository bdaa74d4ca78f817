"""Backblasts as people write them, invented from a seed, with the truth known by construction.

A post is put together from what was there (who, when, where, how many), which is the truth, and
from a manner of writing: labels and their language, case, bold, separators, bullets, blanks, line
breaks, order, forms of dates and numbers. Nothing here asks the reader how it would read.
"""

import random
from dataclasses import dataclass, field
from datetime import date, timedelta

POSTED = date(2026, 11, 20)
"""A Friday."""
HOME = "C00000HOME"
AUTHOR = "U0AUTHOR00"
TAGS = [f"U0000000{letter}{letter}" for letter in "ABCDEFGHIJKLMNPQRSTVWXYZ"]
NAMES = [
    "Beaker",
    "Tater",
    "Gizmo",
    "Duke",
    "Wilson",
    "Mr. Clean",
    "Papa Smurf",
    "Twinkle Toes",
    "Ferris",
    "O'Malley",
    "Half-Pipe",
    "Ñandú",
    "비커",
    "Jean-Luc",
    "Ümit",
    "D2",
    "Frodo",
    "Chowder",
    "Big Red",
    "Spackler",
]
NEW = ["Skippy", "Peanut", "Flipper", "Waffle", "Tin Man", "Bogey"]
TITLES = [
    "Legs for days",
    "Murph",
    "The Grinder",
    "Salt &amp; Light",
    "Dora at dawn",
    "",
    "Hill repeats",
    "Turkey trot warm up",
]
OPENINGS = [
    "Backblast",
    "Back blast",
    "BACKBLAST",
    "backblast",
    "Back-blast",
    "Slackblast",
    "Slack blast",
    "Sackblast",
    "Slackbast",
    "Sackdraft",
]

LABELS = {
    "en": {
        "date": ["Date", "When", "Date"],
        "ao": ["AO", "Where", "Ao"],
        "q": ["Q", "QIC", "VQ", "Qs", "Q(s)", "Q"],
        "coq": ["Co-Q", "CoQ", "Co-Qs", "Co Q"],
        "pax": ["PAX", "Pax", "The PAX", "Attendees", "PAX"],
        "fngs": ["FNGs", "FNG", "FNG(s)", "FNG's"],
        "count": ["Count", "Total", "PAX Count", "Total PAX", "Count"],
        "what": ["Conditions", "The Thang", "Moleskin", "Announcements", "Warm-up"],
    },
    "es": {
        "date": ["Fecha"],
        "ao": ["Lugar", "AO"],
        "q": ["Líder", "Q"],
        "coq": ["Co-líder", "Co-Q"],
        "pax": ["Asistentes", "PAX"],
        "fngs": ["Nuevos", "FNGs"],
        "count": ["Total", "Conteo"],
        "what": ["Condiciones", "Entrenamiento"],
    },
    "de": {
        "date": ["Datum"],
        "ao": ["Ort", "AO"],
        "q": ["Leiter", "Q"],
        "coq": ["Mitleiter", "Co-Q"],
        "pax": ["Teilnehmer", "PAX"],
        "fngs": ["Neue", "FNGs"],
        "count": ["Anzahl", "Gesamt"],
        "what": ["Wetter", "Bedingungen"],
    },
    "ko": {
        "date": ["날짜", "일시"],
        "ao": ["장소", "AO"],
        "q": ["리더", "Q"],
        "coq": ["공동리더", "Co-Q"],
        "pax": ["참석자", "PAX"],
        "fngs": ["신입", "FNGs"],
        "count": ["인원", "총원"],
        "what": ["날씨", "운동"],
    },
}
NUMBERS = {
    "en": "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen",
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce",
    "de": "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn",
    "ko": "영 하나 둘 셋 넷 다섯 여섯 일곱 여덟 아홉 열 열하나 열둘 열셋 열넷",
}
MONTHS = {
    "en": ("October", "November"),
    "es": ("octubre", "noviembre"),
    "de": ("Oktober", "November"),
}
WEEKDAYS = {
    "en": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
    "es": ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"],
    "de": ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"],
    "ko": ["월", "화", "수", "목", "금", "토", "일"],
}
NONE = {
    "en": [
        "None",
        "none",
        "0",
        "N/A",
        "n/a",
        "-",
        "None.",
        "Zero",
        "no",
        "none today",
        "None :cry:",
        "None Listed",
    ],
    "es": ["ninguno", "0", "-"],
    "de": ["keine", "0", "-"],
    "ko": ["없음", "0명", "-"],
}
AND = {"en": ["and", "&amp;"], "es": ["y"], "de": ["und"], "ko": ["그리고", "및"]}
PROSE = [
    "We started with a mosey around the lake and then did burpees until nobody could stand.",
    "Great work by everyone today, see you in the gloom!",
    "Prayers for those who are traveling this week.",
    "YHC was smoked. Thanks for letting me lead.",
]


@dataclass
class Written:
    """A post, and what a careful person reads in it."""

    text: str
    truth: dict[str, object]
    manner: list[str] = field(default_factory=list[str])


def posts(count: int, seed: int = 6) -> list[Written]:
    """That many posts; the same for the same seed."""
    return [_Writer(random.Random(seed * 1_000_003 + number)).post() for number in range(count)]


class _Writer:
    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.language = chance.choices(["en", "es", "de", "ko"], [7, 1, 1, 1])[0]
        self.separator = chance.choice([": ", ": ", ":", " : ", "：", " - ", " – ", " = ", ":  "])
        self.mark = chance.choice(["", "", "*{}*", "*{}:*", "_*{}:*_", "_{}_", "`{}`", "~{}~"])
        self.bullet = chance.choice(["", "", "", "• ", "- ", ":muscle: ", "🔥 ", "* ", "> "[2:]])
        self.case = chance.choice([str, str, str.upper, str.lower, str.title])
        self.layout = chance.choices(["lines", "gaps", "together", "inline"], [8, 2, 2, 1])[0]

    def post(self) -> Written:
        truth, parts = self._said()
        chance = self.chance
        header = [part for name, part in parts if name != "what"]
        told = [part for name, part in parts if name == "what"]
        chance.shuffle(header)
        is_late = bool(told) and self.layout != "inline" and chance.random() < 0.3
        late = header.pop() if is_late else None
        opening = self._opening(truth)
        if self.layout == "inline":
            text = "  ".join([opening, *(part.replace("\n", " ") for part in header)])
        else:
            lines = [opening, *self._arranged(header), *told]
            if late is not None:
                lines.append(late)
            if chance.random() < 0.3:
                lines += ["", chance.choice(PROSE)]
            text = ("\n\n" if self.layout == "gaps" else "\n").join(lines)
        return Written(self._blanks(text), truth)

    def _arranged(self, parts: list[str]) -> list[str]:
        """Parts on lines of their own, or two short ones on one."""
        if self.layout != "together":
            return parts
        arranged: list[str] = []
        short = [part for part in parts if "\n" not in part and len(part) < 70]
        between = self.chance.choice(["  ", " | ", "   ", ", ", "\t"])
        for first, second in zip(short[::2], short[1::2], strict=False):
            arranged.append(f"{first}{between}{second}")
        used = len(short) // 2 * 2
        return [*arranged, *short[used:], *(part for part in parts if part not in short)]

    def _blanks(self, text: str) -> str:
        chance = self.chance
        if chance.random() < 0.1:
            text = text.replace(" ", "\u00a0")
        if chance.random() < 0.1:
            text = text.replace("\n", "\n\u200b")
        if chance.random() < 0.1:
            text = text.replace("\n", "  \n")
        if chance.random() < 0.1:
            text = text.replace("\n", "\r\n")
        return text

    def _opening(self, truth: dict[str, object]) -> str:
        chance = self.chance
        title = chance.choice(TITLES)
        truth["title"] = title.replace("&amp;", "&") or None
        word = chance.choice(OPENINGS)
        said = chance.choice(
            [
                f"{word}! {title}",
                f"*{word}!* {title}",
                f"{word}: {title}",
                f"_*{word}*_ {title}",
                f":fire: {word} {title}",
                f"{word} - {title}",
                f"<!here> {word}! {title}",
                f"#{word} {title}",
            ]
        ).rstrip(" -")
        if truth["title"] is None and chance.random() < 0.2:
            truth["title"] = "Sunday"
            return f"Sunday #{word.replace(' ', '')}"
        return said

    # What was there

    def _said(self) -> tuple[dict[str, object], list[tuple[str, str]]]:
        chance = self.chance
        tags = chance.sample(TAGS, chance.randint(1, 9))
        names = chance.sample(NAMES, chance.choice([0, 0, 0, 1, 2, 3]))
        new = chance.sample(NEW, chance.choice([0, 0, 0, 0, 1, 2]))
        leaders = tags[: chance.choice([1, 1, 1, 2, 3])]
        day = POSTED - timedelta(days=chance.choice([0, 0, 0, 1, 1, 2, 3, 5, 8, 13, 25, -1]))
        elsewhere = chance.random() < 0.5
        people = len(tags) + len(names) + len(new)
        truth: dict[str, object] = {
            "is_backblast": True,
            "date": day.isoformat(),
            "ao": HOME,
            "q": leaders[0],
            "coq": leaders[1:],
            "pax": sorted(tags),
            "pax_unregistered": names,
            "fngs": new,
            "fng_count": len(new),
            "count": people,
        }
        in_list = [tag for tag in tags if tag not in leaders or chance.random() < 0.8]
        parts = [("date", self._line("date", self._date(day)))]
        if elsewhere:
            truth["ao"] = "C0000OTHER"
            place = chance.choice(["<#C0000OTHER|>", "<#C0000OTHER>", "<#C0000OTHER|ao-the-mine>"])
            parts.append(("ao", self._line("ao", place)))
        parts += self._leaders(leaders)
        if in_list or names:
            parts.append(("pax", self._people(in_list, names)))
        else:
            parts.append(("pax", self._line("pax", self._tag(leaders[0]))))
        if new or chance.random() < 0.7:
            parts.append(("fngs", self._line("fngs", self._new(new))))
        if chance.random() < 0.8 or (names and chance.random() < 0.5):
            parts.append(("count", self._line("count", self._count(people, len(new)))))
        for _ in range(chance.choice([0, 1, 2])):
            label = chance.choice(LABELS[self.language]["what"])
            parts.append(("what", f"{label}: {chance.choice(PROSE)}"))
        return truth, parts

    def _line(self, name: str, value: str) -> str:
        label = self.chance.choice(LABELS[self.language][name])
        label = self.case(label)
        if "{}:" in self.mark:
            said = f"{self.mark.format(label)} {value}"
        else:
            said = f"{self.mark.format(label) if self.mark else label}{self.separator}{value}"
        return f"{self.bullet}{said}"

    def _tag(self, member_id: str) -> str:
        return self.chance.choice([f"<@{member_id}>", f"<@{member_id}>", f"<@{member_id}|someone>"])

    def _leaders(self, leaders: list[str]) -> list[tuple[str, str]]:
        between = self.chance.choice([" ", ", ", " / ", f" {AND[self.language][0]} ", "/", " + "])
        if len(leaders) > 1 and self.chance.random() < 0.5:
            rest = between.join(map(self._tag, leaders[1:]))
            return [
                ("q", self._line("q", self._tag(leaders[0]))),
                ("coq", self._line("coq", rest)),
            ]
        return [("q", self._line("q", between.join(map(self._tag, leaders))))]

    def _people(self, tags: list[str], names: list[str]) -> str:
        chance = self.chance
        people = [*map(self._tag, tags), *(self._named(name) for name in names)]
        form = chance.choice(["comma", "comma", "and", "bullets", "numbers", "lines", "tags"])
        if self.layout in {"inline", "together"} and form in {"bullets", "numbers", "lines"}:
            form = "comma"
        if form == "tags" and not names:
            return self._line("pax", " ".join(people))
        if form == "and" and len(people) > 1:
            last = f" {chance.choice(AND[self.language])} {people[-1]}"
            return (
                self._line("pax", ", ".join(people[:-1]) + last)
                if len(people) > 2 or not names
                else self._line("pax", ", ".join(people))
            )
        if form in {"bullets", "numbers", "lines"}:
            marks = {"bullets": ["• ", "- ", "* "], "lines": [""]}.get(form, ["{}. ", "{}) "])
            mark = chance.choice(marks)
            listed = [f"{mark.format(n)}{person}" for n, person in enumerate(people, 1)]
            return "\n".join([self._line("pax", "").rstrip(), *listed])
        return self._line("pax", ", ".join(people))

    def _named(self, name: str) -> str:
        return self.chance.choice([name, name, f"@{name}", f"{name} (DR from F3 Naperville)"])

    def _new(self, new: list[str]) -> str:
        chance = self.chance
        if not new:
            return chance.choice(NONE[self.language])
        named = chance.choice([", ".join(new), ", ".join(f"{each} (John Doe)" for each in new)])
        return chance.choice([named, f"{len(new)} - {named}", f"{len(new)}: {named}"])

    def _count(self, people: int, new: int) -> str:
        forms = [str(people), str(people), f"{people}.", f"*{people}*"]
        if people < 15:
            forms.append(NUMBERS[self.language].split()[people])
        if self.language == "en":
            forms += [f"{people} PAX", f"{people} HIMs", f"{people}!"]
            if new:
                forms += [f"{people - new} + {new} = {people}", f"{people - new} + {new} FNG"]
        if self.language == "ko":
            forms.append(f"{people}명")
        return self.chance.choice(forms)

    def _date(self, day: date) -> str:
        back = (POSTED - day).days
        year, month, number = day.year, day.month, day.day
        weekday = WEEKDAYS[self.language][day.weekday()]
        forms = [day.isoformat(), f"{year}/{month:02}/{number:02}", f"{year}.{month}.{number}"]
        if self.language == "ko":
            forms += [
                f"{year}년 {month}월 {number}일",
                f"{month}월 {number}일 ({weekday})",
                f"{year}년 {month}월 {number}일 {weekday}요일",
            ]
            forms += {0: ["오늘"], 1: ["어제"]}.get(back, [])
            return self.chance.choice(forms)
        name = MONTHS[self.language][month - 10]
        if self.language == "en":
            suffix = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd"}.get(number, "th")
            forms += [
                f"{month}/{number}/{year}",
                f"{month:02}/{number:02}/{year % 100}",
                f"{month}.{number}.{year % 100}",
                f"{month}-{number}-{year}",
                f"{month}/{number}",
                f"{weekday} {name} {number}{suffix}",
                f"{weekday[:3]} {month}/{number}",
                f"{name[:3]} {number}, {year}",
                f"{number} {name}",
                f"{number} {name[:3]} {year}",
                f"{month}/{number}/{year} 0530",
                f"{month}/{number}/{year} at 5:30 AM",
                f"{name} {number}{suffix}, {year}",
                f"{month}/{number}/{year} ({weekday})",
                f"{weekday}, {month}/{number}/{year}",
                f"the {number}{suffix} of {name}",
            ]
            forms += {
                0: ["today", "this morning", weekday],
                1: ["yesterday", weekday],
                3: [weekday],
            }.get(back, [])
        elif self.language == "es":
            forms += [
                f"{number} de {name} de {year}",
                f"{weekday} {number} de {name}",
                f"{number} {name}",
            ]
            forms += {0: ["hoy"], 1: ["ayer"]}.get(back, [])
        else:
            forms += [
                f"{number}. {name} {year}",
                f"{weekday}, {number}. {name}",
                f"{weekday}, den {number}. {name} {year}, 05:30 Uhr",
            ]
            forms += {0: ["heute"], 1: ["gestern"]}.get(back, [])
            if number > 12:
                forms += [f"{number}.{month}.{year}", f"{number}.{month}."]
        return self.chance.choice(forms)
