"""A recording measured offline: better than online where drift matters, the same from a log."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kneecore import wire
from kneetrack.analysis import analyse, to_json
from kneetrack.analysis.acausal import zeros
from kneetrack.analysis.offline import measure_offline, zero_phase
from kneetrack.analysis.offline_session import analyse_offline, offline_samples
from kneetrack.analysis.raw import Stretch
from kneetrack.analysis.trace import MeasuredTrace, measure
from kneetrack.cli.app import run
from kneetrack.errors import LogError, install
from kneetrack.samples import Channel, DieTemperature, Packet, Window
from kneetrack.sessionlog import SessionWriter
from kneetrack.traces import Trace, onto_grid
from synthetic_legs import FIVE, SETS, WINDOWS, Array, Squat, leg, log_of, off, save, trace_of

Made = tuple[Array, Array, Array]
Pairs = list[tuple[int, Array]]

GYR_LSB = np.radians(0.07)
ACC_LSB = 0.488e-3 * 9.80665
NO_PAUSE = FIVE + tuple(Squat(9.0 if k in (3, 6) else 0.0, stand_s=0.02) for k in range(10))


def drifting(made: Made, shank_deg_s: float) -> Made:
    """The shank's gyroscope drifts from its table zero to `shank_deg_s` more, on each axis."""
    time_s, rows, angles = made
    worse = rows.copy()
    worse[:, 6:9] += np.radians(shank_deg_s) * (time_s / time_s[-1])[:, None]
    return time_s, worse, angles


@functools.cache
def warming() -> Trace:
    """Ten squats without a pause, the zero moving by 0.1 deg/s; a table at both ends."""
    made = drifting(leg(squats=NO_PAUSE, closing_table_s=6.0), 0.1)
    end_s = float(made[0][-1])
    windows = (*WINDOWS[:3], Window("set", 30.0, end_s - 8.0), Window("table", end_s - 5.5, end_s))
    return trace_of(made, windows=windows)


def log_with_raw(
    folder: Path, trace: Trace, keep: Callable[[Pairs], Pairs] = lambda pairs: pairs
) -> Path:
    """The log that a band without a calibration of its own would give, `keep` of the raw pairs."""
    times, rows = onto_grid(trace)
    counts = np.round(rows / np.tile(np.repeat([GYR_LSB, ACC_LSB], 3), 2)).astype(int)
    windows = [{"kind": w.kind, "start_s": w.start_s, "end_s": w.end_s} for w in trace.windows]
    path = folder / "raw.mcap"
    feature = wire.FEATURE.pack(
        *wire.PROTOCOL_VERSION, 3, int(trace.side), 0x6C, 0x6C, wire.PAIR_PERIOD_US,
        wire.KNEE_DIVIDER, GYR_LSB, ACC_LSB, *[0] * (len(wire.FEATURE.fields) - 10),
    )  # fmt: skip
    with SessionWriter(path, {"exercise": trace.exercise, "windows": windows}) as writer:
        writer.packet(trace.side, Packet(Channel.FEATURE, feature, 0.0))
        calibration = measure(trace).calibration
        assert calibration is not None
        writer.calibration(calibration.to_json())
        writer.event({"event": "origin", "side": trace.side.word, "board_us": 0})
        pairs = keep([(number, row) for number, row in enumerate(counts)])
        size = wire.RAW_PAIRS_PER_PACKET
        for at in range(0, len(pairs) - size + 1, size):
            some = pairs[at : at + size]
            first = some[0][0]
            data = wire.PACKET_HEADER.pack(
                3, first % 65536, first * wire.PAIR_PERIOD_US, wire.PAIR_PERIOD_US, 0
            )
            for _, row in some:
                data += wire.RAW_PAIR.pack(*(row[k : k + 3].tolist() for k in (0, 3, 6, 9)))
            writer.packet(trace.side, Packet(Channel.RAW, data, float(times[first])))
    return path


def without(*holes: tuple[int, int]) -> Callable[[Pairs], Pairs]:
    """Leave whole packets out: (first packet, how many) each."""
    size = wire.RAW_PAIRS_PER_PACKET
    lost = {n for first, count in holes for n in range(first * size, (first + count) * size)}
    return lambda pairs: [pair for pair in pairs if pair[0] not in lost]


@functools.cache
def steady() -> Trace:
    return trace_of(leg(squats=SETS))


# --- measuring -----------------------------------------------------------------------------------


def test_a_complete_recording_is_measured_no_worse_than_online() -> None:
    made = leg(squats=SETS)
    online, offline = measure(steady()), measure_offline(steady())
    assert (off(offline.samples, made, 12.0) < off(online.samples, made, 12.0) + 0.05).all()
    assert offline.calibration is not None and online.calibration is not None
    assert offline.calibration.to_json() == online.calibration.to_json()
    assert [s.number for s in offline.samples] == [s.number for s in online.samples]


