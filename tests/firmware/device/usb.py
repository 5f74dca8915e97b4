"""kneeband.usb on a line that the test holds in its hands."""

import io
import select
import time

from kneeband import config
from kneeband.usb import QUEUE_BYTES, SerialPort
from kneecore import wire
from kneecore.frames import Receiver, frame
from sim import vclock

MP_STREAM_POLL = 3
FEATURE = bytes(range(24))
HERE = frame(wire.SERIAL_FEATURE, b"")
LEAVE = frame(wire.SERIAL_LEAVE, b"")


class Line(io.IOBase):
    """A driver: `sends` are bytes for the band, `took` what it wrote as long as there was room."""

    def __init__(self):
        self.sends = b""
        self.took = b""
        self.room = 1 << 30
        self.broken = False
        self.reads = 0
        self.hidden = 0  # bytes of room that it tells of, and then takes nothing

    def ioctl(self, request, flags):
        if request != MP_STREAM_POLL:
            return -1
        ready = select.POLLIN if self.sends or self.broken else 0
        if self.room or self.hidden or self.broken:
            ready |= select.POLLOUT
        return ready & flags

    def read(self, count):
        assert count == 1  # the device's read of two would wait for the second
        if self.broken:
            raise OSError(5)
        byte, self.sends = self.sends[:1], self.sends[1:]
        self.reads += 1
        return byte

    def write(self, data):
        if self.broken:
            raise OSError(5)
        count = min(len(data), self.room)
        self.took += bytes(data[:count])
        self.room -= count
        return count or None


class Cable:
    def __init__(self):
        vclock.set_speed(0.0)
        self.line = Line()
        self.interrupts = []
        self.port = SerialPort(self.line, self.line, self.interrupts.append)
        self.port.name = "KneeBand-C00F"
        self.port.start(FEATURE)
        self._receiver = Receiver()

    def says(self, *frames):
        self.line.sends += b"".join(frames)
        self.port.serve()

    def heard(self):
        """The frames since the last call."""
        took, self.line.took = self.line.took, b""
        return self._receiver.feed(took)

    def passes(self, seconds):
        for _ in range(int(seconds * 50)):
            time.sleep_ms(20)
            self.port.serve()


def connected():
    cable = Cable()
    cable.says(LEAVE, HERE)
    cable.heard()
    return cable


def test_nobody_is_there_and_nothing_is_written_until_a_host_asks_for_feature():
    cable = Cable()
    port = cable.port
    port.send_measurement(b"packet")
    port.send_raw(b"packet")
    port.respond(b"message")
    assert not port.send_transfer(b"block")
    cable.says(frame(wire.SERIAL_CONTROL, b"\x02"), frame(wire.SERIAL_NAME, b""), b"print(1)\r\n")
    assert not port.connected and not port.trusted and not port.left
    assert port.next_request() is None
    assert cable.line.took == b"" and cable.interrupts == []
    cable.says(LEAVE, HERE)  # as a host begins
    assert port.connected and port.trusted and not port.left
    assert cable.heard() == [(wire.SERIAL_FEATURE, FEATURE)]
    assert port.mtu >= wire.MTU_MIN


def test_what_either_end_sends_arrives_in_order():
    cable = connected()
    port = cable.port
    cable.says(
        frame(wire.SERIAL_CONTROL, b"\x01\x03"),
        frame(wire.SERIAL_TRANSFER, b"\x01fetch"),
        frame(wire.SERIAL_NAME, b""),
    )
    assert port.next_request() == b"\x01\x03" and port.next_request() is None
    assert port.next_transfer() == b"\x01fetch" and port.next_transfer() is None
    packet = bytearray(b"\x03\x7e\x7d" * 60)
    port.send_measurement(memoryview(packet))
    packet[0] = 0  # it is used again
    port.send_raw(b"raw")
    port.respond(b"\x80\x01\x01")
    assert port.send_transfer(b"\x81block")
    assert cable.heard() == [
        (wire.SERIAL_NAME, b"KneeBand-C00F"),
        (wire.SERIAL_MEASUREMENT, b"\x03\x7e\x7d" * 60),
        (wire.SERIAL_RAW, b"raw"),
        (wire.SERIAL_CONTROL, b"\x80\x01\x01"),
        (wire.SERIAL_TRANSFER, b"\x81block"),
    ]


