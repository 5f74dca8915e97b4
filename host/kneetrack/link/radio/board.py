"""The radio of one simulated board: serves the lines of `firmware/sim/rig.py` with a bumble Device.

The board's process connects to a TCP port of this one. Its calls are done in the order in which
they come; reads and writes of a central are asked of the board (`attributes`). The GATT values are
kept by the board (shims/bluetooth.py), the bonds by its firmware (`secrets`).

A notification goes to the air without waiting and is credited back when the controller has taken it
(packet by packet, in order: HCI's own flow control), so the board always knows how full the air is.
"""

# bumble leaves some of its parameters untyped.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import asyncio
import collections
import contextlib
import errno
import logging
from collections.abc import Callable
from typing import Any

from bumble import att, core, hci, pairing
from bumble.device import AdvertisingType, Connection, Device, DeviceConfiguration
from bumble.host import DataPacketQueue

from kneetrack.link.radio.air import Air, RadioChip
from kneetrack.link.radio.attributes import Attributes
from kneetrack.link.radio.clock import VirtualClock
from kneetrack.link.radio.line import BoardLine, Message
from kneetrack.link.radio.loss import BurstLoss
from kneetrack.link.radio.secrets import FirmwareDelegate, FirmwareKeys

_log = logging.getLogger(__name__)

ADDRESS = "F0:F1:F2:F3:F4:F5"
SUPERVISION_S = 0.5
_KEY_BYTES = 16
_UNPACED_ADVERTISING_MS = 20.0  # the least that Bluetooth allows
_NIMBLE_TIMEOUT = 13  # BLE_HS_ETIMEOUT, what _IRQ_GATTS_INDICATE_DONE tells then


