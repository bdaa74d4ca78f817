"""Every table of a workspace, declared once.

The store's DDL, the merge, the gate, exports and the data dictionary all derive from these
declarations. A column without a privacy class cannot be written down.
"""

from enum import Enum

from msgspec import Struct


class Type(Enum):
    """What a column holds; the value is its SQL type."""

    TEXT = "VARCHAR"
    INTEGER = "BIGINT"
    FLAG = "BOOLEAN"
    INSTANT = "TIMESTAMP WITH TIME ZONE"
    """An instant in UTC, microseconds."""


class Privacy(Enum):
    """What a column says about people; the gate decides by this class alone."""

    FACT = "fact"
    """Numbers, flags, times, kinds: says nothing without an id beside it."""
    CHANNEL = "channel"
    """The channel that the row lies in. A row of a channel that is not admitted never passes."""
    CHANNEL_REFERENCE = "channel reference"
    """Another channel that the row names."""
    CHANNEL_NAME = "channel name"
    MEMBER = "member"
    """A member's id."""
    NAME = "name"
    """A member's names and handles; those that several members have together too."""
    CONTACT = "contact"
    """Phone, title, status: dropped unless asked for."""
    EMAIL = "e-mail"
    """An e-mail address: dropped unless asked for; keyed where member ids are."""
    TEXT = "text"
    """What people wrote: messages, topics, titles of files."""
    LINK = "link"
    """A whole URL."""
    OUTLINE = "outline"
    """A copy's facts and ids in one canonical JSON, to settle which of two copies wins."""
    RAW = "raw"
    """Slack's own JSON."""
    ORIGIN = "origin"
    """A path in an archive; folders of direct messages are named after members."""


class Keep(Enum):
    """How a column of two copies of one row becomes one value."""

    WINNER = "winner"
    """The winning copy's value."""
    GREATEST = "greatest"
    """The greatest value of any copy: what was once marked (deleted, gone) stays marked."""


class Column(Struct, frozen=True):
    """A column: its name, type, privacy class and meaning."""

    name: str
    type: Type
    privacy: Privacy
    doc: str
    keep: Keep = Keep.WINNER
    goes: bool = False
    """Emptied once the row is deleted."""
    internal: bool = False
    """Only for the merge: neither shown nor exported."""
    names_only: bool = False
    """A member's id that the row does not belong to: the row stays when the member goes."""


class Set(Struct, frozen=True):
    """Rows that belong to a copy of another table's row: the winning copy's set replaces them."""

    table: str
    silent: bool = False
    """Some copies say nothing of this set; then the best copy that does decides. Such a parent
    has the internal columns `<table>_told`, `<table>_version` and `<table>_rank`."""
    figures: tuple[str, ...] = ()
    """Columns of the parent that belong to the set, and come from the same copy."""
    changes: str | None = None
    """The table of single additions and removals: those that are newer than the copy that the
    set is from are applied to it."""
    reread: bool = False
    """What a copy holds of it is read with templates, which may change: of equal copies the set of
    the one that came last stays."""


