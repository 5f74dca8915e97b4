"""Three-vectors: handedness and length."""

from kneecore import vector

X = (1.0, 0.0, 0.0)
Y = (0.0, 1.0, 0.0)
Z = (0.0, 0.0, 1.0)


def test_cross_is_right_handed():
    assert vector.cross(X, Y) == Z
    assert vector.cross(Y, Z) == X
    assert vector.cross(Z, X) == Y


def test_cross_is_at_right_angles_to_both():
    a = (1.0, -2.0, 3.0)
    b = (0.5, 4.0, -1.0)
    c = vector.cross(a, b)
    assert abs(vector.dot(a, c)) < 1e-12
    assert abs(vector.dot(b, c)) < 1e-12


def test_sum_and_difference_undo_each_other():
    a = (1.0, -2.0, 3.0)
    b = (0.5, 4.0, -1.0)
    assert vector.subtracted(vector.added(a, b), b) == a
    assert vector.added(a, vector.scaled(a, -1.0)) == (0.0, 0.0, 0.0)


def test_norm_is_the_length():
    assert abs(vector.norm((2.0, -3.0, 6.0)) - 7.0) < 1e-12


def test_normalised_keeps_the_direction():
    a = vector.normalised((0.0, -3.0, 4.0))
    assert abs(vector.norm(a) - 1.0) < 1e-12
    assert abs(a[1] + 0.6) < 1e-12 and abs(a[2] - 0.8) < 1e-12


def test_the_zero_vector_has_no_direction():
    try:
        vector.normalised((0.0, 0.0, 0.0))
    except ZeroDivisionError:
        return
    raise AssertionError("a direction was made up")
