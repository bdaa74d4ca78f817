"""Headers that every answer has: what a browser must not do with it."""

from starlette.types import Message, Send

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
_NOT_NEEDED = (
    *("accelerometer", "autoplay", "camera", "display-capture", "geolocation", "gyroscope"),
    *("magnetometer", "microphone", "midi", "payment", "publickey-credentials-get", "usb"),
)
_ALWAYS = {
    b"content-security-policy": _POLICY.encode(),
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"permissions-policy": ", ".join(f"{name}=()" for name in _NOT_NEEDED).encode(),
    b"cross-origin-resource-policy": b"same-origin",
}
_UNLESS_SAID = {b"referrer-policy": b"no-referrer", b"cache-control": b"private, no-store"}
_WHERE_HEEDED = {b"cross-origin-opener-policy": b"same-origin"}
"""Browsers complain of it where they do not heed it: over plain HTTP from another machine."""
_UNDER_TLS = {b"strict-transport-security": b"max-age=31536000"}
_FORCED = {
    (is_secure, is_near): _ALWAYS
    | (_WHERE_HEEDED if is_secure or is_near else {})
    | (_UNDER_TLS if is_secure else {})
    for is_secure in (False, True)
    for is_near in (False, True)
}


def protected(send: Send, *, is_secure: bool, is_near: bool) -> Send:
    """A `send` that adds them, for what came by TLS, or from this machine. Who may keep an answer,
    and what it tells of where a link was followed, is left as the answer says."""
    forced = _FORCED[is_secure, is_near]

    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            said = [each for each in message.get("headers", ()) if each[0] not in forced]
            names = {name for name, _ in said}
            lacking = [each for each in _UNLESS_SAID.items() if each[0] not in names]
            message = {**message, "headers": [*said, *lacking, *forced.items()]}
        await send(message)

    return with_headers
