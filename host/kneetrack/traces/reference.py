"""Knee angles measured by something else, to compare with: time_s,flexion_deg,valgus_deg,...

Signs as everywhere in KneeTrack: flexion, valgus and internal rotation are positive. A laboratory
whose file counts other directions as positive says so (`OTHER_SIGNS`): ISB's z-x-y angles, for one,
have adduction positive.

A cell that is empty or nan is a hole: an optical system that lost a marker. Short holes are bridged
by a straight line, as missing rows are; longer ones stay unknown. The rotation may be missing
altogether, for a goniometer or a plane video has none.
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
"""A knee turns by some degrees in that time, and not back and forth."""
_BRIDGED_STEPS = 1.5
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
            bridged_s = max(BRIDGED_S, _BRIDGED_STEPS * float(np.median(np.diff(self.times))))
            told = (times >= at[0]) & (times <= at[-1]) & (step_s[after - 1] <= bridged_s)
            told |= np.isin(times, at)
            out[told, k] = np.interp(times[told], at, values)
        return out

    @property
    def has_rotation(self) -> bool:
        return bool(np.isfinite(self.angles[:, 2]).any())


def read_reference(path: Path, signs: Collection[str] = ()) -> ReferenceAngles:
    """The angles in the CSV at `path`; `signs` name the OTHER_SIGNS that the file has.

    Columns beyond REFERENCE_COLUMNS are passed over, and rotation_deg may be missing. Raises
    InputError where another column is missing, a cell is no number, or time doesn't increase.
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
    if len(table) < 2 or not (np.diff(table[:, 0]) > 0.0).all():
        raise InputError(f"{path} needs at least two rows, and time_s that increases.")
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
        raise InputError(
            f"{path}, line 1: {', '.join(missing)} missing; a reference has the columns "
            f"{','.join(REFERENCE_COLUMNS)} (rotation_deg may be left out)."
        )
    columns = [(name, header.index(name)) for name in REFERENCE_COLUMNS if name in header]
    found: list[list[float]] = []
    for line, row in numbered:
        if not any(cell.strip() for cell in row):
            continue
        if len(row) < len(header):
            raise InputError(
                f"{path}, line {line} can't be read: {len(row)} cells, {len(header)} in line 1."
            )
        cells = [_number(path, line, name, row[index]) for name, index in columns]
        if math.isnan(cells[0]):
            raise InputError(f"{path}, line {line}: time_s is missing; a hole is in the angles.")
        found.append(cells + [math.nan] * (4 - len(cells)))
    return np.array(found, dtype=np.float64).reshape(-1, 4)


def _number(path: Path, line: int, name: str, cell: str) -> float:
    text = cell.strip()
    if text.lower() in _MISSING:
        return math.nan
    try:
        value = float(text)
    except ValueError:
        raise InputError(
            f'{path}, line {line}, {name} can\'t be read: "{text}" is no number; leave a cell '
            "empty where there is none."
        ) from None
    if math.isinf(value):
        raise InputError(f"{path}, line {line}, {name} can't be read: it is infinite.")
    return value
