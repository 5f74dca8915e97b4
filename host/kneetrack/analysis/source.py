"""Which analysis a source gets: a log its own, a trace its own, a folder each file in turn.

Both end in the same `detection.Analyzer`: a trace runs through kneecore first, a log brings the
band's own knee samples.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from kneetrack.analysis.log import analyse_log, log_samples
from kneetrack.analysis.session import SessionResult
from kneetrack.analysis.trace import analyse_trace, trace_samples
from kneetrack.errors import InputError
from kneetrack.samples import KneeSample, Side
from kneetrack.traces.reader import COLUMNS
from kneetrack.traces.reference import REFERENCE_COLUMNS

LOG_SUFFIX = ".mcap"
TRACE_SUFFIX = ".csv"
REFERENCE_SUFFIX = ".ref.csv"
HEADER_LETTERS = 4000
FAILED_COLUMNS = ("table", "source", "reason")
"""Of the list of recordings that could not be read, which a table of reps has beside it."""
_OWN_TABLES = (
    REFERENCE_COLUMNS,
    FAILED_COLUMNS,
    ("time_s", "q_earth_thigh_w", "q_earth_shank_w"),
    ("time_s", "thigh_gyr_x_rad_s", "shank_acc_z_m_s2"),
    ("onset_s", "duration_s", "event"),
    ("source", "side", "rep", "verdict", "own_excursion_deg"),
)
"""Columns that only tables have which kneetrack wrote: angles, and all that `export` writes."""


def analyse(source: Path, *, side: Side | None = None, realign: bool = False) -> SessionResult:
    """What is in `source`, a log (.mcap) or a trace (.csv).

    `side` is the leg of a trace without a sidecar, and picks one leg of a log. `realign` computes a
    log's angles anew from its quaternions. Raises LogError, TraceError, CalibrationError or
    UsageError.
    """
    if is_log(source):
        return analyse_log(source, side=side, realign=realign)
    return analyse_trace(source, side=side)


def knee_samples_of(
    source: Path, *, side: Side | None = None, realign: bool = False
) -> Iterator[KneeSample]:
    """The knee samples of one leg of a log or trace. Raises as `analyse`."""
    if is_log(source):
        return log_samples(source, side=side, realign=realign)
    return trace_samples(source, side=side)


def sources_in(path: Path) -> Iterator[Path]:
    """`path` itself, or the logs and traces of a folder and those below, in order of name.

    Tables that kneetrack itself writes beside them (angles, exports, reps, what failed) are passed
    over. Raises InputError for a folder without any.
    """
    if not path.is_dir():
        yield path
        return
    found = [
        file
        for file in sorted(path.rglob("*"))
        if file.suffix.lower() in (LOG_SUFFIX, TRACE_SUFFIX)
        and not file.name.endswith(REFERENCE_SUFFIX)
        and not _is_own_table(file)
    ]
    if not found:
        raise InputError(f"{path} holds no logs (.mcap) and no traces (.csv).")
    yield from found


def _is_own_table(file: Path) -> bool:
    """Whether a CSV is one of _OWN_TABLES and holds no signals as a trace does."""
    if file.suffix.lower() != TRACE_SUFFIX:
        return False
    try:
        with file.open(encoding="utf-8-sig", errors="replace") as text:
            line = text.readline(HEADER_LETTERS)
    except OSError:
        return False  # whoever reads it says why not
    names = {name.strip(' "') for name in line.strip().split(",")}
    return any(map(names.issuperset, _OWN_TABLES)) and names.isdisjoint(COLUMNS[1:])


def is_log(source: Path) -> bool:
    """Whether `source` is a log rather than a trace. Raises InputError for neither, and for a table
    such as kneetrack makes from them."""
    suffix = source.suffix.lower()
    if suffix not in (LOG_SUFFIX, TRACE_SUFFIX):
        if not suffix and not source.exists():  # a folder was meant
            raise InputError(f"{source} does not exist. Check the name.")
        raise InputError(f"{source} is neither a log (.mcap) nor a trace (.csv).")
    if _is_own_table(source):
        raise InputError(
            f"{source} is a table of angles, events or repetitions, as kneetrack writes them, and "
            "no recording. Give the log (.mcap) or the trace (.csv) that it was made from."
        )
    return suffix == LOG_SUFFIX
