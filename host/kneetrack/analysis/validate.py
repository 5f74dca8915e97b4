"""Knee angles against those of a reference measurement, over the sets and rep by rep.

What is compared with what:

1. The reference's clock is set: its lag against the source is found from flexion (analysis.lag),
   or from a knock in the raw data (analysis.tap), told, and taken off.
2. The reference is read at the source's own sample times; where it has a hole nothing is compared,
   and how much of the sets it covers is told (analysis.reference_checks: what is refused).
3. Over the sets (all of it where no set is known): RMSE, bias and standard deviation, and the
   errors in three ways (analysis.axis_fit). For a trace the latter also with the crosstalk
   refinement off and on.
4. Over the same samples: Bland and Altman's limits of agreement (analysis.agreement). The reps, as
   the product segments the source, are the groups; a sample between two belongs to the nearer one.
   Where there are no reps, as in walking, all samples are one group.
5. In each rep: RMSE, CMC, peak flexion and excursions (analysis.rep_agreement). The CMC of an angle
   is the mean over the reps that have one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kneecore import wire
from kneetrack.analysis import agreement, reference_checks
from kneetrack.analysis.agreement import Difference, Limits
from kneetrack.analysis.axis_fit import ANGLES, Errors, errors
from kneetrack.analysis.calibrate import from_trace
from kneetrack.analysis.lag import Lag, find_lag, lag_at
from kneetrack.analysis.log import log_samples, only_side
from kneetrack.analysis.reference_checks import LEAST_SAMPLES
from kneetrack.analysis.rep_agreement import (
    LEAST_COVERED,
    RepAgreement,
    compare_reps,
    nearest_rep,
    similarity,
)
from kneetrack.analysis.source import is_log
from kneetrack.analysis.tap import TapTold, knock_in
from kneetrack.analysis.trace import MeasuredTrace, measure
from kneetrack.detection import Analyzer
from kneetrack.errors import CalibrationError, InputError, UsageError
from kneetrack.samples import KneeSample, Rep, Side, Window
from kneetrack.sessionlog import read_log
from kneetrack.traces import Trace, read_trace
from kneetrack.traces.reader import BoolArray, FloatArray
from kneetrack.traces.reference import OTHER_SIGNS, ReferenceAngles, read_reference

MAX_LAG_S = 1.0
"""How far clocks that were set together may be apart; more is asked for."""


@dataclass(frozen=True, slots=True)
class AngleAgreement:
    """One angle: `overall` and its `limits` of the same samples, those of the sets.

    `cmc` is the mean over the `cmc_reps` reps in which it is defined (where there are no reps, that
    of all as one cycle); `cmc_minus_mean` the same of curves with their means taken off.
    """

    overall: Difference
    limits: Limits | None
    cmc: float | None
    cmc_reps: int
    cmc_minus_mean: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Both over the source's time: `time_s` (n,), `ours` and `theirs` (n, 3) in deg, NaN in holes.

    `scored` (n,) says which samples lie in a set.
    """

    time_s: FloatArray
    ours: FloatArray
    theirs: FloatArray
    scored: BoolArray


@dataclass(frozen=True, slots=True, eq=False)
class Validation:
    """All that was found. `angles` holds None for an angle that the reference doesn't tell."""

    source: Path
    reference: Path
    side: Side
    exercise: str
    offline: bool
    lag: Lag | None  # None: none was sought
    angles: dict[str, AngleAgreement | None]
    errors: dict[str, Errors]
    reps: tuple[RepAgreement, ...]
    series: Series
    warnings: tuple[str, ...]

    @property
    def samples(self) -> int:
        """Of the source in the sets, with a reference or without."""
        return int(self.series.scored.sum())

    @property
    def covered(self) -> dict[str, float]:
        """angle -> the share of `samples` for which the reference tells it."""
        known = np.isfinite(self.series.theirs[self.series.scored])
        return {name: float(known[:, k].mean()) for k, name in enumerate(ANGLES)}

    @property
    def reps_covered(self) -> int:
        """Reps of which the reference tells LEAST_COVERED or more of the flexion."""
        return sum(one.covered >= LEAST_COVERED for one in self.reps)


