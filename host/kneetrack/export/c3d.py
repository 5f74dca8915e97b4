"""C3D: knee angles as points of the kind ANGLES, raw IMU as analog channels, reps as events.

Written with ezc3d (www.c3d.org has the format). C3D knows no column of time: frame n of a file is
at n / rate. So both legs are put on one even grid (`grid`: on the line between two neighbours): one
frame each knee sample, two analog samples each frame.

**Points.** RKneeAngles and LKneeAngles, listed in POINT:ANGLES with ANGLE_UNITS deg, as Vicon's
Plug-in Gait has them, with its signs on both legs: x flexion +, y varus (adduction) + and so
-valgus, z internal rotation +. Whoever plots them beside a Vicon session sees the same directions.
A frame without an angle is an invalid point (residual -1).

**Analog.** Twelve channels a leg, RThighGyrX to RShankAccZ: rad/s and m/s^2 (specific force, up at
rest), in the sensors' own axes. Stored as floats, scale 1, offset 0. C3D has no mark for a missing
analog sample: NaN, which some programs show as a break and others as 0.

**Events.** "Rep start" and "Rep end" with the context Right or Left, in minutes and seconds; marks
and cues of the log with the context General or the leg's, under their own names.

**Limits of the format.** 65535 frames, which is 10.5 min, and 255 events. What exceeds either is
cut into NAME_1.c3d, NAME_2.c3d, ...; KNEETRACK:START_S says where in the session each begins, and
KNEETRACK:STARTED_UTC when the session began, for C3D itself has no date.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from kneecore import __version__
from kneetrack.errors import InputError
from kneetrack.export.about import NOTE, SIGNS, started_text
from kneetrack.export.events import Happening, happenings
from kneetrack.export.formats import Options
from kneetrack.export.grid import Even, FloatArray
from kneetrack.export.recording import KNEE_S, PAIR_S, Progress, Recording, Series, even_times
from kneetrack.samples import Side

MOST_FRAMES = 65_535
MOST_EVENTS = 255
PER_FRAME = 2
RATE_HZ = 1.0 / KNEE_S
LETTER = {Side.RIGHT: "R", Side.LEFT: "L"}
CONTEXT = {"right": "Right", "left": "Left", "": "General"}
CHANNELS = tuple(
    f"{segment}{kind}{axis}"
    for segment in ("Thigh", "Shank")
    for kind in ("Gyr", "Acc")
    for axis in "XYZ"
)
UNITS = tuple("rad/s" if "Gyr" in name else "m/s^2" for name in CHANNELS)
_PASSED_OVER = ("set", "gap", "window")


def write(recording: Recording, folder: Path, options: Options, told: Progress) -> Iterator[Path]:
    times = even_times(recording)
    marks = list(_marks(happenings(recording)))
    parts = list(_parts(times, [at for at, _, _ in marks]))
    for number, (first, end) in enumerate(parts, start=1):
        told("Writing C3D", (number - 1) / len(parts))
        name = f"{recording.name}.c3d" if len(parts) == 1 else f"{recording.name}_{number}.c3d"
        until_s = float(times[end]) if end < len(times) else math.inf
        mine = [mark for mark in marks if times[first] <= mark[0] < until_s]
        _write(folder / name, recording, times[first:end], mine, (number, len(parts)))
        yield folder / name


def _marks(rows: Sequence[Happening]) -> Iterator[tuple[float, str, str]]:
    """Instant, label and context of each event."""
    found: list[tuple[float, str, str]] = []
    for row in rows:
        context = CONTEXT[row.side]
        if row.event == "rep":
            found += [(row.onset_s, "Rep start", context), (row.end_s, "Rep end", context)]
        elif row.event not in _PASSED_OVER:
            label = f"{row.event} {row.text}".strip().replace("_", " ").capitalize()
            found.append((row.onset_s, label[:32], context))
    yield from sorted(found)


def _parts(times: FloatArray, events: Sequence[float]) -> Iterator[tuple[int, int]]:
    """First frame and the one behind the last of each file."""
    first = 0
    while first < len(times):
        end = min(len(times), first + MOST_FRAMES)
        within = [at for at in events if times[first] <= at]
        if len(within) > MOST_EVENTS:
            before = int(np.searchsorted(times, within[MOST_EVENTS], side="right")) - 1
            end = min(end, max(first + 1, before))
        yield first, end
        first = end


def _write(
    path: Path,
    recording: Recording,
    times: FloatArray,
    marks: Sequence[tuple[float, str, str]],
    part: tuple[int, int],
) -> None:
    file: Any = import_module("ezc3d").c3d()
    start_s = float(times[0])
    angles = [
        Even.of(leg.angles.times, times, leg.angles.period_s).line(leg.angles.rows[:, :3])
        * [1.0, -1.0, 1.0]
        for leg in recording.legs
    ]
    points = np.full((4, len(angles), len(times)), 1.0)
    for at, each in enumerate(angles):
        points[:3, at] = each.T
    invalid = np.isnan(points).any(axis=0)
    points[:3, invalid] = 0.0
    labels = [f"{LETTER[leg.side]}KneeAngles" for leg in recording.legs]
    said: dict[str, Any] = file["parameters"]
    said["POINT"]["RATE"]["value"] = [RATE_HZ]
    said["POINT"]["UNITS"]["value"] = ["mm"]
    said["POINT"]["LABELS"]["value"] = labels
    said["POINT"]["DESCRIPTIONS"]["value"] = ["flexion +, adduction +, internal rotation +"] * len(
        labels
    )
    file.add_parameter("POINT", "TYPE_GROUPS", ["ANGLES"])
    file.add_parameter("POINT", "ANGLES", labels)
    file.add_parameter("POINT", "ANGLE_UNITS", ["deg"])
    file["data"]["points"] = points
    file["data"]["meta_points"]["residuals"] = np.where(invalid, -1.0, 0.0)[None]
    file["data"]["meta_points"]["camera_masks"] = np.zeros((7, *invalid.shape), dtype=bool)
    _put_analog(file, recording, start_s, len(times))
    _put_events(file, marks, start_s)
    for name, value in (
        ("STARTED_UTC", started_text(recording) or "unknown"),
        ("START_S", start_s),
        ("PART", f"{part[0]} of {part[1]}"),
        ("SOURCE", recording.source.name),
        ("SIGNS", f"Points: y is adduction +, so -valgus. Elsewhere: {SIGNS}"[:255]),
        ("NOTE", NOTE),
    ):
        file.add_parameter("KNEETRACK", name, [value])
    file.add_parameter("MANUFACTURER", "COMPANY", ["KneeTrack"])
    file.add_parameter("MANUFACTURER", "SOFTWARE", ["kneetrack"])
    file.add_parameter("MANUFACTURER", "VERSION_LABEL", [__version__])
    _put_away(file, path)


def _put_analog(file: Any, recording: Recording, start_s: float, frames: int) -> None:
    legs = [(leg.side, leg.imu) for leg in recording.legs if leg.imu is not None]
    if not legs:
        return
    wanted = np.asarray(start_s + PAIR_S * np.arange(frames * PER_FRAME), dtype=np.float64)
    said: dict[str, Any] = file["parameters"]["ANALOG"]
    names = [LETTER[side] + name for side, _ in legs for name in CHANNELS]
    said["RATE"]["value"] = [RATE_HZ * PER_FRAME]
    said["LABELS"]["value"] = names
    said["UNITS"]["value"] = list(UNITS) * len(legs)
    said["SCALE"]["value"] = [1.0] * len(names)
    said["OFFSET"]["value"] = [0] * len(names)
    said["DESCRIPTIONS"]["value"] = ["sensor's own axes, as measured"] * len(names)
    file["data"]["analogs"] = np.concatenate([_channels(imu, wanted) for _, imu in legs])[None]


def _channels(imu: Series, wanted: FloatArray) -> FloatArray:
    """The twelve channels (12, m)."""
    return Even.of(imu.times, wanted, imu.period_s).line(imu.rows[:, :12]).T


def _put_events(file: Any, marks: Sequence[tuple[float, str, str]], start_s: float) -> None:
    for at, label, context in marks:
        minutes, seconds = divmod(at - start_s, 60.0)
        file.add_event([minutes, seconds], context=context, label=label)


def _put_away(file: Any, path: Path) -> None:
    """Under its name only when it is whole; ezc3d writes by itself, so not `whole_file`."""
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
            part = Path(folder) / path.name
            file.write(str(part))
            part.chmod(0o600)
            part.replace(path)
    except (OSError, RuntimeError) as error:
        raise InputError(
            f"{path} can't be written: {error}. Make room or choose another place."
        ) from error


WRITERS = {"c3d": write}
