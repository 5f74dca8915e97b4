"""Whole sessions: the firmware under MicroPython, the air, bleak, the log; nothing is faked.

All at full speed unless the test is about something else.
"""

import asyncio
import os
import signal
from itertools import pairwise
from pathlib import Path

import pytest

from kneecore import wire
from kneetrack import live
from kneetrack.analysis.calibrate import from_trace
from kneetrack.calibration import runner
from kneetrack.detection import Analyzer, event_json
from kneetrack.errors import CommandRefused, LinkLost, LogError, UsageError
from kneetrack.link import open_link
from kneetrack.link.radio import virtual
from kneetrack.protocol import Decoder, read_status
from kneetrack.samples import (
    Channel,
    Gap,
    ImuPair,
    KneeSample,
    Packet,
    RepEnded,
    Response,
    Side,
)
from kneetrack.sessionlog import SessionWriter, read_log
from kneetrack.sessionlog.streams import RECORDED_EVENTS

ONE_SQUAT = "sim:squats?table=0&stand=2&functional=0&reps=1"  # 8 s
CALIBRATED = "sim:squats?table=2&functional=3&reps=3&speed=max"
DATA = Path(__file__).parents[3] / "shared" / "data"


class Kept:
    """A sink that keeps all it is given; `on_item` may act on it."""

    def __init__(self, on_item=None):
        self.packets = 0
        self.items = []
        self.events = []
        self.on_item = on_item

    def packet(self):
        self.packets += 1

    def item(self, item):
        self.items.append(item)
        if self.on_item is not None:
            self.on_item(item)

    def event(self, event):
        self.events.append(event)

    def of(self, kind):
        return [item for item in self.items if isinstance(item, kind)]


def analyzer_for(link):
    scenario = link.scenario
    return Analyzer(scenario.side, scenario.exercise, scenario.windows)


def consecutive(samples):
    numbers = [sample.number for sample in samples]
    return numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_at_full_speed_every_sample_arrives_in_order_and_nothing_is_dropped():
    async def check():
        kept = Kept()
        async with open_link(f"{ONE_SQUAT}&speed=max") as link:
            figures = await live.record(link, analyzer_for(link), sinks=[kept])
            answer = await live.command(link, wire.OP_QUERY, wire.QUERY.pack(wire.QUERY_STATUS))
            duration_s = link.scenario.duration_s
        knee, pairs = kept.of(KneeSample), kept.of(ImuPair)
        assert not kept.of(Gap)
        assert consecutive(knee)
        assert consecutive(pairs)
        assert knee[-1].time_s > duration_s - 0.02
        assert knee[0].time_s < 0.02
        status = read_status(answer.payload)
        assert (status.dropped_packets, status.overruns, status.faults) == (0, 0, 0)
        assert figures.packets == kept.packets
        assert (figures.knee_samples, figures.lost_samples) == (len(knee), 0)

    asyncio.run(check())


def test_what_was_streamed_before_the_recording_is_no_part_of_it_nor_a_gap(tmp_path):
    async def check():
        kept = Kept()
        async with open_link(f"{ONE_SQUAT}&speed=max") as link:
            await live.command(link, wire.OP_START, wire.START.pack(wire.START_RAW))
            await link.play(until_s=1.0)
            await link.sleep(0.5)
            await live.command(link, wire.OP_STOP)
            await link.sleep(0.5)
            await live.record(link, analyzer_for(link), sinks=[kept], duration_s=1.0)
        assert not kept.of(Gap)
        assert consecutive(kept.of(KneeSample))
        assert consecutive(kept.of(ImuPair))

    asyncio.run(check())


def test_the_ticks_of_the_board_may_wrap_in_the_middle(monkeypatch):
    async def check():
        kept = Kept()
        async with open_link(f"{ONE_SQUAT}&speed=max") as link:
            await live.record(link, analyzer_for(link), sinks=[kept])
            board_s = link.now_s()
            assert link.origin_us < 2**30
        knee = kept.of(KneeSample)
        assert board_s > 2**30 / 1e6  # the wrap lies behind us
        assert not kept.of(Gap)
        assert consecutive(knee)
        assert max(b.time_s - a.time_s for a, b in pairwise(knee)) < 0.0097

    monkeypatch.setenv("KNEETRACK_TICKS_OFFSET_US", str(2**30 - 8_000_000))
    asyncio.run(check())


