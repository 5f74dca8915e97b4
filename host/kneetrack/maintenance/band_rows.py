"""What a connected band tells of itself, as rows: each value with the limit it is judged by."""

from __future__ import annotations

import statistics

from kneecore import settings, wire
from kneetrack import faults
from kneetrack.errors import UPDATE_BAND
from kneetrack.link.base import Link
from kneetrack.maintenance.rows import Row, State, band_row, remedy_of_way
from kneetrack.maintenance.systems import Facts, facts_here, how_to_forget, how_to_shorten
from kneetrack.samples import Channel, Status

RSSI_GOOD_DBM, RSSI_LEAST_DBM = -75, -88
BATTERY_LOW_PERCENT, BATTERY_EMPTY_PERCENT = 20, 5
INTERVAL_GOOD_MS = 30.0
"""Up to this the radio carries a leg with raw data several times over."""
ANSWER_GOOD_MS = 200.0
PATIENCE_LEAST_MS = 400
"""Less than what BlueZ takes by itself (420 ms)."""
STORAGE_LOW_KIB = 512
"""Some five minutes of knee samples."""


def connection_rows(link: Link, kind: str, connect_s: float) -> list[Row]:
    """The connection, protocol, pairing, signal and MTU, as they are known on entry."""
    rows = [
        band_row(
            "Connection",
            State.OK,
            f"{link.name or link.info.label}, connected in {connect_s:.1f} s",
            band=link.name,
            connect_s=round(connect_s, 2),
        ),
        _protocol_row(link),
        _pairing_row(link, kind),
    ]
    if kind == "serial":
        return rows
    figures = link.figures
    return [
        *rows,
        _services_row(link),
        _signal_row(figures.rssi_dbm),
        _mtu_row(figures.mtu),
    ]


def _version(link: Link) -> tuple[int, int]:
    return link.feature.protocol_major, link.feature.protocol_minor


def _protocol_row(link: Link) -> Row:
    theirs, ours = _version(link), wire.PROTOCOL_VERSION
    text = f"band {theirs[0]}.{theirs[1]}, kneetrack {ours[0]}.{ours[1]}"
    figures = {"band": list(theirs), "kneetrack": list(ours)}
    if theirs < ours:
        return band_row(
            "Protocol",
            State.NOTE,
            f"{text}: what it can't do yet is left out (1.2 keeps what the radio loses)",
            UPDATE_BAND,
            figures=figures,
        )
    if theirs > ours:
        return band_row("Protocol", State.NOTE, text, "Update this program.", figures=figures)
    return band_row("Protocol", State.OK, text, figures=figures)


def _pairing_row(link: Link, kind: str) -> Row:
    if kind == "serial":
        return band_row("Pairing", State.OK, "a cable needs none")
    if _version(link) < (1, 2):
        return band_row(
            "Pairing", State.NOTE, "this band's firmware knows none: anyone near may connect",
            UPDATE_BAND,
        )  # fmt: skip
    return band_row(
        "Pairing", State.OK, "paired: the band answers only over an encrypted connection"
    )


def _services_row(link: Link) -> Row:
    """Whether the computer's Bluetooth shows all that the band's own version says it has."""
    name, offered = "Services", link.figures.channels
    if offered is None:
        return band_row(name, State.NOTE, "not known here")
    wanted = set(Channel) - (set() if _version(link) >= (1, 2) else {Channel.TRANSFER})
    lacking = sorted(channel.value for channel in wanted - offered)
    if not lacking:
        return band_row(name, State.OK, "all that a band of this version has")
    return band_row(
        name, State.PROBLEM,
        f"{', '.join(lacking)} of the band not shown: this computer remembers those of an older "
        "firmware",
        f"{how_to_forget(facts_here())}; then hold its button for 3 s and connect again.",
        lacking=lacking,
    )  # fmt: skip


def _signal_row(rssi_dbm: int | None) -> Row:
    name = "Signal"
    if rssi_dbm is None:
        return band_row(name, State.NOTE, "not known on this system", rssi_dbm=None)
    text = f"{rssi_dbm} dBm, of the band's last advertisement"
    if rssi_dbm >= RSSI_GOOD_DBM:
        return band_row(name, State.OK, text, rssi_dbm=rssi_dbm)
    weak = State.NOTE if rssi_dbm >= RSSI_LEAST_DBM else State.PROBLEM
    return band_row(
        name, weak, f"{text}: weak",
        "Bring the computer closer, with no body or metal in between.", rssi_dbm=rssi_dbm,
    )  # fmt: skip


