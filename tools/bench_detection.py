#!/usr/bin/env python3
"""How well reps and inward excursions are found, on a simulated population whose truth is known.

    python tools/bench_detection.py [--subjects N] [--seed S] [--no-speed]

The population is that of `squat_population.py`. It knows nothing of the detector, and the detector
nothing of it: `--seed` picks the people, and the default seed is never used to choose a threshold.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from dataclasses import dataclass, field

import numpy as np

from kneecore import wire
from kneetrack.detection import Analyzer, LegResult
from kneetrack.protocol import Decoder
from kneetrack.samples import Channel, KneeSample, Packet, Rep, Side, Verdict
from squat_population import PERIOD_S, Floats, GivenRep, Person, Recording, record

SEED = 20260801
EVENT_DEG = 5.0
INWARD = (Verdict.MOVED_INWARD, Verdict.MOVED_INWARD_LARGE)
UNIT = (1.0, 0.0, 0.0, 0.0)


def analyse(recording: Recording) -> LegResult:
    analyzer = Analyzer(Side.RIGHT, windows=recording.windows)
    for i, (flexion, valgus, rotation) in enumerate(recording.angles.tolist()):
        analyzer.feed(KneeSample(i, i * PERIOD_S, flexion, valgus, rotation, 2.0, UNIT, UNIT, 0))
    analyzer.flush()
    return analyzer.result()


@dataclass
class Tally:
    """Counts and errors over the population."""

    errors: list[float] = field(default_factory=list)
    sigmas: list[float] = field(default_factory=list)
    hits: int = 0
    events: int = 0
    calm: int = 0
    still: int = 0
    doubtful: int = 0
    exact_sets: int = 0
    sets: int = 0
    found: int = 0
    given: int = 0
    matched: int = 0
    shift_errors: list[float] = field(default_factory=list)

    def add(self, recording: Recording, result: LegResult) -> None:
        given = [rep for rep in recording.reps if rep.in_set]
        found = [rep for rep in result.reps if not rep.is_reference]
        self.sets += 1
        self.exact_sets += len(given) == len(found)
        self.given += len(given)
        self.found += len(found)
        for truth in given:
            rep = next((one for one in found if one.start_s < truth.bottom_s < one.end_s), None)
            if rep is not None:
                self.matched += 1
                self._judge(truth, rep)
        for one in result.sets[-1:]:
            if one.shift_deg is not None:
                self.shift_errors.append(one.shift_deg - recording.shift_deg)

    def _judge(self, truth: GivenRep, rep: Rep) -> None:
        if rep.own_excursion_deg is not None and rep.own_excursion_sigma_deg is not None:
            self.errors.append(rep.own_excursion_deg - truth.excursion_deg)
            self.sigmas.append(rep.own_excursion_sigma_deg)
        self.doubtful += rep.verdict is Verdict.DOUBTFUL
        inward = rep.verdict in INWARD
        if truth.excursion_deg >= EVENT_DEG:
            self.events += 1
            self.hits += inward
        else:
            self.calm += 1
            self.still += not inward


def population(
    subjects: int, seed: int, common_deg: float = 0.0, forward_deg: float = 0.0
) -> Tally:
    tally = Tally()
    for number in range(subjects):
        person = Person(np.random.default_rng([seed, number]), forward_deg)
        recording = record(person, common_deg=common_deg)
        tally.add(recording, analyse(recording))
    return tally


def rms(values: list[float]) -> float:
    return float(np.sqrt(np.mean(np.square(values)))) if values else math.nan


def report(tally: Tally) -> list[tuple[str, str, str, bool]]:
    """(what, reached, target, met) rows."""
    sensitivity, specificity = tally.hits / tally.events, tally.still / tally.calm
    exact = tally.exact_sets / tally.sets
    precision, recall = tally.matched / tally.found, tally.matched / tally.given
    error = rms(tally.errors)
    return [
        ("own excursion, RMSE (deg)", f"{error:.2f}", "<= 0.8", error <= 0.8),
        ("sensitivity at 5 deg", f"{sensitivity:.3f}", ">= 0.97", sensitivity >= 0.97),
        ("specificity at 5 deg", f"{specificity:.3f}", ">= 0.97", specificity >= 0.97),
        ("sets with the exact rep count", f"{exact:.3f}", ">= 0.98", exact >= 0.98),
        ("rep precision", f"{precision:.3f}", ">= 0.99", precision >= 0.99),
        ("rep recall", f"{recall:.3f}", ">= 0.99", recall >= 0.99),
    ]


def packets(angles: Floats) -> list[Packet]:
    """The angles as the band would send them."""
    per_packet = wire.KNEE_SAMPLES_PER_PACKET
    records = [wire.KNEE_SAMPLE.pack(*row, UNIT, UNIT, 2.0) for row in angles.tolist()]
    made: list[Packet] = []
    for first in range(0, len(records), per_packet):
        at_us = first * wire.KNEE_PERIOD_US
        header = wire.PACKET_HEADER.pack(7, first % 2**16, at_us % 2**32, wire.KNEE_PERIOD_US, 0)
        data = header + b"".join(records[first : first + per_packet])
        made.append(Packet(Channel.MEASUREMENT, data, at_us / 1e6))
    return made


def speed(seed: int) -> float:
    """How many times faster than real time an hour of packets becomes events."""
    parts = [record(Person(np.random.default_rng([seed, number]))).angles for number in range(3)]
    one = packets(np.concatenate(parts))
    samples = sum(len(part) for part in parts)
    hour: list[Packet] = []
    while len(hour) * wire.KNEE_SAMPLES_PER_PACKET * PERIOD_S < 3600:
        base = len(hour) * wire.KNEE_SAMPLES_PER_PACKET
        for packet in one[: samples // wire.KNEE_SAMPLES_PER_PACKET]:
            _, sequence, at_us, period, flags = wire.PACKET_HEADER.unpack_from(packet.data)
            header = wire.PACKET_HEADER.pack(
                7, (sequence + base) % 2**16, (at_us + base * period) % 2**32, period, flags
            )
            hour.append(Packet(packet.channel, header + packet.data[len(header) :], 0.0))
    decoder, analyzer = Decoder(), Analyzer(Side.RIGHT)
    begin = time.process_time()
    for packet in hour:
        analyzer.feed_all(decoder.feed(packet))
    analyzer.flush()
    took = time.process_time() - begin
    lasted = analyzer.result().reps[-1].end_s
    print(f"  speed run: {lasted:.0f} s with {len(analyzer.result().reps)} reps in {took:.2f} s")
    return lasted / took


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--subjects", type=int, default=120)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--no-speed", action="store_true")
    options = parser.parse_args()

    print(f"simulated squats, {options.subjects} people, seed {options.seed}")
    tally = population(options.subjects, options.seed)
    rows = report(tally)
    if not options.no_speed:
        times = speed(options.seed)
        rows.append(("packets to events, x real time", f"{times:.0f}", ">= 1000", times >= 1000))
    for what, reached, target, met in rows:
        print(f"  {what:34s} {reached:>8s}   target {target:8s} {'' if met else 'MISSED'}")
    print(f"  reps: {tally.matched}, events {tally.events}, doubtful {tally.doubtful}")
    print(f"  own excursion, bias (deg)          {np.mean(tally.errors):8.2f}")
    print(f"  its stated sigma, median (deg)     {np.median(tally.sigmas):8.2f}")
    print("harder: the soft tissue also turns the thigh about its forward axis (2 deg)")
    for what, reached, *_ in report(population(options.subjects, options.seed, 0.0, 2.0))[:3]:
        print(f"  {what:34s} {reached:>8s}")
    print("what all reps of a set share: valgus that goes with depth, in the set only (deg)")
    for common_deg in (0.0, 4.0, 8.0):
        other = population(options.subjects // 4, options.seed + 1, common_deg)
        print(
            f"  {common_deg:3.0f} put in: shift found with RMSE {rms(other.shift_errors):.2f}, "
            f"own excursion RMSE {rms(other.errors):.2f}"
        )
    return 0 if all(met for *_, met in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
