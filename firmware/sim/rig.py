"""The simulated board's one wire to the world: a socket to the host's radio, JSON lines both ways.

The host process plays the radio chip (`kneetrack.link.radio.board`), the air and whoever stands
beside the board. Its address is in the environment, `KNEETRACK_RADIO=host:port`. Without it the
board has no radio, and its clock runs freely.

Lines (bytes travel as hex strings; every line of the board carries `"t"`, its clock in us)
    board -> host   {"call": name, "args": [..], "n": id}        the board waits for the result
                    {"notify": hex, "conn": c, "handle": h}      fire and forget, paid by credits
                    {"answer": id, "error": e, "value": hex}     to a line that carried "ask"
                    {"rig": "hello" | "playing" | "sleeps" ..}  about the scenario, not the radio
    host -> board   {"result": value, "n": id} or {"error": errno, "n": id}
                    {"credit": k}                                the air has taken k notifications
                    {"until": us}                                see "Several boards" below
                    {"irq": name, ..}                            see shims/bluetooth.py
                    {"rig": "play" | "break" | "press" | "quit", ..}

Credits
    `gatts_notify` never waits for the host. The board counts what it has posted; the host credits
    each notification once the air has taken it. At PENDING_MAX the radio is full (ENOMEM), as
    NimBLE is without buffers. A clock that runs as fast as it can would outrun the air, so it asks
    `may_advance()` first, which says no at PENDING_HOLD: time stands until the air has caught up,
    and nothing is dropped.

Several boards
    A clock that runs as fast as it can would also outrun the other boards of its world. So while
    `hold_at` is in force it passes no further than the board time that the host named last, and
    says {"rig": "waits"} when it wants to. The host lets all go on when all have come so far
    (kneetrack.link.radio.world).

Events are delivered by a task on the firmware's own event loop, and never inside a call: as on the
device, where they come between two bytecodes of Python but not within a call to the stack. So a
plain Event may stand in for asyncio.ThreadSafeFlag, which the unix port polls every millisecond
(9.5 ms instead of 0.6 ms for a round trip, measured).

Led by the host
    With KNEETRACK_LED in the environment the board's clock is the host's (link.radio.virtual), from
    its start to its end: it passes no further than the host named last, whatever speed is asked
    for. What the air has taken is no matter then, for the air keeps the same time. And a board that
    has said something stands there until the host lets it go on, so that nothing depends on who is
    quicker. {"rig": "waits", "got": n} tells how many lines of the host it has taken: it stands
    only when it has them all.

Deep sleep
    The firmware is gone then, the process is not: nothing runs but the rig, and the leg moves on,
    until what the chip was told to watch wakes it (esp32.woken). Then it resets, as any board.

If the host goes away, or says quit, the process ends.
"""

import asyncio
import json
import os
import socket
import sys

import esp32
import machine
import uselect

from sim import vclock

PENDING_MAX = 12
PENDING_HOLD = 8
ASLEEP_MS = 20
"""How often a sleeping board is looked at."""

_IPPROTO_TCP = 6
_TCP_NODELAY = 1


class _Line:
    """A socket that carries whole JSON lines."""

    def __init__(self, address):
        host, port = address.split(":")
        self.socket = socket.socket()
        self.socket.connect(socket.getaddrinfo(host, int(port))[0][-1])
        self.socket.setsockopt(_IPPROTO_TCP, _TCP_NODELAY, 1)
        self._poll = uselect.poll()  # the real one: the shim's keeps virtual time
        self._poll.register(self.socket, uselect.POLLIN)
        self._received = b""

    def has_line(self):
        """Whether a whole message has been read from the socket already."""
        return b"\n" in self._received

    def wait(self, timeout_ms):
        """Wait until there is something to receive; False when the time is over."""
        return self.has_line() or bool(self._poll.poll(timeout_ms))

    def send(self, message):
        message["t"] = vclock.board_us()
        if _State.led and message.get("rig") != "waits":
            _State.until_us = vclock.now_us()
            _State.waits_at = None
        try:
            self.socket.write(json.dumps(message) + "\n")
        except OSError:
            raise SystemExit(0)  # the host is gone

    def receive(self, wait):
        """The next message; None if there is none yet and `wait` is false."""
        while True:
            end = self._received.find(b"\n")
            if end >= 0:
                line = self._received[:end]
                self._received = self._received[end + 1 :]
                _State.got += 1
                return json.loads(line)
            if not wait and not self.wait(0):
                return None
            try:
                chunk = self.socket.recv(4096)
            except OSError:
                chunk = b""
            if not chunk:
                raise SystemExit(0)
            self._received += chunk


class _State:
    line = None
    pending = 0  # notifications posted and not yet credited
    until_us = None  # the vclock.now_us that the clock may come to, None for any ...
    waits = False  # ... and whether the host knows that it would like to go further
    led = False  # by the host, for good
    got = 0  # lines of the host ...
    waits_at = None  # ... when it was told last that a led board waits
    calls = 0
    handlers = {}
    backlog = []  # messages that came while a call waited for its result
    delivering = False
    pump = late = None  # the tasks that deliver


class _Flag(asyncio.Event):
    """asyncio.ThreadSafeFlag for events that come from a task: cleared by who has waited."""

    async def wait(self):
        await super().wait()
        self.clear()


