"""How long a thread waited for the interpreter, in virtual time."""

from __future__ import annotations

import pytest

from gateway.service.interpreter_watch import LOOK_S, InterpreterWatch


@pytest.mark.parametrize(
    ("late", "longest"),
    [([], 0.0), ([0.0, 0.0001, 0.0], 0.0001), ([0.0001, 0.007, 0.0002], 0.007)],
)
def test_the_longest_is_kept(late: list[float], longest: float) -> None:
    now, waits = [50.0], iter(late)

    def wait(seconds: float) -> bool:
        assert 0 <= seconds <= LOOK_S + 1e-9
        extra = next(waits, None)
        now[0] += seconds + (extra or 0.0)
        return extra is None

    watch = InterpreterWatch(lambda: now[0], wait)
    watch.run()
    assert watch.longest_s == pytest.approx(longest, abs=1e-9)


def test_start_and_stop_twice() -> None:
    watch = InterpreterWatch()
    watch.start()
    watch.stop()
    watch.stop()
    InterpreterWatch().stop()
