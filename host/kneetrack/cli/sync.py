"""`kneetrack sync`: recordings that a band made or kept by itself, brought to this computer."""

from __future__ import annotations

import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kneetrack.cli.options import JSON_HELP, LINK_VARIABLE
from kneetrack.errors import UPDATE_BAND, KneeTrackError, UsageError
from kneetrack.samples import Side

if TYPE_CHECKING:
    from rich.console import Console

    from kneetrack.calibration import CalibrationFile
    from kneetrack.link import Link
    from kneetrack.maintenance.kept import Kept
    from kneetrack.maintenance.sync import Sync, Synced


def sync(
    link: Annotated[
        str,
        typer.Option(
            metavar="LINK", envvar=LINK_VARIABLE, help="ble:auto, ble:NAME or serial:PORT."
        ),
    ] = "ble:auto",
    list_only: Annotated[
        bool, typer.Option("--list", help="Only show what the band keeps; fetch nothing.")
    ] = False,
    start: Annotated[
        bool,
        typer.Option(
            "--start", help="Have the band record by itself from now on, and leave it alone."
        ),
    ] = False,
    stop: Annotated[
        bool, typer.Option("--stop", help="End the recording that the band is making, then fetch.")
    ] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the recordings on the band once they are here.")
    ] = False,
    delete: Annotated[
        bool,
        typer.Option(
            "--delete",
            help="Delete on the band also what it could not read whole; what could be is here.",
        ),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for the logs [default: your data folder]."),
    ] = None,
    athlete: Annotated[
        str | None, typer.Option(metavar="ALIAS", help="Whose they are; an alias, not a name.")
    ] = None,
    exercise: Annotated[
        str | None, typer.Option(metavar="NAME", help="What was done [default: squat].")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Fetch the recordings that a band made without a computer, or kept when one went away.

    \b
    Examples:
      kneetrack sync --list                  what does the band keep?
      kneetrack sync                         fetch all of it, then delete it on the band
      kneetrack sync --athlete A --exercise squat
      kneetrack sync --start                 the band records by itself, until ...
      kneetrack sync --stop                  ... this, or a short press on its button

    A recording is deleted on the band only when all of it is in a log on this computer, checked.
    A fetch that is cut off goes on where it stopped, the next time this is run.
    """
    import asyncio

    from kneetrack.cli import session

    session.check_exercise(exercise)
    if start and (stop or list_only or keep or delete):
        raise UsageError("--start goes alone: it begins a recording and fetches nothing.")
    if keep and delete:
        raise UsageError("--keep and --delete contradict each other; choose one.")
    if out is not None and not out.is_dir():
        raise UsageError(f"--out names a folder, and {out} is none; make it first.")
    wanted = _Wanted(list_only, start, stop, keep, delete, out, athlete, exercise or "squat", json)
    raise typer.Exit(asyncio.run(wanted.run(link)))


class _Wanted:
    """What was asked for, and doing it."""

    def __init__(
        self,
        list_only: bool,
        start: bool,
        stop: bool,
        keep: bool,
        delete: bool,
        out: Path | None,
        athlete: str | None,
        exercise: str,
        json: bool,
    ) -> None:
        from kneetrack.cli import console

        self._list_only = list_only
        self._start = start
        self._stop = stop
        self._keep = keep
        self._delete = delete
        self._out = out
        self._about = {"athlete": athlete, "exercise": exercise}
        self._json = json
        self._simulated = False
        self._results: Console = console.results()
        self._hints: Console = console.hints()

    async def run(self, address: str) -> int:
        from kneetrack.link import open_link, parse_address
        from kneetrack.maintenance import kept as band

        if parse_address(address).kind in ("log", "trace"):
            raise UsageError("What is in a file is here already. Give --link ble:NAME.")
        async with AsyncExitStack() as stack:
            with self._hints.status(f"Connecting to {address} ..."):
                link = await stack.enter_async_context(open_link(address))
            _check_protocol(link)
            self._simulated = link.info.is_simulated
            await band.tell_time(link, time.time())
            if self._start:
                return await self._begin(link)
            if self._stop:
                await band.end_running(link)
            return await self._fetch(link)

    async def _begin(self, link: Link) -> int:
        from kneetrack.maintenance import kept as band

        await band.begin_alone(link)
        self._results.print(f"{link.name} records by itself from now on.", markup=False)
        self._hints.print(
            "A short press on its button ends that, or: kneetrack sync --stop, which fetches it too"
        )
        return 0

    async def _fetch(self, link: Link) -> int:
        from kneetrack.maintenance import kept as band
        from kneetrack.maintenance.sync import Sync

        found = await band.recordings(link)
        running = await band.running(link)
        if self._list_only:
            return self._show(link, found, running)
        if running is not None:
            whom = "by itself" if running.is_alone else "for a computer that went away"
            self._hints.print(
                f"The band is recording {whom} now. To end that and fetch it too: kneetrack sync "
                "--stop"
            )
        if not found:
            self._hints.print(f"{link.name} keeps no finished recording: nothing to fetch.")
        sync = Sync(link, folder=self._out)
        done: list[Synced] = []
        for number, kept in enumerate(found, 1):
            title = f"Recording {number} of {len(found)}"
            try:
                done.append(await self._bring(sync, kept, title))
            except BaseException:
                self._hints.print(
                    "What came so far is kept, and the band keeps everything: run kneetrack sync "
                    "again, it goes on from there."
                )
                raise
            if not self._json:
                self._tell(done[-1])
        if self._json:
            from kneetrack.cli import console

            console.print_json({"format": 1, "synced": [_synced_json(one) for one in done]})
        return 0

    async def _bring(self, sync: Sync, kept: Kept, title: str) -> Synced:
        from kneetrack.cli.fetch_bar import FetchBar

        with FetchBar(self._hints, title) as bar:
            return await sync.bring(
                kept,
                about=self._about,
                calibration_of=self._calibration_of,
                told=bar.told,
                keep=self._keep,
                delete_anyway=self._delete,
            )

    def _calibration_of(self, side: Side, calibration_id: int) -> CalibrationFile | None:
        """This computer's calibration of that leg, if it has that id; with the athlete's reps."""
        from kneetrack.calibration import people
        from kneetrack.cli import references

        made = people.held(calibration_id, side)
        if made is None:
            return None
        athlete = self._about["athlete"]
        if athlete is None or self._about["exercise"] != "squat":
            return made
        return references.lend(made, athlete, simulated=self._simulated, hints=self._hints)

    # --- what is said -----------------------------------------------------------------------------

    def _show(self, link: Link, found: list[Kept], running: Kept | None) -> int:
        everything = [*found, *([] if running is None else [running])]
        if self._json:
            from kneetrack.cli import console

            console.print_json(
                {"format": 1, "band": link.name, "recordings": [_kept_json(k) for k in everything]}
            )
            return 0
        if not everything:
            self._results.print(f"{link.name} keeps no recording.", markup=False)
        for kept in everything:
            self._results.print(_line(kept), markup=False, soft_wrap=True)
        if found:
            self._hints.print("Fetch them with: kneetrack sync")
        return 0

    def _tell(self, synced: Synced) -> None:
        say = self._hints.print
        fetched = synced.fetched
        if fetched is None:
            say(f"Fetched before: {_line(synced.kept)}", markup=False, soft_wrap=True)
        else:
            say(f"Fetched: {_line(synced.kept)}", markup=False, soft_wrap=True)
            gone = sum(one.span.size for one in fetched.gone)
            whole = f"{fetched.samples} samples, each checked"
            say(f"{whole}; {gone} the band does not have." if gone else f"{whole}, none missing.")
            if fetched.read_failed:
                say(
                    "! The band could not read a part of it from its memory. It may next time, so "
                    "the recording was left there; --delete deletes it all the same."
                    if not synced.deleted
                    else "! The band could not read a part of it from its memory."
                )
        if synced.partner is not None:
            say(
                f"It is the rest of a session whose beginning is in {synced.partner.path}",
                markup=False,
                soft_wrap=True,
            )
        elif not synced.kept.is_alone:
            say(
                "It is the rest of a session that a computer was recording; the log with its "
                "beginning is not here."
            )
        say("Deleted on the band." if synced.deleted else "Left on the band.")
        self._results.print(f"Recorded: {synced.path}", markup=False, soft_wrap=True)
        say(f"Next: kneetrack analyze {synced.path}", markup=False, soft_wrap=True)


def _check_protocol(link: Link) -> None:
    from kneetrack.live.commands import keeps_recordings

    if not keeps_recordings(link):
        raise KneeTrackError(
            f"{link.name}'s firmware is older than recordings without a computer. {UPDATE_BAND}"
        )


def _line(kept: Kept) -> str:
    """One recording in words."""
    when = "time unknown" if kept.started is None else f"{kept.started:%Y-%m-%d %H:%M} UTC"
    minutes, seconds = divmod(round(kept.duration_s), 60)
    about = [f"{kept.side.word} leg", f"{minutes}:{seconds:02d} min"]
    about.append(f"{max(1, round(kept.size_bytes / 1024))} KiB")
    if kept.is_running:
        about.append("still being made")
    elif not kept.is_alone:
        about.append("the rest of a session")
    if kept.is_cut:
        about.append("cut off when the band lost power")
    if kept.lost_samples:
        about.append(f"{kept.lost_samples} samples found no room")
    return f"#{kept.recording_id}  {when}, {', '.join(about)}"


def _kept_json(kept: Kept) -> dict[str, Any]:
    return {
        "recording_id": kept.recording_id,
        "started_at": None if kept.started is None else kept.started.isoformat(),
        "side": kept.side.word,
        "duration_s": round(kept.duration_s, 3),
        "samples": kept.numbers.size,
        "lost_samples": kept.lost_samples,
        "size_bytes": kept.size_bytes,
        "running": kept.is_running,
        "alone": kept.is_alone,
        "cut": kept.is_cut,
    }


def _synced_json(synced: Synced) -> dict[str, Any]:
    fetched = synced.fetched
    return {
        **_kept_json(synced.kept),
        "path": str(synced.path),
        "fetched_samples": None if fetched is None else fetched.samples,
        "gone": [] if fetched is None else [[*one.span, one.reason] for one in fetched.gone],
        "rest_of": None if synced.partner is None else str(synced.partner.path),
        "deleted_on_band": synced.deleted,
    }
