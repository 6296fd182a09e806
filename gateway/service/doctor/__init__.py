"""`tipring doctor`: what keeps the gateway from working, with evidence and what to do about it."""
