"""The radio: GATT server, advertising, notifications with back-pressure, indications.

Nothing is done in the radio's interrupt handler, which runs beside the program and holds up its
scheduler: it notes what happened, and `serve`, called every few milliseconds, does what follows
from it: send the next indication, try waiting packets again. A disconnect is kept as `left` until
the program has seen to it and calls `advertise`: nobody connects, and nobody's requests are taken,
before all that belonged to the last one is gone.

Notifications
    `notify` never waits. When the stack has no memory left (ENOMEM) the packet joins a queue, and
    while there is one all later packets join it too, so order holds. The queue is tried again at
    every `serve`. When it is full its oldest packet is given up and counted in `dropped`; the
    receiver sees a hole in the sequence. A queue keeps the delay within bounds: old angles are of
    no use to a live view.

Indications
    One at a time, the next when the last was confirmed. Whoever disconnects loses those waiting.
"""

import errno
import struct

import bluetooth
from micropython import const

from kneeband import config
from kneecore import __version__, wire

_IRQ_CENTRAL_CONNECT = const(1)
_IRQ_CENTRAL_DISCONNECT = const(2)
_IRQ_GATTS_WRITE = const(3)
_IRQ_GATTS_INDICATE_DONE = const(20)
_IRQ_MTU_EXCHANGED = const(21)

_MTU_BEFORE_EXCHANGE = const(23)
_ATT_HEADER = const(3)

_AD_FLAGS = const(0x01)
_AD_UUID128 = const(0x07)
_AD_NAME = const(0x09)
_GENERAL_DISCOVERABLE_NO_BREDR = const(0x06)

_SERVICE = bluetooth.UUID(wire.SERVICE_UUID)
_READ = bluetooth.FLAG_READ
_NOTIFY = bluetooth.FLAG_NOTIFY
_CONTROL = bluetooth.FLAG_WRITE | bluetooth.FLAG_INDICATE

_SERVICES = (
    (
        _SERVICE,
        (
            (bluetooth.UUID(wire.MEASUREMENT_UUID), _NOTIFY),
            (bluetooth.UUID(wire.RAW_UUID), _NOTIFY),
            (bluetooth.UUID(wire.FEATURE_UUID), _READ),
            (bluetooth.UUID(wire.CONTROL_UUID), _CONTROL),
        ),
    ),
    (
        bluetooth.UUID(wire.DEVICE_INFORMATION_UUID),
        (
            (bluetooth.UUID(wire.MODEL_NUMBER_UUID), _READ),
            (bluetooth.UUID(wire.FIRMWARE_REVISION_UUID), _READ),
        ),
    ),
    (
        bluetooth.UUID(wire.BATTERY_SERVICE_UUID),
        ((bluetooth.UUID(wire.BATTERY_LEVEL_UUID), _READ | _NOTIFY),),
    ),
)


