"""Figures of the rep's shape: angles over 0 to 100 % of it, and valgus against flexion."""

# matplotlib's keyword arguments carry no types.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from kneetrack.insight.words import many_of
from kneetrack.report import words
from kneetrack.report.curves import ANGLES, FLEXION, PERCENT, Floats, Matched, MeanCurves
from kneetrack.report.drawing import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    LEAST_RANGE_DEG,
    ORANGE,
    PAIR_IN,
    PURPLE,
    Drawn,
    at_least,
    band,
    colour_of,
    dash_of,
    drawn,
    legend_above,
    panel,
)
from kneetrack.samples import Rep

COLOURS = (BLACK, BLUE, PURPLE)
LABELS = ("flexion, °", "valgus, ° (inward +)", "rotation, ° (internal +)")
MOST_LINES = 60
"""Reps drawn one by one; of more, those with the largest excursions either way."""


def over_rep(curves: MeanCurves, limit_deg: float, one: str = "rep") -> list[Drawn]:
    """Flexion, valgus and rotation over 0 to 100 %: mean and SD, the reference behind."""
    return [_angle(curves, row, limit_deg, one) for row in range(len(ANGLES))]


def valgus_of_set(curves: MeanCurves, limit_deg: float, one: str = "rep") -> Drawn:
    """The valgus alone, for sessions of many sets; its title is written in the figure."""
    return _angle(curves, 1, limit_deg, one, titled=True)


def _angle(
    curves: MeanCurves, row: int, limit_deg: float, one: str, *, titled: bool = False
) -> Drawn:
    name, mean, sd = ANGLES[row], curves.mean[row], np.nan_to_num(curves.sd[row])
    reference = None if curves.reference is None else curves.reference[row]
    with panel() as (figure, axes):
        behind = reference is not None and bool(np.isfinite(reference).any())
        if behind and reference is not None:
            half = limit_deg if name == "valgus" else 0.0
            axes.fill_between(
                PERCENT, reference - half, reference + half, facecolor=GREEN, alpha=0.14,
                edgecolor=GREEN, linewidth=0.6,
            )  # fmt: skip
            label = f"reference ± {limit_deg:.1f}°" if half else "reference"
            axes.plot(PERCENT, reference, color=GREEN, linestyle="--", label=label)
        band(axes, PERCENT, mean, sd, COLOURS[row])
        shown = "mean ± SD" if curves.count > 1 else f"the {one}"
        axes.plot(PERCENT, mean, color=COLOURS[row], label=shown)
        axes.set_ylabel(LABELS[row])
        axes.set_xlabel(f"% of the {one}")
        axes.set_xlim(0, 100)
        at_least(axes, LEAST_RANGE_DEG)
        if titled:
            axes.set_title(f"{curves.title}: {many_of(curves.count, one)}", fontsize=10, loc="left")
        else:
            legend_above(axes)
        return drawn(figure, _told(curves, row, one))


def _told(curves: MeanCurves, row: int, one: str) -> str:
    """The curve's figures as a sentence."""
    mean, sd = curves.mean[row], curves.sd[row]
    if not np.isfinite(mean).any():
        return f"{curves.title}: {ANGLES[row]} over the {one}, not known."
    top = int(np.nanargmax(mean))
    text = (
        f"{curves.title}: mean {ANGLES[row]} of {many_of(curves.count, one)} over 0 to 100 % of "
        f"the {one}. Largest {words.signed(float(mean[top]))}° at {top} %, least "
        f"{words.signed(float(np.nanmin(mean)))}°"
    )
    known: Floats = sd[np.isfinite(sd)]
    spread = float(known.mean())
    return f"{text}; standard deviation {spread:.1f}° on average."


def at_flexion(found: Matched, limit_deg: float) -> list[Drawn]:
    """Valgus against flexion, and what is left of it minus the reference: down and up apart."""
    return [_valgus(found, limit_deg), _excursion(found, limit_deg)]


