"""What is kept of each sensor, and what is said of a zero that does not fit it."""

import json
import math
import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kneecore import sensors as core
from kneetrack.calibration import sensors as store
from kneetrack.calibration.imu import ImuCalibration
from kneetrack.calibration.zeros import remember
from kneetrack.errors import CalibrationError
from kneetrack.link import LinkInfo
from kneetrack.samples import Vector

THIGH = store.Identity("KneeBand-1A2B", "thigh", 0x6C)
SHANK = store.Identity("KneeBand-1A2B", "shank", 0x6C)
DEG = math.radians(1.0)


def imu(offset: float = 0.1, scale: float = 1.01) -> ImuCalibration:
    return ImuCalibration(
        acc_matrix=((1.002, 0.001, 0.0), (0.0, 0.99, -0.003), (0.0, 0.0, 1.0)),
        acc_offset_m_s2=(offset, -0.05, 0.2),
        gyr_matrix=((scale, 0.0, 0.01), (0.002, 0.995, 0.0), (0.0, 0.0, 1.0)),
        gyr_zero_rad_s=(0.01, -0.002, 0.0),
        acc_offset_sigma_m_s2=0.002,
        acc_scale_sigma=2e-4,
        acc_cross_sigma=8e-4,
        gyr_scale_sigma=9e-4,
        gyr_cross_sigma=1e-3,
        gyr_zero_spread_rad_s=1e-4,
        acc_residual_m_s2=(0.13, 0.001),
        move_residual_rad=(0.02, 1e-4),
        poses=10,
        faces=("+x", "-x", "+y", "-y", "+z", "-z"),
    )


def band(sensors_id: int = 0, name: str = "KneeBand-1A2B", address: str = "ble:auto") -> Any:
    """As much of a link as the store asks for: who it is."""
    return SimpleNamespace(
        info=LinkInfo(address, name, address.startswith("sim:"), False),
        name=name,
        feature=SimpleNamespace(thigh_chip=0x6C, shank_chip=0x6C, sensors_id=sensors_id),
    )


def kept(folder: Path, sensors_id: int = 7) -> None:
    store.keep(
        THIGH,
        SHANK,
        (imu(), imu(0.3)),
        sensors_id=sensors_id,
        temperature_c=(24.5, 24.0),
        utc="2026-01-02T03:04:05+00:00",
        folder=folder,
    )


def zero_of(temperature: float) -> Vector:
    """A chip with a slope of 0.01 deg/s a kelvin."""
    return (0.3 * DEG + 0.01 * DEG * (temperature - 25.0), -0.1 * DEG, 0.0)


def test_a_sensor_comes_back_from_its_file_as_it_was(tmp_path: Path) -> None:
    kept(tmp_path)
    thigh, shank = store.load(THIGH, tmp_path), store.load(SHANK, tmp_path)
    assert thigh.calibration == store.Measured(7, "2026-01-02T03:04:05+00:00", 24.5, imu())
    assert shank.calibration is not None
    assert shank.calibration.imu.acc_offset_m_s2 == (0.3, -0.05, 0.2)
    path = tmp_path / THIGH.file_name
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = json.loads(path.read_text())
    assert (text["kind"], text["format"], text["who_am_i"]) == ("kneetrack-sensor", 1, 0x6C)


def test_the_two_sensors_of_a_band_and_two_bands_are_kept_apart(tmp_path: Path) -> None:
    kept(tmp_path)
    other = store.Identity("KneeBand-FFFF", "thigh", 0x6B)
    assert store.load(other, tmp_path).calibration is None
    assert [r.identity for r in store.load_all(tmp_path)] == [THIGH, SHANK]


@pytest.mark.parametrize("damage", ["{", "[]", '{"kind": "kneetrack-sensor", "format": 2}'])
def test_a_file_that_is_none_is_refused_and_named(tmp_path: Path, damage: str) -> None:
    (tmp_path / THIGH.file_name).write_text(damage)
    with pytest.raises(CalibrationError, match=r"KneeBand-1A2B_thigh_6c\.json"):
        store.load(THIGH, tmp_path)


def test_a_number_that_is_none_is_damage(tmp_path: Path) -> None:
    kept(tmp_path)
    path = tmp_path / THIGH.file_name
    text = json.loads(path.read_text())
    text["calibration"]["acc_matrix"][1] = [0.0, 1.0]
    path.write_text(json.dumps(text))
    with pytest.raises(CalibrationError, match=r"damaged \(3 numbers expected"):
        store.load(THIGH, tmp_path)


