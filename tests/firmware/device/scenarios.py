"""The named scenarios, the motion on the board's clock, and a scenario as a trace."""

import json
import math

from sim import scenarios, vclock
from sim.motion import Motion

vclock.set_speed(0.0)


def refusal(address):
    try:
        scenarios.make_from_address(address)
    except scenarios.ScenarioError as error:
        return str(error)
    raise AssertionError(address + " was not refused")


def test_every_scenario_has_its_windows_and_reps_in_order():
    for name in scenarios.SCENARIOS:
        info = scenarios.make(name).info
        end = 0.0
        for window in info["windows"]:
            assert end <= window["start_s"] < window["end_s"], name
            end = window["end_s"]
        assert end <= info["duration_s"]
        for rep in info["truth"]["reps"]:
            of_kind = [window for window in info["windows"] if window["kind"] == rep["kind"]]
            window = of_kind[rep["set"] or 0]
            assert window["start_s"] <= rep["start_s"] < rep["end_s"] < window["end_s"]
        assert json.loads(json.dumps(info)) == info


def test_the_squats_are_those_of_the_contract():
    info = scenarios.make("squats").info
    assert [w["kind"] for w in info["windows"]] == ["table", "stand", "functional", "set"]
    assert info["windows"][0]["end_s"] == 6.0
    assert info["side"] == "right" and info["exercise"] == "squat"
    reps = info["truth"]["reps"]
    assert [r["kind"] for r in reps] == ["functional"] * 5 + ["set"] * 8
    given = [r["excursion_deg"] for r in reps[5:]]
    for number, expected in enumerate((0, 0, 10, 0, 6.5, 10, 0, 0)):
        assert abs(given[number] - expected) < 1.6, given
    for rep in reps:
        assert 85.0 < rep["peak_flexion_deg"] < 115.0


def test_an_excursion_given_is_what_the_bones_do():
    scenario = scenarios.make("squats", variation=0, sway=0, axial_sway=0, valgus=9, seed=6)
    for rep in scenario.info["truth"]["reps"]:
        t = rep["start_s"]
        largest = 0.0
        deepest = 0.0
        while t < rep["end_s"]:
            flexion, valgus, _ = scenario.source.truth(t)
            largest = max(largest, abs(valgus))
            deepest = max(deepest, flexion)
            t += 0.005
        assert abs(largest - abs(rep["excursion_deg"])) < 0.02
        assert abs(deepest - rep["peak_flexion_deg"]) < 0.02


def test_proportional_valgus_is_a_function_of_flexion_in_every_rep():
    scenario = scenarios.make("proportional", variation=0, sway=0, valgus=8)
    reps = scenario.info["truth"]["reps"]
    for rep in reps:
        assert rep["excursion_deg"] == 0.0
        for part in (0.2, 0.4, 0.5, 0.7):
            t = rep["start_s"] + part * (rep["end_s"] - rep["start_s"])
            flexion, valgus, _ = scenario.source.truth(t)
            assert abs(valgus - 8.0 * math.sin(flexion * math.pi / 180.0)) < 1e-6


def test_a_misled_alignment_meets_reps_without_valgus():
    scenario = scenarios.make("axis_error", variation=0, sway=0)
    for rep in scenario.info["truth"]["reps"]:
        assert rep["by_depth_deg"] == 0.0 and rep["excursion_deg"] == 0.0
        middle = 0.5 * (rep["start_s"] + rep["end_s"])
        flexion, valgus, _ = scenario.source.truth(middle)
        assert flexion > 60.0 and abs(valgus) < 1e-6
    posture = scenario.source._leg.posture
    for move in scenario.source._leg.moves:
        skin = posture(move.start_s + move.down_s).skin * 180.0 / math.pi
        assert abs(skin - (5.0 if move.kind == "functional" else 0.0)) < 1e-6


def test_the_cases_that_must_be_there_are():
    """Biomechanics D, (i) to (xv), in its order."""
    cases = (
        "clean", "squats", "proportional", "axis_error", "drift", "slip", "restance", "left",
        "unzeroed", "rerack", "hack_squat", "loss", "tremor", "outward", "loaded",
    )  # fmt: skip
    assert [name for name in cases if name not in scenarios.SCENARIOS] == []


