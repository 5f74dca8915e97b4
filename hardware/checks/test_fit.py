"""Check 6: the parts fit the printed pods, a swollen cell as well.

The first half is arithmetic and runs everywhere. The second lays bodies of the parts into the
bodies of the pods and needs build123d (`make hardware`); it also sees what the arithmetic does not
know of: pegs, posts, ribs.
"""

import pytest

from enclosure import sizes


def larger(part, figure, by):
    def change(tables, variants):
        tables["part"][part]["figures"][figure]["value"] += by

    return change


@pytest.mark.parametrize("strap", [50, 38])
@pytest.mark.parametrize(
    ("thigh", "shank"), [("imu_sox", "imu_dso"), ("imu_ism_adafruit", "imu_ism_micro")]
)
def test_parts_fit(shelf, strap, thigh, shank):
    for pod in (sizes.thigh(shelf, strap, thigh), sizes.shank(shelf, strap, shank)):
        assert list(sizes.misfits(pod, shelf)) == []
        assert pod.slot[0] >= strap + 1


def test_every_part_of_variant_a_has_its_seat(shelf):
    """Boards and cells of the variant without a soldering iron, with cue or not."""
    seated = {seat.part for pod in sizes.pods(shelf) for seat in pod.seats}
    for name in ("a", "a_cue"):
        assert {node.part.id for node in shelf.variant(name).nodes.values()} <= seated


def test_a_cell_may_swell_by_ten_percent(shelf):
    pod = sizes.thigh(shelf)
    height = shelf.part("cell_500").get("height", "mm")
    assert pod.deck_z is not None and pod.deck_z >= 1.1 * height


@pytest.mark.parametrize(
    ("part", "figure", "by"),
    [
        ("feather", "length", 1),
        ("feather", "width", 1),
        ("feather", "height", 1),
        ("imu_sox", "width", 1),
        ("imu_dso", "length", 1),
        ("haptic", "length", 1),
        ("cell_500", "height", 1),
        ("cell_500", "width", 1),
    ],
)
def test_mutant_a_part_larger_by_a_millimetre(shelf, mutant, part, figure, by):
    """Pods as printed, then another board arrives."""
    other = mutant(larger(part, figure, by))
    found = [text for pod in sizes.pods(shelf) for text in sizes.misfits(pod, other)]
    assert len(found) == 1 and part in found[0]


def test_mutant_two_seats_in_each_others_way(shelf, monkeypatch):
    monkeypatch.setattr(sizes, "RIB", -2.0)
    assert any("in each other's way" in text for text in sizes.misfits(sizes.thigh(shelf), shelf))


# ---------------------------------------------------------------------------------- with bodies
@pytest.fixture(scope="module")
def made(shelf):
    pytest.importorskip("build123d", reason="build123d is not installed: make hardware")
    from enclosure import solids

    return [(pod, solids.bodies(pod)) for pod in sizes.pods(shelf)]


def overlaps(made, shelf):
    """Volume that a part and a printed body would share, where there is any."""
    from enclosure import solids

    found = {}
    for pod, bodies in made:
        for part, solid in solids.contents(pod, shelf).items():
            for name, body in bodies.items():
                shared = solid & body
                volume = sum(piece.volume for piece in shared.solids()) if shared else 0
                if volume > 0.05:
                    found[pod.name, part, name] = round(volume, 2)
    return found


def test_no_part_is_inside_the_plastic(made, shelf):
    assert overlaps(made, shelf) == {}


@pytest.mark.parametrize(("part", "figure"), [("feather", "width"), ("imu_dso", "width")])
def test_mutant_a_larger_board_is_inside_the_plastic(made, shelf, mutant, part, figure):
    assert overlaps(made, mutant(larger(part, figure, 1)))


def test_printed_bodies_do_not_share_room(made):
    for pod, bodies in made:
        names = list(bodies)
        for i, one in enumerate(names):
            for other in names[i + 1 :]:
                shared = bodies[one] & bodies[other]
                volume = sum(piece.volume for piece in shared.solids()) if shared else 0
                assert volume < 0.05, f"{pod.name}: {one} and {other}"
