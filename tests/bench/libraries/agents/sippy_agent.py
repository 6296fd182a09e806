"""sippy: SipTransactionManager on a server that keeps what is sent; its user answers 100."""

from __future__ import annotations

from typing import Any

from sippy.Core.EventDispatcher import ED2
from sippy.Network_server import Remote_address
from sippy.SipTransactionManager import SipTransactionManager
from sippy.Time.MonoTime import MonoTime

from tests.bench.libraries.trying import LOCAL, SOURCE, Agent


class _Options:
    """What Udp_server_opts is asked for."""

    ploss_out_rate = pdelay_out_max = 0.0
    flags = 0

    def __init__(self, laddress: Any, data_callback: Any) -> None:
        self.laddress = laddress

    def isWildCard(self) -> bool:
        return False


class _Server:
    """What Udp_server does, up to the socket."""

    transport = "udp"

    def __init__(self, config: Any, options: Any) -> None:
        self.uopts = options
        self.sent: list[bytes] = []

    def send_to(self, data: Any, address: Any) -> None:
        self.sent.append(data if isinstance(data, bytes) else data.encode("utf-8"))

    def getSIPaddr(self) -> Any:
        return (LOCAL, self.transport)

    def addr2str(self, address: Any) -> str:
        return str(address)

    def shutdown(self) -> None:
        pass


class _Silence:
    def write(self, *args: Any, **named: Any) -> None:
        pass


class _Manager(SipTransactionManager):  # type: ignore[misc]
    model_udp_server = (_Server, _Options)


class _Calls:
    def __init__(self) -> None:
        config = {
            "_sip_address": LOCAL[0],
            "_sip_port": LOCAL[1],
            "_sip_logger": _Silence(),
        }
        self._manager = _Manager(config, self._request)
        self._server = next(iter(self._manager.l4r.cache_l2s.values()))
        self._remote = Remote_address(SOURCE, "udp")

    @staticmethod
    def _request(request: Any, transaction: Any) -> Any:
        return request.genResponse(100, "Trying"), None, None

    def answer(self, data: bytes) -> bytes:
        self._manager.handleIncoming(data, self._remote, self._server, MonoTime())
        sent: bytes = self._server.sent.pop()
        return sent

    def end(self) -> None:
        """Its timers and its store of answers by message are emptied."""
        for transaction in self._manager.tserver.values():
            for timer in (transaction.teA, transaction.teD, transaction.teE, transaction.teF):
                if timer is not None:
                    timer.cancel()
        # Its event loop would drop cancelled timers in time; here no loop runs.
        ED2.tlisteners.clear()
        self._manager.tserver.clear()
        self._manager.l1rcache.clear()
        self._server.sent.clear()


def agent() -> Agent:
    """A new one."""
    calls = _Calls()
    return Agent("sippy", "transaction with timers, no dialog", calls.answer, calls.end)
