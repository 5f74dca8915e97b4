"""The radio: GATT server, security, advertising, notifications with back-pressure, indications.

Nothing is done in the radio's interrupt handler, which runs beside the program and holds up its
scheduler: it notes what happened, and `serve`, called every few milliseconds, does what follows
from it: send the next indication, try waiting packets again, drop a stranger, write the bonds. A
disconnect is kept as `left` until the program has seen to it and calls `advertise`: nobody
connects, and nobody's requests are taken, before all that belonged to the last one is gone.

Security
    The program sees trusted hosts only (`trust`): to them the band notifies, them it obeys, and
    only they are `connected` or have `left`. Reads and writes are held back by their flags besides.
    A host that is refused, or has not encrypted the link after config.ENCRYPT_S (PAIR_S while the
    window for new ones is open), is dropped.

Advertising
    Flags, the service, wire.ADVERTISED; the name on request. While somebody is connected the band
    goes on advertising, with ADVERTISED_IN_USE and not connectable, so that others see why.

Notifications
    `notify` never waits. When the stack has no memory left (ENOMEM) the packet joins a queue, and
    while there is one all later packets join it too, so order holds. The queue is tried again at
    every `serve`. When it is full its oldest packet is given up and counted in `dropped`; the
    receiver sees a hole in the sequence. A queue keeps the delay within bounds: old angles are of
    no use to a live view. Kept blocks (`send_transfer`) go only where no live packet waits.

Indications
    One at a time, the next when the last was confirmed. Whoever disconnects loses those waiting.
"""

import errno
import struct
import time

import bluetooth
from micropython import const

from kneeband import config
from kneeband.bonds import Bonds
from kneeband.trust import Trust
from kneecore import __version__, wire

_IRQ_CENTRAL_CONNECT = const(1)
_IRQ_CENTRAL_DISCONNECT = const(2)
_IRQ_GATTS_WRITE = const(3)
_IRQ_GATTS_READ_REQUEST = const(4)
_IRQ_GATTS_INDICATE_DONE = const(20)
_IRQ_MTU_EXCHANGED = const(21)
_IRQ_CONNECTION_UPDATE = const(27)
_IRQ_ENCRYPTION_UPDATE = const(28)
_IRQ_GET_SECRET = const(29)
_IRQ_SET_SECRET = const(30)

_NO_INPUT_NO_OUTPUT = const(3)
_INSUFFICIENT_AUTHENTICATION = const(0x05)  # Core Specification, vol. 3, part F, 3.4.1.1

_FLAG_READ_ENCRYPTED = const(0x0200)  # the module documents these, but has no names for them
_FLAG_WRITE_ENCRYPTED = const(0x1000)

_MTU_BEFORE_EXCHANGE = const(23)
_ATT_HEADER = const(3)

_AD_FLAGS = const(0x01)
_AD_UUID128 = const(0x07)
_AD_NAME = const(0x09)
_AD_MANUFACTURER = const(0xFF)
_GENERAL_DISCOVERABLE_NO_BREDR = const(0x06)

_SERVICE = bluetooth.UUID(wire.SERVICE_UUID)
_READ = bluetooth.FLAG_READ
_READ_TRUSTED = bluetooth.FLAG_READ | _FLAG_READ_ENCRYPTED
_NOTIFY = bluetooth.FLAG_NOTIFY
_WRITE_TRUSTED = bluetooth.FLAG_WRITE | _FLAG_WRITE_ENCRYPTED

