"""Sessions in which the connection breaks: the firmware, the air, bleak, the log; nothing is faked.

What the band keeps comes later, and the log is as if nothing had been. All of it in virtual time:
how busy the machine is changes no figure.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from kneecore import wire
from kneetrack import live
from kneetrack.analysis.trace import calibrate, reference_of
from kneetrack.cli import session
from kneetrack.cli.lines import Lines
from kneetrack.detection import Analyzer, LegResult
from kneetrack.errors import LinkLost
from kneetrack.link import open_link, open_links
from kneetrack.link.radio import virtual
from kneetrack.live import LinkNews, LinkState
from kneetrack.protocol import Decoder
from kneetrack.samples import Channel, KneeSample, Side, Warned
from kneetrack.sessionlog import SessionWriter, read_log
from kneetrack.traces import read_trace
from sim import export, scenarios

PERSON = "squats?reps=0&functional=3&table=3&seed=5"
SET = "sim:squats?reps=3&functional=0&table=0&stand=2&seed=5&speed=max"
SOON = live.Waits(return_s=2.0)


class Seen:
    """A sink that keeps what it is told of the link, and knows what time it is in the set."""

    def __init__(self) -> None:
        self.news: list[LinkNews] = []
        self.told: list[str] = []
        self.newest_s = -1.0

    def packet(self) -> None: ...

    def item(self, item: object) -> None:
        if isinstance(item, KneeSample):
            self.newest_s = max(self.newest_s, item.time_s)

    def event(self, event: object) -> None:
        if isinstance(event, Warned):
            self.told.append(event.text)

    def link(self, news: LinkNews) -> None:
        self.news.append(news)

    @property
    def states(self) -> list[LinkState]:
        """One after the other, each change once."""
        states = [news.state for news in self.news]
        return [now for before, now in zip([None, *states], states, strict=False) if now != before]

    async def at(self, time_s: float) -> None:
        while self.newest_s < time_s:
            await asyncio.sleep(0.02)


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Any:
    stem = tmp_path_factory.mktemp("person") / "person"
    export.export(scenarios.make_from_address(PERSON), str(stem), lambda part: None)
    return calibrate(read_trace(stem.with_suffix(".csv")))


async def one_session(
    link: Any, path: Path, seen: Seen, person: Any, waits: live.Waits | None = None
) -> tuple[live.Figures, LegResult]:
    known = link.scenario
    analyzer = Analyzer(known.side, known.exercise, known.windows, reference_of(person))
    with SessionWriter(path, {"exercise": "squat"}) as writer:
        figures = await live.record(
            link,
            analyzer,
            writer=writer,
            sinks=[seen],
            raw=False,
            calibration=person.calibration,
            waits=waits,
        )
    return figures, analyzer.result()


def recorded(
    path: Path,
    person: Any,
    trouble: Callable[[Any, Seen], Awaitable[None]] | None = None,
) -> tuple[live.Figures, Seen, LegResult]:
    """A session with `trouble` beside it: what came of it, what was seen, what was found."""

    async def run() -> tuple[live.Figures, Seen, LegResult]:
        seen = Seen()
        async with open_link(SET) as link:
            beside = asyncio.ensure_future(trouble(link, seen)) if trouble else None
            figures, result = await one_session(link, path, seen, person)
            if beside is not None:
                assert beside.done(), "the set was over before the trouble was"
                await beside
        return figures, seen, result

    return virtual.run(run())


def numbers_in(path: Path) -> list[int]:
    """Of all knee samples, in the order of arrival, on the decoder's axis."""
    log = read_log(path)
    assert log.torn is None
    decoder = Decoder(None, log.origin_us(Side.RIGHT), raw=False)
    items = [item for _, packet in log for item in decoder.feed(packet)]
    return [item.number for item in items if isinstance(item, KneeSample)]


def holes(numbers: list[int]) -> int:
    return max(numbers) + 1 - min(numbers) - len(set(numbers))