def test_what_happens_to_strap_foot_and_bar_is_told():
    def told(name, **options):
        return [
            (e["kind"], e["size"]) for e in scenarios.make(name, **options).info["truth"]["events"]
        ]

    assert told("squats") == []
    assert told("slip") == [("slip", 6.0)]
    assert told("restance") == [("restance", 15.0)]
    assert told("squats", strap_turn=-15) == [("strap_turn", -15.0)]
    assert [kind for kind, _ in told("rerack")] == [
        "unrack",
        "step",
        "step",
        "step",
        "step",
        "rerack",
    ]
    assert [kind for kind, _ in told("squats", creep=0.5, reps=3)] == ["creep"] * 3


def test_load_and_with_it_the_tissue_grows_from_set_to_set():
    reps = scenarios.make("loaded", load_gain=1.6, reps=40).info["truth"]["reps"]

    def gain(wanted):
        gains = [rep["tissue_gain"] for rep in reps if rep["set"] == wanted]
        return sum(gains) / len(gains)

    assert abs(gain(None) - 1.0) < 0.12
    assert abs(gain(0) - 1.3) < 0.06 and abs(gain(1) - 1.6) < 0.06


def test_what_goes_wrong_is_not_what_is_told():
    plain, wrong = scenarios.make("squats"), scenarios.make("squats", wrong_side=1, swapped=1)
    assert (plain.info["side"], wrong.info["side"]) == ("right", "left")
    assert plain.source.imu("thigh", 15.0) == wrong.source.imu("shank", 15.0)
    shallow = scenarios.make("squats", functional_depth=25).info["truth"]["reps"]
    assert max([rep["peak_flexion_deg"] for rep in shallow[:5]]) < 30.0
    assert min([rep["peak_flexion_deg"] for rep in shallow[5:]]) > 90.0


def test_a_fast_clock_stretches_the_movement():
    motion = Motion(scenarios.make("squats").source, 100.0)
    motion.play(None, 0.0)
    start_us = vclock.now_us()
    vclock.wait(start_us + 50_000_000)
    assert abs(motion.body_s() - 49.995) < 1e-4


def test_options_come_from_the_address():
    info = scenarios.make_from_address("squats?side=left&reps=3&valgus=-6&seed=4&table=0").info
    assert info["side"] == "left"
    assert info["windows"][0]["kind"] == "stand"
    given = [r["excursion_deg"] for r in info["truth"]["reps"] if r["kind"] == "set"]
    assert len(given) == 3 and abs(given[2] + 6.0) < 1.6


def test_a_seed_is_one_person():
    def rows(seed):
        made = scenarios.make("squats", seed=seed)
        return made.info, [made.source.imu("thigh", t) for t in (7.0, 15.0, 50.0)]

    assert rows(5) == rows(5)
    assert rows(5) != rows(6)


def test_what_is_not_there_is_refused_with_what_is():
    assert "squats" in refusal("squat") and "hack_squat" in refusal("squat")
    assert "valgus" in refusal("squats?vagus=3")
    assert "left" in refusal("squats?side=middle")
    assert "number" in refusal("squats?reps=many")
    assert "100" in refusal("squats?reps=1000")
    assert "key=value" in refusal("squats?valgus")
    assert "mpu6050" in refusal("squats?chip=bmi160")


# --- the motion on the board's clock -------------------------------------------------------------


class Recorder:
    """A chip that only notes until when it was told to catch up."""

    def __init__(self):
        self.caught_up = []

    def catch_up(self, now_us):
        self.caught_up.append(now_us)


def moving():
    """A motion, and what happened: (board us, body s) at each halt."""
    motion = Motion(scenarios.make("squats").source)
    halts = []

    def held():
        halts.append((vclock.now_us(), motion.body_s(), motion.ended))
        assert vclock.speed() == 1.0  # the clock is the machine's while the leg is held
        vclock.set_speed(0.0)

    motion.on_held = held
    return motion, halts


