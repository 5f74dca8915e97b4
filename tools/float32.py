"""kneecore's filter and pipeline in single precision under Python, as the ESP32 computes it.

numpy keeps float32 where it meets a Python float, so the very code runs in single precision once
its inputs and coefficients are float32 and the functions it took from `math` return float32.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType

import numpy as np

from kneecore import correction, fusion, joint, pipeline, quaternion, vector


class _SingleMath:
    """`math` for modules that call it by its name."""

    pi = np.float32(math.pi)

    def __getattr__(self, name: str) -> Callable[..., np.float32]:
        return _single(getattr(math, name))


def _single(function: Callable[..., float]) -> Callable[..., np.float32]:
    return lambda *numbers: np.float32(function(*numbers))


@contextmanager
def single_precision() -> Iterator[None]:
    """Within this, kneecore's square roots and angle functions return float32."""
    replaced: list[tuple[ModuleType, str, object]] = []

    def replace(module: ModuleType, name: str, value: object) -> None:
        replaced.append((module, name, getattr(module, name)))
        setattr(module, name, value)

    for module, names in (
        (fusion, ("sqrt", "sin", "cos")),
        (correction, ("sqrt",)),
        (joint, ("asin", "atan2", "cos", "sin")),
        (pipeline, ("atan2", "cos", "sin", "sqrt")),
    ):
        for name in names:
            replace(module, name, _single(getattr(math, name)))
    for module in (quaternion, vector):
        replace(module, "math", _SingleMath())
    try:
        yield
    finally:
        for module, name, value in replaced:
            setattr(module, name, value)


def to_single(filter_: fusion.Filter) -> fusion.Filter:
    """Round the filter's coefficients to float32; feed it float32 samples afterwards."""
    coefficients = filter_.coefficients
    for name, value in vars(coefficients).items():
        if isinstance(value, float):
            setattr(coefficients, name, np.float32(value))
        elif isinstance(value, tuple):
            rounded = [np.float32(x) if isinstance(x, float) else x for x in value]
            setattr(coefficients, name, tuple(rounded))
    return filter_
