"""The fault matrix (tools/bench_faults.py) in small: what strikes a session, what its log lacks."""

from pathlib import Path

import pytest

from bench_faults import BOTH, person
from faulty_sessions import Case, counted, dead_after, outage, recorded
from kneetrack.calibration.store import CalibrationFile
from kneetrack.link.radio import virtual
from kneetrack.samples import Channel
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
