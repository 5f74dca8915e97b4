"""KneeTrack on the host: connect to a band, find the reps, log, replay and report.

Begin with a recording:

    from pathlib import Path
    from kneetrack.analysis import analyse

    for leg in analyse(Path("squats.mcap")).legs:
        for rep in leg.result.reps:
            print(rep.index, rep.own_excursion_deg, rep.verdict)

Everywhere: SI and radians inside, degrees and cm where a name ends so (`_deg`, `_cm`), times
in seconds. Flexion, valgus (knee inward) and internal rotation are positive on both legs, see
hardware/FRAMES.md. What a function raises on purpose is a `kneetrack.errors.KneeTrackError`.

samples       the values that pass between all parts: samples, reps, sets, gaps
errors        what may go wrong, one class for each decision of the caller
analysis      a log or trace to reps and verdicts: `analyse`
detection     samples to reps, as a fold: `Analyzer`, the same live and afterwards
insight       statistics of reps; sides; what may be said of them
catalogue     all sessions at a glance; trend, compare
sessionlog    the log (MCAP): read, write, repair
traces        recorded IMU files: read, import, play
export        CSV, Parquet, OpenSim, Motion-BIDS, C3D
report        figures and pages of one session
link          ways to a band: `open_link("ble:auto")`
protocol      the band's packets, decoded
live          a recording as it happens
calibration   a leg's alignment, and the sensors' own errors

What band and host share, the mathematics, the protocol and the pipeline, is in `kneecore`.
"""

from kneecore import __version__ as __version__
