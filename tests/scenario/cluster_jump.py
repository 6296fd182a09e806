"""A call whose media jumps to another machine of Twilio's cluster, and back.

    unshare -Urn ... python -m tests.scenario.cluster_jump FOLDER

wants 168.86.128.1 and 168.86.191.7 to be this machine's own addresses.
"""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

from tests.scenario.gateway_process import GatewayProcess
from tests.scenario.rtp_call import RtpCall, Talker

DEFAULT = '["twilio", "127.0.0.0/8"]'
MUTED_PACKETS = 5  # 100 ms


def main(folder: Path) -> None:
    first, second = Talker("168.86.128.1"), Talker("168.86.191.7")
    with (
        GatewayProcess.usual(folder, allow_from=DEFAULT) as gateway,
        closing(second),
        RtpCall(gateway, first) as call,
    ):
        call.ring()
        gateway.phone.lift()
        call.answered()
        assert call.speak(first, 25) == 25
        second.go_on_from(first)
        taken = call.speak(second, 25)
        assert 25 - MUTED_PACKETS <= taken < 25, taken
        assert second.drain() == 0, "our RTP goes where the offer said"
        first.go_on_from(second)
        assert call.speak(first, 10) == 10


if __name__ == "__main__":
    main(Path(sys.argv[1]))
