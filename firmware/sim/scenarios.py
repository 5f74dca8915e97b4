"""Named scenarios: who squats how, wearing what. All of them are rows of options.

    make(name, **options) -> Scenario(source, info, chip, seed)
    make_from_address("squats?valgus=8&side=left")

Timeline (seconds; what is not 0 by the scenario's row)
    table 6, sensors lie still | strapping on 3 | stand 4 | `functional` slow squats | stand 2 |
    `reference` squats | the set: `reps` squats with a standing rest between

Valgus: with type "bump" every third rep of the set gets `valgus` deg, rep 5 (13, 21, ..) 0.65 of
it; with "depth" every rep, reference reps too, has it in proportion to sin(flexion), and there is
nothing to be found. With `axis` only the functional squats have that: the alignment then takes the
thigh's axis for turned by as much. All reps differ a little in depth, tempo and valgus, as people's
do.

`info` is what the rig tells the host: side, exercise, duration_s, shank_length_m, windows, truth
{"reps": [...]}, where excursion_deg is the height of the rep's own bump, inward positive,
and by_depth_deg what the rep has in proportion to sin(flexion).
"""

from sim.body import SHANK_LENGTH_M, Body
from sim.chip_errors import PRESETS, Random
from sim.leg import Leg, Rep

# Option: (default, what it takes, meaning). A tuple of words allows those only.
OPTIONS = {
    "side": ("right", ("right", "left"), "the leg that wears the band"),
    "seed": (1, int, "of everything random"),
    "reps": (8, int, "repetitions in the set, 0 to 100"),
    "functional": (5, int, "slow squats for the alignment"),
    "reference": (0, int, "reference squats between alignment and set"),
    "depth": (100.0, float, "peak flexion in deg, 45 to 130"),
    "tempo": (1.0, float, "speed of the movement, 0.5 to 2"),
    "valgus": (10.0, float, "inward excursion in deg of the reps that have one, -20 to 20"),
    "type": ("bump", ("bump", "depth"), "how valgus comes"),
    "variation": (0.4, float, "spread of every rep's own valgus in deg"),
    "sta": (2.0, float, "spread of the soft tissue's motion in deg at 90 deg of flexion"),
    "load_gain": (1.0, float, "soft tissue moves so much more in the set"),
    "sway": (1.0, float, "standing sway, 1 = usual"),
    "mount": ("any", ("any", "aligned"), "the sensors' axes"),
    "chip": ("lsm6dsox", tuple(sorted(PRESETS)), "whose errors the IMUs have"),
    "axis": (0.0, float, "deg by which the functional squats mislead the alignment"),
    "slip": (0.0, float, "deg by which it slips in the middle of the set"),
    "drift": (0.0, float, "heading drift in deg/min after the table"),
    "tilt": (0.0, float, "deg by which the leg leans back during the set"),
    "stand": (4.0, float, "seconds of the first standing"),
    "table": (6.0, float, "seconds on the table; 0 starts on the leg"),
}

SCENARIOS = {
    "squats": {},
    "clean": {"valgus": 0.0},
    "proportional": {"type": "depth"},
    "axis_error": {"axis": 5.0, "valgus": 0.0, "reference": 4},
    "slip": {"slip": 6.0},
    "drift": {"drift": 3.0},
    "hack_squat": {"tilt": 45.0, "depth": 95.0},
    "noisy_chip": {"chip": "mpu6050"},
    "still": {"functional": 0, "reps": 0, "stand": 60.0},
}

_STRAP_S = 3.0
_BETWEEN_S = 2.0
_TILT_S = 2.0
_LIMITS = {
    "reps": (0, 100),
    "functional": (0, 20),
    "reference": (0, 20),
    "depth": (45, 130),
    "tempo": (0.5, 2.0),
    "valgus": (-20, 20),
    "variation": (0, 5),
    "sta": (0, 15),
    "load_gain": (0.5, 3.0),
    "sway": (0, 5),
    "axis": (-20, 20),
    "slip": (-20, 20),
    "drift": (-60, 60),
    "tilt": (-60, 60),
    "stand": (1, 3600),
    "table": (0, 600),
}


class ScenarioError(ValueError):
    """The scenario or an option is not there; the message lists what is."""


class Scenario:
    """source: what the IMUs feel; info: for the host; chip: preset of the errors; seed."""

    def __init__(self, source, info, chip, seed):
        self.source = source
        self.info = info
        self.chip = chip
        self.seed = seed


def make_from_address(address: str) -> Scenario:
    """`NAME` or `NAME?key=value&key=value`."""
    name, _, query = address.partition("?")
    return make(name, **parsed(query))


def parsed(query: str) -> dict:
    """`key=value&key=value` as strings."""
    options = {}
    for item in query.split("&"):
        if item:
            key, equals, value = item.partition("=")
            if not equals:
                raise ScenarioError('"{}" is not of the form key=value'.format(item))
            options[key] = value
    return options


