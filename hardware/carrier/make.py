"""Make the knee wing: netlist, board, DRC, fabrication files, bill, pictures.

`build(out)` is what ../build.py calls. KiCad's steps run under the system's Python, which is the
one that has pcbnew; the rest under ours. Tools: skidl and gerbonara (the extra `hardware`), and by
apt kicad and kicad-footprints.
"""

import csv
import json
import os
import re
import subprocess
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from carrier import design as table
from carrier import rules
from kneehard import parts as shelf

HERE = Path(__file__).resolve().parent
NAME = "knee-wing"
PYTHON = os.environ.get("KICAD_PYTHON", "/usr/bin/python3")


class CarrierError(Exception):
    """The board breaks a rule, or a tool for it is missing; the text says which."""


@dataclass(frozen=True, slots=True)
class Drc:
    """What KiCad counted: breaches of design rules, and pads without their net."""

    violations: int
    unconnected: int
    text: str


def missing_tool() -> str | None:
    """Why the board cannot be made here, or None."""
    asked = subprocess.run([PYTHON, "-c", "import pcbnew"], capture_output=True, check=False)
    if asked.returncode:
        return "KiCad's module pcbnew is missing: apt install --no-install-recommends kicad"
    if not Path("/usr/share/kicad/footprints").is_dir():
        return "KiCad's footprints are missing: apt install kicad-footprints"
    return None


