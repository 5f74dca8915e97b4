"""`kneetrack sensors` against the simulated band, from the table to corrected counts and files."""

import asyncio
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from command_line import kneetrack
from kneecore import wire
from kneecore.calibration import Calibration
from kneetrack.calibration import sensors as store
from kneetrack.calibration.store import CalibrationFile, as_on_the_band
from kneetrack.calibration.tumbling import Outcome, Progress, calibrate_sensors
from kneetrack.errors import CalibrationError
from kneetrack.link import open_link
from kneetrack.live import command
from kneetrack.protocol import Decoder
from kneetrack.samples import ImuPair, Side
from kneetrack.sessionlog import read_log
from sim.chip_errors import ChipErrors

GRAVITY = 9.80665
MG = GRAVITY * 1e-3


@pytest.fixture
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return tmp_path / "kneetrack" / "sensors"


async def pairs(link: Any, seconds: float | None = None) -> np.ndarray:
    """(n, 12) raw pairs of so many seconds, or until the source ends."""
    await command(link, wire.OP_START, wire.START.pack(wire.START_RAW))
    decoder = Decoder(link.feature)
    rows: list[tuple[float, ...]] = []
    async for packet in link.packets():
        for item in decoder.feed(packet):
            if isinstance(item, ImuPair):
                rows.append((*item.thigh_gyr, *item.thigh_acc, *item.shank_gyr, *item.shank_acc))
        if seconds is not None and len(rows) > seconds * 208:
            await command(link, wire.OP_STOP)
            break
    return np.array(rows)


def test_the_band_measures_gravity_to_a_milli_g_after_its_sensors_were_calibrated(
    data_folder: Path,
) -> None:
    seen: list[tuple[Progress, Progress]] = []

    async def scene() -> tuple[np.ndarray, np.ndarray, Outcome, Any]:
        async with open_link("sim:tumble?seed=3&chip=icm42688p-lsm6dsox&speed=max") as link:
            before = await pairs(link, 1.0)
            made = await calibrate_sensors(link, seen.append)
            after = await pairs(link)
            return before, after, made, link.feature

    before, after, made, feature = asyncio.run(scene())
    for column in (3, 9):
        was = np.linalg.norm(before[:, column : column + 3].mean(axis=0)) - GRAVITY
        now = np.linalg.norm(after[-200:, column : column + 3].mean(axis=0)) - GRAVITY
        assert abs(now) < 1.0 * MG
        assert abs(was) > 4.0 * MG
    assert feature.sensors_id == made.sensors.sensors_id
    faces = [[len(one.faces) for one in both] for both in seen]
    assert faces[0] == [0, 0] and faces[-1] == [6, 6]
    assert faces == sorted(faces), "faces are never unseen"
    assert seen[-1][0].wants is None and seen[-1][1].wants is None
    assert 20.0 < made.temperature_c[0] < 35.0  # type: ignore[operator]


def test_the_command_saves_shows_and_says_so_as_json(data_folder: Path) -> None:
    made = kneetrack("sensors", "--link", "sim:tumble?seed=2&speed=max", "--json")
    assert made.returncode == 0, made.stderr
    assert "moves: put it on" not in made.stderr, "nobody has to wait where all goes well"
    told = json.loads(made.stdout)
    assert math.degrees(told["thigh"]["move_residual_rad"][1]) < 0.1
    assert sorted(Path(path).name for path in told["files"]) == [
        "Simulated-2_shank_6c.json",
        "Simulated-2_thigh_6c.json",
    ]
    assert all(Path(path).parent == data_folder for path in told["files"])
    shown = kneetrack("sensors", "--show")
    assert shown.returncode == 0
    assert "Simulated-2, thigh sensor" in shown.stdout and "simulated chip" in shown.stdout
    listed = json.loads(kneetrack("sensors", "--show", "--json").stdout)["sensors"]
    assert [one["mount"] for one in listed] == ["thigh", "shank"]
    assert listed[0]["calibration"]["sensors_id"] == told["sensors_id"]


def test_sensors_that_only_lie_are_refused_and_what_is_waited_for_is_told() -> None:
    seen: list[tuple[Progress, Progress]] = []

    async def scene() -> None:
        async with open_link("sim:still?stand=1&table=10&speed=max") as link:
            await calibrate_sensors(link, seen.append)

    with pytest.raises(CalibrationError, match="six faces"):
        asyncio.run(scene())
    assert all(one.waits is None for one in seen[0])
    lying = next(both for both in seen if both[0].waits is not None)
    assert lying[0].poses == 1
    assert "lies still: turn it over an edge" in (lying[0].waits or "")
    assert "The shank sensor lies still" in (lying[1].waits or "")


