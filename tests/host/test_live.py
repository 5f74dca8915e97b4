"""The loop of a recording, on recorded sessions: the same packets, no band needed."""

import asyncio
import math
from pathlib import Path

import pytest

from kneecore import wire
from kneetrack import live
from kneetrack.analysis.calibrate import from_trace
from kneetrack.calibration import runner
from kneetrack.detection import Analyzer
from kneetrack.errors import CalibrationError
from kneetrack.link import open_link
from kneetrack.protocol import Decoder
from kneetrack.samples import (
    Channel,
    Gap,
    GapSeen,
    KneeSample,
    Packet,
    RepEnded,
    Side,
)
from kneetrack.sessionlog import SessionWriter, read_log

FEATURE = wire.FEATURE.pack(*wire.PROTOCOL_VERSION, 7, 1, 0x6C, 0x6C, 4808, 2, 1e-3, 5e-3, 1, 0)
LEVEL = (1.0, 0.0, 0.0, 0.0)
SQUATS = 3
SQUAT_S = 3.0


def flexion_deg(time_s: float) -> float:
    """Standing, then squats of 90 deg, then standing."""
    since_s = time_s - 2.0
    if not 0.0 <= since_s < SQUATS * SQUAT_S:
        return 0.0
    return 45.0 * (1.0 - math.cos(2 * math.pi * since_s / SQUAT_S))


def packet_at(number: int) -> Packet:
    """Knee Measurement packet `number` of a leg that squats; it arrives as it is complete."""
    first = number * wire.KNEE_SAMPLES_PER_PACKET
    start_us = 1_000_000 + first * wire.KNEE_PERIOD_US
    data = wire.PACKET_HEADER.pack(7, first % 65536, start_us, wire.KNEE_PERIOD_US, 0)
    for i in range(wire.KNEE_SAMPLES_PER_PACKET):
        angle = flexion_deg((first + i) * wire.KNEE_PERIOD_US * 1e-6)
        data += wire.KNEE_SAMPLE.pack(angle, 0.01 * angle, 0.0, LEVEL, LEVEL, 1.0)
    arrived_us = start_us + wire.KNEE_SAMPLES_PER_PACKET * wire.KNEE_PERIOD_US
    return Packet(Channel.MEASUREMENT, data, arrived_us * 1e-6)


def session(path: Path, lost: tuple[int, ...] = ()) -> Path:
    """A log of 14 s of squats in which the packets `lost` are missing."""
    with SessionWriter(path, {"exercise": "squat"}) as writer:
        writer.packet(Side.RIGHT, Packet(Channel.FEATURE, FEATURE, 1.0))
        for number in range(180):
            if number not in lost:
                writer.packet(Side.RIGHT, packet_at(number))
    return path


class Order:
    """A sink that notes what it is told, and how much had been written by then."""

    def __init__(self, written: Path | None = None) -> None:
        self.told: list[object] = []
        self.packets = 0
        self.written = written
        self.behind: list[int] = []

    def packet(self) -> None:
        self.packets += 1
        if self.written is not None:
            self.behind.append(self.packets - read_log(self.written).packet_count)

    def item(self, item: object) -> None:
        self.told.append(item)

    def event(self, event: object) -> None:
        self.told.append(event)

    def of(self, kind: type) -> list[object]:
        return [one for one in self.told if isinstance(one, kind)]


def pumped(path: Path, speed: str = "max", **options) -> live.Figures:
    async def run() -> live.Figures:
        async with open_link(f"log:{path}?speed={speed}") as link:
            decoder = Decoder(link.feature, link.origin_us)
            return await live.pump(link, decoder, Analyzer(Side.RIGHT), **options)

    return asyncio.run(run())