def connect():
    """Open the line, if the environment names a radio. True when there is one."""
    address = os.getenv("KNEETRACK_RADIO")
    if address and _State.line is None:
        _State.line = _Line(address)
        asyncio.ThreadSafeFlag = _Flag
        vclock.may_advance = may_advance
        vclock.wait_sockets = _wait
        if os.getenv("KNEETRACK_LED"):
            vclock.be_led()
            vclock.may_advance = _may_led_advance
            _State.led = True
            _State.until_us = 0
        on("quit", _quit)
        machine.while_asleep = _sleep
        machine.when_reset = lambda: say("resets")  # the host sees what time it has become
        _State.pump = asyncio.create_task(_pump())
    return _State.line is not None


def is_led():
    """Whether the host leads this board's clock."""
    return _State.led


def on(name, handler):
    """Have `handler(message)` called for rig messages or irqs called `name`."""
    _State.handlers[name] = handler


def say(name, **fields):
    """Tell the host something about the scenario; nothing happens without a host."""
    if _State.line is not None:
        fields["rig"] = name
        _State.line.send(fields)


def call(name, *arguments):
    """Have the radio do something and wait for what it returns. OSError as the radio says."""
    line = _line()
    _State.calls += 1
    number = _State.calls
    line.send({"call": name, "args": arguments, "n": number})
    while True:
        message = line.receive(True)
        if message.get("n") == number:
            break
        _put_by(message)
    _deliver_later()
    if "error" in message:
        raise OSError(message["error"])
    return message["result"]


def notify(connection, handle, data):
    """Post one notification. OSError(ENOMEM) when the radio has no room."""
    if _State.pending >= PENDING_MAX:
        raise OSError(12)
    _State.pending += 1
    _line().send({"notify": data.hex(), "conn": connection, "handle": handle})


def answer(message, error, value):
    """Answer a message that asked; `error` is an ATT error code, 0 for none."""
    _line().send({"answer": message["ask"], "error": error, "value": value.hex()})


def may_advance(to_us):
    """Whether a clock that runs as fast as it can may move on to that time."""
    if _State.pending >= PENDING_HOLD:
        return False
    if _State.until_us is None or to_us <= _State.until_us:
        return True
    if not _State.waits:
        _State.waits = True
        say("waits")
    return False


def _may_led_advance(to_us):
    if _State.until_us is None or (to_us is not None and to_us <= _State.until_us):
        return True
    vclock.come_to(_State.until_us)
    if _State.waits_at != _State.got:
        _State.waits_at = _State.got
        say("waits", got=_State.got)
    return False


def hold_at(until_us):
    """Pass no further than that `vclock.board_us`, unless the host allows it; None: go freely."""
    if until_us is not None:
        until_us -= vclock.TICKS_OFFSET_US % vclock.TICKS_PERIOD
    _State.until_us = until_us
    _State.waits = False


def _line():
    if _State.line is None:
        raise OSError(19)  # ENODEV
    return _State.line


def _wait(timeout_ms):
    """Within a sleep that blocks the whole board: wait for the host and book its credits."""
    line = _line()
    if line.wait(timeout_ms):
        _put_by(line.receive(True))
        _deliver_later()


def _put_by(message):
    """Take a message at a moment when no handler may run."""
    if not _booked(message):
        _State.backlog.append(message)


def _deliver_later():
    """The pump waits for the socket; what was read beyond a result needs a task of its own."""
    if not _State.delivering and (_State.backlog or _State.line.has_line()):
        _State.late = asyncio.create_task(_deliver_soon())


def _booked(message):
    """Take what concerns the clock only; True if it was that."""
    if "credit" in message:
        _State.pending = max(0, _State.pending - message["credit"])
    elif "until" in message:
        hold_at(message["until"])
        _State.led = _State.led and message["until"] is not None
    else:
        return False
    return True


def _quit(message):
    raise SystemExit(0)


def _sleep():
    asyncio.new_event_loop()  # all that the firmware did is over
    _State.pending = 0
    _State.delivering = False
    say("sleeps")
    return asyncio.run(_until_woken())


async def _until_woken():
    _State.pump = asyncio.create_task(_pump())
    while True:
        by = esp32.woken()
        if by is not None:
            return by
        await asyncio.sleep_ms(ASLEEP_MS)


def _deliver():
    """Hand on every message that is there."""
    _State.delivering = True
    try:
        while True:
            message = _State.backlog.pop(0) if _State.backlog else _State.line.receive(False)
            if message is None:
                return
            if not _booked(message):
                handler = _State.handlers.get(message.get("irq") or message.get("rig"))
                if handler is not None:
                    handler(message)
    finally:
        _State.delivering = False


async def _deliver_soon():
    if not _State.delivering:
        _deliver()


async def _pump():
    try:
        while True:
            _deliver()
            await _readable(_State.line.socket)
    except Exception as error:
        sys.print_exception(error)
        raise SystemExit(1)


def _readable(stream):
    # The loop's own door for "wake me when this can be read" (asyncio/core.py, IOQueue); its
    # streams offer it only together with a read.
    yield asyncio.core._io_queue.queue_read(stream)
