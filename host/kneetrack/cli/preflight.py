"""What `record` tells before it begins: one line when all is well, else each thing and its remedy.

The checks are doctor's (`kneetrack.maintenance.checks`). Nothing is asked of the person; only what
makes the recording worth nothing refuses it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from kneetrack.errors import InputError, KneeTrackError, LinkError

if TYPE_CHECKING:
    from rich.console import Console

    from kneetrack.cli.session import Leg
    from kneetrack.maintenance.rows import Row

NO_CHECK_HELP = "Leave out the look at band, calibration and disk before it begins."


async def look(legs: Sequence[Leg], athlete: str | None, out: Path | None, hints: Console) -> None:
    """Look at all legs and the disk, and tell it. Raises where recording would be in vain."""
    from kneetrack.link import parse_address
    from kneetrack.maintenance import preflight
    from kneetrack.maintenance.rows import Part, State
    from kneetrack.maintenance.worn import Worn

    log_row = preflight.row_of_log(out, len(legs))
    refused: list[Row] = []
    for leg in legs:
        status = await preflight.asked(leg.link)
        simulated = leg.link.info.is_simulated
        worn = Worn(
            side=leg.analyzer.side,
            held_id=leg.link.feature.calibration_id,
            sensors_id=leg.link.feature.sensors_id,
            made=leg.calibration,
            now=datetime.now(UTC),
            athlete=athlete,
            is_simulated=simulated,
        )
        kind = parse_address(leg.link.info.address).kind
        rows = preflight.rows_of_band(leg.link, kind, status, worn)
        if leg is legs[0]:
            rows.append(log_row)
        told = [row for row in rows if row.state is not State.OK]
        name = leg.link.name or leg.link.info.label
        ready = "Ready" if not told else "Otherwise"
        for row in told:
            tell(row, hints, name if len(legs) > 1 and row.part is Part.BAND else "")
        well = preflight.summary(rows)
        if well:
            hints.print(f"{ready}: {name}, {well}.", markup=False, soft_wrap=not hints.is_terminal)
        refused += preflight.refusing(rows)
    if refused:
        raise _error(refused)


def tell(row: Row, hints: Console, name: str = "") -> None:
    """A row that is not good, with its remedy."""
    of = f" of {name}" if name else ""
    remedy = f" {_sentence(row.remedy)}" if row.remedy else ""
    told = f"! {row.name}{of}: {row.text}.{remedy}"
    hints.print(told, markup=False, soft_wrap=not hints.is_terminal)


def _error(refused: Sequence[Row]) -> KneeTrackError:
    from kneetrack.maintenance.rows import Part

    first = refused[0]
    kind = LinkError if first.part is Part.BAND else InputError
    said = "; ".join(f"{row.name.lower()}: {row.text}" for row in refused)
    return kind(
        f"Nothing worth keeping would be recorded ({said}). {_sentence(first.remedy)} To record "
        "all the same: --no-check."
    )


def _sentence(remedy: str) -> str:
    return remedy if remedy.endswith(".") else f"{remedy}."
