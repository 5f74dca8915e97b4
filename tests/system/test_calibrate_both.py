"""Both legs calibrated in one guided flow: two simulated bands in one world, one person."""

import json
import math
from pathlib import Path

import pytest

from command_line import kneetrack
from kneetrack.calibration import CalibrationFile, people
from kneetrack.samples import Side
from sim import scenarios

LEG = "squats?side={}&seed=21&sta=0&reps=0"


def apart_deg(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    same = abs(sum(x * y for x, y in zip(a, b, strict=True)))
    return math.degrees(2.0 * math.acos(min(1.0, same)))


def test_both_legs_stand_and_squat_once_and_each_gets_its_own(tmp_path: Path) -> None:
    links = [f"sim:{LEG.format(side)}&speed=max" for side in ("right", "left")]
    result = kneetrack(
        "calibrate", "--link", links[0], "--link", links[1], "--athlete", "Pair", "--json",
        "--out", tmp_path / "cal.json",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    told = json.loads(result.stdout)["calibrations"]
    assert [one["side"] for one in told] == ["right", "left"]
    for side, one in zip((Side.RIGHT, Side.LEFT), told, strict=True):
        made = CalibrationFile.load(tmp_path / f"cal_{side.word}.json")
        assert made.to_json() == one
        assert (made.side, made.grade, made.athlete) == (side, "A", "Pair")
        mounted = scenarios.make_from_address(LEG.format(side.word)).source.mountings
        assert apart_deg(made.calibration.q_thigh_sensor, mounted[0]) < 5.0
        assert apart_deg(made.calibration.q_shank_sensor, mounted[1]) < 5.0
        own = people.of_person("Pair", side, simulated=True)
        assert own is not None and own.to_json() == one
    lines = result.stderr.splitlines()
    for leg in ("Right", "Left"):
        assert sum(line.startswith(f"{leg} leg: Stand (step 3") for line in lines) == 1
        assert any(line.startswith(f"{leg} leg: 5 of 5") for line in lines)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--link", "sim:squats", "--link", "sim:squats"], "Both bands say"),
        (["--link", "sim:squats", "--side", "both"], "needs two links"),
        (["--link", "sim:a", "--link", "sim:b", "--side", "left"], "--side is both"),
        (["--link", "sim:a", "--link", "sim:b", "--movement", "swing"], "one at a time"),
        (["--link", "sim:a", "--link", "sim:b", "--link", "sim:c"], "two legs"),
    ],
)
def test_what_two_links_cannot_mean_is_told(arguments: list[str], why: str) -> None:
    result = kneetrack("calibrate", *arguments)
    assert result.returncode == 2
    assert why in result.stderr
