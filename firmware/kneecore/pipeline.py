# pyright: basic
# (The estimator is either of two classes with the same methods; MicroPython has no protocols.)
"""From sample pairs to knee samples: orientation, heading, angles, uncertainty, flags.

`Pipeline` drives an estimator (`fusion.PairFilter` on the host, `kneeband.strapdown.PairFilter` on
the band) and reads the knee from it at every KNEE_DIVIDER-th pair.

Heading
    Two six-axis orientations have headings that have nothing to do with each other. Only standing
    ties them: at a standing rest the azimuths of the thigh's and the shank's anterior axes differ
    by what they did at the calibration. Between rests nothing is corrected; a hinge or
    zero-abduction constraint would explain the wearer's valgus away (biomechanics B7).

        no heading    -> a passing upright pose gives a provisional one, better with each pass
        provisional   -> the first standing rest replaces it, whatever it was
        taken         -> later rests pull it along at SLEW; one that disagrees by more than drift
                         explains raises FLAG_SLIP and is not followed, until SLIPS_BELIEVED rests
                         in a row agree with each other instead: then that is the stance now

    FLAG_UNALIGNED stands while there is no heading. All of this runs at every TICK_PAIRS-th pair
    only: it is float work, and each float is garbage on the band.

Uncertainty (biomechanics B3), as a standard deviation of the valgus, tau the shank's lean:

    s^2 = (sin tau * heading)^2 + (sin flexion * axis)^2 + ((1 - cos flexion) * thigh_ap)^2
          + 2 inclination^2 + (soft_tissue * flexion / 90 deg)^2

After a slip the thigh's frame may be wrong by as much as the heading jumped; that is added to the
axis until the next calibration. It changes slowly and is refreshed at the ticks.
"""

from math import atan2, cos, pi, sin, sqrt

from kneecore import joint, quaternion, wire
from kneecore.calibration import Calibration

_DEG = 180.0 / pi
_RAD = pi / 180.0

TICK_PAIRS = 10
TICK_S = TICK_PAIRS * wire.PAIR_PERIOD_US * 1e-6
_TICK_PHASE = 3  # not a pair that gives a knee sample, nor one where the filters correct

UPRIGHT = cos(8.0 * _RAD)
"""Cosine of how far a segment may lean from the calibration stance to be standing."""
REST_RATE = 15.0 * _RAD
REST_TICKS = 9
"""A standing rest: that many ticks (0.43 s) upright at less than REST_RATE (rad/s)."""
PASSING_RATE = 60.0 * _RAD
"""The highest rate (rad/s) at which an upright pose still serves for a provisional heading."""
_SETTLE_TICKS = 2  # until both filters have been levelled
_CALM_RATE = 10.0 * _RAD  # a pose twice as fast as this counts a fifth of a still one

SLEW = 0.1 * _RAD * TICK_S
"""The most that the heading follows a later rest, rad per tick (0.1 deg/s)."""
SWAY = 1.0 * _RAD
DRIFT = 0.01 * _RAD
"""What standing twice (rad) and a gyroscope zeroed on a table (rad/s) explain; limits are 3 x."""
SLIPS_BELIEVED = 3

SIGMA_HEADING = 1.5 * _RAD
SIGMA_HEADING_PROVISIONAL = 5.0 * _RAD
SIGMA_THIGH_AP = 2.0 * _RAD
SIGMA_INCLINATION = 0.5 * _RAD
SIGMA_SOFT_TISSUE_90 = 2.0 * _RAD

_NONE = 0
_PROVISIONAL = 1
_TAKEN = 2


