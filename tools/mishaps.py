"""What goes wrong in a calibration, done to a good recording of either generator.

A sensor that sits otherwise on its segment, S' = S D(t), feels D^T acc and D^T gyr + D's own rate;
so straps that turn or slip, a loose IMU, a table that is touched, and a stance that leans can all
be made from the signals alone. Axes are named for the segment (x anterior, y up, z right) and found
in the sensor from what the recording shows: gravity in the stand, the main axis of the squats, its
sense from the true flexion. The person's own mistakes (shallow squats) are other recordings.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
from scipy import signal

from kneetrack.samples import Side, Window
from kneetrack.traces import Trace
from kneetrack.traces.reader import FloatArray
from simulated_people import Recorded, course, turns

Random = np.random.Generator
Mishap = Callable[[Recorded, Random], Recorded]
SEGMENTS = ("thigh", "shank")
LONG = 1
LOOSE_HZ, LOOSE_DAMPING, LOOSE_DEG = 3.0, 0.1, 3.0  # 3 deg for each m/s^2, ringing


def window(trace: Trace, kind: str) -> Window:
    return next(one for one in trace.windows if one.kind == kind)


def within(trace: Trace, kind: str) -> slice:
    one = window(trace, kind)
    first, last = np.searchsorted(trace.time_s, [one.start_s, one.end_s])
    return slice(int(first), int(last))


def segment_axes(recorded: Recorded, segment: str) -> FloatArray:
    """(3, 3): row k is the segment's axis x, y, z as its sensor sees it."""
    trace = recorded.trace
    gyr, acc = getattr(trace, f"{segment}_gyr"), getattr(trace, f"{segment}_acc")
    y = acc[within(trace, "stand")].mean(axis=0)
    y /= np.linalg.norm(y)
    squats = within(trace, "functional")
    z = np.linalg.svd(gyr[squats], full_matrices=False)[2][0]
    bending = np.gradient(recorded.angles_at(trace.time_s[squats])[:, 0])
    sense = 1.0 if segment == "thigh" else -1.0
    z *= sense * np.sign((gyr[squats] @ z) @ bending)
    z -= y * (y @ z)
    z /= np.linalg.norm(z)
    return np.array([np.cross(y, z), y, z])


def reseated(trace: Trace, segment: str, rotvecs: FloatArray) -> Trace:
    """The trace with that sensor turned by `rotvecs` (n, 3), rad, in its own axes over time."""
    turn = turns.turned(rotvecs)
    own = np.zeros_like(rotvecs)
    steps = turns.rotation_vectors(turns.transposed(turn[:-2]) @ turn[2:])
    own[1:-1] = steps * 0.5 * trace.rate_hz
    back = turns.transposed(turn)
    gyr = turns.applied(back, getattr(trace, f"{segment}_gyr")) + own
    return replace(
        trace,
        **{
            f"{segment}_gyr": gyr,
            f"{segment}_acc": turns.applied(back, getattr(trace, f"{segment}_acc")),
        },
    )


def turning(recorded: Recorded, degrees: dict[str, FloatArray]) -> Recorded:
    """Each segment's sensor turned by (n, 3) deg about the segment's axes."""
    trace = recorded.trace
    for segment, angles in degrees.items():
        rotvecs = np.radians(angles) @ segment_axes(recorded, segment)
        trace = reseated(trace, segment, rotvecs)
    return replace(recorded, trace=trace)


def along(axis: int, degrees: FloatArray) -> FloatArray:
    """`degrees` (n,) about one axis as (n, 3)."""
    angles = np.zeros((len(degrees), 3))
    angles[:, axis] = degrees
    return angles


def sign(random: Random) -> float:
    return 1.0 if random.random() < 0.5 else -1.0


def table_touched(recorded: Recorded, random: Random) -> Recorded:
    """Somebody lifts an edge of it for half a second."""
    t, at = recorded.trace.time_s, window(recorded.trace, "table")
    start_s = random.uniform(at.start_s + 1.0, at.end_s - 1.5)
    lifted = random.uniform(1.5, 4.0) * course.hill(t, start_s, 0.2, 0.1, 0.3)
    return turning(recorded, {one: along(random.integers(3), lifted) for one in SEGMENTS})


def in_the_hand(recorded: Recorded, random: Random) -> Recorded:
    """Held in the hand instead of laid down."""
    t, at = recorded.trace.time_s, window(recorded.trace, "table")
    held = course.glide(t, at.start_s - 0.5, 0.5) * (1.0 - course.glide(t, at.end_s, 0.5))
    sos = signal.butter(2, [0.2, 2.0], "band", fs=recorded.trace.rate_hz, output="sos")
    angles: dict[str, FloatArray] = {}
    for one in SEGMENTS:
        noise = signal.sosfiltfilt(sos, random.normal(size=(len(t), 3)), axis=0)
        angles[one] = held[:, None] * random.uniform(1.0, 3.0) * noise / noise.std()
    return turning(recorded, angles)


