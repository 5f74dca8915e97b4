"""kneecore's filter against the reference implementation, the vqf package, on made-up data."""

from math import pi

import numpy as np
from numpy.typing import NDArray
from vqf import VQF

from kneecore import fusion

FS = 208.0
GRAVITY = 9.81
Array = NDArray[np.float64]


def multiply(p: Array, q: Array) -> Array:
    w, x, y, z = p
    a, b, c, d = q
    return np.array(
        [
            w * a - x * b - y * c - z * d,
            w * b + x * a + y * d - z * c,
            w * c - x * d + y * a + z * b,
            w * d + x * c - y * b + z * a,
        ]
    )


def imu(seconds: float, still_s: float = 0.0) -> tuple[Array, Array]:
    """gyr and acc of a sensor that turns about changing axes and is shaken; with bias and noise."""
    random = np.random.default_rng(5)
    t = np.arange(int(seconds * FS)) / FS
    moving = (t >= still_s)[:, None]
    rates = np.stack(
        [
            1.2 * np.sin(2 * pi * 0.31 * t),
            0.8 * np.sin(2 * pi * 0.47 * t + 1.0),
            1.5 * np.sin(2 * pi * 0.23 * t + 2.0),
        ],
        axis=1,
    )
    rates = rates * moving
    q = np.array([0.9, 0.3, -0.2, 0.25])
    q /= np.linalg.norm(q)
    gravity = np.empty((len(t), 3))
    for i, rate in enumerate(rates):
        angle = np.linalg.norm(rate) / FS
        axis = rate / max(float(np.linalg.norm(rate)), 1e-12)
        q = multiply(q, np.concatenate([[np.cos(angle / 2)], np.sin(angle / 2) * axis]))
        q /= np.linalg.norm(q)
        w, x, y, z = q
        gravity[i] = [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)]
    shake = np.stack([np.sin(2 * pi * k * t + k) for k in (1.1, 1.7, 0.9)], axis=1) * moving
    acc = GRAVITY * gravity + 1.5 * shake + random.normal(0.0, 0.02, rates.shape)
    gyr = rates + random.normal((0.006, -0.004, 0.005), 0.002, rates.shape)
    return gyr, acc


def with_kneecore(params: fusion.Params, gyr: Array, acc: Array) -> tuple[Array, Array]:
    filter_ = fusion.Filter(params, 1.0 / FS)
    out = np.empty((len(gyr), 4))
    for i, (rate, force) in enumerate(zip(gyr.tolist(), acc.tolist(), strict=True)):
        filter_.update(rate, force)
        out[i] = filter_.orientation()
    return out, np.array(filter_.bias)


def inclination_apart_deg(p: Array, q: Array) -> Array:
    """The angle between the verticals that two orientations see in the sensor's frame."""

    def up(q: Array) -> Array:
        w, x, y, z = q.T
        return np.stack([2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)], axis=1)

    return np.degrees(2.0 * np.arcsin(0.5 * np.linalg.norm(up(p) - up(q), axis=1)))


def test_at_the_full_rate_it_is_vqf_but_for_the_first_levelling() -> None:
    gyr, acc = imu(60.0)
    reference = VQF(1.0 / FS, restBiasEstEnabled=False).updateBatch(gyr, acc)
    q, bias = with_kneecore(fusion.Params(divider=1, bias_divider=1), gyr, acc)
    apart = inclination_apart_deg(q, reference["quat6D"])[int(3 * FS) :]
    assert apart.max() < 0.01
    assert np.degrees(np.abs(bias - reference["bias"][-1])).max() < 0.005


def test_split_it_stays_within_a_fifth_of_a_degree() -> None:
    gyr, acc = imu(60.0)
    reference = VQF(1.0 / FS, restBiasEstEnabled=False).updateBatch(gyr, acc)
    q, bias = with_kneecore(fusion.Params(), gyr, acc)
    apart = inclination_apart_deg(q, reference["quat6D"])[int(3 * FS) :]
    print("split against vqf: largest", apart.max(), "RMS", np.sqrt(np.mean(apart**2)))
    assert apart.max() < 0.2
    assert np.sqrt(np.mean(apart**2)) < 0.05
    assert np.degrees(np.abs(bias - reference["bias"][-1])).max() < 0.02


def test_rest_is_seen_where_vqf_sees_it_and_teaches_the_same_bias() -> None:
    gyr, acc = imu(20.0, still_s=15.0)
    still = int(14.0 * FS)
    reference = VQF(1.0 / FS).updateBatch(gyr[:still], acc[:still])
    assert reference["restDetected"][-1]
    filter_ = fusion.Filter(fusion.Params(rest_bias=True), 1.0 / FS)
    seen: list[bool] = []
    for rate, force in zip(gyr.tolist(), acc.tolist(), strict=True):
        filter_.update(rate, force)
        seen.append(filter_.at_rest)
        if len(seen) == still:
            assert np.degrees(np.abs(np.array(filter_.bias) - reference["bias"][-1])).max() < 0.01
    first = int(np.argmax(reference["restDetected"]))
    assert abs(seen.index(True) - first) <= 0.1 * FS
    assert not seen[-1]
