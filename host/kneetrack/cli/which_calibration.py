"""Which calibration a recording is made with: given, made by the source, kept of the person, or the
band's own; and the reference that goes with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kneetrack.errors import CalibrationError
from kneetrack.samples import Side

if TYPE_CHECKING:
    from rich.console import Console

    from kneetrack.calibration import CalibrationFile
    from kneetrack.link import Link


def with_reference(
    link: Link, made: CalibrationFile, athlete: str, hints: Console
) -> CalibrationFile:
    """With the reference kept of the athlete, where neither calibration nor source brings one."""
    from kneetrack.cli import references

    kinds = {window.kind for window in (link.scenario.windows if link.scenario else ())}
    if kinds & {"functional", "reference"} and made.reference is None:
        return made  # a trace brings its own along
    return references.lend(made, athlete, simulated=link.info.is_simulated, hints=hints)


def check_sensors(link: Link, made: CalibrationFile | None) -> None:
    """Axes and stance found with other counts than the band's hold no more."""
    if made is None or link.info.is_simulated:
        return
    if made.sensors_id != link.feature.sensors_id:
        raise CalibrationError(
            "This calibration of the leg was made before the band's sensors were calibrated, and "
            f"does not fit them. Make one: kneetrack calibrate --side {made.side.word}"
        )


async def of(
    link: Link,
    given: list[CalibrationFile],
    side: Side | None,
    athlete: str | None,
    hints: Console,
    *,
    quiet: bool,
) -> CalibrationFile | None:
    """The calibration to record with; None where the band has only what it holds.

    `quiet` leaves out what the checks before a recording tell anyway.
    """
    scenario = link.scenario
    wanted = side or (None if scenario is None else scenario.side) or Side(link.feature.side)
    if given:
        fitting = [one for one in given if one.side is wanted]
        if not fitting and side is None and scenario is None and len(given) == 1:
            fitting = given  # a real band is told its side by the calibration
        if not fitting:
            raise CalibrationError(
                f"None of the calibrations is of the {wanted.word} leg; make one with: "
                f"kneetrack calibrate --side {wanted.word}."
            )
        _tell_quality(fitting[-1], hints)
        return fitting[-1]
    if scenario is None:
        return _kept(link, wanted, athlete, hints, quiet=quiet)
    try:
        made = await _of_source(link, hints)
    except CalibrationError as error:
        hints.print(f"Without a calibration, angles mean nothing: {error}", markup=False)
        return None
    _tell_quality(made, hints)
    return made


def _tell_quality(made: CalibrationFile, hints: Console) -> None:
    from kneetrack.cli import session

    hints.print(session.quality(made))
    for warning in made.warnings:
        hints.print(f"! {warning}", markup=False)


async def _of_source(link: Link, hints: Console) -> CalibrationFile:
    """A trace's calibration comes from its file, a simulated leg's from its movements."""
    from kneetrack.analysis.calibrate import from_trace
    from kneetrack.cli import session
    from kneetrack.link.trace import TraceLink

    if isinstance(link, TraceLink):
        return from_trace(link.trace)
    return await session.calibrate_with_progress(link, hints)


def _kept(
    link: Link, side: Side, athlete: str | None, hints: Console, *, quiet: bool
) -> CalibrationFile | None:
    """What is kept of the band and whoever wears it; None where there is only what it holds."""
    from kneetrack.calibration import people

    held = link.feature.calibration_id
    chosen = people.choose(held, side, athlete)
    for sentence in () if quiet else chosen.remarks:
        hints.print(sentence, markup=False, soft_wrap=True)
    for sentence in chosen.warnings:
        hints.print(f"! {sentence}", markup=False, soft_wrap=True)
    if chosen.made is None and not held and not quiet:
        hints.print("The band has no calibration, so its angles mean nothing yet.")
    return chosen.made
