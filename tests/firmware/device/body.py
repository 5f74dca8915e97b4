"""The physics of the simulated leg: what the sensors feel belongs to how the bones move."""

import math

from kneecore import joint
from kneecore import quaternion as qt
from kneecore.vector import norm
from sim import scenarios
from sim.body import GRAVITY, KNOT_RATE_HZ, Body
from sim.chip_errors import Random
from sim.events import RERACK, Shock, Slip
from sim.leg import Leg
from sim.moves import Rep, Step, Swing, Walk

DEG = math.pi / 180.0
STEP_S = 1 / KNOT_RATE_HZ


def squat(side=1, valgus_deg=10.0, sway=1.0, gain=1.0, **options):
    """One rep from 2 s on, worn from the start; 6.2 s long."""
    rep = Rep("set", 2.0, 1.3, 0.2, 1.2, 95.0, valgus_deg)
    rep.gain = gain
    return moved([rep], side, sway, **options)


def moved(moves, side=1, sway=0.0, **options):
    axial = 0.15 if sway else 0.0
    return Body(Leg(side, moves, 4, sway, axial), moves[-1].end_s + 1.5, seed=9, **options)


def degrees_between(p, q):
    w = abs(qt.multiply(qt.conjugate(p), q)[0])
    return 2.0 * math.acos(min(1.0, w)) / DEG


def integrated(source, mount, q, start_s, end_s, step_s):
    """The orientation that the rates lead to from q; middle of each step, exact rotation."""
    t = start_s
    while t < end_s - 1e-9:
        rate = source.imu(mount, t + 0.5 * step_s)[:3]
        angle = norm(rate) * step_s
        if angle:
            q = qt.multiply(q, qt.from_axis_angle(rate, angle))
        t += step_s
    return qt.normalised(q)


def test_the_rates_add_up_to_the_orientation_over_a_whole_set():
    scenario = scenarios.make("squats", seed=3, reps=4, functional=2)
    source = scenario.source
    first, last = 0.5, scenario.info["duration_s"] - 0.5
    before, after = source.orientations(first), source.orientations(last)
    for number, mount in enumerate(("thigh", "shank")):
        q = integrated(source, mount, before[number], first, last, 0.0025)
        assert degrees_between(q, after[number]) < 0.1, degrees_between(q, after[number])


def test_the_forces_add_up_to_no_velocity_over_a_rep():
    source = squat(sway=0.0, soft_tissue_deg=4.0)
    for number, mount in enumerate(("thigh", "shank")):
        speed = [0.0, 0.0, 0.0]
        largest = 0.0
        t = 1.9
        while t < 4.8:
            force = source.imu(mount, t)[3:]
            x, y, z = qt.rotate(source.orientations(t)[number], force)
            speed = [s + v * STEP_S for s, v in zip(speed, (x, y - GRAVITY, z))]
            largest = max(largest, norm(speed))
            t += STEP_S
        assert norm(speed) < 0.01, (mount, speed)
        assert 0.1 < largest < 2.0, (mount, largest)


def test_a_sensor_at_rest_feels_gravity_and_nothing_else():
    source = squat(sway=0.0)
    table = scenarios.make("still").source
    for mount in ("thigh", "shank"):
        for one, t in ((source, 1.0), (source, 5.5), (table, 3.0)):
            values = one.imu(mount, t)
            assert norm(values[:3]) < 1e-6
            assert abs(norm(values[3:]) - GRAVITY) < 1e-6
            still = one.still(mount, t)
            assert norm([a - b for a, b in zip(values, still)]) < 1e-5


def test_a_leg_held_in_the_middle_of_a_movement_feels_gravity_only():
    source = squat()
    values = source.still("shank", 3.0)
    assert values[:3] == (0.0, 0.0, 0.0)
    assert abs(norm(values[3:]) - GRAVITY) < 1e-9


def angles_of(source, side, t):
    """Knee angles (deg) from the sensors' orientations and mountings."""
    thigh, shank = [
        qt.multiply(q, qt.conjugate(mounting))
        for q, mounting in zip(source.orientations(t), source.mountings)
    ]
    return [a / DEG for a in joint.angles(*qt.multiply(qt.conjugate(thigh), shank), side)]


