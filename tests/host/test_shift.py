"""What all reps of a set share, told from a few reps and from hundreds."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from kneetrack.detection.cut import Floats
from kneetrack.detection.measures import GRID_DEG, Measured
from kneetrack.detection.shift import fit
from measured_reps import built, squats

SHIFT_DEG = 3.0


def shifted(reps: list[Measured]) -> list[Measured]:
    """The same reps with what soft tissue under load might add to them: 3 deg at 90 deg."""

    def moved(curve: Floats) -> Floats:
        valgus = curve[0] + SHIFT_DEG * np.sin(np.radians(GRID_DEG))
        return np.concatenate([valgus[None], curve[1:]])

    return [replace(rep, down=moved(rep.down), up=moved(rep.up)) for rep in reps]


@pytest.fixture(scope="module")
def of_a_set() -> list[Measured]:
    return shifted(squats([0.0, 8.0, 0.2, 0.1, 9.0, 0.0, 0.3, 8.0, 0.1, 0.2]))


@pytest.mark.parametrize("times", [1, 6, 30])
def test_the_shift_is_told_from_the_reps_own_however_many_there_are(
    of_a_set: list[Measured], times: int
) -> None:
    shift = fit(of_a_set * times, built(squats([0.1, 0.0, 0.2, 0.0])))
    assert float(shift.at(np.array([90.0]))[0]) == pytest.approx(SHIFT_DEG, abs=0.6)


def test_a_session_that_nobody_cut_into_sets_takes_little_memory(of_a_set: list[Measured]) -> None:
    reference = built(squats([0.1, 0.0, 0.2, 0.0]))
    tracemalloc.start()
    fit(of_a_set * 30, reference)
    most_mb = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    assert most_mb < 120.0  # two gigabytes where every rep is a start and each has its matrices
