"""A leg's calibration with what it rests on: the value that `kneetrack calibrate` writes.

The numbers are kneecore's `Calibration`, kept as the band keeps them (rounded to wire.CALIBRATION),
so that host and band compute with the same ones. Around them stands how good they are: the gates,
the grade, and where each part came from.

    grade A     table, standing and functional squats, all gates passed
    grade B     functional or reference squats, but a part was missing or moved
    grade C     the axis comes from the very reps that are looked at, or a gate of it failed
    grade none  no alignment could be found
"""

from __future__ import annotations

import json
import math
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from kneecore.calibration import Calibration, from_wire
from kneecore.gates import Gate
from kneetrack.calibration.kept import what_is_wrong
from kneetrack.errors import CalibrationError
from kneetrack.samples import Side
from kneetrack.whole_file import whole_file

FORMAT = 1
KIND = "kneetrack-calibration"
GRADES = ("A", "B", "C", "none")
_DEG = 180.0 / math.pi


_GATE_WORDS = {
    "table_gyr_sd_deg_s": "the IMU on the {segment} did not lie still ({value}°/s, {limit})",
    "table_gyr_change_deg_s": (
        "the zero of the {segment}'s gyroscope wandered on the table ({value}°/s, {limit})"
    ),
    "table_acc_sd_m_s2": "the table under the {segment}'s IMU shook ({value} m/s², {limit})",
    "stand_gyr_rms_deg_s": "the {segment} moved while standing ({value}°/s, {limit})",
    "stand_tilt_deg": "the {segment} leaned over while standing ({value}°, {limit})",
    "reps": "too few squats were seen ({value}, {limit})",
    "axis_ratio": "the {segment} turned about more than one axis (ratio {value}, {limit})",
    "halves_deg": (
        "the {segment}'s axis differs between the first and the second half of the squats "
        "({value}°, {limit})"
    ),
    "sensor_faces": "only {value} of the {segment} sensor's six faces were seen ({limit})",
    "sensor_acc_offset_sigma_mg": (
        "the offset of the {segment}'s accelerometer is known to {value} mg only ({limit})"
    ),
    "sensor_axes_sigma_percent": (
        "the axes of the {segment} sensor are known to {value} % only ({limit})"
    ),
    "sensor_acc_residual_mg": (
        "gravity was not the same in all positions of the {segment} sensor ({value} mg, {limit})"
    ),
    "sensor_move_residual_deg": (
        "the {segment} sensor's turns don't lead from position to position ({value}°, {limit})"
    ),
    "sensor_zero_spread_deg_s": (
        "the zero of the {segment}'s gyroscope changed between positions ({value}°/s, {limit})"
    ),
    "swapped_lean_ratio": (
        "the shank leans more than the thigh, as if the two sensors were swapped "
        "({value} times, {limit})"
    ),
    "depth_deg": "the squats were shallow: the thigh leaned by {value}° ({limit})",
    "strap_turned_deg": (
        "the {segment}'s sensor sat otherwise between the squats than in the stand "
        "({value}°, {limit})"
    ),
    "wobble_share": "the {segment}'s sensor shook ({value} of its rate, {limit})",
    "stand_bent_deg": (
        "the knee goes straighter in the squats than in the stand, by {value}° ({limit})"
    ),
    "strap_twisted_deg": (
        "standing between the squats, thigh and shank face otherwise than in the stand "
        "({value}°, {limit})"
    ),
    "mirrored_turn_deg": (
        "the shank turns outward as the knee bends, where knees turn it inward ({value}°, {limit})"
    ),
    "crosstalk_deg": "valgus follows flexion like an axis that is off by {value}° ({limit})",
}
_LEAST = ("reps", "axis_ratio", "sensor_faces")  # their limit is the least, not the most


def gate_words(name: str, value: float, limit: float) -> str:
    """What a gate of kneecore.gates found, as a phrase for the user."""
    segment, _, rest = name.partition("_")
    key = rest if segment in ("thigh", "shank") else name
    words = _GATE_WORDS.get(key, key.replace("_", " ") + " is {value} ({limit})")
    bound = f"at {'least' if key in _LEAST else 'most'} {limit:g} wanted"
    return words.format(segment=segment, value=figure(value, limit), limit=bound)


def figure(value: float, limit: float) -> str:
    """`value` with as many digits as it takes to be told from its limit; a whole one with none."""
    if float(value).is_integer() and value != limit:
        return f"{value:.0f}"
    fewest = 0 if abs(value) >= 10.0 else 1 if abs(value) >= 1.0 else 2
    texts = (f"{value:.{digits}f}" for digits in range(fewest, fewest + 4))
    return next((text for text in texts if float(text) != limit), f"{value:g}")


