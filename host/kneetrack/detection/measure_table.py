"""Every value that a rep, a set or a session may carry beyond a rep's fixed columns, by name.

One row a measure: what it is called, its unit, how many decimals mean something, which way is
which, and where its definition comes from. Tables, trends, exports and the catalogue go by it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measure:
    """`name` ends in its unit (`_deg`, `_s`, `_cm`, `_percent`); without one, a pure number."""

    name: str
    words: str
    unit: str
    decimals: int
    meaning: str
    """One sentence, with the sign's meaning and the source."""


_ROWS = (
    Measure(
        "peak_valgus_sigma_deg",
        "valgus ±",
        "°",
        1,
        "One standard uncertainty of the absolute valgus where it is largest, as the band "
        "tells it; in gait with what the blows of the steps add (B3).",
    ),
    Measure(
        "area_over_threshold_deg_times_s",
        "area over",
        "°·s",
        2,
        "The own excursion summed up over the time in which it is beyond the threshold, "
        "on the verdict's side (row 1).",
    ),
    Measure(
        "clean_depth_deg",
        "clean depth",
        "°",
        0,
        "The flexion at which the own excursion first goes inward beyond the threshold, "
        "to stay there for 0.1 s; unknown where it never does (row 14).",
    ),
    Measure(
        "valgus_consistency_deg",
        "valgus off",
        "°",
        1,
        "Root mean square of the valgus from the reference at equal flexion: how alike "
        "the rep is to it (row 5).",
    ),
    Measure(
        "rotation_consistency_deg",
        "rotation off",
        "°",
        1,
        "The same of the knee's internal rotation (row 5).",
    ),
    Measure(
        "thigh_rotation_deg",
        "thigh rot.",
        "°",
        0,
        "How far the thigh turned about its own long axis since standing before the rep, "
        "where that is largest, internal +; the skin's own turn is in it (row 2).",
    ),
    Measure(
        "thigh_rotation_excursion_deg",
        "thigh rot. vs ref",
        "°",
        0,
        "That minus the median of the reference reps, internal + (row 2).",
    ),
    Measure(
        "shank_rotation_deg",
        "shank rot.",
        "°",
        0,
        "How far the shank turned about its own long axis since standing before the rep, "
        "where that is largest, internal + (row 3).",
    ),
    Measure(
        "knee_in_percent",
        "knee in",
        "%",
        1,
        "The largest way of the knee inward over the foot, in percent of the shank's "
        "length, outward - (row 4).",
    ),
    Measure(
        "knee_in_at_15pct_cm",
        "knee in at 15 %",
        "cm",
        1,
        "The knee's way inward over the foot at 15 % of the rep's depth on the way down, "
        "in cm, outward - (row 4).",
    ),
    Measure(
        "knee_in_at_15pct_percent",
        "knee in at 15 %",
        "%",
        1,
        "The knee's way inward over the foot at 15 % of the rep's depth on the way down, "
        "in percent of the shank length, outward - (row 4).",
    ),
    Measure(
        "knee_in_at_30deg_cm",
        "knee in at 30°",
        "cm",
        1,
        "The knee's way inward over the foot at 30° of flexion on the way down, in cm, "
        "outward - (row 4).",
    ),
    Measure(
        "knee_in_at_30deg_percent",
        "knee in at 30°",
        "%",
        1,
        "The knee's way inward over the foot at 30° of flexion on the way down, in "
        "percent of the shank length, outward - (row 4).",
    ),
    Measure(
        "knee_in_at_60deg_cm",
        "knee in at 60°",
        "cm",
        1,
        "The knee's way inward over the foot at 60° of flexion on the way down, in cm, "
        "outward - (row 4).",
    ),
    Measure(
        "knee_in_at_60deg_percent",
        "knee in at 60°",
        "%",
        1,
        "The knee's way inward over the foot at 60° of flexion on the way down, in "
        "percent of the shank length, outward - (row 4).",
    ),
    Measure(
        "knee_in_at_bottom_cm",
        "knee in at bottom",
        "cm",
        1,
        "The knee's way inward over the foot at the deepest point, in cm, outward - (row 4).",
    ),
    Measure(
        "knee_in_at_bottom_percent",
        "knee in at bottom",
        "%",
        1,
        "The knee's way inward over the foot at the deepest point, in percent of the "
        "shank length, outward - (row 4).",
    ),
    Measure(
        "shank_lean_deg",
        "shank lean",
        "°",
        0,
        "The largest inclination of the shank from upright, forward + (row 14).",
    ),
    Measure(
        "thigh_tilt_deg",
        "thigh tilt",
        "°",
        0,
        "The inclination of the thigh from upright at the deepest point: 90 is level (row 8).",
    ),
    Measure(
        "tilt_ratio",
        "thigh:shank",
        "",
        1,
        "Thigh tilt by shank lean at the deepest point: a stand-in for how far the body "
        "leans, for there is no sensor on the trunk (row 8).",
    ),
    Measure(
        "start_flexion_deg",
        "from",
        "°",
        0,
        "The knee's flexion where the rep begins.",
    ),
    Measure(
        "peak_flexion_rate_deg_s",
        "peak speed",
        "°/s",
        0,
        "The largest rate of knee flexion in the rep, down or up (row 9).",
    ),
    Measure(
        "descent_rate_deg_s",
        "speed down",
        "°/s",
        0,
        "The largest rate of knee flexion on the way down (row 9).",
    ),
    Measure(
        "ascent_rate_deg_s",
        "speed up",
        "°/s",
        0,
        "The largest rate of knee extension on the way up (row 9).",
    ),
    Measure(
        "smoothness_down",
        "smooth down",
        "",
        2,
        "Spectral arc length (SPARC) of the thigh's angular speed on the way down: -1.4 "
        "is one smooth movement, more bursts are further below (C7).",
    ),
    Measure(
        "smoothness_up",
        "smooth up",
        "",
        2,
        "The same on the way up (C7).",
    ),
    Measure(
        "tremor_deg_s",
        "shaking",
        "°/s",
        1,
        "Root mean square of the segments' angular velocity at 4 to 15 Hz, from half a "
        "second before the deepest point to the end (C7).",
    ),
    Measure(
        "tremor_ratio",
        "shaking vs ref",
        "",
        1,
        "That by the median of the reference reps (C7).",
    ),
    Measure(
        "contact_flexion_deg",
        "bent at contact",
        "°",
        0,
        "The knee's flexion when the foot comes to the ground (C9).",
    ),
    Measure(
        "contact_valgus_deg",
        "valgus at contact",
        "°",
        1,
        "The knee's abduction at that instant, inward + (C9).",
    ),
    Measure(
        "contact_to_deepest_s",
        "to deepest",
        "s",
        2,
        "From the contact to the deepest point of a landing (C9).",
    ),
    Measure(
        "shank_sway_deg",
        "shank sway",
        "°",
        2,
        "Root mean square of the shank's lean to the side about its mean in a hold (row 27).",
    ),
    Measure(
        "thigh_sway_deg",
        "thigh sway",
        "°",
        2,
        "The same of the thigh (row 27).",
    ),
    Measure(
        "valgus_sway_deg",
        "valgus sway",
        "°",
        2,
        "Root mean square of the knee's abduction about its mean in a hold (row 27).",
    ),
    Measure(
        "sway_path_deg_s",
        "sway path",
        "°/s",
        1,
        "How far the shank's tilt travelled in a hold, a second, in any direction (row 27).",
    ),
    Measure(
        "shank_inclination_deg",
        "shank ahead",
        "°",
        1,
        "The shank's tilt from standing in a held lunge, the largest mean over 0.5 s (row 13).",
    ),
    Measure(
        "hold_s",
        "held",
        "s",
        0,
        "How long a hold, or a lunge with its way there, lasted.",
    ),
    Measure(
        "stride_s",
        "stride",
        "s",
        2,
        "From one contact of the foot to its next (C9).",
    ),
    Measure(
        "cadence_per_min",
        "cadence",
        "/min",
        0,
        "Steps in a minute: two in each stride of the leg.",
    ),
    Measure(
        "stance_s",
        "stance",
        "s",
        2,
        "How long the foot is on the ground (C9, Catalfamo 2010).",
    ),
    Measure(
        "stance_percent",
        "stance",
        "%",
        0,
        "That in percent of the stride.",
    ),
    Measure(
        "flight_s",
        "flight",
        "s",
        2,
        "Half a stride without the stance: how long no foot is on the ground, if both legs do "
        "alike; negative where both are (C9).",
    ),
    Measure(
        "loading_flexion_deg",
        "loading",
        "°",
        0,
        "The largest flexion in the first half of stance.",
    ),
    Measure(
        "swing_flexion_deg",
        "swing",
        "°",
        0,
        "The largest flexion while the foot is in the air.",
    ),
    Measure(
        "contact_lean_deg",
        "lean at contact",
        "°",
        0,
        "The shank's lean when the foot comes to the ground, forward +.",
    ),
    Measure(
        "rotation_range_deg",
        "rotation range",
        "°",
        1,
        "Between the least and the largest internal rotation in stance (C9, Gray: 11.5 of the "
        "bones).",
    ),
    Measure(
        "turn_deg",
        "turned",
        "°",
        0,
        "How far the leg heads elsewhere at the stride's end, to the left +.",
    ),
)

MEASURES: dict[str, Measure] = {row.name: row for row in _ROWS}
