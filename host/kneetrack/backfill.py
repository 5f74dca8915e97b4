"""What of a recording is in the log, and what to say to the band so that all of it will be.

A `Ledger` keeps account of one recording of one start of a band, in band numbers: knee samples
counted since that start (kneecore.wire, "Nothing lost"). It does no I/O and reads no clock: it is
told what came and what time it is, and asked what to send next.

Missing
    What lies before the newest number that is known to exist (a live sample, or `known` by the
    band's RECORDING) and never came. It is asked for oldest first, one FETCH at a time and a
    bounded span each. A hole is left to settle for a moment: losses come in bursts, and the band
    closes the block that the newest samples are in.

Asked again
    DONE tells how many blocks were sent. Fewer came: the radio lost some, and the rest is asked for
    once more. All came and a number is in none of them: it is doubted, and given up only after
    DOUBTS such answers. So one answer too early does not cost a sample. After BARREN times in a row
    of which nothing at all came the ledger rests until the link is another one (`reconnected`).

Gone, or not fetched
    What the band can no longer have is `gone`, with the reason. What is missing for another reason
    (it was out of reach, somebody did not want to wait) stays missing, is never acknowledged, and
    the band keeps it.

Acknowledged
    Only what the writer has forced to the disk (`synced`), up to the first number that is missing,
    or that the band could not read: it may be able to later.
"""

from __future__ import annotations

from dataclasses import dataclass

from kneecore import wire
from kneetrack.samples import TransferDone
from kneetrack.spans import Span, Spans

FETCH_SAMPLES = 1040
"""What a FETCH asks for, unless it is told otherwise: 10 s, some 15 kB."""
JOINED_SAMPLES = 32
"""Holes with no more than this between them are asked for at once: two blocks sent in vain."""
SETTLE_S = 0.4
AGAIN_S = 1.0
"""Before a number that no block of an answer held is asked for again."""
ANSWER_S = 5.0
"""So long may a band send nothing of what it was asked for ..."""
FLOWING_S = 1.5
"""... and so long once it sends: what told the end of the answer was lost."""
DOUBTS = 2
BARREN = 6

NO_ROOM = "the band had no more room to keep them"
NOT_KEPT = "the band does not have them"
DISCARDED = "the band no longer has this recording"
UNREAD = "the band could not read them in its memory"


@dataclass(frozen=True, slots=True)
class Gone:
    """Numbers that no longer exist anywhere, and why."""

    span: Span
    reason: str


