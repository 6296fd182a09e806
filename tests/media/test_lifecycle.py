"""Pools, retirement, closing, and what the import of the pure port loads."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from gateway.errors import ExhaustedError, LocalProtocolError, SystemRefusal
from gateway.media import Engine, EngineSettings, StreamRetired
from tests.media.rig import Rig, rig


def test_the_pure_port_does_not_load_the_extension() -> None:
    code = "import sys, gateway.media.port; sys.exit('gateway.media._engine' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_promised_name_is_there() -> None:
    import gateway.media

    assert all(getattr(gateway.media, name) is not None for name in gateway.media.__all__)


def test_the_heart_beats_on_the_grid(media: Rig) -> None:
    before = media.engine.heartbeat()
    media.ticks(20)
    assert media.engine.heartbeat() >= before + 20


def test_status_says_what_was_refused(media: Rig) -> None:
    realtime = media.engine.realtime
    assert (realtime.fifo and realtime.locked) == (realtime.why_not == "")


def test_a_stream_is_free_again_only_after_it_retired() -> None:
    with rig(streams=1, lines=2) as media:
        peer = media.peer()
        side = media.facing(peer)
        with pytest.raises(ExhaustedError):
            media.facing(peer)
        side.stream.stop()
        side.stream.stop()  # idempotent
        with pytest.raises(LocalProtocolError):
            side.stream.send_digit("1")
        (retired,) = media.wait(StreamRetired)
        assert retired.stream is side.stream
        kept = side.stream.statistics()
        media.facing(peer)
        media.ticks(3)
        assert side.stream.statistics() == kept


def test_lines_are_a_pool_too() -> None:
    with rig(lines=1) as media:
        line = media.engine.open_line()
        line.write_source(bytes(3200))
        line.start_sink()
        with pytest.raises(ExhaustedError):
            media.engine.open_line()
        line.close()
        line.close()
        with pytest.raises(LocalProtocolError):
            line.source_level()
        media.ticks(3)
        media.engine.read_events()
        again = media.engine.open_line()
        assert (again.source_level(), again.sink_level()) == (0, 0)


def test_after_close_everything_answers_clearly() -> None:
    with rig() as media:
        side = media.facing(media.peer())
        media.ticks(5)
        media.engine.close()
        media.engine.close()
        assert side.stream.statistics().sent >= 0
        for call in (
            media.engine.heartbeat,
            media.engine.read_events,
            media.engine.open_line,
            side.line.sink_level,
            side.stream.disconnect,
        ):
            with pytest.raises(LocalProtocolError):
                call()


@pytest.mark.parametrize(
    "settings", [{"streams": 0}, {"streams": 300}, {"lines": 0}, {"priority": 100}]
)
def test_silly_sizes_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(SystemRefusal):
        Engine(EngineSettings(**settings))


@pytest.mark.parametrize(
    "changes", [{"ptime_ms": 15}, {"ptime_ms": 70}, {"codec": 9}, {"allow": ("10.0.0.0/8",) * 17}]
)
def test_silly_streams_are_refused_and_cost_no_slot(changes: dict[str, object]) -> None:
    with rig(streams=1) as media:
        peer = media.peer()
        for _ in range(3):
            with pytest.raises(LocalProtocolError):
                media.facing(peer, **changes)
        media.facing(peer)


def test_what_cannot_change_in_a_session_is_refused(media: Rig) -> None:
    side = media.facing(media.peer())
    with pytest.raises(TypeError, match="ssrc"):
        side.stream.update(ssrc=5)
