"""The figure of `kneetrack validate`: two measurements of a knee, side by side, for a paper.

A row an angle. Left the curves over time, below them their difference with the bias and the limits
of agreement; in the middle the mean rep of both with one standard deviation; right Bland and
Altman's plot, whose points are the samples of the sets, thinned and marked by the nearest rep. Bias
and limits are those of the table, of the same samples.

It is 180 mm wide, two columns of a journal, and speaks through dashes and marks as well as colours
(Okabe and Ito's), so that it survives a printer.
"""

# matplotlib's keyword arguments carry no types.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from matplotlib.ticker import MaxNLocator

from kneetrack.analysis.agreement import Limits
from kneetrack.analysis.rep_agreement import PERCENT, nearest_rep
from kneetrack.analysis.validate import AngleAgreement, Validation
from kneetrack.errors import InputError
from kneetrack.report.model import Floats

DOTS_PER_INCH = 300
OURS, THEIRS, APART, GREY = "#0072B2", "#222222", "#D55E00", "#8A8A8A"
MARKS = "os^Dv<>Pp*Xh"
POINTS = 600  # of a Bland-Altman panel
WIDTH_IN, ROW_IN = 7.1, 2.15
MARGIN_S = 1.0

_LABELS = ("flexion", "valgus", "internal rotation")
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "kneetrack",
    "pdf.fonttype": 42,
    "font.family": ["sans-serif"],
    "font.size": 7,
    "axes.titlesize": 7.5,
    "axes.labelsize": 7,
    "legend.fontsize": 6.5,
    "lines.linewidth": 0.9,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.grid": True,
    "grid.color": "#ECECEC",
    "grid.linewidth": 0.5,
    "axes.axisbelow": True,
}


def save(found: Validation, out: Path) -> None:
    """Draw `found` into `out`, as .png, .svg or .pdf, whichever its name tells.

    The same figure is the same bytes. Raises InputError where `out` can't be written.
    """
    kind = out.suffix.lower().lstrip(".")
    undated: dict[str, dict[str, Any]] = {
        "svg": {"Date": None, "Creator": None},
        "pdf": {"CreationDate": None, "Producer": None, "Creator": None},
        "png": {"Software": None},
    }
    into = io.BytesIO()
    with mpl.rc_context(_STYLE):
        drawn(found).savefig(into, format=kind, dpi=DOTS_PER_INCH, metadata=undated[kind])
    try:
        out.write_bytes(into.getvalue())
    except OSError as error:
        raise InputError(
            f"{out} can't be written: {error.strerror or error}. Choose another place."
        ) from error


def drawn(found: Validation) -> Figure:
    """The figure itself."""
    shown = [k for k, angle in enumerate(found.angles.values()) if angle is not None]
    figure = Figure(figsize=(WIDTH_IN, 0.55 + ROW_IN * len(shown)), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.04, h_pad=0.02, hspace=0.03, wspace=0.03)  # pyright: ignore[reportOptionalMemberAccess, reportCallIssue]
    columns = (2.3, 1.0, 1.35) if found.reps else (2.6, 1.35)
    grid = GridSpec(
        2 * len(shown),
        len(columns),
        figure=figure,
        width_ratios=columns,
        height_ratios=[2.2, 1.0] * len(shown),
    )
    first: Axes | None = None
    for row, k in enumerate(shown):
        curves = figure.add_subplot(grid[2 * row, 0], sharex=first)
        apart = figure.add_subplot(grid[2 * row + 1, 0], sharex=curves)
        first = first or curves
        angle = found.angles[list(found.angles)[k]]
        assert angle is not None
        _over_time(curves, apart, found, k, angle)
        if found.reps:
            _mean_rep(figure.add_subplot(grid[2 * row : 2 * row + 2, 1]), found, k)
        _bland_altman(figure.add_subplot(grid[2 * row : 2 * row + 2, -1]), found, k, angle)
        if row < len(shown) - 1:
            apart.tick_params(labelbottom=False)
        curves.tick_params(labelbottom=False)
    _finish(figure, found)
    return figure


def _over_time(curves: Axes, apart: Axes, found: Validation, k: int, angle: AngleAgreement) -> None:
    series = found.series
    shown = series.scored & np.isfinite(series.theirs).any(axis=1)
    edge = series.time_s[shown]
    inside = (series.time_s >= edge[0] - MARGIN_S) & (series.time_s <= edge[-1] + MARGIN_S)
    times = series.time_s[inside]
    curves.plot(times, series.theirs[inside, k], color=THEIRS, label="reference")
    curves.plot(
        times, series.ours[inside, k], color=OURS, linestyle=(0, (4, 1.2)), label="KneeTrack"
    )
    curves.set_ylabel(f"{_LABELS[k]}, °")
    difference = series.ours[inside, k] - series.theirs[inside, k]
    limits = angle.limits
    if limits is not None:
        apart.axhspan(limits.lower, limits.upper, color=APART, alpha=0.13, linewidth=0)
        apart.axhline(limits.bias, color=APART, linewidth=0.8, linestyle="--")
    apart.axhline(0.0, color=GREY, linewidth=0.6)
    apart.plot(
        times, difference, color=APART, label="difference, with bias and limits of agreement"
    )
    apart.set_ylabel("diff., °")
    apart.yaxis.set_major_locator(MaxNLocator(3))
    for axes in (curves, apart):
        for one in found.reps:
            axes.axvspan(one.rep.start_s, one.rep.end_s, color=GREY, alpha=0.10, linewidth=0)
    curves.set_xlim(float(times[0]), float(times[-1]))


