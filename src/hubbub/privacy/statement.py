"""A privacy policy in plain sentences, for whoever answers for it."""

from hubbub.privacy.policy import Policy


def statement(policy: Policy) -> dict[str, list[str]]:
    """Sentences by question: what is read, of whom, what is kept, for how long, who can see it."""
    return {
        "Where": _where(policy),
        "Of whom": _of_whom(policy),
        "What": _what(policy),
        "How long": _how_long(policy),
        "Who sees it": _who_sees_it(policy),
    }


def _where(policy: Policy) -> list[str]:
    if policy.only_channels is None:
        public = "All public channels."
    elif policy.only_channels:
        public = f"These public channels only: {_listed(policy.only_channels)}."
    else:
        public = "No public channel: none is named under only_channels yet."
    private = (
        f"These private channels: {_listed(policy.private_channels)}."
        if policy.private_channels
        else "No private channel."
    )
    direct = (
        f"These direct messages: {_listed(policy.direct_messages)}."
        if policy.direct_messages
        else "No direct messages, neither of two nor of several members."
    )
    return [public, private, direct, "Nothing of a channel that is not known to be public."]


def _of_whom(policy: Policy) -> list[str]:
    ids = (
        "Members are pseudonyms: keyed tokens in place of their ids, in rows and in texts."
        if policy.pseudonyms
        else "Members are known by their Slack ids."
    )
    names = "Names and handles are kept." if policy.names else "Names and handles are not kept."
    contacts = (
        "E-mail addresses, telephone numbers, titles and statuses are kept"
        + (", addresses as keyed tokens." if policy.pseudonyms else ".")
        if policy.contacts
        else "E-mail addresses, telephone numbers, titles and statuses are not kept."
    )
    hidden = "Whoever opted out or was forgotten is left out of everything."
    told = [ids, names, contacts, hidden]
    if policy.pseudonyms and policy.names:
        told.insert(1, "But their names stand beside the pseudonyms, which then hide nothing.")
    return told


def _what(policy: Policy) -> list[str]:
    texts = {
        "whole": "What members write is kept as it is.",
        "scrubbed": "What members write is kept without personal data and secrets: these are "
        "replaced by [EMAIL], [PHONE] …"
        + (" Names of members are taken out too." if policy.scrubs_names else "")
        + (" So are names that a language model finds." if policy.outsiders else ""),
        "dropped": "What members write is not kept.",
    }[policy.text]
    links = {
        "whole": "Links are kept whole.",
        "trimmed": "Links are kept without query, fragment and user.",
        "domain": "Of links, the domain is kept.",
    }[policy.links]
    raw = (
        "Slack's own JSON is kept beside each row."
        if policy.raw
        else "Slack's own JSON is not kept."
    )
    features = (
        "Of every message: channel, time, thread, length, whether it asks something, whom it "
        "mentions, where its links lead, reactions and files."
    )
    records = (
        "Of structured posts, such as reports of workouts and polls: who takes part, days and "
        "numbers; names and texts in them as everywhere."
    )
    return [texts, links, features, records, raw]


def _how_long(policy: Policy) -> list[str]:
    told = [
        f"{what} go after {days:,} days." if days else f"{what} stay for ever."
        for what, days in (
            *([("Texts", policy.text_days)] if policy.text != "dropped" else []),
            ("Messages, with all that hangs on them, and files", policy.row_days),
        )
    ]
    if policy.raw:
        days = f"go after {policy.raw_days:,} days" if policy.raw_days else "stay for ever"
        told.append(f"Raw responses and files' bytes, where they are kept, {days}.")
    told.append(
        "What a running server hears waits in the event log, as it may be stored, until the store "
        "has it, less than a second as a rule, and a named broker too. Ids of events, of all "
        "channels, are remembered for three days: Slack may deliver an event again."
    )
    return told


def _who_sees_it(policy: Policy) -> list[str]:
    told = [
        "Whoever may read the home folder on this machine.",
        "Whoever may open the dashboard of hubbub serve: who is at this machine, and who has the "
        "password or a token.",
        "Nothing is sent anywhere else, unless you name a broker (--kafka): admitted rows are.",
    ]
    if policy.smallest_group > 1:
        told.append(
            f"Figures about fewer than {policy.smallest_group} members are not given to anyone."
        )
        told.append(
            "hubbub sql is open to the operator all the same; each query is in the audit log."
            if policy.operator_sql
            else "hubbub sql is closed."
        )
    else:
        told.append("Figures are given for groups of any size, single members included.")
    told.append("Every run, read, export and erasure is in the audit log: hubbub audit show.")
    return told


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names)
