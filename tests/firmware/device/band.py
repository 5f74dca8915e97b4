"""The whole firmware around a radio that the test holds in its hands.

`Radio` stands where `bluetooth.BLE()` does and follows MicroPython's documentation as far as a
peripheral needs it: the test connects, writes and confirms, and sees what was sent and when.
"""

import asyncio
import errno
import io
import select

import bench
import board
from machine import Pin, wire_input

from kneeband import battery
from kneeband.app import App
from kneeband.bonds import Bonds
from kneeband.button import Button
from kneeband.clock import BoardClock
from kneeband.da7280 import Da7280
from kneeband.guard import Guard
from kneeband.habits import Habits
from kneeband.haptic import Haptic
from kneeband.indicator import Indicator
from kneeband.peripheral import Peripheral
from kneeband.power import Power, computer_frames
from kneeband.preferences import Preferences
from kneeband.sampler import Sampler
from kneeband.shelf import Shelf
from kneeband.store import Store
from kneeband.usb import SerialPort
from kneecore import frames, transfers, wire
from sim import vclock

CONNECT, DISCONNECT, WRITE, READ, INDICATE_DONE, MTU_EXCHANGED = 1, 2, 3, 4, 20, 21
ENCRYPTION_UPDATE, GET_SECRET, SET_SECRET = 28, 29, 30
OUR_SECRET, PEER_SECRET = 1, 2

HOST = b"\x01host\xc0\xc1"
"""The one that the band knows: NimBLE's ble_addr_t (type, address)."""


class Radio:
    def __init__(self):
        self.settings = {}
        self.values = {}
        self.handles = {}  # UUID to value handle
        self.advertising = None  # (adv_data, resp_data) while it lasts and others may connect
        self.in_use = None  # adv_data while it says that they may not
        self.connected = False
        self.advertised = 0
        self.notified = []  # (virtual us, handle, data)
        self.room = None  # notifications that still fit, None for any number
        self.refuses = None  # errno that every notification meets, None for none
        self.refused = []  # as `notified`
        self.indicated = []
        self.confirms = True
        self.leaves = False  # at the next indication, instead of confirming it
        self._handler = None

    # what the firmware calls

    def active(self, on=None):
        return True

    def config(self, *names, **settings):
        if names:
            assert names == ("mac",)
            return 0, b"\x02\x4b\x6e\x65\xc0\x0f"
        self.settings.update(settings)
        return None

    def irq(self, handler):
        self._handler = handler

    def gatts_register_services(self, services):
        rows = []
        for _, characteristics in services:
            row = []
            for uuid, _ in characteristics:
                handle = 10 + len(self.handles)
                self.handles[bytes(uuid)] = handle
                row.append(handle)
            rows.append(tuple(row))
        return tuple(rows)

    def gatts_set_buffer(self, handle, size, append=False):
        pass

    def gatts_write(self, handle, data, send_update=False):
        self.values[handle] = bytes(data)

    def gatts_read(self, handle):
        return self.values[handle]

    def gap_advertise(self, interval_us, adv_data=None, *, resp_data=None, connectable=True):
        if not connectable:
            self.in_use = bytes(adv_data)
            return
        self.advertising = (bytes(adv_data), bytes(resp_data))
        self.advertised += 1

    def gap_disconnect(self, connection):
        self.disconnect()
        return True

    def gatts_notify(self, connection, handle, data):
        if self.refuses is not None:
            self.refused.append((vclock.now_us(), handle, bytes(data)))
            raise OSError(self.refuses)
        if self.room is not None:
            if self.room == 0:
                raise OSError(errno.ENOMEM)
            self.room -= 1
        self.notified.append((vclock.now_us(), handle, bytes(data)))

    def gatts_indicate(self, connection, handle, data):
        self.indicated.append(bytes(data))
        if self.leaves:
            self.leaves = False
            self.disconnect()
            return
        if self.confirms:
            self.confirm()

    # what the test does

    def connect(self, mtu=wire.MTU, encrypts=True):
        """The host that the band knows connects, and encrypts with the key of its bond."""
        self.arrive(mtu)
        if encrypts:
            assert self.tell(GET_SECRET, (OUR_SECRET, 0, HOST))
            self.tell(ENCRYPTION_UPDATE, (1, True, False, True, 16))

    def arrive(self, mtu=wire.MTU):
        """Somebody connects."""
        self.advertising = None
        self.connected = True
        self.tell(CONNECT, (1, 0, bytes(6)))
        if mtu:
            self.tell(MTU_EXCHANGED, (1, mtu))

    def disconnect(self):
        self.connected = False
        self.in_use = None
        self.tell(DISCONNECT, (1, 0, bytes(6)))

    def tell(self, event, data):
        """Have the firmware's handler run; what it returns."""
        return self._handler(event, data)

    def write(self, handle, data):
        self.values[handle] = data
        self._handler(WRITE, (1, handle))

    def confirm(self):
        self._handler(INDICATE_DONE, (1, 0, 0))


