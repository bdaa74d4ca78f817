"""Keeps the bytes of files that members shared: `<workspace>/files/<id>/<name>`."""

import re

from hubbub.destinations.files import whole
from hubbub.privacy.policy import Policy
from hubbub.privacy.refusals import Refusals
from hubbub.settings import Settings
from hubbub.sources.files import Files

_UNSAFE = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]+')
_LONGEST_NAME = 120


def files_of(settings: Settings, policy: Policy, refusals: Refusals) -> Files | None:
    """What fetches files, if the settings ask for it."""
    if not settings.collect.files:
        return None
    assert policy.text == "whole", "the settings were held against the policy"

    def has(file_id: str) -> bool:
        return any((settings.files / safe_name(file_id)).glob("*"))

    def keep(file_id: str, name: str, content: bytes) -> None:
        folder = settings.files / safe_name(file_id)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with whole(folder / safe_name(name)) as unfinished:
            unfinished.write_bytes(content)

    return Files(has, keep, settings.collect.file_limit_mb * 1_000_000, refusals)


def safe_name(name: str) -> str:
    """A name as the last part of a path: no way out of the folder, and nothing hidden."""
    plain = _UNSAFE.sub("_", name).strip().lstrip(".")
    while len(plain.encode()) > _LONGEST_NAME:
        plain = plain[1:]
    return plain or "file"
