"""Works a simulated phone's handset for the control socket: lift, dial, play, record.

Files are read and written on a worker thread; the engine's rings are touched on the loop thread
alone, which keeps each ring's single producer and single consumer.
"""

from __future__ import annotations

import asyncio
import wave
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Final

from gateway.errors import ConfigError, LocalProtocolError
from gateway.hardware.simulated import Handset
from gateway.media.port import SAMPLE_BYTES, SAMPLE_RATE
from gateway.media.resample import Resampler
from gateway.service.line_binding import LineUnit

_CHUNK_FRAMES: Final = 4000
_AHEAD: Final = 2 * SAMPLE_RATE  # the engine's ring holds more than a stalled loop needs
_REFILL_S: Final = 0.25
_DRAIN_S: Final = 0.25


class HandsetBusy(LocalProtocolError):
    """The handset is already doing what was asked for."""

    fault = "configuration"


@dataclass(slots=True)
class _Recording:
    stop: asyncio.Event
    done: asyncio.Task[float]


class HandsetControl:
    """The handset of one simulated line. `moved` re-arms the line's timer after each gesture."""

    def __init__(self, unit: LineUnit, handset: Handset, moved: Callable[[], None]) -> None:
        self._unit = unit
        self._handset = handset
        self._moved = moved
        self._loop = asyncio.get_running_loop()
        self._drained = asyncio.Event()
        self._playing: asyncio.Task[float] | None = None
        self._recording: _Recording | None = None

    # --- gestures ------------------------------------------------------------------------------

    def off_hook(self) -> float:
        """Lift; returns the time of the hook edge (monotonic seconds)."""
        now = self._loop.time()
        self._handset.off_hook(now)
        self._moved()
        return now

    def on_hook(self) -> float:
        """Put down; a play or a recording ends with it."""
        now = self._loop.time()
        self._handset.on_hook(now)
        self._moved()
        if self._playing is not None:
            self._playing.cancel()
        if self._recording is not None:
            self._recording.stop.set()
        return now

    async def flash(self, ms: int | None) -> None:
        """Flash the hook; returns when the handset is up again."""
        now = self._loop.time()
        done = self._handset.flash(now) if ms is None else self._handset.flash(now, ms=ms)
        self._moved()
        await self._until(done)

    async def dial(
        self, digits: str, *, pulse: bool, pps: float, break_percent: float, on_ms: int, off_ms: int
    ) -> None:
        """Dial; returns when the last digit is over."""
        done = self._handset.dial(
            digits,
            self._loop.time(),
            pulse=pulse,
            pps=pps,
            break_percent=break_percent,
            on_ms=on_ms,
            off_ms=off_ms,
        )
        self._moved()
        await self._until(done)

    async def _until(self, at: float) -> None:
        reached = self._loop.create_future()
        timer = self._loop.call_at(at, reached.set_result, None)
        try:
            await reached
        finally:
            timer.cancel()

    # --- sound ---------------------------------------------------------------------------------

    async def play(self, file: IO[bytes], *, wait: bool) -> dict[str, float]:
        """Speak a WAV file into the microphone. Takes over `file` and closes it."""
        self._needs_no_card()
        if self._playing is not None:
            file.close()
            raise HandsetBusy(f"line {self._unit.name}: the handset is playing already")
        reader = _open_wav(file)
        self._playing = self._loop.create_task(self._play(reader))
        self._playing.add_done_callback(self._played)
        seconds = reader.getnframes() / reader.getframerate()
        if wait:
            await asyncio.wait([self._playing])
        return {"seconds": seconds}

    def source_drained(self) -> None:
        """The engine has taken the last sample that was played."""
        self._drained.set()

    async def _play(self, reader: wave.Wave_read) -> float:
        resampler = Resampler(reader.getframerate())
        audio = self._unit.audio
        self._drained.clear()
        try:
            while chunk := await asyncio.to_thread(_read_mono, reader):
                await self._queue(resampler.feed(chunk))
            await self._queue(resampler.flush())
            audio.end_source()
            await self._drained.wait()
        except asyncio.CancelledError:
            audio.clear_source()
            raise
        finally:
            reader.close()
        return self._loop.time()

    async def _queue(self, pcm: bytes) -> None:
        while pcm:
            taken = 0
            if self._unit.audio.source_level() < _AHEAD:
                taken = self._unit.audio.write_source(pcm)
            pcm = pcm[taken * SAMPLE_BYTES :]
            if pcm:
                await self._until(self._loop.time() + _REFILL_S)

    def _played(self, task: asyncio.Task[float]) -> None:
        self._playing = None
        if not task.cancelled():
            task.exception()

    async def record(self, file: IO[bytes], *, seconds: float | None) -> dict[str, float]:
        """Record the earpiece until on-hook, `record-stop` or `seconds`. Closes `file`."""
        self._needs_no_card()
        if self._recording is not None:
            file.close()
            raise HandsetBusy(f"line {self._unit.name}: the handset is recording already")
        stop = asyncio.Event()
        task = self._loop.create_task(self._record(file, seconds, stop))
        self._recording = _Recording(stop, task)
        try:
            return {"seconds": await asyncio.shield(task)}
        finally:
            if task.done():
                self._recording = None
            else:
                stop.set()  # the client went away: finish the file all the same
                task.add_done_callback(self._recorded)

    async def stop_recording(self) -> dict[str, float]:
        """End the recording and wait until the file is complete."""
        if self._recording is None:
            raise HandsetBusy(f"line {self._unit.name}: the handset is not recording")
        self._recording.stop.set()
        return {"seconds": await asyncio.shield(self._recording.done)}

    def _recorded(self, task: asyncio.Task[float]) -> None:
        self._recording = None
        if not task.cancelled():
            task.exception()

    async def _record(self, file: IO[bytes], seconds: float | None, stop: asyncio.Event) -> float:
        audio = self._unit.audio
        limit = None if seconds is None else round(seconds * SAMPLE_RATE)
        written = 0
        writer = _wav_writer(file)
        audio.start_sink()
        try:
            while limit is None or written < limit:
                stopping = await _flag(stop, _DRAIN_S)
                if stopping:
                    audio.stop_sink()
                pcm = audio.read_sink(4 * SAMPLE_RATE if limit is None else limit - written)
                written += len(pcm) // SAMPLE_BYTES
                await asyncio.to_thread(writer.writeframesraw, pcm)
                if stopping:
                    break
        finally:
            audio.stop_sink()
            await asyncio.to_thread(_finish, writer, file)
        return written / SAMPLE_RATE

    def _needs_no_card(self) -> None:
        if self._unit.card is not None:
            raise HandsetBusy(
                f"line {self._unit.name}: its handset is given to the sound card; "
                "speak there, or remove `audio` from the line's configuration"
            )


