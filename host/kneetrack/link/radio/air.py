"""The medium between simulated radios: bumble's LocalLink and Controller, put right in places.

What differs from bumble 0.0.236, and why:

- ACL data leaves from the connection's own address; bumble takes the controller's random address
  whatever the connection uses.
- ACL packets hold 251 bytes (bumble: 27), so a notification of 244 bytes is one packet on the air,
  as with the data length extension that every radio of the last years has.
- A scan response carries the scan response data; bumble repeats the advertising data.
- A radio may advertise without being connectable (ADV_SCAN_IND); bumble's is silent then.
- The radios are of Bluetooth 4.2 kind, without extended advertising: one code path, and the one
  that the ESP32's firmware uses.
- Pacing: a controller may hold packets back to the connection events of a real link, so that the
  board's queue fills as it does on the air. Off, every packet goes at once.
- Power loss: the peer learns of it by its supervision timeout only.
- Outage: nothing passes. What waits in the controllers goes on waiting, as the link layer repeats
  what is not acknowledged, until the outage is over or the supervision timeout ends the connection,
  on both sides. Advertising is not heard.
"""

# bumble leaves some of its parameters untyped.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import asyncio
import collections

from bumble import hci, ll
from bumble.controller import Connection, Controller, LegacyAdvertiser
from bumble.core import PhysicalTransport
from bumble.device import AdvertisingType
from bumble.link import LocalLink

from kneetrack.link.radio.quiet import hush

hush()

PACKETS_PER_EVENT = 6
"""What an ESP32 and a laptop fit into one connection event of 15 ms (ble-rig: 374 packets/s)."""

_RSSI_DBM = -50
_ACTIVE_SCANNING = 1


class Air(LocalLink):
    """Where simulated radios hear each other."""

    def __init__(self) -> None:
        super().__init__()
        self.passes = True
        self._waiting: list[tuple[hci.Address, hci.Address, ll.ControlPdu]] = []

    async def outage(self, duration_s: float, supervision_s: float) -> None:
        """Let nothing pass for so long; connections end after `supervision_s` of it."""
        self.passes = False
        try:
            await asyncio.sleep(min(duration_s, supervision_s))
            if duration_s >= supervision_s:
                for chip in list(self.controllers):
                    for connection in list(chip.le_connections.values()):
                        chip.on_le_disconnected(
                            connection, hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR
                        )
                await asyncio.sleep(duration_s - supervision_s)
        finally:
            self.passes = True
            waiting, self._waiting = self._waiting, []
            for sender, receiver, packet in waiting:
                chip = self.find_le_controller(receiver)
                if chip is not None and sender in chip.le_connections:
                    chip.on_ll_control_pdu(sender, packet)
            for chip in list(self.controllers):
                if isinstance(chip, RadioChip):
                    chip.go_on()

    def send_acl_data(
        self,
        sender_controller: Controller,
        destination_address: hci.Address,
        transport: PhysicalTransport,
        data: bytes,
    ) -> None:
        connection = sender_controller.le_connections.get(destination_address)
        destination = self.find_le_controller(destination_address)
        if connection is not None and destination is not None:
            asyncio.get_running_loop().call_soon(
                destination.on_link_acl_data, connection.self_address, transport, data
            )

    def send_advertising_pdu(
        self, sender_controller: Controller, packet: ll.AdvertisingPdu
    ) -> None:
        if self.passes:
            super().send_advertising_pdu(sender_controller, packet)

    def send_ll_control_pdu(
        self, sender_address: hci.Address, receiver_address: hci.Address, packet: ll.ControlPdu
    ) -> None:
        if not self.passes:
            self._waiting.append((sender_address, receiver_address, packet))
        elif self.find_le_controller(receiver_address) is not None:
            super().send_ll_control_pdu(sender_address, receiver_address, packet)


class ScanInd(ll.AdvInd):
    """ADV_SCAN_IND: heard as any advertising, but nobody can connect."""


class _Advertiser(LegacyAdvertiser):
    def send_advertising_data(self) -> None:
        super().send_advertising_data()
        if self.enabled and self.advertising_type == AdvertisingType.UNDIRECTED_SCANNABLE:
            self.controller.send_advertising_pdu(ScanInd(self.address, self.advertising_data))


