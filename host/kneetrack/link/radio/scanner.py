"""bleak's scanner over a bumble Device: advertisements, told as BlueZ tells them.

`BLEDevice.details` holds the properties that BlueZ tells of a device, `Paired` among them.
"""

# bumble leaves some of its parameters untyped.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from typing import Any, ClassVar

from bleak.backends.scanner import (
    AdvertisementData,
    AdvertisementDataCallback,
    BaseBleakScanner,
)
from bleak.uuids import normalize_uuid_str
from bumble import core
from bumble.core import AdvertisingData
from bumble.device import Advertisement, Device

from kneetrack.link.radio.secrets import FolderKeys


class Scanner(BaseBleakScanner):
    """bleak's scanner, on the same stack."""

    device: ClassVar[Device]
    bonds: ClassVar[FolderKeys]
    tells_bonds: ClassVar[bool]

    def __init__(
        self,
        detection_callback: AdvertisementDataCallback | None,
        service_uuids: list[str] | None,
        scanning_mode: str,
        **_: Any,
    ) -> None:
        super().__init__(detection_callback, service_uuids)
        self._active = scanning_mode != "passive"
        self._heard: dict[str, dict[int, bytes]] = {}

    async def start(self) -> None:
        self.seen_devices = {}
        self._heard = {}
        self.device.on("advertisement", self._on_advertisement)
        await self.device.start_scanning(active=self._active, filter_duplicates=False)

    async def stop(self) -> None:
        self.device.remove_listener("advertisement", self._on_advertisement)
        await self.device.stop_scanning()

    def _on_advertisement(self, advertisement: Advertisement) -> None:
        """Advertising data and scan response come one by one and count together."""
        address = advertisement.address.to_string(with_type_qualifier=False)
        heard = self._heard.setdefault(address, {})
        for kind, value in advertisement.data.ad_structures:
            heard[kind] = bytes(value)
        kinds = AdvertisingData.Type
        name = heard.get(kinds.COMPLETE_LOCAL_NAME) or heard.get(kinds.SHORTENED_LOCAL_NAME)
        uuids: list[str] = []
        for kind, size in (
            (kinds.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS, 2),
            (kinds.INCOMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS, 2),
            (kinds.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS, 16),
            (kinds.INCOMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS, 16),
        ):
            row = heard.get(kind, b"")
            for at in range(0, len(row), size):
                one = core.UUID.from_bytes(row[at : at + size])
                uuids.append(normalize_uuid_str(one.to_hex_str("-")))
        maker = heard.get(kinds.MANUFACTURER_SPECIFIC_DATA, b"")
        data = AdvertisementData(
            local_name=name.decode(errors="replace") if name else None,
            manufacturer_data={int.from_bytes(maker[:2], "little"): maker[2:]} if maker else {},
            service_data={},
            service_uuids=uuids,
            tx_power=None,
            rssi=advertisement.rssi,
            platform_data=(advertisement,),
        )
        details: dict[str, Any] = {"address": advertisement.address}
        if self.tells_bonds:
            details["props"] = {"Paired": str(advertisement.address) in self.bonds.all_keys}
        found = self.create_or_update_device(address, address, data.local_name, details, data)
        if self.is_allowed_uuid(uuids):
            self.call_detection_callbacks(found, data)
