"""A source, log or trace, to a session: angles, reps, verdicts, and what they rest on.

source      analyse, knee_samples_of: start here; session: the values, and their JSON
trace, log  the two kinds of source
angles      sample pairs to knee samples, by the band's own pipeline
realign     knee samples anew from their quaternions
calibrate   the alignment from a recording; stance: where it has no good standing
kept_reference, strapping   what references of earlier sessions are good for today
validate    against a reference recording: lag, rep_agreement, agreement (the statistics),
            axis_fit (what is left with the same axes), validation_json
"""

from kneetrack.analysis.calibrate import from_pairs, from_trace
from kneetrack.analysis.session import LegSession, SessionResult, to_json
from kneetrack.analysis.source import analyse, knee_samples_of, sources_in

__all__ = [
    "LegSession",
    "SessionResult",
    "analyse",
    "from_pairs",
    "from_trace",
    "knee_samples_of",
    "sources_in",
    "to_json",
]