def test_a_new_calibration_keeps_the_zeros_and_replaces_a_damaged_file(tmp_path: Path) -> None:
    store.remember_zeros(
        band(), (24.0, 24.0), zero_of(24.0), zero_of(24.0), utc="2026-01-01", folder=tmp_path
    )
    (tmp_path / SHANK.file_name).write_text("{")
    kept(tmp_path)
    thigh, shank = store.load(THIGH, tmp_path), store.load(SHANK, tmp_path)
    assert len(thigh.zeros) == 1 and not shank.zeros
    assert thigh.calibration is not None and shank.calibration is not None


def test_zeros_of_many_days_become_a_curve(tmp_path: Path) -> None:
    for temperature in (19.0, 22.0, 24.0, 27.0, 30.0):
        said = store.remember_zeros(
            band(),
            (temperature, temperature),
            zero_of(temperature),
            zero_of(temperature),
            utc="2026-01-01",
            folder=tmp_path,
        )
        assert said == []
    found = store.curves("KneeBand-1A2B", tmp_path)
    assert found["thigh"] is not None and found["shank"] is not None
    assert math.degrees(found["thigh"].slope_rad_s_k[0]) == pytest.approx(0.01, abs=0.001)
    assert store.curves("KneeBand-0000", tmp_path) == {"thigh": None, "shank": None}


def test_a_zero_far_off_the_curve_is_told_with_the_sensor_and_kept(tmp_path: Path) -> None:
    for temperature in (19.0, 22.0, 24.0, 27.0):
        store.remember_zeros(
            band(), (temperature,) * 2, zero_of(temperature), zero_of(temperature),
            utc="2026-01-01", folder=tmp_path,
        )  # fmt: skip
    odd = (0.9 * DEG, 0.0, 0.0)
    (sentence,) = store.remember_zeros(
        band(), (24.0, 24.0), zero_of(24.0), odd, utc="2026-01-02", folder=tmp_path
    )
    assert "shank" in sentence and "another sensor" in sentence and "0.6" in sentence
    assert len(store.load(SHANK, tmp_path).zeros) == 5


def test_zeros_from_before_a_new_sensor_calibration_are_not_compared(tmp_path: Path) -> None:
    """A gyroscope whose scale is corrected shows its zero in other units."""
    for temperature in (19.0, 22.0, 27.0):
        store.remember_zeros(
            band(0), (temperature,) * 2, zero_of(temperature), zero_of(temperature),
            utc="2026-01-01", folder=tmp_path,
        )  # fmt: skip
    kept(tmp_path, sensors_id=7)
    record = store.load(THIGH, tmp_path)
    assert record.curve is None and len(record.zeros) == 3
    said = store.remember_zeros(
        band(7), (24.0, 24.0), (0.9 * DEG, 0.0, 0.0), zero_of(24.0), utc="2026", folder=tmp_path
    )
    assert said == []


def test_a_store_that_cannot_be_read_costs_a_sentence(tmp_path: Path) -> None:
    (tmp_path / THIGH.file_name).write_text("{")
    said = store.remember_zeros(
        band(), (24.0, 24.0), zero_of(24.0), zero_of(24.0), utc="2026", folder=tmp_path
    )
    assert len(said) == 1 and "thigh" in said[0]
    assert len(store.load(SHANK, tmp_path).zeros) == 1


def test_simulated_sensors_are_known_by_their_seed() -> None:
    one = store.band_name(band(address="sim:tumble?seed=4&speed=max"))
    assert one == store.band_name(band(address="sim:squats?seed=4&valgus=3"))
    assert one != store.band_name(band(address="sim:tumble?seed=5"))
    assert one != store.band_name(band(address="sim:tumble?seed=4&chip=mpu6050"))
    assert store.band_name(band()) == "KneeBand-1A2B"


def test_a_simulated_band_is_remembered_only_once_its_sensors_were_calibrated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    link = band(address="sim:squats?seed=4")
    assert remember(link, (24.0, 24.0), ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0))) == []
    assert not list(tmp_path.rglob("*.json"))


def test_what_the_band_gets_is_what_was_found_to_the_last_count() -> None:
    made = store.for_the_band(imu(), imu(0.3))
    assert np.allclose(made.thigh.gyr_matrix, np.ravel(imu().gyr_matrix), atol=2e-6)
    assert np.allclose(made.shank.acc_offset, (0.3, -0.05, 0.2), atol=1e-4)
    assert core.from_wire(made.to_wire()).to_wire() == made.to_wire()
    assert made.sensors_id == store.for_the_band(imu(), imu(0.3)).sensors_id
    assert made.sensors_id != store.for_the_band(imu(), imu(0.31)).sensors_id


def test_a_sensor_beyond_all_tolerances_is_not_calibrated_away() -> None:
    with pytest.raises(CalibrationError, match="exchanged"):
        store.for_the_band(imu(), imu(scale=1.3))
