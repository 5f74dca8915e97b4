"""A session report as one HTML file that needs nothing else: no network, no scripts."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from kneetrack.errors import UsageError
from kneetrack.report import words
from kneetrack.report.model import SessionReport, session_report
from kneetrack.samples import Side
from kneetrack.whole_file import whole_file


def write(source: Path, out: Path, *, side: Side | None = None) -> None:
    """Write the report of a log or trace to `out`, in one step: never half a page.

    Raises what reading the source raises, UsageError as `render`, and InputError where `out` can't
    be written.
    """
    page = render(session_report(source, side=side))
    with whole_file(out) as file:
        file.write(page)


def render(report: SessionReport) -> str:
    """The page. Raises UsageError where the packages of the extra `export` are missing."""
    check_available()
    import jinja2
    from markupsafe import Markup

    from kneetrack.report import figures

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("kneetrack.report", "."),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    drawn = [
        {
            "over_time": Markup(figures.over_time(leg)),
            "mean": None
            if leg.mean is None
            else Markup(figures.mean_reps(leg.mean, leg.limit_deg)),
            "excursions": Markup(figures.excursions(leg.reps, leg.limit_deg))
            if any(rep.own_excursion_deg is not None for rep in leg.reps)
            else None,
        }
        for leg in report.legs
    ]
    return environment.get_template("template.html").render(
        report=report, legs=list(zip(report.legs, drawn, strict=True)), words=words
    )


def check_available() -> None:
    """Raises UsageError with the remedy where a report can't be made on this machine."""
    if any(importlib.util.find_spec(name) is None for name in ("jinja2", "matplotlib")):
        raise UsageError(
            "Reports need two more packages; install them with: make setup, or "
            "pip install -e '.[export]' in the clone."
        )
