"""When the band itself gives a cue: at the very sample that completes the criterion of `watch`.

    reference curve (from the host, kept)  --+
    knee samples, one by one               --+-> Cueing.update -> NOTHING, INWARD, OUTWARD, SET_OVER

How often is the person's choice (wire.CUE_*), as the host has it (`kneetrack.cue.plan`):

    EVERY   every rep that crosses
    FADED   in the first set every rep, in the second every 2nd, in the third every 3rd, from then
            on when a set is over
    END     when a set is over, if any of its reps crossed

A rep has its turn by its number in the set. A set is over REST_S after its last rep: the band has
no windows, and who walks away is not looked at here. After a slip (wire.FLAG_SLIP) there is no cue
until the set is over, for the angles mean little.

Memory and time are those of one rep, whatever the length of the session: single precision tells
samples apart for an hour or so, therefore the detector's clock is set back while the leg stands.
"""

from kneecore import watch, wire
from kneecore.excursion import ExcursionTracker, ReferenceCurve
from kneecore.reps import ENDED, STANDING, STARTED, RepDetector

NOTHING = 0
INWARD = 1
OUTWARD = 2
SET_OVER = 3

REST_S = 20.0
_PERIOD_S = wire.KNEE_PERIOD_US * 1e-6
_SET_BACK = 10_000
"""Knee samples (96 s) after which the detector's clock is set back."""
_FADED = (1, 2, 3)


class Cueing:
    """`update` with every knee sample. `cues` given so far; `reps` of the set under way."""

    def __init__(self, curve: ReferenceCurve, sem_deg: float, policy: int):
        self.cues = 0
        self.reps = 0
        self._policy = policy
        self._detector = RepDetector(_PERIOD_S)
        self._watch = watch.RepWatch(self._detector, _PERIOD_S)
        self._tracker = ExcursionTracker(curve, sem_deg, _PERIOD_S)
        self._base = -1  # the sample number that the detector's clock begins at
        self._sets = 0
        self._crossed = 0  # reps of this set
        self._last_end = 0  # sample number
        self._slipped = False

    def update(self, number: int, flexion_deg: float, valgus_deg: float, flags: int) -> int:
        """NOTHING or what to tell the person now. `number` counts knee samples, holes included."""
        if flags & wire.FLAG_UNALIGNED:
            return NOTHING
        if flags & wire.FLAG_SLIP:
            self._slipped = True
        follow = self._watch
        detector = self._detector
        if self._base < 0:
            self._base = number
        elif number - self._base > _SET_BACK and detector.state == STANDING:
            detector.set_back((number - self._base) * _PERIOD_S)
            self._base = number
        boundary = follow.find((number - self._base) * _PERIOD_S, flexion_deg)
        if boundary == STARTED:
            follow.begin(self._tracker)
        elif boundary == ENDED:
            self.reps += 1
            self._last_end = number
        follow.compare(valgus_deg)
        crossed = follow.crossed
        if crossed:
            return self._turn(crossed)
        rested = self.reps and (number - self._last_end) * _PERIOD_S > REST_S
        if rested and detector.state == STANDING:
            return self._set_over()
        return NOTHING

    def _turn(self, crossed: int) -> int:
        self._crossed += 1
        every = self._every()
        if not every or self.reps % every or self._slipped:
            return NOTHING
        self.cues += 1
        return INWARD if crossed == watch.INWARD else OUTWARD

    def _set_over(self) -> int:
        tell = self._crossed and not self._every() and not self._slipped
        self._sets += 1
        self.reps = self._crossed = 0
        self._slipped = False
        if not tell:
            return NOTHING
        self.cues += 1
        return SET_OVER

    def _every(self) -> int:
        """Every how manieth rep of this set has its turn; 0 for none."""
        if self._policy == wire.CUE_EVERY:
            return 1
        if self._policy == wire.CUE_FADED and self._sets < len(_FADED):
            return _FADED[self._sets]
        return 0
