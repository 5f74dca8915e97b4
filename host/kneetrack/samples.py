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
Quaternion: TypeAlias = tuple[float, float, float, float]


class Side(IntEnum):
    """The leg; the number is the sign `s` of the formulas (+1 right, -1 left)."""

    RIGHT = 1
    LEFT = -1

    @property
    def word(self) -> str:
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
    """One knee sample (104 Hz) in device time. `flags` are wire.FLAG_* bits."""

    number: int  # on the band's grid, unwrapped: consecutive unless samples are missing
    time_s: float
    flexion_deg: float
    valgus_deg: float
    rotation_deg: float
    valgus_sigma_deg: float
    q_earth_thigh: Quaternion
    q_earth_shank: Quaternion
    flags: int


class ImuPair(NamedTuple):
    """One raw sample pair (208 Hz), in rad/s and m/s^2, each IMU in its own axes, bias included."""

    number: int
    time_s: float
    thigh_gyr: Vector
    thigh_acc: Vector
    shank_gyr: Vector
    shank_acc: Vector
    flags: int


@dataclass(frozen=True, slots=True)
class Gap:
    """Samples that never came, between two that did. `count` is 0 where it can't be known."""

    channel: Channel
    start_s: float
    end_s: float
    count: int
    reason: str  # "lost on the air", "band restarted", "overrun on the band"


@dataclass(frozen=True, slots=True)
class Window:
    """A named span of a recording: table, stand, functional, reference or set."""

    kind: str
    start_s: float
    end_s: float


class Phase(StrEnum):
    STANDING = "standing"
    DESCENDING = "descending"
    BOTTOM = "bottom"
    ASCENDING = "ascending"
    STANCE = "stance"
    SWING = "swing"


class Verdict(StrEnum):
    IN_RANGE = "in_range"
    MOVED_INWARD = "moved_inward"
    MOVED_INWARD_LARGE = "moved_inward_large"
    MOVED_OUTWARD = "moved_outward"
    DOUBTFUL = "doubtful"


class Doubt(StrEnum):
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
    """One repetition and what was measured in it; None where it is not known."""

    index: int
    set: int
    is_reference: bool
    start_s: float
    end_s: float
    peak_flexion_deg: float
    valgus_excursion_deg: float | None
    own_excursion_deg: float | None
    own_excursion_sigma_deg: float | None
    peak_valgus_deg: float | None
    flexion_at_peak_deg: float | None
    phase_at_peak: Phase | None
    time_over_threshold_s: float | None
    rotation_excursion_deg: float | None
    medial_displacement_cm: float | None
    descent_s: float | None
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
    shift_sigma_deg: float | None
    verdict: Verdict | None


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
    set: RepSet


@dataclass(frozen=True, slots=True)
class GapSeen:
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
    """The band's own report (wire.STATUS)."""

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
    """The band has answered a FETCH (wire.DONE). Numbers count from the band's start."""

    recording_id: int
    first_number: int
    end_number: int
    result: int  # wire.RESULT_*
    blocks: int  # how many were sent; fewer may have come
    gone: tuple[int, int] | None = None
    """KneeSample numbers (first, end): what has not come of them by now never will. None: not all
    that was sent has come, or the band could not read its memory; ask again."""


Decoded: TypeAlias = KneeSample | ImuPair | Gap | Status | Response | TransferDone
