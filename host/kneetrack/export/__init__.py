"""What was measured, for other programs: one recording, both legs, on one clock.

recording   a log or trace read for that: start here; its values as arrays
grid        holes in time as rows, and even grids for formats that know no others
segments    orientations of thigh and shank in one frame, for OpenSim
events      reps, sets, gaps, cues and marks as rows
columns     every column of the tables: name, unit, meaning
about       what a file says of itself: start, signs, versions
formats     FORMATS, the table of formats, which commands and documents go by; `export` writes
csv_files, parquet, opensim, bids, c3d   the formats themselves, each with its theory and signs
"""

from kneetrack.export.formats import FORMATS, Format, export

__all__ = ["FORMATS", "Format", "export"]
