"""Tables in the terminal: what belongs to every width, and to two legs."""

from __future__ import annotations

import pytest
from rich.console import Console

from kneetrack.cli.measure_columns import measures_asked, print_measures
from kneetrack.cli.table import last_with_reps, summary
from kneetrack.detection import LegResult
from kneetrack.errors import UsageError
from kneetrack.samples import Rep, RepSet, Side, Verdict

NAMES = (
    "knee_in_at_15pct_cm", "knee_in_at_30deg_percent", "descent_s", "smoothness_up",
    "thigh_rotation_excursion_deg", "tilt_ratio", "shank_lean_deg", "tremor_ratio",
    "start_flexion_deg", "area_over_threshold_deg_times_s",
)  # fmt: skip


def rep(index: int, own: float = 1.0, in_set: int = 0) -> Rep:
    return Rep(
        index=index, set=in_set, is_reference=in_set < 0, start_s=4.0 * index,
        end_s=4.0 * index + 2.6, peak_flexion_deg=95.0, descent_s=1.0, bottom_s=0.2, ascent_s=1.4,
        peak_valgus_deg=own, flexion_at_peak_deg=90.0, phase_at_peak=None,
        valgus_excursion_deg=own, rotation_excursion_deg=-1.5, medial_displacement_cm=0.4,
        time_over_threshold_s=0.0, own_excursion_deg=own, own_excursion_sigma_deg=0.6,
        verdict=None if in_set < 0 else Verdict.IN_RANGE, doubt=(),
        measures=dict.fromkeys(NAMES, 1.0),
    )  # fmt: skip


REPS = [rep(k, float(k)) for k in range(4)]
SETS = [RepSet(0, 0.0, 20.0, 0.3, 0.4, Verdict.IN_RANGE)]


def printed(width: int, asked: str) -> str:
    console = Console(width=width, color_system=None)
    with console.capture() as captured:
        print_measures(console, REPS, measures_asked(asked) or ())
    return captured.get()


@pytest.mark.parametrize("width", [60, 80, 110])
def test_every_measure_fits_the_terminal_under_its_whole_name(width: int) -> None:
    text = printed(width, "all")
    assert all(len(line) <= width for line in text.splitlines())
    assert "…" not in text, "nothing is cut off"


def test_what_is_asked_for_by_its_name_may_be_any_value_of_a_rep() -> None:
    assert "rep time: From the rep's start to its end." in printed(80, "duration_s")
    rotation = printed(80, "shank")
    assert rotation.count("-1.5") == len(REPS), "the knee's rotation, with its sign"
    with pytest.raises(UsageError, match="There is no measure"):
        measures_asked("no_such")


def test_of_two_legs_one_tells_the_legend() -> None:
    console = Console(width=80, color_system=None)
    with console.capture() as captured:
        for legend in (False, True):
            console.print(summary(REPS, SETS, width=80, legend=legend))
    assert captured.get().count("not to an ideal knee") == 1
    legs = [LegResult(Side.RIGHT, "squat", tuple(reps), (), None, (), ()) for reps in (REPS, [])]
    assert [last_with_reps(legs), last_with_reps(legs[::-1]), last_with_reps([])] == [0, 1, 0]


def test_a_reference_rep_is_in_no_set() -> None:
    console = Console(width=80, color_system=None)
    with console.capture() as captured:
        console.print(summary([rep(0, in_set=-1), *REPS], SETS, width=80))
    first, second = [line.split() for line in captured.get().splitlines() if " 95 " in line][:2]
    assert first[1] == "–"
    assert second[1] == "1"
