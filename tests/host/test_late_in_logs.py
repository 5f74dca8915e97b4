"""Logs in which samples came late: every consumer reads them in order, each once, or says why not.

The logs are made by the writer, from packets as a band sends them.
"""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from band_packets import Band, numbers_in
from knee_recordings import Recording, session
from kneecore import wire
from kneetrack.analysis import analyse, knee_samples_of, to_json
from kneetrack.cli.app import app
from kneetrack.cli.replay import compared, fold
from kneetrack.detection import Analyzer, event_dict
from kneetrack.protocol import Decoder
from kneetrack.samples import Channel, Packet, Side
from kneetrack.sessionlog import SessionWriter, read_log

RECORDING = session([0.0, 8.0, 0.0, 0.0, 6.0, 0.0])
BAND = Band(RECORDING.samples)
LIVE = BAND.live()


def log_of(
    folder: Path,
    packets: dict[Side, Sequence[Packet]],
    recording: Recording = RECORDING,
    *,
    taken_off: int | None = None,
) -> Path:
    """A log as `record` writes it: the packets of each leg, and what the analyzer said to them."""
    path = folder / "session.mcap"
    path.unlink(missing_ok=True)
    windows = [{"kind": w.kind, "start_s": w.start_s, "end_s": w.end_s} for w in recording.windows]
    with SessionWriter(path, {"exercise": "squat", "windows": windows}) as writer:
        for side, sent in packets.items():
            decoder, analyzer = Decoder(), Analyzer(side, windows=recording.windows)
            for count, packet in enumerate(sent):
                writer.packet(side, packet)
                if taken_off is not None and count + 1 == taken_off:
                    analyzer.ends_here()
                    writer.event({"event": "taken_off", "side": side.word, "packets": taken_off})
                for event in analyzer.feed_all(decoder.feed(packet)):
                    writer.event(event_dict(event))
            for event in analyzer.flush():
                writer.event(event_dict(event))
    return path


def first_of(packet: Packet) -> int:
    return numbers_in(packet)[0]


def without(lost: range, *, fetched: bool, at: int | None = None) -> list[Packet]:
    """The session with packets lost, and the answer to a FETCH of them behind packet `at`."""
    span = first_of(LIVE[lost.start]), first_of(LIVE[lost.stop])
    answer = BAND.answer(*span, at_s=BAND.received_s(BAND.end)) if fetched else []
    kept = [*LIVE[: lost.start], *LIVE[lost.stop :]]
    at = len(kept) if at is None else at
    return [*kept[:at], *answer, *kept[at:]]


