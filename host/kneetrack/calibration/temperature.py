"""A gyroscope's zero between and beyond the moments at which it was measured.

Only a sensor that lies still shows its zero. On the leg it warms up by 3 to 8 K, and the zero of an
LSM6DSOX moves by some 0.01 deg/s a kelvin (data sheet, typical): 0.05 deg/s, 3 deg of heading a
minute (biomechanics B4). Two ways to know it all the same:

Two zeros, one before and one after (`two_point_bias`): the zero moves from the one to the other,
in step with the temperature where that was logged and changed, else with time.

One zero, and a curve learned from earlier sessions (`BiasCurve`): every accepted table zero is a
point (temperature, zero, date). A line through them, axis by axis,

    b(T) = b0 + k (T - T0),      T0 the weighted mean temperature, where b0 and k are uncorrelated,

by least squares with Huber's weights (one bad table must not bend it) and a prior k = 0 +-
SLOPE_PRIOR. The scatter about the line starts from SCATTER_PRIOR, worth PRIOR_POINTS points, and
learns. Within a session only the slope is used, from the day's own zero on: the zero itself differs
from one switching on to the next.

All is rad/s and degC, in the sensor's axes. Nothing here reads a file or a clock.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from kneetrack.samples import Vector

FloatArray = NDArray[np.float64]

POINTS_LEAST = 3
SPAN_LEAST_C = 3.0
"""Fewer points, or closer ones, give no curve."""
SLOPE_PRIOR = math.radians(0.01)
SCATTER_PRIOR = math.radians(0.02)
PRIOR_POINTS = 4.0
SURPRISE = 3.0
"""A zero so many sigma off the curve is told."""
CHANGE_LEAST_C = 1.0
"""Between zeros whose temperatures differ by less, the zero is taken to move with time."""

_HUBER = 1.345
_PASSES = 10


@dataclass(frozen=True, slots=True)
class ZeroPoint:
    """A table zero of one gyroscope as it is remembered."""

    temperature_c: float
    bias_rad_s: Vector
    utc: str  # ISO 8601
    sensors_id: int = 0  # the sensor calibration then in force: it scales what a zero reads as


@dataclass(frozen=True, slots=True)
class TableZero:
    """A table zero within a session. `temperature_c` None: not logged."""

    time_s: float  # the middle of the window
    bias_rad_s: Vector
    temperature_c: float | None = None


@dataclass(frozen=True, slots=True)
class BiasCurve:
    """b(T) of one gyroscope, learned; make it with `fit`."""

    reference_c: float
    bias_rad_s: Vector  # at reference_c
    slope_rad_s_k: Vector
    bias_sigma_rad_s: float  # of bias_rad_s, each axis
    slope_sigma_rad_s_k: float
    scatter_rad_s: float  # of single zeros about the curve
    points: int
    span_c: float

    @classmethod
    def fit(cls, points: Sequence[ZeroPoint]) -> BiasCurve | None:
        """The curve through `points`, None where they are too few or too close together."""
        temperature = np.array([p.temperature_c for p in points], dtype=np.float64)
        if len(points) < POINTS_LEAST or np.ptp(temperature) < SPAN_LEAST_C:
            return None
        bias = np.array([p.bias_rad_s for p in points], dtype=np.float64)
        weight = np.ones(len(points))
        scatter = SCATTER_PRIOR
        for _ in range(_PASSES):
            line = _line(temperature, bias, weight, scatter)
            left = bias - line.level - np.outer(temperature - line.centre, line.slope)
            distance = np.sqrt((left**2).mean(axis=1))
            weight = np.minimum(1.0, _HUBER * scatter / np.maximum(distance, 1e-12))
            seen = float(weight @ distance**2) + PRIOR_POINTS * SCATTER_PRIOR**2
            scatter = math.sqrt(seen / (float(weight.sum()) - 2.0 + PRIOR_POINTS))
        line = _line(temperature, bias, weight, scatter)
        return cls(
            reference_c=line.centre,
            bias_rad_s=_vector(line.level),
            slope_rad_s_k=_vector(line.slope),
            bias_sigma_rad_s=scatter / math.sqrt(float(weight.sum())),
            slope_sigma_rad_s_k=scatter / math.sqrt(line.spread),
            scatter_rad_s=scatter,
            points=len(points),
            span_c=float(np.ptp(temperature)),
        )

    def bias_at(self, temperature_c: float) -> tuple[Vector, float]:
        """The zero to expect, and sigma (each axis) of one measured then: curve and scatter."""
        warmer = temperature_c - self.reference_c
        bias = np.array(self.bias_rad_s) + warmer * np.array(self.slope_rad_s_k)
        sigma = math.hypot(
            self.bias_sigma_rad_s, warmer * self.slope_sigma_rad_s_k, self.scatter_rad_s
        )
        return _vector(bias), sigma

    def change(self, from_c: float, to_c: float) -> tuple[Vector, float]:
        """By how much the zero moves from one temperature to another in a session, and sigma."""
        warmer = to_c - from_c
        return (
            _vector(warmer * np.array(self.slope_rad_s_k)),
            abs(warmer) * self.slope_sigma_rad_s_k,
        )

    def surprise(self, temperature_c: float, bias_rad_s: Vector) -> float:
        """How many sigma the worst axis of a measured zero is off the curve; see SURPRISE."""
        expected, sigma = self.bias_at(temperature_c)
        return max(abs(b - e) for b, e in zip(bias_rad_s, expected, strict=True)) / sigma


def curve_of(value: object) -> BiasCurve | None:
    """The curve in the JSON of one (`dataclasses.asdict`); None where there is none."""
    if not isinstance(value, dict):
        return None
    items = dict(cast(dict[str, Any], value))
    try:
        vectors = {k: _vector(items.pop(k)) for k in ("bias_rad_s", "slope_rad_s_k")}
        points = int(items.pop("points"))
        scalars: dict[str, Any] = {key: float(number) for key, number in items.items()}
        return BiasCurve(**vectors, points=points, **scalars)
    except (ArithmeticError, IndexError, KeyError, TypeError, ValueError):
        return None


class _Line(NamedTuple):
    centre: float
    level: FloatArray
    slope: FloatArray
    spread: float  # inverse variance of the slope, x scatter**2


def _line(temperature: FloatArray, bias: FloatArray, weight: FloatArray, scatter: float) -> _Line:
    """Weighted least squares through (n,) temperatures and (n, 3) zeros, with the slope's prior."""
    centre = float(np.average(temperature, weights=weight))
    t = temperature - centre
    level = np.average(bias, axis=0, weights=weight)
    spread = float(weight @ t**2) + (scatter / SLOPE_PRIOR) ** 2
    return _Line(centre, level, (weight * t) @ (bias - level) / spread, spread)