def test_a_sensor_that_is_worn_is_waited_for_in_words() -> None:
    seen: list[tuple[Progress, Progress]] = []

    async def scene() -> None:
        async with open_link(
            "sim:squats?reps=2&functional=0&reference=0&table=3&speed=max"
        ) as link:
            await calibrate_sensors(link, seen.append)

    with pytest.raises(CalibrationError, match="six faces"):
        asyncio.run(scene())
    assert any("moves: put it on a firm table" in (both[0].waits or "") for both in seen)


@pytest.mark.parametrize("link", ["log:some.mcap", "trace:some.csv", "sim:squats?speed=max"])
def test_where_nobody_turns_the_sensors_it_is_said_at_once(data_folder: Path, link: str) -> None:
    made = kneetrack("sensors", "--link", link)
    assert made.returncode == 2
    assert "sim:tumble" in made.stderr
    assert not data_folder.exists() or not list(data_folder.glob("*.json"))


def test_nothing_stored_says_how_to_begin(data_folder: Path) -> None:
    made = kneetrack("sensors", "--show")
    assert made.returncode == 0
    assert "kneetrack sensors" in made.stdout


def any_calibration(folder: Path) -> Path:
    """So that the simulated leg is not led through the movements of one first."""
    q = (1.0, 0.0, 0.0, 0.0)
    made = CalibrationFile(as_on_the_band(Calibration(1, q, q)), "B", {"bias": "table"})
    made.save(folder / "cal.json")
    return folder / "cal.json"


def test_a_second_zero_is_recorded_after_the_set_and_is_no_part_of_it(
    data_folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "a.mcap"
    thigh = store.Identity("Simulated-1", "thigh", 0x6C)
    store.SensorRecord(thigh).save(data_folder)  # one whose zeros are learned
    made = kneetrack(
        *("record", "--table-zero", "--duration", "2", "--out", str(path)),
        *("--calibration", str(any_calibration(tmp_path))),
        *("--link", "sim:still?stand=8&table=6&last_table=14&speed=max"),
    )
    assert made.returncode == 0, made.stderr
    assert "lay both sensors on a table" in made.stdout
    log = read_log(path)
    scenario, found = [w for w in log.windows_of(Side.RIGHT) if w.kind == "table"][-2:]
    assert scenario.start_s <= found.start_s and found.end_s <= scenario.end_s
    assert 4.9 < found.end_s - found.start_s < 6.5
    worn = sum(1 for _ in log.worn(Side.RIGHT))
    assert worn < 0.5 * log.packet_count
    assert len(log.temperatures(Side.RIGHT)) >= 2
    replayed = kneetrack("replay", str(path), "--speed", "max")
    assert replayed.returncode == 0
    same, _, count = replayed.stderr.rpartition("Events as recorded: ")[2].partition(" of ")
    assert same == count.rstrip(".\n"), replayed.stderr
    truth = ChipErrors("lsm6dsox", 1000)  # seed 1, thigh
    (zero,) = store.load(thigh, data_folder).zeros
    # A chip warms up from the board's start on, and how long ago that is, is this computer's doing.
    at_s = min(range(600), key=lambda t_s: abs(truth.temperature_c(t_s) - zero.temperature_c))
    assert zero.temperature_c == pytest.approx(truth.temperature_c(at_s), abs=0.3)
    assert at_s > 20
    assert zero.bias_rad_s == pytest.approx(truth.gyr_zero(at_s), abs=math.radians(0.02))


def test_a_second_zero_is_found_where_the_source_ends_before_anybody_ended_the_set(
    data_folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "a.mcap"
    made = kneetrack(
        *("record", "--table-zero", "--out", str(path)),
        *("--calibration", str(any_calibration(tmp_path))),
        *("--link", "sim:squats?functional=0&reference=0&reps=2&table=6&last_table=9&speed=max"),
    )
    assert made.returncode == 0, made.stderr
    assert "second zero was measured" in made.stderr
    log = read_log(path)
    scenario, found = [w for w in log.windows_of(Side.RIGHT) if w.kind == "table"][-2:]
    assert scenario.start_s <= found.start_s and found.end_s <= scenario.end_s
    replayed = kneetrack("replay", str(path), "--speed", "max")
    same, _, count = replayed.stderr.rpartition("Events as recorded: ")[2].partition(" of ")
    assert same == count.rstrip(".\n"), replayed.stderr


def test_without_a_second_zero_it_is_told_how_to_get_one(data_folder: Path, tmp_path: Path) -> None:
    made = kneetrack(
        *("record", "--table-zero", "--out", str(tmp_path / "a.mcap")),
        *("--calibration", str(any_calibration(tmp_path))),
        *("--link", "sim:still?stand=2&table=8&speed=max"),
    )
    assert made.returncode == 0, made.stderr
    assert "No second zero" in made.stderr and "--duration" in made.stderr


def test_a_second_zero_needs_raw_data(data_folder: Path) -> None:
    made = kneetrack("record", "--table-zero", "--no-raw", "--link", "sim:squats")
    assert made.returncode == 2 and "--no-raw" in made.stderr
