"""The service for whole calls: one a module, its phone back on-hook after each case."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.audio.speech import NoSpeechError, utterance
from tests.audio.wav import write_wav
from tests.peers import sipp_run
from tests.scenario.gateway_process import GatewayProcess
from tests.scenario.phone import Phone

HERE = Path(__file__).parent
SPEECH_S = 3.0  # enough for PESQ


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.peer)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """A ready service with one simulated phone, phone1."""
    with GatewayProcess.usual(tmp_path_factory.mktemp("gateway")) as running:
        yield running
        assert running.running, running.log_text()


@pytest.fixture
def phone(gateway: GatewayProcess) -> Iterator[Phone]:
    """phone1, idle before and after."""
    gateway.phone.await_state("idle")
    yield gateway.phone
    gateway.phone.close()
    gateway.phone.put_down()
    gateway.phone.await_calls(0, 8)
    gateway.phone.await_state("idle")


@pytest.fixture
def sipp() -> None:
    """Skips where sipp is not installed."""
    if not sipp_run.installed():
        pytest.skip("sipp is not installed (apt install sip-tester)")


@pytest.fixture(scope="session")
def speech(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two utterances as WAV files: "caller" and "phone"."""
    folder = tmp_path_factory.mktemp("speech")
    files = {who: folder / f"{who}.wav" for who in ("caller", "phone")}
    try:
        for who, path in files.items():
            write_wav(path, utterance(who, SPEECH_S))
    except NoSpeechError as missing:
        pytest.skip(str(missing))
    return files