def test_every_packet_is_written_before_anybody_is_told(tmp_path):
    copy = tmp_path / "copy.mcap"
    source = session(tmp_path / "a.mcap")
    with SessionWriter(copy, {"exercise": "squat"}) as writer:
        sink = Order(written=copy)
        pumped(source, writer=writer, sinks=[sink])
    assert set(sink.behind) == {0}
    assert list(read_log(copy)) == list(read_log(source))


def test_events_go_to_the_sinks_and_into_the_log(tmp_path):
    copy = tmp_path / "copy.mcap"
    with SessionWriter(copy, {"exercise": "squat"}) as writer:
        sink = Order()
        pumped(session(tmp_path / "a.mcap"), writer=writer, sinks=[sink])
    reps = sink.of(RepEnded)
    assert len(reps) == SQUATS
    stored = [event for event in read_log(copy).events if event["event"] == "rep_ended"]
    assert [event["rep"]["index"] for event in stored] == [event.rep.index for event in reps]


def test_figures_count_what_came_and_what_was_lost(tmp_path):
    sink = Order()
    figures = pumped(session(tmp_path / "a.mcap", lost=(30, 31)), sinks=[sink])
    assert figures.packets == 179  # 178 of measurement and one of Knee Feature
    assert figures.knee_samples == 178 * 8 == len(sink.of(KneeSample))
    assert figures.lost_samples == 16
    assert len(sink.of(Gap)) == len(sink.of(GapSeen)) == 1
    assert figures.duration_s == pytest.approx(180 * 8 * wire.KNEE_PERIOD_US * 1e-6)


def test_a_duration_ends_the_loop(tmp_path):
    figures = pumped(session(tmp_path / "a.mcap"), duration_s=5.0)
    assert 5.0 <= figures.duration_s < 5.1


def test_a_stop_ends_the_loop_and_flushes_the_analyzer(tmp_path):
    async def run():
        stop = asyncio.Event()
        sink = Order()

        class Impatient(Order):
            def item(self, item):
                if isinstance(item, KneeSample) and item.time_s > 6.5:
                    stop.set()

        async with open_link(f"log:{session(tmp_path / 'a.mcap')}?speed=max") as link:
            decoder = Decoder(link.feature, link.origin_us)
            sinks = [sink, Impatient()]
            await live.pump(link, decoder, Analyzer(Side.RIGHT), sinks=sinks, stop=stop)
        return sink

    sink = asyncio.run(run())
    assert sink.of(KneeSample)[-1].time_s < 12.0
    assert sink.of(RepEnded)


def test_replay_at_any_pace_gives_the_same(tmp_path):
    path = session(tmp_path / "a.mcap", lost=(7,))
    quick, slow = Order(), Order()
    pumped(path, "max", sinks=[quick])
    pumped(path, "20", sinks=[slow])
    assert quick.told == slow.told


def test_a_source_without_calibration_movements_says_so(tmp_path):
    async def run():
        async with open_link(f"log:{session(tmp_path / 'a.mcap')}") as link:
            await runner.of_simulated(link, from_trace)

    with pytest.raises(CalibrationError, match="stand and some slow squats"):
        asyncio.run(run())


class Failing(Order):
    """A sink that fails with the first rep."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error

    def event(self, event: object) -> None:
        super().event(event)
        if isinstance(event, RepEnded):
            raise self.error


@pytest.mark.parametrize("error", [ValueError(), BrokenPipeError(), SystemExit(1)])
def test_a_sink_that_fails_is_left_out_and_the_recording_goes_on(tmp_path, error):
    copy = tmp_path / "copy.mcap"
    source = session(tmp_path / "a.mcap")
    failing, other = Failing(error), Order()
    with SessionWriter(copy, {"exercise": "squat"}) as writer:
        figures = pumped(source, writer=writer, sinks=[failing, other])
    assert list(read_log(copy)) == list(read_log(source))
    assert figures.sink_errors == [error]
    assert len(failing.of(RepEnded)) == 1
    assert len(other.of(RepEnded)) == SQUATS
    assert len(other.of(KneeSample)) > len(failing.of(KneeSample))
