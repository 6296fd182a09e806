"""Named deadlines on virtual time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.deadlines import Deadlines

NAMES = st.sampled_from("ABCDEFGH")
TIMES = st.integers(0, 50).map(float)


def test_nothing_is_armed_at_first() -> None:
    deadlines: Deadlines[str] = Deadlines()
    assert deadlines.next() is None
    assert deadlines.pop_due(1e9) == []


def test_due_names_come_earliest_first_and_once() -> None:
    deadlines: Deadlines[str] = Deadlines()
    for name, at in (("late", 9.0), ("early", 1.0), ("middle", 5.0)):
        deadlines.set(name, at)
    assert deadlines.pop_due(5.0) == ["early", "middle"]
    assert deadlines.pop_due(5.0) == []
    assert deadlines.next() == 9.0


def test_one_at_a_time_leaves_out_what_was_cancelled_meanwhile() -> None:
    deadlines: Deadlines[str] = Deadlines()
    for name, at in (("late", 9.0), ("early", 1.0), ("middle", 5.0)):
        deadlines.set(name, at)
    assert deadlines.pop(5.0) == "early"
    deadlines.cancel("middle")
    assert deadlines.pop(5.0) is None
    assert deadlines.pop(9.0) == "late"
    assert deadlines.pop(1e9) is None


def test_setting_again_moves_and_cancel_forgets() -> None:
    deadlines: Deadlines[str] = Deadlines()
    deadlines.set("A", 1.0)
    deadlines.set("A", 3.0)
    assert deadlines.pop_due(2.0) == []
    deadlines.cancel("A")
    deadlines.cancel("A")
    assert "A" not in deadlines
    assert deadlines.next() is None


@given(st.lists(st.tuples(st.sampled_from(["set", "cancel", "pop"]), NAMES, TIMES)))
def test_behaves_as_a_plain_dictionary_would(steps: list[tuple[str, str, float]]) -> None:
    deadlines: Deadlines[str] = Deadlines()
    model: dict[str, float] = {}
    for step, name, at in steps:
        if step == "set":
            deadlines.set(name, at)
            model[name] = at
        elif step == "cancel":
            deadlines.cancel(name)
            model.pop(name, None)
        else:
            due = deadlines.pop_due(at)
            assert sorted(due) == sorted(n for n, t in model.items() if t <= at)
            assert [model[n] for n in due] == sorted(model[n] for n in due)
            model = {n: t for n, t in model.items() if t > at}
        assert len(deadlines) == len(model)
        assert deadlines.next() == min(model.values(), default=None)


def test_moving_one_timer_often_does_not_pile_up() -> None:
    deadlines: Deadlines[str] = Deadlines()
    for moment in range(10_000):
        deadlines.set("keep-alive", float(moment))
    assert len(deadlines) == 1
    assert deadlines.pop_due(1e9) == ["keep-alive"]
