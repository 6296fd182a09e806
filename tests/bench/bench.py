"""What every figure is given: how long to take, where to keep files, and the two peers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench import speech
from tests.bench.baresip import Baresip
from tests.bench.caller import Caller
from tests.bench.service import Service, Setup


@dataclass(frozen=True, slots=True)
class Bench:
    """`quick`: minutes become seconds. `with_baresip`: it is installed and wanted."""

    quick: bool
    with_baresip: bool
    folder: Path

    def wav(self, seconds: int) -> Path:
        """Speech as a file."""
        path = self.folder / f"speech-{seconds}.wav"
        return path if path.exists() else speech.write_wav(path, seconds)

    @contextmanager
    def service(self, setup: Setup) -> Iterator[Service]:
        """A service that is ready."""
        with Service(setup) as service:
            service.wait_ready()
            yield service

    @contextmanager
    def baresip(self, seconds: int = 30, *, auto: bool = True) -> Iterator[Baresip | None]:
        """A baresip that is ready and speaks for that long; None when there is none."""
        if not self.with_baresip:
            yield None
            return
        peer, caller = Baresip(self.wav(seconds), auto=auto), Caller()
        try:
            peer.wait_ready(caller)
            yield peer
        finally:
            caller.close()
            peer.close()
