"""The GATT attributes of a simulated board: MicroPython's tables of services, served by bumble.

The values are the board's: every read and write is asked of it. What a central may do follows the
flags of MicroPython's `bluetooth` module, and where it may not, the answer is NimBLE's (bumble has
its own, or lets it pass).
"""

# bumble leaves some of its parameters untyped.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from bumble import att, core, gatt
from bumble.device import Connection, Device

_READ = 0x0002
_WRITE = 0x000C
_READ_ENCRYPTED = 0x0200
_WRITE_ENCRYPTED = 0x1000

_PERMISSIONS = att.Attribute.Permissions


class Ask(Protocol):
    def __call__(self, irq: str, **fields: int | str | None) -> Awaitable[dict[str, Any]]:
        """Have the firmware's handler run; its answer (`error`, `value`)."""
        ...


class Attributes:
    """`by_handle` has the attributes of the last `register`.

    `refusal(connection)` is the ATT error that an attribute for encrypted links meets that central
    with, 0 for none.
    """

    def __init__(self, ask: Ask, refusal: Callable[[Connection], Awaitable[int]]) -> None:
        self.by_handle: dict[int, att.Attribute[bytes]] = {}
        self._ask = ask
        self._refusal = refusal
        self._writing = asyncio.Lock()

    def register(
        self, device: Device, name: str, services: list[Any]
    ) -> list[list[att.Attribute[bytes]]]:
        """Serve these in place of all before: [uuid, [[uuid, flags, descriptors], ..]], hex UUIDs.

        The attributes of each service in the order of its table.
        """
        server = device.gatt_server
        server.services.clear()
        server.attributes.clear()
        server.attributes_by_handle.clear()
        called = gatt.Characteristic(
            gatt.GATT_DEVICE_NAME_CHARACTERISTIC,
            gatt.Characteristic.Properties.READ,
            _PERMISSIONS.READABLE,
            name.encode(),
        )
        device.add_service(gatt.Service(gatt.GATT_GENERIC_ACCESS_SERVICE, [called]))
        rows: list[list[att.Attribute[bytes]]] = []
        for uuid, characteristics in services:
            built: list[gatt.Characteristic[bytes]] = []
            row: list[att.Attribute[bytes]] = []
            for own_uuid, flags, descriptors in characteristics:
                below = [
                    gatt.Descriptor(_uuid(text), _permissions(bits)) for text, bits in descriptors
                ]
                characteristic: gatt.Characteristic[bytes] = gatt.Characteristic(
                    _uuid(own_uuid),
                    gatt.Characteristic.Properties(flags & 0xFF),
                    _permissions(flags),
                    descriptors=below,
                )
                built.append(characteristic)
                row += [characteristic, *below]
                characteristic.value = self._value_of(characteristic, flags)
                for descriptor, (_, bits) in zip(below, descriptors, strict=True):
                    descriptor.value = self._value_of(descriptor, bits)
            device.add_service(gatt.Service(_uuid(uuid), built))
            rows.append(row)
        self.by_handle = {attribute.handle: attribute for row in rows for attribute in row}
        return rows

    def _value_of(self, attribute: att.Attribute[bytes], flags: int) -> att.AttributeValue[bytes]:
        async def read(connection: Connection) -> bytes:
            if not flags & _READ:
                raise att.ATT_Error(att.ErrorCode.READ_NOT_PERMITTED)
            if flags & _READ_ENCRYPTED:
                await self._check_encrypted(connection)
            answer = await self._ask("read", conn=connection.handle, handle=attribute.handle)
            if answer["error"]:
                raise att.ATT_Error(error_code=answer["error"])
            return bytes.fromhex(answer["value"])

        async def write(connection: Connection, value: bytes) -> None:
            if not flags & _WRITE:
                raise att.ATT_Error(att.ErrorCode.WRITE_NOT_PERMITTED)
            if flags & _WRITE_ENCRYPTED:
                await self._check_encrypted(connection)
            async with self._writing:  # writes reach the firmware one at a time, in order
                await self._ask(
                    "write", conn=connection.handle, handle=attribute.handle, value=value.hex()
                )

        return att.AttributeValue(read=read, write=write)

    async def _check_encrypted(self, connection: Connection) -> None:
        code = await self._refusal(connection)
        if code:
            raise att.ATT_Error(att.ErrorCode(code))


def _uuid(text: str) -> core.UUID:
    return core.UUID.from_bytes(bytes.fromhex(text))


def _permissions(flags: int) -> att.Attribute.Permissions:
    permissions = _PERMISSIONS(0)
    if flags & _READ:
        permissions |= _PERMISSIONS.READABLE
    if flags & _WRITE:
        permissions |= _PERMISSIONS.WRITEABLE
    return permissions
