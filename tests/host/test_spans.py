"""Spans against Python's own set."""

from hypothesis import given
from hypothesis import strategies as st

from kneetrack.spans import Span, Spans

PIECES = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), max_size=30)


@given(PIECES, st.integers(0, 80), st.integers(0, 80))
def test_spans_are_a_set_of_numbers(pieces, first, end):
    spans, numbers = Spans(), set()
    for start, count in pieces:
        piece = set(range(start, start + count))
        assert spans.add(start, start + count) == len(piece - numbers)
        numbers |= piece
    assert [n for span in spans for n in range(*span)] == sorted(numbers)
    assert spans.count == len(numbers)
    assert spans.end == (max(numbers) + 1 if numbers else None)
    asked = set(range(first, end))
    assert {n for span in spans.within(first, end) for n in range(*span)} == asked & numbers
    assert {n for span in spans.missing(first, end) for n in range(*span)} == asked - numbers


@given(PIECES)
def test_no_two_spans_touch_and_none_is_empty(pieces):
    spans = Spans()
    for start, count in pieces:
        spans.add(start, start + count)
    edges = [number for span in spans for number in span]
    assert edges == sorted(set(edges))


def test_what_comes_in_order_is_one_span():
    spans = Spans()
    for number in range(0, 8000, 8):
        assert spans.add(number, number + 8) == 8
    assert list(spans) == [Span(0, 8000)]
