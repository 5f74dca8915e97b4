"""What a connected band tells of itself, as rows: each value with the limit it is judged by."""

from __future__ import annotations

import statistics
from collections.abc import Mapping

from kneecore import wire
from kneetrack.link.base import Link
from kneetrack.maintenance.rows import Part, Row, State, remedy_of_way
from kneetrack.samples import Status

CHIPS = {0x6C: "LSM6DSOX", 0x6B: "ISM330DHCX", 0x6A: "LSM6DS3"}
RSSI_GOOD_DBM, RSSI_LEAST_DBM = -75, -88
BATTERY_LOW_PERCENT, BATTERY_EMPTY_PERCENT = 20, 5
INTERVAL_GOOD_MS = 30.0
"""Up to this the radio carries a leg with raw data several times over."""
ANSWER_GOOD_MS = 200.0
STORAGE_LOW_KIB = 512
"""Some five minutes of knee samples."""

_UPDATE_BAND = "Update the band: see firmware/README.md."


def _row(
    name: str,
    state: State,
    text: str,
    remedy: str = "",
    figures: Mapping[str, object] | None = None,
    **more: object,
) -> Row:
    return Row(Part.BAND, name, state, text, remedy, {**(figures or {}), **more})


def connection_rows(link: Link, kind: str, connect_s: float) -> list[Row]:
    """The connection, protocol, pairing, signal and MTU, as they are known on entry."""
    rows = [
        _row(
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
    rssi, mtu = link.figures.rssi_dbm, link.figures.mtu
    return [*rows, _signal_row(rssi), _mtu_row(mtu)]


def _version(link: Link) -> tuple[int, int]:
    return link.feature.protocol_major, link.feature.protocol_minor


def _protocol_row(link: Link) -> Row:
    theirs, ours = _version(link), wire.PROTOCOL_VERSION
    text = f"band {theirs[0]}.{theirs[1]}, kneetrack {ours[0]}.{ours[1]}"
    figures = {"band": list(theirs), "kneetrack": list(ours)}
    if theirs < ours:
        return _row(
            "Protocol",
            State.NOTE,
            f"{text}: what it can't do yet is left out (1.2 keeps what the radio loses)",
            _UPDATE_BAND,
            figures=figures,
        )
    if theirs > ours:
        return _row("Protocol", State.NOTE, text, "Update this program.", figures=figures)
    return _row("Protocol", State.OK, text, figures=figures)


def _pairing_row(link: Link, kind: str) -> Row:
    if kind == "serial":
        return _row("Pairing", State.OK, "a cable needs none")
    if _version(link) < (1, 2):
        return _row(
            "Pairing", State.NOTE, "this band's firmware knows none: anyone near may connect",
            _UPDATE_BAND,
        )  # fmt: skip
    return _row("Pairing", State.OK, "paired: the band answers only over an encrypted connection")


def _signal_row(rssi_dbm: int | None) -> Row:
    name = "Signal"
    if rssi_dbm is None:
        return _row(name, State.NOTE, "not known on this system", rssi_dbm=None)
    text = f"{rssi_dbm} dBm, of the band's last advertisement"
    if rssi_dbm >= RSSI_GOOD_DBM:
        return _row(name, State.OK, text, rssi_dbm=rssi_dbm)
    weak = State.NOTE if rssi_dbm >= RSSI_LEAST_DBM else State.PROBLEM
    return _row(
        name, weak, f"{text}: weak",
        "Bring the computer closer, with no body or metal in between.", rssi_dbm=rssi_dbm,
    )  # fmt: skip


def _mtu_row(mtu: int | None) -> Row:
    if mtu is None:
        return _row("MTU", State.NOTE, "not known on this system", mtu=None)
    if mtu >= wire.MTU:
        return _row("MTU", State.OK, f"{mtu} bytes", mtu=mtu)
    if mtu >= wire.MTU_MIN:
        return _row("MTU", State.NOTE, f"{mtu} bytes: enough, less than {wire.MTU}", mtu=mtu)
    return _row(
        "MTU", State.PROBLEM, f"{mtu} bytes, {wire.MTU_MIN} are needed",
        "Use another Bluetooth adapter.", mtu=mtu,
    )  # fmt: skip


def answer_row(times_s: list[float], kind: str) -> Row:
    """How long the band took to answer questions."""
    typical_ms, most_ms = 1000 * statistics.median(times_s), 1000 * max(times_s)
    slow = typical_ms > ANSWER_GOOD_MS
    remedy = remedy_of_way(kind, "Bring it closer, and end other programs that use Bluetooth.")
    return _row(
        "Answers",
        State.NOTE if slow else State.OK,
        f"there and back in {typical_ms:.0f} ms, at most {most_ms:.0f} ms ({len(times_s)} asked)",
        remedy if slow else "",
        median_ms=round(typical_ms, 1),
        most_ms=round(most_ms, 1),
    )


def status_rows(link: Link, kind: str, status: Status) -> list[Row]:
    """Battery, sensors, radio interval, memory, calibration: from wire.STATUS and Knee Feature."""
    thigh_c, shank_c = status.temperature_c
    return [
        _battery_row(status.battery_percent),
        _sensor_row("thigh", link.feature.thigh_chip, status, wire.FAULT_THIGH_IMU, thigh_c),
        _sensor_row("shank", link.feature.shank_chip, status, wire.FAULT_SHANK_IMU, shank_c),
        *([] if kind == "serial" else [_interval_row(status)]),
        *_memory_rows(status),
        _calibration_row(link),
        _uptime_row(status, kind),
    ]


def _battery_row(percent: int | None) -> Row:
    if percent is None:
        return _row("Battery", State.NOTE, "not known: the board does not measure it", percent=None)
    text = f"{percent} %"
    if percent >= BATTERY_LOW_PERCENT:
        return _row("Battery", State.OK, text, percent=percent)
    empty = percent < BATTERY_EMPTY_PERCENT
    return _row(
        "Battery", State.PROBLEM if empty else State.NOTE, text, "Charge the band.", percent=percent
    )


def _sensor_row(mount: str, chip: int, status: Status, fault: int, warm_c: float) -> Row:
    name = f"{mount.capitalize()} sensor"
    if status.faults & fault or not chip:
        return _row(
            name, State.PROBLEM, "does not answer",
            "Check the cable between thigh and shank, then switch the band off and on.", chip=chip,
        )  # fmt: skip
    text = f"{CHIPS.get(chip, f'chip 0x{chip:02X}')}, {warm_c:.1f} °C"
    return _row(name, State.OK, text, chip=chip, temperature_c=warm_c)


def _interval_row(status: Status) -> Row:
    interval, timeout = status.connection_interval_ms, status.supervision_timeout_ms
    figures = {"interval_ms": interval, "supervision_timeout_ms": timeout}
    if interval is None:
        return _row("Interval", State.NOTE, "the band does not tell it", figures=figures)
    text = f"the radio meets every {interval:g} ms"
    if timeout is not None:
        text += f", and gives up after {timeout / 1000:g} s of silence"
    if interval <= INTERVAL_GOOD_MS:
        return _row("Interval", State.OK, text, figures=figures)
    return _row(
        "Interval", State.NOTE, f"{text}: what is shown lags by that",
        "This computer's Bluetooth chose it; another adapter may allow a shorter one.",
        figures=figures,
    )  # fmt: skip


def _memory_rows(status: Status) -> list[Row]:
    if status.faults & wire.FAULT_STORE:
        return [
            _row(
                "Memory", State.PROBLEM, "the band could not store what it was to keep",
                "Switch the band off and on; if it stays so, see firmware/README.md.",
            )
        ]  # fmt: skip
    if status.storage_free_kib is None or status.recordings is None:
        return [_row("Memory", State.NOTE, "the band does not tell of one", _UPDATE_BAND)]
    free, kept = status.storage_free_kib, status.recordings
    figures = {"free_kib": free, "recordings": kept}
    text = f"{free / 1024:.1f} MB free"
    if kept:
        text += f", {kept} recordings that nobody has fetched"
        return [_row("Memory", State.NOTE, text, "kneetrack sync", figures=figures)]
    if free >= STORAGE_LOW_KIB:
        return [_row("Memory", State.OK, text, figures=figures)]
    return [
        _row(
            "Memory",
            State.NOTE,
            f"{text}: too little to bridge a longer break of the radio",
            "See firmware/README.md for how to put the firmware on it anew.",
            figures=figures,
        )
    ]


def _calibration_row(link: Link) -> Row:
    held = link.feature.calibration_id
    side = "right" if link.feature.side == wire.SIDE_RIGHT else "left"
    if held:
        return _row("Calibration", State.OK, f"of the {side} leg, number {held}", id=held)
    return _row(
        "Calibration", State.NOTE, "none: angles mean nothing yet",
        f"kneetrack calibrate --side {side}", id=0,
    )  # fmt: skip


def _uptime_row(status: Status, kind: str) -> Row:
    lost = status.overruns + status.dropped_packets
    figures = {
        "uptime_s": round(status.uptime_s),
        "overruns": status.overruns,
        "dropped_packets": status.dropped_packets,
    }
    text = f"{status.uptime_s / 60:.0f} min"
    if not lost:
        return _row(
            "Switched on for", State.OK, f"{text}, nothing dropped by the band", figures=figures
        )
    nearer = remedy_of_way(kind, "Bring the computer closer.")
    return _row(
        "Switched on for", State.NOTE,
        f"{text}; the band dropped {status.dropped_packets} packets and its sensors overran "
        f"{status.overruns} times since",
        f"{nearer} What is missing is fetched later.", figures=figures,
    )  # fmt: skip
