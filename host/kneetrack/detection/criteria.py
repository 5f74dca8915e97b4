"""Every threshold that decides something, in one table: value, unit, source, meaning.

The code reads its numbers from here, and `kneetrack movements --criteria` prints them. What is
looked for is found by `Params` of kneecore.reps, the same on the band; a movement that needs
another value has a row of its own, with `movement`, in `FINDER_ROWS`.

A source is a key of `SOURCES`; "choice" is our own, made for the reason that the meaning gives. No
threshold here predicts anything about health, and none is meant to.
"""

from __future__ import annotations

from dataclasses import dataclass

from kneecore.excursion import BEYOND_DEG, FROM_DEG, HOLD_S, LARGE_DEG, THRESHOLD_DEG
from kneecore.reps import Params


@dataclass(frozen=True, slots=True)
class Criterion:
    """One number that decides; `movement` "" holds for all that have no row of their own."""

    name: str
    value: float
    unit: str
    source: str
    meaning: str
    movement: str = ""


SOURCES = {
    "A4": "Uhlár, Appl Sci 2021: a knee's way inward repeats better at a fixed shallow depth",
    "A27": "a stance on one leg is held for 20 to 30 s; a third of that may still be one",
    "A28": "the shallow single-leg squat of the self-tests, to some 60° of flexion",
    "B3": "how errors of axis, heading and tilt show in the angles, by our own analysis",
    "B6": "the calibration's slow squats, 60 to 90° deep",
    "B10": "comparison at equal flexion, no deeper than the reference and a little more",
    "C2": "the usual limit of acceptable difference; Hughes, J Electromyogr Kinesiol 2019",
    "C5": "squat tempo and depth; McKean, J Strength Cond Res 24:1671, 2010, and our simulations",
    "C7": "Balasubramanian, J NeuroEng Rehabil 12:112, 2015 (SPARC); J Appl Physiol 52:226, 1982",
    "C9": "Lewis, PLoS ONE 2015: single-leg squats and step-downs differ",
    "choice": "our own, for the reason given",
    "tried": "a choice made on simulated sets (seed 1) and on the recordings of five people",
}

_ROWS: list[Criterion] = []


def _is(name: str, value: float, unit: str, source: str, meaning: str, movement: str = "") -> float:
    """Enter a row; its value."""
    _ROWS.append(Criterion(name, value, unit, source, meaning, movement))
    return value


# --- the excursion ---------------------------------------------------------------------------
_is("threshold", THRESHOLD_DEG, "°", "C2", "an own excursion counts from here on, or from 2 SEM")
_is("large", LARGE_DEG, "°", "C2", "an own excursion is told as large from here on")
_is("hold", HOLD_S, "s", "C2", "for so long it has to last")
_is("from_flexion", FROM_DEG, "°", "C2", "only deeper than this is compared")
_is("beyond", BEYOND_DEG, "°", "B10", "so much deeper than the reference is still compared")
IMPLAUSIBLE_DEG = _is(
    "implausible", 15.0, "°", "C2", "absolute valgus from here on asks to check the calibration"
)
SHALLOW_DEG = _is("shallow", 60.0, "°", "B6", "a squat of less flexion says little")

# --- sets ------------------------------------------------------------------------------------
FIRST_REPS = int(_is("first_reps", 3, "", "choice", "of a set may serve as the reference"))
FIRST_REPS_OF = int(_is("first_reps_of", 6, "", "choice", "... in a set of at least so many"))
SET_REST_S = _is("set_rest", 20.0, "s", "choice", "without a rep: the set is over")
STEPS_GONE = int(_is("steps_gone", 4, "", "choice", "of the leg, after a rep: the set is over"))
STEPS_AWAY = int(_is("steps_away", 2, "", "choice", "... is over, if no rep follows soon"))
AWAY_S = _is("away", 4.0, "s", "choice", "... that soon, or it was another stance")
PUT_RIGHT_S = _is("put_right", 12.0, "s", "choice", "the same after one step: a foot put right")
TURNED_DEG = _is("turned", 60.0, "°", "choice", "turned so far since the last rep: it is over")

