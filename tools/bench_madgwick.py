"""Madgwick's filter for gyroscope and accelerometer, as a MicroPython user would write it.

S. Madgwick, "An efficient orientation filter for inertial and inertial/magnetic sensor arrays",
2010, section 3 (gradient descent on the direction of gravity). The yardstick of bench_firmware.py,
and nothing else.
"""

from math import sqrt


class Madgwick:
    """`update` with rad/s and any unit of acceleration; the orientation is q0..q3."""

    def __init__(self, period_s, beta=0.1):
        self.period_s = period_s
        self.beta = beta
        self.q0 = 1.0
        self.q1 = 0.0
        self.q2 = 0.0
        self.q3 = 0.0

    def update(self, gx, gy, gz, ax, ay, az):
        q0 = self.q0
        q1 = self.q1
        q2 = self.q2
        q3 = self.q3
        norm = sqrt(ax * ax + ay * ay + az * az)
        if norm == 0.0:
            return
        ax /= norm
        ay /= norm
        az /= norm

        f1 = 2.0 * (q1 * q3 - q0 * q2) - ax
        f2 = 2.0 * (q0 * q1 + q2 * q3) - ay
        f3 = 1.0 - 2.0 * (q1 * q1 + q2 * q2) - az
        s0 = -2.0 * q2 * f1 + 2.0 * q1 * f2
        s1 = 2.0 * q3 * f1 + 2.0 * q0 * f2 - 4.0 * q1 * f3
        s2 = -2.0 * q0 * f1 + 2.0 * q3 * f2 - 4.0 * q2 * f3
        s3 = 2.0 * q1 * f1 + 2.0 * q2 * f2
        norm = sqrt(s0 * s0 + s1 * s1 + s2 * s2 + s3 * s3)
        gain = self.beta / norm if norm > 0.0 else 0.0

        d0 = 0.5 * (-q1 * gx - q2 * gy - q3 * gz) - gain * s0
        d1 = 0.5 * (q0 * gx + q2 * gz - q3 * gy) - gain * s1
        d2 = 0.5 * (q0 * gy - q1 * gz + q3 * gx) - gain * s2
        d3 = 0.5 * (q0 * gz + q1 * gy - q2 * gx) - gain * s3
        q0 += d0 * self.period_s
        q1 += d1 * self.period_s
        q2 += d2 * self.period_s
        q3 += d3 * self.period_s
        norm = sqrt(q0 * q0 + q1 * q1 + q2 * q2 + q3 * q3)
        self.q0 = q0 / norm
        self.q1 = q1 / norm
        self.q2 = q2 / norm
        self.q3 = q3 / norm
