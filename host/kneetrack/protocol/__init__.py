"""What travels between band and host, read by the host. Start at `decoder.Decoder`.

decoder     packets to samples, gaps, answers
grid        where a channel stands
unpack      packed records to samples
boots       the band's own numbers and the decoder's, over restarts
transfer    which blocks came, and what the band no longer has
records     Knee Feature and the status
"""

from kneetrack.protocol.decoder import Decoder
from kneetrack.protocol.records import read_feature, read_status

__all__ = ["Decoder", "read_feature", "read_status"]
