"""What PostgreSQL's errors, and those of its driver, ask for."""

import re
from typing import Any

from hubbub.destinations.postgres.address import Address
from hubbub.errors import HubbubError, TryAgain


class Refused(HubbubError):
    """The database does not take a statement. What it `said` may quote rows, if there were any."""

    def __init__(self, title: str, state: str, said: str) -> None:
        super().__init__(
            f"{title} refuses what Hubbub asks (SQLSTATE {state}).",
            "Look at the database's own log, which says more.",
        )
        self.said = said


def unreachable(error: Any, address: Address) -> HubbubError:
    """Why no connection comes about, in Hubbub's words."""
    said = str(error)
    if "password authentication failed" in said or "no password supplied" in said:
        return HubbubError(
            f"{address.title} does not let {address.user or 'this user'} in.",
            "Check the user in the address, and the password in PGPASSWORD or ~/.pgpass.",
        )
    if "no pg_hba.conf entry" in said or ("role" in said and "does not exist" in said):
        return HubbubError(
            f"{address.title} does not let {address.user or 'this user'} in.",
            "Check the user in the address; its administrator decides by pg_hba.conf.",
        )
    if "database" in said and "does not exist" in said:
        return HubbubError(
            f"{address.title} does not exist.", f"Create it: createdb {address.database}"
        )
    if "certificate" in said or "SSL" in said or "root.crt" in said:
        return HubbubError(
            f"No encrypted connection to {address.title} comes about.",
            "Name the authority that signs its certificate: ?sslrootcert=FILE. With "
            "?sslmode=require its name is not checked.",
        )
    return TryAgain(
        f"{address.title} cannot be reached.", "Check the address, and whether it runs."
    )


def _first_line(error: Any) -> str:
    """What the database says of a statement: `ERROR:` and a sentence."""
    found = re.search(r"ERROR:\s*([^\n]+)", str(error))
    return found[1].strip() if found else f"SQLSTATE {error.sqlstate}"


_LATER = ("08", "40", "53", "55", "57")
"""Classes of SQLSTATE that pass: lost connections, conflicts, full disks, locks, shutdowns."""


def explained(error: Any, title: str) -> HubbubError:
    """A driver's error in Hubbub's words; what it quotes of rows is left out."""
    state = str(error.sqlstate or "")
    if state == "42501":
        return HubbubError(
            f"{title} does not permit this.",
            "The user needs CREATE on the database, or has to own the schema: docs/publishing.md.",
        )
    if state == "53100":
        return TryAgain(f"The disk of {title} is full.", "Make room there, then run this again.")
    if state == "55P03":
        return TryAgain(
            f"Somebody keeps a table of {title} locked.", "Run this again when they are done."
        )
    if state == "2BP01":
        return HubbubError(
            f"Something in {title} needs a column that Hubbub no longer has.",
            "Drop the views of your own that read it, publish again, and make them anew.",
        )
    if state[:2] in _LATER or not state or state == "\0\0\0\0\0":
        return lost(title)
    return Refused(title, state, _first_line(error))


def lost(title: str) -> TryAgain:
    """The connection has ended, whatever it was that was asked."""
    return TryAgain(f"The connection to {title} was lost.", "Run this again.")
