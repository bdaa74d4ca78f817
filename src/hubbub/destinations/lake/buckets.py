"""Where a workspace's files in a lake lie: a bucket of S3, or of a server that speaks like it."""

import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.fs
from msgspec import Struct

from hubbub.core.loopback import is_loopback
from hubbub.destinations.lake.places import unwritable
from hubbub.errors import HubbubError, TryAgain, UsageError

_pa: Any = pa
_fs: Any = pyarrow.fs

_ATTEMPTS = 3
_PATIENCE_SECONDS = 10
_CODE = re.compile(r"AWS Error ([A-Z0-9_]+)(?:[^:]*? during (\w+) operation)?")
"""As Arrow gives S3's errors."""
_CODE_OF_DELTA = re.compile(r"performing (\w+)(?:.*<Code>(\w+)</Code>)?", re.DOTALL)
_LOGIN = {
    "INVALID_ACCESS_KEY_ID": "it does not know the access key",
    "INVALID_CLIENT_TOKEN_ID": "it does not know the access key",
    "UNRECOGNIZED_CLIENT": "it does not know the access key",
    "SIGNATURE_DOES_NOT_MATCH": "the secret is not the access key's",
    "INVALID_SIGNATURE": "the secret is not the access key's",
    "EXPIRED_TOKEN": "the session has expired",
    "MISSING_AUTHENTICATION_TOKEN": "nothing says who we are",
}
_PASSING = {
    "SLOW_DOWN",
    "THROTTLING",
    "SERVICE_UNAVAILABLE",
    "INTERNAL_FAILURE",
    "REQUEST_TIMEOUT",
}
_NO_TLS = re.compile(
    r"curlCode: (35|51|53|54|58|59|60|64|66|77|80|83|90|91)\b|invalid peer certificate"
)
_NO_ANSWER = "error sending request"


class Access(Struct, frozen=True):
    """How a bucket's server is reached: whatever is not given, AWS's own libraries find out."""

    endpoint: str | None
    """The address of a server other than AWS's."""
    region: str | None
    ca_file: str | None
    """A file with the certificates that are trusted, instead of the system's."""

    @property
    def server(self) -> str:
        """The server, for people."""
        return urlsplit(self.endpoint).netloc if self.endpoint else "S3"


def access(environment: Mapping[str, str]) -> Access:
    """What the environment says of the server. Raises `UsageError` if it would not be encrypted."""
    endpoint = environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL")
    if endpoint:
        parts = urlsplit(endpoint)
        if parts.username or parts.password:
            raise UsageError(
                "AWS_ENDPOINT_URL holds a login.",
                "Put it into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
            )
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise UsageError(
                "AWS_ENDPOINT_URL is no address of a server.", "Write it as https://host:port."
            )
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            raise UsageError(
                f"The tables would go to {parts.netloc} without encryption.",
                "Name the server with https:// in AWS_ENDPOINT_URL.",
            )
    return Access(
        endpoint,
        environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION"),
        environment.get("SSL_CERT_FILE"),
    )


