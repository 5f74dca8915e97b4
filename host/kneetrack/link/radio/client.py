"""bleak's client over a bumble Device: connections, GATT and pairing.

In what a system's stack adds of its own, it follows BlueZ. A read or write that the other side
wants encrypted is tried again after encrypting with the key of the bond, where there is one; a key
that the other side does not know (any more) gives a refusal.
"""

# bumble leaves some of its parameters untyped.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, TypeVar

from bleak.args import SizedBuffer
from bleak.assigned_numbers import CharacteristicPropertyName
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.device import BLEDevice
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import (
    BleakDeviceNotFoundError,
    BleakError,
    BleakGATTProtocolError,
    BleakGATTProtocolErrorCode,
)
from bleak.uuids import normalize_uuid_str
from bumble import att, core, gatt_client, hci
from bumble.device import Connection, Device, Peer

from kneetrack.link.radio.secrets import FolderKeys

T = TypeVar("T")

INTERVAL_MS = 15.0
"""What phones and laptops ask for where a device sends much (link.sim paces the air so)."""
SUPERVISION_TIMEOUT_MS = 500.0
MTU = 517
"""What BlueZ asks for; the smaller wish of the two ends counts."""

_NEEDS_ENCRYPTION = (
    att.ErrorCode.INSUFFICIENT_AUTHENTICATION,
    att.ErrorCode.INSUFFICIENT_ENCRYPTION,
)

_PROPERTIES: tuple[CharacteristicPropertyName, ...] = (
    "broadcast",
    "read",
    "write-without-response",
    "write",
    "notify",
    "indicate",
    "authenticated-signed-writes",
    "extended-properties",
)


class _AttClient(gatt_client.Client):
    """Drops without a word what nobody has subscribed to (yet), as BlueZ does.

    A band indicates its status as soon as it trusts the connection, which a host that knows it
    brings about before it subscribes. bumble would write a warning into the terminal.
    """

    def on_att_handle_value_notification(
        self, notification: att.ATT_Handle_Value_Notification
    ) -> None:
        if self.notification_subscribers.get(notification.attribute_handle):
            super().on_att_handle_value_notification(notification)

    def on_att_handle_value_indication(self, indication: att.ATT_Handle_Value_Indication) -> None:
        if self.indication_subscribers.get(indication.attribute_handle):
            super().on_att_handle_value_indication(indication)
        else:
            self.send_confirmation(att.ATT_Handle_Value_Confirmation())


