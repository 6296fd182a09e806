"""What is spoken into, and recorded from, a simulated phone's handset.

Files are read and written on a worker thread; the engine's rings are touched on the loop thread
alone, which keeps each ring's single producer and single consumer.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import IO, Final

from gateway.errors import LocalProtocolError
from gateway.hardware.simulated import HandsetError
from gateway.media.port import SAMPLE_BYTES, SAMPLE_RATE
from gateway.media.resample import Resampler
from gateway.service.line_binding import LineUnit
from gateway.service.wav import WavReader, WavWriter

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


class HandsetSound:
    """Microphone and earpiece of one simulated line."""

    def __init__(self, unit: LineUnit) -> None:
        self._unit = unit
        self._drained = asyncio.Event()
        self._playing: asyncio.Task[float] | None = None
        self._recording: _Recording | None = None

    def hung_up(self) -> None:
        """The handset was put down: a play or a recording ends with it."""
        if self._playing is not None:
            self._playing.cancel()
        if self._recording is not None:
            self._recording.stop.set()

    # --- the microphone ------------------------------------------------------------------------

    async def play(self, file: IO[bytes], *, wait: bool) -> dict[str, float]:
        """Speak a WAV file; with `wait`, returns when the engine has taken its last sample.

        Takes over `file`. Raises ConfigError for a file that cannot be played, HandsetBusy, and
        HandsetError when the handset is put down before the end.
        """
        if self._playing is not None or self._unit.card is not None:
            file.close()
            self._needs_no_card()
            raise HandsetBusy(f"line {self._unit.name}: the handset is playing already")
        task = asyncio.get_running_loop().create_task(self._play(file))
        self._playing = task
        task.add_done_callback(self._played)
        if not wait:
            return {}
        await asyncio.wait([task])
        if task.cancelled():
            raise HandsetError(f"line {self._unit.name}: the handset was put down before the end")
        return {"seconds": task.result()}

    def source_drained(self) -> None:
        """The engine has taken the last sample that was played."""
        self._drained.set()

    async def _play(self, file: IO[bytes]) -> float:
        audio = self._unit.audio
        reader = await asyncio.to_thread(WavReader, file)
        frames = 0
        self._drained.clear()
        try:
            resampler = Resampler(reader.rate)
            while chunk := await asyncio.to_thread(reader.read, _CHUNK_FRAMES):
                frames += len(chunk) // SAMPLE_BYTES
                await self._queue(resampler.feed(chunk))
            await self._queue(resampler.flush())
            audio.end_source()
            await self._drained.wait()
        except asyncio.CancelledError:
            audio.clear_source()
            raise
        finally:
            reader.close()
        return frames / reader.rate

    async def _queue(self, pcm: bytes) -> None:
        while pcm:
            taken = 0
            if self._unit.audio.source_level() < _AHEAD:
                taken = self._unit.audio.write_source(pcm)
            pcm = pcm[taken * SAMPLE_BYTES :]
            if pcm:
                await asyncio.sleep(_REFILL_S)

    def _played(self, task: asyncio.Task[float]) -> None:
        self._playing = None
        if not task.cancelled():
            task.exception()  # told to whoever waits; with --no-wait there is nobody

    # --- the earpiece --------------------------------------------------------------------------

    async def record(self, file: IO[bytes], *, seconds: float | None) -> dict[str, float]:
        """Record until on-hook, `stop_recording` or `seconds`. Takes over `file`."""
        if self._recording is not None or self._unit.card is not None:
            file.close()
            self._needs_no_card()
            raise HandsetBusy(f"line {self._unit.name}: the handset is recording already")
        stop = asyncio.Event()
        task = asyncio.get_running_loop().create_task(self._record(file, seconds, stop))
        task.add_done_callback(self._recorded)
        self._recording = _Recording(stop, task)
        try:
            return {"seconds": await asyncio.shield(task)}
        finally:
            stop.set()  # if the client went away, the file is finished all the same

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
        writer = WavWriter(file)
        audio.start_sink()
        try:
            while limit is None or written < limit:
                stopping = await _flag(stop, _DRAIN_S)
                if stopping:
                    audio.stop_sink()
                pcm = audio.read_sink(4 * SAMPLE_RATE if limit is None else limit - written)
                written += len(pcm) // SAMPLE_BYTES
                await asyncio.to_thread(writer.write, pcm)
                if stopping:
                    break
        finally:
            audio.stop_sink()
            await asyncio.to_thread(writer.close)
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
