"""Parquet: the tables of `csv_files`, with unit and meaning in the metadata of every field.

The schema carries, under `kneetrack`, the whole of `about` as JSON: start in UTC, signs, clock,
gaps, versions. Unknown is null, never NaN; a missing sample is a row with its time and nulls.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kneetrack.cohort.arrow import pyarrow, schema_of
from kneetrack.cohort.columns import COUNT, Column
from kneetrack.export.about import about
from kneetrack.export.columns import EVENTS, SERIES
from kneetrack.export.csv_files import series_of
from kneetrack.export.events import happenings
from kneetrack.export.formats import Options
from kneetrack.export.recording import Progress, Recording, Series
from kneetrack.export.reps import rep_cells
from kneetrack.whole_file import whole_binary_file


def write(recording: Recording, folder: Path, options: Options, told: Progress) -> Iterator[Path]:
    said = about(recording)

    def put(name: str, columns: Sequence[Column], cells: Mapping[str, Any]) -> Path:
        path = folder / f"{recording.name}_{name}.parquet"
        told(f"Writing {path.name}", 0.0)
        schema = schema_of(columns, about={"table": name, **said}, meanings=True)
        pa = pyarrow()
        arrays = [_array(pa, cells[field.name], field.type) for field in schema]
        table = pa.Table.from_arrays(arrays, schema=schema)
        with whole_binary_file(path) as file:
            pyarrow("parquet").write_table(table, file, compression="zstd")
        return path

    for leg in recording.legs:
        for name, series in series_of(leg):
            yield put(f"{leg.side.word}_{name}", SERIES[name], _cells(SERIES[name], series))
    columns, cells = rep_cells(recording)
    yield put("reps", columns, cells)
    rows = happenings(recording)
    named = [column.name for column in EVENTS]
    yield put("events", EVENTS, {name: [getattr(row, name) for row in rows] for name in named})


def _cells(columns: Sequence[Column], series: Series) -> dict[str, Any]:
    values = [series.times, *series.rows.T]
    return {
        column.name: (each, column.kind == COUNT)
        for column, each in zip(columns, values, strict=True)
    }


def _array(pa: Any, cells: Any, kind: Any) -> Any:
    if isinstance(cells, list):
        return pa.array(cells, type=kind)
    values: Any
    values, is_count = cells
    holes: Any = np.isnan(values)
    if is_count:
        values = np.where(holes, 0, values).astype(np.int32)
    return pa.array(np.ascontiguousarray(values), type=kind, mask=holes)


WRITERS = {"parquet": write}
