"""What is known of each sensor: its calibration, and every table zero it ever gave, as files.

One JSON file a sensor in `sensors` in the user's data folder, readable for its owner only; units
are in the names, `format` is the version. Who a sensor is: the chips have no serial number, so the
band that carries it (its name ends with its Bluetooth address), the place on it, and the kind of
chip (WHO_AM_I). A sensor that was exchanged is noticed by its zero, see `remember_zeros`.

A simulated band is no band: its chips come from a seed, and are known by that.

A band holds the same numbers, rounded as they travel (`for_the_band`), under an id made from them.
"""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, cast

from kneecore import sensors as core
from kneetrack.calibration.imu import ImuCalibration
from kneetrack.calibration.kept import json_in, kept_in, what_is_wrong
from kneetrack.calibration.temperature import SURPRISE, BiasCurve, ZeroPoint
from kneetrack.errors import CalibrationError, InputError
from kneetrack.link import parse_address
from kneetrack.link.base import Link
from kneetrack.samples import Vector
from kneetrack.whole_file import whole_file

KIND = "kneetrack-sensor"
FORMAT = 1
MOUNTS = ("thigh", "shank")
ZEROS_KEPT = 200


@dataclass(frozen=True, slots=True)
class Identity:
    """Which sensor: `band` is its name, `mount` one of MOUNTS (ValueError if not)."""

    band: str
    mount: str
    who_am_i: int

    def __post_init__(self) -> None:
        if self.mount not in MOUNTS:
            raise ValueError(f'mount "{self.mount}"')

    @property
    def file_name(self) -> str:
        band = "".join(c if c.isascii() and c.isalnum() else "-" for c in self.band)
        return f"{band}_{self.mount}_{self.who_am_i:02x}.json"


@dataclass(frozen=True, slots=True)
class Measured:
    """A calibration and when it was made."""

    sensors_id: int  # of both sensors of the band together
    utc: str
    temperature_c: float | None
    imu: ImuCalibration


@dataclass(frozen=True, slots=True)
class SensorRecord:
    """All that is stored of one sensor."""

    identity: Identity
    calibration: Measured | None = None
    zeros: tuple[ZeroPoint, ...] = ()

    @property
    def curve(self) -> BiasCurve | None:
        """The zero over temperature, from the zeros measured with the calibration in force."""
        return BiasCurve.fit(self.comparable)

    @property
    def comparable(self) -> tuple[ZeroPoint, ...]:
        """The zeros that were measured with the calibration in force."""
        now = self.calibration.sensors_id if self.calibration else 0
        return tuple(zero for zero in self.zeros if zero.sensors_id == now)

    def to_json(self) -> dict[str, Any]:
        made = self.calibration
        return {
            "kind": KIND,
            "format": FORMAT,
            **asdict(self.identity),
            "calibration": None
            if made is None
            else {
                "sensors_id": made.sensors_id,
                "utc": made.utc,
                "temperature_c": made.temperature_c,
                **asdict(made.imu),
            },
            "zeros": [asdict(zero) for zero in self.zeros],
        }

    @classmethod
    def from_json(cls, value: object, source: str) -> SensorRecord:
        """The inverse of `to_json`. Raises CalibrationError, in which `source` names the file."""
        items = cast(dict[str, Any], value) if isinstance(value, dict) else {}
        if items.get("kind") != KIND or items.get("format") != FORMAT:
            raise CalibrationError(
                f"{source} is no sensor file of format {FORMAT}; move it away and calibrate the "
                "sensors anew with: kneetrack sensors."
            )
        try:
            return cls(
                Identity(str(items["band"]), str(items["mount"]), int(items["who_am_i"])),
                _measured(items["calibration"]),
                tuple(_zero(zero) for zero in items["zeros"]),
            )
        except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as error:
            raise CalibrationError(
                f"{source} is damaged ({what_is_wrong(error)}); move it away and "
                "calibrate the sensors anew with: kneetrack sensors."
            ) from None

    def save(self, folder: Path | None = None) -> Path:
        """Write it in one step. Raises InputError where that can't be done."""
        folder = kept_in("sensors", folder)
        path = folder / self.identity.file_name
        text = json.dumps(self.to_json(), indent=1, allow_nan=False) + "\n"
        with whole_file(path) as file:
            file.write(text)
        return path


