"""The handset from the command line: what was not done is not reported as done."""

from __future__ import annotations

import struct
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.audio.wav import read_wav, write_wav
from tests.scenario.gateway_process import GatewayProcess
from tests.scenario.phone import Phone


@pytest.fixture
def lifted(phone: Phone) -> Phone:
    phone.lift()
    phone.await_state("off-hook")
    return phone


@pytest.mark.parametrize(
    "what", [["dial", "1,,,,2"], ["dial", "--pulse", "0,,,,0"], ["play", "{speech}"]]
)
def test_putting_the_handset_down_ends_it_and_says_so(
    gateway: GatewayProcess, lifted: Phone, tmp_path: Path, what: list[str]
) -> None:
    speech = tmp_path / "long.wav"
    write_wav(speech, np.zeros(8000 * 20, dtype=np.int16))
    arguments = ["handset", "phone1", *(word.format(speech=speech) for word in what)]
    done: list[Any] = []
    worker = threading.Thread(target=lambda: done.append(gateway.command(*arguments)))
    worker.start()
    worker.join(1.0)
    assert worker.is_alive()
    lifted.put_down()
    worker.join(5.0)
    assert done[0].returncode == 1
    assert "put down before the end" in done[0].stderr


def test_the_status_tells_how_the_dial_runs(lifted: Phone) -> None:
    (line,) = lifted.status()["lines"]
    assert "rotary" not in line
    lifted.dial("65", pulse=True, pps=10)
    told = lifted.await_status(lambda status: "rotary" in status["lines"][0], 5, "rotary dial")
    (line,) = told["lines"]
    assert line["rotary"]["pulses_s"] == pytest.approx(10, rel=0.03)
    assert line["rotary"]["break_percent"] == pytest.approx(60, abs=3)


def test_a_record_of_some_seconds_holds_the_dial_tone(
    gateway: GatewayProcess, lifted: Phone, tmp_path: Path
) -> None:
    heard = tmp_path / "heard.wav"
    heard.write_bytes(bytes(100_000))  # replaced, not written into
    done = gateway.command("handset", "phone1", "record", str(heard), "--seconds", "1")
    assert done.returncode == 0, done.stderr
    samples = read_wav(heard).astype(float)
    assert len(samples) == 8000
    spectrum = np.abs(np.fft.rfft(samples))
    assert set(np.argsort(spectrum)[-2:]) == {350, 440}


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"no sound at all", "no WAV file"),
        (b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0" + struct.pack("<HHIIHH", 1, 1, 0, 0, 2, 16), "0 Hz"),
    ],
)
def test_a_file_that_cannot_be_played(
    gateway: GatewayProcess, lifted: Phone, tmp_path: Path, content: bytes, text: str
) -> None:
    file = tmp_path / "bad.wav"
    file.write_bytes(content)
    done = gateway.command("handset", "phone1", "play", str(file))
    assert done.returncode == 1
    assert text in done.stderr
