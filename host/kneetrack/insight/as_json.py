"""The statistics as JSON types, as `analyze --json` prints them under `summary`, `sides`, `advice`.

Values stand by their name in `values.NAMES`; a name that is missing is not known. Slopes are a rep,
with the bounds of their 95 % interval.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kneetrack.insight.advice import Advice
from kneetrack.insight.session import LegSummary
from kneetrack.insight.sets import SetSummary, Tally
from kneetrack.insight.sides import SideDifference

_DECIMALS = 4


def set_json(summary: SetSummary) -> dict[str, Any]:
    """What one set amounts to."""
    return {
        **_tally(summary.tally),
        "medians": _values(summary.medians),
        "rep_to_rep_sd": _values(summary.sds),
        "slopes": {
            name: {
                "per_rep": _rounded(slope.per_rep),
                "low": _rounded(slope.low),
                "high": _rounded(slope.high),
                "reps": slope.reps,
                "told_apart": slope.told_apart,
            }
            for name, slope in summary.slopes.items()
        },
    }


def leg_json(summary: LegSummary) -> dict[str, Any]:
    """What one leg's sets amount to, together."""
    return {
        **_tally(summary.tally),
        "medians": _values(summary.medians),
        "rep_to_rep_sd": _values(summary.sds),
    }


def side_json(found: SideDifference) -> dict[str, Any]:
    """Right against left, of one value."""
    return {
        "name": found.name,
        "right": _rounded(found.right),
        "left": _rounded(found.left),
        "right_minus_left": _rounded(found.difference),
        "mdc95": _rounded(found.mdc),
        "told_apart": found.told_apart,
        "percent": None if found.percent is None else _rounded(found.percent),
        "reps": {"right": found.reps[0], "left": found.reps[1]},
    }


def advice_json(one: Advice) -> dict[str, Any]:
    """One suggestion, with what it rests on."""
    return {
        "rule": one.rule,
        "sentence": one.sentence,
        "facts": list(one.facts),
        "source": one.source,
    }


def _tally(found: Tally) -> dict[str, Any]:
    return {
        "reps": found.reps,
        "judged": found.judged,
        "in_range": found.in_range,
        "share_in_range": None if found.share is None else _rounded(found.share),
        "moved_inward": found.inward,
        "moved_outward": found.outward,
        "doubtful": found.doubtful,
        "reference_reps": found.references,
        "left_out": found.left_out,
        "longest_streak": found.streak,
    }


def _values(values: Mapping[str, float]) -> dict[str, float]:
    return {name: _rounded(value) for name, value in values.items()}


def _rounded(value: float) -> float:
    return round(value, _DECIMALS) + 0.0
