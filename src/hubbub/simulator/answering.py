"""Answers calls: reads them, checks token, limits and scopes, and lets the method do its work."""

import contextlib

from msgspec import Struct

from hubbub.core.discovery import parts
from hubbub.simulator import api
from hubbub.simulator.backend import Backend
from hubbub.simulator.call import Call, Method
from hubbub.simulator.calls import Answered, Calls
from hubbub.simulator.faults import Fault, Faults
from hubbub.simulator.limits import Limits, Tier
from hubbub.simulator.reading import Incoming, Request, read_request
from hubbub.simulator.refusal import Refusal
from hubbub.simulator.state import Raw
from hubbub.simulator.tokens import Token

NOBODY = Token("", "bot", "", "", None, ())
"""Who asks where no token is needed."""


class Answer(Struct):
    """What goes back by HTTP; `fault` is what still happens to it on its way."""

    body: Raw
    status: int = 200
    headers: dict[str, str] = {}
    fault: Fault | None = None


def all_methods() -> dict[str, Method]:
    """Every method of the simulator, by name."""
    found: dict[str, tuple[Method, ...]] = parts(api, "METHODS")
    return {method.name: method for methods in found.values() for method in methods}


class Answering(Struct):
    """The Web API without HTTP. No limits are counted if `limits` is none."""

    backend: Backend
    methods: dict[str, Method]
    limits: Limits | None
    faults: Faults
    calls: Calls
    late: list[tuple[float, Method, Call]] = []
    """Calls whose callers have given up, and when their work is done."""

    def answer(self, name: str, incoming: Incoming) -> Answer:
        """Answer a call of the method of that name."""
        request, token = Request(), NOBODY
        with self.backend.lock:
            self._catch_up()
            try:
                method = self._method(name)
                request = read_request(incoming, takes_json=method.takes_json)
                token = self._token(method, request)
                answer = self._serve(method, request, token, incoming.origin)
            except Refusal as refusal:
                answer = Answer(_refused(refusal))
            _warn(answer.body, request.warnings)
            if token is not NOBODY:
                answer.headers["x-oauth-scopes"] = token.provided
            self.calls.note(
                Answered(
                    name,
                    request.arguments,
                    self.backend.clock.now(),
                    token.user_id,
                    token.app_id,
                    answer.status,
                    answer.body.get("error", ""),
                )
            )
        return answer

    def _method(self, name: str) -> Method:
        if name not in self.methods:
            raise Refusal("unknown_method", req_method=name)
        return self.methods[name]

    def _token(self, method: Method, request: Request) -> Token:
        """Who asks. Refuses bad tokens, closed accounts, and the wrong kind of token."""
        if method.is_open and not request.token:
            return NOBODY
        token = self.backend.tokens.find(request.token)
        user = self.backend.user(token.user_id)
        if user is not None and user.get("deleted"):
            raise Refusal("account_inactive" if token.kind == "bot" else "token_revoked")
        if token.kind not in method.kinds and not method.is_open:
            raise Refusal("not_allowed_token_type")
        return token

    def _serve(self, method: Method, request: Request, token: Token, origin: str) -> Answer:
        fault = self.faults.draw(method.name, request.arguments)
        if fault and fault.replaces_answer and not (fault.after or fault.late):
            return _faulty(fault)
        if wait := self._wait(method, request, token):
            body: Raw = {"ok": False, "error": "ratelimited"}
            return Answer(body, 429, {"retry-after": str(wait)})
        if method.scopes:
            token.demand(*method.scopes)
        call = Call(method.name, request.arguments, self.backend, token, origin)
        call.longest_page = fault.longest_page if fault else None
        if fault and fault.late:
            self.late.append((self.backend.clock.now() + fault.late, method, call))
            return _faulty(fault)
        try:
            body = {"ok": True, **method.answer(call)}
        except Refusal as refusal:
            body = _refused(refusal)
        request.warnings += call.warnings
        if fault and fault.replaces_answer:
            return _faulty(fault)
        return Answer(
            body, headers={"x-accepted-oauth-scopes": ",".join(method.scopes)}, fault=fault
        )

    def _catch_up(self) -> None:
        """Do what was asked by calls that have timed out, once its time has come."""
        now = self.backend.clock.now()
        due = [each for each in self.late if each[0] <= now]
        self.late = [each for each in self.late if each[0] > now]
        for _, method, call in due:
            with contextlib.suppress(Refusal):  # nobody waits for an answer
                method.answer(call)

    def _wait(self, method: Method, request: Request, token: Token) -> int:
        """The seconds for which the limits turn the call away; 0 if they let it through."""
        if self.limits is None:
            return 0
        is_capped = method.capped and self.backend.app_class == "unlisted"
        tier = Tier.ONE if is_capped else method.tier
        channel_id = str(request.arguments.get("channel", ""))
        now = self.backend.clock.now()
        return self.limits.take(token.app_id, method.name, channel_id, tier, now)


def _refused(refusal: Refusal) -> Raw:
    return {"ok": False, "error": refusal.code, **refusal.fields}


def _faulty(fault: Fault) -> Answer:
    headers = {"retry-after": str(fault.retry_after)} if fault.status == 429 else {}
    return Answer({"ok": False, "error": fault.code}, fault.status, headers, fault)


def _warn(body: Raw, warnings: list[str]) -> None:
    """Say warnings in both of the ways in which Slack says them."""
    if warnings:
        body["warning"] = ",".join(warnings)
        body["response_metadata"] = {**body.get("response_metadata", {}), "warnings": warnings}
