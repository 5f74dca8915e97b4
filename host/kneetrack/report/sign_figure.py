"""The sign conventions as a small figure: three stick legs that say which way is plus.

A right leg, seen from its outer side (flexion), from the front (valgus) and from above (rotation);
of a left leg the last two are the mirror image, and plus stays plus (hardware/FRAMES.md).
"""

# matplotlib's keyword arguments carry no types.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kneetrack.report.drawing import BLACK, BLUE, GREY, Drawn, drawn

_STYLE: dict[Any, Any] = {"svg.fonttype": "none", "svg.hashsalt": "kneetrack", "font.size": 9.5}
Dot = tuple[float, float]


def signs() -> Drawn:
    """Flexion, valgus and rotation, each with its plus."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(7.2, 2.5))
        side, front, above = figure.subplots(1, 3)
        figure.subplots_adjust(left=0.0, right=1.0, bottom=0.02, top=0.9, wspace=0.02)
        _flexion(side)
        _valgus(front)
        _rotation(above)
        for axes in (side, front, above):
            axes.set_aspect("equal")
            axes.set_xlim(-1.4, 1.4)
            axes.set_ylim(-1.35, 1.25)
            axes.axis("off")
        return drawn(
            figure,
            "Three stick figures of a right leg. From the side: flexion is plus when the knee "
            "bends. From the front: valgus is plus when the knee moves inward, toward the other "
            "leg, against the foot. From above: rotation is plus when the toes turn inward.",
        )


def _limb(axes: Axes, *dots: Dot, colour: str = BLACK, dash: str = "-") -> None:
    axes.plot(
        [x for x, _ in dots], [y for _, y in dots], color=colour, linestyle=dash, linewidth=3,
        solid_capstyle="round", marker="o", markersize=6,
    )  # fmt: skip


def _arrow(axes: Axes, start: Dot, end: Dot, curve: float) -> None:
    axes.annotate(
        "", xy=end, xytext=start,
        arrowprops={
            "arrowstyle": "-|>", "color": BLUE, "linewidth": 1.8,
            "connectionstyle": f"arc3,rad={curve}",
        },
    )  # fmt: skip


def _title(axes: Axes, text: str, seen: str) -> None:
    axes.set_title(text, fontsize=10, fontweight="bold", color=BLACK)
    axes.text(0.0, -1.32, seen, ha="center", va="bottom", color="#555555", fontsize=8.5)


def _flexion(axes: Axes) -> None:
    _limb(axes, (-0.1, 1.0), (-0.1, 0.1), (-0.1, -0.9), colour="#BBBBBB", dash="-")
    _limb(axes, (-0.55, 0.75), (0.3, 0.1), (-0.1, -0.85), (0.25, -0.9))
    _arrow(axes, (0.5, 0.85), (0.62, 0.1), -0.35)
    axes.text(0.78, 0.45, "+", color=BLUE, fontsize=16, fontweight="bold", va="center")
    _title(axes, "flexion +: bending", "right leg, from its outer side")


def _valgus(axes: Axes) -> None:
    axes.plot([1.0, 1.0], [-0.95, 0.85], color=GREY, linestyle=":", linewidth=1)
    axes.text(1.0, 1.0, "middle", color="#555555", fontsize=8, ha="center", va="center")
    _limb(axes, (-0.2, 1.0), (-0.2, 0.1), (-0.2, -0.9), colour="#BBBBBB")
    _limb(axes, (-0.2, 1.0), (0.3, 0.1), (-0.2, -0.9))
    _arrow(axes, (-0.15, 0.1), (0.22, 0.1), 0.0)
    axes.text(0.55, 0.1, "+", color=BLUE, fontsize=16, fontweight="bold", va="center", ha="center")
    _title(axes, "valgus +: knee inward", "right leg, from the front")


def _rotation(axes: Axes) -> None:
    axes.plot([-1.0, -1.0], [-0.95, 0.85], color=GREY, linestyle=":", linewidth=1)
    axes.text(-1.0, 1.0, "middle", color="#555555", fontsize=8, ha="center", va="center")
    _limb(axes, (0.2, -0.6), (0.2, 0.75), colour="#BBBBBB")
    _limb(axes, (0.2, -0.6), (-0.35, 0.65))
    _arrow(axes, (0.2, 0.98), (-0.42, 0.86), 0.25)
    axes.text(-0.6, 0.72, "+", color=BLUE, fontsize=16, fontweight="bold", va="center", ha="center")
    _title(axes, "rotation +: toes inward", "right foot, from above")
