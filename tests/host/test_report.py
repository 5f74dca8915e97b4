"""The report: right numbers in right words, one file that needs nothing else."""

import dataclasses
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from rich.console import Console

from kneetrack.cli.bigtype import big
from kneetrack.cli.measure_columns import print_measures
from kneetrack.cli.table import summary
from kneetrack.cli.view import rep_bar, rep_line
from kneetrack.detection import LegResult, Reference
from kneetrack.report import words
from kneetrack.report.figures import POINTS, thinned
from kneetrack.report.html import render
from kneetrack.report.model import (
    Series,
    SessionReport,
    along_reference,
    conclusion,
    leg_report,
    mean_rep,
)
from kneetrack.samples import Channel, Doubt, Gap, Phase, Rep, RepSet, Side, Verdict

REFERENCE = Reference(
    valgus_down_deg=tuple(0.1 * degrees for degrees in range(20, 100, 2)),
    valgus_up_deg=tuple(0.2 * degrees for degrees in range(20, 100, 2)),
    rotation_down_deg=(0.0,) * 40,
    rotation_up_deg=(0.0,) * 40,
    source="functional",
    reps=5,
    sem_deg=0.7,
    spread_deg=0.4,
)


def rep(index: int, own_deg: float | None, verdict: Verdict | None, **other: object) -> Rep:
    return dataclasses.replace(
        Rep(
            index=index,
            set=1,
            is_reference=False,
            start_s=10.0 + 4.0 * index,
            end_s=13.0 + 4.0 * index,
            peak_flexion_deg=88.4,
            valgus_excursion_deg=own_deg,
            own_excursion_deg=own_deg,
            own_excursion_sigma_deg=0.6,
            peak_valgus_deg=7.1,
            flexion_at_peak_deg=72.0,
            phase_at_peak=Phase.ASCENDING,
            time_over_threshold_s=0.4,
            rotation_excursion_deg=-3.2,
            medial_displacement_cm=1.2,
            descent_s=1.4,
            bottom_s=0.2,
            ascent_s=1.4,
            verdict=verdict,
        ),
        **other,  # type: ignore[arg-type]
    )


REPS = (
    rep(1, 0.2, None, is_reference=True),
    rep(2, -0.04, Verdict.IN_RANGE),
    rep(3, 10.3, Verdict.MOVED_INWARD_LARGE),
    rep(4, 6.4, Verdict.MOVED_INWARD),
    rep(5, None, Verdict.DOUBTFUL, doubt=(Doubt.OUTSIDE_REFERENCE, Doubt.GAP)),
)
SETS = (RepSet(1, 10.0, 34.0, 0.8, 0.5, Verdict.IN_RANGE),)
GAPS = (Gap(Channel.MEASUREMENT, 30.0, 30.5, 52, "lost on the air"),)


def squat_series() -> Series:
    time_s = np.arange(0.0, 40.0, 1 / 104)
    flexion, valgus = np.zeros_like(time_s), np.zeros_like(time_s)
    for each in REPS:
        inside = (time_s >= each.start_s) & (time_s <= each.end_s)
        part = (time_s[inside] - each.start_s) / (each.end_s - each.start_s)
        flexion[inside] = 90.0 * np.sin(np.pi * part) ** 2
        valgus[inside] = 5.0 * np.sin(np.pi * part)
    return Series(time_s, flexion, valgus, np.full_like(time_s, 0.8))


def a_report() -> SessionReport:
    result = LegResult(Side.LEFT, "single_leg_squat", REPS, SETS, REFERENCE, GAPS, ())
    return SessionReport(
        title="Single leg squat, left leg",
        facts=(("Athlete", "<Änne & co>"),),
        legs=(leg_report(result, squat_series(), "B"),),
        warnings=("The thigh strap slipped at 12.0 s.",),
        versions={"kneetrack": "0.1.0"},
    )


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.tags: list[str] = []
        self.references: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.references += [v or "" for k, v in attrs if k in ("src", "href", "xlink:href")]

    def handle_data(self, data: str) -> None:
        if data.strip() and self.tags[-1] != "style":
            self.texts.append(" ".join(data.split()))


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(render(a_report()))


def test_the_report_is_one_file_that_needs_nothing_else(page: Page) -> None:
    assert "script" not in page.tags and "link" not in page.tags and "img" not in page.tags
    assert all(reference.startswith("#") for reference in page.references)
    assert page.tags.count("svg") == 3


def test_the_report_says_what_was_measured_and_how_sure_it_is(page: Page) -> None:
    text = " ".join(page.texts)
    assert "<Änne & co>" in text, "names are escaped, not dropped"
    assert "grade B" in text and "5 reps, the squats of the calibration" in text
    assert "+10.3 ± 0.6" in text and "moved much inward" in text
    assert "doubtful (deeper than your reference reps, samples are missing)" in text
    assert "30.0–30.5 s: 52 samples missing (lost on the air)." in text
    assert "+0.8 ± 0.5°" in text
    assert words.SIGNS in text and words.HONESTY in text


def test_no_text_of_ours_judges_or_diagnoses() -> None:
    banned = re.compile(r"\b(fault|risk|safe|bad|injur\w*|diagnos\w*|collapse|unsafe)\b", re.I)
    own_words = [
        words.LEGEND, words.SIGNS, words.HONESTY, *words.VERDICTS.values(), *words.DOUBTS.values(),
        *words.SHORT_VERDICTS.values(), conclusion(REPS), *map(rep_line, REPS),
    ]  # fmt: skip
    for text in [*own_words, *Page(render(a_report())).texts]:
        assert not banned.search(text), text


def test_the_same_report_is_the_same_bytes() -> None:
    assert render(a_report()) == render(a_report())


