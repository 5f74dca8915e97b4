"""Axes from standing and squats, on a leg made by hand: any mounting, and what the gates see."""

from math import cos, pi, sin

from kneecore import alignment, eigen, gates, joint, quaternion, vector
from kneecore.calibration_angles import CalibrationAngles
from kneecore.stillness import Blocks, Stillness

DEG = pi / 180.0
PERIOD = 1.0 / 104.0
G = (0.0, 0.0, 9.81)

# Segment frame to an earth frame with z up: x ahead, y up, z to the right.
UPRIGHT = quaternion.from_columns((1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.0, -1.0, 0.0))
MOUNTS = (
    quaternion.normalised((0.3, -0.5, 0.7, 0.2)),
    quaternion.normalised((-0.6, 0.1, 0.4, 0.7)),
)


def _about(axis, angle):
    return quaternion.from_axis_angle(axis, angle)


def _pose(segment, phase, turned):
    """q_earth_segment at `phase` of a squat (0 upright, 1 deepest), thigh 80 deg, shank 30 deg."""
    if segment == "thigh":
        lean = _about((0.0, 0.0, 1.0), 80 * DEG * phase)
    else:
        lean = _about((0.0, 0.0, 1.0), -30 * DEG * phase)
    turn = _about((0.0, 1.0, 0.0), turned)
    return quaternion.multiply(UPRIGHT, quaternion.multiply(lean, turn))


def _imu(segment, mount, time_s, twist):
    """(gyr, acc) of a sensor, quasi-static, squats of 2.5 s; `mount` is sensor -> segment."""

    def q(at):
        phase = 0.5 - 0.5 * cos(2.0 * pi * at / 2.5)
        turned = twist * sin(4.0 * pi * at / 2.5)
        return quaternion.multiply(_pose(segment, phase, turned), mount)

    now = q(time_s)
    step = quaternion.multiply(quaternion.conjugate(q(time_s - 1e-3)), q(time_s + 1e-3))
    gyr = vector.scaled((step[1], step[2], step[3]), 2.0 / 2e-3)
    return gyr, quaternion.rotate(quaternion.conjugate(now), G)


def _movement(mounts=MOUNTS, reps=5, twist=0.0, swapped=False):
    ups = [quaternion.rotate(quaternion.conjugate(m), (0.0, 1.0, 0.0)) for m in mounts]
    movement = alignment.Movement(ups[0], ups[1], PERIOD)
    names = ("shank", "thigh") if swapped else ("thigh", "shank")
    for k in range(int(reps * 2.5 / PERIOD) + 40):
        thigh = _imu(names[0], mounts[0], k * PERIOD, twist)
        shank = _imu(names[1], mounts[1], k * PERIOD, twist)
        movement.add(thigh[0], thigh[1], shank[0], shank[1])
    movement.end()
    return movement


def _apart(p, q):
    """The angle between two rotations, deg."""
    w = abs(quaternion.multiply(quaternion.conjugate(p), q)[0])
    return 2.0 * (1.0 - w * w) ** 0.5 / DEG if w < 1.0 else 0.0


def test_principal_axis_of_a_cloud():
    scatter = eigen.ZERO
    for x, y, z in ((3.0, 3.0, 0.1), (-2.0, -2.0, 0.1), (1.0, 1.0, -0.2), (0.1, -0.1, 0.0)):
        scatter = eigen.added(scatter, eigen.of_vector(x, y, z))
    axis, values = eigen.principal(scatter)
    assert abs(abs(axis[0]) - 0.5**0.5) < 0.02 and abs(axis[0] - axis[1]) < 0.02
    assert values[0] > values[1] > values[2] > 0.0
    assert abs(sum([v * v for v in values]) - (scatter[0] + scatter[3] + scatter[5])) < 1e-4


def test_any_mounting_is_found():
    found = alignment.aligned(_movement())
    assert _apart(found.q_thigh_sensor, MOUNTS[0]) < 0.3
    assert _apart(found.q_shank_sensor, MOUNTS[1]) < 0.3
    assert [g.name for g in found.gates if not g.passed] == []


def test_steady_reps_leave_the_floor_of_uncertainty_and_few_reps_what_is_assumed():
    assert alignment.aligned(_movement()).axis_sigma_rad == alignment.AXIS_SIGMA_FLOOR
    assert alignment.aligned(_movement(reps=2)).axis_sigma_rad == alignment.AXIS_SIGMA_UNKNOWN


def test_too_few_reps_fail_their_gate():
    failed = [g.name for g in alignment.aligned(_movement(reps=2)).gates if not g.passed]
    assert failed == ["reps"]


def test_reps_are_counted():
    for reps in (3, 5):
        assert _movement(reps=reps).reps == reps


def test_a_leg_that_twists_as_much_as_it_bends_fails_the_axis_gate():
    found = alignment.aligned(_movement(twist=20 * DEG))
    assert "thigh_axis_ratio" in [g.name for g in found.gates if not g.passed]


def test_a_leg_that_never_moved_has_no_axis():
    movement = alignment.Movement((0.0, 1.0, 0.0), (0.0, 1.0, 0.0), PERIOD)
    for _ in range(200):
        movement.add((0.0, 0.0, 0.01), (0.0, 9.81, 0.0), (0.0, 0.0, 0.01), (0.0, 9.81, 0.0))
    movement.end()
    try:
        alignment.aligned(movement)
    except ValueError:
        return
    raise AssertionError("an axis was made up")


