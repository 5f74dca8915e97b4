"""A text file of another program: lines before the header, the header, rows of numbers.

Columns are separated by tabs, semicolons or commas, whichever the header has. Where it is not the
comma, decimals may have one (0,5), as a European spreadsheet saves them. An empty cell or NaN is
no number; any other word in a column that is wanted is refused, with its line. A last line without
its end may have been cut in the middle of a number, and is left out. UTF-8, UTF-16 with its mark
(a spreadsheet's "Unicode text") or Windows' western letters.
"""

from __future__ import annotations

import codecs
import csv
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kneetrack.errors import TraceError
from kneetrack.traces.reader import FloatArray

_MISSING = frozenset({"", "nan", "na", "null", "none"})
_MOST_BEFORE = 100
"""Lines before the header that are looked through."""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """`values` (n, k) of the columns `names`, NaN where there is none; `before` as it stands."""

    path: Path
    before: tuple[str, ...]
    names: tuple[str, ...]
    values: FloatArray
    first_line: int  # of the rows, as editors count

    def column(self, name: str) -> FloatArray:
        """(n,) of one of `names`."""
        return self.values[:, self.names.index(name)]

    def columns(self, names: Sequence[str]) -> FloatArray:
        """(n, len(names))."""
        return self.values[:, [self.names.index(name) for name in names]]

    def has(self, name: str) -> bool:
        """Whether there is such a column with a number in every row."""
        return name in self.names and bool(np.isfinite(self.column(name)).all())


def read_table(
    path: Path,
    is_header: Callable[[Sequence[str]], bool],
    is_wanted: Callable[[str], bool],
    *,
    wanted: str,
    delimiter: str | None = None,
    skip_rows: int = 0,
) -> Table:
    """The wanted columns below the first line that `is_header`; `wanted` says what that looks like.

    Raises TraceError for a file that can't be read, has no such line, or a word for a number.
    """
    lines = _lines(path)[skip_rows:]
    at, header, mark = -1, list[str](), ","
    for number, line in enumerate(lines[:_MOST_BEFORE]):
        mark = delimiter or next((mark for mark in "\t;," if mark in line), ",")
        cells = next(csv.reader([line], delimiter=mark), list[str]())
        header = [name.strip() for name in cells]
        if is_header(header):
            at = number
            break
    if at < 0:
        raise TraceError(f"{path} has no line with the columns {wanted}; is it another format?")
    kept = [(index, name) for index, name in enumerate(header) if name and is_wanted(name)]
    rows: list[list[float]] = []
    first_line = skip_rows + at + 2
    for number, row in enumerate(csv.reader(lines[at + 1 :], delimiter=mark), start=first_line):
        if not any(row):
            continue
        try:
            cells = [float(row[index] or math.nan) for index, _ in kept]
            if math.inf in cells or -math.inf in cells:
                raise ValueError
        except (ValueError, IndexError):
            if not any(cell.strip() for cell in row):
                continue
            cells = [_number(path, number, name, row, index, mark) for index, name in kept]
        rows.append(cells)
    if len(rows) < 2:
        raise TraceError(f"{path} holds no samples below its header, line {first_line - 1}.")
    values = np.array(rows, dtype=np.float64)
    names = tuple(name for _, name in kept)
    if len(set(names)) < len(names):
        raise TraceError(f"{path}, line {first_line - 1}: a column stands there twice.")
    return Table(path, tuple(lines[:at]), names, values, first_line)


def _lines(path: Path) -> list[str]:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise TraceError(f"{path} does not exist. Check the name.") from None
    except OSError as error:
        raise TraceError(f"{path} can't be read: {error.strerror}.") from error
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = data.decode("utf-16", errors="replace")
    elif b"\0" in data[:1000]:
        raise TraceError(f"{path} is not a text file; export the recording as CSV or text.")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("cp1252", errors="replace")  # °/s of an older Windows program
    lines = text.splitlines(keepends=True)
    if lines and lines[-1] == lines[-1].rstrip("\r\n"):
        del lines[-1]
    return lines


def _number(
    path: Path, line: int, name: str, row: Sequence[str], index: int, delimiter: str
) -> float:
    cell = row[index].strip() if index < len(row) else ""
    if cell.lower() in _MISSING:
        return math.nan
    try:
        value = float(cell if delimiter == "," else cell.replace(",", "."))
    except ValueError:
        raise TraceError(f'{path}, line {line}, column {name}: "{cell}" is not a number.') from None
    if math.isinf(value):
        raise TraceError(f"{path}, line {line}, column {name}: the number is infinite.")
    return value
