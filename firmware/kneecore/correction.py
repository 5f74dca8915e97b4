"""The slow part of the orientation filter: levelling, and the gyroscope's bias.

`kneecore.fusion` tells the method. Everything here runs at every `Params.divider`-th sample, on the
device too, and is written for few float operations: each costs a block of the heap under
MicroPython, while how the numbers are stored matters little.

Where this differs from the vqf package: it levels at a tenth of the sample rate and learns the bias
at half of that, for the bias changes slowly; its low-passes are in delta form (y += d, d a decaying
step), which float32 bears at a time constant of 3 s where the direct form wanders by degrees; the
3x3 Kalman update is three scalar ones, equal and without an inverse; the first levelling is not
taken for drift; the low-pass of the rest detection is of first order with a gain of 2**-n, a shift
in fixed point.

Units: rad/s, m/s^2, s. The variances of the bias are in (0.01 deg/s)^2, as in vqf.
"""

import math
from math import pi, sqrt

_RAD_PER_DEG = pi / 180.0


class Params:
    """What can be set. The defaults are those of vqf 2.1, but for `rest_bias`.

    | name | default | unit | meaning | source |
    |---|---|---|---|---|
    | tau_acc_s | 3.0 | s | time constant of the acceleration's low-pass | vqf tauAcc |
    | motion_bias | True | | learn the bias from the inclination's drift | vqf motionBiasEst |
    | rest_bias | False | | learn the bias at rest: off while worn, sway would be learnt as bias |
      biomechanics B4 (vqf: True) |
    | bias_sigma_init_deg_s | 0.5 | deg/s | standard deviation of the bias at the start | vqf |
    | bias_forgetting_s | 100.0 | s | time in which it grows from 0 to 0.1 deg/s | vqf |
    | bias_clip_deg_s | 2.0 | deg/s | largest bias, beyond the table zero's | vqf |
    | bias_sigma_motion_deg_s | 0.1 | deg/s | what it settles at in motion | vqf |
    | bias_vertical_forgetting | 0.0001 | | weight of "no bias about the vertical", where motion
      tells nothing | vqf |
    | bias_sigma_rest_deg_s | 0.03 | deg/s | what it settles at in rest | vqf |
    | rest_min_s | 1.5 | s | stillness this long is rest | vqf restMinT |
    | rest_filter_s | 0.5 | s | low-pass that stillness is measured against | vqf restFilterTau |
    | rest_gyr_deg_s | 2.0 | deg/s | still: gyr within this of its low-pass | vqf restThGyr |
    | rest_acc_m_s2 | 0.5 | m/s^2 | still: acc within this of its low-pass | vqf restThAcc |
    | divider | 10 | samples | a correction at every so many; keep it above 10 Hz | firmware
      numerics, on BROAD |
    | bias_divider | 2 | corrections | the bias is learnt at every so many | on BROAD the mean
      inclination RMSE is 0.4465 deg with 1, 2 and 4 alike |
    """

    def __init__(
        self,
        tau_acc_s: float = 3.0,
        motion_bias: bool = True,
        rest_bias: bool = False,
        bias_sigma_init_deg_s: float = 0.5,
        bias_forgetting_s: float = 100.0,
        bias_clip_deg_s: float = 2.0,
        bias_sigma_motion_deg_s: float = 0.1,
        bias_vertical_forgetting: float = 0.0001,
        bias_sigma_rest_deg_s: float = 0.03,
        rest_min_s: float = 1.5,
        rest_filter_s: float = 0.5,
        rest_gyr_deg_s: float = 2.0,
        rest_acc_m_s2: float = 0.5,
        divider: int = 10,
        bias_divider: int = 2,
    ):
        self.tau_acc_s = tau_acc_s
        self.motion_bias = motion_bias
        self.rest_bias = rest_bias
        self.bias_sigma_init_deg_s = bias_sigma_init_deg_s
        self.bias_forgetting_s = bias_forgetting_s
        self.bias_clip_deg_s = bias_clip_deg_s
        self.bias_sigma_motion_deg_s = bias_sigma_motion_deg_s
        self.bias_vertical_forgetting = bias_vertical_forgetting
        self.bias_sigma_rest_deg_s = bias_sigma_rest_deg_s
        self.rest_min_s = rest_min_s
        self.rest_filter_s = rest_filter_s
        self.rest_gyr_deg_s = rest_gyr_deg_s
        self.rest_acc_m_s2 = rest_acc_m_s2
        self.divider = divider
        self.bias_divider = bias_divider


