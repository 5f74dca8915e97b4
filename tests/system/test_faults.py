"""The fault matrix (tools/bench_faults.py) in small: what strikes a session, what its log lacks."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from bench_faults import BOTH, person
from faulty_sessions import Case, Struck, counted, dead_after, outage, recorded
from kneecore import wire
from kneetrack.analysis.log import log_samples
from kneetrack.calibration.store import CalibrationFile
from kneetrack.link.radio import virtual
from kneetrack.link.sim import SimLink
from kneetrack.protocol import read_status
from kneetrack.samples import Channel, Side
from kneetrack.sessionlog import SessionWriter, read_log

CASES = {
    "a tenth lost in bursts, and out of reach for 4 s": Case(5, outage(4.0), "&loss=0.1"),
    "out of reach for 3 s, and then without power": Case(6, dead_after(3.0)),
    "two legs, one out of reach for 3 s": Case(4, outage(3.0), sides=BOTH),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> CalibrationFile:
    return person(tmp_path_factory.mktemp("person"))


@pytest.mark.parametrize("name", CASES)
def test_all_that_a_band_kept_is_in_the_log_once_and_in_order(
    name: str, made: CalibrationFile, tmp_path: Path
) -> None:
    case = CASES[name]
    struck, whole_s = virtual.run(recorded(case, made, tmp_path / "a.mcap"))
    found = counted([tmp_path / "a.mcap"], struck)
    assert found.held, found
    assert found.fetched > 100
    assert whole_s is not None and whole_s < 20.0
    assert bool(found.cuts) == bool(struck.cut_at)


def test_an_imu_that_browns_out_and_a_bus_that_hangs_in_a_set_are_told_at_once_and_logged(
    made: CalibrationFile, tmp_path: Path
) -> None:
    began: list[int] = []

    async def strike(links: Sequence[SimLink], _: Struck) -> None:
        began.append(await links[0].break_imu("brownout"))
        await links[0].sleep(3.0)
        began.append(await links[0].break_imu("hung", duration_s=60.0))
        await links[0].sleep(3.0)

    virtual.run(recorded(Case(5, strike), made, tmp_path / "a.mcap"))
    log = read_log(tmp_path / "a.mcap")
    told = [
        (status.faults, status.uptime_s)
        for _, packet in log
        if packet.data[0] == wire.OP_STATUS and packet.channel is Channel.CONTROL
        if (status := read_status(packet.data[1:])) is not None
    ]
    both = wire.FAULT_THIGH_IMU | wire.FAULT_SHANK_IMU
    changes = [now for before, now in pairwise([(0, 0.0), *told]) if now[0] != before[0]]
    assert [faults for faults, _ in changes[:2]] == [wire.FAULT_THIGH_IMU, 0]
    assert changes[2][0] & both == both and changes[-1][0] == 0
    samples = list(log_samples(tmp_path / "a.mcap", side=Side.RIGHT))
    holes = [(a, b) for a, b in pairwise(samples) if b.number - a.number > 5]
    for number, told_s, (last, first) in zip(
        began, (changes[0][1], changes[2][1]), holes, strict=True
    ):
        period_s = wire.KNEE_PERIOD_US / 1e6
        assert 0.0 <= told_s - number * period_s <= 1.0
        assert -1 <= last.number - number < 10, "until then both were there"
        assert (first.number - last.number) * period_s < 1.0
        assert first.flags & wire.FLAG_IMU_FAULT


def test_a_packet_that_is_taken_out_of_a_log_is_counted_as_missing(
    made: CalibrationFile, tmp_path: Path
) -> None:
    whole, lacking = tmp_path / "whole.mcap", tmp_path / "lacking.mcap"
    struck, _ = virtual.run(recorded(Case(2), made, whole))
    log = read_log(whole)
    measured = [n for n, (_, packet) in enumerate(log) if packet.channel is Channel.MEASUREMENT]
    with SessionWriter(lacking, {"exercise": "squat"}) as writer:
        for number, (side, packet) in enumerate(log):
            if number != measured[20]:
                writer.packet(side, packet)
    assert counted([whole], struck).held
    found = counted([lacking], struck)
    assert not found.held
    assert found.missing == found.produced - found.logged == 8
