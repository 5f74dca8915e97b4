"""Movella DOT (before: Xsens DOT): the CSV that the app, the exporter or the SDK writes.

    sep=,
    DeviceTag:,thigh
    ...
    SyncStatus:,Synced
    OutputRate:,60Hz
    StartTime:,2023-05-04 10:11:12.345 +0200

    PacketCounter,SampleTimeFine,Acc_X,Acc_Y,Acc_Z,Gyr_X,Gyr_Y,Gyr_Z,...

Lines and columns are those of the SDK's logger class (XsensDotLogger, as found in public Android
projects). Units from the Xsens DOT User Manual XD0502P (manualshive.com/en/manual/xsens/dot/
3652498, pages 24 and 25): acceleration m/s^2, angular velocity degree/s; SampleTimeFine in us
of the sensor's own clock, wrapping at 2^32. The same manual (page 14) has rad/s for what its SDK
converts, so the import checks the gyroscope against gravity (`checks`). dq/dv ("delta quantities")
are not taken: choose rate quantities.

Sensors that were synced before share a clock; the file says so in SyncStatus, but only one that was
streamed. For a recording of the sensor's memory say it yourself (--align clock). Such a recording
begins with a row of zeros: the exporter makes rates of differences, and the first has none before
it (github.com/Allwillcome/XsensDot2Mtw4OpenSense, bei_D4CA6EF17860_20210830_170505.csv). An
accelerometer that feels nothing at all has not measured; such rows are no samples.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from kneetrack.traces.importers import units, xsens
from kneetrack.traces.importers.recording import Recording, stream
from kneetrack.traces.importers.table import read_table

_WRAPS = 1 << 32


def read(path: Path) -> Recording:
    """One sensor's CSV. Raises TraceError."""
    wanted = {xsens.COUNTER, xsens.FINE, *xsens.ACC, *xsens.GYR}
    table = read_table(
        path,
        lambda names: xsens.COUNTER in names and xsens.FINE in names,
        wanted.__contains__,
        wanted="PacketCounter, SampleTimeFine, Acc_X.. and Gyr_X..",
        delimiter=",",
    )
    xsens.check_columns(table, "Export or stream rate quantities (acceleration, angular velocity).")
    times = 1e-6 * xsens.unwrapped(table.column(xsens.FINE), _WRAPS)
    counter = xsens.unwrapped(table.column(xsens.COUNTER), _WRAPS)
    said = dict(_said(line) for line in table.before)
    synced = said.get("syncstatus", "").lower() == "synced"
    tag = said.get("devicetag", "")
    acc = table.columns(xsens.ACC)
    gyr = table.columns(xsens.GYR) * units.factor("turning rate", "deg/s", str(path))
    nothing: Any = ~np.column_stack([acc, gyr]).any(axis=1)
    acc[nothing] = gyr[nothing] = np.nan
    return Recording(
        path,
        f"Movella DOT {tag}".strip(),
        stream(path, "gyroscope", times, gyr, counter),
        stream(path, "accelerometer", times, acc, counter),
        "dot" if synced else None,
        "the clock of synced sensors" if synced else "its own clock",
    )


def _said(line: str) -> tuple[str, str]:
    """A line before the header: its name in small letters, and what it says."""
    name, _, rest = line.partition(",")
    return name.strip().rstrip(":").lower(), rest.split(",")[0].strip()
