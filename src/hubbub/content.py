"""Finds content: metrics, views and charts are files in packs, and the workspace adds its own.

A pack is a folder with the folders `metrics`, `views`, `charts`, `reports` and `messages`, and a
file `dashboard.toml`. A file in the workspace's pack overrides one of the same name; dashboards are
put together. A pack's `settings.toml` says what workspaces can set of it.

Everything is found by its name in every workspace. Where all of a kind is wanted (`hubbub export`
without names, the demo's charts) only the packs in use count: see `packs_in_use`.
"""

import re
import tomllib
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from msgspec import Struct

from hubbub.errors import BadContent

PACKS = Path(__file__).parent / "packs"
EVERYBODYS = "community"
"""The pack that says something of every workspace; the others are about records that only some
communities write."""


OWN = "pack"
"""What a workspace's own pack is called."""


class ContentFile(Struct, frozen=True):
    """A file of a pack: its name, where it lies, what it says."""

    name: str
    pack: str
    path: Path
    text: str

    @property
    def place(self) -> str:
        """The path, as short as it is still clear."""
        try:
            return str(self.path.relative_to(Path.cwd()))
        except ValueError:
            return str(self.path)

    def line_of(self, word: str) -> int:
        """The first line that begins with a word; 1 if none does."""
        for number, line in enumerate(self.text.splitlines(), 1):
            if line.lstrip().startswith(word):
                return number
        return 1

    def line_in_table(self, begin: int, key: str) -> int:
        """The line of a key in the TOML table that begins at a line; that line itself if it has
        none."""
        written = re.compile(rf"\s*{re.escape(key)}\b")
        for number, line in enumerate(self.text.splitlines()[begin:], begin + 1):
            if line.lstrip().startswith("["):
                break
            if written.match(line):
                return number
        return begin

    def toml(self) -> dict[str, Any]:
        """What the file says, as TOML. Raises `BadContent`."""
        try:
            return tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as error:
            said = re.search(r"\(at line (\d+), column \d+\)", str(error))
            line = int(said[1]) if said else 1 + self.text.count("\n")
            reason = re.sub(r" \(at .*\)", "", str(error))
            raise self.wrong(line, f"no TOML: {reason}", "Correct that line.") from error

    def wrong(self, line: int, reason: str, fix: str) -> BadContent:
        """The error to raise about a line of this file."""
        return BadContent(self.place, line, reason, fix)


class _InPack(Protocol):
    @property
    def file(self) -> ContentFile: ...


Found = TypeVar("Found", bound=_InPack)


def find(kind: str, suffixes: Sequence[str], own_pack: Path) -> dict[str, ContentFile]:
    """All files of a kind (`metrics`, say), by name and in order of it."""
    found: dict[str, ContentFile] = {}
    for pack in _packs(own_pack):
        folder = pack / kind
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            suffix = next((each for each in suffixes if path.name.endswith(each)), None)
            if suffix is not None:
                name = path.name.removesuffix(suffix)
                text = path.read_text(encoding="utf-8")
                found[name] = ContentFile(name, pack.name, path, text)
    return dict(sorted(found.items()))


def find_each(name: str, own_pack: Path) -> list[ContentFile]:
    """The files of a name (`dashboard.toml`, say) that packs have at most one of, the workspace's
    own last."""
    return [
        ContentFile(path.stem, pack.name, path, path.read_text(encoding="utf-8"))
        for pack in _packs(own_pack)
        if (path := pack / name).is_file()
    ]


def by_pack(found: Iterable[Found]) -> list[Found]:
    """What was found, pack after pack: everybody's first, the workspace's own last."""
    order = {EVERYBODYS: -1, OWN: 1}
    return sorted(found, key=lambda each: (order.get(each.file.pack, 0), each.file.pack))


def packs_in_use(templates: Collection[str], own_pack: Path) -> frozenset[str]:
    """The names of the packs that say something of a workspace: everybody's, its own, and those
    with one of these record templates, by which posts of it were read."""
    return frozenset(
        pack.name
        for pack in _packs(own_pack)
        if pack.name == EVERYBODYS
        or pack == own_pack
        or any((pack / "records" / f"{template}.toml").is_file() for template in templates)
    )


def _packs(own_pack: Path) -> list[Path]:
    packs = sorted(path for path in PACKS.iterdir() if path.is_dir() and path.name[0] != "_")
    return [*packs, own_pack]
