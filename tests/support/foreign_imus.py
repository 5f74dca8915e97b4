"""Our own simulated leg, written down as other systems would have recorded it, in their units.

Headers are those that the importers cite; numbers come from `synthetic_legs.leg`, with a stamp that
both IMUs feel at STAMP_S. Every function gives the paths of the thigh's and the shank's file.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from synthetic_legs import RATE_HZ, Array, Squat, leg

G = 9.80665
STAMP_S = 9.5
START_S = 8.2  # worn from here on
STARTED = 1_700_000_000.0
SQUATS = (Squat(),) * 4 + (Squat(9.0), Squat(), Squat())
"""The first three to calibrate with."""
Pair = tuple[Path, Path]


@cache
def imus(stamp: bool = True) -> tuple[Array, Array]:
    """(time, rows (n, 12)): thigh gyr, thigh acc, shank gyr, shank acc in SI, from strapped on.

    Made once: not to be written to."""
    time_s, rows, _ = leg(squats=SQUATS)
    rows = rows.copy()
    if stamp:
        knock = 25.0 * np.exp(-0.5 * ((time_s - STAMP_S) / 0.012) ** 2)
        for acc in (3, 9):
            up = rows[:, acc : acc + 3] / np.linalg.norm(rows[:, acc : acc + 3], axis=1)[:, None]
            rows[:, acc : acc + 3] += knock[:, None] * up
    rows.flags.writeable = False
    return time_s, rows


def sampled(
    mount: int, rate_hz: float, begin_s: float = 0.0, ppm: float = 0.0
) -> tuple[Array, Array]:
    """(true times (n,), gyr and acc (n, 6)) of one IMU from START_S + begin_s on."""
    time_s, rows = imus()
    period = (1.0 + 1e-6 * ppm) / rate_hz
    at = np.arange(START_S + begin_s, time_s[-1], period)
    own = rows[:, 6 * mount : 6 * mount + 6]
    assert rate_hz <= RATE_HZ
    return at, np.column_stack([np.interp(at, time_s, own[:, k]) for k in range(6)])


def _write(path: Path, head: Sequence[str], rows: Sequence[Sequence[Any]], mark: str) -> Path:
    lines = [*head, *(mark.join(str(cell) for cell in row) for row in rows)]
    path.write_text("\r\n".join(lines) + "\r\n", encoding="utf-8")
    return path


def xsens(folder: Path, *, rate_hz: float = 100.0, lost: Sequence[int] = ()) -> Pair:
    """Two MTw of one Awinda master: no SampleTimeFine, the rate in the header, a counter that
    wraps; the samples `lost` never came from the shank."""
    paths: list[Path] = []
    for mount, device in enumerate(("00B42D4F", "00B42D51")):
        _, values = sampled(mount, rate_hz)
        head = [
            "// Start Time: Unknown",
            f"// Update Rate: {rate_hz}Hz",
            "// Filter Profile: human (46.1)",
            "// Firmware Version: 4.6.0",
            "PacketCounter\tSampleTimeFine\tAcc_X\tAcc_Y\tAcc_Z\tGyr_X\tGyr_Y\tGyr_Z\tMag_X",
        ]
        rows = [
            [(65_000 + k) % 65_536, "", *(f"{v:.6f}" for v in (*row[3:], *row[:3])), "0.5"]
            for k, row in enumerate(values)
            if not (mount and k in lost)
        ]
        paths.append(_write(folder / f"MT_0120067F-000_{device}.txt", head, rows, "\t"))
    return paths[0], paths[1]


def movella_dot(
    folder: Path, *, synced: bool = True, shank_late_s: float = 0.0, gyr_deg: bool = True
) -> Pair:
    """Two DOTs at 120 Hz. Synced ones are streamed; not synced, each has a clock of its own that
    wraps, the shank begins later, and the exporter writes what their memories held: its first row
    is zeros (github.com/Allwillcome/XsensDot2Mtw4OpenSense, bei_D4CA6EF17860_20210830_170505.csv).
    """
    paths: list[Path] = []
    for mount, name in enumerate(("thigh", "shank")):
        late_s = shank_late_s if mount else 0.0
        at, values = sampled(mount, 120.0, late_s)
        own_s = 4280.0 + (at - START_S) - (0.0 if synced else late_s) + mount * (not synced) * 31.0
        head = ["sep=,", f"DeviceTag:,{name}", "FirmwareVersion:,1.6.0", "AppVersion:,2021.0"]
        if synced:
            head += ["SyncStatus:,Synced", "OutputRate:,120Hz", "FilterProfile:,General"]
        head += [
            "StartTime: ,2021-08-30_17:05:05_000 GMT+8", "© Xsens Technologies B. V. 2005-2021", "",
            "PacketCounter,SampleTimeFine,Euler_X,Acc_X,Acc_Y,Acc_Z,Gyr_X,Gyr_Y,Gyr_Z",
        ]  # fmt: skip
        gyr = np.degrees(values[:, :3]) if gyr_deg else values[:, :3]
        rows = [
            [k, round(1e6 * t) % (1 << 32), "0.5", *(f"{v:.6f}" for v in (*row[3:], *turn))]
            for k, (t, row, turn) in enumerate(zip(own_s, values, gyr, strict=True))
        ]
        if not synced:
            rows[0][3:] = ["0.00000000000000"] * 6
        paths.append(_write(folder / f"{name}.csv", head, rows, ","))
    return paths[0], paths[1]


def metawear(folder: Path, *, gyr_unit: str = "deg/s") -> Pair:
    """Accelerometers at 50 Hz, gyroscopes at 100 Hz, two samples a packet that both bear its time,
    now and then 60 ms late; the accelerometers' paths."""
    paths: list[Path] = []
    random = np.random.default_rng(4)
    for mount, name in enumerate(("thigh", "shank")):
        for part, rate_hz, unit, first, scale in (
            ("Accelerometer", 50.0, "g", 3, 1.0 / G),
            ("Gyroscope", 100.0, gyr_unit, 0, 180.0 / np.pi),
        ):
            at, values = sampled(mount, rate_hz, 0.013 * mount)
            since = at - START_S
            packet = since[np.minimum(np.arange(len(since)) | 1, len(since) - 1)]
            late = np.where(random.random(len(since)) < 0.02, 0.06, 0.0)
            came = np.maximum.accumulate(packet + late[np.arange(len(since)) & ~1])
            head = ["epoc (ms),timestamp (+0100),elapsed (s)," + ",".join(
                f"{axis}-axis ({unit})" for axis in "xyz"
            )]  # fmt: skip
            rows = [
                [round(1e3 * (STARTED + t)), "2023-11-14T22:13:20.000", f"{t:.3f}",
                 *(f"{scale * v:.4f}" for v in row[first : first + 3])]
                for t, row in zip(came, values, strict=True)
            ]  # fmt: skip
            paths.append(_write(folder / f"{name}_{part}.csv", head, rows, ","))
    return paths[0], paths[2]


