"""What a movement is to the program: how one of its repetitions is found, measured and compared.

    finder      sample by sample: where a repetition begins and ends
    measure     the whole repetition, once it is over: values by their name in `measure_table`
    comparison  what a repetition is held against
    confidence  how far two IMUs on a leg can be believed in it, and why

`OWN_REPS`: valgus against the user's reference reps at equal flexion, with a verdict (`sets`).
`SESSIONS`: the repetition is described, not judged (`bouts`); what has changed is seen from session
to session, against the least change that is told apart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, TypeAlias

from kneecore.reps import Params
from kneetrack.detection.criteria import SHALLOW_DEG
from kneetrack.detection.cut import Cut, Geometry
from kneetrack.detection.measures import Measured
from kneetrack.samples import Doubt, KneeSample, Phase, Rep, Side

Values: TypeAlias = Mapping[str, "float | None"]


class Comparison(StrEnum):
    """What a repetition is held against."""

    OWN_REPS = "own reps at equal flexion"
    SESSIONS = "earlier sessions"


class Confidence(StrEnum):
    """How far two IMUs on a leg can be believed in a movement."""

    GOOD = "good"
    FAIR = "fair"
    LOW = "low"


class FlexionFinder(Protocol):
    """A finder that needs knee flexion alone: `kneecore.reps.RepDetector`, on the band as here.

    After `update` or `finish` says ENDED (kneecore.reps), `start_s` and `end_s` are those of the
    repetition; after REJECTED those of what was none, and `reason` says why. A finder may be copied
    at any time, and both go on by themselves.
    """

    state: int
    flexion_deg: float
    rate_deg_s: float
    start_s: float
    end_s: float
    peak_deg: float
    reason: str

    def update(self, time_s: float, flexion_deg: float) -> int | None: ...
    def finish(self) -> int | None: ...


class SampleFinder(Protocol):
    """A finder that looks at whole samples. As above; `key_s` is the instant that decides where the
    repetition belongs (its deepest point, its landing), `phase` what a live view shows."""

    flexion_deg: float
    start_s: float
    key_s: float
    end_s: float

    @property
    def phase(self) -> Phase: ...
    def take(self, sample: KneeSample) -> int | None: ...
    def finish(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class ByReps:
    """Found by flexion, compared with the user's own reps; one whose peak flexion is less than
    `shallow_deg` is doubtful, and none lasts longer than `reach_s`."""

    finder: Callable[[], FlexionFinder]
    measure: Callable[[Cut, Measured], Values]
    shallow_deg: float = SHALLOW_DEG
    reach_s: float = Params().longest_s
    feet_stay: bool = False
    """Whether both feet stay where they are in a set, so that steps end it (`leaving`)."""


@dataclass(frozen=True, slots=True)
class ByBouts:
    """Found in whole samples, described. `rest_s` without a repetition ends a set; `reach_s` is how
    long one may last, from its start to when its end is known."""

    finder: Callable[[Side], SampleFinder]
    measure: Callable[[Cut, float], Values]
    """The cut and `key_s`. Where these names are among the values they fill the rep's own columns:
    peak_valgus_deg, flexion_at_peak_deg, valgus_excursion_deg, rotation_excursion_deg,
    medial_displacement_cm."""
    rest_s: float
    reach_s: float
    seen: Callable[[Any], Values] = lambda _: {}
    """What the finder knows of the repetition that has just ended, beyond the cut."""
    without_axes: bool = False
    """It needs no knee angles, so that a band without a calibration serves."""
    feet_move: bool = False
    """The foot is put down anew all the time: a jump of the heading at a rest is no slip."""
    aligned: Callable[[Geometry], SampleFinder] | None = None
    """In place of `finder`, for one that makes use of the sensors' alignment."""
    doubts: Callable[[float, Values, Sequence[Rep]], tuple[Doubt, ...]] | None = None
    """What speaks against a repetition, of its start, its values and the last ones before it."""


@dataclass(frozen=True, slots=True)
class Movement:
    """One row of `MOVEMENTS`."""

    name: str
    """As logs and sidecars have it."""
    words: str
    one: str
    """What one repetition is called; "reps" of it are counted."""
    how: ByReps | ByBouts
    confidence: Confidence
    because: str
    """Why no more than this confidence: a sentence."""
    one_leg: bool = False
    """Done on one leg at a time, so that left and right can be compared as two tests."""

    @property
    def comparison(self) -> Comparison:
        return Comparison.OWN_REPS if isinstance(self.how, ByReps) else Comparison.SESSIONS
