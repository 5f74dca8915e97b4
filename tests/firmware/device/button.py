"""The button: contacts that bounce, a short press, three seconds, ten seconds."""

import asyncio
import time

import band
import bench
import board
from machine import Pin, wire_input

from kneeband import states
from kneeband.button import HELD, LONG, NOTHING, OFF, SHORT, Button

POLL_MS = 20


def made():
    wire_input(board.BUTTON, 1)
    return Button(Pin(board.BUTTON, Pin.IN, Pin.PULL_UP))


def heard(button, level, duration_ms):
    """What the button tells while the pin is at `level` for so long."""
    wire_input(board.BUTTON, level)
    told = []
    for _ in range(duration_ms // POLL_MS):
        bench.wait_ms(POLL_MS)
        event = button.poll()
        if event != NOTHING:
            told.append(event)
    return told


def test_a_short_press_is_told_once_when_it_ends():
    button = made()
    assert heard(button, 1, 200) == []
    assert heard(button, 0, 400) == []
    assert heard(button, 1, 400) == [SHORT]
    assert heard(button, 0, 200) == [] and heard(button, 1, 200) == [SHORT]


def test_contacts_that_bounce_press_nothing_and_only_once():
    button = made()
    for _ in range(10):  # a millisecond up, a millisecond down, seen now and then
        wire_input(board.BUTTON, 0)
        bench.wait_ms(1)
        assert button.poll() == NOTHING
        wire_input(board.BUTTON, 1)
        bench.wait_ms(1)
        assert button.poll() == NOTHING
    assert heard(button, 1, 1000) == []
    assert heard(button, 0, 20) == [] and heard(button, 1, 300) == []  # a spike
    told = heard(button, 0, 300)
    for _ in range(5):
        told += heard(button, 1, 20) + heard(button, 0, 20)
    told += heard(button, 1, 300)
    assert told == [SHORT]


def test_between_one_second_and_three_it_means_nothing():
    button = made()
    assert heard(button, 0, 2000) == [] and heard(button, 1, 500) == []


def test_held_is_told_at_three_seconds_and_at_ten_while_it_is_down():
    button = made()
    assert heard(button, 0, 2900) == []
    assert heard(button, 0, 300) == [HELD]
    assert heard(button, 0, 6500) == []
    assert heard(button, 0, 600) == [LONG]
    assert heard(button, 0, 20_000) == []
    assert heard(button, 1, 500) == []


def test_let_go_after_six_seconds_and_before_ten_it_means_off():
    button = made()
    assert heard(button, 0, 5_800) == [HELD] and heard(button, 1, 500) == []
    assert heard(button, 0, 6_200) == [HELD] and heard(button, 1, 500) == [OFF]
    assert heard(button, 0, 9_500) == [HELD] and heard(button, 1, 500) == [OFF]


def test_the_press_that_woke_the_band_means_nothing_however_long():
    for duration_ms in (100, 3_200, 7_000, 12_000):
        wire_input(board.BUTTON, 0)
        button = Button(Pin(board.BUTTON, Pin.IN, Pin.PULL_UP))
        assert heard(button, 0, duration_ms) == [] and heard(button, 1, 300) == []
        assert heard(button, 0, 200) == [] and heard(button, 1, 200) == [SHORT]


def test_the_wrap_of_the_ticks_is_no_press():
    button = made()
    while time.ticks_ms() < 3_600_000:  # ticks_us has wrapped several times
        bench.wait_ms(600_000)
        assert button.poll() == NOTHING
    assert heard(button, 0, 200) == [] and heard(button, 1, 200) == [SHORT]


def test_held_for_three_seconds_it_opens_the_window_and_for_ten_it_drops_the_bonds():
    async def scene(one):
        assert not one.peripheral.pairing and one.bonds.count == 1
        wire_input(board.BUTTON, 0)
        await asyncio.sleep_ms(4_000)
        assert one.peripheral.pairing and one.bonds.count == 1
        changes = 0
        last = one.lamp.value()
        for _ in range(150):
            await asyncio.sleep_ms(10)
            changes += one.lamp.value() != last
            last = one.lamp.value()
        assert 8 <= changes <= 12, changes  # on and off in 0.3 s
        await asyncio.sleep_ms(5_000)
        assert one.bonds.count == 0
        wire_input(board.BUTTON, 1)
        await asyncio.sleep_ms(200)
        assert one.app.session.state == states.IDLE  # a long press records nothing

    band.run(scene)
