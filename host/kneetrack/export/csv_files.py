"""CSV: one table a file, the unit of each column in its name in the header line.

    NAME_right_angles.csv        what `kneetrack angles` writes, in the session's time
    NAME_right_orientations.csv  both sensors' quaternions (w, x, y, z), each to an earth of its own
                                 (z up; its heading is that of the sensor at its start)
    NAME_right_imu.csv           gyroscopes (rad/s) and accelerometers (m/s^2, up at rest), in the
                                 sensors' own axes, bias included, as the IMUs gave them
    NAME_reps.csv                a row a rep: the columns of `analyze DIR --out reps.parquet`
    NAME_events.csv              reps, sets, gaps, cues, marks

Unknown is an empty cell. A missing sample is a row with its time and empty cells. UTF-8, commas,
a point for decimals, lines end in LF.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import IO, Any, cast

import numpy as np

from kneetrack.export.columns import DECIMALS, EVENTS, SERIES
from kneetrack.export.events import happenings
from kneetrack.export.formats import Options
from kneetrack.export.grid import FloatArray, known_rows
from kneetrack.export.recording import Leg, Progress, Recording, Series
from kneetrack.export.reps import rep_rows
from kneetrack.whole_file import whole_file

CHUNK = 8192


def series_of(leg: Leg) -> Iterable[tuple[str, Series]]:
    """What there is of a leg, by its name in `columns.SERIES`."""
    yield "angles", leg.angles
    yield "orientations", leg.orientations
    if leg.imu is not None:
        yield "imu", leg.imu


def write(recording: Recording, folder: Path, options: Options, told: Progress) -> Iterator[Path]:
    for leg in recording.legs:
        for name, series in series_of(leg):
            path = folder / f"{recording.name}_{leg.side.word}_{name}.csv"
            with whole_file(path) as file:
                file.write(header_of(name))
                for share in write_rows(file, series.times, series.rows, DECIMALS[name]):
                    told(f"Writing {path.name}", share)
            yield path
    path = folder / f"{recording.name}_reps.csv"
    columns, rows = rep_rows(recording)
    _table(path, [column.name for column in columns], rows)
    yield path
    path = folder / f"{recording.name}_events.csv"
    _table(
        path,
        [column.name for column in EVENTS],
        [
            [
                f"{row.onset_s:.4f}", f"{row.duration_s:.4f}", row.side, row.event, row.set,
                row.rep, row.text,
            ]
            for row in happenings(recording)
        ],
    )  # fmt: skip
    yield path


def header_of(name: str) -> str:
    """The header line of a leg's table."""
    return ",".join(column.name for column in SERIES[name]) + "\n"


def write_rows(
    file: IO[str],
    times: FloatArray,
    rows: FloatArray,
    decimals: Sequence[int],
    *,
    separator: str = ",",
    unknown: str = "",
) -> Iterable[float]:
    """Times (n,) and rows (n, k) as text; which share is done, chunk by chunk."""
    forms = [f"%.{each}f" for each in decimals]
    template = separator.join(forms) + "\n"
    for begin in range(0, len(times), CHUNK):
        part = np.column_stack([times[begin : begin + CHUNK], rows[begin : begin + CHUNK]])
        part += 0.0  # no -0
        whole = known_rows(part).tolist()
        lines = [
            template % tuple(row) if is_whole else _holed(row, forms, separator, unknown)
            for row, is_whole in zip(part.tolist(), whole, strict=True)
        ]
        file.write("".join(lines))
        yield min(1.0, (begin + CHUNK) / len(times))


def _holed(row: list[float], forms: list[str], separator: str, unknown: str) -> str:
    cells = [
        form % value if math.isfinite(value) else unknown
        for form, value in zip(forms, row, strict=True)
    ]
    return separator.join(cells) + "\n"


def _table(path: Path, header: list[str], rows: Iterable[Sequence[Any]]) -> None:
    with whole_file(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([[_cell(value) for value in row] for row in rows])


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.6g}" if abs(value) < 1e4 and math.isfinite(value) else repr(value)
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, list):
        return " ".join(map(str, cast("list[object]", value)))
    return value


WRITERS = {"csv": write}
