"""What is looked at before a recording: the rows of `checks` that are marked so, in a moment.

One question to the band (its status); all else is known by then. A calibration that is missing or
old is told and refuses nothing, for raw data may be analysed with another one later; a sensor that
does not answer does, and a disk without room.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from kneecore import wire
from kneetrack.errors import CommandRefused
from kneetrack.link.base import Link
from kneetrack.live.commands import command
from kneetrack.maintenance.band_rows import connection_rows, status_rows
from kneetrack.maintenance.checks import BY_NAME, Before
from kneetrack.maintenance.computer import storage_row
from kneetrack.maintenance.rows import Part, Row, State
from kneetrack.maintenance.worn import CALIBRATION, ZERO, Worn, worn_rows
from kneetrack.protocol import read_status
from kneetrack.samples import Status

_STATUS = wire.QUERY.pack(wire.QUERY_STATUS)


def chosen(rows: Sequence[Row]) -> list[Row]:
    """Those of `rows` that are told before a recording."""
    return [row for row in rows if BY_NAME[row.name].before is not Before.NOT_ASKED]


def refusing(rows: Sequence[Row]) -> list[Row]:
    """Those of `rows` with which a recording is worth nothing."""
    return [
        row
        for row in rows
        if row.state is State.PROBLEM and BY_NAME[row.name].before is Before.REFUSES
    ]


async def asked(link: Link) -> Status | None:
    """How the band is; None where it does not tell."""
    try:
        response = await command(link, wire.OP_QUERY, _STATUS)
    except CommandRefused:
        return None
    return read_status(response.payload)


def rows_of_band(link: Link, kind: str, status: Status | None, worn: Worn) -> list[Row]:
    """One band's rows, in the order of the table. `worn` without what `status` knows."""
    rows = connection_rows(link, kind, 0.0)
    if status is None:
        text = "the band does not tell it"
        rows.append(Row(Part.BAND, "Status", State.NOTE, text, "Update the band."))
    else:
        rows += status_rows(link, kind, status)
        worn = replace(worn, uptime_s=status.uptime_s, temperature_c=status.temperature_c)
    return [row for row in chosen([*rows, *worn_rows(worn)]) if _is_news(row)]


def row_of_log(out: Path | None, legs: int) -> Row:
    """The place of the log that `--out` names, or of the user's own."""
    return storage_row(None if out is None else out.absolute().parent, legs)


def summary(rows: Sequence[Row]) -> str:
    """What is well, in one line: what people ask for before they begin."""
    by_name = {row.name: row for row in rows if row.state is State.OK}
    parts: list[str] = []
    if "Battery" in by_name:
        parts.append(f"battery {by_name['Battery'].text}")
    if "Thigh sensor" in by_name and "Shank sensor" in by_name:
        parts.append("both sensors answer")
    if ZERO in by_name and "rests_on" not in by_name[ZERO].figures:
        parts.append("zeroed on a table")
    if CALIBRATION in by_name:
        parts.append(by_name[CALIBRATION].text)
    hours = by_name["Storage"].figures["hours"] if "Storage" in by_name else 0.0
    if hours:
        parts.append(f"room for {_length(hours)}")
    return ", ".join(parts)


def _length(hours: float) -> str:
    if hours > 100.0:
        return "more than 100 h"
    return f"{hours:.0f} h" if hours >= 1.0 else f"{60 * hours:.0f} min"


def _is_news(row: Row) -> bool:
    """What a system can't tell (a signal, an MTU, a battery) is the same every day: doctor's."""
    unknown = row.name in ("Signal", "MTU", "Battery", "Interval") and not any(row.figures.values())
    return not (unknown and row.state is State.NOTE)