def _mtu_row(mtu: int | None) -> Row:
    if mtu is None:
        return band_row("MTU", State.NOTE, "not known on this system", mtu=None)
    if mtu >= wire.MTU:
        return band_row("MTU", State.OK, f"{mtu} bytes", mtu=mtu)
    if mtu >= wire.MTU_MIN:
        return band_row("MTU", State.NOTE, f"{mtu} bytes: enough, less than {wire.MTU}", mtu=mtu)
    return band_row(
        "MTU", State.PROBLEM, f"{mtu} bytes, {wire.MTU_MIN} are needed",
        "Use another Bluetooth adapter.", mtu=mtu,
    )  # fmt: skip


def answer_row(times_s: list[float], kind: str) -> Row:
    """How long the band took to answer questions."""
    typical_ms, most_ms = 1000 * statistics.median(times_s), 1000 * max(times_s)
    slow = typical_ms > ANSWER_GOOD_MS
    remedy = remedy_of_way(kind, "Bring it closer, and end other programs that use Bluetooth.")
    return band_row(
        "Answers",
        State.NOTE if slow else State.OK,
        f"there and back in {typical_ms:.0f} ms, at most {most_ms:.0f} ms ({len(times_s)} asked)",
        remedy if slow else "",
        median_ms=round(typical_ms, 1),
        most_ms=round(most_ms, 1),
    )


def status_rows(link: Link, kind: str, status: Status) -> list[Row]:
    """Battery, sensors, the radio's interval, memory: from wire.STATUS and Knee Feature."""
    thigh_c, shank_c = status.temperature_c
    return [
        _battery_row(status),
        _sensor_row("thigh", link.feature.thigh_chip, status, thigh_c),
        _sensor_row("shank", link.feature.shank_chip, status, shank_c),
        *([] if kind == "serial" else [interval_row(status, facts_here()), _patience_row(status)]),
        *_memory_rows(status),
        _uptime_row(status, kind),
        *_start_rows(status),
    ]


def time_left(minutes: int) -> str:
    """`6 h 10 min`, to the ten minutes above two hours."""
    if minutes >= 120:
        minutes = minutes // 10 * 10
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if hours else f"{rest} min"


def power_words(status: Status) -> str:
    """Cable and time left, as they are known: words to go behind the percentage."""
    power = status.power or 0
    if power & settings.POWER_CHARGING:
        return ", being charged"
    if power & settings.POWER_USB:
        return ", on a cable"
    if status.minutes_left is not None:
        return f", about {time_left(status.minutes_left)} left"
    return ""


def _battery_row(status: Status) -> Row:
    percent = status.battery_percent
    if percent is None:
        return band_row(
            "Battery", State.NOTE, "not known: the board does not measure it", percent=None
        )
    power = status.power or 0
    plugged = bool(power & settings.POWER_USB)
    figures = {"percent": percent, "minutes_left": status.minutes_left, "plugged": plugged}
    text = f"{percent} %{power_words(status)}"
    if plugged:
        return band_row(
            "Battery", State.NOTE, f"{text}: it records over its cable only, and gives no cues",
            "Pull the cable before you wear it.", figures=figures,
        )  # fmt: skip
    if percent >= BATTERY_LOW_PERCENT:
        return band_row("Battery", State.OK, text, figures=figures)
    empty = percent < BATTERY_EMPTY_PERCENT
    return band_row(
        "Battery", State.PROBLEM if empty else State.NOTE, text, "Charge the band.", figures=figures
    )


def _sensor_row(mount: faults.Mount, chip: int, status: Status, warm_c: float) -> Row:
    name = f"{mount.capitalize()} sensor"
    remedy = "Check the cable between thigh and shank, then switch the band off and on."
    if why := faults.of_both(status.faults) or faults.of_one(mount, status.faults, chip):
        return band_row(name, State.PROBLEM, why.what, why.remedy or remedy, chip=chip)
    if not chip:
        return band_row(name, State.PROBLEM, "does not answer", remedy, chip=chip)
    text = f"{faults.CHIPS.get(chip, f'chip 0x{chip:02X}')}, {warm_c:.1f} °C"
    return band_row(name, State.OK, text, chip=chip, temperature_c=warm_c)


