"""The parts to one Parquet table, in order of source, and the list of what failed beside it.

Only a row group is ever in memory. The table carries what its columns mean, field by field, and
under `kneetrack` as JSON: the versions, how many recordings are in it and whether that is all of
them. It holds no date and no path of this computer, so that the same recordings give the same file.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kneecore import __version__, wire
from kneetrack.analysis.source import FAILED_COLUMNS
from kneetrack.cohort.arrow import pyarrow, schema_of, told_in
from kneetrack.cohort.columns import FIXED, TAG, Column, tag_columns
from kneetrack.cohort.parts import Part, rows_in
from kneetrack.cohort.plan import mark
from kneetrack.errors import InputError, UsageError
from kneetrack.whole_file import whole_binary_file, whole_file

FORMAT = 1
GROUP_ROWS = 16384
FAILED = "failed.csv"


def check_table(out: Path) -> int | None:
    """How many recordings are in the table that stands at `out`, if any.

    Raises UsageError where something else is kept there, which is not written over, and InputError
    where there is no such folder.
    """
    if out.is_dir():
        raise UsageError(f"--out {out} is a folder; name a file in it, such as reps.parquet.")
    if not out.absolute().parent.is_dir():
        raise InputError(f"The folder {out.absolute().parent} does not exist; make it first.")
    if not out.exists():
        return None
    pa = pyarrow()
    try:
        return int(told_in(pyarrow("parquet").read_schema(str(out)))["recordings"])
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException):
        raise UsageError(
            f"--out {out} exists already and is no table of reps, so it is not written over; "
            "choose another name."
        ) from None


def write_table(out: Path, parts: Sequence[Part], *, complete: bool) -> None:
    """Put the table together, of parts in order of source. Raises InputError."""
    parquet = pyarrow("parquet")
    told = (*FIXED, *tag_columns({key for part in parts for key in part.tags}))
    schema = schema_of(told, about=_about(parts, told, complete), meanings=True)
    with (
        whole_binary_file(out) as file,
        parquet.ParquetWriter(file, schema, compression="zstd") as writer,
    ):
        for group in _groups(parts, schema, told[len(FIXED) :]):
            writer.write_table(group)


def _about(parts: Sequence[Part], told: Sequence[Column], complete: bool) -> dict[str, Any]:
    return {
        "table": "reps",
        "format": FORMAT,
        "recordings": len(parts),
        "complete": complete,
        "reps": sum(part.reps for part in parts),
        "versions": {
            "kneetrack": __version__,
            "protocol": ".".join(map(str, wire.PROTOCOL_VERSION)),
            "analysis": mark(),
        },
        "columns": [
            {"name": each.name, "unit": each.unit, "meaning": each.meaning} for each in told
        ],
    }


def _groups(parts: Iterable[Part], schema: Any, tags: Sequence[Column]) -> Iterator[Any]:
    """The rows in groups of about GROUP_ROWS."""
    pa = pyarrow()
    waiting: list[Any] = []
    rows = 0
    for part in parts:
        if part.reps:
            waiting.append(_tagged(rows_in(part), part.tags, tags).cast(schema))
            rows += part.reps
        while rows >= GROUP_ROWS:
            whole = pa.concat_tables(waiting)
            yield whole.slice(0, GROUP_ROWS)
            waiting = [whole.slice(GROUP_ROWS)]
            rows -= GROUP_ROWS
    if rows:
        yield pa.concat_tables(waiting)


def _tagged(rows: Any, told: Mapping[str, str], tags: Sequence[Column]) -> Any:
    pa = pyarrow()
    for column in tags:
        value = told.get(column.name.removeprefix(TAG))
        rows = rows.append_column(column.name, pa.array([value] * len(rows), pa.string()))
    return rows


def write_failed(out: Path, failed: Sequence[tuple[str, str]]) -> Path | None:
    """List (source, reason) of what is not in the table `out`, in `failed.csv` beside it.

    What other tables of the folder failed on stays. Without anything to tell there is no such
    file. Raises UsageError where another file of that name is in the way.
    """
    path = out.with_name(FAILED)
    rows = [row for row in _failed_before(path) if row[0] != out.name]
    rows += [(out.name, source, reason) for source, reason in failed]
    if not rows:
        path.unlink(missing_ok=True)
        return None
    with whole_file(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(FAILED_COLUMNS)
        writer.writerows(rows)
    return path


def check_failed(out: Path) -> None:
    """Raises UsageError where `failed.csv` beside `out` is something else."""
    _failed_before(out.with_name(FAILED))


def _failed_before(path: Path) -> list[tuple[str, str, str]]:
    if not path.exists():
        return []
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
    except (OSError, UnicodeDecodeError, csv.Error):
        rows = []
    if not rows or tuple(rows[0]) != FAILED_COLUMNS:
        raise UsageError(
            f"{path} is something else and would be written over by the list of recordings that "
            "can't be read; put the table into another folder."
        )
    return [(row[0], row[1], row[2]) for row in rows[1:] if len(row) == len(FAILED_COLUMNS)]
