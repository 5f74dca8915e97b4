"""MicroPython's `bluetooth` module for the simulated board: the peripheral role, over `sim.rig`.

What it follows is docs/library/bluetooth.rst of MicroPython: GAP advertising, the GATT server with
its value store, notifications, indications, security, and the IRQs that belong to them. Central
role, L2CAP channels, passkeys and gap_pair are not here: a band leaves it to its host to encrypt.

Bonds are the firmware's: the stack hands every secret over (_IRQ_SET_SECRET; without a value it is
to be forgotten) and asks for it again when that central is back (_IRQ_GET_SECRET). What the handler
returns goes back to the stack, which, like NimBLE, reports a bond whether or not it was kept.

The values live on this side, so that `gatts_read` and `gatts_write` cost no round trip. The radio
asks when a central reads or writes; the firmware's handler has run before the answer leaves, as
with NimBLE. A value is 20 bytes at first, longer writes are cut, and `gatts_write` widens it.

`UUID` has no buffer protocol as the real one has (a class in Python can't), so it iterates: that
makes `bytes(uuid)` work, while `payload += uuid` needs the bytes() round it.
"""

import sys

from sim import rig

FLAG_READ = 0x0002
FLAG_WRITE_NO_RESPONSE = 0x0004
FLAG_WRITE = 0x0008
FLAG_NOTIFY = 0x0010
FLAG_INDICATE = 0x0020

_IRQ_CENTRAL_CONNECT = 1
_IRQ_CENTRAL_DISCONNECT = 2
_IRQ_GATTS_WRITE = 3
_IRQ_GATTS_READ_REQUEST = 4
_IRQ_GATTS_INDICATE_DONE = 20
_IRQ_MTU_EXCHANGED = 21
_IRQ_CONNECTION_UPDATE = 27
_IRQ_ENCRYPTION_UPDATE = 28
_IRQ_GET_SECRET = 29
_IRQ_SET_SECRET = 30

_ENOTCONN = 107
_EINVAL = 22
_DEFAULT_LENGTH = 20
_NO_INPUT_NO_OUTPUT = 3


class UUID:
    """A 16-bit (from an int) or 128-bit (from a string) UUID; bytes are little-endian."""

    def __init__(self, value):
        if isinstance(value, int):
            self._bytes = bytes((value & 0xFF, value >> 8))
        elif isinstance(value, str):
            digits = value.replace("-", "")
            if len(digits) != 32:
                raise ValueError("invalid UUID")
            self._bytes = bytes(reversed(bytes.fromhex(digits)))
        else:
            self._bytes = bytes(value)
            if len(self._bytes) not in (2, 16):
                raise ValueError("invalid UUID")

    def __iter__(self):
        return iter(self._bytes)

    def __len__(self):
        return len(self._bytes)

    def __eq__(self, other):
        return isinstance(other, UUID) and other._bytes == self._bytes

    def __hash__(self):
        return hash(self._bytes)

    def __repr__(self):
        return "UUID(" + bytes(reversed(self._bytes)).hex() + ")"


class _Value:
    def __init__(self):
        self.data = b""
        self.longest = _DEFAULT_LENGTH
        self.append = False


_TOLD = (
    "connect", "disconnect", "write", "read", "indicated", "mtu",
    "updated", "encrypted", "get_secret", "set_secret",
)  # fmt: skip


