"""What the guided calibration looks for in the stream of sample pairs, one watch a kind of step.

A watch is fed pair by pair and says what it saw: that its step is over, that something spoilt it,
that a rep was counted. It has no clock but the pairs' own time, and never ends by itself: it goes
on until it has seen what it wants.

    StillWatch      both IMUs lie, or stand, still for so long that the gates of kneecore.alignment
                    pass. It keeps the longest stretch up to now that passes them, in quarters of a
                    second, and shortens it from the front where a new quarter spoils it: who moved
                    once is asked for no more than a still stretch from there on.
    StrappingWatch  both IMUs were turned about, and both are calm again.
    RepsWatch       reps, see `rep_watch`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from kneecore import vector, wire
from kneecore.alignment import Gate
from kneecore.stillness import Stillness
from kneetrack.samples import ImuPair, Vector

PAIR_S = wire.PAIR_PERIOD_US * 1e-6
BLOCK_S = Stillness.BLOCK_S
BLOCK = round(BLOCK_S / PAIR_S)
_DEG = 180.0 / math.pi
_NO_ZEROS = ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0))

MARGIN = 0.98
"""Of a gate's limit: the analysis puts the pairs on a grid, which moves its figures by a percent
or so, and nobody is to be asked twice for what passed once."""
TELL_AGAIN_S = 5.0
TELL_LOSS_S = 1.0

TURNED_DEG = 45.0
TURNING_DEG_S = 20.0
SETTLED_DEG_S = 30.0

Zeros: TypeAlias = tuple[Vector, Vector]
Gates: TypeAlias = Callable[[str, Stillness], tuple[Gate, ...]]


# --- what is seen --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Over:
    """The step's wish was granted, from `start_s` to `end_s`."""

    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Disturbed:
    """The stretch so far was spoilt: the gates that it then fails."""

    gates: tuple[Gate, ...]


@dataclass(frozen=True, slots=True)
class Counted:
    """One more rep, so deep."""

    reps: int
    depth_deg: float


@dataclass(frozen=True, slots=True)
class TooShallow:
    """A rep that does not count: its deepest flexion is less than is wanted."""

    depth_deg: float


@dataclass(frozen=True, slots=True)
class NotUp:
    """The next rep began before the last one was over."""


@dataclass(frozen=True, slots=True)
class OtherPose:
    """At rest in another pose than the stance: that was not the stance, or this is not."""

    thigh_deg: float
    shank_deg: float


Seen: TypeAlias = Over | Disturbed | Counted | TooShallow | NotUp | OtherPose


@dataclass(frozen=True, slots=True)
class Reading:
    """What a person may watch meanwhile; None where the step knows nothing of it."""

    thigh_deg_s: float = 0.0
    shank_deg_s: float = 0.0
    thigh_lean_deg: float = 0.0
    shank_lean_deg: float = 0.0
    """By how much they leaned over within the still stretch, from its first half to its second."""
    still_s: float | None = None
    wanted_s: float = 0.0
    thigh_moved: bool | None = None
    shank_moved: bool | None = None
    reps: int | None = None
    wanted_reps: int = 0
    flexion_deg: float = 0.0
    deepest_deg: float = 0.0
    """Of the rep under way, or of the last one."""
    least_deg: float = 0.0


class Watch(Protocol):
    """What looks at the samples of one step and says when something has been seen."""

    @property
    def reading(self) -> Reading: ...

    def add(self, pair: ImuPair) -> Seen | None: ...

    def restart(self) -> None:
        """Samples were lost: what was seen so far is worth nothing."""
        ...


# --- still ---------------------------------------------------------------------------------------


