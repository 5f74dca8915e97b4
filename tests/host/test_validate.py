"""`kneetrack validate` on a leg whose true angles are known, against references that labs write."""

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from kneetrack.analysis.validate import AngleAgreement, Validation, validate
from kneetrack.analysis.validation_json import to_json
from kneetrack.cli.agreement_table import shown
from kneetrack.cli.app import run
from kneetrack.errors import InputError, UsageError
from kneetrack.report.validation import save as save_figure
from kneetrack.report.validation import signed
from kneetrack.samples import Side
from synthetic_legs import leg, log_of, measured_leg, save, trace_of

HEAD = ("time_s", "flexion_deg", "valgus_deg", "rotation_deg")
TRUTH = leg()
LATE_S = 0.2531
RATE_HZ = 120.0
BIAS_DEG = (1.0, -3.0, 2.0)
Rows = Iterable[tuple[float, ...]]


def write(path: Path, rows: Rows, head: tuple[str, ...] = HEAD) -> Path:
    """A reference; NaN becomes an empty cell."""
    lines = [",".join("" if np.isnan(x) else f"{x:.5f}" for x in row) for row in rows]
    path.write_text("\n".join([",".join(head), *lines]) + "\n")
    return path


def lab(side: Side = Side.RIGHT) -> np.ndarray:
    """(n, 4) of the true angles at RATE_HZ on a clock of its own, with offsets, from 28 s on."""
    time_s, _, angles = leg(side)
    at = np.arange(28.0, 66.0, 1.0 / RATE_HZ)
    rows = [np.interp(at, time_s, angles[:, k]) + BIAS_DEG[k] for k in range(3)]
    return np.column_stack([at + LATE_S, *rows])


def known(found: Validation) -> list[AngleAgreement]:
    return [angle for angle in found.angles.values() if angle is not None]


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return log_of(tmp_path_factory.mktemp("validate"))


@pytest.fixture(scope="module")
def reference(log: Path) -> Path:
    return write(log.parent / "lab.csv", lab())


@pytest.fixture(scope="module")
def found(log: Path, reference: Path) -> Validation:
    return validate(log, reference)


def test_lag_and_biases_come_back(found: Validation) -> None:
    assert found.lag is not None
    assert found.lag.lag_s == pytest.approx(LATE_S, abs=0.003)  # of an IMU sample: 4.8 ms
    for angle, bias in zip(found.angles.values(), BIAS_DEG, strict=True):
        assert angle is not None and angle.limits is not None
        assert angle.overall.bias == pytest.approx(-bias, abs=0.6)
        assert angle.limits.lower < -bias < angle.limits.upper
        assert angle.limits.groups == 8
        assert angle.limits.bias == pytest.approx(angle.overall.bias, abs=1e-9)
        assert angle.limits.samples == angle.overall.samples <= found.samples


def test_each_rep_has_its_errors(found: Validation) -> None:
    assert len(found.reps) == 8
    for one in found.reps:
        assert one.peak_flexion is not None and one.matched_excursion is not None
        assert one.peak_flexion.error == pytest.approx(-BIAS_DEG[0], abs=1.2)
        assert abs(one.matched_excursion.error) < 1.0
        similar = one.cmc[0]
        assert similar is not None and similar > 0.998
    inward = [pair.reference for one in found.reps if (pair := one.matched_excursion) is not None]
    assert np.argsort(inward)[-2:].tolist() in ([2, 5], [5, 2]), "the two that moved inward"


def test_the_left_leg_of_a_trace_with_crosstalk_off_and_on(tmp_path: Path) -> None:
    source = save(trace_of(leg(Side.LEFT), Side.LEFT), tmp_path)
    found = validate(source, write(tmp_path / "lab.csv", lab(Side.LEFT)))
    assert found.side is Side.LEFT
    assert list(found.errors) == ["as_analysed", "crosstalk_off", "crosstalk_on"]
    valgus = found.angles["valgus"]
    assert valgus is not None and valgus.overall.bias == pytest.approx(3.0, abs=0.6)


def test_a_trace_measured_offline(tmp_path: Path) -> None:
    source = save(trace_of(leg()), tmp_path)
    found = validate(source, write(tmp_path / "lab.csv", lab()), offline=True)
    assert found.offline and len(found.reps) == 8
    for angle, bias in zip(found.angles.values(), BIAS_DEG, strict=True):
        assert angle is not None and angle.overall.bias == pytest.approx(-bias, abs=0.6)


def test_what_is_the_same_agrees_perfectly(log: Path, tmp_path: Path) -> None:
    rows = [sample[1:5] for sample in measured_leg().samples]
    found = validate(log, write(tmp_path / "same.csv", rows))
    assert found.lag is not None and abs(found.lag.lag_s) < 1e-4
    for angle in found.angles.values():
        assert angle is not None
        assert angle.overall.rmse < 0.01
        assert angle.cmc == pytest.approx(1.0, abs=1e-4)
        assert angle.cmc_reps == 8


