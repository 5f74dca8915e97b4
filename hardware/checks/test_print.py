"""Check 7: what goes to the printer is watertight, one piece, and nowhere thinner than 1.0 mm."""

import pytest

from enclosure import sizes

pytest.importorskip("build123d", reason="build123d is not installed: make hardware")
pytest.importorskip("trimesh", reason="trimesh is not installed: make hardware")
pytest.importorskip("embreex", reason="embreex is not installed: make hardware")

from build123d import Box, Pos

from enclosure import make, mesh, solids


@pytest.fixture(scope="module")
def pods(shelf):
    return make.pods(shelf)


@pytest.fixture(scope="module")
def bases(pods):
    return {pod.name: solids.bodies(pod)["base"] for pod in pods}


def test_everything_that_is_printed(pods, shelf, tmp_path):
    for pod in pods:
        for name, solid in make.bodies(pod, shelf):
            engraved = name.endswith("-lid")
            triangles = mesh.of(solid, tmp_path)
            assert list(mesh.problems(triangles, sizes.LEAST_WALL, upright=engraved)) == [], name


def test_lids_before_the_words_are_cut(pods, tmp_path):
    """Their walls from all sides; the words then leave enough below them, see above."""
    for pod in pods:
        triangles = mesh.of(solids.lid(pod, words=False), tmp_path)
        assert list(mesh.problems(triangles, sizes.LEAST_WALL)) == [], pod.name
        assert sizes.LID - sizes.ENGRAVED >= sizes.LEAST_WALL


@pytest.mark.parametrize("name", ["thigh", "shank", "wing"])
def test_mutant_a_wall_of_eight_tenths(bases, pods, name, tmp_path):
    pod = next(pod for pod in pods if pod.name == name)
    pocket = Pos(pod.inner[0] / 2, pod.middle, pod.inner[2] - 3) * Box(2.4, 8, 4)
    found = list(mesh.problems(mesh.of(bases[name] - pocket, tmp_path), sizes.LEAST_WALL))
    assert len(found) == 1 and found[0].startswith("a wall of 0.80 mm")


def test_mutant_a_hole_in_the_mesh(bases, tmp_path):
    import numpy as np

    triangles = mesh.of(bases["shank"], tmp_path)
    triangles.update_faces(np.arange(len(triangles.faces)) != 100)
    assert list(mesh.problems(triangles, sizes.LEAST_WALL)) == ["it has a hole"]


def test_mutant_two_pieces(bases, tmp_path):
    two = bases["shank"] + Pos(0, 100, 0) * Box(5, 5, 5)
    assert "it is in 2 pieces" in list(mesh.problems(mesh.of(two, tmp_path), sizes.LEAST_WALL))


def test_the_same_sizes_give_the_same_file(pods, tmp_path):
    from build123d import export_stl

    files = []
    for i in range(2):
        export_stl(solids.button(pods[0]), str(tmp_path / f"{i}.stl"))
        files.append((tmp_path / f"{i}.stl").read_bytes())
    assert files[0] == files[1]
