"""A session with a MySQL or MariaDB server: how it is reached, and what its errors ask for.

A server's error may quote rows (`Duplicate entry '…'`), so of its errors only the number is told.
"""

import os
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from msgspec import Struct

from hubbub.core.loopback import is_loopback
from hubbub.core.warehouse import namespace_of
from hubbub.errors import HubbubError, TryAgain, UsageError

if TYPE_CHECKING:
    import ssl

PASSWORD = "MYSQL_PWD"  # noqa: S105 -- the variable's name
"""The environment variable with the password, as the server's own programs know it."""
_FORM = "mysql://user@host/database"
_CONNECT_SECONDS = 10
_ANSWER_SECONDS = 3600
"""A statement that takes longer is given up: a table of millions of rows is replaced in minutes."""
_LOCK_SECONDS = 10
_MODE = "NO_BACKSLASH_ESCAPES,STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION"
"""Texts are quoted by doubling quotes, and what does not fit is an error."""


class Address(Struct, frozen=True):
    """Where a database is, and who logs in."""

    host: str
    port: int
    user: str
    database: str
    ca: str | None
    """A file with the certificates that are trusted; the system's if there is none."""

    @property
    def title(self) -> str:
        """The address without the user."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"mysql://{host}:{self.port}/{self.database}"

    @property
    def is_here(self) -> bool:
        """Whether it is on this machine, to which nothing need be encrypted."""
        return is_loopback(self.host)


def address_of(url: str, workspace: str) -> Address:
    """Read a URL; the database is named after the workspace where none is named.
    Raises `UsageError`."""
    try:
        parts = urlsplit(url)
        port = parts.port or 3306
    except ValueError as error:
        raise UsageError("The address of the MySQL server cannot be read.", _FORM) from error
    if parts.password is not None:
        raise UsageError(
            "The address of the MySQL server has a password in it, which others could read.",
            f"Leave it out, and set {PASSWORD} in the environment: {_FORM}",
        )
    if not parts.hostname or not parts.username:
        raise UsageError(
            "The address of the MySQL server lacks a host or a user.", f"Write {_FORM}."
        )
    options = parse_qs(parts.query)
    unknown = sorted(set(options) - {"ssl_ca"})
    if unknown:
        raise UsageError(
            f"{unknown[0]} is no option of a MySQL server's address.",
            "There is ssl_ca: a file with the certificates that are trusted.",
        )
    return Address(
        parts.hostname,
        port,
        unquote(parts.username),
        unquote(parts.path.strip("/")) or namespace_of(workspace),
        options["ssl_ca"][0] if "ssl_ca" in options else None,
    )


class Session:
    """An open session, in which statements are run."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def run(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a statement with its values; the rows that it answers with."""
        with self._connection.cursor() as cursor:
            cursor.execute(statement, tuple(values) or None)
            return list(cursor.fetchall())

    @contextmanager
    def at_once(self) -> Generator[None]:
        """All that is run in the block becomes valid at its end, or nothing of it."""
        self.run("START TRANSACTION")
        try:
            yield
        except BaseException:
            with suppress(Exception):  # the connection may be gone, and the server rolls back then
                self.run("ROLLBACK")
            raise
        self.run("COMMIT")


@contextmanager
def session(address: Address) -> Generator[Session]:
    """Log in, in no database yet. What the server refuses is explained."""
    pymysql = _driver()
    with explained(address):
        connection = pymysql.connect(
            host=address.host,
            port=address.port,
            user=address.user,
            password=os.environ.get(PASSWORD, ""),
            charset="utf8mb4",
            sql_mode=_MODE,
            autocommit=True,
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_ANSWER_SECONDS,
            write_timeout=_ANSWER_SECONDS,
            ssl=None if address.is_here else _context(address),
            ssl_disabled=address.is_here,
            local_infile=False,
        )
        try:
            yield Session(connection)
        finally:
            with suppress(pymysql.Error):  # closed by the server already
                connection.close()


