"""A person's reference reps from session to session: one file a person, leg and exercise.

JSON in `references` in the user's data folder, readable for its owner only; `format` is the
version. Each entry has the reference itself (detection's, as JSON) and what it was made under: the
calibration's id and grade, and how the sensors then sat. What these are good for later is told by
`kneetrack.analysis.kept_reference`.

Real and simulated legs are kept apart, whatever their aliases.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

from kneetrack.calibration.kept import json_in, kept_in, what_is_wrong
from kneetrack.calibration.store import CalibrationFile
from kneetrack.errors import CalibrationError
from kneetrack.samples import Quaternion, Side
from kneetrack.whole_file import whole_file

KIND = "kneetrack-references"
FORMAT = 1
MOST_KEPT = 50
USUAL_SHANK_SIGMA_DEG = 4.0
"""Of a shank's axis that nothing is known of (biomechanics B3)."""


@dataclass(frozen=True, slots=True)
class KeptReference:
    """One session's reference and the calibration it was made under. Angles in deg."""

    utc: str
    calibration_id: int
    grade: str
    q_thigh_sensor: Quaternion
    q_shank_sensor: Quaternion
    axis_sigma_deg: float
    shank_axis_sigma_deg: float
    crosstalk_deg: float | None  # what refining the axis took off
    reference: dict[str, Any]

    @classmethod
    def of(cls, made: CalibrationFile) -> KeptReference:
        """What is kept of a calibration with reference squats. ValueError where it has none."""
        if made.reference is None or made.created_utc is None:
            raise ValueError("a calibration without reference or date is nothing to keep")
        held, shank = made.calibration, made.shank_axis_sigma_deg
        return cls(
            utc=made.created_utc,
            calibration_id=held.calibration_id,
            grade=made.grade,
            q_thigh_sensor=held.q_thigh_sensor,
            q_shank_sensor=held.q_shank_sensor,
            axis_sigma_deg=made.axis_sigma_deg,
            shank_axis_sigma_deg=USUAL_SHANK_SIGMA_DEG if shank is None else shank,
            crosstalk_deg=made.crosstalk_deg,
            reference=made.reference,
        )


@dataclass(frozen=True, slots=True)
class Athlete:
    """Whose leg, doing what."""

    alias: str
    side: Side
    exercise: str = "squat"
    simulated: bool = False

    @property
    def file_name(self) -> str:
        """Of letters that every file system takes; the sum tells aliases alike in them apart."""
        plain = "".join(c if c.isascii() and c.isalnum() else "-" for c in self.alias)[:40]
        mark = zlib.crc32(f"{self.alias}/{self.simulated}".encode())
        return f"{plain}_{mark:08x}_{self.side.word}_{self.exercise}.json"


@dataclass(frozen=True, slots=True)
class References:
    """All that is kept of one leg, in order of time."""

    athlete: Athlete
    kept: tuple[KeptReference, ...] = ()

    def with_one(self, new: KeptReference) -> References:
        """With one more; of one calibration only the latest stays."""
        others = [one for one in self.kept if not _same(one, new)]
        kept = sorted([*others, new], key=lambda one: one.utc)
        return References(self.athlete, tuple(kept[-MOST_KEPT:]))

    def without(self, utc: str) -> References:
        """Without those whose date begins with `utc`."""
        kept = tuple(one for one in self.kept if not one.utc.startswith(utc))
        return References(self.athlete, kept)

    def save(self, folder: Path | None = None) -> Path:
        """Write them in one step, or take the file away where none is left. Raises InputError."""
        path = kept_in("references", folder) / self.athlete.file_name
        if not self.kept:
            path.unlink(missing_ok=True)
            return path
        value = {
            "kind": KIND,
            "format": FORMAT,
            "athlete": self.athlete.alias,
            "side": self.athlete.side.word,
            "exercise": self.athlete.exercise,
            "simulated": self.athlete.simulated,
            "references": [asdict(one) for one in self.kept],
        }
        with whole_file(path) as file:
            file.write(json.dumps(value, indent=1, allow_nan=False) + "\n")
        return path


def load(athlete: Athlete, folder: Path | None = None) -> References:
    """What is kept of that leg, nothing where there is no file. Raises CalibrationError."""
    path = kept_in("references", folder) / athlete.file_name
    if not path.exists():
        return References(athlete)
    return References(athlete, _read(path).kept)


def load_all(alias: str | None = None, folder: Path | None = None) -> tuple[References, ...]:
    """All that is kept, or all of one alias, by file name. Raises CalibrationError."""
    found = [_read(path) for path in sorted(kept_in("references", folder).glob("*.json"))]
    return tuple(one for one in found if alias in (None, one.athlete.alias))


def _same(one: KeptReference, other: KeptReference) -> bool:
    mounting = (one.q_thigh_sensor, one.q_shank_sensor)
    return (one.calibration_id, mounting) == (
        other.calibration_id,
        (other.q_thigh_sensor, other.q_shank_sensor),
    )


def _read(path: Path) -> References:
    value = json_in(path)
    items = cast(dict[str, Any], value) if isinstance(value, dict) else {}
    if items.get("kind") != KIND or items.get("format") != FORMAT:
        raise CalibrationError(
            f"{path} is no file of references of format {FORMAT}; move it away, and the next "
            "calibration begins a new one."
        )
    try:
        athlete = Athlete(
            str(items["athlete"]),
            Side.from_word(items["side"]),
            str(items["exercise"]),
            bool(items["simulated"]),
        )
        return References(athlete, tuple(_kept(one) for one in items["references"]))
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise CalibrationError(
            f"{path} is damaged ({what_is_wrong(error)}); move it away, and the next "
            "calibration begins a new one."
        ) from None


def _kept(items: dict[str, Any]) -> KeptReference:
    reference = items["reference"]
    if not isinstance(reference, dict):
        raise ValueError("a reference is missing")
    crosstalk = items["crosstalk_deg"]
    return KeptReference(
        utc=str(items["utc"]),
        calibration_id=int(items["calibration_id"]),
        grade=str(items["grade"]),
        q_thigh_sensor=_quaternion(items["q_thigh_sensor"]),
        q_shank_sensor=_quaternion(items["q_shank_sensor"]),
        axis_sigma_deg=float(items["axis_sigma_deg"]),
        shank_axis_sigma_deg=float(items["shank_axis_sigma_deg"]),
        crosstalk_deg=None if crosstalk is None else float(crosstalk),
        reference=cast(dict[str, Any], reference),
    )


def _quaternion(value: Sequence[float]) -> Quaternion:
    w, x, y, z = (float(number) for number in value)
    if not abs(w * w + x * x + y * y + z * z - 1.0) < 1e-2:
        raise ValueError(f"no unit quaternion: {value}")
    return (w, x, y, z)
