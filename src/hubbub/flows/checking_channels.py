"""Checks which channels a token can read, and what one of them tells of plan and rate class."""

import time

from msgspec import Struct

from hubbub.core.findings import Finding, ok, problem, remark, some
from hubbub.errors import HubbubError
from hubbub.flows.collecting import fix_of, types_wanted
from hubbub.privacy.policy import Policy
from hubbub.settings import Settings
from hubbub.slack.api import Answer, Limited, Refused, Slack, SlackError, Token
from hubbub.slack.methods import CAPPED_PAGE, HISTORY_SCOPE, METHODS, READ_SCOPE, Type, type_of_kind
from hubbub.slack.values import flag
from hubbub.sources.choosing import Choice, Conversation

_PAGE = 50
"""Messages asked for to learn the plan and the class: enough that 15 of them are no accident."""


class Asker(Struct, frozen=True):
    """What the checks have in common."""

    settings: Settings
    policy: Policy
    slack: Slack
    token: Token
    scopes: list[str]

    @property
    def is_bot(self) -> bool:
        """Whether it reads only where it is a member."""
        return self.token.kind == "bot"

    def call(self, method: str, **arguments: str) -> Answer:
        """Ask once. Raises `SlackError` and `HubbubError`."""
        return self.slack.call(method, arguments, time.time())


def check_channels(asker: Asker) -> list[Finding]:
    """Which channels can be read, and what one of them tells of plan and class."""
    wanted = types_wanted(asker.policy)
    visible: list[Type] = [each for each in wanted if READ_SCOPE[each] in asker.scopes]
    if not visible:
        return [remark("channels", "They cannot be seen without the scopes above.", "")]
    try:
        listed = _listed(asker, visible)
    except (SlackError, HubbubError) as error:
        return [problem("channels", f"They cannot be listed: {_said(error)}.", _fix(error))]
    collect = asker.settings.collect
    choice = Choice(asker.policy.admits, collect.include, collect.exclude)
    chosen = [channel for channel in listed if choice.takes(channel.id, channel.name, channel.kind)]
    readable = [each for each in chosen if each.is_member or not asker.is_bot]
    return [
        *_chosen(asker, listed, chosen, readable),
        *_not_joined(asker, chosen),
        *_unseen(asker, listed, visible),
        *_page(asker, readable),
    ]


def _listed(asker: Asker, types: list[Type]) -> list[Conversation]:
    found: dict[str, Conversation] = {}
    arguments = {"types": ",".join(types), "limit": str(METHODS["conversations.list"].page)}
    cursor = ""
    while True:
        following = {"cursor": cursor} if cursor else {}
        answer = asker.call("conversations.list", **arguments, **following)
        for listed in answer.records("channels"):
            channel = Conversation.of(listed)
            found[channel.id] = channel
        cursor = answer.cursor
        if not cursor:
            return [*found.values()]


def _chosen(
    asker: Asker,
    listed: list[Conversation],
    chosen: list[Conversation],
    readable: list[Conversation],
) -> list[Finding]:
    names = {name for channel in listed for name in (channel.id, channel.name)}
    unknown = [name for name in asker.policy.only_channels or () if name not in names]
    found: list[Finding] = []
    if unknown:
        found.append(
            problem(
                "channels",
                f"There is no {some(unknown)}, which privacy.only_channels names.",
                "Correct it in hubbub.toml: a name without #, or an id.",
            )
        )
    if chosen:
        told = f"{len(chosen):,} of {len(listed):,} that it sees are chosen"
        all_of_them = "all can be read" if readable else "none can be read"
        count = (
            all_of_them
            if len(readable) in {0, len(chosen)}
            else f"{len(readable):,} of them can be read"
        )
        return [ok("channels", f"{told}; {count}."), *found]
    if asker.policy.only_channels == ():
        fix = "Name some in hubbub.toml under [privacy]: only_channels."
    elif asker.settings.collect.include or asker.settings.collect.exclude:
        fix = "Check include and exclude under [collect], and [privacy], in hubbub.toml."
    else:
        fix = "Check [privacy] in hubbub.toml, and whether this is the right workspace."
    told = f"None of the {len(listed):,} that the token sees is chosen."
    return [problem("channels", told, fix), *found]


