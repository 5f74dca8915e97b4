"""How it stands with a band, in one line that fits the screen and claims no more than is known.

What matters most comes first; what has no room is left out from the end. The age of what was told
counts on, so a recorder that stands still never looks alive.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from kneetrack.cli.table import IN_RANGE_STYLE
from kneetrack.live.figures import LinkNews, Unfetched
from kneetrack.live.states import QUIET_S, LinkState
from kneetrack.maintenance.band_rows import time_left

SEPARATOR = " · "
BAR = 20
_WAITED_FOR = (
    "The band is looked for a little longer, for what it kept. Another q or Ctrl-C leaves that "
    "there, for kneetrack sync."
)
SPANS_TOLD = 4


def state_of(news: LinkNews, since_s: float) -> LinkState:
    """The state `since_s` after it was told: what was live then may be stale by now."""
    quiet = news.silent_s + since_s >= QUIET_S
    return LinkState.STALE if quiet and news.state is LinkState.LIVE else news.state


def line(news: LinkNews, since_s: float, width: int) -> Text:
    """The line, `since_s` after `news` were told."""
    state = state_of(news, since_s)
    silent_s = news.silent_s + since_s
    if news.ending and (news.missing or (state is LinkState.LOST and news.keeps)):
        parts = [_first(news, state, silent_s) if state is LinkState.LOST else state.value]
        parts.append(_to_fetch(news))
    else:
        parts = [_first(news, state, silent_s), *_samples(news, state)]
        if state is not LinkState.LOST:
            parts += _radio(news)
    while len(parts) > 1 and len(SEPARATOR.join(parts)) > width:
        parts.pop()
    text = Text(SEPARATOR.join(parts), style="dim", no_wrap=True, overflow="ellipsis")
    text.stylize(IN_RANGE_STYLE if state is LinkState.LIVE else "not dim bold", 0, len(state))
    return text


def sentence(news: LinkNews) -> str:
    """The same in words, for those who read line by line."""
    if news.state is LinkState.LOST:
        if news.ending:
            return _WAITED_FOR
        if news.switched_off:
            return (
                "The band was switched off by its button, and keeps what it had measured. A press "
                "switches it on again; it is looked for."
            )
        keeps = (
            " If it is on, it goes on measuring, and that is fetched later." if news.keeps else ""
        )
        return f"The connection to the band is lost; it is looked for again.{keeps}"
    if news.state is LinkState.STALE and news.charging:
        return (
            "The band is plugged in and has ended its recording: it is charged off the body only. "
            "Pull the cable and begin a new one."
        )
    if news.state is LinkState.STALE:
        return f"Nothing has come from the band for {news.silent_s:.0f} s; it is still connected."
    if news.state is LinkState.LIVE:
        missing = f" {news.missing} missing samples are being fetched." if news.missing else ""
        return f"The band is live again.{missing}"
    return "The recording is over."


def unfetched(one: Unfetched) -> str:
    """A span that is not in the log, and whether it can still be had."""
    where = " What the band has of it, kneetrack sync fetches." if one.fetchable else ""
    count = f"{one.count} samples" if one.count else "samples"
    return f"{one.start_s:.1f}–{one.end_s:.1f} s: {count} missing ({one.reason}).{where}"


def all_unfetched(spans: Sequence[Unfetched]) -> list[str]:
    """A sentence for each span; of a great many only how many they are."""
    told = [unfetched(one) for one in spans[:SPANS_TOLD]]
    rest = spans[SPANS_TOLD:]
    if rest:
        more = sum(one.count for one in rest)
        told.append(f"{len(rest)} further spans, {more} samples, until {rest[-1].end_s:.1f} s.")
    return told


def _first(news: LinkNews, state: LinkState, silent_s: float) -> str:
    if state is LinkState.LIVE:
        return f"{state} {silent_s:.1f} s old"
    if state is LinkState.STALE and news.charging:
        return f"{state}: plugged in, it records no more (off the body only)"
    if state is LinkState.STALE:
        return f"{state}: connected, but nothing came for {silent_s:.0f} s"
    if state is LinkState.LOST:
        tried = f", try {news.attempt}" if news.attempt else ""
        return f"{state} for {silent_s:.0f} s, looking for the band{tried}"
    return f"{state}"


def _to_fetch(news: LinkNews) -> str:
    """What is waited for when the set is over, as a bar that fills up."""
    if news.state is LinkState.LOST:
        return "for what it kept (q leaves that)"
    text = f"{news.missing} samples to fetch (q leaves them)"
    whole = max(news.at_end, news.missing)
    done = BAR * (whole - news.missing) // whole
    return f"{'━' * done}{'─' * (BAR - done)} {text}"


def _samples(news: LinkNews, state: LinkState) -> list[str]:
    parts: list[str] = []
    if state is LinkState.LOST and news.switched_off:
        return ["switched off by its button"]
    if state is LinkState.LOST:
        return ["if on, it keeps what it measures"] if news.keeps else []
    if news.missing:
        parts.append(f"{news.missing} samples being fetched")
    if news.lost:
        parts.append(f"{news.lost} samples lost")
    if not parts:
        parts.append("none missing")
    if news.recovered:
        parts.append(f"{news.recovered} recovered")
    return parts


def _radio(news: LinkNews) -> list[str]:
    parts: list[str] = []
    if news.battery_percent is not None:
        left = "" if news.minutes_left is None else f", {time_left(news.minutes_left)} left"
        parts.append(f"bat {news.battery_percent} %{left}")
    if news.interval_ms is not None:
        parts.append(f"every {news.interval_ms:g} ms")
    if news.rssi_dbm is not None:  # of the last advertisement, not of the connection
        parts.append(f"adv {news.rssi_dbm} dBm")
    if news.mtu is not None:
        parts.append(f"MTU {news.mtu}")
    return parts
