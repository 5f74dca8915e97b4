"""Reads a trace, and refuses one that can't be what it says it is.

A trace is `NAME.csv` with a header of COLUMNS (in any order; others are passed over), and the
sidecar `NAME.json`. Line ends, quotes and a byte order mark may be those of any program. Numbers
with the wrong unit, a hole in the middle or a clock that jumps would give angles that look right,
so they are refused here, with the line and the remedy:

- every cell is a finite number;
- time runs evenly: no step over 1.5 or under 0.5 of the median, 40 to 2000 samples a second;
- in its quietest 0.3 s an accelerometer shows gravity, 8.5 to 11.0 m/s^2;
- no leg turns at 25 rad/s for a hundredth of the time: that is deg/s.
"""

from __future__ import annotations

import csv
import math
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from kneetrack.errors import TraceError, UsageError
from kneetrack.samples import Side, Window
from kneetrack.traces.sidecar import Sidecar, read_sidecar

FloatArray: TypeAlias = NDArray[np.float64]
BoolArray: TypeAlias = NDArray[np.bool_]

SENSORS = ("thigh_acc", "thigh_gyr", "shank_acc", "shank_gyr")
COLUMNS = ("time_s", *(f"{sensor}_{axis}" for sensor in SENSORS for axis in "xyz"))

RATE_HZ = (40.0, 2000.0)
STEP = (0.5, 1.5)
GRAVITY_M_S2 = (8.5, 11.0)
QUIET_S = 0.3
SHORTEST_S = 1.0
FASTEST_RAD_S = 25.0
_DEG = 180.0 / math.pi


@dataclass(frozen=True, slots=True)
class Trace:
    """One leg's recording: n samples, each IMU in its own axes; rad/s and m/s^2 specific force."""

    path: Path
    time_s: FloatArray  # (n,)
    thigh_gyr: FloatArray  # (n, 3)
    thigh_acc: FloatArray
    shank_gyr: FloatArray
    shank_acc: FloatArray
    side: Side
    rate_hz: float
    exercise: str = "unknown"
    windows: tuple[Window, ...] = ()
    shank_length_m: float | None = None
    notes: str = ""
    truth: dict[str, Any] | None = None

    @property
    def rows(self) -> FloatArray:
        """(n, 12): thigh gyr, thigh acc, shank gyr, shank acc, as the estimators take them."""
        return np.hstack([self.thigh_gyr, self.thigh_acc, self.shank_gyr, self.shank_acc])


def read_trace(path: Path, side: Side | None = None) -> Trace:
    """The trace at `path`; `side` is needed where no sidecar tells it.

    Raises TraceError for a file that can't be used, UsageError where the side is unknown or is
    said to be both.
    """
    path = Path(path)
    table = _read_table(path)
    sidecar_path = path.with_suffix(".json")
    sidecar = read_sidecar(sidecar_path) if sidecar_path.is_file() else Sidecar(side=None)
    known_side = _side_of(path, sidecar_path, sidecar, side)
    time_s = table[:, 0]
    rate_hz = _check_time(path, time_s)
    acc_thigh, gyr_thigh, acc_shank, gyr_shank = (
        np.ascontiguousarray(table[:, 1 + 3 * k : 4 + 3 * k]) for k in range(4)
    )
    for name, acc in (("thigh_acc", acc_thigh), ("shank_acc", acc_shank)):
        _check_gravity(path, name, acc, rate_hz)
    for name, gyr in (("thigh_gyr", gyr_thigh), ("shank_gyr", gyr_shank)):
        _check_rates(path, name, gyr)
    return Trace(
        path=path,
        time_s=time_s,
        thigh_gyr=gyr_thigh,
        thigh_acc=acc_thigh,
        shank_gyr=gyr_shank,
        shank_acc=acc_shank,
        side=known_side,
        rate_hz=rate_hz,
        exercise=sidecar.exercise,
        windows=_inside(sidecar_path, sidecar.windows, time_s),
        shank_length_m=sidecar.shank_length_m,
        notes=sidecar.notes,
        truth=sidecar.truth,
    )


def _side_of(path: Path, sidecar_path: Path, sidecar: Sidecar, side: Side | None) -> Side:
    if sidecar.side is None:
        if side is None:
            raise UsageError(
                f"{path.name} doesn't say which leg it is: {sidecar_path.name} beside it has no "
                "side. Add --side right or --side left."
            )
        return side
    if side is not None and side is not sidecar.side:
        raise UsageError(
            f"{sidecar_path.name} says {sidecar.side.word}, --side says {side.word}. "
            "Leave --side out, or mend the sidecar."
        )
    return sidecar.side