class _BLE:
    def __init__(self):
        self._active = False
        self._handler = None
        self._address = bytes(6)
        self._settings = {
            "gap_name": "MPY ESP32",
            "mtu": 256,
            "rxbuf": 256,
            "addr_mode": 0,
            "bond": False,
            "mitm": False,
            "io": _NO_INPUT_NO_OUTPUT,
            "le_secure": False,
        }
        self._values = {}
        self._connections = set()
        for name in _TOLD:
            rig.on(name, getattr(self, "_on_" + name))

    def active(self, on=None):
        if on is not None and bool(on) != self._active:
            if on:
                rig.connect()
            address = rig.call("active", bool(on))
            self._active = bool(on)
            self._values = {}
            self._connections = set()
            if on:
                self._address = bytes.fromhex(address)
                rig.call("config", self._settings)
        return self._active

    def config(self, *names, **settings):
        if names:
            if names[0] == "mac":
                return 1, self._address
            if names[0] not in self._settings:
                raise ValueError("unknown config param")
            return self._settings[names[0]]
        for name in settings:
            if name not in self._settings:
                raise ValueError("unknown config param")
        self._settings.update(settings)
        if self._active:
            rig.call("config", self._settings)
        return None

    def irq(self, handler):
        self._handler = handler

    def gap_advertise(self, interval_us, adv_data=None, *, resp_data=None, connectable=True):
        """Advertise, with the data of the last time where None is given; None stops."""
        rig.call("advertise", interval_us, _hex(adv_data), _hex(resp_data), connectable)

    def gap_disconnect(self, conn_handle):
        return rig.call("disconnect", conn_handle)

    def gatts_register_services(self, services):
        tree = []
        for uuid, characteristics in services:
            rows = []
            for characteristic in characteristics:
                descriptors = characteristic[2] if len(characteristic) > 2 else ()
                rows.append(
                    (
                        bytes(characteristic[0]).hex(),
                        characteristic[1],
                        [(bytes(descriptor[0]).hex(), descriptor[1]) for descriptor in descriptors],
                    )
                )
            tree.append((bytes(uuid).hex(), rows))
        handles = rig.call("register", tree)
        self._values = {}
        for row in handles:
            for handle in row:
                self._values[handle] = _Value()
        return tuple([tuple(row) for row in handles])

    def gatts_read(self, value_handle):
        value = self._value(value_handle)
        data = value.data
        if value.append:
            value.data = b""
        return data

    def gatts_write(self, value_handle, data, send_update=False):
        value = self._value(value_handle)
        value.data = _bytes(data)
        value.longest = max(value.longest, len(value.data))
        if send_update:
            rig.call("update", value_handle, value.data.hex())

    def gatts_set_buffer(self, value_handle, len, append=False):
        value = self._value(value_handle)
        value.longest = len
        value.append = append

    def gatts_notify(self, conn_handle, value_handle, data=None):
        """Send without waiting, whether subscribed or not. OSError(ENOMEM) when full."""
        data = self._outgoing(conn_handle, value_handle, data)
        rig.notify(conn_handle, value_handle, data)

    def gatts_indicate(self, conn_handle, value_handle, data=None):
        data = self._outgoing(conn_handle, value_handle, data)
        rig.call("indicate", conn_handle, value_handle, data.hex())

    def _outgoing(self, connection, handle, data):
        if connection not in self._connections:
            raise OSError(_ENOTCONN)
        value = self._value(handle)
        return value.data if data is None else _bytes(data)

    def _value(self, handle):
        if handle not in self._values:
            raise OSError(_EINVAL)
        return self._values[handle]

    # --- what the radio tells ---------------------------------------------------------------------

    def _irq(self, event, data):
        """The firmware's answer; an exception in its handler is shown and goes no further."""
        if self._handler is None:
            return None
        try:
            return self._handler(event, data)
        except Exception as error:
            print("Unhandled exception in IRQ callback handler")
            sys.print_exception(error)
            return None

    def _on_connect(self, message):
        self._connections.add(message["conn"])
        self._irq(_IRQ_CENTRAL_CONNECT, (message["conn"], 1, bytes.fromhex(message["address"])))

    def _on_disconnect(self, message):
        self._connections.discard(message["conn"])
        self._irq(_IRQ_CENTRAL_DISCONNECT, (message["conn"], 1, bytes.fromhex(message["address"])))

    def _on_write(self, message):
        value = self._value(message["handle"])
        data = bytes.fromhex(message["value"])
        value.data = ((value.data + data) if value.append else data)[: value.longest]
        self._irq(_IRQ_GATTS_WRITE, (message["conn"], message["handle"]))
        rig.answer(message, 0, b"")

    def _on_read(self, message):
        error = self._irq(_IRQ_GATTS_READ_REQUEST, (message["conn"], message["handle"])) or 0
        rig.answer(message, error, self._value(message["handle"]).data)

    def _on_indicated(self, message):
        data = (message["conn"], message["handle"], message["status"])
        self._irq(_IRQ_GATTS_INDICATE_DONE, data)

    def _on_mtu(self, message):
        self._irq(_IRQ_MTU_EXCHANGED, (message["conn"], message["mtu"]))

    def _on_updated(self, message):
        names = ("conn", "interval", "latency", "timeout", "status")
        self._irq(_IRQ_CONNECTION_UPDATE, tuple([message[name] for name in names]))

    def _on_encrypted(self, message):
        names = ("conn", "encrypted", "authenticated", "bonded", "key_size")
        self._irq(_IRQ_ENCRYPTION_UPDATE, tuple([message[name] for name in names]))

    def _on_get_secret(self, message):
        key = None if message["key"] is None else bytes.fromhex(message["key"])
        value = self._irq(_IRQ_GET_SECRET, (message["type"], message["index"], key))
        rig.answer(message, 0 if value else 1, bytes(value or b""))

    def _on_set_secret(self, message):
        value = None if message["value"] is None else bytes.fromhex(message["value"])
        key = bytes.fromhex(message["key"])
        kept = self._irq(_IRQ_SET_SECRET, (message["type"], key, value))
        rig.answer(message, 0 if kept else 1, b"")


def _bytes(data):
    return data.encode() if isinstance(data, str) else bytes(data)


def _hex(data):
    return None if data is None else _bytes(data).hex()


_the_one = []


def BLE():  # noqa: N802 (MicroPython's name)
    """The board's one radio."""
    if not _the_one:
        _the_one.append(_BLE())
    return _the_one[0]
