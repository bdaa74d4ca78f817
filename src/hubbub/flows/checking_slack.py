"""Checks what Slack lets a workspace's token do, for three calls or four."""

import time

from msgspec import Struct

from hubbub.core.findings import Finding, ok, problem, remark
from hubbub.errors import HubbubError
from hubbub.flows.checking_channels import Asker, check_channels
from hubbub.flows.connecting import chosen_token, connect
from hubbub.flows.starting import configured_scopes
from hubbub.privacy.policy import Policy
from hubbub.settings import Settings
from hubbub.slack.api import SLACK, Answer, Limited, Slack, SlackError, Token, clock_error
from hubbub.slack.scopes import GROUPS, scopes_told
from hubbub.slack.values import text

_CLOCK_SECONDS = 60.0
"""Errors of the clock above this are a problem."""
_RENEW = (
    "Run hubbub init, paste the new slack-app.yaml into the app's page “App Manifest” "
    "(https://api.slack.com/apps), and there, under Install App, install it again."
)


class Workspace(Struct, frozen=True):
    """Whose token it is."""

    team_id: str
    name: str


def check_slack(
    settings: Settings, policy: Policy | None
) -> tuple[list[Finding], Workspace | None]:
    """All that Slack can tell, and whose the token is. Without a policy nothing is known of what
    is to be read, so nothing of that is checked."""
    try:
        token = chosen_token(settings)
    except HubbubError as error:
        return [problem("token", error.reason, error.fix), _untold("without a token")], None
    findings = [*_token(settings, token)]
    asked_at = time.time()
    try:
        slack, _ = connect(settings)
        answer = slack.call("auth.test", {}, asked_at)
    except (HubbubError, SlackError) as error:
        return [*findings, _no_answer(error), _untold("without an answer from Slack")], None
    clock = _clock(answer, asked_at)
    workspace = Workspace(*(text(answer.body.get(name)) or "" for name in ("team_id", "team")))
    findings.append(_whose(answer, slack, workspace))
    if policy is not None and workspace.team_id:
        asker = Asker(settings, policy, slack, token, scopes_told(answer.scopes))
        findings += [*_scopes(asker), *check_channels(asker)]
    return [*findings, clock], workspace


def _untold(want: str) -> Finding:
    return remark(
        "Slack", f"Scopes, channels, plan, rate class and clock cannot be checked {want}.", ""
    )


def _token(settings: Settings, token: Token) -> list[Finding]:
    found = [ok("token", f"A {token.kind} token, from {token.place}.")]
    if settings.collect.token != token.kind:
        found.append(
            remark(
                "token",
                f"The settings prefer a {settings.collect.token} token; there is none.",
                f'Set one, or write token = "{token.kind}" under [collect].',
            )
        )
    if token.value.startswith("xoxe."):
        found.append(
            problem(
                "token",
                "It expires 12 hours after it was made; Hubbub does not renew tokens.",
                "Make an app without token rotation: hubbub init writes its manifest.",
            )
        )
    return found


def _no_answer(error: HubbubError | SlackError) -> Finding:
    if isinstance(error, HubbubError):
        return problem("workspace", error.reason, error.fix)
    if isinstance(error, Limited):
        return problem(
            "workspace", "Slack was asked too often.", f"Run this in {error.seconds:.0f} s."
        )
    return problem(
        "workspace",
        f"What answers is not Slack, or has trouble ({error.code}).",
        "Try again later; check SLACK_API_URL, which is only set to use another Slack.",
    )


def _whose(answer: Answer, slack: Slack, workspace: Workspace) -> Finding:
    if not workspace.team_id:
        return problem(
            "workspace", f"{slack.host} does not say which workspace this is.",
            "Check SLACK_API_URL.",
        )  # fmt: skip
    where = "" if slack.url == SLACK else f", at {slack.url}"
    user = text(answer.body.get("user")) or text(answer.body.get("user_id")) or "nobody"
    return ok("workspace", f"{workspace.name} ({workspace.team_id}), as {user}{where}.")


def _clock(answer: Answer, asked_at: float) -> Finding:
    if answer.date is None:
        return remark("clock", "Slack did not say what time it is.", "Run this again later.")
    ahead = clock_error(answer, asked_at)
    if abs(ahead) <= _CLOCK_SECONDS:
        return ok("clock", f"Within {max(2, round(abs(ahead)))} seconds of Slack's.")
    return problem(
        "clock",
        f"This machine's clock is {abs(ahead):,.0f} seconds {'ahead of' if ahead > 0 else 'behind'}"
        " Slack's. From 300 on, what Slack sends is refused as too old.",
        "Let it be set by NTP: timedatectl set-ntp true",
    )


def _scopes(asker: Asker) -> list[Finding]:
    needed = configured_scopes(asker.settings, asker.policy, asker.token.kind)
    lacking = [scope for scope in needed if scope not in asker.scopes]
    missing = [scope for scope in lacking if scope != GROUPS]
    beyond = [scope for scope in asker.scopes if scope not in needed]
    found: list[Finding] = []
    if missing:
        named = "; ".join(f"{scope} (to {needed[scope]})" for scope in missing)
        found.append(problem("scopes", f"Missing: {named}.", _RENEW))
    else:
        there = ", ".join(scope for scope in needed if scope not in lacking)
        found.append(ok("scopes", f"All that are needed: {there}."))
    if GROUPS in lacking:
        found.append(
            remark("scopes", f"Without {GROUPS} (to {needed[GROUPS]}) all else works.", _RENEW)
        )
    if beyond:
        found.append(
            remark(
                "scopes",
                f"More than needed: {', '.join(beyond)}.",
                "Slack takes none back from a token: to be rid of them, delete the app and make it "
                "anew of the manifest that hubbub init writes.",
            )
        )
    return found
