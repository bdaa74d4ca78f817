"""Finds the parts that a file adds: no list of them is kept by hand."""

import importlib
import pkgutil
from types import ModuleType
from typing import Any


def parts(package: ModuleType, attribute: str) -> dict[str, Any]:
    """The `attribute` of each module in the package that has it, by module name."""
    found: dict[str, Any] = {}
    for info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        if hasattr(module, attribute):
            found[info.name] = getattr(module, attribute)
    return found
