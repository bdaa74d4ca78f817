"""Writes metrics, tables and the network to files."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import duckdb

from hubbub.core.quoting import quoted
from hubbub.core.tables import HANGING, MERGED
from hubbub.destinations.files import FORMS, bundle, whole
from hubbub.destinations.gephi import Network, write_network
from hubbub.errors import UsageError
from hubbub.flows.auditing import audited, chosen
from hubbub.flows.outputs import Outputs
from hubbub.flows.packs import packs_in_use
from hubbub.flows.workspace import refuse_single_members, smallest_group
from hubbub.metrics.catalog import Catalog
from hubbub.metrics.header import BUILT_IN, Metric
from hubbub.metrics.run import Runner
from hubbub.metrics.small_groups import TooFewMembers
from hubbub.privacy.audit import Plain
from hubbub.settings import Settings
from hubbub.stores import duckdb as store

Tell = Callable[[str], None]
"""Takes a sentence about something that was left out."""
_BUNDLE = ".bundle-"
"""What the folder of a bundle that is being put together begins with."""


def export_metrics(
    settings: Settings,
    names: Sequence[str],
    window: Mapping[str, str],
    folder: Path,
    form: str,
    tell: Tell = lambda _sentence: None,
) -> list[Path]:
    """Write metrics to a folder, a file each: those named, else all of the packs in use. Returns
    the paths.

    A parameter that some metrics do not have is given to those that do; one that none has is a
    `UsageError`. Metrics that small groups forbid are left out and told of; named ones are an
    error.
    """
    catalog = Catalog(settings.pack)
    metrics = [catalog.metric(name) for name in names] or catalog.metrics()
    _refuse_unknown(metrics, window)
    _made(folder)
    written: list[Path] = []
    refused: list[str] = []
    k = smallest_group(settings)
    with store.reading(settings.store) as connection:
        listed = Plain(", ".join(names) or "all")
        audited(settings, "export", "metrics", form=form, metrics=listed, folder=_place(folder),
                **chosen(window))  # fmt: skip
        runner = Runner(connection, catalog, settings.timezone, smallest_group=k)
        as_of = runner.as_of(window.get("as_of")).isoformat()  # one instant for all files
        packs = packs_in_use(settings, connection)
        for metric in metrics:
            if not names and metric.file.pack not in packs:
                continue
            known = {*metric.parameters, *BUILT_IN}
            given = {name: value for name, value in window.items() if name in known}
            try:
                query = runner.prepare(metric, {**given, "as_of": as_of})
            except TooFewMembers:
                if names:
                    raise
                refused.append(metric.name)
                continue
            path = folder / f"{metric.name}.{form}"
            with whole(path) as unfinished:
                runner.copy(query, str(unfinished), FORMS[form])
            written.append(path)
    if refused:
        tell(
            f"Not written, since they can tell of fewer than {k} members: {', '.join(refused)}. "
            "Why: hubbub show NAME"
        )
    return _noted(settings, written)


def export_tables(settings: Settings, folder: Path, form: str) -> list[Path]:
    """Write the tables to a folder, a file each. Returns the paths.

    Raises `TooFewMembers` where small groups are suppressed, unless the policy opens the rows to
    whoever runs Hubbub.
    """
    refuse_single_members(settings, "The tables are about")
    _made(folder)
    written: list[Path] = []
    with store.reading(settings.store) as connection:
        audited(settings, "export", "tables", form=form, folder=_place(folder))
        for table in (*MERGED, *HANGING):
            path = folder / f"{table.name}.{form}"
            with whole(path) as unfinished:
                _copy_table(connection, table.name, table.key, unfinished, form)
            written.append(path)
    return _noted(settings, written)


def export_network(settings: Settings, window: Mapping[str, str], folder: Path) -> list[Path]:
    """Write the network for Gephi to a folder. Returns the paths. Raises as `export_tables`."""
    refuse_single_members(settings, "The network is of")
    catalog = Catalog(settings.pack)
    nodes, edges = catalog.metric("network_nodes"), catalog.metric("network_edges")
    _refuse_unknown([nodes, edges], window)
    _made(folder)
    with store.reading(settings.store) as connection:
        audited(settings, "export", "network", form="gexf", folder=_place(folder), **chosen(window))
        runner = Runner(connection, catalog, settings.timezone, smallest_group=1)
        as_of = {"as_of": window["as_of"]} if "as_of" in window else {}
        network = Network(
            runner.run(runner.prepare(nodes, as_of)), runner.run(runner.prepare(edges, window))
        )
    return _noted(settings, write_network(network, folder))


def export_bundle(
    settings: Settings,
    names: Sequence[str],
    window: Mapping[str, str],
    folder: Path,
    form: str,
    tell: Tell = lambda _sentence: None,
) -> list[Path]:
    """Write data.zip with the tables and metrics.zip with the metrics. Returns the paths.

    Where the tables may not leave, data.zip is left out and told of.
    """
    _made(folder)
    written: list[Path] = []
    with tempfile.TemporaryDirectory(dir=folder, prefix=_BUNDLE) as unpacked:
        place = Path(unpacked)
        try:
            bundle(folder / "data.zip", export_tables(settings, place, form))
            written.append(folder / "data.zip")
        except TooFewMembers as error:
            tell(f"data.zip is not written. {error.reason} {error.fix}")
        metrics = export_metrics(settings, names, window, place, form, tell)
        bundle(folder / "metrics.zip", metrics)
    return _noted(settings, [*written, folder / "metrics.zip"])


def _noted(settings: Settings, paths: list[Path]) -> list[Path]:
    """Remember what was written: an erasure reaches it."""
    Outputs(settings.outputs).note(paths)
    return paths


def _copy_table(
    connection: duckdb.DuckDBPyConnection, name: str, key: Sequence[str], target: Path, form: str
) -> None:
    ordered = f"SELECT * FROM {name} ORDER BY {', '.join(key)}"
    connection.execute(f"COPY ({ordered}) TO '{quoted(target)}' ({FORMS[form]})")


def _refuse_unknown(metrics: Sequence[Metric], window: Mapping[str, str]) -> None:
    known = {*BUILT_IN, *(name for metric in metrics for name in metric.parameters)}
    for name in window:
        if name not in known:
            raise UsageError(
                f"None of these metrics has a parameter {name!r}.",
                f"They have: {', '.join(sorted(known))}.",
            )


def _place(folder: Path) -> str:
    """A folder as the audit log takes it: it is keyed there, for it may be called as a person."""
    is_passing = folder.name.startswith(_BUNDLE)
    return str((folder.parent if is_passing else folder).resolve())


def _made(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file.", "Name a folder with -o.")
    folder.mkdir(parents=True, exist_ok=True)
