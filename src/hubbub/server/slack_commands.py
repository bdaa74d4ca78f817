"""Where Slack sends slash commands by HTTP: answered at once, for the member alone who gave it."""

import msgspec

from hubbub.flows.hearing_members import Hearing
from hubbub.flows.vitals import Vitals
from hubbub.server.slack_requests import FORM, NO_RETRY, Headers, Refusal, SlackRequests
from hubbub.slack.commands import NoCommand, read_form


class SlackCommands(SlackRequests):
    """The endpoint. `signing_secret` is the app's."""

    path = "/slack/commands"
    media_type = FORM

    def __init__(self, hearing: Hearing, signing_secret: str, vitals: Vitals) -> None:
        super().__init__(signing_secret, vitals)
        self._hearing = hearing

    async def taken(self, body: bytes) -> tuple[Headers, bytes]:
        """Answer a command."""
        try:
            command = read_form(body)
        except NoCommand:
            raise Refusal(400, "form", NO_RETRY) from None
        answer = await self._hearing.answer(command)
        if answer is None:
            raise Refusal(403, "team", NO_RETRY)
        return ((b"content-type", b"application/json"),), msgspec.json.encode(answer)