@dataclass(frozen=True, slots=True)
class _Source:
    """What was measured: the samples of each variant, "as_analysed" first."""

    side: Side
    exercise: str
    windows: tuple[Window, ...]
    variants: Mapping[str, Sequence[KneeSample]]
    warnings: tuple[str, ...]


def validate(
    source: Path,
    reference: Path,
    *,
    side: Side | None = None,
    signs: Collection[str] = (),
    offline: bool = False,
    max_lag_s: float = MAX_LAG_S,
    tap: TapTold | None = None,
) -> Validation:
    """`source` (log or trace) against the angles in `reference`.

    `signs` name what the reference counts as positive other than KneeTrack
    (traces.reference.OTHER_SIGNS). With `max_lag_s` 0 no lag is sought; with `tap` it is that of a
    knock in the raw data. The keys of `errors`:
    "as_analysed", and for a trace "crosstalk_off" and "crosstalk_on" (refined on the set itself
    where there are no calibration squats, which analysis never does). Raises InputError where the
    two can't be compared, or the source's own errors.
    """
    unknown = sorted(set(signs) - set(OTHER_SIGNS))
    if unknown:
        raise UsageError(
            f"--reference-signs knows {', '.join(OTHER_SIGNS)}, not {', '.join(unknown)}."
        )
    wanted = read_reference(reference, signs)
    measured = (
        _from_log(source, side, offline) if is_log(source) else _from_trace(source, side, offline)
    )
    usable = {name: _usable(samples) for name, samples in measured.variants.items()}
    samples = usable["as_analysed"]
    if len(samples) < LEAST_SAMPLES:
        raise InputError(f"{source} holds hardly any knee angles: {len(samples)} samples.")
    times, ours = _table(samples)
    reference_checks.refuse_sparse(wanted, str(reference), float(times[-1] - times[0]))
    if tap is not None:
        knock = knock_in(source, measured.side, tap.near_s)
        lag = lag_at(times, ours[:, 0], wanted, tap.reference_s - knock.time_s)
    else:
        lag = find_lag(times, ours[:, 0], wanted, max_lag_s) if max_lag_s > 0.0 else None
    lag_s = lag.lag_s if lag else 0.0
    scored = {
        name: _series(table, wanted, lag_s, measured.windows)
        for name, table in ((name, _table(one)) for name, one in usable.items())
    }
    series = scored["as_analysed"]
    compared = np.isfinite(series.theirs[series.scored, 0]).sum()
    if compared < LEAST_SAMPLES:
        raise InputError(
            f"In the sets, {source.name} and {reference.name} have only {compared} samples in "
            "common; check the windows in the sidecar and the holes in the reference."
        )
    reference_checks.refuse_radians(series.ours[:, 0], series.theirs[:, 0], str(reference))
    reps = compare_reps(_reps(measured, samples), samples, wanted, lag_s)
    angles = {name: _angle(k, series, reps) for k, name in enumerate(ANGLES)}
    groups = [one.limits.groups for one in angles.values() if one and one.limits]
    return Validation(
        source=source,
        reference=reference,
        side=measured.side,
        exercise=measured.exercise,
        offline=offline,
        lag=lag,
        angles=angles,
        errors={
            name: errors(one.ours[one.scored], one.theirs[one.scored], measured.side)
            for name, one in scored.items()
        },
        reps=reps,
        series=series,
        warnings=(
            *measured.warnings,
            *reference_checks.doubts(
                lag, series.ours[series.scored], series.theirs[series.scored], wanted
            ),
            *reference_checks.few_reps(groups, len(reps)),
        ),
    )


