"""The calibration of a band's sensors through its link: watch both being turned until all is known.

Nobody presses a key: each sensor's stream is searched for poses as it comes (`stills`), and
whenever there is one more, what they tell is solved anew (`imu`). When both pass their gates, it is
over. The sensors may be turned both at once or one after the other, in any order.

A sensor may lie while the other is turned. Where neither had a new position for QUIET_S, somebody
waits for something: `Progress.waits` tells for what.

A band that has a calibration already sends corrected counts; what is found then comes on top of it,
and the two are put together.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np

from kneecore import sensors as core
from kneecore import wire
from kneetrack.calibration.imu import ImuCalibration, Matrix, solve
from kneetrack.calibration.sensors import MOUNTS, for_the_band
from kneetrack.calibration.stills import FACES, StillFinder
from kneetrack.errors import CalibrationError, CommandRefused, LinkError, LinkLost
from kneetrack.link.base import Link
from kneetrack.live import command, stop_unkept
from kneetrack.protocol import Decoder, read_status
from kneetrack.samples import Channel, Gap, ImuPair, Vector

RATE_HZ = 1e6 / wire.PAIR_PERIOD_US
SILENCE_S = 10.0
"""So long without a packet, and the band hangs."""
QUIET_S = 6.0
"""A turn, and being put down, take less."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one sensor has come."""

    mount: str
    faces: tuple[str, ...]  # seen so far, of stills.FACES
    poses: int
    axes_sigma: float | None  # how well the least known scale or axis is known; None: not yet
    wants: str | None  # what to do next; None: done
    waits: str | None = None  # what keeps it from coming on, where nothing has for a while


@dataclass(frozen=True, slots=True)
class Outcome:
    """Both sensors' calibrations (thigh, shank), what the band got, and the die temperatures."""

    found: tuple[ImuCalibration, ImuCalibration]
    sensors: core.Sensors
    temperature_c: tuple[float | None, float | None]


Tell: TypeAlias = Callable[[tuple[Progress, Progress]], None]


@dataclass
class _Sensor:
    """One sensor being turned."""

    mount: str
    finder: StillFinder = field(default_factory=lambda: StillFinder(RATE_HZ))
    found: ImuCalibration | None = None
    poses: int = 0
    newest: int = 0  # how many rows there were when the newest pose was found

    def add(self, gyr: Vector, acc: Vector) -> bool:
        """True where one more pose was found."""
        if not self.finder.add((*gyr, *acc)):
            return False
        poses = self.finder.poses
        if len(poses) == self.poses:
            return False
        self.poses = len(poses)
        self.newest = self.finder.count
        self.found = solve(self.finder.rows, poses, RATE_HZ, self.finder.breaks) or self.found
        return True

    @property
    def quiet_s(self) -> float:
        """Since the newest pose, or since the beginning."""
        return (self.finder.count - self.newest) / RATE_HZ

    def progress(self, *, waited_for: bool) -> Progress:
        """`waited_for`: what it does now is why nothing comes on."""
        faces = {pose.face for pose in self.finder.poses}
        wants = self.wants
        return Progress(
            self.mount,
            tuple(face for face in FACES if face in faces),
            self.poses,
            None if self.found is None else self.found.axes_sigma,
            wants,
            self._waits if waited_for and wants is not None else None,
        )

    @property
    def _waits(self) -> str:
        if self.finder.is_still:
            return f"The {self.mount} sensor lies still: turn it over an edge, and put it down."
        return (
            f"The {self.mount} sensor moves: put it on a firm table that nobody touches, and let "
            "go of it for 2 s."
        )

    @property
    def wants(self) -> str | None:
        if self.found is None:
            return f"Put the {self.mount} sensor down on each of its six faces in turn."
        failed = [gate for gate in self.found.gates(self.mount) if not gate.passed]
        return failed[0].remedy if failed else None

    def require(self) -> ImuCalibration:
        """What was found. Raises CalibrationError, saying what is missing."""
        if self.found is None:
            raise CalibrationError(
                f"The {self.mount} sensor was not seen lying still before and after a turn. "
                f"{self.wants}"
            )
        for gate in self.found.gates(self.mount):
            if not gate.passed:
                raise CalibrationError(f"The sensors can't be calibrated yet: {gate.sentence}")
        return self.found


