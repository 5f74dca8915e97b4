"""Pairing on Linux, where BlueZ wants somebody to ask: an agent.

Every pairing, also one without passkey or buttons ("just works"), has to be agreed to by an agent
(org.bluez.Agent1; BlueZ's doc/org.bluez.Agent.rst). A desktop has one and shows a dialog; a
computer without a screen has none, bleak brings none along (bleak issues 1380 and 1434), and
BlueZ then refuses: "No agent available". So `pair` is the agent itself, for one band and for as
long as its pairing takes. It is not made the default agent, so nothing else that pairs on this
computer meets it; BlueZ asks the agent of whoever called `Pair`, on the same connection to the bus.

What makes this pairing one that was wanted is not here but at the band, where somebody pressed the
button.
"""

from __future__ import annotations

from bleak.exc import BleakDBusError, BleakError
from dbus_fast import BusType, Message, MessageType
from dbus_fast.aio.message_bus import MessageBus

_AGENT = "/org/kneetrack/agent"
_ASKED = ("RequestAuthorization", "RequestConfirmation")
_REJECTED = "org.bluez.Error.Rejected"


async def pair(device: str) -> None:
    """Pair and bond with the device at that D-Bus path (`BLEDevice.details["path"]`).

    Nothing happens where it is paired already. BleakDBusError with BlueZ's reason if the band or
    BlueZ refuses, BleakError if there is no BlueZ to talk to. Cancelled, it calls the pairing off.
    """
    try:
        bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
    except (OSError, EOFError) as error:
        raise BleakError(f"the system's D-Bus can't be reached ({error})") from error
    try:
        bus.add_message_handler(lambda message: _answer(message, device))
        await _call(
            bus, "/org/bluez", "AgentManager1", "RegisterAgent", "os", _AGENT, "NoInputNoOutput"
        )
        try:
            await _call(bus, device, "Device1", "Pair")
        except BleakDBusError as error:
            if error.dbus_error != "org.bluez.Error.AlreadyExists":
                raise
    finally:
        bus.disconnect()  # which unregisters the agent, and cancels a pairing that hangs


async def _call(
    bus: MessageBus, path: str, interface: str, member: str, signature: str = "", *body: str
) -> None:
    reply = await bus.call(
        Message(
            destination="org.bluez",
            path=path,
            interface=f"org.bluez.{interface}",
            member=member,
            signature=signature,
            body=list(body),
        )
    )
    if reply.message_type is MessageType.ERROR:
        raise BleakDBusError(str(reply.error_name), reply.body)


def _answer(message: Message, device: str) -> Message | None:
    """What the agent says to BlueZ: yes to the pairing it was made for, no to all else."""
    if message.message_type is not MessageType.METHOD_CALL or message.path != _AGENT:
        return None
    if message.member in ("Release", "Cancel"):
        return Message.new_method_return(message)
    if message.member in _ASKED and message.body[0] == device:
        return Message.new_method_return(message)
    return Message.new_error(message, _REJECTED, "KneeTrack pairs with its band only.")
