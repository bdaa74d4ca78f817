"""The check digits and ranges by which numbers are told from other numbers."""

_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
_RRN_WEIGHTS = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def luhn(digits: str) -> bool:
    """Whether the check digit of a payment card is right. Source: ISO/IEC 7812-1, annex B."""
    plain = sum(map(int, digits[-1::-2]))
    return (plain + sum(_DOUBLED[int(digit)] for digit in digits[-2::-2])) % 10 == 0


def mod97(iban: str) -> bool:
    """Whether the check digits of an account number are right. Source: ISO 13616, ISO 7064."""
    turned = iban[4:] + iban[:4]
    return int("".join(str(int(character, 36)) for character in turned)) % 97 == 1


def is_day(month: str, day: str) -> bool:
    """Whether two digits each make a day of some year."""
    return 1 <= int(month) <= 12 and 1 <= int(day) <= _DAYS[int(month) - 1]


def rrn(digits: str) -> bool:
    """Whether the check digit of a Korean resident number is right. Those given since October 2020
    have none, so a wrong one proves nothing."""
    total = sum(weight * int(digit) for weight, digit in zip(_RRN_WEIGHTS, digits, strict=False))
    wanted = (11 - total % 11) % 10
    # foreigners' numbers are two further
    return int(digits[12]) in {wanted, (wanted + 2) % 10}


_CARDS = (
    # lengths, first number of the range, last one. Source: ISO/IEC 7812 ranges as issued
    ((13, 16, 19), "4", "4"),
    ((16,), "51", "55"),
    ((16,), "2221", "2720"),
    ((15,), "34", "34"),
    ((15,), "37", "37"),
    ((16, 17, 18, 19), "6011", "6011"),
    ((16, 17, 18, 19), "644", "659"),
    ((16, 17, 18, 19), "62", "62"),
    ((16, 17, 18, 19), "81", "81"),
    ((14, 15, 16, 17, 18, 19), "300", "305"),
    ((14, 15, 16, 17, 18, 19), "309", "309"),
    ((14, 15, 16, 17, 18, 19), "36", "36"),
    ((14, 15, 16, 17, 18, 19), "38", "39"),
    ((16, 17, 18, 19), "3528", "3589"),
    ((15,), "1800", "1800"),
    ((15,), "2131", "2131"),
    ((12, 13, 14, 15, 16, 17, 18, 19), "50", "50"),
    ((12, 13, 14, 15, 16, 17, 18, 19), "56", "69"),
    ((16,), "2200", "2204"),
    ((16,), "9792", "9792"),
)


def card(digits: str) -> bool:
    """Whether a number has the length, the first digits and the check digit of a payment card."""
    if not luhn(digits) or len(set(digits)) == 1:
        return False
    length = len(digits)
    return any(
        length in lengths and first <= digits[: len(first)] <= last
        for lengths, first, last in _CARDS
    )


_IBANS = """
AD:24 AE:23 AL:28 AT:20 AZ:28 BA:20 BE:16 BG:22 BH:22 BI:27 BR:29 BY:28 CH:21 CR:22 CY:28 CZ:24
DE:22 DJ:27 DK:18 DO:28 EE:20 EG:29 ES:24 FI:18 FK:18 FO:18 FR:27 GB:22 GE:22 GI:23 GL:18 GR:27
GT:28 HR:21 HU:28 IE:22 IL:23 IQ:23 IS:26 IT:27 JO:30 KW:30 KZ:20 LB:28 LC:32 LI:21 LT:20 LU:20
LV:21 LY:25 MC:27 MD:24 ME:22 MK:19 MN:20 MR:27 MT:31 MU:30 NI:28 NL:18 NO:15 OM:23 PK:24 PL:28
PS:29 PT:25 QA:29 RO:24 RS:22 RU:33 SA:24 SC:31 SD:18 SE:24 SI:19 SK:24 SM:27 SO:23 ST:25 SV:28
TL:23 TN:24 TR:26 UA:29 VA:22 VG:24 XK:20 YE:30
"""
_IBAN_LENGTHS = {each[:2]: int(each[3:]) for each in _IBANS.split()}


def iban_length(country: str) -> int:
    """How long the account numbers of a country are; 0 where it has none. Source: the SWIFT
    registry of account numbers."""
    return _IBAN_LENGTHS.get(country, 0)
