"""Conversations with a band as they happen: commands, and the loop of a recording.

With `calibration`'s and `maintenance`'s runners, which use it, this is the only place that awaits a
link. Start at `recording.record`.

recording   a recording over every break of the connection
commands    what a band is told, and what its "no" means
starting    how a band is made to record, again too
returning   how the way back to a band is looked for
ending      how a recording ends with nothing missing
waits       how patient all this is
keeping     that nothing is lost: what is fetched, what is acknowledged
states      live, stale, lost: what may be said of a link
watching    what is told of a link, on the screen and in the log
fold        one leg's packets to writer, decoder, analyzer and sinks
pump        the same without a band: a log again
realigning  a strap that slipped, put right meanwhile
band_cues   the band's own cues in a recording
figures     what a recording amounts to
"""

from kneetrack.live.band_cues import BandCues, keep_reference
from kneetrack.live.commands import ANSWER_S, command, set_calibration, set_side, stop_unkept
from kneetrack.live.figures import CueSink, Figures, LinkNews, LinkSink, Sink, Unfetched
from kneetrack.live.fold import Cues
from kneetrack.live.pump import pump
from kneetrack.live.realigning import Realigning
from kneetrack.live.recording import record
from kneetrack.live.states import LinkState
from kneetrack.live.waits import Waits

__all__ = [
    "ANSWER_S",
    "BandCues",
    "CueSink",
    "Cues",
    "Figures",
    "LinkNews",
    "LinkSink",
    "LinkState",
    "Realigning",
    "Sink",
    "Unfetched",
    "Waits",
    "command",
    "keep_reference",
    "pump",
    "record",
    "set_calibration",
    "set_side",
    "stop_unkept",
]
