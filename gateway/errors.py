"""The root of all errors: each says whose fault it is, so that the owner knows where to look.

Every error that tipring raises on purpose derives from `TipringError` and sets `fault`. Libraries
raise; the service logs once. Where a standard-library class describes the same failure, the error
mixes it in, so that `except OSError` around hardware means what it says.
"""

from __future__ import annotations

from typing import ClassVar, Literal

Fault = Literal["ours", "peer", "configuration", "hardware", "system"]


class TipringError(Exception):
    """Root of all errors of tipring. `fault` names who must act."""

    fault: ClassVar[Fault] = "ours"


class LocalProtocolError(TipringError):
    """Our own code asked for something that the protocol's state does not allow."""


class RemoteProtocolError(TipringError, ValueError):
    """The peer sent something that the standard does not allow.

    `status_hint` is the SIP status that a user agent would answer with (RFC 3261 section 21).
    """

    fault = "peer"

    def __init__(self, message: str, status_hint: int = 400) -> None:
        super().__init__(message)
        self.status_hint = status_hint


class ConfigError(TipringError, ValueError):
    """The configuration cannot be used as written; the text says where and what is allowed."""

    fault = "configuration"


class HardwareError(TipringError, OSError):
    """A device is missing, refused or failed; the text says which and what to do."""

    fault = "hardware"


class SystemRefusal(TipringError, OSError):
    """The operating system refused something we need (an address in use, a missing right)."""

    fault = "system"


class ExhaustedError(TipringError):
    """A bounded pool (streams, RTP ports, rings) has nothing left; nothing was dropped."""
