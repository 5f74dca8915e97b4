"""Logs, folders and real recordings through the analysis."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from kneecore import wire
from kneetrack.analysis import analyse, knee_samples_of, sources_in, to_json
from kneetrack.analysis.axis_fit import errors
from kneetrack.analysis.session import SessionResult
from kneetrack.analysis.trace import measure
from kneetrack.analysis.validate import validate
from kneetrack.errors import InputError, LogError
from kneetrack.samples import KneeSample, Side
from kneetrack.traces import read_trace
from synthetic_legs import (
    DATA,
    Squat,
    leg,
    log_of,
    save,
    trace_of,
)


@pytest.mark.parametrize("realign", [False, True])
def test_a_log_and_its_trace_agree(tmp_path: Path, realign: bool) -> None:
    log = log_of(tmp_path)
    by_trace = to_json(analyse(save(trace_of(leg()), tmp_path)))["legs"][0]
    by_log = to_json(analyse(log, realign=realign))["legs"][0]
    assert len(by_log["reps"]) == len(by_trace["reps"]) == 8
    for a, b in zip(by_log["reps"], by_trace["reps"], strict=True):
        assert a["start_s"] == pytest.approx(b["start_s"], abs=0.03)
        assert a["peak_flexion_deg"] == pytest.approx(b["peak_flexion_deg"], abs=0.5)
        assert a["valgus_excursion_deg"] == pytest.approx(b["valgus_excursion_deg"], abs=0.4)
        assert a["verdict"] == b["verdict"]
    a, b = by_log["calibration"], by_trace["calibration"]
    assert (a["grade"], a["rests_on"]) == (b["grade"], b["rests_on"])
    assert a["crosstalk_deg"] == pytest.approx(b["crosstalk_deg"], abs=0.01)


@pytest.mark.parametrize(
    ("told", "started"),
    [
        ("2026-11-22T10:15:00+00:00", "2026-11-22T10:15:00+00:00"),
        ("2026-11-22T11:15:00+01:00", "2026-11-22T10:15:00+00:00"),
        ("2026-11-22T10:15:00", "2026-11-22T10:15:00+00:00"),
        ("2026-11-22T10:15:00.250+00:00", "2026-11-22T10:15:00.250000+00:00"),
        ("0001-01-01T00:00:00+14:00", None),
        ("yesterday", None),
        (7, None),
        (None, None),
    ],
)
def test_when_it_was_begun_is_told_in_utc(told: object, started: str | None) -> None:
    result = SessionResult(Path("a.mcap"), (), (), {"started_at": told})
    assert to_json(result)["session"] == {"started_utc": started}
    assert to_json(SessionResult(Path("a.csv"), (), ()))["session"] == {"started_utc": None}


def test_the_unaligned_head_of_a_log_is_aligned_by_what_followed(tmp_path: Path) -> None:
    def unaligned(sample: KneeSample) -> KneeSample:
        if sample.time_s > 20.0:
            return sample
        flags = sample.flags | wire.FLAG_UNALIGNED
        return sample._replace(flexion_deg=77.0, valgus_deg=50.0, flags=flags)

    log = log_of(tmp_path, unaligned)
    assert len(analyse(log).legs[0].result.reps) == 8
    samples = list(knee_samples_of(log))
    assert samples[1000].flexion_deg == pytest.approx(0.0, abs=1.0)


def test_a_log_without_a_calibration_has_grade_none_and_cannot_be_realigned(tmp_path: Path) -> None:
    log = log_of(tmp_path, keep=False)
    assert to_json(analyse(log))["legs"][0]["calibration"]["grade"] == "none"
    with pytest.raises(LogError, match="Leave --realign out"):
        analyse(log, realign=True)
    with pytest.raises(LogError, match="no left leg"):
        analyse(log, side=Side.LEFT)


def test_a_folder_gives_its_sources_in_order(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no logs"):
        list(sources_in(tmp_path))
    for name in ("b.mcap", "a.csv", "a.ref.csv", "a.json", "sub/c.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    names = [path.relative_to(tmp_path).as_posix() for path in sources_in(tmp_path)]
    assert names == ["a.csv", "b.mcap", "sub/c.csv"]
    assert list(sources_in(tmp_path / "b.mcap")) == [tmp_path / "b.mcap"]
    with pytest.raises(InputError, match="neither a log"):
        analyse(tmp_path / "a.json")


# --- validation ----------------------------------------------------------------------------------


def test_frames_that_differ_are_taken_out_and_nothing_else() -> None:
    _, _, angles = leg(Side.LEFT, (Squat(8.0),) * 3)
    signs = np.array([-1.0, 1.0, -1.0])
    turned = (
        Rotation.from_euler("y", 9.0, degrees=True)
        * Rotation.from_euler("ZXY", angles * signs, degrees=True)
        * Rotation.from_euler("xyz", [2.0, -6.0, 4.0], degrees=True)
    )
    seen = turned.as_euler("ZXY", degrees=True) * signs
    found = errors(seen, angles, Side.LEFT)
    told = found.to_json()
    assert told["raw"]["valgus_deg"] > 2.0
    assert max(told["same_axes"].values()) < 0.01
    wobble = 3.0 * np.sin(np.arange(len(angles)) / 50.0)
    left = errors(angles + np.outer(wobble, [0, 1, 0]), angles, Side.LEFT).to_json()
    assert left["same_axes"]["valgus_deg"] > 1.5


@pytest.mark.skipif(not DATA.is_dir(), reason="the shared recordings are not here")
def test_a_persons_squats_agree_with_their_optical_angles() -> None:
    source = DATA / "squats_from_markers" / "squats1_L.csv"
    found = validate(source, source.with_suffix(".ref.csv"))
    analysed = found.errors["as_analysed"].to_json()
    assert max(analysed["same_axes"].values()) < 1.0
    assert analysed["minus_mean"]["flexion_deg"] < 2.4
    # No calibration squats: nothing is refined, and it would be the worse for it.
    assert found.errors["crosstalk_off"].to_json() == analysed
    refined = found.errors["crosstalk_on"].to_json()
    assert refined["minus_mean"]["valgus_deg"] > analysed["minus_mean"]["valgus_deg"]
    assert len(found.reps) == 5
    excursions = [one.matched_excursion for one in found.reps]
    assert all(pair is not None and abs(pair.error) < 1.0 for pair in excursions)


@pytest.mark.skipif(not DATA.is_dir(), reason="the shared recordings are not here")
@pytest.mark.parametrize(
    ("name", "reps"), [("squats1_L", 5), ("squatsAsym1_L", 5), ("STS1_L", 4), ("STS1_R", 4)]
)
def test_a_persons_reps_are_found(name: str, reps: int) -> None:
    result = analyse(DATA / "squats_from_markers" / f"{name}.csv")
    assert len(result.legs[0].result.reps) == reps
    assert result.legs[0].calibration is not None
    assert result.legs[0].calibration.grade == "C"
    assert any("No functional squats" in warning for warning in result.warnings)


@pytest.mark.skipif(not DATA.is_dir(), reason="the shared recordings are not here")
def test_real_imus_in_walking_give_a_knee_that_bends(tmp_path: Path) -> None:
    trace = read_trace(DATA / "walk_xsens" / "Sub11_TKA_CSBaseline_R.csv")
    samples = measure(trace).samples
    flexion = np.array([sample.flexion_deg for sample in samples])
    assert 40.0 < np.percentile(flexion, 98) < 70.0
    assert -10.0 < np.percentile(flexion, 2) < 10.0
