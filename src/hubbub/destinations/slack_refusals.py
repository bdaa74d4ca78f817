"""Why Slack takes a letter not, in people's words, with what can be done about it."""

from typing import NamedTuple

from hubbub.slack.api import SlackError, Unavailable


class Reason(NamedTuple):
    """Why a letter cannot be sent, and what can be done about it."""

    why: str
    fix: str
    is_theirs: bool = True
    """Whether it lies with the recipient: nothing is amiss."""


_ADMIT = "An administrator of the workspace can allow it, or the report can go elsewhere."
_AGAIN = (
    "Run hubbub init, paste the manifest into the app's page, install it again, and send again."
)
_LEAVE_OUT = "Nothing has to be done; to have it said no more, leave them out of the audience."

_DEACTIVATED = Reason("their account is deactivated", _LEAVE_OUT)
_BOT = Reason("they are a bot, and bots get no messages", _LEAVE_OUT)
_NO_CHANNEL = Reason(
    "the app does not see the channel", "Check its name; invite the app: /invite @Hubbub.", False
)
_NOT_IN = Reason("the app is not in the channel", "Invite it there: /invite @Hubbub.", False)
_RESTRICTED = Reason("the workspace does not let the app post there", _ADMIT, False)
_TAB = Reason(
    "the app's messages are switched off",
    "Set letters = true under [send] in hubbub.toml. " + _AGAIN,
    False,
)
_FILES = Reason("the workspace does not take the pictures", _ADMIT, False)

SKIPPED: dict[str, Reason] = {
    "user_disabled": _DEACTIVATED,
    "is_inactive": _DEACTIVATED,
    "cannot_dm_bot": _BOT,
    "user_not_found": Reason("Slack does not know them", _LEAVE_OUT),
    "user_not_visible": Reason("the app may not see them", _LEAVE_OUT),
    "channel_not_found": _NO_CHANNEL,
    "invalid_channel": _NO_CHANNEL,
    "invalid_user_combination": Reason("they are of another organisation", _LEAVE_OUT),
    "not_in_channel": _NOT_IN,
    "is_archived": Reason("the channel is archived", "Send the report elsewhere.", False),
    "method_not_supported_for_channel_type": _RESTRICTED,
    "restricted_action": _RESTRICTED,
    "restricted_action_read_only_channel": _RESTRICTED,
    "restricted_action_thread_only_channel": _RESTRICTED,
    "posting_to_channel_denied": _RESTRICTED,
    "app_access_restricted": _RESTRICTED,
    "ekm_access_denied": _RESTRICTED,
    "no_permission": _RESTRICTED,
    "messages_tab_disabled": _TAB,
    "message_limit_exceeded": _RESTRICTED,
    "file_uploads_disabled": _FILES,
    "file_uploads_except_images_disabled": _FILES,
    "file_type_not_allowed": _FILES,
    "file_upload_size_restricted": _FILES,
    "storage_limit_reached": _FILES,
}
"""Slack's codes that concern a recipient: the letter is skipped."""

_CONTENT = frozenset({
    "invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long", "no_text",
    "invalid_arguments", "missing_argument", "invalid_arg_name", "invalid_metadata_format",
    "invalid_metadata_schema", "metadata_too_large", "markdown_text_conflict",
    "too_many_attachments", "alt_txt_too_large", "invalid_charset", "invalid_form_data",
    "unknown_method", "metadata_must_be_sent_from_app",
})  # fmt: skip
"""Codes that concern what the letter says."""

REFUSALS = frozenset({*SKIPPED, *_CONTENT, "missing_scope"})
"""Codes by which Slack says for certain that it has done nothing."""


_UNSEEN = {
    "metadata_not_shown": "Slack does not show by what mark the app's messages are known",
    "too_long_ago": "it was begun too long ago",
}
"""Why it cannot be told whether a letter has arrived."""


def reason_of(error: SlackError) -> Reason:
    """Why a letter cannot be sent, or not be told."""
    if error.code in _UNSEEN:
        fix = "Look into the conversation. It is not sent again by itself."
        return Reason(_UNSEEN[error.code], fix, False)
    if error.code == "missing_scope":
        needed = error.told.get("needed", "another scope").partition(",")[0]
        return Reason(
            f"the app lacks the scope {needed}",
            "Set letters = true under [send] in hubbub.toml. " + _AGAIN,
            False,
        )
    if isinstance(error, Unavailable):
        return Reason(f"Slack has trouble ({error.code})", "Send again later.", False)
    if error.code in SKIPPED:
        return SKIPPED[error.code]
    what = "what the letter says" if error.code in _CONTENT else "it"
    return Reason(
        f"Slack does not take {what} ({error.code})",
        "Slack's documentation says what this code means.",
        False,
    )