def test_the_sensors_orientations_hold_the_true_angles():
    for side in (1, -1):
        source = squat(side)
        for i in range(60):
            t = 0.1 * i
            for a, b in zip(angles_of(source, side, t), source.truth(t)):
                assert abs(a - b) < 1e-6


def test_the_true_angles_are_those_given():
    for side in (1, -1):
        source = squat(side, valgus_deg=8.0, sway=0.0)
        rows = [source.truth(0.01 * i) for i in range(620)]
        assert abs(max([row[0] for row in rows]) - 95.0) < 1e-6
        assert abs(max([row[1] for row in rows]) - 8.0) < 0.01
        assert abs(max([row[2] for row in rows]) - source._leg.screw_home_deg) < 0.01
        assert rows[0] == (0.0, 0.0, 0.0) and rows[-1] == (0.0, 0.0, 0.0)


def test_the_knee_goes_forward_and_inward():
    for side in (1, -1):
        source = squat(side, valgus_deg=8.0, sway=0.0)
        bump = source._leg.moves[0].bump_s
        x, _, z = qt.rotate(source.bones(bump)[1], (0.0, 1.0, 0.0))
        assert 0.3 < x < 0.6  # the shank leans forward by some 30 deg
        assert -side * z > 0.05  # and over the foot, to the other leg


def test_the_left_leg_is_the_mirror_of_the_right_one():
    options = {"aligned": True, "soft_tissue_deg": 4.0, "slips": (Slip(2.5, 5.0),)}
    right, left = squat(1, **options), squat(-1, **options)
    for i in range(120):
        t = 0.05 * i
        assert norm([a - b for a, b in zip(right.truth(t), left.truth(t))]) < 1e-9
        for mount in ("thigh", "shank"):
            gx, gy, gz, ax, ay, az = right.imu(mount, t)
            mirrored = (-gx, -gy, gz, ax, ay, -az)
            away = [a - b for a, b in zip(mirrored, left.imu(mount, t))]
            assert norm(away) < 1e-6, (t, mount, away)


def test_soft_tissue_moves_the_sensors_and_not_the_bones():
    bare, covered = squat(), squat(soft_tissue_deg=6.0)
    assert bare.truth(3.3) == covered.truth(3.3)
    away = [abs(a - b) for a, b in zip(angles_of(covered, 1, 3.3), covered.truth(3.3))]
    assert 1.0 < max(away) < 30.0
    standing = [abs(a - b) for a, b in zip(angles_of(covered, 1, 1.5), covered.truth(1.5))]
    assert max(standing) < 1e-6


def test_soft_tissue_moves_more_under_load():
    plain = squat(soft_tissue_deg=4.0)
    loaded = squat(soft_tissue_deg=4.0, gain=1.5)
    t = 3.4  # the pause: no hysteresis, no wobble

    def error(source):
        return norm([a - b for a, b in zip(angles_of(source, 1, t), source.truth(t))])

    assert 1.4 < error(loaded) / error(plain) < 1.6


def test_a_slip_turns_the_thigh_sensor_for_good():
    source = squat(sway=0.0, slips=(Slip(5.0, 6.0),))
    before, after = source.orientations(4.9), source.orientations(6.0)
    assert abs(degrees_between(before[0], after[0]) - 6.0) < 1e-6
    assert degrees_between(before[1], after[1]) < 1e-4


def test_drift_is_a_rate_about_the_vertical():
    source = squat(sway=0.0, drift_deg_s=0.05)
    rate = source.imu("thigh", 1.0)[:3]
    x, y, z = qt.rotate(source.orientations(1.0)[0], rate)
    assert abs(y / DEG - 0.05) < 1e-6 and abs(x) + abs(z) < 1e-9
    assert norm(source.imu("shank", 1.0)[:3]) < 1e-9
    assert (
        source.still("thigh", 1.0)[:3] == rate
        or norm([a - b for a, b in zip(source.still("thigh", 1.0)[:3], rate)]) < 1e-9
    )


def test_movement_is_smooth():
    """No jump in a rate or force between two knots, wherever the programme changes."""
    source = scenarios.make(
        "squats", seed=8, reps=3, functional=1, slip=4.0, tilt=20.0, restance=15.0, last_table=1.0
    ).source
    last = None
    for i in range(int(source.duration_s * KNOT_RATE_HZ)):
        values = source.imu("thigh", i * STEP_S) + source.imu("shank", i * STEP_S)
        if last:
            for axis in range(12):
                step = abs(values[axis] - last[axis])
                limit = 1.0 if axis % 6 > 2 else 0.15
                assert step < limit, (i * STEP_S, axis, step)
        last = values


