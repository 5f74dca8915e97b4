"""A leg's calibration from recorded sample pairs: the windows that say what happens, or without.

    table       both IMUs lie still              -> the gyroscopes' zero
    stand       standing still, knees straight   -> the long axes
    functional  slow squats, knees over the toes -> the medio-lateral axes, crosstalk refinement

Each part may be missing or poor. Then the best there is takes its place, a warning says what was
lacking, and the grade says what the whole rests on (kneetrack.calibration.store). In `kneetrack
calibrate` a gate that fails has its step repeated instead (kneetrack.calibration.procedure).

Crosstalk is refined on functional squats only, and only up to 10 deg: where the axis comes from the
set itself, valgus that goes along with flexion may be the wearer's own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from kneecore import alignment, gates, vector, wire
from kneecore.calibration import Calibration
from kneecore.calibration_angles import CROSSTALK_MOST, CalibrationAngles
from kneecore.gates import Gate
from kneecore.stillness import Stillness
from kneetrack.analysis.angles import PAIR_S, knee_samples
from kneetrack.analysis.axes import Rates, other_axes, shank_is_opposite, shank_turns_along
from kneetrack.analysis.connection import Shaken
from kneetrack.analysis.rotations import halfway
from kneetrack.analysis.stance import Stance, find_stance
from kneetrack.analysis.windows import tables
from kneetrack.analysis.zero import heading_drift, learnt_zeros
from kneetrack.calibration.store import CalibrationFile, GateResult, as_on_the_band, gate_words
from kneetrack.errors import CalibrationError
from kneetrack.samples import KneeSample, Side, Vector, Window
from kneetrack.traces.reader import BoolArray, FloatArray, Trace
from kneetrack.traces.resample import onto_grid

BENDING = ("squat", "single_leg_squat", "lunge", "step_down", "sit_to_stand", "drop_jump")
"""Exercises in which the knee bends from standing and straightens again."""
ZERO_SD_DEG_S = 1.0
"""A window that moves more than this doesn't tell a gyroscope's zero at all."""
SHORTEST_ZERO_S = 2.0
LEAN_SHARE = 0.5
"""A shank axis off about the long axis is a heading error in the stance: sin(lean) of it is valgus,
and a shank leans about so much of sin(flexion)."""
OWN_SHARE = 0.7
"""What refining takes off is as likely the person's as the axis': so much of it stays uncertain."""
OWN_DEG = 5.0
_DEG = 180.0 / math.pi


def from_trace(
    trace: Trace, *, refine: bool | None = None, zeros: tuple[Vector, Vector] | None = None
) -> CalibrationFile:
    """The calibration of a trace by its windows, else from its set. See `from_pairs`."""
    times, rows = onto_grid(trace)
    return from_pairs(
        times, rows, trace.side, trace.windows, exercise=trace.exercise, refine=refine, zeros=zeros
    )


def from_pairs(
    times: FloatArray,
    rows: FloatArray,
    side: Side,
    windows: tuple[Window, ...],
    *,
    exercise: str = "squat",
    refine: bool | None = None,
    zeros: tuple[Vector, Vector] | None = None,
) -> CalibrationFile:
    """The calibration from pairs on the band's grid: `times` (n,), `rows` (n, 12) in SI.

    `refine` None: refine the crosstalk where functional squats allow it; False: never; True: also
    on the reps of the set (to compare only). `zeros` (thigh, shank; rad/s) are those of an earlier
    table, used where no window shows this one's. Raises CalibrationError where no axis can be told.
    """
    work = _Work(times, rows, side, windows, exercise)
    thigh_bias, shank_bias = work.bias(zeros)
    work.take_off(thigh_bias, shank_bias)
    thigh_up, shank_up = work.gravity()
    movement = work.movement(thigh_up, shank_up)
    try:
        found = alignment.aligned(movement)
    except ValueError as error:
        raise CalibrationError(
            f"No knee axis can be told from this recording: {error}. It should hold at least three "
            "squats, or whatever bends the knee."
        ) from None
    work.note_axis(found, movement)
    if work.rests_on["bias"] == "movement":
        drift = work.drift(work.plain(found))
        shank_bias = vector.added(shank_bias, vector.scaled(shank_up, drift))
        work.rows[:, 6:9] -= vector.scaled(shank_up, drift)
    reps = work.reps(work.plain(found))
    squats = work.functional and work.bends
    if shank_turns_along(reps.rates) if squats else work.shank_is_opposite(reps):
        found = alignment.with_opposite_shank(found)
        reps = work.reps(work.plain(found))
    others = other_axes(reps.rates)
    shank_sigma = math.hypot(found.shank_sigma_rad, others.shank_apart_rad)
    found.axis_sigma_rad = math.hypot(
        found.axis_sigma_rad, others.thigh_apart_rad, LEAN_SHARE * shank_sigma
    )
    crosstalk = work.crosstalk(reps)
    epsilon, refined_by = crosstalk.epsilon(), None
    if refine is None:
        refine = work.functional and abs(epsilon) <= CROSSTALK_MOST
    if refine:
        found = alignment.refined(found, epsilon)
        refined_by = epsilon * _DEG
        found.axis_sigma_rad = math.hypot(found.axis_sigma_rad, OWN_SHARE * epsilon)
        if work.functional and abs(refined_by) >= OWN_DEG:
            work.lower(
                "B",
                f"{abs(refined_by):.0f}° of valgus that goes along with flexion in the squats were "
                "taken off, as of a tilted axis. They may as well be your own: absolute valgus is "
                "uncertain by as much, what is compared with your reference is not.",
            )
    calibration = work.plain(found)
    calibration.thigh_gyr_bias, calibration.shank_gyr_bias = thigh_bias, shank_bias
    return CalibrationFile(
        calibration=as_on_the_band(calibration),
        grade=work.grade,
        rests_on=dict(work.rests_on),
        gates=tuple(GateResult.of(gate) for gate in work.gates),
        crosstalk_deg=refined_by,
        shank_axis_sigma_deg=shank_sigma * _DEG,
        axes_apart_deg={"thigh": others.thigh_deg, "shank": others.shank_deg},
        warnings=tuple(work.warnings),
    )


@dataclass
class _Work:
    """One calibration on its way: what was found so far, and what it lacked."""

    times: FloatArray
    rows: FloatArray
    side: Side
    windows: tuple[Window, ...]
    exercise: str
    grade: str = "A"
    rests_on: dict[str, str] = field(default_factory=dict[str, str])
    gates: list[Gate] = field(default_factory=list[Gate])
    warnings: list[str] = field(default_factory=list[str])
    functional: bool = False

    def _inside(self, kind: str) -> BoolArray:
        """(n,) bool: within any window of that kind."""
        return self._within([window for window in self.windows if window.kind == kind])

    def _within(self, windows: list[Window]) -> BoolArray:
        mask = np.zeros(len(self.times), dtype=np.bool_)
        for window in windows:
            mask |= (self.times >= window.start_s) & (self.times <= window.end_s)
        return mask

    def _still(self, mask: BoolArray) -> tuple[Stillness, Stillness]:
        thigh, shank = Stillness(PAIR_S), Stillness(PAIR_S)
        for row in self.rows[mask].tolist():
            thigh.add(_vector(row, 0), _vector(row, 3))
            shank.add(_vector(row, 6), _vector(row, 9))
        return thigh, shank

    def lower(self, grade: str, warning: str) -> None:
        self.grade = max(self.grade, grade)
        self.warnings.append(warning)

    def _failed(self, checks: list[Gate]) -> str:
        """What failed of the gates, in words for a sentence; keeps all of them."""
        self.gates += checks
        return ", ".join(
            gate_words(gate.name, gate.value, gate.limit) for gate in checks if not gate.passed
        )

    def bias(self, earlier: tuple[Vector, Vector] | None = None) -> tuple[Vector, Vector]:
        """The gyroscopes' zeros, from the table, else the `earlier` ones, else from standing."""
        opening, _ = tables(self.windows)
        table = self._within([opening] if opening else [])
        if table.sum() * PAIR_S >= 0.5:
            thigh, shank = self._still(table)
            failed = self._failed(
                [
                    *gates.table_gates("thigh", thigh),
                    *gates.table_gates("shank", shank),
                ]
            )
            if max(thigh.gyr_sd, shank.gyr_sd) * _DEG < ZERO_SD_DEG_S:
                self.rests_on["bias"] = "table"
                if failed:
                    self.lower("B", f"The table window was not quite still: {failed}.")
                return thigh.gyr_mean, shank.gyr_mean
            self.lower("B", f"The table window moves, so it gives no gyroscope zero: {failed}.")
        if earlier is not None:
            self.rests_on["bias"] = "earlier table"
            self.lower("B", "No table window: the gyroscopes' zero is that of an earlier table.")
            return earlier
        stand = self._inside("stand")
        if stand.sum() * PAIR_S >= SHORTEST_ZERO_S:
            thigh, shank = self._still(stand)
            moves = max(thigh.gyr_sd, shank.gyr_sd) * _DEG
            tilts = max(thigh.tilt_rad, shank.tilt_rad) * _DEG
            if moves < ZERO_SD_DEG_S and tilts < gates.STAND_TILT_DEG:
                self.rests_on["bias"] = "stand"
                self.lower("B", "No table window: the gyroscopes' zero comes from standing still.")
                return thigh.gyr_mean, shank.gyr_mean
        self.rests_on["bias"] = "movement"
        self.lower(
            "B",
            "No still table or stand window tells the gyroscopes' zero: it comes from the movement "
            "itself, and the heading may drift by some degrees a minute.",
        )
        return learnt_zeros(self.rows)

    def take_off(self, thigh_bias: Vector, shank_bias: Vector) -> None:
        """Take the zeros off the rows that everything else is found from."""
        self.rows = self.rows.copy()
        self.rows[:, 0:3] -= thigh_bias
        self.rows[:, 6:9] -= shank_bias

    def gravity(self) -> tuple[Vector, Vector]:
        """Which way is up in each sensor at the stance."""
        stand = self._inside("stand")
        if stand.sum() * PAIR_S >= 0.5:
            thigh, shank = self._still(stand)
            failed = self._failed(
                [
                    *gates.stand_gates("thigh", thigh),
                    *gates.stand_gates("shank", shank),
                ]
            )
            if not failed:
                self.rests_on["gravity"] = "stand"
                return thigh.up, shank.up
            why = f"The stand window moves: {failed}"
        elif stand.any():
            why = f"The stand window is only {stand.sum() * PAIR_S:.2f} s long"
        else:
            why = "There is no stand window"
        if stand.any():
            found = find_stance(self.times, self.rows, stand, bends=False)
            self.rests_on["gravity"] = "calmest moment of the stand window"
        else:
            found = self._stance()
            self.rests_on["gravity"] = "calmest upright moment"
        self.lower(
            "B",
            f"{why}; the long axes come from the calmest moment, at {found.at_s:.2f} s "
            f"({found.rate_deg_s:.1f} deg/s).",
        )
        return found.thigh_up, found.shank_up

    def _stance(self) -> Stance:
        inside = self._inside("set")
        everywhere = np.ones(len(self.times), dtype=np.bool_)
        return find_stance(
            self.times,
            self.rows,
            inside if inside.any() else everywhere,
            bends=self.exercise in BENDING,
        )

    def _axis_mask(self) -> tuple[BoolArray, str]:
        for kind in ("functional", "reference", "set"):
            mask = self._inside(kind)
            if mask.any():
                return mask, kind
        return np.ones(len(self.times), dtype=np.bool_), "whole recording"

    def movement(self, thigh_up: Vector, shank_up: Vector) -> alignment.Movement:
        """The reps that tell the axes: functional ones, else what there is."""
        mask, kind = self._axis_mask()
        self.rests_on["axis"] = kind
        self.functional = kind == "functional"
        movement = alignment.Movement(thigh_up, shank_up, PAIR_S)
        for row in self.rows[mask].tolist():
            movement.add(_vector(row, 0), _vector(row, 3), _vector(row, 6), _vector(row, 9))
        movement.end()
        return movement

    def note_axis(self, found: alignment.Alignment, movement: alignment.Movement) -> None:
        """Gates and warnings of the axis."""
        checks = [*found.gates, *(movement.bending_gates() if self.bends else ())]
        if self.functional and self.stood:
            checks += movement.strap_gates()
        if self.functional and self.bends:
            checks += movement.wobble_gates()
        failed = self._failed(checks)
        kind = self.rests_on["axis"]
        if self.functional and not self.bends:
            self.lower(
                "B",
                "Only squats show whether the sensors or the legs were exchanged: that was not "
                "checked.",
            )
        if kind == "reference":
            self.lower("B", "No functional squats: the knee axis comes from the reference reps.")
        elif not self.functional:
            self.lower(
                "C",
                "No functional squats: the knee axis comes from the reps themselves, so absolute "
                "valgus is uncertain.",
            )
        if failed:
            self.lower("C", f"The knee axis is not well defined: {failed}.")

    @property
    def bends(self) -> bool:
        """Whether the movement bends the knee from standing, thigh foremost."""
        return self.exercise in BENDING

    @property
    def stood(self) -> bool:
        """Whether the long axes come from a stand that was still."""
        return self.rests_on["gravity"] == "stand"

    def plain(self, found: alignment.Alignment) -> Calibration:
        """`found` as a calibration for the rows, whose zeros are off already."""
        return Calibration(
            int(self.side),
            found.q_thigh_sensor,
            found.q_shank_sensor,
            axis_sigma_rad=found.axis_sigma_rad,
        )

    def drift(self, calibration: Calibration) -> float:
        """How fast (rad/s) the shank's heading runs away from the thigh's; 0 if not known."""
        samples = tuple(knee_samples(self.times, self.rows, calibration))
        return heading_drift(samples, calibration) or 0.0

    def reps(self, calibration: Calibration) -> _Reps:
        """The calibration's own reps through the pipeline, with `calibration` as it is."""
        mask, _ = self._axis_mask()
        inside = np.flatnonzero(mask | self._inside("stand"))
        first, last = int(inside[0]), int(inside[-1]) + 1
        part = slice(first, last)
        samples = tuple(knee_samples(self.times[part], self.rows[part], calibration))
        at = first + wire.KNEE_DIVIDER * np.arange(len(samples))
        kept = [sample for sample, moves in zip(samples, mask[at].tolist(), strict=True) if moves]
        rates = Rates(kept, self.rows[at[mask[at]]], calibration)
        return _Reps(tuple(kept), rates)

    def shank_is_opposite(self, reps: _Reps) -> bool:
        """Whether the joint, for want of a stand, says that the shank faces the other way."""
        if self.stood:
            return False
        mask, _ = self._axis_mask()
        rows, times = self.rows[mask], self.times[mask]
        span = min(len(rows), wire.KNEE_DIVIDER * len(reps.samples))
        rows, times = rows[:span], times[:span]
        q_earth = (halfway(reps.rates.q_thigh)[:span], halfway(reps.rates.q_shank)[:span])
        gyr, acc = (rows[:, 0:3], rows[:, 6:9]), (rows[:, 3:6], rows[:, 9:12])
        opposite = shank_is_opposite(Shaken.of(times, gyr, acc, q_earth), reps.rates)
        if opposite:
            self.lower(
                "C",
                "Nobody stands up straight in this recording, so the zero of the flexion is not "
                "known; which way the shank faces was told from the joint.",
            )
        return bool(opposite)

    def crosstalk(self, reps: _Reps) -> CalibrationAngles:
        """How valgus goes along with flexion in the calibration's own reps; gates and warnings."""
        crosstalk = CalibrationAngles(int(self.side))
        for sample in reps.samples:
            crosstalk.add(
                sample.flexion_deg / _DEG, sample.valgus_deg / _DEG, sample.rotation_deg / _DEG
            )
        if self.functional:
            failed = self._failed(list(crosstalk.crosstalk_gates()))
            if failed:
                self.lower("C", f"Valgus goes along with flexion in the squats: {failed}.")
            failed = self._failed(list(crosstalk.stance_gates()) if self.stood else [])
            if failed:
                self.lower("C", f"The squats and the stand do not go together: {failed}.")
        if self.bends:
            failed = self._failed(list(crosstalk.side_gates()))
            if failed:
                self.lower("C", f"This looks like the other leg: {failed}.")
        return crosstalk


@dataclass(frozen=True, slots=True)
class _Reps:
    """The calibration's own reps: knee samples, and the rates that go with them."""

    samples: tuple[KneeSample, ...]
    rates: Rates


def _vector(row: list[float], at: int) -> Vector:
    return (row[at], row[at + 1], row[at + 2])
