"""Commands to the card: numbered 0 to 99, one outstanding, 200 ms for an answer, three tries."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from gateway.hardware.serial_card.counters import LinkCounters

ANSWER_S: Final = 0.2
TRIES: Final = 3
NUMBERS: Final = 100


@dataclass(frozen=True, slots=True)
class Command:
    """`word` and what follows its number."""

    word: str
    arguments: tuple[str, ...] = ()

    def text(self, number: int) -> str:
        """As the line says it."""
        return " ".join((self.word, str(number), *self.arguments))


class Commands:
    """The queue. A try after the first has the same number: an answer to either will do."""

    def __init__(self, counters: LinkCounters) -> None:
        self._counters = counters
        self._queue: deque[Command] = deque()
        self._number = 0
        self._sent_at: float | None = None  # the command at the head is outstanding since then
        self._tries = 0

    @property
    def idle(self) -> bool:
        """Nothing is outstanding and nothing waits."""
        return not self._queue

    @property
    def outstanding(self) -> str | None:
        """The word of the command that has no answer yet."""
        return self._queue[0].word if self._sent_at is not None else None

    def ask(self, *commands: Command) -> None:
        """Send these after those that wait."""
        self._queue.extend(commands)

    def waits(self, word: str) -> bool:
        """Whether a command of this word is outstanding or will be sent."""
        return any(command.word == word for command in self._queue)

    def clear(self) -> None:
        """Forget all of them; an answer that still comes is a late one."""
        self._queue.clear()
        self._retire()

    def answered(self, number: int) -> Command | None:
        """The command that this answer belongs to; None when it is late, or nobody's."""
        if self._sent_at is None or number != self._number:
            self._counters.late += 1
            return None
        command = self._queue.popleft()
        self._retire()
        return command

    def next_deadline(self) -> float | None:
        """When the outstanding command has waited long enough."""
        return None if self._sent_at is None else self._sent_at + ANSWER_S

    def unanswered(self, now: float) -> str | None:
        """The word of a command for which all tries were in vain; the queue stays as it is."""
        due = self.next_deadline()
        if due is None or now < due or self._tries < TRIES:
            return None
        return self.outstanding

    def to_send(self, now: float) -> str | None:
        """The line to send now, first or again; None when there is none."""
        if not self._queue:
            return None
        due = self.next_deadline()
        if due is not None:
            if now < due or self._tries >= TRIES:
                return None
            self._counters.retries += 1
        self._sent_at = now
        self._tries += 1
        return self._queue[0].text(self._number)

    def _retire(self) -> None:
        if self._sent_at is not None:
            self._number = (self._number + 1) % NUMBERS
        self._sent_at, self._tries = None, 0