def _not_joined(asker: Asker, chosen: list[Conversation]) -> list[Finding]:
    if not asker.is_bot:
        return []
    outside = sorted((each for each in chosen if not each.is_member), key=lambda each: each.name)
    closed = [f"#{each.name}" for each in outside if each.is_archived]
    entered = asker.settings.collect.join
    open_ones = [each for each in outside if not each.is_archived]
    joinable = [f"#{each.name}" for each in open_ones if entered and each.kind == "public"]
    shut = [f"#{each.name}" for each in open_ones if f"#{each.name}" not in joinable]
    found: list[Finding] = []
    if shut:
        found.append(
            problem(
                "channels",
                f"The bot is not in {some(shut)}.",
                "Write /invite @Hubbub there; or set join = true under [collect] and run hubbub "
                "init, so that it enters public channels itself; or leave them out: exclude.",
            )
        )
    if joinable:
        found.append(
            remark("channels", f"hubbub collect will enter {some(joinable)}: join = true.", "")
        )
    if closed:
        found.append(
            remark(
                "channels",
                f"Archived, so that no bot can enter: {some(closed)}.",
                "Their past is in an export: hubbub import. A user token reads them too.",
            )
        )
    return found


def _unseen(asker: Asker, listed: list[Conversation], visible: list[Type]) -> list[Finding]:
    """Private conversations that the policy names and the token does not see."""
    seen = {channel.id for channel in listed}
    found: list[Finding] = []
    hidden = [each for each in asker.policy.private_channels if each not in seen]
    if hidden and "private_channel" in visible:
        fix = (
            "Write /invite @Hubbub there" if asker.is_bot else "The token's member has to be there"
        )
        found.append(
            problem(
                "channels",
                f"The token does not see {some(hidden)}, which privacy.private_channels names.",
                f"{fix}; or correct the id in hubbub.toml: it ends the channel's link.",
            )
        )
    hidden = [each for each in asker.policy.direct_messages if each not in seen]
    if hidden and {"im", "mpim"} & {*visible}:
        fix = "A bot sees none between members: use a user token" if asker.is_bot else (
            "The token's member has to take part"
        )  # fmt: skip
        found.append(
            problem(
                "channels",
                f"The token does not see {some(hidden)}, which privacy.direct_messages names.",
                f"{fix}; or correct the id in hubbub.toml.",
            )
        )
    return found


# What a page tells


def _page(asker: Asker, readable: list[Conversation]) -> list[Finding]:
    """Plan and class by one page of the channel with the most members: it likely says the most."""
    allowed = [
        channel for channel in readable if HISTORY_SCOPE[type_of_kind(channel.kind)] in asker.scopes
    ]
    if not allowed:
        want = "without a channel that the token may read"
        return [
            remark("plan", f"It cannot be told {want}.", ""),
            remark("rate class", f"It cannot be told {want}.", ""),
        ]
    asked = max(allowed, key=lambda each: (not each.is_archived, each.members or 0))
    try:
        answer = asker.call("conversations.history", channel=asked.id, limit=str(_PAGE))
    except Limited as error:
        return _asked_too_often(error)
    except (SlackError, HubbubError) as error:
        told = f"#{asked.name} cannot be read: {_said(error)}."
        return [problem("channels", told, _fix(error))]
    return [_plan(answer, asked), _class(answer, asked)]


def _plan(answer: Answer, asked: Conversation) -> Finding:
    if not flag(answer.body.get("is_limited")):
        return ok("plan", f"It hides nothing of #{asked.name}.")
    return remark(
        "plan",
        "The free plan: Slack hides what is older than 90 days, and deletes it after a year.",
        "What is collected in time stays here: collect at least every month. What is hidden now "
        "comes back with a paid plan only.",
    )


def _class(answer: Answer, asked: Conversation) -> Finding:
    shown = len(answer.records("messages"))
    if shown > CAPPED_PAGE:
        return ok("rate class", f"Full pages: {shown} messages of #{asked.name} came at once.")
    if shown == CAPPED_PAGE and answer.cursor:
        return problem(
            "rate class",
            "Capped: Slack gives this app 15 messages a minute, as it does to apps that are "
            "distributed commercially outside its Marketplace.",
            "Make an internal app of your own workspace, without public distribution: hubbub init "
            "writes its manifest.",
        )
    return remark(
        "rate class",
        f"It cannot be told yet: #{asked.name} has not more than {CAPPED_PAGE} messages.",
        "Run this again when more was written, or see what hubbub collect says.",
    )


def _asked_too_often(error: Limited) -> list[Finding]:
    return [
        remark("plan", "It cannot be told before Slack may be asked again.", ""),
        remark(
            "rate class",
            f"It cannot be told now: Slack wants to be asked again in {error.seconds:.0f} s. "
            "A minute is what apps of the capped class have to wait.",
            "Wait that long, while nothing else collects, and run this again.",
        ),
    ]


def _said(error: SlackError | HubbubError) -> str:
    if isinstance(error, HubbubError):
        return error.reason.rstrip(".")
    if isinstance(error, Refused):
        return f"Slack refuses it ({error.code})"
    return f"Slack has trouble ({error.code})"


def _fix(error: SlackError | HubbubError) -> str:
    return error.fix if isinstance(error, HubbubError) else fix_of(error)