class Coefficients:
    """What follows from the parameters and the sample period `period_s`, computed once."""

    def __init__(self, params: Params, period_s: float):
        self.period_s = period_s
        self.divider = params.divider
        self.acc_mean = 1.0 / params.divider
        self.bias_divider = params.bias_divider
        correction_s = period_s * params.divider
        bias_s = correction_s * params.bias_divider
        self.gravity_low_pass = _low_pass(params.tau_acc_s, correction_s)
        self.bias_low_pass = _low_pass(params.tau_acc_s, bias_s)
        self.bias_updates_per_s = 1.0 / bias_s

        self.motion_bias = params.motion_bias
        self.rest_bias = params.rest_bias
        self.bias_clip = params.bias_clip_deg_s * _RAD_PER_DEG
        self.variance_init = (params.bias_sigma_init_deg_s * 100.0) ** 2
        self.variance_growth = (0.1 * 100.0) ** 2 * bias_s / params.bias_forgetting_s
        motion = (params.bias_sigma_motion_deg_s * 100.0) ** 2
        rest = (params.bias_sigma_rest_deg_s * 100.0) ** 2
        # The measurement variances that let the filter settle at the sigmas asked for.
        self.variance_motion = motion * motion / self.variance_growth + motion
        self.variance_vertical = self.variance_motion / params.bias_vertical_forgetting
        self.variance_rest = rest * rest / self.variance_growth + rest

        self.rest_shift = 0
        while (1 << self.rest_shift) * period_s < params.rest_filter_s:
            self.rest_shift += 1
        self.rest_gain = 1.0 / (1 << self.rest_shift)
        self.rest_samples = int(params.rest_min_s / period_s)
        self.rest_gyr = params.rest_gyr_deg_s * _RAD_PER_DEG
        self.rest_acc = params.rest_acc_m_s2


def _low_pass(tau_s: float, period_s: float) -> tuple[float, float, int]:
    """(gain, decay, start) of a second-order Butterworth low-pass in delta form.

    Bilinear transform, as vqf's filterCoeffs; for the first `start` inputs the mean is taken.
    """
    c = math.tan(period_s / (sqrt(2.0) * tau_s))
    scale = 1.0 / (c * c + sqrt(2.0) * c + 1.0)
    decay = (1.0 - sqrt(2.0) * c + c * c) * scale
    return 4.0 * c * c * scale, decay, math.ceil(tau_s / period_s)


class State:
    """Everything that changes: where the strapdown and the correction meet.

    `reset()` is the whole story of starting afresh; the lists keep their identity.
    """

    def __init__(self, coefficients: Coefficients):
        self._variance_init = coefficients.variance_init
        # From the strapdown to the correction.
        self.strapdown = [1.0, 0.0, 0.0, 0.0]  # strapdown frame <- sensor
        self.acc_mean = [0.0, 0.0, 0.0]  # in the strapdown frame, over the last interval
        self.gyr_low_pass = [0.0, 0.0, 0.0]  # rad/s, table zero taken off
        # From the correction to the strapdown.
        self.bias = [0.0, 0.0, 0.0]  # rad/s, sensor frame, beyond the table zero
        # The correction's own.
        self.inclination = [1.0, 0.0, 0.0, 0.0]  # earth <- strapdown frame
        self.tilt = [0.0, 0.0]  # rad about earth x and y, levelled since the bias was last learnt
        self.covariance = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0]  # of the bias: xx xy xz yy yz zz
        self.gravity = [0.0, 0.0, 0.0]
        self.gravity_step = [0.0, 0.0, 0.0]
        self.rotation = [0.0] * 9  # rows of the low-passed matrix earth <- sensor
        self.rotation_step = [0.0] * 9
        self.bias_earth = [0.0, 0.0]  # the level part of the bias, low-passed likewise
        self.bias_earth_step = [0.0, 0.0]
        self.reset()

    def reset(self) -> None:
        """As before the first sample."""
        for numbers in (
            self.acc_mean,
            self.gyr_low_pass,
            self.bias,
            self.tilt,
            self.covariance,
            self.gravity,
            self.gravity_step,
            self.rotation,
            self.rotation_step,
            self.bias_earth,
            self.bias_earth_step,
        ):
            for i in range(len(numbers)):
                numbers[i] = 0.0
        for numbers in (self.strapdown, self.inclination):
            numbers[0] = 1.0
            numbers[1] = numbers[2] = numbers[3] = 0.0
        for i in (0, 3, 5):
            self.covariance[i] = self._variance_init
        self.still_samples = 0
        self.corrections = 0
        self.bias_updates = 0


