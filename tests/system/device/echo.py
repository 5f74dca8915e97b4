"""A small peripheral for the tests of the radio: it does what the first byte of a write says.

e ..    write the rest back into the value that is read
n N     notify N packets of 244 bytes, numbered; wait where there is no room
b N     try to notify N packets at once; the readable value then says how many there was room for
p N     notify N packets, one every 10 ms of the board's time
i ..    indicate the rest
d       drop the connection
h       hang, with the processor busy
"""

import asyncio
import struct

import bluetooth

from sim import rig, vclock

SERVICE = bluetooth.UUID("00000001-3c5a-4f0e-9b6b-000000000000")
VALUE = bluetooth.UUID("00000002-3c5a-4f0e-9b6b-000000000000")
SIGNAL = bluetooth.UUID("00000003-3c5a-4f0e-9b6b-000000000000")
NAME = b"Echo"
ENOMEM = 12
LENGTH = 244


class Echo:
    def __init__(self):
        self.ble = bluetooth.BLE()
        self.ble.active(True)
        self.ble.config(gap_name="Echo", mtu=247)
        self.ble.irq(self.on_irq)
        flags = bluetooth.FLAG_READ | bluetooth.FLAG_WRITE | bluetooth.FLAG_NOTIFY
        characteristics = ((VALUE, flags), (SIGNAL, bluetooth.FLAG_INDICATE))
        ((self.handle, self.signal),) = self.ble.gatts_register_services(
            ((SERVICE, characteristics),)
        )
        self.ble.gatts_set_buffer(self.handle, LENGTH)
        self.connection = None
        self.written = asyncio.ThreadSafeFlag()
        self.advertise()

    def advertise(self):
        flags = b"\x02\x01\x06"
        uuid = bytes((17, 0x07)) + bytes(SERVICE)
        name = bytes((len(NAME) + 1, 0x09)) + NAME
        self.ble.gap_advertise(30000, flags + uuid, resp_data=name)

    def on_irq(self, event, data):
        if event == 1:
            self.connection = data[0]
        elif event == 2:
            self.connection = None
            self.advertise()
        elif event == 3:
            self.written.set()
        elif event == 20:
            self.ble.gatts_write(self.handle, bytes((data[2],)))

    def notify(self, number):
        self.ble.gatts_notify(
            self.connection, self.handle, struct.pack("<H", number) + bytes(LENGTH - 2)
        )

    async def run(self):
        while True:
            await self.written.wait()
            order = self.ble.gatts_read(self.handle)
            await self.obey(order[:1], order[1:])

    async def obey(self, what, rest):
        if what == b"e":
            self.ble.gatts_write(self.handle, rest)
        elif what == b"n":
            await self.send_all(struct.unpack("<H", rest)[0])
        elif what == b"b":
            self.ble.gatts_write(self.handle, bytes((self.burst(struct.unpack("<H", rest)[0]),)))
        elif what == b"p":
            for number in range(struct.unpack("<H", rest)[0]):
                self.notify(number)
                await asyncio.sleep_ms(10)
        elif what == b"i":
            self.ble.gatts_indicate(self.connection, self.signal, rest)
        elif what == b"d":
            self.ble.gap_disconnect(self.connection)
        elif what == b"c":
            raise RuntimeError("crashed as ordered")
        elif what == b"h":
            while True:
                pass

    async def send_all(self, count):
        for number in range(count):
            while True:
                try:
                    self.notify(number)
                    break
                except OSError as error:
                    if error.errno != ENOMEM:
                        raise
                    await asyncio.sleep_ms(1)

    def burst(self, count):
        for number in range(count):
            try:
                self.notify(number)
            except OSError:
                return number
        return count


async def main():
    rig.on("play", lambda message: vclock.set_speed(message["speed"]))
    await Echo().run()


asyncio.run(main())
