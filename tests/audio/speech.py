"""Speech for tests: real recordings of Debian's asterisk-core-sounds, else espeak-ng's voice.

The two directions of a call get different utterances, so that a swap is found.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from tests.audio.gaps import ACTIVE_DB, FRAME_MS, frame_levels
from tests.audio.wav import RATE, Pcm, level_db, read_wav, samples

SOUNDS = Path("/usr/share/asterisk/sounds")
LEVEL_DB = -24.0  # RMS; about -18 dBm0, ordinary speech on a telephone line
PAUSE_MS = 200

UTTERANCES: dict[str, tuple[str, ...]] = {
    "caller": ("demo-abouttotry", "vm-options", "demo-nogo", "demo-moreinfo", "demo-congrats"),
    "phone": ("basic-pbx-ivr-main", "conf-usermenu", "dir-intro", "demo-echotest", "demo-thanks"),
}
SENTENCES: dict[str, str] = {
    "caller": "The caller reads the shipping forecast aloud, slowly and with great care. " * 6,
    "phone": "At the telephone, somebody answers with yesterday's list of groceries. " * 6,
}


class NoSpeechError(RuntimeError):
    """This machine has no speech material."""


def utterance(who: str, seconds: float = 9.0) -> Pcm:
    """`seconds` of speech of "caller" or "phone", at a common level.

    Raises NoSpeechError, saying what to install, when there is none.
    """
    parts = [trim(read_wav(path)) for path in _recordings(who)]
    if not parts:
        parts = [trim(_spoken(who))]
    wanted, pause = int(seconds * RATE), np.zeros(samples(PAUSE_MS), dtype=np.int16)
    joined = np.concatenate([piece for part in parts for piece in (part, pause)])
    if joined.size < wanted:
        joined = np.tile(joined, -(-wanted // joined.size))
    return faded(scaled(joined[:wanted], LEVEL_DB))


def trim(pcm: Pcm) -> Pcm:
    """Without the silence at both ends."""
    loud = np.flatnonzero(frame_levels(pcm) > ACTIVE_DB)
    if loud.size == 0:
        return pcm
    size = samples(FRAME_MS)
    return pcm[max(0, int(loud[0]) - 2) * size : (int(loud[-1]) + 3) * size]


def scaled(pcm: Pcm, target_db: float) -> Pcm:
    gain = 10 ** ((target_db - level_db(pcm)) / 20)
    return np.clip(np.round(pcm * gain), -32000, 32000).astype(np.int16)


def faded(pcm: Pcm, ms: float = 20) -> Pcm:
    """No click at the ends."""
    ramp = np.linspace(0, 1, samples(ms))
    out = pcm.astype(np.float64)
    out[: ramp.size] *= ramp
    out[-ramp.size :] *= ramp[::-1]
    return out.astype(np.int16)


def _recordings(who: str) -> list[Path]:
    found = (sorted(SOUNDS.glob(f"*/{name}.wav")) for name in UTTERANCES[who])
    return [paths[0] for paths in found if paths]


def _spoken(who: str) -> Pcm:
    program = shutil.which("espeak-ng")
    if program is None:
        raise NoSpeechError("no speech material: apt install asterisk-core-sounds-en-wav")
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        command = [program, "-w", file.name, SENTENCES[who]]
        subprocess.run(command, check=True, timeout=20)
        return _to_8k(Path(file.name))


def _to_8k(path: Path) -> Pcm:
    import wave

    with wave.open(str(path), "rb") as wav:
        rate = wav.getframerate()
        pcm = np.frombuffer(wav.readframes(wav.getnframes()), dtype="<i2").astype(np.float64)
    spectrum = np.fft.rfft(pcm)
    size = int(pcm.size * RATE / rate)
    narrow = np.fft.irfft(spectrum[: size // 2 + 1], size) * (size / pcm.size)
    return np.clip(np.round(narrow), -32768, 32767).astype(np.int16)
