"""What each operating system does to Bluetooth Low Energy, as rows and remedies.

Pure functions over `Facts`, so that the rows of Windows and macOS can be looked at anywhere;
`facts_here` reads them from this computer. Where a limit comes from:

    Windows   bleak 3 is made for build 22000 (Windows 11) and later; from 16299 (10, version 1709)
              on it may work. Only 11 lets a program ask for a short connection interval, on 10 it
              is the system's choice unless the band asks (bleak issue 56).
    macOS     bleak 3 needs 10.15. The program that runs the terminal is the one that
              is asked for, and listed under Privacy. There are no addresses, but names of the
              computer's own (bleak issue 140).
    Linux     bleak 3 needs BlueZ 5.55, which keeps the services of bands it has met (main.conf,
              [GATT] Cache) and may show the old ones after a firmware update. In WSL there is no
              Bluetooth at all.
"""

from __future__ import annotations

import configparser
import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path

from kneetrack.maintenance.rows import Part, Row, State

WINDOWS_LEAST, WINDOWS_11 = 16299, 22000
MACOS_LEAST = (10, 15)
BLUEZ_LEAST = (5, 55)
MAIN_CONF = Path("/etc/bluetooth/main.conf")

_CABLE = "or use the band's cable: --link serial:auto"
_TERMINALS = {"Apple_Terminal": "Terminal", "iTerm.app": "iTerm", "vscode": "Visual Studio Code"}
_FORGET = {
    "linux": "bluetoothctl remove ADDRESS (kneetrack scan tells it)",
    "win32": "Settings, Bluetooth & devices: remove the band",
    "darwin": "System Settings, Bluetooth: forget the band, then switch Bluetooth off and on",
}
_SHORTER = {
    "linux": "On Linux the band's wish is followed unless [LE] MinConnectionInterval of "
    "/etc/bluetooth/main.conf says otherwise; another adapter may allow a shorter one.",
    "darwin": "macOS allows 15 ms and multiples of it; fewer other Bluetooth devices help.",
}


@dataclass(frozen=True, slots=True)
class Facts:
    """An operating system, as far as it matters here.

    `system` as in sys.platform; `release` as the system writes it; `version` its numbers (on
    Windows the third is the build); `terminal` the program that shows the terminal, on macOS;
    `cache` BlueZ's [GATT] Cache (always, yes or no), empty where it does not say.
    """

    system: str
    release: str = ""
    version: tuple[int, ...] = ()
    terminal: str = ""
    cache: str = ""

    @property
    def is_wsl(self) -> bool:
        return self.system == "linux" and "microsoft" in self.release.lower()

    @property
    def build(self) -> int:
        """Windows' build; 0 where it is not known."""
        return self.version[2] if len(self.version) > 2 else 0


def facts_here() -> Facts:
    """Of this computer."""
    system = sys.platform
    if system == "darwin":
        release = platform.mac_ver()[0]
    else:
        release = platform.version() if system == "win32" else platform.release()
    numbers = (part for part in release.replace("-", ".").split("."))
    version = tuple(int(part) for part in numbers if part.isdigit())[:4]
    cache = cache_of(MAIN_CONF) if system == "linux" else ""
    return Facts(system, release, version, os.environ.get("TERM_PROGRAM", ""), cache)


def bluez_version(modalias: str) -> tuple[int, int] | None:
    """BlueZ's version as an adapter's Modalias has it (`usb:v1D6Bp0246d0542` is 5.66), unless
    somebody has set another device id."""
    vendor, _, device = modalias.lower().rpartition("d")
    if vendor != "usb:v1d6bp0246" or len(device) != 4:
        return None
    try:
        return int(device[:2], 16), int(device[2:], 16)
    except ValueError:
        return None


def cache_of(conf: Path) -> str:
    """[GATT] Cache of BlueZ's main.conf; empty where it says nothing, or can't be read."""
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(conf.read_text(encoding="utf-8", errors="replace"))
    except (OSError, configparser.Error):
        return ""
    return parser.get("GATT", "Cache", fallback="").strip().lower()


def system_rows(facts: Facts, *, needed: bool) -> list[Row]:
    """What the system can't do, or does in its own way; `needed`: Bluetooth is wanted."""
    rows = [_version_row(facts, State.PROBLEM if needed else State.NOTE)]
    if facts.system == "darwin" and needed:
        rows.append(_permission_row(facts))
    return rows


def _version_row(facts: Facts, bad: State) -> Row:
    def row(state: State, text: str, remedy: str = "") -> Row:
        figures = {"system": facts.system, "release": facts.release}
        return Row(Part.COMPUTER, "Bluetooth system", state, text, remedy, figures)

    if facts.is_wsl:
        return row(
            bad,
            "Windows' Linux (WSL), which sees no Bluetooth",
            f"Install and run kneetrack in Windows itself, {_CABLE}.",
        )
    if facts.system == "linux":
        kept = "of every band it has met" if facts.cache in ("", "always") else "of paired bands"
        kept = "of none" if facts.cache == "no" else kept
        return row(State.OK, f"Linux {facts.release}; BlueZ remembers the services {kept}")
    if facts.system == "win32":
        if facts.build < WINDOWS_LEAST:
            return row(
                bad,
                f"Windows {facts.release}: too old for Bluetooth Low Energy",
                f"Update Windows to 10, version 1709, or later, {_CABLE}.",
            )
        if facts.build < WINDOWS_11:
            return row(
                State.NOTE,
                f"Windows 10 ({facts.release}): older than what bleak is made for, and it chooses "
                "the radio's interval by itself",
                f"It may work; see Interval below. Otherwise update to Windows 11, {_CABLE}.",
            )
        return row(State.OK, f"Windows 11 ({facts.release})")
    if facts.system == "darwin":
        if facts.version[:2] < MACOS_LEAST:
            return row(
                bad, f"macOS {facts.release}: too old", f"Update to macOS 10.15 or later, {_CABLE}."
            )
        text = f"macOS {facts.release}; bands have no addresses here: call them by their name"
        return row(State.OK, text)
    return row(
        State.NOTE, f"{facts.system}: nobody has tried Bluetooth here", "Use the band's cable."
    )


def _permission_row(facts: Facts) -> Row:
    """macOS asks once, and then only its settings tell: which line to look for there."""
    program = _TERMINALS.get(facts.terminal, facts.terminal or "the program that runs this")
    return Row(
        Part.COMPUTER,
        "Bluetooth permission",
        State.OK,
        f"macOS gives it to {program}, the first time that it asks; denied, no band is ever heard "
        "(System Settings, Privacy & Security, Bluetooth)",
        "",
        {"program": program},
    )


def how_to_forget(facts: Facts) -> str:
    """How this system is made to forget a band, with its key and its services."""
    return _FORGET.get(facts.system, "Have the system's Bluetooth forget the band")


def how_to_shorten(facts: Facts) -> str:
    """What may be done about a long connection interval."""
    if facts.system == "win32":
        if facts.build < WINDOWS_11:
            return "Windows 10 chooses it; Windows 11 takes a shorter one, or another adapter."
        return "Another Bluetooth adapter, or fewer devices on this one, may allow a shorter one."
    other = "This computer's Bluetooth chose it; another adapter may allow a shorter one."
    return _SHORTER.get(facts.system, other)
