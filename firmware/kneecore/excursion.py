"""How far the knee moves inward, compared at equal flexion with the user's own reference reps.

    excursion(t) = LP6[valgus(t)] - reference_h(flexion(t)),   h = down or up   (biomechanics B10)

A fixed function of flexion cancels in it, whatever it came from: a tilted thigh axis, soft tissue,
the person's own path. What stays is what this rep did differently. Nothing is claimed about an
ideal knee.

The reference has one curve for the way down and one for the way up, because soft tissue lags.
Between them the rate decides: fully down above RATE_DEG_S of descent, fully up above it of ascent,
a blend between. So nothing jumps at the bottom, and nobody need know where the bottom was.

Only flexion above FROM_DEG counts: nearer to extension there is little to compare, and heel and
hip do what they like. Deeper than the reference plus BEYOND_DEG there is nothing to compare with;
the rep is then marked `outside` and that part of it is not judged.

This is the streaming form: the band gives its cue by it, the host shows it while a rep is under
way. The measures that are kept come from the whole rep, without delay (kneetrack.detection).
"""

from array import array

from kneecore.lowpass import LowPass

FROM_DEG = 20.0
STEP_DEG = 2.0
BEYOND_DEG = 5.0
RATE_DEG_S = 15.0
CORNER_HZ = 6.0

THRESHOLD_DEG = 5.0  # at least (C2): the common limit of acceptable difference
LARGE_DEG = 10.0
HOLD_S = 0.1

IN_RANGE = 0
MOVED_INWARD = 1
MOVED_INWARD_LARGE = 2
MOVED_OUTWARD = 3


def threshold_deg(sem_deg: float) -> float:
    """What an excursion must reach to count, given the user's standard error of measurement."""
    return max(THRESHOLD_DEG, 2.0 * sem_deg)


class ReferenceCurve:
    """Valgus (deg) over flexion; element i of `down` and `up` is at FROM_DEG + i * STEP_DEG."""

    def __init__(self, down: list[float] | tuple[float, ...], up: list[float] | tuple[float, ...]):
        if len(down) != len(up) or not len(down):
            raise ValueError("a reference curve needs two rows of equal length")
        self.down = array("f", down)
        self.up = array("f", up)
        self.deepest_deg = FROM_DEG + STEP_DEG * (len(down) - 1)

    def at(self, flexion_deg: float, down: float) -> float:
        """The reference at this flexion (held beyond its ends); `down` 1 is descent, 0 ascent."""
        last = len(self.down) - 1
        position = (flexion_deg - FROM_DEG) / STEP_DEG
        if position <= 0.0:
            i, j, rest = 0, 0, 0.0
        elif position >= last:
            i, j, rest = last, last, 0.0
        else:
            i = int(position)
            j = i + 1
            rest = position - i
        descent = self.down[i] + rest * (self.down[j] - self.down[i])
        ascent = self.up[i] + rest * (self.up[j] - self.up[i])
        return ascent + down * (descent - ascent)


def share_of_descent(rate_deg_s: float) -> float:
    """1 on the way down, 0 on the way up, a blend where the knee is slow."""
    share = 0.5 + 0.5 * rate_deg_s / RATE_DEG_S
    return 0.0 if share < 0.0 else 1.0 if share > 1.0 else share


class ExcursionTracker:
    """The excursion of the rep under way. `begin` at the start of a rep, `update` at every sample.

    `peak_deg` (signed, of the largest size), `flexion_at_peak_deg`, `rate_at_peak_deg_s` (its sign
    tells the phase), `time_over_s` above the threshold, inward; `outside` the reference.
    """

    def __init__(self, curve: ReferenceCurve, sem_deg: float, period_s: float):
        self.curve = curve
        self.threshold_deg = threshold_deg(sem_deg)
        self._period_s = period_s
        self._low_pass = LowPass(CORNER_HZ, period_s)
        self.begin()

    def begin(self):
        """A new rep, and a low-pass that knows nothing of the one before."""
        self._low_pass.forget()
        self.peak_deg = 0.0
        self.flexion_at_peak_deg = 0.0
        self.rate_at_peak_deg_s = 0.0
        self.time_over_s = 0.0
        self.outside = False
        self._inward_s = self._outward_s = 0.0
        self._event = IN_RANGE

    def update(self, flexion_deg: float, rate_deg_s: float, valgus_deg: float) -> float | None:
        """The excursion now, in deg, or None where nothing can be compared.

        `flexion_deg` and `rate_deg_s` low-passed, as RepDetector has them; `valgus_deg` as it came.
        """
        valgus = self._low_pass.update(valgus_deg)
        if flexion_deg < FROM_DEG or flexion_deg > self.curve.deepest_deg + BEYOND_DEG:
            self._inward_s = self._outward_s = 0.0
            if flexion_deg >= FROM_DEG:
                self.outside = True
            return None
        excursion = valgus - self.curve.at(flexion_deg, share_of_descent(rate_deg_s))
        if abs(excursion) > abs(self.peak_deg):
            self.peak_deg = excursion
            self.flexion_at_peak_deg = flexion_deg
            self.rate_at_peak_deg_s = rate_deg_s
        self._inward_s = self._inward_s + self._period_s if excursion >= self.threshold_deg else 0.0
        self._outward_s = (
            self._outward_s + self._period_s if excursion <= -self.threshold_deg else 0.0
        )
        if self._inward_s:
            self.time_over_s += self._period_s
        if self._inward_s >= HOLD_S:
            self._event = MOVED_INWARD
        elif self._outward_s >= HOLD_S and self._event == IN_RANGE:
            self._event = MOVED_OUTWARD
        return excursion

    def verdict(self) -> int:
        """IN_RANGE, MOVED_INWARD, MOVED_INWARD_LARGE or MOVED_OUTWARD, of the rep so far."""
        if self._event == MOVED_INWARD and self.peak_deg >= LARGE_DEG:
            return MOVED_INWARD_LARGE
        return self._event
