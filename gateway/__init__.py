"""tipring: a SIP endpoint for an analog telephone. The map is in README.md beside this file."""

__version__ = "0.1.0"
