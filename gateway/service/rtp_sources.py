"""Whose RTP may be heard beside the address in a peer's SDP: networks, as the engine takes them."""

from __future__ import annotations

from typing import Final

from gateway.net.allowlist import AllowList, read_list
from gateway.service.config import Config
from gateway.service.subnets import connected_subnets

# Twilio signals from one set of addresses and sends media from another (2024-02-21).
_SIGNALLING: Final = "twilio"
_MEDIA: Final = "twilio-media"


def allowed(config: Config) -> tuple[str, ...]:
    """`rtp.allow_from`, merged, with lists spelled out; () is any. ConfigError for a bad entry."""
    return AllowList(config.rtp.allow_from, connected=connected_subnets()).networks


def takeover(config: Config) -> tuple[str, ...]:
    """The networks whose addresses may replace a source that falls silent in mid-call.

    Without `rtp.allow_from` these are Twilio's, if Twilio may call: its media cluster moves a call
    from one machine to another without signalling it.
    """
    if config.rtp.allow_from:
        return allowed(config)
    return read_list(_MEDIA).networks if _SIGNALLING in config.sip.allow_from else ()
