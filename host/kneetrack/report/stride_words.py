"""What may be said of many strides together, and what not, as sentences."""

from __future__ import annotations

from kneetrack.detection.criteria import IMPLAUSIBLE_DEG, LEAST_STRIDES
from kneetrack.insight.strides import Spread, Strides
from kneetrack.report import words
from kneetrack.samples import Doubt


def sentences(whole: Strides) -> list[str]:
    """What may be said of these strides, and what not."""
    told: list[str] = []
    if whole.apart:
        kinds = ", ".join(f"{_reason(why)} {count}" for why, count in whole.apart)
        left = whole.found - whole.counted
        those = "1 stride is" if left == 1 else f"{left} strides are"
        told.append(f"{those} listed and not counted: {kinds}.")
    if whole.is_implausible:
        told.append(
            f"The valgus is {IMPLAUSIBLE_DEG:.0f}° or more throughout, beyond any knee's: the "
            "sensors' axes are not known. Calibrate with the straps as they are; times are right."
        )
    elif whole.is_enough:
        known = [_mean_of(whole.of(name)) for name in ("peak_valgus_deg", "valgus_excursion_deg")]
        sigma = whole.of("peak_valgus_sigma_deg")
        same = "some degrees" if sigma is None else f"± {sigma.median:.1f}°"
        told.append(
            f"Averages of {whole.counted} strides: valgus in stance {known[0]}, inward from "
            f"contact {known[1]} (± one standard error of the average). How the straps sit and "
            f"the skin moves is the same in all of them and adds {same}: less is not told apart in "
            "one person."
        )
    else:
        told.append(
            f"{whole.counted} steady strides: angles are told as averages of {LEAST_STRIDES} and "
            "more. Walk on to have them; the times above hold."
        )
    return told


def _mean_of(one: Spread | None) -> str:
    if one is None:
        return "not known"
    return f"{words.signed(one.mean)}°" + ("" if one.sem is None else f" ± {one.sem:.1f}°")


def _reason(why: Doubt | str) -> str:
    return words.SHORT_DOUBTS[why] if isinstance(why, Doubt) else why
