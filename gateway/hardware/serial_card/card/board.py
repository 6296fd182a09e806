"""What a line card's electronics offer to its program."""


class Board:
    """The pins of one line. A real board drives them, a test keeps note of them."""

    def hook(self) -> bool:
        """SHK: loop current flows. Meaningless while RM is high, but for ring trip."""
        raise NotImplementedError

    def decoder(self) -> "tuple[bool, bool, int]":
        """StD (a key is valid), ESt (a tone is seen early), Q4..Q1 as a number."""
        raise NotImplementedError

    def ring_mode(self, on: bool) -> None:
        """RM."""
        raise NotImplementedError

    def forward(self, on: bool) -> None:
        """F/R: high is forward, and idle."""
        raise NotImplementedError

    def power(self, on: bool) -> None:
        """PD, which is active low: on lets it float high."""
        raise NotImplementedError
