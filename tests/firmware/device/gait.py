"""The physics of a walking leg: what the sensors feel belongs to how the bones move."""

import math

from kneecore import quaternion as qt
from kneecore.vector import norm
from sim import scenarios
from sim.body import GRAVITY, KNOT_RATE_HZ

DEG = math.pi / 180.0


def made(name, **options):
    return scenarios.make(name, seed=5, functional=0, table=0, sta=0.0, sets=1, **options)


def shank_rate(source, t):
    """Forward swing positive, deg/s: about the shank's own mediolateral axis."""
    rate = qt.rotate(source.mountings[1], source.imu("shank", t)[:3])
    return rate[2] / DEG


def test_contacts_are_as_many_as_asked_for_and_as_quick():
    for name, cadence in (("walking", 100.0), ("running", 170.0)):
        scenario = made(name, strides=8, cadence=cadence, turns=0)
        rows = scenario.info["truth"]["strides"]
        assert scenario.info["exercise"] == ("walk" if name == "walking" else "run")
        assert len(rows) == 8 and [row["foot_off_s"] is None for row in rows] == [False] * 7 + [
            True
        ]
        times = [row["contact_s"] for row in rows]
        usual = (times[-1] - times[0]) / 7
        assert abs(usual - 120.0 / cadence) < 0.04
        window = scenario.info["windows"][-1]
        assert window["start_s"] < times[0] and times[-1] < window["end_s"]
        for row in rows[:-1]:
            share = (row["foot_off_s"] - row["contact_s"]) / (row["end_s"] - row["contact_s"])
            # Both feet are on the ground for a while in walking, none is in running.
            assert (0.55 < share < 0.68) if name == "walking" else (0.3 < share < 0.45)


def test_the_shank_swings_between_foot_off_and_the_next_contact_and_only_there():
    for name, least in (("walking", 200.0), ("running", 400.0)):
        scenario = made(name, strides=6)
        for row in scenario.info["truth"]["strides"][:-1]:
            stance = [row["contact_s"] + 0.01 * i for i in range(200)]
            stance = [t for t in stance if t < row["foot_off_s"] - 0.03]
            swing = [row["foot_off_s"] + 0.01 * i for i in range(200)]
            swing = [t for t in swing if t < row["end_s"]]
            assert max([shank_rate(scenario.source, t) for t in swing]) > least
            # A blow's ringing aside the shank only rolls forward over the foot.
            rates = [shank_rate(scenario.source, t) for t in stance[12:]]
            assert max(rates) < 10.0 and min(rates) < -100.0


def test_nothing_jumps_but_what_the_ground_strikes():
    scenario = made("walking", strides=16, turns=6, impact=0.001)
    source = scenario.source
    window = scenario.info["windows"][-1]
    t = window["start_s"] - 0.5
    while t < window["end_s"] + 0.5:
        for mount in ("thigh", "shank"):
            assert norm(source.imu(mount, t)[3:]) < 6.0 * GRAVITY, (mount, t)
        t += 1.0 / KNOT_RATE_HZ


def test_a_blow_is_felt_at_every_contact():
    scenario = made("running", strides=6, impact=12.0)
    for row in scenario.info["truth"]["strides"]:
        near = [row["contact_s"] + 0.0025 * i for i in range(-10, 11)]
        assert max([norm(scenario.source.imu("shank", t)[3:]) for t in near]) > 5.0 * GRAVITY


def test_who_turns_round_comes_back_and_stands():
    scenario = made("walking", strides=16, turns=6)
    leg, window = scenario.source._leg, scenario.info["windows"][-1]
    headings = [leg.posture(window["start_s"] + 0.1 * i).yaw / DEG for i in range(260)]
    assert abs(max([abs(h) for h in headings]) - 180.0) < 0.5
    apart = [row for row in scenario.info["truth"]["strides"] if not row["steady"]]
    assert len(apart) == 2 * 3 + 1  # three strides each turn, and the last
    last = leg.posture(window["end_s"] + 1.0)
    assert abs(last.flexion) < 0.05 and abs(last.foot_y) < 1e-9
    # To and fro: it ends nearer to where it began than it would have come straight on.
    assert math.sqrt(last.foot_x**2 + last.foot_z**2) < 12.0


def test_the_valgus_of_a_stance_is_what_was_given():
    scenario = made("walking", strides=6, valgus=4.0, variation=0.0, sway=0.0, turns=0)
    for row in scenario.info["truth"]["strides"][1:-2]:
        steps = range(int(100 * (row["foot_off_s"] - row["contact_s"])))
        valgus = [scenario.source.truth(row["contact_s"] + 0.01 * i)[1] for i in steps]
        assert abs(valgus[0]) < 0.1
        assert abs(max(valgus) - row["valgus_deg"]) < 0.2