# --- what is measured ------------------------------------------------------------------------
SMOOTH_HZ = _is("smoothness_to", 10.0, "Hz", "C7", "SPARC hears the speed's spectrum up to here")
SMOOTH_SHARE = _is("smoothness_share", 0.05, "", "C7", "... where it is above so much of its peak")
TREMOR_FROM_HZ = _is("tremor_from", 4.0, "Hz", "C7", "a tremor is heard from here")
TREMOR_TO_HZ = _is("tremor_to", 15.0, "Hz", "C7", "... to here")
TREMOR_AROUND_S = _is(
    "tremor_around", 0.5, "s", "C7", "before the deepest point it begins to count"
)
SHALLOW_SHARE = _is(
    "early_depth", 0.15, "", "A4", "share of the depth where the knee's way is read"
)
EARLY_DEG = _is("early_flexion", 30.0, "°", "A4", "flexion where it is read")
LATER_DEG = _is("later_flexion", 60.0, "°", "A4", "flexion where it is read")
SEATED_DEG = _is("seated", 60.0, "°", "choice", "a recording that begins deeper begins on the seat")
BACK_DOWN = _is(
    "back_down", 1.5, "", "choice",
    "a step-up whose bending took so many times its straightening is the way back down",
)  # fmt: skip
SHALLOW_ONE_LEG_DEG = _is(
    "shallow_one_leg", 30.0, "°", "choice", "a single-leg squat or step-down of less says little"
)
LEAST_LEAN_DEG = _is(
    "least_lean", 5.0, "°", "choice", "of the shank, for a ratio of tilts to mean something"
)

# --- gait ------------------------------------------------------------------------------------
SWING_DEG_S = _is("swing", 100.0, "°/s", "choice", "the shank swings in walking where it is faster")
RUN_SWING_DEG_S = _is("run_swing", 200.0, "°/s", "choice", "... in running")
STRIDE_FROM_S = _is("stride_from", 0.55, "s", "choice", "no stride of a walk is shorter ...")
STRIDE_TO_S = _is("stride_to", 2.2, "s", "choice", "... or longer: that was a stop")
RUN_FROM_S = _is("run_from", 0.4, "s", "choice", "no stride of a run is shorter ...")
RUN_TO_S = _is("run_to", 1.2, "s", "choice", "... or longer")
LANDED_DEG_S = _is(
    "landed", 12.0, "°/s", "choice", "the shank's rate rises by so much behind a contact"
)
TURN_DEG = _is("turn", 20.0, "°", "choice", "the leg heads elsewhere after a stride: on a turn")
PACE_SHARE = _is("pace", 0.15, "", "choice", "off the usual duration: a start, a stop, a stumble")
BLOW_SIGMA_DEG = _is("blow", 4.5, "°", "B3", "that a foot's blows add to the valgus' uncertainty")
LEAST_STRIDES = int(_is("least_strides", 50, "", "C9", "for an average to be told"))

