"""All metrics and views of the packs, and the views of records that come with their templates."""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from msgspec.structs import replace

from hubbub.content import ContentFile, find
from hubbub.errors import UsageError
from hubbub.metrics.header import Metric, parse
from hubbub.metrics.pack_settings import PackSettings, read_settings

_READS = re.compile(r"\b(?:FROM|JOIN)\s+([a-z_]+)")


class Catalog:
    """The metrics and views that a workspace has: those of the packs, and its own."""

    def __init__(self, own_pack: Path) -> None:
        self._own_pack = own_pack

    @cached_property
    def files(self) -> dict[str, ContentFile]:
        """The metric files, by name."""
        return find("metrics", [".sql"], self._own_pack)

    @cached_property
    def views(self) -> dict[str, ContentFile]:
        """The views that metrics share, by name; those of settings too. A file goes before what a
        template brings."""
        from hubbub.records.templates import Templates
        from hubbub.records.views import record_views

        of_records = record_views(Templates(self._own_pack).templates.values())
        of_settings = {name: replace(each.file, name=name) for name, each in self.settings.items()}
        return of_records | find("views", [".sql"], self._own_pack) | of_settings

    @cached_property
    def settings(self) -> dict[str, PackSettings]:
        """The settings of packs, by the name of the view that has them."""
        packs = read_settings(self._own_pack)
        return {f"{name}_settings": each for name, each in packs.items()}

    def metric(self, name: str) -> Metric:
        """A metric by name. Raises `UsageError` if there is none, `BadContent` if it is wrong."""
        if name not in self.files:
            near = get_close_matches(name, self.files, 1)
            hint = f"Did you mean {near[0]}? " if near else ""
            raise UsageError(f"There is no metric {name!r}.", f"{hint}See: hubbub list metrics")
        return parse(self.files[name])

    def metrics(self) -> list[Metric]:
        """All metrics, in order of their names."""
        return [parse(file) for file in self.files.values()]

    def needed_views(self, queries: Iterable[str]) -> list[ContentFile]:
        """The views that some queries need, in an order in which they can be made."""
        needs: dict[str, set[str]] = {}
        wanted = self._named(" ".join(queries))
        while wanted:
            name = wanted.pop()
            is_sql = name not in self.settings
            needs[name] = self._named(self.views[name].text) - {name} if is_sql else set()
            wanted |= needs[name] - set(needs)
        try:
            order = list(TopologicalSorter(needs).static_order())
        except CycleError as error:
            names = " → ".join(error.args[1])
            raise self.views[error.args[1][0]].wrong(
                1, f"views that need each other: {names}", "Break the circle."
            ) from error
        return [self.views[name] for name in order]

    def _named(self, sql: str) -> set[str]:
        return {name for name in _READS.findall(sql) if name in self.views}
