"""Country files: all of them load, and a wrong one is told file, key and what is allowed."""

from __future__ import annotations

import copy
import tomllib
from typing import Any

import pytest

from gateway.errors import ConfigError
from gateway.line import Cadence, Country, Tone, ToneSegment
from gateway.line.pulse import NUMBERINGS, digit_of
from gateway.line.tones import parse_frequencies
from tests.line.traces import CODES, COUNTRIES, country

GOOD = tomllib.loads((COUNTRIES / "us.toml").read_text())


def test_the_countries_are_there() -> None:
    named = "at au br ch de es fr in it jp nl nz se uk us"
    assert set(named.split()) <= set(CODES)


@pytest.mark.parametrize("code", CODES)
def test_country_loads(code: str) -> None:
    found = country(code)
    assert found.source.strip()
    assert {"dial", "ringback", "busy", "congestion", "call_waiting"} <= set(found.tones)
    assert found.hook.hang_up_ms >= found.hook.flash_max_ms
    assert found.ring_hz in {20, 25}, "what a line circuit of the reference build can make"


@pytest.mark.parametrize("code", CODES)
def test_unverified_names_keys_of_the_file(code: str) -> None:
    data = tomllib.loads((COUNTRIES / f"{code}.toml").read_text())
    for path in country(code).unverified:
        value: Any = data
        for key in path.split("."):
            value = value[key]


TONES = [
    ("us", "dial", ((350, 440), 0, 0, 0), None),
    ("us", "busy", ((480, 620), 0, 500, 500), 0),
    ("uk", "busy", ((400,), 0, 375, 375), 0),
    ("de", "ringback", ((425,), 0, 1000, 4000), 0),
    ("fr", "ringback", ((440,), 0, 1500, 3500), 0),
    ("au", "dial", ((413, 438), 0, 0, 0), None),
    ("jp", "ringback", ((400,), 16, 1000, 2000), 0),
    ("at", "busy", ((420,), 0, 400, 400), 0),
    ("br", "busy", ((425,), 0, 250, 250), 0),
    ("ch", "busy", ((425,), 0, 500, 500), 0),
    ("es", "ringback", ((425,), 0, 1500, 3000), 0),
    ("in", "dial", ((400,), 25, 0, 0), None),
    ("it", "dial", ((425,), 0, 200, 200), 0),
    ("nl", "call_waiting", ((425,), 0, 500, 9500), 0),
    ("nz", "ringback", ((400, 450), 0, 400, 200), 0),
    ("se", "congestion", ((425,), 0, 250, 750), 0),
]


@pytest.mark.parametrize(("code", "name", "first", "repeat"), TONES)
def test_tones(code: str, name: str, first: tuple[Any, ...], repeat: int | None) -> None:
    tone = country(code).tones[name]
    segment = tone.segments[0]
    shape = (segment.frequencies, segment.modulated_by, segment.on_ms, segment.off_ms)
    assert (shape, tone.repeat_from) == (first, repeat)


def test_then_continuous() -> None:
    tone = country("us").tones["stutter"]
    assert [s.on_ms for s in tone.segments] == [100] * 6 + [0]
    assert tone.repeat_from is None


def test_a_howler_rises_and_stays() -> None:
    tone = country("us").tones["howler"]
    levels = [s.level_dbm for s in tone.segments]
    assert levels == sorted(levels)
    assert tone.repeat_from == len(levels) - 1


RINGS = [("us", ((2000, 4000),)), ("uk", ((400, 200), (400, 2000))), ("jp", ((1000, 2000),))]
RINGS += [("at", ((1000, 5000),)), ("es", ((1500, 3000),)), ("nz", ((400, 200), (400, 2000)))]


@pytest.mark.parametrize(("code", "steps"), RINGS)
def test_rings(code: str, steps: tuple[tuple[int, int], ...]) -> None:
    assert country(code).ring.steps == steps