def legs_of(path: Path) -> object:
    return to_json(analyse(path))["legs"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return log_of(tmp_path_factory.mktemp("whole"), {Side.RIGHT: LIVE})


@pytest.mark.parametrize("at", [None, 300])
def test_a_minute_lost_and_fetched_is_analysed_as_if_it_had_never_been_lost(
    whole: Path, tmp_path: Path, at: int | None
) -> None:
    path = log_of(tmp_path, {Side.RIGHT: without(range(100, 250), fetched=True, at=at)})
    result = to_json(analyse(path))
    assert result["legs"] == legs_of(whole)
    assert result["gaps"] == []
    wanted = [s._replace(flags=0) for s in knee_samples_of(whole)]
    got = list(knee_samples_of(path))
    assert [s._replace(flags=0) for s in got] == wanted
    assert sum(s.flags == wire.FLAG_BACKFILL for s in got) == 150 * 8


@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(st.data())
def test_any_losses_any_order_any_duplicates_give_the_same_analysis(
    whole: Path, tmp_path: Path, data: st.DataObject
) -> None:
    lost = data.draw(st.sets(st.integers(1, len(LIVE) - 2), max_size=40))
    late = [b for k in sorted(lost) for b in BAND.blocks(first_of(LIVE[k]), first_of(LIVE[k]) + 8)]
    late = data.draw(st.permutations(late + late[:3]))
    kept = [p for k, p in enumerate(LIVE) if k not in lost]
    at = data.draw(st.integers(0, len(kept) - 1)) + 1
    path = log_of(tmp_path, {Side.RIGHT: [*kept[:at], *kept[at - 1 :], *late]})
    assert legs_of(path) == legs_of(whole)
    numbers = [s.number for s in knee_samples_of(path)]
    assert numbers == list(range(BAND.first, BAND.end))


def test_replay_in_order_of_arrival_says_the_same_events_and_ends_as_analyze(
    tmp_path: Path,
) -> None:
    path = log_of(tmp_path, {Side.RIGHT: without(range(100, 250), fetched=True, at=300)})
    log = read_log(path)
    stopped, analyzers, events = asyncio.run(fold(log, None, 0))
    assert not stopped
    same, count = compared(log, events)
    assert same == count > 10
    (leg,) = analyse(path).legs
    assert analyzers[Side.RIGHT].result() == leg.result


def test_gaps_that_remain_are_listed_with_span_and_reason(tmp_path: Path) -> None:
    span = first_of(LIVE[100]), first_of(LIVE[130])
    blocks = BAND.blocks(first_of(LIVE[110]), span[1])
    kept = [p for k, p in enumerate(LIVE) if not 100 <= k < 130 and not 300 <= k < 310]
    path = log_of(tmp_path, {Side.RIGHT: [*kept, *blocks, BAND.done(*span, len(blocks))]})
    period_s = wire.KNEE_PERIOD_US / 1e6
    first, second = to_json(analyse(path))["gaps"]
    assert first == {
        "side": "right",
        "start_s": pytest.approx((100 * 8 - 1) * period_s, abs=1e-4),
        "end_s": pytest.approx(110 * 8 * period_s, abs=1e-4),
        "samples": 80,
        "reason": "lost on the air, and the band no longer had them",
    }
    assert (second["samples"], second["reason"]) == (80, "lost on the air")
    shown = CliRunner().invoke(app, ["analyze", str(path)])
    assert "80 samples missing (lost on the air, and the band no longer had" in " ".join(
        shown.stdout.split()
    )


@pytest.mark.parametrize("kept", [16, 8])
def test_the_first_packets_may_be_missing_and_come_last(
    whole: Path, tmp_path: Path, kept: int
) -> None:
    told = wire.RECORDING.pack(
        BAND.recording_id, BAND.boot_id, wire.RECORDING_RUNNING, 1, 0, 0, BAND.first, BAND.first,
        0, 0, 0,
    )  # fmt: skip
    response = bytes([wire.OP_RESPONSE, wire.OP_RESUME, wire.RESULT_SUCCESS]) + told
    start = Packet(Channel.CONTROL, response, 0.0)
    end = BAND.first + 16
    blocks = BAND.blocks(end - kept, end)
    answer = [*blocks, BAND.done(BAND.first, end, len(blocks))]
    path = log_of(tmp_path, {Side.RIGHT: [start, *LIVE[2:], *answer]})
    assert [s.number for s in knee_samples_of(path)] == list(range(end - kept, BAND.end))
    assert [gap["samples"] for gap in to_json(analyse(path))["gaps"]] == [16 - kept] * (kept < 16)
    assert len(analyse(path).legs[0].result.reps) == len(analyse(whole).legs[0].result.reps)
    _, analyzers, events = asyncio.run(fold(read_log(path), None, 0))
    assert compared(read_log(path), events) == (len(events), len(events))
    assert analyzers[Side.RIGHT].result() == analyse(path).legs[0].result


def test_a_band_that_restarted_and_kept_its_last_seconds(tmp_path: Path) -> None:
    cut = 2000
    before = Band(RECORDING.samples[:cut], boot_id=1)
    after = Band(
        RECORDING.samples[cut + 500 :],
        boot_id=2,
        first=50,
        recording_id=4,
        received_from_s=before.received_s(before.end) + 5.0,
    )
    lost = before.live()[-20:]
    answer = before.answer(first_of(lost[0]), before.end)
    packets = [*before.live()[:-20], *after.live(), *answer]
    path = log_of(tmp_path, {Side.RIGHT: packets})
    samples = list(knee_samples_of(path))
    assert len(samples) == len(RECORDING.samples) - 500
    assert all(a.number < b.number and a.time_s < b.time_s for a, b in pairwise(samples))
    (gap,) = to_json(analyse(path))["gaps"]
    assert gap["reason"] == "band restarted" and gap["samples"] is None
    assert gap["start_s"] == pytest.approx(samples[cut - 1].time_s, abs=1e-3)
    assert gap["end_s"] - gap["start_s"] == pytest.approx(5.0, abs=0.1)


def test_both_legs_of_a_log_are_put_in_order_each_by_itself(whole: Path, tmp_path: Path) -> None:
    left = Band(RECORDING.samples, boot_id=9, first=70_000)
    sent = left.live()
    answer = left.answer(left.first + 800, left.first + 1600)
    path = log_of(
        tmp_path,
        {
            Side.RIGHT: without(range(100, 250), fetched=True),
            Side.LEFT: [*sent[:100], *sent[200:], *answer],
        },
    )
    right_leg, left_leg = to_json(analyse(path))["legs"]
    assert [{**right_leg, "clock": None}] == legs_of(whole)  # that is told where there are two
    assert left_leg["side"] == "left" and len(left_leg["reps"]) == len(right_leg["reps"])
    assert [s.number for s in knee_samples_of(path, side=Side.LEFT)] == [
        n % 2**16 for n in range(left.first, left.end)
    ]


def test_what_is_fetched_after_the_band_was_taken_off_is_of_the_set_still(
    whole: Path, tmp_path: Path
) -> None:
    table = Recording()
    table.samples = list(RECORDING.samples)
    table.rest(10.0)
    band = Band(table.samples)
    sent = band.live()
    worn = len(LIVE)
    kept = [*sent[:100], *sent[250:]]
    answer = band.answer(first_of(LIVE[100]), band.end)
    path = log_of(tmp_path, {Side.RIGHT: [*kept, *answer]}, taken_off=worn - 150)
    assert legs_of(path) == legs_of(whole)
    log = read_log(path)
    assert len(list(log.worn(Side.RIGHT))) == worn - 150 + len(answer)
    assert [s.number for s in knee_samples_of(path)][-1] == numbers_in(sent[worn - 1])[-1]
    _, analyzers, events = asyncio.run(fold(log, None, 0))
    assert compared(log, events) == (len(events), len(events))
    assert analyzers[Side.RIGHT].result() == analyse(path).legs[0].result


def test_angles_are_written_in_order_each_sample_once(tmp_path: Path) -> None:
    path = log_of(tmp_path, {Side.RIGHT: without(range(100, 250), fetched=True)})
    out = tmp_path / "angles.csv"
    assert CliRunner().invoke(app, ["angles", str(path), "--out", str(out)]).exit_code == 0
    with out.open() as file:
        times = [float(row["time_s"]) for row in csv.DictReader(file)]
    assert len(times) == len(RECORDING.samples)
    assert all(0.009 < b - a < 0.0105 for a, b in pairwise(times))


def test_a_recording_that_the_band_made_alone_is_analysed_from_its_blocks(
    whole: Path, tmp_path: Path
) -> None:
    path = log_of(tmp_path, {Side.RIGHT: BAND.answer(BAND.first, BAND.end)})
    assert json.dumps(legs_of(path)) == json.dumps(legs_of(whole))
