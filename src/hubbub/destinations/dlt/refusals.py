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
    "(?i)password|authenticat|credential|log ?in|denied|unauthori|token|not exist|not a valid"
)
_NOT_ALLOWED = re.compile(
    "(?i)permission|privilege|not authorized|access denied|must be owner|read-?only|42501"
)


def variable(name: str) -> str:
    """The environment's variable of a destination's credentials."""
    return f"DESTINATION__{name.upper()}__CREDENTIALS"


def unknown(name: str) -> UsageError:
    """dlt has no such destination."""
    return UsageError(
        f"dlt knows no destination {name}.",
        "It knows snowflake, databricks, redshift, clickhouse, mssql, motherduck, duckdb and more. "
        f"A name of your own needs its kind: {variable(name)[: -len('CREDENTIALS')]}"
        "DESTINATION_TYPE=snowflake.",
    )


def unconfigured(error: Any, name: str) -> UsageError:
    """dlt lacks a setting. Its message is left out, for it may quote another one."""
    missing = ", ".join(dict.fromkeys(_missing(getattr(error, "traces", {}))))
    return UsageError(
        f"dlt lacks what it needs to reach {name}"
        + (f": {missing}." if missing else f" ({type(error).__name__})."),
        f"Set it in the environment: {variable(name)}, or its parts, such as "
        f"{variable(name)}__PASSWORD. https://dlthub.com/docs/dlt-ecosystem/destinations/{name}",
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
    last = causes[-1]
    said = _first_line(last, secrets)
    if getattr(last, "errno", None) == errno.ENOSPC or "No space left on device" in str(last):
        return DiskFull(
            "The disk is full: dlt packs rows into files before it sends them.",
            "Make room, then publish again: it goes on from there.",
        )
    if doing is Doing.CONNECTING and _NOT_LET_IN.search(said):
        return HubbubError(
            f"{title} does not let Hubbub in: {said}", "Check what dlt is told of it: docs/dlt.md."
        )
    if doing is Doing.CONNECTING:
        return TryAgain(f"{title} cannot be reached: {said}", "Check where it is, and if it runs.")
    told = type(last).__name__ + _state(causes) if doing is Doing.SENDING else said
    if _NOT_ALLOWED.search(said + _state(causes)):
        return HubbubError(
            f"{title} does not permit what dlt asks of it: {told}",
            "The user has to be allowed to make datasets, and tables in them: docs/dlt.md.",
        )
    if any(kind.__name__ == "TransientException" for each in causes for kind in type(each).__mro__):
        return TryAgain(f"{title} could not do what dlt asks of it: {told}", "Run this again.")
    return HubbubError(f"{title} does not do what dlt asks of it: {told}", "Its own log says more.")


def _state(causes: Sequence[BaseException]) -> str:
    found = [getattr(each, name, None) for each in causes for name in _STATES]
    return next((f" ({each})." for each in found if each), ".")


def _first_line(error: BaseException, secrets: Sequence[str]) -> str:
    lines = str(error).strip().splitlines()
    said = lines[0].strip() if lines else type(error).__name__
    for secret in secrets:
        said = said.replace(secret, "…")
    return said if said[-1] in ".!?" else said + "."
