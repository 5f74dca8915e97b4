"""MbientLab MetaWear (MetaMotion, MetaBase app): accelerometer and gyroscope in files of their own.

    epoc (ms),timestamp (-0700),elapsed (s),x-axis (g),y-axis (g),z-axis (g)
    epoc (ms),timestamp (-0700),elapsed (s),x-axis (deg/s),y-axis (deg/s),z-axis (deg/s)

The headers are those of MetaBase itself (SensorConfig.swift, MBIENTLAB 2018: csvHeaderRoot and
csvHeader); later versions write "epoch (ms)" and "time (01:00)". Both sensors run at rates of their
own. A file that somebody has merged, with both sets of columns, is read too.

The epoch is that of the phone or computer that fetched the data, in whole ms: two devices of one
host can be laid side by side, to about 20 ms (a streamed packet is stamped when it came). A tap is
better (--align tap).
"""

from __future__ import annotations

import re
from pathlib import Path

from kneetrack.errors import TraceError
from kneetrack.traces.importers import units
from kneetrack.traces.importers.recording import Recording, Stream, stream
from kneetrack.traces.importers.table import Table, read_table

_EPOCHS = ("epoc (ms)", "epoch (ms)")
_AXES = tuple(f"{axis}-axis" for axis in "xyz")
_PARTS = {"acceleration": "Accelerometer", "turning rate": "Gyroscope"}
_SIGMA_S = 0.02
HOST = "host"


def read(path: Path) -> Recording:
    """The device whose accelerometer or gyroscope file, or the folder with both, is `path`."""
    found: dict[str, Stream] = {}
    named = path
    for one in _files(path):
        table = _table(one)
        for kind in _kinds(table):
            if kind in found:
                raise TraceError(f"{path}: {one.name} holds the {kind} a second time.")
            found[kind] = _stream(table, kind)
        named = one if not path.is_dir() else path
    missing = [part for kind, part in _PARTS.items() if kind not in found]
    if missing:
        raise TraceError(
            f"{path}: the {missing[0].lower()}'s file is not beside it; its name should differ in "
            f"that word only (..._{missing[0]}.csv). Or give the folder of the device."
        )
    return Recording(
        named,
        "MbientLab MetaWear",
        found["turning rate"],
        found["acceleration"],
        HOST,
        "the clock of the phone or computer that fetched both",
        _SIGMA_S,
    )


def _files(path: Path) -> list[Path]:
    """The files of one device: those of a folder, or the one given and its partner."""
    words = "|".join(_PARTS.values())
    if path.is_dir():
        files = sorted(path.glob("*.csv"))
        found = [file for file in files if re.search(words, file.stem, re.IGNORECASE)]
        if len(found) > len(_PARTS):
            raise TraceError(
                f"{path} holds {len(found)} files of accelerometers and gyroscopes; name one of "
                "those of the device."
            )
        return found
    word = re.search(words, path.stem, re.IGNORECASE)
    if word is None:
        return [path]
    start, end = (re.escape(part) for part in (path.stem[: word.start()], path.stem[word.end() :]))
    alike = re.compile(f"{start}(?:{words}){end}", re.IGNORECASE)
    beside = sorted(path.parent.glob("*.csv")) if path.exists() else []
    partners = [one for one in beside if alike.fullmatch(one.stem) and one.name != path.name]
    return [path, *partners[:1]]


def _table(path: Path) -> Table:
    return read_table(
        path,
        lambda names: any(epoch in names for epoch in _EPOCHS),
        lambda name: name in _EPOCHS or name.startswith(_AXES),
        wanted="epoc (ms), x-axis (g) or x-axis (deg/s)",
        delimiter=",",
    )


def _kinds(table: Table) -> list[str]:
    """Which sensors a file holds, by the units of its columns."""
    kinds: list[str] = []
    for name in table.names:
        if name.startswith(_AXES[0]):
            unit = units.unit_in(name)
            kind = "acceleration" if (unit or "").lower() in units.ACC else "turning rate"
            units.factor(kind, unit, f"{table.path}, column {name}")
            kinds.append(kind)
    if not kinds:
        raise TraceError(f"{table.path} has no column x-axis (g) or x-axis (deg/s).")
    return kinds


def _stream(table: Table, kind: str) -> Stream:
    known = units.KINDS[kind]
    names: list[str] = []
    for axis in _AXES:
        found = [
            name
            for name in table.names
            if name.startswith(axis) and (units.unit_in(name) or "").lower() in known
        ]
        if len(found) != 1:
            raise TraceError(f"{table.path} has not one, but {len(found)} columns {axis} of it.")
        names += found
    scale = units.factor(kind, units.unit_in(names[0]), f"{table.path}, column {names[0]}")
    epoch = next(epoch for epoch in _EPOCHS if epoch in table.names)
    times = 1e-3 * table.column(epoch)
    part = _PARTS[kind].lower()
    return stream(table.path, part, times, scale * table.columns(names))