def test_it_does_not_matter_in_what_order_it_is_asked():
    one, other = squat(soft_tissue_deg=3.0), squat(soft_tissue_deg=3.0)
    times = [0.013 * i for i in range(470)]
    forward = [one.imu("thigh", t) + one.imu("shank", t) for t in times]
    backward = [other.imu("thigh", t) + other.imu("shank", t) for t in reversed(times)]
    assert forward == list(reversed(backward))


# --- soft tissue ---------------------------------------------------------------------------------


def skin_errors(source, times):
    """What the sensors' angles (deg) miss the bones' by, at each time."""
    return [[a - b for a, b in zip(angles_of(source, 1, t), source.truth(t))] for t in times]


def test_soft_tissue_is_as_spread_over_people_as_its_option_says():
    """At 90 deg: long axis N(0, s), anterior N(0, s / 2), lateral N(0, 0.75 s)."""
    spread, people = 4.0, 150
    squares = [0.0, 0.0, 0.0]
    for seed in range(people):
        turns = scenarios.make("still", seed=seed, sta=spread, table=0).info["truth"]["tissue_deg"]
        squares = [s + a * a for s, a in zip(squares, turns)]
    for square, part in zip(squares, (0.5, 1.0, 0.75)):
        rms = math.sqrt(square / people)
        assert 0.85 * part * spread < rms < 1.15 * part * spread, (rms, part)


def test_soft_tissue_lags_by_less_than_a_fifth():
    source = squat(valgus_deg=0.0, sway=0.0, soft_tissue_deg=6.0)
    rep = source._leg.moves[0]
    down, up = rep.start_s + 0.5 * rep.down_s, rep.end_s - 0.5 * rep.up_s  # at the same flexion
    # Over two cycles of the wobble, to see past it.
    steps = [0.01 * i - 0.1 for i in range(21)]
    one = sum([error[1] for error in skin_errors(source, [down + dt for dt in steps])])
    other = sum([error[1] for error in skin_errors(source, [up + dt for dt in steps])])
    assert 1.1 < abs(one) / abs(other) < 1.6


def test_skin_that_turns_misleads_without_moving_a_bone():
    rep = Rep("functional", 2.0, 1.3, 0.2, 1.2, 95.0)
    rep.skin_deg = 5.0
    for side in (1, -1):
        source = moved([rep], side)
        assert abs(source.truth(3.4)[1]) < 1e-9
        for t in (2.7, 3.0, 3.4, 4.0):
            flexion = source.truth(t)[0] * DEG
            assert abs(angles_of(source, side, t)[1] + 5.0 * math.sin(flexion)) < 0.1


# --- other movements, shocks ---------------------------------------------------------------------


def test_a_valgus_held_is_there_all_through_the_bottom():
    rep = Rep("set", 2.0, 1.3, 0.8, 1.2, 95.0, 9.0)
    rep.held = True
    source = moved([rep])
    for t in (3.3, 3.6, 4.0, 4.1):
        assert abs(source.truth(t)[1] - 9.0) < 1e-6
    assert abs(source.truth(2.5)[1]) < 1e-6 and abs(source.truth(5.0)[1]) < 0.01


def test_a_foot_turned_out_turns_hip_and_knee_for_good():
    step = Step(1.0, 35.0, 0.0, -15.0 * DEG, -4.5 * DEG)
    for side in (1, -1):
        source = moved([step], side)
        assert norm(source.truth(0.5)) < 1e-9
        flexion, valgus, rotation = source.truth(step.end_s + 0.5)
        assert abs(flexion) < 1e-9 and abs(valgus) < 1e-9 and abs(rotation + 4.5) < 1e-6
        for bone, turned in zip(source.bones(step.end_s + 0.5), (10.5, 15.0)):
            x, _, z = qt.rotate(bone, (1.0, 0.0, 0.0))
            assert abs(side * math.atan2(z, x) / DEG - turned) < 1e-6
        assert max([source.truth(0.01 * i)[0] for i in range(300)]) > 34.0


