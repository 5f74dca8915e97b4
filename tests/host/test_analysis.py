"""From a recorded leg to its session: calibration, angles, logs; the leg is made from angles."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from kneecore import wire
from kneecore.calibration import Calibration
from kneetrack.analysis import analyse, from_trace, knee_samples_of, sources_in, to_json
from kneetrack.analysis.angles import aligned_backward, heading_of, knee_samples, with_heading
from kneetrack.analysis.realign import realigned
from kneetrack.analysis.trace import MeasuredTrace, measure
from kneetrack.analysis.validate import errors, validate
from kneetrack.errors import CalibrationError, InputError, LogError
from kneetrack.samples import Channel, KneeSample, Packet, Side, Window
from kneetrack.sessionlog import SessionWriter
from kneetrack.traces import COLUMNS, Trace, onto_grid, read_trace

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
RATE_HZ = 208.0
MOUNTS = Rotation.random(2, random_state=5)
UPRIGHT = Rotation.from_matrix(np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]]).astype(float))
"""Segment to earth: x ahead, y up, z to the right."""

Array = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Squat:
    valgus_deg: float = 0.0
    depth_deg: float = 95.0
    seconds: float = 2.6
    stand_s: float = 1.0


WINDOWS = (
    Window("table", 0.0, 5.5),
    Window("stand", 8.0, 12.0),
    Window("functional", 12.0, 30.0),
    Window("set", 30.0, 66.0),
)
SETS = (Squat(),) * 5 + tuple(Squat(9.0 if k in (2, 5) else 0.0) for k in range(8))
FIVE = (Squat(),) * 5


@functools.cache
def leg(
    side: Side = Side.RIGHT,
    squats: tuple[Squat, ...] = SETS,
    *,
    sway_deg: float = 0.1,
    gyr_bias: tuple[float, float, float] = (0.006, -0.004, 0.005),
    turn_deg: float = 6.0,
    thigh_share: float = 0.7,
) -> tuple[Array, Array, Array]:
    """(time (n,), rows (n, 12), angles (n, 3) deg): table 6 s, strapped on, stand, the squats."""
    random = np.random.default_rng(1)
    end_s = 12.0 + sum(squat.seconds + squat.stand_s for squat in squats) + 1.0
    time_s = np.arange(round(end_s * RATE_HZ)) / RATE_HZ
    flexion, valgus = np.zeros_like(time_s), np.zeros_like(time_s)
    at = 12.0
    for squat in squats:
        into = np.clip((time_s - at) / squat.seconds, 0.0, 1.0)
        bend = 0.5 - 0.5 * np.cos(2 * np.pi * into)
        flexion += squat.depth_deg * bend
        valgus += squat.valgus_deg * bend**4
        at += squat.seconds + squat.stand_s
    rotation = turn_deg * np.minimum(1.0, flexion / 40.0)
    sway = sway_deg * np.sin(2 * np.pi * 0.3 * time_s)
    lean = np.zeros((len(time_s), 3))
    lean[:, 2] = np.radians(thigh_share * flexion + sway)
    thigh = UPRIGHT * Rotation.from_rotvec(lean)
    knee = Rotation.from_euler(
        "ZXY", np.column_stack([-flexion, -side * valgus, side * rotation]), degrees=True
    )
    worn = np.clip((time_s - 6.0) / 2.0, 0.0, 1.0)
    rows = np.hstack([_imu(thigh * MOUNTS[0], worn), _imu(thigh * knee * MOUNTS[1], worn)])
    for gyr in (0, 6):
        rows[:, gyr : gyr + 3] += gyr_bias
        rows[:, gyr : gyr + 3] += random.normal(0, 7e-4, (len(rows), 3))
        rows[:, gyr + 3 : gyr + 6] += random.normal(0, 0.01, (len(rows), 3))
    return time_s, rows, np.column_stack([flexion, valgus, rotation])


def _imu(on_leg: Rotation, worn: Array) -> Array:
    """(n, 6) of a sensor that lies flat where `worn` is 0 and is on the leg where it is 1."""
    taken_up = worn * worn * (3.0 - 2.0 * worn)
    q_earth_sensor = Rotation.from_rotvec(on_leg.as_rotvec() * taken_up[:, None])
    steps = (q_earth_sensor[:-1].inv() * q_earth_sensor[1:]).as_rotvec() * RATE_HZ
    gyr = np.vstack([steps[:1], steps])
    return np.hstack([gyr, q_earth_sensor.inv().apply([0.0, 0.0, 9.81])])


@functools.cache
def measured_leg(side: Side = Side.RIGHT) -> MeasuredTrace:
    """`leg(side)`, calibrated by its windows and measured."""
    return measure(trace_of(leg(side), side))


def trace_of(
    made: tuple[Array, Array, Array],
    side: Side = Side.RIGHT,
    windows: tuple[Window, ...] = WINDOWS,
    exercise: str = "squat",
) -> Trace:
    time_s, rows, _ = made
    return Trace(
        path=Path("made.csv"),
        time_s=time_s,
        thigh_gyr=rows[:, 0:3],
        thigh_acc=rows[:, 3:6],
        shank_gyr=rows[:, 6:9],
        shank_acc=rows[:, 9:12],
        side=side,
        rate_hz=RATE_HZ,
        exercise=exercise,
        windows=windows,
    )


def save(trace: Trace, folder: Path) -> Path:
    path = folder / "leg.csv"
    rows = np.hstack([trace.thigh_acc, trace.thigh_gyr, trace.shank_acc, trace.shank_gyr])
    table = np.column_stack([trace.time_s, rows])
    np.savetxt(path, table, delimiter=",", header=",".join(COLUMNS), comments="", fmt="%.7g")
    windows = [{"kind": w.kind, "start_s": w.start_s, "end_s": w.end_s} for w in trace.windows]
    sidecar = {"side": trace.side.word, "exercise": trace.exercise, "windows": windows}
    path.with_suffix(".json").write_text(json.dumps(sidecar))
    return path


def off(samples: tuple[KneeSample, ...], made: tuple[Array, Array, Array], from_s: float) -> Array:
    """RMS errors (3,) in deg from `from_s` on."""
    time_s, _, angles = made
    late = [sample for sample in samples if sample.time_s > from_s]
    at = np.array([sample.time_s for sample in late])
    truth = np.column_stack([np.interp(at, time_s, angles[:, k]) for k in range(3)])
    return np.sqrt(((np.array([sample[2:5] for sample in late]) - truth) ** 2).mean(axis=0))


# --- calibration ---------------------------------------------------------------------------------


@pytest.mark.parametrize("side", list(Side))
def test_a_complete_recording_gives_grade_a_and_true_angles(side: Side) -> None:
    made = leg(side)
    measured = measured_leg(side)
    calibration = measured.calibration
    assert calibration is not None
    assert (calibration.grade, calibration.warnings) == ("A", ())
    assert calibration.rests_on == {"bias": "table", "gravity": "stand", "axis": "functional"}
    assert all(gate.passed for gate in calibration.gates)
    calibration.require_passed()
    assert calibration.calibration.thigh_gyr_bias == pytest.approx((0.006, -0.004, 0.005), abs=1e-4)
    assert (off(measured.samples, made, 12.0) < [1.0, 1.2, 2.5]).all()


def test_the_samples_before_the_first_standing_rest_get_their_angles_after_the_fact() -> None:
    made = leg(squats=FIVE)
    late = 13.3  # at the bottom of the first squat
    trace = trace_of(made, windows=())
    times, rows = onto_grid(trace)
    calibration = from_trace(trace_of(made, windows=(WINDOWS[0], WINDOWS[1]))).calibration
    cut = times > late
    samples = list(knee_samples(times[cut], rows[cut], calibration))
    assert samples[0].flexion_deg == pytest.approx(95.0, abs=3.0)
    assert not any(sample.flags & wire.FLAG_UNALIGNED for sample in samples)


def test_without_any_window_the_set_itself_serves_and_says_so() -> None:
    made = leg(squats=FIVE)
    alone = tuple(part[made[0] > 9.0] for part in made)
    trace = trace_of((alone[0], alone[1], alone[2]), windows=())
    measured = measure(trace)
    assert measured.calibration is not None
    assert measured.calibration.grade == "C"
    assert measured.calibration.crosstalk_deg is None
    assert measured.calibration.rests_on["axis"] == "whole recording"
    assert "No functional squats" in " ".join(measured.warnings)
    assert (off(measured.samples, made, 12.0) < [1.5, 3.0, 6.0]).all()


def test_crosstalk_is_refined_on_functional_squats_only() -> None:
    made = leg()
    right = measured_leg().calibration
    assert right is not None and right.crosstalk_deg is not None
    assert from_trace(trace_of(made), refine=False).crosstalk_deg is None
    without = tuple(window for window in WINDOWS if window.kind != "functional")
    assert from_trace(trace_of(made, windows=without)).crosstalk_deg is None


def test_a_stand_that_moves_lowers_the_grade_and_is_refused_by_calibrate() -> None:
    found = from_trace(trace_of(leg(sway_deg=1.0)))
    assert found.grade == "B"
    assert found.rests_on["gravity"] == "calmest moment of the stand window"
    assert any("The stand window moves" in warning for warning in found.warnings)
    with pytest.raises(CalibrationError, match="Stand still"):
        found.require_passed()


def test_without_a_table_a_still_stand_gives_the_zero() -> None:
    found = from_trace(trace_of(leg(), windows=WINDOWS[1:]))
    assert (found.grade, found.rests_on["bias"]) == ("B", "stand")
    assert found.calibration.shank_gyr_bias == pytest.approx((0.006, -0.004, 0.005), abs=2e-3)


def test_without_stillness_movement_tells_most_of_the_zero() -> None:
    made = leg(squats=(Squat(),) * 10)
    alone = tuple(part[made[0] > 11.9] for part in made)
    trace = trace_of((alone[0], alone[1], alone[2]), windows=())
    measured = measure(trace)
    assert measured.calibration is not None
    assert measured.calibration.rests_on["bias"] == "movement"
    # Unzeroed, 0.4 deg/s about the vertical would be 14 deg by the end.
    assert off(measured.samples, made, 40.0)[2] < 4.0


def test_swapped_imus_are_told() -> None:
    trace = measured_leg().trace
    swapped = replace(
        trace,
        thigh_gyr=trace.shank_gyr,
        thigh_acc=trace.shank_acc,
        shank_gyr=trace.thigh_gyr,
        shank_acc=trace.thigh_acc,
    )
    found = from_trace(swapped)
    assert found.grade == "C"
    assert any("swapped" in warning for warning in found.warnings)


def test_the_wrong_leg_is_told() -> None:
    assert not measured_leg().warnings
    found = from_trace(trace_of(leg(Side.RIGHT), Side.LEFT))
    assert any("is this the right leg?" in warning for warning in found.warnings)


def test_a_leg_that_never_moved_has_no_calibration_but_a_session(tmp_path: Path) -> None:
    still = trace_of(leg(squats=()), windows=(*WINDOWS[:2], Window("set", 8.5, 12.9)))
    with pytest.raises(CalibrationError, match="No knee axis"):
        from_trace(still)
    result = to_json(analyse(save(still, tmp_path)))
    assert result["legs"][0]["calibration"]["grade"] == "none"
    assert result["legs"][0]["reps"] == []
    assert "No knee axis" in result["warnings"][0]


def test_a_calibration_of_the_other_leg_is_refused() -> None:
    made = leg()
    other = measured_leg(Side.LEFT).calibration
    with pytest.raises(CalibrationError, match="of the left leg"):
        measure(trace_of(made), other)


# --- angles --------------------------------------------------------------------------------------


def test_the_heading_can_be_read_back_from_a_sample() -> None:
    made = leg(Side.LEFT, (Squat(8.0),) * 3)
    calibration = from_trace(trace_of(made, Side.LEFT)).calibration
    times, rows = onto_grid(trace_of(made, Side.LEFT))
    samples = list(knee_samples(times, rows, calibration))
    for sample in samples[1500::300]:
        again = with_heading(sample, calibration, heading_of(sample, calibration))
        assert again[2:5] == pytest.approx(sample[2:5], abs=1e-6)


def test_samples_that_never_get_a_heading_stay_unaligned() -> None:
    nothing = KneeSample(
        0, 0.0, 0.0, 0.0, 0.0, 0.0, (1.0, 0.0, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0), wire.FLAG_UNALIGNED
    )
    calibration = Calibration(1, (1.0, 0.0, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0))
    many = [nothing._replace(number=k) for k in range(7000)]
    assert list(aligned_backward(many, calibration)) == many


def test_angles_anew_from_quaternions_are_those_of_the_pipeline() -> None:
    measured = measured_leg()
    assert measured.calibration is not None
    again = list(realigned(measured.samples, measured.calibration.calibration))
    assert len(again) == len(measured.samples)
    late = slice(1300, None)  # after the first rest, taken at another tick perhaps
    before = np.array([sample[2:5] for sample in measured.samples[late]])
    after = np.array([sample[2:5] for sample in again[late]])
    assert np.abs(before - after).max() < 0.3


# --- sessions ------------------------------------------------------------------------------------


def test_a_trace_gives_its_reps_with_the_excursions_that_were_made(tmp_path: Path) -> None:
    result = to_json(analyse(save(trace_of(leg()), tmp_path)))
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    assert result["format"] == 1
    (one,) = result["legs"]
    assert (one["side"], one["exercise"], one["calibration"]["grade"]) == ("right", "squat", "A")
    assert one["reference"]["source"] == "functional"
    reps = [rep for rep in one["reps"] if not rep["is_reference"]]
    assert len(reps) == 8
    for index, rep in enumerate(reps):
        given = 9.0 if index in (2, 5) else 0.0
        assert rep["valgus_excursion_deg"] == pytest.approx(given, abs=1.5)
        assert rep["verdict"] == ("moved_inward" if given else "in_range")
    assert set(result) == {"format", "legs", "gaps", "warnings", "versions"}


def packets(samples: tuple[KneeSample, ...]) -> list[Packet]:
    """The samples as a band sends them."""
    found: list[Packet] = []
    size = wire.KNEE_SAMPLES_PER_PACKET
    for at in range(0, len(samples) - size + 1, size):
        some = samples[at : at + size]
        number = some[0].number
        flags = 0
        for sample in some:
            flags |= sample.flags
        data = wire.PACKET_HEADER.pack(
            3, number % 65536, number * wire.KNEE_PERIOD_US, wire.KNEE_PERIOD_US, flags
        )
        for s in some:
            data += wire.KNEE_SAMPLE.pack(
                s.flexion_deg, s.valgus_deg, s.rotation_deg, s.q_earth_thigh, s.q_earth_shank,
                s.valgus_sigma_deg,
            )  # fmt: skip
        found.append(Packet(Channel.MEASUREMENT, data, some[-1].time_s))
    return found


Change = Callable[[KneeSample], KneeSample]


def log_of(folder: Path, change: Change = lambda sample: sample, keep: bool = True) -> Path:
    """The log that a band would have given of `leg()`."""
    measured = measured_leg()
    trace = measured.trace
    assert measured.calibration is not None
    path = folder / "leg.mcap"
    windows = [{"kind": w.kind, "start_s": w.start_s, "end_s": w.end_s} for w in trace.windows]
    with SessionWriter(path, {"exercise": "squat", "windows": windows}) as writer:
        if keep:
            writer.calibration(measured.calibration.to_json())
        writer.event({"event": "origin", "side": trace.side.word, "board_us": 0})
        for packet in packets(tuple(change(sample) for sample in measured.samples)):
            writer.packet(trace.side, packet)
    return path


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
    assert by_log["calibration"] == by_trace["calibration"]


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
    assert found.raw[1] > 2.0
    assert max(found.same_axes) < 0.01
    wobble = 3.0 * np.sin(np.arange(len(angles)) / 50.0)
    assert errors(angles + np.outer(wobble, [0, 1, 0]), angles, Side.LEFT).same_axes[1] > 1.5


@pytest.mark.skipif(not DATA.is_dir(), reason="the shared recordings are not here")
def test_a_persons_squats_agree_with_their_optical_angles() -> None:
    source = DATA / "squats_from_markers" / "squats1_L.csv"
    found = validate(source, source.with_suffix(".ref.csv"))
    analysed = found["as_analysed"]
    assert max(analysed.same_axes) < 1.0
    assert analysed.minus_mean[0] < 2.4
    assert found["crosstalk_off"] == analysed  # no calibration squats: nothing is refined
    assert found["crosstalk_on"].minus_mean[1] > analysed.minus_mean[1]


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