# --- landings, holds on one leg, held lunges ---------------------------------------------------
LANDING_ONSET_DEG_S = _is(
    "onset_rate", 200.0, "°/s", "tried", "the ground bends the knee as fast as this", "drop_jump"
)
LANDING_ONSET_DEG_S2 = _is(
    "onset_growth", 3000.0, "°/s²", "tried", "... as abruptly; no swing or squat does", "drop_jump"
)
LANDING_RISE_DEG = _is(
    "least_bend", 20.0, "°", "C9", "from contact on; a heel strike gives less", "drop_jump"
)
LANDING_LONGEST_S = _is(
    "longest", 0.5, "s", "C9", "to the deepest point; soft ones take over 0.3", "drop_jump"
)
LANDING_FALL_DEG = _is(
    "deepest_until", 2.0, "°", "choice", "behind the deepest point it falls so far", "drop_jump"
)
LANDING_STAYS_DEG_S = _is(
    "stays", 50.0, "°/s", "choice", "... or bends no faster: landed, and stays", "drop_jump"
)
HOLD_LEAST_S = _is("least_hold", 10.0, "s", "A27", "a shorter hold is none", "balance")
HOLD_LONGEST_S = _is("longest_hold", 30.0, "s", "A27", "a longer one is cut here", "balance")
HOLD_ALIVE_DEG_S = _is(
    "alive", 1.5, "°/s", "choice", "so fast the shank sways on one leg; 0.7 on two", "balance"
)
HOLD_QUIET_DEG_S = _is(
    "quiet", 1.0, "°/s", "choice", "slower than this is on two legs again", "balance"
)
HOLD_QUIET_S = _is("quiet_for", 2.0, "s", "choice", "... for so long", "balance")
HOLD_RESTLESS_DEG_S = _is(
    "restless", 15.0, "°/s", "choice", "faster than this no hold begins", "balance"
)
HOLD_STEP_DEG_S = _is(
    "step", 60.0, "°/s", "choice", "tilting faster is a step or a touch-down", "balance"
)
HOLD_MOVED_DEG = _is(
    "moved", 12.0, "°", "choice", "the shank so far from its average: it is over", "balance"
)
HOLD_BENT_DEG = _is(
    "bent", 45.0, "°", "choice", "a knee that is bent more is in no hold", "balance"
)
HOLD_SETTLE_S = _is("settle", 1.5, "s", "choice", "until the weight is over the foot", "balance")
LEAN_DEG = _is(
    "lean", 2.0, "°", "choice", "a second that leans further is not of the hold", "balance"
)
LEANS = _is("leans", 4.0, "", "choice", "... and so many times further than usual", "balance")
LUNGE_STILL_DEG_S = _is(
    "still", 6.0, "°/s", "choice", "slower than this the shank is held", "lunge_test"
)
LUNGE_QUIET_DEG_S = _is(
    "quiet", 2.0, "°/s", "choice", "slower than this, standing is learnt anew", "lunge_test"
)
LUNGE_STAND_S = _is("stand", 2.0, "s", "choice", "of stillness tell what upright is", "lunge_test")
LUNGE_NEAR_DEG = _is("near", 6.0, "°", "choice", "within this of upright one stands", "lunge_test")
LUNGE_LEAST_DEG = _is("least_lean", 15.0, "°", "choice", "of the shank, for a lunge", "lunge_test")
LUNGE_MOST_DEG = _is(
    "most_lean", 70.0, "°", "choice", "no shank leans further with the heel down", "lunge_test"
)
LUNGE_HOLD_S = _is("hold", 0.7, "s", "choice", "so long it has to be held", "lunge_test")
LUNGE_BACK_DEG = _is(
    "back", 8.0, "°", "choice", "so far back from its largest a lunge is over", "lunge_test"
)
LUNGE_LONGEST_S = _is("longest", 20.0, "s", "choice", "a longer one is none", "lunge_test")

# --- what a recording looks like (detection.suggest) ------------------------------------------
_SEEN = "tried"
GAIT_BENDS = int(
    _is("gait_bends", 8, "", _SEEN, "short bends of the knee, one a stride: it is gait")
)
GAIT_EVEN = _is("gait_even", 0.3, "", _SEEN, "... as evenly as this: their spread by their period")
RUN_PERIOD_S = _is("run_period", 0.87, "s", _SEEN, "strides that are shorter are running")
WALK_PERIOD_S = _is("walk_period", 2.0, "s", _SEEN, "strides that are longer are none")
LANDING_RATE_DEG_S = _is("landing_rate", 350.0, "°/s", _SEEN, "a knee that bends faster has landed")
LANDING_DEG = _is("landing_flexion", 78.0, "°", _SEEN, "a short bend that is deeper has landed")
LANDING_EVERY_S = _is("landing_every", 2.5, "s", _SEEN, "jumps follow each other no faster")
STILL_S = _is("still", 8.0, "s", "A27", "so long without a bend is a stance")
LEVEL_DEG = _is("level", 66.0, "°", _SEEN, "tilt of the thigh from which on it is nearly level")
UPRIGHT_DEG = _is("upright", 13.0, "°", _SEEN, "lean of the shank up to which it is nearly upright")
OVER_LEVEL_DEG = _is(
    "over_level", 98.0, "°", _SEEN, "tilt beyond which one leans back in a machine"
)
SHALLOW_UNTIL_DEG = _is("shallow_until", 66.0, "°", "A28", "flexion up to which a squat is shallow")
LIFTED = _is("lifted", 1.65, "", _SEEN, "times faster bent than straightened: the foot was lifted")
SWINGS = _is(
    "swings", 0.8, "", _SEEN, "short bends a rep: the foot swings to where the rep is done"
)

