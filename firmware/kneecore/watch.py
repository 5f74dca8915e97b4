# pyright: basic
# (The detector is any with RepDetector's attributes; MicroPython has no protocols.)
"""The rep under way, watched: how far it is off the reference, and when that is enough for a cue.

    RepDetector      where a rep begins and ends        (`reps`)
    ExcursionTracker how far it is off, at every sample (`excursion`)
    RepWatch         both; `crossed` tells the one sample that completes the criterion

The criterion: an excursion beyond the threshold, the same way, for HOLD_S without a break, in a rep
that has been bent for longer than a step's leg by then, for the swing of a walking leg means
nothing against a squat's reference. It comes once a rep. The threshold is that of the reference in
force when the rep began.

The band cues by this, the host shows and cues by it (`kneetrack.detection`): one copy, so the same
samples give the same answer.

Each sample in three steps, for whose rep it is may decide what it is compared with:

    boundary = watch.find(time_s, flexion_deg)
    if boundary == STARTED:
        watch.begin(tracker)              what to compare it with, None for nothing
    watch.compare(valgus_deg)
"""

from kneecore.excursion import HOLD_S, ExcursionTracker
from kneecore.reps import ENDED, REJECTED, Params, RepDetector

NO_WAY = 0
INWARD = 1
OUTWARD = -1

_P = Params()
BENT_DEG = _P.step_bend_deg
BENT_S = _P.step_bent_s


class RepWatch:
    """Over any detector with the attributes of `kneecore.reps.RepDetector`.

    While a rep runs `excursion_deg` is that of this sample, None where nothing can be compared (and
    between reps: into the next one without a rest that is one sample); `crossed` is INWARD or
    OUTWARD at the sample that completes the criterion.
    """

    def __init__(self, detector, period_s: float):
        self.detector: RepDetector = detector
        self.excursion_deg: float | None = None
        self.crossed = NO_WAY
        self.tracker: ExcursionTracker | None = None
        self._period_s = period_s
        self._runs = False  # a rep, since `begin`
        self._bent_s = self._inward_s = self._outward_s = 0.0
        self._told = False

    def find(self, time_s: float, flexion_deg: float) -> int | None:
        """STARTED, ENDED, REJECTED or None, as the detector says."""
        boundary = self.detector.update(time_s, flexion_deg)
        if boundary in (ENDED, REJECTED):
            self._runs = False
        return boundary

    def begin(self, tracker: ExcursionTracker | None):
        """A rep begins: nothing is known of it; `tracker` (an ExcursionTracker) begins anew."""
        self.tracker = tracker
        if tracker is not None:
            tracker.begin()
        self._runs = True
        self._bent_s = self._inward_s = self._outward_s = 0.0
        self._told = False

    def compare(self, valgus_deg: float):
        """The rest of this sample's work."""
        self.crossed = NO_WAY
        tracker = self.tracker
        if not self._runs or tracker is None:
            self.excursion_deg = None
            return
        detector = self.detector
        flexion = detector.flexion_deg
        excursion = tracker.update(flexion, detector.rate_deg_s, valgus_deg)
        self.excursion_deg = excursion
        if self._told:
            return
        period = self._period_s
        self._bent_s = self._bent_s + period if flexion > BENT_DEG else 0.0
        limit = tracker.threshold_deg
        inward = excursion is not None and excursion >= limit
        outward = excursion is not None and excursion <= -limit
        self._inward_s = self._inward_s + period if inward else 0.0
        self._outward_s = self._outward_s + period if outward else 0.0
        if self._bent_s < BENT_S:
            return
        if self._inward_s >= HOLD_S or self._outward_s >= HOLD_S:
            self._told = True
            self.crossed = INWARD if inward else OUTWARD
