"""What errors of dlt's, and of the drivers that it uses, ask for."""

import errno
import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from enum import Enum
from typing import Any

from hubbub.errors import DiskFull, HubbubError, TryAgain, UsageError

_NAMED = ("exception", "client_exception", "inner_exc", "dbapi_exception", "orig")
"""Where exceptions of dlt's and SQLAlchemy's keep what has caused them."""
_STATES = ("sqlstate", "pgcode", "errno")
"""What drivers call the number of an error."""
_NOT_LET_IN = re.compile(
    "(?i)password|authenticat|credential|log ?in|denied|unauthori|token|role .* not exist"
)
_NOT_THERE = re.compile("(?i)not exist|not a valid|no such file|sslmode|certificate|ssl")
_NOT_ALLOWED = re.compile(
    "(?i)permission|privilege|not authorized|access denied|must be owner|read-?only|42501"
    "|already exists"
)
_NEEDED = ("2BP01", "23503")
"""SQLSTATE of what cannot go, since something else is made of it, or refers to it."""
_LATER = ("08", "40", "53", "55", "57")
"""Classes of SQLSTATE that pass: lost connections, conflicts, want of means, locks, shutdowns."""
_MOST = 400
"""Characters that are shown of what a warehouse says."""
_FIX_SETTINGS = "Check where it is, if it runs, and what the environment says of it: docs/dlt.md."


def variable(name: str) -> str:
    """The environment's variable of a destination's credentials."""
    return f"DESTINATION__{name.upper()}__CREDENTIALS"


def unknown(name: str, kind: str | None) -> UsageError:
    """dlt has no such destination, or none of the kind that a name stands for."""
    setting = f"DESTINATION__{name.upper()}__DESTINATION_TYPE"
    return UsageError(
        f"dlt knows no destination {kind or name}" + (f" ({setting})." if kind else "."),
        "It knows snowflake, databricks, redshift, clickhouse, mssql, motherduck, duckdb and more. "
        f"A name of your own needs its kind: {setting}=snowflake.",
    )


def unconfigured(error: Any, name: str, kind: str) -> UsageError:
    """Settings are missing, or cannot be read. dlt's message is left out, for it may quote one."""
    missing = ", ".join(dict.fromkeys(_missing(getattr(error, "traces", {}))))
    if error is None:
        missing = "credentials, with a whole path"
    reason = (
        f"dlt lacks what it needs to reach {name}: {missing}."
        if missing
        else f"dlt cannot read what it is told of {name}: {type(error).__name__}."
    )
    return UsageError(
        reason,
        f"Set it in the environment: {variable(name)}, or its parts, such as "
        f"{variable(name)}__PASSWORD. https://dlthub.com/docs/dlt-ecosystem/destinations/{kind}",
    )


def _missing(traces: Any) -> Generator[str]:
    for field, tried in traces.items():
        inner = [each.traces for each in tried if hasattr(each, "traces")]
        if inner:
            yield from _missing(inner[0])
        else:
            yield field


class Doing(Enum):
    """What dlt is at when something goes wrong."""

    CONNECTING = "connecting"
    ASKING = "asking"
    SENDING = "sending"
    """Rows, which may be quoted by whatever is said."""


@contextmanager
def explained(doing: Doing, title: str, secrets: Sequence[str]) -> Generator[None]:
    """Whatever is raised while dlt works, in Hubbub's words."""
    try:
        yield
    except HubbubError:
        raise
    except Exception as error:  # noqa: BLE001 each driver has errors of its own
        cause = None if doing is Doing.SENDING else error
        raise _explained(doing, [*_causes(error)], title, secrets) from cause


def _causes(error: BaseException) -> Generator[BaseException]:
    """An error, and what has caused it, that of another, and so on."""
    yield error
    named = (getattr(error, each, None) for each in _NAMED)
    cause = next((each for each in named if isinstance(each, BaseException)), error.__cause__)
    if cause is not None and cause is not error:
        yield from _causes(cause)


def _explained(
    doing: Doing, causes: Sequence[BaseException], title: str, secrets: Sequence[str]
) -> HubbubError:
    last, state = causes[-1], _state(causes)
    said = _first_lines(last, secrets)
    told = type(last).__name__ + (f" ({state})" if state else "") + "."
    told = told if doing is Doing.SENDING else said
    if getattr(last, "errno", None) == errno.ENOSPC:
        return DiskFull(
            "The disk is full: dlt packs rows into files before it sends them.",
            "Make room, then publish again: it goes on from there.",
        )
    if "No space left on device" in str(last) or state == "53100":
        return TryAgain(
            f"A disk is full: of {title}, or of this machine, where rows are packed for it.",
            "Make room, then run this again.",
        )
    if doing is Doing.CONNECTING:
        if _NOT_LET_IN.search(said):
            return HubbubError(f"{title} does not let Hubbub in: {said}", _FIX_SETTINGS)
        kind = HubbubError if _NOT_THERE.search(said) else TryAgain
        return kind(f"{title} cannot be reached: {said}", _FIX_SETTINGS)
    if _NOT_ALLOWED.search(f"{said} {state}"):
        return HubbubError(
            f"{title} does not permit what dlt asks of it: {told}",
            "The user has to be allowed to make datasets and tables, and to use those that are "
            "there: docs/dlt.md.",
        )
    if state in _NEEDED or "foreign key" in said:
        return HubbubError(
            f"Something in {title} needs what is to go: {told}",
            "Drop the views and foreign keys of your own that refer to it, publish again, and make "
            "the views anew.",
        )
    passes = state[:2] in _LATER if state else any(map(_is_transient, causes))
    if passes:
        return TryAgain(f"{title} could not do what dlt asks of it: {told}", "Run this again.")
    return HubbubError(
        f"{title} does not do what dlt asks of it: {told}",
        "Its own log says more. If somebody has changed tables there, send all rows anew: "
        "hubbub publish … --full-refresh",
    )


def _is_transient(error: BaseException) -> bool:
    return any(kind.__name__ == "TransientException" for kind in type(error).__mro__)


def _state(causes: Sequence[BaseException]) -> str:
    found = [getattr(each, name, None) for each in causes for name in _STATES]
    return next((str(each) for each in found if each), "")


def _first_lines(error: BaseException, secrets: Sequence[str]) -> str:
    """What is said, without the statement that SQLAlchemy repeats, and PostgreSQL's advice."""
    first = re.split(r"\n(?:\[SQL|HINT):", str(error))[0]
    said = " ".join(first.split()) or type(error).__name__
    for secret in secrets:
        said = said.replace(secret, "…")
    said = said if len(said) <= _MOST else said[:_MOST] + " …"
    return said if said[-1] in ".!?" else said + "."
