"""asyncio around the sans-IO stack: sockets, timers, names; no protocol. See README.md."""
