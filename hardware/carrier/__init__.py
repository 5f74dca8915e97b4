"""Variant B's knee wing: from a table in Python to fabrication files.

    design     parts, nets and places, and the pins that ../variants/b.toml gives
    rules      what must hold for the circuit, beyond an ERC
    circuit    netlist and ERC, by skidl
    layout     board file, pour, DRC, Gerbers, by KiCad's pcbnew in a process of its own
    router     tracks and vias
    make       all of it, in order

Nobody has built this board.
"""
