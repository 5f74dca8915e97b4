"""What may be said of a link, how the way back is looked for, and the line that shows it."""

import asyncio
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text

from kneetrack.cli import link_line
from kneetrack.cli.view import Screen, open_view
from kneetrack.errors import BandNotFound, LinkError, ProtocolMismatch
from kneetrack.live.figures import LinkNews, Unfetched
from kneetrack.live.returning import FIRST_S, SLOWEST_S, come_back
from kneetrack.live.states import QUIET_S, TABLE, Happening, LinkState, after
from kneetrack.samples import Rep, RepEnded, Verdict, Warned


@given(st.lists(st.sampled_from(Happening)))
def test_live_is_only_said_right_after_a_packet(happened):
    state = LinkState.STALE
    for happening in happened:
        before, state = state, after(state, happening)
        if state is LinkState.LIVE:
            assert happening is Happening.CAME or before is LinkState.LIVE
        if happening is Happening.BROKE:
            assert state in (LinkState.LOST, LinkState.OVER)
        if before is LinkState.LOST and state is not LinkState.LOST:
            assert happening in (Happening.BACK, Happening.ENDED)
    if Happening.ENDED in happened:
        assert state is LinkState.OVER


def test_every_state_but_the_last_can_be_left_and_reached():
    assert {before for before, _ in TABLE} == set(LinkState) - {LinkState.OVER}
    assert set(TABLE.values()) == set(LinkState)


class Away:
    """A link to a band that is not there for the first so many tries."""

    def __init__(self, fails: list[LinkError]) -> None:
        self.fails = fails
        self.slept_s: list[float] = []

    async def reconnect(self) -> None:
        if self.fails:
            raise self.fails.pop(0)

    async def sleep(self, duration_s: float) -> None:
        self.slept_s.append(duration_s)


def test_the_way_back_is_tried_ever_more_seldom():
    told: list[tuple[int, str]] = []
    away = Away([BandNotFound("not heard")] * 7)
    assert asyncio.run(come_back(away, lambda n, why: told.append((n, why)), lambda: True))
    assert away.slept_s == [0.5, 1.0, 2.0, 4.0, 5.0, 5.0, 5.0]
    assert away.slept_s[0] == FIRST_S and max(away.slept_s) == SLOWEST_S
    assert told == [(1, ""), *[(n, "not heard") for n in range(2, 9)]]


def test_the_way_back_is_not_looked_for_longer_than_it_is_wanted():
    away = Away([LinkError("busy")] * 100)
    assert not asyncio.run(come_back(away, lambda n, why: None, lambda: sum(away.slept_s) < 60.0))
    assert 60.0 <= sum(away.slept_s) <= 60.0 + SLOWEST_S


def test_a_band_that_speaks_another_protocol_now_is_not_tried_again():
    away = Away([BandNotFound("not heard"), ProtocolMismatch("2.0")])
    with pytest.raises(ProtocolMismatch):
        asyncio.run(come_back(away, lambda n, why: None, lambda: True))
    assert len(away.slept_s) == 1


LIVE = LinkNews(
    LinkState.LIVE, 0.1, packets=900, keeps=True, rssi_dbm=-61, mtu=247, interval_ms=15.0,
    battery_percent=80,
)  # fmt: skip


def shown(news: LinkNews, since_s: float = 0.0, width: int = 80) -> str:
    return link_line.line(news, since_s, width).plain


@given(
    st.sampled_from(LinkState),
    st.integers(20, 200),
    st.integers(0, 100_000),
    st.integers(0, 9999),
    st.booleans(),
)
def test_the_line_names_the_state_first_and_fits_any_usual_screen(
    state, width, missing, tries, ending
):
    news = LinkNews(
        state, 3.0, missing=missing, lost=7, recovered=99, keeps=True, ending=ending,
        attempt=tries, rssi_dbm=-61, mtu=247, interval_ms=15.0, battery_percent=80,
    )  # fmt: skip
    told = shown(news, 0.0, width)
    assert told.startswith(link_line.state_of(news, 0.0).value)
    assert len(told) <= max(width, 60)


def test_the_line_has_room_for_all_figures_at_80_columns():
    told = shown(LIVE)
    assert len(told) <= 80
    for word in ("live", "0.1 s", "none missing", "80 %", "15 ms", "adv -61 dBm", "MTU 247"):
        assert word in told


def test_what_is_fetched_at_the_end_is_a_bar_that_fills_up_and_fits():
    begun = LinkNews(LinkState.LIVE, 0.1, keeps=True, ending=True, missing=94_000, at_end=94_000)
    near = LinkNews(LinkState.LIVE, 0.1, keeps=True, ending=True, missing=900, at_end=94_000)
    assert "━" not in shown(begun) and "94000 samples to fetch (q leaves them)" in shown(begun)
    assert shown(near).count("━") == link_line.BAR - 1
    away = LinkNews(LinkState.LOST, 9.0, keeps=True, ending=True, missing=900, attempt=2)
    assert shown(away).startswith("lost for 9 s") and "q leaves" in shown(away)
    assert max(len(shown(news)) for news in (begun, near, away)) <= 80


