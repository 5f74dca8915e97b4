"""Intervals hold what they say; trends and comparisons say "changed" of changes, not of chance."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from kneetrack.catalogue.compare import Basis, compare, groups
from kneetrack.catalogue.entry import SHARE, TOTAL, Figure, Leg, Session
from kneetrack.catalogue.intervals import middle, of_groups, of_pairs
from kneetrack.catalogue.told_apart import Source, ToldApart, told_apart
from kneetrack.catalogue.trend import trend
from kneetrack.insight.sides import MOUNT_SEM_DEG
from kneetrack.insight.values import COMPARED, MOUNTED, NAMES, SPREADS, described
from kneetrack.samples import Side
from kneetrack.selftest.tests import SELFTESTS


def session(
    day: int, value: float, *, load_kg: float | None = 60.0, reps: int = 10, wide: float = 0.5,
    exercise: str = "squat", in_range: int = 10, hour: int = 8,
) -> Session:  # fmt: skip
    figure = Figure(TOTAL, reps, value, value - wide, value + wide)
    leg = Leg(Side.RIGHT, exercise, "A", None, reps, reps, in_range, 0, figures={TOTAL: figure})
    return Session(
        path=Path(f"{day}-{hour}.mcap"),
        started=datetime(2026, 8, 1, hour, tzinfo=UTC) + timedelta(days=day),
        dated_by="log", athlete="A", exercise=exercise, load_kg=load_kg, rpe=None, note=None,
        selftest=None, tags={}, pain=False, simulated=False, versions={}, warnings=(), legs=(leg,),
    )  # fmt: skip


@pytest.mark.parametrize("count", [3, 5, 6, 8, 12, 30])
@pytest.mark.parametrize("kind", ["normal", "exponential"])
def test_the_interval_of_a_median_holds_it(count: int, kind: str) -> None:
    random = np.random.default_rng(5)
    truth = 0.0 if kind == "normal" else np.log(2.0)
    draws = getattr(random, f"standard_{kind}")(size=(1500, count))
    found = [middle(draw.tolist()) for draw in draws]
    held = np.mean([one.low <= truth <= one.high for one in found])
    assert 0.925 < held < 0.985


def test_t_holds_where_the_bootstrap_does_not() -> None:
    """Why few sessions get Student's t: the reason that intervals.py gives, with its figures."""
    random = np.random.default_rng(6)
    draws = random.normal(size=(1500, 5))
    by_t = np.mean([abs(p.value) <= p.high - p.value for p in map(of_pairs, draws.tolist())])
    again = draws[np.arange(1500)[:, None, None], random.integers(0, 5, (1500, 400, 5))].mean(2)
    low, high = np.quantile(again, [0.025, 0.975], axis=1)
    assert 0.93 < by_t < 0.97
    assert np.mean((low <= 0) & (high >= 0)) < 0.88
    held = [of_groups(d[:5].tolist(), d[5:].tolist()) for d in random.normal(size=(1500, 9))]
    assert 0.93 < np.mean([one.low <= 0 <= one.high for one in held]) < 0.98


def test_a_change_beyond_chance_is_told_and_chance_is_not() -> None:
    found = trend([session(0, 1.0), session(7, 2.0), session(14, 8.0)], TOTAL, Side.RIGHT)
    assert found is not None
    assert found.apart is not None
    assert found.apart.source is Source.ASSUMED
    first, second, third = found.points
    assert first.from_first is None
    assert second.from_first is not None
    assert not second.from_first.changed
    assert third.from_first is not None
    assert third.from_first.changed
    assert third.from_first.least > found.apart.mdc  # the reps' own scatter comes on top
    assert third.from_usual is not None
    assert third.from_usual.difference == pytest.approx(6.5)


def test_chance_alone_is_called_changed_in_one_of_twenty() -> None:
    """With the scatter learned from the sessions themselves, the last against the first."""
    random = np.random.default_rng(7)
    told = 0
    for values in random.normal(0.0, 1.0, (600, 8)):
        kept = [session(k, float(v), wide=0.0) for k, v in enumerate(values)]
        found = trend(kept, TOTAL, Side.RIGHT)
        assert found is not None
        assert found.apart is not None
        assert found.apart.source is Source.SESSIONS
        last = found.points[-1].from_first
        told += last is not None and last.changed
    assert 0.02 < told / 600 < 0.08


def test_loads_are_told_apart_and_few_strides_are_not_compared() -> None:
    found = trend([session(0, 1.0), session(1, 9.0, load_kg=80.0)], TOTAL, Side.RIGHT)
    assert found is not None
    assert [at.load_kg for at in found.loads] == [60.0, 80.0]
    assert all(point.from_first is None for point in found.points)
    walks = [session(k, float(k), exercise="walk", reps=n) for k, n in enumerate((60, 49, 50))]
    found = trend(walks, TOTAL, Side.RIGHT)
    assert found is not None
    assert [point.compared for point in found.points] == [True, False, True]


def test_a_share_is_judged_by_its_repetitions() -> None:
    few = trend([session(k, 0.0, reps=5, in_range=n) for k, n in enumerate((5, 3))], SHARE,
                Side.RIGHT)  # fmt: skip
    many = trend([session(k, 0.0, reps=50, in_range=n) for k, n in enumerate((50, 30))], SHARE,
                 Side.RIGHT)  # fmt: skip
    verdicts = [
        each.points[1].from_first.changed
        for each in (few, many)
        if each is not None and each.points[1].from_first is not None
    ]
    assert verdicts == [False, True]