@dataclass(frozen=True, slots=True)
class GateResult:
    """A check of kneecore.gates as it came out."""

    name: str
    value: float
    limit: float
    passed: bool
    remedy: str

    @classmethod
    def of(cls, gate: Gate) -> GateResult:
        return cls(gate.name, gate.value, gate.limit, gate.passed, gate.remedy)

    @property
    def sentence(self) -> str:
        """What was found and what to do, for the user."""
        return f"{gate_words(self.name, self.value, self.limit)}. {self.remedy}"


@dataclass(frozen=True, slots=True)
class CalibrationFile:
    """`calibration` and its story. `reference` is detection's Reference as a JSON dict, if any."""

    calibration: Calibration
    grade: str
    rests_on: dict[str, str]  # bias, gravity, axis: where each came from
    gates: tuple[GateResult, ...] = ()
    crosstalk_deg: float | None = None  # what the refinement took off, if it was done
    shank_axis_sigma_deg: float | None = None  # of the shank's axis about its long axis
    axes_apart_deg: dict[str, dict[str, float]] = field(default_factory=dict[str, dict[str, float]])
    """By segment and method: how far other methods' axes lie from the one used."""
    warnings: tuple[str, ...] = ()
    reference: dict[str, Any] | None = None
    created_utc: str | None = None
    sensors_id: int = 0  # the sensor calibration of the band it was made with; 0: none
    zero_temperature_c: tuple[float, float] | None = None  # of thigh and shank, at their zeros
    zero_utc: str | None = None  # when the gyroscopes' zeros were measured on a table
    athlete: str | None = None  # the alias of whose leg it is, where it was told

    @property
    def side(self) -> Side:
        return Side(self.calibration.side)

    @property
    def axis_sigma_deg(self) -> float:
        """Standard uncertainty of the thigh's medio-lateral axis about its long axis."""
        return self.calibration.axis_sigma_rad * _DEG

    def require_passed(self) -> None:
        """Raises CalibrationError with the first gate that failed: for `kneetrack calibrate`."""
        for gate in self.gates:
            if not gate.passed:
                raise CalibrationError(f"The calibration was not good enough: {gate.sentence}")

    def to_json(self) -> dict[str, Any]:
        c = self.calibration
        return {
            "kind": KIND,
            "format": FORMAT,
            "side": self.side.word,
            "calibration_id": c.calibration_id,
            "created_utc": self.created_utc,
            "sensors_id": self.sensors_id,
            "zero_temperature_c": self.zero_temperature_c and list(self.zero_temperature_c),
            "zero_utc": self.zero_utc,
            "athlete": self.athlete,
            "grade": self.grade,
            "rests_on": dict(self.rests_on),
            "q_thigh_sensor": list(c.q_thigh_sensor),
            "q_shank_sensor": list(c.q_shank_sensor),
            "stance_heading_deg": c.stance_heading_rad * _DEG,
            "thigh_gyr_bias_rad_s": list(c.thigh_gyr_bias),
            "shank_gyr_bias_rad_s": list(c.shank_gyr_bias),
            "axis_sigma_deg": self.axis_sigma_deg,
            "crosstalk_deg": self.crosstalk_deg,
            "shank_axis_sigma_deg": self.shank_axis_sigma_deg,
            "axes_apart_deg": {name: dict(of) for name, of in self.axes_apart_deg.items()},
            "gates": [
                {
                    "name": g.name,
                    "value": g.value,
                    "limit": g.limit,
                    "passed": g.passed,
                    "remedy": g.remedy,
                }
                for g in self.gates
            ],
            "warnings": list(self.warnings),
            "reference": self.reference,
        }

    @classmethod
    def from_json(cls, value: object, source: str) -> CalibrationFile:
        """The inverse of `to_json`. Raises CalibrationError, in which `source` names the file."""
        if not isinstance(value, dict) or cast(dict[str, Any], value).get("kind") != KIND:
            raise CalibrationError(
                f"{source} is no KneeTrack calibration; make one with: kneetrack calibrate."
            )
        items = cast(dict[str, Any], value)
        if items.get("format") != FORMAT:
            raise CalibrationError(
                f"{source} has format {items.get('format')}, this kneetrack reads {FORMAT}. "
                "Update kneetrack, or calibrate anew."
            )
        try:
            return _read(items)
        except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as error:
            raise CalibrationError(
                f"{source} is damaged ({what_is_wrong(error)}); calibrate anew with: "
                "kneetrack calibrate."
            ) from None

    def save(self, path: Path) -> None:
        """Write it, readable for its owner only, in one step: never half a file.

        Raises InputError where it can't be written.
        """
        text = json.dumps(self.to_json(), indent=1, allow_nan=False) + "\n"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CalibrationError(
                f"The folder {path.parent} can't be made: {error.strerror}. Choose another place."
            ) from error
        with whole_file(path) as file:
            file.write(text)

    @classmethod
    def load(cls, path: Path) -> CalibrationFile:
        """Raises CalibrationError where there is none, or it can't be read."""
        try:
            value: object = json.loads(path.read_text(encoding="utf-8-sig"))
        except FileNotFoundError:
            raise CalibrationError(
                f"{path} does not exist; make it with: kneetrack calibrate --out {path}."
            ) from None
        except (OSError, ValueError, RecursionError):  # ValueError: not UTF-8, not JSON
            value = None
        return cls.from_json(value, str(path))


