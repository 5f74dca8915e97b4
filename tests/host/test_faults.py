"""What is said of a band's sensors: the cause where the band knows one, else that one is silent."""

import ast
import asyncio
import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from rich.console import Console

from kneecore import wire
from kneetrack import faults
from kneetrack.cli.view import open_view
from kneetrack.errors import CommandRefused
from kneetrack.link import Link
from kneetrack.live import command
from kneetrack.samples import Status

DRIVERS = Path(__file__).parents[2] / "firmware" / "kneeband"
BOTH = wire.FAULT_THIGH_IMU | wire.FAULT_SHANK_IMU


def test_the_chips_expected_are_those_of_the_drivers() -> None:
    known: set[int] = set()
    for path in DRIVERS.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "CHIPS":
                known |= set(ast.literal_eval(node.value))
    assert known == set(faults.CHIPS)


def test_a_cause_stands_in_place_of_the_silence() -> None:
    assert [text.split(":")[0] for text in faults.texts(BOTH)] == [
        "The IMU on the thigh does not answer",
        "The IMU on the shank does not answer",
    ]
    (held,) = faults.texts(BOTH | wire.FAULT_BUS)
    assert "SDA or SCL" in held and "short" in held
    (shared,) = faults.texts(wire.FAULT_SHANK_IMU | wire.FAULT_ONE_ADDRESS)
    assert "one address" in shared and "jumper" in shared
    strange, silent = faults.texts(BOTH | wire.FAULT_SHANK_CHIP)[::-1]
    assert "WHO_AM_I" in strange and "0x47 (ICM-42688-P)" in strange
    assert "does not answer" in silent
    assert faults.texts(0) == []


def test_what_is_said_in_other_words_is_not_taken_back() -> None:
    out = io.StringIO()
    leg = open_view(Console(file=out, width=400), hint="").leg("Right leg")
    lost = wire.FAULT_SHANK_IMU
    for bits in (lost, lost | wire.FAULT_ONE_ADDRESS, lost, 0):
        leg.item(Status(1, bits, 1.0, 0, 0, (20.0, 20.0), None))
    told = [line.split(",")[0].split(".")[0] for line in out.getvalue().splitlines()]
    assert told == [
        "The IMU on the shank does not answer: check its cable",
        "Both sensors answer at one address",
        "The IMU on the shank does not answer: check its cable",
        "No longer so: Both sensors answer at one address",
        "No longer so: The IMU on the shank does not answer: check its cable",
    ]


class Silent:
    """A band whose thigh has a stranger, plugged in after the connection was made."""

    feature: Any = SimpleNamespace(thigh_chip=0x6C, shank_chip=0x6C)

    async def request(self, data: bytes, timeout_s: float) -> bytes:
        if data[0] == wire.OP_START:
            return bytes([wire.OP_RESPONSE, wire.OP_START, wire.RESULT_SENSOR_FAULT])
        bits = wire.FAULT_THIGH_IMU | wire.FAULT_THIGH_CHIP | wire.FAULT_STORE
        status = bytes([wire.STATE_FAULT, bits]) + bytes(wire.STATUS.size - 2)
        return bytes([wire.OP_RESPONSE, wire.OP_QUERY, wire.RESULT_SUCCESS]) + status

    async def read_feature(self) -> None:
        self.feature = SimpleNamespace(thigh_chip=0xEA, shank_chip=0x6C)


def test_a_start_that_is_refused_says_which_sensor_and_why() -> None:
    with pytest.raises(CommandRefused) as refused:
        asyncio.run(command(cast(Link, Silent()), wire.OP_START, b"\0"))
    said = str(refused.value)
    assert "The IMU on the thigh answers WHO_AM_I 0xEA" in said and "0x6C (LSM6DSOX)" in said
    assert "calibrate it again" not in said
