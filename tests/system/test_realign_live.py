"""A strap that slips while a band is recorded, and is re-aligned without a new session.

The thigh's strap turns after the third squat of the first set. In the rest the person presses the
key, stands, and squats three times; the next set is judged by what that made. The connection breaks
in that set, so that what comes late is put in its place behind the re-alignment.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from command_line import kneetrack
from kneecore import wire
from kneetrack import live
from kneetrack.analysis import acausal
from kneetrack.analysis.log import analyse_log, log_samples
from kneetrack.analysis.offline_session import analyse_offline
from kneetrack.analysis.trace import alignment_of, calibrate, reference_of
from kneetrack.calibration import runner
from kneetrack.calibration.realignment import first_of, later_of
from kneetrack.cli import realign, session
from kneetrack.cli.replay import compared, fold
from kneetrack.detection import Analyzer, LegResult
from kneetrack.errors import InputError
from kneetrack.link import open_link
from kneetrack.link.radio import virtual
from kneetrack.live import Realigning
from kneetrack.samples import Decoded, Event, KneeSample, Rep, SetEnded, Verdict
from kneetrack.sessionlog import SessionWriter, read_log
from terminal import Terminal

SLIPS = (
    "sim:slip?slip=12&sets=2&reps=6&rest=22&calm=3&table=2&stand=3.5&functional=3"
    "&seed=411&speed=max"
)
TYPED = (
    "sim:slip?slip=12&sets=2&reps=2&rest=6&calm=3&table=2&stand=3.5&functional=3&seed=411&speed=2"
)
AWAY_S = 99.0
MOST_S = 30.0
"""What re-aligning may take a person."""
INWARD = (Verdict.MOVED_INWARD, Verdict.MOVED_INWARD_LARGE)


@dataclass(frozen=True)
class Recording:
    path: Path
    result: LegResult
    realigning: Realigning
    said: list[str]
    held: bytes
    """The calibration on the band afterwards."""
    truth_deg: list[float]
    """How far the simulated knee moved inward in the second set's squats."""


class Presser:
    """Presses the key when the first set is over, and goes out of reach in the second one."""

    def __init__(self, realigning: Realigning, link: Any) -> None:
        self._realigning = realigning
        self._link = link
        self.away: asyncio.Task[None] | None = None

    def packet(self) -> None:
        return None

    def item(self, item: Decoded) -> None:
        if isinstance(item, KneeSample) and item.time_s > AWAY_S and self.away is None:
            self.away = asyncio.create_task(self._link.outage(3.0))

    def event(self, event: Event) -> None:
        if isinstance(event, SetEnded) and event.set.index == 0:
            self._realigning.begin()


async def record(path: Path) -> Recording:
    """As a band that nobody tells what is done when, as all real ones are."""
    async with open_link(SLIPS) as link:
        made = await runner.of_simulated(link, calibrate)
        analyzer = Analyzer(
            made.side, "squat", (), reference_of(made), alignment=alignment_of(made)
        )
        leg = session.Leg(link, analyzer, made)
        realigning = realign.ready(leg, "A", raw=True)
        presser = Presser(realigning, link)
        with SessionWriter(path, {"exercise": "squat", "windows": []}) as writer:
            writer.calibration(made.to_json())
            await live.record(
                link,
                analyzer,
                writer=writer,
                sinks=[presser],
                calibration=made.calibration,
                realigning=realigning,
            )
        assert presser.away is not None
        await presser.away
        said = await realign.keep([leg], [realigning])
        query = wire.QUERY.pack(wire.QUERY_CALIBRATION)
        held = (await live.command(link, wire.OP_QUERY, query)).payload
        assert link.scenario is not None
        truth = [one["excursion_deg"] for one in link.scenario.truth["reps"] if one["set"] == 1]
        return Recording(path, analyzer.result(), realigning, said, held, truth)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    folder = tmp_path_factory.mktemp("realigned")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(folder / "data"))
        return virtual.run(record(folder / "session.mcap"))


def of_set(result: LegResult, index: int) -> list[Rep]:
    return [rep for rep in result.reps if rep.set == index]


