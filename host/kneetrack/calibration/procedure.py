"""The guided calibration as a table of steps and a machine that walks through it: pairs in, events
out, with no link, no clock and no person in here. What drives it is what the IMUs measure alone, so
it is the same for a band on a leg, a simulated one, and a recording played by the firmware.

    step        wants                                     gives
    table       both IMUs still for 5 s                   the gyroscopes' zeros
    strap       both turned about, then calm              the IMUs are on the leg
    stand       standing still for 4 s                    the long axes
    functional  five slow squats (or leg swings)          the medio-lateral axes

A step that is spoilt says why and goes on waiting; nobody has to press anything. When the last one
is over (`Measured`), whoever drives the machine has the calibration derived from the windows and
hands it in (`judged`). Where its gates pass, that is the end (`Accepted`). Where one fails, the
table REPEATS says which step is done again (`Repeated`): at most TRIES times, then `Refused`.

The events are for showing; whoever came late finds everything in `step`, `steps` and `reading`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from kneecore import gates
from kneecore.alignment import Gate
from kneetrack.calibration.rep_watch import RepsWatch
from kneetrack.calibration.steps import SQUATS, STAND, STRAP, TABLE, Movement, Step
from kneetrack.calibration.store import CalibrationFile, GateResult, figure
from kneetrack.calibration.watches import (
    Counted,
    Disturbed,
    NotUp,
    OtherPose,
    Over,
    Reading,
    Seen,
    StillWatch,
    StrappingWatch,
    TooShallow,
    Watch,
    Zeros,
)
from kneetrack.samples import Gap, ImuPair, Side, Vector, Window

TRIES = 3
TABLE_S = 5.0
STAND_S = 4.0
_NO_ZEROS = ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0))


# What a failed gate has done again, by how its name begins (behind thigh_ or shank_). The first
# row that fits holds. A table passed its gates when it lay there; afterwards it lowers the grade.
_NOTHING, _OTHER_LEG = "nothing", "other leg"
REPEATS = (
    ("table", _NOTHING),
    ("stand", "stand only"),
    ("swap", "strap"),
    ("lean", "strap"),
    ("mirror", _OTHER_LEG),
    ("side", _OTHER_LEG),
    ("turned", "stand"),
    ("strap", "stand"),
    ("wobble", "stand"),  # its strap is tightened
    ("", "functional"),
)
_ORDER = (_OTHER_LEG, "strap", "stand", "stand only", "functional")

_SPOILT = {
    "table_gyr_sd_deg_s": "the {segment}'s sensor turned at {value}°/s, at most {limit}",
    "table_acc_sd_m_s2": "the {segment}'s sensor was shaken by {value} m/s², at most {limit}",
    "table_gyr_change_deg_s": "the zero of the {segment}'s sensor wanders by {value}°/s, at "
    "most {limit}",
    "stand_gyr_rms_deg_s": "the {segment} turned at {value}°/s, at most {limit}",
    "stand_tilt_deg": "the {segment} leaned over by {value}°, at most {limit}",
}


# --- what happens --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Began:
    """A step is now what is wanted."""

    step: Step
    again: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """A step is over, with its window."""

    step: Step
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Noted:
    """Something went not as wanted, or needs saying; the step goes on."""

    text: str


@dataclass(frozen=True, slots=True)
class Rep:
    """One of the wanted reps was done."""

    number: int
    wanted: int
    depth_deg: float


@dataclass(frozen=True, slots=True)
class Measured:
    """All windows are there: derive the calibration and hand it in by `judged`."""

    windows: tuple[Window, ...]


@dataclass(frozen=True, slots=True)
class Repeated:
    """The calibration was not good enough, for these reasons; `tries` are left."""

    reasons: tuple[str, ...]
    step: Step
    tries_left: int


@dataclass(frozen=True, slots=True)
class Accepted:
    """Good enough: it is in the band, and here to be kept."""

    made: CalibrationFile
    person_s: float
    """Time it took the person: from having strapped on to the end of the movements."""


@dataclass(frozen=True, slots=True)
class Refused:
    """There will be no calibration, and why."""

    text: str


Told: TypeAlias = Began | Done | Noted | Rep | Measured | Repeated | Accepted | Refused


# --- the machine ---------------------------------------------------------------------------------


class Procedure:
    """One guided calibration of the leg `side`.

    `table` false begins at the stand: the band is worn already. `zeros` are then those of an
    earlier table (thigh, shank; rad/s, sensor axes), or None: the stand's own means serve.
    """

    def __init__(
        self,
        side: Side,
        movement: Movement = SQUATS,
        *,
        table: bool = True,
        zeros: Zeros | None = None,
    ) -> None:
        self.side = side
        self.movement = movement
        self.steps = (*((TABLE, STRAP) if table else ()), STAND, movement.step)
        self.zeros = zeros
        self.tries = 0
        self.outcome: Accepted | Refused | None = None
        self.waiting_for_judgement = False
        self._ups: tuple[Vector, Vector] = ((0.0, 1.0, 0.0), (0.0, 1.0, 0.0))
        self._stand_zeros = _NO_ZEROS
        self._last_note = ""  # what last stood in the way
        self._refused_for = ""
        self._windows: dict[str, Window] = {}
        self._at = 0
        self._watch: Watch = self._new_watch()
        self._worn_s: float | None = None
        self._now_s = 0.0

    @property
    def step(self) -> Step:
        """What is wanted now, or was last."""
        return self.steps[self._at]

    @property
    def at(self) -> int:
        """The index of `step`; as many as there are when all are done."""
        over = self.waiting_for_judgement or isinstance(self.outcome, Accepted)
        return len(self.steps) if over else self._at

    @property
    def reading(self) -> Reading:
        return self._watch.reading

    @property
    def windows(self) -> tuple[Window, ...]:
        """Of the steps that are done, in order of time."""
        return tuple(sorted(self._windows.values(), key=lambda window: window.start_s))

    def begin(self) -> list[Told]:
        """The first step's event, which no pair brings about."""
        return [Began(self.step)]

    def feed(self, pair: ImuPair) -> list[Told]:
        """The next pair. Ignored while a judgement is awaited and when there is an outcome."""
        if self.waiting_for_judgement or self.outcome is not None:
            return []
        self._now_s = pair.time_s
        if self._worn_s is None and self.steps[0] == STAND:
            self._worn_s = pair.time_s
        seen = self._watch.add(pair)
        if seen is None:
            return []
        told = self._act_on(seen)
        for event in told:
            if isinstance(event, Noted):
                self._last_note = event.text
            elif isinstance(event, Rep | Done):
                self._last_note = ""
        return told

    def lost(self, gap: Gap) -> list[Told]:
        """Samples are missing: what was under way begins anew."""
        if self.waiting_for_judgement or self.outcome is not None:
            return []
        again = self.step != STRAP
        before = self.reading
        self._watch.restart()
        count = f"{gap.count} samples" if gap.count else "Some samples"
        text = f"{count} were lost ({gap.reason})."
        if "air" in gap.reason:
            text += " Bring the computer closer."
        if again and before.reps:
            text += f" The {self.movement.many} are counted anew, from one on."
        elif again and before.still_s:
            text += " The seconds are counted anew."
        return [Noted(text)]

    def judged(self, made: CalibrationFile | str) -> list[Told]:
        """What became of the windows: a calibration with its gates, or why there is none."""
        self.waiting_for_judgement = False
        reasons, repeat = _judgement(made, self.movement)
        if repeat is None and isinstance(made, CalibrationFile):
            worn_s = self._now_s if self._worn_s is None else self._worn_s
            self.outcome = Accepted(made, self._now_s - worn_s)
            return [self.outcome]
        if repeat == _OTHER_LEG:
            other = Side(-self.side).word
            return self._refuse(f"{' '.join(reasons)} If so: kneetrack calibrate --side {other}")
        self.tries += 1
        if self.tries >= TRIES:
            return self._refuse(f"Not good enough after {TRIES} tries: {' '.join(reasons)}")
        step = self._first_of(repeat or "functional")
        self._refused_for = " ".join(reasons)
        return [Repeated(reasons, step, TRIES - self.tries), *self._go_to(step, again=True)]

    def ended(self) -> list[Told]:
        """No more pairs will come: refused, if it has no outcome yet."""
        if self.outcome is not None:
            return []
        why = self._refused_for or self._last_note or f"{self.step.wants} {self.step.how}"
        return self._refuse(
            f'The movement ended before the calibration did, at the step "{self.step.title}": {why}'
        )

    # --- inside ----------------------------------------------------------------------------------

    def _act_on(self, seen: Seen) -> list[Told]:
        match seen:
            case Over(start_s, end_s):
                return self._step_over(start_s, end_s)
            case Disturbed(gates):
                return [Noted(_spoilt(self.step, gates))]
            case Counted(reps, depth_deg):
                return [Rep(reps, self.movement.reps, depth_deg)]
            case TooShallow(depth_deg):
                return [
                    Noted(
                        f"Not counted: that {self.movement.one} bent the knee by "
                        f"{depth_deg:.0f}° only, at least {self.movement.least_deg:.0f}° is "
                        f"wanted. {self.movement.deeper}"
                    )
                ]
            case NotUp():
                return [Noted(f"Stand up fully between the {self.movement.many}.")]
            case OtherPose(thigh_deg, shank_deg):
                segment, value = ("thigh", thigh_deg)
                if shank_deg > thigh_deg:
                    segment, value = ("shank", shank_deg)
                note = Noted(
                    f"You rest in another pose than the one that was taken for standing: the "
                    f"{segment} leans {value:.0f}° from it. So once more: stand tall."
                )
                return [note, *self._go_to(STAND, again=True)]

    def _step_over(self, start_s: float, end_s: float) -> list[Told]:
        step, watch = self.step, self._watch
        if isinstance(watch, StillWatch):
            if step == TABLE:
                self.zeros = watch.means
            else:
                self._ups = (watch.thigh.up, watch.shank.up)
                if self.zeros is None:
                    self._stand_zeros = watch.means
        if step == STRAP:
            self._worn_s = end_s
        else:
            self._windows[step.kind] = Window(step.kind, start_s, end_s)
        told: list[Told] = [Done(step, start_s, end_s)]
        missing = [one for one in self.steps[self._at + 1 :] if one.kind not in self._windows]
        if missing:
            told += self._go_to(missing[0])
            if isinstance(watch, StrappingWatch):
                for pair in watch.latest:
                    self._watch.add(pair)
            return told
        self.waiting_for_judgement = True
        return [*told, Measured(self.windows)]

    def _go_to(self, step: Step, *, again: bool = False) -> list[Told]:
        self._at = self.steps.index(step)
        self._watch = self._new_watch()
        return [Began(step, again)]

    def _first_of(self, repeat: str) -> Step:
        """The step to begin with again; the windows that it makes worthless are forgotten."""
        kinds = {"strap": ("stand", "functional"), "stand": ("stand", "functional")}
        for kind in kinds.get(repeat, ("stand",) if repeat == "stand only" else ("functional",)):
            self._windows.pop(kind, None)
        if repeat == "strap":
            if STRAP not in self.steps:
                self.steps = (STRAP, *self.steps)
            return STRAP
        return self.movement.step if repeat == "functional" else STAND

    def _new_watch(self) -> Watch:
        step = self.step
        if step == TABLE:
            return StillWatch(TABLE_S, gates.table_gates)
        if step == STRAP:
            return StrappingWatch(self.zeros)
        if step == STAND:
            return StillWatch(STAND_S, gates.stand_gates, self.zeros)
        zeros = self.zeros or self._stand_zeros
        return RepsWatch(self.movement.reps, self.movement.least_deg, self._ups, zeros)

    def _refuse(self, text: str) -> list[Told]:
        self.outcome = Refused(text)
        return [self.outcome]