class Client(BaseBleakClient):
    """bleak's client, on the Bluetooth stack in software. `device` and `bonds` are this host's."""

    device: ClassVar[Device]
    bonds: ClassVar[FolderKeys]

    def __init__(
        self,
        address_or_ble_device: BLEDevice | str,
        *,
        disconnected_callback: Callable[[], None] | None,
        timeout: float,
        services: set[str] | None = None,
        **_: Any,
    ) -> None:
        super().__init__(
            address_or_ble_device, disconnected_callback=disconnected_callback, timeout=timeout
        )
        found = isinstance(address_or_ble_device, BLEDevice)
        self._target: BLEDevice | None = address_or_ble_device if found else None
        self._wanted = services
        self._connection: Connection | None = None
        self._peer: Peer | None = None
        self._subscribers: dict[int, Callable[[bytes], None]] = {}

    @property
    def name(self) -> str:
        return (self._target and self._target.name) or self.address.replace(":", "-")

    @property
    def mtu_size(self) -> int:
        return self._connection.att_mtu if self._connection else 23

    @property
    def is_connected(self) -> bool:
        return self._connection is not None

    async def connect(self, pair: bool, **kwargs: Any) -> None:
        if self._connection is not None:
            raise BleakError("Client is already connected")
        if self._target is None:
            raise BleakDeviceNotFoundError(self.address, "Scan first, and connect to what is found")
        async with asyncio.timeout(self._timeout):
            try:
                connection = await self.device.connect(
                    self._target.details["address"], timeout=None
                )
            except core.ConnectionError as error:
                raise BleakError(str(error)) from error
            self._connection = connection
            connection.on("disconnection", self._on_disconnection)
            connection.gatt_client = _AttClient(connection)
            self._peer = Peer(connection)
            try:
                await self._peer.request_mtu(MTU)
                await self._discover(self._peer)
                await connection.update_parameters(
                    INTERVAL_MS, INTERVAL_MS, 0, SUPERVISION_TIMEOUT_MS
                )
            except BaseException:
                await self.disconnect()
                raise

    async def _discover(self, peer: Peer) -> None:
        services = BleakGATTServiceCollection()
        for found in await peer.discover_services():
            if self._wanted and _uuid(found.uuid) not in self._wanted:
                continue
            service = BleakGATTService(found, found.handle, _uuid(found.uuid))
            services.add_service(service)
            for below in await found.discover_characteristics():
                characteristic = BleakGATTCharacteristic(
                    below,
                    below.handle,
                    _uuid(below.uuid),
                    [name for bit, name in enumerate(_PROPERTIES) if below.properties & 1 << bit],
                    lambda: self.mtu_size - 3,
                    service,
                )
                services.add_characteristic(characteristic)
                for descriptor in await below.discover_descriptors():
                    services.add_descriptor(
                        BleakGATTDescriptor(
                            descriptor, descriptor.handle, _uuid(descriptor.type), characteristic
                        )
                    )
        self.services = services

    def _on_disconnection(self, _: int) -> None:
        self._connection = self._peer = self.services = None
        self._subscribers.clear()
        if self._disconnected_callback:
            self._disconnected_callback()

    async def disconnect(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(core.BaseBumbleError, hci.HCI_Error):
                await self._connection.disconnect()

    async def pair(self, *args: Any, **kwargs: Any) -> None:
        """Bond, or do nothing where there is a bond; bleak pairs by itself where `connect` says."""
        connection = self._connected().connection
        if str(connection.peer_address) in self.bonds.all_keys:
            return
        try:
            await connection.pair()
        except (core.BaseBumbleError, hci.HCI_Error) as error:
            raise BleakError(f"Pairing failed: {error}") from error
        except asyncio.CancelledError:
            if self._connection is not None:
                raise
            raise BleakError("Disconnected while pairing") from None

    async def unpair(self) -> None:
        if self._target is not None:
            await self.bonds.delete(str(self._target.details["address"]))
        await self.disconnect()

    def _connected(self) -> Peer:
        if self._peer is None:
            raise BleakError("Not connected")
        return self._peer

    async def _att(self, work: Callable[[], Awaitable[T]]) -> T:
        try:
            try:
                return await work()
            except att.ATT_Error as error:
                if error.error_code not in _NEEDS_ENCRYPTION or not await self._encrypt():
                    raise
                return await work()
        except att.ATT_Error as error:
            raise BleakGATTProtocolError(BleakGATTProtocolErrorCode(error.error_code)) from error
        except asyncio.CancelledError:
            if self._connection is not None:
                raise
            raise BleakError("Disconnected") from None  # bumble cancels what waits for a dead peer

    async def _encrypt(self) -> bool:
        """Encrypt with the key of the bond; False without one, or where it is known no longer."""
        connection = self._connected().connection
        bonded = str(connection.peer_address) in self.bonds.all_keys
        if connection.is_encrypted or not bonded:
            return False
        try:
            await connection.encrypt()
        except (core.BaseBumbleError, hci.HCI_Error):
            return False
        return True

    async def read_gatt_char(
        self, characteristic: BleakGATTCharacteristic, *, use_cached: bool = False, **kwargs: Any
    ) -> bytearray:
        return bytearray(await self._att(lambda: self._connected().read_value(characteristic.obj)))

    async def read_gatt_descriptor(
        self, descriptor: BleakGATTDescriptor, *, use_cached: bool = False, **kwargs: Any
    ) -> bytearray:
        return bytearray(await self._att(lambda: self._connected().read_value(descriptor.obj)))

    async def write_gatt_char(
        self, characteristic: BleakGATTCharacteristic, data: SizedBuffer, response: bool
    ) -> None:
        peer = self._connected()
        await self._att(
            lambda: peer.write_value(characteristic.obj, bytes(data), with_response=response)
        )

    async def write_gatt_descriptor(
        self, descriptor: BleakGATTDescriptor, data: SizedBuffer
    ) -> None:
        peer = self._connected()
        await self._att(lambda: peer.write_value(descriptor.obj, bytes(data), with_response=True))

    async def start_notify(
        self,
        characteristic: BleakGATTCharacteristic,
        callback: Callable[[bytearray], None],
        **kwargs: Any,
    ) -> None:
        if characteristic.handle in self._subscribers:
            raise BleakError("Characteristic notifications already started")

        def subscriber(value: bytes) -> None:
            callback(bytearray(value))

        self._subscribers[characteristic.handle] = subscriber
        remote: gatt_client.CharacteristicProxy[bytes] = characteristic.obj
        await self._att(lambda: self._connected().subscribe(remote, subscriber))

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        subscriber = self._subscribers.pop(characteristic.handle, None)
        await self._att(lambda: self._connected().unsubscribe(characteristic.obj, subscriber))


def _uuid(value: core.UUID) -> str:
    return normalize_uuid_str(value.to_hex_str("-"))
