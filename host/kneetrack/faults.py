"""What a band says is wrong with it, in words: the wire.FAULT_* bits of its status.

Where the band knows why an IMU brings nothing, that is said in place of that it does not answer: a
bus that is held low, two boards at one address, a chip that it does not know.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from kneecore import wire

CHIPS = {
    0x6C: "LSM6DSOX", 0x6B: "ISM330DHCX", 0x47: "ICM-42688-P",
    0x68: "MPU-6050", 0x70: "MPU-6500", 0x71: "MPU-9250", 0x73: "MPU-9255",
}  # fmt: skip
"""WHO_AM_I of every chip that a band takes (its drivers': firmware/kneeband). An LSM6DSO has its
sister's."""
SILENT = 0xFF
"""In Knee Feature: some chip answers, and does not say what it is."""

Mount = Literal["thigh", "shank"]
_BITS: dict[Mount, tuple[int, int]] = {
    "thigh": (wire.FAULT_THIGH_IMU, wire.FAULT_THIGH_CHIP),
    "shank": (wire.FAULT_SHANK_IMU, wire.FAULT_SHANK_CHIP),
}
_EXPECTED = ", ".join(f"0x{number:02X} ({name})" for number, name in CHIPS.items())
_STORE = "The band could not read or keep what it stores: calibrate it again."


class Why(NamedTuple):
    """What is wrong, without who it is; what to do."""

    what: str
    remedy: str = ""


def of_both(faults: int) -> Why | None:
    """What is wrong with both IMUs at once, where the band knows."""
    if faults & wire.FAULT_BUS:
        return Why(
            "a wire of the sensors' cable (SDA or SCL) is held low, so neither can be read",
            "Check cables and plugs for a short; if there is none, switch the band off and on.",
        )
    if faults & wire.FAULT_ONE_ADDRESS:
        return Why(
            "both sensors answer at one address, so neither can be read",
            "Change the address jumper of one board, or take another board: the thigh's has "
            "address 0x6A or 0x68, the shank's 0x6B or 0x69.",
        )
    return None


def of_one(mount: Mount, faults: int, chip: int | None = None) -> Why | None:
    """What is wrong with that IMU. `chip`: what answers there, where Knee Feature is new."""
    silent, stranger = _BITS[mount]
    if not faults & silent:
        return None
    if not faults & stranger:
        return Why("does not answer")
    expected = f"Expected is one of {_EXPECTED}."
    if not chip:
        return Why(
            "is a chip that the band does not know",
            f"`kneetrack doctor` tells what it answers as its WHO_AM_I. {expected}",
        )
    answer = "no WHO_AM_I where others do" if chip == SILENT else f"WHO_AM_I 0x{chip:02X}"
    return Why(f"answers {answer}: a chip that the band does not know", expected)


def texts(faults: int, chips: tuple[int, int] | None = None) -> list[str]:
    """What is wrong, a sentence or two each. `chips`: what answers, where Knee Feature is new."""
    said: list[str] = []
    if both := of_both(faults):
        said.append(f"{both.what[0].upper()}{both.what[1:]}. {both.remedy}")
    else:
        for mount, chip in zip(_BITS, chips or (None, None), strict=True):
            if why := of_one(mount, faults, chip):
                end = f". {why.remedy}" if why.remedy else ": check its cable."
                said.append(f"The IMU on the {mount} {why.what}{end}")
    if faults & wire.FAULT_STORE:
        said.append(_STORE)
    return said


def gone(before: int, now: int) -> list[str]:
    """What was said of `before` and is over: not what is only said in other words now."""
    said = texts(before)
    return [text for text in texts(before & ~now) if text in said]