# --- the finder of reps (kneecore.reps.Params) -----------------------------------------------
_P = Params()
_SWAY = "chosen so that soft-tissue wobble and sway decide nothing: "
_FINDER = (
    ("start_above_deg", "°", "C5", "a rep starts so far above the standing angle"),
    ("start_rate_deg_s", "°/s", "C5", "... and bending faster than this"),
    ("end_above_deg", "°", "C5", "it ends nearer than this to the standing angle"),
    ("end_rate_deg_s", "°/s", "C5", "... and slower than this"),
    ("end_hold_s", "s", "C5", "... for so long"),
    ("back_up", "", "C5", "share of the way up that splits a double dip, or ends touch-and-go"),
    ("least_rom_deg", "°", "C5", "less bending is no rep"),
    ("shortest_s", "s", "C5", "nor is anything shorter"),
    ("longest_s", "s", "C5", "or longer"),
    ("shortest_half_s", "s", "C5", "or with a way down or up shorter than this"),
    ("step_flexion_deg", "°", "C5", "less bending than this ..."),
    ("step_cycle_s", "s", "C5", "... in less time than this is a step"),
    ("step_bend_deg", "°", "choice", "so is what is bent by more than this ..."),
    ("step_bent_s", "s", "choice", "... for less than this: a leg's swing takes 0.4 s"),
    ("turn_deg", "°", "choice", _SWAY + "back from the deepest point, to believe the turn"),
    ("redescend_deg", "°", "choice", _SWAY + "down from the highest point, to believe a new rep"),
    ("leave_deg", "°", "choice", _SWAY + "above standing, where a rep is said to start"),
    ("rest_rate_deg_s", "°/s", "choice", "slower than this is a rest"),
    ("rest_hold_s", "s", "choice", "... that ends a rep after so long, wherever it stops"),
    ("stand_rate_deg_s", "°/s", "choice", "the standing angle follows only below this rate"),
    ("stand_tau_s", "s", "choice", "... with this time constant"),
    ("stand_limit_deg", "°", "choice", "... and never into a deeper pose"),
    ("stand_guess_deg", "°", "choice", "the standing angle, at most, before anything is known"),
    ("rate_corner_hz", "Hz", "choice", "low-pass of the rate"),
    ("hole_s", "s", "choice", "a longer hole in the data abandons the rep"),
)
_LESS = "45 to 60° are asked for, and beginners do less"
_STEP = "it is shallow itself: what tells a step is that it is quick"
_LIFT = "the foot is lifted onto the step without load, and quickly"
FINDER_ROWS = (
    *(Criterion(n, float(getattr(_P, n)), unit, source, why) for n, unit, source, why in _FINDER),
    Criterion("least_rom_deg", 25.0, "°", "A28", _LESS, "single_leg_squat"),
    Criterion(
        "least_rom_deg", 25.0, "°", "C9", "a step of 10 cm bends it by some 40°", "step_down"
    ),
    Criterion("step_bend_deg", 15.0, "°", "choice", _STEP, "single_leg_squat"),
    Criterion("step_bend_deg", 15.0, "°", "choice", _STEP, "step_down"),
    Criterion("step_cycle_s", 1.2, "s", "choice", "slow by itself", "single_leg_squat"),
    Criterion("step_cycle_s", 1.2, "s", "choice", "slow by itself", "step_down"),
    Criterion("longest_s", 15.0, "s", "choice", "balance is found first", "single_leg_squat"),
    Criterion("longest_s", 30.0, "s", "choice", "one may stay seated for a while", "sit_to_stand"),
    Criterion("shortest_half_s", 0.25, "s", "choice", _LIFT, "step_up"),
)


def params_of(movement: str) -> Params:
    """What the finder of a movement's reps goes by."""
    params = Params()
    for row in FINDER_ROWS:
        if row.movement == movement:
            setattr(params, row.name, row.value)
    return params


def all_criteria() -> tuple[Criterion, ...]:
    """The whole table."""
    return (*_ROWS, *FINDER_ROWS)