def test_a_session_is_calibrated_recorded_and_replayed_to_the_same_events(tmp_path):
    path = tmp_path / "session.mcap"

    async def recorded():
        kept = Kept()
        async with open_link(CALIBRATED) as link:
            made = await runner.of_simulated(link, from_trace)
            assert made.side is Side.RIGHT
            windows = [
                {"kind": w.kind, "start_s": w.start_s, "end_s": w.end_s}
                for w in link.scenario.windows
            ]
            with SessionWriter(path, {"exercise": "squat", "windows": windows}) as writer:
                await live.record(
                    link,
                    analyzer_for(link),
                    writer=writer,
                    sinks=[kept],
                    calibration=made.calibration,
                )
            assert link.feature.calibration_id == made.calibration.calibration_id
        return kept

    async def replayed():
        kept = Kept()
        async with open_link(f"log:{path}?speed=max") as link:
            decoder = Decoder(link.feature, link.origin_us)
            await live.pump(link, decoder, analyzer_for(link), sinks=[kept])
        return kept

    first = asyncio.run(recorded())
    log = read_log(path)
    assert log.torn is None
    assert log.packet_count == first.packets
    channels = {packet.channel for _, packet in log}
    assert channels == {Channel.MEASUREMENT, Channel.RAW, Channel.FEATURE, Channel.CONTROL}
    reps = [event for event in first.events if isinstance(event, RepEnded)]
    assert len(reps) == 3
    assert not any(sample.flags & wire.FLAG_UNALIGNED for sample in first.of(KneeSample)[-500:])
    again = asyncio.run(replayed())
    assert again.items == first.items
    told = [event_json(event) for event in first.events]
    assert [event_json(event) for event in again.events] == told
    stored = [event for event in log.events if event["event"] not in RECORDED_EVENTS]
    assert len(stored) == len(told)


def test_a_band_that_dies_is_a_lost_link_and_what_came_is_kept(tmp_path):
    path = tmp_path / "session.mcap"

    async def check():
        kept = Kept()
        async with open_link(f"{ONE_SQUAT}&speed=max") as link:

            def kill(item):
                if isinstance(item, KneeSample) and item.time_s > 1.0:
                    os.kill(link.board_pid, signal.SIGKILL)
                    kept.on_item = None

            kept.on_item = kill
            with (
                SessionWriter(path, {"exercise": "squat"}) as writer,
                pytest.raises(LinkLost, match="kept"),
            ):
                soon = live.Waits(return_s=1.0)
                await live.record(link, analyzer_for(link), writer=writer, sinks=[kept], waits=soon)
        return kept

    kept = virtual.run(check())
    log = read_log(path)
    assert log.torn is None
    decoder = Decoder(None, next(e["board_us"] for e in log.events if e["event"] == "origin"))
    items = [item for _, packet in log for item in decoder.feed(packet)]
    assert [i for i in items if isinstance(i, KneeSample)] == kept.of(KneeSample)
    assert consecutive(kept.of(KneeSample))


def test_a_log_that_can_not_be_written_any_more_ends_the_recording_and_says_why(tmp_path):
    async def check():
        async with open_link(f"{ONE_SQUAT}&speed=max") as link:
            with SessionWriter(tmp_path / "a.mcap", {"exercise": "squat"}) as writer:

                def breaks(item):
                    if isinstance(item, KneeSample) and item.time_s > 1.0:
                        nothing = os.open(os.devnull, os.O_RDONLY)
                        os.dup2(nothing, writer.fileno())
                        os.close(nothing)
                        kept.on_item = None

                kept = Kept(breaks)
                with pytest.raises(LogError, match="stopped: Bad file descriptor"):
                    await live.record(link, analyzer_for(link), writer=writer, sinks=[kept])

    asyncio.run(check())


