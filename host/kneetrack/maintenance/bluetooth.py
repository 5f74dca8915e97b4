"""Checks of this computer's Bluetooth, before any band is looked for.

On Linux each layer is asked in turn, so that the first one that lacks is named: the kernel's
adapters (/sys/class/bluetooth) and their switches (/sys/class/rfkill), the system's D-Bus, the
Bluetooth service on it (org.bluez), whether this user may talk to it, and whether an adapter is
switched on (org.bluez.Adapter1, Powered). On macOS and Windows the system tells no more than what
scanning runs into: `why_not` names that.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from kneetrack.errors import install
from kneetrack.maintenance.rows import Part, Row, State
from kneetrack.maintenance.systems import BLUEZ_LEAST, bluez_version

ANSWER_S = 5.0
SYSTEM_BUS = "unix:path=/run/dbus/system_bus_socket"

_SERVICE = "org.bluez"
_DENIED = ("org.freedesktop.DBus.Error.AccessDenied", "org.freedesktop.DBus.Error.AuthFailed")
_CABLE = "or use the band's cable: --link serial:auto"
_REASONS = {
    "NO_BLUETOOTH": ("this computer has no Bluetooth", f"Plug in a USB adapter, {_CABLE}."),
    "NO_BLE_CENTRAL_ROLE": (
        "this Bluetooth adapter can't do Bluetooth Low Energy",
        f"Plug in one that can (4.2 or later), {_CABLE}.",
    ),
    "POWERED_OFF": ("Bluetooth is switched off", "Switch it on in the system's settings."),
    "DENIED_BY_USER": (
        "this program may not use Bluetooth",
        "Allow it: on macOS in System Settings, Privacy & Security, Bluetooth, for the terminal.",
    ),
    "DENIED_BY_SYSTEM": (
        "this computer's administration does not allow Bluetooth",
        f"Ask whoever manages it, {_CABLE}.",
    ),
}


def why_not(error: BaseException) -> tuple[str, str] | None:
    """What lacks and what to do, where an error of bleak's, or its cause, names a reason."""
    for one in (error, error.__cause__):
        reason = getattr(getattr(one, "reason", None), "name", None)
        if reason in _REASONS:
            return _REASONS[reason]
    return None


async def bluetooth_rows(
    needed: bool,
    *,
    system: str = sys.platform,
    sys_folder: Path = Path("/sys"),
    bus_address: str | None = None,
) -> list[Row]:
    """What can be told of it; what lacks is a problem where Bluetooth is needed, else a note."""
    if system != "linux":
        return []
    bad = State.PROBLEM if needed else State.NOTE
    address = bus_address or os.environ.get("DBUS_SYSTEM_BUS_ADDRESS", SYSTEM_BUS)
    return [_adapter_row(sys_folder, bad), await _service_row(address, bad)]


def _adapter_row(sys_folder: Path, bad: State) -> Row:
    adapters = sorted(path.name for path in (sys_folder / "class" / "bluetooth").glob("hci*"))
    adapters = [name for name in adapters if ":" not in name]  # hci0:64 is a connection
    figures: dict[str, Any] = {"adapters": adapters}
    if not adapters:
        return Row(
            Part.COMPUTER,
            "Bluetooth adapter",
            bad,
            "Linux sees none",
            f"Plug in a USB adapter (Bluetooth 4.2 or later), {_CABLE}.",
            figures,
        )
    for switch in sorted((sys_folder / "class" / "rfkill").glob("rfkill*")):
        if _text(switch / "type") != "bluetooth":
            continue
        if _text(switch / "hard") == "1":
            what, remedy = "a switch or key of the computer", "Press that switch or key."
        elif _text(switch / "soft") == "1":
            what, remedy = "software (rfkill)", "sudo rfkill unblock bluetooth"
        else:
            continue
        return Row(
            Part.COMPUTER,
            "Bluetooth adapter",
            bad,
            f"{', '.join(adapters)} is switched off by {what}",
            remedy,
            figures,
        )
    return Row(Part.COMPUTER, "Bluetooth adapter", State.OK, ", ".join(adapters), "", figures)


