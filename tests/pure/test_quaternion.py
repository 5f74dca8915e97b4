"""Quaternions: which way they turn, how they chain, and the way to matrices and back."""

from math import cos, pi, sin

from kneecore import quaternion, vector

X = (1.0, 0.0, 0.0)
Y = (0.0, 1.0, 0.0)
Z = (0.0, 0.0, 1.0)


def near(a, b, tolerance=1e-12):
    return max([abs(p - q) for p, q in zip(a, b)]) < tolerance


def same_rotation(p, q, tolerance=1e-12):
    return near(p, q, tolerance) or near(p, [-x for x in q], tolerance)


def poses():
    """A spread of rotations, half turns about each axis and the identity among them."""
    out = [quaternion.IDENTITY]
    for axis in (X, Y, Z, (1.0, 1.0, 0.0), (1.0, -2.0, 3.0), (-0.3, 0.1, 0.9)):
        for angle in (-3.0, -1.0, 1e-9, 0.4, 2.0, pi, 4.0, 6.0):
            out.append(quaternion.from_axis_angle(axis, angle))
    return out


def test_a_quarter_turn_about_z_takes_x_to_y():
    q = quaternion.from_axis_angle(Z, 0.5 * pi)
    assert near(quaternion.rotate(q, X), Y)
    assert near(quaternion.rotate(q, Y), (-1.0, 0.0, 0.0))
    assert near(quaternion.rotate(q, Z), Z)


def test_the_axis_may_have_any_length():
    assert near(quaternion.from_axis_angle((0.0, 0.0, 7.0), 0.3), (cos(0.15), 0.0, 0.0, sin(0.15)))


def test_the_right_factor_turns_first():
    v = (0.2, -0.5, 0.9)
    for p in poses():
        for q in poses()[::5]:
            both = quaternion.rotate(quaternion.multiply(p, q), v)
            assert near(both, quaternion.rotate(p, quaternion.rotate(q, v)))


def test_the_conjugate_undoes_the_turn():
    v = (0.2, -0.5, 0.9)
    for q in poses():
        assert near(quaternion.rotate(quaternion.conjugate(q), quaternion.rotate(q, v)), v)
        assert near(quaternion.multiply(q, quaternion.conjugate(q)), quaternion.IDENTITY)


def test_columns_are_where_the_axes_go():
    for q in poses():
        cx, cy, cz = quaternion.columns(q)
        assert near(cx, quaternion.rotate(q, X))
        assert near(cy, quaternion.rotate(q, Y))
        assert near(cz, quaternion.rotate(q, Z))
        assert near(vector.cross(cx, cy), cz)


def test_from_columns_undoes_columns_and_gives_w_not_negative():
    for q in poses():
        cx, cy, cz = quaternion.columns(q)
        back = quaternion.from_columns(cx, cy, cz)
        assert same_rotation(q, back, 1e-9)
        assert back[0] >= 0.0


def test_normalised_has_length_one():
    q = quaternion.normalised((2.0, -4.0, 0.0, 4.0))
    assert near(q, (1 / 3, -2 / 3, 0.0, 2 / 3))
