"""The report: right numbers in right words, one file that needs nothing else."""

import dataclasses
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from command_line import kneetrack
from kept_sessions import Made, make
from kneetrack.cli.bigtype import big
from kneetrack.cli.table import summary
from kneetrack.cli.view import rep_line
from kneetrack.detection import LegResult, Reference
from kneetrack.errors import UsageError
from kneetrack.report import pdf, words
from kneetrack.report.curves import (
    FLEXION,
    PERCENT,
    Series,
    along_reference,
    matched,
    mean_curves,
    on_percent,
)
from kneetrack.report.drawing import COLUMNS, envelope, thinned
from kneetrack.report.html import render
from kneetrack.report.limits import LIMITS
from kneetrack.report.model import SessionReport, conclusion, leg_report, session_report
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
    return Series(time_s, flexion, valgus, 0.1 * flexion, np.full_like(time_s, 0.8))


def a_report() -> SessionReport:
    result = LegResult(Side.LEFT, "single_leg_squat", REPS, SETS, REFERENCE, GAPS, ())
    return SessionReport(
        title="Single leg squat, left leg",
        facts=(("Athlete", "<Änne & co>"),),
        legs=(leg_report(result, squat_series(), [("Calibration", "grade B")]),),
        warnings=("The thigh strap slipped at 12.0 s.",),
        versions={"KneeTrack": "0.1.0"},
    )


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.references: list[str] = []
        self.alts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.references += [v or "" for k, v in attrs if k in ("src", "href", "xlink:href")]
        if tag == "svg":
            self.alts.append(dict(attrs).get("aria-label") or "")

    def handle_data(self, data: str) -> None:
        if data.strip() and self.tags[-1] != "style":
            self.texts.append(" ".join(data.split()))

    @property
    def text(self) -> str:
        return " ".join(self.texts)


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(render(a_report()))


