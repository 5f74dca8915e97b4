"""`kneetrack analyze`: what is in a log or a trace."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kneetrack.cli import cohort
from kneetrack.cli.options import JSON_HELP, SIDE_HELP, side_of
from kneetrack.errors import InputError, KneeTrackError

if TYPE_CHECKING:
    from kneetrack.analysis import SessionResult

ALL_HELP = "A row for every stride of a walk or run, not their summary alone."
MEASURES_HELP = "Show more of each rep: tempo, knee, shaking, ..., or all."
OFFLINE_HELP = "Measure again from the raw IMU data, with the whole recording at hand."


def analyze(
    source: Annotated[
        Path, typer.Argument(help="A log (.mcap), a trace (.csv), or a folder of them.")
    ],
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
    realign: Annotated[
        bool, typer.Option("--realign", help="Compute a log's angles anew from its quaternions.")
    ] = False,
    offline: Annotated[bool, typer.Option("--offline", help=OFFLINE_HELP)] = False,
    side: Annotated[str | None, typer.Option(metavar="SIDE", help=SIDE_HELP)] = None,
    every: Annotated[bool, typer.Option("--all", help=ALL_HELP)] = False,
    measures: Annotated[str | None, typer.Option(metavar="NAMES", help=MEASURES_HELP)] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE.parquet", help=cohort.OUT_HELP)] = None,
    jobs: Annotated[int | None, typer.Option(metavar="N", help=cohort.JOBS_HELP)] = None,
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help=cohort.SCHEDULER_HELP)
    ] = None,
) -> None:
    """List the reps of a recording, each against your own reference.

    \b
    Examples:
      kneetrack analyze session.mcap
      kneetrack analyze squats.csv --json
      kneetrack analyze session.mcap --offline     again from the raw data, both side by side
      kneetrack analyze squats.csv --side left     a trace without a sidecar
      kneetrack analyze walk.mcap --all            every stride, besides their summary
      kneetrack analyze session.mcap --measures tempo,smoothness
      kneetrack analyze session.mcap --measures all
      kneetrack analyze DIR --out reps.parquet --jobs 4
      kneetrack analyze DIR --out reps.parquet --scheduler tcp://10.0.0.5:8786

    A folder prints one result after the other; with --json one document a line.

    With --out all its recordings go into one Parquet table, a row a rep, whose columns say what
    they mean. What is read is kept beside it (reps.parquet.parts): stopped or run again, only
    what is missing or changed is read. A recording that can't be read is told, listed in
    failed.csv beside the table, and stops nothing; the exit code is 1 then, and 130 after Ctrl-C.
    """
    if out is not None:
        cohort.write_table(
            source,
            out,
            jobs=jobs,
            scheduler=scheduler,
            side=side,
            realign=realign,
            json=json,
            other={"--offline": offline, "--all": every, "--measures": measures is not None},
        )
        return
    cohort.check_alone(jobs, scheduler)

    import json as json_text

    from kneetrack.analysis import analyse, sources_in, to_json
    from kneetrack.analysis.offline_session import analyse_offline, beside, versions
    from kneetrack.cli import console
    from kneetrack.cli.beside import print_comparison
    from kneetrack.cli.insight_lines import edits_line, print_session
    from kneetrack.cli.marking import told
    from kneetrack.cli.measure_columns import measures_asked, print_measures
    from kneetrack.cli.table import last_with_reps, print_summary
    from kneetrack.detection import suggest
    from kneetrack.report import words

    output, hints = console.results(), console.hints()
    asked = measures_asked(measures)
    wanted = side_of(side)
    refused = 0
    for path in sources_in(source):
        try:
            result = analyse(path, side=wanted, realign=realign)
            again = analyse_offline(path, side=wanted) if offline else None
        except KneeTrackError as error:
            if not source.is_dir():
                raise
            refused += 1
            hints.print(f"! {error}", markup=False, soft_wrap=True)
            continue
        if json:
            document = to_json(result) if again is None else beside(to_json(result), again)
            if source.is_dir():
                document = {"source": str(path), **document}
                typer.echo(json_text.dumps(document, allow_nan=False, ensure_ascii=False))
            else:
                console.print_json(document)
            continue
        if source.is_dir():
            output.print(str(path), markup=False, style="bold", soft_wrap=True)
        explained = last_with_reps([leg.result for leg in result.legs])
        for place, leg in enumerate(result.legs):
            title = f"{leg.result.side.word} leg, {leg.result.exercise.replace('_', ' ')}"
            grade = "none" if leg.calibration is None else leg.calibration.grade
            print_summary(
                output,
                leg.result.reps,
                leg.result.sets,
                title=f"{title}, calibration grade {grade}",
                gaps=leg.result.gaps,
                every=every,
                legend=place == explained,
            )
            if asked is not None:
                print_measures(output, leg.result.reps, asked)
            if said := words.not_counted(leg.result.rejected):
                output.print(said, markup=False, highlight=False)
            if (other := suggest(leg.result)) is not None:
                hints.print(f"! {words.looks_like(other, str(path))}", markup=False)
        print_session(output, [leg.result for leg in result.legs], result.session)
        if marks := told(result.markers):
            output.print(marks, markup=False)
        if said := edits_line(result.edits):
            hints.print(said, markup=False)
        for warning in _warnings(result):
            hints.print(f"! {warning}", markup=False)
        if again is None:
            continue
        made_by = versions()
        for leg, other in zip(result.legs, again.legs, strict=True):
            print_comparison(
                output,
                (leg.result.reps, leg.result.sets),
                (other.result.reps, other.result.sets),
                title=f"{leg.result.side.word} leg",
            )
        hints.print(f"Measured again with kneetrack {made_by['kneetrack']}, vqf {made_by['vqf']}.")
        for warning in _warnings(again):
            if warning not in _warnings(result):
                hints.print(f"! Offline: {warning}", markup=False)
    if refused:
        raise InputError(f"{refused} of the files in {source} could not be analysed.")


def _warnings(result: SessionResult) -> list[str]:
    """Those of the analysis, behind those with which a log's calibration was made."""
    made = [leg.calibration.warnings for leg in result.legs if leg.calibration is not None]
    return list(dict.fromkeys([*(w for each in made for w in each), *result.warnings]))
