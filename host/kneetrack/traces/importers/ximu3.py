"""x-io x-IMU3: Inertial.csv as the x-IMU3 GUI and API write it.

    Timestamp (us),Gyroscope X (deg/s),..Z,Accelerometer X (g),..Y (g),..Z (g)

As in x-io's own examples (github.com/xioTechnologies/x-IMU3-CSV, Examples/Logged Data/.../
Inertial.csv); the units are taken from the header, so "Time (s)" of other versions is read as well.
The timestamp is of the device's own clock. Devices that were synchronised over their network share
it; the file does not say so, you do (--align clock).
"""

from __future__ import annotations

from pathlib import Path

from kneetrack.errors import TraceError
from kneetrack.traces.importers import units
from kneetrack.traces.importers.recording import Recording, Stream, stream
from kneetrack.traces.importers.table import Table, read_table

FILE = "Inertial.csv"
_TIMES = ("Timestamp", "Time")
_GYR = tuple(f"Gyroscope {axis}" for axis in "XYZ")
_ACC = tuple(f"Accelerometer {axis}" for axis in "XYZ")


def read(path: Path) -> Recording:
    """The device whose Inertial.csv, or the folder with it, is `path`. Raises TraceError."""
    file = path / FILE if path.is_dir() else path
    table = read_table(
        file,
        lambda names: any(name.startswith(_GYR[0]) for name in names),
        lambda name: name.startswith((*_TIMES, *_GYR, *_ACC)),
        wanted="Timestamp (us), Gyroscope X (deg/s) and Accelerometer X (g)",
        delimiter=",",
    )
    return Recording(
        file,
        "x-IMU3",
        _stream(table, "gyroscope", "turning rate", _GYR),
        _stream(table, "accelerometer", "acceleration", _ACC),
        None,
        "its own clock",
    )


def _stream(table: Table, what: str, kind: str, wanted: tuple[str, ...]) -> Stream:
    time = _column(table, _TIMES)
    scale = units.factor("time", units.unit_in(time), f"{table.path}, column {time}")
    names = [_column(table, (name,)) for name in wanted]
    each = [
        units.factor(kind, units.unit_in(name), f"{table.path}, column {name}") for name in names
    ]
    return stream(table.path, what, scale * table.column(time), table.columns(names) * each)


def _column(table: Table, starts: tuple[str, ...]) -> str:
    for name in table.names:
        if name.startswith(starts):
            return name
    raise TraceError(f"{table.path} has no column {starts[0]}.")
