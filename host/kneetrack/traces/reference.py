"""Knee angles measured by something else, to compare with: time_s,flexion_deg,valgus_deg,...

Signs as everywhere in KneeTrack: flexion, valgus and internal rotation are positive. A laboratory
whose file counts other directions as positive says so (`OTHER_SIGNS`): ISB's z-x-y angles, for one,
have adduction positive.

A cell that is empty or nan is a hole: an optical system that lost a marker. Short holes are bridged
by a straight line, as missing rows are; longer ones stay unknown, so less than 10 rows a second are
nothing but holes. The rotation may be missing altogether, for a goniometer or a plane video has
none.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kneetrack.errors import InputError
from kneetrack.traces.reader import FloatArray

REFERENCE_COLUMNS = ("time_s", "flexion_deg", "valgus_deg", "rotation_deg")
OTHER_SIGNS = {"extension": 0, "adduction": 1, "external": 2}
"""What a file may count as positive instead, and the angle that is turned around then."""
BRIDGED_S = 0.1
"""A knee turns by some degrees in that time, and not back and forth: in a squat of 2 s to 100 deg a
straight line of 0.1 s misses by 0.6 deg at most."""
_BRIDGED_STEPS = 1.5
_JITTER = 1.05  # of a step, by which clocks are unsteady
_MISSING = ("", "nan", "na", "null", "none")


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceAngles:
    """Flexion, valgus and rotation over time; NaN where one is not known.

    `times` (n,) in s, increasing; `angles` (n, 3) in deg.
    """

    times: FloatArray
    angles: FloatArray

    def at(self, times: FloatArray) -> FloatArray:
        """(m, 3) angles at `times` (m,): in straight lines, NaN outside and in longer holes."""
        out = np.full((len(times), 3), np.nan)
        for k in range(3):
            known = np.isfinite(self.angles[:, k])
            if known.sum() < 2:
                continue
            at, values = self.times[known], self.angles[known, k]
            after = np.clip(np.searchsorted(at, times), 1, len(at) - 1)
            step_s = np.diff(at)
            usual_s = min(float(np.median(np.diff(self.times))), BRIDGED_S)
            bridged_s = max(_JITTER * BRIDGED_S, _BRIDGED_STEPS * usual_s)
            told = (times >= at[0]) & (times <= at[-1]) & (step_s[after - 1] <= bridged_s)
            told |= np.isin(times, at)
            out[told, k] = np.interp(times[told], at, values)
        return out

    @property
    def step_s(self) -> float:
        """From one known flexion to the next, the median."""
        known = self.times[np.isfinite(self.angles[:, 0])]
        return float(np.median(np.diff(known))) if len(known) > 1 else math.inf

    @property
    def is_dense(self) -> bool:
        """Whether straight lines between its rows are what the knee did: 10 rows a second."""
        return self.step_s <= _JITTER * BRIDGED_S

    @property
    def has_rotation(self) -> bool:
        return bool(np.isfinite(self.angles[:, 2]).any())


def read_reference(path: Path, signs: Collection[str] = ()) -> ReferenceAngles:
    """The angles in the CSV at `path`; `signs` name the OTHER_SIGNS that the file has.

    Columns beyond REFERENCE_COLUMNS are passed over, and rotation_deg may be missing. Raises
    InputError where another column is missing, a cell is no number, or time doesn't increase, with
    the line.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = _table(path, csv.reader(file))
    except FileNotFoundError:
        raise InputError(f"{path} does not exist. Check the name.") from None
    except OSError as error:
        raise InputError(f"{path} can't be read: {error.strerror}.") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} can't be read as a table of numbers: {error}.") from None
    if len(table) < 2:
        raise InputError(f"{path} needs at least two rows of numbers.")
    angles = table[:, 1:]
    for name in signs:
        angles[:, OTHER_SIGNS[name]] *= -1.0
    if not np.isfinite(angles[:, :2]).any(axis=0).all():
        raise InputError(f"{path} holds no number in the column flexion_deg or valgus_deg.")
    return ReferenceAngles(table[:, 0], angles)


def _table(path: Path, rows: Iterable[list[str]]) -> FloatArray:
    """(n, 4) of time and angles, NaN for holes."""
    numbered = enumerate(rows, start=1)
    header = [name.strip() for name in next(numbered, (1, list[str]()))[1]]
    missing = [name for name in REFERENCE_COLUMNS[:3] if name not in header]
    if missing:
        raise InputError(f"{path}, line 1: {_wrong_header(header, missing)}")
    columns = [(name, header.index(name)) for name in REFERENCE_COLUMNS if name in header]
    found: list[list[float]] = []
    for line, row in numbered:
        if not any(cell.strip() for cell in row):
            continue
        if len(row) < len(header):
            raise InputError(
                f"{path}, line {line} can't be read: {len(row)} cells, {len(header)} in line 1."
            )
        if any(cell.strip() for cell in row[len(header) :]):
            raise InputError(
                f"{path}, line {line} can't be read: {len(row)} cells, {len(header)} in line 1. "
                "Decimals are written with a point, not with a comma."
            )
        cells = [_number(path, line, name, row[index]) for name, index in columns]
        if math.isnan(cells[0]):
            raise InputError(f"{path}, line {line}: time_s is missing; a hole is in the angles.")
        if found and cells[0] <= found[-1][0]:
            raise InputError(
                f"{path}, line {line}: time_s {cells[0]:.10g} comes after {found[-1][0]:.10g}, "
                "but has to increase; sort the rows, and keep one for each time."
            )
        found.append(cells + [math.nan] * (4 - len(cells)))
    return np.array(found, dtype=np.float64).reshape(-1, 4)


def _wrong_header(header: list[str], missing: list[str]) -> str:
    for mark, name in ((";", "semicolons"), ("\t", "tabs")):
        if any(mark in cell for cell in header):
            return (
                f"the columns are separated by {name}; save it with commas between the columns, "
                "and with points in the numbers (0.5, not 0,5)."
            )
    return (
        f"{', '.join(missing)} missing; a reference has the columns "
        f"{','.join(REFERENCE_COLUMNS)} (rotation_deg may be left out)."
    )


def _number(path: Path, line: int, name: str, cell: str) -> float:
    text = cell.strip()
    if text.lower() in _MISSING:
        return math.nan
    try:
        value = float(text)
    except ValueError:
        how = (
            "write decimals with a point"
            if "," in text
            else "leave a cell empty where there is none"
        )
        raise InputError(
            f'{path}, line {line}, {name} can\'t be read: "{text}" is no number; {how}.'
        ) from None
    if math.isinf(value):
        raise InputError(f"{path}, line {line}, {name} can't be read: it is infinite.")
    return value