@contextmanager
def turn(running: Session, address: Address) -> Generator[None]:
    """Keep others from publishing to the same database; the server ends the turn with the session,
    so a program that was killed holds up nobody."""
    name = f"hubbub.{address.database}"[:64]
    if running.run("SELECT GET_LOCK(%s, %s)", (name, _LOCK_SECONDS)) != [(1,)]:
        raise TryAgain(
            f"Somebody else publishes to {address.title}.", "Wait for that to end, then try again."
        )
    yield
    running.run("SELECT RELEASE_LOCK(%s)", (name,))


def _driver() -> Any:
    try:
        import pymysql
    except ModuleNotFoundError as error:
        raise HubbubError(
            "MySQL's driver is not installed.", 'Install it: pip install "hubbub[mysql]"'
        ) from error
    return pymysql


def _context(address: Address) -> "ssl.SSLContext":
    import ssl

    try:
        return ssl.create_default_context(cafile=address.ca)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(
            f"{address.ca} cannot be read as certificates.",
            "Name a PEM file with ssl_ca, or leave it out to trust what the system trusts.",
        ) from error


@contextmanager
def explained(address: Address) -> Generator[None]:
    """What the driver raises, in Hubbub's words."""
    pymysql = _driver()
    try:
        yield
    except pymysql.Error as error:
        raise _explanation(error, address) from None


def _explanation(error: Any, address: Address) -> HubbubError:
    import ssl

    code = error.args[0] if error.args else 0
    cause = getattr(error, "original_exception", None)
    if isinstance(cause, ssl.SSLError):
        why = getattr(cause, "verify_message", "") or "no encrypted connection comes about"
        return HubbubError(
            f"{address.title} cannot be trusted: {why}.",
            "Name the authority's certificate with ?ssl_ca=FILE, and the host as its certificate "
            "does.",
        )
    for codes, explain in _EXPLANATIONS:
        if code in codes:
            return explain(address)
    return HubbubError(
        f"{address.title} refuses what is asked of it (error {code}).",
        "The number is explained in MariaDB's and MySQL's manuals; the server's log may say more.",
    )


_EXPLANATIONS: tuple[tuple[set[int], Callable[[Address], HubbubError]], ...] = (
    (
        {1045, 1698, 1862, 4151},
        lambda address: HubbubError(
            f"{address.title} does not let {address.user} in: wrong user or password.",
            f"Check the user in the address, and {PASSWORD} in the environment.",
        ),
    ),
    (
        {1044, 1142, 1143, 1227, 1370},
        lambda address: HubbubError(
            f"{address.user} lacks rights in {address.title}.",
            "Let its administrator grant SELECT, INSERT, UPDATE, DELETE, CREATE, CREATE TEMPORARY "
            f"TABLES, ALTER, INDEX and DROP on {address.database}.* to {address.user}.",
        ),
    ),
    (
        {2026},
        lambda address: HubbubError(
            f"{address.title} does not encrypt.",
            "Let its administrator set up TLS; without it only this machine's own is published to.",
        ),
    ),
    (
        {2003, 2005},
        lambda address: TryAgain(
            f"{address.title} cannot be reached.",
            "Check host and port; is the server up, and no firewall between?",
        ),
    ),
    (
        {1040, 1053, 1152, 1158, 1159, 1160, 1161, 1203, 1205, 1213, 1226, 2006, 2013, 2055},
        lambda address: TryAgain(
            f"{address.title} is busy, or has ended the connection.",
            "Try again; what was not finished was undone.",
        ),
    ),
    (
        {1021, 1030, 1114},
        lambda address: HubbubError(
            f"The disk of {address.title} is full, or fails.",
            "Let its administrator make room; what was not finished was undone.",
        ),
    ),
    (
        {1290, 1792, 1836},
        lambda address: HubbubError(
            f"{address.title} can only be read.", "Name the server that is written to."
        ),
    ),
    (
        {1153},
        lambda address: HubbubError(
            f"{address.title} does not take a row of this size.",
            "Let its administrator raise max_allowed_packet.",
        ),
    ),
    (
        {1406},
        lambda address: HubbubError(
            f"A value is too long for its column in {address.title}.",
            "Columns of keys and indexes hold 191 characters; docs/mysql.md says which.",
        ),
    ),
)