def test_the_next_set_is_judged_rightly_again_and_the_first_one_stays(recording: Recording) -> None:
    result = recording.result
    assert len(result.sets) == 2
    first, squats, second = (of_set(result, index) for index in (0, -1, 1))
    assert [rep.verdict for rep in first[3:]] == 3 * [Verdict.DOUBTFUL]
    assert len(squats) == 3
    assert all(rep.is_reference and rep.verdict is None for rep in squats)
    assert first[-1].end_s < squats[0].start_s < squats[-1].end_s < second[0].start_s
    own = [rep.own_excursion_deg for rep in second]
    assert own == pytest.approx(recording.truth_deg, abs=1.5)
    assert [rep.verdict in INWARD for rep in second] == [t > 5.0 for t in recording.truth_deg]
    assert all(rep.doubt == () for rep in second)
    shift = result.sets[1].shift_deg
    assert shift is not None and abs(shift) < 1.0, "of the 12 deg nothing is left"
    assert any("re-aligned at 1:0" in text for text in result.warnings)


def test_it_takes_the_person_less_than_half_a_minute(recording: Recording) -> None:
    assert recording.realigning.person_s is not None
    assert recording.realigning.person_s < MOST_S


def test_replay_and_analysis_end_with_the_same(recording: Recording) -> None:
    log = read_log(recording.path)
    assert any(one["event"] == "gap_settled" for one in log.events), "something came late"
    stopped, analyzers, events = asyncio.run(fold(log, None, 0.0))
    (replayed,) = analyzers.values()
    (analysed,) = analyse_log(recording.path).legs
    assert not stopped
    for result in (replayed.result(), analysed.result):
        assert result.reps == recording.result.reps
        assert result.sets == recording.result.sets
    same, count = compared(log, events)
    assert same == count > 0


def test_angles_from_the_orientations_change_nothing_behind_it(recording: Recording) -> None:
    (plain,) = analyse_log(recording.path).legs
    (anew,) = analyse_log(recording.path, realign=True).legs
    assert of_set(anew.result, 1) == of_set(plain.result, 1)
    assert len(of_set(anew.result, 0)) == 6


def test_the_angles_that_are_exported_are_those_that_were_judged(recording: Recording) -> None:
    rep = of_set(recording.result, 1)[1]
    inside = [s for s in log_samples(recording.path) if rep.start_s <= s.time_s <= rep.end_s]
    assert max(s.flexion_deg for s in inside) == pytest.approx(rep.peak_flexion_deg, abs=1.0)
    raised = [s.valgus_deg for s in inside]
    assert rep.peak_valgus_deg is not None
    assert min(abs(v - rep.peak_valgus_deg) for v in raised) < 1.0


def test_measured_offline_each_part_has_its_own_alignment(recording: Recording) -> None:
    try:
        acausal.vqf_version()
    except InputError as missing:
        pytest.skip(str(missing))
    (leg,) = analyse_offline(recording.path).legs
    online = of_set(recording.result, 1)
    reps = of_set(leg.result, 1)
    assert len(reps) >= 4, "what was measured out of reach has no raw data"
    for rep in reps:
        at = min(range(6), key=lambda i: abs(online[i].start_s - rep.start_s))
        assert rep.own_excursion_deg == pytest.approx(recording.truth_deg[at], abs=1.5)


def test_the_log_says_from_when_on_and_the_band_holds_it_afterwards(recording: Recording) -> None:
    log = read_log(recording.path)
    side = recording.result.side
    made = recording.realigning.made
    first = first_of(log.calibrations, side)
    (later,) = later_of(log.calibrations, side, "The log")
    assert made is not None and first is not None
    assert first["calibration_id"] != later.calibration.calibration_id
    (event,) = [one for one in log.events if one["event"] == "realigned"]
    assert event["side"] == side.word
    assert event["from_s"] == later.from_s
    squats = of_set(recording.result, -1)
    assert later.from_s < later.reps_from_s < squats[0].end_s < squats[-1].end_s - 1.0
    assert recording.held == made.calibration.to_wire()
    (said,) = recording.said
    assert "on the band" in said


def test_by_the_key_in_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In 80 columns, as a person sees it; what is left by the key again changes nothing."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    path = tmp_path / "session.mcap"
    terminal = Terminal("record", "--link", TYPED, "--out", path, "--athlete", "A")
    terminal.read_until("rep 2", 90.0)
    terminal.read_until("of set 1")
    terminal.type("a")
    terminal.read_until("Stand tall and still")
    terminal.type("a")
    terminal.read_until("left as it was")
    terminal.type("a")
    terminal.read_until("a leaves it (squat 2 of 3)")
    terminal.read_until("The sensors were re-aligned at")
    terminal.read_until("set 2:", 90.0)
    terminal.type("q")
    assert terminal.end() == 0
    assert "new alignment (grade" in terminal.seen
    replayed = kneetrack("replay", path, "--speed", "max")
    assert "Events as recorded: " in replayed.stderr and "otherwise" not in replayed.stderr
    assert "re-aligned" in kneetrack("analyze", path).stdout + kneetrack("analyze", path).stderr
