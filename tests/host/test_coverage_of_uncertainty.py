"""The stated uncertainty against simulated people whose truth is known: neither small nor large.

A few people on the level of angles (tools/squat_population), for time's sake; what is measured over
more of them, from IMU signals on, is printed by tools/bench_population.
"""

from __future__ import annotations

import numpy as np

from bench_detection import population

PEOPLE, SEED = 24, 31


def test_the_truth_of_a_rep_lies_within_two_standard_uncertainties_as_often_as_it_should() -> None:
    tally = population(PEOPLE, SEED)
    errors, sigmas = np.array(tally.errors), np.array(tally.sigmas)
    assert len(errors) > 150
    within = float(np.mean(np.abs(errors) <= 1.96 * sigmas))
    assert 0.90 <= within <= 0.99, f"{within:.3f} of {len(errors)} reps"
    assert 0.7 <= float(np.sqrt(np.mean((errors / sigmas) ** 2))) <= 1.3
