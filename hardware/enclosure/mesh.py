"""What would be printed, as triangles: is it whole, one piece, thick enough, and do the parts fit?

Thickness is measured by rays: from points spread evenly over the surface straight inwards, to
where the ray leaves the plastic again. It counts where the face that it leaves by lies opposite to
the one that it came in by, within 45 degrees: near the edge of a slot in a curved sheet a ray soon
leaves by the neighbouring face, and that is a corner, not a wall.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import trimesh
from build123d import Part, export_stl

POINTS = 6000
SEED = 7
OPPOSITE = 0.707
TOLERANCE = 0.02
"""Facets cut corners: 0.05 mm at most is asked of the mesh, on curved walls both ways."""


@dataclass(frozen=True)
class Thickness:
    """The thinnest place found."""

    least_mm: float
    at: tuple[float, float, float]
    points: int


def load(path: Path) -> trimesh.Trimesh:
    return trimesh.load_mesh(path, file_type="stl")


def of(solid: Part, folder: Path) -> trimesh.Trimesh:
    """By way of an STL file, as the printer gets it."""
    path = folder / "body.stl"
    write(solid, path)
    return load(path)


def write(solid: Part, path: Path) -> None:
    """As an STL file: facets at most 0.05 mm beside the body."""
    export_stl(solid, str(path), tolerance=0.05, angular_tolerance=0.35)


def thickness(mesh: trimesh.Trimesh, points: int = POINTS, upright: bool = False) -> Thickness:
    """The least wall along rays from `points` places of the surface, the same ones each time.

    upright: only from faces that look up or down, as for a plate with letters cut into it, whose
    ridges between two strokes are no walls.
    """
    where, face = trimesh.sample.sample_surface_even(mesh, points, seed=SEED)
    if upright:
        flat = np.abs(mesh.face_normals[face][:, 2]) > 0.99
        where, face = where[flat], face[flat]
    inward = -mesh.face_normals[face]
    start = where + inward * 1e-3
    hits, rays, struck = mesh.ray.intersects_location(start, inward, multiple_hits=False)
    across = np.einsum("ij,ij->i", mesh.face_normals[struck], inward[rays]) > OPPOSITE
    hits, rays = hits[across], rays[across]
    far = np.linalg.norm(hits - start[rays], axis=1) + 1e-3
    worst = int(np.argmin(far))
    return Thickness(float(far[worst]), tuple(map(float, where[rays[worst]])), len(far))


def problems(
    mesh: trimesh.Trimesh, least_mm: float, points: int = POINTS, upright: bool = False
) -> Iterator[str]:
    """Why this mesh can't be printed as it is meant."""
    if not mesh.is_watertight:
        yield "it has a hole"
        return
    if not mesh.is_winding_consistent or mesh.volume <= 0:
        yield "inside and outside are mixed up"
        return
    pieces = mesh.body_count
    if pieces != 1:
        yield f"it is in {pieces} pieces"
    found = thickness(mesh, points, upright)
    if found.least_mm < least_mm - TOLERANCE:
        x, y, z = found.at
        yield f"a wall of {found.least_mm:.2f} mm at ({x:.1f}, {y:.1f}, {z:.1f})"
