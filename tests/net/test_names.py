"""What of DNS is kept, for how long, and what serves on when nobody answers."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from gateway.net.hosts import known_here
from gateway.net.names import Answer, Names
from tests.fakes.dns_server import SERVFAIL, SILENCE, DnsServer, Zone

X = "example.com"


def ask(
    zone: Zone, times: list[tuple[float, list[str] | None]], ttl: int = 300
) -> tuple[list[Answer], int]:
    """Ask for X at these times; a list replaces the zone's record first. Answers, and questions."""

    async def run() -> tuple[list[Answer], int]:
        async with asyncio.timeout(10), DnsServer(zone, ttl) as server:
            names = Names(server.resolver, lifetime_s=0.2, try_s=0.05)
            answers = []
            for now, records in times:
                if records is not None:
                    server.zone[X, "A"] = records
                answers.append(await names.ask(X, "A", now))
            return answers, len(set(enumerate(server.asked)))

    return asyncio.run(run())


def test_an_answer_is_kept_for_its_time_to_live() -> None:
    answers, asked = ask({}, [(0, ["127.0.0.1"]), (299, ["127.0.0.2"]), (301, None)])
    assert [answer.records for answer in answers] == [
        ("127.0.0.1",),
        ("127.0.0.1",),
        ("127.0.0.2",),
    ]
    assert asked == 2


@pytest.mark.parametrize(("ttl", "kept"), [(0, 5.0), (300, 300.0), (1_000_000, 86400.0)])
def test_bounds_of_the_time_to_live(ttl: int, kept: float) -> None:
    answers, _ = ask({(X, "A"): ["127.0.0.1"]}, [(0, None)], ttl)
    assert answers[0].expires == kept


def test_what_is_not_there_is_soon_asked_for_again() -> None:
    answers, asked = ask({(X, "TXT"): ['"x"']}, [(0, None), (29, None), (31, ["127.0.0.1"])])
    assert [bool(answer.records) for answer in answers] == [False, False, True]
    assert "no A record" in answers[0].why
    assert asked == 2


@pytest.mark.parametrize("failure", [SERVFAIL, SILENCE])
def test_old_answers_serve_while_nobody_tells_new_ones(failure: str) -> None:
    answers, _ = ask({}, [(0, ["127.0.0.1"]), (400, [failure]), (406, ["127.0.0.2"])])
    assert [answer.records for answer in answers] == [
        ("127.0.0.1",),
        ("127.0.0.1",),
        ("127.0.0.2",),
    ]


def test_a_name_that_is_gone_is_not_served_from_memory() -> None:
    answers, _ = ask({}, [(0, ["127.0.0.1"]), (400, [])])
    assert answers[1].records == ()


def test_the_memory_is_bounded() -> None:
    async def run() -> int:
        zone = {(f"n{n}.example.com", "A"): ["127.0.0.1"] for n in range(600)}
        async with asyncio.timeout(30), DnsServer(zone) as server:
            names = Names(server.resolver)
            for n in range(600):
                await names.ask(f"n{n}.example.com", "A", 0.0)
            asked = len(server.asked)
            await names.ask("n599.example.com", "A", 1.0)
            await names.ask("n0.example.com", "A", 1.0)
            return len(server.asked) - asked

    assert asyncio.run(run()) == 1


@pytest.mark.parametrize(
    ("name", "addresses"),
    [
        ("localhost", ["127.0.0.1", "::1"]),
        ("pbx", ["192.0.2.7", "2001:db8::7"]),
        ("PBX.lan.", ["192.0.2.7"]),
        ("other", []),
        ("bad", []),
        ("hidden", []),
    ],
)
def test_names_of_this_machine(tmp_path: Path, name: str, addresses: list[str]) -> None:
    file = tmp_path / "hosts"
    file.write_text(
        "192.0.2.7\tpbx.lan pbx # hidden\n2001:db8::7 pbx\n"
        "not-an-address bad\n\n# 192.0.2.9 other\n"
    )
    assert known_here(name, file) == addresses


def test_no_hosts_file(tmp_path: Path) -> None:
    assert known_here("pbx", tmp_path / "none") == []
