"""A control server on a thread with its own loop, for tests of clients, and the fake service."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gateway.errors import ConfigError
from gateway.service.control import ControlServer, Descriptors, Handler


@contextmanager
def serving(path: Path, handlers: Mapping[str, Handler]) -> Iterator[None]:
    """Inside, `handlers` answer at `path`; leaving it, everything is closed."""
    started = threading.Event()
    failures: list[BaseException] = []
    controls: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def serve() -> None:
        server = ControlServer(path, handlers)
        await server.start()
        ending = asyncio.Event()
        controls.append((asyncio.get_running_loop(), ending))
        started.set()
        await ending.wait()
        await server.close()

    def work() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:
            failures.append(error)
            started.set()

    thread = threading.Thread(target=work)
    thread.start()
    started.wait()
    try:
        if not failures:
            yield
    finally:
        for loop, ending in controls:
            loop.call_soon_threadsafe(ending.set)
        thread.join()
    if failures:
        raise failures[0]


STATUS: dict[str, Any] = {
    "version": "0.1.0",
    "ready": True,
    "lines": [
        {"name": "phone1", "driver": "simulated", "state": "off-hook"},
        {"name": "phone2", "driver": "simulated", "state": "ringing"},
        {
            "name": "phone3",
            "driver": "serial",
            "state": "fault",
            "fault": "line card /dev/x: it is gone; plug the card in again",
            "link": {
                "device": "/dev/x",
                "state": "absent",
                "version": None,
                "lines": 4711,
                "damaged": 12,
                "retries": 3,
                "reconnects": 2,
                "resets": 1,
            },
        },
    ],
    "registrations": [
        {
            "account": "trunk",
            "state": "registered",
            "registrar": "sip:example.com",
            "error": "",
            "next_try_s": None,
            "expires_s": 300.0,
            "contact": "sip:alice@192.0.2.9",
        },
        {
            "account": "spare",
            "state": "waiting",
            "registrar": "sip:spare.example.com",
            "error": "403 [Forbidden]",
            "next_try_s": 30.0,
            "expires_s": None,
            "contact": "",
        },
    ],
    "limits": {
        "dialogs": {"limit": 64, "now": 1, "refused": 0},
        "connections": {"limit": 8, "now": 8, "refused": 3},
    },
    "calls": [
        {
            "call": "a1b2",
            "call_id": "x@y",
            "line": "phone1",
            "direction": "incoming",
            "state": "answered",
            "twilio_call_sid": "CA" + "1" * 32,
            "rtp": {"sent": 500, "received": 498, "lost": 2, "jitter_ms": 1.25, "mos": 4.3},
            "from": "sip:[bold]\x1b[2Jevil@example.com",
            "to": "sip:alice@example.com",
            "digits": {"sent": "12", "received": "34#"},
            "on_hold": True,
        },
        {
            "call": "c3d4",
            "call_id": "z@y",
            "line": "phone3",
            "direction": "outgoing",
            "state": "ringing",
            "twilio_call_sid": None,
            "rtp": {"sent": 0, "received": 0, "lost": 0, "jitter_ms": 0.0},
            "from": "sip:alice@example.com",
            "to": "sip:600@example.com",
        },
    ],
}

RECORD: dict[str, Any] = {
    "call": "a1b2",
    "call_id": "x@y",
    "direction": "incoming",
    "from": "sip:bob@example.com",
    "to": "sip:alice@example.com",
    "start": "2026-09-30T08:00:00.000Z",
    "answer": None,
    "end": "2026-09-30T08:00:05.000Z",
    "reason": "cancelled",
    "sip_status": 487,
    "codec": None,
    "loss": None,
    "jitter_ms": None,
    "mos": None,
    "digits": {"sent": "", "received": ""},
    "headers": {},
}


_OF_CALL = ("hold", "resume", "hang-up")


class FakeService:
    """Answers what a running service would, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.read: list[bytes] = []

    def handlers(self) -> dict[str, Handler]:
        names = ("off-hook", "on-hook", "flash", "dial", "record-stop")
        return {
            "status": self._answer(STATUS),
            "calls": self._answer([RECORD]),
            "version": self._answer({"version": "0.1.0"}),
            **{f"handset.{name}": self._answer({}) for name in names},
            "call.dial": self._answer({"call": "c3d4"}),
            **{f"call.{name}": self._answer({}) for name in ("transfer", *_OF_CALL)},
            "handset.play": self._play,
            "handset.record": self._record,
        }

    def _answer(self, result: object) -> Handler:
        async def handler(request: dict[str, Any], _fds: Descriptors) -> object:
            self._note(request)
            return result

        return handler

    async def _play(self, request: dict[str, Any], fds: Descriptors) -> object:
        self._note(request)
        self.read.append(os.read(fds[0], 100))
        return {"seconds": 1.0}

    async def _record(self, request: dict[str, Any], fds: Descriptors) -> object:
        self._note(request)
        os.write(fds[0], b"RIFF")
        return {"seconds": 1.0}

    def _note(self, request: dict[str, Any]) -> None:
        if request.get("line") == "nobody":
            raise ConfigError("there is no line 'nobody'; the lines are: phone1, phone2")
        self.asked.append(request)
