#!/usr/bin/env python3
"""Draws the figure of hardware/FRAMES.md: hardware/frames.svg.

    python tools/gen_frames_figure.py [--out FILE]

Nothing in it is drawn by hand: the legs are posed by `kneecore.joint.compose`, with the angles that
the panels name, and projected. So where the code's signs are wrong, the figure is.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kneecore import joint
from kneecore import quaternion as qt

OUT = Path(__file__).resolve().parents[1] / "hardware" / "frames.svg"
STYLE: dict[Any, Any] = {"svg.fonttype": "none", "svg.hashsalt": "kneetrack", "font.size": 9}

THIGH_M, SHANK_M, FOOT_M, HALF_HIP_M = 0.42, 0.40, 0.2, 0.12
SIDES = {"right": 1, "left": -1}
BLACK, GREY, BLUE = "#222222", "#c4c4c4", "#0072b2"
AXES = {"x": ("#d55e00", (1, 0, 0)), "y": ("#009e73", (0, 1, 0)), "z": (BLUE, (0, 0, 1))}

Vector = np.ndarray[Any, np.dtype[np.float64]]
View = Callable[[Vector], tuple[float, float]]
IDENTITY = (1.0, 0.0, 0.0, 0.0)

# World: x forward, y up, z to the person's right. Each view gives (right, up) on the page.
from_front: View = lambda p: (-p[2], p[1])  # noqa: E731
from_above: View = lambda p: (p[2], p[0])  # noqa: E731
from_right: View = lambda p: (p[0], p[1])  # noqa: E731
from_left: View = lambda p: (-p[0], p[1])  # noqa: E731


def oblique(p: Vector) -> tuple[float, float]:
    """From the front, a little from above and from the person's right."""
    a, b = math.radians(35.0), math.radians(18.0)
    across = -p[2] * math.cos(a) + p[0] * math.sin(a)
    away = p[0] * math.cos(a) + p[2] * math.sin(a)
    return across, p[1] * math.cos(b) - away * math.sin(b)


class Leg:
    """Hip, knee, ankle and toe in the world, and both segments' turns, of a posed leg."""

    def __init__(
        self,
        side: int,
        flexion: float = 0.0,
        valgus: float = 0.0,
        rotation: float = 0.0,
        apart_m: float = 2 * HALF_HIP_M,
    ) -> None:
        degrees = (math.radians(a) for a in (flexion, valgus, rotation))
        between = joint.compose(*degrees, side)
        # Shared out so that foot and hip stay about where they are in standing.
        lean = qt.from_axis_angle((0.0, 0.0, 1.0), -math.radians(0.35 * flexion))
        inward = qt.from_axis_angle((1.0, 0.0, 0.0), -side * math.radians(0.5 * valgus))
        self.shank = qt.multiply(lean, inward)
        if rotation:  # standing upright, the thigh looks ahead
            self.shank = between
        self.thigh = qt.multiply(self.shank, qt.conjugate(between))
        self.ankle = np.array([0.0, 0.0, 0.5 * side * apart_m])
        self.knee = self.ankle + SHANK_M * self._turned(self.shank, (0, 1, 0))
        self.hip = self.knee + THIGH_M * self._turned(self.thigh, (0, 1, 0))
        ahead = self._turned(self.shank, (1, 0, 0)) * [1.0, 0.0, 1.0]
        self.toe = self.ankle + FOOT_M * ahead / np.linalg.norm(ahead)

    @staticmethod
    def _turned(q: tuple[float, ...], v: tuple[int, ...]) -> Vector:
        return np.array(qt.rotate(q, tuple(float(c) for c in v)))

    def axis(self, segment: str, v: tuple[int, ...]) -> Vector:
        return self._turned(getattr(self, segment), v)


def limb(axes: Axes, view: View, leg: Leg, colour: str, width: float = 3.0) -> None:
    spots = [view(p) for p in (leg.hip, leg.knee, leg.ankle, leg.toe)]
    xs, ys = zip(*spots, strict=True)
    axes.plot(
        xs, ys, color=colour, linewidth=width, solid_capstyle="round", solid_joinstyle="round"
    )
    axes.plot(*spots[1], "o", color=colour, markersize=2.2 * width)


def arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], curve: float) -> None:
    looks = {"arrowstyle": "-|>", "color": BLUE, "linewidth": 1.6, "shrinkA": 0, "shrinkB": 0}
    looks["connectionstyle"] = f"arc3,rad={curve}"
    axes.annotate("", xy=end, xytext=start, arrowprops=looks)


def plus(axes: Axes, at: tuple[float, float]) -> None:
    axes.text(*at, "+", color=BLUE, fontsize=15, fontweight="bold", ha="center", va="center")


