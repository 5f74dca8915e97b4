"""The channels of the tracking systems of `bids`, in the order of their columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kneetrack.export.columns import ANGLES, FLAGS
from kneetrack.samples import Side

EARTHS = {
    "earth": {
        "SpatialAxes": "n/a",
        "RotationRule": "right-hand",
        "RotationOrder": "n/a",
        "Description": "z up; the heading is that of the sensor itself when it started. Each "
        "sensor has its own.",
    },
    "sensor": {
        "SpatialAxes": "n/a",
        "RotationRule": "right-hand",
        "RotationOrder": "n/a",
        "Description": "As printed on the chip; it may sit on the segment in any way.",
    },
    "joint": {
        "SpatialAxes": "n/a",
        "RotationRule": "n/a",
        "RotationOrder": "ZXY",
        "Description": "Grood and Suntay's joint coordinate system, shank against thigh.",
    },
}
"""What `reference_frame` means."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One row of channels.tsv."""

    HEADER: ClassVar[tuple[str, ...]] = (
        "name", "component", "type", "tracked_point", "units", "placement", "reference_frame",
        "description",
    )  # fmt: skip

    name: str
    component: str
    kind: str
    point: str
    units: str
    placement: str
    frame: str
    description: str

    @property
    def row(self) -> tuple[str, ...]:
        return (
            self.name, self.component, self.kind, self.point, self.units, self.placement,
            self.frame, self.description,
        )  # fmt: skip


_LATENCY = Channel(
    "latency", "n/a", "LATENCY", "n/a", "s", "n/a", "n/a", "Since the first sample of the file."
)
_FLAGS = Channel("flags", "n/a", "MISC", "n/a", "n/a", "n/a", "n/a", FLAGS.meaning)


def _knee(side: Side) -> tuple[Channel, ...]:
    joint, where = f"{side.word}Knee", f"{side.word} leg"
    angles = [
        Channel(
            each.name.removesuffix("_deg"),
            "n/a",
            "MISC" if "sigma" in each.name else "JNTANG",
            joint,
            "deg",
            where,
            "joint",
            each.meaning,
        )
        for each in ANGLES[1:5]
    ]
    turns = [
        Channel(
            f"{segment}_quat_{part}",
            f"quat_{part}",
            "ORNT",
            f"{side.word}{segment.capitalize()}",
            "n/a",
            f"{side.word} {segment}",
            "earth",
            f"{segment.capitalize()} sensor to earth (z up).",
        )
        for segment in ("thigh", "shank")
        for part in "wxyz"
    ]
    return (_LATENCY, *angles, *turns, _FLAGS)


def _imu(side: Side) -> tuple[Channel, ...]:
    found = [
        Channel(
            f"{segment}_{kind.lower()}_{axis}",
            axis,
            kind,
            f"{side.word}{segment.capitalize()}",
            units,
            f"{side.word} {segment}",
            "sensor",
            meaning,
        )
        for segment in ("thigh", "shank")
        for kind, units, meaning in (
            ("GYRO", "rad/s", "Angular rate, bias included."),
            ("ACCEL", "m/s^2", "Specific force: up at rest."),
        )
        for axis in "xyz"
    ]
    return (_LATENCY, *found, _FLAGS)


KNEE = {side: _knee(side) for side in Side}
IMU = {side: _imu(side) for side in Side}
