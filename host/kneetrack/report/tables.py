"""The report's tables as values: heads with their units, and rows of cells that are text already.

A cell says what a colour would; a row's kind (`in`, `out`, `unsure`, `reference`) sets it apart
besides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from kneetrack.catalogue.trend import Change, Point, Trend
from kneetrack.insight import words as insight_words
from kneetrack.insight.sets import SetSummary
from kneetrack.insight.sides import SideDifference
from kneetrack.insight.strides import ANGLES, TIMING, Spread, Strides
from kneetrack.insight.values import COMPARED, DEPTH, TEMPO, TOTAL, described, value_of
from kneetrack.report import words
from kneetrack.report.limits import Limit
from kneetrack.report.model import LegReport
from kneetrack.report.trend_words import about, value_text
from kneetrack.samples import Rep, Verdict

MOST_MEASURES = 9
MOST_SESSIONS = 15
_OWN_COLUMNS = (DEPTH, "peak_valgus_deg", "valgus_excursion_deg", "medial_displacement_cm")
_SINCE_CONTACT = {
    "peak_valgus_deg": "The largest knee abduction from contact on; of a stride, in stance.",
    "valgus_excursion_deg": "What the valgus gains from contact on, where it is most; inward +.",
    "medial_displacement_cm": "How far the knee came inward over the foot since contact; "
    "outward negative.",
}
"""What these are in movements that begin with the foot's contact."""
_WHERE_FROM = re.compile(r" \((?:biomechanics|rows?|[A-Z]\d)[^)]*\)")
_STRIDE_NAMES = {"peak_valgus_deg": "valgus in stance", "valgus_excursion_deg": "inward"}
_BOUT = (
    "cadence_per_min",
    "stride_s",
    "stance_percent",
    "peak_valgus_deg",
    "valgus_excursion_deg",
    "loading_flexion_deg",
    "swing_flexion_deg",
)