def frames(axes: Axes) -> None:
    """Both legs standing, with the axes of their four segments."""
    for name, side in SIDES.items():
        leg = Leg(side, apart_m=0.4)
        limb(axes, oblique, leg, GREY)
        for segment, low, high in (("thigh", leg.knee, leg.hip), ("shank", leg.ankle, leg.knee)):
            origin = 0.45 * low + 0.55 * high
            for letter, (colour, v) in AXES.items():
                tip = origin + 0.13 * leg.axis(segment, v)
                looks = {"arrowstyle": "-|>", "color": colour, "linewidth": 1.5, "shrinkA": 0}
                axes.annotate("", xy=oblique(tip), xytext=oblique(origin), arrowprops=looks)
                label = oblique(origin + 0.165 * leg.axis(segment, v))
                axes.text(*label, letter, color=colour, ha="center", va="center")
                axes.update_datalim([label])
        axes.text(oblique(leg.ankle)[0], -0.2, f"{name} leg", ha="center", color=BLACK)


def flexion(axes: Axes) -> None:
    for view, side in ((from_right, 1), (from_left, -1)):
        shift = -0.32 * side

        def shifted(p: Vector, view: View = view, shift: float = shift) -> tuple[float, float]:
            return view(p)[0] + shift, view(p)[1]

        bent = Leg(side, flexion=70.0)
        limb(axes, shifted, Leg(side), GREY)
        limb(axes, shifted, bent, BLACK)
        x, y = shifted(Leg(side).knee)
        arrow(axes, (x + side * 0.03, y + 0.17), (x + side * 0.16, y + 0.05), -side * 0.3)
        plus(axes, (x + side * 0.17, y + 0.16))
        word = "right leg, seen\nfrom its right" if side > 0 else "left leg, seen\nfrom its left"
        axes.text(shift + side * 0.04, -0.04, word, ha="center", va="top", color=BLACK)


def valgus(axes: Axes) -> None:
    for name, side in SIDES.items():
        moved = Leg(side, valgus=24.0)
        limb(axes, from_front, Leg(side), GREY)
        limb(axes, from_front, moved, BLACK)
        x, y = from_front(Leg(side).knee)
        to = from_front(moved.knee)
        arrow(axes, (x - side * 0.1, y + 0.0), (to[0] - side * 0.07, to[1]), 0.0)
        plus(axes, (x - side * 0.15, y))
        axes.text(x, -0.04, f"{name} leg", ha="center", va="top", color=BLACK)


def rotation(axes: Axes) -> None:
    for name, side in SIDES.items():
        still, moved = Leg(side, apart_m=0.4), Leg(side, rotation=28.0, apart_m=0.4)
        for leg, colour in ((still, GREY), (moved, BLACK)):
            (x0, y0), (x1, y1) = from_above(leg.ankle), from_above(leg.toe)
            axes.plot([x0, x1], [y0, y1], color=colour, linewidth=6.0, solid_capstyle="round")
        start, end = from_above(still.toe), from_above(moved.toe)
        arrow(axes, (start[0], start[1] + 0.04), (end[0], end[1] + 0.05), side * 0.25)
        plus(axes, (0.5 * (start[0] + end[0]), start[1] + 0.1))
        axes.text(0.86 * x0, -0.09, f"{name} foot", ha="center", color=BLACK)
    axes.text(0.0, 0.02, "↑\nahead", ha="center", va="bottom", color="#555555", linespacing=0.9)


PANELS = (
    (frames, "x ahead, y up, z to the right", "from the front, obliquely"),
    (flexion, "flexion +: the knee bends", "from the leg's outer side"),
    (valgus, "valgus +: the knee goes in", "from the front"),
    (rotation, "rotation +: the toes turn in", "from above"),
)


def drawn() -> Figure:
    figure = Figure(figsize=(10.4, 4.0))
    shares = {"width_ratios": (1.0, 1.45, 1.0, 1.15)}
    for axes, (draw, title, seen) in zip(
        figure.subplots(1, len(PANELS), gridspec_kw=shares), PANELS, strict=True
    ):
        draw(axes)
        place = {"transform": axes.transAxes, "ha": "center"}
        axes.text(0.5, 1.11, title, fontsize=9.5, fontweight="bold", color=BLACK, **place)
        axes.text(0.5, 1.04, seen, color="#555555", **place)
        axes.margins(0.08, 0.03)
        axes.set_aspect("equal", adjustable="datalim")
        axes.axis("off")
    figure.subplots_adjust(left=0.01, right=0.99, bottom=0.13, top=0.84, wspace=0.05)
    return figure


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=OUT)
    out = parser.parse_args().out
    with mpl.rc_context(STYLE):
        metadata = {"Date": None} if out.suffix == ".svg" else None
        drawn().savefig(out, facecolor="white", metadata=metadata, dpi=110)
    print(out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
