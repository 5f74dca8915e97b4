"""Samples to reps and verdicts. Start at `analyzer.Analyzer`.

reps and streaming excursion   kneecore (shared with the band)
measures                       what was measured in one rep, zero-phase, when it is over
reference                      the user's own curve, from reference reps
sets                           what all reps of a set share, and what is each rep's own
criteria                       thresholds and verdicts
analyzer                       the order of things
events                         events as canonical text
"""

from kneetrack.detection.analyzer import Analyzer, LegResult
from kneetrack.detection.events import event_dict, event_json, rep_json, set_json
from kneetrack.detection.reference import Reference

__all__ = ["Analyzer", "LegResult", "Reference", "event_dict", "event_json", "rep_json", "set_json"]
