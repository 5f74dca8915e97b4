"""Where between three evenly spaced values their parabola turns: a peak finer than its samples."""


def vertex(before: float, extreme: float, after: float) -> float:
    """In steps from the middle one: -0.5 to 0.5, and 0 where they are flat or it is no extreme."""
    left, right = extreme - before, extreme - after
    if left * right < 0.0 or left + right == 0.0:
        return 0.0
    return 0.5 * (left - right) / (left + right)
