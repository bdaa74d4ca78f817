"""Where an archive's files lie: a folder, a zip, or one file. Hostile zips are refused."""

import gzip
import io
import mmap
import struct
import zipfile
import zlib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from isal import isal_zlib
from msgspec import Struct

from hubbub.core.unshown import Unshown
from hubbub.errors import HubbubError, Unreadable

_isal: Any = isal_zlib
"""Without its types, which are partly unknown."""
_BOMB_RATIO = 100
_BOMB_SIZE = 256 << 20
_PIECE = 16 << 20
_LARGEST_FILE = 2 << 30
_HEADER = 30
"""Bytes of the fixed part of a member's header."""


class Container(Protocol):
    """Files by name. Names are relative, parted by "/", without a folder that holds them all."""

    @property
    def path(self) -> Path:
        """Where it lies."""
        ...

    @property
    def sizes(self) -> dict[str, int]:
        """Bytes of each file, by name, in order of the names."""
        ...

    def read(self, name: str) -> bytes:
        """A file's content. Raises `Unreadable` if it is damaged."""
        ...

    def outline(self) -> str:
        """What is there, in a few words, for an error message."""
        ...


def open_container(path: Path) -> Container:
    """The container at a path. Raises `Unreadable` where there is none or it is hostile."""
    if not path.exists():
        raise Unreadable(f"There is no {path}.", "Check the path.")
    try:
        if path.is_dir():
            sizes = _folder_sizes(path)
            top = _common_folder(sizes)
            return Folder(path / top, {name[len(top) :]: sizes[name] for name in sizes})
        if zipfile.is_zipfile(path):
            return _open_zip(path)
        head = path.read_bytes()[:4] if path.stat().st_size < _LARGEST_FILE else b""
    except PermissionError as error:
        raise Unreadable(f"{path} may not be read.", "Check its permissions.") from error
    if head.startswith(b"PK") or path.suffix.lower() == ".zip":
        raise Unreadable(
            f"{path} is no whole zip file: its table of contents is missing.",
            "It was probably cut off in the download; fetch it again.",
        )
    return Folder(path.parent, {path.name: path.stat().st_size}, path)


class Folder(Struct, frozen=True):
    """A folder, or one file of it."""

    root: Path
    sizes: dict[str, int]
    only: Path | None = None

    @property
    def path(self) -> Path:
        """What the user named."""
        return self.only or self.root

    def read(self, name: str) -> bytes:
        """A file's content."""
        try:
            return (self.root / name).read_bytes()
        except OSError as error:
            raise Unreadable(
                f"{self.root / name} cannot be read: {error.strerror}",
                "Check the file and its permissions.",
            ) from error

    def outline(self) -> str:
        """What is there."""
        return _outline(self.sizes)


def _folder_sizes(root: Path) -> dict[str, int]:
    inside = root.resolve()
    return {
        path.relative_to(root).as_posix(): path.stat().st_size
        for path in sorted(root.rglob("*"))
        if path.is_file() and (not path.is_symlink() or path.resolve().is_relative_to(inside))
    }


class Zip(Unshown, frozen=True):
    """A zip file. Members are inflated without asking `zipfile` for each: exports hold tens of
    thousands of them, and that halves the time."""

    path: Path
    members: dict[str, zipfile.ZipInfo]
    sizes: dict[str, int]

    def read(self, name: str) -> bytes:
        """A file's content, its checksum compared."""
        member, content = self.members[name], _content(self.path)
        begin = member.header_offset
        header = content[begin : begin + _HEADER]
        if len(header) == _HEADER and header.startswith(b"PK\x03\x04"):
            name_length, extra_length = struct.unpack_from("<HH", header, 26)
            begin += _HEADER + name_length + extra_length
            unpacked = _unpacked(content[begin : begin + member.compress_size], member)
            if unpacked is not None and _isal.crc32(unpacked) == member.CRC:
                return unpacked
        raise Unreadable(
            f"{name} in {self.path} is damaged.", "Fetch the zip again, or repair it with zip -FF."
        )

    def outline(self) -> str:
        """What is there."""
        return _outline(self.sizes)


