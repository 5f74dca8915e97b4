"""Recordings of others' IMUs, brought into the form of a trace.

units       what a header calls a unit, and the factor to SI
table       a text file: header, columns, numbers
recording   one IMU: two streams on even grids, and what their times are worth
xsens, movella_dot, metawear, ximu3, mapped     one format each, with where it is told
tap         the offset of two clocks from a knock
join        two IMUs on one time base
checks      what the signals show of themselves: units, axes, clipping, rest
writing     the trace and its sidecar

Start at `read` and `join.join`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from kneetrack.traces.importers import mapped, metawear, movella_dot, units, ximu3, xsens
from kneetrack.traces.importers.checks import Findings, leaning_deg, look, still_spans
from kneetrack.traces.importers.join import Align, Joined, join
from kneetrack.traces.importers.recording import Recording
from kneetrack.traces.importers.tap import moving_together
from kneetrack.traces.importers.writing import write_trace

TABLE = "csv"
READERS: Mapping[str, Callable[[Path], Recording]] = {
    "xsens": xsens.read,
    "movella-dot": movella_dot.read,
    "metawear": metawear.read,
    "x-imu3": ximu3.read,
}
FORMATS = (*READERS, TABLE)
_ASSUMED_GYR = {"xsens": "rad/s", "movella-dot": "deg/s"}
"""Formats whose files don't tell the unit of turning rates, and what their manuals say."""
GYR_UNITS = tuple(units.GYR)


def read(
    path: Path, form: str, mount: str, mapping: Path | None = None, gyr_unit: str | None = None
) -> Recording:
    """The IMU of `mount` ("thigh", "shank") in the file or folder at `path`.

    `gyr_unit` counts instead of what the manual of a format says that doesn't tell it. Raises
    TraceError.
    """
    if form == TABLE and mapping is not None:
        return mapped.read(path, mapped.read_mapping(mapping), mount)
    found = READERS[form](path)
    if gyr_unit is None:
        return found
    scale = units.GYR[gyr_unit] / units.GYR[_ASSUMED_GYR[form]]
    return replace(found, gyr=replace(found.gyr, values=scale * found.gyr.values))


def tells_unit(form: str) -> bool:
    """Whether files of that format say themselves in which unit they turn."""
    return form not in _ASSUMED_GYR


__all__ = [
    "FORMATS",
    "GYR_UNITS",
    "TABLE",
    "Align",
    "Findings",
    "Joined",
    "Recording",
    "join",
    "leaning_deg",
    "look",
    "moving_together",
    "read",
    "still_spans",
    "tells_unit",
    "write_trace",
]