def as_on_the_band(calibration: Calibration) -> Calibration:
    """The calibration as the band holds it: rounded by the wire, with an id from its content.

    One rounded quaternion in thirty is so far from length one that, normalised, the wire rounds it
    to other counts. Rounded once more it stays (of 100,000 at random, all did); twice, to be sure.
    """
    rounded = calibration
    for _ in range(3):
        rounded = from_wire(rounded.to_wire())
    rounded.calibration_id = zlib.crc32(rounded.to_wire()[2:]) % 65535 + 1
    return rounded


def _read(items: dict[str, Any]) -> CalibrationFile:
    calibration = Calibration(
        Side.from_word(items["side"]),
        _numbers(items["q_thigh_sensor"], 4),
        _numbers(items["q_shank_sensor"], 4),
        float(items["stance_heading_deg"]) / _DEG,
        _numbers(items["thigh_gyr_bias_rad_s"], 3),
        _numbers(items["shank_gyr_bias_rad_s"], 3),
        float(items["axis_sigma_deg"]) / _DEG,
        int(items["calibration_id"]),
    )
    if items["grade"] not in GRADES:
        raise ValueError(f"grade {items['grade']}")
    warm = items.get("zero_temperature_c")
    crosstalk, shank_sigma = items.get("crosstalk_deg"), items.get("shank_axis_sigma_deg")
    return CalibrationFile(
        calibration=_as_held(calibration),
        grade=items["grade"],
        rests_on={str(k): str(v) for k, v in items["rests_on"].items()},
        gates=tuple(
            GateResult(g["name"], float(g["value"]), float(g["limit"]), g["passed"], g["remedy"])
            for g in items["gates"]
        ),
        crosstalk_deg=None if crosstalk is None else float(crosstalk),
        shank_axis_sigma_deg=None if shank_sigma is None else float(shank_sigma),
        axes_apart_deg={
            str(segment): {str(method): float(apart) for method, apart in of.items()}
            for segment, of in items.get("axes_apart_deg", {}).items()
        },
        warnings=tuple(str(w) for w in items["warnings"]),
        reference=items.get("reference"),
        created_utc=items.get("created_utc"),
        sensors_id=int(items.get("sensors_id") or 0),
        zero_temperature_c=None if warm is None else _numbers(warm, 2),
        zero_utc=items.get("zero_utc"),
        athlete=items.get("athlete"),
    )


def _as_held(calibration: Calibration) -> Calibration:
    """As the band would hold it. ValueError where that is something else than what is written."""
    held = from_wire(calibration.to_wire())
    wanted = (*calibration.thigh_gyr_bias, *calibration.shank_gyr_bias, calibration.axis_sigma_rad)
    kept = (*held.thigh_gyr_bias, *held.shank_gyr_bias, held.axis_sigma_rad)
    apart = max(abs(a - b) for a, b in zip(wanted, kept, strict=True))
    if apart > 1e-3 or held.calibration_id != calibration.calibration_id:
        raise ValueError("a number in it is out of range")
    return held


def _numbers(value: Any, count: int) -> Any:
    """`count` finite numbers as a tuple."""
    numbers = tuple(float(x) for x in value)
    if len(numbers) != count or not all(math.isfinite(x) for x in numbers):
        raise ValueError(f"{count} numbers expected, not {value}")
    return numbers
