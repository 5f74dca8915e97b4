"""The tables of `kneetrack validate`: whole within 80 columns, and readable down to 40.

A narrow terminal has the agreement turned on its side, and loses of each rep what can be spared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from kneetrack.analysis.axis_fit import ANGLES, Errors
from kneetrack.analysis.rep_agreement import Pair, RepAgreement
from kneetrack.analysis.validate import AngleAgreement, Validation
from kneetrack.analysis.validation_json import PER_REP, over_reps
from kneetrack.cli.plain_table import plain_table

_VARIANTS = {
    "as_analysed": "as analysed",
    "crosstalk_off": "crosstalk refinement off",
    "crosstalk_on": "crosstalk refinement on",
}
_WAYS = {
    "raw": "as both tell them",
    "minus_mean": "each angle's mean taken off",
    "same_axes": "both frames turned to fit best",
}
_FIGURES = ("RMSE", "bias", "SD", "limits from", "to", "CMC", "CMC'")
_UNKNOWN = "–"
_UPRIGHT = 72  # columns that the agreement takes with an angle a row
_WITH_RMSE = 79
_WITH_REFERENCE = 64
_AGREEMENT_NOTE = (
    "KneeTrack minus reference, over all samples of the sets. Limits: 95 % of the differences of "
    "this person, strapped on once, are expected between them (limits of agreement, Bland and "
    "Altman 2007, reps as groups). CMC: how alike the curves of a rep are, 1 is the same (Ferrari "
    "2010), mean over reps; CMC' with each rep's mean taken off. "
    f"{_UNKNOWN}: the two differ more than the angle moves."
)
_REP_NOTE = (
    "In brackets the reference's own. Valgus: excursion from the rep's start. Matched: against the "
    f"other reps at equal flexion. {_UNKNOWN}: the reference has a hole in the rep, or there are "
    "too few reps to match."
)
_RMSE_HEAD = "RMSE          \nflex valg  rot"  # above "{:4.1f}" of each


def shown(found: Validation, width: int) -> Iterator[RenderableType]:
    """What to print on a terminal of `width` columns, one after the other."""
    yield Text(_heading(found))
    yield _agreement(found, upright=width >= _UPRIGHT)
    yield Text(_AGREEMENT_NOTE, style="dim")
    yield _three_ways(found.errors)
    if found.reps:
        yield _each_rep(found.reps, width)
        yield Text(_REP_NOTE, style="dim")


def _heading(found: Validation) -> str:
    """Who and what, how much of it has a reference, and the clocks."""
    what = f"{found.side.word.capitalize()} leg, {found.exercise.replace('_', ' ')}"
    count = len(found.reps)
    reps = f"{count} rep{'' if count == 1 else 's'}"
    how = ", measured offline" if found.offline else ""
    said = [f"{what}, {reps}{how}.", f"The reference covers {_covered(found)}."]
    if found.lag is None:
        said.append("No time lag was sought.")
    elif ahead := found.lag.words:
        said.append(
            f"Its clock was {ahead}, which is taken off (flexion then r "
            f"{found.lag.correlation:.4f})."
        )
    else:
        said.append(f"Flexion of both: r {found.lag.correlation:.4f}.")
    return " ".join(said)


def _covered(found: Validation) -> str:
    """Of the samples in sets, with each angle where they differ; and of the reps."""
    shares = {
        name: share for name, share in found.covered.items() if found.angles[name] is not None
    }
    flexion = shares.get("flexion", 0.0)
    if max(shares.values(), default=0.0) - min(shares.values(), default=0.0) < 0.005:
        much = _percent(flexion)
    else:
        much = ", ".join(f"{_percent(share)} ({name})" for name, share in shares.items())
    text = f"{much} of the sets' {found.samples} samples"
    if not found.reps:
        return text
    return f"{text} and {found.reps_covered} of {len(found.reps)} reps"


def _percent(share: float) -> str:
    """100 % only where nothing is missing."""
    return "100 %" if share == 1.0 else f"{min(100.0 * share, 99.9):.1f} %"


def _agreement(found: Validation, *, upright: bool) -> Table:
    rows = [
        (name, *(_cells(angle) if angle else [_UNKNOWN] * len(_FIGURES)))
        for name, angle in found.angles.items()
    ]
    lines = [("", *_FIGURES), *rows]
    if not upright:
        lines = list(zip(*lines, strict=True))
    table = plain_table("Agreement, °", gap=2, apart=True)
    table.add_column(lines[0][0], no_wrap=upright)
    for head in lines[0][1:]:
        table.add_column(head, justify="right")
    for line in lines[1:]:
        table.add_row(*line)
    return table


def _cells(angle: AngleAgreement) -> list[str]:
    limits = angle.limits
    return [
        f"{angle.overall.rmse:.2f}",
        f"{angle.overall.bias:+.2f}",
        f"{angle.overall.sd:.2f}",
        f"{limits.lower:+.2f}" if limits else _UNKNOWN,
        f"{limits.upper:+.2f}" if limits else _UNKNOWN,
        _number(angle.cmc, "{:.3f}"),
        _number(angle.cmc_minus_mean, "{:.3f}"),
    ]


def _three_ways(errors: dict[str, Errors]) -> Table:
    table = plain_table("Root mean square errors, °", gap=2, apart=True)
    table.add_column("")
    for name in ANGLES:
        table.add_column(name, justify="right")
    for variant, one in errors.items():
        table.add_row(f"{_VARIANTS.get(variant, variant)}, {one.samples} samples", style="bold")
        for way, said in _WAYS.items():
            row: tuple[float | None, ...] = getattr(one, way)
            table.add_row(f"  {said}", *[_number(value, "{:.2f}") for value in row])
    return table


def _each_rep(reps: Sequence[RepAgreement], width: int) -> Table:
    several = len({one.rep.set for one in reps}) > 1
    with_rmse, with_reference = width >= _WITH_RMSE, width >= _WITH_REFERENCE
    table = plain_table("Errors of each rep, °", gap=2, apart=True)
    for head in ("rep", "start s", "peak flexion", "valgus", "matched"):
        table.add_column(head, justify="right")
    if with_rmse:
        table.add_column(_RMSE_HEAD, justify="right", no_wrap=True)
    for one in reps:
        number = str(one.rep.index + 1)
        table.add_row(
            f"{one.rep.set + 1}.{number}" if several else number,
            f"{one.rep.start_s:.1f}",
            *[_pair(getattr(one, name), with_reference) for name in PER_REP],
            *([" ".join(_number(value, "{:4.1f}") for value in one.rmse)] if with_rmse else []),
        )
    overall = [over_reps(reps, name) for name in PER_REP]
    blank = " " * 8 if with_reference else ""
    for label, form in (("bias", "{:+.1f}"), ("SD", "{:.1f}")):
        table.add_row(
            label,
            "",
            *[
                _UNKNOWN if each is None else f"{form.format(getattr(each, label.lower()))}{blank}"
                for each in overall
            ],
            *([""] if with_rmse else []),
            style="bold",
        )
    return table


def _pair(pair: Pair | None, with_reference: bool) -> str:
    if pair is None:
        return _UNKNOWN
    return f"{pair.error:+.1f}" + (f" ({pair.reference:5.1f})" if with_reference else "")


def _number(value: float | None, form: str) -> str:
    return _UNKNOWN if value is None else form.format(value)
