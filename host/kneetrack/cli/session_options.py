"""The options of a session that is recorded: by `record`, and by `dashboard --link`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

Exercise: TypeAlias = Annotated[
    str | None, typer.Option(metavar="NAME", help="What is done [default: squat].")
]
Athlete: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="ALIAS",
        help="An alias; rather not a name, the file is kept as it is. Calibration and reference "
        "are that person's own.",
    ),
]
Load: TypeAlias = Annotated[
    str | None, typer.Option(metavar="LOAD", help="In kg, or lb: 60, 62.5kg, 135lb.")
]
Rest: TypeAlias = Annotated[
    float | None,
    typer.Option(
        metavar="SECONDS",
        help="How long you mean to rest between sets: counted down, then a bell.",
        min=1,
        max=3600,
    ),
]
Calibrations: TypeAlias = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="CAL.json",
        help="From kneetrack calibrate; matched by side [default: the athlete's own, else the "
        "band's].",
    ),
]
Out: TypeAlias = Annotated[
    Path | None,
    typer.Option(metavar="FILE.mcap", help="The log [default: in your data folder]."),
]
Duration: TypeAlias = Annotated[
    float | None, typer.Option(metavar="SECONDS", help="End after that many seconds.", min=0.1)
]
NoRaw: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--no-raw",
        help="Keep angles only: a third of the size, but no new angles from raw data later.",
    ),
]
NoQuestions: TypeAlias = Annotated[
    bool, typer.Option("--no-questions", help="Ask nothing before it begins.")
]
Leg: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="SIDE", help="The leg, where neither calibration nor source says it."),
]
