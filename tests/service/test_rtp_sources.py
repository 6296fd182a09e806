"""Which networks' RTP may be heard, by configuration; and that the engine has room for them."""

from __future__ import annotations

import pytest

from gateway.media.lib import lib
from gateway.media.port import MAX_NETWORKS
from gateway.service import rtp_sources
from gateway.service.config import Config, Rtp, Sip

TWILIO = ("168.86.128.0/18",)

ROWS = [
    # sip.allow_from, rtp.allow_from, allowed, takeover
    (None, (), (), TWILIO),
    (("twilio", "lan"), (), (), TWILIO),
    (("lan",), (), (), ()),
    (("127.0.0.0/8",), (), (), ()),
    (("twilio",), ("10.0.0.0/24", "10.0.1.0/24"), ("10.0.0.0/23",), ("10.0.0.0/23",)),
    (("lan",), ("twilio-media",), TWILIO, TWILIO),
]


@pytest.mark.parametrize(("sip", "rtp", "allowed", "takeover"), ROWS)
def test_networks(
    sip: tuple[str, ...] | None,
    rtp: tuple[str, ...],
    allowed: tuple[str, ...],
    takeover: tuple[str, ...],
) -> None:
    config = Config(sip=Sip() if sip is None else Sip(allow_from=sip), rtp=Rtp(allow_from=rtp))
    assert rtp_sources.allowed(config) == allowed
    assert rtp_sources.takeover(config) == takeover


def test_the_limit_is_the_engines() -> None:
    assert MAX_NETWORKS == lib.TR_ALLOW_NETWORKS