def of_trace(source, options: dict) -> Scenario:
    """Recorded movement (a sim.body.TraceBody). Options: side, seed, chip.

    A recording brings its own sensors' errors along, so the chips have none of theirs unless asked;
    their oscillators are off all the same, as those of the board that plays it.
    """
    chosen = {"side": "right", "seed": 1, "chip": "none"}
    for key, value in options.items():
        if key not in chosen:
            raise ScenarioError('a trace has no option "{}"; it has: chip, seed, side'.format(key))
        chosen[key] = _value(key, value)
    info = {
        "name": "trace",
        "side": chosen["side"],
        "exercise": "unknown",
        "duration_s": source.duration_s,
        "windows": [],
        "truth": {"reps": []},
    }
    return Scenario(source, info, chosen["chip"], chosen["seed"])


def make(name: str, **options) -> Scenario:
    """The scenario; values may be strings. Raises ScenarioError."""
    if name not in SCENARIOS:
        raise ScenarioError(
            'there is no scenario "{}"; choose from: {}'.format(name, ", ".join(sorted(SCENARIOS)))
        )
    chosen = {key: row[0] for key, row in OPTIONS.items()}
    chosen.update(SCENARIOS[name])
    for key, value in options.items():
        chosen[key] = _value(key, value)
    return _build(name, chosen)


def _value(key: str, value):
    if key not in OPTIONS:
        raise ScenarioError(
            'there is no option "{}"; options are: {}'.format(key, ", ".join(sorted(OPTIONS)))
        )
    kind = OPTIONS[key][1]
    if isinstance(kind, tuple):
        if value not in kind:
            raise ScenarioError("{} must be one of: {}".format(key, ", ".join(kind)))
        return value
    try:
        number = kind(value)
    except ValueError:
        raise ScenarioError('{} must be a number, not "{}"'.format(key, value))
    low, high = _LIMITS.get(key, (0, 1 << 30))
    if not low <= number <= high:
        raise ScenarioError("{} must be within {} and {}".format(key, low, high))
    return number


def _build(name: str, o: dict) -> Scenario:
    random = Random(o["seed"] + 303)
    reps = []
    windows = []

    def window(kind, start_s, end_s):
        windows.append({"kind": kind, "start_s": round(start_s, 3), "end_s": round(end_s, 3)})

    now = 0.0
    table_s = o["table"]
    strapped_s = 0.0
    if table_s:
        window("table", 0.0, table_s)
        strapped_s = table_s + _STRAP_S
        now = strapped_s
    window("stand", now + 0.5, now + o["stand"])
    now += o["stand"]
    slips = []
    tilts = []
    for kind in ("functional", "reference", "set"):
        count = o["reps" if kind == "set" else kind]
        if not count:
            continue
        if kind == "set" and o["tilt"]:
            tilts.append((now, now + _TILT_S, o["tilt"]))
            now += _TILT_S + 1.0
        start_s = now
        for i in range(1, count + 1):
            rep = _rep(kind, i, now, o, random)
            reps.append(rep)
            now = rep.end_s + random.between(0.8, 1.4)
            if kind == "set" and o["slip"] and i == count // 2:
                slips.append((rep.end_s + 0.2, o["slip"]))
        window(kind, start_s, now - 0.3)
        now += _BETWEEN_S

    side = 1 if o["side"] == "right" else -1
    source = Body(
        Leg(side, reps, o["seed"], o["sway"]),
        now,
        seed=o["seed"],
        table_s=table_s,
        strapped_s=strapped_s,
        soft_tissue_deg=o["sta"],
        load_gain=o["load_gain"],
        aligned=o["mount"] == "aligned",
        slips=tuple(slips),
        tilts=tuple(tilts),
        drift_deg_s=o["drift"] / 60.0,
    )
    info = {
        "name": name,
        "side": o["side"],
        "exercise": "squat" if reps else "unknown",
        "duration_s": round(now, 3),
        "shank_length_m": SHANK_LENGTH_M,
        "windows": windows,
        "truth": {"reps": [_told(rep) for rep in reps]},
    }
    return Scenario(source, info, o["chip"], o["seed"])


def _rep(kind: str, index: int, start_s: float, o: dict, random) -> Rep:
    """Slow and a little deeper before the set, so that the reference covers it."""
    calm = kind != "set"
    down_s = (1.9 if calm else 1.4) * (1.0 + 0.08 * random.normal()) / o["tempo"]
    up_s = (1.8 if calm else 1.2) * (1.0 + 0.08 * random.normal()) / o["tempo"]
    pause_s = random.between(0.1, 0.4) / o["tempo"]
    depth = o["depth"] * ((1.05 if calm else 1.0) + 0.02 * random.normal())
    valgus = o["variation"] * random.normal()
    gain = 1.0 + 0.08 * random.normal()
    if kind == "set" and o["type"] == "bump":
        if index % 3 == 0:
            valgus += o["valgus"]
        elif index % 8 == 5:
            valgus += 0.65 * o["valgus"]
    by_depth = o["valgus"] if o["type"] == "depth" else 0.0
    if kind == "functional":
        by_depth += o["axis"]
    return Rep(kind, start_s, down_s, pause_s, up_s, depth, valgus, gain, by_depth)


def _told(rep: Rep) -> dict:
    return {
        "kind": rep.kind,
        "start_s": round(rep.start_s, 3),
        "end_s": round(rep.end_s, 3),
        "peak_flexion_deg": round(rep.depth_deg, 2),
        "excursion_deg": round(rep.valgus_deg, 2),
        "by_depth_deg": round(rep.by_depth_deg, 2),
    }