@lru_cache(maxsize=1)
def _content(path: Path) -> mmap.mmap:
    """A file's bytes, mapped into memory once a process."""
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _unpacked(packed: bytes, member: zipfile.ZipInfo) -> bytes | None:
    if member.compress_type == zipfile.ZIP_STORED:
        return packed
    inflate = _isal.decompressobj(-15)
    try:
        return inflate.decompress(packed, member.file_size + 1)
    except _isal.error:
        return None


def gunzipped(packed: bytes, what: str) -> bytes:
    """The content of a gzip file. Raises `HubbubError` for damaged ones and for bombs."""
    pieces: list[bytes] = []
    whole = 0
    try:
        with gzip.open(io.BytesIO(packed)) as file:
            while piece := file.read(_PIECE):
                pieces.append(piece)
                whole += len(piece)
                if _is_bomb(whole, len(packed)):
                    raise _bomb(what, whole, len(packed))
    except (OSError, EOFError, zlib.error) as error:
        raise Unreadable(
            f"{what} is damaged: {error}", "Make it again, and import that."
        ) from error
    return b"".join(pieces)


def _is_bomb(whole: int, packed: int) -> bool:
    return whole > _BOMB_SIZE and whole > _BOMB_RATIO * packed


def _bomb(what: str, whole: int, packed: int) -> HubbubError:
    return HubbubError(
        f"{what} would unpack to {whole / 1e9:,.1f} GB or more, out of {packed / 1e6:,.1f} MB: "
        "that is a bomb, not an archive.",
        "Do not unpack it. If it is yours, unpack it yourself and import the folder.",
    )


def _open_zip(path: Path) -> Zip:
    try:
        with zipfile.ZipFile(path) as file:
            found = [entry for entry in file.infolist() if not entry.is_dir()]
    except (zipfile.BadZipFile, OSError, NotImplementedError) as error:
        raise Unreadable(
            f"{path} is no zip file that can be read: {error}",
            "It was probably cut off in the download; fetch it again.",
        ) from error
    _refuse_bombs(path, found)
    named = {_name(entry): entry for entry in found}
    top = _common_folder(named)
    members = {
        name[len(top) :]: named[name]
        for name in sorted(named)
        if name.startswith(top) and not name.startswith("__MACOSX/")
    }
    return Zip(path, members, {name: member.file_size for name, member in members.items()})


def _name(entry: zipfile.ZipInfo) -> str:
    """A member's name; Slack writes UTF-8 and forgets to say so. Raises `Unreadable`."""
    name = entry.filename
    if not entry.flag_bits & 0x800 and not name.isascii():
        try:
            name = name.encode("cp437").decode("utf-8")
        except UnicodeError:
            name = entry.filename
    if name.startswith(("/", "\\")) or ((".." in name or ":" in name) and _leads_out(name)):
        raise Unreadable(
            "The zip holds a file that would lie outside of it.",
            "This is no archive by Slack; do not unpack it.",
        )
    if entry.flag_bits & 0x1:
        raise Unreadable("The zip is encrypted.", "Unpack it with its password, import the folder.")
    if entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise Unreadable(
            "The zip is packed in a way that Slack does not use.",
            "Unpack it, and import the folder.",
        )
    return name


def _leads_out(name: str) -> bool:
    parts = PurePosixPath(name.replace("\\", "/")).parts
    return ".." in parts or parts[0].endswith(":")


def _refuse_bombs(path: Path, entries: list[zipfile.ZipInfo]) -> None:
    whole = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    packed = max(packed, path.stat().st_size)
    if _is_bomb(whole, packed) or any(entry.file_size > _LARGEST_FILE for entry in entries):
        raise _bomb(str(path), whole, packed)


def _common_folder(names: Iterable[str]) -> str:
    """The folder that holds a whole export, with its "/", or nothing."""
    inside = [name for name in names if not name.startswith("__MACOSX/")]
    tops = {name.partition("/")[0] for name in inside}
    top = f"{tops.pop()}/" if len(tops) == 1 else ""
    holds_lists = any(f"{top}{name}" in inside for name in ("users.json", "channels.json"))
    return top if top and holds_lists else ""


def _outline(sizes: dict[str, int]) -> str:
    if not sizes:
        return "nothing in it"
    shown = ", ".join(list(sizes)[:3])
    return f"{shown} and {len(sizes) - 3} more files" if len(sizes) > 3 else shown