def test_a_line_that_nobody_renews_turns_stale_by_itself():
    assert shown(LIVE, QUIET_S + 1.0).startswith("stale")
    assert "3 s" in shown(LIVE, QUIET_S + 1.0)
    assert not shown(LIVE, 0.5).startswith("stale")


def test_a_lost_band_is_told_with_how_long_and_what_becomes_of_its_samples():
    lost = LinkNews(LinkState.LOST, 12.0, attempt=4, keeps=True)
    assert shown(lost).startswith("lost for 12 s, looking for the band, try 4")
    assert "keeps what it measures" in shown(lost)
    assert "keeps" not in shown(LinkNews(LinkState.LOST, 12.0, attempt=4))


def test_what_is_not_in_the_log_is_told_with_span_and_reason():
    told = link_line.unfetched(Unfetched(3.0, 4.5, 156, "the band was off", fetchable=False))
    assert told == "3.0–4.5 s: 156 samples missing (the band was off)."
    assert "kneetrack sync" in link_line.unfetched(Unfetched(3.0, 4.5, 156, "left", True))
    many = [Unfetched(float(n), n + 0.5, 52, "left", True) for n in range(100)]
    told = link_line.all_unfetched(many)
    assert len(told) == link_line.SPANS_TOLD + 1
    assert told[-1] == "96 further spans, 4992 samples, until 99.5 s."


def test_lines_tell_an_outage_once_and_its_end():
    out = io.StringIO()
    leg = open_view(Console(file=out), hint="").leg("Right leg")
    for state, packets in (
        (LinkState.STALE, 0), (LinkState.LIVE, 1), (LinkState.LIVE, 50), (LinkState.LOST, 50),
        (LinkState.LOST, 50), (LinkState.STALE, 50), (LinkState.LIVE, 51), (LinkState.OVER, 90),
    ):  # fmt: skip
        leg.link(LinkNews(state, 0.0, packets=packets, missing=40 * (packets == 51), keeps=True))
    told = out.getvalue().splitlines()
    assert len(told) == 3
    assert "is lost" in told[0] and "keeps" not in told[0] and "goes on measuring" in told[0]
    assert "Nothing has come" in told[1]
    assert "live again" in told[2] and "40 missing" in told[2]


def rep(index: int) -> Rep:
    return Rep(
        index, 0, False, 4.0 * index, 4.0 * index + 2, 100.0, 9.0, 8.8, 1.0, 9.0, 98.0, None, 0.5,
        2.0, 3.0, 0.9, 0.1, 0.9, Verdict.MOVED_INWARD,
    )  # fmt: skip


@pytest.mark.parametrize("legs", [1, 2])
def test_a_small_screen_shows_how_it_stands_with_each_leg_and_how_it_ends(legs):
    console = Console(file=io.StringIO(), width=80, height=24, force_terminal=True)
    screen = Screen(console, hint="q ends it")
    titles = ["Right leg, squat", "Left leg, squat"][:legs]
    for number, title in enumerate(titles):
        leg = screen.leg(title)
        for index in range(12):
            leg.event(RepEnded(rep(index)))
        leg.event(Warned("The computer slept for 20 s. " + "What was measured is fetched. " * 3))
        leg.link(LinkNews(LinkState.LOST, 7.0 + number, keeps=True))
    with console.capture() as capture:
        console.print(screen.draw())
    lines = [Text.from_ansi(line).plain for line in capture.get().splitlines()]
    assert len(lines) <= 24
    assert lines[-1] == "q ends it"
    for number, title in enumerate(titles):
        assert title in lines
        assert any(line.startswith(f"lost for {7 + number} s") for line in lines)


def test_a_band_that_has_ended_its_recording_says_why():
    plugged = LinkNews(LinkState.STALE, 3.0, charging=True, battery_percent=40)
    assert "off the body only" in shown(plugged)
    assert "plugged in and has ended its recording" in link_line.sentence(plugged)
    off = LinkNews(LinkState.LOST, 3.0, keeps=True, switched_off=True)
    assert "switched off by its button" in shown(off)
    assert "switched off by its button" in link_line.sentence(off)
    assert "keeps what it measures" not in shown(off)


def test_how_long_the_battery_lasts_stands_behind_its_percentage():
    news = LinkNews(LinkState.LIVE, 0.1, battery_percent=40, minutes_left=275)
    assert "bat 40 %, 4 h 30 min left" in shown(news)
    assert "bat 40 % ·" in shown(LinkNews(LinkState.LIVE, 0.1, battery_percent=40, mtu=247))
