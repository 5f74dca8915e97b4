"""Case (xii) of biomechanics D: a band whose packets get lost in bursts while the set runs.

The band is calibrated from the same person's trace; then the set comes through a radio that loses
packets, blocks that are fetched as well as live ones. What is missing is told, and fetched, and the
reps are those of a whole recording.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from kneecore import wire
from kneetrack import live
from kneetrack.analysis.trace import calibrate, reference_of
from kneetrack.detection import Analyzer, LegResult
from kneetrack.link import open_link
from kneetrack.samples import Channel, Doubt, Gap, KneeSample
from kneetrack.traces import read_trace
from sim import export, scenarios

CALIBRATING = "squats?reps=0&functional=3&table=3&seed=5"
SET = "loss?reps=4&functional=0&table=0&stand=2&loss=0.04&seed=5"  # the same person, worn already
PACKET_S = 0.08


class Kept:
    """A sink that keeps knee samples and gaps."""

    def __init__(self) -> None:
        self.samples: list[KneeSample] = []
        self.gaps: list[Gap] = []

    def packet(self) -> None: ...

    def item(self, item: object) -> None:
        if isinstance(item, KneeSample):
            self.samples.append(item)
        elif isinstance(item, Gap):
            self.gaps.append(item)

    def event(self, event: object) -> None: ...


async def played(made: Any) -> tuple[Kept, LegResult, live.Figures]:
    kept = Kept()
    async with open_link(f"sim:{SET}&speed=max") as link:
        known = link.scenario
        assert known is not None
        await live.set_calibration(link, made.calibration)
        analyzer = Analyzer(known.side, known.exercise, known.windows, reference_of(made))
        figures = await live.record(link, analyzer, sinks=[kept], calibration=made.calibration)
        analyzer.flush()
    return kept, analyzer.result(), figures


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Any:
    stem = tmp_path_factory.mktemp("loss") / "person"
    export.export(scenarios.make_from_address(CALIBRATING), str(stem), lambda part: None)
    return calibrate(read_trace(stem.with_suffix(".csv")))


def test_xii_lost_packets_are_told_and_fetched_and_the_reps_stand(person: Any) -> None:
    kept, result, figures = asyncio.run(played(person))
    knee = [gap for gap in kept.gaps if gap.channel is Channel.MEASUREMENT]
    assert {gap.reason for gap in kept.gaps} == {"lost on the air"}
    assert any(gap.count > 8 for gap in knee)  # more than one packet in a row
    info = scenarios.make_from_address(SET).info
    begin_s = info["radio"]["from_s"]
    assert min(gap.start_s for gap in kept.gaps) > begin_s - PACKET_S
    assert figures.lost_samples == 0 and not figures.unfetched
    live_numbers = {s.number for s in kept.samples if not s.flags & wire.FLAG_BACKFILL}
    behind = {s.number for s in kept.samples if s.number > max(live_numbers)}  # nothing tells these
    assert figures.recovered_samples - len(behind) == sum(gap.count for gap in knee) > 0
    numbers = {sample.number for sample in kept.samples}
    assert len(numbers) == max(numbers) - min(numbers) + 1 == figures.knee_samples

    given = [rep for rep in info["truth"]["reps"] if rep["kind"] == "set"]
    assert len(result.reps) == len(given)
    for rep, truth in zip(result.reps, given, strict=True):
        assert truth["start_s"] < 0.5 * (rep.start_s + rep.end_s) < truth["end_s"]
        assert Doubt.GAP not in rep.doubt
        assert rep.valgus_excursion_deg is not None
        if abs(truth["excursion_deg"]) > 3.0:
            assert rep.valgus_excursion_deg == pytest.approx(truth["excursion_deg"], abs=1.5)
        else:  # its sign is that of its largest value, which is chance
            assert abs(rep.valgus_excursion_deg) < 3.0
