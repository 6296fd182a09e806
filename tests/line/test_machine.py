"""The line's states: what the exchange is told, and what is asked of bell and tones."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.line import (
    DigitEnded,
    DigitStarted,
    Effect,
    LineEvent,
    LineFault,
    LineReady,
    OffHook,
    OnHook,
    PlayTone,
    Ringing,
    StartRing,
    StopRing,
    StopTone,
)
from gateway.line.cadence import DISTINCTIVE, distinctive_cadence
from gateway.line.events import (
    DtmfEnd,
    DtmfStart,
    EarlyTone,
    Fault,
    HookEdge,
    PortEvent,
    Recovered,
    RingPending,
    RingStarted,
    RingTrip,
)
from gateway.line.tones import TONE_NAMES
from tests.line.traces import Run, country

US = country("us")
OFF, ON = HookEdge(True, 0), HookEdge(False, 0)
PENDING, STARTED = RingPending(0), RingStarted(0)
BROKEN, MENDED = Fault("no power", 0), Recovered(0)
DIAL = PlayTone(US.tones["dial"])

# Each step is given 2 s after the one before it: a port event, or a call of the exchange.
ROWS: list[tuple[str, list[PortEvent | str], str, list[LineEvent], list[Effect]]] = [
    ("ring", ["ring"], "ringing", [], [StartRing(US.ring)]),
    ("confirmed", ["ring", STARTED], "ringing", [Ringing()], [StartRing(US.ring)]),
    ("rests first", ["ring", PENDING], "ringing", [Ringing()], [StartRing(US.ring)]),
    ("rested", ["ring", PENDING, STARTED], "ringing", [Ringing()], [StartRing(US.ring)]),
    ("confirmed twice", ["ring", STARTED, STARTED], "ringing", [Ringing()], [StartRing(US.ring)]),
    ("given up", ["ring", "stop"], "idle", [], [StartRing(US.ring), StopRing()]),
    ("late confirmation", ["ring", "stop", STARTED], "idle", [], [StartRing(US.ring), StopRing()]),
    ("stop when silent", ["stop"], "idle", [], []),
    (
        "answer",
        ["ring", STARTED, OFF],
        "off-hook",
        [Ringing(), OffHook(True)],
        [StartRing(US.ring), StopRing()],
    ),
    (
        "answer by ring trip",
        ["ring", STARTED, RingTrip(0)],
        "off-hook",
        [Ringing(), OffHook(True)],
        [StartRing(US.ring), StopRing()],
    ),
    ("lift", [OFF], "off-hook", [OffHook(False)], []),
    ("ring when lifted", [OFF, "ring"], "off-hook", [OffHook(False)], []),
    ("hang up", [OFF, ON], "idle", [OffHook(False), OnHook()], []),
    ("tone", [OFF, "dial"], "off-hook", [OffHook(False)], [DIAL]),
    ("tone, silence", [OFF, "dial", "quiet"], "off-hook", [OffHook(False)], [DIAL, StopTone()]),
    ("silence in silence", [OFF, "quiet"], "off-hook", [OffHook(False)], []),
    (
        "tone ends on-hook",
        [OFF, "dial", ON],
        "idle",
        [OffHook(False), OnHook()],
        [DIAL, StopTone()],
    ),
    ("tone when on-hook", ["dial"], "idle", [], []),
    (
        "key",
        [OFF, EarlyTone(True, 0), DtmfStart("5", 0), DtmfEnd("5", 0), EarlyTone(False, 0)],
        "off-hook",
        [OffHook(False), DigitStarted("5"), DigitEnded("5")],
        [],
    ),
    ("key on-hook", [DtmfStart("5", 0), DtmfEnd("5", 0)], "idle", [], []),
    (
        "key while ringing",
        ["ring", DtmfStart("5", 0), DtmfEnd("5", 0)],
        "ringing",
        [],
        [StartRing(US.ring)],
    ),
    (
        "two keys without an end",
        [OFF, DtmfStart("5", 0), DtmfStart("6", 0), DtmfEnd("5", 0), DtmfEnd("6", 0)],
        "off-hook",
        [
            OffHook(False),
            DigitStarted("5"),
            DigitEnded("5"),
            DigitStarted("6"),
            DigitEnded("6"),
        ],
        [],
    ),
    ("end without a key", [OFF, DtmfEnd("5", 0)], "off-hook", [OffHook(False)], []),
    (
        "hang up with a key down",
        [OFF, DtmfStart("5", 0), ON],
        "idle",
        [OffHook(False), DigitStarted("5"), DigitEnded("5"), OnHook()],
        [],
    ),
    ("fault", [BROKEN], "fault", [LineFault("no power")], []),
    ("fault twice", [BROKEN, BROKEN], "fault", [LineFault("no power")], []),
    ("no ring in fault", [BROKEN, "ring"], "fault", [LineFault("no power")], []),
    (
        "fault while ringing",
        ["ring", BROKEN],
        "fault",
        [LineFault("no power")],
        [StartRing(US.ring), StopRing()],
    ),
    (
        "fault in a call",
        [OFF, "dial", DtmfStart("5", 0), BROKEN],
        "fault",
        [OffHook(False), DigitStarted("5"), DigitEnded("5"), LineFault("no power")],
        [DIAL, StopTone()],
    ),
    ("mended", [BROKEN, MENDED], "idle", [LineFault("no power"), LineReady()], []),
    ("mended without a fault", [MENDED], "idle", [], []),
    (
        "put down in a fault",
        [OFF, BROKEN, ON, MENDED],
        "idle",
        [OffHook(False), LineFault("no power"), LineReady()],
        [],
    ),
    (
        "still lifted when mended",
        [OFF, BROKEN, MENDED],
        "off-hook",
        [OffHook(False), LineFault("no power"), LineReady(), OffHook(False)],
        [],
    ),
    (
        "lifted in a fault",
        [BROKEN, OFF, MENDED, ON],
        "idle",
        [LineFault("no power"), LineReady(), OffHook(False), OnHook()],
        [],
    ),
]


@pytest.mark.parametrize(
    ("steps", "state", "events", "effects"), [r[1:] for r in ROWS], ids=[r[0] for r in ROWS]
)
def test_states(
    steps: list[PortEvent | str], state: str, events: list[LineEvent], effects: list[Effect]
) -> None:
    run = Run()
    done: list[Effect] = []
    for n, step in enumerate(steps, 1):
        run.at(2000 * n)
        if isinstance(step, str):
            ask(run, step)
        else:
            run.give(replace(step, t_ns=round(run.now * 1e9)))
        done += run.machine.effects()
    run.at(2000 * (len(steps) + 1))
    done += run.machine.effects()
    assert (run.machine.state, run.events, done) == (state, events, effects)


def ask(run: Run, what: str) -> None:
    if what == "ring":
        run.machine.ring(run.now)
    elif what == "stop":
        run.machine.stop_ringing(run.now)
    else:
        run.machine.tone("dial" if what == "dial" else None, run.now)


@pytest.mark.parametrize(
    ("asked", "name"), [(None, "country"), ("r3", "r3"), ("r9", "r9"), ("Bellcore-x", "country")]
)
def test_cadence_by_name(asked: str | None, name: str) -> None:
    run = Run()
    assert run.machine.ring(0, asked)
    (effect,) = run.machine.effects()
    assert isinstance(effect, StartRing)
    assert effect.cadence.name == name


@pytest.mark.parametrize(
    ("alert_info", "name"),
    [
        ([], None),
        (["<http://127.0.0.1/Bellcore-dr1>"], "r1"),
        (["<http://127.0.0.1/bellcore-DR2>;x=y"], "r2"),
        (["Bellcore-r4"], "r4"),
        (["<sip:a@b>;info=Bellcore-r9"], "r9"),
        (["<http://a/x.wav>, <http://a/Bellcore-dr5>"], "r5"),
        (["<http://a/x.wav>", "<http://a/Bellcore-dr6>"], "r6"),
        (["<http://a/Bellcore-dr0>", "<http://a/Bellcore-dr10>", "Bellcore-dr"], None),
        (["<urn:alert:service:call-waiting>", "", "\x00;;"], None),
    ],
)
def test_alert_info_is_a_wish(alert_info: list[str], name: str | None) -> None:
    assert distinctive_cadence(alert_info) == name


def test_every_distinctive_cadence_is_there() -> None:
    assert list(DISTINCTIVE) == [f"r{n}" for n in range(1, 10)]


def test_a_country_without_the_tone_is_silent() -> None:
    run = Run("de").lifted()
    run.machine.tone("dial", run.now)
    run.machine.tone("howler", run.now)
    effects = run.machine.effects()
    assert effects == [PlayTone(country("de").tones["dial"]), StopTone()]


def test_a_tone_that_nobody_knows_is_our_mistake() -> None:
    with pytest.raises(ValueError, match=", ".join(TONE_NAMES)):
        Run().machine.tone("dail", 0)


def test_the_log_names_states() -> None:
    run = Run()
    run.machine.ring(0)
    run.lifted()
    assert [(t.before, t.symbol, t.after) for t in run.machine.transitions] == [
        ("idle", "ring", "ringing"),
        ("ringing", "lift", "off-hook"),
    ]