def test_before_it_is_played_the_leg_is_held():
    motion, halts = moving()
    vclock.wait(5_000_000)
    assert motion.body_s() == 0.0 and not halts
    assert motion.imu("thigh", 4.0) == motion.source.still("thigh", 0.0)


def test_it_moves_until_it_should_and_goes_on_from_there():
    motion, halts = moving()
    vclock.wait(1_000_000)
    motion.play(14.0, 0.0)
    vclock.wait(8_000_000)
    assert abs(motion.body_s() - 7.0) < 1e-9 and motion.playing
    assert motion.imu("thigh", 8.0) == motion.source.imu("thigh", 7.0)
    vclock.wait(15_000_001)
    assert len(halts) == 1 and 15_000_001 <= halts[0][0] < 15_100_000  # real time since
    assert halts[0][1:] == (14.0, False) and not motion.playing
    vclock.wait(20_000_000)
    assert motion.body_s() == 14.0
    assert motion.imu("shank", 19.0) == motion.source.still("shank", 14.0)
    # What was felt before the halt can still be asked for, and before the movement: filters delay.
    assert motion.imu("shank", 13.0) == motion.source.imu("shank", 12.0)
    assert motion.imu("shank", 0.999) == motion.source.still("shank", 0.0)
    assert motion.imu("shank", 19.0) == motion.source.still("shank", 14.0)
    motion.play(None, 0.0)
    vclock.wait(20_000_000 + 5_000_000)
    assert abs(motion.body_s() - 19.0) < 1e-5


def test_it_ends_at_the_end_of_the_movement():
    motion, halts = moving()
    motion.play(1e9, 0.0)
    vclock.wait(200_000_000)
    assert halts[0][1:] == (motion.source.duration_s, True)
    assert motion.ended


def test_a_time_gone_by_is_a_halt_at_once():
    motion, halts = moving()
    motion.play(10.0, 0.0)
    vclock.wait(11_000_000)
    motion.play(3.0, 0.0)
    vclock.wait(vclock.now_us() + 10)
    assert len(halts) == 2 and halts[1][1] == 10.0


def test_chips_catch_up_before_anything_changes():
    motion, _ = moving()
    chip = Recorder()
    motion.chips.append(chip)
    vclock.wait(123_456)
    motion.play(1.0, 0.0)
    assert chip.caught_up == [123_456]


# --- as a trace ----------------------------------------------------------------------------------


def test_a_trace_holds_what_the_chips_told_and_the_bones_did():
    from sim import export

    told = []
    scenario = scenarios.make("squats", reps=1, functional=0, table=1, seed=2)
    export.export(scenario, "made", told.append)
    assert told[0] == 0.0 and told[-1] == 1.0

    with open("made.csv") as file:
        assert file.readline().strip() == export.header()
        rows = [[float(v) for v in line.split(",")] for line in file]
    assert len(rows) == int(scenario.info["duration_s"] * export.RATE_HZ)
    assert abs(rows[208][0] - 1.0) < 1e-6
    for row in rows[:100]:  # on the table
        assert abs(math.sqrt(row[1] ** 2 + row[2] ** 2 + row[3] ** 2) - 9.80665) < 0.5
        assert max([abs(v) for v in row[4:7]]) < 0.05
    counts = rows[50][1] / export.ACC_LSB
    assert abs(counts - round(counts)) < 0.01

    with open("made.ref.csv") as file:
        assert file.readline().strip() == export.REFERENCE_HEADER
        t, flexion, valgus, rotation = [float(v) for v in file.readline().split(",")]
        assert (t, flexion, valgus, rotation) == tuple(
            [round(v, 4) for v in (0.0,) + scenario.source.truth(0.0)]
        )
    with open("made.json") as file:
        sidecar = json.load(file)
    assert sidecar["side"] == "right" and sidecar["truth"] == scenario.info["truth"]
    assert sidecar["windows"] == scenario.info["windows"]