def test_a_zero_that_warms_up_in_a_set_without_a_pause_costs_much_less_than_online() -> None:
    trace = warming()
    made = leg(squats=NO_PAUSE, closing_table_s=6.0)
    opening = tuple(window for window in trace.windows if window.end_s < 60.0)
    until_s = trace.windows[3].end_s

    def errors(measured: MeasuredTrace) -> Array:
        inside = tuple(sample for sample in measured.samples if sample.time_s < until_s)
        return off(inside, made, 30.0)

    online = errors(measure(replace(trace, windows=opening)))
    offline = errors(measure_offline(trace))
    assert offline[1] < 0.67 * online[1]
    assert offline[2] < 0.67 * online[2]


def test_the_zero_is_a_line_between_the_tables_at_both_ends() -> None:
    trace = warming()
    times, rows = onto_grid(trace)
    calibration = measure_offline(trace).calibration
    assert calibration is not None
    found = zeros([Stretch(times, rows)], trace.windows, calibration)
    assert found.source == "table at both ends"
    thigh, shank = found.at(times)
    want = np.array([0.006, -0.004, 0.005]) + np.radians(0.1) * (times / times[-1])[:, None]
    middle = (times > 6.0) & (times < times[-1] - 6.0)
    assert np.abs(shank - want)[middle].max() < 1e-4
    assert np.abs(thigh - np.array([0.006, -0.004, 0.005])).max() < 1e-4


def test_a_table_at_the_end_and_a_calibration_zeroed_on_one_are_two_tables() -> None:
    trace = warming()
    times, rows = onto_grid(trace)
    calibration = measure_offline(trace).calibration
    assert calibration is not None
    worn = times > 8.0
    later = Stretch(times[worn], rows[worn])
    windows = [window for window in trace.windows if window.start_s > 8.0]
    assert zeros([later], windows, calibration).source == "table at both ends"
    stood = replace(calibration, rests_on=calibration.rests_on | {"bias": "stand"})
    assert zeros([later], windows, stood).source == "stand"


def test_between_two_tables_the_zero_moves_in_step_with_the_temperature_where_it_is_known() -> None:
    trace = warming()
    times, rows = onto_grid(trace)
    calibration = measure_offline(trace).calibration
    assert calibration is not None
    warm = [DieTemperature(t, 25.0, 25.0 + c) for t, c in ((0.0, 0.0), (20.0, 5.0), (70.0, 5.0))]
    _, shank = zeros([Stretch(times, rows)], trace.windows, calibration, warm).at(times)
    late = shank[times > 30.0]
    assert np.abs(late - late[-1]).max() < 1e-6
    _, by_time = zeros([Stretch(times, rows)], trace.windows, calibration).at(times)
    assert np.abs(shank - by_time).max() > np.radians(0.02)


def test_off_the_leg_there_is_no_knee_angle() -> None:
    trace = warming()
    for sample in measure_offline(trace).samples:
        worn = 8.0 <= sample.time_s <= trace.windows[3].end_s
        assert bool(sample.flags & wire.FLAG_UNALIGNED) != worn


def test_rests_are_flagged_and_a_slip_is_told_where_it_lies() -> None:
    time_s, rows, angles = leg(squats=SETS)
    slipped = rows.copy()
    turn = np.where((time_s > 42.0) & (time_s < 42.2), np.radians(8.0) / 0.2, 0.0)
    # About the vertical of the standing shank: a foot put down elsewhere.
    standing = (time_s > 9.0) & (time_s < 11.0)
    vertical = rows[standing, 9:12].mean(axis=0)
    slipped[:, 6:9] += np.outer(turn, vertical / np.linalg.norm(vertical))
    measured = measure_offline(trace_of((time_s, slipped, angles)))
    (told,) = [text for text in measured.warnings if "jumped" in text]
    assert "slipped or a foot moved" in told
    odd = [sample.time_s for sample in measured.samples if sample.flags & wire.FLAG_SLIP]
    assert 40.8 < min(odd) < 42.0 < max(odd) < 43.5
    assert any(s.flags & wire.FLAG_REST for s in measured.samples if 8.0 < s.time_s < 12.0)


def test_bracketed_by_rests_the_uncertainty_is_smaller_than_online() -> None:
    def sigma(measured: MeasuredTrace) -> float:
        inside = [s.valgus_sigma_deg for s in measured.samples if 32.0 < s.time_s < 60.0]
        return float(np.mean(inside))

    assert sigma(measure_offline(steady())) < sigma(measure(steady()))