def _from_log(source: Path, side: Side | None, offline: bool) -> _Source:
    log = read_log(source)
    leg = only_side(log, side)
    if offline:
        from kneetrack.analysis.offline_session import offline_samples  # vqf is an extra

        samples: Sequence[KneeSample] = offline_samples(source, side=leg)
    else:
        samples = list(log_samples(source, side=leg))
    exercise = str(log.session.get("exercise") or "unknown")
    return _Source(leg, exercise, log.windows, {"as_analysed": samples}, ())


def _from_trace(source: Path, side: Side | None, offline: bool) -> _Source:
    trace = read_trace(source, side)
    by = _measured_offline if offline else _measured_online
    analysed = by(trace, None)
    if analysed.calibration is None:
        raise CalibrationError(analysed.warnings[0])
    refined = analysed.calibration.crosstalk_deg is not None
    other = by(trace, not refined)
    variants = {
        "as_analysed": analysed.samples,
        "crosstalk_off": other.samples if refined else analysed.samples,
        "crosstalk_on": analysed.samples if refined else other.samples,
    }
    return _Source(trace.side, trace.exercise, trace.windows, variants, analysed.warnings)


def _measured_online(trace: Trace, refine: bool | None) -> MeasuredTrace:
    return measure(trace, refine=refine)


def _measured_offline(trace: Trace, refine: bool | None) -> MeasuredTrace:
    from kneetrack.analysis.offline import measure_offline

    return measure_offline(trace, from_trace(trace, refine=refine))


def _usable(samples: Sequence[KneeSample]) -> list[KneeSample]:
    return [sample for sample in samples if not sample.flags & wire.FLAG_UNALIGNED]


def _table(samples: Sequence[KneeSample]) -> tuple[FloatArray, FloatArray]:
    """Times (n,) and angles (n, 3)."""
    times = np.array([sample.time_s for sample in samples], dtype=np.float64)
    return times, np.array([sample[2:5] for sample in samples], dtype=np.float64).reshape(-1, 3)


def _series(
    table: tuple[FloatArray, FloatArray],
    reference: ReferenceAngles,
    lag_s: float,
    windows: Sequence[Window],
) -> Series:
    times, ours = table
    return Series(times, ours, reference.at(times + lag_s), in_sets(times, windows))


def in_sets(at: FloatArray, windows: Sequence[Window]) -> BoolArray:
    """(n,) bool: which times lie in a set; all of them where no set is known."""
    sets = [window for window in windows if window.kind == "set"]
    inside = np.full(len(at), not sets, dtype=np.bool_)
    for window in sets:
        inside |= (at >= window.start_s) & (at <= window.end_s)
    return inside


def _reps(source: _Source, samples: Sequence[KneeSample]) -> list[Rep]:
    analyzer = Analyzer(source.side, source.exercise, source.windows)
    analyzer.feed_all(samples)
    analyzer.flush()
    return sorted(analyzer.result().reps, key=lambda rep: rep.start_s)


def _angle(k: int, series: Series, reps: Sequence[RepAgreement]) -> AngleAgreement | None:
    ours, theirs = series.ours[series.scored, k], series.theirs[series.scored, k]
    overall = agreement.difference(ours, theirs)
    if overall is None:
        return None
    apart = ours - theirs
    nearest = nearest_rep(series.time_s[series.scored], reps)
    groups = [apart[nearest == index] for index in range(max(1, len(reps)))]
    each = [one.cmc[k] for one in reps] or [similarity(ours, theirs)]
    centred = [one.cmc_minus_mean[k] for one in reps] or [similarity(ours, theirs, centred=True)]
    return AngleAgreement(
        overall=overall,
        limits=agreement.limits_of_agreement(groups),
        cmc=_mean(each),
        cmc_reps=sum(value is not None for value in each) if reps else 0,
        cmc_minus_mean=_mean(centred),
    )


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
