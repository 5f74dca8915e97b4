"""Two bands on one clock: how far apart the legs' times are over an hour, with two crystals.

    python tools/bench_two_bands.py [MINUTES] [PPM]

Two simulated boards in one world (kneetrack.link.radio.world), one's crystal fast and the other's
slow by PPM, stream for MINUTES of virtual time, as fast as this computer can. For each leg
kneetrack.clock finds the host's time of the band's samples, from nothing but when packets came. The
world knows when each sample truly was. The difference between the two legs' errors, second by
second as known at that second, is what a comparison of left with right would be off by.
"""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import dataclass

from kneecore import wire
from kneetrack.clock import ClockFit
from kneetrack.link import Link, open_links
from kneetrack.protocol import Decoder
from kneetrack.samples import Channel, KneeSample

MINUTES = 60.0
PPM = 50.0
SETTLED_S = 10.0


@dataclass(frozen=True, slots=True)
class Apart:
    """How far two legs are apart: at the most, and at the most behind the first SETTLED_S."""

    worst_ms: float
    settled_ms: float
    uncorrected_ms: float
    """With the bands' own clocks, set once at the start."""
    seconds: int
    drift_ppm: tuple[float, float]


def measure(duration_s: float, ppm: float, seed: int = 1) -> Apart:
    """Two legs standing for so long; their boards' crystals are +ppm and -ppm off."""
    return asyncio.run(_measure(duration_s, ppm, seed))


async def _measure(duration_s: float, ppm: float, seed: int) -> Apart:
    scenario = "sim:still?table=0&stand={:.0f}&side={}&seed={}&clock={}&speed=max"
    left, right = open_links(
        [
            scenario.format(duration_s, "left", seed, ppm),
            scenario.format(duration_s, "right", seed + 1, -ppm),
        ]
    )
    async with left, right:
        one, other = await asyncio.gather(_errors(left, ppm), _errors(right, -ppm))
    seconds = sorted(one.errors_s.keys() & other.errors_s.keys())
    apart = [1e3 * abs(one.errors_s[t] - other.errors_s[t]) for t in seconds]
    settled = [value for t, value in zip(seconds, apart, strict=True) if t >= SETTLED_S]
    return Apart(
        max(apart),
        max(settled),
        2e-3 * ppm * seconds[-1],
        len(seconds),
        (one.drift_ppm, other.drift_ppm),
    )


@dataclass(frozen=True, slots=True)
class _Leg:
    errors_s: dict[int, float]
    drift_ppm: float


async def _errors(link: Link, ppm: float) -> _Leg:
    """By the whole second of the world: what the host makes of the band's time, less the truth."""
    await link.request(bytes([wire.OP_START]) + wire.START.pack(0), 5.0)
    await link.play()
    decoder = Decoder(link.feature, link.origin_us)
    fit = ClockFit()
    errors_s: dict[int, float] = {}
    async for packet in link.packets():
        if packet.channel is not Channel.MEASUREMENT:
            continue
        samples = [item for item in decoder.feed(packet) if isinstance(item, KneeSample)]
        if not samples:
            continue
        measured_s = samples[-1].time_s
        fit.take(measured_s, packet.received_at_s)
        true_s = measured_s / (1.0 + 1e-6 * ppm)
        if int(true_s) not in errors_s and fit.line is not None:
            errors_s[int(true_s)] = fit.line.host_s(measured_s) - true_s
    assert fit.line is not None
    return _Leg(errors_s, fit.line.drift_ppm)


def main() -> None:
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else MINUTES
    ppm = float(sys.argv[2]) if len(sys.argv) > 2 else PPM
    began_s = time.monotonic()
    apart = measure(60.0 * minutes, ppm)
    fast, slow = apart.drift_ppm
    print(f"Two bands, {minutes:.0f} virtual minutes, crystals +{ppm:g} and -{ppm:g} ppm:")
    print(f"  legs apart on the host's clock, at most   {apart.worst_ms:8.2f} ms")
    print(f"  the same behind the first {SETTLED_S:.0f} s            {apart.settled_ms:8.2f} ms")
    print(f"  with clocks only set at the start         {apart.uncorrected_ms:8.2f} ms")
    print(f"  drifts found (host against band)          {fast:+8.1f} {slow:+.1f} ppm")
    print(f"  {apart.seconds} seconds compared, in {time.monotonic() - began_s:.0f} s")


if __name__ == "__main__":
    main()
