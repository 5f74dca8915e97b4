"""Any table of numbers, told by a mapping file (TOML) where its columns are and what their units.

    delimiter = ";"            # left out: tab, semicolon or comma, whichever the header has
    skip_rows = 3              # lines before the header; left out: 0
    clock = "lab"              # left out: a clock of its own. Two IMUs of one clock share times

    [time]                     # or rate_hz = 100.0 instead of column and unit
    column = "t"
    unit = "ms"                # s, ms, us, ns

    [acc]                      # specific force: at rest 9.8 m/s^2, upwards
    columns = ["ax", "ay", "az"]
    unit = "g"                 # m/s^2, g, mg

    [gyr]
    columns = ["gx", "gy", "gz"]
    unit = "deg/s"             # rad/s, deg/s, mdps

`[thigh.acc]`, `[shank.gyr]` and so on count instead of `[acc]`, `[gyr]` where both IMUs stand in
one file, in columns of their own.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from kneetrack.errors import TraceError
from kneetrack.traces.importers import units
from kneetrack.traces.importers.recording import Recording, Stream, stream
from kneetrack.traces.importers.table import read_table
from kneetrack.traces.reader import FloatArray

_KEYS = frozenset({"delimiter", "skip_rows", "clock", "time", "acc", "gyr", "thigh", "shank"})


@dataclass(frozen=True, slots=True)
class _Columns:
    names: tuple[str, str, str]
    scale: float


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping file, understood: for each mount its columns."""

    path: Path
    delimiter: str | None
    skip_rows: int
    clock: str | None
    time: str | None
    time_scale: float
    rate_hz: float | None
    acc: dict[str, _Columns]
    gyr: dict[str, _Columns]


def read_mapping(path: Path) -> Mapping:
    """Raises TraceError with the key that is missing or can't be understood."""
    try:
        value = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise TraceError(f"{path} is no mapping: {error}.") from None
    except OSError as error:
        raise TraceError(f"{path} can't be read: {error.strerror}.") from None
    unknown = sorted(value.keys() - _KEYS)
    if unknown:
        raise TraceError(
            f"{path}: {unknown[0]} is not known; known are {', '.join(sorted(_KEYS))}."
        )
    skip: object = value.get("skip_rows", 0)
    delimiter: object = value.get("delimiter")
    if isinstance(skip, bool) or not isinstance(skip, int) or skip < 0:
        raise TraceError(f"{path}: skip_rows is a number of lines, 0 or more.")
    if delimiter is not None and (not isinstance(delimiter, str) or len(delimiter) != 1):
        raise TraceError(f'{path}: delimiter is one character, as ";" or "\\t".')
    time = _section(path, "time", value.get("time"))
    clock: object = value.get("clock")
    rate_hz = time.get("rate_hz")
    if rate_hz is not None and not (isinstance(rate_hz, int | float) and rate_hz > 0):
        raise TraceError(f"{path}: rate_hz of [time] is a number of samples a second.")
    column: object = time.get("column")
    if (column is None) == (rate_hz is None):
        raise TraceError(f"{path}: [time] has a column with its unit, or a rate_hz; one of both.")
    return Mapping(
        path,
        delimiter,
        skip,
        str(clock) if clock is not None else None,
        None if column is None else str(column),
        1.0 if column is None else units.factor("time", _text(time, "unit"), f"{path}, [time]"),
        None if rate_hz is None else float(rate_hz),
        _by_mount(path, value, "acc", "acceleration"),
        _by_mount(path, value, "gyr", "turning rate"),
    )


def read(path: Path, mapping: Mapping, mount: str) -> Recording:
    """The IMU of `mount` ("thigh", "shank") in the table at `path`. Raises TraceError."""
    acc, gyr = mapping.acc[mount], mapping.gyr[mount]
    wanted = {*acc.names, *gyr.names, *([] if mapping.time is None else [mapping.time])}
    table = read_table(
        path,
        lambda names: wanted <= set(names),
        wanted.__contains__,
        wanted=f"{', '.join(sorted(wanted))} (as {mapping.path.name} tells)",
        delimiter=mapping.delimiter,
        skip_rows=mapping.skip_rows,
    )
    if mapping.time is not None:
        times: FloatArray = mapping.time_scale * table.column(mapping.time)
    else:
        times = np.arange(len(table.values)) / (mapping.rate_hz or 1.0)

    def read_stream(what: str, columns: _Columns) -> Stream:
        return stream(path, what, times, columns.scale * table.columns(columns.names))

    return Recording(
        path,
        f"table, by {mapping.path.name}",
        read_stream("gyroscope", gyr),
        read_stream("accelerometer", acc),
        mapping.clock,
        f'the clock "{mapping.clock}"' if mapping.clock else "its own clock",
    )


def _section(path: Path, name: str, value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TraceError(f"{path} has no section [{name}]; see kneetrack import --help.")
    return cast(dict[str, Any], value)


def _text(section: dict[str, Any], key: str) -> str | None:
    value: object = section.get(key)
    return value if isinstance(value, str) else None


def _by_mount(path: Path, value: dict[str, Any], name: str, kind: str) -> dict[str, _Columns]:
    found: dict[str, _Columns] = {}
    for mount in ("thigh", "shank"):
        own: object = value.get(mount, {})
        inner: object = cast(dict[str, Any], own).get(name) if isinstance(own, dict) else None
        where = f"{mount}.{name}" if inner is not None else name
        section = _section(path, where, inner if inner is not None else value.get(name))
        columns: object = section.get("columns")
        listed = cast(list[object], columns) if isinstance(columns, list) else []
        if len(listed) != 3 or not all(isinstance(one, str) for one in listed):
            raise TraceError(f'{path}: columns of [{where}] are three names, as ["x", "y", "z"].')
        x, y, z = (str(one) for one in listed)
        scale = units.factor(kind, _text(section, "unit"), f"{path}, [{where}]")
        found[mount] = _Columns((x, y, z), scale)
    return found