WRONG: list[tuple[str, Any, str]] = [
    # key (None as value: removed), value, what the error says after the file name
    ("name", None, "name: must be a text, but it is missing"),
    ("source", "  ", "source: must be a text that is not empty"),
    ("ring", 5, "ring: must be a table"),
    ("ring.hz", 5, "ring.hz: must be a number from 15 to 70, and not 5"),
    ("ring.hz", "20", "ring.hz: must be a number from 15 to 70"),
    ("ring.hz", True, "ring.hz: must be a number from 15 to 70"),
    ("ring.hz", float("nan"), "ring.hz: must be a number from 15 to 70"),
    ("ring.tune", 5, "ring.tune: must be one of cadence, hz"),
    ("ring.cadence", [], "ring.cadence: must be a list of [on, off] pairs"),
    ("ring.cadence", [[2000]], "ring.cadence: must be a list of [on, off] pairs"),
    ("ring.cadence", [[2000, 0]], "ring.cadence: must be a list of [on, off] pairs"),
    ("hook.flash_ms", [300], "hook.flash_ms: must be two whole numbers"),
    ("hook.flash_ms", [1000, 300], "hook.flash_ms: must be [shortest, longest]"),
    ("hook.flash_ms", [10, 300], "hook.flash_ms: must be"),
    ("hook.hang_up_ms", 500, "hook.hang_up_ms: must be a number from 1000 to 5000, and not 500"),
    ("hook.numbering", "danish", "hook.numbering: must be one of standard, swedish, new-zealand"),
    ("hook.flashms", 5, "hook.flashms: must be one of flash_ms, hang_up_ms, numbering"),
    ("dtmf.low_dbm", 10, "dtmf.low_dbm: must be a number from -30 to 0, and not 10"),
    ("tones.dail", {}, "tones.dail: must be one of dial, stutter"),
    ("tones.busy", None, "tones: must be a table with at least dial, ringback and busy"),
    ("tones.busy.level_dbm", 40, "tones.busy.level_dbm: must be a number from -60 to 3"),
    ("tones.busy.segments", [], "tones.busy.segments: must be a list of tables"),
    ("tones.busy.segments", [{"f": "x"}], "tones.busy.segments[0].f: must be hertz as 350"),
    ("tones.busy.segments", [{"f": "9000"}], "tones.busy.segments[0].f: must be hertz as 350"),
    ("tones.busy.segments", [{"f": "nan"}], "tones.busy.segments[0].f: must be hertz as 350"),
    ("tones.busy.segments", [{"f": "1+2+3+4+5"}], "tones.busy.segments[0].f: must be hertz as"),
    ("tones.busy.segments", [{"f": "1", "on": 0.5}], "tones.busy.segments[0].on: must be a whole"),
    ("tones.busy.segments", [{"f": "1", "of": 5}], "tones.busy.segments[0].of: must be one of"),
    (
        "tones.busy.segments",
        [{"f": "1"}, {"f": "2"}],
        "tones.busy.segments: must be a playable tone: only the last segment can be continuous",
    ),
    ("tones.busy.repeat", True, "tones.busy.repeat: must be one of all, last, never"),
    ("tones.busy.repeat", "once", "tones.busy.repeat: must be one of all, last, never"),
    ("tones.dial.repeat", "all", "tones.dial.segments: must be a playable tone: a continuous"),
    ("tones.busy.segments", [{"f": "1", "on": 1}] * 25, "tones.busy.segments: must be a playable"),
    ("unverified", "hook", "unverified: must be a list of texts"),
    ("colour", 1, "colour: must be one of caller_id, dtmf, hook, name, ring, source, tones"),
    ("caller_id", None, "caller_id: must be a table, but it is missing"),
    ("caller_id.source", None, "caller_id.source: must be a text, but it is missing"),
    ("caller_id.standard", "v21", "caller_id.standard: must be one of bell202, v23, dtmf, none"),
    ("caller_id.standard", ["v23"], "caller_id.standard: must be one of bell202, v23, dtmf, none"),
    ("caller_id.placement", None, "caller_id.placement: must be one of after-ring, before-ring"),
    ("caller_id.message", "xml", "caller_id.message: must be one of mdmf, sdmf"),
    ("caller_id.reversal", True, "caller_id.reversal: must be one of"),
    ("caller_id.wait_ms", 10, "caller_id.wait_ms: must be a number from 45 to 2000"),
    ("caller_id.mark_bits", 10, "caller_id.mark_bits: must be a number from 55 to 205"),
    ("caller_id.start", "A", "caller_id.start: must be one of"),
]


@pytest.mark.parametrize(("key", "value", "text"), WRONG)
def test_wrong_file(key: str, value: Any, text: str) -> None:
    data = copy.deepcopy(GOOD)
    table: Any = data
    *path, last = key.split(".")
    for part in path:
        table = table[part]
    if value is None:
        del table[last]
    else:
        table[last] = value
    with pytest.raises(ConfigError) as caught:
        Country.from_mapping(data, file="xx.toml")
    assert str(caught.value).startswith(f"xx.toml: {text}")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("425", ((425.0,), 0.0)),
        ("350+440", ((350.0, 440.0), 0.0)),
        ("400*16", ((400.0,), 16.0)),
        ("1400+2060+2450+2600", ((1400.0, 2060.0, 2450.0, 2600.0), 0.0)),
    ],
)
def test_frequencies(text: str, found: tuple[tuple[float, ...], float]) -> None:
    assert parse_frequencies(text) == found


@pytest.mark.parametrize(
    "make",
    [
        lambda: ToneSegment(()),
        lambda: ToneSegment((0.0,)),
        lambda: ToneSegment((400.0,), modulated_by=-1),
        lambda: ToneSegment((400.0,), level_dbm=30),
        lambda: ToneSegment((400.0,), on_ms=-1),
        lambda: Tone(()),
        lambda: Tone((ToneSegment((400.0,)),), repeat_from=0),
        lambda: Tone((ToneSegment((400.0,), on_ms=5),), repeat_from=1),
        lambda: Cadence("x", ()),
        lambda: Cadence("x", ((0, 100),)),
    ],
)
def test_nonsense_is_refused(make: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        make()


BELL = [(0, 1, True), (1999, 1, True), (2000, 1, False), (5999, 1, False), (6000, 2, True)]


@pytest.mark.parametrize(("ms", "bursts", "sounding"), BELL)
def test_bursts(ms: float, bursts: int, sounding: bool) -> None:
    ring = country("us").ring
    assert (ring.bursts_by(ms), ring.sounding_at(ms)) == (bursts, sounding)


DOUBLE = [(0, 1, True), (400, 1, False), (600, 2, True), (1000, 2, False), (3000, 3, True)]


@pytest.mark.parametrize(("ms", "bursts", "sounding"), DOUBLE)
def test_double_bursts(ms: float, bursts: int, sounding: bool) -> None:
    ring = country("uk").ring
    assert (ring.bursts_by(ms), ring.sounding_at(ms)) == (bursts, sounding)


@pytest.mark.parametrize(
    ("pulses", "numbering", "digit"),
    [
        (1, "standard", "1"),
        (10, "standard", "0"),
        (11, "standard", None),
        (0, "standard", None),
        (1, "swedish", "0"),
        (10, "swedish", "9"),
        (1, "new-zealand", "9"),
        (10, "new-zealand", "0"),
    ],
)
def test_numbering(pulses: int, numbering: str, digit: str | None) -> None:
    assert digit_of(pulses, numbering) == digit


def test_every_numbering_has_ten_digits() -> None:
    assert all(sorted(digits) == list("0123456789") for digits in NUMBERINGS.values())
