"""Who may look at the dashboard of a workspace: its password and tokens are set and withdrawn."""

import ipaddress
import socket
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

from hubbub.errors import HubbubError, UsageError
from hubbub.flows.auditing import audited
from hubbub.flows.workspace import made
from hubbub.privacy.credentials import (
    ENVIRONMENT,
    CredentialFile,
    Credentials,
    Password,
    Token,
    password_of_environment,
)
from hubbub.settings import Settings

_LONGEST_NAME = 80


def set_password(settings: Settings, text: str) -> None:
    """Set the password. Whoever is logged in by the one before is logged out."""
    _refuse_environment()
    password = Password.of(text)
    _change(
        settings, "dashboard password", lambda now: msgspec.structs.replace(now, password=password)
    )


def remove_password(settings: Settings) -> None:
    """Remove the password. Raises `UsageError` if there is none."""
    _refuse_environment()
    if CredentialFile(settings.access).read().password is None:
        raise UsageError("There is no password.", "Set one: hubbub access password")
    _change(
        settings,
        "dashboard password removed",
        lambda now: msgspec.structs.replace(now, password=None),
    )


def make_token(settings: Settings, name: str) -> str:
    """A new token for scripts, which nothing can tell again."""
    if not name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
        raise UsageError(
            f"{name!r} is no name for a token.", "Say what it is for, in at most 80 characters."
        )
    token, text = Token.new(name, datetime.now(UTC).isoformat(timespec="seconds"))
    _change(settings, "dashboard token made", lambda now: now.with_token(token), name)
    return text


def revoke_token(settings: Settings, name: str) -> None:
    """End a token, and the sessions that were begun with it."""
    _change(settings, "dashboard token revoked", lambda now: now.without_token(name), name)


def tokens(settings: Settings) -> tuple[Token, ...]:
    """The tokens that are in force, oldest first; nothing of them opens anything."""
    return CredentialFile(settings.access).read().tokens


def has_login(settings: Settings) -> bool:
    """Whether there is a password or a token."""
    known = CredentialFile(settings.access).read()
    return bool(password_of_environment() or known.password or known.tokens)


def login_is_wanted(settings: Settings, host: str) -> bool:
    """Whether a dashboard that is served at `host` asks for a login: wherever there is a password
    or token. Raises `HubbubError` if it must not be served there."""
    if has_login(settings):
        return True
    if is_loopback(host):
        return False
    raise HubbubError(
        f"At {host or 'all addresses'} other machines could look at the dashboard, and it has no "
        "login.",
        f"Set a password: hubbub access password (or the variable {ENVIRONMENT}), or serve this "
        "machine alone: --host 127.0.0.1",
    )


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address, or all addresses of a name. Raises
    `HubbubError` for a name that has none."""
    if not host:
        return False
    try:
        found = {info[4][0] for info in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError) as error:
        raise HubbubError(
            f"This machine knows no address {host!r}.", "Name an address of it: --host 127.0.0.1"
        ) from error
    return all(address_of(str(address)).is_loopback for address in found)


def address_of(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An address; one of IPv4 also where it is written as one of IPv6."""
    address = ipaddress.ip_address(text.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def settled_environment(settings: Settings) -> None:
    """Take the password of the environment over, hashed, so that sessions outlive a restart as long
    as it stays the same; forget it if there is none any more."""
    text = password_of_environment()
    file = CredentialFile(settings.access)
    known = file.read().environment
    if known.matches(text) if known and text else known is None and not text:
        return
    try:
        password = Password.of(text) if text else None
    except UsageError as error:
        raise UsageError(f"{ENVIRONMENT}: {error.reason}", error.fix) from error
    what = "dashboard password of the environment" + ("" if text else " removed")
    _change(settings, what, lambda now: msgspec.structs.replace(now, environment=password))


def _change(
    settings: Settings,
    what: str,
    changed: Callable[[Credentials], Credentials],
    token: str | None = None,
) -> None:
    file = CredentialFile(settings.access)
    changed(file.read())  # what is refused is not noted as done
    made(settings.access)
    audited(settings, "keys", what, **({"token": token} if token else {}))
    file.change(changed)


def _refuse_environment() -> None:
    if password_of_environment():
        raise UsageError(
            f"The password comes from the environment ({ENVIRONMENT}), which Hubbub cannot change.",
            "Change it there and start the server again.",
        )
