"""`kneetrack import`: two IMUs that others recorded become a trace."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kneetrack.cli.options import JSON_HELP, check_output, side_of
from kneetrack.cli.work_bar import WorkBar
from kneetrack.errors import UsageError
from kneetrack.samples import Window

if TYPE_CHECKING:
    from kneetrack.traces.importers import Align, Findings, Joined, Recording

_SPAN = re.compile(r"^\s*(\d+(?:\.\d*)?)\s*(?:-|to|\.\.)\s*(\d+(?:\.\d*)?)\s*$")
_WINDOW_HELP = "From-to in s of the trace; as often as you like."
_DEG = 180.0 / math.pi
_THIGH_LEANS_MORE = ("squat", "single_leg_squat", "sit_to_stand")


def import_trace(
    thigh: Annotated[Path, typer.Argument(help="The thigh's file, or its folder.")],
    shank: Annotated[Path, typer.Argument(help="The shank's file, or its folder.")],
    form: Annotated[
        str,
        typer.Option("--from", metavar="FORMAT", help="xsens, movella-dot, metawear, x-imu3, csv."),
    ],
    out: Annotated[Path, typer.Option(metavar="FILE.csv", help="The trace.")],
    side: Annotated[str, typer.Option(metavar="SIDE", help="The leg: right or left.")],
    mapping: Annotated[
        Path | None,
        typer.Option(metavar="MAP.toml", help="For csv: its columns and units (see below)."),
    ] = None,
    exercise: Annotated[str, typer.Option(metavar="NAME", help="What is done.")] = "squat",
    stand: Annotated[
        list[str] | None, typer.Option(metavar="A-B", help=f"Standing still. {_WINDOW_HELP}")
    ] = None,
    functional: Annotated[
        list[str] | None, typer.Option(metavar="A-B", help="Slow squats to calibrate with.")
    ] = None,
    table: Annotated[
        list[str] | None, typer.Option(metavar="A-B", help="Both IMUs lying on a table.")
    ] = None,
    reference: Annotated[
        list[str] | None, typer.Option(metavar="A-B", help="Your reference reps.")
    ] = None,
    sets: Annotated[
        list[str] | None, typer.Option("--set", metavar="A-B", help="A set; left out: all of it.")
    ] = None,
    shank_length: Annotated[
        float | None, typer.Option(metavar="M", help="From knee to ankle, about 0.4.")
    ] = None,
    align: Annotated[
        str,
        typer.Option(
            metavar="HOW",
            help="How both clocks go together: auto (as the files say), tap, clock, start.",
        ),
    ] = "auto",
    offset_ms: Annotated[
        float | None, typer.Option(metavar="MS", help="Added to the shank's times, beyond --align.")
    ] = None,
    rate: Annotated[
        float | None, typer.Option(metavar="HZ", help="Of the trace [default: the faster IMU's].")
    ] = None,
    span: Annotated[
        str | None, typer.Option(metavar="A-B", help="Only that part, in s from the common start.")
    ] = None,
    gyr_unit: Annotated[
        str | None,
        typer.Option(metavar="UNIT", help="For xsens, movella-dot: rad/s or deg/s, if not usual."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Make a trace of two IMUs that another system recorded.

    \b
    Examples:
      kneetrack import MT_01-000_00B42D4F.txt MT_01-000_00B42D51.txt --from xsens \\
          --side right --out squats.csv
      kneetrack import thigh.csv shank.csv --from movella-dot --side left --align tap \\
          --stand 2-6 --functional 10-30 --out squats.csv
      kneetrack import thigh_Accelerometer.csv shank_Accelerometer.csv --from metawear \\
          --side right --out squats.csv     (the _Gyroscope.csv is found beside it)
      kneetrack import both.csv both.csv --from csv --mapping map.toml --side right --out squats.csv

    \b
    A mapping file:
      [time]
      column = "t"                     # or rate_hz = 100 instead of column and unit
      unit = "ms"                      # s, ms, us, ns
      [acc]
      columns = ["ax", "ay", "az"]     # [thigh.acc], [shank.acc] where both are in one file
      unit = "g"                       # m/s^2, g, mg
      [gyr]
      columns = ["gx", "gy", "gz"]
      unit = "deg/s"                   # rad/s, deg/s, mdps

    Units come from the file's header or its maker's manual, and are checked against gravity.
    host/IMPORTS.md tells what is read of each format, and where that is written.
    """
    from kneetrack.cli import console
    from kneetrack.traces import importers
    from kneetrack.traces.sidecar import EXERCISES

    leg = side_of(side)
    assert leg is not None
    _check(form, mapping, exercise, EXERCISES, gyr_unit, out, (thigh, shank))
    how = _align_of(align)
    wanted = None if span is None else _span("--span", span)
    windows = [
        Window(kind, *_span(f"--{kind}", one))
        for kind, listed in (
            ("table", table),
            ("stand", stand),
            ("functional", functional),
            ("reference", reference),
            ("set", sets),
        )
        for one in listed or []
    ]
    hints = console.hints()
    with WorkBar(hints) as bar:
        recordings: list[Recording] = []
        for share, path, mount in ((0.0, thigh, "thigh"), (0.25, shank, "shank")):
            bar.told(f"Reading the {mount}'s file", share)
            recordings.append(importers.read(path, form, mount, mapping, gyr_unit))
        bar.told("Laying both side by side", 0.5)
        found = [importers.look(one.path, one.gyr, one.acc) for one in recordings]
        joined = importers.join(
            *recordings,
            align=how,
            offset_s=None if offset_ms is None else 1e-3 * offset_ms,
            rate_hz=rate,
            span=wanted,
        )
        for window in windows:
            if window.start_s >= joined.time_s[-1] or window.end_s <= joined.time_s[0]:
                raise UsageError(
                    f"--{window.kind} {window.start_s:g}-{window.end_s:g} lies outside the trace "
                    f"({joined.time_s[0]:.1f} to {joined.time_s[-1]:.1f} s)."
                )
        bar.told(f"Writing {out.name}", 0.6)
        importers.write_trace(
            joined,
            out,
            side=leg,
            exercise=exercise,
            windows=windows,
            shank_length_m=shank_length,
            notes=_notes(recordings, joined),
        )
    together = importers.moving_together(recordings[0], recordings[1], joined.shift_s)
    still = importers.still_spans(joined.time_s, joined.rows)
    if json:
        console.print_json(_to_json(out, recordings, found, joined, together, still))
        return
    output = console.results()
    output.print(_table(recordings, found, joined))
    output.print(
        f"Laid side by side by {joined.aligned}{_sigma(joined)}"
        + (f"; they move together (r {together:.2f})." if together is not None else "."),
        markup=False,
        highlight=False,
    )
    if still:
        listed = ", ".join(f"{a:.1f}-{b:.1f}" for a, b in still[:8])
        more = f" and {len(still) - 8} more" if len(still) > 8 else ""
        output.print(
            f"Both still for 2 s or more: {listed}{more} s.", markup=False, highlight=False
        )
    output.print(
        f"Trace: {out}, {leg.word} leg, {joined.time_s[-1] - joined.time_s[0]:.1f} s at "
        f"{joined.rate_hz:.4g} samples a second",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
    for sentence in [
        *_swapped(joined, exercise, windows, still),
        *_warnings(recordings, found, joined, together, windows, still),
    ]:
        hints.print(f"! {sentence}", markup=False, highlight=False)
    hints.print(f"Next: kneetrack analyze {out}", markup=False, highlight=False, soft_wrap=True)


def _check(
    form: str,
    mapping: Path | None,
    exercise: str,
    exercises: tuple[str, ...],
    gyr_unit: str | None,
    out: Path,
    sources: tuple[Path, Path],
) -> None:
    """Refuse what can't be before anything is read. UsageError, InputError."""
    from kneetrack.traces import importers

    if form not in importers.FORMATS:
        raise UsageError(f'--from is one of {", ".join(importers.FORMATS)}, not "{form}".')
    if (form == importers.TABLE) != (mapping is not None):
        raise UsageError(
            "--from csv needs --mapping MAP.toml, which tells its columns and units."
            if mapping is None
            else "--mapping is for --from csv; the other formats tell their columns themselves."
        )
    if exercise not in exercises:
        raise UsageError(f'--exercise is one of {", ".join(exercises)}, not "{exercise}".')
    if gyr_unit is not None and importers.tells_unit(form):
        raise UsageError(f"--gyr-unit is for files that tell no unit; those of {form} do.")
    if gyr_unit is not None and gyr_unit not in importers.GYR_UNITS:
        raise UsageError(f"--gyr-unit is one of {', '.join(importers.GYR_UNITS)}.")
    if out.suffix.lower() != ".csv":
        raise UsageError(f"--out names a trace, so it must end in .csv, not {out.name}.")
    if out.resolve() in [source.resolve() for source in sources]:
        raise UsageError("--out would write over what is imported; choose another name.")
    check_output(out, "time_s,")
    check_output(out.with_suffix(".json"), '"side"')


def _align_of(word: str) -> Align:
    from kneetrack.traces.importers import Align

    try:
        return Align(word)
    except ValueError:
        raise UsageError(f'--align is one of {", ".join(Align)}, not "{word}".') from None


def _span(option: str, text: str) -> tuple[float, float]:
    found = _SPAN.match(text)
    if found is None or not float(found.group(1)) < float(found.group(2)):
        raise UsageError(f'{option} is written from-to in seconds, as 2-6, not "{text}".')
    return float(found.group(1)), float(found.group(2))


def _notes(recordings: list[Recording], joined: Joined) -> str:
    files = " and ".join(one.path.name for one in recordings)
    return (
        f"Imported from {files} ({recordings[0].what}); laid side by side by {joined.aligned}"
        f"{_sigma(joined)}; {len(joined.bridged)} holes bridged."
    )


def _sigma(joined: Joined) -> str:
    if joined.sigma_s is None or joined.sigma_s < 5e-4:
        return ""
    return f" (±{1000.0 * joined.sigma_s:.0f} ms)"


def _table(recordings: list[Recording], found: list[Findings], joined: Joined) -> Any:
    from kneetrack.cli.plain_table import plain_table

    table = plain_table()
    for name in ("", "thigh", "shank"):
        table.add_column(name, justify="left", overflow="fold")
    rows: list[tuple[str, list[str]]] = [
        ("file", [one.path.name for one in recordings]),
        ("from", [one.what for one in recordings]),
        ("gyroscope", [_stream(one.gyr) for one in recordings]),
        ("accelerometer", [_stream(one.acc) for one in recordings]),
        (
            "missing, bridged",
            [_bridged(joined, mount) for mount in ("thigh", "shank")],
        ),
        ("gravity", [f"{one.gravity_m_s2:.2f} m/s² where quietest" for one in found]),
        ("turns like gravity", [_scale(one.gyro_scale) for one in found]),
        ("fastest", [f"{one.fastest_rad_s * _DEG:.0f} deg/s" for one in found]),
    ]
    for name, cells in rows:
        table.add_row(name, *cells)
    return table


def _stream(one: Any) -> str:
    steady = "" if one.jitter_s < 5e-4 else f", times ±{1000.0 * one.jitter_s:.0f} ms"
    return f"{one.rate_hz:.4g}/s, {len(one.time_s)} samples{steady}"


def _bridged(joined: Joined, mount: str) -> str:
    holes = [hole for name, hole in joined.bridged if name.startswith(f"{mount}'s gyr")]
    if not holes:
        return "none"
    longest = max(hole.end_s - hole.start_s for hole in holes)
    return f"{sum(hole.count for hole in holes)} in {len(holes)}, longest {longest:.2f} s"


def _scale(scale: float | None) -> str:
    return "turns too little to tell" if scale is None else f"{scale:.2f} (1 is right)"


def _swapped(
    joined: Joined, exercise: str, windows: list[Window], still: list[tuple[float, float]]
) -> list[str]:
    """In a squat the thigh comes level and the shank leans by a third of that."""
    from kneetrack.traces.importers import leaning_deg

    stands = [(window.start_s, window.end_s) for window in windows if window.kind == "stand"]
    stood = next(iter([*stands, *still]), None)
    if exercise not in _THIGH_LEANS_MORE or stood is None:
        return []
    spans = [(w.start_s, w.end_s) for w in windows if w.kind in ("set", "functional", "reference")]
    thigh, shank = leaning_deg(joined.time_s, joined.rows, 0.5 * (stood[0] + stood[1]), spans)
    if shank <= 1.2 * thigh:
        return []
    return [
        f"What is named shank leans by up to {shank:.0f} deg, what is named thigh by {thigh:.0f}; "
        f"in a {exercise.replace('_', ' ')} it is the other way round. Are the files swapped?"
    ]


def _warnings(
    recordings: list[Recording],
    found: list[Findings],
    joined: Joined,
    together: float | None,
    windows: list[Window],
    still: list[tuple[float, float]],
) -> list[str]:
    said = [
        f"{mount}: {sentence}"
        for mount, one in zip(("Thigh", "Shank"), found, strict=True)
        for sentence in one.clipped
    ]
    if together is not None and together < 0.3:
        said.append(
            f"Thigh and shank don't move together (r {together:.2f}): another --align, or files of "
            "two recordings?"
        )
    if joined.sigma_s is None or recordings[0].clock is None:
        minutes = (joined.time_s[-1] - joined.time_s[0]) / 60.0
        if minutes > 5.0:
            said.append(
                "Two clocks that nobody joins drift apart, up to 6 ms a minute; over "
                f"{minutes:.0f} minutes that is {6.0 * minutes:.0f} ms. Import set by set (--span)."
            )
    kinds = {window.kind for window in windows}
    if "stand" not in kinds:
        example = f" --stand {still[0][0] + 0.5:.0f}-{still[0][1] - 0.5:.0f}" if still else ""
        said.append(
            f"No standing still is named (--stand A-B{', as' if example else ''}{example}), so the "
            "calibration comes from the set itself."
        )
    if "functional" not in kinds:
        said.append(
            "No squats to calibrate with are named (--functional A-B): the axes come from the set."
        )
    return said


def _to_json(
    out: Path,
    recordings: list[Recording],
    found: list[Findings],
    joined: Joined,
    together: float | None,
    still: list[tuple[float, float]],
) -> dict[str, Any]:
    return {
        "format": 1,
        "trace": str(out),
        "rate_hz": round(joined.rate_hz, 4),
        "duration_s": round(float(joined.time_s[-1] - joined.time_s[0]), 4),
        "aligned": joined.aligned,
        "aligned_sigma_s": joined.sigma_s,
        "shank_shift_s": round(joined.shift_s, 6),
        "move_together_r": None if together is None else round(together, 4),
        "still": [[round(a, 2), round(b, 2)] for a, b in still],
        "imus": [
            {
                "mount": mount,
                "file": str(one.path),
                "from": one.what,
                "gyroscope_hz": round(one.gyr.rate_hz, 4),
                "accelerometer_hz": round(one.acc.rate_hz, 4),
                "gravity_m_s2": round(each.gravity_m_s2, 4),
                "gyro_scale": None if each.gyro_scale is None else round(each.gyro_scale, 4),
                "fastest_deg_s": round(each.fastest_rad_s * _DEG, 2),
                "clipped": list(each.clipped),
                "bridged": [
                    {"start_s": round(h.start_s, 4), "end_s": round(h.end_s, 4), "samples": h.count}
                    for name, h in joined.bridged
                    if name.startswith(mount)
                ],
            }
            for mount, one, each in zip(("thigh", "shank"), recordings, found, strict=True)
        ],
    }