def test_a_report_without_reps_or_calibration_is_still_a_report() -> None:
    empty = Series(np.zeros(0), np.zeros(0), np.zeros(0), np.zeros(0))
    result = LegResult(Side.RIGHT, "squat", (), (), None, (), ())
    report = SessionReport("Nothing", (), (leg_report(result, empty, "none"),))
    text = " ".join(Page(render(report)).texts)
    assert "No rep was compared with a reference." in text
    assert "none: absolute angles mean little" in text


def test_the_reference_is_looked_up_down_to_the_bottom_and_up_after_it() -> None:
    flexion = np.array([10.0, 30.0, 60.0, 90.0, 60.0, 30.0, 10.0])
    expected = along_reference(flexion, REFERENCE)
    assert np.isnan(expected[[0, -1]]).all(), "no value above 20 deg of flexion"
    assert expected[1:4] == pytest.approx([3.0, 6.0, 9.0])
    assert expected[4:6] == pytest.approx([12.0, 6.0])


def test_the_mean_rep_is_the_mean_of_the_reps_on_a_common_axis() -> None:
    mean = mean_rep(REPS[1:], squat_series(), REFERENCE)
    assert mean is not None and mean.count == 4
    assert mean.flexion_deg[50] == pytest.approx(90.0, abs=0.1)
    assert mean.valgus_deg[25] == pytest.approx(5.0 * np.sin(np.pi / 4), abs=0.05)
    assert float(mean.valgus_sd_deg.max()) < 0.1, "equal reps do not scatter"


def test_a_long_recording_is_drawn_with_its_extremes_and_few_points() -> None:
    count = 200_000
    valgus = np.zeros(count)
    valgus[123_456] = 17.0
    drawn = thinned(Series(np.arange(count) / 104, np.zeros(count), valgus, np.zeros(count)))
    assert len(drawn.time_s) <= POINTS + 2
    assert drawn.valgus_deg.max() == 17.0
    assert (np.diff(drawn.time_s) > 0).all()


@pytest.mark.parametrize("width", [80, 120])
def test_the_rep_table_fits_the_terminal_and_says_the_same_without_colour(width: int) -> None:
    console = Console(width=width, color_system=None, record=True, file=None, quiet=True)
    with console.capture() as captured:
        console.quiet = False
        console.print(summary(REPS, SETS, width=width, given_deg=[0, 0, 10, 6.5, 0]))
    text = captured.get()
    assert all(len(line) <= width for line in text.splitlines())
    assert "…" not in text, "nothing is cut off"
    third = next(line for line in text.splitlines() if line.strip().startswith("4 "))
    assert ">> moved much inward" in third or ">> moved much" in third
    assert "+10.0" in third and "+10.3 ± 0.6" in third


@pytest.mark.parametrize("width", [60, 80, 110])
def test_every_measure_fits_the_terminal_under_its_whole_name(width: int) -> None:
    console = Console(width=width, color_system=None)
    names = ("knee_in_at_15pct_cm", "knee_in_at_30deg_percent", "descent_s", "smoothness_up",
             "thigh_rotation_excursion_deg", "tilt_ratio", "shank_lean_deg", "tremor_ratio",
             "start_flexion_deg", "area_over_threshold_deg_times_s")  # fmt: skip
    measured = [dataclasses.replace(one, measures=dict.fromkeys(names, 1.0)) for one in REPS]
    with console.capture() as captured:
        print_measures(console, measured, ())
    text = captured.get()
    assert all(len(line) <= width for line in text.splitlines())
    assert "…" not in text, "nothing is cut off"


def test_of_two_legs_one_tells_the_legend() -> None:
    console = Console(width=80, color_system=None)
    with console.capture() as captured:
        for legend in (False, True):
            console.print(summary(REPS, SETS, width=80, legend=legend))
    assert captured.get().count("not to an ideal knee") == 1


@pytest.mark.parametrize("width", [40, 50, 60, 70])
def test_a_narrow_terminal_keeps_the_verdict_readable(width: int) -> None:
    console = Console(width=width, color_system=None)
    with console.capture() as captured:
        console.print(summary(REPS, SETS, width=width))
    lines = captured.get().splitlines()
    assert all(len(line) <= width for line in lines)
    third = next(line for line in lines if line.strip().startswith("4 "))
    assert ">> moved much" in third and "+10.3 ± 0.6" in third


def test_a_small_negative_number_is_not_minus_zero() -> None:
    assert words.signed(-0.04) == "+0.0"
    assert words.signed(None) == "–"


def test_the_bar_goes_inward_to_the_right_and_shows_the_limits() -> None:
    inward = rep_bar(REPS[3], half=15).plain
    outward = rep_bar(rep(6, -6.0, Verdict.MOVED_OUTWARD), half=15).plain
    assert inward.index("┼") < inward.rindex("━")
    assert outward.index("━") < outward.index("┼")
    assert inward.count("│") + inward.count("┃") == 2


def test_big_numbers_are_three_lines_of_equal_width() -> None:
    lines = big("-12.3°").split("\n")
    assert len(lines) == 3 and len({len(line) for line in lines}) == 1


def test_what_is_described_is_not_said_to_be_compared() -> None:
    landing = rep(0, None, None)
    assert words.mark(landing) == "·" and words.short_verdict(landing) == "described"
    assert words.legend([landing]) == words.DESCRIBED
    saturated = dataclasses.replace(landing, doubt=(Doubt.SATURATION,))
    assert words.short_verdict(saturated) == "sensor limit"
    assert words.legend([landing, rep(1, 0.0, Verdict.IN_RANGE)]) == words.LEGEND
