"""Which firmware a band runs, where it came from, and what became of the last update: in words."""

from __future__ import annotations

from typing import Any

from kneetrack.errors import CommandRefused, LinkLost
from kneetrack.link.base import Link
from kneetrack.maintenance.rows import Row, State, band_row
from kneetrack.maintenance.update import TooOld, band_state
from kneetrack.maintenance.update_plan import SLOTS


async def firmware_told(link: Link) -> dict[str, Any] | None:
    """What the band tells of its firmware, for JSON; None where it is too old to."""
    try:
        state = await band_state(link)
    except LinkLost:
        raise
    except (TooOld, CommandRefused):
        return None
    return {
        "version": state.firmware,
        "slot": SLOTS[state.slot] if state.slot < len(SLOTS) else str(state.slot),
        "on_trial": state.trial,
        "taken_back": state.tried if state.taken_back else None,
        "taken_back_because": state.taken_back or None,
    }


def firmware_lines(told: dict[str, Any] | None) -> list[tuple[str, str]]:
    """The same for people: rows of a label and a text."""
    if told is None:
        return []
    lines = [("Firmware", _runs(told))]
    if told["taken_back"]:
        lines.append(("Last update", _taken_back(told)))
    return lines


async def firmware_rows(link: Link) -> list[Row]:
    """The same for `doctor`."""
    told = await firmware_told(link)
    if told is None:
        return []
    if told["taken_back"]:
        return [
            band_row(
                "Firmware", State.NOTE, f"{_runs(told)}; {_taken_back(told)}",
                "Try it once more by kneetrack update; over its cable: kneetrack flash.",
                figures=told,
            )
        ]  # fmt: skip
    return [band_row("Firmware", State.OK, _runs(told), figures=told)]


def _runs(told: dict[str, Any]) -> str:
    if told["slot"] == SLOTS[0]:
        return f"{told['version']}, as it came over the cable"
    if told["on_trial"]:
        return f"{told['version']}, on trial for a minute until a computer confirms it"
    return f"{told['version']}, by an update (slot {told['slot']})"


def _taken_back(told: dict[str, Any]) -> str:
    return f"{told['taken_back']} was taken back: {told['taken_back_because']}"
