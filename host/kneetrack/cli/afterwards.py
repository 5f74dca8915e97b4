"""What `record` tells when it is over: what came, and what the second zeros taught."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from kneetrack.cli.session import Leg, Recorded
    from kneetrack.live import Figures


def tell_figures(leg: Leg, figures: Figures, hints: Console, *, several: bool) -> None:
    """What came, what came late, and what did not come, with the reason."""
    from kneetrack.cli import link_line

    lost = "" if figures.unfetched else ", none missing"
    if figures.lost_samples:
        lost = f", {figures.lost_samples} missing"
    late = f" ({figures.recovered_samples} fetched later)" if figures.recovered_samples else ""
    whose = f"{leg.analyzer.side.word.capitalize()} leg: " if several else ""
    hints.print(
        f"{whose}{figures.knee_samples} knee samples in {figures.packets} packets{lost}{late}."
    )
    for sentence in link_line.all_unfetched(figures.unfetched):
        hints.print(f"! {leg.title}: {sentence}", markup=False)
    for error in figures.sink_errors:
        why = f"{type(error).__name__}: {error}"
        hints.print(f"! The view ended early, the recording did not ({why}).", markup=False)


async def remember_zeros(legs: list[Leg], recorded: Recorded, hints: Console) -> None:
    """Keep the zeros that were measured after the set, for the curve over temperature."""
    from kneetrack.calibration.zeros import remember, warmth

    for leg, zeros in zip(legs, recorded.zeros, strict=True):
        side = leg.analyzer.side.word
        if zeros is None:
            hints.print(
                f"No second zero of the {side} leg: its sensors were not seen lying on a table, "
                "both at once, for 6 s behind the last rep. The recording is whole, and analyze "
                "--offline makes do with the first zero. Next time end the set with q or "
                "--duration, and leave both sensors on a firm table until the recording ends."
            )
            continue
        hints.print(f"The {side} leg's second zero was measured.")
        for sentence in remember(leg.link, await warmth(leg.link), zeros):
            hints.print(f"! {sentence}", markup=False)
