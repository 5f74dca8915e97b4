"""Every column of the tables that are exported: its name, kind, unit and meaning.

A name ends in its unit where it has one that a name can hold: `_s`, `_deg`, `_m_s2` (m/s^2),
`_rad_s` (rad/s). CSV has these names in its header line; Parquet carries unit and meaning with each
field as well. Reps have the columns of a table of many recordings (`cohort.columns`).
"""

from __future__ import annotations

from kneecore import wire
from kneetrack.cohort.columns import COUNT, NUMBER, TEXT, Column

TIME = Column("time_s", NUMBER, "Since the session's start, on the clock of both legs.", "s")
FLAGS = Column(
    "flags",
    COUNT,
    "The sum of "
    + "; ".join(f"{value}: {meaning}" for value, _, meaning in wire.FLAGS)
    + ". Empty: the sample is missing.",
)

ANGLES = (
    TIME,
    Column("flexion_deg", NUMBER, "Knee flexion; bending +.", "°"),
    Column("valgus_deg", NUMBER, "Knee abduction; inward +, on both legs.", "°"),
    Column("rotation_deg", NUMBER, "Rotation of the shank; internal +, on both legs.", "°"),
    Column("valgus_sigma_deg", NUMBER, "One standard uncertainty of the valgus.", "°"),
    FLAGS,
)


def _quaternion(name: str, meaning: str) -> tuple[Column, ...]:
    parts = ("w, the part that is no axis", "about x", "about y", "about z")
    return tuple(
        Column(f"{name}_{letter}", NUMBER, f"{meaning}: {part}.")
        for letter, part in zip("wxyz", parts, strict=True)
    )


ORIENTATIONS = (
    TIME,
    *_quaternion("q_earth_thigh", "Thigh sensor to its own earth (z up)"),
    *_quaternion("q_earth_shank", "Shank sensor to its own earth (z up)"),
    FLAGS,
)


def _vector(segment: str, kind: str, unit: str, letters: str, meaning: str) -> tuple[Column, ...]:
    return tuple(
        Column(f"{segment}_{kind}_{axis}_{letters}", NUMBER, f"{meaning}, sensor's {axis}.", unit)
        for axis in "xyz"
    )


IMU = (
    TIME,
    *(
        column
        for segment in ("thigh", "shank")
        for column in (
            *_vector(segment, "gyr", "rad/s", "rad_s", f"Angular rate of the {segment}'s IMU"),
            *_vector(
                segment,
                "acc",
                "m/s²",
                "m_s2",
                f"Specific force (up at rest) of the {segment}'s IMU",
            ),
        )
    ),
    FLAGS,
)

EVENTS = (
    Column("onset_s", NUMBER, "When it begins, since the session's start.", "s"),
    Column("duration_s", NUMBER, "How long it lasts; 0 for an instant.", "s"),
    Column("side", TEXT, "The leg: left or right; empty: both, or the session."),
    Column("event", TEXT, "rep, set, gap, cue, realigned, or what the log calls it."),
    Column("set", COUNT, "The set's number in its leg, from 0 on."),
    Column("rep", COUNT, "The rep's number in its leg, from 0 on."),
    Column("text", TEXT, "A rep's or set's verdict, a gap's reason, a mark's words."),
)

SERIES = {"angles": ANGLES, "orientations": ORIENTATIONS, "imu": IMU}
"""What is exported of each leg, sample by sample."""
DECIMALS = {"angles": (6, 3, 3, 3, 2, 0), "orientations": (6, *([6] * 8), 0),
            "imu": (6, *([6, 6, 6, 5, 5, 5] * 2), 0)}  # fmt: skip
"""How many of each column mean something, in a text file."""
