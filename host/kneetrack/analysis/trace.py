"""A recorded IMU file to a session: calibrate from it, run it through kneecore, find the reps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from kneetrack.analysis.angles import knee_samples
from kneetrack.analysis.calibrate import from_pairs, from_trace
from kneetrack.analysis.session import LegSession, SessionResult
from kneetrack.calibration.store import CalibrationFile
from kneetrack.detection import Analyzer, Reference
from kneetrack.edits import Edits
from kneetrack.edits import read as read_edits
from kneetrack.errors import CalibrationError
from kneetrack.samples import KneeSample, Quaternion, Side, Vector
from kneetrack.traces import Trace, onto_grid, read_trace


@dataclass(frozen=True, slots=True)
class MeasuredTrace:
    """A trace's calibration and its knee samples (empty where no calibration could be found)."""

    trace: Trace
    calibration: CalibrationFile | None
    samples: tuple[KneeSample, ...]
    warnings: tuple[str, ...]


def measure(
    trace: Trace,
    calibration: CalibrationFile | None = None,
    *,
    refine: bool | None = None,
) -> MeasuredTrace:
    """The knee angles of a trace; without `calibration` by the one that it gives itself.

    Raises CalibrationError where `calibration` is of the other leg.
    """
    times, rows = onto_grid(trace)
    if calibration is None:
        try:
            calibration = from_pairs(
                times, rows, trace.side, trace.windows, exercise=trace.exercise, refine=refine
            )
        except CalibrationError as error:
            return MeasuredTrace(trace, None, (), (str(error),))
    elif calibration.side is not trace.side:
        raise CalibrationError(
            f"The calibration is of the {calibration.side.word} leg, {trace.path.name} of the "
            f"{trace.side.word} one; give the other leg's."
        )
    samples = tuple(knee_samples(times, rows, calibration.calibration, trace.windows))
    return MeasuredTrace(trace, calibration, samples, calibration.warnings)


def calibrate(trace: Trace, *, zeros: tuple[Vector, Vector] | None = None) -> CalibrationFile:
    """The calibration in a trace, with its slow squats as the reference of what follows.

    `zeros` as in `analysis.calibrate.from_pairs`. Raises CalibrationError where there is none.
    """
    made = from_trace(trace, zeros=zeros)
    analyzer = Analyzer(trace.side, trace.exercise, trace.windows)
    analyzer.feed_all(measure(trace, made).samples)
    analyzer.flush()
    reference = analyzer.result().reference
    if reference is None:
        return made
    warnings = (*made.warnings, *reference.remarks)
    return replace(made, reference=reference.to_json(), warnings=warnings)


def analyse_trace(path: Path, *, side: Side | None = None) -> SessionResult:
    """The session in the trace at `path`. Raises TraceError and UsageError."""
    trace, edits = edited_trace(path, side)
    return session_of(measure(trace), edits)


def edited_trace(path: Path, side: Side | None) -> tuple[Trace, Edits]:
    """The trace at `path`, and what was said of it later. Raises as above."""
    trace, edits = read_trace(path, side), read_edits(path)
    return replace(trace, exercise=edits.exercise or trace.exercise), edits


def session_of(measured: MeasuredTrace, edits: Edits | None = None) -> SessionResult:
    """The reps and sets in what was measured, whichever way that was done."""
    edits = Edits() if edits is None else edits
    trace, calibration = measured.trace, measured.calibration
    analyzer = Analyzer(
        trace.side,
        trace.exercise,
        trace.windows,
        reference_of(calibration),
        shank_length_m=trace.shank_length_m,
        alignment=alignment_of(calibration),
        labels=edits.labels_of(trace.side),
    )
    analyzer.feed_all(measured.samples)
    analyzer.flush()
    result = analyzer.result()
    return SessionResult(
        source=trace.path,
        legs=(LegSession(result, calibration, trace.windows),),
        warnings=(*measured.warnings, *edits.remarks, *result.warnings),
        session=edits.over({"exercise": trace.exercise}),
        edits=edits,
    )


def trace_samples(path: Path, *, side: Side | None = None) -> Iterator[KneeSample]:
    """The knee samples of the trace at `path`. Raises CalibrationError where there are none."""
    measured = measure(read_trace(path, side))
    if measured.calibration is None:
        raise CalibrationError(measured.warnings[0])
    yield from measured.samples


def alignment_of(calibration: CalibrationFile | None) -> tuple[Quaternion, Quaternion] | None:
    """How thigh and shank sensor sit on their segments."""
    if calibration is None:
        return None
    return calibration.calibration.q_thigh_sensor, calibration.calibration.q_shank_sensor


def reference_of(calibration: CalibrationFile | None) -> Reference | None:
    """The user's reference that was kept with the calibration, if any.

    Raises CalibrationError where it can't be read.
    """
    if calibration is None or calibration.reference is None:
        return None
    try:
        return Reference.from_json(calibration.reference)
    except ValueError as error:
        raise CalibrationError(
            f"The reference in the calibration is damaged ({error}); calibrate anew with: "
            "kneetrack calibrate."
        ) from None