class Cable(io.IOBase):
    """The line of `kneeband.usb`, and the host at its other end."""

    def __init__(self):
        self.packets = []
        self.transfers = []
        self._answers = []
        self._sends = b""
        self._receiver = frames.Receiver()

    # what the firmware calls

    def ioctl(self, request, flags):
        return (select.POLLOUT | (select.POLLIN if self._sends else 0)) & flags

    def read(self, count):
        data, self._sends = self._sends[:count], self._sends[count:]
        return data

    def write(self, data):
        for kind, content in self._receiver.feed(bytes(data)):
            if kind == wire.SERIAL_MEASUREMENT:
                self.packets.append(content)
            elif kind == wire.SERIAL_TRANSFER:
                self.transfers.append(content)
            elif kind == wire.SERIAL_CONTROL and content[0] == wire.OP_RESPONSE:
                self._answers.append(content)
        return len(data)

    # what the test does

    def says(self, kind, data=b""):
        self._sends += frames.frame(kind, data)

    async def asks(self, request):
        """The result of a command."""
        self.says(wire.SERIAL_CONTROL, request)
        await asyncio.sleep_ms(100)
        answer = self._answers.pop()
        assert answer[1] == request[0] and not self._answers
        return answer[2]


class Band:
    """main.py's parts, on two chips that stand still; `thigh`, `shank` are their models."""

    def __init__(self, source=None, thigh_address=board.THIGH_IMU, path="band.dat"):
        source = source or bench.Steady(0.0, 0.0, 0.0, 0.0, 0.0, 9.8)
        self.thigh = bench.chip(bench.THIGH, source, 0.005)
        self.shank = bench.chip(bench.SHANK, source, -0.005)
        self.radio = Radio()
        self.store = Store(path)
        self.cable = Cable()
        self.shelf = Shelf()
        self.lamp = Pin(board.LED, Pin.OUT, value=0)
        self.motor = Pin(board.CUE, Pin.OUT, value=0)
        self.sampler = Sampler(bench.driver(thigh_address), bench.driver(bench.SHANK), BoardClock())
        self.power = Power(battery.Battery(bench.bus()), computer_frames)
        self.guard = Guard()
        self.bonds = Bonds("band.bonds")
        for kind in (OUR_SECRET, PEER_SECRET):
            self.bonds.put(kind, HOST, b"a key")
        self.peripheral = Peripheral(self.radio, self.bonds)
        self.app = App(
            self.sampler,
            (self.peripheral, SerialPort(self.cable, self.cable, lambda key: None)),
            self.store,
            Habits("band.habits"),
            Preferences("band.settings"),
            self.shelf,
            self.power,
            self.guard,
            Indicator(self.lamp),
            Haptic(self.motor, Da7280(bench.bus())),
            Button(Pin(board.BUTTON, Pin.IN, Pin.PULL_UP)),
        )

    def handle(self, uuid):
        import bluetooth

        return self.radio.handles[bytes(bluetooth.UUID(uuid))]

    def notified(self, uuid):
        """The packets of one characteristic: [(virtual us, data)]."""
        handle = self.handle(uuid)
        return [(t, data) for t, h, data in self.radio.notified if h == handle]

    def feature(self):
        return wire.FEATURE.unpack_from(self.radio.values[self.handle(wire.FEATURE_UUID)])

    async def ask(self, opcode, operand=b""):
        """Write a command; (result, payload) of the response to it."""
        at = len(self.radio.indicated)
        self.radio.write(self.handle(wire.CONTROL_UUID), bytes((opcode,)) + operand)
        await asyncio.sleep_ms(60)
        answers = [m for m in self.radio.indicated[at:] if m[0] == wire.OP_RESPONSE]
        assert len(answers) == 1 and answers[0][1] == opcode, self.radio.indicated[at:]
        return answers[0][2], answers[0][3:]

    async def press(self, duration_ms):
        """Hold the button for so long."""
        wire_input(board.BUTTON, 0)
        await asyncio.sleep_ms(duration_ms)
        wire_input(board.BUTTON, 1)
        await asyncio.sleep_ms(100)

    def write_transfer(self, kind, operand=b""):
        """Write to Session Transfer."""
        self.radio.write(self.handle(wire.TRANSFER_UUID), bytes((kind,)) + operand)

    async def fetch(self, recording_id, first, end, patience_s=20):
        """What a FETCH brings: (messages before the DONE, the DONE)."""
        at = len(self.notified(wire.TRANSFER_UUID))
        self.write_transfer(
            transfers.TRANSFER_FETCH, transfers.FETCH.pack(recording_id, first, end)
        )
        for _ in range(patience_s * 50):
            await asyncio.sleep_ms(20)
            messages = [data for _, data in self.notified(wire.TRANSFER_UUID)[at:]]
            if messages and messages[-1][0] == transfers.TRANSFER_DONE:
                return messages[:-1], transfers.DONE.unpack_from(messages[-1], 1)
        raise AssertionError("no DONE")

    def statuses(self):
        """All STATUS indications so far."""
        return [
            wire.STATUS.unpack_from(m, 1) for m in self.radio.indicated if m[0] == wire.OP_STATUS
        ]


def run(scene, band=None):
    """Run `scene(band)`, a coroutine, beside the firmware; the chips have settled before."""
    band = band or Band()

    async def main():
        firmware = asyncio.create_task(band.app.run())
        await asyncio.sleep_ms(300)
        assert not firmware.done()
        await scene(band)
        assert not firmware.done()
        firmware.cancel()

    asyncio.run(main())