def test_the_filter_leaves_slow_movement_alone_and_delays_nothing() -> None:
    t = np.arange(0.0, 10.0, 2 * wire.PAIR_PERIOD_US * 1e-6)
    slow, fast = np.sin(2 * np.pi * 0.5 * t), 0.2 * np.sin(2 * np.pi * 20.0 * t)
    smooth = zero_phase(np.column_stack([slow + fast] * 3), 6.0)
    assert np.abs(smooth[100:-100, 0] - slow[100:-100]).max() < 0.01
    half = zero_phase(np.column_stack([np.sin(2 * np.pi * 6.0 * t)] * 3), 6.0)[100:-100]
    assert np.abs(half).max() == pytest.approx(np.sqrt(0.5), abs=0.01)


# --- logs ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def whole_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return log_with_raw(tmp_path_factory.mktemp("whole"), steady())


def test_a_log_with_raw_data_is_measured_as_the_trace_is(whole_log: Path) -> None:
    log = offline_samples(whole_log)
    trace = measure_offline(steady()).samples
    known = {sample.number: sample for sample in trace}
    shared = [(s, known[s.number]) for s in log if 12.0 < s.time_s < 60.0]
    assert len(shared) > 4000
    for k, limit in ((2, 0.2), (3, 0.2), (4, 0.4)):
        assert max(abs(one[k] - other[k]) for one, other in shared) < limit


def test_small_holes_are_bridged_and_told_long_ones_end_the_stretch(tmp_path: Path) -> None:
    log = log_with_raw(tmp_path, steady(), without((300, 2), (900, 30)))
    (only,) = analyse_offline(log).legs
    result = analyse_offline(log)
    assert any("missing in 1 place (0.1 s at most)" in text for text in result.warnings)
    (gap,) = only.result.gaps
    assert gap.end_s - gap.start_s == pytest.approx(30 * 9 * 4808e-6, abs=0.02)
    samples = offline_samples(log)
    at = np.array([sample.time_s for sample in samples])
    assert not ((at > gap.start_s + 0.02) & (at < gap.end_s - 0.02)).any()
    assert np.diff(at[at < gap.start_s]).max() < 0.01
    made = leg(squats=SETS)
    after = tuple(s for s in samples if s.time_s > gap.end_s)
    assert (off(after, made, gap.end_s) < [1.0, 1.0, 2.0]).all()
    assert len(only.result.reps) >= 6


def test_a_log_without_raw_data_is_refused_with_the_remedy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = log_of(tmp_path)
    with pytest.raises(LogError, match="no raw IMU data of the right leg"):
        analyse_offline(log)
    assert run(["analyze", str(log), "--offline"]) == 1
    assert "--no-raw" in capsys.readouterr().err


# --- beside the online result --------------------------------------------------------------------


def test_the_online_result_stays_and_both_tell_their_versions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = save(steady(), tmp_path)
    assert run(["analyze", str(path), "--json"]) == 0
    alone = json.loads(capsys.readouterr().out)
    assert run(["analyze", str(path), "--offline", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    offline = document.pop("offline")
    assert document == alone
    assert set(offline["versions"]) == {"kneetrack", "vqf", "method"}
    (leg_online,), (leg_offline,) = document["legs"], offline["legs"]
    assert leg_offline.keys() == leg_online.keys()
    assert len(leg_offline["reps"]) == len(leg_online["reps"]) == 8
    for one, other in zip(leg_online["reps"], leg_offline["reps"], strict=True):
        assert other["verdict"] == one["verdict"]
        assert other["own_excursion_deg"] == pytest.approx(one["own_excursion_deg"], abs=0.5)


def test_the_table_shows_both_own_parts_side_by_side(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["analyze", str(save(steady(), tmp_path)), "--offline"]) == 0
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    head = next(n for n, line in enumerate(lines) if "own part online and offline" in line)
    words = " ".join(lines[head:])
    assert "online" in words and "change" in words
    assert "Measured again with kneetrack" in printed.err and "vqf" in printed.err
    assert sum(line.strip()[:1].isdigit() for line in lines[head:]) == 8


def test_angles_offline_writes_the_same_table(tmp_path: Path) -> None:
    source, out = save(steady(), tmp_path), tmp_path / "angles.csv"
    assert run(["angles", str(source), "--offline", "--out", str(out)]) == 0
    lines = out.read_text().splitlines()
    assert lines[0] == "time_s,flexion_deg,valgus_deg,rotation_deg,valgus_sigma_deg,flags"
    assert len(lines) - 1 == len(measure(steady()).samples)
    assert run(["angles", str(source), "--offline", "--realign", "--out", str(out)]) == 2


def test_without_the_vqf_package_it_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = save(steady(), tmp_path)
    monkeypatch.setitem(sys.modules, "vqf", None)
    assert run(["analyze", str(path), "--offline"]) == 1
    assert install("offline") in capsys.readouterr().err.replace("\n", " ")
    assert to_json(analyse(path))["legs"][0]["reps"]