def test_a_stop_ends_well_and_stops_the_band():
    async def check():
        stop = asyncio.Event()
        kept = Kept(lambda item: stop.set() if isinstance(item, KneeSample) else None)
        async with open_link(ONE_SQUAT) as link:
            async with asyncio.timeout(20):
                await live.record(link, analyzer_for(link), sinks=[kept], stop=stop)
            answer = await live.command(link, wire.OP_QUERY, wire.QUERY.pack(wire.QUERY_STATUS))
            assert read_status(answer.payload).state == wire.STATE_IDLE
        assert Response(wire.OP_STOP, wire.RESULT_SUCCESS) in kept.of(Response)
        assert consecutive(kept.of(KneeSample))

    asyncio.run(check())


def test_a_duration_ends_a_recording():
    async def check():
        kept = Kept()
        async with open_link(f"{ONE_SQUAT}&speed=2") as link:
            figures = await live.record(
                link, analyzer_for(link), sinks=[kept], raw=False, duration_s=2.0
            )
        assert figures.duration_s >= 2.0
        assert not kept.of(ImuPair)
        assert not kept.of(Gap)

    asyncio.run(check())


def test_a_refused_command_says_why():
    async def check():
        async with open_link(ONE_SQUAT) as link:
            with pytest.raises(CommandRefused, match="out of range") as caught:
                await live.command(link, wire.OP_SET_SIDE, bytes([5]))
            assert caught.value.result == wire.RESULT_INVALID_OPERAND
            with pytest.raises(CommandRefused, match="does not know"):
                await live.command(link, 0x7F)

    asyncio.run(check())


def test_a_scenario_that_does_not_exist_is_the_user_s_mistake():
    async def check():
        async with open_link("sim:cartwheels"):
            pass

    with pytest.raises(UsageError, match=r"cartwheels.*try squats"):
        asyncio.run(check())


@pytest.mark.parametrize("how", ["well", "badly"])
def test_the_board_s_process_ends_with_the_link(how):
    pids = []

    async def check():
        async with open_link(ONE_SQUAT) as link:
            pids.append(link.board_pid)
            if how == "badly":
                raise ZeroDivisionError

    if how == "badly":
        with pytest.raises(ZeroDivisionError):
            asyncio.run(check())
    else:
        asyncio.run(check())
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


@pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data is not here")
def test_a_recorded_movement_is_measured_by_the_firmware_in_its_own_time():
    async def check():
        path = DATA / "squats_from_markers" / "squats1_L.csv"
        kept = Kept()
        async with open_link(f"trace:{path}?speed=max") as link:
            await live.record(
                link,
                analyzer_for(link),
                sinks=[kept],
                calibration=from_trace(link.trace).calibration,
            )
            first_s, last_s = link.trace.time_s[[0, -1]]
            assert link.scenario.windows == link.trace.windows
        knee = kept.of(KneeSample)
        assert not kept.of(Gap)
        assert knee[0].time_s <= first_s + 0.02
        assert knee[-1].time_s >= last_s - 0.02
        assert max(sample.flexion_deg for sample in knee) > 60.0

    asyncio.run(check())


def test_packets_are_stamped_with_the_board_s_clock_after_what_they_hold():
    async def check():
        late_s = []

        async with open_link(f"{ONE_SQUAT}&speed=max") as link:
            await live.command(link, wire.OP_START, wire.START.pack(0))
            await link.play()
            async for packet in link.packets():
                if packet.channel is Channel.MEASUREMENT:
                    by_board_s = link.source_s(packet.received_at_s) + link.origin_us / 1e6
                    late_s.append(by_board_s - last_sample_s(packet))
        assert min(late_s) > 0.0
        assert max(late_s) < 1.0

    asyncio.run(check())


def last_sample_s(packet: Packet) -> float:
    header = wire.PACKET_HEADER.unpack_from(packet.data)
    count = (len(packet.data) - wire.PACKET_HEADER.size) // wire.KNEE_SAMPLE.size
    return (header.time_us + (count - 1) * header.period_us) / 1e6
