"""Xsens MT Manager: one .txt or .csv of each tracker (MTw, MTi), with // lines above the header.

    // Start Time: Unknown
    // Update Rate: 100.0Hz
    ...
    PacketCounter  SampleTimeFine  UTC_Nano  UTC_Year ...  Acc_X  Acc_Y  Acc_Z  Gyr_X  Gyr_Y  Gyr_Z

Units are not in the file, but in the manual: Acc m/s^2, Gyr rad/s, the counter wraps at 65535 (MTw
Awinda User Manual, table of exported data: manualshelf.com/manual/xsens-technologies/awnddng,
page 45). SampleTimeFine counts 0.1 ms (MTi User Manual MT0605P, 4.12.3: manualshive.com/en/manual/
xsens/mti-10-imu/889678, page 51); for an MTw it is empty or NaN, and the rate is the header's.
UTC_Valid has 0x04 set where UTC is valid (the same, 4.12.2). Headers as read by others:
github.com/gait-tech/gaittoolbox (+tcdlib/@XsensBody/loadMTExport.m),
github.com/Allwillcome/XsensDot2Mtw4OpenSense. FreeAcc is without gravity and is not taken.

MT Manager names the files of one recording NAME_DEVICE.txt (gaittoolbox, the same): trackers whose
NAME is the same were sampled by one master, and their counters are one clock.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from kneetrack.errors import TraceError
from kneetrack.traces.importers.recording import Recording, stream
from kneetrack.traces.importers.table import Table, read_table
from kneetrack.traces.reader import FloatArray

ACC = ("Acc_X", "Acc_Y", "Acc_Z")
GYR = ("Gyr_X", "Gyr_Y", "Gyr_Z")
COUNTER, FINE = "PacketCounter", "SampleTimeFine"
_UTC = ("UTC_Year", "UTC_Month", "UTC_Day", "UTC_Hour", "UTC_Minute", "UTC_Second", "UTC_Nano")
_VALID = "UTC_Valid"
_TICK_S = 1e-4
_COUNTER_WRAPS = 1 << 16
_FINE_WRAPS = 1 << 32
_RATE = re.compile(r"Update Rate:\s*([0-9.]+)\s*Hz", re.IGNORECASE)
_MASTER = re.compile(r"^(.+)_[0-9A-Fa-f]{8}$")


def read(path: Path) -> Recording:
    """One tracker's export. Raises TraceError."""
    wanted = {COUNTER, FINE, *ACC, *GYR, *_UTC, _VALID}
    table = read_table(
        path,
        lambda names: COUNTER in names,
        wanted.__contains__,
        wanted="PacketCounter, Acc_X.. and Gyr_X..",
    )
    check_columns(table, "Export Acceleration and Rate of Turn (MT Manager: Exporters).")
    counter = unwrapped(table.column(COUNTER), _COUNTER_WRAPS)
    times = _times(path, table, counter)
    clock, words = None, "its own clock"
    utc = _utc(table)
    if utc is not None:
        times, clock, words = utc, "utc", "UTC of the trackers"
    elif (master := _MASTER.match(path.stem)) is not None:
        clock = f"xsens:{path.resolve().parent}/{master.group(1)}"
        words = f"the counter that all trackers of {master.group(1)} share"
        times = (
            times - times[0] + (counter[0] * (times[-1] - times[0]) / (counter[-1] - counter[0]))
        )
    return Recording(
        path,
        "Xsens MT Manager",
        stream(path, "gyroscope", times, table.columns(GYR), counter),
        stream(path, "accelerometer", times, table.columns(ACC), counter),
        clock,
        words,
    )


def check_columns(table: Table, remedy: str) -> None:
    """TraceError where the raw acceleration or turning rate is not among the columns."""
    missing = [name for name in (*ACC, *GYR) if name not in table.names]
    if missing:
        raise TraceError(
            f"{table.path} lacks {', '.join(missing)}. {remedy} FreeAcc, Euler angles and "
            "quaternions can't take their place."
        )


def unwrapped(values: FloatArray, wraps: int) -> FloatArray:
    """A counter (n,) that starts at 0 again after `wraps`, going on."""
    known = np.isfinite(values)
    steps = np.diff(values[known])
    turns = np.concatenate([[0.0], np.cumsum(steps < -0.5 * wraps)])
    out = values.copy()
    out[known] = values[known] + wraps * turns
    return out


def _times(path: Path, table: Table, counter: FloatArray) -> FloatArray:
    """Seconds, from the tracker's ticks, else from its counter and the header's rate."""
    if table.has(FINE):
        fine = unwrapped(table.column(FINE), _FINE_WRAPS)
        if fine[-1] > fine[0]:
            return _TICK_S * fine
    for line in table.before:
        found = _RATE.search(line)
        if found is not None and float(found.group(1)) > 0.0:
            return counter / float(found.group(1))
    raise TraceError(
        f"{path} tells neither SampleTimeFine nor an Update Rate, so its times are not known. "
        'Add a line "// Update Rate: 100.0Hz" with your rate at its top, or export it with UTC.'
    )


def _utc(table: Table) -> FloatArray | None:
    """Seconds since 1970 (n,), where all rows have a valid UTC."""
    if not all(table.has(name) for name in _UTC):
        return None
    if table.has(_VALID) and not (table.column(_VALID).astype(int) & 4).all():
        return None
    year, month, day, hour, minute, second, nano = (table.column(name) for name in _UTC)
    days = np.empty(len(year))
    for date in {(int(y), int(m), int(d)) for y, m, d in zip(year, month, day, strict=True)}:
        try:
            since = datetime(*date, tzinfo=UTC).timestamp()
        except ValueError:
            return None
        days[(year == date[0]) & (month == date[1]) & (day == date[2])] = since
    return days + 3600.0 * hour + 60.0 * minute + second + 1e-9 * nano
