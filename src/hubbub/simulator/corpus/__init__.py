"""What the invented community is made of: names, channels, talk and rituals, as TOML beside."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, TypeAlias

Table: TypeAlias = dict[str, Any]


@cache
def load(name: str) -> Table:
    """One of the corpus files: community, talk or rituals."""
    return tomllib.loads(files(__name__).joinpath(f"{name}.toml").read_text(encoding="utf-8"))