def _valgus(found: Matched, limit_deg: float) -> Drawn:
    with panel(PAIR_IN, 3.7, top_in=0.5) as (figure, axes):
        low = np.nanmin(found.reference_deg, axis=0, initial=np.inf) - limit_deg
        high = np.nanmax(found.reference_deg, axis=0, initial=-np.inf) + limit_deg
        known = np.isfinite(found.reference_deg).all(axis=0)
        axes.fill_between(
            FLEXION[known], low[known], high[known], facecolor=GREEN, alpha=0.14,
            edgecolor=GREEN, linewidth=0.6, label=f"reference ± {limit_deg:.1f}°",
        )  # fmt: skip
        for way, dash in ((0, "-"), (1, "--")):
            axes.plot(FLEXION, found.reference_deg[way], color=GREEN, linestyle=dash, linewidth=1.2)
            _mean(axes, found.mean.valgus_deg[way], found.sd.valgus_deg[way], way)
        axes.set_ylabel(LABELS[1])
        _flexion_axis(axes, found)
        at_least(axes, LEAST_RANGE_DEG)
        legend_above(axes)
        deepest = FLEXION[known]
        reach = f"{deepest[0]:.0f} to {deepest[-1]:.0f}°" if len(deepest) else "no depth"
        return drawn(
            figure,
            f"Valgus against flexion, mean ± SD of {many_of(found.count, 'rep')}, on the "
            "way down (solid) and up (dashed), over the band of the reference, which is known from "
            f"{reach} of flexion.",
        )


def _excursion(found: Matched, limit_deg: float) -> Drawn:
    """Each rep's valgus minus the reference at the same flexion: what verdicts rest on."""
    with panel(PAIR_IN, 3.7, top_in=0.5) as (figure, axes):
        axes.axhspan(-limit_deg, limit_deg, color=GREEN, alpha=0.1, linewidth=0)
        axes.axhline(0, color=GREY, linewidth=0.8)
        for limit in (-limit_deg, limit_deg):
            axes.axhline(limit, color=GREEN, linestyle="--", linewidth=1)
        shown = most_apart(found)
        for rep, excursion in shown:
            for way in (0, 1):
                axes.plot(
                    FLEXION, excursion[way], color=colour_of(rep), linestyle=dash_of(rep),
                    linewidth=0.9, alpha=0.75,
                )  # fmt: skip
        for way in (0, 1):
            _mean(axes, found.mean.excursion_deg[way], None, way)
        for colour, dash, label in (
            (BLUE, "-", "in range"),
            (ORANGE, "--", "beyond it"),
            (GREY, ":", "doubtful"),
        ):
            if any(colour_of(rep) == colour for rep, _ in shown):
                axes.plot([], [], color=colour, linestyle=dash, linewidth=1, label=label)
        axes.set_ylabel("valgus − reference, °")
        _flexion_axis(axes, found)
        at_least(axes, 3.0 * limit_deg)
        legend_above(axes, 3)
        means = found.mean.excursion_deg
        known = means[np.isfinite(means)]
        largest = float(known[np.argmax(np.abs(known))]) if len(known) else 0.0
        return drawn(
            figure,
            f"Valgus minus the reference at equal flexion, a line a rep ({len(shown)} of them), "
            f"dashed where a rep was judged beyond the range of ± {limit_deg:.1f}°. The mean of "
            f"{many_of(found.count, 'rep')} lies at most {words.signed(largest)}° from it.",
        )


def most_apart(found: Matched) -> list[tuple[Rep, Floats]]:
    """The reps that are drawn one by one: all, or those with the largest excursions."""
    every = [(rep, one.excursion_deg) for rep, one in found.reps if not rep.is_reference]
    if len(every) <= MOST_LINES:
        return every
    reach = [float(np.nanmax(np.abs(curve), initial=0.0)) for _, curve in every]
    chosen = sorted(sorted(range(len(every)), key=lambda at: -reach[at])[:MOST_LINES])
    return [every[at] for at in chosen]


def _mean(axes: Axes, mean: Floats, sd: Floats | None, way: int) -> None:
    if sd is not None:
        band(axes, FLEXION, mean, np.nan_to_num(sd), BLUE if way == 0 else BLACK)
    axes.plot(
        FLEXION, mean, color=BLUE if sd is not None and way == 0 else BLACK,
        linestyle=("-", "--")[way], linewidth=1.8,
        label=("mean, going down", "mean, coming up")[way],
    )  # fmt: skip


def _flexion_axis(axes: Axes, found: Matched) -> None:
    known = np.isfinite(found.mean.valgus_deg).any(axis=0)
    known |= np.isfinite(found.reference_deg).any(axis=0)
    last = FLEXION[known][-1] if known.any() else 90.0
    axes.set_xlim(FLEXION[0], last + 2.0)
    axes.set_xlabel("flexion, °")
