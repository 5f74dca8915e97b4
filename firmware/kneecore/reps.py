"""Reps of the squat family from knee flexion alone, one sample at a time.

Knee flexion is what squats, lunges, step-downs and machines have in common; no other angle is
needed to find a rep. `RepDetector` holds a few numbers whatever the length of the set, allocates
nothing that grows, and runs on the band as on the host.

Rules (thresholds and their sources in `Params`)
    1. Everything that decides about a boundary is in this file.
    2. Flexion is judged against a standing angle that belongs to the set, not to the person: it
       follows slowly wherever the leg rests near extension.
    3. Levels are read from flexion as it comes (no delay); only the rate is low-passed.
    4. A rep starts where flexion last left the standing angle, not where that was noticed, and ends
       where the leg came to rest, or at the turning point into the next rep.
    5. A dip that comes back less than 60 % belongs to the rep it is in; more makes it two.
    6. Too small, too short, too long, or like a step of walking: reported as REJECTED, with the
       `reason`, so that nobody has to guess why a rep is missing.

States

    from        when                                            to          says
    STANDING    20 deg below standing and going down            DESCENDING  STARTED
    DESCENDING  10 deg back up from the deepest point           ASCENDING
    DESCENDING  it takes longer than any rep                    STANDING    REJECTED
    ASCENDING   deeper than before                              DESCENDING
    ASCENDING   near standing and slow for 0.15 s               STANDING    ENDED
    ASCENDING   60 % back up and at rest for 0.5 s              STANDING    ENDED
    ASCENDING   60 % back up, then 20 deg down again            DESCENDING  ENDED, then STARTED
    ASCENDING   it takes longer than any rep                    STANDING    REJECTED

ENDED becomes REJECTED where rule 6 holds. A hole in the data longer than `hole_s` abandons the rep.
"""

from kneecore.lowpass import LowPass

STANDING = 0
DESCENDING = 1
ASCENDING = 2

STARTED = 1
ENDED = 2
REJECTED = 3


class Params:
    """What `RepDetector` goes by. Degrees, seconds; C5: biomechanics C5 (squat family)."""

    def __init__(self):
        # Start and end (C5).
        self.start_above_deg = 20.0
        self.start_rate_deg_s = 20.0
        self.end_above_deg = 12.0
        self.end_rate_deg_s = 15.0
        self.end_hold_s = 0.15
        self.back_up = 0.6  # of the way down: what splits a double dip, and ends touch-and-go
        # What counts as a rep (C5).
        self.least_rom_deg = 40.0
        self.shortest_s = 0.8
        self.longest_s = 10.0
        self.shortest_half_s = 0.3
        self.step_flexion_deg = 75.0  # a cycle of less flexion and time than these two
        self.step_cycle_s = 1.4  # is a step, or a re-rack;
        self.step_bend_deg = 30.0  # so is (our own) one that is bent more than this
        self.step_bent_s = 0.6  # for less than this: the swing of a leg takes 0.4 s
        # Our own: chosen so that soft-tissue wobble and sway of 2 deg decide nothing.
        self.turn_deg = 10.0  # back from the deepest point, to believe the turn
        self.redescend_deg = 20.0  # down from the highest point, to believe a new rep
        self.leave_deg = 4.0  # above the standing angle, where a rep is said to start
        self.rest_rate_deg_s = 5.0
        self.rest_hold_s = 0.5
        self.stand_rate_deg_s = 8.0  # the standing angle follows only below this rate,
        self.stand_tau_s = 0.5  # with this time constant,
        self.stand_limit_deg = 40.0  # and never into a deeper pose
        self.stand_guess_deg = 10.0  # at most, before anything is known
        self.rate_corner_hz = 6.0
        self.hole_s = 1.0