class Table(Struct, frozen=True):
    """A table: its key, its columns, and the sets of rows that hang on each of its rows.

    Of several copies of a row the greatest (presence, version, rank) wins; see docs/tables.md.
    """

    name: str
    doc: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    sets: tuple[Set, ...] = ()
    deleted_when: str | None = None
    """The column that, once filled, marks a row as deleted."""
    newest: str | None = None
    """Of several rows of a log with one key, the one with the greatest value here stays."""
    dated: str | None = None
    """The instant from which the time that a row may be kept is counted."""

    @property
    def names(self) -> tuple[str, ...]:
        """The column names, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def public(self) -> tuple[Column, ...]:
        """The columns that people see."""
        return tuple(column for column in self.columns if not column.internal)

    @property
    def names_of_others(self) -> tuple[Column, ...]:
        """The columns of names, where a row belongs to nobody who bears them."""
        if any(each.privacy is Privacy.MEMBER and not each.names_only for each in self.columns):
            return ()
        return tuple(each for each in self.columns if each.privacy is Privacy.NAME)

    def column(self, name: str) -> Column:
        """The column of that name."""
        return next(column for column in self.columns if column.name == name)


T, N, F, W = Type.TEXT, Type.INTEGER, Type.FLAG, Type.INSTANT
P = Privacy

_CHANNEL_ID = Column("channel_id", T, P.CHANNEL, "the channel")
_TS = Column("ts", T, P.FACT, "the message's `ts`, as Slack writes it")
SEEN = 2
"""Presence of a copy of the thing itself."""

_SEEN_IN = Column(
    "channel_id", T, P.CHANNEL, "the channel that the copy was seen in", internal=True
)
_RANKS = (
    Column(
        "presence",
        N,
        P.FACT,
        "how much of it was seen: 2 itself, 1 a tombstone or stub, 0 what a deletion tells",
        internal=True,
    ),
    Column("version", N, P.FACT, "the copy's age in microseconds; newer wins", internal=True),
    Column("outline", T, P.OUTLINE, "settles between copies of equal age", internal=True),
    Column(
        "canonical", T, P.RAW, "the copy as canonical JSON, where it may be kept", internal=True
    ),
)


def _told(table: str) -> tuple[Column, ...]:
    return (
        Column(
            f"{table}_told",
            F,
            P.FACT,
            f"whether the winning copy says who its {table} are",
            internal=True,
        ),
        Column(
            f"{table}_version",
            N,
            P.FACT,
            f"age of the copy that the {table} are from, where that is another than the winner",
            internal=True,
        ),
        Column(
            f"{table}_rank",
            T,
            P.OUTLINE,
            f"rank of the copy that the {table} are from",
            internal=True,
        ),
    )


USERS = Table(
    "users",
    "The directory: a row per member and bot that Slack lists.",
    ("user_id",),
    (
        Column("user_id", T, P.MEMBER, "U… or W…"),
        Column("team_id", T, P.FACT, "the workspace that the account belongs to"),
        Column("name", T, P.NAME, "handle"),
        Column("real_name", T, P.NAME, "full name"),
        Column("display_name", T, P.NAME, "the name that the member chose to be shown"),
        Column("title", T, P.CONTACT, "what the member does"),
        Column("email", T, P.EMAIL, "e-mail address"),
        Column("phone", T, P.CONTACT, "telephone number"),
        Column("status", T, P.CONTACT, "status text"),
        Column("tz", T, P.FACT, "IANA time zone"),
        Column("is_bot", F, P.FACT, "a bot by the directory, USLACKBOT and USLACK too"),
        Column("is_deleted", F, P.FACT, "deactivated"),
        Column("is_guest", F, P.FACT, "guest of one or several channels"),
        Column("is_admin", F, P.FACT, "administrator or owner"),
        Column("updated_at", W, P.FACT, "the profile's last change, where Slack says it"),
        Column(
            "handle",
            T,
            P.MEMBER,
            "to find authors that are named by it; keyed as ids are",
            internal=True,
        ),
        *_RANKS,
    ),
)

PROFILES = Table(
    "profiles",
    "Names that messages carry of their authors; for members that the directory lacks.",
    ("user_id",),
    (
        _SEEN_IN,
        Column("user_id", T, P.MEMBER, "U… or W…"),
        Column("name", T, P.NAME, "handle"),
        Column("real_name", T, P.NAME, "full name"),
        Column("display_name", T, P.NAME, "the name that the member chose to be shown"),
        *_RANKS,
    ),
)

CHANNELS = Table(
    "channels",
    "A row per channel that the policy admits.",
    ("channel_id",),
    (
        Column("channel_id", T, P.CHANNEL, "C…, G… or D…; the name where an archive has no id"),
        Column("name", T, P.CHANNEL_NAME, "name without #"),
        Column("kind", T, P.FACT, "public, private, group_dm, dm or unknown"),
        Column("topic", T, P.TEXT, "topic"),
        Column("purpose", T, P.TEXT, "description"),
        Column("creator_id", T, P.MEMBER, "who created it", names_only=True),
        Column("created_at", W, P.FACT, "when it was created"),
        Column("is_general", F, P.FACT, "the channel that everyone is in"),
        Column("is_archived", F, P.FACT, "closed"),
        Column("is_shared", F, P.FACT, "shared with another workspace"),
        Column(
            "deleted_at",
            W,
            P.FACT,
            "when it was deleted, its messages with it",
            keep=Keep.GREATEST,
        ),
        *_told("memberships"),
        *_RANKS,
    ),
    sets=(Set("memberships", silent=True, changes="membership_changes"),),
)

MEMBERSHIPS = Table(
    "memberships",
    "Who is in which channel, by the newest list.",
    ("channel_id", "user_id"),
    (_CHANNEL_ID, Column("user_id", T, P.MEMBER, "the member")),
)

USER_GROUPS = Table(
    "user_groups",
    "A row per user group: a handle that stands for several members.",
    ("group_id",),
    (
        Column("group_id", T, P.FACT, "S…"),
        Column("handle", T, P.NAME, "what people write to mention it, without @"),
        Column("name", T, P.NAME, "its name"),
        Column("is_disabled", F, P.FACT, "closed: nobody can mention it any more"),
        Column("created_at", W, P.FACT, "when it was made"),
        Column("updated_at", W, P.FACT, "last change of it, its members too, where Slack says it"),
        *_told("user_group_members"),
        *_RANKS,
    ),
    sets=(Set("user_group_members", silent=True, changes="user_group_changes"),),
)

USER_GROUP_MEMBERS = Table(
    "user_group_members",
    "Who is in which user group, by the newest list.",
    ("group_id", "user_id"),
    (
        Column("group_id", T, P.FACT, "the user group"),
        Column("user_id", T, P.MEMBER, "the member"),
    ),
)

MESSAGES = Table(
    "messages",
    "A row per message, reply and system notice.",
    ("channel_id", "ts"),
    (
        _CHANNEL_ID,
        _TS,
        Column("thread_ts", T, P.FACT, "`ts` of the thread's root; on the root itself too"),
        Column("posted_at", W, P.FACT, "`ts` as an instant"),
        Column("user_id", T, P.MEMBER, "author"),
        Column(
            "author_handle",
            T,
            P.MEMBER,
            "author, where Slack's field held a handle and no id",
            internal=True,
        ),
        Column("bot_id", T, P.FACT, "B…, for messages by apps"),
        Column("username", T, P.NAME, "name that an app posted under"),
        Column("kind", T, P.FACT, "post, reply, broadcast or system"),
        Column("subtype", T, P.FACT, "Slack's subtype"),
        Column("text", T, P.TEXT, "as Slack writes it, markup and entities included", goes=True),
        Column("words", N, P.FACT, "words, parted by blanks", goes=True),
        Column("characters", N, P.FACT, "Unicode characters, entities resolved", goes=True),
        Column(
            "is_question",
            F,
            P.FACT,
            "a post with a question mark outside markup and code",
            goes=True,
        ),
        Column("edited_at", W, P.FACT, "last edit"),
        Column(
            "deleted_at",
            W,
            P.FACT,
            "when it was deleted; when it was posted, if only the fact is known",
            keep=Keep.GREATEST,
        ),
        Column("reply_count", N, P.FACT, "replies, as the root says"),
        Column("latest_reply", T, P.FACT, "`ts` of the newest reply, as the root says"),
        Column("unnamed", N, P.FACT, "reactions that Slack counts but does not name", goes=True),
        *_told("reactions"),
        *_RANKS,
    ),
    sets=(
        Set("reactions", silent=True, figures=("unnamed",), changes="reaction_changes"),
        Set("mentions"),
        Set("links"),
        Set("shares"),
        Set("alerts"),
        Set("records", reread=True),
        Set("record_values", reread=True),
    ),
    deleted_when="deleted_at",
    dated="posted_at",
)

REACTIONS = Table(
    "reactions",
    "A row per reaction of a member to a message.",
    ("channel_id", "ts", "user_id", "name"),
    (
        _CHANNEL_ID,
        _TS,
        Column("user_id", T, P.MEMBER, "who reacted"),
        Column("name", T, P.FACT, "emoji as written, skin tone kept"),
    ),
)

MENTIONS = Table(
    "mentions",
    "A row per mention in a message's text.",
    ("channel_id", "ts", "position"),
    (
        _CHANNEL_ID,
        _TS,
        Column("position", N, P.FACT, "1 for the message's first token in angle brackets"),
        Column("kind", T, P.FACT, "user, channel, subteam or broadcast"),
        Column("user_id", T, P.MEMBER, "the member, for kind user"),
        Column("mentioned_channel_id", T, P.CHANNEL_REFERENCE, "the channel, for kind channel"),
        Column("target", T, P.FACT, "the user group, or here, channel, everyone"),
    ),
)

LINKS = Table(
    "links",
    "A row per link in a message's text.",
    ("channel_id", "ts", "position"),
    (
        _CHANNEL_ID,
        _TS,
        Column("position", N, P.FACT, "1 for the message's first token in angle brackets"),
        Column("url", T, P.LINK, "the link"),
        Column("scheme", T, P.FACT, "https, mailto …"),
        Column("domain", T, P.FACT, "host in lower case, without port; empty for mailto"),
    ),
)

FILES = Table(
    "files",
    "A row per uploaded or linked file.",
    ("file_id",),
    (
        _SEEN_IN,
        Column("file_id", T, P.FACT, "F…"),
        Column("user_id", T, P.MEMBER, "who shared it first"),
        Column("created_at", W, P.FACT, "when"),
        Column("name", T, P.TEXT, "file name"),
        Column("title", T, P.TEXT, "title"),
        Column("filetype", T, P.FACT, "Slack's short type"),
        Column("mimetype", T, P.FACT, "MIME type"),
        Column("size", N, P.FACT, "bytes"),
        Column("mode", T, P.FACT, "hosted, external, snippet …"),
        Column("is_gone", F, P.FACT, "deleted (a tombstone)", keep=Keep.GREATEST),
        *_RANKS,
    ),
    dated="created_at",
)

SHARES = Table(
    "shares",
    "A row per message that a file was shared in.",
    ("channel_id", "ts", "file_id"),
    (_CHANNEL_ID, _TS, Column("file_id", T, P.FACT, "the file")),
)

ALERTS = Table(
    "alerts",
    "A row per kind of personal data that was taken out of a message's text; not the data.",
    ("channel_id", "ts", "kind"),
    (
        _CHANNEL_ID,
        _TS,
        Column("kind", T, P.FACT, "EMAIL, PHONE, CARD …; UNREADABLE where the text was dropped"),
        Column("found", N, P.FACT, "how often"),
    ),
)

_PLACE = Column("place", N, P.FACT, "0 for the first record of the message")

RECORDS = Table(
    "records",
    "A row per structured record that a template has read in a message.",
    ("channel_id", "ts", "place"),
    (
        _CHANNEL_ID,
        _TS,
        _PLACE,
        Column("template", T, P.FACT, "the template's name"),
        Column(
            "status",
            T,
            P.FACT,
            "good; doubtful, of which the author is asked; refused, which is in no figure",
        ),
    ),
)

RECORD_VALUES = Table(
    "record_values",
    "A row per value of a record's field; one for a field that has none and is in doubt.",
    ("channel_id", "ts", "place", "field", "position"),
    (
        _CHANNEL_ID,
        _TS,
        _PLACE,
        Column("field", T, P.FACT, "the field's name"),
        Column("position", N, P.FACT, "0 for the field's first value"),
        Column("posted_at", W, P.FACT, "the message's `ts` as an instant"),
        Column(
            "kind",
            T,
            P.FACT,
            "member, name, channel, date, count, text or choice; empty where there is no value",
        ),
        Column("member_id", T, P.MEMBER, "the member, where the post names one", names_only=True),
        Column("name", T, P.NAME, "the name, where the post writes one in place of a mention"),
        Column("named_channel", T, P.CHANNEL_REFERENCE, "the channel, for kind channel"),
        Column("day", T, P.FACT, "the day, for kind date, as 2026-10-31"),
        Column("number", N, P.FACT, "the number, for kind count"),
        Column("text", T, P.TEXT, "the text, for kinds text and choice"),
        Column("source", T, P.TEXT, "what the field was read from, on its first row"),
        Column("confidence", N, P.FACT, "how sure the reading is, from 0 to 100"),
        Column("doubt", T, P.FACT, "why it is in doubt; empty where it is not"),
    ),
    dated="posted_at",
)

_CHANGED_AT = Column("changed_at", W, P.FACT, "when it happened")
_IS_THERE = Column("is_there", F, P.FACT, "whether it is there since then")

REACTION_CHANGES = Table(
    "reaction_changes",
    "Reactions that events have added or removed since the copy that a message's are from.",
    REACTIONS.key,
    (*REACTIONS.columns, _IS_THERE, _CHANGED_AT),
    dated="changed_at",
)

MEMBERSHIP_CHANGES = Table(
    "membership_changes",
    "Who has entered and left channels by events since the list that a channel's members are from.",
    MEMBERSHIPS.key,
    (*MEMBERSHIPS.columns, _IS_THERE, _CHANGED_AT),
    dated="changed_at",
)

USER_GROUP_CHANGES = Table(
    "user_group_changes",
    "Who has been put into user groups and taken out by events since the list that a group's "
    "members are from.",
    USER_GROUP_MEMBERS.key,
    (*USER_GROUP_MEMBERS.columns, _IS_THERE, _CHANGED_AT),
    dated="changed_at",
)

CHANNEL_CHANGES = Table(
    "channel_changes",
    "What events have changed of channels since the copy that a channel's row is from.",
    ("channel_id", "what"),
    (
        _CHANNEL_ID,
        Column("what", T, P.FACT, "the column of the channel; or moved"),
        Column("name", T, P.CHANNEL_NAME, "its new name"),
        Column("kind", T, P.FACT, "its new kind"),
        Column("topic", T, P.TEXT, "its new topic"),
        Column("purpose", T, P.TEXT, "its new description"),
        Column("is_archived", F, P.FACT, "closed since then, or open again"),
        Column("is_shared", F, P.FACT, "shared since then, or not any more"),
        Column("moved_to", T, P.CHANNEL_REFERENCE, "its new id"),
        _CHANGED_AT,
    ),
)

QUARANTINE = Table(
    "quarantine",
    "What could not be read, where it lies and why; nothing is dropped in silence.",
    ("origin", "place"),
    (
        Column("origin", T, P.ORIGIN, "file inside the archive"),
        Column("place", N, P.FACT, "record in the file, from 1; 0 for the whole file"),
        Column("reason", T, P.FACT, "why it could not be read"),
        Column("record", T, P.RAW, "the record, where it may be kept"),
    ),
)

WITHHELD = Table(
    "withheld",
    "Channels that an archive has listed as not public: kept by id alone, to keep them out.",
    ("channel_id",),
    (Column("channel_id", T, P.FACT, "the channel"),),
)

KEYS = Table(
    "keys",
    "The mark of the keys that made this store's pseudonyms and outlines; not the keys.",
    ("mark",),
    (
        Column("mark", T, P.FACT, "tells these keys from others"),
        Column("version", N, P.FACT, "of the pseudonyms"),
    ),
)

RUNS = Table(
    "runs",
    "What Hubbub did, when, and how it ended.",
    ("run_id",),
    (
        Column("run_id", T, P.FACT, "time and random part; sorts by time"),
        Column("verb", T, P.FACT, "import …"),
        Column("source", T, P.FACT, "kind of source"),
        Column("started_at", W, P.FACT, "begin"),
        Column("finished_at", W, P.FACT, "end"),
        Column("messages", N, P.FACT, "messages read"),
        Column("added", N, P.FACT, "messages that were new"),
        Column("updated", N, P.FACT, "messages that changed"),
        Column("quarantined", N, P.FACT, "records that could not be read"),
        Column("left_out", N, P.FACT, "messages that the policy kept out"),
        Column("outcome", T, P.FACT, "done, partly, interrupted or failed; empty while it works"),
        Column("series", T, P.FACT, "the interrupted run that it goes on with, else itself"),
        Column("calls", N, P.FACT, "calls of Slack's API"),
        Column("bytes", N, P.FACT, "bytes that Slack answered with"),
        Column("retries", N, P.FACT, "calls that were made again"),
        Column("waited", N, P.FACT, "seconds in which nothing was asked, for Slack's limits"),
        Column("errors", N, P.FACT, "channels, or the directory, that could not be read whole"),
        Column("policy", T, P.FACT, "privacy preset in effect; with a + where choices depart"),
        Column("text_days", N, P.FACT, "days that it kept texts; 0 for ever"),
        Column("row_days", N, P.FACT, "days that it kept messages; 0 for ever"),
    ),
    dated="started_at",
)

API_CALLS = Table(
    "api_calls",
    "What a run asked of Slack, by method and channel.",
    ("run_id", "method", "channel_id"),
    (
        Column("run_id", T, P.FACT, "the run"),
        Column("method", T, P.FACT, "method of the Web API"),
        Column("channel_id", T, P.FACT, "the channel; empty where it is about none"),
        Column("calls", N, P.FACT, "calls"),
        Column("retries", N, P.FACT, "calls that were made again"),
        Column("limited", N, P.FACT, "calls that Slack turned away for its limits"),
        Column("bytes", N, P.FACT, "bytes of the answers"),
        Column("rows", N, P.FACT, "messages, users, channels or user groups in the answers"),
        Column("waited", N, P.FACT, "seconds that calls waited for their turn"),
        Column("error", T, P.FACT, "Slack's code of the last error"),
    ),
)

COVERAGE = Table(
    "coverage",
    "How far the history of a channel has been read from Slack, and what a sweep has still to do.",
    ("channel_id",),
    (
        _CHANNEL_ID,
        Column("since", T, P.FACT, "`ts` from which on all is read; 0 from the beginning"),
        Column("until", T, P.FACT, "`ts` up to which all is read"),
        Column("hidden_before", T, P.FACT, "`ts` before which Slack's plan shows nothing"),
        Column("swept_at", W, P.FACT, "end of the last sweep"),
        Column("swept_from", T, P.FACT, "`ts` down to which the last sweep went"),
        Column("full_at", W, P.FACT, "end of the last sweep over all of the history"),
        Column("series", T, P.FACT, "the run, with those that continued it, of the last sweep"),
        Column("sweep_oldest", T, P.FACT, "where the unfinished sweep ends"),
        Column("sweep_until", T, P.FACT, "from where the unfinished sweep began"),
        Column("sweep_position", T, P.FACT, "how far down the unfinished sweep has come"),
        Column("was_archived", F, P.FACT, "closed already when it was last swept"),
        Column("members_read", N, P.FACT, "members, as Slack counted them at the last list"),
        Column("error", T, P.FACT, "Slack's code of what stopped the last sweep"),
        Column("noted_at", N, P.FACT, "order of notes on the channel", internal=True),
    ),
    newest="noted_at",
)

READINGS = Table(
    "readings",
    "What is asked for message by message: threads, and the reactions that pages cut short.",
    ("channel_id", "ts", "kind"),
    (
        _CHANNEL_ID,
        Column("ts", T, P.FACT, "the message"),
        Column("kind", T, P.FACT, "thread, reactions, or file and its id"),
        Column("wanted", T, P.FACT, "the state that the message told of"),
        Column("got", T, P.FACT, "the state that was read last"),
        Column("position", T, P.FACT, "`ts` of the last reply read, in an unfinished thread"),
        Column("got_at", W, P.FACT, "when it was read"),
        Column("noted_at", N, P.FACT, "order of notes on the message", internal=True),
    ),
    newest="noted_at",
)

DELIVERIES = Table(
    "deliveries",
    "A row per letter: what was sent by Slack to whom, or why it was not.",
    ("delivery",),
    (
        Column("delivery", T, P.FACT, "the letter's mark, also in the message's metadata"),
        Column("report", T, P.FACT, "the report that it is of"),
        Column("period", T, P.FACT, "what it is about: 2026-10, 2026-W47, round-7, once"),
        Column("variant", T, P.FACT, "tells it from others to the recipient in that period"),
        Column("user_id", T, P.MEMBER, "the member whom it is for"),
        Column("channel_id", T, P.FACT, "the channel that it is for, which somebody has named"),
        Column("state", T, P.FACT, "sent, skipped, failed; sending: not known whether it was sent"),
        Column("reason", T, P.FACT, "why it was skipped or failed: Slack's code, or a word"),
        Column("pictures", N, P.FACT, "pictures in it"),
        Column("ts", T, P.FACT, "of the message, where Slack said it"),
        Column("changed_at", W, P.FACT, "when it came to that"),
    ),
    dated="changed_at",
)

POSITIONS = Table(
    "positions",
    "How far events have been merged, by where they wait.",
    ("source",),
    (
        Column("source", T, P.FACT, "events, or kafka/topic/partition"),
        Column("position", N, P.FACT, "entry of the event log, or offset, that was merged last"),
    ),
)

WORKSPACE = Table(
    "workspace",
    "The Slack workspace that is collected: only one may go into a store.",
    ("team_id",),
    (
        Column("team_id", T, P.FACT, "T…"),
        Column("name", T, P.FACT, "name"),
        Column("url", T, P.FACT, "address, from which permalinks are built"),
    ),
)

MERGED = (USERS, PROFILES, CHANNELS, USER_GROUPS, MESSAGES, FILES)
"""Tables whose rows are settled between copies."""

HANGING = (
    MEMBERSHIPS, USER_GROUP_MEMBERS, REACTIONS, MENTIONS, LINKS, SHARES, ALERTS, RECORDS,
    RECORD_VALUES,
)  # fmt: skip
"""Tables whose rows hang on a row of a merged table."""

CHANGES = (REACTION_CHANGES, MEMBERSHIP_CHANGES, USER_GROUP_CHANGES, CHANNEL_CHANGES)
"""Tables of what events have changed; of several changes of one thing the newest stays."""

LOGS = (
    QUARANTINE, WITHHELD, KEYS, RUNS, API_CALLS, COVERAGE, READINGS, DELIVERIES, POSITIONS,
    WORKSPACE,
)  # fmt: skip
"""Hubbub's own book-keeping."""

TABLES: dict[str, Table] = {table.name: table for table in (*MERGED, *HANGING, *CHANGES, *LOGS)}

PUBLISHED = (
    *MERGED, *HANGING, REACTION_CHANGES, RUNS, API_CALLS, COVERAGE, READINGS, DELIVERIES, WORKSPACE,
)  # fmt: skip
"""Tables that warehouses get, in their order: what Slack tells, and what metrics read beside it."""

SEARCHED: dict[str, tuple[tuple[str, ...], ...]] = {
    MESSAGES.name: (("posted_at",), ("user_id",), ("channel_id", "thread_ts")),
    REACTIONS.name: (("user_id",),),
    MENTIONS.name: (("user_id",),),
}
"""Columns of published tables by which metrics look for rows, beside the keys."""