class BoardRadio:
    """One board's radio on `air`."""

    def __init__(
        self,
        air: Air,
        address: str = ADDRESS,
        *,
        clock: VirtualClock | None = None,
        supervision_s: float = SUPERVISION_S,
    ) -> None:
        self.air = air
        self.address = hci.Address(address)
        self.clock = clock or VirtualClock()
        self.chip: RadioChip | None = None
        self.line = BoardLine(self._take, self._begins, self._ends)
        self.is_called = False
        """The board has called and waits for what the call returns."""
        self._on_rig: Callable[[Message], None] | None = None
        self._on_gone: Callable[[], None] | None = None
        self._supervision_s = supervision_s
        self._event_interval_s: float | None = None
        self._device: Device | None = None
        self._unpaid: collections.deque[int] = collections.deque()
        self._loss: BurstLoss | None = None
        self._loss_from_us = 0
        self._attributes = Attributes(self.line.ask, self._refusal)
        self._settings: Message = {"gap_name": "", "mtu": 256}
        self._keys = FirmwareKeys(self._get_secret, self._set_secret)
        self._advertising = b""
        self._scan_response = b""
        self._settled = asyncio.Event()  # no bond is being handed over
        self._settled.set()
        self.advertises = asyncio.Event()
        """The board has begun to advertise since it was switched on."""
        self._tasks: set[asyncio.Task[None]] = set()

    def listen_to(self, on_rig: Callable[[Message], None], on_gone: Callable[[], None]) -> None:
        """Have the board's messages about its scenario, and the end of its process, told."""
        self._on_rig = on_rig
        self._on_gone = on_gone

    async def listen(self) -> str:
        """Open a port for the board and return its `host:port`."""
        return await self.line.listen()

    async def close(self) -> None:
        """Drop the board's line (its process then ends) and the port."""
        for task in list(self._tasks):
            task.cancel()
        self.line.close()

    def send(self, message: Message) -> None:
        """Write a line to the board; nothing happens when it is gone."""
        self.line.send(message)

    @property
    def supervision_s(self) -> float:
        """The supervision timeout, in the time of whoever waits for it."""
        return self._supervision_s / (self.clock.speed or 1.0)

    def pace(self, event_interval_s: float | None) -> None:
        """Connection events of this interval from now on; None for none, and hasty advertising."""
        self._event_interval_s = event_interval_s
        if self.chip is not None:
            self.chip.event_interval_s = event_interval_s

    def lose(self, loss: BurstLoss, from_us: int) -> None:
        """Lose notifications that the board sends from that time of its clock on."""
        self._loss, self._loss_from_us = loss, from_us

    # --- lines ------------------------------------------------------------------------------------

    def _begins(self) -> None:
        self.advertises.clear()

    def fall_silent(self) -> None:
        """The radio has no power any more: the board sleeps, or has none either."""
        self.advertises.clear()
        self._device = None
        chip, self.chip = self.chip, None
        if chip is not None:
            self._spawn(chip.lose_power(self.supervision_s))

    def _ends(self) -> None:
        self.fall_silent()
        if self._on_gone is not None:
            self._on_gone()

    async def _take(self, message: Message) -> None:
        self.clock.heard(message["t"])
        if "notify" in message:
            self._notify(message)
        elif "call" in message:
            await self._answer(message)
        elif "answer" in message:
            self.line.answered(message)
        elif self._on_rig is not None:
            self._on_rig(message)

    async def _answer(self, message: Message) -> None:
        call = getattr(self, "_call_" + message["call"])
        self.is_called = True
        try:
            self.send({"n": message["n"], "result": await call(*message["args"])})
        except OSError as error:
            self.send({"n": message["n"], "error": error.errno or errno.EIO})
        except (core.BaseBumbleError, hci.HCI_Error) as error:
            _log.warning("the board's %s failed: %s", message["call"], error)
            self.send({"n": message["n"], "error": errno.EINVAL})
        finally:
            self.is_called = False

    async def _get_secret(self, kind: int, index: int, key: bytes | None) -> bytes | None:
        text = None if key is None else key.hex()
        answer = await self.line.ask("get_secret", type=kind, index=index, key=text)
        return None if answer["error"] else bytes.fromhex(answer["value"])

    async def _set_secret(self, kind: int, key: bytes, value: bytes | None) -> bool:
        text = None if value is None else value.hex()
        answer = await self.line.ask("set_secret", type=kind, key=key.hex(), value=text)
        return not answer["error"]

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- GAP --------------------------------------------------------------------------------------

    async def _call_active(self, on: bool) -> str:
        if on and self._device is None:
            self.chip = RadioChip("board", self.air, self._event_interval_s)
            self._device = Device.from_config_with_hci(
                DeviceConfiguration(
                    name="board",
                    address=self.address,
                    gap_service_enabled=False,
                    gatt_service_enabled=False,
                ),
                self.chip,
                self.chip,
            )
            self._device.keystore = self._keys
            self._device.pairing_config_factory = self._pairing_config
            self._device.on("connection", self._on_connection)
            await self._device.power_on()
        elif not on and self._device is not None and self.chip is not None:
            device, self._device = self._device, None
            await device.stop_advertising()
            for connection in list(device.connections.values()):
                await connection.disconnect()
            self.air.remove_controller(self.chip)
            self.chip = None
        return bytes(reversed(bytes(self.address))).hex()

    async def _call_config(self, settings: Message) -> None:
        self._settings = settings
        self._powered().gatt_server.max_mtu = settings["mtu"]

    async def _call_advertise(
        self, interval_us: int | None, data: str | None, response: str | None, connectable: bool
    ) -> None:
        device = self._powered()
        if interval_us is None:
            await device.stop_advertising()
            return
        if data is not None:
            self._advertising = bytes.fromhex(data)
        if response is not None:
            self._scan_response = bytes.fromhex(response)
        kinds = AdvertisingType
        unpaced = self._event_interval_s is None
        interval_ms = _UNPACED_ADVERTISING_MS if unpaced else interval_us / 1000
        await device.start_advertising(
            kinds.UNDIRECTED_CONNECTABLE_SCANNABLE if connectable else kinds.UNDIRECTED_SCANNABLE,
            advertising_data=self._advertising,
            scan_response_data=self._scan_response,
            advertising_interval_min=interval_ms,
            advertising_interval_max=interval_ms,
        )
        self.advertises.set()

    async def _call_disconnect(self, handle: int) -> bool:
        connection = self._powered().connections.get(handle)
        if connection is None:
            return False
        self._spawn(self._part(connection))  # the air may take its time
        return True

    async def _part(self, connection: Connection) -> None:
        with contextlib.suppress(core.BaseBumbleError, hci.HCI_Error, asyncio.CancelledError):
            await connection.disconnect()

    def _on_connection(self, connection: Connection) -> None:
        about = {
            "conn": connection.handle,
            "address": bytes(reversed(bytes(connection.peer_address))).hex(),
        }

        def disconnected(_: int) -> None:
            if self._unpaid:
                self.send({"credit": len(self._unpaid)})
                self._unpaid.clear()
            self._settled.set()
            self.send({"irq": "disconnect", **about})

        def mtu() -> None:
            self.send({"irq": "mtu", "conn": connection.handle, "mtu": connection.att_mtu})

        def updated() -> None:
            parameters = connection.parameters
            self.send(
                {
                    "irq": "updated",
                    "conn": connection.handle,
                    "interval": round(parameters.connection_interval / 1.25),
                    "latency": parameters.peripheral_latency,
                    "timeout": round(parameters.supervision_timeout / 10),
                    "status": 0,
                }
            )

        def encrypted(*_: object) -> None:
            self._settled.set()
            on = connection.is_encrypted
            self.send(
                {
                    "irq": "encrypted",
                    "conn": connection.handle,
                    "encrypted": int(on),
                    "authenticated": 0,  # "just works": nobody compares or types a number
                    "bonded": int(on and bool(self._settings["bond"])),
                    "key_size": _KEY_BYTES if on else 0,
                }
            )

        def encryption_changed() -> None:
            session = self._powered().smp_manager.sessions.get(connection.handle)
            if session is None or session.completed:
                encrypted()
            else:
                self._settled.clear()  # NimBLE tells when the new bond has been handed over

        connection.on("disconnection", disconnected)
        connection.on("connection_att_mtu_update", mtu)
        connection.on("connection_parameters_update", updated)
        connection.on("connection_encryption_change", encryption_changed)
        connection.on("connection_encryption_failure", encrypted)
        connection.on("pairing", encrypted)
        connection.on("pairing_failure", encrypted)
        queue = self._queue(connection.handle)
        queue.on("flow", lambda: self._credit(queue))
        self.send({"irq": "connect", **about})

    # --- GATT server ------------------------------------------------------------------------------

    async def _call_register(self, services: list[Any]) -> list[list[int]]:
        """Take the services in place of all before; return their value handles, row by row."""
        rows = self._attributes.register(self._powered(), self._settings["gap_name"], services)
        return [[attribute.handle for attribute in row] for row in rows]

    async def _refusal(self, connection: Connection) -> int:
        """As NimBLE: 0x05 without a bond, 0x0F with one that does not encrypt the link yet."""
        await self._settled.wait()
        if connection.is_encrypted:
            return 0
        codes = att.ErrorCode
        is_bonded = await self._keys.knows(str(connection.peer_address))
        return codes.INSUFFICIENT_ENCRYPTION if is_bonded else codes.INSUFFICIENT_AUTHENTICATION

    def _pairing_config(self, connection: Connection) -> pairing.PairingConfig:
        return pairing.PairingConfig(
            sc=bool(self._settings["le_secure"]),
            mitm=bool(self._settings["mitm"]),
            bonding=bool(self._settings["bond"]),
            delegate=FirmwareDelegate(self._keys, str(connection.peer_address)),
            identity_address_type=pairing.PairingConfig.AddressType.RANDOM,
        )

    async def _call_update(self, handle: int, value: str) -> None:
        """Tell those who have subscribed to a characteristic."""
        server = self._powered().gatt_server
        attribute = self._attributes.by_handle[handle]
        await server.notify_subscribers(attribute, bytes.fromhex(value))
        self._spawn(server.indicate_subscribers(attribute, bytes.fromhex(value)))

    async def _call_indicate(self, connection: int, handle: int, value: str) -> None:
        self._spawn(self._indicate(self._connected(connection), handle, bytes.fromhex(value)))

    async def _indicate(self, connection: Connection, handle: int, value: bytes) -> None:
        status = 0
        try:
            await self._powered().gatt_server.indicate_subscriber(
                connection, self._attributes.by_handle[handle], value, force=True
            )
        except (TimeoutError, asyncio.CancelledError, core.BaseBumbleError):
            status = _NIMBLE_TIMEOUT
        self.send(
            {"irq": "indicated", "conn": connection.handle, "handle": handle, "status": status}
        )

    def _notify(self, message: Message) -> None:
        handle = message["conn"]
        device = self._device
        connection = device.connections.get(handle) if device is not None else None
        if device is None or connection is None:  # it went while the line was on its way
            self.send({"credit": 1})
            return
        value = bytes.fromhex(message["notify"])[: connection.att_mtu - 3]
        pdu = att.ATT_Handle_Value_Notification(
            attribute_handle=message["handle"], attribute_value=value
        )
        queue = self._queue(handle)
        if self._loss is not None and message["t"] >= self._loss_from_us and self._loss.lost():
            self._unpaid.append(queue.queued)  # the board is none the wiser
        else:
            self._unpaid.append(queue.queued + 1)
            device.gatt_server.send_gatt_pdu(connection, bytes(pdu))
        self._credit(queue)

    def _credit(self, queue: DataPacketQueue) -> None:
        """Pay for every notification that the controller has completed."""
        taken = 0
        while self._unpaid and self._unpaid[0] <= queue.completed:
            self._unpaid.popleft()
            taken += 1
        if taken:
            self.send({"credit": taken})

    def _powered(self) -> Device:
        if self._device is None:
            raise OSError(errno.ENODEV, "the radio is off")
        return self._device

    def _connected(self, handle: int) -> Connection:
        connection = self._powered().connections.get(handle)
        if connection is None:
            raise OSError(errno.ENOTCONN, "not connected")
        return connection

    def _queue(self, handle: int) -> DataPacketQueue:
        queue = self._powered().host.get_data_packet_queue(handle)
        if queue is None:
            raise OSError(errno.ENOTCONN, "not connected")
        return queue
