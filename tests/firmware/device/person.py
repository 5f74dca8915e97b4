"""The tables of firmware/README.md that a person reads, against what lamp and button do.

Each row is looked up by what it says, so one that is changed, added or left out is missed here.
"""

import board
from machine import Pin, wire_input

import kneeband
from kneeband import config
from kneeband.button import HELD, LONG, NOTHING, OFF, SHORT, Button
from kneeband.indicator import Indicator
from kneecore import settings, wire
from sim import vclock

README = kneeband.__file__.rsplit("/kneeband/", 1)[0] + "/README.md"
TICK_MS = 10

# What is seen: the lengths of light and dark in ms, over and over.
SEEN = {
    "a short blink every three seconds": (50, 2950),
    "half a second on, half off": (500, 500),
    "two short blinks every two seconds": (100, 150, 100, 1650),
    "two seconds on, two off": (2000, 2000),
    "on": (3000, 0),
    "on, with a short gap every second": (850, 150),
    "two quick blinks a second": (100, 100, 100, 700),
    "fast and even": (150, 150),
    "flickers": (50, 50),
}


class Cable:
    """What the lamp wants to know of a kneeband.power.Power."""

    def __init__(self, usb=False, charging=False, low=False):
        self.usb, self.charging, self.low = usb, charging, low


def identify(lamp):
    lamp.identify(60)


def update(lamp):
    lamp.updating = True


# What the README says of a lamp's row: (state, pairing, power, what was done to the lamp before).
MEANT = {
    "idle": (wire.STATE_IDLE, False, Cable(), None),
    "streaming to a host": (wire.STATE_STREAMING, False, Cable(), None),
    "recording, nobody listens": (wire.STATE_RECORDING, False, Cable(), None),
    "a cable is in, the battery is charged": (wire.STATE_IDLE, False, Cable(True, True), None),
    "a cable is in, the battery fills no more": (wire.STATE_IDLE, False, Cable(True), None),
    "new firmware comes in": (wire.STATE_IDLE, False, Cable(), update),
    "an IMU does not answer": (wire.STATE_FAULT, False, Cable(), None),
    "a new computer may pair": (wire.STATE_IDLE, True, Cable(), None),
    "`kneetrack device identify`": (wire.STATE_IDLE, False, Cable(), identify),
}
LOW = "the battery has %d %% or less" % config.BATTERY_LOW_PERCENT


def table(head):
    """The rows below the one that begins so, as tuples."""
    with open(README) as file:
        lines = file.read().split("\n")
    at = [number for number, line in enumerate(lines) if line.startswith(head)]
    assert len(at) == 1, head
    rows = []
    for line in lines[at[0] + 2 :]:
        if not line.startswith("|"):
            return rows
        rows.append(tuple([cell.strip() for cell in line.strip("|").split("|")]))
    return rows


def seen(state, pairing, power, before):
    """The lamp's light and dark for a while, as (is lit, ms)."""
    pin = Pin(board.LED, Pin.OUT, value=0)
    lamp = Indicator(pin)
    if before is not None:
        before(lamp)
    runs = []
    for _ in range(1200):
        lamp.show(state, pairing, power)
        if runs and runs[-1][0] == pin.value():
            runs[-1][1] += TICK_MS
        else:
            runs.append([pin.value(), TICK_MS])
        vclock.wait(vclock.now_us() + TICK_MS * 1000)
    return runs


def lasts(runs, pattern):
    """Whether these runs are that pattern again and again; the last one may be cut."""
    if not pattern[-1]:
        return len(runs) == 1 and runs[0][0]
    return all(
        lit == 1 - number % 2 and abs(ms - pattern[number % len(pattern)]) <= TICK_MS
        for number, (lit, ms) in enumerate(runs[:-1])
    )


def test_the_lamp_shows_what_the_table_says():
    vclock.set_speed(0.0)
    rows = table("| lamp |")
    told = set()
    for words, meaning in rows:
        if meaning == LOW:
            continue
        meant = [
            key for key in MEANT if meaning == key or meaning.startswith((key + ":", key + ","))
        ]
        assert len(meant) == 1, meaning
        told.add(meant[0])
        runs = seen(*MEANT[meant[0]])
        assert lasts(runs, SEEN[words]), (words, meaning, runs[:8])
    assert told == set(MEANT) and len(rows) == len(MEANT) + 1
    assert lasts([[1, 3000]], SEEN["on"]) and not lasts([[0, 3000]], SEEN["on"])


def test_with_a_low_battery_there_are_three_blinks_instead_of_one_or_two():
    assert ("three short blinks instead of one or two", LOW) in table("| lamp |")
    vclock.set_speed(0.0)
    for state, period_ms in ((wire.STATE_IDLE, 3000), (wire.STATE_RECORDING, 2000)):
        runs = seen(state, False, Cable(low=True), None)[:-1]
        lit = [ms for level, ms in runs if level]
        assert max(lit) <= 100 + TICK_MS
        assert abs(len(lit) - 3 * 12_000 / period_ms) <= 1, (state, len(lit))


def test_dark_by_wish_it_still_shows_what_the_readme_says_it_does():
    vclock.set_speed(0.0)

    def dark(lamp):
        lamp.lamp = settings.LAMP_OFF

    for meaning, (state, pairing, power, before) in MEANT.items():
        if before is None:
            lit = any(level for level, _ in seen(state, pairing, power, dark))
            assert lit == (meaning in ("an IMU does not answer", "a new computer may pair")), (
                meaning
            )


def test_the_button_does_at_the_times_of_the_table_what_it_says():
    vclock.set_speed(0.0)
    words = [row[0] for row in table("| BOOT held |")]
    assert words == ["under 1 s", "3 s", "6 s, then let go", "10 s"]

    def told(held_ms):
        button = Button(Pin(board.BUTTON, Pin.IN, Pin.PULL_UP))
        found = []
        for level, ms in ((1, 100), (0, held_ms), (1, 200)):
            wire_input(board.BUTTON, level)
            for _ in range(ms // 20):
                vclock.wait(vclock.now_us() + 20_000)
                event = button.poll()
                if event != NOTHING:
                    found.append(event)
        return found

    assert told(900) == [SHORT] and told(1_100) == []
    assert told(2_900) == [] and told(3_100) == [HELD]
    assert told(5_900) == [HELD] and told(6_100) == [HELD, OFF]
    assert told(9_900) == [HELD, OFF] and told(10_100) == [HELD, LONG]