class RepDetector:
    """Feed `update` in order of time; call `finish` at the end of the data.

    While it runs: `state`, `stand_deg`, `flexion_deg` (low-passed) and `rate_deg_s`.
    After ENDED or REJECTED: `start_s`, `bottom_s`, `end_s`, `peak_deg` of that rep, and `reason`.
    """

    def __init__(self, period_s: float, params: Params | None = None):
        self.params = params or Params()
        self.period_s = period_s
        self._low_pass = LowPass(self.params.rate_corner_hz, period_s)
        self._rate_hz = 1.0 / period_s
        self._longest_step_s = 1.5 * period_s
        self._stand_gain = period_s / self.params.stand_tau_s
        self.state = STANDING
        self.stand_deg = 0.0
        self.flexion_deg = 0.0
        self.rate_deg_s = 0.0
        self.start_s = self.bottom_s = self.end_s = self.peak_deg = 0.0
        self.reason = ""
        self._empty = True
        self._restarted = False
        self._time_s = 0.0
        self._raw_deg = 0.0
        # The rep under way: where it left, how deep it was and when, how far it is back and when.
        self._start_s = self._start_deg = 0.0
        self._peak_s = self._peak_deg = 0.0
        self._low_s = self._low_deg = 0.0
        self._leave_s = 0.0
        self._bent_s = 0.0  # how long it was clearly bent
        # Since when it has been slow near standing, and at rest anywhere.
        self._slow_s = self._rest_s = 0.0

    def update(self, time_s: float, flexion_deg: float) -> int | None:
        """STARTED, ENDED, REJECTED or None at this sample. Times that do not grow are ignored."""
        step_s = time_s - self._time_s
        if not 0.0 < step_s <= self._longest_step_s:
            if self._empty:
                self._begin(time_s, flexion_deg)
                return None
            if step_s <= 0.0:
                return None
            if self._bridge(step_s, flexion_deg):
                return self._abandon(time_s, flexion_deg)
        self._time_s = time_s
        self._raw_deg = flexion_deg
        smooth_deg = self._low_pass.update(flexion_deg)
        self.rate_deg_s = (smooth_deg - self.flexion_deg) * self._rate_hz
        self.flexion_deg = smooth_deg
        if self._restarted:
            self._follow_descent(flexion_deg)
            self._restarted = False
            return STARTED
        follow, rules = self._STATES[self.state]
        follow(self, flexion_deg)
        for guard, state, action in rules:
            if guard(self):
                self.state = state
                return action(self)
        return None

    def set_back(self, by_s: float):
        """Count time from `by_s` later on: what comes has times that much smaller."""
        self._time_s -= by_s
        self._leave_s -= by_s
        self._low_s -= by_s
        self._slow_s -= by_s
        self._rest_s -= by_s
        self._start_s -= by_s
        self._peak_s -= by_s

    def finish(self) -> int | None:
        """The end of the data ends a rep that is 60 % back up. ENDED, REJECTED or None."""
        if self.state != ASCENDING or not self._is_back_up():
            self.state = STANDING
            return None
        self.state = STANDING
        return self._close(self._low_s)

    # --- what is followed at every sample --------------------------------------------------------

    def _begin(self, time_s: float, flexion_deg: float):
        self._empty = False
        self._time_s = time_s
        self._raw_deg = self.flexion_deg = flexion_deg
        self.rate_deg_s = 0.0
        self._low_pass.reset(flexion_deg)
        self.stand_deg = min(flexion_deg, self.params.stand_guess_deg)
        self._stand_up()

    def _stand_up(self):
        """STANDING begins here."""
        self._low_deg = self._raw_deg
        self._low_s = self._leave_s = self._time_s
        self._slow_s = self._rest_s = self._time_s

    def _follow_standing(self, flexion: float):
        p = self.params
        if flexion < self._low_deg:
            self._low_deg = flexion
            self._low_s = self._time_s
        rate = self.rate_deg_s
        if -p.stand_rate_deg_s < rate < p.stand_rate_deg_s and flexion < p.stand_limit_deg:
            self.stand_deg += self._stand_gain * (flexion - self.stand_deg)
        leave_deg = flexion - p.leave_deg
        if leave_deg <= self._low_deg or leave_deg <= self.stand_deg:
            self._leave_s = self._time_s

    def _follow_descent(self, flexion: float):
        if flexion > self._start_deg + self.params.step_bend_deg:
            self._bent_s += self.period_s
        if flexion > self._peak_deg:
            self._peak_deg = flexion
            self._peak_s = self._time_s

    def _follow_ascent(self, flexion: float):
        p = self.params
        time_s = self._time_s
        if flexion > self._start_deg + p.step_bend_deg:
            self._bent_s += self.period_s
        if flexion < self._low_deg:
            self._low_deg = flexion
            self._low_s = time_s
        if flexion <= self._low_deg + p.leave_deg:
            self._leave_s = time_s
        rate = abs(self.rate_deg_s)
        if rate >= p.end_rate_deg_s or flexion >= self.stand_deg + p.end_above_deg:
            self._slow_s = time_s
        if rate >= p.rest_rate_deg_s:
            self._rest_s = time_s

    def _bridge(self, step_s: float, flexion_deg: float) -> bool:
        """Carry the low-pass over missing samples in a straight line; True where it is too far."""
        if step_s > self.params.hole_s:
            return True
        missing = int(step_s / self.period_s + 0.5) - 1
        slope = (flexion_deg - self._raw_deg) / (missing + 1)
        for i in range(missing):
            self.flexion_deg = self._low_pass.update(self._raw_deg + slope * (i + 1))
        return False

    # --- what the rules do -----------------------------------------------------------------------

    def _abandon(self, time_s: float, flexion_deg: float) -> int | None:
        """Begin anew after a hole; a rep under way is lost, the standing angle is kept."""
        lost = self.state != STANDING
        stand_deg = self.stand_deg
        end_s = self._time_s
        self._begin(time_s, flexion_deg)
        self.stand_deg = stand_deg
        self.state = STANDING
        self._restarted = False
        if lost:
            self._keep(end_s)
            self.reason = "a hole in the data"
            return REJECTED
        return None

    def _start(self) -> int:
        self._start_s = self._leave_s
        self._start_deg = max(self._low_deg, self.stand_deg)
        self._bent_s = 0.0
        self._peak_deg = self._raw_deg
        self._peak_s = self._time_s
        return STARTED

    def _turn(self):
        self._low_deg = self._raw_deg
        self._low_s = self._leave_s = self._slow_s = self._rest_s = self._time_s

    def _deepen(self):
        self._peak_deg = self._raw_deg
        self._peak_s = self._time_s

    def _end_standing(self) -> int:
        return self._end_at(self._slow_s)

    def _end_resting(self) -> int:
        return self._end_at(self._rest_s)

    def _end_at(self, quiet_s: float) -> int:
        # The rate, and with it the quiet, is late by the low-pass; the bottom is not.
        event = self._close(max(self._peak_s, quiet_s - self._low_pass.delay_s))
        self._stand_up()
        return event

    def _end_turning(self) -> int:
        event = self._close(self._low_s)
        self._start()
        self._restarted = True
        return event

    def _give_up(self) -> int:
        self._keep(self._time_s)
        self.reason = "it took too long"
        self._stand_up()
        return REJECTED

    def _keep(self, end_s: float):
        self.start_s = self._start_s
        self.bottom_s = self._peak_s
        self.end_s = end_s
        self.peak_deg = self._peak_deg

    def _close(self, end_s: float) -> int:
        self._keep(end_s)
        p = self.params
        cycle_s = end_s - self.start_s
        if self.peak_deg - self._start_deg < p.least_rom_deg:
            self.reason = "too little flexion"
        elif cycle_s < p.shortest_s:
            self.reason = "too short"
        elif cycle_s > p.longest_s:
            self.reason = "it took too long"
        elif min(self.bottom_s - self.start_s, end_s - self.bottom_s) < p.shortest_half_s:
            self.reason = "one half too short"
        elif self._bent_s < p.step_bent_s or cycle_s < p.step_cycle_s:
            if self.peak_deg - self._start_deg < p.step_flexion_deg:
                self.reason = "like a step"
                return REJECTED
            self.reason = ""
            return ENDED
        else:
            self.reason = ""
            return ENDED
        return REJECTED

    # --- when the rules hold -------------------------------------------------------------------

    def _goes_down(self) -> bool:
        p = self.params
        above = self._raw_deg - self.stand_deg
        return above > p.start_above_deg and (
            self.rate_deg_s > p.start_rate_deg_s
            # A very slow squat never reaches that rate, but it does get there.
            or (above > p.least_rom_deg and self.rate_deg_s > p.rest_rate_deg_s)
        )

    def _turns(self) -> bool:
        return self._raw_deg < self._peak_deg - self.params.turn_deg

    def _takes_too_long(self) -> bool:
        return self._time_s - self._start_s > self.params.longest_s + self.params.hole_s

    def _goes_deeper(self) -> bool:
        return self._raw_deg > self._peak_deg

    def _stands(self) -> bool:
        return self._time_s - self._slow_s >= self.params.end_hold_s

    def _is_back_up(self) -> bool:
        return self._peak_deg - self._low_deg >= self.params.back_up * (
            self._peak_deg - self._start_deg
        )

    def _rests_short(self) -> bool:
        return self._time_s - self._rest_s >= self.params.rest_hold_s and self._is_back_up()

    def _goes_down_again(self) -> bool:
        return self._raw_deg > self._low_deg + self.params.redescend_deg and self._is_back_up()

    # In each state: what is followed, and (when, to, do), of which the first that holds.
    _STATES = {
        STANDING: (
            _follow_standing,
            ((_goes_down, DESCENDING, _start),),
        ),
        DESCENDING: (
            _follow_descent,
            (
                (_turns, ASCENDING, _turn),
                (_takes_too_long, STANDING, _give_up),
            ),
        ),
        ASCENDING: (
            _follow_ascent,
            (
                (_goes_deeper, DESCENDING, _deepen),
                (_stands, STANDING, _end_standing),
                (_rests_short, STANDING, _end_resting),
                (_goes_down_again, DESCENDING, _end_turning),
                (_takes_too_long, STANDING, _give_up),
            ),
        ),
    }