def test_without_a_rotation_all_else_is_told(log: Path, tmp_path: Path) -> None:
    found = validate(log, write(tmp_path / "lab.csv", lab()[:, :3], HEAD[:3]))
    told = to_json(found)
    assert told["agreement"]["rotation"] is None
    assert told["agreement"]["valgus"]["bias_deg"] == pytest.approx(3.0, abs=0.6)
    assert told["rmse"]["as_analysed"]["raw"]["rotation_deg"] is None
    assert set(told["rmse"]["as_analysed"]["same_axes"].values()) == {None}
    assert any("no rotation_deg" in warning for warning in found.warnings)
    json.dumps(told, allow_nan=False)
    save_figure(found, tmp_path / "two.pdf")
    assert (tmp_path / "two.pdf").read_bytes().startswith(b"%PDF")


def test_a_hole_costs_the_rep_that_it_is_in_and_no_other(log: Path, tmp_path: Path) -> None:
    rows = lab()
    spans = [one.rep for one in validate(log, write(tmp_path / "whole.csv", rows)).reps]
    third = (rows[:, 0] > spans[2].start_s + 0.5) & (rows[:, 0] < spans[2].end_s)
    rows[third, 1:] = np.nan
    rows[5:8, 2] = np.nan
    told = to_json(validate(log, write(tmp_path / "holes.csv", rows)))
    assert [rep["peak_flexion_deg"] is None for rep in told["reps"]].index(True) == 2
    assert sum(rep["valgus_excursion_error_deg"] is None for rep in told["reps"]) == 1
    assert told["reps"][2]["cmc"]["flexion"] is None
    assert told["agreement"]["flexion"]["cmc_reps"] == 7
    assert told["reps_covered"] == 7
    assert told["reps"][2]["covered"] < 0.8 < told["reps"][1]["covered"] == 1.0
    share = told["agreement"]["flexion"]["samples"] / told["samples"]
    assert told["covered"]["flexion"] == pytest.approx(share, abs=1e-4)
    assert share < 0.98
    json.dumps(told, allow_nan=False)


def test_a_lab_that_counts_adduction_positive_is_told_and_understood(
    log: Path, tmp_path: Path
) -> None:
    rows = lab()
    rows[:, 2] *= -1.0
    path = write(tmp_path / "isb.csv", rows)
    assert any("--reference-signs adduction" in text for text in validate(log, path).warnings)
    found = validate(log, path, signs=["adduction"])
    assert not any("--reference-signs" in text for text in found.warnings)
    valgus = found.angles["valgus"]
    assert valgus is not None and valgus.overall.bias == pytest.approx(3.0, abs=0.6)
    with pytest.raises(UsageError, match="not varus"):
        validate(log, path, signs=["varus"])


