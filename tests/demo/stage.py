"""Plays the demonstration: a service and a caller as processes, and a hand at the phone."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Protocol

import numpy as np

from tests.audio.speech import utterance
from tests.audio.wav import RATE, write_wav
from tests.demo.breaks import Break, altered
from tests.demo.evidence import CALLER_DIGITS, PHONE_DIGITS, Evidence, Row
from tests.peers.driver import JsonPeer, twilio_caller
from tests.scenario.control import Control, ControlError
from tests.scenario.gateway_process import GatewayProcess
from tests.scenario.phone import Phone, Status

RING_S = 1.5  # long enough to be seen
DIGIT_MS = 100
WATCH_S = 0.1
MAX_CALL_S = 40


class Audience(Protocol):
    """Who is told what happens, on any thread."""

    def caller(self, row: Row) -> None:
        """A row of the caller's timeline."""

    def phone(self, t: float, text: str) -> None:
        """Something happened at the phone."""

    def service(self, t: float, text: str) -> None:
        """Something happened to the service."""

    def live(self, status: Status) -> None:
        """The service's status, several times a second."""


class Watch:
    """Follows the service's status on a thread: states of the phone, live figures."""

    def __init__(self, phone: Phone, socket: Path, evidence: Evidence, audience: Audience) -> None:
        self._phone, self._evidence, self._audience = phone, evidence, audience
        self._socket = socket
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Watch:
        with Control(self._socket) as control:  # how it was before anybody called
            self._note(control.ask("status"))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(5)

    def _run(self) -> None:
        try:
            with Control(self._socket) as control:
                while not self._stop.wait(WATCH_S):
                    self._note(control.ask("status"))
                self._note(control.ask("status"))
        except (ControlError, OSError) as error:
            self._audience.service(time.monotonic(), f"does not answer: {error}")

    def _note(self, status: Status) -> None:
        state, seen = self._phone.state(status), self._evidence.phone_states
        if not seen or seen[-1][1] != state:
            seen.append((time.monotonic(), state))
            if len(seen) > 1:
                self._audience.phone(seen[-1][0], f"the phone is {state}")
        self._audience.live(status)


def prepare(folder: Path, speech_s: float) -> Evidence:
    """Write what will be said. Raises NoSpeechError."""
    folder.mkdir(parents=True, exist_ok=True)
    evidence = Evidence(
        folder=folder,
        speech_s=speech_s,
        caller_said=folder / "caller-said.wav",
        phone_said=folder / "phone-said.wav",
        phone_heard=folder / "phone-heard.wav",
        caller_heard=folder / "heard.wav",
    )
    write_wav(evidence.caller_said, utterance("caller", speech_s))
    write_wav(evidence.phone_said, utterance("phone", speech_s))
    return evidence


def play(evidence: Evidence, run: Path, broken: Break, audience: Audience) -> None:
    """The whole call; `run` is for the service's own files. AssertionError when it breaks off."""
    gateway = GatewayProcess.usual(run)
    try:
        with gateway:
            _play(gateway, evidence, broken, audience)
    finally:
        (evidence.folder / "tipring.log").write_text(gateway.log_text(), encoding="utf-8")


def _play(gateway: GatewayProcess, evidence: Evidence, broken: Break, audience: Audience) -> None:
    audience.service(time.monotonic(), f"ready after {gateway.ready_s * 1000:.0f} ms")
    watch = Watch(gateway.phone, gateway.socket, evidence, audience)
    with watch, _call(gateway, evidence, broken, audience) as caller:
        _conversation(caller, gateway.phone, evidence, broken, audience)
        call = caller.over(10)
        gateway.phone.await_record()
        evidence.record = _record(gateway)
        gateway.phone.await_state("idle")
    evidence.timeline = caller.rows
    evidence.caller_heard = Path(call.get("wav", evidence.caller_heard))


def _record(gateway: GatewayProcess) -> Row:
    """The call's record, as its owner would ask for it."""
    told = gateway.command("calls", "--json")
    assert told.returncode == 0, f"tipring calls --json: {told.stderr}"
    records: list[Row] = json.loads(told.stdout)
    assert len(records) == 1, f"tipring calls --json tells of {len(records)} calls"
    return records[0]


def _call(
    gateway: GatewayProcess, evidence: Evidence, broken: Break, audience: Audience
) -> JsonPeer:
    more = [option.format(phone_wav=evidence.phone_said) for option in broken.caller]
    limit = ["--max-seconds", str(MAX_CALL_S)]
    folder = evidence.folder
    return twilio_caller(gateway.target, folder, *limit, *more, listen=audience.caller)


def _conversation(
    caller: JsonPeer, phone: Phone, evidence: Evidence, broken: Break, audience: Audience
) -> None:
    caller.wait_for("response", 5, status=180)
    evidence.rang = time.monotonic()
    phone.await_state("ringing")
    threading.Event().wait(RING_S)
    evidence.lifted = phone.lift()
    audience.phone(evidence.lifted, "somebody lifts the handset")
    caller.wait_for("answered", 5)
    recording = phone.record(evidence.phone_heard)
    evidence.phone_recording_begun = recording.begun
    caller.order(f"speak {evidence.caller_said}")
    evidence.phone_play_begun = phone.play(_words_of_the_phone(evidence, broken))
    audience.phone(evidence.phone_play_begun, "the phone speaks, too")
    caller.wait_for("spoken", evidence.speech_s + 5)
    caller.order(f"digits {CALLER_DIGITS} {DIGIT_MS}")
    caller.wait_until(
        lambda _: len(caller.told("digit-sent")) == len(CALLER_DIGITS), 10, "all digits"
    )
    threading.Event().wait(0.5)  # the last tone is still to be heard
    digits = altered(PHONE_DIGITS) if broken.phone_digit else PHONE_DIGITS
    audience.phone(time.monotonic(), f"the phone dials {digits}")
    phone.dial(digits)
    threading.Event().wait(0.3)
    evidence.hung_up = phone.put_down()
    audience.phone(evidence.hung_up, "the handset is put down")
    recording.wait()


def _words_of_the_phone(evidence: Evidence, broken: Break) -> Path:
    if broken.phone_says_callers:
        return evidence.caller_said
    if broken.phone_silent:
        path = evidence.folder / "silence.wav"
        write_wav(path, np.zeros(int(evidence.speech_s * RATE), dtype=np.int16))
        return path
    return evidence.phone_said
