"""Named scenarios: who squats how, wearing what. All of them are rows of options (sim.options).

    make(name, **options) -> Scenario
    make_from_address("squats?valgus=8&side=left")

The first fifteen are the cases that biomechanics D demands, in its order. Some need reference
squats of their own: the functional ones have something to them that the others lack, or the case is
about the reference.

Valgus: of type "bump" or "hold" every third rep of a set gets `valgus` deg, rep 5 (13, 21, ..) 0.65
of it; with "depth" every rep, reference and functional ones too, has it in proportion to
sin(flexion), and there is nothing to be found.

`info` is what the rig tells the host: name, side, exercise, duration_s, shank_length_m, windows,
radio {"loss", "from_s", "seed"}, clock_ppm, and truth:

    reps     kind, set, start_s, end_s, peak_flexion_deg, excursion_deg (of the rep's own valgus, at
             its largest, inward positive), by_depth_deg (what it has in proportion to
             sin(flexion)), tissue_gain, tremor_deg_s; with laps those of the first
    strides  bout, contact_s, foot_off_s (None: the bout's last), end_s (the next contact),
             valgus_deg (what the stance has, at its largest), steady (no start, stop or turn)
    bouts    of a self-test: kind (landing, hold, lunge), start_s, end_s, and what was given:
             flexion at contact and peak, excursion from contact; sways; the shank's inclination
    events   kind, time_s, size: slips, shocks, a foot put down elsewhere
    tissue_deg  what the thigh's soft tissue turns at 90 deg of flexion, about the anterior, the
             long and the lateral axis
"""

from sim import options as table
from sim.body import SHANK_LENGTH_M, Body
from sim.laps import Laps
from sim.leg import Leg
from sim.options import ScenarioError, parsed
from sim.programme import Programme
from sim.tumble import Tumble

SCENARIOS = {
    "clean": {"valgus": 0.0},
    "squats": {},
    "proportional": {"type": "depth", "reference": 4},
    "axis_error": {"axis": 5.0, "valgus": 0.0, "reference": 4},
    "drift": {"drift": 3.0},
    "slip": {"slip": 6.0},
    "restance": {"restance": 15.0},
    "left": {"side": "left"},
    "unzeroed": {"chip": "mpu6050", "table": 0.0},
    "rerack": {"rerack": 1},
    "hack_squat": {"tilt": 45.0, "depth": 95.0},
    "loss": {"loss": 0.02, "clock": 40.0},
    "tremor": {"tremor": 20.0},
    "outward": {"valgus": -10.0},
    "loaded": {"sta": 4.0, "load_gain": 1.6, "sets": 2, "reps": 6},
    # ---
    "hold": {"type": "hold"},
    "swings": {"movement": "swing"},
    "walk": {"walk": 12},
    "walking": {"gait": "walk", "valgus": 3.0, "sets": 2, "turns": 14},
    "running": {"gait": "run", "valgus": 3.0, "sets": 2, "strides": 60},
    "drop_jumps": {"test": "drop_jump", "reps": 4, "depth": 95.0, "valgus": 8.0},
    "balance": {"test": "balance", "reps": 4},
    "lunge_test": {"test": "lunge_test", "reps": 3},
    "single_leg_squats": {
        "test": "single_leg_squat",
        "depth": 60.0,
        "functional_depth": 95.0,
        "reps": 5,
        "valgus": 5.0,
    },
    "step_downs": {
        "test": "step_down",
        "depth": 50.0,
        "functional_depth": 95.0,
        "reference": 4,
        "tempo": 0.8,
        "valgus": 7.0,
    },
    "step_ups": {"test": "step_up", "depth": 85.0, "reference": 4, "valgus": 7.0},
    "lunges": {"test": "lunge", "depth": 90.0, "reference": 4},
    "sit_to_stands": {"test": "sit_to_stand", "depth": 92.0, "reference": 4},
    "noisy_chip": {"chip": "mpu6050"},
    "still": {"functional": 0, "reps": 0, "stand": 60.0},
}

TUMBLE = "tumble"
"""Nobody wears it: both IMUs are turned on a table from face to face (sim.tumble)."""

_MOST_NEAR = 5
_OTHER = {"right": "left", "left": "right"}


class Scenario:
    """source: what the IMUs feel; info: for the host; chip: preset of the errors; seed; clock_ppm:
    by how much the board's clock is fast; haptic: the board that buzzes; board: a variant; hang_s:
    when the firmware hangs, 0 never."""

    def __init__(
        self, source, info, chip, seed, clock_ppm=0.0, haptic="none", board="a", hang_s=0.0
    ):
        self.source = source
        self.info = info
        self.chip = chip
        self.seed = seed
        self.clock_ppm = clock_ppm
        self.haptic = haptic
        self.board = board
        self.hang_s = hang_s


def make_from_address(address: str) -> Scenario:
    """`NAME` or `NAME?key=value&key=value`."""
    name, _, query = address.partition("?")
    return make(name, **parsed(query))


