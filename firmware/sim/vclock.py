"""Virtual time: the only clock of the simulated board.

For the shims and the rig
    now_us()                 board time in us, never wraps, never goes back; 0 when first asked
    board_us()               the same as the firmware's packets have it (its ticks start elsewhere)
    set_speed(speed)         1.0 real time, N times real time, 0.0 = as fast as possible
    set_error(ppm)           the board's crystal is fast by so much, at any speed but 0.0
    wait(until_us, poll)     let time pass until then, or until poll(timeout_ms) returns true;
                             until_us None waits for poll alone
    charge(us)               something took so long (a bus transfer): time passes, nothing else runs
    be_led()                 from now on, for good, time passes as far as `may_advance` lets it
    come_to(us)              (for `may_advance`) it is that time at least
    set_watchdog(at_us, call)  call() when a wait would last beyond that time: nobody fed it. (A
                             machine that is slow, or stopped, is no board that hangs.)
    set_alarm(at_us, call, whose)
                             call() at exactly that board time (one of each; call None: none of it)

Hooks that the rig puts here (assign to the module)
    may_advance(to_us) -> bool
                             asked before a jump at speed 0.0: False holds the clock until the radio
                             has taken what is pending, and the other boards have come as far; a led
                             clock asks for to_us None, too: nobody waits for any instant
    wait_sockets(timeout_ms) called while the clock is held inside a *blocking* sleep, where no
                             asyncio task runs: wait for the radio's socket and book its credits.
                             Inside asyncio the poller does it: register the socket there.

Two regimes
    speed > 0: board time = real time x speed. The program's own computing time shows, as on the
    device. speed 0: time moves only in wait() and charge(), straight to the next instant anybody
    waits for. Computing costs nothing, so a run depends on its inputs only, and repeats. A clock
    that is led stays at speed 0, whatever is set, and there a bus transfer, too, takes its time
    only when time may pass.

asyncio
    Its task queue is in C (extmod/modasyncio.c). A task that is ready now is stamped with the
    *machine's* millisecond clock, a sleeping one with what `time.ticks_ms` returned, and the two
    are compared with the unix port's 62-bit period, not the device's 30-bit one. Hence asyncio gets
    a clock of its own, `loop_ms`: board time plus a lead of an hour over the machine's clock (ready
    tasks then always look overdue) and no wrap. The firmware's ticks wrap as on the device
    (MICROPY_PY_TIME_TICKS_PERIOD, 2**30); `lend_clock_to_asyncio` keeps the two apart.
"""

import os
import sys

import utime

TICKS_PERIOD = 1 << 30
TICKS_OFFSET_US = int(os.getenv("KNEETRACK_TICKS_OFFSET_US") or 0)
"""Added to what the firmware sees as ticks, so that a test crosses the wrap when it likes."""

_LEAD_MS = utime.ticks_ms() + 3_600_000
_HELD_MS = 200  # real time between two looks at a held clock

may_advance = lambda to_us: True  # noqa: E731  (a hook: replaced by assignment)
wait_sockets = None

_MILLION = 1_000_000
_rate = _MILLION  # board us in a million of real time's; an integer: asking leaves no garbage
_speed = 1.0
_error_ppm = 0.0
_led = False
_virtual_us = 0  # board time ...
_real_us = None  # ... when the machine's clock stood here; None before anybody asked
_alarms = {}  # whose: (board us, call)
_alarm_us = None  # of the first one
_watchdog_us = None
_watchdog = None


def now_us() -> int:
    global _real_us
    if _rate:
        if _real_us is None:
            _real_us = utime.ticks_us()
        return _virtual_us + (utime.ticks_us() - _real_us) * _rate // _MILLION
    return _virtual_us


def board_us() -> int:
    """Board time as the firmware tells it in its packets: its ticks, unwrapped."""
    return now_us() + TICKS_OFFSET_US % TICKS_PERIOD


def speed() -> float:
    """As it was set."""
    return _speed


