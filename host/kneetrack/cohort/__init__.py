"""Many recordings to one table of reps (Parquet), however many computers read them.

    folder --plan--> tasks --processes | cluster--> one part a recording --table--> reps.parquet

Each recording is a task by itself. What was found in it becomes a part, a small file in a folder
beside the table; the table is put together of the parts, in order of source. So what a run was cut
short in stays done, a second run reads only what is missing or changed, no run holds more than a
few recordings' reps in memory, and the table is the same whatever the number of workers.

build      build: start here
columns    what the table holds, in words; rows: a session's reps in these columns
task       one recording to be read, and what became of it
parts      the folder of parts, and which of them still hold
table      the parts to the table, and what failed to failed.csv
processes, cluster   who does the work: processes of this computer, or a Dask cluster
arrow      pyarrow, where it is installed
"""

from kneetrack.cohort.build import Built, build
from kneetrack.cohort.plan import Asked

__all__ = ["Asked", "Built", "build"]
