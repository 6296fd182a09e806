"""RFC 2782: priorities are an order, weights are chances."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.net.srv import Srv, in_order

A, B, C = Srv(10, 0, 1, "a"), Srv(10, 30, 1, "b"), Srv(10, 70, 1, "c")
LATER, EARLIER = Srv(20, 900, 1, "later"), Srv(0, 0, 1, "earlier")


@pytest.mark.parametrize(
    ("chance", "order"),
    [(0.0, "abc"), (0.009, "abc"), (0.01, "bca"), (0.3, "bca"), (0.31, "cba"), (0.999, "cba")],
)
def test_one_draw(chance: float, order: str) -> None:
    found = in_order([C, A, B], lambda: chance)
    assert found[0].target == order[0]


def test_priorities_first() -> None:
    found = in_order([LATER, B, EARLIER, A, C], lambda: 0.5)
    assert (found[0], found[-1]) == (EARLIER, LATER)


def test_weights_are_chances() -> None:
    draws = [draw / 1000 for draw in range(1000)]
    first = Counter(in_order([A, B, C], iter([draw, 0, 0]).__next__)[0].target for draw in draws)
    assert first == {"a": 10, "b": 297, "c": 693}


@given(
    st.lists(st.builds(Srv, st.integers(0, 3), st.integers(0, 99), st.just(1), st.text())),
    st.lists(st.floats(0, 1, exclude_max=True), min_size=1),
)
def test_every_record_once_and_in_order(records: list[Srv], chances: list[float]) -> None:
    draws = iter(chances * (len(records) + 1))
    found = in_order(records, lambda: next(draws))
    assert Counter(found) == Counter(records)
    assert [each.priority for each in found] == sorted(each.priority for each in records)