def test_a_leg_that_swings_hangs_from_the_hip():
    swing = Swing("functional", 1.0, 0.9, 0.1, 0.9, 95.0, 40.0, 2.0, 2.0)
    source = moved([swing])
    middle = 1.95
    flexion, valgus, _ = source.truth(middle)
    assert abs(flexion - 95.0) < 1e-6 and abs(valgus) < 1e-9
    thigh, shank, _ = source.bones(middle)
    hip = []
    for t in (0.5, middle):
        at = source._pose(t)[2]
        # The sensor is 0.2 m above the knee, the hip 0.42.
        bone = source.bones(t)[0]
        above = qt.rotate(bone, (-0.02, 0.22, -0.08))
        hip.append([a + b for a, b in zip(at, above)])
    assert norm([a - b for a, b in zip(*hip)]) < 1e-6
    assert qt.rotate(thigh, (0.0, -1.0, 0.0))[0] > 0.6  # the thigh is lifted forward by 40 deg
    assert qt.rotate(shank, (0.0, -1.0, 0.0))[0] < -0.7  # and the heel is behind


def test_a_walk_gets_somewhere_and_stands_again():
    walk = Walk(1.0, 4)
    source = moved([walk])
    rows = [source.truth(0.01 * i) for i in range(int(walk.end_s * 100) + 100)]
    assert 55.0 < max([row[0] for row in rows]) < 65.0
    assert abs(rows[-1][0]) < 1e-9
    before, after = source._pose(0.5), source._pose(walk.end_s + 0.5)
    assert abs(after[3][0] - before[3][0] - 4 * Walk.STRIDE_M) < 1e-6
    assert abs(after[3][1] - before[3][1]) < 1e-6


def test_a_shock_is_hard_short_and_leaves_nothing_behind():
    """2 to 8 g for 20 to 80 ms and 100 to 400 deg/s on both sensors (biomechanics D)."""
    for seed in range(8):
        shock = Shock(Random(seed), 2.0, RERACK)
        source = Body(Leg(1, [], 4, 0.0, 0.0), 4.0, seed=9, shocks=(shock,))
        for number, mount in enumerate(("thigh", "shank")):
            rows = [source.imu(mount, 1.5 + 0.0025 * i) for i in range(400)]
            forces = [norm(row[3:]) / GRAVITY for row in rows]
            rates = [norm(row[:3]) / DEG for row in rows]
            assert 2.0 < max(forces) < 9.0, (mount, max(forces))
            assert 100.0 < max(rates) < 450.0, (mount, max(rates))
            hard = [i for i, f in enumerate(forces) if abs(f - 1.0) > 0.5 * max(forces)]
            assert (hard[-1] - hard[0]) * 2.5 <= 80.0
            assert abs(forces[0] - 1.0) < 1e-6 and abs(forces[-1] - 1.0) < 1e-6
            q = source.orientations(1.5)[number]
            end = integrated(source, mount, q, 1.5, 2.9, 0.0025)
            assert degrees_between(end, source.orientations(2.9)[number]) < 0.3


def test_sensors_that_were_swapped_feel_each_others_leg():
    right, wrong = squat(), squat(swapped=True)
    for t in (1.0, 3.0):
        assert right.imu("thigh", t) == wrong.imu("shank", t)
        assert right.imu("shank", t) == wrong.imu("thigh", t)
        assert right.still("thigh", t) == wrong.still("shank", t)


def test_a_tremor_shakes_the_knee_where_the_leg_works_hardest():
    plain, shaky = Rep("set", 2.0, 1.3, 0.6, 1.2, 95.0), Rep("set", 2.0, 1.3, 0.6, 1.2, 95.0)
    shaky.tremor_deg_s = 20.0
    apart = []
    for first, last in ((330, 390), (200, 260)):  # the bottom; the way down
        rates = []
        for rep in (plain, shaky):
            source = moved([rep])
            flexion = [source.truth(0.01 * i)[0] for i in range(first, last)]
            rates.append([(b - a) / 0.01 for a, b in zip(flexion, flexion[1:])])
        squares = [(a - b) ** 2 for a, b in zip(*rates)]
        apart.append(math.sqrt(sum(squares) / len(squares)))
    assert 14.0 < apart[0] < 28.0, apart
    assert apart[1] < 0.3 * apart[0]