LOST_S = (29.5, 30.3)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both legs: the fifth rep of each further inward, and samples missing in the last but one."""
    return make(
        tmp_path_factory.mktemp("report"),
        "both",
        Made(
            valgus_deg=(0.0, 1.0, 0.5, 0.0, 8.0, 0.5, 0.0),
            sides=(Side.RIGHT, Side.LEFT),
            lost_s=LOST_S,
            about={"note": "after a long week", "rpe": 7, "tags": {"shoes": "flat"}},
        ),
    )


@pytest.fixture(scope="module")
def both(log: Path) -> SessionReport:
    return session_report(log)


@pytest.fixture(scope="module")
def both_page(both: SessionReport) -> str:
    return render(both)


def test_the_report_is_one_file_that_needs_nothing_else(both_page: str) -> None:
    page = Page(both_page)
    assert not {"script", "link", "img", "iframe"} & set(page.tags)
    assert all(reference.startswith("#") for reference in page.references)
    assert "url(http" not in both_page and "@import" not in both_page
    assert len(both_page) < 1_000_000


def test_every_figure_says_in_words_what_it_shows(both_page: str) -> None:
    alts = Page(both_page).alts
    assert len(alts) > 15
    assert all(len(alt) > 60 and alt.endswith(".") for alt in alts)
    told = " ".join(alts)
    for what in (
        "Valgus against flexion",
        "over 0 to 100 %",
        "Own excursion of",
        "Right minus left",
        "stick figures of a right leg",
    ):
        assert what in told


def test_the_report_says_what_was_measured_and_how_sure_it_is(page: Page) -> None:
    text = page.text
    assert "<Änne & co>" in text, "names are escaped, not dropped"
    assert "grade B" in text and "5 reps, the squats of the calibration" in text
    assert "+10.3 ± 0.6" in text and "moved much inward" in text
    assert "deeper than your reference reps, samples are missing" in text
    assert "30.0–30.5 s: 52 samples missing (lost on the air)." in text
    assert "+0.8 ± 0.5°" in text
    assert words.SIGNS in text and words.HONESTY in text
    assert all(one.source in text and one.size in text for one in LIMITS)


def test_one_strapping_to_the_next_is_what_its_bench_printed() -> None:
    readme = (Path(__file__).parents[2] / "tools" / "README.md").read_text()
    (row,) = (line for line in readme.splitlines() if "tools/bench_reliability.py" in line)
    (limit,) = (one for one in LIMITS if one.what.startswith("An excursion at equal flexion"))
    assert f"| {limit.size.split()[0]}," in row


def test_the_report_says_of_a_session_what_the_terminal_says(
    both: SessionReport, both_page: str, log: Path
) -> None:
    """Set lines, left and right, the suggestion: the words of `insight`, from the same values."""
    text = Page(both_page).text
    said = " ".join(kneetrack("analyze", log).stdout.split())
    for leg in both.legs:
        found = leg.summary.sets[0].tally
        assert f"{found.in_range} of {found.judged}" in text
    lines = re.findall(r"(?:Inward|Depth|Rep time): left and right [^)]*\)\.", text)
    assert len(lines) == 3 and all(line in said for line in lines)
    assert "after a long week" in text and "7 of 10" in text and "flat" in text
    assert "Over the set" in text


def test_the_same_log_gives_the_same_bytes(both_page: str, log: Path, tmp_path: Path) -> None:
    out = tmp_path / "r.html"
    assert kneetrack("report", log, "--out", out, "--alone").returncode == 0
    assert out.read_text() == both_page


def test_no_text_of_ours_judges_or_diagnoses(both_page: str) -> None:
    banned = re.compile(r"\b(fault|risk|safe|bad|injur\w*|diagnos\w*|collapse|unsafe)\b", re.I)
    own_words = [
        words.LEGEND, words.SIGNS, words.HONESTY, *words.VERDICTS.values(), *words.DOUBTS.values(),
        *words.SHORT_VERDICTS.values(), conclusion(REPS), *map(rep_line, REPS),
    ]  # fmt: skip
    page = Page(both_page)
    for text in [*own_words, *page.texts, *page.alts]:
        assert not banned.search(text), text


def test_a_report_without_reps_or_calibration_is_still_a_report() -> None:
    empty = Series(*np.zeros((5, 0)))
    result = LegResult(Side.RIGHT, "squat", (), (), None, (), ())
    report = SessionReport(
        "Nothing", (), (leg_report(result, empty),), versions={"KneeTrack": "0.1.0"}
    )
    assert "No rep was found in this recording." in Page(render(report)).text


def test_the_reference_is_looked_up_down_to_the_bottom_and_up_after_it() -> None:
    flexion = np.array([10.0, 30.0, 60.0, 90.0, 60.0, 30.0, 10.0])
    expected = along_reference(flexion, REFERENCE)[1]
    assert np.isnan(expected[[0, -1]]).all(), "no value above 20 deg of flexion"
    assert expected[1:4] == pytest.approx([3.0, 6.0, 9.0])
    assert expected[4:6] == pytest.approx([12.0, 6.0])


def test_the_mean_rep_is_the_mean_of_the_reps_on_a_common_axis() -> None:
    mean = mean_curves(REPS[1:], squat_series(), title="Set 1", reference=REFERENCE)
    assert mean is not None and mean.count == 4
    assert mean.mean[0, 50] == pytest.approx(90.0, abs=0.1)
    assert mean.mean[1, 25] == pytest.approx(5.0 * np.sin(np.pi / 4), abs=0.05)
    assert mean.mean[2, 50] == pytest.approx(9.0, abs=0.1)
    assert float(mean.sd[1].max()) < 0.1, "equal reps do not scatter"


def test_at_equal_flexion_a_rep_lies_off_its_reference_by_what_it_did_more() -> None:
    series = squat_series()
    flexion = np.maximum(series.flexion_deg, 20.0)
    down = np.gradient(series.flexion_deg) > 0.0
    like = REFERENCE.valgus_at(flexion, down.astype(float))
    bent = np.where(series.flexion_deg > 21.0, like + 6.0, like)
    found = matched(REPS[1:4], REPS[1:3], dataclasses.replace(series, valgus_deg=bent), REFERENCE)
    assert found is not None and found.count == 2 and len(found.reps) == 3
    middle = (FLEXION >= 40.0) & (FLEXION <= 70.0)
    assert found.mean.excursion_deg[:, middle] == pytest.approx(6.0, abs=0.5)


def test_nothing_is_drawn_where_samples_are_missing(both: SessionReport) -> None:
    leg = both.legs[0]
    assert len(leg.gaps) == 1
    gap = leg.gaps[0]
    time_s, values = thinned(leg.series.time_s, leg.series.valgus_deg, leg.series.hole_s)
    (hole,) = np.flatnonzero(np.isnan(values))
    assert time_s[hole - 1] == pytest.approx(gap.start_s, abs=0.02)
    assert time_s[hole + 1] == pytest.approx(gap.end_s, abs=0.02)
    (spoilt,) = [rep for rep in leg.reps if Doubt.GAP in rep.doubt]
    rows = on_percent(leg.series.part(spoilt.start_s, spoilt.end_s), spoilt, leg.series.hole_s)
    assert rows is not None
    at = spoilt.start_s + PERCENT / 100.0 * (spoilt.end_s - spoilt.start_s)
    missing = (at > gap.start_s + 0.01) & (at < gap.end_s - 0.01)
    assert np.isnan(rows[:, missing]).all() and np.isfinite(rows[:, ~missing]).mean() > 0.95
    judged = [rep for rep in leg.reps if not rep.is_reference]
    assert leg.curves[0].count == len(judged) - 1, "it has no say in the mean"


@pytest.mark.parametrize("spike", [17.0, -17.0])
def test_a_long_recording_is_drawn_with_its_extremes_and_few_points(spike: float) -> None:
    count = 200_000
    values = np.zeros(count)
    values[123_456] = spike
    time_s = np.arange(count) / 104
    times, drawn = thinned(time_s, values, 0.02)
    assert len(times) <= 2 * COLUMNS + 2 and (np.diff(times) > 0).all()
    assert spike in drawn
    times, low, high = envelope(time_s, values - 1.0, values + 1.0, 0.02)
    assert len(times) == COLUMNS
    assert (low.min(), high.max()) == (min(-1.0, spike - 1.0), max(1.0, spike + 1.0))


def test_earlier_sessions_give_a_trend_and_later_ones_do_not(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    sessions = tmp_path / "kneetrack" / "sessions"
    sessions.mkdir(parents=True)
    make(sessions, "earlier", Made(started="2026-07-01T08:00:00+00:00"))
    make(sessions, "later", Made(started="2026-09-01T08:00:00+00:00"))
    out = tmp_path / "r.html"
    said = kneetrack("report", log, "--out", out, "--side", "right")
    assert said.returncode == 0, said.stderr
    page = Page(out.read_text())
    assert "Trend: 2 sessions up to this one" in page.text
    assert "2026-07-01" in page.text and "2026-09-01" not in page.text
    assert any("right leg through 2 sessions" in alt for alt in page.alts)


def test_the_pdf_is_the_same_page_on_paper(tmp_path: Path) -> None:
    pypdf = pytest.importorskip("pypdf")
    try:
        pdf.check_available()
    except UsageError as missing:
        pytest.skip(str(missing))
    page = render(dataclasses.replace(a_report(), facts=(("Athlete", "Änne"),), legs=()))
    outs = [tmp_path / "a.pdf", tmp_path / "b.pdf"]
    for out in outs:
        pdf.write(page, out)
    assert outs[0].read_bytes() == outs[1].read_bytes()
    sheets = [sheet.extract_text() for sheet in pypdf.PdfReader(outs[0]).pages]
    text = " ".join(" ".join(sheets).split())
    assert "Änne" in text and "strap slipped" in text and "Weygers" in text
    assert "valgus +: knee inward" in text, "the figure's text is text"
    assert all("not a medical device" in sheet for sheet in sheets)


def test_another_ending_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    said = kneetrack("report", tmp_path / "none.mcap", "--out", tmp_path / "r.docx")
    assert said.returncode == 2 and "must end in .html or .pdf" in said.stderr


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
