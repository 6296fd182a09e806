"""An engine that nobody closes: its thread ends with the last reference to it."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from pathlib import Path

from gateway.media import Engine, EngineSettings


def engine_threads() -> int:
    names = [path.read_text().strip() for path in Path("/proc/self/task").glob("*/comm")]
    return names.count("tipring-engine")


def test_a_dropped_engine_ends_its_thread() -> None:
    before = engine_threads()
    engine = Engine(EngineSettings(streams=1, lines=1))
    engine.start()
    line = engine.open_line()
    gone = weakref.ref(engine)
    while engine.heartbeat() == 0:
        pass
    assert engine_threads() == before + 1
    del engine
    gc.collect()
    assert gone() is not None, "a line keeps its engine"
    del line
    gc.collect()
    assert gone() is None
    assert engine_threads() == before


def test_leaving_python_with_an_engine_running_is_clean() -> None:
    code = (
        "from gateway.media import Engine; kept = Engine(); kept.start(); line = kept.open_line()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_no_function_is_looked_up_at_its_first_call() -> None:
    """DF_BIND_NOW or DF_1_NOW: the real-time thread never enters the dynamic linker."""
    from gateway.media import _engine

    done = subprocess.run(
        ["readelf", "-d", _engine.__file__], capture_output=True, text=True, check=True
    )
    assert "BIND_NOW" in done.stdout or "NOW" in done.stdout.split("FLAGS_1")[-1].splitlines()[0]