def step(*arguments: object) -> None:
    """One step of `layout`, as a process of its own. Raises CarrierError with its last words."""
    done = subprocess.run(
        [PYTHON, "-m", "carrier.layout", *map(str, arguments)],
        cwd=HERE.parent,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(HERE.parent), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    if done.returncode:
        raise CarrierError(f"layout {arguments[0]}: {done.stderr.strip()[-600:]}")


def place(folder: Path) -> list[dict]:
    """A board with its parts, in `folder`, and the project file with its rules; the pads."""
    step("place", folder / f"{NAME}.kicad_pcb", folder / "pads.json")
    (folder / f"{NAME}.kicad_pro").write_text(json.dumps(_project(), indent=2) + "\n")
    return json.loads((folder / "pads.json").read_text())


def route(pads: list[dict], design: table.Design) -> list[dict]:
    """The router's tracks and vias."""
    from carrier import router

    imu, u = design.parts["U1"], table.UNDER_IMU
    return router.route(pads, [[imu.x - u, imu.y - u, imu.x + u, imu.y + u]])


def finish(folder: Path, tracks: list[dict]) -> Drc:
    """Tracks and pour into the board, and the DRC on it."""
    (folder / "tracks.json").write_text(json.dumps(tracks))
    step("finish", folder / f"{NAME}.kicad_pcb", folder / "tracks.json")
    return drc(folder)


def drc(folder: Path) -> Drc:
    """KiCad's design rule check."""
    report = folder / "drc.txt"
    step("check", folder / f"{NAME}.kicad_pcb", report)
    text = report.read_text()
    counts = [int(n) for n in re.findall(r"Found (\d+)", text)]
    return Drc(counts[0], counts[1], text)


def build(out: Path) -> list[Path]:
    """Everything, into `out`. Raises CarrierError."""
    from carrier import circuit

    reason = missing_tool()
    if reason:
        raise CarrierError(reason)
    design = table.build()
    variant = shelf.load().variant("b")
    broken = rules.problems(design, variant.pins)
    if broken:
        raise CarrierError("\n".join(broken))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        erc = circuit.netlist(design, folder / f"{NAME}.net")
        if erc.errors or erc.warnings:
            raise CarrierError(f"ERC: {erc.errors} errors, {erc.warnings} warnings")
        found = finish(folder, route(place(folder), design))
        (out / f"{NAME}-drc.txt").write_text(_report(found, erc.errors, erc.warnings))
        if found.violations or found.unconnected:
            raise CarrierError(f"DRC: see {out / f'{NAME}-drc.txt'}")
        plots = folder / "fab"
        plots.mkdir()
        step("plot", folder / f"{NAME}.kicad_pcb", plots)
        made = [out / f"{NAME}-drc.txt", *_pictures(plots, out)]
        for suffix in (".kicad_pcb", ".kicad_pro", ".net"):
            text = _without_dates((folder / f"{NAME}{suffix}").read_text())
            (out / f"{NAME}{suffix}").write_text(text)
            made.append(out / f"{NAME}{suffix}")
        made.append(_zip(plots, out / f"{NAME}-gerbers.zip"))
    return [*made, _bill(design, out), _positions(design, out)]


def _project() -> dict:
    """Rules of a cheap two-layer process, every one an error.

    Two are off: that the board's footprints equal those of a library table (there is none), and
    edges of printed lines that solder mask cuts, since the plot cuts them anyway.
    """
    netclass = {
        "name": "Default", "clearance": 0.15, "track_width": 0.2, "via_diameter": table.VIA,
        "via_drill": table.DRILL, "microvia_diameter": 0.3, "microvia_drill": 0.1,
        "diff_pair_gap": 0.25, "diff_pair_via_gap": 0.25, "diff_pair_width": 0.2, "line_style": 0,
        "bus_width": 12, "wire_width": 6, "pcb_color": "rgba(0, 0, 0, 0.000)",
        "schematic_color": "rgba(0, 0, 0, 0.000)",
    }  # fmt: skip
    rules = {
        "min_clearance": 0.15, "min_track_width": 0.15, "min_via_diameter": 0.5,
        "min_via_annular_width": 0.13, "min_through_hole_diameter": 0.3, "min_hole_clearance": 0.25,
        "min_hole_to_hole": 0.25, "min_copper_edge_clearance": 0.3, "min_silk_clearance": 0.0,
        "min_microvia_diameter": 0.2, "min_microvia_drill": 0.1, "solder_mask_clearance": 0.05,
        "solder_mask_min_width": 0.0, "allow_blind_buried_vias": False, "allow_microvias": False,
        "use_height_for_length_calcs": True,
    }  # fmt: skip
    severities = {"lib_footprint_issues": "ignore", "silk_over_copper": "ignore"}
    settings = {"rules": rules, "rule_severities": severities, "meta": {"version": 2}}
    return {
        "board": {"design_settings": settings},
        "net_settings": {"classes": [netclass], "meta": {"version": 2}},
        "meta": {"filename": f"{NAME}.kicad_pro", "version": 1},
    }


def _report(found: Drc, errors: int, warnings: int) -> str:
    head = (
        "Knee wing, checked as drawn; no board was made or measured.\n"
        f"ERC (skidl): {errors} errors, {warnings} warnings. "
        f"DRC (KiCad 6): {found.violations} violations, {found.unconnected} unconnected.\n\n"
    )
    lines = [line for line in found.text.splitlines() if not line.startswith("** Created")]
    return head + "\n".join(re.sub(r"/\S*/", "", line) for line in lines) + "\n"


def _without_dates(text: str) -> str:
    """What would differ from run to run, made the same."""
    text = re.sub(r'\(date "[^"]*"\)', '(date "")', text)
    text = re.sub(r'\(source "[^"]*"\)', f'(source "{NAME}")', text)
    numbers: dict[str, str] = {}

    def same(found: re.Match[str]) -> str:
        return numbers.setdefault(found[0], f"00000000-0000-4000-8000-{len(numbers):012x}")

    return re.sub(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", same, text)


def _zip(plots: Path, path: Path) -> Path:
    """Gerbers and drill files, with no dates, so that the same board gives the same bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(plots.iterdir()):
            text = re.sub(r"(?m)^.*(CreationDate|date |; DRILL file).*\n", "", file.read_text())
            entry = zipfile.ZipInfo(file.name, (2026, 1, 1, 0, 0, 0))
            archive.writestr(entry, text, zipfile.ZIP_DEFLATED)
    return path


def _bill(design: table.Design, out: Path) -> Path:
    """Parts to buy, equal ones together. Prices are unknown and stay empty."""
    path = out / f"{NAME}-bom.csv"
    groups: dict[tuple[str, ...], list[str]] = {}
    for part in design.parts.values():
        key = (part.value, part.what, part.number, part.footprint)
        groups.setdefault(key, []).append(part.ref)
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["references", "count", "value", "what", "number", "footprint", "price"])
        for (value, what, number, footprint), refs in sorted(groups.items(), key=lambda g: g[1]):
            writer.writerow([" ".join(refs), len(refs), value, what, number, footprint, ""])
    return path


def _positions(design: table.Design, out: Path) -> Path:
    """For an assembly house: surface parts, mm from the lower left corner, y upwards."""
    path = out / f"{NAME}-positions.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["Ref", "Val", "Package", "PosX", "PosY", "Rot", "Side"])
        for part in sorted(design.parts.values(), key=lambda part: part.ref):
            if not part.footprint.startswith("holes:"):
                y = round(table.HEIGHT - part.y, 3)
                package = part.footprint.split(":")[1]
                writer.writerow([part.ref, part.value, package, part.x, y, part.turn, "top"])
    return path


def _pictures(plots: Path, out: Path) -> list[Path]:
    """Both sides as SVG, from the very Gerbers."""
    from gerbonara import LayerStack

    stack = LayerStack.open(plots)
    made = []
    for side in ("top", "bottom"):
        path = out / f"{NAME}-{side}.svg"
        path.write_text(str(stack.to_pretty_svg(side=side, margin=1.5)))
        made.append(path)
    return made
