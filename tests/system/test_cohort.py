"""`kneetrack analyze DIR --out reps.parquet`: with processes, stopped, killed, and on a cluster."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from command_line import is_one_sentence, kneetrack, running
from kept_sessions import Made, make
from kneetrack.cohort import Asked, Built, build
from kneetrack.cohort.cluster import over_cluster
from kneetrack.cohort.processes import over_processes
from kneetrack.errors import InputError, install
from stuck_recording import PATIENCE_S, StuckRecording, is_alive

parquet: Any = pytest.importorskip("pyarrow.parquet", reason="needs pyarrow")
needs_proc = pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs Linux's /proc")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    for k in range(3):
        make(folder, f"s{k}", Made(valgus_deg=(0.0, 4.0 * k), seed=k))
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    logs = tmp_path / "logs"
    logs.mkdir()
    for path in made.iterdir():
        (logs / path.name).write_bytes(path.read_bytes())
    return logs


def sources_of(out: Path) -> list[str]:
    return sorted(set(parquet.read_table(str(out)).column("source").to_pylist()))


def test_the_number_of_workers_makes_no_difference(folder: Path) -> None:
    (folder / "bad.mcap").write_bytes(b"nothing of a log")
    outs = [folder.parent / f"{jobs}.parquet" for jobs in (1, 3)]
    for jobs, out in zip((1, 3), outs, strict=True):
        ran = kneetrack("analyze", folder, "--out", out, "--jobs", str(jobs), "--json")
        told = json.loads(ran.stdout)
        assert ran.returncode == 1, "one of them is bad"
        assert (told["recordings"], told["failed"][0]["source"]) == (3, "bad.mcap")
        assert is_one_sentence(ran.stderr.strip().splitlines()[-1])
    assert outs[0].read_bytes() == outs[1].read_bytes()
    assert sources_of(outs[0]) == ["s0.mcap", "s1.mcap", "s2.mcap"]


def test_a_second_run_says_that_nothing_was_to_do_and_ends_well(folder: Path) -> None:
    out = folder / "reps.parquet"
    assert kneetrack("analyze", folder, "--out", out, "--jobs", "1").returncode == 0
    ran = kneetrack("analyze", folder, "--out", out)
    assert ran.returncode == 0
    assert "of 3 recordings, 3 of them as before." in ran.stdout
    assert ran.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--jobs", "2"], 2, "add --out"),
        (["--scheduler", "tcp://127.0.0.1:1"], 2, "add --out"),
        (["--out", "r.parquet", "--jobs", "0"], 2, "1 or more"),
        (["--out", "r.parquet", "--jobs", "2", "--scheduler", "x"], 2, "either"),
        (["--out", "r.parquet", "--offline"], 2, "--offline and --out"),
        (["--out", "s0.mcap"], 2, "no table of reps"),
        (["--out", "."], 2, "is a folder"),
    ],
)
def test_what_makes_no_sense_is_told_in_a_sentence(
    folder: Path, arguments: list[str], code: int, told: str
) -> None:
    ran = kneetrack("analyze", folder, *arguments, cwd=folder)
    assert (ran.returncode, told in ran.stderr) == (code, True), ran.stderr
    assert is_one_sentence(ran.stderr)


@pytest.mark.parametrize(
    ("module", "arguments", "extra"),
    [("pyarrow", [], "tables"), ("distributed", ["--scheduler", "tcp://127.0.0.1:1"], "cluster")],
)
def test_a_missing_extra_says_how_to_install_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch, module: str, arguments: list[str], extra: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    ran = kneetrack("analyze", folder, "--out", folder / "reps.parquet", *arguments)
    assert ran.returncode == 1
    assert install(extra) in ran.stderr
    assert is_one_sentence(ran.stderr)


@pytest.fixture
def stuck(folder: Path) -> Iterator[StuckRecording]:
    recording = StuckRecording(folder / "s1.mcap.stuck.mcap")
    yield recording
    recording.close()


class Running:
    """`build` in a thread."""

    def __init__(self, folder: Path, workers: Any) -> None:
        self.built: list[Built] = []
        self.out = folder.parent / "reps.parquet"
        self._thread = threading.Thread(
            target=lambda: self.built.append(build(Asked(folder), self.out, workers))
        )
        self._thread.start()

    def end(self) -> Built:
        self._thread.join(PATIENCE_S)
        [built] = self.built
        return built


@needs_proc
def test_a_worker_that_is_killed_twice_over_one_recording_costs_only_that(
    folder: Path, stuck: StuckRecording
) -> None:
    running = Running(folder, partial(over_processes, jobs=2))
    killed = stuck.reader()
    os.kill(killed, signal.SIGKILL)
    stuck.close()
    again = stuck.reader(but=killed)
    os.kill(again, signal.SIGKILL)
    built = running.end()
    assert [source for source, _ in built.failed] == [stuck.path.name]
    assert "ended twice" in built.failed[0][1]
    assert sources_of(built.out) == ["s0.mcap", "s1.mcap", "s2.mcap"]


@needs_proc
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_stopped_in_the_midst_what_is_done_is_kept_and_nobody_is_left_behind(
    folder: Path, stuck: StuckRecording, made: Path, how: signal.Signals
) -> None:
    out = folder.parent / "reps.parquet"
    parts = folder.parent / "reps.parquet.parts"
    with running("analyze", folder, "--out", out, "--jobs", "2", stdout=None, text=True) as process:
        worker = stuck.reader()
        until = time.monotonic() + PATIENCE_S
        while len(list(parts.glob("*.arrow"))) < 3 and time.monotonic() < until:
            time.sleep(0.1)
        process.send_signal(how)
        _, told = process.communicate(timeout=PATIENCE_S)
    if how is signal.SIGINT:
        assert process.returncode == 130
        assert "3 of 4 recordings are done and kept" in told
        assert "Traceback" not in told
        assert sources_of(out) == ["s0.mcap", "s1.mcap", "s2.mcap"]
    while is_alive(worker) and time.monotonic() < until:
        time.sleep(0.1)
    assert not is_alive(worker)
    stuck.path.unlink()
    stuck.path.write_bytes((made / "s0.mcap").read_bytes())
    ran = kneetrack("analyze", folder, "--out", out, "--jobs", "1")
    assert "of 4 recordings, 3 of them as before." in ran.stdout


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    distributed = pytest.importorskip("distributed", reason="needs the extra cluster")
    made = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    )
    yield made
    made.close()


@pytest.mark.filterwarnings("default")
def test_a_cluster_makes_the_same_table_as_processes(folder: Path, cluster: Any) -> None:
    (folder / "bad.mcap").write_bytes(b"nothing of a log")
    out, other = folder.parent / "cluster.parquet", folder.parent / "processes.parquet"
    address = cluster.scheduler_address
    ran = kneetrack("analyze", folder, "--out", out, "--scheduler", address)
    assert ran.returncode == 1
    assert "1 of 4 recordings could not be read" in ran.stderr
    kneetrack("analyze", folder, "--out", other, "--jobs", "1")
    assert out.read_bytes() == other.read_bytes()
    (folder / "bad.mcap").unlink()
    ran = kneetrack("analyze", folder, "--out", out, "--scheduler", address)
    assert "3 of them as before." in ran.stdout


@needs_proc
@pytest.mark.filterwarnings("default")
def test_a_cluster_whose_worker_is_killed_does_its_work_all_the_same(
    folder: Path, stuck: StuckRecording, made: Path, cluster: Any
) -> None:
    running = Running(folder, partial(over_cluster, address=cluster.scheduler_address))
    killed = stuck.reader()
    stuck.path.unlink()
    stuck.path.write_bytes((made / "s0.mcap").read_bytes())
    os.kill(killed, signal.SIGKILL)
    built = running.end()
    assert (built.recordings, built.failed) == (4, ())
    assert len(sources_of(built.out)) == 4


@pytest.mark.filterwarnings("default")
def test_no_cluster_at_that_address_is_told_before_anything_is_done(folder: Path) -> None:
    ran = kneetrack(
        "analyze", folder, "--out", folder / "reps.parquet", "--scheduler", "tcp://127.0.0.1:9"
    )
    assert ran.returncode == 1
    assert "No Dask scheduler answers" in ran.stderr
    assert is_one_sentence(ran.stderr)
    assert not (folder / "reps.parquet").exists()


@pytest.mark.filterwarnings("default")
def test_a_cluster_that_does_not_see_the_recordings_or_is_another_version_is_refused(
    folder: Path, cluster: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kneetrack.cohort import cluster as module
    from kneetrack.cohort.plan import plan

    tasks = plan(Asked(folder))
    with monkeypatch.context() as changed:
        changed.setattr(module, "mark", lambda: "a later one")
        with pytest.raises(InputError, match="another version"):
            list(over_cluster(tasks, cluster.scheduler_address))
    for path in folder.iterdir():
        path.unlink()
    with pytest.raises(InputError, match="does not see"):
        list(over_cluster(tasks, cluster.scheduler_address))
