"""Which of dlt's destinations is meant, and where in it."""

import re
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from msgspec import Struct

from hubbub.core.warehouse import NAME_CHARACTERS, namespace_of
from hubbub.destinations.dlt import refusals
from hubbub.destinations.dlt.surroundings import set_up
from hubbub.errors import UsageError

WAITING = "_waiting_"
"""What follows a dataset's name, and is followed by eight digits, in the name of the one in which
dlt lets its rows wait. One of dlt's own choice, `…_staging`, a team may have; and it is dropped."""
NOWHERE = "%s_nothing_waits"
"""That name where nothing is loaded: dlt asks for one all the same."""
_DATASET_CHARACTERS = NAME_CHARACTERS - len(WAITING) - 8
"""PostgreSQL cuts longer names off, and then both datasets would be one."""
_EXAMPLE = "snowflake"
_FILES = ("duckdb", "ducklake")
"""Kinds that, told nothing, would be a file wherever one happens to stand."""


class Address(Struct, frozen=True):
    """A dataset of a destination."""

    title: str
    identity: str
    dataset: str
    library: Any
    """dlt itself."""
    name: str
    """What dlt calls the destination."""
    secrets: tuple[str, ...]
    """What must not be shown."""

    def pipeline(self, called: str, waiting: str, folder: Path) -> Any:
        """A way for rows, in dlt's word: to the dataset, by way of another one, in which they wait;
        of what it has under way there are files in the folder. Raises `UsageError`."""
        if "%" in str(folder):
            raise UsageError(
                f"dlt cannot work in a folder whose path has a % in it: {folder}.",
                "Take another --home, or publish without dlt.",
            )
        return _pipeline(self.library, self.name, self.dataset, called, waiting, folder)


def address_of(url: str, workspace: str) -> Address:
    """What `dlt://destination/dataset` means. Its settings and secrets come from the environment.
    Raises `UsageError`."""
    found = re.fullmatch(r"dlt://([a-z][a-z0-9_]*)(?:/([^/?#]*))?/?", url)
    if found is None:
        raise UsageError(
            "The address is to be dlt://DESTINATION or dlt://DESTINATION/DATASET, such as "
            f"dlt://{_EXAMPLE}/community.",
            "Whatever else the destination needs is read from the environment, such as "
            f"{refusals.variable(_EXAMPLE)}: docs/dlt.md.",
        )
    name, dataset = found[1], found[2] or namespace_of(workspace, _DATASET_CHARACTERS)
    if not re.fullmatch(rf"[a-z0-9_]{{1,{_DATASET_CHARACTERS}}}", dataset):
        raise UsageError(
            f"A dataset cannot be called {dataset} here.",
            f"Use small letters, digits and _: at most {_DATASET_CHARACTERS} of them.",
        )
    library = _library()
    credentials = set_up()
    kind = _kind(library, name)
    try:
        with TemporaryDirectory() as folder:
            way = _pipeline(library, name, dataset, "hubbub", NOWHERE, Path(folder))
            config = way.destination_client().config
            place = _place(config)
    except Exception as error:  # noqa: BLE001 each destination has errors of its own for these
        raise refusals.unconfigured(error, name, kind) from None
    if kind in _FILES and not (credentials.are_found and folder not in place):
        raise refusals.unconfigured(None, name, kind)
    if kind in _FILES and Path(place).stem == dataset:
        raise UsageError(
            f"DuckDB takes a dataset {dataset} in {place} for the file itself.",
            f"Name another dataset: dlt://{name}/slack.",
        )
    return Address(
        f"dlt://{name} ({place}), dataset {dataset}",
        f"dlt://{name} ({place})#{dataset}",
        dataset,
        library,
        name,
        _secrets(config.credentials),
    )


def _library() -> Any:
    try:
        library = import_module("dlt")
        import_module("dlt.destinations.job_client_impl")
    except ImportError:
        raise UsageError(
            "This destination needs dlt, which is not installed.",
            f'Install it, with what it needs: pip install "hubbub[dlt]" "dlt[{_EXAMPLE}]".',
        ) from None
    return library


def _kind(dlt: Any, name: str) -> str:
    """What dlt calls the kind of a destination. Raises `UsageError` if it is none that can keep
    Hubbub's tables as they have to be kept."""
    try:
        there = dlt.destination(name)
    except dlt.common.destination.exceptions.UnknownDestinationModule as error:
        raise refusals.unknown(name, error.destination_type) from None
    kind, can = there.destination_type.rpartition(".")[2], there.capabilities()
    merges = "delete-insert" in (can.supported_merge_strategies or ())
    if merges and can.preferred_loader_file_format is None:
        raise UsageError(
            f"dlt brings rows to {name} only by way of a bucket, and leaves them in it.",
            "Publish to a lake, and let it read that: s3://bucket/prefix.",
        )
    try:
        jobs = dlt.destinations.job_client_impl.SqlJobClientBase
        if not (merges and issubclass(there.client_class, jobs)):
            raise UsageError(
                f"{name} does not keep tables in which rows can be changed and taken away.",
                f"Publish to a database or a warehouse, such as dlt://{_EXAMPLE}, or to a lake of "
                "Hubbub's own: s3://bucket/prefix.",
            )
    except ImportError:
        raise UsageError(
            f"dlt lacks what it needs for {name}.", f'Install it: pip install "dlt[{kind}]".'
        ) from None
    return kind


def _pipeline(dlt: Any, name: str, dataset: str, called: str, waiting: str, folder: Path) -> Any:
    plain = dlt.destination(name)
    formats = set(plain.capabilities().supported_loader_file_formats)
    # PostgreSQL has both: by CSV an empty text becomes NULL, by Parquet no password may have a
    # blank. DuckDB is told the paths of files as if there were no ' in them
    if "insert_values" in formats and ("csv" in formats or "'" in str(folder)):
        formats = {"insert_values"}
    wanted = {
        "replace_strategy": "insert-from-staging",  # readers see a table before or after
        "staging_dataset_name_layout": waiting,
        "enable_dataset_name_normalization": False,  # it takes a__b for a_b
        "keep_staged_files": False,
    }
    known = plain.spec.get_resolvable_fields()
    destination = dlt.destination(
        name,
        supported_loader_file_formats=sorted(formats - {"csv"}),
        **{key: wanted[key] for key in wanted if key in known},
    )
    return dlt.pipeline(
        called, destination=destination, dataset_name=dataset, pipelines_dir=str(folder)
    )


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
