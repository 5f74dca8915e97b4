"""Recorded IMU files ("traces"): NAME.csv with the samples, NAME.json beside it with the rest."""

from kneetrack.traces.reader import COLUMNS, Trace, read_trace
from kneetrack.traces.resample import onto_grid, write_playback
from kneetrack.traces.sidecar import EXERCISES, WINDOW_KINDS, Sidecar, read_sidecar

__all__ = [
    "COLUMNS",
    "EXERCISES",
    "WINDOW_KINDS",
    "Sidecar",
    "Trace",
    "onto_grid",
    "read_sidecar",
    "read_trace",
    "write_playback",
]
