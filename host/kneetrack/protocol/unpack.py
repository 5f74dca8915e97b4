"""Packed records to samples: the inner loops of decoding, where all its time goes."""

from __future__ import annotations

import struct
from typing import Any

from kneecore import wire
from kneetrack.samples import Decoded, ImuPair, KneeSample

_KNEE = struct.Struct(wire.KNEE_SAMPLE.format)
_RAW = struct.Struct(wire.RAW_PAIR.format)
KNEE_BYTES = _KNEE.size
PAIR_BYTES = _RAW.size
_ANGLE = wire.ANGLE_LSB_DEG
_QUATERNION = wire.QUATERNION_LSB
_SIGMA = 0.1  # wire.KNEE_SAMPLE, valgus_sigma_deg


def knee_samples(
    body: bytes | memoryview, number: int, since_us: int, period_us: int, flags: int
) -> list[Decoded]:
    """Packed wire.KNEE_SAMPLEs; the first is `number`, `since_us` after time zero."""
    items: list[Decoded] = []
    append, q = items.append, _QUATERNION
    new: Any = vars(tuple)["__new__"]
    for a, v, r, tw, tx, ty, tz, sw, sx, sy, sz, sigma in _KNEE.iter_unpack(body):
        append(
            new(  # a NamedTuple's own constructor takes twice as long
                KneeSample,
                (
                    number,
                    since_us / 1e6,
                    a * _ANGLE,
                    v * _ANGLE,
                    r * _ANGLE,
                    sigma * _SIGMA,
                    (tw * q, tx * q, ty * q, tz * q),
                    (sw * q, sx * q, sy * q, sz * q),
                    flags,
                ),
            )
        )
        number += 1
        since_us += period_us
    return items


def imu_pairs(
    body: bytes | memoryview,
    number: int,
    since_us: int,
    period_us: int,
    flags: int,
    sizes: tuple[float, float],
) -> list[Decoded]:
    """Packed wire.RAW_PAIRs; `sizes` are those of a count: rad/s and m/s^2."""
    g, a = sizes
    items: list[Decoded] = []
    for tgx, tgy, tgz, tax, tay, taz, sgx, sgy, sgz, sax, say, saz in _RAW.iter_unpack(body):
        items.append(
            ImuPair(
                number,
                since_us / 1e6,
                (tgx * g, tgy * g, tgz * g),
                (tax * a, tay * a, taz * a),
                (sgx * g, sgy * g, sgz * g),
                (sax * a, say * a, saz * a),
                flags,
            )
        )
        number += 1
        since_us += period_us
    return items
