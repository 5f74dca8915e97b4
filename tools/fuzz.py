#!/usr/bin/env python3
"""Throw broken input at every door of the host, guided by what it makes the code do.

    python tools/fuzz.py                        every target, 20,000 inputs each
    python tools/fuzz.py log decoder --runs 500000

Each target (`fuzz_targets`) takes bytes and may refuse them with a KneeTrackError; anything else
that it raises is a crash, and so is a minute without an answer. The inputs begin with real ones and
are changed by atheris (libFuzzer), which keeps those that reach new code. It needs an extra:

    pip install -e '.[fuzz]'

What the band is written over the air is fuzzed on the band itself: tests/firmware.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import fuzz_targets

RUNS = 20_000
HANG_S = 60
MEMORY_MB = 3000
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Files there need not wait for a disk."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=_Plain)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(fuzz_targets.TABLE))
    parser.add_argument("--runs", type=int, default=RUNS, help="inputs per target")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.inside:
        _fuzz(asked.inside, Path(asked.folder), asked.runs, asked.seed)
    unknown = [name for name in asked.targets if name not in fuzz_targets.TABLE]
    if unknown:
        parser.error(f"no target {unknown[0]}; there are {', '.join(fuzz_targets.TABLE)}")
    print(f"{'target':<14}{'inputs':>9}{'reached':>9}{'time':>8}  outcome")
    failed = 0
    with tempfile.TemporaryDirectory(prefix="kneetrack-fuzz-", dir=MEMORY) as folder:
        for name in asked.targets or fuzz_targets.TABLE:
            failed += not _run(name, Path(folder) / name, asked.runs, asked.seed)
    return 1 if failed else 0


def _run(name: str, folder: Path, runs: int, seed: int) -> bool:
    """One target in a process of its own, for libFuzzer ends its process; True if all went well."""
    corpus = folder / "corpus"
    corpus.mkdir(parents=True)
    for number, data in enumerate(fuzz_targets.TABLE[name].seeds()):
        (corpus / f"seed{number}").write_bytes(data)
    began = time.monotonic()
    done = subprocess.run(
        [
            *(sys.executable, __file__, "--inside", name, "--folder", str(folder)),
            *("--runs", str(runs), "--seed", str(seed)),
        ],
        capture_output=True,
        text=True,
        errors="replace",
        cwd=folder,
        check=False,
    )
    said = done.stdout + done.stderr
    inputs = re.findall(r"number_of_executed_units:\s*(\d+)", said) or re.findall(
        r"^#(\d+)", said, re.MULTILINE
    )
    reached = re.findall(r"cov: (\d+)", said)
    crashed = done.returncode != 0
    took_s = time.monotonic() - began
    tried = int(inputs[-1]) if inputs else 0
    print(
        f"{name:<14}{tried:>9}{reached[-1] if reached else '-':>9}{took_s:>7.0f}s  "
        f"{'CRASH' if crashed else 'none crashed'}"
    )
    if crashed:
        found = sorted(folder.glob("crash-*")) + sorted(folder.glob("timeout-*"))
        kept = [Path(tempfile.gettempdir()) / f"kneetrack-{name}-{path.name}" for path in found]
        for path, copy in zip(found, kept, strict=True):
            copy.write_bytes(path.read_bytes())
        print("\n".join(said.splitlines()[-30:]))
        print("input kept:", *kept)
    return not crashed


def _fuzz(name: str, folder: Path, runs: int, seed: int) -> None:
    import atheris

    with atheris.instrument_imports(include=["kneetrack", "kneecore", "mcap"]):
        take = fuzz_targets.TABLE[name].target(folder)
        from kneetrack.errors import KneeTrackError
    seeds = fuzz_targets.TABLE[name].seeds()
    take(seeds[0])

    def answered(data: bytes) -> None:
        with contextlib.suppress(KneeTrackError):
            take(data)

    words = sorted(
        {word for data in seeds for word in re.findall(rb'"[A-Za-z_0-9]+"|[a-z_]{5,}', data)}
    )[:500]
    dictionary = folder / "words"
    dictionary.write_text(
        "".join('"' + "".join(f"\\x{b:02x}" for b in word) + '"\n' for word in words)
    )
    options = [
        *(f"-runs={runs}", f"-seed={seed}", f"-timeout={HANG_S}", f"-rss_limit_mb={MEMORY_MB}"),
        *("-max_len=65536", "-len_control=50", "-print_final_stats=1"),
        *([f"-dict={dictionary}"] if words else []),
        *(f"-artifact_prefix={folder}/", str(folder / "corpus")),
    ]
    atheris.Setup([sys.argv[0], *options], answered)
    atheris.Fuzz()


class _Plain(argparse.RawDescriptionHelpFormatter):
    pass


if __name__ == "__main__":
    sys.exit(main())
