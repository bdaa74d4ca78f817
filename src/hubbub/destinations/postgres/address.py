"""Where a PostgreSQL is, and how it may be reached."""

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from msgspec import Struct

from hubbub.core.loopback import is_loopback
from hubbub.errors import UsageError

PORT = 5432
_FILES = ("sslrootcert", "sslcert", "sslkey")
_ENCRYPTED = ("require", "verify-ca", "verify-full")
_CONNECT_SECONDS = 15
_LOCK_SECONDS = 60
"""How long it waits for queries of others that keep a table locked."""
_NEW = "Set the password in PGPASSWORD, or in ~/.pgpass, and leave it out of the address."


class Address(Struct, frozen=True):
    """Where a database is, without any secret."""

    host: str
    """Empty for a socket of this machine."""
    port: int
    database: str
    user: str
    ssl: tuple[tuple[str, str], ...]

    @property
    def title(self) -> str:
        """For people."""
        return f"postgres://{self.host or 'localhost'}:{self.port}/{self.database}"

    @property
    def uri(self) -> str:
        """For libpq."""
        options = {
            **dict(self.ssl),
            "connect_timeout": str(_CONNECT_SECONDS),
            "keepalives_idle": "30",
            "application_name": "hubbub",
            "options": f"-c TimeZone=UTC -c lock_timeout={_LOCK_SECONDS}s "
            "-c client_min_messages=warning -c search_path=pg_catalog "
            "-c standard_conforming_strings=on",
        }
        user = f"{quote(self.user, safe='')}@" if self.user else ""
        host = f"[{self.host}]" if ":" in self.host else quote(self.host, safe=",")
        where = f"{host}:{self.port}" if host else ""
        return (
            f"postgresql://{user}{where}/{quote(self.database, safe='')}"
            f"?{urlencode(options, quote_via=quote)}"
        )


def address_of(url: str, environment: Mapping[str, str] = os.environ) -> Address:
    """What an address such as `postgres://user@host:5432/database` says. Raises `UsageError`: for a
    password in it too, which would be seen in the list of processes."""
    try:
        parts = urlsplit(url)
        port = parts.port or int(environment.get("PGPORT") or PORT)
    except ValueError as error:
        raise UsageError("The address of the database is no address.", _EXAMPLE) from error
    if parts.password is not None:
        raise UsageError("There is a password in the address of the database.", _NEW)
    database = unquote(parts.path.removeprefix("/")) or environment.get("PGDATABASE", "")
    if not database or "/" in database or parts.fragment:
        raise UsageError("The address names no database.", _EXAMPLE)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if "password" in options:
        raise UsageError("There is a password in the address of the database.", _NEW)
    unknown = {*options} - {"sslmode", *_FILES}
    if unknown:
        raise UsageError(
            f"The address of the database cannot say {min(unknown)}.",
            f"It can say: sslmode, {', '.join(_FILES)}.",
        )
    host = unquote(parts.hostname or "") or environment.get("PGHOST", "")
    ssl = _ssl(options, environment, is_local=_is_local(host, environment))
    return Address(host, port, database, unquote(parts.username or ""), ssl)


_EXAMPLE = "Write, for example: postgres://analyst@db.example.org:5432/analytics"


def _is_local(host: str, environment: Mapping[str, str]) -> bool:
    """Whether nothing leaves this machine. The environment can name another address for a host."""
    if environment.get("PGSERVICE"):
        return False
    hosts = [host, environment.get("PGHOSTADDR", "")]
    return all(each == "" or each.startswith("/") or is_loopback(each) for each in hosts)


def _ssl(
    options: Mapping[str, str], environment: Mapping[str, str], *, is_local: bool
) -> tuple[tuple[str, str], ...]:
    """How the connection is encrypted: the server is known by its certificate unless the address
    says otherwise, and in the clear only within this machine."""
    mode = options.get("sslmode") or ("prefer" if is_local else "verify-full")
    if mode not in _ENCRYPTED and not (is_local and mode in {"disable", "allow", "prefer"}):
        raise UsageError(
            f"sslmode={mode} may send people's data unencrypted.",
            f"Take one of {', '.join(_ENCRYPTED)}; the last is what Hubbub takes by itself.",
        )
    chosen = {"sslmode": mode}
    chosen |= {name: options[name] for name in _FILES if name in options}
    own = environment.get("PGSSLROOTCERT") or (Path.home() / ".postgresql/root.crt").exists()
    if mode == "verify-full" and "sslrootcert" not in chosen and not own:
        chosen["sslrootcert"] = "system"
    return tuple(chosen.items())
