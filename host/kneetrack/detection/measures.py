"""What is measured in every rep that is compared at equal flexion: the whole rep at once (`cut`).

What a movement measures beyond that is in its own file (`movements`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from kneecore.excursion import FROM_DEG, RATE_DEG_S, STEP_DEG
from kneetrack.detection.criteria import SHALLOW_DEG
from kneetrack.detection.cut import PERIOD_S, Cut, Floats, resampled
from kneetrack.samples import Phase

GRID_DEG: Floats = np.arange(FROM_DEG, 160.1, STEP_DEG)
_BOTTOM_S = 0.15  # around the deepest point: phase `bottom` (biomechanics C5)
_BOTTOM_SHARE = 0.05  # of the range of motion: what counts as staying down, for the tempo


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """One rep, measured. Arrays run over its samples, evenly spaced, from start to end.

    `down` and `up` hold the rep as curves over flexion: valgus, rotation (deg) and time since the
    deepest point (s) in rows, GRID_DEG in columns, NaN where the rep did not come.
    """

    start_s: float
    bottom_s: float
    end_s: float
    time_s: Floats
    flexion_deg: Floats
    share_of_descent: Floats
    valgus_deg: Floats
    rotation_deg: Floats
    down: Floats
    up: Floats
    descent_s: float
    at_bottom_s: float
    ascent_s: float
    peak_valgus_deg: float
    medial_displacement_cm: float | None
    saturated: bool
    gap_s: float
    is_shallow: bool
    values: Mapping[str, float | None] = field(default_factory=dict[str, "float | None"])
    """What its movement measures beyond that, by the names in `measure_table`."""

    @property
    def peak_flexion_deg(self) -> float:
        return float(self.flexion_deg.max())

    def phase_at(self, time_s: float) -> Phase:
        """The phase of this rep at an instant within it."""
        if abs(time_s - self.bottom_s) <= _BOTTOM_S:
            return Phase.BOTTOM
        return Phase.DESCENDING if time_s < self.bottom_s else Phase.ASCENDING


def measure(cut: Cut, shallow_deg: float = SHALLOW_DEG) -> Measured:
    """Measure the rep in a cut."""
    inside = cut.inside
    smooth = cut.smooth
    rate = np.empty_like(smooth[0])
    rate[1:-1] = (smooth[0, 2:] - smooth[0, :-2]) / (2.0 * PERIOD_S)
    rate[0], rate[-1] = rate[1], rate[-2]
    rate = rate[inside]
    smooth, time_s = smooth[:, inside], cut.time_s[inside]
    flexion = smooth[0]
    bottom = int(flexion.argmax())
    stays = np.flatnonzero(
        flexion >= flexion[bottom] - _BOTTOM_SHARE * (flexion[bottom] - flexion[0])
    )
    arrived_s, left_s = float(time_s[stays[0]]), float(time_s[stays[-1]])
    rows = np.stack([smooth[1], smooth[2], time_s - time_s[bottom]])
    return Measured(
        start_s=cut.start_s,
        bottom_s=float(time_s[bottom]),
        end_s=cut.end_s,
        time_s=time_s,
        flexion_deg=flexion,
        share_of_descent=np.clip(0.5 + 0.5 * rate / RATE_DEG_S, 0.0, 1.0),
        valgus_deg=smooth[1],
        rotation_deg=smooth[2],
        down=_over_flexion(flexion[: bottom + 1], rows[:, : bottom + 1]),
        up=_over_flexion(flexion[bottom:][::-1], rows[:, bottom:][:, ::-1]),
        descent_s=max(0.0, arrived_s - cut.start_s),
        at_bottom_s=left_s - arrived_s,
        ascent_s=max(0.0, cut.end_s - left_s),
        peak_valgus_deg=float(smooth[1].max()),
        medial_displacement_cm=_medial_cm(cut),
        saturated=cut.saturated,
        gap_s=cut.gap_s,
        is_shallow=bool(flexion[bottom] < shallow_deg),
    )


def _over_flexion(flexion: Floats, rows: Floats) -> Floats:
    """`rows` as functions of flexion on GRID_DEG, where `flexion` goes deeper than ever before."""
    highest = np.maximum.accumulate(flexion)
    deeper = np.concatenate(([True], flexion[1:] > highest[:-1]))
    reached = flexion[deeper]
    curves = resampled(GRID_DEG, reached, rows[:, deeper])
    curves[:, (reached[0] > GRID_DEG) | (reached[-1] < GRID_DEG)] = np.nan
    return curves


def _medial_cm(cut: Cut) -> float | None:
    """How far the knee came inward over the foot since the rep began, at its largest (cm; outward
    negative)."""
    track = medial_track_cm(cut)
    return None if track is None else float(track[np.abs(track).argmax()])


def medial_track_cm(cut: Cut) -> Floats | None:
    """How far the knee is inward over the foot since the rep began, sample by sample of `inside`.

    None without the shank's length and alignment.
    """
    length_m = cut.geometry.shank_length_m
    share = None if length_m is None else medial_share(cut)
    return None if share is None or length_m is None else length_m * 100.0 * share


def medial_share(cut: Cut) -> Floats | None:
    """The same in parts of the shank's length: the sine of its lean to the body's midline, minus
    that at its start; a wide stance alone is no displacement.

    "To the side" is the shank's own mediolateral axis at the start, laid flat (biomechanics A, row
    1). None without the shank's alignment.
    """
    if cut.shank_course is None:
        return None
    lateral = cut.shank_course[:, 1]
    return -int(cut.geometry.side) * (lateral - lateral[0])
