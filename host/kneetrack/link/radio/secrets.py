"""Bonds of the simulated radios: the board's through its firmware, the computer's in a folder.

The board's stack keeps nothing: bumble's key store becomes the questions that MicroPython's stack
asks (IRQ_GET_SECRET, IRQ_SET_SECRET), with keys and values of NimBLE's shapes: the key is its
ble_addr_t (type, address), the value as large as its ble_store_value_sec, though laid out anew. As
NimBLE does, it stores each bond twice (ours and the peer's), takes no notice of a refusal, and
meets a known host that wants to pair again by having the old bond dropped until it is gone.
"""

# bumble leaves some of its parameters untyped.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import json
import logging
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path

from bumble import hci, keys, pairing

_log = logging.getLogger(__name__)

OUR_SECRET = 1
PEER_SECRET = 2

_VALUE = "<7s?16s56x"  # the address, whether authenticated, the long term key
_RETRIES_MAX = 8

Get = Callable[[int, int, bytes | None], Awaitable[bytes | None]]
Set = Callable[[int, bytes, bytes | None], Awaitable[bool]]


class FirmwareKeys(keys.KeyStore):
    """A key store that asks the firmware: `get(kind, index, key)`, `put(kind, key, value)`."""

    def __init__(self, get: Get, put: Set) -> None:
        self._get = get
        self._put = put

    async def get(self, _name: str) -> keys.PairingKeys | None:
        return _unpacked(await self._get(OUR_SECRET, 0, _key(_name)))

    async def update(self, name: str, keys: keys.PairingKeys) -> None:
        if keys.ltk is None:
            return
        value = struct.pack(_VALUE, _key(name), keys.ltk.authenticated, keys.ltk.value)
        for kind in (OUR_SECRET, PEER_SECRET):
            await self._put(kind, _key(name), value)

    async def knows(self, name: str) -> bool:
        """Whether there is a bond with that peer."""
        return bool(await self._get(PEER_SECRET, 0, _key(name)))

    async def delete(self, name: str) -> None:
        for kind in (PEER_SECRET, OUR_SECRET):
            await self._put(kind, _key(name), None)


class FirmwareDelegate(pairing.PairingDelegate):
    """What the board's stack does when `name` asks to pair: NimBLE's repeat pairing.

    It drops an old bond and looks again, for ever if it must; here it gives up some time, and no
    pairing comes of it.
    """

    def __init__(self, store: FirmwareKeys, name: str) -> None:
        super().__init__(
            local_initiator_key_distribution=self.KeyDistribution.DISTRIBUTE_ENCRYPTION_KEY,
            local_responder_key_distribution=self.KeyDistribution.DISTRIBUTE_ENCRYPTION_KEY,
        )
        self._store = store
        self._name = name

    async def accept(self) -> bool:
        for _ in range(_RETRIES_MAX):
            if not await self._store.knows(self._name):
                return True
            await self._store.delete(self._name)
        _log.error("the firmware neither drops nor hides the bond of %s", self._name)
        return False


class FolderKeys(keys.MemoryKeyStore):
    """The computer's bonds, in `folder` where one is given: they outlive the process."""

    def __init__(self, folder: Path | None = None) -> None:
        super().__init__()
        self._path = None if folder is None else folder / "bonds.json"
        if self._path is not None and self._path.exists():
            read = json.loads(self._path.read_text(encoding="utf-8"))
            self.all_keys = {
                name: keys.PairingKeys.from_dict(value) for name, value in read.items()
            }

    async def update(self, name: str, keys: keys.PairingKeys) -> None:
        await super().update(name, keys)
        self._save()

    async def delete(self, name: str) -> None:
        await super().delete(name)
        self._save()

    def _save(self) -> None:
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.touch(mode=0o600)
            told = {name: value.to_dict() for name, value in self.all_keys.items()}
            self._path.write_text(json.dumps(told), encoding="utf-8")


def _key(name: str) -> bytes:
    """NimBLE's ble_addr_t of the peer that bumble calls by its address."""
    address = hci.Address(name)
    return bytes([int(address.is_random)]) + bytes(address)


def _unpacked(value: bytes | None) -> keys.PairingKeys | None:
    if value is None or len(value) != struct.calcsize(_VALUE):
        return None
    _, authenticated, ltk = struct.unpack(_VALUE, value)
    return keys.PairingKeys(ltk=keys.PairingKeys.Key(value=ltk, authenticated=authenticated))