def interval_row(status: Status, facts: Facts) -> Row:
    """How often the radio meets."""
    interval = status.connection_interval_ms
    figures = {"interval_ms": interval}
    if interval is None:
        return band_row("Interval", State.NOTE, "the band does not tell it", figures=figures)
    text = f"the radio meets every {interval:g} ms"
    if interval <= INTERVAL_GOOD_MS:
        return band_row("Interval", State.OK, text, figures=figures)
    return band_row(
        "Interval", State.NOTE, f"{text}: what is shown lags by that",
        how_to_shorten(facts), figures=figures,
    )  # fmt: skip


def _patience_row(status: Status) -> Row:
    """After how much silence either side takes the other for gone."""
    name, timeout = "Patience", status.supervision_timeout_ms
    if timeout is None:
        return band_row(name, State.NOTE, "the band does not tell it", supervision_timeout_ms=None)
    text = f"the connection is given up after {timeout / 1000:g} s of silence"
    if timeout >= PATIENCE_LEAST_MS:
        return band_row(name, State.OK, text, supervision_timeout_ms=timeout)
    return band_row(
        name, State.NOTE, f"{text}: a body in the way may be enough",
        "Stay close. It is taken up again by itself, and what is missing is fetched.",
        supervision_timeout_ms=timeout,
    )  # fmt: skip


def _memory_rows(status: Status) -> list[Row]:
    if status.faults & wire.FAULT_STORE:
        return [
            band_row(
                "Memory", State.PROBLEM, "the band could not store what it was to keep",
                "Switch the band off and on; if it stays so, see firmware/README.md.",
            )
        ]  # fmt: skip
    if status.storage_free_kib is None or status.recordings is None:
        return [band_row("Memory", State.NOTE, "the band does not tell of one", UPDATE_BAND)]
    free, kept = status.storage_free_kib, status.recordings
    figures = {"free_kib": free, "recordings": kept}
    text = f"{free / 1024:.1f} MB free"
    if kept:
        text += f", {kept} recordings that nobody has fetched"
        return [band_row("Memory", State.NOTE, text, "kneetrack sync", figures=figures)]
    if free >= STORAGE_LOW_KIB:
        return [band_row("Memory", State.OK, text, figures=figures)]
    return [
        band_row(
            "Memory",
            State.NOTE,
            f"{text}: too little to bridge a longer break of the radio",
            "See firmware/README.md for how to put the firmware on it anew.",
            figures=figures,
        )
    ]


_MEANT = {settings.RESET_POWER: "switched on", settings.RESET_SLEEP: "woken"}
_CAUSES = {
    settings.RESET_WATCHDOG: (
        "its program hung, and the watchdog started it anew",
        "If that comes back, tell us what it was doing (see firmware/README.md).",
    ),
    settings.RESET_CRASH: (
        "its program failed and started itself anew",
        "Why stands in crash.txt on the band: mpremote cat :crash.txt",
    ),
    settings.RESET_BROWN_OUT: (
        "its voltage fell too low",
        "Charge it; if it is charged, the battery or its plug is worn.",
    ),
}


def _start_rows(status: Status) -> list[Row]:
    """Why it started last, and what to do where nobody meant it."""
    cause = status.reset_cause
    if not cause:
        return []
    if cause not in _CAUSES:
        words = _MEANT.get(cause, "by its reset button, or by a computer")
        return [band_row("Last start", State.OK, words, figures={"reset_cause": cause})]
    text, remedy = _CAUSES[cause]
    return [band_row("Last start", State.NOTE, text, remedy, figures={"reset_cause": cause})]


def _uptime_row(status: Status, kind: str) -> Row:
    lost = status.overruns + status.dropped_packets
    figures = {
        "uptime_s": round(status.uptime_s),
        "overruns": status.overruns,
        "dropped_packets": status.dropped_packets,
    }
    text = f"{status.uptime_s / 60:.0f} min"
    if not lost:
        return band_row(
            "Switched on for", State.OK, f"{text}, nothing dropped by the band", figures=figures
        )
    nearer = remedy_of_way(kind, "Bring the computer closer.")
    return band_row(
        "Switched on for", State.NOTE,
        f"{text}; the band dropped {status.dropped_packets} packets and its sensors overran "
        f"{status.overruns} times since",
        f"{nearer} What is missing is fetched later.", figures=figures,
    )  # fmt: skip
