"""Looks at everything between the sensors and the disk, one row after the other.

The rows come as they are found, the ones that others depend on first; where one of those is a
problem (no Bluetooth, no band), what depends on it is not looked at.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime

from kneecore import wire
from kneetrack.calibration import people
from kneetrack.errors import CommandRefused, LinkError, UsageError
from kneetrack.link import open_link, parse_address
from kneetrack.link.base import Link
from kneetrack.live.commands import command
from kneetrack.maintenance.band_rows import answer_row, connection_rows, status_rows
from kneetrack.maintenance.bluetooth import bluetooth_rows, why_not
from kneetrack.maintenance.computer import packages_row, python_row, storage_rows
from kneetrack.maintenance.rows import Part, Row, State
from kneetrack.maintenance.streaming import DURATION_S, stream, stream_rows
from kneetrack.maintenance.systems import facts_here, system_rows
from kneetrack.maintenance.update_rows import firmware_rows
from kneetrack.maintenance.worn import Worn, worn_rows
from kneetrack.protocol import read_status
from kneetrack.samples import Side, Status

SCAN_S = 4.0
ASKED = 5

_STATUS = wire.QUERY.pack(wire.QUERY_STATUS)


async def examine(address: str, stream_s: float = DURATION_S) -> AsyncIterator[Row]:
    """Every check with the link at that address; `stream_s` 0 leaves the streaming out.

    Raises UsageError where it is no address of a band, before any row, and InputError where a file
    that it names can't be played. Whatever else goes wrong is a row.
    """
    kind = parse_address(address).kind
    if kind == "log":
        raise UsageError("A log is no band to look at; for one that is torn: kneetrack repair.")
    async with AsyncExitStack() as stack:
        # What a simulated band is to play, only that band can read.
        entered = await _entered(address, stack) if kind in ("sim", "trace") else None
        yield python_row()
        packages = packages_row(kind)
        yield packages
        for row in system_rows(facts_here(), needed=kind == "ble"):
            yield row
        for row in storage_rows():
            yield row
        problem = packages.state is State.PROBLEM
        for row in await bluetooth_rows(needed=kind == "ble"):
            problem = problem or row.state is State.PROBLEM
            yield row
        if problem:
            yield _not_looked_at("because of the problem above")
            return
        if kind == "ble":
            around = await _around()
            yield around
            if around.state is State.PROBLEM:
                return
        entered = entered or await _entered(address, stack)
        if isinstance(entered, Row):
            yield entered
            return
        async for row in _of_band(*entered, kind, stream_s):
            yield row


async def _entered(address: str, stack: AsyncExitStack) -> tuple[Link, float] | Row:
    """The link at that address until `stack` ends, and how long connecting took; or why not."""
    begun = time.monotonic()
    try:
        link = await stack.enter_async_context(open_link(address))
    except LinkError as error:
        return Row(Part.BAND, "Connection", State.PROBLEM, str(error))
    return link, time.monotonic() - begun


async def _around() -> Row:
    """Which bands are heard."""
    from kneetrack.link.ble_find import scan

    name = "Bands heard"
    try:
        bands = [one for one in await scan(timeout_s=SCAN_S) if one.is_band]
    except LinkError as error:
        known = why_not(error)
        text, remedy = known if known is not None else (str(error), "")
        return Row(Part.BAND, name, State.PROBLEM, text, remedy)
    if not bands:
        return Row(
            Part.BAND,
            name,
            State.PROBLEM,
            f"none in {SCAN_S:.0f} s",
            "Switch the band on (its lamp blinks), come closer, and end other programs and phones "
            "that are connected to it.",
        )
    words = [
        f"{one.label} {one.rssi} dBm" + (", in use" if one.says(wire.ADVERTISED_IN_USE) else "")
        for one in bands
    ]
    figures = {"bands": [{"name": one.label, "rssi_dbm": one.rssi} for one in bands]}
    return Row(Part.BAND, name, State.OK, "; ".join(words), "", figures)


async def _of_band(link: Link, connect_s: float, kind: str, stream_s: float) -> AsyncIterator[Row]:
    try:
        for row in connection_rows(link, kind, connect_s):
            yield row
        times_s, status = await _asked(link)
        yield answer_row(times_s, kind)
        if status is None:
            yield Row(Part.BAND, "Status", State.PROBLEM, "it can't be read", "Update the band.")
            return
        firmware = await firmware_rows(link)
        for row in (*firmware, *status_rows(link, kind, status), *worn_rows(_worn(link, status))):
            yield row
        if stream_s > 0:
            for row in await _streamed(link, kind, status, stream_s):
                yield row
    except LinkError as error:
        yield Row(Part.BAND, "Connection", State.PROBLEM, str(error))


def _worn(link: Link, status: Status) -> Worn:
    """As the band holds it, and as it is known on this computer."""
    side, held = Side(link.feature.side), link.feature.calibration_id
    return Worn(
        side=side,
        held_id=held,
        sensors_id=link.feature.sensors_id,
        made=people.held(held, side),
        now=datetime.now(UTC),
        uptime_s=status.uptime_s,
        temperature_c=status.temperature_c,
        is_simulated=link.info.is_simulated,
    )


async def _asked(link: Link) -> tuple[list[float], Status | None]:
    """How long answers took, and the last of them."""
    times_s: list[float] = []
    status: Status | None = None
    loop = asyncio.get_running_loop()
    for _ in range(ASKED):
        begun = loop.time()
        response = await command(link, wire.OP_QUERY, _STATUS)
        times_s.append(loop.time() - begun)
        status = read_status(response.payload)
    return times_s, status


async def _streamed(link: Link, kind: str, status: Status, stream_s: float) -> list[Row]:
    if status.state == wire.STATE_RECORDING:
        return [
            Row(
                Part.BAND,
                "Streaming",
                State.NOTE,
                "not tried: the band is recording by itself, and that is not disturbed",
                "A short press on its button ends that; kneetrack sync then fetches it.",
            )
        ]
    try:
        return stream_rows(await stream(link, stream_s), kind)
    except CommandRefused as error:
        if error.result == wire.RESULT_CHARGING:
            return [_on_a_cable()]
        return [Row(Part.BAND, "Streaming", State.PROBLEM, str(error))]


def _on_a_cable() -> Row:
    """As a band is while it is built: nothing is wrong with it."""
    return Row(
        Part.BAND,
        "Streaming",
        State.NOTE,
        "not tried: the band is on a cable, and measures over that cable only",
        "Over it: kneetrack doctor --link serial:auto; over the radio: pull it, and once more.",
    )


def _not_looked_at(why: str) -> Row:
    return Row(Part.BAND, "Band", State.NOTE, f"not looked for, {why}")
