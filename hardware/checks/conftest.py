"""What the checks of hardware/ share.

Each check comes with its mutant: the same rule on data that are wrong in one place has to find it.
A check that cannot fail says nothing.
"""

import copy
import tomllib
from collections.abc import Callable
from typing import Any

import pytest

from kneehard import parts

Tables = dict[str, Any]


@pytest.fixture(scope="session")
def shelf() -> parts.Shelf:
    """The parts and variants as they are."""
    return parts.load()


@pytest.fixture
def mutant() -> Callable[[Callable[[Tables, dict[str, Tables]], None]], parts.Shelf]:
    """Calls a function that spoils the tables of parts and variants, and reads the result."""
    paths = sorted((parts.HERE / "variants").glob("*.toml"))
    tables = tomllib.loads((parts.HERE / "parts.toml").read_text())
    variants = {path.stem: tomllib.loads(path.read_text()) for path in paths}

    def spoil(change: Callable[[Tables, dict[str, Tables]], None]) -> parts.Shelf:
        spoilt = copy.deepcopy((tables, variants))
        change(*spoilt)
        return parts.read(*spoilt)

    return spoil


@pytest.fixture(params=["a", "a_cue", "b"])
def variant(request: pytest.FixtureRequest, shelf: parts.Shelf) -> parts.Variant:
    """Each of them."""
    return shelf.variant(request.param)
