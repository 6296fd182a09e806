"""A thousand keys each way, over a good and a bad network: each arrives once, in order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import TypeAlias

from tests.bench import dtmf
from tests.bench.caller import Caller
from tests.bench.far_end import EVENT_TYPE, FarEnd, Impairment, Key, Voice, random_keys
from tests.bench.rtp import DigitCollector, Packet
from tests.bench.service import Service
from tests.bench.sip import answered_media, offer
from tests.bench.table import Row

SEED = 20_260


@dataclass(slots=True)
class Trial:
    """Keys one way over one line; `heard` is filled when it is over."""

    name: str
    line: int
    outward: bool
    impaired: bool
    keys: list[Key]
    heard: str = ""
    problem: str = ""

    @property
    def pressed(self) -> str:
        """What should be heard."""
        return "".join(key.digit for key in self.keys)


Work: TypeAlias = Callable[[Trial, Service, FarEnd], None]


def trials(count: int, first_line: int) -> list[Trial]:
    """Both directions, clean and impaired, a line each."""
    kinds = [(outward, impaired) for outward in (True, False) for impaired in (False, True)]
    return [
        Trial(
            f"digits {'phone to peer' if outward else 'peer to phone'}"
            f"{', 5 % loss, doubles, disorder' if impaired else ''}",
            first_line + n,
            outward,
            impaired,
            random_keys(count, SEED + n),
        )
        for n, (outward, impaired) in enumerate(kinds)
    ]


def carry_out(trial: Trial, service: Service) -> None:
    """One call in which all the keys are pressed. Meant for a thread: problems are noted."""
    try:
        (_outward if trial.outward else _inward)(trial, service)
    except Exception as problem:
        trial.problem = f"{type(problem).__name__}: {problem}"


def _outward(trial: Trial, service: Service) -> None:
    packets = _in_a_call(trial, service, _dial)
    network: Impairment[Packet] = Impairment(SEED)
    collector = DigitCollector()
    for sent in packets:
        for packet in network.apply([sent]) if trial.impaired else [sent]:
            if packet.payload_type == EVENT_TYPE:
                collector.feed(packet)
    trial.heard = collector.text()


def _inward(trial: Trial, service: Service) -> None:
    wav = service.folder / f"{service.names[trial.line]}.wav"
    with service.control() as control:
        control.record(service.names[trial.line], wav)
        _in_a_call(trial, service, _press)
    threading.Event().wait(0.5)
    trial.heard = dtmf.keys(dtmf.read_wav(Path(wav)))


def _dial(trial: Trial, service: Service, far: FarEnd) -> None:
    with service.control() as control:
        for key in trial.keys:
            control.ask(
                "handset.dial", line=service.names[trial.line],
                digits=key.digit, on_ms=key.on_ms, off_ms=key.off_ms,
            )  # fmt: skip


def _press(trial: Trial, service: Service, far: FarEnd) -> None:
    far.voice.press(trial.keys)
    while not far.voice.idle:
        threading.Event().wait(0.2)
    threading.Event().wait(2.0)  # keys shorter than a telephone plays queue up
    with service.control() as control:
        control.ask("handset.record-stop", line=service.names[trial.line])


def _in_a_call(trial: Trial, service: Service, work: Work) -> Sequence[Packet]:
    impairment: Impairment[bytes] | None = None
    if trial.impaired and not trial.outward:
        impairment = Impairment(SEED)
    caller, far = Caller(), FarEnd("127.0.0.1", Voice(b"", trial.line), impairment)
    try:
        dialog = caller.dialog(service.target(trial.line), offer("127.0.0.1", far.port))
        far.start(answered_media(caller.call(dialog).body))
        threading.Event().wait(0.5)
        work(trial, service, far)
        threading.Event().wait(0.3)
        caller.bye(dialog)
    finally:
        far.stop()
        caller.close()
    return far.packets


def row(trial: Trial) -> Row:
    """Digits lost, gained or out of place, by the least number of changes that explains them."""
    if trial.problem:
        return Row(trial.name, "wrong", 0, None, None, trial.problem)
    note = f"{len(trial.keys)} keys of 40-500 ms, gaps from 40 ms, a third repeated"
    return Row(trial.name, "wrong", 0, wrong(trial.pressed, trial.heard), None, note)


def wrong(pressed: str, heard: str) -> int:
    """How many digits differ, by an alignment of both."""
    if pressed == heard:
        return 0
    changes = SequenceMatcher(None, pressed, heard, autojunk=False).get_opcodes()
    return sum(max(b - a, d - c) for kind, a, b, c, d in changes if kind != "equal")
