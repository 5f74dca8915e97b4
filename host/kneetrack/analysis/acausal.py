"""Orientations with the whole recording at hand: offlineVQF, and the gyroscopes' zeros before it.

offlineVQF (Laidig & Seel, Information Fusion 91:187, 2023; the `vqf` package) runs the filter
forward and backward, so neither its bias nor its levelling lags. It is the only thing taken from
that package, and only when an offline analysis is asked for.

The bias is not learnt at rest: while worn, a standing person's sway would be learnt as bias
(biomechanics B4). What movement shows of it is.

A gyroscope's zero drifts with temperature. Where the IMUs lay on a table before and after, it is
taken to have drifted in between, in step with the temperature where that was logged, else with time
(biomechanics B4, B8). Otherwise one zero serves throughout.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from typing import Any, NamedTuple

import numpy as np

from kneetrack.analysis.angles import PAIR_S
from kneetrack.analysis.raw import Stretch
from kneetrack.analysis.windows import tables
from kneetrack.calibration.store import CalibrationFile
from kneetrack.calibration.temperature import TableZero, two_point_bias
from kneetrack.errors import InputError, install
from kneetrack.samples import DieTemperature, Window
from kneetrack.traces.reader import FloatArray

FILTER: dict[str, Any] = {"restBiasEstEnabled": False, "motionBiasEstEnabled": True}
UNKNOWN_DEG_S = 0.5
LEFT_DEG_S = {"table at both ends": 0.03, "table": 0.1, "earlier table": 0.2, "stand": 0.1}
"""What may be left of a zero (deg/s) by where it comes from, warming up included: the filter learns
no more. With vqf's 0.5, the jolts of strapping on were learnt as 0.1 deg/s about the vertical."""
SHORTEST_TABLE_S = 2.0
STILL_RAD_S = np.radians(0.5)
"""A table window whose rates spread more than this (standard deviation) tells no zero."""
MOST_DRIFT_RAD_S = np.radians(1.0)
"""No gyroscope's zero moves more in a session; two tables further apart were not two tables."""


class Ends(NamedTuple):
    """What is known of one gyroscope's zero: at the beginning, and where it lay down again."""

    first: TableZero
    last: TableZero | None


SAME_DAY_RAD_S = np.radians(0.15)
"""A zero moves by some 0.01 deg/s a kelvin: a calibration farther from today's is another day's."""


