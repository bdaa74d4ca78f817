"""What a workspace allows Hubbub to keep: three presets, each choice of which can be set alone."""

from dataclasses import dataclass, replace
from typing import Literal, get_args

from hubbub.core.tables import Privacy
from hubbub.errors import UsageError

Links = Literal["whole", "trimmed", "domain"]


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
    text: bool = True
    links: Links = "whole"
    pseudonyms: bool = False
    """Member ids become keyed pseudonyms."""
    raw: bool = False
    """Slack's own JSON may be kept."""

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
                return self.text
            case Privacy.RAW:
                return self.raw
            case _:
                return True


PRESETS = {
    "open": Policy("open", raw=True),
    # Text stays out of both until it can be scrubbed: none is better than unscrubbed text.
    "standard": Policy("standard", text=False, links="trimmed"),
    "strict": Policy(
        "strict", only_channels=(), names=False, text=False, links="domain", pseudonyms=True
    ),
}


def policy_of(preset: str, **choices: object) -> Policy:
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
    if choices.get("links", policy.links) not in get_args(Links):
        raise UsageError(
            f"privacy.links is {choices['links']!r}.", f"Take one of: {', '.join(get_args(Links))}."
        )
    if preset != "open" and (choices.get("text") or choices.get("raw")):
        raise UsageError(
            f"The preset {preset} does not keep unscrubbed text.",
            "Choose the preset open, or remove text and raw from hubbub.toml.",
        )
    return replace(policy, **choices)  # pyright: ignore[reportArgumentType]
