"""What `kneetrack validate --json` prints. Unknown is null, never NaN; deg and s as the keys say.

format, versions, warnings
source, reference, side, exercise, offline
lag_s                 the reference tells at time_s + lag_s what the source tells at time_s
lag_correlation       of both flexions there; null where no lag was sought
rmse                  variant -> raw | minus_mean | same_axes -> angle_deg, and samples; the
                      variants are as_analysed, and of a trace crosstalk_off and crosstalk_on
samples               of the source in the sets, with a reference or without
covered               angle -> share of these samples for which the reference tells it
reps_covered          reps of which it tells the flexion of 80 % or more
agreement             angle -> null where the reference doesn't tell it, else
  samples, rmse_deg, bias_deg, sd_deg       of ours minus the reference over the sets
  cmc, cmc_reps                             mean over the reps that have one, and how many have
                                                (0 where there are no reps: of all as one cycle)
  limits_of_agreement                       bias_deg, lower_deg, upper_deg, within_sd_deg,
                                            between_sd_deg, groups (reps, with the pauses
                                            next to them), samples: the same as above
reps                  one object a rep: index, set, start_s, end_s, is_reference, covered (the
                      share of its samples whose flexion the reference tells); then for
                      peak_flexion, valgus_excursion, matched_excursion: NAME_deg,
                      NAME_reference_deg, NAME_error_deg; rmse, cmc and cmc_minus_mean:
                          angle -> number
rep_errors            the same names -> reps, bias_deg, sd_deg, rmse_deg over all reps
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kneecore import __version__, wire
from kneetrack.analysis import agreement
from kneetrack.analysis.agreement import Difference, Limits
from kneetrack.analysis.axis_fit import ANGLES
from kneetrack.analysis.rep_agreement import Pair, RepAgreement
from kneetrack.analysis.validate import AngleAgreement, Validation

FORMAT = 1
PER_REP = ("peak_flexion", "valgus_excursion", "matched_excursion")


def to_json(found: Validation) -> dict[str, Any]:
    """See the head of this file."""
    return {
        "format": FORMAT,
        "source": str(found.source),
        "reference": str(found.reference),
        "side": found.side.word,
        "exercise": found.exercise,
        "offline": found.offline,
        "lag_s": round(found.lag.lag_s, 5) if found.lag else 0.0,
        "lag_correlation": round(found.lag.correlation, 5) if found.lag else None,
        "samples": found.samples,
        "covered": {name: round(share, 4) for name, share in found.covered.items()},
        "reps_covered": found.reps_covered,
        "rmse": {name: one.to_json() for name, one in found.errors.items()},
        "agreement": {name: _angle(one) for name, one in found.angles.items()},
        "reps": [_rep(one) for one in found.reps],
        "rep_errors": {name: _over_reps(over_reps(found.reps, name)) for name in PER_REP},
        "warnings": list(found.warnings),
        "versions": {
            "kneetrack": __version__,
            "protocol": ".".join(str(part) for part in wire.PROTOCOL_VERSION),
        },
    }


def over_reps(reps: Sequence[RepAgreement], name: str) -> Difference | None:
    """One of PER_REP over all reps that have it; None for fewer than two."""
    pairs: list[Pair] = [pair for one in reps if (pair := getattr(one, name)) is not None]
    ours = np.array([pair.ours for pair in pairs], dtype=np.float64)
    theirs = np.array([pair.reference for pair in pairs], dtype=np.float64)
    return agreement.difference(ours, theirs)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _angle(one: AngleAgreement | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return {
        "samples": one.overall.samples,
        "rmse_deg": _rounded(one.overall.rmse),
        "bias_deg": _rounded(one.overall.bias),
        "sd_deg": _rounded(one.overall.sd),
        "cmc": _rounded(one.cmc),
        "cmc_reps": one.cmc_reps,
        "cmc_minus_mean": _rounded(one.cmc_minus_mean),
        "limits_of_agreement": _limits(one.limits),
    }


def _limits(limits: Limits | None) -> dict[str, Any] | None:
    if limits is None:
        return None
    return {
        "bias_deg": _rounded(limits.bias),
        "lower_deg": _rounded(limits.lower),
        "upper_deg": _rounded(limits.upper),
        "within_sd_deg": _rounded(limits.within_sd),
        "between_sd_deg": _rounded(limits.between_sd),
        "groups": limits.groups,
        "samples": limits.samples,
    }


def _rep(one: RepAgreement) -> dict[str, Any]:
    told: dict[str, Any] = {
        "index": one.rep.index,
        "set": one.rep.set,
        "is_reference": one.rep.is_reference,
        "start_s": round(one.rep.start_s, 4),
        "end_s": round(one.rep.end_s, 4),
        "covered": round(one.covered, 4),
    }
    for name in PER_REP:
        pair: Pair | None = getattr(one, name)
        told[f"{name}_deg"] = _rounded(pair.ours) if pair else None
        told[f"{name}_reference_deg"] = _rounded(pair.reference) if pair else None
        told[f"{name}_error_deg"] = _rounded(pair.error) if pair else None
    told["rmse"] = {
        f"{name}_deg": _rounded(value) for name, value in zip(ANGLES, one.rmse, strict=True)
    }
    told["cmc"] = {name: _rounded(value) for name, value in zip(ANGLES, one.cmc, strict=True)}
    told["cmc_minus_mean"] = {
        name: _rounded(value) for name, value in zip(ANGLES, one.cmc_minus_mean, strict=True)
    }
    return told


def _over_reps(one: Difference | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return {
        "reps": one.samples,
        "bias_deg": _rounded(one.bias),
        "sd_deg": _rounded(one.sd),
        "rmse_deg": _rounded(one.rmse),
    }