@dataclass(frozen=True, slots=True)
class Zeros:
    """Both gyroscopes' zeros in a recording, and where they come from.

    `source` is "table at both ends", else as CalibrationFile.rests_on["bias"]; `warmth` is what
    the chips told of their temperature, where they did.
    """

    thigh: Ends
    shank: Ends
    source: str
    warmth: tuple[DieTemperature, ...] = ()

    @property
    def left_deg_s(self) -> float:
        """How much of a zero may be left when these are taken off."""
        return LEFT_DEG_S.get(self.source, UNKNOWN_DEG_S)

    def at(self, times: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The zeros of thigh and shank (n, 3), rad/s, at `times` (n,)."""
        told_s = [one.time_s for one in self.warmth]
        found: list[FloatArray] = []
        for ends, warm_c in (
            (self.thigh, [one.thigh_c for one in self.warmth]),
            (self.shank, [one.shank_c for one in self.warmth]),
        ):
            if ends.last is None:
                found.append(np.tile(np.array(ends.first.bias_rad_s), (len(times), 1)))
                continue
            known = np.interp(times, told_s, warm_c) if told_s else None
            found.append(two_point_bias(ends.first, ends.last, times, known))
        return found[0], found[1]


def vqf_version() -> str:
    """Of the installed vqf package. Raises InputError where there is none."""
    _vqf()
    return version("vqf")


def orientations(
    gyr: FloatArray, acc: FloatArray, bias_sigma_deg_s: float = UNKNOWN_DEG_S
) -> FloatArray:
    """q_earth_sensor (n, 4) of one IMU on the band's grid; gyr, acc (n, 3), zeros taken off.

    `bias_sigma_deg_s` is how well those zeros are known. Earth z up, the heading arbitrary. Raises
    InputError where vqf is not installed.
    """
    found = _vqf().offlineVQF(
        np.ascontiguousarray(gyr),
        np.ascontiguousarray(acc),
        None,
        PAIR_S,
        FILTER | {"biasSigmaInit": bias_sigma_deg_s},
    )
    return found["quat6D"]


def _vqf() -> Any:
    try:
        return import_module("vqf")
    except ImportError:
        raise InputError(
            "The offline analysis needs the vqf package, which is not installed. "
            f"{install('offline')}"
        ) from None


def zeros(
    stretches: Sequence[Stretch],
    windows: Iterable[Window],
    calibration: CalibrationFile,
    warmth: Sequence[DieTemperature] = (),
) -> Zeros:
    """A line between the tables at both ends of a recording, else the zeros of `calibration`.

    Where only the end has a table, and the calibration was zeroed on one as well, that was the
    first of the two.
    """
    opening, closing = tables(windows)
    last = _table_zeros(stretches, closing, warmth)
    own = calibration.calibration
    begin_s = float(stretches[0].times[0])
    kept = (
        TableZero(begin_s, own.thigh_gyr_bias, _warmth_at(warmth, begin_s)[0]),
        TableZero(begin_s, own.shank_gyr_bias, _warmth_at(warmth, begin_s)[1]),
    )
    source = calibration.rests_on.get("bias", "table")
    first = _table_zeros(stretches, opening, warmth) or (kept if source == "table" else None)
    if first is kept and last is not None and _far_apart(kept, last, SAME_DAY_RAD_S):
        return Zeros(Ends(last[0], None), Ends(last[1], None), "table at the end")
    if (
        first is not None
        and last is not None
        and last[0].time_s > first[0].time_s
        and not _far_apart(first, last, MOST_DRIFT_RAD_S)
    ):
        both = (Ends(first[0], last[0]), Ends(first[1], last[1]))
        return Zeros(*both, "table at both ends", tuple(warmth))
    return Zeros(Ends(kept[0], None), Ends(kept[1], None), source)


def _table_zeros(
    stretches: Sequence[Stretch], window: Window | None, warmth: Sequence[DieTemperature]
) -> tuple[TableZero, TableZero] | None:
    """Thigh and shank in a table window, where they were still and it was long enough."""
    if window is None:
        return None
    for stretch in stretches:
        inside = (stretch.times >= window.start_s) & (stretch.times <= window.end_s)
        if inside.sum() * PAIR_S < SHORTEST_TABLE_S:
            continue
        rates = stretch.rows[inside][:, [0, 1, 2, 6, 7, 8]]
        if float(rates.std(axis=0).max()) > STILL_RAD_S:
            continue
        at_s = float(stretch.times[inside].mean())
        thigh_c, shank_c = _warmth_at(warmth, at_s)
        x, y, z, u, v, w = rates.mean(axis=0).tolist()
        return TableZero(at_s, (x, y, z), thigh_c), TableZero(at_s, (u, v, w), shank_c)
    return None


def _warmth_at(
    warmth: Sequence[DieTemperature], at_s: float
) -> tuple[float, float] | tuple[None, None]:
    """What both chips told nearest to that instant; None where they told nothing."""
    if not warmth:
        return None, None
    nearest = min(warmth, key=lambda one: abs(one.time_s - at_s))
    return nearest.thigh_c, nearest.shank_c


def _far_apart(
    first: tuple[TableZero, TableZero], last: tuple[TableZero, TableZero], most: float
) -> bool:
    """Whether a zero of either gyroscope moved by more than `most` (rad/s) about any axis."""
    return max(_apart(*pair) for pair in zip(first, last, strict=True)) > most


def _apart(one: TableZero, other: TableZero) -> float:
    """The largest difference (rad/s) of two zeros of one gyroscope."""
    return max(abs(b - a) for a, b in zip(one.bias_rad_s, other.bias_rad_s, strict=True))