@dataclass(frozen=True, slots=True)
class Column:
    """`unit` stands under the head; `text` columns are set to the left and may wrap."""

    head: str
    unit: str = ""
    text: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """Cells in the columns' order; `kind` is the row's class in the page's style."""

    cells: tuple[str, ...]
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """`caption` says what it is of, for those who don't see where it stands."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


def sets(leg: LegReport) -> Table:
    """A row a set: counts, medians with the deviation from rep to rep, what the reps share."""
    columns = (
        Column("set"), Column("from", "s"), Column("reps in range", text=True), Column("in a row"),
        Column("inward", "°"), Column("depth", "°"), Column("rep time", "s"),
        Column("all reps together", "°"),
    )  # fmt: skip
    rows = [
        Row(
            (
                str(one.index + 1),
                words.plain(one.set.start_s),
                _counts(one),
                str(one.tally.streak),
                *(_middle(one, name) for name in (TOTAL, DEPTH, TEMPO)),
                words.with_sigma(one.set.shift_deg, one.set.shift_sigma_deg),
            )
        )
        for one in leg.summary.sets
    ]
    return Table(f"Sets of the {leg.side.word} leg", columns, tuple(rows))


def _counts(one: SetSummary) -> str:
    text = insight_words.counted(one.tally)
    return re.sub(" reps? in range", "", text).replace(f", {one.tally.streak} of them in a row", "")


def _middle(one: SetSummary, name: str) -> str:
    if name not in one.medians:
        return "–"
    digits, sd = described(name).decimals, one.sds.get(name)
    told = words.signed if name in COMPARED else words.plain
    return told(one.medians[name], digits) + ("" if sd is None else f" ± {words.plain(sd, digits)}")


def reps(leg: LegReport) -> Table:
    """Every rep against the reference, with what speaks against it in full."""
    columns = (
        Column("rep"), Column("set"), Column("start", "s"), Column("depth", "°"),
        Column("inward", "°"), Column("own part", "°"), Column(""),
        Column("against your reference", text=True), Column("at flexion", "°"), Column("phase"),
        Column("valgus", "°"), Column("rotation", "°"), Column("knee in", "cm"),
        Column("down", "s"), Column("bottom", "s"), Column("up", "s"),
    )  # fmt: skip
    return Table(
        f"Reps of the {leg.side.word} leg", columns, tuple(_rep_row(rep) for rep in leg.reps)
    )


def _rep_row(rep: Rep) -> Row:
    cells = (
        words.number(rep), str(rep.set + 1) if rep.set >= 0 else "–", words.plain(rep.start_s),
        words.plain(rep.peak_flexion_deg, 0), words.signed(rep.valgus_excursion_deg),
        words.with_sigma(rep.own_excursion_deg, rep.own_excursion_sigma_deg), words.mark(rep),
        _against(rep),
        words.plain(rep.flexion_at_peak_deg, 0),
        words.PHASES[rep.phase_at_peak] if rep.phase_at_peak else "–",
        words.signed(rep.peak_valgus_deg), words.signed(rep.rotation_excursion_deg),
        words.signed(rep.medial_displacement_cm),
        words.plain(rep.descent_s), words.plain(rep.bottom_s), words.plain(rep.ascent_s),
    )  # fmt: skip
    return Row(cells, words.row_class(rep))


def _against(rep: Rep) -> str:
    """The verdict, short, with all that speaks against it in full; the mark says "doubtful"."""
    if rep.label is not None or not rep.doubt:
        return words.short_verdict(rep)
    doubts = ", ".join(words.DOUBTS[doubt] for doubt in rep.doubt)
    if rep.verdict is None or rep.verdict is Verdict.DOUBTFUL:
        return f"reference: {doubts}" if rep.is_reference else doubts
    return f"{words.SHORT_VERDICTS[rep.verdict]}: {doubts}"


def measures(leg: LegReport) -> Table:
    """Reps of a movement that is described: a column each of its own measures."""
    own = [name for rep in leg.reps for name in rep.measures if not name.endswith("_sigma_deg")]
    known = [
        name
        for name in dict.fromkeys([*own, *_OWN_COLUMNS])
        if any(value_of(rep, name) is not None for rep in leg.reps)
    ][:MOST_MEASURES]
    # Where all are described and nothing more, no column says so.
    says = any(rep.label is not None or rep.doubt for rep in leg.reps)
    rows = [
        Row(
            (
                words.number(rep),
                words.plain(rep.start_s),
                *(_value(leg.reps, rep, name) for name in known),
                *([words.short_verdict(rep)] if says else []),
            ),
            "unsure" if rep.doubt or rep.label else "",
        )
        for rep in leg.reps
    ]
    middles = [leg.summary.medians.get(name) for name in known]
    rows.append(
        Row(
            (
                "median",
                "",
                *(
                    _told(leg.reps, name)(value, described(name).decimals)
                    for name, value in zip(known, middles, strict=True)
                ),
                *([""] if says else []),
            ),
            "total",
        )
    )
    heads = [Column(described(name).words, described(name).unit) for name in known]
    last = [Column("", text=True)] if says else []
    columns = (Column(leg.movement.one), Column("start", "s"), *heads, *last)
    return Table(
        f"{leg.movement.one.capitalize()}s of the {leg.side.word} leg", columns, tuple(rows)
    )


def meanings(leg: LegReport, table: Table) -> list[tuple[str, str]]:
    """What the measures in that table are: (words, meaning)."""
    heads = {column.head for column in table.columns}
    since_contact = any("contact_valgus_deg" in rep.measures for rep in leg.reps)
    names = dict.fromkeys([name for rep in leg.reps for name in rep.measures] + list(_OWN_COLUMNS))
    told = {described(name).words: _meaning(name, since_contact=since_contact) for name in names}
    return [(head, meaning) for head, meaning in told.items() if head in heads]


def _meaning(name: str, *, since_contact: bool) -> str:
    """What the measure is, without the section of host/METHOD.md that it comes from."""
    if since_contact and name in _SINCE_CONTACT:
        return _SINCE_CONTACT[name]
    return _WHERE_FROM.sub("", described(name).meaning)


def _value(among: Sequence[Rep], rep: Rep, name: str) -> str:
    return _told(among, name)(value_of(rep, name), described(name).decimals)


def _told(among: Sequence[Rep], name: str) -> Callable[[float | None, int], str]:
    """With a sign where any of them is negative."""
    is_signed = any((value_of(each, name) or 0.0) < 0.0 for each in among)
    return words.signed if is_signed else words.plain


def strides(found: Strides) -> Table:
    """All strides that count together: a row a value."""
    columns = (
        Column("", text=True), Column("median"), Column("mean"), Column("SD"),
        Column("SE of the mean"), Column("strides"), Column("what it is", text=True),
    )  # fmt: skip
    rows: list[Row] = []
    for name in (*TIMING, *ANGLES):
        one = found.of(name)
        if one is None or (name in ANGLES and (found.is_implausible or not found.is_enough)):
            continue
        measure = described(name)
        digits = max(1, measure.decimals)
        head = _STRIDE_NAMES.get(name, measure.words)
        unit = f", {measure.unit}" if measure.unit else ""
        meaning = _meaning(name, since_contact=True)
        rows.append(
            Row(
                (
                    f"{head}{unit}", words.plain(one.median, digits),
                    words.plain(one.mean, digits), words.plain(one.sd, digits),
                    words.plain(one.sem, digits + 1), str(one.count), meaning,
                )
            )
        )  # fmt: skip
    return Table("Strides together", columns, tuple(rows))


def bouts(parts: Sequence[tuple[str, Strides]]) -> Table:
    """A row a bout, its medians; angles of few strides in brackets."""
    heads = [Column(_STRIDE_NAMES.get(n, described(n).words), described(n).unit) for n in _BOUT]
    rows = [
        Row(
            (
                head.removeprefix("bout "), f"{part.counted} of {part.found}",
                *(_stride_value(part.of(name), name, part) for name in _BOUT),
            )
        )
        for head, part in parts
    ]  # fmt: skip
    return Table("Bouts", (Column("bout"), Column("strides"), *heads), tuple(rows))


def _stride_value(one: Spread | None, name: str, part: Strides) -> str:
    if one is None or (name in ANGLES and part.is_implausible):
        return "–"
    text = words.plain(one.median, described(name).decimals)
    return f"({text})" if name in ANGLES and not part.is_enough else text


def sides(found: Iterable[SideDifference]) -> Table:
    """Right against left, each with the least difference that is told apart."""
    columns = (
        Column("", text=True), Column("right"), Column("left"), Column("right − left"),
        Column("least told apart"), Column("reps r, l"), Column("", text=True),
    )  # fmt: skip
    rows: list[Row] = []
    for one in found:
        measure = described(one.name)
        digits = measure.decimals
        more = one.more
        told = (
            words.signed if min(one.right, one.left) < 0.0 or one.name in COMPARED else words.plain
        )
        said = "not distinguishable" if more is None else f"{more.word} more"
        share = "" if more is None or one.percent is None else f" ({abs(one.percent):.0f} %)"
        unit = f", {measure.unit}" if measure.unit else ""
        rows.append(
            Row(
                (
                    f"{measure.words}{unit}", told(one.right, digits),
                    told(one.left, digits), words.signed(one.difference, digits),
                    words.plain(one.mdc, digits), f"{one.reps[0]}, {one.reps[1]}", said + share,
                ),
                "out" if one.told_apart else "",
            )
        )  # fmt: skip
    return Table("Right against left", columns, tuple(rows))


def course(one: Trend) -> Table:
    """The last sessions of a leg's course, this one at the end."""
    measure = about(one.name)
    columns = (
        Column("session", text=True), Column("load", "kg"), Column("reps"),
        Column(measure.words, measure.unit), Column("95 % interval", measure.unit),
        Column("since the first", text=True),
    )  # fmt: skip
    rows = [
        Row(
            (
                _when(point),
                "–" if point.session.load_kg is None else f"{point.session.load_kg:g}",
                str(point.figure.reps),
                value_text(point.figure.median, measure),
                "–"
                if point.figure.low is None or point.figure.high is None
                else f"{value_text(point.figure.low, measure)} to "
                f"{value_text(point.figure.high, measure)}",
                _since(point.compared, point.from_first, measure.decimals),
            )
        )
        for point in one.points[-MOST_SESSIONS:]
    ]
    return Table(f"{measure.words}, {one.side.word} leg", columns, tuple(rows))


def _when(point: Point) -> str:
    started = point.session.started
    return "–" if started is None else f"{started.astimezone():%Y-%m-%d %H:%M}"


def _since(compared: bool, change: Change | None, digits: int) -> str:
    if not compared:
        return "too few to compare"
    if change is None:
        return "–"
    said = "changed" if change.changed else "not distinguishable"
    return f"{words.signed(change.difference, digits)} {said}"


def limits(known: Iterable[Limit]) -> Table:
    """How far what is said can be off, line by line with its source."""
    columns = (Column("what", text=True), Column("how much", text=True), Column("by", text=True))
    rows = tuple(Row((one.what, one.size, one.source)) for one in known)
    return Table("How far the figures can be off", columns, rows)
