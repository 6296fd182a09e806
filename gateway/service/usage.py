"""The one error of whoever asks: exit code 2 on the command line, code "usage" on the socket."""

from __future__ import annotations

from gateway.errors import TipringError


class UsageError(TipringError, ValueError):
    """The request itself is wrong: an unknown command, a missing or bad field."""

    fault = "configuration"
