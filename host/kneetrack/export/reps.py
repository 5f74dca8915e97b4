"""The reps of a recording as rows: the columns of a table of many recordings, in its own time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kneetrack.cohort.columns import FIXED, Column, tag_columns
from kneetrack.cohort.rows import Cells, rows_of
from kneetrack.export.recording import Recording

_TIMES = ("start_s", "end_s")


def rep_cells(recording: Recording) -> tuple[Sequence[Column], Cells]:
    """The columns, tags last, and for each its values, legs in their order."""
    cells, tags = rows_of(recording.result, recording.source.name)
    legs = {leg.side.word: leg for leg in recording.legs}
    for name in _TIMES:
        cells[name] = [
            legs[side].at(value) for side, value in zip(cells["side"], cells[name], strict=True)
        ]
    count = len(cells["side"])
    known = tag_columns(set(tags))
    for column in known:
        cells[column.name] = [tags.get(column.name.removeprefix("tag_"))] * count
    return (*FIXED, *known), cells


def rep_rows(recording: Recording) -> tuple[Sequence[Column], list[tuple[Any, ...]]]:
    """The same row by row."""
    columns, cells = rep_cells(recording)
    return columns, list(zip(*(cells[column.name] for column in columns), strict=True))
