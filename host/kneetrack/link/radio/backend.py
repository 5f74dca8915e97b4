"""A bleak backend whose adapter is a bumble Device, so that bleak's code meets simulated radios.

bleak takes classes, not instances: `Adapter` makes a pair of them that know their device. All of
ATT, SMP, L2CAP and HCI between the two ends is real, only the air is not.
"""

# bumble leaves some of its parameters untyped.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import contextlib
from pathlib import Path

from bleak.backends.client import BaseBleakClient
from bleak.backends.scanner import BaseBleakScanner
from bumble import core, hci, pairing
from bumble.device import Connection, Device, DeviceConfiguration

from kneetrack.link.radio.air import Air, RadioChip
from kneetrack.link.radio.client import Client
from kneetrack.link.radio.scanner import Scanner
from kneetrack.link.radio.secrets import FolderKeys

ADDRESS = "C0:C1:C2:C3:C4:C5"


class Adapter:
    """A powered-on central on `air`; `scanner` and `client` are its backend classes for bleak.

    Its bonds are kept in `folder`, where one is given. Whether it has one with a device, it says
    as BlueZ does, or leaves it open as Windows and macOS do (`tells_bonds`).
    """

    def __init__(
        self,
        air: Air,
        address: str = ADDRESS,
        folder: Path | None = None,
        *,
        tells_bonds: bool = True,
    ) -> None:
        self._air = air
        self.chip = RadioChip("host", air)
        self.device = Device.from_config_with_hci(
            DeviceConfiguration(name="host", address=hci.Address(address)), self.chip, self.chip
        )
        self.keys = FolderKeys(folder)
        self.device.keystore = self.keys
        self.device.pairing_config_factory = _pairing_config
        known = {"device": self.device, "bonds": self.keys, "tells_bonds": tells_bonds}
        self.scanner: type[BaseBleakScanner] = type("SimulatedScanner", (Scanner,), known)
        self.client: type[BaseBleakClient] = type("SimulatedClient", (Client,), known)

    async def __aenter__(self) -> Adapter:
        await self.device.power_on()
        return self

    def knows(self, address: hci.Address) -> bool:
        """Whether there is a bond with the device of that address."""
        return str(address) in self.keys.all_keys

    async def __aexit__(self, *_: object) -> None:
        for connection in list(self.device.connections.values()):
            with contextlib.suppress(core.BaseBumbleError, hci.HCI_Error):
                await connection.disconnect()
        self._air.remove_controller(self.chip)


def _pairing_config(_: Connection) -> pairing.PairingConfig:
    kinds = pairing.PairingDelegate.KeyDistribution
    return pairing.PairingConfig(
        sc=True,
        mitm=False,
        bonding=True,
        delegate=pairing.PairingDelegate(
            local_initiator_key_distribution=kinds.DISTRIBUTE_ENCRYPTION_KEY,
            local_responder_key_distribution=kinds.DISTRIBUTE_ENCRYPTION_KEY,
        ),
        identity_address_type=pairing.PairingConfig.AddressType.RANDOM,
    )
