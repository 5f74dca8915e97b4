"""The pipeline from pairs to knee samples: angles, the heading at rests, slips, uncertainty.

The estimator is the real filter, on a leg that squats without noise.
"""

from math import cos, pi, sin

from kneecore import fusion, joint, quaternion, vector, wire
from kneecore.calibration import Calibration
from kneecore.pipeline import Pipeline

DEG = pi / 180.0
PERIOD = wire.PAIR_PERIOD_US * 1e-6
UPRIGHT = quaternion.from_columns((1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.0, -1.0, 0.0))
THIGH_MOUNT = quaternion.normalised((0.3, -0.5, 0.7, 0.2))
SHANK_MOUNT = quaternion.normalised((-0.6, 0.1, 0.4, 0.7))
SQUAT_S = 2.4


class Leg:
    """Stands for a second, squats, stands, ...: quasi-static, so acc is gravity alone."""

    def __init__(self, side=1, valgus=0.0, stand_s=1.0, lean=0.0, turn_at_s=1e9, turn=0.0):
        self.side = side
        self.valgus = valgus
        self.stand_s = stand_s
        self.lean = lean
        self.turn_at_s = turn_at_s  # from here on the shank stands turned by `turn` about y
        self.turn = turn
        self._newest = None  # (time, orientations) of the latest row

    def phase(self, time_s):
        into = time_s % (self.stand_s + SQUAT_S) - self.stand_s
        return 0.0 if into <= 0.0 else 0.5 - 0.5 * cos(2.0 * pi * into / SQUAT_S)

    def angles(self, time_s):
        phase = self.phase(time_s)
        turned = self.turn if time_s > self.turn_at_s else 0.0
        return 100 * DEG * phase + self.lean, self.valgus * phase, self.side * turned

    def orientations(self, time_s):
        thigh = quaternion.from_axis_angle(
            (0.0, 0.0, 1.0), 70 * DEG * self.phase(time_s) + self.lean
        )
        q_earth_thigh = quaternion.multiply(UPRIGHT, thigh)
        flexion, valgus, rotation = self.angles(time_s)
        knee = joint.compose(flexion, valgus, rotation, self.side)
        return (
            quaternion.multiply(q_earth_thigh, THIGH_MOUNT),
            quaternion.multiply(quaternion.multiply(q_earth_thigh, knee), SHANK_MOUNT),
        )

    def row(self, time_s):
        row = []
        if self._newest and abs(time_s - PERIOD - self._newest[0]) < 1e-6:
            before = self._newest[1]
        else:
            before = self.orientations(time_s - PERIOD)
        now = self.orientations(time_s)
        self._newest = time_s, now
        for k in range(2):
            step = quaternion.multiply(quaternion.conjugate(before[k]), now[k])
            sign = 1.0 if step[0] > 0.0 else -1.0
            row += vector.scaled((step[1], step[2], step[3]), sign * 2.0 / PERIOD)
            row += quaternion.rotate(quaternion.conjugate(now[k]), (0.0, 0.0, 9.81))
        return row


def _calibration(side=1, heading=0.0):
    return Calibration(side, THIGH_MOUNT, SHANK_MOUNT, heading, axis_sigma_rad=4 * DEG)


def _pipeline(side=1, calibration=None):
    pipeline = Pipeline(fusion.PairFilter(fusion.Params(), PERIOD), side)
    if calibration is not None:
        pipeline.set_calibration(calibration)
    return pipeline


def _run(pipeline, leg, until_s, from_s=0.0):
    """(time, (flexion, valgus, rotation, sigma, flags)) over that span, one by one."""
    for k in range(int(from_s / PERIOD), int(until_s / PERIOD)):
        if pipeline.step(leg.row(k * PERIOD), 0):
            yield (
                k * PERIOD,
                (
                    pipeline.flexion_deg,
                    pipeline.valgus_deg,
                    pipeline.rotation_deg,
                    pipeline.sigma_deg,
                    pipeline.flags,
                ),
            )


def _last(samples):
    found = None
    for sample in samples:
        found = sample
    return found


def _flagged(samples, flag):
    """The times at which the flag was set."""
    return [time_s for time_s, sample in samples if sample[4] & flag]


def test_the_angles_of_both_legs_are_found_with_any_mounting():
    for side in (1, -1):
        leg = Leg(side, valgus=10 * DEG)
        for time_s, sample in _run(_pipeline(side, _calibration(side)), leg, 7.5):
            if time_s < 1.0:
                continue
            assert not sample[4] & wire.FLAG_UNALIGNED
            for k in range(3):
                wanted = leg.angles(time_s)[k] / DEG
                assert abs(sample[k] - wanted) < 1.0, (side, time_s, k, sample[k], wanted)


def test_a_knee_sample_is_due_at_every_second_pair_from_the_first_on():
    pipeline = _pipeline(1, _calibration())
    row = Leg().row(0.0)
    assert [pipeline.step(row, 0) for _ in range(6)] == [True, False] * 3


def test_without_a_calibration_samples_are_unaligned_zeros():
    for _, sample in _run(_pipeline(), Leg(), 2.0):
        assert sample == (0.0, 0.0, 0.0, 0.0, wire.FLAG_UNALIGNED)


