"""What is measured in every rep of the squat family beyond `measures`: intrinsic to the rep."""

from __future__ import annotations

import numpy as np

from kneetrack.detection.cut import PERIOD_S, Cut
from kneetrack.detection.measures import Measured


def rep_measures(cut: Cut, measured: Measured) -> dict[str, float | None]:
    """Values by their name in `measure_table`; None where one can't be known."""
    rate = np.gradient(measured.flexion_deg, PERIOD_S)
    return {"peak_flexion_rate_deg_s": float(np.abs(rate).max())}