def moved_standing(recorded: Recorded, random: Random) -> Recorded:
    """Shifts the weight while it should stand still: the leg leans and comes back."""
    t, at = recorded.trace.time_s, window(recorded.trace, "stand")
    start_s = random.uniform(at.start_s + 0.3, at.end_s - 2.0)
    leant = random.uniform(3.0, 7.0) * sign(random) * course.hill(t, start_s, 0.5, 0.4, 0.5)
    axis = random.choice([0, 2])
    return turning(recorded, {one: along(axis, leant) for one in SEGMENTS})


def _in_the_stand(recorded: Recorded, thigh: FloatArray, shank: FloatArray) -> Recorded:
    """The thigh and shank turned by (3,) deg each for the whole stand window."""
    t, at = recorded.trace.time_s, window(recorded.trace, "stand")
    there = (
        course.glide(t, at.start_s - 0.6, 0.5) * (1.0 - course.glide(t, at.end_s + 0.05, 0.5))
    )[:, None]
    return turning(recorded, {"thigh": there * thigh, "shank": there * shank})


def leaning_forward(recorded: Recorded, random: Random) -> Recorded:
    lean = np.array([0.0, 0.0, -random.uniform(6.0, 12.0)])
    return _in_the_stand(recorded, lean, lean)


def leaning_sideways(recorded: Recorded, random: Random) -> Recorded:
    lean = np.array([sign(random) * random.uniform(5.0, 10.0), 0.0, 0.0])
    return _in_the_stand(recorded, lean, lean)


def bent_knees(recorded: Recorded, random: Random) -> Recorded:
    bend = random.uniform(20.0, 35.0)
    return _in_the_stand(
        recorded, np.array([0.0, 0.0, 0.6 * bend]), np.array([0.0, 0.0, -0.4 * bend])
    )


def strap_turned(
    recorded: Recorded, random: Random, segment: str, axis: int, least: float, most: float
) -> Recorded:
    """Turned between stand and squats, and so for the rest of the session."""
    t = recorded.trace.time_s
    turn = sign(random) * random.uniform(least, most)
    angles = along(axis, turn * course.glide(t, window(recorded.trace, "stand").end_s + 0.05, 0.4))
    return turning(recorded, {segment: angles})


def strap_slipped(recorded: Recorded, random: Random) -> Recorded:
    """In the middle of the functional squats, about the thigh's long axis."""
    t, at = recorded.trace.time_s, window(recorded.trace, "functional")
    middle_s = at.start_s + random.uniform(0.35, 0.65) * (at.end_s - at.start_s)
    turn = sign(random) * random.uniform(8.0, 15.0)
    return turning(recorded, {"thigh": along(LONG, turn * course.glide(t, middle_s, 0.3))})


def swapped(recorded: Recorded, random: Random) -> Recorded:
    """The thigh's IMU on the shank, the shank's on the thigh."""
    t = recorded.trace
    return replace(
        recorded,
        trace=replace(
            t,
            thigh_gyr=t.shank_gyr,
            thigh_acc=t.shank_acc,
            shank_gyr=t.thigh_gyr,
            shank_acc=t.thigh_acc,
        ),
    )


def wrong_side(recorded: Recorded, random: Random) -> Recorded:
    return replace(recorded, trace=replace(recorded.trace, side=Side(-int(recorded.trace.side))))


def loose(recorded: Recorded, random: Random, segment: str) -> Recorded:
    """An IMU that swings on its strap whenever the leg speeds up or slows down."""
    trace = recorded.trace
    acc = getattr(trace, f"{segment}_acc")
    sos = signal.butter(2, 0.3, "high", fs=trace.rate_hz, output="sos")
    felt = signal.sosfiltfilt(sos, acc, axis=0)
    felt[: within(trace, "stand").start] = 0.0
    w = 2.0 * np.pi * LOOSE_HZ
    b, a = signal.bilinear([w * w], [1.0, 2.0 * LOOSE_DAMPING * w, w * w], trace.rate_hz)
    swing = signal.lfilter(b, a, felt, axis=0)
    mixed = swing @ random.normal(0.0, 1.0 / np.sqrt(3.0), (3, 3))
    largest = 25.0 * np.tanh(LOOSE_DEG * mixed / 25.0)
    return replace(recorded, trace=reseated(trace, segment, np.radians(largest)))


TO_THE_TRACE: dict[str, Mishap] = {
    "table touched": table_touched,
    "held in the hand": in_the_hand,
    "moved while standing": moved_standing,
    "leaning forward in the stand": leaning_forward,
    "leaning sideways in the stand": leaning_sideways,
    "standing with bent knees": bent_knees,
    "thigh strap turned, long axis": partial(
        strap_turned, segment="thigh", axis=LONG, least=15.0, most=40.0
    ),
    "shank strap turned, long axis": partial(
        strap_turned, segment="shank", axis=LONG, least=15.0, most=40.0
    ),
    "thigh strap turned, other axis": partial(
        strap_turned, segment="thigh", axis=0, least=8.0, most=15.0
    ),
    "shank strap turned, other axis": partial(
        strap_turned, segment="shank", axis=0, least=8.0, most=15.0
    ),
    "strap slipped in the squats": strap_slipped,
    "thigh and shank swapped": swapped,
    "wrong side told": wrong_side,
    "thigh IMU loose": partial(loose, segment="thigh"),
    "shank IMU loose": partial(loose, segment="shank"),
}
