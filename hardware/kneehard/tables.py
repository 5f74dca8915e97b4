"""The figures of hardware/ as Markdown tables, and the pages that show them.

A page has a pair of comments for each table, `<!-- figures: NAME -->` and `<!-- /figures -->`;
what stands between is written by `write` and held by checks/test_pages.py.
"""

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from kneehard import bus, parts, power, timing

PAGES = ("README.md", "BRINGUP.md", "BUILD.md")
FREQUENCIES = (400_000, 100_000)
_LESS = ("qt_ports", "length", "width")  # of small matter where they are wrong
_BLOCK = re.compile(r"(<!-- figures: (\w+) -->\n).*?(<!-- /figures -->)", re.DOTALL)


def bus_table(shelf: parts.Shelf) -> str:
    """Rise time and what has to be sunk, of each variant and of pairs that suggest themselves."""
    rows: list[tuple[str, ...]] = []
    for name, variant in _with_alternatives(shelf):
        found = bus.of(shelf, variant)
        problems = bus.find_electrical_problems(shelf, variant)
        rows.append(
            (
                name,
                f"{found.pull_up_ohm / 1000:.2f} kΩ",
                f"{found.capacitance_pf:.0f} pF",
                f"**{found.rise_ns:.0f} ns**",
                f"{found.sink_ma:.2f} mA",
                f"{found.cable_m:.2f} m",
                f"{max(0.0, found.cable_room_pf_m):.0f} pF/m",
                "yes" if not problems else "no: " + "; ".join(problems),
            )
        )
    return _table(
        (
            "",
            "pull-ups together",
            "capacitance",
            "rise time",
            "to sink",
            "cable",
            "which may have",
            "400 kHz",
        ),
        rows,
    )


def power_table(shelf: parts.Shelf) -> str:
    """Current and hours of each mode, of each variant, as it is and tuned."""
    variants = list(shelf.variants.values())
    rows: list[tuple[str, ...]] = []
    for mode in power.MODES:
        cells: list[str] = []
        for variant in variants:
            there = mode in power.modes(variant)
            draw = power.draw(shelf, variant, mode)
            cells.append(_lasting(draw.untuned_ma, draw.untuned_h) if there else "-")
            cells.append(_lasting(draw.tuned_ma, draw.tuned_h) if there else "-")
        rows.append((mode.name, *cells))
    heads = [f"{_letter(v)}, {how}" for v in variants for how in ("as it is", "tuned")]
    return _table(("mode", *heads), rows)


def peak_table(shelf: parts.Shelf) -> str:
    """The most that each regulator may have to give, and charging."""
    rows: list[tuple[str, ...]] = []
    for variant in shelf.variants.values():
        for peak in power.peaks(shelf, variant):
            rows.append(
                (
                    _letter(variant),
                    peak.rail,
                    f"**{peak.current_ma:.0f} mA** ({peak.made_of})",
                    f"{peak.limit_ma:.0f} mA",
                )
            )
        charge = power.charge(shelf, variant)
        rows.append(
            (
                _letter(variant),
                "charging",
                f"**{charge.current_ma:.0f} mA**, {charge.rate_c:.2f} C, at least "
                f"{charge.hours:.1f} h from empty",
                f"{charge.limit_ma:.0f} mA",
            )
        )
    return _table(("", "rail", "at most", "limit"), rows)


def timing_table(shelf: parts.Shelf) -> str:
    """The bus' time, from the transfers of the firmware's own sampler."""
    rows: list[tuple[str, ...]] = []
    names = {0x6A: "thigh IMU (0x6A)", 0x6B: "shank IMU (0x6B)", 0: "both"}
    for frequency in FREQUENCIES:
        log = timing.record(frequency)
        for address, name in names.items():
            load = timing.load(log, address, frequency)
            rows.append(
                (
                    f"{frequency // 1000} kHz",
                    name,
                    f"{load.bytes_a_poll:.0f}",
                    _ms(load.us_a_poll),
                    f"**{load.share:.1%}**",
                    _ms(load.worst_poll_us),
                )
            )
    head = (
        "clock",
        "of",
        "bytes a look",
        "time a look",
        f"of {timing.record(FREQUENCIES[0]).poll_ms} ms",
        "longest look",
    )
    return _table(head, rows)


