"""The options of a scenario: what each takes, its default, and how it is read from an address."""

from sim.chips import NAMES

# Option: (default, what it takes, limits, meaning). A tuple of words allows those only.
OPTIONS = {
    "side": ("right", ("right", "left"), None, "the leg that wears the band"),
    "seed": (1, int, None, "of everything random: one person, one day"),
    # --- the programme
    "table": (6.0, float, (0, 600), "seconds on the table; 0 starts on the leg"),
    "last_table": (0.0, float, (0, 600), "seconds on the table again at the end"),
    "stand": (4.0, float, (1, 3600), "seconds of the first standing"),
    "functional": (5, int, (0, 20), "slow squats, or swings, for the alignment"),
    "movement": ("squat", ("squat", "swing"), None, "what these are: squats, swings of the leg"),
    "functional_depth": (0.0, float, (0, 130), "their peak flexion in deg; 0: as the depth"),
    "reference": (0, int, (0, 20), "reference squats between alignment and set"),
    "sets": (1, int, (1, 10), "sets of squats"),
    "reps": (8, int, (0, 100), "squats in each"),
    "laps": (1, int, (1, 2000), "the sets over and over: how often"),
    "walk": (0, int, (0, 500), "strides of a walk, in place of the sets"),
    "gait": ("none", ("none", "walk", "run"), None, "walking or running, in place of the sets"),
    "strides": (40, int, (3, 2000), "in each bout of it (sets: how many bouts)"),
    "cadence": (0.0, float, (0, 240), "steps in a minute; 0: as people usually do"),
    "turns": (0, int, (0, 500), "after so many strides the person turns round; 0: never"),
    "impact": (0.0, float, (0, 40), "g of the blow of every step; 0: usual"),
    "test": (
        "none",
        (
            "none",
            "drop_jump",
            "balance",
            "lunge_test",
            "single_leg_squat",
            "step_down",
            "step_up",
            "lunge",
            "sit_to_stand",
        ),
        None,
        "what the sets are, in place of squats (reps: how many)",
    ),
    "height": (0.3, float, (0.1, 0.6), "m of the box that is jumped off"),
    "lean": (38.0, float, (15, 60), "deg that the shank leans in the lunge test"),
    "one_leg_sway": (0.8, float, (0.1, 4), "deg rms of the shank to the side, on one leg"),
    "rerack": (0, int, (0, 1), "1: steps and the blow of a bar before and after each set"),
    "rest": (5.0, float, (1, 600), "seconds between two sets"),
    "away": (0, int, (0, 100), "strides walked in that rest"),
    "calm": (0, int, (0, 20), "slow squats between two sets, after 6 s more of standing"),
    "breath": (0.0, float, (0, 60), "seconds more that the leg stands before every third squat"),
    # --- the squats
    "depth": (100.0, float, (45, 130), "peak flexion in deg"),
    "tempo": (1.0, float, (0.5, 2.0), "speed of the movement"),
    "valgus": (
        10.0,
        float,
        (-20, 20),
        "inward excursion in deg of the reps that have one; in gait of every stance",
    ),
    "type": (
        "bump",
        ("bump", "hold", "depth"),
        None,
        "how it comes: about the bottom; there and held; in every rep as sin(flexion)",
    ),
    "variation": (0.4, float, (0, 5), "spread of every rep's own valgus in deg"),
    "tilt": (0.0, float, (-60, 60), "deg by which the leg leans back during the sets (a machine)"),
    "tremor": (0.0, float, (0, 60), "deg/s rms of the knee's shaking that the last rep has"),
    # --- the body
    "sway": (1.0, float, (0, 5), "standing sway, 1: 0.35 deg rms in the sagittal plane"),
    "axial_sway": (0.15, float, (0, 2), "deg rms that thigh and shank turn against each other"),
    "shank_turn": (0.4, float, (0, 1), "the shank's share of the screw-home rotation in standing"),
    "sta": (4.0, float, (0, 15), "spread over people of the soft tissue's turn in deg, at 90 deg"),
    "load_gain": (1.0, float, (0.5, 3.0), "that times so much in the last set, half way before it"),
    # --- the sensors
    "chip": ("lsm6dsox", NAMES, None, "the IMUs, with their errors; a pair: thigh-shank"),
    "mount": ("any", ("any", "aligned"), None, "the sensors' axes"),
    "axis": (0.0, float, (-20, 20), "deg by which the functional squats mislead the thigh's axis"),
    "drift": (0.0, float, (-60, 60), "heading drift in deg/min after the table"),
    "slip": (0.0, float, (-20, 20), "deg by which the thigh's strap slips in the first set"),
    "creep": (0.0, float, (-2, 2), "deg by which it creeps with every squat of the sets"),
    "restance": (0.0, float, (-40, 40), "deg by which the foot is turned out in the first set"),
    "restance_knee": (0.3, float, (0, 1), "the knee's share of that, the hip has the rest"),
    # --- what goes wrong
    "swapped": (0, int, (0, 1), "1: thigh and shank sensor are mixed up"),
    "wrong_side": (0, int, (0, 1), "1: the other leg is told"),
    "knock": (0, int, (0, 1), "1: somebody knocks at the table"),
    "restless": (0.0, float, (0, 5), "shifting the weight while standing, 1: some 3 deg"),
    "strap_turn": (0.0, float, (-40, 40), "deg by which the strap turns between stand and squats"),
    "board": ("a", ("a", "b"), None, "the board: plugged together, or the knee wing"),
    "haptic": ("none", ("none", "da7280"), None, "the haptic board on the bus; none: a pin"),
    "hang": (0.0, float, (0, 86400), "s of the movement at which the band's program hangs, once"),
    # --- radio and clock
    "loss": (0.0, float, (0, 0.2), "share of the packets lost in the sets, in bursts"),
    "clock": (0.0, float, (-100, 100), "ppm by which the board's clock is fast"),
}


class ScenarioError(ValueError):
    """The scenario or an option is not there; the message lists what is."""


def defaults() -> dict:
    return {key: row[0] for key, row in OPTIONS.items()}


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


def checked(key: str, value):
    """The value of an option, from text or a number. Raises ScenarioError."""
    if key not in OPTIONS:
        raise ScenarioError(
            'there is no option "{}"; options are: {}'.format(key, ", ".join(sorted(OPTIONS)))
        )
    _, kind, limits, _ = OPTIONS[key]
    if isinstance(kind, tuple):
        if value not in kind:
            raise ScenarioError("{} must be one of: {}".format(key, ", ".join(kind)))
        return value
    try:
        number = kind(value)
    except ValueError:
        raise ScenarioError('{} must be a number, not "{}"'.format(key, value))
    low, high = limits or (0, 1 << 30)
    if not low <= number <= high:
        raise ScenarioError("{} must be within {} and {}".format(key, low, high))
    return number