class Peripheral:
    """The band as Bluetooth sees it, on `bluetooth.BLE()`. `start` once, then `serve` often."""

    def __init__(self, ble):
        # Not annotated: the stubs have handles as memoryviews and know no data of notifications.
        self._ble = ble
        self.name = ""
        self.mtu = _MTU_BEFORE_EXCHANGE
        self.dropped = 0
        """Packets given up: the radio was full, or refused them."""
        self._connection = None
        self.left = False
        """The central has left since `advertise`, even if somebody is connected by now."""
        self._requests = []
        self._packets = []  # (value handle, bytes) that wait for room in the stack
        self._indications = []
        self._indicating = False
        self._measurement = self._raw = self._feature = self._control = self._battery = 0

    @property
    def connected(self) -> bool:
        return self._connection is not None

    def start(self, feature: bytes):
        """Switch the radio on, publish the services, advertise."""
        ble = self._ble
        ble.active(True)
        address = ble.config("mac")[1]
        self.name = "{}{:02X}{:02X}".format(wire.NAME_PREFIX, address[-2], address[-1])
        ble.config(gap_name=self.name, mtu=wire.MTU)
        ble.irq(self._irq)
        knee, device, battery = ble.gatts_register_services(_SERVICES)
        self._measurement, self._raw, self._feature, self._control = knee
        self._battery = battery[0]
        ble.gatts_set_buffer(self._control, wire.MTU - _ATT_HEADER)
        ble.gatts_write(device[0], config.MODEL.encode())
        ble.gatts_write(device[1], __version__.encode())
        self.set_feature(feature)
        self.advertise()

    def advertise(self):
        """Forget the last connection and let the next central find the band.

        Flags and the service's UUID; the name comes on request. Nothing about the wearer.
        """
        self.left = False
        self._packets.clear()
        self._indications.clear()
        self._requests.clear()
        self._indicating = False
        if self._connection is not None:
            return
        data = _structure(_AD_FLAGS, bytes((_GENERAL_DISCOVERABLE_NO_BREDR,)))
        data += _structure(_AD_UUID128, bytes(_SERVICE))  # pyright: ignore[reportArgumentType]
        self._ble.gap_advertise(
            config.ADVERTISING_INTERVAL_US,
            data,
            resp_data=_structure(_AD_NAME, self.name.encode()),
        )

    def set_feature(self, feature: bytes):
        """What Knee Feature reads from now on."""
        self._ble.gatts_write(self._feature, feature)

    def set_battery(self, percent: int):
        """What Battery Level reads from now on (it is empty before); subscribers are told."""
        self._ble.gatts_write(self._battery, struct.pack("B", percent), True)

    def next_request(self):
        """The next write to the control point (bytes), or None."""
        return self._requests.pop(0) if self._requests else None

    def respond(self, message: bytes):
        """Indicate `message` on the control point, after those that wait."""
        if self._connection is not None:
            self._indications.append(message)
            self._indicate_next()

    def send_measurement(self, packet):
        """Notify one packet of Knee Measurement; it is copied where it has to wait."""
        self._notify(self._measurement, packet)

    def send_raw(self, packet):
        """Notify one packet of Raw IMU; it is copied where it has to wait."""
        self._notify(self._raw, packet)

    def serve(self):
        """Try again what could not be sent."""
        self._flush()
        self._indicate_next()

    # --- inside --------------------------------------------------------------------------------

    def _irq(self, event, data):
        if event == _IRQ_CENTRAL_CONNECT:
            self._connection = data[0]
            self.mtu = _MTU_BEFORE_EXCHANGE
        elif event == _IRQ_CENTRAL_DISCONNECT:
            self._connection = None
            self.mtu = _MTU_BEFORE_EXCHANGE
            self.left = True
        elif event == _IRQ_MTU_EXCHANGED:
            self.mtu = data[1]
        elif event == _IRQ_GATTS_WRITE:
            if data[1] == self._control and len(self._requests) < config.COMMAND_QUEUE:
                self._requests.append(bytes(self._ble.gatts_read(self._control)))
        elif event == _IRQ_GATTS_INDICATE_DONE:
            self._indicating = False

    def _notify(self, handle, packet):
        self._flush()
        if self._packets or not self._try(handle, packet):
            if len(self._packets) == config.PACKET_QUEUE:
                self._packets.pop(0)
                self.dropped += 1
            self._packets.append((handle, bytes(packet)))

    def _flush(self):
        while self._packets and self._try(*self._packets[0]):
            self._packets.pop(0)

    def _try(self, handle, packet) -> bool:
        """True if the packet is off our hands: sent, refused, or nobody is there to have it."""
        connection = self._connection
        if connection is None:
            return True
        try:
            self._ble.gatts_notify(connection, handle, packet)
        except OSError as error:
            if error.errno == errno.ENOMEM:
                return False
            if error.errno != errno.ENOTCONN:
                self.dropped += 1
        return True

    def _indicate_next(self):
        connection = self._connection
        if self._indicating or not self._indications or connection is None:
            return
        message = self._indications.pop(0)
        self._indicating = True  # before the call: the confirmation may overtake its return
        try:
            self._ble.gatts_indicate(connection, self._control, message)
        except OSError as error:
            self._indicating = False
            if error.errno == errno.ENOMEM:
                self._indications.insert(0, message)


def _structure(kind: int, data: bytes) -> bytes:
    """One structure of advertising data (Core Specification, vol. 3, part C, section 11)."""
    return bytes((len(data) + 1, kind)) + data
