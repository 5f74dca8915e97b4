"""Samples to reps and verdicts. Start at `analyzer.Analyzer`.

kneecore.reps, .excursion   rep boundaries and the excursion under way (shared with the band)
movements                   what is looked for: one file a movement, one row each in MOVEMENTS
cut, measures               one rep cut out of the stream, measured when it is over
rep_measures, measure_table what is measured beyond that, and the table of all such values
reference                   the user's own curves over flexion, from reference reps
standouts, reliability      odd reps among them; how alike they are from session to session
shift                       what all reps of a set share
criteria                    every threshold with its source
verdicts, judgement         when it counts; a measured rep becomes a `Rep` with its verdict
sets                        which rep belongs where, its reference, and when it is final
bouts                       the same for what is described, not judged
suggest                     which movement a recording looks like
labels                      what the person said of single reps
realigning                  another alignment from one instant on, by the orientations
analyzer                    the order of things
events                      events as canonical text
"""

from kneetrack.detection.analyzer import Analyzer, LegResult
from kneetrack.detection.events import event_dict, event_json, rep_json, set_json
from kneetrack.detection.reference import Reference
from kneetrack.detection.suggest import Suggestion, suggest

__all__ = [
    "Analyzer",
    "LegResult",
    "Reference",
    "Suggestion",
    "event_dict",
    "event_json",
    "rep_json",
    "set_json",
    "suggest",
]