class RadioChip(Controller):
    """A controller on the air.

    `event_interval_s` is the time between two connection events, each of PACKETS_PER_EVENT packets;
    None sends without pacing.
    """

    le_features = Controller.le_features & ~(
        hci.LeFeatureMask.LE_EXTENDED_ADVERTISING | hci.LeFeatureMask.LL_PRIVACY
    )
    le_acl_data_packet_length = 251
    acl_data_packet_length = 251
    supported_max_tx_octets = 251
    supported_max_rx_octets = 251
    suggested_max_tx_octets = 251

    def __init__(self, name: str, air: Air, event_interval_s: float | None = None) -> None:
        super().__init__(name, link=air)
        self.air = air
        self.le_legacy_advertiser = _Advertiser(self)
        self.event_interval_s = event_interval_s
        self._held: collections.deque[hci.HCI_AclDataPacket] = collections.deque()
        self._next_event: asyncio.TimerHandle | None = None

    # --- pacing -----------------------------------------------------------------------------------

    def on_hci_acl_data_packet(self, packet: hci.HCI_AclDataPacket) -> None:
        if self.event_interval_s is None and not self._held and self.air.passes:
            super().on_hci_acl_data_packet(packet)
            return
        self._held.append(packet)
        if self._next_event is None:
            self._next_event = asyncio.get_running_loop().call_later(
                self.event_interval_s or 0.0, self._connection_event
            )

    def go_on(self) -> None:
        """The air passes again: so does what has waited."""
        if self._held and self._next_event is None:
            self._connection_event()

    def on_le_disconnected(self, connection: Connection, reason: int) -> None:
        handle = connection.handle
        self._held = collections.deque(p for p in self._held if p.connection_handle != handle)
        super().on_le_disconnected(connection, reason)

    def _connection_event(self) -> None:
        self._next_event = None
        if not self.air.passes:
            return
        unpaced = self.event_interval_s is None
        for _ in range(len(self._held) if unpaced else min(PACKETS_PER_EVENT, len(self._held))):
            super().on_hci_acl_data_packet(self._held.popleft())
        if self._held:
            self._next_event = asyncio.get_running_loop().call_later(
                self.event_interval_s or 0.0, self._connection_event
            )

    # --- advertising ------------------------------------------------------------------------------

    def on_advertising_pdu(self, pdu: ll.AdvInd | ll.AdvExtInd) -> None:
        connectable = not isinstance(pdu, ScanInd)
        scanning, self.le_scan_enable = self.le_scan_enable, False
        try:
            if connectable:
                super().on_advertising_pdu(pdu)  # what is left of it: a connection waited for
        finally:
            self.le_scan_enable = scanning
        address = pdu.advertiser_address
        if not scanning or address in self.le_connections:
            return
        kinds = hci.HCI_LE_Advertising_Report_Event.EventType
        kind = kinds.ADV_IND if connectable else kinds.ADV_SCAN_IND
        self._report(kind, address, bytes(pdu.data))
        advertiser = self.air.find_le_controller(address)
        if self.le_scan_type == _ACTIVE_SCANNING and advertiser:
            self._report(
                kinds.SCAN_RSP, address, advertiser.le_legacy_advertiser.scan_response_data
            )

    def _report(
        self,
        kind: hci.HCI_LE_Advertising_Report_Event.EventType,
        address: hci.Address,
        data: bytes,
    ) -> None:
        report = hci.HCI_LE_Advertising_Report_Event.Report(
            event_type=kind,
            address_type=address.address_type,
            address=address,
            data=data,
            rssi=_RSSI_DBM,
        )
        self.send_hci_packet(hci.HCI_LE_Advertising_Report_Event([report]))

    # --- power ------------------------------------------------------------------------------------

    async def lose_power(self, supervision_s: float) -> None:
        """Fall silent; who was connected finds out after `supervision_s`."""
        self.air.remove_controller(self)
        self.le_legacy_advertiser.stop()
        self._held.clear()
        await asyncio.sleep(supervision_s)
        for own in list(self.le_connections.values()):
            for peer in list(self.air.controllers):
                theirs = peer.le_connections.get(own.self_address)
                if theirs is not None:
                    peer.on_le_disconnected(theirs, hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR)
        self.le_connections.clear()
