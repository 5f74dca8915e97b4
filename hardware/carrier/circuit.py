"""Netlist and ERC by skidl, with the parts of `design` made on the spot: no library is read."""

import contextlib
import io
import logging
from dataclasses import dataclass
from pathlib import Path

from carrier import design as table
from carrier.design import Design


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the ERC counted, and its text."""

    errors: int
    warnings: int
    text: str


def netlist(design: Design, path: Path) -> Verdict:
    """Write KiCad's netlist of `design` and run skidl's ERC on it."""
    with contextlib.chdir(path.parent), contextlib.redirect_stderr(io.StringIO()) as said:
        import skidl

        kinds = {
            table.POWER_OUT: skidl.Pin.types.PWROUT,
            table.POWER_IN: skidl.Pin.types.PWRIN,
            table.OUTPUT: skidl.Pin.types.OUTPUT,
            table.INPUT: skidl.Pin.types.INPUT,
            table.BOTH: skidl.Pin.types.BIDIR,
            table.PASSIVE: skidl.Pin.types.PASSIVE,
            table.FREE: skidl.Pin.types.NOCONNECT,
        }
        circuit = skidl.Circuit()
        made = {}
        for part in design.parts.values():
            made[part.ref] = skidl.Part(
                name=part.value,
                ref_prefix=part.ref.rstrip("0123456789"),
                value=part.value,
                footprint=part.footprint,
                tool=skidl.SKIDL,
                dest=skidl.TEMPLATE,
                pins=[skidl.Pin(num=p.number, name=p.name, func=kinds[p.kind]) for p in part.pins],
            )(circuit=circuit, ref=part.ref, tag=part.ref)
        for name, pins in design.nets.items():
            net = skidl.Net(name, circuit=circuit)
            for at in pins:
                ref, number = at.split(".")
                net += made[ref][number]
            if any(design.pin(at).kind == table.POWER_OUT for at in pins):
                net.drive = skidl.POWER
        for part in design.parts.values():
            for pin in part.pins:
                if pin.kind == table.FREE:
                    circuit.NC += made[part.ref][pin.number]
        circuit.ERC()
        counts = skidl.erc_logger.error.count, skidl.erc_logger.warning.count
        skidl.erc_logger.error.reset()
        skidl.erc_logger.warning.reset()
        circuit.generate_netlist(file_=str(path), tool=skidl.KICAD6)
        logging.shutdown()
    return Verdict(*counts, said.getvalue())
