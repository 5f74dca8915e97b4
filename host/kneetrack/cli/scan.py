"""`kneetrack scan`: which bands are around."""

from __future__ import annotations

from typing import Annotated

import typer

from kneecore import wire
from kneetrack.errors import BandNotFound, LinkError, install

_SAYS = (
    ("in_use", "in use", wire.ADVERTISED_IN_USE),
    ("pairing", "pairing", wire.ADVERTISED_PAIRING),
    ("recording", "recording", wire.ADVERTISED_RECORDING),
    ("keeps_recordings", "keeps recordings", wire.ADVERTISED_KEEPS),
)


def scan(
    seconds: Annotated[
        float, typer.Option("--seconds", min=0.5, max=60, help="How long to listen.")
    ] = 5.0,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """List the bands that can be heard over Bluetooth, and what they say of themselves.

    \b
      in use              connected to another computer, phone or program; others must wait
      pairing             its button was held for 3 s: a new computer may pair now
      recording           it records by itself
      keeps recordings    kneetrack sync fetches them

    \b
    Examples:
      kneetrack scan
      kneetrack scan --seconds 15 --json

    Exit code 3 if there is none.
    """
    try:
        from kneetrack.link import ble
    except ModuleNotFoundError as error:
        raise LinkError(
            f"Bluetooth needs the package bleak, which is not installed. {install('live')}"
        ) from error

    import asyncio

    from kneetrack.cli import console

    with console.hints().status(f"Listening for {seconds:g} s ..."):
        found = asyncio.run(ble.scan(timeout_s=seconds))
    bands = [one for one in found if one.is_band]
    if json:
        console.print_json(
            {
                "format": 1,
                "bands": [
                    {
                        "name": band.name,
                        "address": band.address,
                        "rssi_dbm": band.rssi,
                        "paired": band.is_paired,
                        **{
                            key: None if band.flags is None else band.says(flag)
                            for key, _, flag in _SAYS
                        },
                    }
                    for band in bands
                ],
            }
        )
    if not bands:
        raise BandNotFound(
            f"No band was heard in {seconds:g} s. Switch the band on (its lamp blinks), come "
            "closer, and end other programs that are connected to it."
        )
    if json:
        return
    out = console.results()
    for band in bands:
        said = ", ".join(words for _, words, flag in _SAYS if band.says(flag))
        line = f"{band.name or '(no name)'}   {band.address}   {band.rssi} dBm   {said}"
        out.print(line.rstrip(), markup=False)
    name = bands[0].name or bands[0].address
    console.hints().print(f"Next: kneetrack record --link ble:{name}", markup=False)
