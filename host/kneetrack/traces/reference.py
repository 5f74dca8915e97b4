"""Knee angles measured by something else, to compare with: time_s,flexion_deg,valgus_deg,...

Signs as everywhere in KneeTrack: flexion, valgus and internal rotation are positive.
"""

from __future__ import annotations

import csv
import warnings
from pathlib import Path

import numpy as np

from kneetrack.errors import InputError
from kneetrack.traces.reader import FloatArray

REFERENCE_COLUMNS = ("time_s", "flexion_deg", "valgus_deg", "rotation_deg")


def read_reference(path: Path) -> tuple[FloatArray, FloatArray]:
    """(times (n,), angles (n, 3) in deg) of `path`; rows with a hole are left out.

    Raises InputError where a column is missing, a cell is no number, or time doesn't increase.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header: list[str] = [name.strip() for name in next(iter(csv.reader(file)), list[str]())]
            missing = [name for name in REFERENCE_COLUMNS if name not in header]
            if missing:
                raise InputError(
                    f"{path}, line 1: {', '.join(missing)} missing; a reference has the columns "
                    f"{','.join(REFERENCE_COLUMNS)}."
                )
            indices = [header.index(name) for name in REFERENCE_COLUMNS]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # no rows: told below
                table = np.loadtxt(
                    file, delimiter=",", usecols=indices, ndmin=2, comments=None, quotechar='"'
                )
    except FileNotFoundError:
        raise InputError(f"{path} does not exist. Check the name.") from None
    except OSError as error:
        raise InputError(f"{path} can't be read: {error.strerror}.") from None
    except ValueError as error:
        raise InputError(f"{path} can't be read as a table of numbers: {error}.") from None
    table = table[np.isfinite(table).all(axis=1)]
    if len(table) < 2 or not (np.diff(table[:, 0]) > 0.0).all():
        raise InputError(f"{path} needs at least two rows, and time_s that increases.")
    return table[:, 0], table[:, 1:4]