def _mean_rep(axes: Axes, found: Validation, k: int) -> None:
    for curves, colour, dashes, name in (
        (np.array([one.theirs[:, k] for one in found.reps]), THEIRS, "-", "reference"),
        (np.array([one.ours[:, k] for one in found.reps]), OURS, (0, (4, 1.2)), "KneeTrack"),
    ):
        mean, sd = _mean_and_sd(curves)
        axes.fill_between(PERCENT, mean - sd, mean + sd, color=colour, alpha=0.16, linewidth=0)
        axes.plot(PERCENT, mean, color=colour, linestyle=dashes, label=name)
    axes.set_xlim(0, 100)
    axes.set_xticks([0, 50, 100])


def _mean_and_sd(curves: Floats) -> tuple[Floats, Floats]:
    """Over reps, by the reps that are known at each percent."""
    count = np.isfinite(curves).sum(axis=0)
    mean = np.where(count > 0, np.nansum(curves, axis=0) / np.maximum(count, 1), np.nan)
    squares = np.nansum((curves - mean) ** 2, axis=0)
    return mean, np.sqrt(squares / np.maximum(count - 1, 1))


def _bland_altman(axes: Axes, found: Validation, k: int, angle: AngleAgreement) -> None:
    series = found.series
    shown = series.scored & np.isfinite(series.theirs[:, k])
    step = max(1, round(shown.sum() / POINTS))
    at, ours, theirs = series.time_s[shown], series.ours[shown, k], series.theirs[shown, k]
    at, ours, theirs = at[::step], ours[::step], theirs[::step]
    nearest = nearest_rep(at, found.reps)
    for index in range(max(1, len(found.reps))):
        mine = nearest == index
        axes.plot(
            0.5 * (ours + theirs)[mine],
            (ours - theirs)[mine],
            linestyle="none",
            marker=MARKS[index % len(MARKS)],
            markersize=2.0,
            markerfacecolor="none",
            markeredgecolor=OURS,
            markeredgewidth=0.4,
            alpha=0.75,
        )
    if angle.limits is not None:
        _limit_lines(axes, angle.limits)
    axes.set_ylabel("KneeTrack − reference, °")


def _limit_lines(axes: Axes, limits: Limits) -> None:
    low, high = axes.get_ylim()
    reach = max(high, limits.upper) - min(low, limits.lower)
    axes.set_ylim(min(low, limits.lower - 0.12 * reach), max(high, limits.upper + 0.12 * reach))
    for value, dashes, text in (
        (limits.upper, ":", f"+1.96 SD\n{signed(limits.upper)}"),
        (limits.bias, "--", f"bias\n{signed(limits.bias)}"),
        (limits.lower, ":", f"−1.96 SD\n{signed(limits.lower)}"),
    ):
        axes.axhline(value, color=APART, linewidth=0.9, linestyle=dashes)
        axes.annotate(
            text,
            (1.0, value),
            xycoords=("axes fraction", "data"),
            xytext=(2, 0),
            textcoords="offset points",
            ha="left",
            va="center",
            fontsize=6,
            color=APART,
            annotation_clip=False,
        )


def signed(value: float) -> str:
    """Degrees as the figure has them."""
    return f"{value:+.1f}°".replace("-", "−")


def _finish(figure: Figure, found: Validation) -> None:
    """Titles above, labels below, one legend."""
    panels = figure.axes
    each = 4 if found.reps else 3
    heads = ["over time"] + (["mean rep ± SD"] if found.reps else []) + ["agreement"]
    feet = ["time, s"] + (["% of rep"] if found.reps else []) + ["mean of both, °"]
    last = len(panels) - each
    top = [panels[0], *panels[2:each]]
    bottom = [panels[last + 1], *panels[last + 2 :]]
    for letter, axes, head in zip("abc", top, heads, strict=False):
        axes.set_title(f"{letter}  {head}", loc="left", fontweight="bold")
    for axes, foot in zip(bottom, feet, strict=True):
        axes.set_xlabel(foot)
    handles, labels = panels[0].get_legend_handles_labels()
    more = panels[1].get_legend_handles_labels()
    handles, labels = [*handles, *more[0]], [*labels, *more[1]]
    figure.align_ylabels([panel for at, panel in enumerate(panels) if at % each < 2])
    count = len(found.reps)
    reps = f", {count} rep{'' if count == 1 else 's'}" if found.reps else ""
    if found.reps_covered < count:
        reps += f" ({found.reps_covered} with a reference)"
    ahead = found.lag.words if found.lag else ""
    lag = f", reference's clock {ahead}, taken off" if ahead else ""
    figure.legend(
        handles,
        labels,
        loc="outside upper left",
        ncols=3,
        frameon=False,
        title=f"{found.side.word} knee, {found.exercise.replace('_', ' ')}{reps}{lag}",
        alignment="left",
        title_fontsize=7,
    )