async def _service_row(address: str, bad: State) -> Row:
    def row(state: State, text: str, remedy: str = "", **figures: object) -> Row:
        return Row(Part.COMPUTER, "Bluetooth service", state, text, remedy, dict(figures))

    try:
        from dbus_fast.aio.message_bus import MessageBus
    except ModuleNotFoundError:
        return row(bad, "bleak is not installed", install("live"))
    try:
        async with asyncio.timeout(ANSWER_S):
            bus = await MessageBus(bus_address=address).connect()
    except FileNotFoundError:
        return row(
            bad,
            "the system's D-Bus does not run",
            "sudo systemctl start dbus bluetooth (in a container: hand in /run/dbus)",
        )
    except Exception as error:  # each way of refusal has a class of its own in dbus-fast
        why = str(error) or type(error).__name__
        return row(bad, f"the system's D-Bus can't be reached: {why}", "systemctl status dbus")
    try:
        async with asyncio.timeout(ANSWER_S):
            return await _asked(bus, row, bad)
    except TimeoutError:
        return row(bad, "it does not answer", "sudo systemctl restart bluetooth")
    except (EOFError, OSError) as error:
        return row(bad, f"it went away while it was asked ({error})", "systemctl status bluetooth")
    finally:
        bus.disconnect()


async def _asked(bus: Any, row: Any, bad: State) -> Row:
    error, owned = await _call(
        bus, "org.freedesktop.DBus", "/", "org.freedesktop.DBus", "NameHasOwner", _SERVICE
    )
    if error or not owned:
        return row(
            bad,
            "it does not run",
            "sudo systemctl enable --now bluetooth (where it is missing: install bluez)",
        )
    error, objects = await _call(
        bus, _SERVICE, "/", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects"
    )
    if error in _DENIED:
        return row(
            bad,
            f"this user may not use it (groups: {_groups()})",
            'sudo usermod -aG bluetooth "$USER", then sign in again',
        )
    if error:
        return row(bad, f"it refused to tell its adapters ({error})", "systemctl status bluetooth")
    powered = _powered(cast("Mapping[str, Mapping[str, Any]]", objects))
    if not powered:
        return row(bad, "it runs, but has no adapter", "Plug in an adapter, or: rfkill list")
    if not any(powered.values()):
        return row(
            bad,
            f"it runs, but {', '.join(powered)} is switched off",
            "bluetoothctl power on",
            adapters=powered,
        )
    on = ", ".join(name for name, is_on in powered.items() if is_on)
    version = _version(cast("Mapping[str, Mapping[str, Any]]", objects))
    if version is None:
        return row(State.OK, f"runs, {on} is switched on", adapters=powered)
    text = f"BlueZ {version[0]}.{version[1]} runs, {on} is switched on"
    if version >= BLUEZ_LEAST:
        return row(State.OK, text, adapters=powered, bluez=list(version))
    least = f"{BLUEZ_LEAST[0]}.{BLUEZ_LEAST[1]}"
    return row(
        State.NOTE,
        f"{text}; older than what bleak is made for ({least})",
        f"Update the package bluez to {least} or later, {_CABLE}.",
        adapters=powered,
        bluez=list(version),
    )


def _powered(objects: Mapping[str, Mapping[str, Any]]) -> dict[str, bool]:
    """Each adapter that BlueZ has, and whether it is switched on."""
    found: dict[str, bool] = {}
    for path, interfaces in objects.items():
        properties = interfaces.get("org.bluez.Adapter1")
        if properties is not None:
            found[path.rpartition("/")[2]] = bool(properties["Powered"].value)
    return found


def _version(objects: Mapping[str, Mapping[str, Any]]) -> tuple[int, int] | None:
    """BlueZ's own, where an adapter tells."""
    for interfaces in objects.values():
        told = interfaces.get("org.bluez.Adapter1", {}).get("Modalias")
        version = None if told is None else bluez_version(str(told.value))
        if version is not None:
            return version
    return None


async def _call(
    bus: Any, destination: str, path: str, interface: str, member: str, *body: str
) -> tuple[str, object]:
    """The name of the error, or empty, and what was answered."""
    from dbus_fast import Message, MessageType

    reply = await bus.call(
        Message(
            destination=destination,
            path=path,
            interface=interface,
            member=member,
            signature="s" * len(body),
            body=list(body),
        )
    )
    if reply.message_type is MessageType.ERROR:
        return str(reply.error_name), None
    return "", reply.body[0] if reply.body else None


def _groups() -> str:
    import grp

    names: list[str] = []
    for number in os.getgroups():
        try:
            names.append(grp.getgrgid(number).gr_name)
        except KeyError:  # without a name
            names.append(str(number))
    return ", ".join(names) or "none"


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
