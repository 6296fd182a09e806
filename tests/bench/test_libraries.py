"""The comparison of SIP libraries: its messages, checks and arithmetic, without the peers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.bench.libraries import rewriting, trying
from tests.bench.libraries.adapters.ours_adapter import LIBRARY as OURS
from tests.bench.libraries.agents import ours_agent
from tests.bench.libraries.invites import NEW_HOST, NEW_RPORT, encoded, invites
from tests.bench.libraries.library import capitalized, grouped, last
from tests.bench.libraries.rounds import Contestant, Rate, measure
from tests.bench.libraries.table import Table
from tests.bench.libraries.verdicts import judge

MESSAGES = list(invites(60))


def test_messages_are_all_different_and_the_same_in_every_run() -> None:
    assert [one.data for one in MESSAGES] == [one.data for one in invites(60)]
    assert len({dict(one.lines)["Call-ID"] for one in MESSAGES}) == 60
    assert len({tuple(name for name, _ in one.lines) for one in MESSAGES}) > 55
    assert all(len(one.body) == int(dict(one.lines)["Content-Length"]) for one in MESSAGES)


def test_a_change_is_two_lines() -> None:
    invite = MESSAGES[0]
    pairs = zip(invite.lines, invite.changed, strict=True)
    changed = [new for old, new in pairs if old != new]
    assert sorted(name for name, _ in changed) == ["Route", "Via"]
    assert f";rport={NEW_RPORT}" in dict(changed)["Via"]
    assert NEW_HOST in dict(changed)["Route"]


def test_ours_reads_and_writes_what_it_must() -> None:
    rates = rewriting.rates([OURS], MESSAGES, rounds=1)
    assert rates["ours"].median > 0


def test_the_input_handed_back_does_not_pass() -> None:
    idle = replace(OURS, work=lambda data: (OURS.work(data)[0], data))
    with pytest.raises(rewriting.Wrong, match="ours wrote"):
        rewriting.rates([idle], MESSAGES, rounds=1)


def test_a_field_read_wrongly_does_not_pass() -> None:
    other = OURS.work(MESSAGES[1].data)[0]
    wrong = replace(OURS, work=lambda data: (other, OURS.work(data)[1]))
    with pytest.raises(rewriting.Wrong, match="ours read"):
        rewriting.rates([wrong], MESSAGES, rounds=1)


def test_ours_answers_100_and_leaves_nothing() -> None:
    agent = ours_agent.agent()
    rates = trying.rates([agent], MESSAGES, rounds=2)
    assert rates["ours"].median > 0


def test_another_answer_does_not_pass() -> None:
    with pytest.raises(trying.NoAnswer):
        trying.check("x", MESSAGES[0], ours_agent.agent().answer(MESSAGES[1].data))


def test_our_verdicts_are_right() -> None:
    found = judge(OURS)
    assert found.perfect
    assert (found.accepted, found.rejected) == (found.good, found.bad)
    assert judge(replace(OURS, accept=bytes)).rejected == 0


def test_interleaving() -> None:
    """Each gets every slice, in turns; only `one` is on the clock."""
    now = 0.0
    seen: list[tuple[str, bytes]] = []
    settled: list[tuple[int, list[int]]] = []

    def contestant(name: str, cost: float) -> Contestant:
        def one(data: bytes) -> int:
            nonlocal now
            now += cost
            seen.append((name, data))
            return len(data)

        def settle(start: int, results: list[int]) -> None:
            nonlocal now
            now += 100
            settled.append((start, results))

        return Contestant(name, one, settle)

    both = [contestant("fast", 0.01), contestant("slow", 0.1)]
    messages = [b"a", b"bb", b"ccc"]
    found = measure(both, messages, rounds=3, size=2, clock=lambda: now)
    assert found["fast"].median == pytest.approx(100)
    assert found["slow"].highest == pytest.approx(10)
    assert settled.count((0, [1, 2])) == settled.count((2, [3])) == 6
    assert [data for name, data in seen if name == "fast"] == messages * 3
    assert [name for name, _ in seen][:3] in [["fast", "fast", "slow"], ["slow", "slow", "fast"]]


@pytest.mark.parametrize(
    ("ours", "other", "verdict"), [(100, 90, "pass"), (100, 101, "SHORT"), (99, 10, "SHORT")]
)
def test_ours_must_reach_the_target_and_lead(ours: float, other: float, verdict: str) -> None:
    rates = {"ours": Rate(ours, ours, ours), "x": Rate(other, 1, 1000), "none": None}
    names = dict.fromkeys(rates, "1")
    table = Table.of_rates("t", rates, names, names, 100)
    assert table.passed == (verdict == "pass")
    assert verdict in table.text()
    assert table.as_dict()["title"] == "t"


def test_normal_forms() -> None:
    lines = [("Via", "1"), ("X-a-bC", "2"), ("Via", "3"), ("Call-ID", "4")]
    assert [value for _, value in grouped(lines)] == ["1", "3", "2", "4"]
    assert [value for _, value in last(lines, "X-a-bC")] == ["1", "3", "4", "2"]
    assert [capitalized(name) for name, _ in lines[1:]] == ["X-A-Bc", "Via", "Call-ID"]
    assert encoded("sip:a", [("A", "b")], "c") == b"INVITE sip:a SIP/2.0\r\nA: b\r\n\r\nc"