def one_point_bias(
    first: TableZero, curve: BiasCurve | None, temperature_c: FloatArray
) -> FloatArray:
    """The zero (n, 3) at each temperature (n,) of a session that has one table zero.

    Without a curve, or where the zero's own temperature is not known, it stays what it was.
    """
    steady = np.tile(np.array(first.bias_rad_s), (len(temperature_c), 1))
    if curve is None or first.temperature_c is None:
        return steady
    return steady + np.outer(temperature_c - first.temperature_c, curve.slope_rad_s_k)


def two_point_bias(
    first: TableZero,
    last: TableZero,
    time_s: FloatArray,
    temperature_c: FloatArray | None = None,
) -> FloatArray:
    """The zero (n, 3) at each of `time_s` (n,) between a table zero before and one after.

    With `temperature_c` (n,) at the same instants it moves in step with them, provided that the
    zeros' own differ by CHANGE_LEAST_C; otherwise in step with time. Outside the two it is held.
    Raises ValueError where `last` is not after `first`.
    """
    if last.time_s <= first.time_s:
        raise ValueError("the second table zero must be after the first")
    moved = np.array(last.bias_rad_s) - np.array(first.bias_rad_s)
    part = (np.asarray(time_s, dtype=np.float64) - first.time_s) / (last.time_s - first.time_s)
    if (
        temperature_c is not None
        and first.temperature_c is not None
        and last.temperature_c is not None
        and abs(last.temperature_c - first.temperature_c) >= CHANGE_LEAST_C
    ):
        part = (temperature_c - first.temperature_c) / (last.temperature_c - first.temperature_c)
    return np.array(first.bias_rad_s) + np.outer(np.clip(part, 0.0, 1.0), moved)


def _vector(values: Sequence[float] | FloatArray) -> Vector:
    return (float(values[0]), float(values[1]), float(values[2]))
