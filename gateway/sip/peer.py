"""What a call has learned of its other end: methods that it takes, Twilio's identifiers."""

from __future__ import annotations

from gateway.sip.grammar import split_list
from gateway.sip.message import Message
from gateway.sip.twilio_ids import TwilioIds, merge, read_ids
from gateway.sip.uri import readable


class Peer:
    """The other end of one call, as its messages tell; `said` is the one that tells who it is."""

    __slots__ = ("_allow", "_refused", "_twilio", "said")

    def __init__(self) -> None:
        self._allow: list[str] = []
        self._refused: set[str] = set()
        self._twilio: TwilioIds | None = None
        self.said: Message | None = None

    @property
    def x_headers(self) -> list[tuple[str, str]]:
        """Every X- header as it came, in order; bytes that are no UTF-8 as U+FFFD."""
        fields = [] if self.said is None else self.said.headers.items()
        return [(name, readable(value)) for name, value in fields if name[:2] in {"X-", "x-"}]

    @property
    def twilio(self) -> TwilioIds:
        """Twilio's identifiers, from its first message and from what came later."""
        if self._twilio is None:
            # Read when somebody asks: most refused calls are never looked at.
            self._twilio = TwilioIds() if self.said is None else read_ids(self.said.headers)
        return self._twilio

    def asks(self, request: Message) -> None:
        """Its INVITE."""
        self.said = request
        self.learn_abilities(request)

    def answers(self, response: Message) -> None:
        """A response to our INVITE: the latest one tells most."""
        self.learn_ids(response)
        self.learn_abilities(response)
        self.said = response

    def learn_ids(self, message: Message) -> None:
        """Twilio's identifiers in a later message."""
        self._twilio = merge(self.twilio, read_ids(message.headers))

    def learn_abilities(self, message: Message) -> None:
        """What its Allow says; a message without one changes nothing."""
        values = message.headers.get_all("allow")
        if values:
            self._allow = values
            self._refused.clear()

    def takes(self, method: str) -> bool:
        """Whether its Allow has a method."""
        allowed = (name.upper() for value in self._allow for name in split_list(value))
        return method in allowed and method not in self._refused

    def refuses(self, method: str) -> None:
        """It has refused a method that its Allow had."""
        self._refused.add(method)