class Pipeline:
    """Knee samples of one leg; after a `step` that returned True the attributes hold one.

    `flexion_deg`, `valgus_deg`, `rotation_deg`, `sigma_deg` (of the valgus), `flags` (wire.FLAG_*).
    Without a calibration the angles are 0 and FLAG_UNALIGNED is set.
    """

    def __init__(self, estimator, side: int):
        self.estimator = estimator
        self.side = side
        self.calibration = None
        self._axis_sigma = 0.0
        self._stance_heading = 0.0
        self._thigh_x = self._thigh_y = self._shank_x = self._shank_y = (0.0, 0.0, 0.0)
        self.reset()

    def set_calibration(self, calibration: Calibration) -> None:
        """Use `calibration`; its leg becomes the pipeline's, and the heading is open again."""
        self.calibration = calibration
        self.side = calibration.side
        self._axis_sigma = calibration.axis_sigma_rad
        self._stance_heading = calibration.stance_heading_rad
        q = quaternion.conjugate(calibration.q_thigh_sensor)
        self._thigh_x = quaternion.rotate(q, (1.0, 0.0, 0.0))
        self._thigh_y = quaternion.rotate(q, (0.0, 1.0, 0.0))
        q = quaternion.conjugate(calibration.q_shank_sensor)
        self._shank_x = quaternion.rotate(q, (1.0, 0.0, 0.0))
        self._shank_y = quaternion.rotate(q, (0.0, 1.0, 0.0))
        self.estimator.set_alignment(calibration.q_thigh_sensor, calibration.q_shank_sensor)
        self.estimator.set_bias(calibration.thigh_gyr_bias, calibration.shank_gyr_bias)
        self.reset()

    def reset(self) -> None:
        """Forget the heading and where in the cycle we are, as after a reset of the estimator."""
        self.flexion_deg = self.valgus_deg = self.rotation_deg = self.sigma_deg = 0.0
        self.flags = wire.FLAG_UNALIGNED
        self._phase = 0
        self._flexion = 0.0
        self._state = _NONE
        self._heading = 0.0  # rad, in force
        self._target = 0.0  # rad, what the last good rest said
        self._age = -_SETTLE_TICKS  # ticks since then
        self._rest_ticks = 0
        self._first = 0.0  # rad, the first observation of this rest
        self._sum = 0.0  # of the differences from it
        self._weight = 0.0  # of the provisional heading
        self._slip = 0.0  # rad, the largest jump since the calibration
        self._odd = 0.0  # rad, what the last disagreeing rest said
        self._odd_count = 0
        self._standing = 0  # FLAG_REST and FLAG_SLIP as they stand now

    def step(self, rows: "list[float]", index: int) -> bool:
        """Take sample pair `index` of the flat buffer `rows`; True where a knee sample is due."""
        estimator = self.estimator
        estimator.step(rows, index)
        phase = self._phase
        self._phase = phase + 1 if phase < TICK_PAIRS - 1 else 0
        if phase == _TICK_PHASE and self.calibration is not None:
            self._tick()
        if phase % wire.KNEE_DIVIDER:
            return False
        flags = self._standing
        if estimator.saturated():
            flags |= wire.FLAG_SATURATED
        if self.calibration is not None:
            w, x, y, z = estimator.relative()
            flexion, valgus, rotation = joint.angles(w, x, y, z, self.side)
            self._flexion = flexion
            self.flexion_deg = flexion * _DEG
            self.valgus_deg = valgus * _DEG
            self.rotation_deg = rotation * _DEG
        if self._state == _NONE:
            flags |= wire.FLAG_UNALIGNED
        self.flags = flags
        return True

    def take_heading(self) -> None:
        """Take this very pose for the calibration stance: a provisional heading."""
        q_earth_thigh, q_earth_shank = self.estimator.orientations()
        self._state = _PROVISIONAL
        self._weight = 0.0
        self._pass_by(self._observed(q_earth_thigh, q_earth_shank), 0.0)

    # --- at the ticks ----------------------------------------------------------------------------

    def _tick(self) -> None:
        if self._age < 100000:
            self._age += 1
        if self._age < 0:
            return
        q_earth_thigh, q_earth_shank = self.estimator.orientations()
        shank_up = _height(q_earth_shank, self._shank_y)
        self.sigma_deg = self._sigma(shank_up) * _DEG
        rate = max(self.estimator.rates())
        if (
            rate > PASSING_RATE
            or shank_up < UPRIGHT
            or _height(q_earth_thigh, self._thigh_y) < UPRIGHT
        ):
            self._rest_ticks = self._standing = 0
        else:
            observed = self._observed(q_earth_thigh, q_earth_shank)
            if self._state != _TAKEN:
                self._pass_by(observed, rate)
            if rate < REST_RATE:
                self._rest(observed)
            else:
                self._rest_ticks = self._standing = 0
        if self._state == _TAKEN and self._target != self._heading:
            step = _wrapped(self._target - self._heading)
            self._set_heading(self._heading + max(-SLEW, min(SLEW, step)))

    def _observed(self, q_earth_thigh, q_earth_shank) -> float:
        """The heading (rad) that would make this pose the calibration stance."""
        return _wrapped(
            _azimuth(q_earth_thigh, self._thigh_x)
            - _azimuth(q_earth_shank, self._shank_x)
            - self._stance_heading
        )

    def _pass_by(self, observed: float, rate: float) -> None:
        """The provisional heading: the mean over upright poses, the calmer the more it counts."""
        weight = 1.0 / (rate * rate + _CALM_RATE * _CALM_RATE)
        if self._state == _NONE:
            self._state = _PROVISIONAL
            self._weight = 0.0
        self._weight += weight
        share = weight / self._weight
        self._set_heading(self._heading + share * _wrapped(observed - self._heading))

    def _rest(self, observed: float) -> None:
        """One more tick of standing still."""
        if self._rest_ticks == 0:
            self._first = observed
            self._sum = 0.0
        self._sum += _wrapped(observed - self._first)
        self._rest_ticks += 1
        if self._rest_ticks < REST_TICKS:
            return
        heading = _wrapped(self._first + self._sum / self._rest_ticks)
        if self._state != _TAKEN:
            self._state = _TAKEN
            self._take(heading)
        elif self._standing & wire.FLAG_SLIP:
            self._odd = heading
        elif abs(_wrapped(heading - self._heading)) <= self._allowed():
            self._standing = wire.FLAG_REST
            self._target = heading
            self._age = 0
            self._odd_count = 0
        elif self._standing == 0:
            self._slipped(heading)

    def _allowed(self) -> float:
        """The largest step (rad) that sway and drift since the last good rest explain."""
        drift = DRIFT * TICK_S * self._age
        return 3.0 * sqrt(SWAY * SWAY + drift * drift)

    def _slipped(self, heading: float) -> None:
        agrees = abs(_wrapped(heading - self._odd)) <= 3.0 * SWAY
        self._odd_count = self._odd_count + 1 if self._odd_count and agrees else 1
        self._slip = max(self._slip, abs(_wrapped(heading - self._heading)))
        self._odd = heading
        if self._odd_count >= SLIPS_BELIEVED:
            self._take(heading)
        self._standing = wire.FLAG_SLIP

    def _take(self, heading: float) -> None:
        self._set_heading(heading)
        self._target = heading
        self._age = 0
        self._odd_count = 0
        self._standing = wire.FLAG_REST

    def _set_heading(self, heading: float) -> None:
        self._heading = _wrapped(heading)
        self.estimator.set_heading(self._heading)

    def _sigma(self, shank_up: float) -> float:
        """Standard uncertainty (rad) of the valgus in this pose."""
        sine = sin(self._flexion)
        one_less_cosine = 1.0 - cos(self._flexion)
        heading = SIGMA_HEADING if self._state == _TAKEN else SIGMA_HEADING_PROVISIONAL
        axis = sqrt(self._axis_sigma * self._axis_sigma + self._slip * self._slip) * sine
        thigh_ap = SIGMA_THIGH_AP * one_less_cosine
        tissue = SIGMA_SOFT_TISSUE_90 * self._flexion / (0.5 * pi)
        lean = heading * heading * max(0.0, 1.0 - shank_up * shank_up)
        inclination = 2.0 * SIGMA_INCLINATION * SIGMA_INCLINATION
        return sqrt(lean + axis * axis + thigh_ap * thigh_ap + inclination + tissue * tissue)


def _height(q_earth_sensor, v) -> float:
    """How far up (earth z) the sensor's vector v points."""
    w, x, y, z = q_earth_sensor
    return (
        2.0 * (x * z - w * y) * v[0]
        + 2.0 * (y * z + w * x) * v[1]
        + (1.0 - 2.0 * (x * x + y * y)) * v[2]
    )


def _azimuth(q_earth_sensor, v) -> float:
    """The direction (rad, from earth x towards y) of the sensor's vector v seen from above."""
    ahead, left, _ = quaternion.rotate(q_earth_sensor, v)
    return atan2(left, ahead)


def _wrapped(angle: float) -> float:
    """The same direction within -pi and pi."""
    return (angle + pi) % (2.0 * pi) - pi
