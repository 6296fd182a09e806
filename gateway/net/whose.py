"""Whose certificate is it? Asked once more after a name did not fit, so that the owner is told."""

from __future__ import annotations

import asyncio
import ssl
from typing import Final

from gateway.net.certificate import names, why_refused
from gateway.sip import Flow

_PATIENCE_S: Final = 3.0


async def whose_certificate(flow: Flow, nameless: ssl.SSLContext) -> str:
    """In words, who answers at the flow's remote address instead of the one that was wanted.

    Connects once more; nothing is sent on that connection, it only shows the (trusted) names.
    """
    host, port = flow.remote
    wanted = flow.name or host
    peer = f"{host}:{port}"
    try:
        async with asyncio.timeout(_PATIENCE_S):
            _, writer = await asyncio.open_connection(
                host, port, ssl=nameless, server_hostname=wanted
            )
    except (OSError, ValueError, TimeoutError) as error:
        if isinstance(error, ssl.SSLError):
            return why_refused(error, peer, wanted)
        return f"the certificate of {peer} is not for {wanted}"
    found = names(writer.get_extra_info("peercert") or {})
    writer.transport.abort()
    return f"the certificate of {peer} is for {found}, not for {wanted}"