async def _flag(event: asyncio.Event, timeout_s: float) -> bool:
    """Whether `event` came within the time."""
    try:
        async with asyncio.timeout(timeout_s):
            return await event.wait()
    except TimeoutError:
        return False


def _open_wav(file: IO[bytes]) -> wave.Wave_read:
    try:
        reader = wave.open(file, "rb")  # noqa: SIM115 - closed when played
    except (wave.Error, EOFError) as error:
        file.close()
        raise ConfigError(f"this is no WAV file that can be played: {error}") from error
    if reader.getsampwidth() != SAMPLE_BYTES:
        width = 8 * reader.getsampwidth()
        reader.close()
        raise ConfigError(f"the WAV file has {width}-bit samples; 16-bit PCM can be played")
    return reader


def _read_mono(reader: wave.Wave_read) -> bytes:
    """The next samples, the first channel alone (a handset has one microphone)."""
    frames = reader.readframes(_CHUNK_FRAMES)
    channels = reader.getnchannels()
    if channels == 1:
        return frames
    samples = memoryview(frames).cast("h")
    return bytes(samples[::channels].tobytes())


def _wav_writer(file: IO[bytes]) -> wave.Wave_write:
    writer = wave.open(file, "wb")  # noqa: SIM115 - closed by _finish
    writer.setnchannels(1)
    writer.setsampwidth(SAMPLE_BYTES)
    writer.setframerate(SAMPLE_RATE)
    return writer


def _finish(writer: wave.Wave_write, file: IO[bytes]) -> None:
    writer.close()
    file.close()