def test_a_part_of_one_rep_is_told_as_that(
    found: Validation, log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows, rep = lab(), found.reps[3].rep
    part = (rows[:, 0] > rep.start_s + LATE_S) & (rows[:, 0] < rep.start_s + LATE_S + 1.2)
    short = validate(log, write(tmp_path / "short.csv", rows[part]))
    assert short.reps_covered == 0 and short.covered["flexion"] < 0.08
    assert any("from 1 rep only" in text for text in short.warnings)
    assert not any("--reference-signs" in text for text in short.warnings)
    for line in shown(short, 80):
        Console(width=80).print(line)
    heading = " ".join(capsys.readouterr().out.split())
    assert f"{100 * short.covered['flexion']:.1f} % of the sets' {short.samples} samples" in heading
    assert "0 of 8 reps" in heading


@pytest.mark.parametrize(
    ("columns", "factor", "words"),
    [
        (0, 1000.0, "time_s of .*is it in milliseconds"),
        (slice(1, 4), np.pi / 180.0, "seems to be in radians"),
    ],
)
def test_other_units_are_named(
    log: Path, tmp_path: Path, columns: int | slice, factor: float, words: str
) -> None:
    rows = lab()
    rows[:, columns] *= factor
    with pytest.raises(InputError, match=words):
        validate(log, write(tmp_path / "units.csv", rows))


def test_a_row_a_second_is_refused(log: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"only every 1\.00 s"):
        validate(log, write(tmp_path / "slow.csv", lab()[:: round(RATE_HZ)]))


def test_both_signs_turned_are_told_and_true_ones_are_not(
    found: Validation, log: Path, tmp_path: Path
) -> None:
    assert not any("--reference-signs" in text for text in found.warnings)
    rows = lab()
    rows[:, 2:] *= -1.0
    told = validate(log, write(tmp_path / "a.csv", rows)).warnings
    assert any("--reference-signs adduction" in text for text in told)
    assert any("--reference-signs external" in text for text in told)


def test_a_clock_far_off_asks_for_max_lag(log: Path, tmp_path: Path) -> None:
    rows = lab()
    rows[:, 0] -= 500.0
    path = write(tmp_path / "far.csv", rows)
    with pytest.raises(InputError, match="--max-lag"):
        validate(log, path)
    found = validate(log, path, max_lag_s=600.0)
    assert found.lag is not None and found.lag.lag_s == pytest.approx(LATE_S - 500.0, abs=0.003)


def test_no_lag_is_sought_with_max_lag_0(log: Path, reference: Path) -> None:
    found = validate(log, reference, max_lag_s=0.0)
    told = to_json(found)
    assert (told["lag_s"], told["lag_correlation"]) == (0.0, None)
    assert told["agreement"]["flexion"]["sd_deg"] > 5.0


def test_the_json_has_the_documented_keys(found: Validation) -> None:
    told = to_json(found)
    json.dumps(told, allow_nan=False)
    assert set(told) == {
        "format", "source", "reference", "side", "exercise", "offline", "lag_s", "lag_correlation",
        "rmse", "agreement", "reps", "rep_errors", "warnings", "versions", "samples", "covered",
        "reps_covered",
    }  # fmt: skip
    assert set(told["agreement"]) == {"flexion", "valgus", "rotation"}
    assert set(told["agreement"]["valgus"]) == {
        "samples", "rmse_deg", "bias_deg", "sd_deg", "cmc", "cmc_reps", "cmc_minus_mean",
        "limits_of_agreement",
    }  # fmt: skip
    assert set(told["agreement"]["valgus"]["limits_of_agreement"]) == {
        "bias_deg", "lower_deg", "upper_deg", "within_sd_deg", "between_sd_deg", "groups",
        "samples",
    }  # fmt: skip
    names = ("peak_flexion", "valgus_excursion", "matched_excursion")
    assert set(told["rep_errors"]) == set(names)
    assert set(told["reps"][0]) == {
        "index", "set", "start_s", "end_s", "is_reference", "covered", "rmse", "cmc",
        "cmc_minus_mean",
        *(f"{name}{end}" for name in names for end in ("_deg", "_reference_deg", "_error_deg")),
    }  # fmt: skip


@pytest.mark.parametrize("columns", [45, 80, 120])
def test_the_tables_fit_the_terminal_and_nothing_is_cut(
    found: Validation, columns: int, capsys: pytest.CaptureFixture[str]
) -> None:
    console = Console(width=columns)
    for part in shown(found, columns):
        console.print(part)
    out = capsys.readouterr().out
    assert max(len(line) for line in out.splitlines()) <= columns
    assert "…" not in out
    valgus = found.angles["valgus"]
    assert valgus is not None and f"{valgus.overall.bias:+.2f}" in out
    assert ("flex valg  rot" in out) == (columns >= 80)


def test_the_command_prints_lag_and_reps_and_draws_the_same_figure(
    found: Validation,
    log: Path,
    reference: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    figure = tmp_path / "a.svg"
    arguments = ["validate", str(log), "--reference", str(reference), "--figure", str(figure)]
    assert run(arguments) == 0
    out = capsys.readouterr().out
    assert (
        "8 of 8 reps" in out
        and "Its clock was 25" in out
        and " ms ahead" in out
        and "Figure:" in out
    )
    assert out.count("matched") == 1
    text = figure.read_text()
    assert all(word in text for word in ("flexion, °", "valgus, °", "mean rep", "bias", "8 reps"))
    assert all(signed(angle.overall.bias) in text for angle in known(found))
    save_figure(found, tmp_path / "b.svg")
    assert (tmp_path / "b.svg").read_text() == text


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--figure", "a.jpg"], "must end in .png, .svg, .pdf"),
        (["--figure", "."], "must end in"),
        (["--max-lag", "-1"], "0 or more"),
        (["--max-lag", "nan"], "0 or more"),
        (["--reference-signs", "outward"], "knows extension, adduction, external, not outward"),
    ],
)
def test_a_wrong_option_is_said_at_once(
    log: Path,
    reference: Path,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    words: str,
) -> None:
    assert run(["validate", str(log), "--reference", str(reference), *options]) == 2
    assert words in capsys.readouterr().err


def test_a_recording_is_not_drawn_over(
    log: Path, reference: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "kept.png"
    kept.write_text("time_s,flexion_deg\n")
    arguments = ["validate", str(log), "--reference", str(reference), "--figure", str(kept)]
    assert run(arguments) == 2
    assert "not written over" in capsys.readouterr().err
    assert kept.read_text() == "time_s,flexion_deg\n"