def is_stored(identity: Identity, folder: Path | None = None) -> bool:
    """Whether there is a file of that sensor."""
    return (kept_in("sensors", folder) / identity.file_name).exists()


def load(identity: Identity, folder: Path | None = None) -> SensorRecord:
    """What is stored of that sensor; an empty record where nothing is. Raises CalibrationError."""
    path = kept_in("sensors", folder) / identity.file_name
    if not path.exists():
        return SensorRecord(identity)
    return replace(_read(path), identity=identity)


def load_all(folder: Path | None = None) -> tuple[SensorRecord, ...]:
    """Every sensor there is a file of, by band and place. Raises CalibrationError."""
    records = [_read(path) for path in sorted(kept_in("sensors", folder).glob("*.json"))]
    return tuple(sorted(records, key=lambda r: (r.identity.band, MOUNTS.index(r.identity.mount))))


def curves(band: str, folder: Path | None = None) -> dict[str, BiasCurve | None]:
    """The learned zero over temperature of a band's sensors, by mount; None where there is none.

    Raises CalibrationError where a file is damaged.
    """
    found: dict[str, BiasCurve | None] = dict.fromkeys(MOUNTS)
    for record in load_all(folder):
        if record.identity.band == band:
            found[record.identity.mount] = record.curve
    return found


def identities(link: Link) -> tuple[Identity, Identity]:
    """Thigh and shank of the band at an entered link."""
    name = band_name(link)
    thigh, shank = link.feature.thigh_chip, link.feature.shank_chip
    return Identity(name, "thigh", thigh), Identity(name, "shank", shank)


def band_name(link: Link) -> str:
    """By what a band's sensors are known."""
    if not link.info.is_simulated:
        return link.name
    options = parse_address(link.info.address).options
    chip = options.get("chip", "")
    return "-".join(part for part in ("Simulated", options.get("seed", "1"), chip) if part)


# --- calibrations ------------------------------------------------------------------------------


def for_the_band(thigh: ImuCalibration, shank: ImuCalibration) -> core.Sensors:
    """What SET_SENSORS carries, rounded as it travels, its id from its content.

    Raises CalibrationError where an error is beyond what any sound chip has.
    """
    try:
        made = core.Sensors(1, *(_errors(one) for one in (thigh, shank)))
    except ValueError as error:
        raise CalibrationError(
            f"This sensor can't be right: {error}. Do it again; if that comes again, have the "
            "sensor exchanged."
        ) from None
    data = made.to_wire()
    rounded = core.from_wire(data)
    rounded.sensors_id = zlib.crc32(data[2:]) % 65535 + 1
    return rounded


def keep(
    thigh: Identity,
    shank: Identity,
    found: tuple[ImuCalibration, ImuCalibration],
    *,
    sensors_id: int,
    temperature_c: tuple[float | None, float | None],
    utc: str,
    folder: Path | None = None,
) -> tuple[Path, Path]:
    """Store both sensors' calibrations beside what is known already. Raises InputError."""
    paths = [
        replace(_or_empty(identity, folder), calibration=Measured(sensors_id, utc, warm, imu)).save(
            folder
        )
        for identity, imu, warm in zip((thigh, shank), found, temperature_c, strict=True)
    ]
    return paths[0], paths[1]


# --- zeros -------------------------------------------------------------------------------------


