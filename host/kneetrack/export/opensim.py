"""OpenSim: orientations of segments (.sto) for OpenSense, knee angles (.mot) for a model.

Both are OpenSim's storage files: a header of `key=value` lines up to `endheader`, then one table
separated by tabs. Both legs share its column of time, an even one (`grid`).

**.sto** `DataType=Quaternion`: w,x,y,z of *segment to ground*, ground being OpenSim's own (x
forward, y up, z to the right), so `sensor_to_opensim_rotations` is 0 0 0. How the earth is turned,
and where the heading comes from, is told in `segments`. Columns are named BODY_imu after the bodies
of the common models, as OpenSense's IMU placer wants them. These are segments, not sensors: in a
pose like the calibration stance all are the identity. So an IMU frame may sit on femur and tibia
without any turn of its own, or be placed by the IMU placer on a sample in which the person stands.
There is no pelvis: the hip of a model with one is not determined, its knee is.

**.mot** `inDegrees=yes`: coordinates named as in gait2392 and Rajagopal's models.

    coordinate       here                                  about, in the models
    knee_angle_r     flexion + in `rajagopal` (0..120),    z of the femur
                     flexion - in `gait2392` (-120..10)
    knee_adduction_r -valgus: the foot towards the other   x
                     leg +
    knee_rotation_r  internal +                            y

and the same with _l: OpenSim turns the axes of left joints over, so signs mean the same on both.
These models as they are published have knee_angle alone; knee_adduction and knee_rotation are the
names of those variants in which the knee has three degrees of freedom, and OpenSim passes over
columns that a model does not know. The order of the axes (z, x, y) is Grood and Suntay's.

**Gaps.** OpenSim's reader of motions stops at the first NaN without a word, and its solvers can't
have one. So rows in which a leg that is in the file has no sample are left out, and the header
lists the spans: whoever resamples must not draw a line across them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from kneecore import __version__
from kneetrack.errors import InputError
from kneetrack.export.about import started_text
from kneetrack.export.formats import Options
from kneetrack.export.grid import HOLE, BoolArray, Even, FloatArray, known_rows
from kneetrack.export.recording import KNEE_S, Leg, Progress, Recording, even_times
from kneetrack.samples import Side
from kneetrack.whole_file import whole_file

CHUNK = 8192
FLEXION_SIGN = {"rajagopal": 1.0, "gait2392": -1.0}
COORDINATES = ("knee_angle", "knee_adduction", "knee_rotation")
BODIES = ("femur", "tibia")
LETTER = {Side.RIGHT: "r", Side.LEFT: "l"}


def write_orientations(
    recording: Recording, folder: Path, options: Options, told: Progress
) -> Iterator[Path]:
    """The .sto file. InputError where a leg has no calibration."""
    times = even_times(recording)
    names: list[str] = []
    blocks: list[FloatArray] = []
    for leg in recording.legs:
        if leg.segments is None:
            raise InputError(
                f"{recording.source} holds no calibration of the {leg.side.word} leg, so it is not "
                "known how the sensors sat on thigh and shank, and there are no segments to "
                "export. Sensor quaternions are in --format csv."
            )
        even = Even.of(leg.angles.times, times, KNEE_S)
        for body, quaternions in zip(BODIES, leg.segments, strict=True):
            names.append(f"{body}_{LETTER[leg.side]}_imu")
            blocks.append(even.turned(quaternions))
    path = folder / f"{recording.name}_orientations.sto"
    whole = known_rows(np.column_stack(blocks))
    header = [
        f"DataRate={1 / KNEE_S:.6f}",
        "DataType=Quaternion",
        "version=3",
        "OpenSimVersion=4.5",
        *_said(recording, times, whole),
        "Frame=segment to ground; x forward, y up, z to the right; w,x,y,z",
    ]
    quaternion = ",".join(["%.7f"] * 4)
    template = "\t".join(["%.6f", *([quaternion] * len(names))]) + "\n"
    _write(path, "orientations", header, names, times, blocks, whole, template, told)
    yield path


def write_angles(
    recording: Recording, folder: Path, options: Options, told: Progress
) -> Iterator[Path]:
    """The .mot file, by the signs of `options.model`."""
    times = even_times(recording)
    names = [f"{name}_{LETTER[leg.side]}" for leg in recording.legs for name in COORDINATES]
    blocks = [model_angles(leg, times, options.model) for leg in recording.legs]
    path = folder / f"{recording.name}_angles.mot"
    whole = known_rows(np.column_stack(blocks))
    flexion = "+" if FLEXION_SIGN[options.model] > 0 else "-"
    header = [
        "version=1",
        f"nRows={int(whole.sum())}",
        f"nColumns={1 + len(names)}",
        "inDegrees=yes",
        *_said(recording, times, whole),
        f"Signs=knee_angle: flexion {flexion} ({options.model}); knee_adduction: adduction + "
        "(-valgus); knee_rotation: internal +; both legs",
    ]
    template = "\t".join(["%.6f", *(["%.4f"] * len(names))]) + "\n"
    _write(path, "angles", header, names, times, blocks, whole, template, told)
    yield path


def model_angles(leg: Leg, times: FloatArray, model: str) -> FloatArray:
    """A leg's COORDINATES (m, 3) in degrees at `times` (m,), NaN where there is no sample."""
    angles = Even.of(leg.angles.times, times, KNEE_S).line(leg.angles.rows[:, :3])
    return angles * [FLEXION_SIGN[model], -1.0, 1.0]


def _said(recording: Recording, times: FloatArray, whole: BoolArray) -> list[str]:
    return [
        f"StartedUTC={started_text(recording) or 'unknown'}",
        f"Software=kneetrack {__version__}",
        f"Gaps={_spans(times[whole]) or 'none'}",
    ]


def _spans(times: FloatArray) -> str:
    """Where rows are missing between others."""
    holes = np.flatnonzero(np.diff(times) > HOLE * KNEE_S)
    return "; ".join(f"{times[at]:.6f} to {times[at + 1]:.6f} s" for at in holes)


def _write(
    path: Path,
    title: str,
    header: Sequence[str],
    names: Sequence[str],
    times: FloatArray,
    blocks: Sequence[FloatArray],
    whole: BoolArray,
    template: str,
    told: Progress,
) -> None:
    if not whole.any():
        raise InputError(
            f"There is no instant at which all legs have angles, so {path.name} would be empty. "
            "Export one leg with --side, or look at --format csv."
        )
    table = np.column_stack([times, *blocks])[whole] + 0.0
    with whole_file(path) as file:
        file.write("\n".join([title, *header, "endheader", "\t".join(["time", *names])]) + "\n")
        for begin in range(0, len(table), CHUNK):
            rows = table[begin : begin + CHUNK].tolist()
            file.write("".join([template % tuple(row) for row in rows]))
            told(f"Writing {path.name}", min(1.0, (begin + CHUNK) / len(table)))


WRITERS = {"sto": write_orientations, "mot": write_angles}
