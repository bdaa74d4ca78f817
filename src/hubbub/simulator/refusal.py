"""How Slack says no: HTTP 200, `"ok": false` and a code."""

from hubbub.simulator.state import Raw


class Refusal(Exception):
    """A call that Slack answers with an error code; `fields` are said beside it."""

    def __init__(self, code: str, **fields: object) -> None:
        super().__init__(code)
        self.code = code
        self.fields: Raw = fields


def invalid_arguments(complaint: str) -> Refusal:
    """What is wrong with the arguments, in the words of Slack's validation."""
    return Refusal("invalid_arguments", response_metadata={"messages": [f"[ERROR] {complaint}"]})
