"""How BigQuery is reached, and what its errors ask for.

Its errors may quote values, so of them only the status and the reason are told. Of a view's SQL,
which has none, the message is told too.
"""

import os
import re
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from msgspec import Struct

from hubbub.core.loopback import is_loopback
from hubbub.core.warehouse import namespace_of
from hubbub.errors import HubbubError, TryAgain, UsageError

CREDENTIALS = "GOOGLE_APPLICATION_CREDENTIALS"
EMULATOR = "BIGQUERY_EMULATOR_HOST"
"""Where Google's client looks for an emulator of BigQuery."""
_FORM = "bigquery://project/dataset"
_SCOPES = ("https://www.googleapis.com/auth/bigquery",)
PATIENCE = 60.0
"""Seconds for which a request that Google does not answer is made again."""
JOB_SECONDS = 3600.0
_LATER = {"backendError", "internalError", "rateLimitExceeded", "jobRateLimitExceeded", "timeout",
          "tableUnavailable"}  # fmt: skip
_BUSY = re.compile("concurrent update|serialize access", re.IGNORECASE)


class Address(Struct, frozen=True):
    """A dataset of a project."""

    project: str
    dataset: str
    location: str | None
    """Where a dataset that is not there yet is made, such as `EU`; Google's choice if None."""

    @property
    def title(self) -> str:
        """For people."""
        return f"bigquery://{self.project}/{self.dataset}"


def address_of(url: str, workspace: str) -> Address:
    """Read a URL; the dataset is named after the workspace where none is named.
    Raises `UsageError`."""
    parts = urlsplit(url)
    dataset = parts.path.strip("/") or namespace_of(workspace)
    if "@" in parts.netloc:
        raise UsageError(
            "The address of a BigQuery dataset names nobody who logs in.",
            f"Write {_FORM}, and name a file with the key of a service account in {CREDENTIALS}.",
        )
    if not re.fullmatch(r"[a-z0-9.:-]+", parts.netloc) or not re.fullmatch(r"\w+", dataset):
        raise UsageError("The address is not that of a BigQuery dataset.", f"Write {_FORM}.")
    options = parse_qs(parts.query)
    unknown = sorted(set(options) - {"location"})
    if unknown:
        raise UsageError(
            f"{unknown[0]} is no option of a BigQuery dataset's address.",
            "There is location: where the dataset is made, such as ?location=EU",
        )
    return Address(parts.netloc, dataset, options["location"][0] if "location" in options else None)


@contextmanager
def connected(address: Address) -> Generator[Any]:
    """Google's client, logged in by what the environment says. What it raises is explained."""
    try:
        from google import auth as google_auth
        from google.auth.exceptions import DefaultCredentialsError
        from google.cloud import bigquery
    except ModuleNotFoundError as error:
        raise HubbubError(
            "BigQuery's client is not installed.", 'Install it: pip install "hubbub[bigquery]"'
        ) from error
    auth: Any = google_auth
    _refuse_open_lines()
    with explained(address):
        try:
            credentials, _ = auth.default(scopes=_SCOPES)
        except DefaultCredentialsError:
            raise HubbubError(
                f"There is nothing to log in to {address.title} with.",
                f"Name a file with the key of a service account in {CREDENTIALS}, or log in by "
                "gcloud auth application-default login.",
            ) from None
        client: Any = bigquery.Client(project=address.project, credentials=credentials)
        try:
            yield client
        finally:
            client.close()


def _refuse_open_lines() -> None:
    emulator = urlsplit(os.environ.get(EMULATOR, ""))
    if emulator.scheme == "http" and not is_loopback(emulator.hostname or ""):
        raise UsageError(
            f"{EMULATOR} names another machine, to which nothing would be encrypted.",
            f"Unset {EMULATOR}, or name an address that begins with https://.",
        )


@contextmanager
def explained(address: Address) -> Generator[None]:
    """What Google's client raises, in Hubbub's words."""
    import requests
    from google.api_core.exceptions import GoogleAPICallError, RetryError
    from google.auth.exceptions import RefreshError, TransportError

    try:
        yield
    except RefreshError:
        raise HubbubError(
            f"Google does not let us in to {address.title}.",
            f"Check the key in {CREDENTIALS}: is it of this project, and not withdrawn?",
        ) from None
    except (RetryError, TransportError, requests.RequestException, TimeoutError):
        raise TryAgain(
            f"{address.title} cannot be reached.", "Is the network up, and Google's service?"
        ) from None
    except GoogleAPICallError as error:
        raise _explanation(error, address) from None


def reason_of(error: Any) -> str:
    """Google's word for what is wrong, such as `accessDenied`."""
    told: list[dict[str, str]] = list(error.errors)
    return next((each["reason"] for each in told if each.get("reason")), "")


def _explanation(error: Any, address: Address) -> HubbubError:
    code, reason = error.code, reason_of(error)
    if code == 401:
        return HubbubError(
            f"Google does not let us in to {address.title}.",
            f"Check the key in {CREDENTIALS}: is it of this project, and not withdrawn?",
        )
    if reason in _LATER or code in {429, 412} or code >= 500 or _BUSY.search(str(error)):
        return TryAgain(
            f"{address.title} is busy ({reason or code}).",
            "Try again; what was not finished was undone.",
        )
    if reason in {"quotaExceeded", "billingNotEnabled", "billingTierLimitExceeded"}:
        return HubbubError(
            f"Google does not do this for {address.title}: {reason}.",
            "Look at the project's billing and quotas in Google's console.",
        )
    if code == 403:
        return HubbubError(
            f"The service account lacks rights in {address.title}.",
            "Let its administrator grant it the roles BigQuery Job User in the project, and "
            "BigQuery Data Editor in the dataset (in the project, to let Hubbub make it).",
        )
    return HubbubError(
        f"{address.title} refuses what is asked of it ({code} {reason}).",
        "Look at the project's jobs in Google's console, which say more.",
    )
