"""The guided calibration of one leg or of both, from the links to the kept files."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from kneetrack.analysis.trace import calibrate as derive
from kneetrack.analysis.trace import reference_of
from kneetrack.calibration import CalibrationFile, people, runner
from kneetrack.calibration.grounds import earlier_zero
from kneetrack.calibration.procedure import Accepted, Procedure
from kneetrack.calibration.steps import MOVEMENTS, SQUATS, Movement
from kneetrack.calibration.together import OneOfTwo
from kneetrack.calibration.zeros import remember, warmth
from kneetrack.cli import references
from kneetrack.cli.guided import View, open_view
from kneetrack.errors import KneeTrackError, UsageError
from kneetrack.link import Link, open_links, parse_address
from kneetrack.live import keep_reference
from kneetrack.samples import Side
from kneetrack.traces import Trace

UNTOUCHED = "The band keeps the calibration that it had."
NOT_YET = "The band has no calibration, as before."
EITHER = "The band holds the new calibration or the one that it had; calibrate again."
ZERO_KEPT = "The gyroscopes' zeros are those of the last table, less than 12 hours ago."
NO_ZERO = (
    "No table of the last 12 hours is known for this band: the gyroscopes' zeros come from "
    "standing still."
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for."""

    movement: str
    no_table: bool
    athlete: str | None
    out: Path | None


@dataclass(slots=True)
class _Leg:
    link: Link
    procedure: Procedure
    zero_utc: str | None


async def calibrate_legs(
    addresses: Sequence[str], sides: Sequence[Side | None], wanted: Wanted, hints: Console
) -> tuple[list[tuple[CalibrationFile, Path]], KneeTrackError | None]:
    """The calibrations of all legs that came to one, with their files; and why others did not.

    `sides` are those that were told, one a link.
    """
    for address in addresses:
        if parse_address(address).kind == "log":
            raise UsageError(f'"{address}" is a recording, no band. Write --link ble:auto.')
    done: list[tuple[CalibrationFile, Path]] = []
    failed: KneeTrackError | None = None
    async with AsyncExitStack() as stack:
        links: list[Link] = []
        for link, address in zip(open_links(addresses), addresses, strict=True):
            with hints.status(f"Connecting to {address} ..."):
                links.append(await stack.enter_async_context(link))
        legs = _legs(links, sides, wanted, hints)
        outcomes = await _guided(legs, MOVEMENTS[wanted.movement], hints)
        made: list[CalibrationFile] = []
        for leg, outcome in zip(legs, outcomes, strict=True):
            if isinstance(outcome, KneeTrackError):
                failed = failed or outcome
            else:
                made.append(await _finished(leg, outcome, wanted, hints))
    for one in made:
        simulated = all(link.info.is_simulated for link in links)
        done.append(_kept(one, wanted, simulated, len(legs) > 1, hints))
    return done, failed


def _legs(
    links: Sequence[Link], sides: Sequence[Side | None], wanted: Wanted, hints: Console
) -> list[_Leg]:
    """Every link with its leg's procedure."""
    known = [_side(link, side) for link, side in zip(links, sides, strict=True)]
    if len(set(known)) < len(known):
        raise UsageError(
            f"Both bands say that they are on the {known[0].word} leg. With --side both the first "
            "link is the right leg, the second one the left."
        )
    legs: list[_Leg] = []
    for link, side in zip(links, known, strict=True):
        zeros, zero_utc = None, None
        if wanted.no_table:
            kept = [people.newest_path(side), *([] if wanted.out is None else [wanted.out])]
            zeros, zero_utc = earlier_zero(link.feature.calibration_id, kept)
            hints.print(ZERO_KEPT if zeros else NO_ZERO)
        movement, table = MOVEMENTS[wanted.movement], not wanted.no_table
        make = Procedure if len(links) == 1 else OneOfTwo
        legs.append(_Leg(link, make(side, movement, table=table, zeros=zeros), zero_utc))
    pair = [leg.procedure for leg in legs]
    for one, other in zip(pair, reversed(pair), strict=True):
        if isinstance(one, OneOfTwo):
            one.other = other
    return legs


def _side(link: Link, side: Side | None) -> Side:
    """The leg to calibrate. UsageError where the source is the other one."""
    if link.scenario is None:
        return side or Side(link.feature.side)
    known = link.scenario.side
    if side not in (None, known):
        raise UsageError(f"{link.info.address} is a {known.word} leg, not {side.word}.")
    return known