def test_swapped_sensors_are_told_from_how_far_they_lean():
    for swapped in (False, True):
        movement = _movement(swapped=swapped)
        failed = [gate.name for gate in movement.bending_gates() if not gate.passed]
        assert ("swapped_lean_ratio" in failed) == swapped


def test_a_strap_that_turned_after_the_stand_fails_its_gate():
    for turned, failed in ((0.0, []), (9.0 * DEG, ["thigh_strap_turned_deg"])):
        movement = alignment.Movement((0.0, 1.0, 0.0), (0.0, 1.0, 0.0), PERIOD)
        for k in range(int(12.0 / PERIOD)):
            phase = 2.0 * pi * k * PERIOD / 3.0
            bend, rate = 0.5 - 0.5 * cos(phase), pi / 3.0 * sin(phase)
            lean, shank = 1.2 * bend + turned, -0.5 * bend
            movement.add(
                (0.0, 0.0, 1.2 * rate), (9.81 * sin(lean), 9.81 * cos(lean), 0.0),
                (0.0, 0.0, -0.5 * rate), (9.81 * sin(shank), 9.81 * cos(shank), 0.0),
            )  # fmt: skip
        movement.end()
        assert movement.reps >= 3
        assert [g.name for g in movement.strap_gates() if not g.passed] == failed


def test_crosstalk_finds_the_error_of_the_thigh_axis_and_refining_takes_it_off():
    for side in (1, -1):
        for error in (-5 * DEG, 4 * DEG):
            # The thigh's frame, turned by `error` about its long axis, sees this of a pure bend.
            crosstalk = CalibrationAngles(side)
            wrong = _about((0.0, 1.0, 0.0), -error)
            for k in range(60):
                bend = joint.compose(1.7 * k / 60, 0.0, 0.0, side)
                q = quaternion.multiply(wrong, bend)
                crosstalk.add(*joint.angles(q[0], q[1], q[2], q[3], side))
            assert abs(crosstalk.epsilon() - error) < 0.2 * DEG
            true = alignment.Alignment(MOUNTS[0], MOUNTS[1], 0.0, 0.0, ())
            off = alignment.refined(true, -error)  # as if it had been found so
            back = alignment.refined(off, crosstalk.epsilon())
            assert _apart(back.q_thigh_sensor, MOUNTS[0]) < 0.2


def test_too_much_crosstalk_fails_its_gate():
    for tilt, passed in ((5 * DEG, True), (13 * DEG, False)):
        crosstalk = CalibrationAngles(1)
        for k in range(60):
            flexion = 1.7 * k / 60
            crosstalk.add(flexion, tilt * sin(flexion), 0.0)
        assert [g.passed for g in crosstalk.crosstalk_gates()] == [passed]


def test_a_shank_that_turns_outward_in_bending_is_of_the_other_leg():
    for turn, mirrored in ((8 * DEG, False), (0.0, False), (-8 * DEG, True)):
        crosstalk = CalibrationAngles(1)
        for k in range(100):
            flexion = 1.7 * k / 100
            crosstalk.add(flexion, 0.0, turn * min(1.0, flexion / (30 * DEG)))
        (gate,) = crosstalk.side_gates()
        assert gate.passed != mirrored


def stand(rate_deg_s, lean_deg):
    """4 s of swaying at 0.5 Hz with this largest rate, leaning over by so much from end to end."""
    still = Stillness(PERIOD)
    count = int(4.0 / PERIOD)
    for k in range(count):
        sway = 2.0 * pi * 0.5 * k * PERIOD
        lean = (rate_deg_s * cos(sway) / pi + lean_deg * k / count) * DEG
        still.add(
            (0.0, 0.0, rate_deg_s * DEG * sin(sway)), (9.81 * sin(lean), 9.81 * cos(lean), 0.0)
        )
    return [gate.passed for gate in gates.stand_gates("thigh", still)]


def test_standing_may_sway_but_neither_move_nor_lean_over():
    assert stand(1.0, 0.0) == [True, True]
    assert stand(3.0, 0.5) == [True, True]
    assert stand(8.0, 0.0) == [False, True]
    assert stand(1.0, 3.0) == [True, False]


def test_a_table_that_is_bumped_fails():
    for bump in (0.0, 0.02):
        still = Stillness(PERIOD)
        for k in range(600):
            late = bump if k > 300 else 0.0
            still.add((0.01 + late, -0.02, 0.003 * (-1) ** k * 0.1), (0.0, 0.0, 9.81))
        passed = [g.passed for g in gates.table_gates("shank", still)]
        assert passed == ([True] * 3 if bump == 0.0 else [False, False, True])
        if bump == 0.0:
            assert abs(still.gyr_mean[0] - 0.01) < 1e-5 and abs(still.gyr_mean[1] + 0.02) < 1e-5


def test_blocks_stay_few_and_lose_nothing():
    blocks = Blocks()
    for k in range(1000):
        blocks.add((float(k), 1))
        assert len(blocks.rows) < Blocks.LIMIT
    first, second = blocks.halves()
    assert first[1] + second[1] == 1000
    assert first[0] + second[0] == sum(range(1000))
    assert first[0] / first[1] < second[0] / second[1]
