"""A band that resets in the middle of a session, and one that was switched off and on again.

The board's process ends as a board does, and its link starts it anew; in virtual time.
"""

from pathlib import Path

import pytest

from kneecore import settings, wire
from kneetrack import live
from kneetrack.detection import Analyzer
from kneetrack.errors import BandNotFound, LinkError
from kneetrack.link import open_link
from kneetrack.link.radio import virtual
from kneetrack.samples import Channel
from kneetrack.sessionlog import SessionWriter, read_log

SET = "sim:squats?reps=4&functional=0&table=0&stand=2&seed=5&speed=max"


async def status(link):
    answer = await link.request(bytes([wire.OP_QUERY, wire.QUERY_STATUS]), 5.0)
    return wire.STATUS.unpack_from(answer[3:])


def test_a_session_goes_on_over_a_watchdogs_reset_and_the_band_tells_it(tmp_path: Path):
    async def run():
        async with open_link(SET + "&hang=5") as link:
            analyzer = Analyzer(link.scenario.side, link.scenario.exercise, link.scenario.windows)
            with SessionWriter(tmp_path / "a.mcap", {"exercise": "squat"}) as writer:
                figures = await live.record(link, analyzer, writer=writer, raw=False)
            return figures, await status(link)

    figures, told = virtual.run(run())
    assert figures.reconnects == 1
    assert told.reset_cause == settings.RESET_WATCHDOG
    packets = [p for _, p in read_log(tmp_path / "a.mcap") if p.channel is Channel.MEASUREMENT]
    assert len({packet.data[0] for packet in packets}) == 2, "two boots, one log"
    assert packets[-1].received_at_s - packets[0].received_at_s > 15.0, "to the set's end"


def test_a_band_switched_off_is_out_of_the_air_until_its_button_is_pressed():
    async def run():
        async with open_link(SET) as link:
            boot_id = link.feature.boot_id
            await link.play()
            await link.press(7.0)
            off_s = link.now_s()
            await link.sleep(2.0)
            with pytest.raises(BandNotFound):
                await link.reconnect()
            await link.press(0.3)
            while True:
                try:
                    await link.reconnect()
                    break
                except LinkError:
                    await link.sleep(0.5)
            told = await status(link)
            assert link.feature.boot_id == boot_id + 1
            assert told.reset_cause == settings.RESET_SLEEP
            assert told.state == wire.STATE_IDLE, "the press that woke it means no more"
            moved_s = link.source_s(link.now_s())
            assert moved_s == pytest.approx(link.now_s() - off_s + 7.0, abs=0.5)

    virtual.run(run())


def test_the_wing_has_its_own_button_and_can_be_woken_by_a_movement():
    async def run():
        async with open_link(SET.replace("?", "?board=b&")) as link:  # paired by that button
            assert (await status(link)).power == settings.POWER_MOTION_WAKE
            await link.press(0.3)
            await link.sleep(0.2)
            assert (await status(link)).state == wire.STATE_RECORDING

    virtual.run(run())
