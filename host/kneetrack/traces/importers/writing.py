"""A joined recording as a trace: the CSV and the sidecar beside it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kneetrack.samples import Side, Window
from kneetrack.traces.importers.join import Joined
from kneetrack.traces.reader import COLUMNS
from kneetrack.whole_file import whole_file

_ORDER = (3, 4, 5, 0, 1, 2, 9, 10, 11, 6, 7, 8)
"""The trace's columns (acc before gyr) among the rows of `Joined`."""


def write_trace(
    joined: Joined,
    out: Path,
    *,
    side: Side,
    exercise: str,
    windows: Sequence[Window],
    shank_length_m: float | None,
    notes: str,
) -> None:
    """Both files or none. Raises InputError where they can't be written."""
    table = np.column_stack([joined.time_s, joined.rows[:, _ORDER]])
    sidecar: dict[str, object] = {
        "side": side.word,
        "exercise": exercise,
        "windows": [
            {"kind": window.kind, "start_s": window.start_s, "end_s": window.end_s}
            for window in windows
        ],
        "notes": notes,
    }
    if shank_length_m is not None:
        sidecar["shank_length_m"] = shank_length_m
    with whole_file(out) as file:
        file.write(",".join(COLUMNS) + "\n")
        np.savetxt(file, table, fmt=["%.5f", *["%.6f"] * 12], delimiter=",")
        file.flush()  # a full disk is told here, before there is a sidecar without a trace
        with whole_file(out.with_suffix(".json")) as beside:
            beside.write(json.dumps(sidecar, indent=2) + "\n")