def _read_table(path: Path) -> FloatArray:
    """The columns of COLUMNS, (n, 13), all finite."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header: list[str] = next(iter(csv.reader(file)), list[str]())
            indices = _indices(path, [name.strip() for name in header])
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", UserWarning)  # no samples: told below
                    table = np.loadtxt(
                        file, delimiter=",", usecols=indices, ndmin=2, comments=None, quotechar='"'
                    )
            except ValueError:
                raise _bad_cell(path, indices) from None
    except FileNotFoundError:
        raise TraceError(f"{path} does not exist. Check the name.") from None
    except IsADirectoryError:
        raise TraceError(f"{path} is a folder; give the .csv file in it.") from None
    except UnicodeDecodeError:
        raise TraceError(f"{path} is not a text file; a trace is a CSV with a header.") from None
    except OSError as error:
        raise TraceError(f"{path} can't be read: {error.strerror}.") from error
    if len(table) < 2:
        raise TraceError(f"{path} holds no samples: it was cut short. Record or export it again.")
    if not np.isfinite(table).all():
        raise _bad_cell(path, indices)
    return table


def _indices(path: Path, header: list[str]) -> list[int]:
    missing = [name for name in COLUMNS if name not in header]
    if len(missing) == len(COLUMNS):
        raise TraceError(
            f"{path}, line 1 is no header of a trace; it should begin with "
            f"{','.join(COLUMNS[:4])},... (m/s^2 and rad/s)."
        )
    if missing:
        raise TraceError(
            f"{path}, line 1: the column{'s' if len(missing) > 1 else ''} {', '.join(missing)} "
            f"{'are' if len(missing) > 1 else 'is'} missing; a trace needs time_s and acc and gyr "
            "x, y, z of thigh and shank."
        )
    return [header.index(name) for name in COLUMNS]


def _bad_cell(path: Path, indices: list[int]) -> TraceError:
    """Looks again, cell by cell, for the first that is no finite number."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file)
        next(reader)
        for row in reader:
            if not row:
                continue
            for name, index in zip(COLUMNS, indices, strict=True):
                cell = row[index].strip() if index < len(row) else ""
                if not _is_finite(cell):
                    shown = f'"{cell}" is not a number' if cell else "no value"
                    return TraceError(
                        f"{path}, line {reader.line_num}, column {name}: {shown}. Fill the hole or "
                        "cut the recording there; KneeTrack doesn't guess samples."
                    )
    return TraceError(f"{path} can't be read as a table of numbers; save it as plain CSV.")


def _is_finite(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False


def _check_time(path: Path, time_s: FloatArray) -> float:
    steps = np.diff(time_s)
    median = float(np.median(steps))
    if median <= 0.0:
        raise TraceError(f"{path}: time_s doesn't increase; it must be seconds, one per sample.")
    wrong = np.flatnonzero((steps > STEP[1] * median) | (steps < STEP[0] * median))
    if wrong.size:
        at = int(wrong[0])
        raise TraceError(
            f"{path}, line {at + 3}: time jumps from {time_s[at]:.4f} s to {time_s[at + 1]:.4f} s "
            f"where {median:.4f} s is the usual step. Cut the recording there, or export it "
            "without lost samples."
        )
    rate_hz = float((len(time_s) - 1) / (time_s[-1] - time_s[0]))
    if not RATE_HZ[0] <= rate_hz <= RATE_HZ[1]:
        hint = " Is time_s in milliseconds?" if rate_hz < 2.0 else ""
        raise TraceError(
            f"{path}: {rate_hz:.4g} samples a second; KneeTrack needs {RATE_HZ[0]:.0f} to "
            f"{RATE_HZ[1]:.0f}.{hint}"
        )
    if time_s[-1] - time_s[0] < SHORTEST_S:
        raise TraceError(
            f"{path} is only {time_s[-1] - time_s[0]:.2f} s long; record at least one whole rep."
        )
    return rate_hz


def _check_gravity(path: Path, name: str, acc: FloatArray, rate_hz: float) -> None:
    size = np.linalg.norm(acc, axis=1)
    length = max(2, round(QUIET_S * rate_hz))
    # Variance in each window of that length, by running sums.
    sums = np.cumsum(np.concatenate([[0.0], size - size.mean()]))
    squares = np.cumsum(np.concatenate([[0.0], (size - size.mean()) ** 2]))
    mean = (sums[length:] - sums[:-length]) / length
    quietest = int(np.argmin((squares[length:] - squares[:-length]) / length - mean**2))
    gravity = float(mean[quietest] + size.mean())
    if GRAVITY_M_S2[0] <= gravity <= GRAVITY_M_S2[1]:
        return
    if 0.85 <= gravity <= 1.15:
        remedy = "that looks like g. Multiply the accelerations by 9.80665."
    else:
        remedy = "gravity is 9.8. Convert the column to m/s^2 of specific force (not gravity-free)."
    raise TraceError(
        f"{path}, columns {name}_x to _z: {gravity:.3g} m/s^2 where the IMU is quietest; {remedy}"
    )


def _check_rates(path: Path, name: str, gyr: FloatArray) -> None:
    fast = float(np.percentile(np.linalg.norm(gyr, axis=1), 99))
    if fast > FASTEST_RAD_S:
        raise TraceError(
            f"{path}, columns {name}_x to _z: {fast:.0f} rad/s is {fast * _DEG:.0f} deg/s, faster "
            "than a leg turns; that looks like deg/s. Multiply the rates by 0.0174533."
        )


def _inside(path: Path, windows: tuple[Window, ...], time_s: FloatArray) -> tuple[Window, ...]:
    """The windows, cut to the recording. Raises TraceError for one that lies outside."""
    first, last = float(time_s[0]), float(time_s[-1])
    for window in windows:
        if window.start_s >= last or window.end_s <= first:
            raise TraceError(
                f"{path}: the {window.kind} window {window.start_s:g} to {window.end_s:g} s lies "
                f"outside the recording ({first:g} to {last:g} s)."
            )
    return tuple(Window(w.kind, max(first, w.start_s), min(last, w.end_s)) for w in windows)
