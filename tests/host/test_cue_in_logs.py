"""Cues of a recording: noted in its log, and decided alike when it is replayed or analysed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from band_packets import Band
from command_line import kneetrack
from knee_recordings import Recording, session
from kneecore import wire
from kneetrack import live
from kneetrack.analysis.ordered import decoded
from kneetrack.cue import Coach, Cue, Kind, Plan, Policy, Way, When, cued_reps
from kneetrack.detection import Analyzer
from kneetrack.link import open_link
from kneetrack.protocol import Decoder
from kneetrack.samples import Channel, Packet, Side
from kneetrack.sessionlog import SessionWriter, read_log

FEATURE = wire.FEATURE.pack(*wire.PROTOCOL_VERSION, 7, 1, 0x6C, 0x6C, 4808, 2, 1e-3, 5e-3, 1, 0)
BUMPS = [0.0, 9.0, 0.0, -9.0, 0.0, 12.0]


class Shown:
    """A sink that shows cues."""

    def __init__(self) -> None:
        self.cues: list[Cue] = []

    def packet(self) -> None: ...
    def item(self, item: object) -> None: ...
    def event(self, event: object) -> None: ...

    def cue(self, cue: Cue, said: str) -> None:
        assert said
        self.cues.append(cue)


def source(path: Path, recording: Recording, plan: Plan, lost: range = range(0)) -> Path:
    """A log of what a band measured, without what was lost on the air."""
    facts = {"exercise": "squat", "cue": plan.to_json()}
    with SessionWriter(path, facts) as writer:
        writer.packet(Side.RIGHT, Packet(Channel.FEATURE, FEATURE, 1.0))
        for number, packet in enumerate(Band(recording.samples).live()):
            if number not in lost:
                writer.packet(Side.RIGHT, packet)
    return path


def pumped(path: Path, plan: Plan, copy: Path | None = None) -> tuple[list[Cue], list[Cue]]:
    """The cues that were sounded and shown; all is written to `copy`."""
    sounded: list[Cue] = []
    shown = Shown()

    async def run() -> None:
        async with open_link(f"log:{path}?speed=max") as link:
            cues = live.Cues(Coach(plan), sounded.append)
            decoder = Decoder(link.feature, link.origin_us)
            analyzer = Analyzer(Side.RIGHT)
            if copy is None:
                await live.pump(link, decoder, analyzer, sinks=[shown], cues=cues)
                return
            facts = {"exercise": "squat", "cue": plan.to_json()}
            with SessionWriter(copy, facts) as writer:
                await live.pump(link, decoder, analyzer, writer=writer, sinks=[shown], cues=cues)

    asyncio.run(run())
    return sounded, shown.cues


@pytest.mark.parametrize(
    "plan",
    [
        Plan(Policy.EVERY),
        Plan(Policy.EVERY, When.DURING),
        Plan(Policy.FADED),
        Plan(Policy.END),
        Plan(Policy.EVERY, load_kg=80.0),
    ],
    ids=["every", "during", "faded", "end", "under load"],
)
@pytest.mark.parametrize("lost", [range(0), range(150, 190)], ids=["whole", "with a gap"])
def test_live_replay_and_analysis_decide_alike(plan: Plan, lost: range, tmp_path: Path) -> None:
    recording = session([0.0] * 3 + BUMPS, functional=0, set_window=False)
    copy = tmp_path / "recorded.mcap"
    sounded, shown = pumped(source(tmp_path / "source.mcap", recording, plan, lost), plan, copy)
    log = read_log(copy)
    noted = [event for event in log.events if event["event"] == "cue"]
    assert noted == [{**cue.to_json(plan.in_force), "side": "right"} for cue in sounded]
    assert shown == sounded
    assert bool(sounded) == (plan.in_force is not Policy.OFF)
    again = Plan.from_json(log.session["cue"])
    assert pumped(copy, again)[0] == sounded
    coach, analyzer = Coach(again), Analyzer(Side.RIGHT, in_order=True)
    folded = [
        cue for items in decoded(log, Side.RIGHT) for cue in coach.feed_all(analyzer, items)[1]
    ]
    assert folded + coach.heard(analyzer.flush()) == sounded


def test_a_log_tells_cued_reps_from_the_others(tmp_path: Path) -> None:
    plan = Plan(Policy.EVERY)
    recording = session([0.0] * 3 + BUMPS, functional=0, set_window=False)
    copy = tmp_path / "recorded.mcap"
    pumped(source(tmp_path / "source.mcap", recording, plan), plan, copy)
    # Nothing is judged before the sixth rep shows that the first three may serve as reference.
    assert cued_reps(read_log(copy).events, "right") == {6: Way.OUTWARD, 8: Way.INWARD}


def test_a_sounder_that_fails_never_costs_the_recording(tmp_path: Path) -> None:
    plan = Plan(Policy.EVERY)
    recording = session([0.0] * 3 + BUMPS, functional=0, set_window=False)
    path = source(tmp_path / "source.mcap", recording, plan)

    def broken(cue: Cue) -> None:
        raise OSError("no sound")

    async def run() -> live.Figures:
        async with open_link(f"log:{path}?speed=max") as link:
            decoder = Decoder(link.feature, link.origin_us)
            cues = live.Cues(Coach(plan), broken)
            return await live.pump(link, decoder, Analyzer(Side.RIGHT), cues=cues)

    figures = asyncio.run(run())
    assert figures.knee_samples == len(recording.samples)


def test_replay_shows_the_cues_again_and_counts_the_events_alike(tmp_path: Path) -> None:
    plan = Plan(Policy.EVERY, text="knees over toes")
    recording = session([0.0] * 3 + BUMPS, functional=0, set_window=False)
    copy = tmp_path / "recorded.mcap"
    pumped(source(tmp_path / "source.mcap", recording, plan), plan, copy)
    said = kneetrack("replay", copy, "--speed", "max")
    assert said.returncode == 0, said.stderr
    cues = [line for line in said.stdout.splitlines() if "cue: " in line]
    assert [line.split("cue: ")[1] for line in cues] == ["outward", "knees over toes"]
    same, count = said.stderr.split("Events as recorded: ")[1].split(".")[0].split(" of ")
    assert same == count


def test_at_the_end_of_the_recording_the_set_that_is_open_gets_its_cue(tmp_path: Path) -> None:
    plan = Plan(Policy.END)
    recording = session([0.0] * 3 + BUMPS, functional=0, set_window=False)
    sounded, _ = pumped(source(tmp_path / "source.mcap", recording, plan), plan)
    assert [(cue.kind, cue.way, cue.of) for cue in sounded] == [(Kind.SET, Way.INWARD, 6)]