class StillWatch:
    """`wanted_s` of stillness by `gates` (segment, figures) -> rows.

    `zeros` are what the gyroscopes show at rest; without them the stretch's own mean serves.
    """

    def __init__(self, wanted_s: float, gates: Gates, zeros: Zeros | None = None) -> None:
        self._wanted = math.ceil(wanted_s / BLOCK_S)
        self._gates = gates
        self._zeros = zeros
        self._zero = zeros or _NO_ZEROS
        self._blocks: list[list[ImuPair]] = []
        self._open: list[ImuPair] = []
        self._said_s: float | None = None
        self._rates = (0.0, 0.0)
        self.thigh = Stillness(PAIR_S)
        self.shank = Stillness(PAIR_S)

    @property
    def reading(self) -> Reading:
        return Reading(
            *self._rates,
            self.thigh.tilt_rad * _DEG,
            self.shank.tilt_rad * _DEG,
            still_s=len(self._blocks) * BLOCK_S,
            wanted_s=self._wanted * BLOCK_S,
        )

    @property
    def means(self) -> Zeros:
        """What the gyroscopes showed on average: their zeros, if nothing moved."""
        return (
            vector.added(self.thigh.gyr_mean, self._zero[0]),
            vector.added(self.shank.gyr_mean, self._zero[1]),
        )

    def restart(self) -> None:
        self._blocks, self._open = [], []
        self._rebuild()

    def add(self, pair: ImuPair) -> Seen | None:
        if self._said_s is None:
            self._said_s = pair.time_s
        self._open.append(pair)
        if len(self._open) < BLOCK:
            return None
        block, self._open = self._open, []
        return self._take(block)

    def _take(self, block: list[ImuPair]) -> Seen | None:
        now_s = block[-1].time_s
        self._blocks.append(block)
        if len(self._blocks) > self._wanted or len(self._blocks) == 1:
            self._blocks = self._blocks[-self._wanted :]
            self._rebuild()
        else:
            self._gather(block)
            if len(self._blocks) == self._wanted and self._zeros is None:
                self._rebuild()  # about the mean of it all
        self._rates = rates(block, self._zero, about_mean=self._zeros is None)
        failed = self._failed()
        whole = len(self._blocks) >= self._wanted
        if not failed:
            return Over(self._blocks[0][0].time_s, now_s) if whole else None
        before = len(self._blocks) - 1
        if not _only_slow(failed):
            self._shorten()
        return self._tell(failed, (before - len(self._blocks)) * BLOCK_S, now_s)

    def _failed(self) -> tuple[Gate, ...]:
        """Gates that the stretch fails; what compares its halves is looked for in a whole one only:
        sway cancels in seconds, not in a moment."""
        whole = len(self._blocks) >= self._wanted
        rows = (*self._gates("thigh", self.thigh), *self._gates("shank", self.shank))
        return tuple(
            gate
            for gate in rows
            if gate.value > MARGIN * gate.limit and (whole or not _only_slow((gate,)))
        )

    def _shorten(self) -> None:
        """Keep the longest end of the stretch that passes: by bisection, the shorter the calmer."""
        blocks = self._blocks
        first, last = 1, len(blocks)  # from `last` on nothing is left, which passes
        while first < last:
            middle = (first + last) // 2
            self._blocks = blocks[middle:]
            self._rebuild()
            if self._failed():
                first = middle + 1
            else:
                last = middle
        self._blocks = blocks[first:]
        self._rebuild()

    def _tell(self, failed: tuple[Gate, ...], lost_s: float, now_s: float) -> Disturbed | None:
        since_s = now_s - (self._said_s if self._said_s is not None else now_s)
        waiting = not self._blocks or len(self._blocks) >= self._wanted
        if lost_s < TELL_LOSS_S and (since_s < TELL_AGAIN_S or not waiting):
            return None
        self._said_s = now_s
        return Disturbed(failed)

    def _rebuild(self) -> None:
        self.thigh, self.shank = Stillness(PAIR_S), Stillness(PAIR_S)
        if self._zeros is None:
            self._zero = mean_rates([pair for block in self._blocks for pair in block])
        for block in self._blocks:
            self._gather(block)

    def _gather(self, block: list[ImuPair]) -> None:
        zero_thigh, zero_shank = self._zero
        for pair in block:
            self.thigh.add(vector.subtracted(pair.thigh_gyr, zero_thigh), pair.thigh_acc)
            self.shank.add(vector.subtracted(pair.shank_gyr, zero_shank), pair.shank_acc)


def _only_slow(failed: Sequence[Gate]) -> bool:
    """Whether nothing failed but what compares the stretch's halves."""
    return all("change" in gate.name or "tilt" in gate.name for gate in failed)


# --- strapped on ---------------------------------------------------------------------------------


class StrappingWatch:
    """Both IMUs turned by TURNED_DEG altogether, and calm since a quarter of a second."""

    def __init__(self, zeros: Zeros | None) -> None:
        self._zero = zeros or _NO_ZEROS
        self._turned = [0.0, 0.0]  # deg
        self.latest: list[ImuPair] = []
        """The calm quarter of a second with which it was over: standing has begun in it."""
        self._open: list[ImuPair] = []
        self._rates = (0.0, 0.0)
        self._start_s: float | None = None

    @property
    def reading(self) -> Reading:
        thigh, shank = (turned >= TURNED_DEG for turned in self._turned)
        return Reading(*self._rates, thigh_moved=thigh, shank_moved=shank)

    def restart(self) -> None:
        self._open = []

    def add(self, pair: ImuPair) -> Seen | None:
        if self._start_s is None:
            self._start_s = pair.time_s
        for k, gyr in enumerate((pair.thigh_gyr, pair.shank_gyr)):
            rate = vector.norm(vector.subtracted(gyr, self._zero[k])) * _DEG
            if rate > TURNING_DEG_S:
                self._turned[k] += rate * PAIR_S
        self._open.append(pair)
        if len(self._open) < BLOCK:
            return None
        self.latest, self._open = self._open, []
        self._rates = rates(self.latest, self._zero)
        if min(self._turned) >= TURNED_DEG and max(self._rates) < SETTLED_DEG_S:
            return Over(self._start_s, pair.time_s)
        return None


def rates(
    block: Sequence[ImuPair], zero: Zeros, *, about_mean: bool = False
) -> tuple[float, float]:
    """Root mean square of the angular rates (deg/s) of thigh and shank."""
    if about_mean:
        zero = mean_rates(block)
    found: list[float] = []
    for gyrs, off in (
        ([pair.thigh_gyr for pair in block], zero[0]),
        ([pair.shank_gyr for pair in block], zero[1]),
    ):
        squares = [math.dist(gyr, off) ** 2 for gyr in gyrs]
        found.append(math.sqrt(sum(squares) / len(squares)) * _DEG)
    return found[0], found[1]


def mean_rates(pairs: Sequence[ImuPair]) -> Zeros:
    n = max(1, len(pairs))
    thigh = [sum(pair.thigh_gyr[k] for pair in pairs) / n for k in range(3)]
    shank = [sum(pair.shank_gyr[k] for pair in pairs) / n for k in range(3)]
    return (thigh[0], thigh[1], thigh[2]), (shank[0], shank[1], shank[2])
