"""What a host tells a band that is to cue by itself, and when."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

from kneecore import wire
from kneecore.calibration import Calibration
from kneetrack.cli.cue import kept_policy, own_cues_line
from kneetrack.cue import Plan, Policy, When
from kneetrack.detection.reference import Reference
from kneetrack.live import BandCues, keep_reference
from kneetrack.live.starting import Band
from kneetrack.samples import Side

UPRIGHT = (1.0, 0.0, 0.0, 0.0)
CURVE = (0.0,) * 40
REFERENCE = Reference(CURVE, CURVE, CURVE, CURVE, "given", 5, 1.0, 0.0)
CALIBRATION = Calibration(1, UPRIGHT, UPRIGHT, calibration_id=9)


class Line:
    """The link to a band that says yes to all."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self.result = wire.RESULT_SUCCESS
        self.answer = b""
        self.feature = SimpleNamespace(protocol_major=1, protocol_minor=3, calibration_id=4)

    async def request(self, data: bytes, timeout_s: float) -> bytes:
        self.asked.append(data)
        return bytes((wire.OP_RESPONSE, data[0], self.result)) + self.answer

    async def read_feature(self) -> None:
        pass

    def cues(self) -> list[tuple[int, int]]:
        told = [wire.CUE.unpack_from(data, 1) for data in self.asked if data[0] == wire.OP_SET_CUE]
        return [(one.policy, one.keep) for one in told]


def begun(line: Line, cues: BandCues | None) -> None:
    line.feature.protocol_minor = 1  # the rest of a beginning is tested elsewhere
    band = Band(line, Side.RIGHT, CALIBRATION, True, lambda: 0.0, cues)  # pyright: ignore
    asyncio.run(band.begin())


def own(line: Line, plan: Plan) -> BandCues:
    return BandCues(line, plan, REFERENCE, 9)  # pyright: ignore


def test_first_the_calibration_then_what_goes_with_it_then_the_start() -> None:
    line = Line()
    begun(line, own(line, Plan(Policy.FADED, When.DURING)))
    opcodes = [data[0] for data in line.asked if data[0] != wire.OP_QUERY]
    assert opcodes == [
        wire.OP_SET_CALIBRATION,
        wire.OP_SET_REFERENCE,
        wire.OP_SET_REFERENCE,
        wire.OP_SET_CUE,
        wire.OP_START,
    ]
    assert line.cues() == [(wire.CUE_FADED, 0)]


def test_where_this_computer_cues_or_nobody_the_band_is_told_nothing() -> None:
    line = Line()
    begun(line, None)
    assert line.cues() == []  # its firmware then gives none: tests/firmware/device/cues.py


def test_a_load_that_is_typed_silences_the_band_until_it_is_light_again() -> None:
    line = Line()

    async def scene() -> None:
        cues = own(line, Plan(Policy.EVERY, When.DURING, below_kg=30.0))
        for load_kg in (40.0, 45.0, 20.0):
            cues.loaded(load_kg)
            await asyncio.sleep(0)
            await asyncio.sleep(0)

    asyncio.run(scene())
    assert line.cues() == [(wire.CUE_OFF, 0), (wire.CUE_EVERY, 0)]


def test_a_band_that_was_calibrated_anew_gets_what_it_compares_with() -> None:
    line = Line()
    assert asyncio.run(keep_reference(line, REFERENCE, 9)) == ""  # pyright: ignore
    told = [wire.REFERENCE.unpack_from(data, 1) for data in line.asked]
    assert [(one.calibration_id, one.way) for one in told] == [(9, 0), (9, 1)]
    line.result = wire.RESULT_FAILED
    assert "nothing to compare with" in asyncio.run(keep_reference(line, REFERENCE, 9))  # pyright: ignore
    line.feature.protocol_minor, asked = 2, len(line.asked)
    assert asyncio.run(keep_reference(line, REFERENCE, 9)) == ""  # pyright: ignore
    assert len(line.asked) == asked


def test_device_info_says_what_a_band_cues_by_itself() -> None:
    line = Line()
    line.answer = wire.CUE.pack(wire.CUE_FADED, 1)
    kept = asyncio.run(kept_policy(line))  # pyright: ignore
    assert kept == "faded"
    assert own_cues_line({"own_cues": kept, "cues": 0}) == "faded, in sessions without a computer"
    assert own_cues_line({"own_cues": "off", "cues": 2}) == "given in the newest session: 2"
    line.result = wire.RESULT_INVALID_OPERAND  # a band that does not know the question
    assert asyncio.run(kept_policy(line)) is None  # pyright: ignore
    assert own_cues_line({"own_cues": None, "cues": None}) == ""
