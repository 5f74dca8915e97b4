"""Orientations with the whole recording at hand: offlineVQF, and the gyroscopes' zeros before it.

offlineVQF (Laidig & Seel, Information Fusion 91:187, 2023; the `vqf` package) runs the filter
forward and backward, so neither its bias nor its levelling lags. It is the only thing taken from
that package, and only when an offline analysis is asked for.

The bias is not learnt at rest: while worn, a standing person's sway would be learnt as bias
(biomechanics B4). What movement shows of it is.

A gyroscope's zero drifts with temperature. Where the IMUs lay on a table before and after, it is
taken to have drifted evenly in between (biomechanics B4, B8); else one zero serves throughout.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from typing import Any

import numpy as np

from kneecore.calibration import Calibration
from kneetrack.analysis.angles import PAIR_S
from kneetrack.calibration.temperature import TableZero, two_point_bias
from kneetrack.errors import InputError
from kneetrack.samples import Window
from kneetrack.traces.reader import FloatArray

FILTER = {"restBiasEstEnabled": False, "motionBiasEstEnabled": True}
SHORTEST_TABLE_S = 2.0
STILL_RAD_S = np.radians(0.5)
"""A table window whose rates spread more than this (standard deviation) tells no zero."""
MOST_DRIFT_RAD_S = np.radians(1.0)
"""No gyroscope's zero moves more in a session; two tables further apart were not two tables."""


@dataclass(frozen=True, slots=True)
class Zeros:
    """Both gyroscopes' zeros over time, (n, 3) rad/s each, and where they come from."""

    thigh: FloatArray
    shank: FloatArray
    source: str  # "table at both ends", else as CalibrationFile.rests_on["bias"]


def vqf_version() -> str:
    """Of the installed vqf package. Raises InputError where there is none."""
    _vqf()
    return version("vqf")


def orientations(gyr: FloatArray, acc: FloatArray) -> FloatArray:
    """q_earth_sensor (n, 4) of one IMU on the band's grid; gyr, acc (n, 3), zeros taken off.

    Earth z up, the heading arbitrary. Raises InputError where vqf is not installed.
    """
    found = _vqf().offlineVQF(
        np.ascontiguousarray(gyr), np.ascontiguousarray(acc), None, PAIR_S, FILTER
    )
    return found["quat6D"]


def _vqf() -> Any:
    try:
        return import_module("vqf")
    except ImportError:
        raise InputError(
            "The offline analysis needs the vqf package, which is not installed. Install it with: "
            "pip install 'kneetrack[offline]'."
        ) from None


def tables(windows: Iterable[Window]) -> tuple[Window | None, Window | None]:
    """The table windows before and after everything else; None where there is no such one."""
    known = tuple(windows)
    flat = sorted((w for w in known if w.kind == "table"), key=lambda w: w.start_s)
    rest = [w for w in known if w.kind != "table"]
    if not rest:
        return (flat[0] if flat else None), (flat[-1] if len(flat) > 1 else None)
    first_s, last_s = min(w.start_s for w in rest), max(w.end_s for w in rest)
    before = [w for w in flat if w.end_s <= first_s]
    after = [w for w in flat if w.start_s >= last_s]
    return (before[-1] if before else None), (after[0] if after else None)


def zeros(
    times: FloatArray, rows: FloatArray, windows: Iterable[Window], calibration: Calibration
) -> Zeros:
    """A line between the tables at both ends of `rows` (n, 12), else the zeros of `calibration`."""
    begin, end = (_table_zeros(times, rows, window) for window in tables(windows))
    if begin is not None and end is not None:
        thigh, shank = zip(begin, end, strict=True)
        if max(_apart(*thigh), _apart(*shank)) < MOST_DRIFT_RAD_S:
            return Zeros(
                two_point_bias(*thigh, times), two_point_bias(*shank, times), "table at both ends"
            )
    count = len(times)
    return Zeros(
        np.tile(np.array(calibration.thigh_gyr_bias), (count, 1)),
        np.tile(np.array(calibration.shank_gyr_bias), (count, 1)),
        "calibration",
    )


def _table_zeros(
    times: FloatArray, rows: FloatArray, window: Window | None
) -> tuple[TableZero, TableZero] | None:
    """Thigh and shank in a table window, where they were still and it was long enough."""
    if window is None:
        return None
    inside = (times >= window.start_s) & (times <= window.end_s)
    if inside.sum() * PAIR_S < SHORTEST_TABLE_S:
        return None
    rates = rows[inside][:, [0, 1, 2, 6, 7, 8]]
    if float(rates.std(axis=0).max()) > STILL_RAD_S:
        return None
    at_s = float(times[inside].mean())
    x, y, z, u, v, w = rates.mean(axis=0).tolist()
    return TableZero(at_s, (x, y, z)), TableZero(at_s, (u, v, w))


def _apart(one: TableZero, other: TableZero) -> float:
    """The largest difference (rad/s) of two zeros of one gyroscope."""
    return max(abs(b - a) for a, b in zip(one.bias_rad_s, other.bias_rad_s, strict=True))