def test_a_share_that_differs_as_days_do_is_not_called_changed() -> None:
    """The true share scatters by 10 % from session to session, thirty reps each: by repetitions
    alone one in six is called changed."""
    random = np.random.default_rng(3)
    told = 0
    for days in np.clip(random.normal(0.8, 0.1, (200, 8)), 0.0, 1.0):
        kept = [session(k, 0.0, reps=30, in_range=int(random.binomial(30, p)))
                for k, p in enumerate(days)]  # fmt: skip
        found = trend(kept, SHARE, Side.RIGHT)
        assert found is not None
        last = found.points[-1].from_first
        told += last is not None and last.changed
    assert told / 200 < 0.08


def test_sessions_that_are_all_the_same_have_not_changed() -> None:
    """Time over the limit is nothing in most sessions: no scatter, and no difference."""
    found = trend([session(k, 0.0, wide=0.0) for k in range(6)], TOTAL, Side.RIGHT)
    assert found is not None
    assert found.apart == ToldApart(0.0, Source.SESSIONS, 6, found.apart.factor)
    assert not any(point.from_first.changed for point in found.points[1:] if point.from_first)


def effect(
    one: Sequence[Session],
    other: Sequence[Session],
    *,
    by_load: bool = False,
    name: str = TOTAL,
):
    return compare(
        groups(one, other, by_load=by_load), name, Side.RIGHT,
        apart=ToldApart(1.3, Source.ASSUMED), reps_of=lambda _: (), by_load=by_load,
    )  # fmt: skip


@pytest.mark.parametrize("later", [0, 100])
def test_two_shares_that_agree_to_the_step_prove_nothing(later: int) -> None:
    """Twice 8 of 8 against 7 of 8, as pairs of a day and as sessions of their own days."""
    one = [session(day, 0.0, reps=8, in_range=8) for day in (0, 7)]
    other = [session(day + later, 0.0, reps=8, in_range=7, hour=10) for day in (0, 7)]
    found = effect(one, other, name=SHARE)
    assert found is not None
    assert found.difference.value == pytest.approx(12.5)
    assert not found.told_apart


def test_shares_of_two_pairs_are_told_apart_by_chance_in_no_more_than_one_of_twenty() -> None:
    random = np.random.default_rng(8)
    told = 0
    for kept in random.binomial(8, 0.9, (400, 2, 2)):
        one, other = (
            [session(day, 0.0, reps=8, in_range=int(kept[day, at]), hour=8 + at) for day in (0, 1)]
            for at in (0, 1)
        )
        found = effect(one, other, name=SHARE)
        told += found is not None and found.told_apart is True
    assert told / 400 < 0.05
    far = [[session(day, 0.0, reps=20, in_range=n + day, hour=n) for day in (0, 1)]
           for n in (18, 4)]  # fmt: skip
    found = effect(*far, name=SHARE)
    assert found is not None
    assert found.told_apart


def test_sessions_of_one_day_are_paired() -> None:
    """Days differ a lot, the shoes by 1.5 deg: pairs tell it, groups don't."""
    days = (0.0, 8.0, -5.0, 3.0, 12.0)
    flat = [session(k, each + 1.5 + 0.1 * k) for k, each in enumerate(days)]
    heel = [session(k, each, hour=10) for k, each in enumerate(days)]
    found = effect(flat, heel)
    assert found is not None
    assert (found.basis, found.counts) == (Basis.PAIRS, (5, 5))
    assert found.told_apart
    assert found.difference.value == pytest.approx(1.7)
    apart = effect(flat, [session(k + 100, each) for k, each in enumerate(days)])
    assert apart is not None
    assert apart.basis is Basis.SESSIONS
    assert not apart.told_apart


def test_two_single_sessions_must_differ_by_more_than_the_strap_does() -> None:
    near, far = (effect([session(0, value)], [session(1, 0.0)]) for value in (3.0, 6.0))
    assert near is not None
    assert far is not None
    assert not near.told_apart
    assert far.told_apart


def test_loads_that_one_side_lacks_are_left_out() -> None:
    found = groups([session(0, 1.0), session(1, 1.0, load_kg=80.0)], [session(2, 1.0)])
    assert (len(found.one), len(found.other), found.left_out) == (1, 1, 1)
    other = groups([session(0, 1.0)], [session(2, 1.0, load_kg=80.0)])
    assert other.loads_differ


def test_mounting_is_in_absolute_angles_and_not_in_spreads() -> None:
    """A sway of 0.7 deg must not need 6.65 deg to change; five sessions tell what it needs."""
    for watched in SELFTESTS["balance"].watched:
        assert told_apart(watched.name, exercise="balance") is None
        known = told_apart(
            watched.name, exercise="balance", middles=[[0.64, 0.70, 0.66, 0.61, 0.69]]
        )
        assert known is not None
        assert known.source is Source.SESSIONS
        assert known.mdc < 0.3
    for name in ("peak_flexion_deg", "shank_lean_deg"):
        depth = told_apart(name, exercise="squat")
        assert depth is not None
        assert depth.sem == MOUNT_SEM_DEG


def test_every_measure_in_degrees_is_of_one_kind() -> None:
    """A new one has to be put where it belongs, or nobody knows what mounting makes of it."""
    degrees = {name for name in NAMES if described(name).unit == "°"}
    assert degrees == (MOUNTED | SPREADS | COMPARED) & degrees
    assert not MOUNTED & SPREADS
    assert not (MOUNTED | SPREADS) & COMPARED
    assert degrees >= MOUNTED | SPREADS
