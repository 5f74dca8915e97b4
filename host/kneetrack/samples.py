"""The values that pass between KneeTrack's parts: packets, samples, gaps, reps, sets.

All are immutable and carry no behaviour beyond naming. Units are in the names; signs are those of
hardware/FRAMES.md: flexion, valgus and internal rotation are positive, on both legs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import NamedTuple, TypeAlias

Vector: TypeAlias = tuple[float, float, float]
"""(x, y, z) in the axes of one sensor or segment."""
Quaternion: TypeAlias = tuple[float, float, float, float]
"""(w, x, y, z), a unit quaternion; `q_a_b` turns vectors of b into those of a."""


class Side(IntEnum):
    """The leg; the number is the sign `s` of the formulas (+1 right, -1 left)."""

    RIGHT = 1
    LEFT = -1

    @property
    def word(self) -> str:
        """`"right"` or `"left"`."""
        return self.name.lower()

    @classmethod
    def from_word(cls, word: str) -> Side:
        """`"right"` or `"left"` (any case); ValueError otherwise."""
        try:
            return cls[word.strip().upper()]
        except KeyError:
            raise ValueError(f'side must be "right" or "left", not "{word}"') from None


class Channel(StrEnum):
    """The characteristic a packet came from; also the last part of its topic in the log."""

    MEASUREMENT = "measurement"
    RAW = "raw"
    FEATURE = "feature"
    CONTROL = "control"
    TRANSFER = "transfer"


@dataclass(frozen=True, slots=True)
class Packet:
    """The bytes of one notification, indication or read, and when its link received them.

    `received_at_s` is in the link's own clock: monotonic for ble, the board's virtual clock for sim
    and trace, the recorded value for log.
    """

    channel: Channel
    data: bytes
    received_at_s: float


class KneeSample(NamedTuple):
    """One knee sample (104 Hz) in device time. Signs are the same on both legs."""

    number: int
    """On the band's grid, unwrapped: consecutive unless samples are missing."""
    time_s: float
    """The band's own clock, since it was switched on."""
    flexion_deg: float
    """Bending +."""
    valgus_deg: float
    """Knee inward (abduction) +."""
    rotation_deg: float
    """Of the shank, internal +."""
    valgus_sigma_deg: float
    """One standard uncertainty of the valgus (METHOD B3)."""
    q_earth_thigh: Quaternion
    """Thigh's sensor to its own earth (z up), before alignment and heading."""
    q_earth_shank: Quaternion
    """The shank's; its earth has another heading."""
    flags: int
    """`kneecore.wire` FLAG_* bits. With FLAG_UNALIGNED the angles mean nothing."""


class ImuPair(NamedTuple):
    """One raw sample pair (208 Hz), each IMU in its own axes, the gyroscope's zero still in it."""

    number: int
    """On the band's grid, unwrapped."""
    time_s: float
    """The band's own clock."""
    thigh_gyr: Vector
    """Angular rate, rad/s."""
    thigh_acc: Vector
    """Specific force, m/s^2: up, 9.81, at rest."""
    shank_gyr: Vector
    """As `thigh_gyr`."""
    shank_acc: Vector
    """As `thigh_acc`."""
    flags: int
    """`kneecore.wire` FLAG_* bits."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Samples that never came, between two that did. `count` is 0 where it can't be known.

    `reason` is "lost on the air", "band restarted" or "overrun on the band".
    """

    channel: Channel
    start_s: float
    end_s: float
    count: int
    reason: str


@dataclass(frozen=True, slots=True)
class Window:
    """A named span of a recording: table, stand, functional, reference or set."""

    kind: str
    start_s: float
    end_s: float


class Phase(StrEnum):
    """Where in a rep, or in a stride (stance, swing), something was."""

    STANDING = "standing"
    DESCENDING = "descending"
    BOTTOM = "bottom"
    ASCENDING = "ascending"
    STANCE = "stance"
    SWING = "swing"


class Verdict(StrEnum):
    """A rep's own excursion against the person's own reference (limits: detection.criteria).

    `moved_inward` from 5 deg on (or twice the standard error of measurement), `moved_inward_large`
    from 10; `doubtful` where it can't be told.
    """

    IN_RANGE = "in_range"
    MOVED_INWARD = "moved_inward"
    MOVED_INWARD_LARGE = "moved_inward_large"
    MOVED_OUTWARD = "moved_outward"
    DOUBTFUL = "doubtful"


class Doubt(StrEnum):
    """Why a rep can't be judged, or not yet (`provisional`)."""

    OUTSIDE_REFERENCE = "outside_reference"
    GAP = "gap"
    SLIP = "slip"
    SATURATION = "saturation"
    SHALLOW = "shallow"
    PROVISIONAL = "provisional"
    NO_REFERENCE = "no_reference"
    START = "start"
    TURN = "turn"
    PACE = "pace"