def set_error(ppm: float) -> None:
    """Heeded by the next `set_speed`."""
    global _error_ppm
    _error_ppm = ppm


def set_speed(speed: float) -> None:
    """From now on; ValueError if negative. The rate is kept to a millionth."""
    global _speed, _rate, _virtual_us, _real_us
    if speed < 0:
        raise ValueError("speed must be 0 (as fast as possible) or positive")
    if _led:
        return
    if _real_us is not None:
        _virtual_us = now_us()
    _real_us = utime.ticks_us()
    _speed = speed
    _rate = max(1, int(speed * (_MILLION + _error_ppm) + 0.5)) if speed else 0


def be_led() -> None:
    global _led, _virtual_us
    set_speed(0.0)
    _virtual_us = 0  # what the machine took so far, to connect, is no time of the board's
    _led = True


def come_to(us: int) -> None:
    global _virtual_us
    _virtual_us = max(_virtual_us, us)


def set_alarm(at_us: int, call, whose="rig") -> None:
    global _alarm_us
    if call:
        _alarms[whose] = (at_us, call)
    else:
        _alarms.pop(whose, None)
    _alarm_us = min([alarm[0] for alarm in _alarms.values()]) if _alarms else None


def set_watchdog(at_us, call) -> None:
    global _watchdog_us, _watchdog
    _watchdog_us, _watchdog = at_us, call


def _ring() -> None:
    for whose, (at_us, call) in _alarms.items():
        if at_us == _alarm_us:
            set_alarm(0, None, whose)
            call()
            return


def wait(until_us, poll=None) -> bool:
    """Let board time pass; True if `poll` ended it, False at `until_us`."""
    global _virtual_us
    watched = _watchdog_us is not None and until_us is not None
    hangs = watched and now_us() < _watchdog_us < until_us
    while True:
        now = now_us()
        if _alarm_us is not None and now >= _alarm_us:
            _ring()
            continue
        if hangs and now >= _watchdog_us:
            _watchdog()
        if until_us is not None and now >= until_us:
            return poll is not None and bool(poll(0))
        stop = until_us
        if _alarm_us is not None and (stop is None or _alarm_us < stop):
            stop = _alarm_us
        if hangs and _watchdog_us < stop:
            stop = _watchdog_us
        if _rate:
            if _wait_real(None if stop is None else (stop - now) * _MILLION // _rate, poll):
                return True
            continue
        if poll is not None and poll(0):
            return True
        if (_led or stop is not None) and may_advance(stop):
            _virtual_us = stop
        elif poll is not None:
            if poll(_HELD_MS):
                return True
        elif wait_sockets is not None:
            wait_sockets(_HELD_MS)
        else:
            _virtual_us = stop  # nobody could ever let the clock go


def _wait_real(us, poll) -> bool:
    """Wait `us` of the machine's time (None: a while), or less if `poll` has something."""
    ms = _HELD_MS if us is None else us // 1000
    if poll is None:
        utime.sleep_us(us + 1)
        return False
    if poll(ms):
        return True
    if ms == 0:
        utime.sleep_us(us + 1)
    return False


def charge(us: int) -> None:
    """A stretch in which the board is busy: no task runs, no socket is heard."""
    global _virtual_us
    if _rate:
        utime.sleep_us(us * _MILLION // _rate)
    elif _led:
        end_us = _virtual_us + us
        while not may_advance(end_us):
            wait_sockets(_HELD_MS)
        _virtual_us = end_us
    else:
        _virtual_us += us


def loop_ms() -> int:
    """asyncio's clock."""
    return _LEAD_MS + now_us() // 1000


def lend_clock_to_asyncio() -> None:
    """Put `loop_ms` in the place of ticks_ms inside asyncio, whoever imported it, in what order.

    `select.poll()` calls it: asyncio makes its poller as the last act of its own import.
    """
    core = sys.modules.get("asyncio.core")
    if core is not None:
        core.ticks = loop_ms
        core.ticks_diff = utime.ticks_diff
        core.ticks_add = utime.ticks_add