_SERVICES = (
    (
        _SERVICE,
        (
            (bluetooth.UUID(wire.MEASUREMENT_UUID), _NOTIFY),
            (bluetooth.UUID(wire.RAW_UUID), _NOTIFY),
            (bluetooth.UUID(wire.FEATURE_UUID), _READ_TRUSTED),
            (bluetooth.UUID(wire.CONTROL_UUID), _WRITE_TRUSTED | bluetooth.FLAG_INDICATE),
            (bluetooth.UUID(wire.TRANSFER_UUID), _WRITE_TRUSTED | _NOTIFY),
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
        ((bluetooth.UUID(wire.BATTERY_LEVEL_UUID), _READ_TRUSTED | _NOTIFY),),
    ),
)


class Peripheral:
    """The band as Bluetooth sees it, on `bluetooth.BLE()`. `start` once, then `serve` often."""

    wired = False

    def __init__(self, ble, bonds=None):
        # Not annotated: the stubs have handles as memoryviews and know no data of notifications.
        self._ble = ble
        self._trust = Trust(bonds or Bonds())
        self.name = ""
        self.mtu = _MTU_BEFORE_EXCHANGE
        self.dropped = 0
        """Packets given up: the radio was full, or refused them."""
        self.left = False
        """A trusted host has left since `advertise`, even if somebody is connected by now."""
        self.connection_interval_ms = 0.0
        """0 until the stack has told it, which it does when the host changes it."""
        self.supervision_timeout_ms = 0
        self._connection = None
        self._since_ms = 0  # when they connected, or were bidden to leave
        self._leaving = False
        self._flags = 0
        self._advertised = None  # (connectable, flags) as they are on the air
        self._requests = []
        self._transfers = []
        self._packets = []  # (value handle, bytes) that wait for room in the stack
        self._indications = []
        self._indicating = False
        self._measurement = self._raw = self._feature = self._control = self._battery = 0
        self._transfer = 0

    @property
    def trusted(self) -> bool:
        """Somebody is connected, over a link encrypted by the key of a bond."""
        return self._connection is not None and self._trust.holds and not self._leaving

    @property
    def connected(self) -> bool:
        """A trusted host is there; of others the program knows nothing."""
        return self.trusted

    @property
    def pairing(self) -> bool:
        """The window for a new host is open."""
        return self._trust.window

    @property
    def bonds_damaged(self) -> bool:
        """The bonds could not be read at the start, or not be written since."""
        return self._trust.bonds.damaged

    def start(self, feature: bytes):
        """Switch the radio on, publish the services, advertise."""
        ble = self._ble
        self._trust.bonds.load()
        ble.active(True)
        address = ble.config("mac")[1]
        self.name = "{}{:02X}{:02X}".format(wire.NAME_PREFIX, address[-2], address[-1])
        ble.config(gap_name=self.name, mtu=wire.MTU)
        ble.config(bond=True, le_secure=True, mitm=False, io=_NO_INPUT_NO_OUTPUT)
        ble.irq(self._irq)
        knee, device, battery = ble.gatts_register_services(_SERVICES)
        self._measurement, self._raw, self._feature, self._control, self._transfer = knee
        self._battery = battery[0]
        for handle in (self._control, self._transfer):
            ble.gatts_set_buffer(handle, wire.MTU - _ATT_HEADER)
        ble.gatts_write(device[0], config.MODEL.encode())
        ble.gatts_write(device[1], __version__.encode())
        self.set_feature(feature)
        self.advertise()

    def advertise(self):
        """Forget the last connection and let the next central find the band."""
        self.left = False
        self._packets.clear()
        self._indications.clear()
        self._requests.clear()
        self._transfers.clear()
        self._indicating = False
        self._advertised = None
        self._show()

    def set_advertised(self, flags: int):
        """What the band is doing: ADVERTISED_RECORDING, ADVERTISED_KEEPS. The rest is added."""
        self._flags = flags

    def open_pairing(self, duration_s: int):
        """Let one new host bond within that time; 0 ends it."""
        self._trust.open_window(duration_s)

    def forget(self, which: int):
        """Drop the bond with the host that is connected (wire.FORGET_ME), or all of them.

        All of them: the window closes too, or whoever was just sent away might slip in again.
        Whoever is connected leaves once the indications that wait are out, or a second later.
        """
        if which == wire.FORGET_ALL:
            self._trust.bonds.drop_all()
            self._trust.open_window(0)
        else:
            self._trust.forget_this()
        if self._connection is not None:
            self._since_ms = time.ticks_ms()
            self._leaving = True

    def set_feature(self, feature: bytes):
        """What Knee Feature reads from now on."""
        self._ble.gatts_write(self._feature, feature)

    def set_battery(self, percent: int):
        """What Battery Level reads from now on (it is empty before); the host is told."""
        value = struct.pack("B", percent)
        self._ble.gatts_write(self._battery, value)
        if self.connected:
            self._notify(self._battery, value)

    def next_request(self):
        """The next write to the control point (bytes), or None."""
        return self._requests.pop(0) if self._requests else None

    def next_transfer(self):
        """The next write to Session Transfer (bytes), or None."""
        return self._transfers.pop(0) if self._transfers else None

    def respond(self, message: bytes):
        """Indicate `message` on the control point, after those that wait."""
        if self.trusted or self._leaving:
            self._indications.append(message)
            self._indicate_next()

    def send_measurement(self, packet):
        """Notify one packet of Knee Measurement; it is copied where it has to wait."""
        self._notify(self._measurement, packet)

    def send_raw(self, packet):
        """Notify one packet of Raw IMU; it is copied where it has to wait."""
        self._notify(self._raw, packet)

    def send_transfer(self, message) -> bool:
        """Notify Session Transfer; False where there is no room now: live packets go first."""
        self._flush()
        if self._packets or not self.trusted:
            return False
        return self._try(self._transfer, message)

    def serve(self):
        """Do what follows from what happened: see the head of this file."""
        self._flush()
        self._indicate_next()
        self._watch()
        if self._trust.bonds.unsaved:
            self._trust.bonds.save()
        self._show()

    # --- inside --------------------------------------------------------------------------------

    def _irq(self, event, data):
        if event == _IRQ_CENTRAL_CONNECT:
            self._reset_connection(data[0])
        elif event == _IRQ_CENTRAL_DISCONNECT:
            if data[0] == self._connection:
                self.left = self.left or self._trust.held
                self._reset_connection(None)
        elif event == _IRQ_MTU_EXCHANGED:
            self.mtu = data[1]
        elif event == _IRQ_GATTS_WRITE:
            self._written(data[1])
        elif event == _IRQ_GATTS_READ_REQUEST:
            if data[1] in (self._feature, self._battery) and not self.trusted:
                return _INSUFFICIENT_AUTHENTICATION
        elif event == _IRQ_GATTS_INDICATE_DONE:
            self._indicating = False
        elif event == _IRQ_CONNECTION_UPDATE:
            _, interval, _, timeout, status = data
            if status == 0:
                self.connection_interval_ms = interval * 1.25
                self.supervision_timeout_ms = timeout * 10
        elif event == _IRQ_ENCRYPTION_UPDATE:
            self._trust.set_encrypted(bool(data[1]))
        elif event == _IRQ_GET_SECRET:
            kind, index, key = data
            return self._trust.get_secret(kind, index, None if key is None else bytes(key))
        elif event == _IRQ_SET_SECRET:
            kind, key, value = data
            if value is None:
                return self._trust.drop_secret(kind, bytes(key))
            return self._trust.set_secret(kind, bytes(key), bytes(value))
        return None

    def _reset_connection(self, connection):
        self._connection = connection
        self.mtu = _MTU_BEFORE_EXCHANGE
        self.connection_interval_ms = 0.0
        self.supervision_timeout_ms = 0
        self._leaving = False
        self._since_ms = time.ticks_ms()
        self._advertised = None  # the stack stops advertising when somebody connects
        self._trust.begin()

    def _written(self, handle):
        if not self.trusted or self.left:
            return
        if handle == self._control and len(self._requests) < config.COMMAND_QUEUE:
            self._requests.append(bytes(self._ble.gatts_read(handle)))
        elif handle == self._transfer and len(self._transfers) < config.COMMAND_QUEUE:
            self._transfers.append(bytes(self._ble.gatts_read(handle)))

    def _watch(self):
        """Drop whoever is not, or no longer, to be here."""
        self._trust.settle()
        connection = self._connection
        if connection is None or self.trusted:
            return
        waited_ms = time.ticks_diff(time.ticks_ms(), self._since_ms)
        if self._leaving:
            idle = not self._indications and not self._indicating
            drop = idle or waited_ms > config.FAREWELL_MS
        else:
            patience_s = config.PAIR_S if self.pairing else config.ENCRYPT_S
            drop = self._trust.refused or waited_ms > patience_s * 1000
        if drop:
            try:
                self._ble.gap_disconnect(connection)
            except OSError:
                pass  # it has just gone

    def _show(self):
        """Advertise what is so now, where that is not on the air already."""
        if self.left:
            return
        flags = self._flags
        if self._connection is not None:
            flags |= wire.ADVERTISED_IN_USE
        elif self.pairing:
            flags |= wire.ADVERTISED_PAIRING
        now = (self._connection is None, flags)
        if now == self._advertised:
            return
        record = wire.ADVERTISED.pack(wire.PROTOCOL_VERSION[0], flags)
        data = _structure(_AD_FLAGS, bytes((_GENERAL_DISCOVERABLE_NO_BREDR,)))
        data += _structure(_AD_UUID128, bytes(_SERVICE))  # pyright: ignore[reportArgumentType]
        data += _structure(_AD_MANUFACTURER, struct.pack("<H", wire.COMPANY_ID) + record)
        connectable = self._connection is None
        self._ble.gap_advertise(
            config.ADVERTISING_INTERVAL_US if connectable else config.IN_USE_INTERVAL_US,
            data,
            resp_data=_structure(_AD_NAME, self.name.encode()),
            connectable=connectable,
        )
        self._advertised = now

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
        if connection is None or not self.trusted:
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
