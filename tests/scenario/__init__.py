"""Whole calls through the service as a process, with real peers at the other end."""