def _judgement(
    made: CalibrationFile | str, movement: Movement
) -> tuple[tuple[str, ...], str | None]:
    """Reasons to repeat, each a sentence or two, and what; None: nothing is wrong."""
    if isinstance(made, str):
        return (made,), "functional"
    failed = [(gate, _repeat(gate)) for gate in made.gates if not gate.passed]
    failed = [(gate, repeat) for gate, repeat in failed if repeat != _NOTHING]
    if not failed:
        return (), None
    first = min((repeat for _, repeat in failed), key=_ORDER.index)
    gates = [gate for gate, repeat in failed if repeat == first]
    if movement.better is not None and first == "functional":
        gates = [replace(gate, remedy=movement.better) for gate in gates]
    # Gates speak of squats, which most people do.
    return tuple(text.replace("squats", movement.many) for text in _sentences(gates)), first


def _repeat(gate: GateResult) -> str:
    name = gate.name.removeprefix("thigh_").removeprefix("shank_")
    return next(repeat for prefix, repeat in REPEATS if name.startswith(prefix))


def _sentences(gates: Sequence[GateResult]) -> tuple[str, ...]:
    """What was found, gate by gate; a remedy that several have is said once, behind the last."""
    found: list[str] = []
    for number, gate in enumerate(gates):
        later = any(other.remedy == gate.remedy for other in gates[number + 1 :])
        sentence = replace(gate, remedy="").sentence.rstrip() if later else gate.sentence
        found.append(sentence[0].upper() + sentence[1:])
    return tuple(found)


def _spoilt(step: Step, gates: Sequence[Gate]) -> str:
    """Why a stretch of stillness was not one: the gate that is farthest beyond its limit."""
    gate = max(gates, key=lambda gate: gate.value / gate.limit)
    segment, _, name = gate.name.partition("_")
    words = _SPOILT.get(name, name.replace("_", " ") + " of the {segment} is {value}, not {limit}")
    what = words.format(
        segment=segment, value=figure(gate.value, gate.limit), limit=f"{gate.limit:g}"
    )
    if step == TABLE:
        return f"It was touched: {what}. Leave it alone for 5 seconds from now."
    return f"You moved: {what}. Stand still, it goes on by itself."
