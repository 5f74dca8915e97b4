"""What makes a calibration good, as data: a `Gate` is one check with its limit and its remedy.

Limits on the table, on the rates while standing and between halves are from biomechanics B4 and B6.
The others lie between what good calibrations of simulated people (design seeds) show and what
breaking them on purpose does, which tools/bench_gates.py prints for other seeds, and leave room for
the few real recordings there are (none of them coached squats). Whether a failed gate refuses or
lowers the grade is the caller's decision.
"""

from math import pi

from kneecore.stillness import Stillness

_DEG = 180.0 / pi

STAND = "Stand still with straight knees, feet as for the squats, for 4 s."
STRAPS = "Tighten the straps so that nothing turns on the leg, and stand as before."
SQUATS = "Do five slow squats to about 90° of flexion, knees over the toes."
TABLE = "Lay both IMUs on a table that nobody touches for 5 s."

STAND_TILT_DEG = 1.0
"""Between the means of both halves of the stand: the long axis is off by less than half of it."""
AXIS_RATIO, SHANK_RATIO = 2.5, 1.5
"""First to second singular value: soft tissue and a person's own path bring the thigh in a clean
squat to 3; real shanks, which turn less, come to 1.8."""
STRAP_TURNED_DEG = 6.0
"""Between reps people stand again as before to within some 3 deg."""
STRAP_TWISTED_DEG = 10.0
STAND_BENT_DEG = 8.0
WOBBLE_SHARE = 0.17
"""Of the rate in slow squats: soft tissue alone brings it to 0.15."""
CROSSTALK_DEG = 10.0
"""A thigh axis farther off than this is measured again, not refined."""

MIRRORED_DEG = 6.0
"""Knees turn the shank inward by 3 to 12 deg as they bend, but not all do: one person's optical
squats turn it outward by up to 6 deg. Only more than that is the other leg's."""


class Gate:
    """One check, units in its name; `value` must not exceed `limit`, or where `at_least`, reach it.

    `remedy` is a sentence for the wearer, for when it has not `passed`.
    """

    def __init__(self, name: str, value: float, limit: float, remedy: str, at_least: bool = False):
        self.name = name
        self.value = value
        self.limit = limit
        self.remedy = remedy
        self.passed = value >= limit if at_least else value <= limit


def table_gates(segment: str, still: Stillness) -> tuple[Gate, ...]:
    """Whether the mean rate of an IMU lying still may serve as its zero."""
    return (
        Gate(segment + "_table_gyr_sd_deg_s", still.gyr_sd * _DEG, 0.15, TABLE),
        Gate(segment + "_table_gyr_change_deg_s", still.gyr_change * _DEG, 0.03, TABLE),
        Gate(segment + "_table_acc_sd_m_s2", still.acc_sd, 0.03, TABLE),
    )


def stand_gates(segment: str, still: Stillness) -> tuple[Gate, ...]:
    """Whether somebody stood still enough for the long axes. Give it rates with the zero off."""
    return (
        Gate(segment + "_stand_gyr_rms_deg_s", still.gyr_rms * _DEG, 3.0, STAND),
        Gate(segment + "_stand_tilt_deg", still.tilt_rad * _DEG, STAND_TILT_DEG, STAND),
    )