def test_ctrl_c_gives_the_prompt_before_a_host_and_after_it_and_not_meanwhile():
    cable = connected()
    assert cable.interrupts == [-1]
    cable.says(b"\x03\x03 noise")
    assert cable.port.connected
    cable.says(LEAVE)
    assert cable.interrupts == [-1, 3]
    cable.port.advertise()
    cable.says(HERE)
    cable.passes(wire.SERIAL_SILENCE_S + 0.1)
    assert cable.interrupts == [-1, 3, -1, 3]


def test_a_host_that_is_silent_too_long_has_gone_and_one_that_is_not_has_not():
    cable = connected()
    for _ in range(4):
        cable.passes(wire.SERIAL_SILENCE_S - 1)
        cable.says(HERE)
        assert cable.port.connected and not cable.port.left
    cable.passes(wire.SERIAL_SILENCE_S + 0.1)
    assert cable.port.left and not cable.port.connected


def test_noise_is_no_sign_of_a_host():
    cable = connected()
    for _ in range(6):
        cable.passes(1)
        cable.says(b"\x7enoise\x7e" * 5)
    assert not cable.port.connected
    assert cable.port.damaged == 30


def test_nothing_of_the_one_who_left_reaches_the_next_one():
    cable = connected()
    port = cable.port
    cable.line.room = 0
    port.send_measurement(b"of the first")
    cable.says(frame(wire.SERIAL_CONTROL, b"of the first"), LEAVE, HERE)
    cable.says(frame(wire.SERIAL_CONTROL, b"of the second"))
    assert port.left and not port.connected  # the program has not seen to it yet
    assert port.next_request() is None
    port.advertise()
    cable.line.room = 1 << 30
    port.serve()
    port.serve()
    assert port.connected
    assert port.next_request() == b"of the second" and port.next_request() is None
    assert cable.heard() == [(wire.SERIAL_FEATURE, FEATURE)]


def test_a_line_that_nobody_reads_costs_the_oldest_packets_which_are_counted():
    cable = connected()
    port = cable.port
    cable.line.room = 100  # a part of the first one gets out
    sent = [bytes((number,)) * 195 for number in range(60)]
    for packet in sent:
        port.send_measurement(packet)
    assert not port.send_transfer(b"\x81block")
    port.respond(b"\x80answer")
    cable.line.room = 1 << 30
    port.serve()
    found = cable.heard()
    kept = [data for kind, data in found if kind == wire.SERIAL_MEASUREMENT]
    assert found[-1] == (wire.SERIAL_CONTROL, b"\x80answer")
    assert kept[0] == sent[0]  # the rest of it followed
    assert kept[1:] == sent[len(sent) - len(kept) + 1 :]  # the newest, in order
    assert port.dropped == len(sent) - len(kept) > 30
    assert 200 * len(kept) <= QUEUE_BYTES
    assert port.send_transfer(b"\x81block")


def test_answers_that_nobody_reads_do_not_pile_up():
    cable = connected()
    cable.line.room = 0
    for _ in range(200):
        cable.port.respond(bytes(200))
    assert cable.port.dropped >= 180
    cable.line.room = 1 << 30
    cable.port.serve()
    assert len(cable.heard()) == 200 - cable.port.dropped


def test_a_driver_that_promises_room_and_has_none_does_not_hold_the_band():
    cable = connected()
    cable.line.room = 0
    cable.line.hidden = 5
    cable.port.send_measurement(b"packet")
    cable.port.serve()
    assert cable.line.took == b""


def test_commands_wait_on_the_line_while_the_band_has_enough_to_do():
    cable = connected()
    for number in range(3 * config.COMMAND_QUEUE):
        cable.line.sends += frame(wire.SERIAL_CONTROL, bytes((number,)))
    done = []
    for _ in range(20):
        cable.port.serve()
        request = cable.port.next_request()
        if request:
            done.append(request[0])
    assert done == list(range(3 * config.COMMAND_QUEUE))


def test_a_flood_of_noise_does_not_hold_the_band():
    cable = connected()
    cable.line.sends = b"\x55" * 100000
    cable.line.reads = 0
    cable.port.serve()
    assert cable.line.reads <= 256


def test_a_cable_that_is_pulled_and_put_in_again():
    cable = connected()
    cable.line.broken = True
    cable.port.send_measurement(b"packet")
    cable.passes(wire.SERIAL_SILENCE_S + 0.1)
    assert cable.port.left
    cable.port.advertise()
    cable.line.broken = False
    cable.says(LEAVE, HERE)
    assert cable.port.connected
    assert cable.heard() == [(wire.SERIAL_FEATURE, FEATURE)]