async def _guided(
    legs: Sequence[_Leg], movement: Movement, hints: Console
) -> list[CalibrationFile | KneeTrackError]:
    """Lead through the procedure. Whatever ends it early, what the band now holds is said."""
    if len(legs) == 1:
        title = f"Calibrating the {legs[0].procedure.side.word} leg, {legs[0].link.info.label}"
    else:
        title = "Calibrating both legs"
    outcomes: list[CalibrationFile | BaseException] = []
    try:
        with open_view(hints, [leg.procedure for leg in legs], title) as view:
            outcomes += await asyncio.gather(
                *[_led(leg, movement, view, number) for number, leg in enumerate(legs)],
                return_exceptions=True,
            )
    finally:
        for number, leg in enumerate(legs):
            if number >= len(outcomes) or isinstance(outcomes[number], BaseException):
                _tell_held(leg, hints, several=len(legs) > 1)
    for outcome in outcomes:
        if isinstance(outcome, BaseException) and not isinstance(outcome, KneeTrackError):
            raise outcome
    return [one for one in outcomes if isinstance(one, CalibrationFile | KneeTrackError)]


async def _led(leg: _Leg, movement: Movement, view: View, number: int) -> CalibrationFile:
    def made_of(trace: Trace) -> CalibrationFile:
        made = derive(trace, zeros=leg.procedure.zeros)
        # Leg swings are no reference for squats.
        return made if movement is SQUATS else replace(made, reference=None)

    return await runner.lead(leg.link, leg.procedure, made_of, lambda one: view.told(one, number))


def _tell_held(leg: _Leg, hints: Console, *, several: bool) -> None:
    whose = f"{leg.procedure.side.word.capitalize()} leg: " if several else ""
    if isinstance(leg.procedure.outcome, Accepted):
        hints.print(f"{whose}{EITHER}")
    else:
        hints.print(f"{whose}{UNTOUCHED if leg.link.feature.calibration_id else NOT_YET}")


async def _finished(
    leg: _Leg, made: CalibrationFile, wanted: Wanted, hints: Console
) -> CalibrationFile:
    """With when and under what it was made; the band gets the reference that goes with it."""
    link, zero_utc = leg.link, leg.zero_utc
    said = await keep_reference(link, reference_of(made), made.calibration.calibration_id)
    if said:
        hints.print(f"! {said}", markup=False)
    if made.rests_on["bias"] == "table":
        warm_c, held = await warmth(link), made.calibration
        made = replace(made, zero_temperature_c=warm_c)
        for sentence in remember(link, warm_c, (held.thigh_gyr_bias, held.shank_gyr_bias)):
            hints.print(f"! {sentence}", markup=False)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    if made.rests_on["bias"] == "table":
        zero_utc = now
    return replace(
        made,
        sensors_id=link.feature.sensors_id,
        created_utc=now,
        zero_utc=zero_utc,
        athlete=wanted.athlete,
    )


def _kept(
    made: CalibrationFile, wanted: Wanted, simulated: bool, both: bool, hints: Console
) -> tuple[CalibrationFile, Path]:
    """Keep it where it was asked for, and for its athlete and leg."""
    if wanted.athlete is not None:
        made = references.keep(made, wanted.athlete, simulated=simulated, hints=hints)
    if wanted.out is None:
        return made, people.keep(made, simulated=simulated)
    path = out_of(wanted.out, made.side) if both else wanted.out
    try:
        made.save(path)
        if wanted.athlete is not None:
            made.save(people.path_of(wanted.athlete, made.side, simulated=simulated))
    except KneeTrackError as error:  # somebody has squatted for it
        spare = people.keep(made, simulated=simulated)
        hints.print(f"! {error} It is kept in {spare} instead.", markup=False, soft_wrap=True)
        path = spare
    return made, path


def out_of(out: Path, side: Side) -> Path:
    """One leg's file, where both are asked for by one name."""
    return out.with_name(f"{out.stem}_{side.word}{out.suffix}")


async def both_around() -> list[str]:
    """The addresses of the two bands that are switched on. UsageError where there are not two."""
    from kneetrack.link.ble_find import scan

    bands = [one for one in await scan() if one.is_band]
    if len(bands) != 2:
        names = ", ".join(one.label for one in bands) or "none"
        raise UsageError(
            f"Both legs need two bands, and heard were: {names}. Name them: --link ble:ONE "
            "--link ble:OTHER, see kneetrack scan."
        )
    return [f"ble:{one.address}" for one in sorted(bands, key=lambda one: one.label)]
