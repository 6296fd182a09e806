"""What keeps an interpreter or the processor busy while a line has to work."""

from __future__ import annotations

import ctypes
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

# So long a thread goes on before another one gets the interpreter (sys.setswitchinterval).
TURN_US: Final = 5000


@contextmanager
def nothing() -> Iterator[None]:
    """All is quiet."""
    yield


@contextmanager
def interpreter_held() -> Iterator[None]:
    """A thread has this interpreter all the time but for each moment at which it has to give way.

    It sleeps with it in its hands, so that the machine's clock need not count its instructions.
    """
    usleep = ctypes.PyDLL(None).usleep  # PyDLL: the interpreter is not given up meanwhile
    with _repeated(lambda: usleep(TURN_US)):
        yield


@contextmanager
def all_busy(processes: int = 2) -> Iterator[None]:
    """A thread of pure Python that never waits, and other processes that want the processor."""
    with ExitStack() as stack:
        for _ in range(processes):
            burner = subprocess.Popen(["sh", "-c", "while :; do :; done"])
            stack.callback(burner.wait)
            stack.callback(burner.kill)
        stack.enter_context(_repeated(lambda: None))
        yield


@contextmanager
def _repeated(work: Callable[[], object]) -> Iterator[None]:
    over = threading.Event()

    def go_on() -> None:
        while not over.is_set():
            work()

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
