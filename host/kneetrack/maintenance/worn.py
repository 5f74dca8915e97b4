"""Whether the calibration of a leg still holds, and the zeros of its gyroscopes: as rows.

Nothing tells whether a strap was taken off since. What is known: how old the calibration is,
whether the band was switched off meanwhile, and for which sensors and leg it was made. A zero
wanders with temperature, some 0.01 deg/s a kelvin (`calibration.temperature`), and with the days.

Pure: everything comes in `Worn`. A simulated leg is calibrated by its own movements, a moment ago.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from kneetrack.calibration.grounds import ZERO_KEEPS
from kneetrack.calibration.people import age_of, described, in_words
from kneetrack.calibration.store import CalibrationFile
from kneetrack.maintenance.rows import Row, State, band_row
from kneetrack.samples import Side

WARMED_C = 10.0
"""So much warmer or colder than at the zero, it has moved by 0.1 deg/s: 6 deg of heading a minute,
more than the standing rests of a set should have to take back."""

CALIBRATION, ZERO = "Calibration", "Gyroscope zeros"


@dataclass(frozen=True, slots=True)
class Worn:
    """What is known of a band on a leg.

    `held_id` and `sensors_id` are the band's own, `made` is the calibration to record with (None:
    no file of it is here), `uptime_s` how long the band has been on, all as of `now`.
    """

    side: Side
    held_id: int
    sensors_id: int
    made: CalibrationFile | None
    now: datetime
    uptime_s: float | None = None
    temperature_c: tuple[float, float] | None = None
    athlete: str | None = None
    is_simulated: bool = False

    @property
    def anew(self) -> str:
        """The command that makes one."""
        whose = f" --athlete {self.athlete}" if self.athlete else ""
        return f"kneetrack calibrate --side {self.side.word}{whose}"


def worn_rows(worn: Worn) -> list[Row]:
    """Calibration and zeros."""
    return [_calibration_row(worn), _zero_row(worn)]


def _calibration_row(worn: Worn) -> Row:
    made = worn.made
    if made is None:
        if worn.held_id:
            text = f"of the {worn.side.word} leg, but not made on this computer: your reference "
            text += "reps are not known here"
            remedy = f"{worn.anew} (or give its file: record --calibration)"
        else:
            text, remedy = "none: angles mean nothing yet", worn.anew
        return band_row(CALIBRATION, State.NOTE, text, remedy, {"id": worn.held_id})
    text = described(made, worn.now)
    old = age_of(made, worn.now)
    figures = {
        "id": made.calibration.calibration_id,
        "grade": made.grade,
        "age_s": None if old is None else round(old.total_seconds()),
    }
    if made.side is not worn.side:
        text += f"; what is recorded is the {worn.side.word} leg"
        return band_row(CALIBRATION, State.PROBLEM, text, worn.anew, figures)
    if not worn.is_simulated and made.sensors_id != worn.sensors_id:
        text += ": made before the band's sensors were calibrated, and does not fit them"
        return band_row(CALIBRATION, State.PROBLEM, text, worn.anew, figures)
    doubts = _doubts(made, old, worn)
    if not doubts:
        return band_row(CALIBRATION, State.OK, text, "", figures)
    remedy = worn.anew if made.grade in ("C", "none") else (
        f"If the straps were taken off or moved since: {worn.anew}"
    )  # fmt: skip
    return band_row(CALIBRATION, State.NOTE, f"{text}: {'; '.join(doubts)}", remedy, figures)


def _doubts(made: CalibrationFile, old: timedelta | None, worn: Worn) -> list[str]:
    doubts: list[str] = []
    if made.grade in ("C", "none"):
        doubts.append("better than nothing, but one with all its steps is worth much more")
    if worn.is_simulated:
        return doubts
    if old is None:
        doubts.append("when it was made is not known")
    elif old > ZERO_KEEPS:
        doubts.append("an old one, straps seldom sit the same again")
    elif worn.uptime_s is not None and old.total_seconds() > worn.uptime_s + 60.0:
        doubts.append("the band was switched off since")
    return doubts


def _zero_row(worn: Worn) -> Row:
    made = worn.made
    if made is None:
        return band_row(ZERO, State.NOTE, "not known here", worn.anew)
    bias = made.rests_on.get("bias", "")
    if bias not in ("table", "earlier table"):
        return band_row(
            ZERO,
            State.OK if worn.is_simulated else State.NOTE,
            "not measured on a table, so less exact",
            "" if worn.is_simulated else f"Begin on a table, band off the leg: {worn.anew}",
            {"rests_on": bias},
        )
    measured = _instant(made.zero_utc or made.created_utc)
    old = None if measured is None else max(timedelta(0), worn.now - measured)
    warmed = _warmed_c(made, worn)
    told = "measured on a table" + (f" {in_words(old)} ago" if old is not None else "")
    if warmed is not None:
        told += f", {abs(warmed):.0f} K {'warmer' if warmed >= 0 else 'colder'} now"
    figures = {
        "age_s": None if old is None else round(old.total_seconds()),
        "warmed_c": None if warmed is None else round(warmed, 1),
    }
    stale = not worn.is_simulated and (old is None or old > ZERO_KEEPS)
    if not stale and (warmed is None or abs(warmed) < WARMED_C):
        return band_row(ZERO, State.OK, told, "", figures)
    why = "of another day" if stale else "they have moved with the temperature"
    return band_row(
        ZERO, State.NOTE, f"{told}: {why}",
        f"Lay both sensors on a table first: {worn.anew}", figures,
    )  # fmt: skip


def _warmed_c(made: CalibrationFile, worn: Worn) -> float | None:
    """The larger change of the two since the zeros were measured."""
    if made.zero_temperature_c is None or worn.temperature_c is None:
        return None
    pairs = worn.temperature_c, made.zero_temperature_c
    changes = [now - then for now, then in zip(*pairs, strict=True)]
    return max(changes, key=abs)


def _instant(utc: str | None) -> datetime | None:
    try:
        found = datetime.fromisoformat(utc or "")
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
