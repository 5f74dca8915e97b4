"""Check 6: the parts fit the printed pods, a swollen cell as well.

The first half is arithmetic and runs everywhere. The second lays bodies of the parts into the
bodies of the pods and needs build123d (`make hardware`); it also sees what the arithmetic does not
know of: pegs, posts, ribs.
"""

import pytest

from enclosure import make, sizes, stack


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


@pytest.mark.parametrize("strap", [50, 38])
@pytest.mark.parametrize("name", ["a", "a_cue"])
def test_every_part_of_variant_a_has_its_seat(shelf, name, strap):
    """Boards and cells of the variant without a soldering iron."""
    shank, thigh = sizes.shank(shelf, strap), sizes.thigh(shelf, strap, cue=name == "a_cue")
    assert list(sizes.misfits(thigh, shelf)) == []
    seated = {seat.part for pod in (thigh, shank) for seat in pod.seats}
    assert {node.part.id for node in shelf.variant(name).nodes.values()} == seated


@pytest.mark.parametrize("strap", [50, 38])
def test_variant_b_fits_its_pods(shelf, strap):
    pod, shank = stack.pod(shelf, strap), sizes.shank(shelf, strap)
    assert list(sizes.misfits(pod, shelf)) == []
    seated = {seat.part for one in (pod, shank) for seat in one.seats}
    assert {node.part.id for node in shelf.variant("b").nodes.values()} == seated


@pytest.mark.parametrize(
    ("part", "figure", "by"),
    [
        ("wing", "width", 1),
        ("wing", "height", 1),
        ("feather", "length", 1),
        ("motor", "diameter", 1.1),
        ("cell_500", "height", 1),
    ],
)
def test_mutant_a_larger_part_of_variant_b(shelf, mutant, part, figure, by):
    other = mutant(larger(part, figure, by))
    found = list(sizes.misfits(stack.pod(shelf), other))
    assert found and all(part in text for text in found)


def test_mutant_sockets_too_short_for_the_cells_plug(mutant):
    """With the lowest ones the wing would press on what stands on the Feather."""
    shelf = mutant(larger("header_sockets", "stack", -2.0))
    assert "wing: feather and wing are in each other's way" in sizes.misfits(
        stack.pod(shelf), shelf
    )


def test_a_cell_may_swell_by_ten_percent(shelf):
    height = shelf.part("cell_500").get("height", "mm")
    for pod in (sizes.thigh(shelf), stack.pod(shelf)):
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
    pods = (sizes.thigh(shelf, cue=True), sizes.shank(shelf))
    found = [text for pod in pods for text in sizes.misfits(pod, other)]
    assert len(found) == 1 and part in found[0]


def plugs_without_room(pod, shelf):
    """Boards with sockets at both ends (along y): another part, or a wall that has no hole for the
    plug, is nearer than plug and wires need."""
    found = []
    for seat in pod.seats:
        need = shelf.part(seat.part).get_or("plug_room", "mm", 0.0)
        others = [one for one in pod.seats if one is not seat]
        beside = [
            one for one in others
            if one.low[2] < seat.high[2] and seat.low[2] < one.high[2]
            and one.low[0] < seat.x + 3 and seat.x - 3 < one.high[0]
        ]  # fmt: skip
        for side, wall in (("lower", 0.0), ("upper", pod.inner[1])):
            edge = seat.low[1] if side == "lower" else seat.high[1]
            ends = [one.high[1] if side == "lower" else one.low[1] for one in beside]
            gaps = [abs(edge - at) for at in ends if (at <= edge) == (side == "lower")]
            through = any(
                hole == side and seat.low[2] < z < seat.high[2] for hole, _, z in pod.plug_holes
            )
            if not through:
                gaps.append(abs(edge - wall))
            if need and min(gaps, default=need) < need - 0.01:
                found.append(f"{pod.name}: {seat.part} {side}, {min(gaps):.1f} mm")
    return found


def test_plugs_have_room(shelf):
    for pod in make.pods(shelf):
        wanted = [] if pod.name != "shank" else ["shank: imu_dso lower, 2.0 mm"]  # one plug is used
        assert plugs_without_room(pod, shelf) == wanted


def test_mutant_plugs_that_need_a_millimetre_more(shelf, mutant):
    other = mutant(larger("haptic", "plug_room", 1))
    found = plugs_without_room(sizes.thigh(shelf, cue=True), other)
    assert found == ["thigh_cue: haptic lower, 7.0 mm", "thigh_cue: haptic upper, 7.0 mm"]


def test_mutant_two_seats_in_each_others_way(shelf, monkeypatch):
    monkeypatch.setattr(sizes, "RIB", -30.0)
    assert any("in each other's way" in text for text in sizes.misfits(sizes.thigh(shelf), shelf))


# ---------------------------------------------------------------------------------- with bodies
@pytest.fixture(scope="module")
def made(shelf):
    pytest.importorskip("build123d", reason="build123d is not installed: make hardware")
    from enclosure import solids

    return [(pod, solids.bodies(pod)) for pod in make.pods(shelf)]


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


def test_screws_leave_the_straps_way(made):
    """Nothing stands in a slot, from below the skin to above the lid."""
    from enclosure import solids

    for pod, bodies in made:
        for name, body in bodies.items():
            for slot in solids.slots(pod):
                shared = slot & body
                assert not shared or sum(p.volume for p in shared.solids()) < 0.05, (pod.name, name)


def test_printed_bodies_do_not_share_room(made):
    for pod, bodies in made:
        names = list(bodies)
        for i, one in enumerate(names):
            for other in names[i + 1 :]:
                shared = bodies[one] & bodies[other]
                volume = sum(piece.volume for piece in shared.solids()) if shared else 0
                assert volume < 0.05, f"{pod.name}: {one} and {other}"
