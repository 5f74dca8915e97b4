"""A person's session as two IMUs record it, and what the bones did: `Trace` and `Truth`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kneetrack.traces import Trace

from .bones import G, Segment, bones, second_difference
from .chip import measured
from .course import FINE_HZ, RATE_HZ, Course, Plan, directed, glide
from .person import Person
from .tissue import Tissue
from .truth import TrueRep, true_reps
from .turns import (
    Floats,
    any_rotation,
    applied,
    knee_angles,
    rotation_vectors,
    transposed,
    turned,
)

HANDLING_RAD = 0.8


@dataclass(frozen=True, slots=True)
class Truth:
    """What was so. Arrays at the trace's n times; turns map to earth."""

    angles_deg: Floats  # (n, 3) flexion, valgus, rotation of the bones
    reps: tuple[TrueRep, ...]
    load_gain: float
    soft_tissue_deg: Floats  # (n, 2, 3) rotation vector of thigh's and shank's sensor on its bone
    thigh: Floats  # (n, 3, 3)
    shank: Floats
    sensors: tuple[Floats, Floats]  # (n, 3, 3)
    between: tuple[Floats, Floats]  # (n + 1, 3, 3) half a sample before each time, and after


@dataclass(frozen=True, slots=True)
class Session:
    trace: Trace
    truth: Truth
    person: Person


def session(
    person: Person,
    *,
    soft_tissue_deg: float = 4.0,
    load_gain: float = 1.3,
    plan: Plan | None = None,
    perfect_chips: bool = False,
    mounts: tuple[Floats, Floats] | None = None,
    skins: tuple[Tissue, Tissue] | None = None,
) -> Session:
    """One session; equal arguments give equal sessions.

    `soft_tissue_deg` is the spread of people's axial tissue rotation at 90 deg of flexion.
    `mounts` (sensor to bone) default to any rotation, `skins` (thigh, shank) to the person's.
    """
    course = directed(person, plan or Plan())
    thigh, shank = bones(person, course)
    side = int(person.side)
    mirror = np.array([side, side, 1.0])
    random = np.random.default_rng([person.seed, 41])
    drawn = (any_rotation(random), any_rotation(random))
    mounts = mounts or drawn
    signals: list[Floats] = []
    sensors: list[Floats] = []
    between: list[Floats] = []
    tissue: list[Floats] = []
    for number, (bone, offset) in enumerate(
        ((thigh, person.thigh_sensor_m), (shank, person.shank_sensor_m))
    ):
        drawn_skin = Tissue.drawn(person.seed, soft_tissue_deg, number)
        skin = skins[number] if skins else drawn_skin
        moved, shifted = skin.motion(bone, thigh, course, load_gain, mirror)
        at = np.array(offset) * [1.0, 1.0, side]
        worn = Segment(bone.turn @ turned(moved) @ mounts[number], bone.place(at + shifted))
        turn, place = handled(worn, course, random)
        gyr, acc = felt(turn, place, course)
        if not perfect_chips:
            gyr, acc = measured(gyr, acc, person.seed, number)
        signals += [gyr, acc]
        sensors.append(turn[1::2])
        between.append(turn[0::2])
        tissue.append(np.degrees(moved[1::2]))
    angles = np.degrees(knee_angles(thigh.turn[1::2], shank.turn[1::2], side))
    time_s = course.time_s[1::2]
    trace = Trace(
        path=Path(f"person-{person.seed}.csv"),
        time_s=time_s,
        thigh_gyr=signals[0],
        thigh_acc=signals[1],
        shank_gyr=signals[2],
        shank_acc=signals[3],
        side=person.side,
        rate_hz=RATE_HZ,
        exercise="squat",
        windows=tuple(course.windows),
        shank_length_m=person.shank_m,
    )
    truth = Truth(
        angles_deg=angles,
        reps=true_reps(time_s, angles, course.squats),
        load_gain=load_gain,
        soft_tissue_deg=np.stack(tissue, axis=1),
        thigh=thigh.turn[1::2],
        shank=shank.turn[1::2],
        sensors=(sensors[0], sensors[1]),
        between=(between[0], between[1]),
    )
    return Session(trace, truth, person)


def handled(worn: Segment, course: Course, random: np.random.Generator) -> tuple[Floats, Floats]:
    """Turn and place of a sensor that lies on a table before (and after) it is worn."""
    turn, place = worn.turn.copy(), worn.origin.copy()
    on_s, off_s = course.worn_s
    time_s = course.time_s
    for edge_s, start_s, before in ((on_s, course.strapping_s, True), (off_s, off_s, False)):
        wild = random.normal(0.0, HANDLING_RAD / np.sqrt(3.0), 3)
        table = _lying(random)
        elsewhere = random.normal(0.0, 0.3, 3)
        if not before and not any(w.kind == "table" and w.start_s > off_s for w in course.windows):
            continue
        edge = int(np.searchsorted(time_s, edge_s))
        last_s = on_s - start_s if before else 4.0
        part = slice(0, edge) if before else slice(edge, None)
        put_on = glide(time_s[part], start_s, last_s)
        put_on = put_on if before else 1.0 - put_on
        whole = rotation_vectors(table.T @ worn.turn[edge])
        wobble = (put_on * (1.0 - put_on) * 4.0)[:, None] * wild
        turn[part] = table @ turned(put_on[:, None] * whole) @ turned(wobble)
        place[part] = worn.origin[edge] + (1.0 - put_on)[:, None] * elsewhere
    return turn, place


def _lying(random: np.random.Generator) -> Floats:
    """A box on one of its faces, turned anyhow about the vertical."""
    yaw = turned(np.array([0.0, 0.0, random.uniform(-np.pi, np.pi)]))
    face = turned(0.5 * np.pi * random.integers(-1, 2) * np.eye(3)[random.integers(2)])
    return yaw @ face


def felt(turn: Floats, place: Floats, course: Course) -> tuple[Floats, Floats]:
    """The sensor's mean rate over each sample's span and its specific force, (n, 3) each."""
    gyr = rotation_vectors(transposed(turn[0:-2:2]) @ turn[2::2]) * 0.5 * FINE_HZ
    force = second_difference(place)
    force[:, 2] += G + course.shock
    return gyr, applied(transposed(turn), force)[1::2]
