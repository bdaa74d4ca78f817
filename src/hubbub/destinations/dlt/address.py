"""Which of dlt's destinations is meant, and where in it."""

import os
import re
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from hubbub.core.warehouse import NAME_CHARACTERS, namespace_of
from hubbub.destinations.dlt import refusals
from hubbub.errors import UsageError

_WAITING = "_hubbub_waiting"
"""What the name of the dataset ends with in which dlt lets rows wait: dlt's own `_staging` may be
the name of a dataset of somebody's, and this one is dropped."""
_DATASET_CHARACTERS = NAME_CHARACTERS - len(_WAITING)
"""PostgreSQL cuts longer names off, and then both datasets would be one."""
_EXAMPLE = "snowflake"

_OURS = {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "CRITICAL",  # its warnings quote rows
    "INTERCEPT_SIGNALS": "false",  # else a Ctrl-C waits until all has been sent
    "RESTORE_FROM_DESTINATION": "false",
    "NORMALIZE__DATA_WRITER__DISABLE_COMPRESSION": "true",  # it takes half of all time
}
"""Settings of dlt's that hold whatever else is set."""


class Address(Struct, frozen=True):
    """A dataset of a destination."""

    title: str
    identity: str
    dataset: str
    dlt: Any
    """The library."""
    factory: Any
    """dlt's own description of the destination, which makes connections to it."""
    secrets: tuple[str, ...]
    """What must not be shown."""


def address_of(url: str, workspace: str) -> Address:
    """What `dlt://destination/dataset` means. Its settings and secrets are read where dlt reads
    them, in the environment first. Raises `UsageError`."""
    parts = urlsplit(url)
    name, dataset = parts.netloc, parts.path.strip("/")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or parts.query or parts.fragment:
        raise UsageError(
            "The address is to be dlt://DESTINATION or dlt://DESTINATION/DATASET, such as "
            f"dlt://{_EXAMPLE}/community.",
            "Whatever else the destination needs is read from the environment, such as "
            f"{refusals.variable(_EXAMPLE)}: docs/dlt.md.",
        )
    dataset = dataset or namespace_of(workspace, _DATASET_CHARACTERS)
    if not re.fullmatch(rf"[a-z0-9_]{{1,{_DATASET_CHARACTERS}}}", dataset):
        raise UsageError(
            f"A dataset cannot be called {dataset} here.",
            f"Use small letters, digits and _: at most {_DATASET_CHARACTERS} of them.",
        )
    dlt = _library()
    factory = _factory(dlt, name)
    try:
        with TemporaryDirectory() as folder:
            config = loader(dlt, factory, dataset, "settings", folder).destination_client().config
        place = _place(config)
    except dlt.common.configuration.exceptions.ConfigurationException as error:
        raise refusals.unconfigured(error, name) from None
    return Address(
        f"dlt://{name} ({place}), dataset {dataset}",
        f"dlt://{name} ({place})#{dataset}",
        dataset,
        dlt,
        factory,
        _secrets(config.credentials),
    )


def loader(dlt: Any, factory: Any, dataset: str, name: str, folder: str | Path) -> Any:
    """What dlt calls a pipeline, which keeps what it has under way in the folder."""
    return dlt.pipeline(name, destination=factory, dataset_name=dataset, pipelines_dir=str(folder))


def _library() -> Any:
    os.environ.update(_OURS)
    try:
        library = import_module("dlt")
        import_module("dlt.destinations.job_client_impl")
    except ImportError:
        raise UsageError(
            "This destination needs dlt, which is not installed.",
            f'Install it, with what it needs: pip install "hubbub[dlt]" "dlt[{_EXAMPLE}]".',
        ) from None
    return library


def _factory(dlt: Any, name: str) -> Any:
    """dlt's description of a destination that takes Hubbub's tables as they have to be kept."""
    try:
        plain = dlt.destination(name)
    except dlt.common.destination.exceptions.UnknownDestinationModule:
        raise refusals.unknown(name) from None
    can = plain.capabilities()
    merges = "delete-insert" in (can.supported_merge_strategies or ())
    if merges and can.preferred_loader_file_format is None:
        raise UsageError(
            f"dlt brings rows to {name} only by way of a bucket, and leaves them in it.",
            "Publish to a lake, and let it read that: s3://bucket/prefix.",
        )
    try:
        jobs = dlt.destinations.job_client_impl.SqlJobClientBase
        if not (merges and issubclass(plain.client_class, jobs)):
            raise UsageError(
                f"{name} does not keep tables in which rows can be changed and taken away.",
                f"Publish to a database or a warehouse, such as dlt://{_EXAMPLE}, or to a lake of "
                "Hubbub's own: s3://bucket/prefix.",
            )
    except ImportError:
        raise UsageError(
            f"dlt lacks what it needs for {name}.", f'Install it: pip install "dlt[{name}]".'
        ) from None
    wanted = {
        "replace_strategy": "insert-from-staging",  # readers see a table before or after
        "staging_dataset_name_layout": "%s" + _WAITING,
        "enable_dataset_name_normalization": False,  # it takes a__b for a_b
        "keep_staged_files": False,
    }
    known = plain.spec.get_resolvable_fields()
    return dlt.destination(name, **{key: wanted[key] for key in wanted if key in known})


def _place(config: Any) -> str:
    """Where the destination is, whoever logs in: the host, and what of it holds datasets."""
    # MotherDuck's is a digest of the token, which changes
    location = "" if config.destination_type.endswith("motherduck") else config.data_location()
    if "/" in location:
        return location
    inside = [getattr(config.credentials, each, None) for each in _INSIDE]
    return "/".join(filter(None, [location, *(each for each in inside if isinstance(each, str))]))


_INSIDE = ("database", "catalog", "project_id")
"""What credentials call what holds datasets."""


def _secrets(credentials: Any) -> tuple[str, ...]:
    base = import_module("dlt.common.configuration.specs.base_configuration")
    values = [
        getattr(credentials, name, None)
        for name, hint in credentials.get_resolvable_fields().items()
        if base.is_secret_hint(hint)
    ]
    return tuple(each for each in values if isinstance(each, str) and each)
