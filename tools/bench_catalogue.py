"""How long `kneetrack sessions` takes with a thousand sessions of fifty reps, when nothing changed.

    .venv/bin/python tools/bench_catalogue.py [SESSIONS]

One session is made and read as any log is: that is what a new log costs. Its entry then stands for
all others, each under a file of its own with a day of its own, for reading a thousand would take a
quarter of an hour and tell the same of what is measured: the commands, each as a process of its
own, from its start to its end, which look at every file and find that nothing has changed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))

from kept_sessions import Made, make
from kneetrack.catalogue import Catalogue
from kneetrack.catalogue.folders import logs_in
from kneetrack.catalogue.reading import analysis_mark, read_entry
from kneetrack.catalogue.rows import put
from kneetrack.catalogue.store import NAME, Store

REPS = 50
RUNS = 5
COMMANDS = (
    ("sessions", "--most", "40"),
    ("sessions", "--json", "--most", "0"),
    ("trend", "--athlete", "A", "--exercise", "squat"),
    ("compare", "--load", "60", "--versus", "70", "--athlete", "A"),
)


def main(sessions: int) -> None:
    with tempfile.TemporaryDirectory() as home:
        os.environ["XDG_DATA_HOME"] = home
        folder = Path(home) / "kneetrack" / "sessions"
        folder.mkdir(parents=True)
        first = make(folder, "s0000", Made(valgus_deg=[0.4, 1.0, 0.0, 2.0, 7.0] * (REPS // 5)))
        begun_s = time.perf_counter()
        entry = read_entry(first, first.stat().st_mtime_ns)
        read_s = time.perf_counter() - begun_s
        (leg,) = entry.session.legs
        print(f"reading one log of {leg.reps} reps: {read_s:.2f} s")
        _fill(Path(home) / "kneetrack", entry, sessions)
        held = (Path(home) / "kneetrack" / NAME).stat().st_size
        print(f"{sessions} sessions of {leg.reps} reps: catalogue of {held / 1e6:.1f} MB")
        catalogue = Catalogue.open()
        begun_s = time.perf_counter()
        brought = catalogue.bring_up_to_date()
        looked_s = time.perf_counter() - begun_s
        print(f"looking at every log: {looked_s:.3f} s, read again: {brought.read}")
        for command in COMMANDS:
            times_s = sorted(_timed(command) for _ in range(RUNS))
            print(
                f"kneetrack {' '.join(command)}: median {times_s[RUNS // 2]:.2f} s, "
                f"{times_s[0]:.2f} to {times_s[-1]:.2f} s in {RUNS} runs"
            )
        bare_s = sorted(_timed(("--version",)) for _ in range(RUNS))
        print(f"of it, starting (kneetrack --version): {bare_s[RUNS // 2]:.2f} s")


def _fill(data: Path, entry: object, sessions: int) -> None:
    """The entry under so many paths and days, at two loads in turn."""
    from kneetrack.catalogue.reading import Entry

    assert isinstance(entry, Entry)
    assert entry.session.started is not None
    for number in range(1, sessions):
        (data / "sessions" / f"s{number:04d}.mcap").write_bytes(b"")
    store, mark = Store(data), analysis_mark()
    for number, found in enumerate(logs_in([data / "sessions"]).values()):
        session = replace(
            entry.session,
            path=found.path,
            started=entry.session.started + timedelta(days=number),
            load_kg=70.0 if number % 2 else 60.0,
            identity=f"{number}",
        )
        one = Entry(session, entry.reps)
        store.write(lambda database, o=one, f=found: put(database, o, f, mark))
    store.close()


def _timed(command: tuple[str, ...]) -> float:
    begun_s = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "kneetrack.cli", *command], check=True, stdout=subprocess.DEVNULL
    )
    return time.perf_counter() - begun_s


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