def test_samples_are_unaligned_until_somebody_stands():
    # Squatting from the first instant, lying down first: no upright pose, no heading.
    leg = Leg(lean=40 * DEG)
    assert all(s[4] & wire.FLAG_UNALIGNED for _, s in _run(_pipeline(1, _calibration()), leg, 3.0))


def test_a_standing_rest_is_flagged_and_a_squat_is_not():
    resting = _flagged(_run(_pipeline(1, _calibration()), Leg(), 6.8), wire.FLAG_REST)
    assert resting and min(resting) < 0.8
    assert not [time_s for time_s in resting if 1.5 < time_s < 3.2]
    assert [time_s for time_s in resting if 3.9 < time_s < 4.6]


def test_squats_alone_are_no_slip():
    assert not _flagged(_run(_pipeline(1, _calibration()), Leg(), 6.8), wire.FLAG_SLIP)


def test_a_passing_upright_pose_serves_until_somebody_stands_still():
    aligned = []
    for time_s, sample in _run(_pipeline(1, _calibration()), Leg(stand_s=0.0), 6.0, from_s=1.2):
        assert not sample[4] & wire.FLAG_REST
        if not sample[4] & wire.FLAG_UNALIGNED:
            aligned.append(time_s)
        if time_s > 3.0:
            assert abs(sample[1]) < 3.0
    assert 1.8 < aligned[0] < 2.6


def test_the_stance_heading_of_the_calibration_is_kept():
    # A stance in which the shank stands turned inward by 12 deg, known from the calibration.
    leg = Leg(turn_at_s=-1.0, turn=12 * DEG)
    for time_s, sample in _run(_pipeline(1, _calibration(heading=-12 * DEG)), leg, 3.5):
        if time_s > 1.0:
            assert abs(sample[2] - 12.0) < 1.0


def test_a_foot_that_moved_is_told_and_not_absorbed():
    leg = Leg(turn_at_s=2.2, turn=8 * DEG)  # at the bottom of the first squat
    pipeline = _pipeline(1, _calibration())
    slips = _flagged(_run(pipeline, leg, 6.7), wire.FLAG_SLIP)
    assert slips and 3.4 < slips[0] < 4.5
    assert abs(pipeline.rotation_deg - 8.0) < 1.0  # the rotation is still seen as it is


def test_three_rests_that_agree_are_believed():
    pipeline = _pipeline(1, _calibration())
    slips = _flagged(_run(pipeline, Leg(turn_at_s=2.2, turn=8 * DEG), 17.0), wire.FLAG_SLIP)
    assert max(slips) < 12.0
    assert abs(pipeline.rotation_deg) < 1.5


def test_sway_at_rest_is_no_slip_and_is_followed_without_a_jump():
    before = None
    for time_s, sample in _run(_pipeline(1, _calibration()), Leg(turn_at_s=2.2, turn=2 * DEG), 7.0):
        assert not sample[4] & wire.FLAG_SLIP
        if time_s > 2.3:
            assert before is None or abs(sample[2] - before) < 0.2
            before = sample[2]


def test_the_uncertainty_grows_with_flexion_as_published():
    # Biomechanics B3: flexion 100, shank lean 30 deg, axis 4 deg: about 5 deg.
    deepest = (0.0, 0.0)
    for time_s, sample in _run(_pipeline(1, _calibration()), Leg(), 3.0):
        deepest = max(deepest, (sample[0], sample[3]))
        if 0.6 < time_s < 0.9:
            assert 0.6 < sample[3] < 0.9
    assert deepest[0] > 99.0 and 4.5 < deepest[1] < 5.7


def test_saturation_is_flagged_once():
    pipeline = Pipeline(fusion.PairFilter(fusion.Params(), PERIOD, 30.0, 150.0), 1)
    pipeline.set_calibration(_calibration())
    row = Leg().row(0.0)
    hit = list(row)
    hit[0] = 30.0
    flags = []
    for rows in (row, row, hit, row, row, row):
        if pipeline.step(rows, 0):
            flags.append(bool(pipeline.flags & wire.FLAG_SATURATED))
    assert flags == [False, True, False]


def test_taking_the_heading_now_makes_this_pose_the_stance():
    pipeline = _pipeline(1, _calibration())
    leg = Leg(turn_at_s=-1.0, turn=20 * DEG, lean=20 * DEG)
    _last(_run(pipeline, leg, 0.5))
    assert pipeline.flags & wire.FLAG_UNALIGNED
    pipeline.take_heading()
    (_, sample) = _last(_run(pipeline, leg, 0.6, from_s=0.5))
    assert not sample[4] & wire.FLAG_UNALIGNED
    assert abs(sample[2]) < 3.0


def test_a_new_calibration_opens_the_heading_again():
    pipeline = _pipeline(1, _calibration())
    _last(_run(pipeline, Leg(), 0.9))
    assert not pipeline.flags & wire.FLAG_UNALIGNED
    pipeline.set_calibration(_calibration(-1))
    assert pipeline.side == -1
    assert pipeline.flags & wire.FLAG_UNALIGNED


def test_a_pose_held_for_long_does_not_wander():
    pipeline = _pipeline(1, _calibration())
    row = Leg().row(0.0)
    for _ in range(20000):
        pipeline.step(row, 0)
    assert abs(pipeline.rotation_deg) < 0.5 and abs(pipeline.valgus_deg) < 0.5
    assert sin(pipeline.flexion_deg * DEG) < 0.01