class Bucket:
    """A workspace's part of a lake in a bucket."""

    at_once = 16

    def __init__(
        self, bucket: str, prefix: str, workspace: str, access: Access, scratch: Path
    ) -> None:
        self._bucket = bucket
        self._path = "/".join([bucket, *filter(None, prefix.split("/")), workspace])
        self._access = access
        self._opened: Any = None
        self.title = f"s3://{self._path}"
        self.identity = f"{access.endpoint or 's3'}:{self._path}"
        self.workshop = scratch / "lake"

    def check(self) -> None:
        """Nothing is known before it is tried: the first file that is put there tells."""

    def begin(self) -> None:
        """Make a workshop in the scratch folder."""
        self.end()
        try:
            self.workshop.mkdir(parents=True, mode=0o700)
        except OSError as error:
            raise unwritable(self.workshop, error) from error

    def end(self) -> None:
        """Remove the workshop."""
        shutil.rmtree(self.workshop, ignore_errors=True)

    def names(self, under: str = "") -> Sequence[str]:
        """The names right below a folder, in order."""
        folder = f"{self._path}/{under}".rstrip("/")
        try:
            found = self._files().get_file_info(_fs.FileSelector(folder, allow_not_found=True))
        except OSError as error:
            raise self.explained(error) from error
        if not found and not under:
            self._refuse_missing()
        return sorted(each.base_name for each in found)

    def read(self, name: str) -> bytes:
        """A file's bytes."""
        try:
            with self._files().open_input_stream(f"{self._path}/{name}") as file:
                return file.read()
        except OSError as error:
            raise self.explained(error) from error

    def put(self, file: Path, name: str) -> None:
        """Upload a file: it is there when the whole of it is, and only then."""
        # In one call from memory that the file is mapped to: were it read bit by bit and reading
        # failed, Arrow would close, and so complete, the upload of what there is.
        try:
            with (
                _pa.memory_map(str(file)) as source,
                self._files().open_output_stream(f"{self._path}/{name}") as target,
            ):
                target.write(source.read_buffer())
        except OSError as error:
            raise self.explained(error) from error
        file.unlink()

    def remove(self, name: str) -> None:
        """Remove a file."""
        try:
            self._files().delete_file(f"{self._path}/{name}")
        except FileNotFoundError:
            return
        except OSError as error:
            raise self.explained(error) from error

    def table(self, name: str) -> tuple[str, dict[str, str]]:
        """A table's address, and the settings with which Delta reaches it."""
        options = {
            "timeout": f"{_PATIENCE_SECONDS * 6}s",
            "connect_timeout": f"{_PATIENCE_SECONDS}s",
            "max_retries": str(_ATTEMPTS),
            "AWS_REGION": self._region(),
        }
        if self._access.endpoint:
            options["AWS_ENDPOINT_URL"] = self._access.endpoint
            is_plain = self._access.endpoint.startswith("http:")
            options["AWS_ALLOW_HTTP"] = "true" if is_plain else "false"
        return f"{self.title}/{name}", options

    def explained(self, error: Exception) -> HubbubError:
        """What to say of an error of a library that reads or writes there."""
        return explained(str(error), self._access.server, self._bucket, self.title)

    def _refuse_missing(self) -> None:
        """Arrow finds nothing in a bucket that is not there either."""
        try:
            is_there = self._files().get_file_info(self._bucket).type != _fs.FileType.NotFound
        except OSError:
            return  # not everyone who may write to it may look at the bucket itself
        if not is_there:
            raise explained(
                "AWS Error NO_SUCH_BUCKET", self._access.server, self._bucket, self.title
            )

    def _region(self) -> str:
        if self._access.region or self._access.endpoint:
            return self._access.region or "us-east-1"  # other servers take any
        try:
            return _fs.resolve_s3_region(self._bucket)
        except OSError as error:
            raise self.explained(error) from error

    def _files(self) -> Any:
        """The file system, which is opened when it is first needed."""
        if self._opened is None:
            access = self._access
            endpoint = urlsplit(access.endpoint) if access.endpoint else None
            self._opened = _fs.S3FileSystem(
                region=self._region(),
                scheme=endpoint.scheme if endpoint else "https",
                endpoint_override=endpoint.netloc + endpoint.path if endpoint else None,
                tls_ca_file_path=access.ca_file,
                connect_timeout=_PATIENCE_SECONDS,
                request_timeout=_PATIENCE_SECONDS * 6,
                retry_strategy=_fs.AwsStandardS3RetryStrategy(max_attempts=_ATTEMPTS),
                allow_delayed_open=True,  # small files go in one request
            )
        return self._opened


def explained(error: str, server: str, bucket: str, place: str) -> HubbubError:
    """What S3 says, in Hubbub's words, classed by what to do."""
    code, operation = _code(error)
    if code in _LOGIN:
        return HubbubError(
            f"{server} does not let us in: {_LOGIN[code]}.",
            "Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and AWS_SESSION_TOKEN if it has "
            "one.",
        )
    if code == "ACCESS_DENIED":
        return HubbubError(
            f"{server} does not permit {operation} in {place}.",
            "Grant the rights that docs/lake.md lists, or check whose AWS_ACCESS_KEY_ID it is.",
        )
    if code == "NO_SUCH_BUCKET" or error.startswith("Bucket "):
        return HubbubError(
            f"{server} has no bucket {bucket}.", "Make it first, or correct its name."
        )
    if _NO_TLS.search(error):
        return HubbubError(
            f"No encrypted connection to {server} comes about.",
            "Check its certificate; SSL_CERT_FILE names a file of certificates to trust.",
        )
    if code == "NETWORK_CONNECTION" or code in _PASSING:
        return TryAgain(
            f"{server} does not answer ({code.replace('_', ' ').lower()}).",
            "Check AWS_ENDPOINT_URL and the network, then publish again.",
        )
    return HubbubError(
        f"{operation} failed at {server}: {code}.",
        "Look at the server; publishing again goes on from there.",
    )


def _code(error: str) -> tuple[str, str]:
    """S3's code and the operation that it is about."""
    if found := _CODE.search(error):
        return found[1], found[2] or "A call"
    if found := _CODE_OF_DELTA.search(error):
        code = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", found[2] or "").upper()
        is_away = not code and _NO_ANSWER in error
        return "NETWORK_CONNECTION" if is_away else code or "UNKNOWN", found[1]
    return "UNKNOWN", "A call"
