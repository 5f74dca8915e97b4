"""What a band keeps comes to this computer whole, once, and only then goes from the band."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import keeping_band
from cable import Cable
from keeping_band import KeepingBand, Kept, kept, living
from knee_recordings import Recording, session, short
from kneecore import wire
from kneecore.blocks import span
from kneecore.calibration import Calibration
from kneetrack.analysis import analyse
from kneetrack.errors import LinkError
from kneetrack.link import open_link
from kneetrack.maintenance.fetching import Progress
from kneetrack.maintenance.kept import recordings
from kneetrack.maintenance.part_file import PartFile
from kneetrack.maintenance.sync import Sync, Synced
from kneetrack.protocol import Decoder
from kneetrack.samples import Channel, KneeSample, Packet, Side
from kneetrack.sessionlog import SessionWriter, read_log

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX")

BUMPS = [0.0, 0.0, 0.0, 8.0, 0.0, 0.0]


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data" / "kneetrack"


def on_the_band(recording: Recording | None = None, **about: Any) -> Kept:
    return kept((recording or short()).samples, **about)


def at_a_band(
    tmp_path: Path,
    keeps: dict[int, Kept],
    scene: Callable[[KeepingBand], Coroutine[Any, Any, None]],
    **faults: Any,
) -> KeepingBand:
    """Play `scene` with a band on a cable that keeps these recordings."""

    async def main() -> KeepingBand:
        cable = Cable(tmp_path)
        try:
            with living(KeepingBand(cable, keeps, **faults)) as band:
                async with asyncio.timeout(60):
                    await scene(band)
                return band
        finally:
            cable.close()

    return asyncio.run(main())


async def bring(
    band: KeepingBand, told: Callable[[Progress], None] = lambda _: None, **options: Any
) -> list[Synced]:
    """What one run of `kneetrack sync` does."""
    done: list[Synced] = []
    async with open_link(f"serial:{band.cable.port}") as link:
        sync = Sync(link)
        for one in await recordings(link):
            done.append(
                await sync.bring(
                    one,
                    about={"athlete": "A", "exercise": "squat"},
                    calibration_of=lambda *_: None,
                    told=told,
                    **options,
                )
            )
    return done


def ended_early(now: Progress) -> None:
    """Ctrl-C behind some ten blocks, for `bring`."""
    if now.samples > 10 * 13:
        raise asyncio.CancelledError


def samples_in(path: Path) -> list[KneeSample]:
    log = read_log(path)
    assert log.torn is None
    decoder = Decoder()
    items = decoder.feed_all(packet for _, packet in log)
    samples = {item.number: item for item in items if isinstance(item, KneeSample)}
    return [samples[number] for number in sorted(samples)]


def assert_is(path: Path, recording: Recording) -> None:
    """Every sample that was measured is in the log, as it was."""
    found = samples_in(path)
    assert len(found) == len(recording.samples)
    for got, made in zip(found, recording.samples, strict=True):
        assert abs(got.flexion_deg - made.flexion_deg) <= 0.0051
        assert abs(got.valgus_deg - made.valgus_deg) <= 0.0051
        assert abs(got.time_s - made.time_s) < 1e-6


def test_a_recording_is_fetched_whole_analysed_like_any_other_and_deleted(tmp_path: Path) -> None:
    recording = session(BUMPS)
    done: list[Synced] = []
    seen: list[Progress] = []

    async def scene(band: KeepingBand) -> None:
        done.extend(await bring(band, seen.append))

    band = at_a_band(tmp_path, {4: on_the_band(recording), 7: on_the_band()}, scene)
    assert band.deleted == [4, 7] and all(one.deleted for one in done)
    assert [one.kept.recording_id for one in done] == [4, 7]
    assert_is(done[0].path, recording)
    assert seen[0].samples == 0 and max(one.samples for one in seen) == len(recording.samples)
    log = read_log(done[0].path)
    assert log.session["synced"]["recording_id"] == 4
    assert log.session["synced"]["gone"] == []
    assert log.session["bands"] == {"right": keeping_band.NAME}
    assert log.session["started_at"] == "2026-09-21T14:13:20+00:00"
    assert abs(log.duration_s - recording.now_s) < 0.5  # in the band's time, not the fetch's
    session_found = analyse(done[0].path)
    (leg,) = session_found.legs
    assert len(leg.result.reps) == 5 + len(BUMPS)
    assert not list((tmp_path / "data").rglob("*.part"))
    assert done[0].path.stat().st_mode & 0o077 == 0


def test_lost_and_damaged_blocks_are_asked_for_again_and_nothing_else(tmp_path: Path) -> None:
    recording = short()
    done: list[Synced] = []

    async def scene(band: KeepingBand) -> None:
        done.extend(await bring(band))

    made = on_the_band(recording)
    band = at_a_band(tmp_path, {4: made}, scene, loses={3, 4, 30}, damages={17, 40})
    assert_is(done[0].path, recording)
    assert band.deleted == [4]
    whole, *again = band.fetches
    assert whole == (made.first_number, made.end_number)
    assert sum(end - first for first, end in again) < 8 * 32


def test_a_cable_that_comes_out_and_in_again_costs_nothing(tmp_path: Path) -> None:
    recording = short()
    done: list[Synced] = []
    lost: list[Progress] = []

    async def put_in(band: KeepingBand) -> None:
        while band.sent < 15:
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.7)
        band.cable.put_in()

    async def scene(band: KeepingBand) -> None:
        again = asyncio.create_task(put_in(band))
        done.extend(await bring(band, lambda now: lost.append(now) if now.lost_link else None))
        await again

    band = at_a_band(tmp_path, {4: on_the_band(recording)}, scene, pulls_after=15)
    assert_is(done[0].path, recording)
    assert len(lost) == 1
    assert band.fetches[1][0] > band.fetches[0][0] + 10 * 13  # from where it stopped


def test_a_program_that_was_ended_goes_on_where_it_stopped(tmp_path: Path) -> None:
    recording = short()
    done: list[Synced] = []

    async def scene(band: KeepingBand) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await bring(band, ended_early)
        assert band.deleted == [] and not done
        done.extend(await bring(band))

    band = at_a_band(tmp_path, {4: on_the_band(recording)}, scene)
    assert_is(done[0].path, recording)
    assert band.fetches[-1][0] > band.fetches[0][0] + 10 * 13


def test_a_part_file_that_was_torn_or_is_of_another_recording_does_no_harm(tmp_path: Path) -> None:
    recording = short()
    done: list[Synced] = []

    async def scene(band: KeepingBand) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await bring(band, ended_early)
        (part,) = (tmp_path / "data").rglob("*.part")
        whole = part.read_bytes()
        part.write_bytes(whole[:1200] + b"\0" * 300 + whole[1400:-7])
        done.extend(await bring(band))

    at_a_band(tmp_path, {4: on_the_band(recording)}, scene)
    assert_is(done[0].path, recording)
    one, other = done[0].kept, tmp_path / "of_another.part"
    with PartFile(other, one) as part:
        part.append(b"\x81of this one")
    with PartFile(other, one) as part:
        assert list(part.messages()) == [b"\x81of this one"]
    with PartFile(other, replace(one, utc_s=5)) as part:
        assert list(part.messages()) == []


def test_what_the_band_can_not_read_is_told_and_stays_there(tmp_path: Path) -> None:
    made = on_the_band()
    number, count = span(made.blocks[20])
    done: list[Synced] = []

    async def scene(band: KeepingBand) -> None:
        done.extend(await bring(band))

    band = at_a_band(tmp_path, {4: made}, scene, unreadable={20})
    assert band.deleted == [] and not done[0].deleted
    assert done[0].fetched is not None and done[0].fetched.read_failed
    (gone,) = read_log(done[0].path).session["synced"]["gone"]
    assert (gone["first"], gone["end"]) == (number, number + count)
    assert len(samples_in(done[0].path)) == len(short().samples) - count


def test_delete_deletes_it_all_the_same(tmp_path: Path) -> None:
    async def scene(band: KeepingBand) -> None:
        (one,) = await bring(band, delete_anyway=True)
        assert one.deleted

    assert at_a_band(tmp_path, {4: on_the_band()}, scene, unreadable={20}).deleted == [4]


def test_a_hole_that_the_recording_always_had_is_no_reason_to_keep_it(tmp_path: Path) -> None:
    recording = short()
    del recording.samples[500:620]
    made = on_the_band(recording, lost_samples=120)

    async def scene(band: KeepingBand) -> None:
        (one,) = await bring(band)
        assert one.deleted and one.fetched is not None
        assert sum(hole.span.size for hole in one.fetched.gone) == 120
        assert len(samples_in(one.path)) == len(recording.samples)

    assert at_a_band(tmp_path, {4: made}, scene).deleted == [4]


def test_what_was_fetched_and_left_there_is_not_fetched_twice(tmp_path: Path) -> None:
    paths: list[Path] = []

    async def scene(band: KeepingBand) -> None:
        (first,) = await bring(band, keep=True)
        assert not first.deleted and band.deleted == []
        sent = band.sent
        (again,) = await bring(band, keep=True)
        assert again.path == first.path and again.fetched is None and band.sent == sent
        (last,) = await bring(band)
        assert last.deleted and band.deleted == [4] and band.sent == sent
        paths.append(last.path)

    at_a_band(tmp_path, {4: on_the_band()}, scene)
    assert len(list(paths[0].parent.glob("*.mcap"))) == 1


def test_a_log_that_is_no_longer_whole_is_fetched_again(tmp_path: Path) -> None:
    async def scene(band: KeepingBand) -> None:
        (first,) = await bring(band, keep=True)
        first.path.write_bytes(first.path.read_bytes()[:-2000])
        (again,) = await bring(band)
        assert again.path != first.path and again.fetched is not None
        assert_is(again.path, short())

    at_a_band(tmp_path, {4: on_the_band()}, scene)


def test_a_band_that_no_longer_answers_a_fetch_is_given_up_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kneetrack.backfill.ANSWER_S", 0.2)

    async def scene(band: KeepingBand) -> None:
        band.cable.to_host = lambda data: data if band.sent < 20 else b""
        with pytest.raises(LinkError):
            await bring(band)
        assert band.deleted == []
        band.cable.to_host = bytes
        (one,) = await bring(band)
        assert_is(one.path, short())

    at_a_band(tmp_path, {4: on_the_band()}, scene)


def test_the_rest_of_a_session_is_told_where_its_beginning_is(tmp_path: Path) -> None:
    made = on_the_band(flags=0)
    answer = bytes((wire.OP_RESPONSE, wire.OP_START, wire.RESULT_SUCCESS)) + made.record(4)
    beginning = tmp_path / "data" / "kneetrack" / "sessions" / "beginning.mcap"
    beginning.parent.mkdir(parents=True)
    about = {"athlete": "B", "exercise": "lunge", "bands": {"right": keeping_band.NAME}}
    with SessionWriter(beginning, about) as writer:
        writer.packet(Side.RIGHT, Packet(Channel.CONTROL, answer, 1.0))
    with SessionWriter(beginning.with_name("another.mcap"), about) as writer:
        other = bytes((wire.OP_RESPONSE, wire.OP_START, 1)) + made.record(5)
        writer.packet(Side.RIGHT, Packet(Channel.CONTROL, other, 1.0))

    async def scene(band: KeepingBand) -> None:
        (one,) = await bring(band)
        assert one.partner is not None and one.partner.path == beginning
        told = read_log(one.path).session
        assert told["synced"]["rest_of"] == "beginning.mcap"
        assert (told["athlete"], told["exercise"]) == ("B", "lunge")

    at_a_band(tmp_path, {4: made}, scene)


def test_the_calibration_is_the_one_that_the_band_had(tmp_path: Path) -> None:
    unit = (1.0, 0.0, 0.0, 0.0)
    zero = (0.0, 0.0, 0.0)
    held = Calibration(Side.RIGHT, unit, unit, 0.1, zero, zero, 0.02, 77).to_wire()

    async def scene(band: KeepingBand) -> None:
        (one,) = await bring(band)
        (calibration,) = read_log(one.path).calibrations
        assert calibration["calibration_id"] == 77
        assert calibration["warnings"]
        analyse(one.path)

    at_a_band(tmp_path, {4: on_the_band(calibration=held)}, scene)
