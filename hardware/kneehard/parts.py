"""Parts and variants as data: parts.toml, variants/*.toml, read and checked.

Every number has its unit, its kind and its source beside it; `Figure` carries all four, and asking
for a figure names the unit, so that millimetres are never taken for metres. A file that breaks a
rule is refused as a whole, with all that is wrong with it.

    shelf = load()
    shelf.part("feather").get("length", "mm")      # 50.8
    shelf.variant("a").nodes["thigh_imu"].part     # the Part
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parents[1]
KINDS = {"S": "source", "C": "calculated", "M": "measured by a program", "U": "unverified"}

Tables = dict[str, Any]
Value = float | int | bool | str


class PartsError(Exception):
    """The data break a rule; the text lists every breach."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One number and where it is from."""

    value: Value
    unit: str
    kind: str
    src: str
    note: str = ""

    def in_unit(self, unit: str) -> float:
        """The number, if it is in `unit`."""
        if self.unit != unit:
            raise PartsError(f"the figure is in {self.unit!r}, not in {unit!r}")
        if isinstance(self.value, str):
            raise PartsError(f"{self.value!r} is no number")
        return self.value


@dataclass(frozen=True, slots=True)
class Part:
    """Something to buy or to make."""

    id: str
    what: str
    maker: str
    number: str
    kind: str
    figures: Mapping[str, Figure]
    price: float | None = None
    checked: str | None = None

    def get(self, name: str, unit: str) -> float:
        """The figure `name`, which must be in `unit`."""
        try:
            return self.figures[name].in_unit(unit)
        except KeyError:
            raise PartsError(f"part {self.id!r} has no figure {name!r}") from None

    def get_or(self, name: str, unit: str, default: float) -> float:
        """The same where not every part has one."""
        return self.get(name, unit) if name in self.figures else default


@dataclass(frozen=True, slots=True)
class Node:
    """A part in its place. `role` is the name of its address in the firmware's board file."""

    id: str
    part: Part
    place: str
    addresses: tuple[int, ...] = ()
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cable:
    """A cable between two nodes, the nearer one to the processor first."""

    id: str
    part: Part
    start: str
    end: str
    carries: str


@dataclass(frozen=True, slots=True)
class Variant:
    """Which parts, where, and which pin is what."""

    id: str
    name: str
    what: str
    nodes: Mapping[str, Node]
    cables: tuple[Cable, ...]
    pins: Mapping[str, int]
    frequency_hz: int
    board_file: str
    allowed_pins: Mapping[str, str]
    """Pins with a second purpose that are used all the same, and why that is right."""
    extra: tuple[tuple[Part, int], ...]
    """Parts on boards of our own making, with their number."""

    def bill(self) -> list[tuple[Part, int]]:
        """What to get, and how many of each; in the order of the file."""
        count: dict[str, int] = {}
        by_id: dict[str, Part] = {}
        for item in (*self.nodes.values(), *self.cables):
            by_id[item.part.id] = item.part
            count[item.part.id] = count.get(item.part.id, 0) + 1
        for part, number in self.extra:
            by_id[part.id] = part
            count[part.id] = count.get(part.id, 0) + number
        return [(by_id[i], count[i]) for i in count]

    def with_parts(self, **instead: Part) -> "Variant":
        """The same with other parts in some places, at the addresses they have here."""
        nodes = {
            id: replace(node, part=instead[id]) if id in instead else node
            for id, node in self.nodes.items()
        }
        return replace(self, nodes=nodes)


@dataclass(frozen=True, slots=True)
class Shelf:
    """All parts, variants and the figures that belong to no part."""

    parts: Mapping[str, Part]
    variants: Mapping[str, Variant]
    figures: Mapping[str, Figure]
    sources: Mapping[str, str]

    def part(self, id: str) -> Part:
        return self.parts[id]

    def variant(self, id: str) -> Variant:
        return self.variants[id]

    def get(self, name: str, unit: str) -> float:
        """A figure that belongs to no part, which must be in `unit`."""
        return self.figures[name].in_unit(unit)


def load(folder: Path = HERE) -> Shelf:
    """Read parts.toml and variants/*.toml of `folder`."""
    return read(
        tomllib.loads((folder / "parts.toml").read_text()),
        {
            p.stem: tomllib.loads(p.read_text())
            for p in sorted((folder / "variants").glob("*.toml"))
        },
    )


def read(parts: Tables, variants: dict[str, Tables]) -> Shelf:
    """The same from what tomllib made of the files. Raises PartsError."""
    problems = find_problems(parts)
    if problems:
        raise PartsError("parts.toml:\n  " + "\n  ".join(problems))
    made = {
        id: Part(
            id,
            table["what"],
            table["maker"],
            str(table["number"]),
            table["kind"],
            _figures(table.get("figures", {})),
            table.get("price"),
            table.get("checked"),
        )
        for id, table in parts["part"].items()
    }
    return Shelf(
        made,
        {id: _variant(id, table, made) for id, table in variants.items()},
        _figures(parts.get("figures", {})),
        parts["source"],
    )


def find_problems(parts: Tables) -> list[str]:
    """What is wrong with the table of parts, one sentence each."""
    problems: list[str] = []
    sources = parts.get("source", {})
    groups = {f"part {id}": table for id, table in parts.get("part", {}).items()}
    for name, table in groups.items():
        problems += [
            f"{name}: no {key}" for key in ("what", "maker", "number", "kind") if not table.get(key)
        ]
        if ("price" in table) != ("checked" in table):
            problems.append(
                f"{name}: a price needs the day it was checked, and the other way round"
            )
    groups["no part"] = parts
    for name, table in groups.items():
        for figure, entry in table.get("figures", {}).items():
            where = f"{name}, figure {figure}"
            missing = [key for key in ("value", "unit", "kind", "src") if key not in entry]
            if missing:
                problems.append(f"{where}: no {', '.join(missing)}")
                continue
            if entry["kind"] not in KINDS:
                problems.append(f"{where}: kind {entry['kind']!r} is none of {' '.join(KINDS)}")
            if entry["src"] not in sources:
                problems.append(f"{where}: source {entry['src']!r} is not in [source]")
            if entry["kind"] == "S" and entry["src"] in ("estimate", "calculated"):
                problems.append(f"{where}: kind S, but its source is {entry['src']!r}")
            if entry["kind"] == "C" and not entry.get("note"):
                problems.append(f"{where}: calculated, but no note says from what")
    return problems


def _figures(table: Tables) -> dict[str, Figure]:
    return {name: Figure(**entry) for name, entry in table.items()}


def _variant(id: str, table: Tables, parts: Mapping[str, Part]) -> Variant:
    def part(name: str) -> Part:
        if name not in parts:
            raise PartsError(f"variant {id}: there is no part {name!r}")
        return parts[name]

    nodes = {
        n["id"]: Node(
            n["id"],
            part(n["part"]),
            n["place"],
            tuple(n.get("addresses", ())),
            tuple(n.get("roles", ())),
        )
        for n in table["node"]
    }
    cables = tuple(
        Cable(c["id"], part(c["part"]), c["from"], c["to"], c["carries"])
        for c in table.get("cable", [])
    )
    for cable in cables:
        for end in (cable.start, cable.end):
            if end not in nodes:
                raise PartsError(
                    f"variant {id}: cable {cable.id} ends at {end!r}, which is no node"
                )
    return Variant(
        id,
        table["name"],
        table["what"],
        nodes,
        cables,
        table["pins"],
        table["frequency_hz"],
        table["board_file"],
        table.get("allowed_pins", {}),
        tuple((part(name), number) for name, number in table.get("extra", {}).items()),
    )