async def calibrate_sensors(link: Link, tell: Tell = lambda _: None) -> Outcome:
    """Watch both sensors until they are known, and give the band what was found.

    `tell` is called with both sensors' progress at the start, with every pose, and whenever there
    is something to wait for. Raises CalibrationError where the source ends before all is known,
    LinkError where the band refuses or is gone.
    """
    held = await _held(link)
    await command(link, wire.OP_START, wire.START.pack(wire.START_RAW))
    thigh, shank = (_Sensor(mount) for mount in MOUNTS)
    try:
        await link.play()
        async with asyncio.timeout(SILENCE_S) as patience:
            await _watch(link, thigh, shank, tell, patience)
    except TimeoutError:
        raise LinkLost(
            "The band neither sends nor answers any more. Switch it off and on again, then begin "
            "anew: kneetrack sensors."
        ) from None
    finally:
        with contextlib.suppress(LinkError):  # then that is the error, and it is told already
            await stop_unkept(link)
    found = thigh.require(), shank.require()
    if held is not None:
        found = _after(held.thigh, found[0]), _after(held.shank, found[1])
    warm = await _temperatures(link)
    sensors = for_the_band(*found)
    await command(link, wire.OP_SET_SENSORS, sensors.to_wire())
    await link.read_feature()
    return Outcome(found, sensors, warm)


async def _watch(
    link: Link, thigh: _Sensor, shank: _Sensor, tell: Tell, patience: asyncio.Timeout
) -> None:
    now = asyncio.get_running_loop().time
    decoder = Decoder(link.feature)
    said = _progress(thigh, shank)
    tell(said)
    looked = 0
    async for packet in link.packets():
        patience.reschedule(now() + SILENCE_S)
        news = False
        for item in decoder.feed(packet):
            if isinstance(item, ImuPair):
                news |= thigh.add(item.thigh_gyr, item.thigh_acc)
                news |= shank.add(item.shank_gyr, item.shank_acc)
            elif isinstance(item, Gap) and item.channel is Channel.RAW:
                thigh.finder.skip()
                shank.finder.skip()
        if news or thigh.finder.count - looked >= RATE_HZ:
            looked = thigh.finder.count
            now_said = _progress(thigh, shank)
            if now_said != said:
                said = now_said
                tell(said)
            if all(one.wants is None for one in said):
                return


def _progress(thigh: _Sensor, shank: _Sensor) -> tuple[Progress, Progress]:
    both = (thigh, shank)
    quiet = min(one.quiet_s for one in both) >= QUIET_S
    # Whoever turns one need not be told that the other lies.
    moves = any(one.wants is not None and not one.finder.is_still for one in both)
    said = [one.progress(waited_for=quiet and one.finder.is_still != moves) for one in both]
    return said[0], said[1]


async def _held(link: Link) -> core.Sensors | None:
    """The calibration that the band's counts are corrected by now."""
    try:
        answer = await command(link, wire.OP_QUERY, wire.QUERY.pack(wire.QUERY_SENSORS))
    except CommandRefused as refused:
        if refused.result == wire.RESULT_WRONG_STATE:
            return None
        if refused.result == wire.RESULT_INVALID_OPERAND:
            raise CalibrationError(
                "This band's firmware can't hold a calibration of its sensors yet. Update the "
                "band: see firmware/README.md."
            ) from None
        raise
    return core.from_wire(answer.payload)


async def _temperatures(link: Link) -> tuple[float | None, float | None]:
    answer = await command(link, wire.OP_QUERY, wire.QUERY.pack(wire.QUERY_STATUS))
    status = read_status(answer.payload)
    return (None, None) if status is None else status.temperature_c


def _after(held: core.ImuErrors, found: ImuCalibration) -> ImuCalibration:
    """`found` with counts corrected by `held`, as one correction of the bare counts.

    T1 (T0 (a - o0) - o1) = T1 T0 (a - o0 - T0^-1 o1), and G1 G0 w.
    """
    t0 = np.array(held.acc_matrix).reshape(3, 3)
    g0 = np.array(held.gyr_matrix).reshape(3, 3)
    offset = np.array(held.acc_offset) + np.linalg.solve(t0, np.array(found.acc_offset_m_s2))
    zero = np.linalg.solve(g0, np.array(found.gyr_zero_rad_s))
    return replace(
        found,
        acc_matrix=_matrix(np.array(found.acc_matrix) @ t0),
        acc_offset_m_s2=_vector(offset),
        gyr_matrix=_matrix(np.array(found.gyr_matrix) @ g0),
        gyr_zero_rad_s=_vector(zero),
    )


def _vector(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Vector:
    return (float(values[0]), float(values[1]), float(values[2]))


def _matrix(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Matrix:
    return (_vector(values[0]), _vector(values[1]), _vector(values[2]))
