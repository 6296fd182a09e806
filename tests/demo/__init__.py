"""The whole of tipring in half a minute: a call into a simulated phone, shown and judged."""
