"""Grood-Suntay angles: inverse of the composition, mirror image, axes built by hand."""

from math import atan2, cos, pi, sin, sqrt

from kneecore import joint

DEG = pi / 180.0


def _poses(count):
    """Pseudo-random angles within what knees do, from a small linear congruence."""
    state = 12345
    for _ in range(count):
        row = []
        for low, high in ((-20.0, 150.0), (-40.0, 40.0), (-60.0, 60.0)):
            state = (state * 1103515245 + 12345) % 2147483648
            row.append((low + (high - low) * state / 2147483648.0) * DEG)
        yield row


def _matrix(w, x, y, z):
    return (
        (1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)),
        (2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)),
        (2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)),
    )


def _cross(a, b):
    return (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])


def _dot(a, b):
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _near(found, wanted, tolerance=1e-5):
    for a, b in zip(found, wanted):
        assert abs(a - b) < tolerance, (found, wanted)


def test_angles_undo_the_composition_on_both_sides():
    for side in (1, -1):
        for pose in _poses(300):
            _near(joint.angles(*(joint.compose(*(pose + [side])) + (side,))), pose)


def test_the_sign_of_the_quaternion_does_not_matter():
    for pose in _poses(50):
        q = joint.compose(*(pose + [1]))
        _near(joint.angles(-q[0], -q[1], -q[2], -q[3], 1), pose)


def test_the_left_leg_is_the_mirror_image_of_the_right():
    # Mirroring at the sagittal plane (z -> -z) turns a rotation (w, x, y, z) into (w, -x, -y, z).
    for pose in _poses(100):
        w, x, y, z = joint.compose(*(pose + [1]))
        _near(joint.angles(w, -x, -y, z, -1), pose)


def test_flexion_60_valgus_10_rotation_5_by_the_axes_of_grood_and_suntay():
    # The definition itself, with e1 = thigh z, e3 = shank y and the floating axis e2 = e3 x e1.
    for side in (1, -1):
        R = _matrix(*joint.compose(60 * DEG, 10 * DEG, 5 * DEG, side))
        e1 = (0.0, 0.0, 1.0)
        e3 = (R[0][1], R[1][1], R[2][1])
        zs = (R[0][2], R[1][2], R[2][2])
        xs = (R[0][0], R[1][0], R[2][0])
        e2 = _cross(e3, e1)
        size = sqrt(_dot(e2, e2))
        e2 = (e2[0] / size, e2[1] / size, e2[2] / size)
        assert abs(atan2(-e2[1], e2[0]) - 60 * DEG) < 1e-5
        assert abs(_dot(e1, e3) + side * sin(10 * DEG)) < 1e-5
        assert abs(side * atan2(_dot(e2, zs), _dot(e2, xs)) - 5 * DEG) < 1e-5


def test_a_knee_that_bends_swings_the_foot_backward():
    # Thigh upright, 90 deg of flexion: the shank's long axis (up to the knee) points forward.
    R = _matrix(*joint.compose(90 * DEG, 0.0, 0.0, 1))
    _near((R[0][1], R[1][1], R[2][1]), (1.0, 0.0, 0.0))


def test_valgus_moves_the_foot_away_from_the_other_leg():
    # The foot hangs along -y of the shank; +z is the person's right.
    for side in (1, -1):
        R = _matrix(*joint.compose(0.0, 10 * DEG, 0.0, side))
        assert -R[2][1] * side > 0.17


def test_internal_rotation_turns_the_toes_inward():
    for side in (1, -1):
        R = _matrix(*joint.compose(0.0, 0.0, 10 * DEG, side))
        assert R[2][0] * side < -0.17


def test_the_valgus_of_a_quaternion_a_little_too_long_stays_finite():
    q = joint.compose(0.0, 90 * DEG, 0.0, 1)
    flexion, valgus, rotation = joint.angles(*([1.000001 * c for c in q] + [1]))
    assert abs(valgus - 90 * DEG) < 1e-2
    assert cos(flexion) <= 1.0 and cos(rotation) <= 1.0