class Ledger:
    """The account of recording `recording_id` from `first_number` on, made at `boot_id`.

    A FETCH asks for no more than `fetch_samples`.
    """

    def __init__(
        self,
        boot_id: int,
        recording_id: int,
        first_number: int,
        *,
        fetch_samples: int = FETCH_SAMPLES,
    ) -> None:
        self._fetch_samples = fetch_samples
        self.boot_id = boot_id
        self.recording_id = recording_id
        self.first_number = first_number
        self.end_number = first_number
        """One past the newest that is known to exist."""
        self.duplicates = 0
        self.recovered = 0
        """How many came in blocks that had not come before."""
        self.gone: list[Gone] = []
        self.unread: int | None = None
        """The first number that the band has but could not read."""
        self._closed = Spans()  # in the log, or gone
        self._doubted = [Spans() for _ in range(DOUBTS - 1)]
        self._settled_end = first_number
        self._settling = (0.0, first_number)  # since when; up to where
        self._behind_end = 0
        self._asked: Span | None = None
        self._heard_s = 0.0
        self._blocks: set[int] = set()  # of the answer, by their first numbers: none counts twice
        self._brought = 0
        self._barren = 0
        self._again_s = 0.0
        self._acknowledged = first_number
        self._durable = first_number

    # --- what came ------------------------------------------------------------------------------

    def near(self, sequence: int) -> int:
        """The number whose lowest 16 bits a packet carries: the nearest one to the newest."""
        return self.end_number + (sequence - self.end_number + 0x8000) % 0x10000 - 0x8000

    def live(self, first: int, end: int) -> int:
        """A live packet with these numbers is in the log; how many of them are new."""
        self.known(end)
        return self._arrived(first, end)

    def block(self, first: int, end: int, now_s: float) -> int:
        """A block of this recording is in the log; how many of its numbers are new."""
        asked = self._asked
        if asked is not None and first < asked.end and end > asked.first:
            self._blocks.add(first)
            self._heard_s = now_s
        self.known(end)
        new = self._arrived(first, end)
        self.recovered += new
        self._brought += new
        return new

    def known(self, end_number: int) -> None:
        """The band has told that numbers up to there exist."""
        self.end_number = max(self.end_number, end_number)

    def kept_from(self, first_number: int) -> None:
        """The band has told the oldest number that it keeps: older ones are gone."""
        self._give_up(self._missing(self.first_number, first_number), NO_ROOM)

    def done(self, done: TransferDone, now_s: float) -> None:
        """The band says that a FETCH is answered; one that was not waited for says nothing."""
        asked = self._asked
        if asked is None or Span(done.first_number, done.end_number) != asked:
            return
        if done.result == wire.RESULT_NOT_FOUND:
            self._give_up(self.missing(), DISCARDED)
        elif len(self._blocks) >= done.blocks:
            failed = done.result == wire.RESULT_FAILED
            self._doubt(self._missing(*asked), UNREAD if failed else NOT_KEPT)
            self._again_s = now_s + AGAIN_S
            self._barren = -1
        self._answered()

    def broken_off(self, next_number: int = 0) -> None:
        """The band no longer makes this recording: what lies behind the newest is asked for once.

        Nothing need be missing for that. The answer says where the recording ended. Where the one
        after it began in the same start of the band, at `next_number`, all before that is asked
        for.
        """
        self._behind_end = max(next_number, self.end_number + FETCH_SAMPLES)

    def reconnected(self) -> None:
        """The link is another one: what was asked for will not be answered any more."""
        self._asked = None
        self._barren = 0

    # --- what to say ----------------------------------------------------------------------------

    def missing(self) -> list[Span]:
        """What exists, as far as is known, and is neither in the log nor gone."""
        return self._missing(self.first_number, self.end_number)

    @property
    def missing_count(self) -> int:
        return self.end_number - self.first_number - self._closed.count

    def asking(self, now_s: float) -> bool:
        """Whether a FETCH is being answered. It is over with silence, or once all of it is here."""
        asked = self._asked
        if asked is not None:
            whole = asked.end <= self.end_number and not self._missing(*asked)
            silence_s = FLOWING_S if self._blocks else ANSWER_S
            if whole or now_s - self._heard_s > silence_s:
                self._answered()
        return self._asked is not None

    @property
    def resting(self) -> bool:
        """Whether asking has brought nothing for so long that it is left until later."""
        return self._barren >= BARREN

    def next_fetch(self, now_s: float, *, settled: bool = True) -> Span | None:
        """The numbers to ask for now, if any; the FETCH counts as sent.

        `settled=False` does not wait for the newest holes to settle: nothing live comes any more.
        """
        if self.asking(now_s) or self.resting:
            return None
        if not self.missing_count:
            behind, self._behind_end = Span(self.end_number, self._behind_end), 0
            return self._ask(behind, now_s) if behind.size > 0 else None
        if now_s - self._settling[0] >= SETTLE_S:
            self._settled_end = self._settling[1]
            self._settling = (now_s, self.end_number)
        end = self._settled_end if settled else self.end_number
        holes = self._missing(self.first_number, end)
        fresh = [part for hole in holes for part in self._doubted[0].missing(*hole)]
        if not fresh:
            if now_s < self._again_s:
                return None
            fresh = holes
        if not fresh:
            return None
        first, end = fresh[0]
        for hole in fresh[1:]:
            if hole.first - end > JOINED_SAMPLES:
                break
            end = hole.end
        return self._ask(Span(first, min(end, first + self._fetch_samples)), now_s)

    def synced(self) -> None:
        """All that came so far is on the disk."""
        holes = self.missing()
        end = holes[0].first if holes else self.end_number
        self._durable = end if self.unread is None else min(end, self.unread)

    def acknowledgement(self) -> int | None:
        """The number to acknowledge, where there is a new one; it counts as sent."""
        if self._durable <= self._acknowledged:
            return None
        self._acknowledged = self._durable
        return self._durable

    # --- within ---------------------------------------------------------------------------------

    def _missing(self, first: int, end: int) -> list[Span]:
        return self._closed.missing(first, min(end, self.end_number))

    def _ask(self, wanted: Span, now_s: float) -> Span:
        self._asked = wanted
        self._heard_s = now_s
        self._blocks = set()
        self._brought = 0
        return wanted

    def _answered(self) -> None:
        self._asked = None
        self._barren = 0 if self._brought else self._barren + 1

    def _arrived(self, first: int, end: int) -> int:
        """Before the recording's first number nothing is accounted for."""
        end_or_first = max(first, self.first_number)
        new = self._closed.add(end_or_first, end)
        self.duplicates += max(0, end - end_or_first) - new
        return new

    def _give_up(self, spans: list[Span], reason: str) -> None:
        for span in spans:
            self._closed.add(*span)
            self.gone.append(Gone(span, reason))
            if reason == UNREAD:
                self.unread = min(span.first, span.first if self.unread is None else self.unread)

    def _doubt(self, spans: list[Span], reason: str) -> None:
        """One more complete answer did not hold these."""
        for span in spans:
            rest = [span]
            for level, doubted in enumerate(self._doubted):
                fresh = [part for part in rest for part in doubted.missing(*part)]
                rest = [part for part in rest for part in doubted.within(*part)]
                for part in fresh:
                    self._doubted[level].add(*part)
            self._give_up(rest, reason)
