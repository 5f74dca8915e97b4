"""Sessions of a simulated leg whose calibration is of no concern: it is known, and not played.

A simulated leg that `record` knows no calibration of is led through the movements of one first:
some 40 seconds of the band, and several of a processor. Its own is what it was made with: how the
sensors are mounted. What only the movements tell (the zeros of the gyroscopes, how the person
stands) it lacks.
"""

from __future__ import annotations

from pathlib import Path

from kneecore.calibration import Calibration
from kneetrack.calibration.store import CalibrationFile, as_on_the_band
from kneetrack.samples import Side
from sim import scenarios

AT_ONCE = "functional=0&table=0&stand=2"
"""Options: the leg wears the band already, and begins with its set."""


def calibration_of(scenario: str, folder: Path) -> Path:
    """A file for `--calibration`, for `sim:SCENARIO`."""
    made = scenarios.make_from_address(scenario)
    side = Side.from_word(made.info["side"])
    worn = Calibration(side, *made.source.mountings)
    path = folder / f"worn_already_{side.word}.json"
    CalibrationFile(as_on_the_band(worn), "B", {"bias": "table"}).save(path)
    return path
