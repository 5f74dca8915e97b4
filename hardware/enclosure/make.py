"""Make everything that is printed: STEP and STL a body, and the pictures.

    python hardware/build.py enclosure            as the parts say, into hardware/out/
    cd hardware
    python -m enclosure.make OUT --strap 38       for a narrower strap
    python -m enclosure.make OUT --imu imu_ism_micro     for the other board at the shank

Needs build123d, trimesh and vtk (the extra `hardware`). The same sizes give the same STL files.
"""

import argparse
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

from enclosure import sizes, stack
from enclosure.sizes import Pod
from kneehard import parts

PREFIX = "enclosure-"


def build(out: Path) -> list[Path]:
    """Bodies and pictures of both variants."""
    shelf = parts.load()
    chosen = pods(shelf)
    return [*write(out, chosen, shelf), *draw(out, chosen, shelf)]


def pods(shelf: parts.Shelf, strap_mm: float | None = None) -> list[Pod]:
    """Variant A's two, its thigh pod with cue, and variant B's."""
    return [
        *sizes.pods(shelf, strap_mm),
        sizes.thigh(shelf, strap_mm, cue=True),
        stack.pod(shelf, strap_mm),
    ]


def bodies(pod: Pod, shelf: parts.Shelf) -> Iterator[tuple[str, object]]:
    """Name of the file, and the body as it lies on the printer's bed."""
    from enclosure import solids

    for name, solid in solids.bodies(pod).items():
        yield f"{PREFIX}{pod.name}-{name}", solids.printed(pod, name, solid)
    if pod.name == "thigh":
        yield f"{PREFIX}gauge", solids.gauge(pod, shelf)


def write(out: Path, chosen: list[Pod], shelf: parts.Shelf) -> list[Path]:
    """STEP and STL of all bodies of `chosen`."""
    from build123d import export_step

    from enclosure import mesh

    out.mkdir(parents=True, exist_ok=True)
    made = []
    for pod in chosen:
        for name, solid in bodies(pod, shelf):
            mesh.write(solid, out / f"{name}.stl")
            export_step(solid, str(out / f"{name}.step"), timestamp="2026-01-01T00:00:00")
            made += [out / f"{name}.stl", out / f"{name}.step"]
    meshes = [path for path in made if path.suffix == ".stl"]
    return [pack(out / f"{PREFIX}stl.zip", meshes), *made]


def pack(into: Path, files: list[Path]) -> Path:
    """What is in the repository of them: for who has a printer and no build123d."""
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as pile:
        for path in files:
            pile.writestr(
                zipfile.ZipInfo(path.name, (2026, 1, 1, 0, 0, 0)),
                path.read_bytes(),
                zipfile.ZIP_DEFLATED,
                9,
            )
    return into


def draw(out: Path, chosen: list[Pod], shelf: parts.Shelf) -> list[Path]:
    """The pictures of hardware/README.md and BUILD.md."""
    from enclosure import pictures, solids

    out.mkdir(parents=True, exist_ok=True)
    made = []
    by_pod = {pod.name: solids.bodies(pod) for pod in chosen}
    for pod in chosen:
        solid = by_pod[pod.name]
        if pod.name == "thigh_cue":  # the rest of it looks like the other one, only longer
            path = out / f"{PREFIX}{pod.name}-deck.png"
            pictures.save(pictures.opened(pod, solid, shelf, upper=True), path)
            made.append(path)
            continue
        images = {
            pod.name: pictures.assembled(pod, solid),
            f"{pod.name}-skin": pictures.assembled(pod, solid, outside=False),
            f"{pod.name}-exploded": pictures.exploded(pod, solid, shelf),
            f"{pod.name}-open": pictures.opened(pod, solid, shelf, upper=False),
        }
        if pod.deck_z is not None:
            images[f"{pod.name}-deck"] = pictures.opened(pod, solid, shelf, upper=True)
        for name, image in images.items():
            pictures.save(image, out / f"{PREFIX}{name}.png")
            made.append(out / f"{PREFIX}{name}.png")
    path = out / f"{PREFIX}worn.png"
    pictures.save(pictures.worn(*chosen[:2], by_pod), path)
    return [*made, path]


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("out", type=Path)
    asked.add_argument("--strap", type=float, default=None, help="width in mm; 50 unless told")
    asked.add_argument("--imu", default="imu_dso", help="the shank's board in parts.toml")
    asked.add_argument("--no-pictures", action="store_true")
    args = asked.parse_args()
    shelf = parts.load()
    chosen = [
        sizes.thigh(shelf, args.strap),
        sizes.shank(shelf, args.strap, args.imu),
        sizes.thigh(shelf, args.strap, cue=True),
        stack.pod(shelf, args.strap),
    ]
    try:
        for path in write(args.out, chosen, shelf):
            print(path)
        if not args.no_pictures:
            for path in draw(args.out, chosen, shelf):
                print(path)
    except ModuleNotFoundError as error:
        sys.exit(f"the Python package {error.name} is missing: pip install -e '.[hardware]'")


if __name__ == "__main__":
    main()
