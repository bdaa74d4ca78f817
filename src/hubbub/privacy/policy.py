"""What a workspace allows Hubbub to keep: three presets, each choice of which can be set alone."""

from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from hubbub.core.tables import Privacy
from hubbub.errors import UsageError

Links = Literal["whole", "trimmed", "domain"]
Text = Literal["whole", "scrubbed", "dropped"]


@dataclass(frozen=True)
class Policy:
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
    smallest_group: int = 1
    """No figure about fewer members than this leaves Hubbub."""
    operator_sql: bool = False
    """Whether `hubbub sql` is open although small groups are suppressed."""

    def admits(self, channel_id: str, name: str, kind: str) -> bool:
        """Whether a channel's rows may pass. What is not known to be public does not."""
        if kind == "public":
            return self.only_channels is None or bool({channel_id, name} & {*self.only_channels})
        if kind == "private":
            return channel_id in self.private_channels
        if kind in {"dm", "group_dm"}:
            return channel_id in self.direct_messages
        return False

    def keeps(self, privacy: Privacy) -> bool:
        """Whether columns of a class keep a value (perhaps a shortened or keyed one)."""
        match privacy:
            case Privacy.NAME:
                return self.names
            case Privacy.CONTACT:
                return self.contacts
            case Privacy.TEXT:
                return self.text != "dropped"
            case Privacy.RAW:
                return self.raw
            case _:
                return True


PRESETS = {
    "open": Policy("open", raw=True),
    # Text stays out of both until it can be scrubbed: none is better than unscrubbed text.
    "standard": Policy("standard", text="dropped", links="trimmed"),
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


def policy_of(preset: str, **choices: Any) -> Policy:
    """A preset with some of its choices set alone. Raises `UsageError` for unknown ones."""
    if preset not in PRESETS:
        raise UsageError(
            f"There is no privacy preset {preset!r}.", f"Take one of: {', '.join(PRESETS)}."
        )
    policy = PRESETS[preset]
    if preset == "strict" and choices.get("direct_messages"):
        raise UsageError(
            "The preset strict never admits direct messages.",
            "Remove privacy.direct_messages from hubbub.toml, or choose the preset open.",
        )
    for name, known in (("links", Links), ("text", Text)):
        if name in choices and choices[name] not in get_args(known):
            raise UsageError(
                f"privacy.{name} is {choices[name]!r}.",
                f"Take one of: {', '.join(get_args(known))}.",
            )
    if choices.get("smallest_group", 1) < 1:
        raise UsageError(
            f"privacy.smallest_group is {choices['smallest_group']}.", "Write 1 or more."
        )
    if preset != "open" and (choices.get("text") == "whole" or choices.get("raw")):
        raise UsageError(
            f"The preset {preset} does not keep unscrubbed text.",
            "Choose the preset open, or remove text and raw from hubbub.toml.",
        )
    return replace(policy, **choices)
