"""The audio threads over real ALSA: its pulse plug-in, and a PulseAudio server of the test's own.

What the earpiece plays goes into a null sink, whose monitor is the microphone: a loop at 8 kHz that
real pyalsaaudio, real blocking reads and writes and a server's real death run through. Time is
real here, so the test waits for what happens, with a limit, and measures nothing.
"""

from __future__ import annotations

import math
import shutil
import subprocess
import threading
import time
from array import array
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.hardware.audio.reports import Reports
from gateway.hardware.audio_alsa import AlsaAudio, Devices
from gateway.media.resample import Resampler

pytestmark = pytest.mark.peer

LIMIT_S = 20
RATE = 8000
TICK = 80
TONE_HZ = 500.0  # sixteen samples a turn
PLUGIN = "libasound_module_pcm_pulse.so"

ALSA_CONF = """
</usr/share/alsa/alsa.conf>
pcm.ear {{ type pulse server "unix:{socket}" device phone }}
pcm.mouth {{ type pulse server "unix:{socket}" device phone.monitor }}
"""
SERVER = """
load-module module-native-protocol-unix socket={socket} auth-anonymous=1
load-module module-null-sink sink_name=phone rate=8000 channels=1 format=s16le
"""


class ToneLine:
    """An engine that has a tone to play and takes what is said, 80 samples each 10 ms."""

    def __init__(self) -> None:
        self.heard = array("h")
        self.heard_enough = threading.Event()
        self._played = 0
        self._begun = time.monotonic()
        self._taken_ticks = self._level = 0

    def _ticks(self) -> int:
        return int((time.monotonic() - self._begun) * 100)

    def read_sink(self, max_samples: int) -> bytes:
        first = self._played
        self._played += min(max_samples, self.sink_level())
        angles = (2 * math.pi * TONE_HZ * n / RATE for n in range(first, self._played))
        return array("h", (round(8000 * math.sin(angle)) for angle in angles)).tobytes()

    def write_source(self, pcm: bytes) -> int:
        self._level = self.source_level() + len(pcm) // 2
        self.heard.frombytes(pcm)
        if len(self.heard) > 3 * RATE:
            self.heard_enough.set()
        return len(pcm) // 2

    def source_level(self) -> int:
        ticks = self._ticks()
        self._level = max(0, self._level - TICK * (ticks - self._taken_ticks))
        self._taken_ticks = ticks
        return self._level

    def sink_level(self) -> int:
        return TICK * self._ticks() - self._played

    def start_sink(self) -> None: ...
    def stop_sink(self) -> None: ...
    def end_source(self) -> None: ...
    def clear_source(self) -> None: ...


class Server:
    """PulseAudio, ended by its own process id."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.socket = folder / "native"
        (folder / "server.pa").write_text(SERVER.format(socket=self.socket))

    def start(self) -> None:
        self.socket.unlink(missing_ok=True)
        self._process = subprocess.Popen(
            [
                "pulseaudio",
                "--daemonize=no",
                "--exit-idle-time=-1",
                "--use-pid-file=no",
                "--log-level=error",
                "-n",
                "-F",
                str(self._folder / "server.pa"),
            ],
            env={"HOME": str(self._folder), "XDG_RUNTIME_DIR": str(self._folder), "PATH": PATH},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(LIMIT_S)
            self._process = None


PATH = "/usr/bin:/bin"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    if shutil.which("pulseaudio") is None:
        pytest.skip("pulseaudio is not installed (Debian package pulseaudio)")
    if not list(Path("/usr/lib").glob(f"*/alsa-lib/{PLUGIN}")):
        pytest.skip("ALSA's pulse plug-in is not installed (Debian package libasound2-plugins)")
    server = Server(tmp_path)
    conf = tmp_path / "asound.conf"
    conf.write_text(ALSA_CONF.format(socket=server.socket))
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(conf))
    server.start()
    yield server
    server.kill()


class Told:
    """What the audio threads reported, with an event for each thing waited for."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self.faults = list[str]()
        self.recoveries = 0
        self.both_failed = threading.Event()
        self.both_recovered = threading.Event()

    def fault(self, text: str) -> None:
        self.faults.append(text)
        if len(self.faults) == 2:
            self.both_failed.set()

    def recovered(self, _text: str) -> None:
        self.recoveries += 1
        if self.recoveries == 2:
            self.both_recovered.set()


@pytest.fixture
def reports() -> Told:
    return Told()


@pytest.fixture
def line() -> ToneLine:
    return ToneLine()


@pytest.fixture
def audio(server: Server, line: ToneLine, reports: Told) -> Iterator[AlsaAudio]:
    """Started once the server is there: a retry is what finds it."""
    told = Reports(reports.fault, reports.recovered)
    audio = AlsaAudio(line, Devices("mouth", "ear"), Resampler, told)
    audio.start()
    yield audio
    audio.stop()


def best_second(heard: array[int]) -> float:
    """How much of the steadiest second is the tone, as a fraction of its power."""
    best = 0.0
    for start in range(0, len(heard) - RATE, RATE // 8):
        second = heard[start : start + RATE]
        power = sum(s * s for s in second) / RATE
        turn = [2 * math.pi * TONE_HZ * n / RATE for n in range(RATE)]
        cosine = sum(s * math.cos(a) for s, a in zip(second, turn, strict=True)) / RATE
        sine = sum(s * math.sin(a) for s, a in zip(second, turn, strict=True)) / RATE
        if power > 1e6:
            best = max(best, 2 * (cosine**2 + sine**2) / power)
    return best


def test_a_tone_goes_round(audio: AlsaAudio, line: ToneLine) -> None:
    assert line.heard_enough.wait(LIMIT_S)
    audio.stop()
    assert best_second(line.heard) > 0.9
    assert audio.capture.counters.samples > RATE
    assert audio.playback.counters.samples > RATE


def test_a_card_that_goes_away_comes_back(
    server: Server, audio: AlsaAudio, line: ToneLine, reports: Told
) -> None:
    assert line.heard_enough.wait(LIMIT_S)
    reports.forget()
    server.kill()
    assert reports.both_failed.wait(LIMIT_S)
    assert {text.split(":")[0] for text in reports.faults} == {
        "sound card mouth (capture)",
        "sound card ear (playback)",
    }
    line.heard_enough.clear()
    del line.heard[:]
    server.start()
    assert reports.both_recovered.wait(LIMIT_S)
    assert line.heard_enough.wait(LIMIT_S)
