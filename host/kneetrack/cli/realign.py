"""Key `a` while a recording runs: a strap that slipped is re-aligned by a stand and three squats.

What leads through it is `kneetrack.live.realigning`; here are its key, what makes a calibration of
the raw pairs, and what is kept when the recording is over: a file as of `kneetrack calibrate`, and
the band holds it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kneetrack.analysis.trace import calibrate, reference_of
from kneetrack.calibration import CalibrationFile, people, runner
from kneetrack.errors import KneeTrackError, LinkError
from kneetrack.live import Realigning, keep_reference
from kneetrack.samples import ImuPair, Window

if TYPE_CHECKING:
    from kneetrack.cli.desk import Desk
    from kneetrack.cli.session import Leg

KEY = "a"


def ready(leg: Leg, athlete: str | None, *, raw: bool) -> Realigning:
    """How a leg may be re-aligned; the zeros of its gyroscopes stay those of its calibration."""
    before = leg.calibration
    side = leg.analyzer.side
    zeros = None
    if before is not None:
        zeros = before.calibration.thigh_gyr_bias, before.calibration.shank_gyr_bias

    def derive(pairs: Sequence[ImuPair], windows: Sequence[Window]) -> CalibrationFile:
        made = calibrate(runner.as_trace(pairs, side, windows), zeros=zeros)
        return replace(
            made,
            sensors_id=leg.link.feature.sensors_id,
            created_utc=datetime.now(UTC).isoformat(timespec="seconds"),
            zero_utc=None if before is None else before.zero_utc,
            athlete=athlete,
        )

    return Realigning(side, derive, zeros, raw=raw)


def offer(desk: Desk, legs: Sequence[Realigning]) -> None:
    """Put the key on the desk: for the leg whose strap was told to have slipped, else for all."""

    def word() -> str:
        active = [leg for leg in legs if leg.active]
        if active:
            return f"leaves it ({', '.join(dict.fromkeys(leg.progress for leg in active))})"
        return "re-align now, 30 s" if any(leg.slipped for leg in legs) else "re-align"

    def act() -> None:
        active = [leg for leg in legs if leg.active]
        for leg in active:
            leg.leave()
        if not active:
            for leg in [leg for leg in legs if leg.slipped] or legs:
                leg.begin()

    desk.on(KEY, word, act)


async def keep(legs: Sequence[Leg], realigned: Sequence[Realigning]) -> list[str]:
    """Keep the newest alignments, give them to the bands, and what is to be said of it."""
    said: list[str] = []
    for leg, each in zip(legs, realigned, strict=True):
        if each.made is None:
            continue
        whose = f"The {each.side.word} leg's new alignment (grade {each.made.grade})"
        try:
            people.keep(each.made, simulated=leg.link.info.is_simulated)
        except KneeTrackError as error:
            said.append(f"! {whose} is in the log, but could not be kept for next time: {error}")
            continue
        try:
            await runner.store(leg.link, each.made.calibration)
            reference, number = reference_of(each.made), each.made.calibration.calibration_id
            alone = await keep_reference(leg.link, reference, number)
        except LinkError as error:
            said.append(
                f"! {whose} is in the log, but the band holds the former one: {error} Calibrate "
                f"before the next recording: kneetrack calibrate --side {each.side.word}"
            )
        else:
            said.append(f"{whose} is on the band, and used from now on.")
            said += [f"! {alone}"] if alone else []
    return said
