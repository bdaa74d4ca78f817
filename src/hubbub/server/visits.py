"""Who asks: what a request says of its sender, and how much of that is believed."""

import ipaddress
import re
from collections.abc import Sequence

from msgspec import Struct
from starlette.types import Scope

from hubbub.errors import UsageError
from hubbub.flows.granting import address_of

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?")
_USUAL_PORTS = {"80", "443", None}
_TOLD_BY_PROXIES = (
    *(b"forwarded", b"via", b"x-real-ip", b"x-client-ip", b"true-client-ip", b"cf-connecting-ip"),
    *(b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"x-forwarded-port"),
    *(b"x-forwarded-server", b"x-forwarded-prefix", b"x-forwarded-scheme", b"x-forwarded-ssl"),
)
"""Headers that tell of a proxy on the way."""


class Visit(Struct, frozen=True):
    """A request, without its body."""

    method: str
    path: str
    """Without the prefix."""
    query: str
    headers: dict[bytes, str]
    """By lower-case name; several of one name joined, so that none can hide behind another."""
    address: str
    """Of whoever asks: what a trusted proxy says, else the other end of the connection."""
    is_secure: bool
    """Whether it came by TLS, up to a trusted proxy at least."""
    is_near: bool
    """Whether it asks this machine by a name that nobody else can lead here."""
    is_local: bool
    """Whether it does so with nothing in between that says so of itself."""
    names: tuple[str, ...]
    """The names, with ports, by which this server was asked."""

    @property
    def is_same_origin(self) -> bool:
        """Whether the page that sent this is one of this server. Programs that are no browsers say
        nothing, and are believed: what protects people are their browsers."""
        site = self.headers.get(b"sec-fetch-site")
        if site is not None:
            return site == "same-origin"
        origin = self.headers.get(b"origin")
        return origin is None or _named(origin.partition("://")[2]) in map(_named, self.names)

    @property
    def is_foreign(self) -> bool:
        """Whether another site's page fetches or embeds this, other than by a link to it."""
        site = self.headers.get(b"sec-fetch-site", "none")
        return (
            site not in {"same-origin", "none"}
            and self.headers.get(b"sec-fetch-mode") != "navigate"
        )

    @property
    def wants_page(self) -> bool:
        """Whether a person looks at the answer."""
        return self.method in {"GET", "HEAD"} and not self.path.startswith(
            ("/api/", "/static/", "/metrics", "/openapi")
        )

    @property
    def changes(self) -> bool:
        """Whether this may change something."""
        return self.method not in {"GET", "HEAD", "OPTIONS"}

    @property
    def bearer(self) -> str | None:
        """The token of the header `Authorization`, if it has one."""
        scheme, _, token = self.headers.get(b"authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else None

    def cookie(self, name: str) -> str | None:
        """The value of a cookie."""
        for each in self.headers.get(b"cookie", "").split(";"):
            found, _, value = each.strip().partition("=")
            if found == name:
                return value
        return None


class Trust:
    """Whose word about others is believed: that of some proxies, and of names of this machine."""

    def __init__(self, host: str, proxies: Sequence[str]) -> None:
        self._networks = [_network(each) for each in proxies]
        self._own_name = host.lower()

    @property
    def is_behind_proxy(self) -> bool:
        """Whether there is a proxy whose word is believed."""
        return bool(self._networks)

    def visit(self, scope: Scope, path: str) -> Visit:
        """What a request says, and how much of it is so."""
        headers = _joined(scope["headers"])
        peer = scope["client"][0] if scope.get("client") else ""
        is_trusted = self._trusts(peer)
        scheme, names = scope["scheme"], [headers.get(b"host", "")]
        address = peer
        if is_trusted:
            scheme = _items(headers, b"x-forwarded-proto", scheme)[-1].lower()
            names += _items(headers, b"x-forwarded-host", "")[-1:]
            address = self._origin(peer, _items(headers, b"x-forwarded-for", ""))
        is_near = self._is_own(headers.get(b"host", ""))
        # HTTP/1.0 is what nginx speaks to servers behind it unless told otherwise, and no browser
        is_relayed = scope["http_version"] == "1.0" or any(
            name in headers for name in _TOLD_BY_PROXIES
        )
        return Visit(
            method=scope["method"],
            path=path,
            query=scope["query_string"].decode("latin-1"),
            headers=headers,
            address=address,
            is_secure=scheme == "https",
            is_near=is_near,
            is_local=is_near and not is_relayed,
            names=tuple(filter(None, names)),
        )

    def _is_own(self, host: str) -> bool:
        """Whether a Host header names this machine by a name that nobody else can lead here."""
        found = _HOST.fullmatch(host.lower())
        if not found:
            return False
        name = found[1].strip("[]")
        if name in {"localhost", self._own_name}:
            return True
        try:
            return address_of(name).is_loopback
        except ValueError:
            return False

    def _trusts(self, peer: str) -> bool:
        if not self._networks:
            return False
        try:
            address = address_of(peer)
        except ValueError:
            return False
        return any(address in network for network in self._networks)

    def _origin(self, peer: str, hops: list[str]) -> str:
        """Who asked the outermost trusted proxy: each has added the address that asked it, at the
        end; what stands before is the sender's own word."""
        address = peer
        for hop in reversed(hops):
            try:
                address = str(address_of(_without_port(hop)))
            except ValueError:
                return address
            if not self._trusts(address):
                return address
        return address


def _joined(headers: Sequence[tuple[bytes, bytes]]) -> dict[bytes, str]:
    found: dict[bytes, str] = {}
    for name, value in headers:
        text = value.decode("latin-1")
        between = "; " if name == b"cookie" else ", "
        found[name] = f"{found[name]}{between}{text}" if name in found else text
    return found


def _items(headers: dict[bytes, str], name: bytes, default: str) -> list[str]:
    return [each.strip() for each in headers.get(name, default).split(",")]


def _named(netloc: str) -> tuple[str | None, str | None]:
    """A host and port to compare: the usual ports are as good as none."""
    found = _HOST.fullmatch(netloc.lower())
    if not found:
        return None, netloc  # is like nothing but itself
    return found[1], None if found[2] in _USUAL_PORTS else found[2]


def _without_port(hop: str) -> str:
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise UsageError(
            f"{text!r} is no address of a proxy.",
            "Name an address or a network: --trusted-proxy 10.0.0.7, 10.0.0.0/24",
        ) from error
