"""A leg's calibrations in a log: the one that it began with, and those made while it ran.

topic `calibration`   the first one of a leg holds from the beginning
                      with `holds`: from_s, reps_from_s, until_s in device time, it holds from
                      from_s on, and the squats between the other two are its reference reps
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from kneetrack.calibration.steps import SQUATS, STAND
from kneetrack.calibration.store import CalibrationFile
from kneetrack.detection import Reference
from kneetrack.detection.realigning import Realignment
from kneetrack.errors import CalibrationError
from kneetrack.samples import Side, Window

HOLDS = "holds"


def to_log(made: CalibrationFile, windows: Sequence[Window]) -> dict[str, Any]:
    """What the log is told of a calibration from these windows, a stand and squats."""
    at = {window.kind: window for window in windows}
    stand, squats = at[STAND.kind], at[SQUATS.step.kind]
    holds = {
        "from_s": stand.start_s,
        "reps_from_s": squats.start_s,
        "until_s": squats.end_s,
    }
    return {**made.to_json(), HOLDS: holds}


def of_log(value: Mapping[str, Any], source: str) -> Realignment:
    """The inverse of `to_log`. Raises CalibrationError, in which `source` names the log."""
    made = CalibrationFile.from_json(dict(value), source)
    try:
        holds = cast("Mapping[str, Any]", value[HOLDS])
        reference = None if made.reference is None else Reference.from_json(made.reference)
        return Realignment(
            float(holds["from_s"]),
            float(holds["reps_from_s"]),
            float(holds["until_s"]),
            made.calibration,
            reference,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CalibrationError(
            f"{source} is damaged where a leg was re-aligned ({error!r}): what was measured after "
            "it can't be told. Leave it out, or record anew."
        ) from None


def first_of(calibrations: Iterable[Mapping[str, Any]], side: Side) -> dict[str, Any] | None:
    """What the leg was recorded with from the beginning; None where the log has none."""
    found = [one for one in calibrations if one.get("side") == side.word and HOLDS not in one]
    return dict(found[-1]) if found else None


def later_of(
    calibrations: Iterable[Mapping[str, Any]], side: Side, source: str
) -> tuple[Realignment, ...]:
    """Those that were made while it ran, in order of time. Raises CalibrationError."""
    found = [one for one in calibrations if one.get("side") == side.word and HOLDS in one]
    return tuple(sorted((of_log(one, source) for one in found), key=lambda one: one.from_s))
