"""`kneetrack sync` with the very firmware, its journal and its flash, over a cable in real time."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from cable import Cable, bench
from kneecore import transfers, wire
from kneecore.blocks import span
from kneetrack import live
from kneetrack.detection import Analyzer
from kneetrack.link import open_link
from kneetrack.link.base import Link
from kneetrack.maintenance import kept as band
from kneetrack.maintenance.sync import Sync, Synced
from kneetrack.samples import Channel, Side
from kneetrack.sessionlog import SessionWriter, new_log_path, read_log
from kneetrack.spans import Spans

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX")

KNEE_HZ = 1e6 / wire.KNEE_PERIOD_US
UTC_S = 1_790_000_000


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def serial(cable: Cable) -> Link:
    return open_link(f"serial:{cable.port}")


async def bring_all(link: Link) -> list[Synced]:
    sync = Sync(link)
    return [
        await sync.bring(
            one, about={"exercise": "squat"}, calibration_of=lambda *_: None, told=lambda _: None
        )
        for one in await band.recordings(link)
    ]


def numbers_in(path: Path) -> Spans:
    """The band's numbers of all knee samples in a log of less than ten minutes."""
    found = Spans()
    for _, packet in read_log(path):
        if packet.channel is Channel.MEASUREMENT:
            first = wire.PACKET_HEADER.unpack_from(packet.data).sequence
            count = (len(packet.data) - wire.PACKET_HEADER.size) // wire.KNEE_SAMPLE.size
            found.add(first, first + count)
        elif packet.data[:1] == bytes([transfers.TRANSFER_BLOCK]):
            first, count = span(packet.data[transfers.BLOCK_HEAD :])
            found.add(first, first + count)
    return found


def test_what_a_band_recorded_alone_is_fetched_over_a_bad_cable_and_deleted(tmp_path: Path) -> None:
    async def check() -> Path:
        async with bench(tmp_path) as cable:
            async with serial(cable) as link:
                await band.tell_time(link, UTC_S)
                await band.begin_alone(link)
                running = await band.running(link)
                assert running is not None and running.is_alone
            await cable.pacer.passes(3.5)  # nobody is there
            async with serial(cable) as link:
                await band.end_running(link)
                assert await band.running(link) is None
                (kept,) = await band.recordings(link)
                assert kept.is_alone and not kept.is_cut and kept.lost_samples == 0
                assert 0 <= kept.utc_s - UTC_S < 5
                assert kept.numbers.size > 2.0 * KNEE_HZ
                hits = iter(range(100))
                cable.to_host = lambda data: data[:9] if next(hits, 99) % 7 == 5 else data
                (synced,) = await bring_all(link)
                assert synced.deleted and synced.fetched is not None and not synced.fetched.gone
                assert await band.recordings(link) == []
            assert list(numbers_in(synced.path)) == [kept.numbers]
            return synced.path

    path = asyncio.run(check())
    assert read_log(path).session["synced"]["alone"]


def test_a_session_whose_computer_died_is_whole_in_two_logs_that_know_each_other(
    tmp_path: Path,
) -> None:
    async def record(cable: Cable, path: Path) -> None:
        async with serial(cable) as link:
            about = {"exercise": "squat", "athlete": "C", "bands": {"right": link.name}}
            with SessionWriter(path, about) as writer:
                await live.record(link, Analyzer(Side.RIGHT), writer=writer)

    async def check() -> None:
        begun = new_log_path("squat", Side.RIGHT)
        async with bench(tmp_path) as cable:
            recording = asyncio.create_task(record(cable, begun))
            async with asyncio.timeout(60.0):
                while not begun.exists() or read_log(begun).packet_count < 40:
                    assert not recording.done(), recording.exception()
                    await asyncio.sleep(0.1)
            cable.to_band = None  # the computer is dead: it doesn't say goodbye
            recording.cancel()
            await asyncio.gather(recording, return_exceptions=True)
            cable.to_band = bytes
            await cable.pacer.passes(2.0)  # the band measures on
            async with serial(cable) as link:
                await band.end_running(link)
                (synced,) = await bring_all(link)
                assert synced.deleted and await band.recordings(link) == []
            assert not synced.kept.is_alone
            assert synced.partner is not None and synced.partner.path == begun.resolve()
            told = read_log(synced.path).session
            assert told["synced"]["rest_of"] == begun.name and told["athlete"] == "C"
            both, rest = numbers_in(begun), numbers_in(synced.path)
            assert both and rest.end is not None and both.end is not None
            assert rest.end > both.end + KNEE_HZ  # what was measured when nobody was there
            for one in rest:
                both.add(*one)
            assert len(list(both)) == 1  # without a hole

    asyncio.run(check())


def test_a_set_that_a_simulated_leg_did_alone_comes_over_bluetooth(tmp_path: Path) -> None:
    async def check() -> tuple[Synced, list[dict[str, float]]]:
        address = "sim:squats?functional=0&table=0&stand=2&reps=1&speed=max"
        async with open_link(address) as link:
            assert link.scenario is not None
            await band.tell_time(link, UTC_S)
            await band.begin_alone(link)
            await link.play()
            async for _ in link.packets():  # the leg does its set, and nobody listens
                pass
            await band.end_running(link)
            (synced,) = await bring_all(link)
            assert synced.deleted and await band.recordings(link) == []
            return synced, link.scenario.truth["reps"]

    synced, reps = asyncio.run(check())
    assert synced.kept.lost_samples == 0
    assert synced.kept.duration_s > reps[-1]["end_s"]
    assert list(numbers_in(synced.path)) == [synced.kept.numbers]
    log = read_log(synced.path)
    assert log.session["simulated"] and log.session["synced"]["alone"]