def test_after_an_outage_the_log_and_the_reps_are_as_if_it_had_not_been(tmp_path, person):
    async def outage(link: Any, seen: Seen) -> None:
        await seen.at(6.0)
        await link.outage(8.0)

    calm, _, expected = recorded(tmp_path / "calm.mcap", person)
    figures, seen, found = recorded(tmp_path / "out.mcap", person, outage)
    assert calm.reconnects == 0 and figures.reconnects == 1
    assert figures.recovered_samples > 400
    assert holes(numbers_in(tmp_path / "out.mcap")) == figures.lost_samples == 0
    assert seen.states[-5:] == ["live", "lost", "stale", "live", "over"]
    assert len(expected.reps) == len(found.reps) == 3
    for one, other in zip(expected.reps, found.reps, strict=True):
        assert other.start_s == pytest.approx(one.start_s, abs=0.05)
        assert other.valgus_excursion_deg == pytest.approx(one.valgus_excursion_deg, abs=0.3)
        assert other.verdict is one.verdict
        assert other.doubt == one.doubt
    events = read_log(tmp_path / "out.mcap").events
    told = [event["state"] for event in events if event["event"] == "link_state"]
    assert [state for state in told if state != "stale"][:3] == ["live", "lost", "live"]


def test_a_band_that_was_switched_off_in_mid_set_begins_anew_in_the_same_log(tmp_path, person):
    async def cut(link: Any, seen: Seen) -> None:
        await seen.at(5.0)
        await link.cut_power()
        await asyncio.sleep(1.0)
        await link.power_on()

    path = tmp_path / "a.mcap"
    figures, seen, _ = recorded(path, person, cut)
    assert figures.reconnects == 1
    packets = [packet for _, packet in read_log(path) if packet.channel is Channel.MEASUREMENT]
    boots = [packet.data[0] for packet in packets]
    assert len(set(boots)) == 2 and boots == sorted(boots, key=boots.index)
    assert seen.newest_s > 12.0
    numbers = numbers_in(path)
    assert len(numbers) - len(set(numbers)) == figures.repeated_samples
    assert all(one.start_s < 7.0 for one in figures.unfetched), "of the first start, its last part"


def test_a_recorder_that_was_killed_leaves_a_recording_that_the_next_one_ends_and_tells(
    tmp_path, person
):
    async def run() -> tuple[live.Figures, Seen, Any, int]:
        async with open_link(SET.replace("reps=3", "reps=5")) as link:
            first = Seen()
            killed = asyncio.create_task(one_session(link, tmp_path / "first.mcap", first, person))
            await first.at(5.0)
            killed.cancel()
            await asyncio.gather(killed, return_exceptions=True)
            await link.reconnect()  # the next one's process
            async for packet in link.packets():
                if packet.channel is Channel.FEATURE:
                    break  # what came before was the first one's
            running = await live.commands.recording_now(link)
            seen = Seen()
            figures, _ = await one_session(link, tmp_path / "second.mcap", seen, person)
            kept = await live.commands.recording_kept(link, running.recording_id)
        return figures, seen, running, kept

    figures, seen, running, kept = virtual.run(run())
    assert running.flags & wire.RECORDING_RUNNING
    assert any("kneetrack sync" in text for text in seen.told)
    assert kept.recording_id == running.recording_id
    assert not kept.flags & wire.RECORDING_RUNNING
    assert kept.end_number >= running.end_number
    newest = max(numbers_in(tmp_path / "first.mcap"))
    assert kept.first_number <= newest + 1, "nothing lies between the log and what is kept"
    assert holes(numbers_in(tmp_path / "second.mcap")) == figures.lost_samples == 0


def test_a_session_goes_on_with_one_leg_when_the_other_band_is_lost(tmp_path):
    out = io.StringIO()

    async def run() -> session.Recorded:
        addresses = [SET.replace("?", f"?side={side}&") for side in ("left", "right")]
        left, right = open_links(addresses)
        async with left, right:
            legs = [session.leg_for(link, link.scenario.side, None, None) for link in (left, right)]
            facts = session.facts(legs, session.Told())

            async def cut() -> None:
                while (left.source_s(left.now_s()) or 0.0) < 4.0:
                    await asyncio.sleep(0.05)
                await left.cut_power()

            beside = asyncio.create_task(cut())
            recorded = await session.run(
                legs,
                Lines(Console(file=out, width=200)),
                session=facts,
                path=tmp_path / "two.mcap",
                raw=False,
                waits=SOON,
            )
            await beside
            return recorded

    recorded = virtual.run(run())
    assert isinstance(recorded.error, LinkLost)
    left, right = recorded.figures
    assert 3.0 < left.duration_s < 8.0
    assert right.duration_s > 12.0
    log = read_log(tmp_path / "two.mcap")
    newest_s = {side: packet.received_at_s for side, packet in log}
    assert newest_s[Side.RIGHT] - newest_s[Side.LEFT] > 5.0
    assert "its band is lost. The other leg goes on." in out.getvalue()
