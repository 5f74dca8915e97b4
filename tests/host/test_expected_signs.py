"""The table of expected signs in hardware/FRAMES.md, each cell of it.

The movements are told here in words of the gym, as places of hip, knee and ankle and the way that
the toes point: world x ahead, y up, z to the person's right. Frames, angles and rates are then what
FRAMES.md says they are; nothing is composed from angles that the test already knows. What the table
says of rotation in squats is anatomy, not geometry, and is asked of the simulated leg.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from kneecore import joint
from sim.body import Body
from sim.leg import Leg
from sim.moves import Rep

PAGE = Path(__file__).resolve().parents[2] / "hardware" / "FRAMES.md"
COLUMNS = ("thigh rate z", "shank rate z", "flexion", "valgus", "rotation")
STEPS = 40
NOTHING = 0.02
"""What "about 0" may be, rad (or rad in the movement's time)."""

Array = np.ndarray[Any, np.dtype[np.float64]]
Course = Callable[[float, int], tuple[Array, Array, Array, float]]
"""(part of the movement 0..1, side) -> hip, knee, ankle, toes turned inward by (rad)."""


def _bent(side: int, knee: tuple[float, float, float], hip: tuple[float, float]) -> Any:
    ankle = np.zeros(3)
    inward = np.array([1.0, 1.0, -side])
    return np.array([*hip, 0.0]), np.array(knee) * inward, ankle, 0.0


def _down(u: float, side: int) -> Any:
    return _bent(side, (0.22 * u, 0.4 - 0.08 * u, 0.0), (-0.15 * u, 0.8 - 0.42 * u))


def _inward(u: float, side: int) -> Any:
    return _bent(side, (0.22, 0.32, 0.05 * u), (-0.15, 0.38))


def _chair(u: float, side: int) -> Any:
    """Feet drawn back under the seat beforehand: the shank leans on, then straightens."""
    lean = 0.12 + 0.25 * np.sin(np.pi * u) if u < 0.5 else 0.37 * np.sin(np.pi * u)
    knee = (0.4 * np.sin(lean), 0.4 * np.cos(lean), 0.0)
    thigh = 0.5 * np.pi * (1.0 - u)
    return _bent(side, knee, (knee[0] - 0.42 * np.sin(thigh), knee[1] + 0.42 * np.cos(thigh)))


def _kick(u: float, side: int) -> Any:
    knee = np.array([0.0, 0.4, 0.0])
    ankle = knee + 0.4 * np.array([-np.sin(2.0 * u), -np.cos(2.0 * u), 0.0])
    return np.array([0.0, 0.8, 0.0]), knee, ankle, 0.0


def _lift(u: float, side: int) -> Any:
    hip = np.array([0.0, 0.8, 0.0])
    way = np.array([np.sin(u), -np.cos(u), 0.0])
    return hip, hip + 0.4 * way, hip + 0.8 * way, 0.0


def _toes(u: float, side: int) -> Any:
    return np.array([0.0, 0.8, 0.0]), np.array([0.0, 0.4, 0.0]), np.zeros(3), 0.3 * u


MOVEMENTS: dict[str, Course] = {
    "squat, going down": _down,
    "squat, coming up": lambda u, side: _down(1.0 - u, side),
    "knee falls inward at the bottom": _inward,
    "knee is pushed outward": lambda u, side: _inward(-u, side),
    "standing up from a chair": _chair,
    "heel to buttock, standing": _kick,
    "straight leg lifted forward": _lift,
    "toes turned inward, standing": _toes,
}


def table() -> dict[str, dict[str, str]]:
    rows: dict[str, dict[str, str]] = {}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 1 + len(COLUMNS) and not set(line) <= set("|- "):
            rows[cells[0]] = dict(zip(COLUMNS, cells[1:], strict=True))
    del rows["movement"]
    return rows


def segment(distal: Array, proximal: Array, inward: float, side: int) -> Rotation:
    """Segment to world: y up the bone; x ahead, turned inward about it."""
    y = (proximal - distal) / np.linalg.norm(proximal - distal)
    z = np.array([0.0, 0.0, 1.0])
    z = z - y * (z @ y)
    z /= np.linalg.norm(z)
    still = Rotation.from_matrix(np.column_stack((np.cross(y, z), y, z)))
    # Inward is towards the other leg: for a right leg from ahead to the left, + about up.
    return Rotation.from_rotvec(y * inward * side) * still


@functools.cache
def courses(movement: Course, side: int) -> dict[str, Array]:
    """The columns of the table over the movement."""
    thighs: list[Rotation] = []
    shanks: list[Rotation] = []
    for u in np.linspace(0.0, 1.0, STEPS):
        hip, knee, ankle, toes = movement(float(u), side)
        thighs.append(segment(knee, hip, 0.0, side))
        shanks.append(segment(ankle, knee, toes, side))
    found: list[list[float]] = []
    for thigh, shank in zip(thighs, shanks, strict=True):
        x, y, z, w = (thigh.inv() * shank).as_quat()
        found.append(list(joint.angles(float(w), float(x), float(y), float(z), side)))
    rates = [
        [(a.inv() * b).as_rotvec()[2] * STEPS for a, b in itertools.pairwise(q)]
        for q in (thighs, shanks)
    ]
    angles = [course - course[0] for course in np.array(found).T]
    return dict(zip(COLUMNS, [*map(np.array, rates), *angles], strict=True))


def holds(said: str, course: Array) -> bool:
    """Whether a cell's word is true of that rate or of that angle, taken from where it began."""
    inner = course[2:-2]
    match said.removeprefix("mostly "):
        case "about 0" | "0":
            return bool(np.all(np.abs(course) < NOTHING))
        case "+":
            return bool(np.all(inner > 0.0) and inner[-1] > NOTHING)
        case "-":
            return holds("+", -course)
        case "grows":
            return bool(np.all(np.diff(course) > 0.0))
        case "falls":
            return bool(np.all(np.diff(course) < 0.0))
        case "first -, then +":
            signs = np.sign(inner)
            turns = np.flatnonzero(np.diff(signs))
            return bool(signs[0] < 0 < signs[-1] and len(turns) == 1)
        case _:
            raise AssertionError(f"no test knows what {said!r} means")


CELLS = [
    (row, column, said)
    for row, cells in table().items()
    for column, said in cells.items()
    if said and not (column == "rotation" and re.search("squat|chair", row))
]


def test_every_row_of_the_page_is_played() -> None:
    assert list(table()) == list(MOVEMENTS)
    assert len(CELLS) >= 25


@pytest.mark.parametrize("side", (1, -1), ids=("right", "left"))
@pytest.mark.parametrize(("row", "column", "said"), CELLS)
def test_the_table_says_what_happens(row: str, column: str, said: str, side: int) -> None:
    course = courses(MOVEMENTS[row], side)[column]
    assert holds(said, course), course
    if said.removeprefix("mostly ") in ("+", "-", "grows", "falls", "first -, then +"):
        assert not holds(said, -course)  # or the word would mean nothing


@pytest.mark.parametrize("side", (1, -1), ids=("right", "left"))
def test_a_squat_brings_internal_rotation_in_and_takes_it_back(side: int) -> None:
    assert table()["squat, going down"]["rotation"] == (
        "grows by 3 to 12 deg over the first 60 deg"
    )
    rep = Rep("set", 1.0, 1.3, 0.2, 1.2, 95.0)
    body = Body(Leg(side, [rep], 4, 0.0, 0.0), 5.0, seed=9)
    truth = np.array([body.truth(t) for t in np.arange(1.0, 3.7, 0.01)])
    bottom = int(np.argmax(truth[:, 0]))
    at_60 = int(np.argmax(truth[:, 0] > 60.0))
    assert 3.0 < truth[at_60, 2] - truth[0, 2] < 12.5
    assert truth[-1, 2] < truth[bottom, 2] - 3.0