def remember_zeros(
    link: Link,
    temperature_c: tuple[float, float],
    thigh_zero: Vector,
    shank_zero: Vector,
    *,
    utc: str,
    folder: Path | None = None,
) -> list[str]:
    """Keep an accepted table zero (rad/s) of both sensors, and say what is odd about it.

    A zero far off the learned curve is kept too: from it on the sensor may be another one. The
    sentences are for the user. A file that can't be read or written costs a sentence, not more.
    """
    said: list[str] = []
    sensors_id = int(link.feature.sensors_id)
    for identity, warm, zero in zip(
        identities(link), temperature_c, (thigh_zero, shank_zero), strict=True
    ):
        try:
            record = load(identity, folder)
            said += _odd(record, sensors_id, warm, zero)
            point = ZeroPoint(warm, zero, utc, sensors_id)
            replace(record, zeros=(*record.zeros, point)[-ZEROS_KEPT:]).save(folder)
        except InputError as error:
            said.append(str(error))
    return said


def _odd(record: SensorRecord, sensors_id: int, warm: float, zero: Vector) -> list[str]:
    curve = BiasCurve.fit([z for z in record.zeros if z.sensors_id == sensors_id])
    if curve is None or curve.surprise(warm, zero) <= SURPRISE:
        return []
    expected, _ = curve.bias_at(warm)
    apart = math.degrees(math.dist(zero, expected))
    return [
        f"The zero of the {record.identity.mount}'s gyroscope is {apart:.2f}°/s from what "
        f"{curve.points} earlier ones tell for {warm:.0f} °C: it moved on the table, or this is "
        "another sensor. Repeat it if somebody touched the table."
    ]


# --- files -------------------------------------------------------------------------------------


def _read(path: Path) -> SensorRecord:
    value = json_in(path)
    return SensorRecord.from_json(value, str(path))


def _or_empty(identity: Identity, folder: Path | None) -> SensorRecord:
    """A new calibration is not lost for an old file that can't be read: it takes its place."""
    try:
        return load(identity, folder)
    except CalibrationError:
        return SensorRecord(identity)


def _errors(imu: ImuCalibration) -> core.ImuErrors:
    def flat(matrix: Sequence[Vector]) -> tuple[float, ...]:
        return tuple(value for row in matrix for value in row)

    return core.ImuErrors(flat(imu.acc_matrix), imu.acc_offset_m_s2, flat(imu.gyr_matrix))


def _measured(items: dict[str, Any] | None) -> Measured | None:
    if items is None:
        return None
    rest = dict(items)
    sensors_id, utc = int(rest.pop("sensors_id")), str(rest.pop("utc"))
    warm = rest.pop("temperature_c")
    for key in ("acc_matrix", "gyr_matrix"):
        rest[key] = tuple(_numbers(row, 3) for row in rest[key])
    for key in ("acc_offset_m_s2", "gyr_zero_rad_s"):
        rest[key] = _numbers(rest[key], 3)
    for key in ("acc_residual_m_s2", "move_residual_rad"):
        rest[key] = _numbers(rest[key], 2)
    rest["faces"] = tuple(str(face) for face in rest["faces"])
    rest["poses"] = int(rest["poses"])
    for key in rest:
        if key.endswith(("_sigma", "_m_s2", "_rad_s")) and not isinstance(rest[key], tuple):
            rest[key] = _numbers([rest[key]], 1)[0]
    return Measured(sensors_id, utc, None if warm is None else float(warm), ImuCalibration(**rest))


def _zero(items: dict[str, Any]) -> ZeroPoint:
    return ZeroPoint(
        _numbers([items["temperature_c"]], 1)[0],
        _numbers(items["bias_rad_s"], 3),
        str(items["utc"]),
        int(items["sensors_id"]),
    )


def _numbers(value: Any, count: int) -> Any:
    """`count` finite numbers as a tuple."""
    numbers = tuple(float(x) for x in value)
    if len(numbers) != count or not all(math.isfinite(x) for x in numbers):
        raise ValueError(f"{count} numbers expected, not {value}")
    return numbers