def ximu3(folder: Path) -> Pair:
    """Two devices at 100 Hz, some us unsteady, whose oscillators differ by 20 ppm: two folders."""
    paths: list[Path] = []
    for mount, (name, booted_s) in enumerate((("thigh", 19.15), ("shank", 34.29))):
        at, values = sampled(mount, 100.0, 0.7 * mount, 20.0 * mount)
        head = [
            "Timestamp (us),Gyroscope X (deg/s),Gyroscope Y (deg/s),Gyroscope Z (deg/s),"
            "Accelerometer X (g),Accelerometer Y (g),Accelerometer Z (g)"
        ]
        rows = [
            [round(1e6 * (booted_s + t - at[0])),
             *(f"{v:.6f}" for v in (*np.degrees(row[:3]), *(row[3:] / G)))]
            for t, row in zip(at, values, strict=True)
        ]  # fmt: skip
        (folder / name).mkdir()
        _write(folder / name / "Inertial.csv", head, rows, ",")
        paths.append(folder / name)
    return paths[0], paths[1]


def mapped(folder: Path, acc_unit: str = "m/s^2") -> tuple[Pair, Path]:
    """One table with both IMUs, semicolons and decimal commas, times in ms; and its mapping."""
    at, thigh = sampled(0, 104.0)
    _, shank = sampled(1, 104.0)
    names = [f"{m}{s}{a}" for m in "ts" for s in "ga" for a in "xyz"]
    rows = [
        [f"{1e3 * t:.3f}".replace(".", ","), *(f"{v:.6f}".replace(".", ",") for v in (*a, *b))]
        for t, a, b in zip(at, thigh, shank, strict=True)
    ]
    table = _write(folder / "lab.csv", ["made by a lab", ";".join(["t", *names])], rows, ";")
    sections = [
        f'[{mount}.{part}]\ncolumns = ["{m}{s}x", "{m}{s}y", "{m}{s}z"]\nunit = "{unit}"\n'
        for mount, m in (("thigh", "t"), ("shank", "s"))
        for part, s, unit in (("gyr", "g", "rad/s"), ("acc", "a", acc_unit))
    ]
    mapping = folder / "map.toml"
    mapping.write_text(
        'skip_rows = 1\nclock = "lab"\n[time]\ncolumn = "t"\nunit = "ms"\n' + "".join(sections)
    )
    return (table, table), mapping
