"""Pairing on Linux, where BlueZ wants somebody to ask: an agent.

Every new bond, also one without passkey or buttons ("just works"), has to be agreed to by an agent
(org.bluez.Agent1; BlueZ's doc/org.bluez.Agent.rst). A desktop has one and shows a dialog; a
computer without a screen has none, bleak brings none along (bleak issues 1380 and 1434), and
BlueZ then refuses: "No agent available". So this program is the agent itself, for one band and for
as long as the two get to know each other. It is the default agent meanwhile, since a band asks for
the pairing by itself as soon as it is connected; then the one before is that again.

What makes a pairing one that was wanted is not here but at the band, where somebody pressed the
button.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator

from bleak.exc import BleakDBusError, BleakError
from dbus_fast import BusType, Message, MessageType
from dbus_fast.aio.message_bus import MessageBus

_PATH = "/org/kneetrack/agent"
_ASKED = ("RequestAuthorization", "RequestConfirmation")
_REJECTED = "org.bluez.Error.Rejected"


@contextlib.asynccontextmanager
async def agent(device: str) -> AsyncGenerator[None]:
    """Agree to pair with the device at that D-Bus path (`BLEDevice.details["path"]`), no other.

    BleakError where BlueZ can't be reached or takes no agent.
    """
    try:
        bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
    except (OSError, EOFError) as error:
        raise BleakError(f"the system's D-Bus can't be reached ({error})") from error
    try:
        bus.add_message_handler(lambda message: _answer(message, device))
        await _manage(bus, "RegisterAgent", "os", _PATH, "NoInputNoOutput")
        await _manage(bus, "RequestDefaultAgent", "o", _PATH)
        yield
    finally:
        bus.disconnect()  # BlueZ forgets an agent whose connection has gone


async def _manage(bus: MessageBus, member: str, signature: str, *body: str) -> None:
    reply = await bus.call(
        Message(
            destination="org.bluez",
            path="/org/bluez",
            interface="org.bluez.AgentManager1",
            member=member,
            signature=signature,
            body=list(body),
        )
    )
    if reply.message_type is MessageType.ERROR:
        raise BleakDBusError(str(reply.error_name), reply.body)


def _answer(message: Message, device: str) -> Message | None:
    """What the agent says to BlueZ: yes to the pairing it was made for, no to all else."""
    if message.message_type is not MessageType.METHOD_CALL or message.path != _PATH:
        return None
    if message.member in ("Release", "Cancel"):
        return Message.new_method_return(message)
    if message.member in _ASKED and message.body[0] == device:
        return Message.new_method_return(message)
    return Message.new_error(message, _REJECTED, "KneeTrack pairs with its band only.")