class Correction:
    """The slow part: levels the strapdown's frame and learns the gyroscope's bias, in `state`."""

    def __init__(self, coefficients: Coefficients, state: State):
        self.coefficients = coefficients
        self.state = state
        # Within one update only: the bias's change, and what goes into the low-passes.
        self._shift = [0.0, 0.0, 0.0]
        self._rotation = [0.0] * 9
        self._bias_earth = [0.0, 0.0]

    def update(self) -> None:
        """One correction, after `divider` samples of the strapdown."""
        s = self.state
        s.corrections += 1
        c = self.coefficients
        _smooth(s.gravity, s.gravity_step, s.acc_mean, c.gravity_low_pass, s.corrections)
        self._level(s.gravity)
        if s.corrections % c.bias_divider == 0:
            s.bias_updates += 1
            self._follow_rotation()
            self._learn_bias()

    def start(self) -> None:
        """Level by the first sample alone, so that no orientation is ever less than level."""
        self._level(self.state.acc_mean)

    def at_rest(self) -> bool:
        """Whether gyr and acc have been still for `rest_min_s`, at a rate that can be a bias."""
        s = self.state
        if s.still_samples < self.coefficients.rest_samples:
            return False
        x, y, z = s.gyr_low_pass
        return max(x, y, z, -x, -y, -z) < self.coefficients.bias_clip

    def _level(self, up: list[float]) -> None:
        # Turn the frame by the shortest way that takes `up` (strapdown frame) to the vertical.
        s = self.state
        w, x, y, z = s.inclination
        gx, gy, gz = up
        cx = y * gz - z * gy
        cy = z * gx - x * gz
        cz = x * gy - y * gx
        cx += cx
        cy += cy
        cz += cz
        gx += w * cx + y * cz - z * cy
        gy += w * cy + z * cx - x * cz
        gz += w * cz + x * cy - y * cx
        square = gx * gx + gy * gy + gz * gz
        if square < 1e-6:  # free fall, or no data: nothing to level by
            return
        scale = 1.0 / sqrt(square)
        gx *= scale
        gy *= scale
        if s.corrections > 1:  # the first times are no drift: the frame had hardly been level
            s.tilt[0] -= gy
            s.tilt[1] += gx

        square = 0.5 * (gz * scale) + 0.5
        if square > 1e-6:
            turn = sqrt(square)
            scale = 0.5 / turn
            gy *= scale  # x of the turn
            gx *= -scale  # y of the turn; its z is 0
        else:  # upside down: any level axis will do
            turn = 0.0
            gy = 1.0
            gx = 0.0
        cw = turn * w - gy * x - gx * y
        cx = turn * x + gy * w + gx * z
        cy = turn * y - gy * z + gx * w
        cz = turn * z + gy * y - gx * x
        scale = 1.5 - 0.5 * (cw * cw + cx * cx + cy * cy + cz * cz)
        q = s.inclination
        q[0] = cw * scale
        q[1] = cx * scale
        q[2] = cy * scale
        q[3] = cz * scale

    def _follow_rotation(self) -> None:
        # Low-passed as the acceleration was, so that the bias is seen through the same lag.
        s = self.state
        p0, p1, p2, p3 = s.inclination
        q0, q1, q2, q3 = s.strapdown
        w = p0 * q0 - p1 * q1 - p2 * q2 - p3 * q3
        x = p0 * q1 + p1 * q0 + p2 * q3 - p3 * q2
        y = p0 * q2 - p1 * q3 + p2 * q0 + p3 * q1
        z = p0 * q3 + p1 * q2 - p2 * q1 + p3 * q0
        double = x + x
        xx = double * x
        xy = double * y
        xz = double * z
        xw = double * w
        double = y + y
        yy = double * y
        yz = double * z
        yw = double * w
        double = z + z
        zz = double * z
        zw = double * w
        r = self._rotation
        r[0] = 1.0 - yy - zz
        r[1] = xy - zw
        r[2] = xz + yw
        r[3] = xy + zw
        r[4] = 1.0 - xx - zz
        r[5] = yz - xw
        r[6] = xz - yw
        r[7] = yz + xw
        r[8] = 1.0 - xx - yy
        bx, by, bz = s.bias
        level = self._bias_earth
        level[0] = r[0] * bx + r[1] * by + r[2] * bz
        level[1] = r[3] * bx + r[4] * by + r[5] * bz
        low_pass = self.coefficients.bias_low_pass
        _smooth(s.rotation, s.rotation_step, r, low_pass, s.bias_updates)
        _smooth(s.bias_earth, s.bias_earth_step, level, low_pass, s.bias_updates)

    def _learn_bias(self) -> None:
        s = self.state
        c = self.coefficients
        p = s.covariance
        for i in (0, 3, 5):
            if p[i] < c.variance_init:
                p[i] += c.variance_growth
        shift = self._shift
        shift[0] = shift[1] = shift[2] = 0.0
        bx, by, bz = s.bias
        if c.rest_bias and self.at_rest():
            gx, gy, gz = s.gyr_low_pass
            self._observe(1.0, 0.0, 0.0, gx - bx, c.variance_rest)
            self._observe(0.0, 1.0, 0.0, gy - by, c.variance_rest)
            self._observe(0.0, 0.0, 1.0, gz - bz, c.variance_rest)
        elif c.motion_bias:
            r = s.rotation
            # A frame that had to be levelled at a steady rate was turned by a bias.
            rate = s.tilt[0] * c.bias_updates_per_s
            error = rate + s.bias_earth[0] - (r[0] * bx + r[1] * by + r[2] * bz)
            self._observe(r[0], r[1], r[2], error, c.variance_motion)
            rate = s.tilt[1] * c.bias_updates_per_s
            error = rate + s.bias_earth[1] - (r[3] * bx + r[4] * by + r[5] * bz)
            self._observe(r[3], r[4], r[5], error, c.variance_motion)
            # About the vertical nothing is seen: let it fade, very slowly.
            error = -(r[6] * bx + r[7] * by + r[8] * bz)
            self._observe(r[6], r[7], r[8], error, c.variance_vertical)
        s.tilt[0] = s.tilt[1] = 0.0
        for i in range(3):
            s.bias[i] = self._clipped(s.bias[i] + shift[i])

    def _observe(self, hx: float, hy: float, hz: float, error: float, variance: float) -> None:
        # A scalar Kalman update: `error` is h . bias as measured, less h . bias before this round.
        shift = self._shift
        p = self.state.covariance
        xx, xy, xz, yy, yz, zz = p
        px = xx * hx + xy * hy + xz * hz
        py = xy * hx + yy * hy + yz * hz
        pz = xz * hx + yz * hy + zz * hz
        scale = 1.0 / (variance + hx * px + hy * py + hz * pz)
        error = self._clipped(error) - (hx * shift[0] + hy * shift[1] + hz * shift[2])
        gain = scale * error
        shift[0] += px * gain
        shift[1] += py * gain
        shift[2] += pz * gain
        gain = px * scale
        p[0] = xx - gain * px
        p[1] = xy - gain * py
        p[2] = xz - gain * pz
        gain = py * scale
        p[3] = yy - gain * py
        p[4] = yz - gain * pz
        p[5] = zz - pz * scale * pz

    def _clipped(self, rate: float) -> float:
        clip = self.coefficients.bias_clip
        return clip if rate > clip else -clip if rate < -clip else rate


def _smooth(
    values: list[float],
    steps: list[float],
    inputs: list[float],
    low_pass: tuple[float, float, int],
    count: int,
) -> None:
    """Let `values` follow the `count`-th `inputs`; `steps` are the filter's second state."""
    gain, decay, start = low_pass
    if count > start:
        for i in range(len(values)):
            step = steps[i] * decay + gain * (inputs[i] - values[i])
            steps[i] = step
            values[i] += step
    else:  # the mean so far: a start without a transient
        gain = 1.0 / count
        for i in range(len(values)):
            values[i] += gain * (inputs[i] - values[i])
