"""What a workspace allows Hubbub to keep: three presets, each choice of which can be set alone."""

from typing import Any, Literal, get_args

from msgspec import Struct
from msgspec.structs import replace

from hubbub.core.tables import Privacy
from hubbub.errors import UsageError

Links = Literal["whole", "trimmed", "domain"]
Text = Literal["whole", "scrubbed", "dropped"]


class Policy(Struct, frozen=True):
    """What is kept, of which channels, and how. See docs/privacy.md."""

    preset: str
    only_channels: tuple[str, ...] | None = None
    """Public channels by id or name; None admits all of them."""
    private_channels: tuple[str, ...] = ()
    """Private channels that are admitted, by id."""
    direct_messages: tuple[str, ...] = ()
    """DMs and group DMs that are admitted, by id."""
    names: bool = True
    contacts: bool = False
    text: Text = "whole"
    """What becomes of what people write."""
    links: Links = "whole"
    pseudonyms: bool = False
    """Member ids become keyed pseudonyms."""
    raw: bool = False
    """Slack's own JSON may be kept."""
    text_days: int = 0
    """After how many days texts go; 0 keeps them."""
    row_days: int = 0
    """After how many days messages and files go, with all that hangs on them; 0 keeps them."""
    raw_days: int = 0
    """After how many days raw responses and files' bytes go; 0 keeps them."""
    phone_regions: tuple[str, ...] = ()
    """Countries whose national telephone numbers are recognised, as ISO 3166; the scrubber's own
    choice if there are none."""
    outsiders: str = ""
    """The language model that finds names of people who are in no directory; none if empty."""
    smallest_group: int = 1
    """No figure about fewer members than this leaves Hubbub."""
    operator_sql: bool = False
    """Whether `hubbub sql` is open although small groups are suppressed."""

    def admits(self, channel_id: str, name: str, kind: str) -> bool:
        """Whether a channel's rows may pass. What is not known to be public does not."""
        if kind == "public":
            only = self.only_channels
            return only is None or channel_id in only or name in only
        if kind == "private":
            return channel_id in self.private_channels
        if kind in {"dm", "group_dm"}:
            return channel_id in self.direct_messages
        return False

    @property
    def name(self) -> str:
        """The preset, with a `+` where choices depart from it."""
        return self.preset if self == PRESETS[self.preset] else f"{self.preset}+"

    @property
    def scrubs(self) -> bool:
        """Whether anything is kept that people wrote and that is not kept whole: texts, links, or
        names, which may hold an address or a number."""
        if self.text == "dropped":
            return self.names or self.links != "domain"
        return self.text == "scrubbed"

    @property
    def scrubs_names(self) -> bool:
        """Whether members' names are taken out of that too."""
        return self.scrubs and not self.names

    def without_texts(self) -> "Policy":
        """This policy where it is not known whose names to take out of what people write."""
        return replace(self, text="dropped", links="domain", raw=False)

    def is_within(self, other: "Policy") -> bool:
        """Whether whatever passes this policy's gate might pass the other's too. How long it stays
        is left out: that is looked at in each merge."""
        return (
            (
                other.only_channels is None
                or (
                    self.only_channels is not None
                    and {*self.only_channels} <= {*other.only_channels}
                )
            )
            and {*self.private_channels} <= {*other.private_channels}
            and {*self.direct_messages} <= {*other.direct_messages}
            and (other.names or not self.names)
            and (other.contacts or not self.contacts)
            and (other.raw or not self.raw)
            and (self.pseudonyms or not other.pseudonyms)
            and _AMOUNT[self.text] <= _AMOUNT[other.text]
            and _AMOUNT[self.links] <= _AMOUNT[other.links]
        )

    def keeps(self, privacy: Privacy) -> bool:
        """Whether columns of a class keep a value (perhaps a shortened or keyed one)."""
        match privacy:
            case Privacy.NAME:
                return self.names
            case Privacy.CONTACT | Privacy.EMAIL:
                return self.contacts
            case Privacy.TEXT:
                return self.text != "dropped"
            case Privacy.RAW:
                return self.raw
            case _:
                return True


_AMOUNT = {"dropped": 0, "domain": 0, "scrubbed": 1, "trimmed": 1, "whole": 2}
"""How much of texts and links is kept."""

PRESETS = {
    "open": Policy("open", raw=True),
    "standard": Policy("standard", text="scrubbed", links="trimmed"),
    "strict": Policy(
        "strict",
        only_channels=(),
        names=False,
        text="dropped",
        links="domain",
        pseudonyms=True,
        smallest_group=5,
    ),
}


_LEAST = {"smallest_group": 1, "text_days": 0, "row_days": 0, "raw_days": 0}


def policy_of(preset: str, **choices: Any) -> Policy:
    """A preset with some of its choices set alone. Raises `UsageError` for unknown ones."""
    if preset not in PRESETS:
        raise UsageError(
            f"There is no privacy preset {preset!r}.", f"Take one of: {', '.join(PRESETS)}."
        )
    policy = PRESETS[preset]
    if preset != "open" and choices.get("direct_messages"):
        raise UsageError(
            f"The preset {preset} never admits direct messages.",
            "Remove privacy.direct_messages from hubbub.toml, or choose the preset open.",
        )
    for name, known in (("links", Links), ("text", Text)):
        if name in choices and choices[name] not in get_args(known):
            raise UsageError(
                f"privacy.{name} is {choices[name]!r}.",
                f"Take one of: {', '.join(get_args(known))}.",
            )
    for name, least in _LEAST.items():
        if choices.get(name, least) < least:
            raise UsageError(f"privacy.{name} is {choices[name]}.", f"Write {least} or more.")
    if preset != "open" and (choices.get("text") == "whole" or choices.get("raw")):
        raise UsageError(
            f"The preset {preset} does not keep unscrubbed text.",
            "Choose the preset open, or remove text and raw from hubbub.toml.",
        )
    chosen = replace(policy, **choices)
    if not _departs(chosen):
        return chosen
    if choices.get("raw"):
        raise UsageError(
            "Slack's own JSON would hold what the other choices drop.",
            "Remove privacy.raw, or keep names, texts and links whole and ids as they are.",
        )
    return replace(chosen, raw=False)


def _departs(policy: Policy) -> bool:
    """Whether a policy drops anything that Slack's own JSON would hold all the same."""
    return (
        policy.text != "whole" or policy.links != "whole" or policy.pseudonyms or not policy.names
    )
