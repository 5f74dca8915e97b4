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
    assert spans.covers(first, end) is (asked <= numbers)
    whole = [set(range(*span)) for span in spans if span.end > first]
    spans.forget(first)
    assert [set(range(*span)) for span in spans] == whole
    assert spans.count == sum(map(len, whole))


@given(PIECES)
def test_no_two_spans_touch_and_none_is_empty(pieces):
    spans = Spans()
    for start, count in pieces:
        spans.add(start, start + count)
    edges = [number for span in spans for number in span]
    assert edges == sorted(set(edges))


def test_of_too_many_spans_the_first_are_forgotten():
    spans = Spans(most=3)
    for number in range(0, 100, 10):
        spans.add(number, number + 5)
    assert list(spans) == [Span(70, 75), Span(80, 85), Span(90, 95)]
    assert spans.count == 15


def test_what_comes_in_order_is_one_span():
    spans = Spans()
    for number in range(0, 8000, 8):
        assert spans.add(number, number + 8) == 8
    assert list(spans) == [Span(0, 8000)]
