"""Parts that a machine may lack: where they are, and what becomes of a test without them."""

import os
from pathlib import Path
from typing import NoReturn

import pytest

IS_SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
"""Whether it is `make soak` that runs."""

_SHARED = Path(__file__).parents[2] / "shared"


def missing(reason: str) -> NoReturn:
    """Skip a test for want of a part; on the build machine it fails, so that none is left out
    unnoticed."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason, allow_module_level=True)


def shared(name: str) -> Path:
    """A file or folder beside the repository, such as `data/export-houstondatavis`."""
    path = _SHARED / name
    if not path.exists():
        missing(f"the shared material is not here: there is no {path}")
    return path
