"""Both legs in one picture: valgus minus the reference over flexion, and valgus over the rep."""

# matplotlib's keyword arguments carry no types.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kneetrack.report.curves import FLEXION, PERCENT, MeanCurves
from kneetrack.report.drawing import (
    BLUE,
    GREY,
    ORANGE,
    PAIR_IN,
    Drawn,
    at_least,
    band,
    drawn,
    legend_above,
    panel,
)
from kneetrack.report.model import LegReport
from kneetrack.samples import Side

_LOOK = {Side.RIGHT: (BLUE, "-"), Side.LEFT: (ORANGE, "--")}


def both(legs: Sequence[LegReport]) -> list[Drawn]:
    """Two panels where both legs have what they show; fewer, or none, where they have not."""
    if {leg.side for leg in legs} != {Side.RIGHT, Side.LEFT}:
        return []
    found: list[Drawn] = []
    if all(leg.matched is not None for leg in legs):
        found.append(_excursions(legs))
    if all(_whole(leg) is not None for leg in legs):
        found.append(_valgus(legs))
    return found


def _excursions(legs: Sequence[LegReport]) -> Drawn:
    """On the way down: means ± SD of both legs, each against its own reference."""
    with panel(PAIR_IN, 3.5) as (figure, axes):
        axes.axhline(0, color=GREY, linewidth=0.8)
        told: list[str] = []
        for leg in legs:
            if leg.matched is None:
                continue
            colour, dash = _LOOK[leg.side]
            mean, sd = leg.matched.mean.excursion_deg[0], leg.matched.sd.excursion_deg[0]
            band(axes, FLEXION, mean, np.nan_to_num(sd), colour)
            axes.plot(FLEXION, mean, color=colour, linestyle=dash, label=leg.side.word)
            known = mean[np.isfinite(mean)]
            if len(known):
                told.append(f"{leg.side.word} up to {known[np.argmax(np.abs(known))]:+.1f}°")
        axes.set_xlabel("flexion on the way down, °")
        axes.set_ylabel("valgus − own reference, °")
        at_least(axes)
        legend_above(axes)
        return drawn(
            figure,
            "Valgus minus each leg's own reference over flexion on the way down, mean ± SD: "
            f"{', '.join(told)}.",
        )


def _valgus(legs: Sequence[LegReport]) -> Drawn:
    with panel(PAIR_IN, 3.5) as (figure, axes):
        for leg in legs:
            curves = _whole(leg)
            if curves is None:
                continue
            colour, dash = _LOOK[leg.side]
            band(axes, PERCENT, curves.mean[1], np.nan_to_num(curves.sd[1]), colour)
            axes.plot(PERCENT, curves.mean[1], color=colour, linestyle=dash, label=leg.side.word)
        one = legs[0].movement.one
        axes.set_xlabel(f"% of the {one}")
        axes.set_xlim(0, 100)
        axes.set_ylabel("valgus, ° (inward +)")
        at_least(axes)
        legend_above(axes)
        return drawn(
            figure,
            f"Absolute valgus of both legs over 0 to 100 % of the {one}, mean ± SD. Its zero goes "
            "with the straps, so the legs' distance means less than their shapes.",
        )


def _whole(leg: LegReport) -> MeanCurves | None:
    """The curves of all reps together."""
    return leg.together or (leg.curves[0] if leg.curves else None)
