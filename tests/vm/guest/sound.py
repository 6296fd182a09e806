"""The handset's microphone and earpiece: the far side of the loopback card that a line uses.

The card's device 0 is the line's; what is played on device 1 is heard there, and the reverse.
"""

from __future__ import annotations

import threading
from collections import deque
from types import TracebackType
from typing import Final, Self

import alsaaudio
import numpy as np

from tests.audio.wav import RATE, Pcm
from tests.vm.guest.handset import ahead_of_others

LINE: Final = "plughw:CARD=Loopback,DEV=0"
HANDSET: Final = "plughw:CARD=Loopback,DEV=1"
PERIOD: Final = 80  # samples: 10 ms
PERIODS: Final = 4


class Sound:
    """`with Sound() as sound`: hears from then on, and says nothing until it is told to."""

    def __init__(self) -> None:
        self._halt = threading.Event()
        self._said: deque[bytes] = deque()
        self._heard: list[bytes] = []
        self.xruns = 0
        self._threads = [threading.Thread(target=work) for work in (self._speak, self._listen)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._halt.set()
        for thread in self._threads:
            thread.join()

    def say(self, pcm: Pcm) -> None:
        """Speak, after what was said before."""
        whole = np.pad(pcm, (0, -pcm.size % PERIOD)).astype("<i2").tobytes()
        self._said.extend(whole[at : at + 2 * PERIOD] for at in range(0, len(whole), 2 * PERIOD))

    @property
    def speaking(self) -> bool:
        """Whether there is still something to be said."""
        return bool(self._said)

    @property
    def heard_s(self) -> float:
        """How long it has listened."""
        return len(self._heard) * PERIOD / RATE

    def heard(self, since_s: float = 0.0) -> Pcm:
        """What came out of the earpiece."""
        blocks = self._heard[round(since_s * RATE / PERIOD) :]
        return np.frombuffer(b"".join(blocks), dtype="<i2").astype(np.int16)

    def _speak(self) -> None:
        card = _card(alsaaudio.PCM_PLAYBACK)
        silence = bytes(2 * PERIOD)
        with ahead_of_others():
            while not self._halt.is_set():
                block = self._said.popleft() if self._said else silence
                while card.write(block) != PERIOD:
                    self.xruns += 1
        card.close()

    def _listen(self) -> None:
        card = _card(alsaaudio.PCM_CAPTURE)
        with ahead_of_others():
            while not self._halt.is_set():
                length, block = card.read()
                if length == PERIOD:
                    self._heard.append(block)
                else:
                    self.xruns += 1
        card.close()


def _card(kind: int) -> alsaaudio.PCM:
    return alsaaudio.PCM(
        type=kind,
        mode=alsaaudio.PCM_NORMAL,
        rate=RATE,
        channels=1,
        format=alsaaudio.PCM_FORMAT_S16_LE,
        periodsize=PERIOD,
        periods=PERIODS,
        device=HANDSET,
    )