def of_trace(source, options: dict) -> Scenario:
    """Recorded movement (a sim.knots.TraceBody). Options: side, seed, chip.

    A recording brings its own sensors' errors along, so the chips have none of theirs unless asked;
    their oscillators are off all the same, as those of the board that plays it.
    """
    chosen = {"side": "right", "seed": 1, "chip": "none"}
    for key, value in options.items():
        if key not in chosen:
            raise ScenarioError('a trace has no option "{}"; it has: chip, seed, side'.format(key))
        chosen[key] = table.checked(key, value)
    info = {
        "name": "trace",
        "side": chosen["side"],
        "exercise": "unknown",
        "duration_s": source.duration_s,
        "windows": [],
        "truth": {"reps": []},
    }
    return Scenario(source, info, chosen["chip"], chosen["seed"])


def of_tumble(options: dict) -> Scenario:
    """Two IMUs on a table, turned by hand. Options: side (of the band), seed, chip."""
    chosen = {"side": "right", "seed": 1, "chip": "lsm6dsox"}
    for key, value in options.items():
        if key not in chosen:
            raise ScenarioError('tumble has no option "{}"; it has: chip, seed, side'.format(key))
        chosen[key] = table.checked(key, value)
    source = Tumble(chosen["seed"])
    info = {
        "name": TUMBLE,
        "side": chosen["side"],
        "exercise": "unknown",
        "duration_s": source.duration_s,
        "windows": [],
        "truth": {"reps": []},
    }
    return Scenario(source, info, chosen["chip"], chosen["seed"])


def _are_near(name: str, known: str) -> bool:
    """Whether somebody who wrote `name` may have meant `known`: they begin
    alike, or share a word."""
    return name[:3] == known[:3] or any(word in known.split("_") for word in name.split("_"))


def make(name: str, **options) -> Scenario:
    """The scenario; values may be strings. Raises ScenarioError."""
    if name == TUMBLE:
        return of_tumble(options)
    if name not in SCENARIOS:
        near = [known for known in sorted(list(SCENARIOS) + [TUMBLE]) if _are_near(name, known)]
        raise ScenarioError(
            'there is no scenario "{}"; try {} (all are in firmware/sim/scenarios.py)'.format(
                name, ", ".join(near[:_MOST_NEAR] or ("squats", "walk"))
            )
        )
    chosen = table.defaults()
    chosen.update(SCENARIOS[name])
    for key, value in options.items():
        chosen[key] = table.checked(key, value)
    return _build(name, chosen)


def _build(name: str, o: dict) -> Scenario:
    plan = Programme(o)
    side = 1 if o["side"] == "right" else -1
    source = Body(
        Leg(
            side,
            plan.moves,
            o["seed"],
            o["sway"],
            o["axial_sway"],
            o["shank_turn"],
            plan.restless,
        ),
        plan.duration_s,
        seed=o["seed"],
        table_s=o["table"],
        strapped_s=plan.strapped_s,
        off_s=plan.off_s,
        soft_tissue_deg=o["sta"],
        aligned=o["mount"] == "aligned",
        swapped=bool(o["swapped"]),
        slips=tuple(plan.slips),
        shocks=tuple(plan.shocks),
        tilts=tuple(plan.tilts),
        drift_deg_s=o["drift"] / 60.0,
    )
    sets = [window for window in plan.windows if window["kind"] == "set"]
    windows = plan.windows
    tissue_deg = source.tissue_deg()
    if o["laps"] > 1 and sets:
        source = Laps(source, sets[0]["start_s"], o["laps"])
        windows = source.windows(windows)
    info = {
        "name": name,
        "side": _OTHER[o["side"]] if o["wrong_side"] else o["side"],
        "exercise": _exercise(o, plan),
        "duration_s": round(source.duration_s, 3),
        "shank_length_m": SHANK_LENGTH_M,
        "clock_ppm": o["clock"],
        "windows": windows,
        "truth": {
            "reps": [_told(rep) for rep in plan.reps],
            "strides": plan.strides,
            "bouts": plan.bouts,
            "events": plan.events,
            "tissue_deg": tissue_deg,
        },
    }
    if o["loss"]:
        from_s = sets[0]["start_s"] if sets else 0.0
        info["radio"] = {"loss": o["loss"], "from_s": from_s, "seed": o["seed"]}
    return Scenario(
        source, info, o["chip"], o["seed"], o["clock"], o["haptic"], o["board"], o["hang"]
    )


def _exercise(o: dict, plan) -> str:
    if o["gait"] != "none":
        return o["gait"]
    if o["walk"]:
        return "walk"
    if o["test"] != "none":
        return o["test"]
    return "squat" if plan.reps else "unknown"


def _told(rep) -> dict:
    return {
        "kind": rep.kind,
        "set": rep.set,
        "start_s": round(rep.start_s, 3),
        "end_s": round(rep.end_s, 3),
        "peak_flexion_deg": round(rep.depth_deg, 2),
        "excursion_deg": round(rep.valgus_deg, 2),
        "by_depth_deg": round(rep.by_depth_deg, 2),
        "tissue_gain": round(rep.gain, 3),
        "tremor_deg_s": round(rep.tremor_deg_s, 2),
    }