@dataclass(frozen=True, slots=True)
class Rep:
    """One repetition and what was measured in it; None where it is not known.

    Excursions are against the reference reps at equal flexion (METHOD B10), inward +.
    """

    index: int
    """From 0 in the session."""
    set: int
    """Index of its `RepSet`."""
    is_reference: bool
    """One of those that the others are compared with; it has no verdict."""
    start_s: float
    """In the source's time, as all instants here."""
    end_s: float
    peak_flexion_deg: float
    valgus_excursion_deg: float | None
    """The whole excursion, with its sign, where it is largest in size above 20 deg of flexion."""
    own_excursion_deg: float | None
    """The same without what all reps of the set share."""
    own_excursion_sigma_deg: float | None
    """One standard uncertainty of it."""
    peak_valgus_deg: float | None
    """The largest absolute valgus: off by several degrees, and no ground for a verdict."""
    flexion_at_peak_deg: float | None
    """Where the excursion was largest."""
    phase_at_peak: Phase | None
    time_over_threshold_s: float | None
    """How long the own excursion was beyond the limit."""
    rotation_excursion_deg: float | None
    """Of the shank against the reference at that flexion, internal +."""
    medial_displacement_cm: float | None
    """The knee's way inward over the foot since the rep began, at its largest."""
    descent_s: float | None
    """How long it went down, stayed (`bottom_s`) and came up (`ascent_s`)."""
    bottom_s: float | None
    ascent_s: float | None
    verdict: Verdict | None
    doubt: tuple[Doubt, ...] = ()
    measures: Mapping[str, float | None] = field(default_factory=dict[str, "float | None"])
    """By their names in `detection.measure_table`."""
    label: str | None = None
    """What the person said of it: it is then listed, but not judged and compared with nothing."""


@dataclass(frozen=True, slots=True)
class Label:
    """What a person said of the rep that holds this instant."""

    time_s: float
    text: str
    start_s: float | None = None
    """Where the rep began when it was said, by which people know it; None where not kept."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A bend of the knee that was not counted as a rep, and why."""

    start_s: float
    end_s: float
    peak_flexion_deg: float
    reason: str


@dataclass(frozen=True, slots=True)
class RepSet:
    """Reps without a longer rest, with what is common to all of them (the set's shift)."""

    index: int
    start_s: float
    end_s: float
    shift_deg: float | None
    """What the reps have in common against the reference, inward +: the person, or soft tissue
    under load; it can't be told."""
    shift_sigma_deg: float | None
    """One standard uncertainty of it."""
    verdict: Verdict | None
    """Of the shift, by the same limits as a rep's."""


# What an Analyzer says, in the order in which it says it.


@dataclass(frozen=True, slots=True)
class RepEnded:
    """A rep is over; its verdict may still be provisional (doubt `provisional`)."""

    rep: Rep


@dataclass(frozen=True, slots=True)
class RepRevised:
    """An earlier rep, measured again: the set's shift is known better, or a gap was filled."""

    rep: Rep


@dataclass(frozen=True, slots=True)
class SetEnded:
    """A set is over."""

    set: RepSet


@dataclass(frozen=True, slots=True)
class GapSeen:
    """Samples are missing; they may still be fetched."""

    gap: Gap


@dataclass(frozen=True, slots=True)
class GapSettled:
    """The last word on a gap that was seen: of its samples, `left` never came and never will."""

    gap: Gap
    left: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Since a gap was filled there are fewer than were told: `reps` reps and `sets` sets stand.

    Those of a higher index are no more; others follow under these indices if there are any.
    """

    reps: int
    sets: int


@dataclass(frozen=True, slots=True)
class Warned:
    """Something a person should know, as one clear sentence."""

    text: str


Event: TypeAlias = RepEnded | RepRevised | SetEnded | GapSeen | GapSettled | Withdrawn | Warned


@dataclass(frozen=True, slots=True)
class Status:
    """The band's own report (wire.STATUS); None where it does not know.

    `state` and `faults` are `kneecore.wire` STATE_* and FAULT_*; `overruns` and `dropped_packets`
    count since it was switched on; `temperature_c` is (thigh, shank), of the dies.
    """

    state: int
    faults: int
    uptime_s: float
    overruns: int
    dropped_packets: int
    temperature_c: tuple[float, float]
    battery_percent: int | None
    connection_interval_ms: float | None = None
    supervision_timeout_ms: float | None = None
    storage_free_kib: int | None = None
    recordings: int | None = None
    power: int | None = None
    """kneecore.settings POWER_* bits; None of a band before protocol 1.3."""
    minutes_left: int | None = None
    reset_cause: int | None = None
    cues: int | None = None


@dataclass(frozen=True, slots=True)
class DieTemperature:
    """How warm the chips of both IMUs were, in the time of the samples."""

    time_s: float
    thigh_c: float
    shank_c: float


@dataclass(frozen=True, slots=True)
class Response:
    """The band's answer to one command."""

    opcode: int
    result: int
    payload: bytes = field(default=b"")


@dataclass(frozen=True, slots=True)
class TransferDone:
    """The band has answered a FETCH (transfers.DONE). Numbers count from the band's start."""

    recording_id: int
    first_number: int
    end_number: int
    result: int  # wire.RESULT_*
    blocks: int  # how many were sent; fewer may have come
    gone: tuple[int, int] | None = None
    """KneeSample numbers (first, end): what has not come of them by now never will. None: not all
    that was sent has come, or the band could not read its memory; ask again."""


Decoded: TypeAlias = KneeSample | ImuPair | Gap | Status | Response | TransferDone