def burst_table(shelf: parts.Shelf) -> str:
    """The worst bursts, and the set-up, of each kind of chip that there is a driver for."""
    rows: list[tuple[str, ...]] = []
    for chip in timing.CHIPS:
        for frequency in FREQUENCIES:
            log = timing.record(frequency, chip)
            burst = timing.longest(log.late)
            late = sum(t.us(frequency) for look in log.late for t in look)
            setup = sum(t.us(frequency) for t in log.setup)
            rows.append(
                (
                    f"two {chip}",
                    f"{frequency // 1000} kHz",
                    f"{timing.load(log, 0, frequency).share:.1%} of {log.poll_ms} ms",
                    f"{burst.data} bytes, **{_ms(burst.us(frequency))}**",
                    f"{len(log.late)} looks, {_ms(late)}",
                    f"{len(log.setup)} transfers, {_ms(setup)}",
                )
            )
    head = ("", "clock", "busy", "longest transfer", "catching up after 100 ms", "setting up both")
    return _table(head, rows)


def bill_table(shelf: parts.Shelf) -> str:
    """What to get for each variant."""
    variants = list(shelf.variants.values())
    bills = [{part.id: count for part, count in v.bill()} for v in variants]
    rows: list[tuple[str, ...]] = []
    for part in shelf.parts.values():
        counts = [bill.get(part.id, 0) for bill in bills]
        if any(counts):
            price = f"{part.price:.2f} ({part.checked})" if part.price is not None else "unknown"
            shown = [str(count) if count else "" for count in counts]
            rows.append((part.what, f"{part.maker} {part.number}", *shown, price))
    return _table(("part", "number", *map(_letter, variants), "price"), rows)


def unverified_table(shelf: parts.Shelf) -> str:
    """What nobody has verified yet, of what the calculations stand on."""
    rows = [
        (f"{part.what.split(':')[0]}", *_figure(name, figure))
        for part in shelf.parts.values()
        for name, figure in part.figures.items()
        if figure.kind == "U" and part.kind != "component" and name not in _LESS
    ]
    rows += [
        ("", *_figure(name, figure)) for name, figure in shelf.figures.items() if figure.kind == "U"
    ]
    return _table(("of", "figure", "assumed", "remark"), rows)


TABLES: dict[str, Callable[[parts.Shelf], str]] = {
    "bus": bus_table,
    "timing": timing_table,
    "bursts": burst_table,
    "power": power_table,
    "peaks": peak_table,
    "bill": bill_table,
    "unverified": unverified_table,
}
"""By name: a function of the shelf that returns the table's text."""


def everything() -> str:
    """All tables, with their names."""
    shelf = parts.load()
    return "\n".join(f"## {name}\n\n{make(shelf)}" for name, make in TABLES.items())


def filled(text: str, shelf: parts.Shelf) -> str:
    """A page's text with its tables made anew."""
    return _BLOCK.sub(lambda m: f"{m[1]}{TABLES[m[2]](shelf)}{m[3]}", text)


def write(folder: Path = parts.HERE) -> list[Path]:
    """Make the tables of all pages anew; returns the pages that changed."""
    shelf = parts.load()
    changed: list[Path] = []
    for path in (folder / name for name in PAGES):
        if path.exists():
            text = path.read_text()
            new = filled(text, shelf)
            if new != text:
                path.write_text(new)
                changed.append(path)
    return changed


def _with_alternatives(shelf: parts.Shelf) -> Iterable[tuple[str, parts.Variant]]:
    for variant in shelf.variants.values():
        yield variant.name, variant
    a = shelf.variant("a")
    yield (
        "A with two boards of Adafruit (one solder bridge)",
        a.with_parts(shank_imu=shelf.part("imu_sox")),
    )
    yield (
        "A with the ISM330DHCX pair",
        a.with_parts(
            thigh_imu=shelf.part("imu_ism_adafruit"), shank_imu=shelf.part("imu_ism_micro")
        ),
    )


def _letter(variant: parts.Variant) -> str:
    return variant.name.split(":")[0].removeprefix("Variant ")


def _figure(name: str, figure: parts.Figure) -> tuple[str, str, str]:
    value = figure.value
    if figure.unit == "address":
        value = f"{value:#04x}"
    elif isinstance(value, bool):
        value = "yes" if value else "no"
    unit = figure.unit if figure.unit not in ("address", "register") else ""
    return name.replace("_", " "), f"{value} {unit}".strip(), figure.note


def _lasting(ma: float | None, hours: float | None) -> str:
    if ma is None or hours is None:
        return "-"
    current = f"{ma:.0f}" if ma >= 10 else f"{ma:.2g}" if ma < 1 else f"{ma:.1f}"
    return f"{current} mA, " + (f"**{hours:.1f} h**" if hours < 100 else f"{hours / 24:.0f} days")


def _ms(us: float) -> str:
    return f"{us / 1000:.1f} ms"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
