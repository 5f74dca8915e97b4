"""What `make docs` shows: every public name is told, and lists in columns stay lists."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from typing import Any

import kneetrack
from kneetrack import errors, samples
from make_docs import laid_out

LEFT_OUT = ("kneetrack.cli", "kneetrack._firmware")


def public() -> Iterator[tuple[str, Any]]:
    """Functions and classes that a package names in __all__, and all of samples and errors."""
    for module in (samples, errors):
        for name, one in inspect.getmembers(module, inspect.isclass):
            if one.__module__ == module.__name__:
                yield f"{module.__name__}.{name}", one
    for found in pkgutil.iter_modules(kneetrack.__path__, "kneetrack."):
        if found.ispkg and found.name not in LEFT_OUT:
            package = importlib.import_module(found.name)
            for name in getattr(package, "__all__", ()):
                one = getattr(package, name)
                if inspect.isclass(one) or inspect.isfunction(one):
                    yield f"{found.name}.{name}", one


def test_every_public_name_is_told() -> None:
    names = dict(public())
    assert len(names) > 100
    made_by_dataclass = "("  # "Rep(index: int, ...)" is what a dataclass says of itself
    silent = [
        name
        for name, one in names.items()
        if not (one.__doc__ or "") or one.__doc__.startswith(one.__name__ + made_by_dataclass)
    ]
    assert not silent


def test_columns_headings_and_sentences() -> None:
    columns = "grid    where a channel stands\nunpack  records to samples"
    assert laid_out(columns) == "    grid    where a channel stands\n    unpack  records to samples"
    assert laid_out("Heading\n    Only standing\n    ties them.") == (
        "**Heading**\n\nOnly standing\nties them."
    )
    plain = "One sentence,\nand its rest.\n\n    q = code"
    assert laid_out(plain) == plain
